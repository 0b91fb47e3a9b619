"""The referee: activation regions by exact rational linear programming, nothing but the definition.

The units are taken in order. A prefix of signs names an open polyhedron; a linear program over the
rationals decides whether the next unit takes the other sign somewhere in it. Every answer is proved
before it is used: "non-empty" by a point that satisfies the inequalities, "empty" by a Farkas
certificate, both verified in exact arithmetic, so that the solver itself need not be trusted.

The referee shares no code with any other engine. It is slow and short, and judges them all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from operator import mul

import numpy as np

from relureg.engine import proposals
from relureg.engine.gathering import Facet, Region
from relureg.engine.limits import Watch
from relureg.engine.quiet import without_lines
from relureg.engine.records import Point
from relureg.errors import CheckFailedError, DomainError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.packages import needing

_CDDLIB = re.compile(rb"max number \d+ of pivots|\*|dd_|ddf_|DualSimplex|Procedure dd|LP Type|@?input row")
"""How the lines begin that cddlib writes to standard error while it solves a program."""

Row = tuple[int, ...]
"""An affine function ``row[0] + row[1:] . x`` with coprime integer coefficients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """The open polyhedron of a prefix of signs."""

    signs: tuple[int, ...]
    """Of the units so far."""
    rows: tuple[Row, ...]
    """The inequalities ``row > 0`` that cut it out; those that cut nothing off are left out."""
    point: Point
    """A point inside, in the essential inputs."""
    maps: tuple[RationalMatrix, ...]
    """The pre-activations on the cell of each stage entered so far, (n_l, r + 1), constants first."""


def find_regions(problem: Problem, watch: Watch) -> tuple[list[Region], str | None]:
    """The activation regions of a problem, in the order of their sign vectors, and the limit that stopped the search.

    There is one region at least, found or not.

    Parameters
    ----------
    problem : Problem
    watch : Watch
        Where a limit is reached the search ends early; each region listed is proven.

    Raises
    ------
    DomainError
        The domain has no interior.
    MissingPackageError
        pycddlib is not installed.
    CheckFailedError
        The linear programming library gave an answer that does not prove what it claims.
    """
    network, domain, essential = problem.network, problem.domain, list(problem.essential_inputs)
    walls = () if domain is None else _rows(RationalMatrix.hstack(
        [domain.constants, domain.normals.columns(essential)], domain.num_rows))  # fmt: skip
    start = interior_point(walls, len(essential))
    if start is None:
        raise DomainError(
            "the domain has no interior: it is empty or flat; write a flat by equations (two opposite inequalities)"
        )
    # Walls may leave a line, which a cell does not: then they say nothing of it.
    is_confined = domain is not None and (
        domain.is_plainly_bounded or (domain.normals.columns(essential).rank() == len(essential) and is_bounded(walls))
    )
    first_units = np.concatenate([[0], np.cumsum(network.widths)]).tolist()
    stack = [_Cell(signs=(), rows=walls, point=start, maps=())]
    found: list[Region] = []
    while stack:
        cell = stack.pop()
        num_signs = len(cell.signs)
        if num_signs == network.num_units:
            found.append(_region(cell, network.input_dim, essential, walls, is_confined=is_confined))
            if stack and (stopped_by := watch.stopped_by(len(found))) is not None:
                return found, stopped_by
            continue
        if num_signs == first_units[len(cell.maps)]:
            cell = _enter_stage(cell, network, essential)
        stage = len(cell.maps) - 1
        unit = cell.maps[stage].rows([num_signs - first_units[stage]])
        stack.extend(reversed(_split(cell, unit.primitive_rows()[0])))
        if (stopped_by := watch.stopped_by(len(found))) is not None:
            return found, stopped_by
    return found, None


def _enter_stage(cell: _Cell, network: Network, essential: list[int]) -> _Cell:
    """Write the next stage's pre-activations as affine functions of the essential inputs on the cell."""
    r = len(essential)
    one = RationalMatrix.identity(r + 1).rows([0])
    coordinates = RationalMatrix.zeros(network.input_dim, r + 1).numerators.copy()
    coordinates[essential, np.arange(1, r + 1)] = 1
    sources = {INPUT: RationalMatrix(coordinates)}
    first = 0
    for number, pre_activations in enumerate(cell.maps, start=1):
        width = pre_activations.shape[0]
        active = np.array(cell.signs[first : first + width]) > 0
        sources[number] = pre_activations.masked_rows(active)
        first += width
    stage = network.stages[len(cell.maps)]
    maps = (*cell.maps, stage.pre_activation.evaluate(one, sources))
    return _Cell(signs=cell.signs, rows=cell.rows, point=cell.point, maps=maps)


