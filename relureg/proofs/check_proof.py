#!/usr/bin/env python3
"""The checker of proofs: one file, Python's standard library, integers; it trusts nothing that a proof says.

    python check_proof.py PROOF NETWORK.json

Exit 0: what is printed is proved. Exit 1: the proof is refused, and the first line that fails is named.

A network has units u = 0, 1, ... with pre-activations z_u, affine in the input x and in the values max(z_v, 0) of units
of earlier stages. An activation region is a maximal open set of inputs, within the interior of the domain, on which
every z_u has one sign, 0 only where z_u is 0 on all of the set. The proof is a tree of open cells. The root is the
interior of the domain. On a cell all units of earlier stages have their sign, so those of the present stage are affine
functions, which the checker computes: rows (constant, coefficient of x_1, ...).

* A unit whose row has no coefficients has the sign of its constant: nothing to show.
* ["split", u] divides the cell into the part with z_u < 0, whose tree follows, and the part with z_u > 0, whose tree
  comes after that. No open set is lost, since an affine function that is not constant vanishes on none.
* ["close", u, s, y, ...]: z_u has the sign s nowhere on the cell. Proof: y z_u s, and positive multiples of functions
  that are positive on the cell, add up to a function that is nowhere positive on the domain (Farkas).
* ["leaf", point, ...]: all units have their sign, and the point lies strictly inside.

So regions and leaves are the same: each region stays within one leaf, two leaves differ in the sign of a unit that
divides them, and none is empty. A proof of the region graph says of every row that cuts out a leaf (units that it was
split by, walls of the domain) whether a facet lies on it:

* ["facet", k, S, m, point]: on row k lies the facet that this leaf shares with the earlier leaf S, where it is on row m.
  Proof: one hyperplane, opposite sides, and a point on it that lies strictly inside all other rows of both leaves.
* ["wall", k, point]: a facet lies on wall k, at such a point, of this leaf alone.
* ["none", k, y, ...]: the leaf is the same without row k. Proof: as in "close", with the other rows of the leaf.

docs/proofs.md of relureg describes the format in full.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterable
from fractions import Fraction
from math import gcd, lcm
from typing import Any

Row = list[int]
"""An affine function (constant, coefficients), or a point (q, p) that is p / q with q > 0."""
Form = dict[int, Any]
"""An affine map: from its sources to matrices; -1 the constant, 0 the input, l the values of stage l."""


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


# -- the network -------------------------------------------------------------------------------------------------------


def number(value: Any) -> Fraction:
    """An entry of relureg JSON: a number is the double it parses to, a text "p/q" or "p" is that rational."""
    need(type(value) in (int, float, str), f"{value!r} is no number")
    return Fraction(value if type(value) is str else float(value))


def product(left: Any, right: Any) -> Any:
    """A matrix times a matrix; None is the identity."""
    if right is None:
        return left
    columns = list(zip(*right, strict=True))
    return [[sum((a * b for a, b in zip(row, column, strict=True)), Fraction(0)) for column in columns] for row in left]


def read_network(data: bytes) -> tuple[list[Form], Form, int]:
    """The forms of the stages, that of the output, and the number of inputs."""
    document = json.loads(data)
    need(type(document) is dict and document.get("format") == "relureg-network", "not a network in relureg JSON")
    need(document.get("version") == 1, "another version of relureg JSON")
    inputs = len(document["layers"][0]["weight"][0])
    outputs: list[Form] = [{0: None}]  # of each layer, in terms of the sources: a layer without ReLU is put into others
    forms: list[Form] = []
    for k, layer in enumerate(document["layers"], start=1):
        form: Form = {-1: [[number(entry)] for entry in layer["bias"]]}
        terms = [(k - 1, layer["weight"]), *((skip["from"], skip["weight"]) for skip in layer.get("skips", []))]
        for read, matrix in terms:
            need(type(read) is int and 0 <= read < k, f"layer {k} reads {read!r}")
            weight = [[number(entry) for entry in row] for row in matrix]
            for source, inner in outputs[read].items():
                term = product(weight, inner)
                held = form.get(source) or [[Fraction(0)] * len(row) for row in term]
                pairs = [zip(*rows, strict=True) for rows in zip(held, term, strict=True)]
                form[source] = [[a + b for a, b in row] for row in pairs]
        need(layer["activation"] in ("relu", "linear"), f"layer {k} has an unknown activation")
        if layer["activation"] == "relu":
            forms.append(form)
            size = len(form[-1])
            form = {-1: [[Fraction(0)]] * size, len(forms): None}
            outputs.append({len(forms): None})
        else:
            outputs.append(form)
    if None in form.values():  # the last layer has a ReLU, and the output is what that gives
        form[len(forms)] = [[Fraction(i == j) for j in range(size)] for i in range(size)]
    sizes = [inputs, *(len(form[-1]) for form in forms)]
    fits = all(len(row) == sizes[s] for one in [*forms, form] for s, m in one.items() if s >= 0 for row in m)
    need(fits, "the layers of the network do not fit")
    return forms, form, inputs


def content_hash(forms: list[Form], output: Form, inputs: int) -> str:
    """The SHA-256 of the numbers of a network, whatever file they came from; relureg prints the same."""
    digest = hashlib.sha256(f"relureg-network {inputs}".encode())
    for form in [*forms, output]:
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
        # inputs: each of them as a row, in the coordinates in which the proof is written.
        self.bases: list[Row] = []
        self.terms: list[list[tuple[int, int]]] = []
        self.over, self.first, self.stage_of = [1], [0, 0], []  # stage 0 is the input, without units
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

    def row(self, unit: int, signs: list[int | None], rows: list[Row]) -> Row:
        """The row of a unit where the units that it reads have signs and rows."""
        row = self.bases[unit]
        for other, weight in self.terms[unit]:
            if signs[other] == 1:
                row = [a + weight * b for a, b in zip(row, rows[other], strict=True)]
        return row


# -- the domain --------------------------------------------------------------------------------------------------------


class Domain:
    """The open polyhedron in which regions are counted: its walls are rows that are positive inside."""

    def __init__(self, walls: list[Row], dim: int) -> None:
        need(all(len(wall) == dim + 1 and any(wall[1:]) for wall in walls), "a wall does not fit the inputs")
        need(len({tuple(entry // gcd(*wall) for entry in wall) for wall in walls}) == len(walls), "a wall stands twice")
        self.walls, self.dim = walls, dim
        bounds: list[list[list[Fraction]]] = [[[] for _ in range(dim)] for _ in range(2)]
        for constant, *normal in walls:
            for j, entry in enumerate(normal):
                if entry and normal.count(0) == dim - 1:
                    bounds[entry < 0][j].append(Fraction(-constant, entry))
        self.ends = [(max(low, default=None), min(high, default=None)) for low, high in zip(*bounds, strict=True)]
        self.over = lcm(*(end.denominator for ends in self.ends for end in ends if end is not None))
        self.scaled = [[None if end is None else int(end * self.over) for end in ends] for ends in self.ends]

    def is_nowhere_positive(self, row: Row) -> bool:
        """Whether a function is at most 0 on the box that the walls along the axes make."""
        most = row[0] * self.over
        for entry, ends in zip(row[1:], self.scaled, strict=True):
            if entry:
                end = ends[entry > 0]
                if end is None:
                    return False
                most += entry * end
        return most <= 0

    def words(self, *, is_flat: bool) -> str:
        """How the domain is called."""
        space = f"a {self.dim}-dimensional flat that the proof states" if is_flat else f"R^{self.dim}"
        if not self.walls:
            return space
        if is_flat or any(sum(map(bool, wall[1:])) > 1 for wall in self.walls):
            return f"the polyhedron of {len(self.walls)} inequalities that the proof states, in {space}"
        sides = ["[" + ", ".join("-inf inf".split()[i] if end is None else str(end) for i, end in enumerate(ends)) + "]"
                 for ends in self.ends]  # fmt: skip
        return f"the box {sides[0]}^{self.dim}" if len(set(sides)) == 1 else "the box " + " x ".join(sides)


# -- the proof ---------------------------------------------------------------------------------------------------------


def value(row: Row, point: Row) -> int:
    """A row at a point, times the point's q."""
    return sum(a * b for a, b in zip(row, point, strict=True))


