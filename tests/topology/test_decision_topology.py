"""Decisions among several classes, conventions, what stays when a network changes, checks, limits and refusals."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import relureg
from relureg import Domain, Network, decision_topology
from relureg.complex.complex import Complex
from relureg.topology import face_complex, order_complex
from relureg.topology.decision import Decision, Selection
from relureg.topology.face_complex import Chains, FaceComplex
from relureg.topology.homology import Infinity, homology
from relureg.topology.morse import reduce_chains
from relureg.topology.topology_checks import check_topology

from .networks import Builder, Expression, largest, torus

INT_3 = "fixtures/truth/int_3-6-6-1.json"


def several(seed: int, dim: int = 2, outputs: int = 4) -> Network:
    """A network of small integers, of which some outputs are equal on whole regions."""
    rng = np.random.default_rng(seed)
    build = Builder(dim)
    units = []
    for _ in range(4):
        weights = rng.integers(-2, 3, dim).tolist()
        z = build.x[0] * weights[0] + int(rng.integers(-2, 3))
        for x, w in zip(build.x[1:], weights[1:], strict=True):
            z = z + x * w
        units.append(z.relu())
    values = []
    for _ in range(outputs):
        weights = rng.integers(-1, 2, 4).tolist()
        y = units[0] * weights[0]
        for u, w in zip(units[1:], weights[1:], strict=True):
            y = y + u * w
        values.append(y)
    return build.network(*values)


@pytest.mark.parametrize("infinity", ["closed", "compactified", "bounded"])
@pytest.mark.parametrize("seed", range(2))
def test_a_class_is_a_side_of_its_score(seed: int, infinity: Any) -> None:
    # The same sets, cut by three different arrangements of units.
    network = several(seed)
    together = decision_topology(network, infinity=infinity)
    assert all(check.passed is not False for check in together.checks)
    for k in range(4):
        alone = decision_topology(network, of_class=k, infinity=infinity)
        assert all(check.passed is not False for check in alone.checks)
        score = _score(network, k)
        by_score = decision_topology(score, infinity=infinity)
        if infinity == "bounded":  # which faces are bounded depends on the cuts
            continue
        assert together[f"class {k}"].betti == alone["above"].betti == by_score["above"].betti
        assert together[f"class {k} alone"].betti == alone["strictly above"].betti == by_score["strictly above"].betti
        assert alone["strictly below"].betti == by_score["strictly below"].betti
        assert alone.boundary.betti == by_score.boundary.betti


def _score(network: Network, k: int) -> Network:
    """Output k less the largest of the others."""
    build = Builder(network.input_dim)
    build.stages = list(network.stages)
    outputs = [Expression(build, network.output.entries(np.array([j]))) for j in range(network.output_dim)]
    return build.network(outputs[k] - largest([y for j, y in enumerate(outputs) if j != k]))


def test_bounded_open_parts_by_faces_and_by_simplices() -> None:
    network = relureg.load(INT_3)
    decision = Decision.of(network)
    faces = FaceComplex.of(relureg.enumerate_regions(decision.network))
    for part in decision.iter_selections(faces):
        chosen = part.chosen & faces.is_bounded
        by_simplices = reduce_chains(order_complex.order_complex(faces, chosen), 3)
        found = homology(faces, part, Infinity.BOUNDED, 3)
        assert (by_simplices.betti_numbers(2), by_simplices.betti_numbers(0)) == (found.modulo_2, found.rational)


def test_a_network_and_its_changes_have_the_same_topology() -> None:
    rng = np.random.default_rng(7)
    weights = [rng.integers(-4, 5, (7, 3)), rng.integers(-4, 5, (6, 7)), rng.integers(-4, 5, (1, 6))]
    biases = [rng.integers(-4, 5, 7), rng.integers(-4, 5, 6), np.array([1])]
    wanted = _numbers(weights, biases)
    order = rng.permutation(7)
    assert _numbers([weights[0][order], weights[1][:, order], weights[2]], [biases[0][order], *biases[1:]]) == wanted
    shear = np.array([[1, 3, 0], [0, 1, -2], [0, 0, -1]])
    assert _numbers([weights[0] @ shear, *weights[1:]], [biases[0] + weights[0] @ [1, 2, 3], *biases[1:]]) == wanted
    twice = [np.concatenate([weights[0], 2 * weights[0][:1]]), np.column_stack([weights[1], np.zeros(6)]), weights[2]]
    assert _numbers(twice, [np.append(biases[0], 2 * biases[0][0]), *biases[1:]]) == wanted
    turned = _numbers([*weights[:2], -weights[2]], [*biases[:2], -biases[2]])
    assert turned == tuple(wanted[k] for k in (0, 3, 4, 1, 2, 5))


def _numbers(weights: list[Any], biases: list[Any]) -> tuple[tuple[int, ...], ...]:
    network = Network.from_layers([w.astype(float) for w in weights], [b.astype(float) for b in biases])
    return tuple(part.betti + part.betti_rational for part in decision_topology(network, infinity="compactified").parts)


def test_engines_agree() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    box = Domain.box([-3, -3], [3, 3])
    found = [decision_topology(network, box, engine=engine) for engine in ("split", "dictionaries", "lp")]
    assert found[0].parts == found[1].parts == found[2].parts


def test_a_flat_domain() -> None:
    # The ring cut by the plane z = 0 is a ring, by x = 0 it is two squares.
    inside = decision_topology(torus(), Domain.box([-5, -5, 0], [5, 5, 0]))["below"]
    assert inside.betti == (1, 1, 0)
    assert decision_topology(torus(), Domain.box([0, -5, -5], [0, 5, 5]))["below"].betti == (2, 0, 0)


def test_faces_have_the_boundaries_that_their_vertices_have() -> None:
    cells = relureg.enumerate_regions(relureg.load(INT_3), Domain.box([-5] * 3, [5] * 3))
    faces = FaceComplex.of(cells)
    assert faces.f_vector == cells.f_vector
    assert faces.is_bounded.all()
    chains, vertices = faces.chains, cells.vertices
    corners = [frozenset(faces.vertices[a:b].tolist()) for a, b in pairwise(faces.vertex_starts.tolist())]
    for face in range(faces.num_cells):
        facets = chains.facets[chains.starts[face] : chains.starts[face + 1]].tolist()
        assert all(corners[facet] < corners[face] and chains.dims[facet] == chains.dims[face] - 1 for facet in facets)
        if chains.dims[face]:
            assert frozenset().union(*(corners[facet] for facet in facets)) == corners[face]
            of_dim = np.flatnonzero(chains.dims == chains.dims[face] - 1)
            assert sum(corners[other] < corners[face] for other in of_dim.tolist()) == len(facets)
        is_on_wall = any(len({*vertices[list(corners[face]), k], c}) == 1 for k in range(3) for c in (-5, 5))
        assert faces.is_on_wall[face] == is_on_wall
        if not face % 40:
            middle = vertices[list(corners[face])].mean(axis=0)[None]
            signs = cells.network.pre_activations(middle)[0].round(9)
            assert np.sign(signs).tolist() == [faces.signs_of_unit(unit)[face] for unit in range(len(signs))]


# -- checks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("infinity", [Infinity.CLOSED, Infinity.COMPACTIFIED])
def test_the_checks_find_what_is_wrong(infinity: Infinity) -> None:
    decision = Decision.of(torus())
    cells = relureg.enumerate_regions(decision.network)
    faces = FaceComplex.of(cells)
    space = Selection(name="space", relation="", chosen=np.ones(faces.num_cells, bool))
    parts = [*decision.iter_selections(faces), space]
    unions = [(part, homology(faces, part, infinity, 3)) for part in parts]

    def failed(which: int | None = None, **changes: Any) -> set[str]:
        changed = [*unions]
        if which is not None:
            part, found = unions[which]
            changed[which] = (part, dataclasses.replace(found, **changes))
        return {c.name for c in check_topology(cells, decision, faces, changed, infinity) if c.passed is False}

    assert failed() == set()
    of_side, of_space = unions[2][1].modulo_2, unions[5][1].modulo_2
    more = (of_side[0] + 1, of_side[1] + 1, *of_side[2:])
    assert failed(2, modulo_2=more) == {"alexander"} | ({"components"} if infinity is Infinity.CLOSED else set())
    assert failed(2, euler=9) == {"characteristic"}
    assert failed(5, modulo_2=(1, 1, 1, *of_space[3:])) == {"space"}
    assert failed(0, rational=(1, 0, 0, 0)) == {"characteristic"}


def test_a_sign_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from relureg.topology import orientation

    cells = relureg.enumerate_regions(relureg.load(INT_3))
    monkeypatch.setattr(face_complex, "orient_edges", lambda starts: np.ones(starts[-1], dtype=np.int8))
    with pytest.raises(relureg.errors.CheckFailedError, match="boundary of a boundary"):
        FaceComplex.of(cells)
    starts, facets = np.array([0, 2]), np.array([0, 1])
    below = (np.array([0, 2, 4]), np.array([0, 1, 1, 2]), np.array([-1, 1, -1, 1], dtype=np.int8))
    with pytest.raises(relureg.errors.CheckFailedError, match="does not lie in two"):
        orientation.orient(starts, facets, below, 3)
    twice = np.array([0, 4]), np.array([0, 1, 2, 3])
    pairs = (np.array([0, 2, 4, 6, 8]), np.array([0, 1, 0, 1, 2, 3, 2, 3]), np.array([-1, 1] * 4, dtype=np.int8))
    with pytest.raises(relureg.errors.CheckFailedError, match="not connected"):
        orientation.orient(*twice, pairs, 4)


def test_a_path_around_twice() -> None:
    # A disc glued to a circle by a path that runs around it twice, its edges out of order.
    chains = Chains(
        dims=np.array([0, 0, 1, 1, 1, 1, 2, 2]),
        starts=np.array([0, 0, 0, 2, 4, 6, 8, 10, 12]),
        facets=np.array([0, 1, 0, 1, 0, 1, 0, 1, 2, 3, 4, 5]),
        signs=np.array([-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, 1, -1], dtype=np.int8),
    )
    assert reduce_chains(chains, 2).betti_numbers(0) == (1, 1, 0)


# -- limits and refusals ---------------------------------------------------------------------------------


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    network = relureg.load(INT_3)
    with pytest.raises(relureg.errors.LimitReachedError, match="limit of 20 regions"):
        decision_topology(network, max_regions=20)
    with pytest.raises(relureg.errors.LimitReachedError, match="time limit of 1e-06 s"):
        decision_topology(network, timeout=1e-6)
    monkeypatch.setattr(order_complex, "MAX_SIMPLICES", 50)
    with pytest.raises(relureg.errors.LimitReachedError, match="more than 50 simplices"):
        decision_topology(several(1), infinity="bounded")
    monkeypatch.setattr(face_complex, "MAX_FACES", 100)
    with pytest.raises(relureg.errors.LimitReachedError, match="topology of at most 100 is found"):
        decision_topology(network)


def test_a_deadline_ends_every_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = relureg.enumerate_regions(Decision.of(relureg.load("fixtures/truth/rand_3-16-16-1.json")).network)
    faces = FaceComplex.of(cells)
    everything = faces.chains_of(np.ones(faces.num_cells, dtype=bool))
    again = Complex(problem=cells.problem, engine=cells.engine, records=cells.records, stopped_by=None)
    for work in (
        lambda: again.faces,
        lambda: FaceComplex.of(cells),
        lambda: reduce_chains(everything, 3),
        lambda: order_complex.order_complex(faces, faces.is_bounded),
    ):
        with relureg.stopping.within(1e-9), pytest.raises(relureg.errors.LimitReachedError):
            work()


def test_what_is_refused() -> None:
    one, three = relureg.load(INT_3), relureg.load("fixtures/nets/marabou_fc_2_2_3.onnx")
    for network, options, message in (
        (one, {"of_class": 0}, "no classes"),
        (one, {"output": 1}, "no output 1"),
        (three, {"level": 1}, "say which"),
        (three, {"of_class": 3}, "no output 3"),
        (three, {"of_class": 1, "level": 1}, "a class has no level"),
        (three, {"of_class": 1, "output": 1}, "a class has no level"),
        (one, {"level": float("nan")}, "finite"),
        (one, {"infinity": "open"}, "infinity"),
        (one, {"domain": Domain.box([0], [1])}, "inputs"),
    ):
        with pytest.raises(relureg.errors.UsageError, match=message):
            decision_topology(network, **options)
    with pytest.raises(relureg.errors.UsageError, match="no part 'abov'"):
        decision_topology(relureg.load("fixtures/truth/xor.json"))["abov"]
    assert decision_topology(one, level=Fraction(1, 7))["space"].num_components == 1
    assert decision_topology(one, level=10**400)["strictly below"].num_components == 1  # beyond all doubles