def _split(cell: _Cell, row: Row) -> list[_Cell]:
    """The one or two full-dimensional cells into which the next unit, affine on the cell, divides it."""

    def child(sign: int, rows: tuple[Row, ...], point: Point) -> _Cell:
        return _Cell(signs=(*cell.signs, sign), rows=rows, point=point, maps=cell.maps)

    if not any(row[1:]):
        return [child((row[0] > 0) - (row[0] < 0), cell.rows, cell.point)]
    value = _value(row, cell.point)
    children = []
    for sign in (-1, 1):
        rows = (*cell.rows, tuple(sign * entry for entry in row))
        # The known point serves the side it lies on; only the other side needs a linear program.
        point = cell.point if value * sign > 0 else interior_point(rows, len(cell.point))
        if point is not None:
            children.append(child(sign, rows, point))
    if len(children) == 1:  # not cut: the inequality removes nothing, and would only slow what follows
        return [child(children[0].signs[-1], cell.rows, children[0].point)]
    return children


def _region(cell: _Cell, input_dim: int, essential: list[int], walls: tuple[Row, ...], *, is_confined: bool) -> Region:
    """A cell on which every unit has its sign: find its facets, and whether it is bounded, as all are if confined."""
    units_on: dict[Row, list[int]] = {}
    unit_rows = (row for stage in cell.maps for row in stage.primitive_rows())
    for unit, (sign, row) in enumerate(zip(cell.signs, unit_rows, strict=True)):
        if sign:
            units_on.setdefault(tuple(sign * entry for entry in row), []).append(unit)
    always_zero = [unit for unit, sign in enumerate(cell.signs) if not sign]
    rows = tuple(dict.fromkeys(cell.rows))
    facets = tuple(
        Facet(units=tuple(sorted(units_on.get(row, []) + always_zero)), on_boundary=row in walls)
        for row in rows
        if _is_facet(row, rows)
    )
    centre = interior_point(rows, len(essential), central=True)
    if centre is None:
        raise CheckFailedError("the linear program calls a cell empty in which it had found a point")
    point = [Fraction(0)] * input_dim
    for coordinate, value in zip(essential, centre, strict=True):
        point[coordinate] = value
    return Region(signs=cell.signs, bounded=is_confined or is_bounded(rows), point=tuple(point), facets=facets)


def _is_facet(row: Row, rows: tuple[Row, ...]) -> bool:
    """Whether `row`, one of the distinct rows that cut out a cell with interior, vanishes on a facet.

    It does iff its inequality is irredundant: iff some point violates it alone.
    """
    crossed = tuple(tuple(-entry for entry in other) if other == row else other for other in rows)
    return interior_point(crossed, len(row) - 1) is not None


def interior_point(rows: Sequence[Row], dim: int, *, central: bool = False) -> Point | None:
    """A point with ``row[0] + row[1:] . x > 0`` for all rows, or None where there is none.

    Maximise t subject to ``row[0] + row[1:] . x >= w t`` and ``t <= 1``, with any weights w > 0: the open
    polyhedron is non-empty iff the optimum is positive. A point is checked against every row; "none" is
    checked by the Farkas certificate that the dual solution holds: multipliers y >= 0, not all zero, with
    ``sum y_i row_i[1:] = 0`` and ``sum y_i row_i[0] <= 0``.

    Unit weights are the fastest. With `central` a row weighs as its largest coefficient, which decides
    nothing either but keeps the point well away from the walls.
    """
    if not rows:
        return (Fraction(0),) * dim
    if dim >= proposals.FROM_DIMENSION and (proposed := proposals.propose(rows, dim)) is not None:
        candidate, multipliers = proposed
        if candidate is not None and _is_inside(candidate, rows):
            return candidate
        if candidate is None and not _fault(rows, multipliers):
            return None
    weights = [max(map(abs, row[1:]), default=0) or 1 if central else 1 for row in rows]
    inequalities = [[*row, -weight] for row, weight in zip(rows, weights, strict=True)]
    primal, dual = _maximise([*inequalities, [1] + [0] * dim + [-1]], [0] * (dim + 1) + [1])
    if primal[-1] > 0:
        point = tuple(primal[:-1])
        if not _is_inside(point, rows):
            raise CheckFailedError("a witness point of the linear program violates an inequality")
        return point
    if fault := _fault(rows, [(i, y) for i, y in dual if i < len(rows)]):
        raise CheckFailedError(f"the Farkas certificate of the linear program {fault}")
    return None


