"""The coordinates of vertices and rays, each the double nearest to the exact number.

An engine's coordinates are good to some ten digits and decide nothing. Each generator is the solution of the equations
of the rows that vanish on it. One Newton step from the engine's coordinates, with residuals in pairs of doubles, gives
thirty digits and a proven bound of what they lack: nearly always enough to know the nearest double. What it leaves open
(a coordinate that is 0, say, which no relative bound can tell from a tiny one) is solved over the integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.complex.affine import exact_maps
from relureg.complex.faces import distinct_generators
from relureg.complex.polyhedron import homogeneous_rows, homogeneous_walls
from relureg.engine.records import Generators, Point, Records, freeze
from relureg.errors import CheckFailedError
from relureg.exact.float_matrices import Floats
from relureg.exact.numbers import nearest_double
from relureg.exact.ranges import chunks
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import ROUNDOFF, SLACK, UNDERFLOW, gamma
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.double_double import PairForm, Pairs, is_nearest, two_sum
from relureg.network.evaluation import iter_values
from relureg.network.problem import Problem

_CHUNK_NUMBERS = 1 << 17
"""Numbers in the composed rows of the generators handled at once: temporary arrays of about a
megabyte stay in the processor's caches."""

_STEPS = 2
"""Newton steps: the second one serves generators of which the engine has few digits."""


def with_nearest_coordinates(problem: Problem, records: Records, generators: Generators) -> Generators:
    """The same vertices and rays, with correctly rounded coordinates.

    Those of a ray are of the direction whose largest entry is 1 in size. Infinite beyond the doubles.

    Raises
    ------
    CheckFailedError
        The rows that vanish on a generator do not determine it.
    """
    asked, number = _asked(problem, records, generators)
    system = _System(problem, records)
    with np.errstate(all="ignore"):  # a bound that is NaN or infinite proves nothing
        system.set_axis_walls(asked)
        system.refine(asked)
    system.solve(asked)
    coordinates = np.zeros_like(generators.coordinates)
    coordinates[:, problem.essential_inputs] = asked.x[number]
    result = replace(generators, coordinates=coordinates)
    freeze(result)
    return result


