"""Domains written badly: walls twice, scaled, implied, in pairs that are equations; each counted as its clean form."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest

from relureg import Domain, Network, count_regions, enumerate_regions
from relureg.errors import DomainError
from relureg.network.equations import reduced

Row = tuple[list[Fraction], Fraction]
"""a, b: a wall a x <= b."""


def network(rng: random.Random, dim: int) -> Network:
    sizes = (dim, 4, 3, 1)
    return Network.from_layers(
        [[[rng.randint(-3, 3) for _ in range(a)] for _ in range(b)] for a, b in itertools.pairwise(sizes)],
        [[rng.randint(-2, 2) for _ in range(b)] for b in sizes[1:]],
    )


def scaled(row: Row, factor: Fraction) -> Row:
    return [factor * x for x in row[0]], factor * row[1]


def polytope(rows: list[Row]) -> Domain:
    return Domain.polytope([a for a, _ in rows], [b for _, b in rows])


def figures(net: Network, domain: Domain, engine: str) -> tuple[int | None, ...]:
    found = count_regions(net, domain, engine)
    return found.num_regions, found.num_bounded, found.num_facets, found.num_boundary_facets


@pytest.mark.parametrize("seed", range(12))
def test_what_says_nothing_new_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)
    dim = rng.choice([2, 3])
    net = network(rng, dim)
    # A box about a point of small integers, the wall of a random half-space that holds it, and equations through it.
    centre = [Fraction(rng.randint(-1, 1)) for _ in range(dim)]
    unit = [[Fraction(int(k == axis)) for k in range(dim)] for axis in range(dim)]
    box: list[Row] = [(u, c + 2) for u, c in zip(unit, centre, strict=True)]
    box += [([-x for x in u], 2 - c) for u, c in zip(unit, centre, strict=True)]
    slope = [Fraction(rng.randint(-2, 2)) for _ in range(dim)]
    box.append((slope, sum((a * c for a, c in zip(slope, centre, strict=True)), Fraction(1))))
    normal = rng.choice([unit[0], [Fraction(rng.choice([-2, -1, 1, 3])) for _ in range(dim)]])
    level = sum((a * c for a, c in zip(normal, centre, strict=True)), Fraction(0))
    equation: list[Row] = [(normal, level), ([-a for a in normal], -level)]
    clean = polytope(box + equation)
    expected = figures(net, clean, "split")
    assert expected == figures(net, clean, "lp")
    variants = [
        box + [scaled(row, Fraction(rng.randint(1, 9), 7)) for row in equation],
        box + equation + [scaled(equation[0], Fraction(5, 3))],  # once more as an inequality
        [*box, *equation, (normal, level + 1), ([-a for a in normal], 3 - level)],  # implied by the equation
        [*box, *box, *equation[::-1], ([Fraction(0)] * dim, Fraction(0)), ([Fraction(0)] * dim, Fraction(4))],
        [*(scaled(row, Fraction(1, 3)) for row in box), *equation],
        # A wall plus the equation is the same wall on the flat.
        [*box, *equation, ([a + b for a, b in zip(box[0][0], normal, strict=True)], box[0][1] + level)],
        [*box, *equation, (unit[0], box[0][1] + 1)],  # further out
    ]
    for number, rows in enumerate(variants):
        shuffled = rng.sample(rows, len(rows))
        assert figures(net, polytope(shuffled), "split") == expected, (seed, number)
        assert enumerate_regions(net, polytope(shuffled), "lp").num_regions == expected[0]
    half = polytope(box).intersect(polytope(equation)).intersect(polytope([equation[0]]))
    assert figures(net, half, "split") == expected
    away = Domain.polytope([[-a for a in normal]], [-level - 1])
    with pytest.raises(DomainError, match="the domain is empty"):
        count_regions(net, clean.intersect(away))


def test_a_fixed_input_with_a_wall_that_holds_it() -> None:
    net = Network.from_layers([[[1, 0], [0, 1], [1, 1]], [[1, 1, 1]]], [[0, 0, -1], [0]])
    fixed = Domain.box([3, -5], [3, 5])
    # On x0 = 3: breakpoints at x1 = 0 and x1 = -2.
    for wall in ([[1, 0]], [3]), ([[-1, 0]], [-3]), ([[2, 0]], [6]), ([[1, 0]], [4]), ([[1, 0], [-1, 0]], [3, -3]):
        for domain in (fixed.intersect(Domain.polytope(*wall)), Domain.polytope(*wall).intersect(fixed)):
            assert count_regions(net, domain).num_regions == 3
            assert enumerate_regions(net, domain, "lp").num_regions == 3


@pytest.mark.parametrize(
    ("rows", "bounds", "message"),
    [
        ([[1, 0], [-1, 0]], [2, -3], "is empty: two opposite"),
        ([[1, 1], [-2, -2]], [2, -5], "is empty: two opposite"),
        ([[0, 0], [1, 0]], [-1, 1], "is empty: an inequality says 0 <= -1"),
        ([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1]], [1, -1, 1, -1, 1], "is empty: its equations leave nothing"),
        ([[1, 0], [-1, 0], [1, 0], [0, 1]], [1, -1, 0, 0], "is empty: its equations leave nothing"),
        ([[1, 1], [-1, -1], [1, 1], [-1, -1]], [1, -1, 2, -2], "is empty: its equations contradict"),
        ([[1, 0], [-1, 0], [0, 1], [0, -1]], [1, -1, 1, -1], "it is a single point"),
        ([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1]], [1, -1, 1, -1, 2], "it is a single point"),
        ([[1, 0], [0, 1], [-1, -1]], [0, 0, 0], "no interior: it is empty or flat"),
        ([[1, 0], [0, 1], [-1, -1]], [0, 0, -1], "no interior: it is empty or flat"),
    ],
)
def test_domains_without_room_say_why(rows: list[list[int]], bounds: list[int], message: str) -> None:
    net = Network.from_layers([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0]])
    for engine in ("split", "lp"):
        for run in (count_regions, enumerate_regions):
            with pytest.raises(DomainError, match=message):
                run(net, Domain.polytope(rows, bounds), engine)


def test_the_flat_of_a_domain_solves_its_equations() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        dim = int(rng.integers(2, 6))
        rows = rng.integers(-3, 4, size=(int(rng.integers(1, dim)), dim)).tolist()
        bounds = rng.integers(-3, 4, size=len(rows)).tolist()
        both = [*rows, *([-x for x in row] for row in rows)]
        try:
            flat, rest = reduced(Domain.polytope(both, [*bounds, *(-b for b in bounds)]))
        except DomainError:
            assert np.linalg.matrix_rank(np.c_[rows, bounds]) > np.linalg.matrix_rank(rows)
            continue
        assert rest is None
        base, directions = (
            (np.zeros((dim, 1)), np.eye(dim)) if flat is None else (flat.base.floats, flat.directions.floats)
        )
        np.testing.assert_allclose(np.array(rows) @ base, np.array(bounds)[:, None], atol=1e-9)
        np.testing.assert_allclose(np.array(rows) @ directions, 0, atol=1e-9)
        assert directions.shape[1] == dim - np.linalg.matrix_rank(rows)