def _fault(rows: Sequence[Row], multipliers: Sequence[tuple[int, Fraction]]) -> str:
    """What is wrong with multipliers (row number, y) as a proof that no point has ``row > 0`` for all rows; or ""."""
    if not any(y > 0 for _, y in multipliers) or any(y < 0 for _, y in multipliers):
        return "has a wrong sign"
    constant, *normal = (sum(y * rows[i][j] for i, y in multipliers) for j in range(len(rows[0])))
    return "does not add up" if any(normal) or constant > 0 else ""


def is_bounded(rows: Sequence[Row]) -> bool:
    """Whether the pointed polyhedron with ``rows > 0`` contains no ray.

    A direction v with ``row[1:] . v >= 0`` for all rows that is not 0 has a positive one among them, as
    there is no lineality; scaled, their sum reaches 1. Such a v is checked; that there is none is checked by
    multipliers y > 0 with ``sum y_i row_i[1:] = 0`` (Stiemke), which the dual solution holds as 1 + y_i.
    """
    if not rows:
        return True
    dim = len(rows[0]) - 1
    total = [sum(row[j] for row in rows) for j in range(1, dim + 1)]
    cone = [[0, *row[1:]] for row in rows]
    direction, dual = _maximise([*cone, [1, *(-entry for entry in total)]], [0, *total])
    if any(direction):
        if any(_value((0, *row[1:]), tuple(direction)) < 0 for row in rows):
            raise CheckFailedError("a ray of the linear program leaves the polyhedron")
        return False
    multipliers = [Fraction(1)] * len(rows)
    for i, y in dual:
        if i < len(rows):
            multipliers[i] += y
    if min(multipliers) <= 0 or any(
        sum(y * row[j] for y, row in zip(multipliers, rows, strict=True)) for j in range(1, dim + 1)
    ):
        raise CheckFailedError("the certificate of boundedness of the linear program does not add up")
    return True


def _maximise(inequalities: list[list[int]], objective: list[int]) -> tuple[list[Fraction], list[tuple[int, Fraction]]]:
    """Maximise ``objective[1:] . x`` subject to ``row[0] + row[1:] . x >= 0``, in rational arithmetic.

    Returns an optimal x and the multipliers of the inequalities at the optimum, pairs (index, y) with
    y >= 0 and ``objective[1:] = -sum y * row[1:]``; inequalities left out have y = 0.
    """
    with needing("the engine lp needs pycddlib, and that libcdd-dev and libgmp-dev", "lp"):
        import cdd
        from cdd import gmp
    with without_lines(_CDDLIB):
        program = gmp.linprog_from_matrix(gmp.matrix_from_array(
            inequalities, rep_type=cdd.RepType.INEQUALITY, obj_type=cdd.LPObjType.MAX, obj_func=objective
        ))  # fmt: skip
        # The dual simplex method of cddlib first runs in doubles, and ends the process where these mislead it.
        gmp.linprog_solve(program, solver=cdd.LPSolverType.CRISS_CROSS)
    if program.status != cdd.LPStatusType.OPTIMAL:
        raise CheckFailedError(f"cddlib found no optimum of a bounded linear program ({program.status})")
    return list(program.primal_solution), list(program.dual_solution)


def _rows(matrix: RationalMatrix) -> tuple[Row, ...]:
    return tuple(matrix.primitive_rows())


def _is_inside(point: Point, rows: Sequence[Row]) -> bool:
    """Whether ``row > 0`` at a point for all rows, in integers over the point's common denominator."""
    scale = lcm(*(x.denominator for x in point))
    homogeneous = [scale, *(x.numerator * (scale // x.denominator) for x in point)]
    return all(sum(map(mul, row, homogeneous)) > 0 for row in rows)


def _value(row: Row, point: Point) -> Fraction:
    return sum((a * x for a, x in zip(row[1:], point, strict=True)), Fraction(row[0]))
