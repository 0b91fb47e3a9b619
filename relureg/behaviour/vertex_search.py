"""The maximum of an output by its values at the vertices of all regions: for few inputs, where bounds close little.

The splitter hands the regions over as it finds them, and none is kept. Values at vertices are found in doubles, whose
error is bounded for all of them at once; the few regions that may hold the maximum are solved as exact programs.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from relureg.behaviour.affine_pieces import affine_piece, walls_of
from relureg.behaviour.incumbent import Point
from relureg.behaviour.optima import Outcome
from relureg.behaviour.programs import Program
from relureg.behaviour.relaxation import Relaxation
from relureg.behaviour.space import Space
from relureg.complex.affine import float_output_maps
from relureg.engine.limits import Watch, Workers
from relureg.engine.records import Generators, Records
from relureg.engine.split import CompiledRun, merge, merge_generators
from relureg.errors import LimitReachedError
from relureg.exact.numbers import nearest_double
from relureg.exact.rounding_bounds import SLACK, UNDERFLOW
from relureg.network.affine_forms import INPUT
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem

MOST_INPUTS = 4
"""Cells in more inputs have many vertices."""


def maximum_at_vertices(
    network: Network, space: Space, watch: Watch, known: tuple[Fraction, Point] | None
) -> tuple[Fraction, Point] | None:
    """The maximum of the one output over a bounded space with an interior, and where it is.

    Parameters
    ----------
    known : (value, point), optional
        What is attained already; it is the answer where nothing is larger.

    Raises
    ------
    LimitReachedError
        A limit was reached; says what is attained.
    """
    problem = Problem(network=network, domain=_domain_of(space))
    error = _error(network, space)
    run = CompiledRun(problem, Workers(), watch, records=True, generators=True)
    best = known
    for chunk in run.chunks():
        records, generators = merge([chunk], problem), merge_generators([chunk], problem)
        uppers = _largest_values(network, records, generators) + error
        for region in np.argsort(-uppers).tolist():
            if best is not None and np.isfinite(uppers[region]) and Fraction(float(uppers[region])) <= best[0]:
                break
            found = _solve(network, space, records, region)
            best = found if best is None or found[0] > best[0] else best
    if run.stopped_by is not None:
        attained = "" if best is None else f": {nearest_double(best[0]):.10g} is attained"
        raise LimitReachedError(f"the search was stopped by {run.stopped_by}{attained}")
    run.figures()
    return best


def _largest_values(
    network: Network, records: Records, generators: Generators
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(R,): the largest value of the output at a vertex of each region, in doubles."""
    counts = np.diff(generators.starts)
    try:
        with np.errstate(all="ignore"):
            matrices, constants = float_output_maps(network, records.signs)
    except OverflowError:  # doubles do not reach: every region is solved
        return np.full(len(counts), np.inf)
    region = np.repeat(np.arange(len(counts)), counts)
    values = np.einsum("vd,vd->v", matrices[region, 0], generators.coordinates) + constants[region, 0]
    largest = np.full(len(counts), -np.inf)
    np.maximum.at(largest, region, values)
    return np.where(np.isnan(largest), np.inf, largest)


def _error(network: Network, space: Space) -> float:
    """By how much a value in doubles can err at a vertex that is rounded: so many units in the sum of all terms."""
    relaxation = Relaxation(network)
    low, high = space.box
    sizes = {INPUT: np.maximum(np.abs(low), np.abs(high))}
    with np.errstate(all="ignore"):
        for number, form in enumerate([*relaxation.stages, relaxation.output], start=1):
            size = np.abs(form.constant) * SLACK
            for source, weights in form.absolute.items():
                size = size + weights @ sizes[source]
            sizes[number] = size * SLACK + UNDERFLOW
        error = float(4 * relaxation.share * sizes[len(relaxation.stages) + 1][0] * SLACK)
    return error if np.isfinite(error) else float("inf")


def _solve(network: Network, space: Space, records: Records, region: int) -> tuple[Fraction, Point]:
    """The maximum on a closed region, exactly."""
    signs = np.where(records.signs_of(np.array([region]))[0] > 0, 1, -1).astype(np.int8)
    rows, _ = walls_of(network, signs, signs)
    piece = affine_piece(network, network.output, signs).rows
    (row,) = (tuple(row) for row in piece.numerators.tolist())
    program = Program(rows=(*space.rows, *rows), low=space.low, high=space.high)
    found = program.maximise(row[1:])
    assert found.outcome is Outcome.OPTIMAL  # bounded, and the region is there
    return (row[0] + found.value) / piece.denominator, found.point


def _domain_of(space: Space) -> Domain:
    """The space as a domain."""
    low = [x for x in space.low if x is not None]
    box = Domain.box(low, [x for x in space.high if x is not None])
    if not space.rows:
        return box
    return box.intersect(Domain.polytope([[-a for a in row[1:]] for row in space.rows], [row[0] for row in space.rows]))
