"""Which engine ``auto`` takes, and the numbers that it is told by."""

from __future__ import annotations

import dataclasses
from math import comb

import pytest

from relureg import Domain, Network, Problem, count_regions, enumerate_regions, estimate_regions
from relureg.engine.choice import MANY_SLABS, MANY_VERTICES, choose_name
from relureg.families.random import random_network


def _random(*widths: int) -> Network:
    return random_network(list(widths), seed=1)


def _box(dim: int) -> Domain:
    return Domain.box([-1] * dim, [1] * dim)


def test_a_box_of_many_dimensions_takes_dictionaries() -> None:
    names = [
        choose_name("auto", Problem(network=_random(d, 4), domain=_box(d))).engine for d in (MANY_SLABS - 1, MANY_SLABS)
    ]
    assert names == ["split", "dictionaries"]


def test_cells_of_many_vertices_take_dictionaries_on_the_whole_space() -> None:
    """9-16-16 is the splitter's, 13-18-4 is not: C(n, d) 2^d vertices over the cells of n hyperplanes in R^d."""
    few, many = (choose_name("auto", Problem(network=_random(*widths))) for widths in ((9, 16, 16), (13, 18, 4)))
    assert (few.engine, few.cell_vertices) == ("split", comb(16, 9) * 2**9 // sum(comb(16, k) for k in range(10)))
    assert (many.engine, many.cell_vertices) == (
        "dictionaries",
        comb(18, 13) * 2**13 // sum(comb(18, k) for k in range(14)),
    )
    assert few.cell_vertices < MANY_VERTICES <= many.cell_vertices


def test_a_network_of_one_stage_is_counted_on_flats() -> None:
    choice = choose_name("auto", Problem(network=_random(12, 24)))
    assert (choice.engine, choice.cell_vertices >= MANY_VERTICES) == ("split", True)
    assert "flats" in choice.reason
    assert choose_name("auto", Problem(network=_random(30, 128))).engine == "dictionaries"


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
        "reason": "8 dimensions lie between two walls; auto takes dictionaries from 8 on",
        "essential_inputs": 8,
        "slabs": 8,
        "cell_vertices": 0,
        "walls": 16,
        "units": 6,
    }


@pytest.mark.parametrize("engine", ["split", "dictionaries", "lp"])
def test_an_engine_that_is_named_is_taken(engine: str) -> None:
    choice = count_regions(_random(2, 3), None, engine).engine_choice
    assert choice is not None
    assert (choice.asked, choice.engine, choice.reason) == (engine, engine, "as asked for")
