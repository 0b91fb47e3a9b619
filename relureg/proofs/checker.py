#!/usr/bin/env python3
"""The checker of proofs: one file, Python's standard library, integers; it trusts nothing that a proof says.

`python check_proof.py PROOF NETWORK.json [OTHER.json]` exits with 0 if what it prints is proved, else with 1 and the
first line that fails. The format, and the reasons for what follows, are in docs/proofs.md of relureg.

Units u = 0, 1, ... of a network have pre-activations z_u, affine in the input x and in values max(z_v, 0) of units of
earlier stages. Its outputs y, those y' of another network, and goals, affine in x, y and y', follow as units without a
ReLU. Points are put into them. What holds everywhere is proved by a tree of cells, of which the domain is the root:

* ["split", u]: the part with z_u <= 0, whose tree follows, and that with z_u >= 0, whose tree comes next.
* ["cut", j, q, p]: the same with x_j <= p / q and x_j >= p / q.
* ["bounds", u, ...]: the checker finds bounds of these z_u, in this order; so perhaps their signs.
* ["close", u, s, y, k, y_k, ...]: s z_u is positive nowhere on the cell. Proof: y s z_u and y_k times rows k, which are
  not negative there, add up to a function that is positive nowhere on the box around the cell (Farkas).
* ["empty", k, y_k, ...]: no point of the cell reaches all goals, which are > 0 or >= 0. Proof: goals and rows add up to
  a function that is negative on the box, or positive nowhere if one of these goals is > 0.
* ["leaf", ...]: every z_u has its sign. Leaves with a point strictly inside, divided by affine units alone, are the
  activation regions. Their graph, by each row that cuts out a leaf: ["none", y, j, y_j, ...]: as in "close", the others
  cut it out; ["facet", point]: the line there meets it strictly inside the others; ["met", k]: so did the k-th line.

Row u is z_u times its sign, row -1 - k is wall k. Where earlier units have no sign, it is not affine; if l <= z <= h,
w max(z, 0) <= s z + max(0, -s l, (w - s) h) for any s, by which all are replaced, from the last unit to the first.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from fractions import Fraction
from itertools import chain, product
from math import ceil, gcd, lcm
from operator import mul
from pathlib import Path
from typing import Any

Row = list[int]  # an affine function (constant, coefficients), or a point (q, p_1, ...) that is p / q with q > 0
Y = ("y", "y'")  # the outputs of the one network and those of the other
DUAL = {"1": "inf", "2": "2", "inf": "1"}
FINE = 2**32  # what is rounded to an integer is taken so many times: little is lost
SQUARE: Any = {"1": lambda v: sum(map(abs, v)) ** 2, "2": lambda v: times(v, v), "inf": lambda v: max(map(abs, v)) ** 2}


class RefusedError(Exception):
    """The proof does not prove what it claims."""


def need(condition: Any, reason: str) -> None:
    if not condition:
        raise RefusedError(reason)


def whole(value: Any) -> int:
    """An integer: one of JSON, or a text of hexadecimal digits."""
    need(type(value) in (int, str), f"{value!r} is no integer")
    return int(value, 16) if type(value) is str else int(value)


def times(row: Iterable[Any], point: Iterable[Any]) -> Any:
    return sum(map(mul, row, point))


def plus(row: Row, factor: int, other: Row) -> Row:
    return [a + factor * b for a, b in zip(row, other, strict=True)]


def read_network(data: bytes) -> tuple[list[dict[int, Any]], int, str]:
    """Stages, outputs by matrices (of -1 the constant, 0 the input, l stage l), the number of inputs, the SHA-256."""
    document = json.loads(data, parse_int=float)
    need((document["format"], document["version"]) == ("relureg-network", 1), "no network in version 1 of relureg JSON")
    layers, forms, sizes = document["layers"], list[dict[int, Any]](), [len(document["layers"][0]["weight"][0])]
    for k, layer in enumerate(layers, start=1):
        form = {-1: [[Fraction(entry)] for entry in layer["bias"]]}
        for source, matrix in [(k - 1, layer["weight"]), *((s["from"], s["weight"]) for s in layer.get("skips", []))]:
            fits = 0 <= source < k and [*map(len, matrix)] == [sizes[int(source)]] * len(form[-1])
            need(fits and source not in form, f"layer {k} does not fit")
            form[int(source)] = [[Fraction(entry) for entry in row] for row in matrix]
        need(layer["activation"] == ("relu", "linear")[k == len(layers)], f"layer {k}: convert it by relureg first")
        forms.append(form)
        sizes.append(len(form[-1]))
    digest = hashlib.sha256(f"relureg-network {sizes[0]}".encode())
    for form in forms:
        for source, matrix in sorted(form.items()):
            if source == -1 or any(map(any, matrix)):
                over = lcm(*(entry.denominator for row in matrix for entry in row))
                entries = ",".join(hex(int(entry * over)) for row in matrix for entry in row)
                digest.update(f"|{source} {(len(matrix), len(matrix[0]))} {over:#x}:{entries}".encode())
        digest.update(b";")
    return forms, sizes[0], digest.hexdigest()


class Cell:
    """A part of the domain. z_u is base / unit, and weights / over times max(z_v, 0), as it reads v = first, ..."""

    def __init__(self, told: Any, networks: Sequence[tuple[list[dict[int, Any]], int, str]]) -> None:
        self.told, self.slice, (_, num_inputs, self.sha256), *_ = told, list[list[Fraction]](), *networks
        self.dim = num_inputs
        if told["slice"] is not None:  # inputs are affine functions of the coordinates t of a slice
            over, rows = whole(told["slice"]["over"]), told["slice"]["rows"]
            self.slice, self.dim = [[Fraction(whole(entry), over) for entry in row] for row in rows], len(rows[0]) - 1
            need([*map(len, rows)] == [self.dim + 1] * num_inputs, "the slice does not fit the network")
        self.walls = walls = [[*map(whole, wall)] for wall in told["walls"]]
        need(all(len(wall) == self.dim + 1 and any(wall[1:]) for wall in walls), "a wall does not fit the inputs")
        need(len({tuple(x // gcd(*wall) for x in wall) for wall in walls}) == len(walls), "a wall stands twice")
        self.rows = {-1 - k: wall for k, wall in enumerate(walls)}
        self.ends = [list[Any]((None, None)) for _ in range(self.dim)]
        for constant, *normal in walls:
            if normal.count(0) == self.dim - 1:  # it bounds a coordinate
                j, entry = next(pair for pair in enumerate(normal) if pair[1])
                self.ends[j][entry < 0] = Fraction(-constant, entry)
        self.signs, self.cuts, self.bounds = dict.fromkeys(self.rows, 1), [*self.rows], dict[int, tuple[int, int]]()
        self.depth, self.units = dict.fromkeys(self.rows, 1), list[Any]()
        self.outputs, self.stages, self.stage, names = list[int](), [range(0)], 0, [f"x{j}" for j in range(num_inputs)]
        for y, (forms, inputs, _) in zip(Y, networks, strict=False):
            need(inputs == num_inputs, "the networks have other numbers of inputs")
            before = len(self.stages) - 1
            for form in forms:
                for i, (constant,) in enumerate(form[-1]):
                    read = [zip(self.stages[before + k], form[k][i], strict=True) for k in form if k > 0]
                    self.add([constant, *(form[0][i] if 0 in form else [Fraction(0)] * inputs)], chain(*read))
                self.stages.append(range(self.stages[-1].stop, len(self.units)))
            self.outputs += self.stages[-1]
            names += [f"{y}{k}" for k in range(len(self.stages[-1]))]
        self.signs |= dict.fromkeys(self.outputs, 2)  # which is no sign, but lets values pass
        self.strict, self.words = dict[int, bool](), list[tuple[str, str, str]]()
        for unit, (sense, *entries) in enumerate(told.get("goals", ()), start=len(self.units)):
            over, bound, *weights = map(whole, entries)
            need(sense in (">", ">=", "<", "<="), f"{sense!r} where a goal is to be compared")
            row = [Fraction(entry, over if sense[0] == ">" else -over) for entry in (-bound, *weights)]
            self.add(row[: 1 + num_inputs], zip(self.outputs, row[1 + num_inputs :], strict=True))
            left = affine([Fraction(entry, over) for entry in (0, *weights)], names)
            self.words.append((left, sense, short(Fraction(bound, over))))
            self.strict[unit], self.signs[unit] = len(sense) == 1, 1
        self.stages.append(range(self.stages[-1].stop, len(self.units)))
        self.unit = lcm(*(x.denominator for row, _, _ in self.units for x in row))
        self.over = lcm(*(w.denominator for _, read, _ in self.units for w in read.values()))
        self.base = [[int(x * self.unit) for x in row] for row, _, _ in self.units]
        self.reads = [(span.start, [int(read.get(v, 0) * self.over) for v in span]) for _, read, span in self.units]
        self.rows = {wall: [x * self.unit for x in row] for wall, row in self.rows.items()}
        self.learn({})

    def add(self, row: list[Fraction], pairs: Iterable[tuple[int, Fraction]]) -> None:
        if self.slice:
            row = [row[0] * (k == 0) + times(row[1:], column) for k, column in enumerate(zip(*self.slice, strict=True))]
        read = {v: w for v, w in pairs if w}
        self.depth[len(self.units)] = 1 + max((self.depth[v] for v in read), default=0)
        self.units.append((row, read, range(min(read, default=0), max(read, default=-1) + 1)))

    def place(self) -> str:
        words, walls = f"R^{self.dim}", self.told["walls"]
        sides = [f"[{'-inf' if a is None else short(a)}, {'inf' if b is None else short(b)}]" for a, b in self.ends]
        if any(wall[1:].count(0) < self.dim - 1 for wall in walls):
            words = f"the polyhedron of {len(walls)} inequalities of the proof in {words}"
        elif walls:
            words = "the box " + (f"{sides[0]}^{self.dim}" if len({*sides}) == 1 < self.dim else " x ".join(sides))
        inputs = ", ".join(affine(row, [f"t{j}" for j in range(self.dim)]) for row in self.slice)
        return f"{words} of t, where x = ({inputs})" if inputs else words

    def point(self, told: Any, least: int = 1) -> Row:  # (q, p) for p / q; with 0 also (0, p), far out along p
        point = [*map(whole, told)]
        need(len(point) == self.dim + 1 and point[0] >= least and any(point), "not a point of this space")
        return point

    def values_at(self, point: Row) -> dict[int, Fraction]:  # q z_u at (q, p), or how it grows in the direction p
        need(all(times(wall, point) >= 0 for wall in self.walls), "the point is not in the domain")
        values = dict[int, Fraction]()
        for unit, (first, weights) in enumerate(self.reads):
            passed = (w * values[v] for v, w in enumerate(weights, first) if values[v] > 0 or v in self.outputs)
            values[unit] = Fraction(times(self.base[unit], point), self.unit) + Fraction(sum(passed)) / self.over
        return values

    def step(self, kind: Any, *told: Any) -> list[Cell]:
        parts = [copy(self), copy(self)] if kind in ("split", "cut") else [] if kind == "empty" else [self]
        if kind == "split":
            need(self.strict or told[0] in self.rows, f"unit {told[0]!r} is not affine here, and may divide a region")
            for part, sign in zip(parts, (-1, 1), strict=True):
                part.cuts = [*self.cuts, told[0]]
                part.learn({told[0]: sign})
        elif kind == "cut" and self.strict:
            j, end = told[0], Fraction(whole(told[2]), whole(told[1]))
            for part, side in zip(parts, ([self.ends[j][0], end], [end, self.ends[j][1]]), strict=True):
                part.ends = [*self.ends[:j], side, *self.ends[j + 1 :]]
        elif kind == "bounds":
            for unit in told:
                tops = [self.most({unit: sense * FINE**2}) for sense in (-1, 1)]
                need(None not in tops, f"unit {unit} has no bounds")
                self.bounds = self.bounds | {unit: (-ceil(tops[0] / FINE), ceil(tops[1] / FINE))}
                self.learn({unit: -1 if tops[1] <= 0 else 1} if min(tops) <= 0 else {})
        elif kind == "close":
            unit, sign, *multipliers = told
            self.show([unit, *multipliers], f"unit {unit!r} may have the sign {sign!r}", {unit: whole(sign)})
            self.learn({unit: -sign})
        else:
            need(kind == "empty" and self.strict, f"{kind!r} where a cell is to be divided or closed")
            self.show(told, "a point may reach all goals")
        return parts

    def learn(self, signs: dict[int, int]) -> None:  # where all units of a stage have theirs, the next one is affine
        need(all(u in self.depth and u not in self.signs for u in signs), f"{[*signs]}: no unit without a sign")
        self.signs = self.signs | signs
        while self.stage + 1 < len(self.stages) and all(unit in self.signs for unit in self.stages[self.stage]):
            self.stage += 1
            rows = dict[int, Row]()  # unit * over ** (depth - 1) times z_u
            for unit in self.stages[self.stage]:
                (first, weights), k = self.reads[unit], self.depth[unit] - 1
                rows[unit] = [x * self.over**k for x in self.base[unit]]
                for other, weight in enumerate(weights, first):
                    if weight and self.signs[other] > 0:
                        rows[unit] = plus(rows[unit], weight * self.over ** (k - self.depth[other]), self.rows[other])
            constant = {unit: (row[0] > 0) - (row[0] < 0) for unit, row in rows.items() if not any(row[1:])}
            self.rows, self.signs = self.rows | rows, constant | self.signs

    def show(self, told: Any, reason: str, beyond: dict[int, int] | None = None, in_box: bool = True) -> None:
        """See that rows k times y_k, of k, y_k, j, y_j, ..., add up to nothing positive; one may have another sign."""
        factors, signs = dict[int, int](), self.signs | (beyond or {})
        for unit, weight in zip(told[0::2], map(whole, told[1::2]), strict=True):
            need(signs.get(unit) in (-1, 1) and weight > 0, f"row {unit!r} has no sign, or its multiplier is {weight}")
            factors[unit] = factors.get(unit, 0) + signs[unit] * weight * FINE**2
        top, is_enough = self.most(factors, in_box), beyond or any(self.strict.get(unit) for unit in factors)
        need(top is not None and (top < 0 or (top == 0 and is_enough)), reason)

    def most(self, factors: dict[int, int], in_box: bool = True) -> Any:
        """What the sum of factors times z_u is at most on the box around the cell; None: that is not known."""
        row, weights = [0] * (1 + self.dim), [0] * (1 + max(factors.keys() - self.rows.keys(), default=-1))
        over = [self.over**k for k in range(max((self.depth[unit] for unit in factors), default=1))]
        for unit in factors.keys() & self.rows.keys():
            row = plus(row, factors[unit] * over[-self.depth[unit]], self.rows[unit])
        for unit in reversed(range(len(weights))):  # what is still to be added: weights / over times max(z_u, 0)
            slope = weight = -(-weights[unit] // self.over) * (self.signs.get(unit, 1) > 0)
            if weight and unit not in self.signs:
                need(weight < 0 or unit in self.bounds, f"unit {unit} has no bounds")
                low, high = self.bounds.get(unit, (0, 0))
                slope = weight * high // (high - low) if weight > 0 else weight * (high > -low)
                row[0] += ceil(Fraction(max(0, -slope * low, (weight - slope) * high) * self.unit * over[-1], FINE))
            if unit in self.rows:
                row = plus(row, slope * over[-self.depth[unit]], self.rows[unit]) if slope else row
            elif slope or unit in factors:
                slope, (first, read) = slope + factors.get(unit, 0), self.reads[unit]
                row = plus(row, slope * over[-1], self.base[unit])
                weights[first : first + len(read)] = plus(weights[first : first + len(read)], slope, read)
        ends = [both[x > 0] if x and in_box else None if x else 0 for x, both in zip(row[1:], self.ends, strict=True)]
        return None if None in ends else Fraction(row[0] + times(row[1:], ends)) / (self.unit * over[-1])

    def leaves(self, steps: Iterator[Any]) -> Iterator[tuple[Cell, list[Any]]]:
        pending = [self]
        while pending:
            cell, (kind, *told) = pending.pop(), next(steps, ["nothing"])
            if kind == "leaf" and len(cell.signs) == len(cell.depth):
                yield cell, told
            else:
                pending += reversed(cell.step(kind, *told))

    def regions(self, steps: Iterator[Any]) -> Iterator[str]:
        claimed, num_walls, met, edges = self.told["numbers"], 0, list[tuple[Row, int]](), list[tuple[int, int]]()
        for number, (cell, (told, *facets)) in enumerate(self.leaves(steps)):
            point, rows = self.point(told), {k: [cell.signs[k] * x for x in cell.rows[k]] for k in cell.cuts}
            need(all(times(row, point) > 0 for row in rows.values()), "the point is not strictly inside the leaf")
            need(len(facets) == len(rows) * ("facets" in claimed), "not each row of the leaf is told of once")
            for (name, row), (kind, *entries) in zip(rows.items(), facets, strict=False):
                if kind == "none":  # the bounds of the domain say nothing against a wall, which may be one of them
                    need({*entries[1::2]} <= rows.keys(), f"row {name} is compared with what is no row of the leaf")
                    cell.show([name, *entries], f"row {name} may have a facet", {name: -cell.signs[name]}, name >= 0)
                    continue
                if kind == "met":
                    on_it, earlier = met[entries[0]]
                    edges.append((earlier, number))
                else:
                    need(kind == "facet", f"{kind!r} of row {name} is not understood")
                    inside, beyond = times(row, point), self.point(*entries)
                    on_it = [inside * b - times(row, beyond) * a for a, b in zip(point, beyond, strict=True)]
                    num_walls += name < 0
                    met += [(on_it, number)] * (name >= 0)
                is_facet = on_it[0] > 0 and all((times(other, on_it) > 0) == (k != name) for k, other in rows.items())
                need(is_facet and times(row, on_it) == 0, f"this point does not show that row {name} carries a facet")
        need(len(met) == len(edges), "a facet inside the domain is told of by one leaf alone")
        found = {"regions": number + 1}
        words = f"{number + 1:,} activation region{'s' * (number > 0)} in {self.place()}"
        yield f"the network with sha256 {self.sha256} has exactly {words}"
        if "facets" in claimed:
            found |= {"facets": len(edges), "boundary_facets": num_walls}
            degrees = Counter([*range(number + 1), *chain(*edges)]).values()
            average, least, most = Fraction(2 * len(edges), number + 1), min(degrees) - 1, max(degrees) - 1
            yield f"they share exactly {len(edges):,} facets, and have {num_walls:,} on the boundary"
            yield f"their region graph has average degree {average}, least {least}, largest {most}"
        if "diameter" in claimed:  # breadth-first searches from all regions at once: bit k is search k
            reached, found["diameter"] = [1 << k for k in range(number + 1)], 0
            while any(searches + 1 != 2 << number for searches in reached):
                before, found["diameter"] = reached.copy(), found["diameter"] + 1
                for a, b in edges:
                    reached[a] |= before[b]
                    reached[b] |= before[a]
                need(reached != before, "the region graph is not connected")
            yield f"their region graph is connected and has diameter {found['diameter']:,}"
        need(claimed == found, f"{claimed} claimed, {found} proved")

    def values(self, steps: Iterator[Any]) -> Iterator[str]:
        kind, words, (left, sense, right) = self.told["kind"], " and ".join(map(" ".join, self.words)), self.words[0]
        need(kind not in ("never", "largest") or not any(self.leaves(steps)), "a leaf says nothing of goals")
        if kind == "never":
            yield f"nowhere {words}, in {self.place()}"
            return
        point = self.point(self.told["at"], least=kind != "endless")
        reached = [(self.values_at(point)[unit], is_strict) for unit, is_strict in self.strict.items()]
        if kind == "largest":
            need(reached == [(Fraction(0), True)], "the value is not attained at the point")
            words = f"the {'largest' if sense == '>' else 'smallest'} value of {left} is {right}, at"
        elif kind == "endless":
            self.values_at(self.point(self.told["from"]))  # the domain is not empty
            need(point[0] == 0 < reached[0][0], "the function does not grow along the ray")
            words = f"{left} {'grows' if sense == '>' else 'falls'} without end along"
        else:
            need(all(v > 0 or (v == 0 and not strict) for v, strict in reached), "the point does not reach all goals")
            words += " at"
        entries = ", ".join(short(Fraction(entry, point[0] or 1)) for entry in point[1:])
        yield f"{words} {'t' if self.slice else 'x'} = ({entries}), in {self.place()}"

    def lipschitz(self, steps: Iterator[Any]) -> Iterator[str]:
        (p, q), (low, high) = self.told["norms"], (Fraction(*map(whole, self.told[end])) for end in ("low", "high"))
        need({p, q} <= DUAL.keys() and 0 <= low <= high, "no norms, or no bounds of one")
        units, (one, two) = [self.outputs[k] for k in self.told["outputs"]], map(self.point, self.told["at"])
        before, after = self.values_at(one), self.values_at(two)
        apart = [two[0] * a - one[0] * b for a, b in zip(one, two, strict=True)][1:]
        rise = [two[0] * before[u] - one[0] * after[u] for u in units]
        need(any(apart) and SQUARE[q](rise) >= low**2 * SQUARE[p](apart), "two points do not show so large a constant")
        overs = {u: self.unit * self.over ** (self.depth[u] - 1) for u in units}
        for cell, _ in self.leaves(steps):
            jacobian = [[Fraction(x, over) for x in cell.rows[u][1:]] for u, over in overs.items()]
            need(is_at_most(jacobian, p, q, high**2), "the norm of a Jacobian is larger")
        outputs = ", ".join(f"y{k}" for k in self.told["outputs"])
        value = f"is {short(low)}" if low == high else f"lies in [{short(low)}, {short(high)}]"
        yield f"the Lipschitz constant of {outputs} from the {p}-norm to the {q}-norm {value}, in {self.place()}"


def is_at_most(matrix: list[list[Any]], p: str, q: str, bound: Fraction) -> bool:
    """Whether the square of the norm from p to q is at most a bound; the transpose has the same norm between duals."""
    q = "inf" if len(matrix) == 1 else q  # all norms of a number are alike
    columns = [list(column) for column in zip(*matrix, strict=True)]
    if q == "inf" or p + q == "21" or (len(matrix) < len(columns) and p + q in ("22", "inf1")):
        matrix, columns, p, q = columns, matrix, DUAL[q], DUAL[p]
    size = range(len(columns))
    if p != "2":  # the ball is the hull of unit vectors, or of vectors of signs
        ends = product((-1, 1), repeat=len(size)) if p == "inf" else ([i == j for j in size] for i in size)
        return all(SQUARE[q]([times(row, end) for row in matrix]) <= bound for end in ends)
    rest = [[bound * (i == j) - times(columns[i], columns[j]) for j in size] for i in size]
    for k, row in enumerate(rest):  # semidefinite: no pivot is negative, nor 0 in a row that is not
        if row[k] < 0 or (row[k] == 0 and any(row[k:])):
            return False
        for other in rest[k + 1 :] if row[k] else ():
            other[:] = [row[k] * a - other[k] * b for a, b in zip(other, row, strict=True)]
    return True


def short(value: Fraction) -> str:
    """A number in words: a fraction if it has few digits, or the double that it is; else about which one."""
    has_few = max(abs(value.numerator), value.denominator) < 10**9
    return str(value) if has_few else "about " * (Fraction(float(value)) != value) + repr(float(value))


def affine(row: Sequence[Fraction], names: Sequence[str]) -> str:
    terms = [f"{short(w)} {name}".removeprefix("1 ") for w, name in zip(row[1:], names, strict=True) if w]
    terms += [short(row[0])] * (row[0] != 0 or not terms)
    return " + ".join(terms).replace("-1 ", "-").replace("+ -", "- ")


def check(proof: str, *networks: bytes) -> list[str]:
    """What a proof proves of one or two networks in relureg JSON, in words; raises RefusedError, or OSError."""
    line = [0]
    try:
        known = [read_network(data) for data in networks]
        hashes = [sha256 for *_, sha256 in known]
        with gzip.open(proof) as lines:
            steps = (json.loads(text) for line[0], text in enumerate(lines, start=1))
            head: Any = next(steps)
            need([head["format"], head["version"]] == ["relureg-proof", 2] and head["claims"], "no proof in version 2")
            need(head["networks"] == hashes, f"it is of networks with sha256 {head['networks']}, not {hashes}")
            about = (f"{y} are the outputs of the network with sha256 {h}" for y, h in zip(Y, hashes, strict=False))
            said = [", and ".join(about)]
            for told in head["claims"]:
                need("goals" in told or len(known) == 1, "what is claimed is about one network")
                prove = Cell.values if "goals" in told else Cell.regions if "numbers" in told else Cell.lipschitz
                said += prove(Cell(told, known), steps)
            need(next(steps, None) is None, "something follows the last cell")
            return said[1:] if "numbers" in told else said
    except (RefusedError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise RefusedError(f"line {line[0]}: {error}") from None
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, StopIteration) as error:
        raise RefusedError(f"line {line[0]} is not understood: {error!r}") from None


if __name__ == "__main__":
    try:
        print("proved:", *check(sys.argv[1], *(Path(path).read_bytes() for path in sys.argv[2:])), sep="\n")
    except (RefusedError, OSError) as error:
        sys.exit(f"refused: {error}")
