"""One region as a polyhedron, exactly: its irredundant inequalities, its vertices and its rays.

Everything follows from the network, the region's signs and the list of its facets, by exact arithmetic in Python. No
engine is asked, so that what an engine says of its cells can be compared with this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import and_

import numpy as np
from numpy.typing import NDArray

from relureg.complex.affine import AffineMap, exact_maps
from relureg.complex.facets import facet_units
from relureg.engine.records import Generators, Records, freeze
from relureg.errors import CheckFailedError
from relureg.exact.double_description import Ray, Row, dot, extreme_rays
from relureg.exact.numbers import nearest_double
from relureg.exact.rational import RationalMatrix
from relureg.frozen import Frozen
from relureg.network.problem import Problem
from relureg.words import plural


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Polyhedron(Frozen):
    """A closed region of R^d, by its F facets and by its generators.

    It is ``{x : inequalities.matrix @ x + inequalities.constant >= 0}``, and also the convex hull of `vertices`, plus
    all non-negative combinations of `rays`, plus the span of `lines`. Matrices are exact; ``.floats`` rounds them,
    ``.fractions()`` lists them.
    """

    inequalities: AffineMap
    """(F, d) and (F, 1), none of them redundant: pre-activations, turned to be positive inside; then rows of the
    domain."""
    facet_units: tuple[tuple[int, ...], ...]
    """The units that vanish on each facet."""
    facet_walls: tuple[int | None, ...]
    """The row of the domain that each facet lies on; None for one shared with another region."""
    vertices: RationalMatrix
    """(V, d), ascending; 0 in the inputs that are not essential."""
    rays: RationalMatrix
    """(Q, d), coprime integers, ascending."""
    lines: RationalMatrix
    """(d - r, d): a basis of the directions along which the whole complex is invariant."""
    incidence: NDArray[np.bool_]
    """(V + Q, F): whether each vertex, then each ray, lies on each facet."""

    @property
    def is_bounded(self) -> bool:
        """Whether it is bounded in the input space."""
        return not self.rays.shape[0] and not self.lines.shape[0]

    def __repr__(self) -> str:
        (vertices, dim), rays, lines = self.vertices.shape, self.rays.shape[0], self.lines.shape[0]
        parts = [plural(len(self.facet_units), "facet"), plural(vertices, "vertex"), plural(rays, "ray")]
        return f"<Polyhedron in R^{dim}: {', '.join(parts + ([plural(lines, 'line')] if lines else []))}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cone:
    """A region in homogeneous essential coordinates (y_0, y)."""

    maps: AffineMap
    """Of all units, in all inputs."""
    inner: tuple[tuple[int, int], ...]
    """For each facet shared with another region a unit that vanishes there and its sign inside."""
    walls: tuple[Row, ...]
    """Of the domain: affine functions with coprime integers, constants first."""
    rays: tuple[Ray, ...]
    """Vertices first, then those at infinity."""
    zeros: tuple[int, ...]
    """For each ray, bit i: row i vanishes on it, walls counted before units; then a bit for infinity."""


def polyhedron(problem: Problem, records: Records, region: int) -> Polyhedron:
    """One region, as a polyhedron.

    Raises
    ------
    CheckFailedError
        The facets that the records list do not bound a region.
    """
    network = problem.network
    cone = _cone(problem, records, region)
    walls = _bounding_walls(cone, problem.essential_dim)
    if len(walls) != int(records.facet_on_boundary[_facet_rows(records, region)].sum()):
        raise CheckFailedError(f"region {region} has other facets on the domain's boundary than the records say")
    bounding = [len(cone.walls) + unit for unit, _ in cone.inner] + walls
    incidence = np.array([[bool(zeros >> row & 1) for row in bounding] for zeros in cone.zeros], dtype=np.bool_)
    incidence = incidence.reshape(len(cone.rays), len(bounding))
    num_vertices = sum(ray.vector[0] > 0 for ray in cone.rays)
    points = _in_all_inputs(cone.rays, problem)
    result = Polyhedron(
        inequalities=_inequalities(cone, problem, walls),
        facet_units=tuple(_units_on(cone, on_facet, network.num_units) for on_facet in incidence.T),
        facet_walls=(*(None for _ in cone.inner), *walls),
        vertices=points.rows(slice(None, num_vertices)),
        rays=points.rows(slice(num_vertices, None)),
        lines=problem.input_rows.kernel(),
        incidence=incidence,
    )
    freeze(result)
    return result


def bounding_walls(problem: Problem, records: Records, region: int) -> list[int]:
    """The rows of the domain that carry a facet of a region, one for each such facet, ascending."""
    return _bounding_walls(_cone(problem, records, region), problem.essential_dim)


def derive_generators(problem: Problem, records: Records) -> Generators:
    """The vertices and rays of all listed regions; slow, where an engine can tell them. Raises as `polyhedron` does."""
    words = problem.num_rows // 64 + 1
    counts, coordinates, zeros = [0], [], []
    for region in range(records.num_regions):
        cone = _cone(problem, records, region)
        points = _in_all_inputs(cone.rays, problem)
        counts.append(len(cone.rays))
        coordinates += [_direction(row) if not ray.vector[0] else [nearest_double(x) for x in row]
                        for ray, row in zip(cone.rays, points.fractions(), strict=True)]  # fmt: skip
        zeros += [[mask >> 64 * word & (1 << 64) - 1 for word in range(words)] for mask in cone.zeros]
    generators = Generators(
        num_rows=problem.num_rows,
        starts=np.cumsum(counts),
        coordinates=np.array(coordinates, dtype=np.float64).reshape(-1, problem.network.input_dim),
        zeros=np.array(zeros, dtype=np.uint64).reshape(-1, words),
    )
    freeze(generators)
    return generators


def _cone(problem: Problem, records: Records, region: int) -> _Cone:
    signs = records.signs_of(np.array([region]))[0]
    maps, _ = exact_maps(problem.network, signs)
    essential = problem.essential_inputs
    units = homogeneous_rows(maps.constant, maps.matrix, essential)
    walls = homogeneous_walls(problem)
    inner = inner_facets(records, region, signs)
    infinity = (1, *(0 for _ in essential))
    try:
        rays = extreme_rays(
            [infinity, *(tuple(sign * entry for entry in units[unit]) for unit, sign in inner), *walls],
            len(essential) + 1,
        )
    except ValueError as error:
        raise CheckFailedError(f"the facets of region {region} leave a line in it") from error
    rays.sort(key=_place)
    every = [*walls, *units, infinity]
    zeros = [sum(1 << i for i, row in enumerate(every) if not dot(row, ray.vector)) for ray in rays]
    return _Cone(maps=maps, inner=tuple(inner), walls=walls, rays=tuple(rays), zeros=tuple(zeros))


def inner_facets(records: Records, region: int, signs: NDArray[np.int8]) -> list[tuple[int, int]]:
    """For each facet shared with another region, in the order of the records, a unit that vanishes there, and its sign.

    Raises
    ------
    CheckFailedError
        No unit that vanishes on a facet has a sign in the region.
    """
    inner = []
    for row in _facet_rows(records, region).tolist():
        if not records.facet_on_boundary[row]:
            unit = next((unit for unit in facet_units(records, row) if signs[unit]), None)
            if unit is None:
                raise CheckFailedError(f"region {region} has a facet on which no unit changes its sign")
            inner.append((unit, int(signs[unit])))
    return inner


def _bounding_walls(cone: _Cone, dim: int) -> list[int]:
    """The rows of the domain that carry a facet, one for each: the generators on it span it."""
    found: dict[tuple[int, ...], int] = {}
    for wall in range(len(cone.walls)):
        on_wall = tuple(i for i, zeros in enumerate(cone.zeros) if zeros >> wall & 1)
        vectors = RationalMatrix.from_fractions([list(cone.rays[i].vector) for i in on_wall], dim + 1)
        if on_wall not in found and vectors.rank() == dim:
            found[on_wall] = wall
    return sorted(found.values())


def _inequalities(cone: _Cone, problem: Problem, walls: list[int]) -> AffineMap:
    inner = cone.maps.rows([unit for unit, _ in cone.inner])
    factors = RationalMatrix.from_fractions([[sign] for _, sign in cone.inner], 1)
    matrices, constants = [inner.matrix.scale_rows(factors)], [inner.constant.scale_rows(factors)]
    if problem.domain is not None:
        matrices.append(problem.domain.normals.rows(walls))
        constants.append(problem.domain.constants.rows(walls))
    dim = problem.network.input_dim
    return AffineMap(matrix=RationalMatrix.vstack(matrices, dim), constant=RationalMatrix.vstack(constants, 1))


def _units_on(cone: _Cone, on_facet: NDArray[np.bool_], num_units: int) -> tuple[int, ...]:
    common = reduce(and_, (zeros for zeros, on in zip(cone.zeros, on_facet.tolist(), strict=True) if on))
    return tuple(unit for unit in range(num_units) if common >> len(cone.walls) + unit & 1)


def _facet_rows(records: Records, region: int) -> NDArray[np.int64]:
    start, stop = np.searchsorted(records.facet_region, [region, region + 1])
    return np.arange(start, stop)


def homogeneous_rows(constants: RationalMatrix, matrix: RationalMatrix, essential: Sequence[int]) -> tuple[Row, ...]:
    """Affine functions as integers, constants first, in the essential inputs; each scaled by a positive number."""
    blocks = [constants, matrix.columns(list(essential))]
    return tuple(RationalMatrix.hstack(blocks, constants.shape[0]).primitive_rows())


def homogeneous_walls(problem: Problem) -> tuple[Row, ...]:
    """The same of the rows of the domain."""
    domain = problem.domain
    return () if domain is None else homogeneous_rows(domain.constants, domain.normals, problem.essential_inputs)


def _in_all_inputs(rays: tuple[Ray, ...], problem: Problem) -> RationalMatrix:
    """Vertices as points, rays as coprime integers; the inputs that are not essential are 0."""
    dim = problem.network.input_dim
    rows = []
    for ray in rays:
        row = [Fraction(0)] * dim
        for axis, entry in zip(problem.essential_inputs, ray.vector[1:], strict=True):
            row[axis] = Fraction(entry, ray.vector[0] or 1)
        rows.append(row)
    return RationalMatrix.from_fractions(rows, dim)


def _place(ray: Ray) -> tuple[bool, tuple[Fraction, ...]]:
    """Vertices before rays, each ascending."""
    return not ray.vector[0], tuple(Fraction(entry, ray.vector[0] or 1) for entry in ray.vector[1:])


def _direction(row: list[Fraction]) -> list[float]:
    largest = max(map(abs, row))
    return [nearest_double(entry / largest) for entry in row]
