"""The inequalities of many regions at once, and the affine maps on them: in doubles, or exactly where asked for.

A facet lies on the hyperplane of a unit, or on a row of the domain. What a unit's pre-activation is on a region follows
from the signs of the stages before; for many regions these maps are products of few large matrices.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import index
from relureg.engine.records import Records, freeze
from relureg.errors import CheckFailedError
from relureg.exact.rational import RationalMatrix
from relureg.frozen import Frozen
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network
from relureg.network.problem import Problem

_MOST_NUMBERS = 1 << 16
"""Coefficients of one stage that are held at once, in doubles: few enough for a cache."""
_ONE_THREAD = 1 << 18
"""Multiplications of a product up to which BLAS (OpenBLAS, as NumPy brings it) keeps to one thread."""

ExactRow = tuple[int, ...]
"""An inequality ``a @ x <= b`` as coprime integers: a_1, ..., a_d, b."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Inequalities(Frozen):
    """The inequalities ``A x <= b`` of some regions, a row a facet, none of them redundant.

    Region i of these has the rows ``starts[i]:starts[i + 1]``, in the order of its facets in the records. A unit's row
    is its pre-activation, turned to be positive inside.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
    >>> rows = xor.inequalities()
    >>> rows.of(1)
    (array([[ 1.,  1.],
           [-1., -1.]]), array([0., 1.]))
    >>> xor.inequalities(exact=True).exact[1:3]
    ((1, 1, 0), (-1, -1, 1))
    """

    starts: NDArray[np.int64]
    """(n + 1,)."""
    matrix: NDArray[np.float64]
    """(F, d): A."""
    bounds: NDArray[np.float64]
    """(F,): b."""
    units: NDArray[np.int64]
    """(F,): the unit whose hyperplane carries the facet, the first of several; -1 on the domain's boundary."""
    walls: NDArray[np.int64]
    """(F,): the row of the domain that does, the first of several; -1 where another region lies behind."""
    exact: tuple[ExactRow, ...] | None
    """The same rows as coprime integers a_1, ..., a_d, b, where they were asked for. Then `matrix` and `bounds` are the
    doubles nearest to the exact values; else they are composed in doubles, and rounded with every step."""

    @property
    def num_regions(self) -> int:
        return len(self.starts) - 1

    def of(self, region: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A (rows, d) and b (rows,) of one of these regions, by its place among them."""
        number = index(region, self.num_regions, "region")
        rows = slice(int(self.starts[number]), int(self.starts[number + 1]))
        return self.matrix[rows], self.bounds[rows]

    def __repr__(self) -> str:
        return f"<Inequalities of {self.num_regions:,} regions in R^{self.matrix.shape[1]}: {len(self.bounds):,} rows>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pieces:
    """What a network is on some regions, composed in doubles."""

    rows: NDArray[np.float64] | None
    """(F, d + 1): for each facet an affine function that is positive inside, constant first; None: not asked for."""
    outputs: NDArray[np.float64] | None
    """(n, m, d + 1): the outputs, constants first; None: not asked for."""


def inequalities(
    problem: Problem, records: Records, walls: NDArray[np.integer[Any]], *, exact: bool = False
) -> Inequalities:
    """Those of all regions of the records; `walls` (K,) tells the row of the domain that carries each facet, or -1."""
    units = facet_hyperplanes(records)
    on_boundary = records.facet_on_boundary
    if ((walls >= 0) != on_boundary).any():
        raise CheckFailedError("facets on the domain's boundary and rows of the domain contradict each other")
    integers: tuple[ExactRow, ...] | None = None
    if exact:
        pieces, integers = exact_pieces(problem, records, units, walls, wants_outputs=False)
    else:
        pieces = float_pieces(problem, records, units, walls, wants_outputs=False)
    assert pieces.rows is not None
    return _made(records, units, walls, pieces.rows, integers)


def output_maps(
    problem: Problem, records: Records, *, exact: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrices (n, m, d) and constants (n, m) of the output on all regions of the records; `exact`: rounded once."""
    if exact:
        outputs = exact_pieces(problem, records, None, None, wants_outputs=True)[0].outputs
    else:
        outputs = float_pieces(problem, records, None, None, wants_outputs=True).outputs
    assert outputs is not None
    return outputs[:, :, 1:], outputs[:, :, 0]


def _made(
    records: Records,
    units: NDArray[np.int64],
    walls: NDArray[np.integer[Any]],
    rows: NDArray[np.float64],
    exact: tuple[ExactRow, ...] | None = None,
) -> Inequalities:
    """The record of rows (F, d + 1) that are positive inside, constants first."""
    result = Inequalities(
        starts=np.searchsorted(records.facet_region, np.arange(records.num_regions + 1)).astype(np.int64),
        matrix=0.0 - rows[:, 1:],
        bounds=rows[:, 0] + 0.0,  # no zero is to have a sign
        units=units,
        walls=np.asarray(walls, dtype=np.int64),
        exact=exact,
    )
    freeze(result)
    return result


def facet_hyperplanes(records: Records) -> NDArray[np.int64]:
    """(K,): for each facet the first unit that vanishes there and has a sign inside; -1 on the domain's boundary.

    Raises
    ------
    CheckFailedError
        No unit that vanishes on a facet has a sign in its region.
    """
    lengths = np.diff(records.facet_starts)
    facet = np.repeat(np.arange(len(lengths)), lengths)
    units = records.facet_units.astype(np.int64)
    region = records.facet_region[facet]
    vanishes = records.vanishing[region, units // 8] >> (units % 8).astype(np.uint8) & 1
    entries = np.flatnonzero((vanishes == 0) & ~records.facet_on_boundary[facet])
    is_first = np.ones(len(entries), dtype=np.bool_)
    is_first[1:] = facet[entries[1:]] != facet[entries[:-1]]
    first = entries[is_first]
    found = np.full(len(lengths), -1, dtype=np.int64)
    found[facet[first]] = units[first]
    if ((found < 0) & ~records.facet_on_boundary).any():
        raise CheckFailedError("a region has a facet on which no unit changes its sign")
    return found


def float_pieces(
    problem: Problem,
    records: Records,
    units: NDArray[np.int64] | None,
    walls: NDArray[np.integer[Any]] | None,
    *,
    wants_outputs: bool,
) -> Pieces:
    """Rows of facets, where `units` and `walls` are given, and outputs, composed in doubles."""
    network, count = problem.network, records.num_regions
    dim, widest = network.input_dim, max([1, network.output_dim, *network.widths])
    step = max(1, _MOST_NUMBERS // ((dim + 1) * widest))
    rows = None if units is None else np.empty((len(units), dim + 1))
    outputs = np.empty((count, network.output_dim, dim + 1)) if wants_outputs else None
    if rows is not None and walls is not None and problem.domain is not None:
        on_wall = np.flatnonzero(walls >= 0)
        rows[on_wall, 0] = problem.domain.constants.floats[walls[on_wall], 0]
        rows[on_wall, 1:] = problem.domain.normals.floats[walls[on_wall]]
    ends = np.searchsorted(records.facet_region, np.arange(0, count + step, step)).tolist()
    for number, first in enumerate(range(0, count, step)):
        maps = _Maps(network, records.signs_of(slice(first, first + step)))
        if rows is not None and units is not None:
            facets = slice(ends[number], ends[number + 1])
            _fill_rows(rows[facets], maps, records.facet_region[facets] - first, units[facets])
        if outputs is not None:
            outputs[first : first + step] = maps.outputs()
    return Pieces(rows=rows, outputs=outputs)


def _fill_rows(rows: NDArray[np.float64], maps: _Maps, regions: NDArray[np.int64], units: NDArray[np.int64]) -> None:
    """Write the rows of facets that lie on hyperplanes of units, constants first and positive inside."""
    stages = np.searchsorted(maps.network.offsets, units, side="right")  # counted from 1; 0 on the boundary
    for stage in range(1, int(stages.max(initial=0)) + 1):
        own = np.flatnonzero(stages == stage)
        region, unit = regions[own], units[own]
        value = maps.stage(stage)[maps.runs[stage][region], :, unit - maps.network.offsets[stage - 1]]
        rows[own] = value * maps.signs[region, unit, None]


class _Maps:
    """Pre-activations of some regions as affine functions of the input, stage by stage, constants first.

    What a stage is depends on the signs of the stages before. Regions come with those together that share them, as the
    search finds them or in the order of their sign vectors; of each such run, a stage is composed once.
    """

    def __init__(self, network: Network, signs: NDArray[np.int8]) -> None:
        self.network, self.signs = network, signs
        self.runs: dict[int, NDArray[np.int64]] = {}
        """For each stage, counted from 1, which of its values is that of each region (n,)."""
        self._heads: dict[int, NDArray[np.int64]] = {}
        self._sources: dict[int, NDArray[np.float64]] = {}
        self._values: list[NDArray[np.float64]] = []
        starts = np.zeros(len(signs), dtype=np.bool_)
        starts[:1] = True
        self._begin(1, starts)
        self._starts = starts

    def stage(self, number: int) -> NDArray[np.float64]:
        """(runs, d + 1, units): the values of a stage."""
        while len(self._values) < number:
            self._add_stage()
        return self._values[number - 1]

    def outputs(self) -> NDArray[np.float64]:
        """(n, m, d + 1)."""
        last = len(self.network.widths)
        if last:
            self.stage(last)
        self._enter(last)
        return self._affine(self.network.output, last + 1)[self.runs[last + 1]].transpose(0, 2, 1)

    def _add_stage(self) -> None:
        number = len(self._values) + 1
        self._enter(number - 1)
        self._values.append(self._affine(self.network.stages[number - 1].pre_activation, number))

    def _enter(self, number: int) -> None:
        """The units of a stage, once for each run of regions that share its signs and those before."""
        if not number or number in self._sources:
            return
        signs = self.signs[:, self.network.units_of(number)]
        self._starts[1:] |= (signs[1:] != signs[:-1]).any(axis=1)
        self._begin(number + 1, self._starts)
        heads = self._heads[number + 1]
        before = self._values[number - 1][self.runs[number][heads]]
        self._sources[number] = np.where(signs[heads, None] > 0, before, 0.0)

    def _begin(self, number: int, starts: NDArray[np.bool_]) -> None:
        self.runs[number], self._heads[number] = np.cumsum(starts) - 1, np.flatnonzero(starts)

    def _affine(self, form: AffineForm, number: int) -> NDArray[np.float64]:
        """The value of a form that is read in the runs of a stage."""
        heads = self._heads[number]
        value = np.zeros((len(heads), self.network.input_dim + 1, form.size))
        value[:, 0] = form.constant.floats[:, 0]
        for source, matrix in form.terms.items():
            if source == INPUT:
                value[:, 1:] += matrix.floats.T
                continue
            units = self._sources[source]
            if source + 1 < number:  # of longer runs
                units = units[self.runs[source + 1][heads]]
            value += _product(units.reshape(-1, units.shape[2]), matrix.floats).reshape(value.shape)
        return value


def _product(rows: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """``rows @ matrix.T``, by parts so small that BLAS starts no threads: these wait more than they gain."""
    step = _ONE_THREAD // max(matrix.size, 1)
    if not 16 <= step < len(rows):
        return rows @ matrix.T
    return np.concatenate([rows[first : first + step] @ matrix.T for first in range(0, len(rows), step)])


def exact_pieces(
    problem: Problem,
    records: Records,
    units: NDArray[np.int64] | None,
    walls: NDArray[np.integer[Any]] | None,
    *,
    wants_outputs: bool,
) -> tuple[Pieces, tuple[ExactRow, ...]]:
    """As `float_pieces`, but the doubles nearest to the exact numbers; and the rows of facets as integers."""
    network, domain = problem.network, problem.domain
    dim, count = network.input_dim, records.num_regions
    rows = None if units is None else np.empty((len(units), dim + 1))
    outputs = np.empty((count, network.output_dim, dim + 1)) if wants_outputs else None
    found: list[ExactRow] = []
    of_walls = None if domain is None else RationalMatrix.hstack([domain.constants, domain.normals], domain.num_rows)
    maps = _ExactMaps(network)
    ends = np.searchsorted(records.facet_region, np.arange(count + 1)).tolist()
    for region in range(count):
        signs = records.signs_of(np.array([region]))[0]
        maps.enter(signs)
        if outputs is not None:
            outputs[region] = maps.output().floats
        if rows is None or units is None or walls is None:
            continue
        for facet in range(ends[region], ends[region + 1]):
            unit, wall = int(units[facet]), int(walls[facet])
            if unit >= 0:
                row = maps.unit(unit)
                row = row if signs[unit] > 0 else -row
            else:
                assert of_walls is not None
                row = of_walls.rows([wall])
            rows[facet] = row.floats[0]
            constant, *normal = row.primitive_rows()[0]
            found.append((*(-entry for entry in normal), constant))
    return Pieces(rows=rows, outputs=outputs), tuple(found)


class _ExactMaps:
    """Pre-activations on one region after the other, exactly; what a region shares with the one before is kept."""

    def __init__(self, network: Network) -> None:
        dim = network.input_dim
        self._network = network
        self._one = RationalMatrix.identity(dim + 1).rows([0])
        self._sources = {INPUT: RationalMatrix(np.eye(dim, dim + 1, k=1, dtype=np.int64).astype(object))}
        self._signs: NDArray[np.int8] | None = None
        self._stages: list[RationalMatrix] = []

    def enter(self, signs: NDArray[np.int8]) -> None:
        """Go to the region with these signs (N,)."""
        network, shared = self._network, 0
        if self._signs is not None:
            changed = np.flatnonzero(signs != self._signs)
            shared = bisect_right(network.offsets, int(changed[0])) if len(changed) else len(self._stages)
        self._signs = signs
        for number, form in enumerate(network.forms[:-1], start=1):
            if number > shared:  # some unit of a stage before has another sign
                self._stages[number - 1 :] = [form.evaluate(self._one, self._sources)]
            if number >= shared:
                self._sources[number] = self._stages[number - 1].masked_rows(signs[network.units_of(number)] > 0)

    def unit(self, unit: int) -> RationalMatrix:
        """(1, d + 1): the pre-activation of a unit, constant first."""
        stage = bisect_right(self._network.offsets, unit) - 1
        return self._stages[stage].rows([unit - self._network.offsets[stage]])

    def output(self) -> RationalMatrix:
        """(m, d + 1)."""
        return self._network.output.evaluate(self._one, self._sources)