def _vanishing_rows(
    records: Records, generators: Generators, owner: NDArray[np.int64], chosen: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(n, W + N): the rows that vanish on some generators, but not on the whole region."""
    packed = np.ascontiguousarray(generators.zeros[chosen].astype("<u8")).view(np.uint8)
    rows = np.unpackbits(packed, axis=1, count=generators.num_rows, bitorder="little").astype(np.bool_)
    everywhere = np.unpackbits(records.vanishing[owner], axis=1, count=records.num_units, bitorder="little")
    rows[:, generators.num_rows - records.num_units :] &= everywhere == 0
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Generators:
    """n generators in the r essential coordinates; `x` and `known` are filled in as they are found."""

    region: NDArray[np.int64]
    is_ray: NDArray[np.bool_]
    rows: NDArray[np.bool_]
    """(n, W + N)."""
    x: Floats
    """(n, r)."""
    known: NDArray[np.bool_]
    """(n, r): whether the coordinate is proved to be the nearest double."""

    @property
    def open(self) -> NDArray[np.intp]:
        """Those with a coordinate that is not proved."""
        return np.flatnonzero(~self.known.all(axis=1))


class _System:
    """The equations that determine generators: rows of the domain, then units as they are affine on a region."""

    def __init__(self, problem: Problem, records: Records) -> None:
        self._problem, self._records, self._dim = problem, records, problem.essential_dim
        self._walls, self._stages = (
            [PairForm.of(_on_inputs(form, problem.essential_inputs)) for form in forms]
            for forms in (problem.walls, problem.network.forms[:-1])
        )
        # A parameter's rounding, a product's, the sum's and two more, on the way through all stages.
        roundings = sum(form.num_products + len(form.matrices) + 4 for form in [*self._walls, *self._stages])
        self._gamma = gamma(roundings) * SLACK

    # -- coordinates that the domain fixes ---------------------------------------------------------

    def set_axis_walls(self, generators: _Generators) -> None:
        """Set the coordinates of generators on walls that bound one input alone, as those of a box do."""
        domain = self._problem.domain
        if domain is None:
            return
        normals = domain.normals.columns(list(self._problem.essential_inputs)).fractions()
        for wall, (row, (constant,)) in enumerate(zip(normals, domain.constants.fractions(), strict=True)):
            axes = [axis for axis, entry in enumerate(row) if entry]
            if len(axes) == 1:
                on = np.flatnonzero(generators.rows[:, wall])
                value = nearest_double(-constant / row[axes[0]])
                generators.x[on, axes[0]] = np.where(generators.is_ray[on], 0.0, value + 0.0)
                generators.known[on, axes[0]] = True

    # -- in pairs of doubles -----------------------------------------------------------------------

    def refine(self, generators: _Generators) -> None:
        """Newton steps; what they prove is known from then on."""
        for _ in range(_STEPS):
            for chosen in self._open_generators(generators):
                signs = self._records.signs_of(generators.region[chosen])
                y = np.concatenate([~generators.is_ray[chosen, None], generators.x[chosen]], axis=1).astype(np.float64)
                values = self._values(y, signs)
                regions, place = np.unique(generators.region[chosen], return_inverse=True)
                matrix, off = self._matrices(self._records.signs_of(regions))
                for mine, rows in _alike(generators.rows[chosen]):
                    at, here = (mine[:, None], rows), (place[mine][:, None], rows)
                    unknown = _unknown(generators, chosen[mine])
                    residual, error = values.high[at], values.error[at] + ROUNDOFF * np.abs(values.high[at])
                    _take(generators, chosen[mine], unknown, *_step(matrix[here], off[here], residual, error, unknown))

    def _open_generators(self, generators: _Generators) -> Iterator[NDArray[np.intp]]:
        """Open generators that have more than one coordinate to be found, some at once."""
        undone = generators.open
        size = max(1, _CHUNK_NUMBERS // max(1, generators.rows.shape[1] * (self._dim + 1)))
        return (undone[chunk] for chunk in chunks(len(undone), size))

    def _values(self, y: Floats, signs: NDArray[np.int8]) -> Pairs:
        """(k, W + N): the values of all rows at points or along directions, as they are affine on a region."""
        inputs = Pairs.of(y[:, 1:])
        stages = iter_values(
            self._stages,
            inputs,
            lambda form, sources: form(y[:, 0], sources),
            lambda stage, z: z.where(signs[:, self._problem.network.units_of(stage)] > 0),
        )
        walls = [form(y[:, 0], {INPUT: inputs}) for form in self._walls]
        return Pairs.concatenate([*walls, *stages], axis=1)

    def _matrices(self, signs: NDArray[np.int8]) -> tuple[Floats, Floats]:
        """(k, W + N, r): the matrices of all rows on regions, in doubles, and bounds of their errors."""
        identity = np.broadcast_to(np.eye(self._dim), (len(signs), self._dim, self._dim))
        inputs = np.stack([identity, identity])
        stages = iter_values(
            self._stages,
            inputs,
            _composed,
            lambda stage, z: np.where(signs[:, self._problem.network.units_of(stage), None] > 0, z, 0.0),
        )
        walls = [_composed(form, {INPUT: inputs}) for form in self._walls]
        matrix, size = np.concatenate([*walls, *stages], axis=2)
        return matrix, size * self._gamma + UNDERFLOW

    # -- over the integers -------------------------------------------------------------------------

    def solve(self, generators: _Generators) -> None:
        """Solve exactly for the generators that are still open, in place."""
        for one, scale, vector in _solutions(self._problem, self._records, generators, generators.open):
            if generators.is_ray[one]:
                pivot = int(np.argmax(np.abs(generators.x[one])))
                turn = 1 if (vector[pivot] > 0) == (generators.x[one, pivot] > 0) else -1
                scale = turn * max(map(abs, vector))
            generators.x[one] = [nearest_double(Fraction(entry, scale)) for entry in vector]
            generators.known[one] = True


def exact_vertices(problem: Problem, records: Records, generators: Generators) -> tuple[list[Point], NDArray[np.int64]]:
    """The distinct vertices of bounded regions, exactly, and which of them each generator is.

    Returns
    -------
    points : list of V points in all d inputs; 0 in the inputs that are not essential
    numbers : (G,)
        Into `points`, which are in the order of their sign vectors, as those of `Faces` are.

    Raises
    ------
    CheckFailedError
        The rows that vanish on a vertex do not determine it.
    """
    asked, number = _asked(problem, records, generators)
    points: list[Point] = [()] * len(asked.region)
    for one, scale, vector in _solutions(problem, records, asked, np.arange(len(points))):
        point = [Fraction(0)] * problem.network.input_dim
        for axis, entry in zip(problem.essential_inputs, vector, strict=True):
            point[axis] = Fraction(entry, scale)
        points[one] = tuple(point)
    return points, number


def _asked(problem: Problem, records: Records, generators: Generators) -> tuple[_Generators, NDArray[np.int64]]:
    """The distinct generators, and the number of each generator among these."""
    first, number = distinct_generators(records, generators)
    owner = np.repeat(np.arange(generators.num_regions), np.diff(generators.starts))[first]
    return _Generators(
        region=owner,
        is_ray=generators.is_ray[first],
        rows=_vanishing_rows(records, generators, owner, first),
        x=generators.coordinates[first][:, problem.essential_inputs],
        known=np.zeros((len(first), problem.essential_dim), dtype=np.bool_),
    ), number


def _solutions(
    problem: Problem, records: Records, generators: _Generators, chosen: NDArray[np.intp]
) -> Iterator[tuple[int, int, list[int]]]:
    """For each of the chosen generators its number and, over the integers, homogeneous essential coordinates."""
    walls, essential = homogeneous_walls(problem), problem.essential_inputs
    region = -1
    for one in chosen[np.argsort(generators.region[chosen], kind="stable")].tolist():
        if generators.region[one] != region:
            region = int(generators.region[one])
            maps, _ = exact_maps(problem.network, records.signs_of(np.array([region]))[0])
            every = [*walls, *homogeneous_rows(maps.constant, maps.matrix, essential)]
        rows = [list(every[row]) for row in np.flatnonzero(generators.rows[one]).tolist()]
        if generators.is_ray[one]:
            rows.append([1, *(0 for _ in essential)])
        kernel = RationalMatrix.from_fractions(rows, len(essential) + 1).kernel().numerators.tolist()
        if len(kernel) != 1 or (kernel[0][0] == 0) != generators.is_ray[one]:
            raise CheckFailedError(f"the rows that vanish on a generator of region {region} do not determine it")
        scale, *vector = kernel[0]
        yield one, scale, vector


def _composed(form: PairForm, sources: Mapping[int, Floats]) -> Floats:
    """(2, k, n, r): the matrices of a form on regions, in doubles, and the same sums over absolute values."""
    _, count, _, dim = sources[INPUT].shape
    composed = np.zeros((2, count, len(form.constant[0]), dim))
    for source, (matrix, _) in form.matrices.items():
        composed[0] += _times(matrix, sources[source][0])
        composed[1] += _times(abs(matrix), sources[source][1])
    return composed


def _times(matrix: Any, values: Floats) -> Floats:
    """A matrix, dense or sparse, times each of (k, size, r)."""
    if isinstance(matrix, np.ndarray):
        return np.asarray(matrix @ values)
    return np.stack([np.asarray(matrix @ value) for value in values])


def _on_inputs(form: AffineForm, essential: Sequence[int]) -> AffineForm:
    """A form over the input in the essential inputs alone."""
    terms = {s: m.columns(np.array(essential, dtype=np.intp)) if s == INPUT else m for s, m in form.terms.items()}
    return AffineForm(constant=form.constant, terms=terms)


def _alike(rows: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Generators with equally many rows (k,), and the rows of each (k, m)."""
    counts = rows.sum(axis=1)
    for count in np.unique(counts).tolist():
        mine = np.flatnonzero(counts == count)
        yield mine, np.nonzero(rows[mine])[1].reshape(len(mine), count)


def _unknown(generators: _Generators, chosen: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(k, r): the coordinates to be solved for: all of a vertex, all but the largest of a ray."""
    unknown = np.ones((len(chosen), generators.x.shape[1]), dtype=np.bool_)
    rays = np.flatnonzero(generators.is_ray[chosen])
    unknown[rays, np.argmax(np.abs(generators.x[chosen[rays]]), axis=1)] = False
    return unknown


def _step(
    matrix: Floats, off: Floats, values: Floats, error: Floats, unknown: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """A Newton step for k systems ``A (x + d) + c = 0`` in r unknowns, and a bound of what it misses.

    With any R, the true step d* is ``-R z + (I - R A) d*`` for the residuals ``z = A x + c``. So it differs from
    ``d = -R z`` by at most ``g / (1 - g) ||R z||`` in the maximum norm, where g bounds ``||I - R A||``, besides what
    the errors of z make of it.

    Parameters
    ----------
    matrix, off : (k, m, r)
        A in doubles, and a bound of its error.
    values, error : (k, m)
        z likewise.
    unknown : (k, r)
        The other coordinates stay.

    Returns
    -------
    (k, r), (k, r)
        The second is NaN or infinite where nothing is proved.
    """
    matrix, off = np.where(unknown[:, None], matrix, 0.0), np.where(unknown[:, None], off, 0.0)
    # Rows of about equal size, by powers of two.
    _, exponent = np.frexp(np.abs(matrix).max(axis=2, initial=0.0))
    matrix, off = np.ldexp(matrix, -exponent[:, :, None]), np.ldexp(off, -exponent[:, :, None])
    values, error = np.ldexp(values, -exponent), np.ldexp(error, -exponent)
    good = np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(values).all(axis=1)
    inverse = np.zeros((len(matrix), matrix.shape[2], matrix.shape[1]))
    inverse[good] = np.linalg.pinv(matrix[good])
    identity = np.where(unknown[:, :, None], np.eye(matrix.shape[2]), 0.0)
    rounding = (matrix.shape[1] + 3) * ROUNDOFF
    # UNDERFLOW also covers what the scaling by powers of two took from tiny numbers.
    away = np.abs(identity - inverse @ matrix) + np.abs(inverse) @ (off + rounding * np.abs(matrix) + UNDERFLOW)
    contraction = away.sum(axis=2).max(axis=1, initial=0.0) * SLACK
    step = -(inverse @ values[:, :, None])[:, :, 0]
    missed = (np.abs(inverse) @ (error + rounding * np.abs(values) + UNDERFLOW)[:, :, None])[:, :, 0]
    norm = (np.abs(step) + missed).max(axis=1, initial=0.0)
    share = np.where(good & (contraction < 0.5), contraction / (1 - contraction) * norm, np.nan)
    return step, (missed + share[:, None]) * SLACK


def _take(
    generators: _Generators, chosen: NDArray[np.intp], unknown: NDArray[np.bool_], step: Floats, bound: Floats
) -> None:
    """Add a step; a coordinate is known where the bound lets only one double be the nearest."""
    nearest, rest = two_sum(generators.x[chosen], step)
    known = is_nearest(nearest, rest, bound)
    # Beside the entry of a ray that is 1, none may be larger: where that is not plain, integers decide.
    within = ~generators.is_ray[chosen, None] | (np.abs(nearest) < 1)
    better = unknown & within & np.isfinite(bound) & ~generators.known[chosen]
    generators.x[chosen] = np.where(better, nearest, generators.x[chosen])
    generators.known[chosen] |= (known & within) | ~unknown
