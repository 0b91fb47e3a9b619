"""Checks by which the topology of a decision proves itself; a failed one means a defect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from relureg.complex.checks import Check
from relureg.complex.complex import Complex
from relureg.complex.graph.region_graph import RegionGraph
from relureg.engine.records import Records
from relureg.exact.ranges import ranges
from relureg.topology.decision import BOUNDARY, Decision, Selection
from relureg.topology.face_complex import FaceComplex
from relureg.topology.homology import Homology, Infinity, alternating, chain_ranks

Unions = Sequence[tuple[Selection, Homology]]
"""Parts of a complex with their homology."""


def check_topology(
    cells: Complex, decision: Decision, faces: FaceComplex, unions: Unions, infinity: Infinity
) -> tuple[Check, ...]:
    """All of them; `unions` ends with the whole space."""
    return (
        characteristic(unions),
        space(cells, faces, unions[-1][1], infinity),
        alexander(cells, faces, unions, infinity),
        components(cells, decision, unions, infinity),
    )


def characteristic(unions: Unions) -> Check:
    """The faces of each part alternate to the same number as its Betti numbers do, modulo 2 and rational."""
    for union, found in unions:
        for betti in (found.modulo_2, found.rational):
            if found.euler != alternating(betti):
                detail = f"{union.name}: {found.euler} of faces, {alternating(betti)} of Betti numbers"
                return Check(name="characteristic", passed=False, detail=detail)
    told = ", ".join(f"{union.name} {found.euler}" for union, found in unions[:6])
    return Check(name="characteristic", passed=True, detail=told + (", ..." if len(unions) > 6 else ""))


def space(cells: Complex, faces: FaceComplex, found: Homology, infinity: Infinity) -> Check:
    """All faces together have the homology of a point: a domain is convex. With a point at infinity, that of a sphere
    of as many dimensions as the domain contains lines, where it is bounded but for these.
    """
    domain, dim = cells.domain, cells.network.input_dim
    expected = [0] * (dim + 1)
    expected[0] = 1
    if infinity is Infinity.COMPACTIFIED:
        rank = 0 if domain is None else domain.normals.rank()
        if rank == faces.dim and rank:
            expected[dim - rank] += bool(faces.is_bounded.all()) and rank < dim
        elif domain is not None and rank < dim:
            return Check(name="space", passed=None, detail="the domain contains lines that the complex does not")
        elif not rank:
            expected[dim] += 1
    passed = list(found.modulo_2) == expected == list(found.rational)
    return Check(name="space", passed=passed, detail=f"{_listed(found.modulo_2)} = {_listed(expected)}")


def alexander(cells: Complex, faces: FaceComplex, unions: Unions, infinity: Infinity) -> Check:
    """Alexander duality: what the boundary leaves open has the reduced homology that the boundary has in the degrees
    d - 1 - i; either the one or the other with the point at infinity.
    """
    if infinity is Infinity.BOUNDED:
        return Check(name="alexander", passed=None, detail="the bounded faces alone are no manifold")
    if infinity is Infinity.COMPACTIFIED and cells.domain is not None:
        return Check(name="alexander", passed=None, detail="compactified, for the whole space")
    r, dim = faces.dim, cells.network.input_dim
    (boundary,) = (union for union, _ in unions if union.name == BOUNDARY)
    of_boundary = chain_ranks(
        faces, boundary.chosen & (~faces.is_on_wall if infinity is Infinity.CLOSED else faces.is_bounded)
    )
    # Chains of the open parts are those of all faces less those of the boundary, which gives a long exact sequence. All
    # faces inside the domain have the homology of R^r with compact support, all bounded ones that of a point.
    expected = [0, *of_boundary[:r]]
    top = r if infinity is Infinity.CLOSED else dim
    if infinity is Infinity.CLOSED:
        expected[r] += 1 - of_boundary[r]
    elif boundary.chosen.any() and r:
        expected[1] -= 1
    elif not boundary.chosen.any():
        expected[0] += 1
    found = [0] * (r + 1)
    for union, homology in unions:
        if union.is_open:
            for k in range(r + 1):
                found[k] += homology.modulo_2[top - k] - (homology.has_infinity and top == k)
    detail = f"sides {_listed(found[::-1])} = {_listed(expected[::-1])}, from the boundary"
    return Check(name="alexander", passed=found == expected, detail=detail)


def components(cells: Complex, decision: Decision, unions: Unions, infinity: Infinity) -> Check:
    """Each open part has as many components as the graph of its regions, less the facets that are not in it."""
    if infinity is not Infinity.CLOSED:
        return Check(name="components", passed=None, detail="for sets as they lie in R^d")
    records, facets = cells.records, cells.facets
    regions, shared = _Regions(records), _Facets(records, facets.record)
    counted = []
    parts = zip(decision.iter_selections(regions), decision.iter_selections(shared), unions, strict=False)
    for inside, joining, (union, homology) in parts:
        if not union.is_open:
            continue
        pairs = facets.regions[joining.chosen]
        if not inside.chosen[pairs].all():
            detail = f"{union.name}: a facet is in it and a region beside it not"
            return Check(name="components", passed=False, detail=detail)
        number = np.cumsum(inside.chosen) - 1
        graph = RegionGraph.from_facets(int(inside.chosen.sum()), number[pairs])
        found = graph.num_components if inside.chosen.any() else 0
        if found != homology.modulo_2[0]:
            detail = f"{union.name}: {found:,} of its regions, {homology.modulo_2[0]:,} of its faces"
            return Check(name="components", passed=False, detail=detail)
        counted.append(f"{union.name} {found:,}")
    return Check(name="components", passed=True, detail=", ".join(counted))


class _Regions:
    """The regions of a complex, with the signs that the engine gives."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.num_cells = records.num_regions

    def signs_of_unit(self, unit: int) -> NDArray[np.int8]:
        byte, bit = divmod(unit, 8)
        active, zero = (
            (rows[:, byte] >> bit & 1).astype(np.int8) for rows in (self._records.patterns, self._records.vanishing)
        )
        return 2 * active - 1 + zero


class _Facets:
    """Facets of a complex, with the signs of a region beside them and the units that vanish on them."""

    def __init__(self, records: Records, rows: NDArray[np.int64]) -> None:
        self._regions, self._of = _Regions(records), records.facet_region[rows]
        lengths = np.diff(records.facet_starts)[rows]
        self._units = records.facet_units[ranges(records.facet_starts[rows], lengths)]
        self._owner = np.repeat(np.arange(len(rows)), lengths)
        self.num_cells = len(rows)

    def signs_of_unit(self, unit: int) -> NDArray[np.int8]:
        signs = self._regions.signs_of_unit(unit)[self._of]
        signs[self._owner[self._units == unit]] = 0
        return signs


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
