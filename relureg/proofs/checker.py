#!/usr/bin/env python3
"""The checker of proofs: one file, Python's standard library, integers; it trusts nothing that a proof says.

`python check_proof.py PROOF NETWORK.json` exits with 0 if what it prints is proved, and with 1 if the proof is refused;
then it names the first line that fails. docs/proofs.md of relureg describes the format.

A network has units u = 0, 1, ... with pre-activations z_u, affine in the input x and in the values max(z_v, 0) of units
of earlier stages. An activation region is a maximal open set of inputs, within the interior of the domain, on which
every z_u has one sign, 0 only where z_u is 0 on all of the set. The proof is a tree of open cells. The root is the
interior of the domain. On a cell all units of earlier stages have their sign, so those of the present stage are affine
functions, which the checker computes: rows (constant, coefficient of x_1, ...).

* A unit whose row has no coefficients has the sign of its constant: nothing to show.
* ["split", u] divides the cell into the part with z_u < 0, whose tree follows, and the part with z_u > 0, whose tree
  comes after that. No open set is lost, since an affine function that is not constant vanishes on none.
* ["close", u, s, y, k, y_k, ...]: z_u has the sign s nowhere on the cell. Proof: y s z_u and y_k times rows k that are
  positive on the cell add up to a function that is positive nowhere on the domain (Farkas).
* ["leaf", point, ...]: all units have their sign, and the point lies strictly inside.

So regions and leaves are the same: each region stays within one leaf, two leaves differ in the sign of a unit that
divides them, and none is empty. A proof of the region graph says of every row that cuts out a leaf (units that it was
split by, walls of the domain) whether a facet lies on it:

* ["facet", k, S, m, point]: on row k lies the facet that this leaf shares with the earlier leaf S, where it is row m.
  Proof: one hyperplane, opposite sides, and a point on it that lies strictly inside all other rows of both leaves.
* ["wall", k, point]: a facet lies on wall k. Proof: such a point, of this leaf alone.
* ["none", k, y, j, y_j, ...]: the leaf is the same without row k. Proof: as in "close", with other rows of the leaf.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction
from math import gcd, lcm
from operator import mul
from typing import Any

Row = list[int]  # an affine function (constant, coefficients), or a point (q, p_1, ...) that is p / q with q > 0
Form = dict[int, Any]  # an affine map, by its sources: -1 the constant, 0 the input, l the values of stage l


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
    """The units in integers: over[l] z_u = base + sum of w over[k] z_v, for the active v in stages k that u reads."""

    def __init__(self, forms: list[Form], inputs: list[list[Fraction]]) -> None:
        """Take each input as a row, in the coordinates in which the proof is written."""
        self.over, self.first, self.stage_of = [1], [0, 0], []  # stage 0 is the input, without units
        self.bases, self.terms = [], []
        common = lcm(*(entry.denominator for row in inputs for entry in row))
        for stage, form in enumerate(forms, start=1):
            entries = [entry for matrix in form.values() for row in matrix for entry in row]
            over = self.over[-1] * common * lcm(*(entry.denominator for entry in entries))
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


class Domain:
    """The open polyhedron in which regions are counted: its walls are rows that are positive inside."""

    def __init__(self, walls: list[Row], dim: int) -> None:
        need(all(len(wall) == dim + 1 and any(wall[1:]) for wall in walls), "a wall does not fit the inputs")
        need(len({tuple(entry // gcd(*wall) for entry in wall) for wall in walls}) == len(walls), "a wall stands twice")
        self.walls, self.dim = walls, dim
        bounds: Any = [([], []) for _ in range(dim)]  # of each coordinate, by walls on it alone
        for constant, *normal in walls:
            for j, entry in enumerate(normal):
                if entry and normal.count(0) == dim - 1:
                    bounds[j][entry < 0].append(Fraction(-constant, entry))
        self.ends: Any = [(max(low, default=None), min(high, default=None)) for low, high in bounds]

    def is_nowhere_positive(self, row: Row) -> bool:
        """Whether a function is at most 0 on the box that the walls along the axes make."""
        ends = [(entry, ends[entry > 0]) for entry, ends in zip(row[1:], self.ends, strict=True) if entry]
        return all(end is not None for _, end in ends) and row[0] + sum(entry * end for entry, end in ends) <= 0

    def words(self, *, is_flat: bool) -> str:
        space = f"R^{self.dim}" + ", for inputs that depend on its points as the proof states" * is_flat
        if is_flat or not self.walls or any(sum(map(bool, wall[1:])) > 1 for wall in self.walls):
            return f"the polyhedron of {len(self.walls)} inequalities of the proof in {space}" if self.walls else space
        sides = [f"[{'-inf' if a is None else a}, {'inf' if b is None else b}]" for a, b in self.ends]
        return "the box " + (f"{sides[0]}^{self.dim}" if len(set(sides)) == 1 else " x ".join(sides))


class Leaf:
    """A region: a point inside, and the rows that cut it out by their numbers (unit u is u, wall k is -1 - k)."""

    def __init__(self, point: Row, rows: dict[int, Row]) -> None:
        self.point, self.rows = point, rows
        self.unsettled = set(rows)  # rows of which it is not known yet whether they carry a facet

    def settle(self, name: Any) -> Row:
        """A row that is told of now, and must not be again."""
        need(
            type(name) is int and name in self.unsettled, f"row {name!r} does not cut out the leaf, or is told of twice"
        )
        self.unsettled.discard(name)
        return self.rows[name]

    def is_inside(self, point: Row, but: int | None = None) -> bool:
        """Whether a point lies strictly inside all rows but that one."""
        return all(name == but or sum(map(mul, row, point)) > 0 for name, row in self.rows.items())

    def crossing(self, name: int, beyond: Row) -> Row:
        """Where the way from the point inside to one beyond a row meets it: on a facet, or the proof is refused."""
        inside, outside = (sum(map(mul, self.rows[name], point)) for point in (self.point, beyond))
        need(outside < 0, f"the point is not beyond row {name}")
        point = [inside * b - outside * a for a, b in zip(self.point, beyond, strict=True)]
        need(self.is_inside(point, but=name), f"the way to the point leaves the leaf before row {name}")
        return point


class Checker:
    """Reads a proof line by line; `line` is the number of the line that was read last."""

    def __init__(self) -> None:
        self.line = self.num_walls = 0
        self.leaves: list[Leaf] = []
        self.edges: list[tuple[int, int]] = []

    def check(self, lines: Iterable[str | bytes], network: bytes) -> tuple[dict[str, int], list[str]]:
        """What is proved, in numbers and in words."""
        self.forms, output, dim = read_network(network)
        self.sha256 = content_hash([*self.forms, output], dim)
        self.lines = (json.loads(line) for self.line, line in enumerate(lines, start=1))
        head = next(self.lines)
        need(type(head) is dict and head.get("format") == "relureg-proof", "not a proof of relureg")
        need(head.get("version") == 1, f"version {head.get('version')!r} of the format is not known")
        need(head["network"] == self.sha256, f"it is of the network with sha256 {head['network']}, not {self.sha256}")
        claims, flat = head["claims"], head["slice"]
        self.has_facets = "facets" in claims
        need("regions facets boundary_facets diameter ".startswith(" ".join([*claims, ""])), "unknown claims")
        inputs = [[Fraction(j == k) for k in range(dim + 1)] for j in range(1, dim + 1)]
        if flat is not None:  # inputs as affine functions of the coordinates of a slice
            inputs = [[Fraction(whole(entry), whole(flat["over"])) for entry in row] for row in flat["rows"]]
            need(len(inputs) == dim and len(set(map(len, inputs))) == 1, "the slice does not fit the network")
        self.units = Units(self.forms, inputs)
        self.domain = Domain([[whole(entry) for entry in wall] for wall in head["walls"]], len(inputs[0]) - 1)
        self.place = self.domain.words(is_flat=flat is not None)
        self.tree()
        need(next(self.lines, None) is None, "something follows the last leaf")
        return self.conclusion(claims)

    def tree(self) -> None:
        """All cells, depth first."""
        self.signs: list[Any] = [None] * len(self.units.bases)
        self.rows: list[Row] = [[]] * len(self.units.bases)
        self.trail: list[int] = []  # units in the order in which their signs became known
        self.cuts = [(-1 - k, wall) for k, wall in enumerate(self.domain.walls)]  # what cuts out the present cell
        self.stage = 0  # the last one whose rows are known
        pending: list[
            tuple[int, int, int, int]
        ] = []  # for each split whose positive part is still to come: the unit, and where it was
        self.enter_stages()
        while True:
            step: Any = next(self.lines, ["nothing"])
            kind, told = step[0], step[1:]
            need(kind in ("split", "close", "leaf"), f"{kind!r} where a cell is to be divided or closed")
            if kind == "leaf":
                self.leaf(*told)
                if not pending:
                    return
                unit, known, num_cuts, self.stage = pending.pop()
                for other in self.trail[known:]:
                    self.signs[other] = None
                del self.trail[known:], self.cuts[num_cuts:]
                self.cuts.append((unit, self.rows[unit]))
                self.give_sign(unit, 1)
                continue
            unit = told[0]
            is_present = type(unit) is int and 0 <= unit < len(self.rows) and self.units.stage_of[unit] == self.stage
            need(is_present and self.signs[unit] is None, f"{unit!r} is no unit of the present stage without a sign")
            if kind == "split":
                pending.append((unit, len(self.trail), len(self.cuts), self.stage))
                self.cuts.append((unit, [-entry for entry in self.rows[unit]]))
                self.give_sign(unit, -1)
            else:
                need((sign := told[1]) in (-1, 1), f"{sign!r} is no sign")
                total = self.combination(unit, [sign * entry for entry in self.rows[unit]], told[2:], self.known_row)
                need(self.domain.is_nowhere_positive(total), f"it is not shown that unit {unit} never has sign {sign}")
                self.give_sign(unit, -sign)

    def give_sign(self, unit: int, sign: int) -> None:
        self.signs[unit] = sign
        self.trail.append(unit)
        self.enter_stages()

    def is_decided(self) -> bool:
        """Whether all units of the present stage have their signs; stage 0, the input, has none."""
        return None not in self.signs[self.units.first[self.stage] : self.units.first[self.stage + 1]]

    def enter_stages(self) -> None:
        """Where all units of the present stage have their signs, go on to the next one, and compute its rows."""
        while self.is_decided() and self.stage < len(self.forms):
            self.stage += 1
            for unit in range(self.units.first[self.stage], self.units.first[self.stage + 1]):
                row = self.units.bases[unit]
                for other, weight in self.units.terms[unit]:
                    if self.signs[other] == 1:
                        row = [a + weight * b for a, b in zip(row, self.rows[other], strict=True)]
                self.rows[unit] = row
                if not any(row[1:]):
                    self.signs[unit] = (row[0] > 0) - (row[0] < 0)
                    self.trail.append(unit)

    def known_row(self, name: int) -> Row:
        """A row that is positive on the present cell: a wall, or a unit whose sign is known, times it."""
        need(-len(self.domain.walls) <= name < len(self.signs), f"there is no row {name}")
        need(name < 0 or self.signs[name], f"unit {name} has no sign here")
        return self.domain.walls[-1 - name] if name < 0 else [self.signs[name] * entry for entry in self.rows[name]]

    def combination(self, name: int, beyond: Row, told: list[Any], row_of: Callable[[int], Row]) -> Row:
        """A row that is positive beyond the cell and rows that are on it, times multipliers: y, k, y_k, j, y_j, ..."""
        need(len(told) % 2 == 1 and all(type(other) is int for other in told[1::2]), "multipliers without their rows")
        total = [0] * len(beyond)
        for other, weight in zip([None, *told[1::2]], map(whole, told[0::2]), strict=True):
            need(weight > 0, "a multiplier that is not positive")
            row, k = (beyond, name) if other is None else (row_of(other), other)
            factor = weight * (self.units.over[self.stage] // (1 if k < 0 else self.units.over[self.units.stage_of[k]]))
            total = [a + factor * b for a, b in zip(total, row, strict=True)]
        return total

    def point(self, told: Any) -> Row:
        point = [whole(entry) for entry in told]
        need(len(point) == self.domain.dim + 1 and point[0] > 0, "not a point of this space")
        return point

    def leaf(self, told: Any, *facets: Any) -> None:
        """All units have their sign; what carries a facet is told behind the point."""
        need(self.is_decided() and self.stage == len(self.forms), "a leaf where units have no sign yet")
        leaf = Leaf(self.point(told), dict(self.cuts))
        need(leaf.is_inside(leaf.point), "the point is not strictly inside the leaf")
        need(self.has_facets or not facets, "facets that are not claimed")
        self.leaves.append(leaf)
        for kind, name, *rest in facets:
            row = leaf.settle(name)
            if kind == "none":
                others = {other: entries for other, entries in leaf.rows.items() if other != name}
                need(set(rest[1::2]) <= set(others), f"row {name} is compared with what is no other row of the leaf")
                total = self.combination(name, [-entry for entry in row], rest, others.__getitem__)
                # The bounds of the domain say nothing against a wall, which may be one of them.
                is_shown = self.domain.is_nowhere_positive(total) and (name >= 0 or not any(total[1:]))
                need(is_shown, f"it is not shown that row {name} of the leaf carries no facet")
            elif kind == "wall":
                need(name < 0, f"row {name} is no wall")
                leaf.crossing(name, self.point(*rest))
                self.num_walls += 1
            else:
                need(kind == "facet" and name >= 0, f"{kind!r} of row {name} is not understood")
                self.shared(leaf, name, *rest)

    def shared(self, leaf: Leaf, name: int, earlier: Any, behind: Any, beyond: Any) -> None:
        """A facet between a leaf and an earlier one; where no point beyond is told, it is the other leaf's."""
        need(type(earlier) is int and 0 <= earlier < len(self.leaves) - 1, f"there is no earlier leaf {earlier!r}")
        row, other = leaf.rows[name], self.leaves[earlier]
        pairs = list(zip(row, other.settle(behind), strict=True))
        a, b = next(pair for pair in pairs[1:] if pair[0])
        are_opposite = a * b < 0 and all(x * b == y * a for x, y in pairs)
        need(are_opposite, f"row {name} is not the other side of row {behind} of leaf {earlier}")
        crossing = leaf.crossing(name, other.point if beyond is None else self.point(beyond))
        need(other.is_inside(crossing, but=behind), f"the point on row {name} is not on a facet of leaf {earlier}")
        self.edges.append((earlier, len(self.leaves) - 1))

    def conclusion(self, claims: dict[str, Any]) -> tuple[dict[str, int], list[str]]:
        """The numbers that were found, which have to be those that are claimed, and the same in words."""
        found = {"regions": len(self.leaves)}
        regions = f"{len(self.leaves):,} activation region{'s' * (len(self.leaves) != 1)}"
        said = [f"the network with sha256 {self.sha256} has exactly {regions} in {self.place}"]
        if self.has_facets:
            for k, leaf in enumerate(self.leaves):
                need(not leaf.unsettled, f"nothing is said of row {min(leaf.unsettled, default=0)} of leaf {k}")
            found |= {"facets": len(self.edges), "boundary_facets": self.num_walls}
            degrees = list(Counter([*range(len(self.leaves)), *(k for edge in self.edges for k in edge)]).values())
            said.append(f"they share exactly {len(self.edges):,} facets, and have {self.num_walls:,} on the boundary")
            average, least, most = Fraction(2 * len(self.edges), len(degrees)), min(degrees) - 1, max(degrees) - 1
            said.append(f"their region graph has average degree {average}, least {least}, largest {most}")
        if "diameter" in claims:
            found["diameter"] = diameter(len(self.leaves), self.edges)
            said.append(f"their region graph is connected and has diameter {found['diameter']:,}")
        for name, count in found.items():
            need(claims[name] == count, f"{name.replace('_', ' ')}: {claims[name]!r} claimed, {count} proved")
        return found, said


