"""The referee: linear programs that prove their answers, and cells by hand."""

from fractions import Fraction

import numpy as np
import pytest

from relureg import Domain, Network, count_regions, enumerate_regions, load
from relureg.engine import proposals
from relureg.engine.lp import interior_point, is_bounded
from relureg.errors import DomainError, UsageError


def test_a_point_inside_a_triangle() -> None:
    triangle = [(0, 1, 0), (0, 0, 1), (1, -1, -1)]
    point = interior_point(triangle, 2)
    assert point is not None
    x, y = point
    assert x > 0
    assert y > 0
    assert x + y < 1
    assert isinstance(x, Fraction)


@pytest.mark.parametrize(
    "rows",
    [
        [(0, 1, 0), (0, -1, 0)],  # x > 0 and x < 0: closed, it is a line
        [(0, 1, 0), (0, 0, 1), (0, -1, -1)],  # only the origin
        [(-1, 1, 0), (0, -1, 0)],  # x > 1 and x < 0
        [(0, 0, 0)],  # 0 > 0
        [(-1, 0, 0)],  # -1 > 0
    ],
)
def test_no_point_inside(rows: list[tuple[int, ...]]) -> None:
    assert interior_point(rows, 2) is None
    assert interior_point(rows, 2, central=True) is None


def test_a_sliver_that_no_float_resolves_has_a_point() -> None:
    huge = 10**400
    point = interior_point([(0, 1), (1, -huge)], 1)
    assert point is not None
    assert 0 < point[0] < Fraction(1, huge)


# -- many dimensions -------------------------------------------------------------------------------------


def _cuts(dim: int, units: int) -> tuple[Network, Domain]:
    """Units x_k > 1/3 in the unit cube: 2^units regions, a cube's graph, 2 dim walls around each but those cut off."""
    weights = np.eye(dim)[:units]
    network = Network.from_layers([3 * weights, np.ones((1, units))], [[-1] * units, [0]])
    return network, Domain.box([0] * dim, [1] * dim)


@pytest.mark.parametrize(("dim", "units"), [(20, 3), (30, 2)])
def test_the_referee_counts_in_boxes_of_many_dimensions(dim: int, units: int) -> None:
    found = count_regions(*_cuts(dim, units), "lp")
    assert (found.num_regions, found.num_bounded) == (2**units, 2**units)
    assert found.num_facets == units * 2 ** (units - 1)
    assert found.num_boundary_facets == 2**units * (2 * dim - units)
    assert all(check.passed is not False for check in found.checks)


def test_the_splitter_is_chosen_up_to_its_limit() -> None:
    assert count_regions(*_cuts(7, 2)).engine == "split"
    assert count_regions(*_cuts(8, 2)).engine == "dictionaries"
    # Twenty pairs of parallel walls around a disc are no box of twenty dimensions.
    angles = np.pi * np.arange(40) / 20
    disc = Domain.polytope(np.round(64 * np.array([np.cos(angles), np.sin(angles)]).T).tolist(), [64] * 40)
    assert (disc.num_rows, disc.num_slabs) == (40, 2)
    assert count_regions(_cuts(2, 2)[0], disc).engine == "split"
    # A simplex has few vertices in any dimension.
    simplex = Domain.polytope([[1] * 20, *(-np.eye(20, dtype=int)).tolist()], [1] + [0] * 20)
    found = count_regions(_cuts(20, 3)[0], simplex, "split")
    # Of a sum below 1, two of three coordinates may exceed 1/3.
    assert found.num_regions == 7
    assert count_regions(_cuts(20, 3)[0], simplex, "lp").num_facets == found.num_facets


def test_both_engines_agree_where_proposals_begin() -> None:
    rng = np.random.default_rng(3)
    weights = [rng.normal(size=(3, 6)), rng.normal(size=(3, 3)), np.ones((1, 3))]
    network = Network.from_layers(weights, [rng.normal(size=3) / 4, rng.normal(size=3) / 4, [0]])
    box = Domain.box([-1] * 6, [1] * 6)
    split, referee = (enumerate_regions(network, box, engine) for engine in ("split", "lp"))
    assert split.num_regions == referee.num_regions > 12
    assert np.array_equal(split.records.signs, referee.records.signs)
    assert np.array_equal(split.facets.regions, referee.facets.regions)
    assert split.facets.num_boundary == referee.facets.num_boundary
    assert referee.records.bounded.all()


