"""Intervals of means and ratios: against scipy, and where none is told."""

import numpy as np
import pytest
from scipy.special import stdtrit

from relureg.engine.intervals import FEWEST, Interval, mean_of, ratio_of, student


def test_the_quantile_is_that_of_student() -> None:
    for degrees in [*range(FEWEST - 1, 100), 1000, 10**6]:
        assert student(degrees) == pytest.approx(stdtrit(degrees, 0.975), rel=5e-5)


def test_the_interval_of_a_mean_is_that_of_the_textbook() -> None:
    values = np.random.default_rng(0).gamma(3.0, size=40)
    told = mean_of(values.tolist())
    half = stdtrit(39, 0.975) * values.std(ddof=1) / 40**0.5
    low, high = values.mean() - half, values.mean() + half
    assert told is not None
    assert (told.mean, told.low, told.high) == pytest.approx((values.mean(), low, high), rel=1e-4)
    assert told.precision == pytest.approx((high - low) / 2 / values.mean(), rel=1e-3)
    raised = mean_of(values.tolist(), at_least=values.mean())
    assert raised is not None
    assert raised.low == raised.mean


def test_intervals_hold_the_truth_in_95_of_100_cases() -> None:
    random = np.random.default_rng(1)
    means, ratios = 0, 0
    for _ in range(2000):
        regions = random.normal(100, 20, 24)
        bounded = 0.6 * regions + random.normal(0, 3, 24)
        mean, ratio = mean_of(regions.tolist()), ratio_of(bounded.tolist(), regions.tolist())
        assert mean is not None
        assert ratio is not None
        means += mean.low <= 100 <= mean.high
        ratios += ratio.low <= 0.6 <= ratio.high
    # 95 % of 2,000 is 1,900 +- 10; the interval of a ratio is that of its linear part.
    assert 1860 <= means <= 1940
    assert 1840 <= ratios <= 1950


def test_no_interval_is_told_where_none_would_hold() -> None:
    assert mean_of([1.0] * (FEWEST - 1)) is None
    assert mean_of([0.0] * 100) is None
    assert mean_of([1.0] * 100 + [67.0]) is None
    assert mean_of([1.0] * 100 + [66.0]) is not None
    assert ratio_of([0.0] * 100, [1.0] * 100) is None
    assert mean_of([2.0] * FEWEST) == Interval(mean=2.0, low=2.0, high=2.0)
