"""The largest monomial, where doubles say nothing or the wrong thing."""

from __future__ import annotations

import random

import numpy as np
import pytest

from relureg.tropical.maximum import Maximum


@pytest.mark.parametrize("seed", range(30))
def test_values_that_cancel(seed: int) -> None:
    """Coefficients cancel all but the last bits of exponent times point, which decide."""
    draw = random.Random(seed)
    dim, size = draw.randint(1, 3), 2 ** draw.choice([10, 60, 200, 2000])
    point = [draw.randint(1, size), *(draw.randint(-size, size) for _ in range(dim))]
    factors = []
    for _ in range(2):
        exponents = sorted({tuple(draw.randint(-size, size) * point[0] for _ in range(dim)) for _ in range(40)})
        slopes = [sum(a * x for a, x in zip(row, point[1:], strict=True)) for row in exponents]
        rows = [[-slope // point[0] + draw.randint(-2, 2), *row] for slope, row in zip(slopes, exponents, strict=True)]
        factors.append(np.array(rows, dtype=object))
    maximum = Maximum([factors])
    maximum.restrict(np.arange(1 + dim))
    best = sum(max((rows @ np.array(point, dtype=object)).tolist()) for rows in factors)
    assert maximum.largest(point) @ np.array(point, dtype=object) == best


def test_of_equal_monomials_the_last_is_taken() -> None:
    rows = np.array([[0, k, -k] for k in range(20)], dtype=object)
    maximum = Maximum([[rows, rows[:3]], [rows[:2]]])
    maximum.restrict(np.arange(3))
    assert maximum.largest([1, 5, 5]).tolist() == [0, 21, -21]