def are_opposite(row: Row, other: Row) -> bool:
    """Whether one row is a negative multiple of the other one."""
    j = next(j for j, entry in enumerate(row) if entry)
    return row[j] * other[j] < 0 and all(a * other[j] == b * row[j] for a, b in zip(row, other, strict=True))


class Leaf:
    """A region: a point inside, the rows that cut it out by their numbers (unit u is u, wall k is -1 - k)."""

    def __init__(self, point: Row, rows: dict[int, Row]) -> None:
        self.point, self.rows = point, rows
        self.unsettled = set(rows)  # rows of which it is not known yet whether they carry a facet

    def settle(self, name: int) -> Row:
        need(type(name) is int and name in self.rows, f"row {name!r} does not cut out the leaf")
        need(name in self.unsettled, f"row {name} of the leaf is told of twice")
        self.unsettled.discard(name)
        return self.rows[name]

    def is_inside(self, point: Row, but: int | None = None) -> bool:
        """Whether a point lies strictly inside all rows but that one."""
        return all(name == but or value(row, point) > 0 for name, row in self.rows.items())

    def crossing(self, name: int, beyond: Row) -> Row:
        """Where the way from the point inside to one beyond a row meets it: on a facet, or the proof is refused."""
        inside, outside = value(self.rows[name], self.point), -value(self.rows[name], beyond)
        need(outside > 0, f"the point is not beyond row {name}")
        point = [outside * a + inside * b for a, b in zip(self.point, beyond, strict=True)]
        need(self.is_inside(point, but=name), f"the way to the point leaves the leaf before row {name}")
        return point


