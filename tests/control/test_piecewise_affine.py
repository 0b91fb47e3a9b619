"""Piecewise affine functions: the network itself, from whatever file they were read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import relureg
from relureg.errors import DataError, OutputError, UsageError

BOX = relureg.Domain.box([-2, -3], [2, 2])


@pytest.fixture(scope="module")
def network() -> relureg.Network:
    return relureg.load("fixtures/nets/overt_single_pendulum_small.nnet")


@pytest.fixture(scope="module")
def cells(network: relureg.Network) -> relureg.Complex:
    return relureg.enumerate_regions(network, BOX)


def _states(count: int = 300) -> np.ndarray:
    return np.random.default_rng(5).uniform([-2, -3], [2, 2], size=(count, 2))


def _same(one: relureg.PiecewiseAffine, two: relureg.PiecewiseAffine) -> None:
    states = _states(50)
    assert one.num_regions == two.num_regions
    assert one.input_names == two.input_names == ("theta", "omega")
    np.testing.assert_allclose(one(states), two(states), rtol=1e-12, atol=1e-12)
    assert np.isnan(one([[3, 0]])).all()
    assert np.isnan(two([[3, 0]])).all()


def test_it_is_the_network(network: relureg.Network, cells: relureg.Complex) -> None:
    function = relureg.PiecewiseAffine.of(cells)
    states = _states()
    np.testing.assert_allclose(function(states), network(states), rtol=1e-9, atol=1e-12)
    assert function.locate(states).tolist() == cells.locate(states).tolist()
    for region in range(0, cells.num_regions, 40):
        a, b, f, g = function.region(region)
        point = cells.records.points[region]
        assert (a @ point < b).all()
        np.testing.assert_allclose(f @ point + g, network(point[None])[0], rtol=1e-9, atol=1e-12)
        assert function.locate(point[None]).tolist() == [region]


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".json", ".parquet"])
def test_it_is_read_from_files_of_regions(cells: relureg.Complex, suffix: str, tmp_path: Path) -> None:
    names = ["theta", "omega"]
    relureg.save_regions(cells, tmp_path / f"f{suffix}", inequalities=True, input_names=names)
    read = relureg.PiecewiseAffine.load(tmp_path / f"f{suffix}")
    _same(read, relureg.PiecewiseAffine.of(cells, input_names=names))


@pytest.mark.parametrize("suffix", [".npz", ".json", ".parquet"])
def test_it_is_read_from_streams(network: relureg.Network, cells: relureg.Complex, suffix: str, tmp_path: Path) -> None:
    names = ["theta", "omega"]
    stream = relureg.iter_cells(network, BOX, batch_size=100)
    relureg.save_regions(stream, tmp_path / f"f{suffix}", inequalities=True, input_names=names)
    _same(relureg.PiecewiseAffine.load(tmp_path / f"f{suffix}"), relureg.PiecewiseAffine.of(cells, input_names=names))


def test_it_is_saved_and_read(cells: relureg.Complex, tmp_path: Path) -> None:
    function = relureg.PiecewiseAffine.of(cells, exact=True, input_names=["theta", "omega"])
    function.save(tmp_path / "f.npz")
    assert relureg.PiecewiseAffine.load(tmp_path / "f.npz") == function
    with pytest.raises(OutputError, match="exists"):
        function.save(tmp_path / "f.npz")


def test_the_boundary_of_the_domain_belongs_to_it_exactly(cells: relureg.Complex) -> None:
    function = relureg.PiecewiseAffine.of(cells)
    beyond = np.nextafter(2.0, 3.0)
    assert (function.locate([[2, 2], [-2, -3], [2, 0]]) >= 0).all()
    assert function.locate([[beyond, 0], [0, np.nextafter(-3.0, -4.0)]]).tolist() == [-1, -1]


def test_a_tilted_boundary_is_decided_exactly() -> None:
    affine = relureg.Network.from_layers([[[1, 1]]], [[0]])
    triangle = relureg.Domain.polytope([[-1, 0], [0, -1], [1, 3]], [0, 0, 1])
    function = relureg.PiecewiseAffine.of(relureg.enumerate_regions(affine, triangle))
    third = 1 / 3  # a double below a third
    assert function.locate([[0, third], [0, np.nextafter(third, 1)]]).tolist() == [0, -1]


def test_what_holds_no_function_is_told(cells: relureg.Complex, tmp_path: Path) -> None:
    relureg.save_regions(cells, tmp_path / "r.npz")
    with pytest.raises(DataError, match="A is missing; write it with --inequalities"):
        relureg.PiecewiseAffine.load(tmp_path / "r.npz")
    for suffix in (".npz", ".json", ".parquet", ".mat"):
        (tmp_path / f"bad{suffix}").write_bytes(b"nothing of the kind")
        with pytest.raises(DataError, match=f"bad{suffix}"):
            relureg.PiecewiseAffine.load(tmp_path / f"bad{suffix}")
    with pytest.raises(DataError, match="no such file"):
        relureg.PiecewiseAffine.load(tmp_path / "none.npz")
    with pytest.raises(UsageError, match="suffix of a function"):
        relureg.PiecewiseAffine.load(tmp_path / "f.txt")
    with pytest.raises(UsageError, match="do not fit"):
        relureg.PiecewiseAffine.of(cells, input_names=["a"])
