"""Everything public goes through pickle, copy and another process, and is equal and read-only afterwards."""

from __future__ import annotations

import copy
import inspect
import multiprocessing
import pickle
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import relureg
from relureg import errors, maps, tropical
from relureg.exact.rational import RationalMatrix
from relureg.exact.sparse import SparseMatrix
from relureg.maps.data import Dataset

TRUTH = Path(__file__).parents[1] / "fixtures" / "truth"
PUBLIC = {
    kind
    for module in (relureg, maps, tropical)
    for kind in map(vars(module).get, module.__all__)
    if inspect.isclass(kind)
}


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """An object at least of every public class, and of every class of their fields."""
    journal = tmp_path_factory.mktemp("run") / "run.journal"
    network, xor = relureg.load(TRUTH / "int_2-6-6-1.json"), relureg.load(TRUTH / "xor.json")
    box = relureg.Domain.box([-4, Fraction(-1, 3)], [4, 5])
    counted = relureg.count_regions(network, box, journal=journal, keep_regions=True, jobs=2)
    cells = relureg.enumerate_regions(network, box)
    points = np.array([[0.5, 0.25], [-1.0, 2.0], [3.0, -1.0]])
    extracted = maps.extract(network, points)
    dataset = maps.read_data(xor, TRUTH.parent / "maps" / "xor.csv", "label")
    survey, extraction = maps.survey_points(xor, dataset), maps.extract_and_compare(xor, dataset, dataset)
    built = tropical.network_of(tropical.parse("max(2x, x + 2, -4) - max(x, 0)").function)
    form = tropical.tropical_map(xor)
    hat = relureg.Network.from_layers([[[1], [1], [1]], [[1, -2, 1]]], [[0, -1, -2], [0]])
    decided = relureg.decision_topology(xor)
    condition = relureg.Condition(
        inputs={0: Fraction(1)}, outputs={0: Fraction(-1)}, constant=Fraction(0), is_strict=True
    )
    growth, wanted = tropical.Growth(), tropical.Wanted()
    return [
        network, network.on(relureg.Slice.through([[0, 0], [2, 1]])), _sparse_network(),
        box, relureg.Domain.box([0, 3], [1, 3]), relureg.Slice.along([0, 1], [[1, Fraction(1, 3)]]),
        counted, counted.problem, relureg.journal_status(journal), relureg.stored_graph(journal),
        cells, cells.records, cells.generators, cells.faces, cells.facets, cells.graph, cells.graph.diameter,
        cells.volumes, relureg.decision_cut(cells), *relureg.decision_cut(cells).sides,
        relureg.decision_cut(cells).sides[0].conductance,
        cells.graph.spectrum, cells.graph.distance_distribution,
        relureg.persistence(cells), *relureg.persistence(cells).pairs,
        cells.linear_regions, cells.hamming, *cells.checks, cells.polyhedron(3), cells.affine_map(3),
        *cells.neighbours(0), *relureg.breakpoints(relureg.enumerate_regions(hat)), *relureg.bounds(network),
        *relureg.check_theorems(cells), decided, decided.boundary,
        cells.inequalities(exact=True), next(relureg.iter_cells(network, box)),
        relureg.PiecewiseAffine.of(cells), relureg.closed_loop(hat, [[1]], [[1]], start=[0.5], steps=2, exact=True),
        maps.find_regions(network, points), maps.local_maps(network, points), maps.region_around(network, points[0]),
        maps.nearest_facets(network, points), maps.relate_maps(network, network, points, points),
        maps.compare_coefficients(network, extracted, points), *maps.agreement_by_stage(network, points, points),
        maps.dual_points(network, points), *maps.cluster_maps(network, points, points, k=[2]), extracted,
        maps.check_agreement(network, extracted, points), maps.compare_everywhere(cells),
        relureg.Specification(label="y <= 0", input_dim=1, output_dim=1, cases=((condition,),)), condition,
        next(maps.iter_surroundings(network, points, radius=1, jobs=1)),
        survey, survey.data, extraction, extraction.test, dataset,
        form, form.outputs[0], form.outputs[0].numerator, tropical.dual_subdivision(form.outputs[0].numerator),
        tropical.parse("max(2x, x + 2, -4) - max(x, 0)"), built, tropical.same_function(xor, xor),
        tropical.level_set(xor, form.outputs[0]), tropical.zonotope(xor), growth, wanted,
        tropical.analyse_network(xor, growth=growth, wanted=wanted),
        tropical.analyse_network(xor, growth=growth, wanted=wanted).outputs[0],
        tropical.PiecewiseLinear(breakpoints=(Fraction(0),), slopes=(Fraction(0), Fraction(1))),
    ]  # fmt: skip