class Checker:
    """Reads a proof line by line; `line` is the number of the line that was read last."""

    def __init__(self, network: bytes) -> None:
        self.forms, output, self.inputs = read_network(network)
        self.sha256 = content_hash(self.forms, output, self.inputs)
        self.line = 0
        self.leaves: list[Leaf] = []
        self.edges: list[tuple[int, int]] = []
        self.num_walls = 0

    def check(self, lines: Iterable[str | bytes]) -> dict[str, int]:
        """The numbers that are proved; raises RefusedError."""
        self.lines = iter(lines)
        self.begin(self.next())
        self.tree()
        need(self.next() is None, "something follows the last leaf")
        return self.conclusion()

    def next(self) -> Any:
        """The next line; None where there is none."""
        self.line += 1
        line = next(self.lines, None)
        return None if line is None else json.loads(line)

    def begin(self, head: Any) -> None:
        """The first line: what is claimed of which network, where."""
        need(type(head) is dict and head.get("format") == "relureg-proof", "not a proof of relureg")
        need(head.get("version") == 1, f"version {head.get('version')!r} of the format is not known")
        need(head["network"] == self.sha256, f"it is of the network with sha256 {head['network']}, not {self.sha256}")
        self.claims = head["claims"]
        known = ({"regions"}, {"regions", "facets", "boundary_facets"})
        need(set(self.claims) - {"diameter"} in known, "claims that are not known")
        self.has_facets = "facets" in self.claims
        need(self.has_facets or "diameter" not in self.claims, "a diameter without facets")
        flat = head["slice"]
        if flat is None:
            inputs = [[Fraction(j == k) for k in range(self.inputs + 1)] for j in range(1, self.inputs + 1)]
        else:
            inputs = [[Fraction(whole(entry), whole(flat["over"])) for entry in row] for row in flat["rows"]]
            need(len(inputs) == self.inputs and len(set(map(len, inputs))) == 1, "the slice does not fit the network")
        self.units = Units(self.forms, inputs)
        self.domain = Domain([[whole(entry) for entry in wall] for wall in head["walls"]], len(inputs[0]) - 1)
        self.place = self.domain.words(is_flat=flat is not None)

    # -- the tree of cells

    def tree(self) -> None:
        """All cells, depth first."""
        self.signs: list[int | None] = [None] * len(self.units.bases)
        self.rows: list[Row] = [[]] * len(self.units.bases)
        self.trail: list[int] = []  # units in the order in which their signs became known
        self.cuts = [(-1 - k, wall) for k, wall in enumerate(self.domain.walls)]  # what cuts out the present cell
        self.stage = 0  # the last one whose rows are known
        pending = []  # for each split whose positive part is still to come: the unit, and where it was
        self.enter_stages()
        while True:
            line = self.next()
            need(line is not None, "the proof ends too early")
            need(type(line) is list and line, "not a step of a proof")
            kind, *told = line
            if kind == "split":
                (unit,) = told
                self.check_open(unit)
                pending.append((unit, len(self.trail), len(self.cuts), self.stage))
                self.enter_part(unit, -1)
            elif kind == "close":
                unit, sign, *multipliers = told
                self.check_open(unit)
                need(sign in (-1, 1), f"{sign!r} is no sign")
                total = self.combination(unit, [sign * entry for entry in self.rows[unit]], multipliers, self.known_row)
                need(self.domain.is_nowhere_positive(total), f"it is not shown that unit {unit} never has sign {sign}")
                self.give_sign(unit, -sign)
            else:
                need(kind == "leaf", f"{kind!r} is no step of a proof")
                self.leaf(*told)
                if not pending:
                    return
                unit, known, num_cuts, self.stage = pending.pop()
                for other in self.trail[known:]:
                    self.signs[other] = None
                del self.trail[known:], self.cuts[num_cuts:]
                self.enter_part(unit, 1)

    def check_open(self, unit: Any) -> None:
        need(type(unit) is int and unit in self.present(), f"{unit!r} is no unit of the present stage")
        need(self.signs[unit] is None, f"unit {unit} has its sign already")

    def enter_part(self, unit: int, sign: int) -> None:
        self.cuts.append((unit, [sign * entry for entry in self.rows[unit]]))
        self.give_sign(unit, sign)

    def give_sign(self, unit: int, sign: int) -> None:
        self.signs[unit] = sign
        self.trail.append(unit)
        self.enter_stages()

    def present(self) -> range:
        """The units of the present stage; stage 0, the input, has none."""
        return range(self.units.first[self.stage], self.units.first[self.stage + 1])

    def is_decided(self) -> bool:
        """Whether all units of the present stage have their signs."""
        units = self.present()
        return None not in self.signs[units.start : units.stop]

    def enter_stages(self) -> None:
        """Where all units of the present stage have their signs, go on to the next one."""
        while self.is_decided() and self.stage < len(self.forms):
            self.stage += 1
            for unit in self.present():
                row = self.rows[unit] = self.units.row(unit, self.signs, self.rows)
                if not any(row[1:]):
                    self.signs[unit] = (row[0] > 0) - (row[0] < 0)
                    self.trail.append(unit)

    # -- what is empty

    def over(self, name: int) -> int:
        """Over what the integers of a row stand."""
        return 1 if name < 0 else self.units.over[self.units.stage_of[name]]

    def known_row(self, name: int) -> Row:
        """A row that is positive on the present cell: a wall, or a unit whose sign is known, times it."""
        need(-len(self.domain.walls) <= name < len(self.signs), f"there is no row {name}")
        sign = 1 if name < 0 else self.signs[name]
        need(sign, f"unit {name} has no sign here")
        return self.domain.walls[-1 - name] if name < 0 else [(sign or 0) * entry for entry in self.rows[name]]

    def combination(self, name: int, beyond: Row, told: list[Any], row_of: Callable[[int], Row]) -> Row:
        """A row that is positive where the cell is not, and rows that are on it, times multipliers: y, k, y, k, y ..."""
        need(len(told) % 2 == 1 and all(type(other) is int for other in told[1::2]), "multipliers without their rows")
        weights = [whole(entry) for entry in told[0::2]]
        need(min(weights) > 0, "a multiplier that is not positive")
        top = self.units.over[self.stage]
        total = [0] * len(beyond)
        rows = [(name, beyond), *((other, row_of(other)) for other in told[1::2])]
        for weight, (other, row) in zip(weights, rows, strict=True):
            factor = weight * (top // self.over(other))
            total = [a + factor * b for a, b in zip(total, row, strict=True)]
        return total

    # -- leaves and facets

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
                self.check_no_facet(leaf, name, [-entry for entry in row], rest)
            elif kind == "wall":
                need(name < 0, f"row {name} is no wall")
                leaf.crossing(name, self.point(*rest))
                self.num_walls += 1
            else:
                need(kind == "facet" and name >= 0, f"{kind!r} of row {name} is not understood")
                self.shared(leaf, name, row, *rest)

    def check_no_facet(self, leaf: Leaf, name: int, beyond: Row, told: list[Any]) -> None:
        def row_of(other: int) -> Row:
            need(other in leaf.rows and other != name, f"row {other} is none of the others of the leaf")
            return leaf.rows[other]

        total = self.combination(name, beyond, told, row_of)
        # The bounds of the domain say nothing against a wall, which may be one of them.
        is_shown = self.domain.is_nowhere_positive(total) and (name >= 0 or not any(total[1:]))
        need(is_shown, f"it is not shown that row {name} of the leaf carries no facet")

    def shared(self, leaf: Leaf, name: int, row: Row, earlier: Any, name_there: Any, beyond: Any) -> None:
        """A facet between this leaf and an earlier one; without a point beyond, it is the other leaf's."""
        need(type(earlier) is int and 0 <= earlier < len(self.leaves) - 1, f"there is no earlier leaf {earlier!r}")
        other = self.leaves[earlier]
        need(are_opposite(row, other.settle(name_there)), f"row {name} is not the other side of row {name_there}")
        crossing = leaf.crossing(name, other.point if beyond is None else self.point(beyond))
        need(other.is_inside(crossing, but=name_there), f"the point on row {name} is not on a facet of leaf {earlier}")
        self.edges.append((earlier, len(self.leaves) - 1))

    # -- what is proved

    def conclusion(self) -> dict[str, int]:
        found = {"regions": len(self.leaves)}
        if self.has_facets:
            for k, leaf in enumerate(self.leaves):
                need(not leaf.unsettled, f"nothing is said of row {min(leaf.unsettled, default=0)} of leaf {k}")
            found |= {"facets": len(self.edges), "boundary_facets": self.num_walls}
        if "diameter" in self.claims:
            found["diameter"] = diameter(len(self.leaves), self.edges)
        for name, count in found.items():
            told = self.claims[name]
            need(told == count, f"{name.replace('_', ' ')}: {told!r} claimed, {count} proved")
        return found

    def sentences(self, found: dict[str, int]) -> list[str]:
        """What is proved, in words."""
        regions = f"{found['regions']:,} activation region{'s' * (found['regions'] != 1)}"
        said = [f"the network with sha256 {self.sha256} has exactly {regions} in {self.place}"]
        if self.has_facets:
            facets, walls = found["facets"], found["boundary_facets"]
            degrees = [0] * found["regions"]
            for edge in self.edges:
                for k in edge:
                    degrees[k] += 1
            said.append(f"they share exactly {facets:,} facets, and have {walls:,} on the boundary of the domain")
            average = Fraction(2 * facets, found["regions"])
            said.append(
                f"their region graph has average degree {average}, least {min(degrees)}, largest {max(degrees)}"
            )
        if "diameter" in found:
            said.append(f"the diameter of the region graph is {found['diameter']:,}")
        return said


def diameter(num_nodes: int, edges: list[tuple[int, int]]) -> int:
    """The largest distance in a graph, by a breadth-first search from every node."""
    beside: list[list[int]] = [[] for _ in range(num_nodes)]
    for a, b in edges:
        beside[a].append(b)
        beside[b].append(a)
    largest = 0
    for start in range(num_nodes):
        distance = {start: 0}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for other in beside[node]:
                if other not in distance:
                    distance[other] = distance[node] + 1
                    queue.append(other)
        need(len(distance) == num_nodes, "the region graph is not connected")
        largest = max(largest, distance[node])
    return largest


def check(proof: str, network: bytes) -> tuple[dict[str, int], list[str]]:
    """The numbers that a proof proves of a network in relureg JSON, and the same in words.

    Raises
    ------
    RefusedError
        It does not prove what it claims; says which line fails first, and why.
    OSError
        The file cannot be read.
    """
    checker = Checker(network)
    try:
        with open(proof, "rb") as stream:
            is_packed = stream.read(2) == b"\x1f\x8b"
        with gzip.open(proof) if is_packed else open(proof, "rb") as lines:
            found = checker.check(lines)
    except RefusedError as error:
        raise RefusedError(f"line {checker.line}: {error}") from None
    except (ValueError, TypeError, LookupError, AttributeError, ZeroDivisionError, RecursionError) as error:
        raise RefusedError(f"line {checker.line} is not understood: {error}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RefusedError(f"line {checker.line}: the file is damaged: {error}") from None
    return found, checker.sentences(found)


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: check_proof.py PROOF NETWORK.json", file=sys.stderr)
        return 2
    try:
        with open(sys.argv[2], "rb") as stream:
            _, said = check(sys.argv[1], stream.read())
    except (RefusedError, OSError, ValueError, LookupError, TypeError) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    print("proved:\n" + "\n".join(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
