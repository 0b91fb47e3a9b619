"""The part of the input space to look at, as rows whose sign is forced; and the reduced input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from relureg.errors import DomainError
from relureg.network.model import Network
from relureg.network.rational import RationalMatrix, as_double, as_fraction

Number = Fraction | float | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A polyhedron ``{x : C x <= c}`` with interior, its rows held as ``c - C x >= 0``.

    Examples
    --------
    >>> Domain.box([0, 0], [1, 2]).num_rows
    4
    """

    constants: RationalMatrix
    """c, shape (rows, 1)."""
    normals: RationalMatrix
    """-C, shape (rows, d): a point is inside where ``constants + normals @ x >= 0``."""
    label: str
    """How a report names it."""

    @classmethod
    def box(cls, low: Sequence[Number], high: Sequence[Number]) -> Domain:
        """The axis-parallel box ``low <= x <= high``, exact; an infinite bound is no bound.

        Raises
        ------
        DomainError
            The lengths differ, a bound is NaN, or a lower bound is not below its upper bound.
        """
        if len(low) != len(high):
            raise DomainError(f"a box needs as many lower as upper bounds, not {len(low)} and {len(high)}")
        dim = len(low)
        normals, constants = [], []
        for axis, (lo, hi) in enumerate(zip(low, high, strict=True)):
            if not lo < hi:
                raise DomainError(
                    f"x{axis}: the lower bound {_short(lo)} is not below the upper bound {_short(hi)}; "
                    "a box needs an interior, so widen it or fix that input in the network"
                )
            unit = [int(k == axis) for k in range(dim)]
            if lo != -math.inf:
                normals.append(unit)
                constants.append([-as_fraction(lo)])
            if hi != math.inf:
                normals.append([-entry for entry in unit])
                constants.append([as_fraction(hi)])
        return cls(
            constants=RationalMatrix.from_fractions(constants, 1),
            normals=RationalMatrix.from_fractions(normals, dim),
            label=_box_label(low, high),
        )

    @classmethod
    def polytope(cls, matrix: Sequence[Sequence[Number]], bounds: Sequence[Number]) -> Domain:
        """The polyhedron ``matrix @ x <= bounds``, exact; it need not be bounded.

        Raises
        ------
        DomainError
            Rows are ragged, of another number than the bounds, or not finite. That it has an interior is
            found by the engine.
        """
        if len(matrix) != len(bounds) or len({len(row) for row in matrix}) != 1:
            raise DomainError("a polytope needs equally long rows, and one bound for each")
        try:
            rows = [[as_fraction(entry) for entry in row] for row in matrix]
            exact_bounds = [as_fraction(bound) for bound in bounds]
        except ValueError as error:
            raise DomainError("the rows and bounds of a polytope must be finite numbers") from error
        # 0 <= c with c >= 0 says nothing; it must not count as a wall that every point lies on.
        kept = [(row, bound) for row, bound in zip(rows, exact_bounds, strict=True) if any(row) or bound < 0]
        return cls(
            constants=RationalMatrix.from_fractions([[bound] for _, bound in kept], 1),
            normals=-RationalMatrix.from_fractions([row for row, _ in kept], len(rows[0])),
            label=f"polytope of {len(rows)} inequalities",
        )

    @property
    def num_rows(self) -> int:
        return self.constants.shape[0]

    @property
    def dim(self) -> int:
        """The number of inputs d that it is a domain of."""
        return self.normals.shape[1]

    def has_inside(self, point: Sequence[Number]) -> bool:
        """Whether a point lies strictly inside, decided exactly."""
        return all(sign > 0 for sign in self.exact_signs(point))

    def exact_signs(self, point: Sequence[Number]) -> list[int]:
        """For each row 1 where a point is strictly on its inner side, 0 on it, -1 outside; decided exactly."""
        column = RationalMatrix.from_fractions([[as_fraction(x)] for x in point], 1)
        values = self.constants + self.normals @ column
        return [(n > 0) - (n < 0) for n in values.numerators.flat]

    def check_fits(self, network: Network) -> None:
        """Raise `DomainError` unless the network has as many inputs as the domain has coordinates."""
        if self.dim != network.input_dim:
            raise DomainError(f"the domain has {self.dim} coordinates and the network {network.input_dim} inputs")


def essential_inputs(network: Network, domain: Domain | None = None) -> list[int]:
    """The input coordinates that carry the complex, r of them.

    The complex is invariant along the kernel of all rows applied directly to the input (the domain's
    rows come first). Restricted to the pivot coordinates of those rows, the others being 0, it has the
    same cells, adjacency and counts, and every cell is pointed there.

    Examples
    --------
    >>> essential_inputs(Network.from_layers([[[1, 1], [1, 1]], [[2, -4]]], [[1, 0], [-1]]))
    [0]
    """
    blocks = [network.input_rows] if domain is None else [domain.normals, network.input_rows]
    return RationalMatrix.vstack(blocks, network.input_dim).pivot_columns()


def _box_label(low: Sequence[Number], high: Sequence[Number]) -> str:
    sides = [f"[{_short(lo)}, {_short(hi)}]" for lo, hi in zip(low, high, strict=True)]
    if len(set(sides)) == 1:
        return f"box {sides[0]}^{len(sides)}" if len(sides) > 1 else f"box {sides[0]}"
    return "box " + " x ".join(sides)


def _short(value: Number) -> str:
    """A bound as people write it: whole numbers plain, doubles in their shortest form, else p/q."""
    if isinstance(value, Fraction):
        double = as_double(value)
        value = value if double is None else double
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