@pytest.mark.parametrize("lie", ["point", "empty", "sign", "nothing"])
def test_a_wrong_proposal_changes_no_answer(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "point": ((Fraction(9),) * 6, []),
        "empty": (None, [(0, Fraction(1)), (1, Fraction(1))]),
        "sign": (None, [(0, Fraction(1)), (6, Fraction(-1))]),
        "nothing": None,
    }
    asked = []
    monkeypatch.setattr(proposals, "propose", lambda rows, dim: asked.append(dim) or answers[lie])
    inside = [tuple(int(k == j) for k in range(7)) for j in range(1, 7)]
    assert interior_point([*inside, (1, *[-1] * 6)], 6) is not None
    assert interior_point([*inside, (0, *[-1] * 6)], 6) is None
    assert asked == [6, 6]


def test_proposals_are_exact_where_they_claim_emptiness() -> None:
    third = [tuple(int(k == j) for k in range(8)) for j in range(1, 8)]
    proposed = proposals.propose([*third, (-1, *[-3] * 7)], 7)
    assert proposed is not None
    point, multipliers = proposed
    assert point is None
    assert {row: y / multipliers[-1][1] for row, y in multipliers} == {**dict.fromkeys(range(7), 3), 7: 1}


def test_bounded_and_unbounded() -> None:
    assert is_bounded([(0, 1, 0), (0, 0, 1), (1, -1, -1)])
    assert not is_bounded([(0, 1, 0), (0, 0, 1)])
    assert not is_bounded([(0, 1, 0), (0, 0, 1), (1, 0, -1)])


def test_units_in_order_of_their_sign_vectors() -> None:
    cells = enumerate_regions(Network.from_layers([[[1], [1]], [[1, 1]]], [[0, -1], [0]]), engine="lp")
    assert cells.records.signs.tolist() == [[-1, -1], [1, -1], [1, 1]]
    assert cells.records.bounded.tolist() == [False, True, False]


def test_dead_duplicate_and_opposite_units() -> None:
    """relu(x), relu(x), relu(2x), relu(-x), relu(0), relu(-1): two regions, one facet on all but the last."""
    network = Network.from_layers([[[1], [1], [2], [-1], [0], [0]], [[1] * 6]], [[0, 0, 0, 0, 0, -1], [0]])
    cells = enumerate_regions(network, engine="lp")
    assert cells.records.signs.tolist() == [[-1, -1, -1, 1, 0, -1], [1, 1, 1, -1, 0, -1]]
    assert cells.facets.num_inner == 1
    assert cells.records.facet_units.tolist() == [0, 1, 2, 3, 4] * 2


def test_a_unit_that_vanishes_on_a_whole_region_has_sign_zero_there() -> None:
    """relu(relu(x)): where x < 0 the second unit is 0, not negative."""
    cells = enumerate_regions(Network.from_layers([[[1]], [[1]], [[1]]], [[0], [0], [0]]), engine="lp")
    assert cells.records.signs.tolist() == [[-1, 0], [1, 1]]
    assert [cells.pattern(region) for region in range(2)] == ["0|0", "1|1"]


def test_no_hidden_layer_is_one_region() -> None:
    cells = enumerate_regions(Network.from_layers([[[1, 2]]], [[3]]), engine="lp")
    assert (cells.num_regions, cells.num_unbounded, cells.facets.num_inner) == (1, 1, 0)
    assert (cells.graph.diameter, cells.graph.radius) == (0, 0)
    assert all(check.passed is not False for check in cells.checks + cells.graph_checks)


def test_no_hidden_layer_in_a_box() -> None:
    cells = enumerate_regions(Network.from_layers([[[1, 2]]], [[3]]), Domain.box([0, 0], [1, 1]), engine="lp")
    assert (cells.num_regions, cells.num_bounded, cells.facets.num_boundary) == (1, 1, 4)