def _sparse_network() -> relureg.Network:
    """One whose first matrix is held sparsely, with an entry that is no double."""
    identity = SparseMatrix.identity(100)
    matrix = identity.scale_rows(RationalMatrix.from_fractions([[Fraction(k + 1, 3)] for k in range(100)], 1))
    assert isinstance(matrix, SparseMatrix)
    zeros = RationalMatrix.zeros(100, 1)
    return relureg.Network.from_layers([matrix, np.ones((1, 100))], [zeros, [0]])


def _copies(thing: Any) -> Iterator[Any]:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.loads(pickle.dumps(thing, protocol))
    yield copy.copy(thing)
    yield copy.deepcopy(thing)


def _arrays(thing: Any) -> Iterator[np.ndarray]:
    """Every array in an object, however deep."""
    if isinstance(thing, np.ndarray):
        yield thing
    elif isinstance(thing, RationalMatrix):
        yield thing.floats
        yield thing.numerators
    elif isinstance(thing, tuple | list):
        for entry in thing:
            yield from _arrays(entry)
    elif isinstance(thing, Mapping):
        assert isinstance(thing, MappingProxyType)
        yield from _arrays(list(thing.values()))
    elif is_dataclass(thing):
        yield from _arrays([getattr(thing, field.name) for field in fields(thing)])


def test_every_public_class_is_here(things: list[Any]) -> None:
    assert {kind.__name__ for kind in PUBLIC} <= {type(thing).__name__ for thing in things}


def test_copies_are_equal_and_read_only(things: list[Any]) -> None:
    for thing in things:
        for copied in _copies(thing):
            assert type(copied) is type(thing)
            assert copied == thing, type(thing)
            assert hash(copied) == hash(thing) if type(thing).__hash__ else True, type(thing)
            assert not any(array.flags.writeable for array in _arrays(copied)), type(thing)


def test_a_copy_answers_like_the_original(things: list[Any]) -> None:
    network = next(thing for thing in things if isinstance(thing, relureg.Network))
    cells = next(thing for thing in things if isinstance(thing, relureg.Complex))
    for other in _copies(network):
        assert (other.sha256, other.widths, other.effective_dim) == (network.sha256, (6, 6), 2)
        assert relureg.count_regions(other).num_regions == 49
        with pytest.raises(AttributeError):
            other.name = "another"
    for other in _copies(cells):
        assert other.f_vector == cells.f_vector
        assert other.graph.diameter == cells.graph.diameter
        assert other.network == network


def test_pickles_hold_no_more_than_the_fields() -> None:
    network = relureg.random_network([784, 20, 10], seed=0)
    before = len(pickle.dumps(network))
    assert before < 9 * (784 * 20 + 20 * 10 + 30) + 2000  # eight bytes a parameter
    assert network.sha256
    assert network.effective_dim == 20
    network(np.zeros((1, 784)))
    assert len(pickle.dumps(network)) == before
    cells = relureg.enumerate_regions(relureg.load(TRUTH / "int_3-6-6-1.json"))
    before = len(pickle.dumps(cells))
    assert cells.graph.diameter is not None
    assert cells.f_vector == (119, 428, 511, 203)
    assert len(pickle.dumps(cells)) == before


def test_a_copy_leaves_the_callers_arrays_writeable() -> None:
    labels = np.array([0, 1])
    data = Dataset(points=np.zeros((2, 2)), labels=labels)
    assert copy.copy(data) == data
    labels[0] = 1
    assert not copy.deepcopy(data).labels.flags.writeable


def _figures(network: relureg.Network, domain: relureg.Domain, cells: relureg.Complex) -> tuple[Any, ...]:
    count = relureg.count_regions(network, domain, jobs=1)
    return count, cells, hash(network), hash(cells), network.sha256


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_other_processes(method: str) -> None:
    network = relureg.load(TRUTH / "int_2-6-6-1.json")
    box = relureg.Domain.box([-10, -10], [10, 10])
    cells = relureg.enumerate_regions(network, box)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        count, back, *identity = pool.submit(_figures, network, box, cells).result(timeout=60)
        assert count.num_regions == 48
        assert count == relureg.count_regions(network, box, jobs=1)
        assert back == cells
        assert identity == [hash(network), hash(cells), network.sha256]
        with pytest.raises(errors.DomainError, match="3 coordinates"):
            pool.submit(relureg.count_regions, network, relureg.Domain.box([0] * 3, [1] * 3)).result(timeout=60)


@pytest.mark.parametrize("error", [
    errors.UsageError("wrong", where="--box"),
    errors.ExpressionError("no closing bracket", "max(x", 5),
    errors.UnsupportedNetworkError("no", where="a.onnx", unsupported=(
        errors.UnsupportedOperator(operator="Exp", node="n", reason="", alternative=""),)),
])  # fmt: skip
def test_errors_come_back_from_another_process(error: errors.ReluregError) -> None:
    for copied in _copies(error):
        assert type(copied) is type(error)
        assert str(copied) == str(error)
        assert vars(copied) == vars(error)
