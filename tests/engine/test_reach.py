"""Which units cut a domain, and whether they make few regions: against exact intervals, corners and counts."""

from __future__ import annotations

import numpy as np
import pytest

from relureg import Domain, Network, Problem
from relureg.engine.reach import Reach, reach_of
from relureg.families.random import random_network
from relureg.theory.stability import stable_units


def _reach(network: Network, domain: Domain | None) -> Reach:
    reach = reach_of(Problem(network=network, domain=domain))
    assert reach is not None
    return reach


def _axes(dim: int) -> Network:
    """The units x_i."""
    return Network.from_layers([np.eye(dim).tolist(), [[1] * dim]], [[0] * dim, [0]])


@pytest.mark.parametrize("side", [0.01, 0.1, 0.5, 2.0])
def test_units_that_cut_a_box_are_those_that_intervals_leave_open(side: float) -> None:
    network, box = random_network([5, 30], seed=3), Domain.box([-side, 0, -side, -side, 1], [side] * 4 + [1 + side])
    (signs,) = stable_units(Problem(network=network, domain=box))
    assert _reach(network, box).num_cutting == signs.count(0)


def test_units_that_cut_a_simplex_have_two_signs_at_its_corners() -> None:
    network = random_network([6, 40], seed=1)
    simplex = Domain.polytope([*(-np.eye(6)).tolist(), [1] * 6], [0] * 6 + [1])
    values = network.pre_activations([[0] * 6, *np.eye(6).tolist()])
    cutting = int(((values > 0).any(axis=0) & (values < 0).any(axis=0)).sum())
    assert 0 < cutting < 40
    assert _reach(network, simplex).num_cutting == cutting


def test_units_reach_to_the_bounds_of_a_turned_box() -> None:
    """No wall bounds a single input; the units are the walls' directions, at 0.5, 0.9 and 1.1 of the way."""
    rows = np.array([[1, 1, 0], [1, -1, 0], [0, 0, 1]])
    domain = Domain.polytope([*rows.tolist(), *(-rows).tolist(), [1, 1, 1]], [1] * 6 + [4])
    network = Network.from_layers([rows.tolist(), [[1] * 3]], [[0.5, -0.9, 1.1], [0]])
    assert sorted(_reach(network, domain).depths) == pytest.approx([0.5, 0.9])


def test_where_nothing_bounds_the_domain_units_cut_in_the_middle() -> None:
    inf = float("inf")
    for domain in (Domain.box([0] * 3, [inf] * 3), Domain.polytope([[1, 1, 1], [1, 0, -1]], [1, 1])):
        network = Network.from_layers([[[1, -2, 1], [3, -1, 1]], [[1, 1]]], [[5, -7], [0]])
        assert _reach(network, domain).depths == (0.0, 0.0)
    half = Domain.box([1] * 3, [inf] * 3)
    assert _reach(_axes(3), half).num_cutting == 0


def test_few_regions_are_counted_as_flats_that_meet_the_domain() -> None:
    """Axes through the middle of a cube part it in 2^d; far off the middle no two of them meet in a ball."""
    cube = _reach(_axes(4), Domain.box([-1] * 4, [1] * 4))
    assert (cube.has_at_most(16), cube.has_at_most(15)) == (True, False)
    apart = Reach(dim=4, depths=(0.8,) * 5)
    assert (apart.has_at_most(6), apart.has_at_most(5)) == (True, False)
    flat = Reach(dim=2, depths=(0.0,) * 5)
    assert (flat.has_at_most(16), flat.has_at_most(15)) == (True, False)


def test_what_is_not_looked_at() -> None:
    """The whole space, polytopes without a point inside, numbers beyond doubles, and stages that read no input."""
    network = random_network([3, 4], seed=1)
    far = Network.from_layers([[[10**400, 0, 1]], [[1]]], [[0], [0]])
    constant = Network.from_layers([[[0, 0, 0]], [[1]]], [[1], [0]])
    box, cone = Domain.box([-1] * 3, [1] * 3), Domain.polytope((-np.eye(3) - 1).tolist(), [0] * 3)
    assert reach_of(Problem(network=network)) is None
    assert reach_of(Problem(network=network, domain=cone)) is None
    assert reach_of(Problem(network=far, domain=box)) is None
    assert _reach(constant, box).num_cutting == 0
