"""The splitter where doubles underflow, overflow or round: every answer is that of exact arithmetic."""

from collections.abc import Sequence
from fractions import Fraction
from random import Random

import pytest

from relureg import Network, count_regions, enumerate_regions
from relureg.exact.rational import RationalMatrix
from tests.contract.agreement import assert_engines_agree

Number = Fraction | int
Layer = tuple[Sequence[Sequence[Number]], Sequence[Number]]

TINY, HUGE = Fraction(1, 2**600), Fraction(2**600)


def _network(*layers: Layer) -> Network:
    return Network.from_layers(
        [RationalMatrix.from_fractions(weights, len(weights[0])) for weights, _ in layers],
        [RationalMatrix.from_fractions([[bias] for bias in biases], 1) for _, biases in layers],
    )


def test_products_that_underflow_are_not_zero() -> None:
    """2^-600 relu(2^-600 x) is positive where x is, though its slope is 0 as a double."""
    cells = assert_engines_agree(_network(([[TINY]], [0]), ([[TINY]], [0]), ([[1]], [0])))
    assert cells.records.signs.tolist() == [[-1, 0], [1, 1]]


def test_products_that_overflow_are_not_infinite() -> None:
    """z = 2^600 (relu(2^600 x) - relu(2^-600 x)) is positive where x is."""
    cells = assert_engines_agree(_network(([[HUGE], [TINY]], [0, 0]), ([[HUGE, -HUGE]], [0]), ([[1]], [0])))
    assert cells.records.signs.tolist() == [[-1, -1, 0], [1, 1, 1]]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_sums_of_large_and_small_numbers_round(order: tuple[int, ...]) -> None:
    """x - 1, y - 1 and 2^600 (x - y) + 2^-500: three lines that meet in three points, 2^-1100 apart."""
    rows, biases = [[1, 0], [0, 1], [HUGE, -HUGE]], [-1, -1, Fraction(1, 2**500)]
    network = _network(([rows[i] for i in order], [biases[i] for i in order]), ([[1, 1, 1]], [0]))
    cells = assert_engines_agree(network)
    assert (cells.num_regions, cells.num_bounded) == (7, 1)


def test_interior_points_of_any_length() -> None:
    """Breakpoints at 2^-20000 and twice that: a point between them has thousands of digits."""
    small = Fraction(1, 2**20_000)
    network = _network(([[1], [1]], [-small, -2 * small]), ([[1, 1]], [0]))
    cells = enumerate_regions(network, engine="split", audit=True)
    assert cells.num_regions == 3
    assert small < cells.point(1)[0] < 2 * small
    assert all(check.passed is not False for check in cells.checks)


def test_interior_points_far_away() -> None:
    """Beyond 10^400 no double goes."""
    far = 10**400
    network = _network(([[1], [1]], [-far, -2 * far]), ([[1, 1]], [0]))
    cells = enumerate_regions(network, engine="split", audit=True)
    assert far < cells.point(1)[0] < 2 * far
    assert cells.point(2)[0] > 2 * far
    assert all(check.passed is not False for check in cells.checks)


def test_weights_that_underflow_and_overflow_as_doubles() -> None:
    tiny, huge = Fraction(1, 10**400), 10**400
    cells = assert_engines_agree(
        _network(([[tiny, huge], [huge, -1], [tiny, tiny]], [1, tiny, -huge]), ([[1, -tiny, huge]], [-1]), ([[1]], [0]))
    )
    assert cells.num_regions > 7


@pytest.mark.parametrize("slope", [Fraction(1, 10**400), 10**400], ids=["tiny", "huge"])
def test_a_stage_of_integers_after_one_beyond_doubles(slope: Number) -> None:
    """relu(slope x) - 1 changes sign at 1 / slope, though as a double the slope is 0, or none."""
    cells = assert_engines_agree(_network(([[slope]], [0]), ([[1]], [-1]), ([[1]], [0])))
    assert cells.records.signs.tolist() == [[-1, -1], [1, -1], [1, 1]]
    assert cells.records.bounded.tolist() == [False, True, False]


def test_a_stage_of_integers_after_one_that_rounds_to_integers() -> None:
    """relu((1 + 2^-60) x) - relu(x) is positive where x is."""
    network = _network(([[1 + Fraction(1, 2**60)], [1]], [0, 0]), ([[1, -1]], [0]), ([[1]], [0]))
    cells = assert_engines_agree(network)
    assert cells.records.signs.tolist() == [[-1, -1, 0], [1, 1, 1]]


@pytest.mark.parametrize("exponent", [-1074, -1022, -900, -52, 52, 900, 1023])
def test_one_unit_of_any_magnitude(exponent: int) -> None:
    """Subnormal numbers and the largest doubles: the breakpoint is at -1 whatever the scale."""
    scale = Fraction(2) ** exponent
    cells = assert_engines_agree(_network(([[scale]], [scale]), ([[1]], [-scale]), ([[1]], [0])))
    assert cells.records.signs.tolist() == [[-1, -1], [1, -1], [1, 1]]


def test_numbers_that_agree_in_all_their_digits_but_the_last() -> None:
    """Breakpoints at 1 and 1 + 2^-52, neighbours among the doubles, and one between them that is none."""
    last = Fraction(1, 2**52)
    cells = assert_engines_agree(_network(([[1], [1], [1]], [-1, -1 - last, -1 - last / 2]), ([[1, 1, 1]], [0])))
    assert cells.num_regions == 4
    assert len(cells.records.exact_points) == 2


@pytest.mark.parametrize("by_enumeration", [False, True])
def test_decimals_are_decided_as_the_integers_that_they_stand_for(by_enumeration: bool) -> None:
    """Units times 1/10, then 3/70: no double is rounded, and each sign is decided as before."""
    random = Random(2)
    weights = [[[random.randint(-3, 3) for _ in range(n)] for _ in range(m)] for m, n in ((9, 2), (6, 9), (1, 6))]
    biases = [[random.randint(-3, 3) for _ in rows] for rows in weights]
    plain, scaled = [], []
    before = Fraction(1)
    for rows, constants, factor in zip(weights, biases, (Fraction(1, 10), Fraction(3, 70), Fraction(1)), strict=True):
        plain.append((rows, constants))
        scaled.append(([[x * factor / before for x in row] for row in rows], [x * factor for x in constants]))
        before = factor
    counts = [count_regions(_network(*layers), jobs=1, by_enumeration=by_enumeration) for layers in (plain, scaled)]
    assert counts[0].num_regions == counts[1].num_regions > 50
    assert counts[0].predicates == counts[1].predicates


def test_a_long_chain_of_cancellations() -> None:
    """Each stage adds two nearly opposite terms, so that doubles keep fewer and fewer digits."""
    third = Fraction(1, 3)
    layer: Layer = ([[1 + third, -1], [-1, 1 + third]], [-third, Fraction(1, 7)])
    cells = assert_engines_agree(_network(([[1], [-1]], [0, 1]), *[layer] * 6, ([[1, 1]], [0])))
    assert cells.num_regions > 4
