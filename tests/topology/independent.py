"""Betti numbers by another way: no face of relureg's, no cut, no orientation, and GUDHI's simplex tree.

The network's own complex is cut off by a box around all vertices, and triangulated by pulling: each polytope is the
join of its first vertex with the triangulated faces that do not contain it; here by sets of corners, and for the
largest networks by arrays and the triangulation that persistence has. An output f is affine on each simplex, so
``{f >= c}`` retracts to the simplices whose corners are in it, and ``{f > c}`` likewise; for ``{f = c}`` the network
gets a unit more, so that no simplex has corners on both sides. With the point at infinity what lies on the boundary of
the box is joined with a further corner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import gudhi
import numpy as np
from numpy.typing import NDArray

import relureg
from relureg import Complex, Domain, Network
from relureg.complex.coordinates import exact_vertices
from relureg.complex.triangulation import triangulate
from relureg.exact.rational import RationalMatrix
from relureg.network.model import Stage

Point = tuple[Fraction, ...]
Simplex = tuple[int, ...]


class Triangulation:
    """The triangulated complex of a network in a box that holds every vertex of the complex cut along a level."""

    def __init__(self, network: Network, output: int, level: Fraction, domain: Domain | None = None) -> None:
        cut = relureg.decision_topology(network, domain, output=output, level=level).cells
        reach = 4 * farthest(cut) + 10
        box = Domain.box([-reach] * network.input_dim, [reach] * network.input_dim)
        self.cells = relureg.enumerate_regions(network, box if domain is None else box.intersect(domain))
        points = self._triangulate(reach)
        self.values = [network.exact_output(point)[output] - level for point in points]

    def _triangulate(self, reach: int) -> Iterable[Point]:
        """Find the simplices; gives the vertices, in the order of their numbers."""
        self.number: dict[Point, int] = {}
        self.simplices: set[Simplex] = set()
        self.far: set[Simplex] = set()
        """Simplices on the sides of the box."""
        for region in range(self.cells.num_regions):
            self._add(region, reach)
        return self.number

    def _add(self, region: int, reach: int) -> None:
        polytope = self.cells.polyhedron(region)
        points = [tuple(row) for row in polytope.vertices.fractions()]
        numbers = [self.number.setdefault(point, len(self.number)) for point in points]
        facets = [frozenset(np.array(numbers)[on].tolist()) for on in polytope.incidence.T]
        by_number = dict(zip(numbers, points, strict=True))
        for simplex in pulled(frozenset(numbers), facets):
            self.simplices.add(simplex)
            if any(set(axis) in ({reach}, {-reach}) for axis in zip(*(by_number[i] for i in simplex), strict=True)):
                self.far.add(simplex)

    def betti(self, holds: Callable[[Fraction], bool], *, compactified: bool = False, modulus: int = 2) -> list[int]:
        """(d + 1,): of the simplices at whose corners the value is on a side."""
        inside = [holds(value) for value in self.values]
        chosen = [simplex for simplex in self.simplices if all(inside[i] for i in simplex)]
        far = [simplex for simplex in self.far if all(inside[i] for i in simplex)] if compactified else []
        return betti_numbers(chosen + [(*simplex, len(inside)) for simplex in far], self.dim, modulus)

    @property
    def dim(self) -> int:
        return self.cells.network.input_dim


class LargeTriangulation(Triangulation):
    """The same by arrays: of a simplex of full dimension the corners on a side are a simplex of the side."""

    def _triangulate(self, reach: int) -> Iterable[Point]:
        points, numbers = exact_vertices(self.cells.problem, self.cells.records, self.cells.incidences)
        self.whole = triangulate(self.cells.incidences, numbers, self.dim).simplices
        """(S, d + 1): of full dimension."""
        ends = [[x == end for x in point for end in (reach, -reach)] for point in points]
        self.is_on_side = np.array(ends).reshape(len(points), 2 * self.dim)
        """(V, 2 d): whether each vertex lies on each side of the box."""
        return points

    def betti(self, holds: Callable[[Fraction], bool], *, compactified: bool = False, modulus: int = 2) -> list[int]:
        inside = np.array([holds(value) for value in self.values])
        tree = gudhi.SimplexTree()
        for corners in self._with_corners_in(inside):
            tree.insert_batch(corners.T, np.zeros(len(corners)))
        for is_on_side in self.is_on_side.T if compactified else ():
            for corners in self._with_corners_in(inside & is_on_side):
                cones = np.insert(corners, corners.shape[1], len(inside), axis=1)
                tree.insert_batch(cones.T, np.zeros(len(cones)))
        return betti_of(tree, self.dim, modulus)

    def _with_corners_in(self, chosen: NDArray[np.bool_]) -> Iterator[NDArray[np.int64]]:
        """Of each simplex that has chosen corners the face that these span, by their number."""
        is_chosen = chosen[self.whole]
        counts = is_chosen.sum(axis=1)
        for count in np.unique(counts[counts > 0]).tolist():
            mine = counts == count
            yield self.whole[mine][is_chosen[mine]].reshape(-1, count)


def sides(
    network: Network,
    output: int,
    level: Fraction,
    domain: Domain | None = None,
    kind: type[Triangulation] = Triangulation,
) -> Iterator[tuple[bool, dict[str, list[int]]]]:
    """The five parts of a level, as `relureg.decision_topology` names them, without and with a point at infinity."""
    whole = kind(network, output, level, domain)
    form = network.output.entries(np.array([output]))
    shifted = type(form)(constant=form.constant - RationalMatrix.from_fractions([[level]], 1), terms=form.terms)
    cut = kind(network.replace(stages=(*network.stages, Stage(pre_activation=shifted))), output, level, domain)
    for compactified in (False, True):
        yield (
            compactified,
            {
                "above": whole.betti(lambda value: value >= 0, compactified=compactified),
                "strictly above": whole.betti(lambda value: value > 0, compactified=compactified),
                "below": whole.betti(lambda value: value <= 0, compactified=compactified),
                "strictly below": whole.betti(lambda value: value < 0, compactified=compactified),
                "boundary": cut.betti(lambda value: value == 0, compactified=compactified),
                "space": whole.betti(lambda value: True, compactified=compactified),
            },
        )


def farthest(cells: Complex) -> int:
    """At least every coordinate of a vertex, in size."""
    nearest = np.abs(cells.vertices).max(initial=1)
    if nearest < 2.0**1000:
        return int(nearest) + 1
    regions = range(cells.num_regions)
    exact = (abs(x) for region in regions for row in cells.polyhedron(region).vertices.fractions() for x in row)
    return int(max(exact)) + 1


def pulled(vertices: frozenset[int], facets: Iterable[frozenset[int]]) -> set[Simplex]:
    """The simplices of all dimensions into which pulling the first vertices cuts a polytope; corners ascend."""
    memory: dict[frozenset[int], set[Simplex]] = {}

    def of(face: frozenset[int], below: list[frozenset[int]]) -> set[Simplex]:
        if face in memory:
            return memory[face]
        if len(face) == 1:
            memory[face] = {tuple(face)}
            return memory[face]
        first = min(face)
        smaller = [part for part in {face & other for other in below} if part and part != face]
        largest = [part for part in smaller if not any(part < other for other in smaller)]
        mine: set[Simplex] = {(first,)}
        for part in largest:
            simplices = of(part, smaller)
            mine |= simplices
            if first not in part:
                mine |= {(first, *simplex) for simplex in simplices}
        memory[face] = mine
        return mine

    return of(vertices, list(facets))


def betti_numbers(simplices: Iterable[Simplex], dim: int, modulus: int = 2) -> list[int]:
    """(d + 1,): by GUDHI."""
    tree = gudhi.SimplexTree()
    for simplex in simplices:
        tree.insert(list(simplex))
    return betti_of(tree, dim, modulus)


def betti_of(tree: gudhi.SimplexTree, dim: int, modulus: int) -> list[int]:
    """(d + 1,): of all that is in a tree."""
    tree.compute_persistence(homology_coeff_field=modulus, persistence_dim_max=True)
    found = tree.betti_numbers()
    return (list(found) + [0] * (dim + 1))[: dim + 1]
