"""Proofs that are written: of networks with known counts, degenerate ones, any engine, boxes and slices."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relureg
from relureg.engine import lp
from relureg.errors import CheckFailedError, LimitReachedError, OutputError, UsageError
from relureg.network import json_format
from relureg.proofs.multipliers import found_exactly
from relureg.proofs.rows import Row
from tests.proofs.lines import check_refused, read, said

Network, Domain = relureg.Network, relureg.Domain

SMALL = ("dup_dead_2", "int_2-6-6-1", "int_3-6-6-1", "nobias_2-10-1", "nobias_3-8-1", "saw_3", "saw_6", "xor")
LARGE = ("rand_2-16-16-1", "rand_2-100-1")
LARGEST = ("rand_3-16-16-1", "rand_3-60-1", "rand_4-12-12-1", "rand_4-40-1")


def proved(network: Network, folder: Path, domain: Domain | None = None, engine: str = "auto", **asked: Any) -> Any:
    """The numbers that the checker finds."""
    path = folder / "answer.proof"
    cells = relureg.enumerate_regions(network, domain, engine)
    relureg.write_proof(cells, path, slice_of=network, force=True, **asked)
    return dict(relureg.check_proof(path, network).numbers)


def truth(fixtures: Path, name: str) -> dict[str, int]:
    known: dict[str, int] = json.loads((fixtures / "truth" / "counts.json").read_text())[name]
    return known


@pytest.mark.parametrize("name", SMALL)
def test_graphs_of_known_networks(name: str, fixtures: Path, tmp_path: Path) -> None:
    """The values come from independent exact programs."""
    network = relureg.load(fixtures / "truth" / f"{name}.json")
    known = truth(fixtures, name)
    found = proved(network, tmp_path, facets=True, diameter=True)
    assert found == {
        "regions": known["regions"], "facets": known["edges"], "boundary_facets": 0, "diameter": known["diameter"],
    }  # fmt: skip


@pytest.mark.parametrize("name", [*LARGE, *(pytest.param(name, marks=pytest.mark.sweep) for name in LARGEST)])
def test_counts_of_known_networks(name: str, fixtures: Path, tmp_path: Path) -> None:
    network = relureg.load(fixtures / "truth" / f"{name}.json")
    assert proved(network, tmp_path) == {"regions": truth(fixtures, name)["regions"]}


@pytest.mark.parametrize("name", ["saw_6", "int_2-6-6-1", "dup_dead_2"])
def test_any_engine_gives_the_same_proof(name: str, fixtures: Path, tmp_path: Path) -> None:
    """Up to points: the tree follows from the sign vectors."""
    network = relureg.load(fixtures / "truth" / f"{name}.json")
    found = {}
    for engine in ("split", "dictionaries", "lp"):
        found[engine] = proved(network, tmp_path, engine=engine, facets=True)
        steps = [line[:2] if line[0] != "leaf" else "leaf" for line in read(tmp_path / "answer.proof")[1:]]
        found[engine] |= {"steps": steps}
    assert found["split"] == found["dictionaries"] == found["lp"]


@pytest.mark.parametrize(
    "name",
    ["overt_single_pendulum_small.nnet", "sherlock_simple_deep_2x5.onnx", "acasxu_tiny_5_5_5.nnet", "nv_spiky_1d.nnet"],
)
def test_real_controllers(name: str, fixtures: Path, tmp_path: Path) -> None:
    network = relureg.load(fixtures / "nets" / name)
    assert proved(network, tmp_path) == {"regions": relureg.count_regions(network).num_regions}


def test_twenty_inputs(tmp_path: Path) -> None:
    network = relureg.random_network([20, 8, 4], seed=1)
    box = Domain.box([-0.5] * 20, [0.5] * 20)
    found = proved(network, tmp_path, box)
    assert found == {"regions": relureg.count_regions(network, box).num_regions}
    assert found["regions"] > 100


EDGE = [[1, 0], [0, 1], [1, 1], [1, -1]]
DEGENERATE = {
    "no unit that does anything": Network.from_layers([[[0, 0], [0, 0]], [[1, 1]]], [[1, 0], [0]]),
    "duplicates": Network.from_layers([[[1, 0], [2, 0], [-3, 0]], [[1, 1, 1]]], [[1, 2, -3], [0]]),
    "one point for all": Network.from_layers([EDGE, [[1, 1, 1, 1]]], [[0, 0, 0, 0], [0]]),
    "touching the corners of the box": Network.from_layers([EDGE, [[1, 1, 1, 1]]], [[-1, 1, 2, -2], [0]]),
    "zero on a region": Network.from_layers([[[1, 0], [0, 1]], [[1, 0], [1, -1]], [[1, 1]]], [[0, 0], [0, 0], [0]]),
    "inactive for good": Network.from_layers([[[1, 0]], [[-1], [1]], [[1, 1]]], [[0], [-1, 1], [0]]),
    "a comparison that is tied": Network.from_layers([EDGE, [[1, -1, 0, 0]], [[1]]], [[0, 0, 0, 0], [0], [0]]),
    "sizes far apart": Network.from_layers([[[1e-150, 1], [1, 1e150]], [[1e200, 1]], [[1]]], [[1, 1e-100], [1], [0]]),
}


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize(
    "box", [None, Domain.box([-1, -1], [1, 1]), Domain.polytope([[1, 1], [-1, 0], [0, -1]], [1, 0, 0])]
)
def test_degenerate_networks(name: str, box: Domain | None, tmp_path: Path) -> None:
    """The referee counts them, with nothing but the definition."""
    cells = relureg.enumerate_regions(DEGENERATE[name], box, "lp")
    found = proved(DEGENERATE[name], tmp_path, box, facets=True)
    assert found == {
        "regions": cells.num_regions, "facets": cells.facets.num_inner, "boundary_facets": cells.facets.num_boundary,
    }  # fmt: skip


@given(
    seed=st.integers(0, 10**6),
    widths=st.sampled_from([(1, 4, 3), (2, 3, 3), (2, 4, 2, 2), (3, 3, 3)]),
    init=st.sampled_from(["he", "integer", "sparse", "nobias"]),
    half=st.sampled_from([None, 1, Fraction(1, 3)]),
)
@settings(max_examples=25)
def test_random_networks(
    seed: int, widths: tuple[int, ...], init: str, half: Fraction | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    network = relureg.random_network(widths, init, seed)
    box = None if half is None else Domain.box([-half] * widths[0], [half] * widths[0])
    cells = relureg.enumerate_regions(network, box, "lp")
    found = proved(network, tmp_path_factory.getbasetemp(), box, facets=True)
    assert found["regions"] == cells.num_regions
    assert (found["facets"], found["boundary_facets"]) == (cells.facets.num_inner, cells.facets.num_boundary)


def test_skips_and_slices(tmp_path: Path, fixtures: Path) -> None:
    network = relureg.load(fixtures / "truth" / "int_3-6-6-1.json")
    fixed = Domain.box([-5, Fraction(1, 3), -5], [5, Fraction(1, 3), 5])
    found = proved(network, tmp_path, fixed, facets=True)
    cells = relureg.enumerate_regions(network, fixed, "lp")
    assert found == {
        "regions": cells.num_regions, "facets": cells.facets.num_inner, "boundary_facets": cells.facets.num_boundary,
    }  # fmt: skip
    words = relureg.check_proof(tmp_path / "answer.proof", network).sentences
    assert words[0].endswith(" in the box [-5, 5]^2 of t, where x = (t0, 1/3, t1)")


def test_a_residual_network(tmp_path: Path) -> None:
    layers = [
        {"weight": [[1, -1], [1, 2]], "bias": [0, -1], "activation": "relu"},
        {"weight": [[1, "1/3"]], "bias": [-1], "skips": [{"from": 0, "weight": [[-1, 1]]}], "activation": "relu"},
        {"weight": [[1]], "bias": [0], "skips": [{"from": 1, "weight": [[1, 1]]}], "activation": "relu"},
    ]
    path = tmp_path / "residual.json"
    path.write_text(json.dumps({"format": "relureg-network", "version": 1, "layers": layers}))
    network = relureg.load(path)
    assert proved(network, tmp_path) == {"regions": relureg.enumerate_regions(network, engine="lp").num_regions}


def test_a_unit_with_one_sign_in_the_box_needs_no_multipliers(tmp_path: Path) -> None:
    """Bounds that the checker finds say so, those of units before it included: left out, they are missed."""
    layers = [[[1, 1], [1, -1]], [[1, 1], [2, -1], [-1, -1]], [[1, 1, 1]]]
    network, box = Network.from_layers(layers, [[0, 0], [1, 5, -1], [0]]), Domain.box([-1, -1], [1, 1])
    figures = relureg.write_proof(relureg.enumerate_regions(network, box), tmp_path / "proof", facets=True)
    lines = read(tmp_path / "proof")
    assert lines[1] == ["bounds", 0, 1, 2, 3, 4]
    assert (figures.num_closed, figures.num_leaves) == (0, 4)
    assert figures.num_leaves == relureg.enumerate_regions(network, box, "lp").num_regions
    data = json_format.write(network)
    assert "exactly 4 activation regions" in said(lines, tmp_path, data)[0]
    del lines[1][4]
    check_refused(lines, data, tmp_path, "'leaf' where a cell is to be divided or closed")
    lines[1] = ["bounds", 3, 4]
    check_refused(lines, data, tmp_path, "unit 1 has no bounds")


def test_equal_answers_are_equal_files(fixtures: Path, tmp_path: Path) -> None:
    network = relureg.load(fixtures / "truth" / "int_2-6-6-1.json")
    for name in ("one", "two"):
        relureg.write_proof(relureg.enumerate_regions(network), tmp_path / name, facets=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_figures(fixtures: Path, tmp_path: Path) -> None:
    network = relureg.load(fixtures / "truth" / "int_2-6-6-1.json")
    figures = relureg.write_proof(relureg.enumerate_regions(network), tmp_path / "proof")
    lines = read(tmp_path / "proof")
    assert figures.num_bytes == (tmp_path / "proof").stat().st_size
    assert figures.num_leaves == 49
    assert figures.num_closed == sum(line[0] == "close" for line in lines[1:])
    assert figures.claims == {"regions": 49}


# -- what an engine says, and is not so


def test_an_engine_that_misses_a_region_is_found_out(fixtures: Path, tmp_path: Path) -> None:
    """Left with 48 of 49 regions, as if the search had overlooked one."""
    cells = relureg.enumerate_regions(relureg.load(fixtures / "truth" / "int_2-6-6-1.json"), engine="lp")
    for missing in (0, 20, 48):
        kept = [region for region in range(49) if region != missing]
        with pytest.raises(CheckFailedError, match="is negative or positive where the engine knows no region or facet"):
            relureg.write_proof(_with(cells, kept), tmp_path / "proof")
        assert not list(tmp_path.iterdir())


def test_an_engine_that_finds_nothing_but_one_region_is_found_out(fixtures: Path, tmp_path: Path) -> None:
    cells = relureg.enumerate_regions(relureg.load(fixtures / "truth" / "int_2-6-6-1.json"))
    with pytest.raises(CheckFailedError, match="is negative or positive where the engine knows no region or facet"):
        relureg.write_proof(_with(cells, [7]), tmp_path / "proof")


@pytest.mark.parametrize("number", [0, 40, 83])
def test_an_engine_that_misses_a_facet_is_found_out(number: int, fixtures: Path, tmp_path: Path) -> None:
    cells = relureg.enumerate_regions(relureg.load(fixtures / "truth" / "int_2-6-6-1.json"))
    rows = [cells.facets.record[number], cells.facets.record_behind[number]]
    records = cells.records
    kept = np.setdiff1d(np.arange(len(records.facet_region)), rows)
    units = [records.facet_units[records.facet_starts[row] : records.facet_starts[row + 1]] for row in kept]
    records = dataclasses.replace(
        records, facet_region=records.facet_region[kept], facet_on_boundary=records.facet_on_boundary[kept],
        facet_starts=np.cumsum([0, *map(len, units)]), facet_units=np.concatenate(units),
    )  # fmt: skip
    with pytest.raises(CheckFailedError, match="is negative or positive where the engine knows no region or facet"):
        relureg.write_proof(dataclasses.replace(cells, records=records), tmp_path / "proof", facets=True)
    assert not list(tmp_path.iterdir())


def _with(cells: Any, regions: list[int]) -> Any:
    records = cells.records
    columns = {name: getattr(records, name)[regions] for name in ("patterns", "vanishing", "bounded", "points")}
    exact = {new: records.exact_points[old] for new, old in enumerate(regions) if old in records.exact_points}
    none = np.zeros(0, dtype=np.int64)
    records = dataclasses.replace(
        records, **columns, exact_points=exact, facet_region=none, facet_on_boundary=none.astype(bool),
        facet_starts=np.zeros(1, dtype=np.int64), facet_units=none.astype(np.int32),
    )  # fmt: skip
    return dataclasses.replace(cells, records=records)


# -- wrong usage


def test_wrong_usage(fixtures: Path, tmp_path: Path) -> None:
    network = relureg.load(fixtures / "truth" / "int_2-6-6-1.json")
    cells = relureg.enumerate_regions(network)
    with pytest.raises(UsageError, match="only a complete complex can be proved"):
        relureg.write_proof(relureg.enumerate_regions(network, max_regions=5), tmp_path / "proof")
    with pytest.raises(UsageError, match="a diameter is proved by facets"):
        relureg.write_proof(cells, tmp_path / "proof", diameter=True)
    with pytest.raises(UsageError, match="not one of a slice of that network"):
        relureg.write_proof(cells, tmp_path / "proof", slice_of=DEGENERATE["duplicates"])
    with pytest.raises(OutputError, match="its folder does not exist"):
        relureg.write_proof(cells, tmp_path / "none" / "proof")
    with pytest.raises(LimitReachedError, match="time limit"):
        relureg.write_proof(cells, tmp_path / "proof", timeout=1e-9)
    assert not list(tmp_path.iterdir())


# -- the exact descent


@given(
    rows=st.lists(st.tuples(*[st.integers(-4, 4)] * 3), min_size=1, max_size=6),
    goal=st.tuples(*[st.integers(-4, 4)] * 3),
)
@settings(max_examples=150)
def test_an_exact_descent_agrees_with_the_referee(rows: list[tuple[int, ...]], goal: tuple[int, ...]) -> None:
    """Whether a function is negative somewhere on a cell: rational linear programs of another library say the same."""
    rows = [row for row in rows if any(row[1:])]
    inside = lp.interior_point([*rows, goal], 2)
    if inside is None or not any(goal[1:]):
        return
    found = found_exactly(Row.of(9, goal, 1), [Row.of(k, row, 1) for k, row in enumerate(rows)], inside)
    beyond = lp.interior_point([*rows, tuple(-entry for entry in goal)], 2)
    assert isinstance(found, tuple) == (beyond is not None)
    if isinstance(found, tuple):
        point = (1, *found)
        assert sum(a * x for a, x in zip(goal, point, strict=True)) < 0
        assert all(sum(a * x for a, x in zip(row, point, strict=True)) >= 0 for row in rows)
