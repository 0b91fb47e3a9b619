"""Which engine ``auto`` takes, and the numbers that it is told by."""

from __future__ import annotations

import dataclasses
from math import comb

import numpy as np
import pytest

from relureg import Domain, Network, Problem, count_regions, enumerate_regions, estimate_regions
from relureg.engine.choice import MANY_BETWEEN_SLABS, MANY_DIRECTIONS, MANY_GENERATORS, Shape, choose_name
from relureg.families.random import random_network


def _random(*widths: int) -> Network:
    return random_network(list(widths), seed=1)


def _box(dim: int) -> Domain:
    return Domain.box([-1] * dim, [1] * dim)


def _tangents(dim: int, walls: int, radius: float) -> Domain:
    """Of a ball about 0."""
    normals = np.random.default_rng(1).normal(size=(walls, dim))
    return Domain.polytope((normals / np.linalg.norm(normals, axis=1)[:, None]).tolist(), [radius] * walls)


def _chosen(widths: tuple[int, ...], domain: Domain | None = None, *, visits: bool = False) -> str:
    return choose_name("auto", Problem(network=_random(*widths), domain=domain), visits=visits).engine


def test_a_box_in_eight_dimensions_takes_dictionaries() -> None:
    choices = [choose_name("auto", Problem(network=_random(d, 4, 2), domain=_box(d))) for d in (7, 8)]
    assert [(choice.engine, choice.corners) for choice in choices] == [("split", 2**7), ("dictionaries", 2**8)]
    assert choices[0].cell_generators < MANY_BETWEEN_SLABS <= choices[1].cell_generators


def test_what_bounds_the_domain_counts() -> None:
    """About as many generators are the splitter's in an open domain, and not between slabs or other walls."""
    inf = float("inf")
    low, high = [-1.0] * 8, [1.0] * 8
    between = Domain.box([*low[:5], *[-inf] * 3], [*high[:5], *[inf] * 3])
    normals = np.random.default_rng(1).normal(size=(12, 8)).tolist()
    domains = [Domain.box([0] * 8, [inf] * 8), between, Domain.polytope(normals, [1] * 12)]
    choices = [choose_name("auto", Problem(network=_random(8, 12, 12), domain=domain)) for domain in domains]
    assert [choice.engine for choice in choices] == ["split", "dictionaries", "dictionaries"]
    assert [choice.cell_generators for choice in choices] == [197, 194, 217]
    assert _chosen((7, 12, 12), Domain.polytope([row[:7] for row in normals], [1] * 12)) == "dictionaries"
    assert _chosen((6, 12, 12), Domain.polytope([row[:6] for row in normals], [1] * 12)) == "split"


