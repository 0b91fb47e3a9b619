"""A complex as a sequence of regions: each is what the complex itself says, and the lists of the referee."""

from __future__ import annotations

import networkx
import numpy as np
import pytest

import relureg
from relureg.complex.complex import Complex
from relureg.complex.region import RegionFacet
from relureg.errors import LimitReachedError

NETWORKS = {
    "int": ("fixtures/truth/int_2-6-6-1.json", None),
    "box": ("fixtures/truth/int_3-6-6-1.json", relureg.Domain.box([-2] * 3, [2] * 3)),
    "kernel": ("fixtures/truth/xor.json", None),
    "dup": ("fixtures/truth/dup_dead_2.json", None),
}


@pytest.fixture(scope="module", params=NETWORKS)
def cells(request: pytest.FixtureRequest) -> Complex:
    path, domain = NETWORKS[request.param]
    return relureg.enumerate_regions(relureg.load(path), domain)


def test_regions_are_the_same_by_another_engine(cells: Complex) -> None:
    referee = relureg.enumerate_regions(cells.network, cells.domain, engine="lp")
    assert len(cells) == len(referee) == cells.num_regions
    for ours, theirs in zip(cells, referee, strict=True):
        assert ours.number == theirs.number
        assert ours.pattern == theirs.pattern
        assert ours.is_bounded == theirs.is_bounded
        assert set(ours.facets) == set(theirs.facets)
        assert [n.number for n in ours.neighbours] == [n.number for n in theirs.neighbours]
        assert ours.affine_map == theirs.affine_map


def test_a_region_is_what_its_point_says(cells: Complex) -> None:
    """The point alone, through the network in rationals, gives signs, pattern and value of the map."""
    network = cells.network
    for region in cells:
        signs = network.exact_signs(region.point)
        assert signs.tolist() == region.signs.tolist()
        assert region.pattern.replace("|", "") == "".join("1" if sign > 0 else "0" for sign in signs)
        matrix, constant = region.affine_map.matrix.fractions(), region.affine_map.constant.fractions()
        values = [
            sum(a * x for a, x in zip(row, region.point, strict=True)) + c
            for row, (c,) in zip(matrix, constant, strict=True)
        ]
        assert tuple(values) == network.exact_output(region.point)
        for facet in region.facets:
            if facet.region is not None:
                behind = cells[facet.region]
                assert RegionFacet(units=facet.units, region=region.number) in behind.facets
                changed = np.flatnonzero(region.signs != behind.signs).tolist()
                assert set(changed) <= set(facet.units)
        assert region.degree == sum(facet.region is not None for facet in region.facets)
        assert len(region.polyhedron.facet_units) == len(region.facets)


def test_indices_are_those_of_a_list(cells: Complex) -> None:
    listed = list(cells)
    assert cells[-1] == listed[-1] == cells[len(cells) - 1]
    assert cells[np.int64(1)].number == 1
    assert cells[:2] == tuple(listed[:2])
    assert cells[::-1][0] == listed[-1]
    with pytest.raises(IndexError, match=f"there is no region {len(cells)}"):
        cells[len(cells)]
    with pytest.raises(TypeError):
        cells["0"]  # type: ignore[call-overload]


def test_regions_of_a_search_that_was_stopped() -> None:
    some = relureg.enumerate_regions(relureg.load(NETWORKS["int"][0]), max_regions=20)
    assert len(some) == 20
    assert repr(some[0]) == f"<Region 0 of 'int_2-6-6-1': {some[0].pattern}, unbounded>"
    with pytest.raises(LimitReachedError):
        some[0].neighbours  # noqa: B018


def test_a_complex_is_there_even_without_a_region() -> None:
    empty = relureg.enumerate_regions(relureg.load("fixtures/truth/rand_4-40-1.json"), timeout=1e-9)
    assert not empty.complete
    assert bool(empty)


def test_networkx_has_every_attribute(cells: Complex) -> None:
    graph = cells.to_networkx()
    assert networkx.utils.graphs_equal(networkx.Graph(graph.edges), networkx.Graph(cells.graph.to_networkx().edges))
    assert list(graph) == list(range(len(cells)))
    for region in cells:
        node = graph.nodes[region.number]
        assert node["pattern"] == region.pattern
        assert node["bounded"] is region.is_bounded
        assert node["degree"] == graph.degree[region.number] == region.degree
        assert node["point"] == [float(x) for x in cells.records.points[region.number]]
        np.testing.assert_allclose(node["weights"], region.affine_map.matrix.floats, rtol=1e-12)
        np.testing.assert_allclose(node["bias"], region.affine_map.constant.floats[:, 0], rtol=1e-12)
        for facet in region.facets:
            if facet.region is not None:
                assert graph.edges[region.number, facet.region]["units"] == list(facet.units)