def test_units_without_weights_are_one_region() -> None:
    cells = enumerate_regions(Network.from_layers([[[0], [0]], [[1, 1]]], [[1, -1], [0]]), engine="lp")
    assert (cells.num_regions, cells.num_bounded, cells.essential_dim) == (1, 0, 0)
    assert cells.pattern(0) == "10"


def test_a_box_cuts_the_regions_and_bounds_them() -> None:
    network = Network.from_layers([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0]])
    cells = enumerate_regions(network, Domain.box([-1, 1], [1, 2]), engine="lp")
    assert (cells.num_regions, cells.num_bounded) == (2, 2)
    assert (cells.facets.num_inner, cells.facets.num_boundary) == (1, 6)


def test_a_polytope_whose_wall_lies_on_a_unit() -> None:
    """x >= 0 as domain and relu(x): the unit never changes sign, its hyperplane is the boundary."""
    network = Network.from_layers([[[1], [1]], [[1, 1]]], [[0, -1], [0]])
    cells = enumerate_regions(network, Domain.polytope([[-1]], [0]), engine="lp")
    assert cells.records.signs.tolist() == [[1, -1], [1, 1]]
    assert (cells.facets.num_inner, cells.facets.num_boundary) == (1, 1)


def test_a_domain_on_inputs_the_network_ignores() -> None:
    network = Network.from_layers([[[1, 0]], [[1]]], [[0], [0]])
    cells = enumerate_regions(network, Domain.box([-1, -1], [1, 1]), engine="lp")
    assert (cells.num_regions, cells.num_bounded) == (2, 2)
    assert enumerate_regions(network, engine="lp").num_bounded == 0


def test_a_domain_without_interior() -> None:
    network = Network.from_layers([[[1]], [[1]]], [[0], [0]])
    with pytest.raises(DomainError, match="no interior"):
        enumerate_regions(network, Domain.polytope([[1], [-1]], [0, 0]), engine="lp")


def test_limits_give_a_lower_bound() -> None:
    network = Network.from_layers([np.eye(3), [[1, 1, 1]]], [[0, 0, 0], [0]])
    cells = enumerate_regions(network, engine="lp", max_regions=3)
    assert (cells.num_regions, cells.complete) == (3, False)
    assert cells.stopped_by == "the limit of 3 regions"
    assert {check.name: check.passed for check in cells.checks}["watertight"] is None
    whole = enumerate_regions(network, engine="lp", max_regions=8)
    assert (whole.num_regions, whole.complete) == (8, True)


def test_progress_is_reported() -> None:
    seen: list[int] = []
    network = Network.from_layers([np.eye(3), [[1, 1, 1]]], [[0, 0, 0], [0]])
    enumerate_regions(network, engine="lp", progress=lambda progress: seen.append(progress.regions))
    assert seen
    assert seen == sorted(seen)


@pytest.mark.parametrize(("limit", "value"), [("max_regions", 0), ("timeout", 0.0), ("timeout", -1.0)])
def test_limits_that_make_no_sense(limit: str, value: float) -> None:
    with pytest.raises(UsageError, match=limit):
        enumerate_regions(Network.from_layers([[[1]]], [[0]]), **{limit: value})


def test_an_engine_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="there is no engine 'fast'"):
        enumerate_regions(Network.from_layers([[[1]]], [[0]]), engine="fast")


@pytest.mark.parametrize(
    "domain",
    [
        Domain.polytope([[1, 0], [-1, 0]], [1, 1]),
        Domain.polytope([[1, 1], [-1, -1]], [3, 2]),
        Domain.polytope([[1, 0]], [1]),
        Domain.polytope([[1, 0], [-1, 0], [0, 1]], [1, 1, 1]),
    ],
    ids=["strip", "slanted strip", "half-plane", "half-strip"],
)
def test_cells_of_unbounded_domains_are_bounded_where_they_are(domain: Domain) -> None:
    network = load("fixtures/truth/int_2-6-6-1.json")
    lp, split = (enumerate_regions(network, domain, engine=engine).records for engine in ("lp", "split"))
    assert np.count_nonzero(~split.bounded) > 0
    assert lp.bounded.tolist() == split.bounded.tolist()
