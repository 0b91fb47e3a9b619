"""Ranges of derivatives: brute force over the referee's regions."""

from __future__ import annotations

import pytest

import relureg
from relureg import Domain, derivative_ranges
from relureg.behaviour import jacobian_search
from tests.contract.networks import KINDS, generated

from .brute_force import regions_of


@pytest.mark.parametrize("kind", list(KINDS)[::2])
def test_generated_networks(kind: str) -> None:
    check_derivatives(kind, 5)


def test_a_steep_region_beyond_the_largest_double() -> None:
    """Its point is no double, so that none is drawn around it."""
    check_derivatives("mixed-magnitudes", 9)


@pytest.mark.sweep
@pytest.mark.parametrize("kind", KINDS)
def test_more_generated_networks(kind: str) -> None:
    for seed in range(6, 11):
        check_derivatives(kind, seed)


def check_derivatives(kind: str, seed: int) -> None:
    sample = generated(kind, seed, size=6)
    if sample.domain is not None and sample.domain.equations is not None:
        return
    network, matrices = sample.network, [region.matrix for region in regions_of(sample.network, sample.domain)]
    for found in derivative_ranges(network, sample.domain):
        entries = [matrix[found.output][found.input] for matrix in matrices]
        assert (found.minimum.value, found.maximum.value) == (min(entries), max(entries))


@pytest.mark.parametrize("is_guessing", [True, False])
def test_where_a_derivative_is_attained(is_guessing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not is_guessing:  # bounds alone decide what is looked at
        monkeypatch.setattr(jacobian_search, "_POINTS", 0)
    network = relureg.load("fixtures/truth/rand_2-16-16-1.json")
    box = Domain.box([-1, -1], [1, 1])
    cells = relureg.enumerate_regions(network, box)
    slopes = cells.affine_maps()[0][:, 0]
    for found in derivative_ranges(network, box):
        for end, expected in ((found.minimum, slopes.min(axis=0)), (found.maximum, slopes.max(axis=0))):
            (region,) = cells.locate([[float(x) for x in end.point]]).tolist()
            assert cells.affine_map(region).matrix.fractions()[0][found.input] == end.value
            assert float(end.value) == pytest.approx(expected[found.input], rel=1e-12)


def test_a_flat_domain_has_no_derivatives() -> None:
    with pytest.raises(relureg.errors.DomainError, match="flat"):
        derivative_ranges(relureg.load("fixtures/truth/xor.json"), Domain.box([0, 0], [0, 1]))
