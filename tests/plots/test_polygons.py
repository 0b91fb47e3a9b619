"""Polygons, not pixels: what is drawn is the complex, exactly."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from relureg import Complex, Domain, Network, Slice, enumerate_regions, load
from relureg.errors import UsageError
from relureg.plots.plane.polygons import exact_area, exact_corners, polygons_of

FIXTURES = Path(__file__).parents[2] / "fixtures"
BOXES = [
    ("rand_2-16-16-1", 10, 539, 1043),
    ("rand_2-16-16-1", 100, 563, 1090),
    ("xor", 10, 3, 2),
    ("dup_dead_2", 10, 75, 138),
    ("int_2-6-6-1", 10, 48, 82),
    ("int_2-6-6-1", 1000, 49, None),
]
"""Network, half the side of a box around 0, regions, facets inside: counted by an independent program."""


def in_box(name: str, half: int) -> Complex:
    return enumerate_regions(load(FIXTURES / "truth" / f"{name}.json"), Domain.box([-half] * 2, [half] * 2))


@pytest.mark.parametrize(("name", "half", "regions", "facets"), BOXES)
def test_the_cells_tile_the_box(name: str, half: int, regions: int, facets: int | None) -> None:
    cells = in_box(name, half)
    polygons = polygons_of(cells)
    assert polygons.num_cells == cells.num_regions == regions
    inner = polygons.edge_unit >= 0
    assert inner.sum() == cells.facets.num_inner == (facets or cells.facets.num_inner)
    assert (~inner).sum() == cells.facets.num_boundary
    areas = [exact_area(cells, region) for region in range(regions)]
    assert sum(areas) == 4 * half**2
    assert min(areas) > 0
    assert polygons.areas == pytest.approx([float(area) for area in areas], rel=1e-9)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("half", [1e-300, 1e200, 1.7e308])
def test_corners_go_around_at_every_size(half: float) -> None:
    network = Network.from_layers([[[1, 1], [1, -1]], [[1, 1]]], [[0, 0], [0]])
    polygons = polygons_of(enumerate_regions(network, Domain.box([-half] * 2, [half] * 2)))
    for start, stop in zip(polygons.starts, polygons.starts[1:], strict=False):
        x, y = (polygons.corners[start:stop] / half).T
        assert stop - start == 3
        assert (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() == pytest.approx(2)  # twice its area, positive


@pytest.mark.parametrize("name", ["int_2-6-6-1", "dup_dead_2", "rand_2-16-16-1"])
def test_polygons_have_the_exact_corners_in_order(name: str) -> None:
    cells = in_box(name, 10)
    polygons = polygons_of(cells)
    for region in range(cells.num_regions):
        drawn = polygons.corners[polygons.starts[region] : polygons.starts[region + 1]]
        corners = exact_corners(cells, region)
        exact = np.array(corners, dtype=np.float64)
        start = int(np.abs(exact - drawn[0]).sum(axis=1).argmin())
        assert drawn == pytest.approx(np.roll(exact, -start, axis=0), rel=1e-9, abs=1e-9)
        following = [corners[1:] + corners[:1], corners[2:] + corners[:2]]
        turns = [
            (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
            for a, b, c in zip(corners, *following, strict=True)
        ]
        assert all(turn > 0 for turn in turns)  # convex, counter-clockwise, no corner that is none


def test_edges_join_the_cells_that_the_region_graph_joins() -> None:
    cells = in_box("rand_2-16-16-1", 10)
    polygons = polygons_of(cells)
    inner = polygons.edge_unit >= 0
    pairs = np.sort(polygons.edge_cells[inner], axis=1)
    assert np.array_equal(pairs[np.lexsort(pairs.T[::-1])], cells.facets.regions)
    assert (polygons.edge_cells[~inner, 1] == -1).all()
    signs = cells.records.signs
    for unit, (front, back) in zip(polygons.edge_unit[inner], polygons.edge_cells[inner], strict=True):
        assert (signs[front, unit], signs[back, unit]) == (1, -1)
    middles = polygons.edges[inner].mean(axis=1)
    values = cells.network.pre_activations(middles)
    assert np.abs(values[np.arange(len(values)), polygons.edge_unit[inner]]).max() < 1e-12


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("pendulum", (Fraction(-1, 2), Fraction(-1)), (Fraction(1, 2), Fraction(1))),
        ("van_der_pol", (0, 0), (1, 1)),
        ("quadratic", (Fraction(-1, 3), 0), (Fraction(1, 3), Fraction(1, 2))),
    ],
)
def test_controllers_in_a_box_agree_with_the_referee(
    name: str, low: tuple[Fraction, ...], high: tuple[Fraction, ...]
) -> None:
    network = load(FIXTURES / "pictures" / f"{name}.json")
    box = Domain.box(low, high)
    found, referee = (enumerate_regions(network, box, engine) for engine in ("split", "lp"))
    assert found.num_regions == referee.num_regions >= 8
    assert found.records.patterns.tolist() == referee.records.patterns.tolist()
    assert np.array_equal(found.facets.regions, referee.facets.regions)
    assert found.facets.num_boundary == referee.facets.num_boundary
    sides = [b - a for a, b in zip(low, high, strict=True)]
    assert sum(exact_area(referee, region) for region in range(referee.num_regions)) == sides[0] * sides[1]
    # The drawn polygons come from the one engine, the referee's exact ones from the other.
    polygons = polygons_of(found)
    assert polygons.areas == pytest.approx(
        [float(exact_area(referee, k)) for k in range(referee.num_regions)], rel=1e-9
    )


def test_a_triangle_is_tiled_too() -> None:
    network = load(FIXTURES / "truth" / "rand_2-16-16-1.json")
    cells = enumerate_regions(network, Domain.polytope([[1, 1], [-1, 0], [0, -1]], [3, Fraction(1, 3), Fraction(1, 7)]))
    side = 3 + Fraction(1, 3) + Fraction(1, 7)
    assert sum(exact_area(cells, region) for region in range(cells.num_regions)) == side**2 / 2


def test_what_is_no_polygon_is_refused() -> None:
    with pytest.raises(UsageError, match="bounded domain"):
        polygons_of(enumerate_regions(load(FIXTURES / "truth" / "xor.json")))
    line = load(FIXTURES / "truth" / "xor.json").on(Slice.through([[0, 0], [1, 1]]))
    with pytest.raises(UsageError, match="two inputs"):
        polygons_of(enumerate_regions(line, Domain.box([0], [1])))


def test_a_network_without_units_is_one_rectangle() -> None:
    network = Network.from_layers([[[1, 2]]], [[0]])
    polygons = polygons_of(enumerate_regions(network, Domain.box([0, 0], [2, 1])))
    assert (polygons.num_cells, polygons.areas.tolist(), polygons.edge_unit.tolist()) == (1, [2.0], [-1] * 4)