def test_cells_of_many_generators_take_dictionaries() -> None:
    """10-16-8 is the splitter's, 20-22-4 is not: C(n + 1, d) 2^d vertices and directions over the cells in R^d."""
    few, many = (choose_name("auto", Problem(network=_random(*widths))) for widths in ((10, 16, 8), (20, 22, 4)))
    assert (few.engine, few.cell_generators) == ("split", comb(17, 10) * 2**10 // sum(comb(16, k) for k in range(11)))
    assert (many.engine, many.cell_generators) == (
        "dictionaries",
        comb(23, 20) * 2**20 // sum(comb(22, k) for k in range(21)),
    )
    assert few.cell_generators < MANY_GENERATORS <= many.cell_generators


def test_many_dimensions_take_dictionaries() -> None:
    """Though a cell has few generators; the rank of the first rows is what counts."""
    assert [_chosen((d, d, 4)) for d in (MANY_DIRECTIONS - 1, MANY_DIRECTIONS)] == ["split", "dictionaries"]
    assert [_chosen((d, 20, 4)) for d in (MANY_DIRECTIONS, 784)] == ["split", "split"]


def test_walls_are_among_the_hyperplanes_of_cells() -> None:
    """Inputs from 0 on; slabs that leave other inputs free; a simplex."""
    inf = float("inf")
    assert [_chosen((d, 12, 4), Domain.box([0] * d, [inf] * d)) for d in (8, 12)] == ["split", "dictionaries"]
    assert [
        _chosen((d, 12, 4), Domain.box([-1] * 5 + [-inf] * (d - 5), [1] * 5 + [inf] * (d - 5))) for d in (7, 12)
    ] == [
        "split",
        "dictionaries",
    ]
    simplex = Domain.polytope([*(-np.eye(12)).tolist(), [1] * 12], [0] * 12 + [1])
    assert _chosen((12, 12, 4), simplex) == "dictionaries"


@pytest.mark.parametrize(("dim", "slabs", "walls", "units"), [(1, 1, 0, 2), (2, 0, 0, 3), (3, 0, 2, 3), (4, 0, 3, 3)])
def test_the_generators_of_cells_are_counted_as_enumeration_has_them(
    dim: int, slabs: int, walls: int, units: int
) -> None:
    """All cells of the arrangement of walls and hyperplanes, with their vertices and rays; lines are in none."""
    random = np.random.default_rng(7)
    normals = [*np.eye(dim)[:slabs].tolist() * 2, *random.normal(size=(walls + units, dim)).tolist()]
    constants = [1.0] * slabs + [-1.0] * slabs + random.normal(size=walls + units).tolist()
    cells = enumerate_regions(Network.from_layers([normals, [[1] * len(normals)]], [constants, [0]]), engine="split")
    generators = int(cells.generators.starts[-1])
    shape = Shape(dim=dim, slabs=slabs, walls=walls, units=units)
    assert shape.cell_generators == generators // cells.num_regions


def test_a_network_of_one_stage_is_counted_on_flats() -> None:
    choice = choose_name("auto", Problem(network=_random(12, 24)))
    assert (choice.engine, choice.cell_generators >= MANY_GENERATORS) == ("split", True)
    assert "flats" in choice.reason
    assert _chosen((30, 128)) == "dictionaries"
    assert _chosen((12, 24), visits=True) == "dictionaries"


def test_a_network_of_one_stage_is_counted_on_sections_of_a_domain_with_few_corners() -> None:
    half = Domain.box([0] * 12, [float("inf")] * 12)
    assert [_chosen((d, n), _box(d)) for d, n in ((7, 2), (8, 12), (8, 20), (10, 20), (11, 22))] == [
        "split",
        "dictionaries",
        "split",
        "split",
        "dictionaries",
    ]
    assert [_chosen((12, 24), half), _chosen((12, 24), half, visits=True)] == ["split", "dictionaries"]
    assert _chosen((8, 20), _box(8), visits=True) == "dictionaries"


@pytest.mark.parametrize(
    ("dim", "slabs", "walls", "units", "is_few"),
    [
        (12, 4, 0, 14, True),
        (13, 3, 0, 20, False),
        (16, 0, 4, 20, True),
        (20, 0, 6, 24, False),
        (9, 0, 20, 30, True),
        (9, 0, 40, 30, False),
        (9, 0, 14, 12, False),
        (11, 0, 13, 24, True),
    ],
)
def test_sections_are_few_where_slabs_and_walls_are(dim: int, slabs: int, walls: int, units: int, is_few: bool) -> None:
    """Slabs that leave inputs free, inputs from 0 on, and polytopes."""
    assert Shape(dim=dim, slabs=slabs, walls=walls, units=units).has_few_sections == is_few


@pytest.mark.parametrize(("dim", "units", "small", "large"), [(8, 20, 0.4, 1), (9, 24, 0.2, 0.5), (10, 20, 0.2, 1)])
def test_few_regions_of_one_stage_in_a_small_box_take_dictionaries(
    dim: int, units: int, small: float, large: float
) -> None:
    """Such a count is compared with a search, which takes up to a hundred times as long."""
    sides = [Domain.box([-side] * dim, [side] * dim) for side in (small, large)]
    assert [_chosen((dim, units), side) for side in sides] == ["dictionaries", "split"]


def test_few_regions_of_one_stage_between_tangents_of_a_small_ball_take_dictionaries() -> None:
    assert [_chosen((8, 20), _tangents(8, 30, radius)) for radius in (0.2, 0.5, 1)] == [
        "dictionaries",
        "dictionaries",
        "split",
    ]
    assert [_chosen((dim, 20), _tangents(dim, 40, 0.2)) for dim in (6, 7)] == ["split", "dictionaries"]


def test_units_that_cut_a_small_box_are_told() -> None:
    box = Domain.box([-0.2] * 10, [0.2] * 10)
    choice = choose_name("auto", Problem(network=_random(10, 20), domain=box))
    assert (choice.units, choice.cutting_units) == (20, 11)
    assert choose_name("auto", Problem(network=_random(10, 20))).cutting_units == 20


def test_every_result_tells_why() -> None:
    network, box = _random(8, 4, 2), _box(8)
    told = [
        count_regions(network, box).engine_choice,
        enumerate_regions(network, box).engine_choice,
        estimate_regions(network, box).engine_choice,
    ]
    assert told[0] is not None
    assert told == [told[0]] * 3
    assert dataclasses.asdict(told[0]) == {
        "asked": "auto",
        "engine": "dictionaries",
        "reason": "cells have about 152 generators; auto takes dictionaries from 150 on",
        "essential_inputs": 8,
        "slabs": 8,
        "corners": 256,
        "cell_generators": 152,
        "walls": 16,
        "units": 6,
        "cutting_units": 4,
    }


@pytest.mark.parametrize("engine", ["split", "dictionaries", "lp"])
def test_an_engine_that_is_named_is_taken(engine: str) -> None:
    choice = count_regions(_random(2, 3), None, engine).engine_choice
    assert choice is not None
    assert (choice.asked, choice.engine, choice.reason) == (engine, engine, "as asked for")
