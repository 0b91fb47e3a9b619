"""What is told of tropical polynomials: their monomials, and where they meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relureg.tropical.notation import in_max_notation, in_tropical_notation
from relureg.words import plural

if TYPE_CHECKING:
    from relureg.tropical.polynomial import TropicalPolynomial
    from relureg.tropical.subdivision import DualSubdivision

MAX_SHOWN = 12
"""Most monomials or points of a polynomial that the table writes out; --json has all."""

MAX_TEXT = 240
"""Longest polynomial that the table writes out: rational weights have long numerators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermFacts:
    """A monomial: its coefficient and exponents, as texts p/q."""

    coefficient: str
    exponents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolynomialText:
    """A polynomial as people write it."""

    monomials: int
    max: str

    @classmethod
    def of(cls, polynomial: TropicalPolynomial, names: Sequence[str]) -> PolynomialText:
        return cls(monomials=polynomial.num_monomials, max=in_max_notation(polynomial, names))


@dataclass(frozen=True, slots=True, kw_only=True)
class PolynomialFacts:
    """A polynomial, its Newton polytope, and the dual subdivision of that."""

    monomials: int
    terms: tuple[TermFacts, ...]
    max: str
    tropical: str
    newton_dim: int
    newton_vertices: int
    cells: int
    edges: int
    hypersurface_vertices: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, one: DualSubdivision, names: Sequence[str]) -> PolynomialFacts:
        polynomial = one.polynomial
        terms = tuple(
            TermFacts(coefficient=str(constant), exponents=tuple(map(str, exponents)))
            for exponents, constant in polynomial.terms.items()
        )
        return cls(
            monomials=polynomial.num_monomials,
            terms=terms,
            max=in_max_notation(polynomial, names),
            tropical=in_tropical_notation(polynomial, names),
            newton_dim=one.dim,
            newton_vertices=len(one.newton_vertices),
            cells=len(one.cells),
            edges=len(one.edges),
            hypersurface_vertices=tuple(tuple(map(str, cell.vertex)) for cell in one.cells) if one.dim else (),
        )

    @property
    def is_short(self) -> bool:
        """Whether the table writes it out."""
        return self.monomials <= MAX_SHOWN and len(self.max) <= MAX_TEXT

    def meeting(self, dim: int) -> str:
        """Where monomials meet, and how the Newton polytope is divided."""
        points = self.hypersurface_vertices
        if self.edges == 0:
            return "affine"
        if dim > 1 or len(points) > MAX_SHOWN:
            return f"{plural(self.cells, 'cell')} and {plural(self.edges, 'edge')} in the dual subdivision"
        return f"bends at {', '.join(x for (x,) in points)}"
