"""Domains with equations: the flat that these leave, and the domain in its coordinates."""

from __future__ import annotations

from fractions import Fraction

from relureg.errors import DomainError
from relureg.exact.rational import RationalMatrix
from relureg.network.domain import Domain
from relureg.network.slices import Slice


def reduced(domain: Domain) -> tuple[Slice | None, Domain | None]:
    """The flat that a domain's equations leave, None for the whole space, and the domain in its coordinates.

    What the walls are on that flat may be equations again; none is left in the end. None stands for a domain without
    any wall left.

    Raises
    ------
    DomainError
        The equations contradict each other or a wall, or they leave but one point.
    """
    flat: Slice | None = None
    rest: Domain | None = domain
    while rest is not None and rest.equations is not None:
        step = _solve(rest.equations)
        flat = step if flat is None else step.within(flat)
        try:
            rest = rest.substitute(step.base, step.directions)
        except DomainError as error:
            raise DomainError("the domain is empty: its equations leave nothing of it") from error
        if not step.dim:
            raise DomainError("the domain has no interior: it is a single point; leave at least one input free")
    if rest is not None:
        rest.check_parallel_walls()
    return flat, rest


def _solve(equations: RationalMatrix) -> Slice:
    """The flat on which the equations hold."""
    constants, matrix = equations.columns(slice(0, 1)), equations.columns(slice(1, None))
    if equations.rank() > matrix.rank():
        raise DomainError("the domain is empty: its equations contradict each other")
    directions = matrix.kernel()
    # The solution whose coordinates are 0 but in the pivot columns, where the matrix is invertible.
    pivots = matrix.pivot_columns()
    homogeneous = RationalMatrix.hstack([constants, matrix.columns(pivots)], equations.shape[0]).kernel()
    scale, *values = homogeneous.fractions()[0]
    base = [Fraction(0)] * matrix.shape[1]
    for pivot, value in zip(pivots, values, strict=True):
        base[pivot] = value / scale
    return Slice(
        base=RationalMatrix.from_fractions([[x] for x in base], 1),
        directions=directions.T,
        label=f"{len(pivots)} of {len(base)} inputs fixed",
    )
