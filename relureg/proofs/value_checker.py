#!/usr/bin/env python3
"""The checker of proofs of values: one file, Python's standard library, integers; it trusts nothing that a proof says.

`python check_values.py PROOF NETWORK.json [OTHER.json]` exits with 0 if what it prints is proved, and with 1 if the
proof is refused; then it names the first line that fails. docs/proofs.md of relureg describes the format.

A network has units u = 0, 1, ... with pre-activations z_u, affine in the input x and in the values max(z_v, 0) of units
of earlier stages. Its outputs y, those y' of another network, and goals, affine in x, y and y', follow as units without
a ReLU. A point that is told is put into them. That no other one reaches all goals (is positive, or not negative there),
or that no region has a Jacobian of a larger norm, is proved by a tree of cells. The root is the interior of the domain.
Each step is about the cell at hand:

* ["split", u]: the part with z_u <= 0, whose tree follows, and that with z_u >= 0, whose tree comes after that one.
* ["cut", j, q, p]: the same with x_j <= p / q and x_j >= p / q.
* ["bounds", u, ...]: the checker finds bounds of these z_u, in this order; so perhaps their signs.
* ["close", u, s, y, k, y_k, ...]: s z_u is positive nowhere on the cell. Proof: y s z_u and y_k times rows k, which are
  not negative on the cell, add up to a function that is positive nowhere on the box around the cell.
* ["empty", k, y_k, ...] ends a cell: no point of it reaches all goals. Proof: goals and rows k add up to a function
  that is negative on the box; or positive nowhere, where one of these goals is to be positive, or, of rows alone, one
  of them is positive on all of the cell but for a part without an interior.
* ["leaf"] ends a cell where every z_u has its sign: the Jacobian is known.

Row u is z_u times its sign on the cell, row -1 - k is wall k of the domain. Where all units of earlier stages have
their sign, it is affine; one that is constant has a sign unasked. Else such a sum holds values of units without a sign.
If low <= z <= high, then w max(z, 0) is at most s z + max(0, -s low, (w - s) high), whatever s is; so these values are
replaced, from the last unit to the first. Of a unit k without a sign, "k, t" in a sum says that s is w t / 64.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import zlib
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import product
from math import ceil, lcm
from operator import mul
from pathlib import Path
from typing import Any

Row = list[int]  # an affine function (constant, coefficients), or a point (q, p_1, ...) that is p / q with q > 0
Form = dict[int, Any]  # an affine map, by its sources: -1 the constant, 0 the input, l the values of stage l
DUAL = {"1": "inf", "2": "2", "inf": "1"}
FINE = 2**32  # what is rounded to an integer is taken so many times: little is lost


class RefusedError(Exception):
    """The proof does not prove what it claims."""


def need(condition: Any, reason: str) -> None:
    """Go on only if a condition holds."""
    if not condition:
        raise RefusedError(reason)


def whole(value: Any) -> int:
    """An integer: one of JSON, or a text of hexadecimal digits."""
    need(type(value) in (int, str), f"{value!r} is no integer")
    return int(value, 16) if type(value) is str else int(value)


def number(value: Any) -> Fraction:
    """An entry of relureg JSON: a number is the double it parses to, a text "p/q" or "p" is that rational."""
    need(type(value) in (int, float, str), f"{value!r} is no number")
    return Fraction(value if type(value) is str else float(value))


def read_network(data: bytes) -> tuple[list[Form], Form, int]:
    """The forms of the stages, that of the output, and the number of inputs."""
    document = json.loads(data)
    need(type(document) is dict and document.get("format") == "relureg-network", "not a network in relureg JSON")
    need(document.get("version") == 1, "another version of relureg JSON")
    layers, forms, sizes = document["layers"], [], [len(document["layers"][0]["weight"][0])]
    for k, layer in enumerate(layers, start=1):
        form: Form = {-1: [[number(entry)] for entry in layer["bias"]]}
        for source, matrix in [(k - 1, layer["weight"]), *((s["from"], s["weight"]) for s in layer.get("skips", []))]:
            term = [[number(entry) for entry in row] for row in matrix]
            fits = type(source) is int and 0 <= source < k and len(term) == len(form[-1])
            need(fits and all(len(row) == sizes[source] for row in term), f"layer {k} does not fit")
            pairs = [zip(*rows, strict=True) for rows in zip(form.get(source, term), term, strict=True)]
            form[source] = [[a + b for a, b in row] for row in pairs] if source in form else term
        forms.append(form)
        sizes.append(len(form[-1]))
        is_relu = layer["activation"] == "relu"
        need(
            is_relu or (k == len(layers) and layer["activation"] == "linear"), f"layer {k}: convert it by relureg first"
        )
    if is_relu:  # the output is what the last layer gives
        size = sizes[-1]
        forms.append({-1: [[Fraction(0)]] * size, k: [[Fraction(i == j) for j in range(size)] for i in range(size)]})
    return forms[:-1], forms[-1], sizes[0]


def content_hash(forms: list[Form], inputs: int) -> str:
    """The SHA-256 of the numbers of a network, whatever file they came from; relureg prints the same."""
    digest = hashlib.sha256(f"relureg-network {inputs}".encode())
    for form in forms:
        for source, matrix in sorted(form.items()):
            if source == -1 or any(map(any, matrix)):
                over = lcm(*(entry.denominator for row in matrix for entry in row))
                entries = ",".join(hex(int(entry * over)) for row in matrix for entry in row)
                digest.update(f"|{source} {(len(matrix), len(matrix[0]))} {over:#x}:{entries}".encode())
        digest.update(b";")
    return digest.hexdigest()


class Units:
    """The units in integers: over[l] z_u = base + sum of w over[k] max(z_v, 0), for the v in stages k that u reads."""

    def __init__(self, forms: list[Form], inputs: list[list[Fraction]], linear: set[int]) -> None:
        """Take each input as a row, in the coordinates in which the proof is written, and the stages without a ReLU."""
        self.over, self.first, self.stage_of, self.linear = [1], [0, 0], [], linear  # stage 0 is the input
        self.bases, self.terms = [], []
        common = lcm(*(entry.denominator for row in inputs for entry in row))
        for stage, form in enumerate(forms, start=1):
            entries = [entry for matrix in form.values() for row in matrix for entry in row]
            before = lcm(FINE, *(self.over[source] for source in form if source > 0))
            over = before * common * lcm(*(entry.denominator for entry in entries))
            for i, (constant,) in enumerate(form[-1]):
                row = [constant] + [Fraction(0)] * (len(inputs[0]) - 1)
                for weight, line in zip(form[0][i], inputs, strict=True) if 0 in form else ():
                    row = [a + weight * b for a, b in zip(row, line, strict=True)] if weight else row
                self.bases.append([int(entry * over) for entry in row])
                read = [(source, j, w) for source in form if source > 0 for j, w in enumerate(form[source][i]) if w]
                self.terms.append([(self.first[k] + j, int(w * over / self.over[k])) for k, j, w in read])
                self.stage_of.append(stage)
            self.over.append(over)
            self.first.append(len(self.bases))

    def values_at(self, point: Row) -> Row:
        """Over q z_u at the point p / q; for q = 0 how they grow far out in the direction p."""
        values, found = list[int](), list[int]()
        for base, terms, stage in zip(self.bases, self.terms, self.stage_of, strict=True):
            found.append(sum(map(mul, base, point)) + sum(weight * values[other] for other, weight in terms))
            values.append(found[-1] if stage in self.linear else max(found[-1], 0))
        return found


class Domain:
    """A closed polyhedron: its walls are rows that are not negative in it."""

    def __init__(self, told: Any, inputs: int) -> None:
        self.walls = [[whole(entry) for entry in wall] for wall in told["walls"]]
        flat, self.inputs = told["slice"], [[Fraction(j == k) for k in range(inputs + 1)] for j in range(1, inputs + 1)]
        if flat is not None:  # inputs as affine functions of the coordinates t of a slice
            self.inputs = [[Fraction(whole(entry), whole(flat["over"])) for entry in row] for row in flat["rows"]]
            fits = len(self.inputs) == inputs and len(set(map(len, self.inputs))) == 1
            need(fits, "the slice does not fit the network")
        self.dim = len(self.inputs[0]) - 1
        need(all(len(wall) == self.dim + 1 and any(wall[1:]) for wall in self.walls), "a wall does not fit the inputs")
        self.ends: list[Any] = [(None, None)] * self.dim  # bounds of each coordinate, by walls on it alone
        for constant, *normal in self.walls:
            for j, entry in enumerate(normal):
                if entry and normal.count(0) == self.dim - 1:
                    low, high = self.ends[j]
                    end = Fraction(-constant, entry)
                    self.ends[j] = (low, end) if entry < 0 else (end, high)
        self.name, self.place = "x" if flat is None else "t", self.words(is_flat=flat is not None)

    def words(self, *, is_flat: bool) -> str:
        words = f"R^{self.dim}"
        if any(sum(map(bool, wall[1:])) > 1 for wall in self.walls):
            words = f"the polyhedron of {len(self.walls)} inequalities of the proof in {words}"
        elif self.walls:
            sides = [f"[{'-inf' if a is None else short(a)}, {'inf' if b is None else short(b)}]" for a, b in self.ends]
            words = "the box " + (f"{sides[0]}^{self.dim}" if len(set(sides)) == 1 < self.dim else " x ".join(sides))
        inputs = ", ".join(affine(row, [f"t{j}" for j in range(self.dim)]) for row in self.inputs)
        return words + f" of t, where x = ({inputs})" * is_flat

    def point(self, told: Any, least: int = 1) -> Row:
        """A point of it; with `least` 0 perhaps one at infinity, (0, v), in a direction v that it never ends in."""
        point = [whole(entry) for entry in told]
        need(len(point) == self.dim + 1 and point[0] >= least and any(point), "not a point of this space")
        need(all(sum(map(mul, wall, point)) >= 0 for wall in self.walls), "the point is not in the domain")
        return point

    def check_inside(self, told: Any) -> None:
        """See that it has an interior: the point is strictly inside."""
        is_inside = all(sum(map(mul, wall, self.point(told))) > 0 for wall in self.walls)
        need(is_inside, "the domain is not shown to have an interior")


class Tree:
    """The cells, depth first, of which one is at hand."""

    def __init__(self, units: Units, domain: Domain, is_strict: Sequence[bool]) -> None:
        """Take also of each goal, the last units, whether it is to be positive."""
        self.units, self.walls, self.is_strict, self.is_done = units, domain.walls, is_strict, False
        self.ends, self.stage = list(domain.ends), [0]  # of the box; the last stage whose rows are known
        self.signs: list[Any] = [1 if stage in units.linear else None for stage in units.stage_of]
        self.bounds: list[Any] = [None] * len(self.signs)  # of over z_u
        self.rows: list[Row] = [[]] * len(self.signs)
        self.trail: list[tuple[list[Any], int, Any]] = []  # what was put where for this cell, and what was there before
        self.pending: list[tuple[Any, int]] = []  # what cells were divided at, whose second part is to come, and when
        self.enter_stages()

    def put(self, where: list[Any], key: int, value: Any) -> None:
        self.trail.append((where, key, where[key]))
        where[key] = value

    def take(self, kind: Any, *told: Any) -> None:
        """One step of the proof."""
        if kind == "split":
            self.divide(self.open_unit(*told))
        elif kind == "cut":
            need(type(told[0]) is int and 0 <= told[0] < len(self.ends), f"there is no coordinate {told[0]!r}")
            self.divide((told[0], Fraction(whole(told[2]), whole(told[1]))))
        elif kind == "bounds":
            for unit in told:
                self.find_bounds(self.open_unit(unit))
        elif kind == "close":
            unit, sign, weight, *others = told
            need(sign in (-1, 1), f"{sign!r} is no sign")
            top = self.most(*self.weigh(others, (self.open_unit(unit), sign, whole(weight)))[1])
            need(top is not None and top <= 0, f"it is not shown that unit {unit} never has sign {sign}")
            self.give_sign(unit, -sign)
        else:
            need(kind in ("empty", "leaf"), f"{kind!r} where a cell is to be divided or closed")
            if kind == "empty":
                self.check_empty(told)
            else:
                need(self.is_known(len(self.signs) - 1), "a leaf where units have no sign yet")

    def divide(self, at: Any) -> None:
        self.pending.append((at, len(self.trail)))
        self.enter_part(at, -1)

    def enter_part(self, at: Any, side: int) -> None:
        if type(at) is int:
            self.give_sign(at, side)
        else:
            low, high = self.ends[at[0]]
            self.put(self.ends, at[0], (low, at[1]) if side < 0 else (at[1], high))

    def end_cell(self) -> None:
        """Go on behind a cell that was closed."""
        self.is_done = not self.pending
        if self.pending:
            at, known = self.pending.pop()
            while len(self.trail) > known:
                where, key, before = self.trail.pop()
                where[key] = before
            self.enter_part(at, 1)

    def open_unit(self, unit: Any) -> int:
        is_open = type(unit) is int and 0 <= unit < len(self.signs) and self.signs[unit] is None
        need(is_open, f"{unit!r} is no unit without a sign")
        return int(unit)

    def give_sign(self, unit: int, sign: int) -> None:
        self.put(self.signs, unit, sign)
        self.enter_stages()

    def is_known(self, unit: int) -> bool:
        """Whether all units of earlier stages have their sign."""
        return bool(self.units.stage_of[unit] <= self.stage[0])

    def enter_stages(self) -> None:
        """Where all units of the last stage that is known have their sign, compute the rows of the next one."""
        first = self.units.first
        while (
            self.stage[0] + 2 < len(first) and None not in self.signs[first[self.stage[0]] : first[self.stage[0] + 1]]
        ):
            self.put(self.stage, 0, self.stage[0] + 1)
            for unit in range(first[self.stage[0]], first[self.stage[0] + 1]):
                row = self.units.bases[unit]
                for other, weight in self.units.terms[unit]:
                    if self.signs[other] == 1:
                        row = [a + weight * b for a, b in zip(row, self.rows[other], strict=True)]
                self.rows[unit] = row
                if self.signs[unit] is None and not any(row[1:]):
                    self.put(self.signs, unit, (row[0] > 0) - (row[0] < 0))

    def add(self, total: tuple[Row, dict[int, int]], name: int, factor: int) -> tuple[Row, dict[int, int]]:
        """Add a multiple of a wall, or of over z_u, to a function of the inputs and of over max(z_v, 0)."""
        row, rest = total
        if name < 0 or self.is_known(name):
            added = self.walls[-1 - name] if name < 0 else self.rows[name]
        else:
            added = self.units.bases[name]
            for other, weight in self.units.terms[name]:
                if self.signs[other] not in (-1, 0):
                    rest[other] = rest.get(other, 0) + factor * weight
        return [a + factor * b for a, b in zip(row, added, strict=True)], rest

    def most(self, row: Row, rest: dict[int, int], slopes: dict[int, int]) -> Fraction | int | None:
        """What such a function is at most on the box around the cell; None: that is not known."""
        while rest:
            slope = weight = rest.pop(unit := max(rest))
            if self.signs[unit] is None:
                low, high = self.bounds[unit] or (0, 0)
                if weight > 0:
                    if self.bounds[unit] is None:
                        return None
                    slope = weight * high // (high - low)
                elif unit in slopes:
                    slope = weight * slopes[unit] // 64
                elif high <= -low:
                    slope = 0
                row = [row[0] + max(0, -slope * low, (weight - slope) * high), *row[1:]]
            row, rest = self.add((row, rest), unit, slope)
        ends = [(entry, both[entry > 0]) for entry, both in zip(row[1:], self.ends, strict=True) if entry]
        return None if any(end is None for _, end in ends) else row[0] + sum(entry * end for entry, end in ends)

    def find_bounds(self, unit: int) -> None:
        """Bounds of a unit without a sign, which may give it one."""
        tops = [self.most(*self.add(([0] * (len(self.ends) + 1), {}), unit, sense * FINE), {}) for sense in (-1, 1)]
        need(None not in tops, f"unit {unit} has no bounds")
        low, high = -ceil(Fraction(tops[0] or 0) / FINE), ceil(Fraction(tops[1] or 0) / FINE)
        if self.bounds[unit] is not None:
            low, high = max(low, self.bounds[unit][0]), min(high, self.bounds[unit][1])
        self.put(self.bounds, unit, (low, high))
        if low >= 0 or high <= 0:
            self.give_sign(unit, -1 if high <= 0 else 1)

    def weigh(self, told: Sequence[Any], *also: tuple[int, int, int]) -> tuple[list[int], Any]:
        """The rows k, j, ... of k, y_k, j, y_j, ... and others (row, sign, multiplier), and their sum for `most`."""
        terms, slopes = list(also), dict[int, int]()
        total: tuple[Row, dict[int, int]] = ([0] * (len(self.ends) + 1), {})
        need(len(told) % 2 == 0, "multipliers without their rows")
        for name, weight in zip(told[0::2], map(whole, told[1::2]), strict=True):
            need(type(name) is int and -len(self.walls) <= name < len(self.signs), f"there is no row {name!r}")
            if name >= 0 and self.signs[name] is None and 0 <= weight <= 64:
                slopes[name] = weight
            else:
                need(name < 0 or self.signs[name], f"unit {name} has no sign here, and {weight} is no slope")
                terms.append((name, 1 if name < 0 else self.signs[name], weight))
        overs = [1 if name < 0 else self.units.over[self.units.stage_of[name]] for name, _, _ in terms]
        common = lcm(*overs) * FINE
        for (name, sign, weight), over in zip(terms, overs, strict=True):
            need(weight > 0, "a multiplier that is not positive")
            total = self.add(total, name, sign * weight * (common // over))
        return [name for name, _, _ in terms], (*total, slopes)

    def check_empty(self, told: Sequence[Any]) -> None:
        """No point of the cell reaches all goals."""
        rows, total = self.weigh(told)
        goals = [
            self.is_strict[name - len(self.signs)] for name in rows if name >= len(self.signs) - len(self.is_strict)
        ]
        is_positive = any(goals) if goals else any(k < 0 or (self.is_known(k) and any(self.rows[k])) for k in rows)
        top = self.most(*total)
        is_shown = top is not None and (top < 0 or (top == 0 and is_positive))
        need(is_shown, "it is not shown that no point here reaches all goals")


class Checker:
    """Reads a proof line by line; `line` is the number of the line that was read last."""

    def __init__(self) -> None:
        self.line, self.forms, self.outputs = 0, list[Form](), list[int]()  # stages, and which of them are outputs

    def read(self, *networks: bytes) -> list[str]:
        """Take in one network or two; returns their hashes."""
        hashes, self.names = [], list[str]()
        for mark, network in zip(("", "'"), networks, strict=False):
            forms, output, self.dim = read_network(network)
            hashes.append(content_hash([*forms, output], self.dim))
            self.names += [f"y{mark}{k}" for k in range(len(output[-1]))]
            before = len(self.forms)  # the stages of the second network follow
            self.forms += [{k + before * (k > 0): matrix for k, matrix in form.items()} for form in [*forms, output]]
            self.outputs.append(len(self.forms))
        sizes = {len(form[0][0]) for form in self.forms if 0 in form}
        need(len(sizes) == 1, "the networks have other numbers of inputs")
        self.names = [f"x{j}" for j in range(self.dim)] + self.names
        return hashes

    def check(self, lines: Iterable[str | bytes], *networks: bytes) -> list[str]:
        """What is proved, in words."""
        hashes = self.read(*networks)
        self.lines = (json.loads(line) for self.line, line in enumerate(lines, start=1))
        head = next(self.lines)
        need(type(head) is dict and head.get("format") == "relureg-value-proof", "not a proof of values by relureg")
        need(head.get("version") == 1, f"version {head.get('version')!r} of the format is not known")
        need(head["networks"] == hashes, f"it is of networks with sha256 {head['networks']}, not {hashes}")
        need(head["claims"], "nothing is claimed")
        others = "".join(f", and y' those of that with sha256 {other}" for other in hashes[1:])
        said = [f"y are the outputs of the network with sha256 {hashes[0]}{others}"]
        for claim in head["claims"]:
            domain = Domain(claim, self.dim)
            said.append(self.lipschitz(claim, domain) if claim["kind"] == "lipschitz" else self.values(claim, domain))
        need(next(self.lines, None) is None, "something follows the last cell")
        return said

    def tree(self, tree: Tree) -> Iterable[Tree]:
        """Go through all cells; stop at each leaf."""
        while not tree.is_done:
            step: Any = next(self.lines, ["nothing"])
            tree.take(*step)
            if step[0] == "leaf":
                yield tree
            if step[0] in ("leaf", "empty"):
                tree.end_cell()

    def with_goals(self, goals: Sequence[Sequence[Fraction]], domain: Domain) -> Units:
        """All units, and as the last ones affine functions (constant, coefficients of x, y and y')."""
        need(goals and all(len(row) == 1 + len(self.names) for row in goals), "the goals do not fit the networks")
        form, first = {-1: [[row[0]] for row in goals]}, 1
        for source in (0, *self.outputs):
            size = self.dim if source == 0 else len(self.forms[source - 1][-1])
            form[source] = [list(row[first : first + size]) for row in goals]
            first += size
        return Units([*self.forms, form], domain.inputs, {*self.outputs, len(self.forms) + 1})

    def values(self, claim: Any, domain: Domain) -> str:
        """Whether affine functions of x, y and y', the goals, are all positive, or not negative, at one point."""
        kind, goals = claim["kind"], [read_goal(told) for told in claim["goals"]]
        is_strict, units = [told[0] is True for told in claim["goals"]], self.with_goals(goals, domain)
        parts = [inequality(goal, self.names) for goal in goals]
        words = " and ".join(
            f"{left} {sense}{'=' * (not strict)} {right}"
            for (left, sense, right), strict in zip(parts, is_strict, strict=True)
        )
        at = None if kind == "never" else domain.point(claim["at"], least=int(kind != "endless"))
        values = [] if at is None else units.values_at(at)[-len(goals) :]
        where = "" if at is None else f"{domain.name} = {point_words(at)}"
        if kind == "reached":
            is_reached = all(v > 0 or (v == 0 and not strict) for v, strict in zip(values, is_strict, strict=True))
            need(is_reached, "the point does not reach the goals")
            return f"{words} at {where}, in {domain.place}"
        domain.check_inside(claim["inside"])
        if at is not None and kind == "endless":
            need(at[0] == 0 and len(goals) == 1 and values[0] > 0, "the function does not grow along the ray")
            return f"{affine([0, *goals[0][1:]], self.names)} grows without end along {where}, in {domain.place}"
        for _ in self.tree(Tree(units, domain, is_strict)):
            need(False, "a leaf says nothing of goals")
        if kind == "never":
            return f"nowhere {words}, in {domain.place}"
        need(kind == "largest" and values == [0] and is_strict == [True], "the value is not attained at the point")
        (left, sense, right), *_ = parts
        most = "largest" if sense == ">" else "smallest"
        return f"the {most} value of {left} is {right}, at {where}, in {domain.place}"

    def lipschitz(self, claim: Any, domain: Domain) -> str:
        """Between what the largest norm of the Jacobian of some outputs lies."""
        need(len(self.outputs) == 1, "a Lipschitz constant is that of one network")
        (p, q), low, high = claim["norms"], Fraction(*map(whole, claim["low"])), Fraction(*map(whole, claim["high"]))
        need({p, q} <= set(DUAL) and 0 <= low <= high, "no norms, or no bounds of one")
        units, stage = Units(self.forms, domain.inputs, {*self.outputs}), len(self.forms)
        numbers = [range(units.first[stage], units.first[stage + 1])[k] for k in claim["outputs"]]
        domain.check_inside(claim["inside"])
        one, two = (domain.point(told) for told in claim["at"])
        change = [two[0] * a - one[0] * b for a, b in zip(one, two, strict=True)][1:]
        values = [(two[0] * a - one[0] * b) for a, b in zip(units.values_at(one), units.values_at(two), strict=True)]
        is_met = square([values[k] for k in numbers], q) >= (low * units.over[stage]) ** 2 * square(change, p)
        need(any(change) and is_met, "two points do not show so large a constant")
        for cell in self.tree(Tree(units, domain, [])):
            jacobian = [cell.rows[k][1:] for k in numbers]
            need(is_at_most(jacobian, p, q, (high * units.over[stage]) ** 2), "the norm of a Jacobian is larger")
        value = f"is {short(low)}" if low == high else f"lies in [{short(low)}, {short(high)}]"
        names = ", ".join(f"y{k}" for k in claim["outputs"])
        return f"the Lipschitz constant of {names} from the {p}-norm to the {q}-norm {value}, in {domain.place}"


def square(vector: Sequence[Any], norm: str) -> Any:
    """The square of a norm."""
    sizes = [abs(entry) for entry in vector]
    return sum(size * size for size in sizes) if norm == "2" else (sum(sizes) if norm == "1" else max(sizes)) ** 2


def is_at_most(matrix: list[Row], p: str, q: str, bound: Fraction) -> bool:
    """Whether the square of the norm from p to q is at most a bound; the transpose has the same norm between duals."""
    q = "inf" if len(matrix) == 1 else q  # all norms of a number are alike
    if q == "inf" or p + q == "21" or (len(matrix) < len(matrix[0]) and p + q in ("22", "inf1")):
        matrix, p, q = [list(column) for column in zip(*matrix, strict=True)], DUAL[q], DUAL[p]
    size = len(matrix[0])
    if p != "2":  # the ball is the hull of unit vectors, or of vectors of signs
        ends = product((-1, 1), repeat=size) if p == "inf" else ([i == j for j in range(size)] for i in range(size))
        return all(square([sum(map(mul, row, end)) for row in matrix], q) <= bound for end in ends)
    columns = list(zip(*matrix, strict=True))
    rest = [[bound * (i == j) - sum(map(mul, a, b)) for j, b in enumerate(columns)] for i, a in enumerate(columns)]
    for k, row in enumerate(rest):  # semidefinite: no pivot is negative, nor 0 in a row that is not
        if row[k] < 0 or (row[k] == 0 and any(row[k:])):
            return False
        for other in rest[k + 1 :] if row[k] else ():
            other[:] = [row[k] * a - other[k] * b for a, b in zip(other, row, strict=True)]
    return True


def short(value: Fraction) -> str:
    """A number in words: a fraction if it has few digits, or the double that it is; else about which one."""
    if max(abs(value.numerator), value.denominator) < 10**9:
        return str(value)
    return "about " * (Fraction(float(value)) != value) + repr(float(value))


def affine(row: Sequence[Any], names: Sequence[str]) -> str:
    """An affine function in words."""
    words = ""
    for weight, name in [*zip(row[1:], names, strict=True), (row[0], "")]:
        if weight or not (words or name):
            size = "" if abs(weight) == 1 and name else short(abs(weight)) + " " * (name != "")
            sign = (" - " if words else "-") if weight < 0 else " + " if words else ""
            words += sign + size + name
    return words


def read_goal(told: Any) -> list[Fraction]:
    """An affine function, of which is told whether it is to be positive, a number, and what is to be divided by it."""
    return [Fraction(whole(entry), whole(told[1])) for entry in told[2:]]


def inequality(row: Sequence[Fraction], names: Sequence[str]) -> tuple[str, str, str]:
    """That an affine function is positive, in words: the left side, > or <, the right side."""
    lead = next((entry for entry in row[1:] if entry), Fraction(1))
    constant, *weights = (entry / lead for entry in row)
    return affine([0, *weights], names), "><"[lead < 0], short(-constant)


def point_words(point: Row) -> str:
    """A point p / q, or a direction."""
    return f"({', '.join(short(Fraction(entry, point[0] or 1)) for entry in point[1:])})"


def check(proof: str, *networks: bytes) -> list[str]:
    """What a proof proves of a network, or of two, in relureg JSON, in words.

    Raises RefusedError, which says which line fails first, and why; OSError where the file cannot be read.
    """
    checker = Checker()
    try:
        with open(proof, "rb") as stream, gzip.open(stream) as lines:
            return checker.check(lines, *networks)
    except (RefusedError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise RefusedError(f"line {checker.line}: {error}") from None
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, StopIteration) as error:
        raise RefusedError(f"line {checker.line} is not understood: {error!r}") from None


def main() -> None:
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: check_values.py PROOF NETWORK.json [OTHER.json]")
    try:
        said = check(sys.argv[1], *(Path(path).read_bytes() for path in sys.argv[2:]))
    except (RefusedError, OSError) as error:
        sys.exit(f"refused: {error}")
    print("proved:", *said, sep="\n")


if __name__ == "__main__":
    main()
