"""Proofs of ranges, properties, differences and Lipschitz constants, as files.

The answers come from `relureg.behaviour`, which is not asked how it knows. What they say is taken apart into claims:
that a point reaches some goals, or that none does. Points are put into the network by the checker; for the others
a tree of cells is made (`value_tree`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from relureg import stopping
from relureg.arguments import checked
from relureg.behaviour.differences import Deviation, NetworkComparison
from relureg.behaviour.output_ranges import Extremum, Range, without_constants
from relureg.behaviour.programs import Program
from relureg.behaviour.properties import Verdict
from relureg.behaviour.space import Space
from relureg.engine.limits import Limits, Progress, Watch, watching
from relureg.errors import DomainError, LimitReachedError
from relureg.exact.rational import RationalMatrix
from relureg.frozen import Frozen
from relureg.network import json_format
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.domain import Domain
from relureg.network.equations import reduced
from relureg.network.model import Network
from relureg.network.slices import Slice
from relureg.network.specification import Condition
from relureg.network.subtraction import subtract
from relureg.proofs import checker
from relureg.proofs.proof_file import header, open_proof
from relureg.proofs.proof_writer import encoded_slice
from relureg.proofs.questions import encoded
from relureg.proofs.rows import fractions_over
from relureg.proofs.value_tree import ValueTree

Point = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueProofFigures(Frozen):
    """What a proof of values that was written holds."""

    path: Path
    num_bytes: int
    """Of the file."""
    num_cells: int
    """Of all its trees."""
    num_claims: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Goal:
    """That an affine function is positive, or not negative: ``constant + inputs . x + outputs . y``."""

    is_strict: bool
    constant: Fraction
    inputs: Point
    outputs: Point

    @classmethod
    def above(cls, value: Fraction, direction: Sequence[Fraction], dim: int) -> _Goal:
        """That a combination of outputs is larger than a value."""
        return cls(is_strict=True, constant=-value, inputs=(Fraction(0),) * dim, outputs=tuple(direction))

    @property
    def lead(self) -> Fraction:
        """The first coefficient that is not 0."""
        return next((entry for entry in (*self.inputs, *self.outputs) if entry), Fraction(1))

    def primitive(self) -> _Goal:
        """The positive multiple of which the first coefficient is 1 or -1."""
        size = abs(self.lead)
        inputs, outputs = (tuple(entry / size for entry in entries) for entries in (self.inputs, self.outputs))
        return _Goal(is_strict=self.is_strict, constant=self.constant / size, inputs=inputs, outputs=outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """That no point of a domain reaches all goals, or that one does."""

    kind: str
    """``never``, ``reached``, ``largest`` or ``endless``."""
    goals: tuple[_Goal, ...]
    domain: Domain | None
    point: Point | None = None
    """Where they are reached, or where the one goal is 0."""
    ray: Point | None = None
    """Along which the one goal grows without end."""

    @property
    def has_tree(self) -> bool:
        return self.kind in ("never", "largest")


@checked
def write_range_proof(
    network: Network,
    ranges: Sequence[Range],
    path: str | Path,
    *,
    domain: Domain | None = None,
    slice_of: Network | None = None,
    force: bool = False,
    timeout: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ValueProofFigures:
    r"""Write a proof of what `output_range` has found: that no value lies outside, and that the ends are attained.

    Parameters
    ----------
    network : Network
    ranges : sequence of Range
        All that `output_range` gave.
    path : str or Path
        Compressed by gzip, whatever its name.
    domain : Domain, optional
        The one that they were asked of.
    slice_of : Network, optional
        The network of which `network` is a slice; the proof is then about that one and the slice.
    force : bool, optional
        Replace a file.
    timeout : float, optional
        Seconds.
    progress : callable, optional
        Called with a `Progress` every now and then, whose `regions` are the cells so far.

    Raises
    ------
    DomainError
        The domain is a single point.
    CheckFailedError
        The answer is not so.
    LimitReachedError
        The time is over; no file is written.
    OutputError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile, relureg
    >>> network, square = relureg.load("fixtures/truth/xor.json"), relureg.Domain.box([0, 0], [1, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_range_proof(network, relureg.output_range(network, square), f"{folder}/xor.proof", domain=square)
    ...     print(*relureg.check_proof(f"{folder}/xor.proof", network).sentences[1:], sep="\n")
    the largest value of y0 is 1, at x = (0, 0), in the box [0, 1]^2
    the smallest value of y0 is -3, at x = (1, 1), in the box [0, 1]^2
    """
    claims = []
    for found in ranges:
        for sign, extremum in ((1, found.maximum), (-1, found.minimum)):
            claims.append(_extremum(network, tuple(sign * x for x in found.direction), sign, extremum, domain))
    return _write([network], claims, path, slice_of, force, timeout, progress)


def _extremum(network: Network, direction: Point, sign: int, found: Extremum, domain: Domain | None) -> _Claim:
    value = Fraction(0) if found.value is None else sign * found.value
    goals = (_Goal.above(value, direction, network.input_dim),)
    kind = "endless" if found.value is None else "largest"
    return _Claim(kind=kind, goals=goals, domain=domain, point=found.point, ray=found.ray)


@checked
def write_property_proof(
    network: Network,
    verdict: Verdict,
    path: str | Path,
    *,
    force: bool = False,
    timeout: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ValueProofFigures:
    """Write a proof of what `check_property` has found: that no input violates the property, or one that does.

    Parameters and errors are those of `write_range_proof`.

    Examples
    --------
    >>> import tempfile, relureg
    >>> network = relureg.load("fixtures/truth/xor.json")
    >>> above = Condition(inputs={}, outputs={0: Fraction(-1)}, constant=Fraction(1), is_strict=True)  # y > 1
    >>> asked = relureg.Specification(label="y <= 1", input_dim=2, output_dim=1, cases=((above,),))
    >>> verdict = relureg.check_property(network, asked)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_property_proof(network, verdict, f"{folder}/xor.proof")
    ...     relureg.check_proof(f"{folder}/xor.proof", network).sentences[1]
    'nowhere y0 > 1, in R^2'
    """
    cases = verdict.specification.cases
    if (found := verdict.counterexample) is not None:
        goals = tuple(_goal_of(condition, network) for condition in cases[found.case])
        claims = [_Claim(kind="reached", goals=goals, domain=None, point=found.point)]
    else:
        claims = [_case(network, case) for case in cases]
    return _write([network], claims, path, None, force, timeout, progress)


def _goal_of(condition: Condition, network: Network) -> _Goal:
    return _Goal(
        is_strict=condition.is_strict,
        constant=-condition.constant,
        inputs=tuple(-condition.inputs.get(j, Fraction(0)) for j in range(network.input_dim)),
        outputs=tuple(-condition.outputs.get(k, Fraction(0)) for k in range(network.output_dim)),
    )


def _case(network: Network, case: Sequence[Condition]) -> _Claim:
    """That no input satisfies a case: in the domain that its conditions on inputs are."""
    alone = [condition for condition in case if not condition.outputs]
    others = [condition for condition in case if condition.outputs or condition.is_strict or not condition.inputs]
    matrix = [[c.inputs.get(j, Fraction(0)) for j in range(network.input_dim)] for c in alone if c.inputs]
    try:
        domain = Domain.polytope(matrix, [-c.constant for c in alone if c.inputs]) if matrix else None
        Space.of(domain, network.input_dim)
    except DomainError:  # it is empty
        return _Claim(kind="never", goals=tuple(_goal_of(c, network) for c in alone), domain=None)
    return _Claim(kind="never", goals=tuple(_goal_of(c, network) for c in others), domain=domain)


@checked
def write_comparison_proof(
    one: Network,
    other: Network,
    comparison: NetworkComparison,
    path: str | Path,
    *,
    domain: Domain | None = None,
    slices_of: tuple[Network, Network] | None = None,
    force: bool = False,
    timeout: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ValueProofFigures:
    r"""Write a proof of what `compare_networks` has found: no output differs by more, and one does by so much.

    Parameters and errors are those of `write_range_proof`; `slices_of` are the networks of which both are slices.

    Examples
    --------
    >>> import tempfile, relureg
    >>> absolute = Network.from_layers([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])
    >>> twice, interval = Network.from_layers([[[2]], [[1]]], [[0], [0]]), Domain.box([-1], [3])
    >>> found = relureg.compare_networks(absolute, twice, interval)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_comparison_proof(absolute, twice, found, f"{folder}/proof", domain=interval)
    ...     print(*relureg.check_proof(f"{folder}/proof", absolute, twice).sentences[1:], sep="\n")
    y0 - y'0 <= -3 at x = (3), in the box [-1, 3]
    nowhere y0 - y'0 > 3, in the box [-1, 3]
    nowhere y0 - y'0 < -3, in the box [-1, 3]
    """
    dim, m = one.input_dim, one.output_dim
    largest = comparison.largest

    def goal(output: int, sign: int, value: Fraction) -> _Goal:
        return _Goal.above(value, [Fraction(sign * (k == output)) for k in range(m)], dim)

    claims = []
    if largest is not None:
        sign = _sign_of(one, other, largest)
        if largest.value is None:
            claims.append(_Claim(kind="endless", goals=(goal(largest.output, sign, Fraction(0)),), domain=domain,
                                 point=largest.point, ray=largest.ray))  # fmt: skip
        else:
            reached = dataclasses.replace(goal(largest.output, sign, largest.value), is_strict=False)
            claims.append(_Claim(kind="reached", goals=(reached,), domain=domain, point=largest.point))
    if largest is None or largest.value is not None:
        most = Fraction(0) if largest is None or largest.value is None else largest.value
        for output in range(m):
            claims += [_Claim(kind="never", goals=(goal(output, sign, most),), domain=domain) for sign in (1, -1)]
    about = None if slices_of is None else slices_of
    return _write([one, other], claims, path, about, force, timeout, progress)


def _sign_of(one: Network, other: Network, largest: Deviation) -> int:
    """Which of two outputs is larger where they differ most, or along the ray."""
    point = largest.point
    if largest.ray is not None:
        one, other = without_constants(one), without_constants(other)
        point = largest.ray
    apart = one.exact_output(point)[largest.output] - other.exact_output(point)[largest.output]
    return 1 if apart > 0 else -1


# -- files


def _write(
    networks: Sequence[Network],
    claims: Sequence[_Claim],
    path: str | Path,
    about: Network | Sequence[Network] | None,
    force: bool,
    timeout: float | None,
    progress: Callable[[Progress], None] | None,
) -> ValueProofFigures:
    originals = list(networks) if about is None else [about] if isinstance(about, Network) else list(about)
    outer = None if about is None else networks[0].slice
    with watching(Limits(timeout=timeout), progress) as watch:
        parts = [_Part(networks, originals, outer, claim) for claim in claims]
        num_cells = 0
        with open_proof(path, force=force) as file:
            file.put(header(originals, [part.told for part in parts]))
            for part in parts:
                if part.claim.has_tree:
                    num_cells += part.write(file.put, watch, num_cells)
    return ValueProofFigures(path=Path(path), num_bytes=file.num_bytes, num_cells=num_cells, num_claims=len(claims))


class _Part:
    """A claim, in the coordinates in which its domain has an interior."""

    def __init__(
        self, networks: Sequence[Network], originals: Sequence[Network], outer: Slice | None, claim: _Claim
    ) -> None:
        self.claim, self._originals = claim, originals
        flat, self.domain = (None, None) if claim.domain is None else reduced(claim.domain)
        joined = networks[0] if len(networks) == 1 else subtract(networks[0], networks[1])
        goals = [goal.primitive() for goal in claim.goals]
        self.network = joined.replace(output=_goals(joined, goals), outputs=())
        self.network = self.network if flat is None else self.network.on(flat)
        self._names = _names_of(networks)
        slice_ = flat if outer is None else outer if flat is None else flat.within(outer)
        dim = self.network.input_dim
        self.space = Space.of(self.domain, dim)
        self.walls = _walls(self.space)
        self.told: dict[str, Any] = {
            "kind": claim.kind,
            "goals": [self._told(goal) for goal in goals],
            "slice": None if slice_ is None else encoded_slice(slice_),
            "walls": [encoded(row) for row in self.walls],
        }
        if claim.kind == "endless" and claim.ray is not None:
            ray = claim.ray
            if flat is not None:
                base = [x for (x,) in flat.base.fractions()]
                ray = flat.coordinates([a + b for a, b in zip(base, claim.ray, strict=True)])
            self.told |= {
                "at": encoded([0, *fractions_over(ray)[1:]]),
                "from": encoded(fractions_over(_inside(self.space))),
            }
        elif claim.point is not None:
            point = claim.point if flat is None else flat.coordinates(claim.point)
            self.told["at"] = encoded(fractions_over(point))

    def _told(self, goal: _Goal) -> list[Any]:
        """Over the inputs of the network that the proof is about, the outputs of it, and those of the other one."""
        minus = [-x for x in goal.outputs] if len(self._originals) > 1 else []
        inputs = goal.inputs if any(goal.inputs) else (Fraction(0),) * self._originals[0].input_dim
        entries = [goal.lead * entry for entry in (-goal.constant, *inputs, *goal.outputs, *minus)]
        over = math.lcm(*(entry.denominator for entry in entries))
        sense = (">" if goal.lead > 0 else "<") + ("" if goal.is_strict else "=")
        return [sense, *encoded([over, *(int(entry * over) for entry in entries)])]

    def write(self, put: Callable[[Any], None], watch: Watch, before: int) -> int:
        """Write the tree; returns its number of cells."""
        networks = [checker.read_network(json_format.write(network)) for network in self._originals]
        is_strict = [goal.is_strict for goal in self.claim.goals]
        wall_names = [-1 - self.walls.index(row) for row in self.space.rows]
        cell = checker.Cell(self.told, networks)
        tree = ValueTree(self.network, self.space, cell, self._names, wall_names, is_strict, put)

        def tell(num_cells: int) -> None:
            stopping.check()
            if (reason := watch.out_of_time(before + num_cells)) is not None:
                raise LimitReachedError(f"the proof was stopped by {reason}, after {before + num_cells:,} cells")

        tree.prove(tell)
        return tree.num_cells


def _names_of(networks: Sequence[Network]) -> list[int]:
    """The checker's names of the units of a network, or of the difference of two in the order of its stages."""
    if len(networks) == 1:
        return list(range(networks[0].num_units))
    one, other = networks
    first = one.num_units + one.output_dim
    names: list[int] = []
    for number in range(1, max(len(one.stages), len(other.stages)) + 1):
        for network, shift in ((one, 0), (other, first)):
            if number <= len(network.stages):
                names += range(shift + network.offsets[number - 1], shift + network.offsets[number])
    return names


def _goals(network: Network, goals: Sequence[_Goal]) -> AffineForm:
    """Goals as an affine form over inputs and units."""
    outputs = RationalMatrix.from_fractions([list(goal.outputs) for goal in goals], network.output_dim)
    inputs = RationalMatrix.from_fractions([list(goal.inputs) for goal in goals], network.input_dim)
    constants = RationalMatrix.from_fractions([[goal.constant] for goal in goals], 1)
    return network.output.map(outputs) + AffineForm(constant=constants, terms={INPUT: inputs})


def _inside(space: Space) -> Point:
    """A point in the interior of a domain."""
    found = Program(rows=(), low=space.low, high=space.high).deepest(_walls(space))
    if found.value <= 0:
        raise DomainError("the domain has no interior, so that nothing is proved of it")
    return found.point


def _walls(space: Space) -> list[tuple[int, ...]]:
    """The bounds of coordinates, also those that follow from other rows, and these rows."""
    rows: list[tuple[int, ...]] = []
    for j, ends in enumerate(zip(space.low, space.high, strict=True)):
        for end, sense in zip(ends, (1, -1), strict=True):
            if end is not None:
                normal = [sense * end.denominator * (i == j) for i in range(space.dim)]
                rows.append((-sense * end.numerator, *normal))
    return [*rows, *space.rows]
