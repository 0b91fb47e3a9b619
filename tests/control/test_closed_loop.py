"""Closed loops: every state by hand, in rationals and in doubles, and the region of each."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import relureg
from relureg.errors import UsageError

PENDULUM = "fixtures/nets/overt_single_pendulum_small.nnet"
A, B = [[1, 0.1], [0.1, 0.9]], [[0], [0.5]]


def _hat() -> relureg.Network:
    """u = max(x, 0) - 2 max(x - 1, 0)."""
    return relureg.Network.from_layers([[[1], [1]], [[1, -2]]], [[0, -1], [0]])


def test_every_state_by_hand() -> None:
    found = relureg.closed_loop(
        _hat(), [[1]], [[Fraction(1, 3)]], start=[Fraction(3, 4)], steps=3, exact=True, offset=[1]
    )
    # u(3/4) = 3/4, u(2) = 2 - 2, u(3) = 3 - 4, u(11/3) = 11/3 - 16/3
    assert found.exact_states == ((Fraction(3, 4),), (Fraction(2),), (Fraction(3),), (Fraction(11, 3),))
    assert found.exact_controls == ((Fraction(3, 4),), (Fraction(0),), (Fraction(-1),), (Fraction(-5, 3),))
    assert found.regions == ("10", "11", "11", "11")
    assert (found.changes, found.stopped_by, found.is_exact) == ((1,), None, True)


def test_doubles_follow_the_rationals() -> None:
    network = relureg.load(PENDULUM)
    rounded, exact = (relureg.closed_loop(network, A, B, start=[1, 0], steps=40, exact=e) for e in (False, True))
    assert exact.exact_states is not None
    assert exact.exact_controls is not None
    np.testing.assert_allclose(rounded.states, exact.states, rtol=1e-9, atol=1e-12)
    assert rounded.regions == exact.regions
    assert not rounded.is_exact
    for before, control, after in zip(
        exact.exact_states, exact.exact_controls, exact.exact_states[1:], strict=False
    ):  # fmt: skip
        assert control == network.exact_output(before)
        x, y = before
        assert after == (x + Fraction(0.1) * y, Fraction(0.1) * x + Fraction(0.9) * y + control[0] / 2)


def test_a_function_steers_as_its_network_does() -> None:
    network = relureg.load(PENDULUM)
    cells = relureg.enumerate_regions(network, relureg.Domain.box([-2, -2], [2, 2]))
    by_function = relureg.closed_loop(relureg.PiecewiseAffine.of(cells), A, B, start=[1, 0], steps=30)
    by_network = relureg.closed_loop(network, A, B, start=[1, 0], steps=30)
    np.testing.assert_allclose(by_function.states, by_network.states, rtol=1e-9, atol=1e-12)
    assert [cells.pattern(region) for region in by_function.regions] == list(by_network.regions)


def test_it_ends_outside_the_domain_and_at_limits() -> None:
    cells = relureg.enumerate_regions(_hat(), relureg.Domain.box([0], [4]))
    left = relureg.closed_loop(relureg.PiecewiseAffine.of(cells), [[1]], [[0]], start=[1], steps=9, offset=[2])
    assert (left.num_steps, left.stopped_by) == (2, "a state outside the domain")
    assert left.regions[-1] == -1
    far = relureg.closed_loop(_hat(), [[1e200]], [[0]], start=[1], steps=9)
    assert (far.num_steps, far.stopped_by) == (1, "a state beyond the doubles")
    late = relureg.closed_loop(relureg.load(PENDULUM), A, B, start=[1, 0], steps=10**7, exact=True, timeout=0.2)
    assert late.stopped_by == "the time limit of 0.2 s"
    assert late.num_steps > 0


def test_what_does_not_fit_is_refused() -> None:
    hat = _hat()
    for state, control, start, what in (
        ([[1, 0]], [[1]], [0], "state matrix"), ([[1]], [[1, 2]], [0], "input matrix"), ([[1]], [[1]], [0, 1], "start"),
        ([[float("nan")]], [[1]], [0], "state matrix"), ([["x"]], [[1]], [0], "state matrix"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=what):
            relureg.closed_loop(hat, state, control, start=start, steps=1)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="steps"):
        relureg.closed_loop(hat, [[1]], [[1]], start=[0], steps=-1)
    function = relureg.PiecewiseAffine.of(relureg.enumerate_regions(hat))
    with pytest.raises(UsageError, match="doubles"):
        relureg.closed_loop(function, [[1]], [[1]], start=[0], steps=1, exact=True)
