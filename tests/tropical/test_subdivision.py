"""Dual subdivisions: the article's examples, duality with the hypersurface, and tilings."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

from relureg.engine.lp import interior_point
from relureg.exact.rational import RationalMatrix
from relureg.tropical import TropicalPolynomial, dual_subdivision, form_checks, newton_vertices, parse
from relureg.tropical.subdivision import DualSubdivision, area, polygon


def test_the_breakpoints_of_the_first_example() -> None:
    found = dual_subdivision(parse("max(2x, x + 2, -4)").function.numerator)
    assert [cell.vertex for cell in found.cells] == [(-6,), (2,)]
    assert [edge.monomials for edge in found.edges] == [(0, 1), (1, 2)]
    assert found.newton_vertices == (0, 2)


def test_the_subdivision_of_the_quadratic_example() -> None:
    f = parse("x1^2 + 2 x1 x2 + x2^2 + 2 x1 + 2 x2 + 2", notation="tropical").function.numerator
    found = dual_subdivision(f)
    corners = {tuple(found.exponents[k] for k in cell.monomials): cell.vertex for cell in found.cells}
    assert corners == {
        ((0, 0), (0, 1), (1, 0), (1, 1)): (0, 0),
        ((0, 1), (0, 2), (1, 1)): (0, 2),
        ((1, 0), (1, 1), (2, 0)): (2, 0),
    }
    assert len(found.edges) == 8
    assert newton_vertices(f) == [(0, 0), (0, 2), (2, 0)]
    bounded = [edge for edge in found.edges if not edge.rays]
    assert [tuple(found.exponents[k] for k in edge.monomials) for edge in bounded] == [
        ((0, 1), (1, 1)), ((1, 0), (1, 1))
    ]  # fmt: skip


def test_an_inner_vertex_makes_a_closed_loop() -> None:
    """A monomial inside the Newton polygon has a bounded region, whose facets have no rays."""
    f = TropicalPolynomial.of_terms({(0, 0): 0, (3, 0): 0, (0, 3): 0, (1, 1): 1})
    found = dual_subdivision(f)
    inner = found.exponents.index((1, 1))
    assert inner not in found.newton_vertices
    around = [edge for edge in found.edges if inner in edge.monomials]
    assert len(around) == 3
    assert all(len(edge.vertices) == 2 and not edge.rays for edge in around)


def test_exponents_on_a_line_in_the_plane() -> None:
    found = dual_subdivision(TropicalPolynomial.of_terms({(0, 0): 0, (1, -2): 3, (2, -4): 0}))
    assert (found.dim, len(found.cells), len(found.edges)) == (1, 2, 2)
    for cell in found.cells:
        assert sorted(found.polynomial.maximal(cell.vertex)) == list(cell.monomials)


def test_a_single_monomial() -> None:
    found = dual_subdivision(TropicalPolynomial.of_terms({(1, 2): 3}))
    assert (found.dim, found.edges, found.newton_vertices) == (0, (), (0,))
    assert form_checks.duality([found]).passed


@pytest.mark.parametrize("seed", range(40))
def test_duality(seed: int) -> None:
    """Cells are where their monomials are maximal; facets are orthogonal to their edges; cells tile the polytope."""
    draw = random.Random(seed)
    dim = draw.randint(1, 4)
    terms = {tuple(draw.randint(0, 4) for _ in range(dim)): draw.randint(-6, 6) for _ in range(draw.randint(1, 14))}
    found = dual_subdivision(TropicalPolynomial.of_terms(terms))
    for cell in found.cells:
        assert found.polynomial.maximal(cell.vertex) == list(cell.monomials)
        first, *others = (found.points[k] for k in cell.monomials)
        spanned = [[a - b for a, b in zip(point, first, strict=True)] for point in others]
        assert RationalMatrix.from_fractions(spanned, found.dim).rank() == found.dim
    for edge in found.edges:
        one, other = (found.exponents[k] for k in edge.monomials)
        along = [[y - x for x, y in zip(found.cells[edge.vertices[0]].vertex, found.cells[k].vertex, strict=True)]
                 for k in edge.vertices[1:]]  # fmt: skip
        for direction in [*along, *edge.rays]:
            assert sum((b - a) * v for a, b, v in zip(one, other, direction, strict=True)) == 0
        for k in edge.vertices:
            assert set(edge.monomials) <= set(found.cells[k].monomials)
    assert {k for edge in found.edges for k in edge.monomials} == set(range(found.polynomial.num_monomials)) or (
        found.polynomial.num_monomials == 1
    )
    assert_edges_are_exactly_the_neighbours(found)
    if found.dim <= 2:
        assert form_checks.duality([found]).passed


def assert_edges_are_exactly_the_neighbours(found: DualSubdivision) -> None:
    """Two monomials are joined iff somewhere both are equal and larger than all others: a linear program each."""
    rows = found.polynomial.monomials.numerators.tolist()
    joined = {edge.monomials for edge in found.edges}
    for one, other in itertools.combinations(range(len(rows)), 2):
        tie = [a - b for a, b in zip(rows[one], rows[other], strict=True)]
        pivot = next(k for k in range(1, len(tie)) if tie[k])
        sign, size = (1, tie[pivot]) if tie[pivot] > 0 else (-1, -tie[pivot])
        larger = []
        for index, row in enumerate(rows):
            if index not in (one, other):
                ahead = [a - b for a, b in zip(rows[one], row, strict=True)]
                on_tie = [a * size - ahead[pivot] * sign * t for a, t in zip(ahead, tie, strict=True)]
                larger.append(tuple(entry for k, entry in enumerate(on_tie) if k != pivot))
        meet = interior_point(larger, found.polynomial.dim - 1) is not None
        assert meet == ((one, other) in joined)


def test_a_wrong_subdivision_is_caught() -> None:
    from dataclasses import replace

    f = parse("x1^2 + 2 x1 x2 + x2^2 + 2 x1 + 2 x2 + 2", notation="tropical").function.numerator
    right = dual_subdivision(f)
    for wrong in (replace(right, cells=right.cells[1:]), replace(right, edges=right.edges[1:])):
        assert form_checks.duality([wrong]).passed is False
    assert form_checks.duality([replace(right, dim=3)]).passed is None


def test_polygons_and_areas_are_exact() -> None:
    square = [(Fraction(a), Fraction(b)) for a in (0, 1, 2) for b in (0, 1, 2)]
    assert polygon(square) == [(0, 0), (2, 0), (2, 2), (0, 2)]
    assert area(square) == 4
    assert area([(Fraction(0), Fraction(0)), (Fraction(1, 3), Fraction(0)), (Fraction(0), Fraction(1, 7))]) == Fraction(
        1, 42
    )
    assert area([(Fraction(1, 3),), (Fraction(3),)]) == Fraction(8, 3)
