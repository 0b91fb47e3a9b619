"""Proofs of Lipschitz constants, as files: the tree of regions, of which none has a Jacobian of a larger norm.

That the constant is no smaller, two points show: the outputs there are so far apart. They lie in one region, one from
the other in a direction in which its Jacobian stretches most.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from relureg.arguments import checked
from relureg.behaviour.lipschitz_constants import LipschitzConstant
from relureg.behaviour.norms import Enclosure
from relureg.complex.complex import Complex
from relureg.engine.limits import Limits, Progress, watching
from relureg.errors import CheckFailedError, UsageError
from relureg.exact.numbers import as_fraction, nearest_double
from relureg.network.model import Network
from relureg.proofs.checker import DUAL, SQUARE
from relureg.proofs.proof_file import header, open_proof
from relureg.proofs.proof_writer import TreeWriter, encoded_slice, settled_units
from relureg.proofs.questions import encoded
from relureg.proofs.rows import Walls, fractions_over
from relureg.proofs.values import ValueProofFigures

Point = tuple[Fraction, ...]
_SHORTEST = 2000
"""Halvings of a step that stays in a region."""


@checked
def write_lipschitz_proof(
    cells: Complex,
    constants: Sequence[LipschitzConstant],
    path: str | Path,
    *,
    p: str = "2",
    q: str = "2",
    slice_of: Network | None = None,
    force: bool = False,
    timeout: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ValueProofFigures:
    """Write a proof of what `lipschitz_constant` or `lipschitz_constants` has found.

    Parameters
    ----------
    cells : Complex
        All regions of the network on the domain that the constants were asked of, by any engine.
    constants : sequence of LipschitzConstant
        One of all outputs, or one of each.
    path : str or Path
        Compressed by gzip, whatever its name.
    p, q : str, optional
        The norms of inputs and outputs.
    slice_of : Network, optional
        The network of which that of `cells` is a slice; the proof is then about that one and the slice.
    force : bool, optional
        Replace a file.
    timeout : float, optional
        Seconds.
    progress : callable, optional
        Called with a `Progress` every now and then.

    Raises
    ------
    UsageError
        Not all regions are there, or constants are not those of all outputs.
    CheckFailedError
        Something that the engine says is not so.
    LimitReachedError
        The time is over; no file is written.
    OutputError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile, relureg
    >>> network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    >>> found, cells = relureg.lipschitz_constant(network, p="inf", q="inf"), relureg.enumerate_regions(network)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_lipschitz_proof(cells, [found], f"{folder}/proof", p="inf", q="inf")
    ...     relureg.check_proof(f"{folder}/proof", network).sentences[1]
    'the Lipschitz constant of y0 from the inf-norm to the inf-norm is 38, in R^2'
    """
    if not cells.complete:
        raise UsageError(f"only a complete complex can be proved, and this one was stopped by {cells.stopped_by}")
    m = cells.network.output_dim
    groups = (
        [list(range(m))] if len(constants) == 1 and constants[0].jacobian.shape[0] == m else [[k] for k in range(m)]
    )
    if [found.jacobian.shape[0] for found in constants] != [len(group) for group in groups]:
        raise UsageError("the constants are not one of all outputs, or one of each")
    about = cells.network if slice_of is None else slice_of
    claims = [_claim(cells, found, group, p, q) for found, group in zip(constants, groups, strict=True)]
    with watching(Limits(timeout=timeout), progress) as watch, open_proof(path, force=force) as file:
        file.put(header([about], claims))
        for claim in claims:
            settled = settled_units(about, claim)
            TreeWriter(cells, file, watch, with_points=False, settled=settled).write()
    count = len(claims) * cells.num_regions
    return ValueProofFigures(path=Path(path), num_bytes=file.num_bytes, num_cells=count, num_claims=len(claims))


def _claim(cells: Complex, found: LipschitzConstant, outputs: list[int], p: str, q: str) -> dict[str, Any]:
    """One constant, with two points that show that it is no smaller."""
    jacobian = found.jacobian.fractions()
    way = _steepest(jacobian, p, q)
    image = [sum((a * x for a, x in zip(row, way, strict=True)), Fraction(0)) for row in jacobian]
    ratio = SQUARE[q](image) / Fraction(SQUARE[p](way))
    low = min(found.value.low, Enclosure.of_root(ratio).low)
    flat = cells.network.slice
    return {
        "kind": "lipschitz",
        "outputs": outputs,
        "norms": [p, q],
        "low": encoded([low.numerator, low.denominator]),
        "high": encoded([found.value.high.numerator, found.value.high.denominator]),
        "slice": None if flat is None else encoded_slice(flat),
        "walls": [encoded(row.integers) for row in Walls(cells.domain).rows],
        "at": [encoded(fractions_over(point)) for point in (found.point, _near(cells, found.point, way))],
    }


def _near(cells: Complex, point: Point, way: Point) -> Point:
    """A point of the same region in a direction."""
    signs = cells.network.exact_signs(point)
    for halvings in range(_SHORTEST):
        there = tuple(x + v / 2**halvings for x, v in zip(point, way, strict=True))
        is_inside = cells.domain is None or cells.domain.has_inside(there)
        if is_inside and (cells.network.exact_signs(there) == signs).all():
            return there
    raise CheckFailedError("a region is too thin for a second point in it; please report the network")


def _steepest(matrix: list[list[Fraction]], p: str, q: str) -> Point:
    """A vector v for which ``|J v|_q / |v|_p`` is the norm of J, or close below it."""
    columns = [list(column) for column in zip(*matrix, strict=True)]
    if len(matrix) == 1 or q == "inf":
        return _along(max(matrix, key=lambda row: SQUARE[DUAL[p]](row)), p)
    if p == "1":
        best = max(range(len(columns)), key=lambda j: SQUARE[q](columns[j]))
        return tuple(Fraction(int(j == best)) for j in range(len(columns)))
    if q == "1" and (p == "2" or len(matrix) <= len(columns)):
        sums = [_signed_sum(matrix, signs) for signs in itertools.product((1, -1), repeat=len(matrix))]
        return _along(max(sums, key=lambda row: SQUARE[DUAL[p]](row)), p)
    if p == "inf":
        every = itertools.product((1, -1), repeat=len(columns))
        signs = max(every, key=lambda signs: SQUARE[q](_signed_sum(columns, signs)))
        return tuple(map(Fraction, signs))
    largest = max((abs(x) for row in matrix for x in row), default=Fraction(0)) or Fraction(1)
    scaled = np.array([[nearest_double(x / largest) for x in row] for row in matrix])
    _, vectors = np.linalg.eigh(scaled.T @ scaled)
    return tuple(as_fraction(x) for x in vectors[:, -1].tolist())


def _along(row: Sequence[Fraction], p: str) -> Point:
    """Where a linear function is largest in a ball."""
    if not any(row):
        row = [Fraction(1)] * len(row)
    if p == "2":
        return tuple(row)
    if p == "inf":
        return tuple(Fraction(1 if x >= 0 else -1) for x in row)
    best = max(range(len(row)), key=lambda j: abs(row[j]))
    return tuple(Fraction(int(j == best)) for j in range(len(row)))


def _signed_sum(vectors: list[list[Fraction]], signs: Sequence[int]) -> list[Fraction]:
    return [
        sum((s * x for s, x in zip(signs, entries, strict=True)), Fraction(0)) for entries in zip(*vectors, strict=True)
    ]