def diameter(size: int, edges: list[tuple[int, int]]) -> int:
    """The largest distance in a graph, by breadth-first searches from all nodes at once: bit k is search k."""
    reached, distance = [1 << k for k in range(size)], 0
    while any(searches + 1 != 1 << size for searches in reached):
        further = reached.copy()
        for a, b in edges:
            further[a] |= reached[b]
            further[b] |= reached[a]
        need(further != reached, "the region graph is not connected")
        reached, distance = further, distance + 1
    return distance


def check(proof: str, network: bytes) -> tuple[dict[str, int], list[str]]:
    """The numbers that a proof proves of a network in relureg JSON, and the same in words.

    Raises RefusedError, which says which line fails first, and why; OSError where the file cannot be read.
    """
    checker = Checker()
    try:
        with open(proof, "rb") as stream, gzip.open(stream) as lines:
            return checker.check(lines, network)
    except (RefusedError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise RefusedError(f"line {checker.line}: {error}") from None
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, StopIteration) as error:
        raise RefusedError(f"line {checker.line} is not understood: {error!r}") from None


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: check_proof.py PROOF NETWORK.json")
    try:
        with open(sys.argv[2], "rb") as stream:
            _, said = check(sys.argv[1], stream.read())
    except (RefusedError, OSError) as error:
        sys.exit(f"refused: {error}")
    print("proved:", *said, sep="\n")


if __name__ == "__main__":
    main()
