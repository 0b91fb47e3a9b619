"""Which arrangements have a closed form, and which."""

import pytest

from relureg import Network, enumerate_regions
from relureg.complex.arrangement import first_stage_hyperplanes, generic_region_count


def _network(rows: list[list[int]], biases: list[int]) -> Network:
    return Network.from_layers([rows, [[1] * len(rows)]], [biases, [0]])


@pytest.mark.parametrize(
    ("rows", "biases", "regions"),
    [
        ([[1, 2], [1, 4], [1, 8], [1, 16]], [1, 2, 5, 7], 11),  # general position: 1 + 4 + 6
        ([[1, 2], [1, 4], [1, 8], [1, 16]], [0, 0, 0, 0], 8),  # central: 2 (1 + 3)
        ([[1, 2], [2, 4], [1, 8]], [1, 3, 5], None),  # parallel lines
        ([[1, 0], [0, 1], [1, 1]], [0, 0, 0], 6),
        ([[1, 0], [0, 1], [1, 1], [1, -1]], [0, 0, 0, 5], None),  # three lines in one point
        ([[1, 0], [2, 0], [-3, 0]], [1, 2, -3], 2),  # one hyperplane three times, one essential dimension
        ([[1, 0], [0, 0]], [1, 2], 2),  # a unit without weights is no hyperplane
    ],
)
def test_closed_forms(rows: list[list[int]], biases: list[int], regions: int | None) -> None:
    network = _network(rows, biases)
    assert generic_region_count(first_stage_hyperplanes(network)) == regions
    if regions is not None:
        assert enumerate_regions(network, engine="lp").num_regions == regions


def test_a_determinant_that_is_a_multiple_of_the_prime_is_still_not_zero() -> None:
    prime = 2_147_483_647
    network = _network([[prime, 0], [0, 1]], [1, 1])
    assert generic_region_count(first_stage_hyperplanes(network)) == 4


def test_hyperplanes_are_counted_once() -> None:
    network = _network([[1, 2], [-2, -4], [1, 2], [0, 0]], [3, -6, 4, 1])
    assert first_stage_hyperplanes(network).shape == (2, 2)  # parallel: one essential dimension is left
