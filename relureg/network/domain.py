"""The part of the input space to look at, as rows whose sign is forced; and the reduced input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relureg.arguments import checked
from relureg.errors import DomainError
from relureg.exact.numbers import Number, as_double, as_fraction, exact_point
from relureg.exact.rational import RationalMatrix
from relureg.network.model import Network
from relureg.words import plural, short

Interval = tuple[Fraction | None, Fraction | None]
"""A lower and an upper bound; None where there is none."""
_Direction = tuple[tuple[int, int], ...]
"""A vector by its entries that are not zero, as pairs (axis, entry)."""

_LONGEST, _BRIEF = 2000, 40
"""Digits of a bound in the name of a box, and in a message."""


_LABEL_SHOWN = 100
"""Characters of the name of a domain that its representation shows."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Domain:
    """A polyhedron ``{x : C x <= c}``, its rows held as ``c - C x >= 0``; equations may confine it to a flat.

    Examples
    --------
    >>> Domain.box([0, 0], [1, 2]).num_rows
    4
    >>> Domain.box([0, 3], [1, 3]).equations.fractions()  # -3 + x1 = 0
    [[Fraction(-3, 1), Fraction(0, 1), Fraction(1, 1)]]
    """

    constants: RationalMatrix
    """c, shape (rows, 1)."""
    normals: RationalMatrix
    """-C, shape (rows, d): a point is inside where ``constants + normals @ x >= 0``."""
    label: str
    """How a report names it."""
    equations: RationalMatrix | None = None
    """(k, 1 + d), constants first: affine functions that are 0 on the domain, which then has a lower dimension; None
    for none. `Problem.restricted` solves them before a complex is looked for."""

    @classmethod
    @checked
    def box(cls, low: Sequence[Number], high: Sequence[Number]) -> Domain:
        """The axis-parallel box ``low <= x <= high``, exact; an infinite bound is no bound, equal bounds fix an input.

        Raises
        ------
        DomainError
            The lengths differ, a bound is NaN, or a lower bound is above its upper bound.
        """
        if len(low) != len(high):
            raise DomainError(f"a box needs as many lower as upper bounds, not {len(low)} and {len(high)}")
        dim = len(low)
        walls: list[tuple[int, int]] = []
        constants: list[list[Fraction]] = []
        fixed: list[tuple[int, int]] = []
        values: list[list[Fraction]] = []
        for axis, (lo, hi) in enumerate(zip(low, high, strict=True)):
            if not (lo < hi or (lo == hi and abs(lo) != math.inf)):
                raise DomainError(
                    f"x{axis}: the lower bound {_short(lo, _BRIEF)} is not below the upper bound {_short(hi, _BRIEF)}, "
                    "nor equal to it to fix that input"
                )
            if lo == hi:
                fixed.append((axis, 1))
                values.append([-as_fraction(lo)])
                continue
            if lo != -math.inf:
                walls.append((axis, 1))
                constants.append([-as_fraction(lo)])
            if hi != math.inf:
                walls.append((axis, -1))
                constants.append([as_fraction(hi)])
        equations = [RationalMatrix.from_fractions(values, 1), RationalMatrix.of_units(fixed, dim)]
        return cls(
            constants=RationalMatrix.from_fractions(constants, 1),
            normals=RationalMatrix.of_units(walls, dim),
            label=_box_label(low, high),
            equations=RationalMatrix.hstack(equations, len(fixed)) if fixed else None,
        )

    @classmethod
    @checked
    def polytope(cls, matrix: Sequence[Sequence[Number]], bounds: Sequence[Number]) -> Domain:
        """The polyhedron ``matrix @ x <= bounds``, exact; it need not be bounded.

        Two opposite rows, ``a x <= b`` and ``-a x <= -b``, are an equation. That what is left has an interior is found
        by the engine.

        Raises
        ------
        DomainError
            Rows are ragged, of another number than the bounds, or not finite.
        """
        if len(matrix) != len(bounds) or len({len(row) for row in matrix}) != 1:
            raise DomainError("a polytope needs equally long rows, and one bound for each")
        try:
            rows = [[as_fraction(entry) for entry in row] for row in matrix]
            exact_bounds = [as_fraction(bound) for bound in bounds]
        except ValueError as error:
            raise DomainError("the rows and bounds of a polytope must be finite numbers") from error
        # 0 <= c with c >= 0 says nothing; it must not count as a wall that every point lies on.
        kept = [
            [bound, *(-a for a in row)] for row, bound in zip(rows, exact_bounds, strict=True) if any(row) or bound < 0
        ]
        return cls._of_rows(
            RationalMatrix.from_fractions(kept, len(rows[0]) + 1), f"polytope of {len(rows)} inequalities"
        )

    @classmethod
    def _of_rows(cls, rows: RationalMatrix, label: str, equations: RationalMatrix | None = None) -> Domain:
        """From rows (n, 1 + d), constants first; opposite ones become equations."""
        primitives = rows.primitive_rows()
        listed = set(primitives)
        opposite = np.array([tuple(-entry for entry in row) in listed for row in primitives], dtype=np.bool_)
        blocks = ([] if equations is None else [equations]) + [rows.rows(opposite)]
        flat = RationalMatrix.vstack(blocks, rows.shape[1])
        kept = rows.rows(~opposite)
        return cls(
            constants=kept.columns(slice(0, 1)),
            normals=kept.columns(slice(1, None)),
            label=label,
            equations=flat if flat.shape[0] else None,
        )

    @checked
    def intersect(self, other: Domain) -> Domain:
        """What lies in both; raises `DomainError` where the number of coordinates differs.

        Examples
        --------
        >>> Domain.box([0], [2]).intersect(Domain.polytope([[-1]], [-2])).equations.fractions()
        [[Fraction(2, 1), Fraction(-1, 1)], [Fraction(-2, 1), Fraction(1, 1)]]
        """
        if self.dim != other.dim:
            raise DomainError(f"domains of {self.dim} and {other.dim} coordinates have nothing in common")
        equations = [domain.equations for domain in (self, other) if domain.equations is not None]
        return Domain._of_rows(
            RationalMatrix.vstack([self.rows, other.rows], self.dim + 1),
            f"{self.label} and {other.label}",
            RationalMatrix.vstack(equations, self.dim + 1) if equations else None,
        )

    def substitute(self, base: RationalMatrix, directions: RationalMatrix) -> Domain | None:
        """The part of the domain in the flat ``base + directions @ t``, as a domain of t; None where that is all of it.

        Parameters
        ----------
        base : RationalMatrix, shape (d, 1)
        directions : RationalMatrix, shape (d, k)

        Raises
        ------
        DomainError
            The flat misses the domain.
        """
        change = RationalMatrix.vstack(
            [
                RationalMatrix.from_fractions([[1] + [0] * directions.shape[1]], directions.shape[1] + 1),
                RationalMatrix.hstack([base, directions], base.shape[0]),
            ],
            directions.shape[1] + 1,
        )
        rows = self.rows @ change
        equations = None if self.equations is None else self.equations @ change
        flat = [row for row in ([] if equations is None else equations.primitive_rows()) if any(row)]
        primitives = rows.primitive_rows()
        if any(not any(row[1:]) for row in flat) or any(row[0] < 0 and not any(row[1:]) for row in primitives):
            raise DomainError("the slice misses the domain")
        # A wall that is constant on the flat, and holds there, says no more, even where the flat lies in it.
        kept = rows.rows(np.array([any(row[1:]) for row in primitives], dtype=np.bool_))
        if not kept.shape[0] and not flat:
            return None
        equations = RationalMatrix.from_fractions(flat, rows.shape[1]) if flat else None
        return Domain._of_rows(kept, self.label, equations)

    def check_parallel_walls(self) -> None:
        """Raise `DomainError` where a wall holds nowhere, or two parallel walls leave nothing between them."""
        furthest: dict[_Direction, Fraction] = {}
        scale = Fraction(self.normals.denominator, self.constants.denominator)
        for (direction, length), (constant,) in zip(
            self._directions(), self.constants.numerators.tolist(), strict=True
        ):
            if not direction:
                if constant < 0:
                    raise DomainError(
                        f"the domain is empty: an inequality says 0 <= {Fraction(constant, self.constants.denominator)}"
                    )
                continue
            distance = constant * scale / length
            furthest[direction] = min(distance, furthest.get(direction, distance))
        for direction, distance in furthest.items():
            if distance + furthest.get(_opposite(direction), -distance) < 0:
                raise DomainError("the domain is empty: two opposite inequalities leave nothing between them")

    def _directions(self) -> list[tuple[_Direction, int]]:
        """The normal of each wall in coprime integers, of which it is so many times as long."""
        entries: list[list[tuple[int, int]]] = [[] for _ in range(self.num_rows)]
        for row, axis, entry in zip(*(column.tolist() for column in self.normals.nonzeros()), strict=True):
            entries[row].append((axis, entry))
        lengths = [math.gcd(*(entry for _, entry in normal)) for normal in entries]
        return [
            (tuple((axis, entry // length) for axis, entry in normal), length)
            for normal, length in zip(entries, lengths, strict=True)
        ]

    @property
    def rows(self) -> RationalMatrix:
        """(rows, 1 + d): the affine functions that are >= 0 inside, constants first."""
        return RationalMatrix.hstack([self.constants, self.normals], self.num_rows)

    def __repr__(self) -> str:
        label = self.label if len(self.label) <= _LABEL_SHOWN else f"{self.label[:_LABEL_SHOWN]}..."
        return f"<Domain of R^{self.normals.shape[1]}: {label}>"

    @property
    def num_rows(self) -> int:
        return self.constants.shape[0]

    @property
    def intervals(self) -> list[Interval]:
        """For each coordinate the tightest bounds that rows on it alone give; None where there is none."""
        found: list[Interval] = [(None, None)] * self.dim
        at_rows, axes, values = self.normals.nonzeros()
        alone = np.bincount(at_rows, minlength=self.num_rows)[at_rows] == 1
        for row, axis, value in zip(at_rows[alone].tolist(), axes[alone].tolist(), values[alone], strict=True):
            constant = Fraction(self.constants.numerators[row, 0], self.constants.denominator)
            bound = -constant / Fraction(value, self.normals.denominator)
            low, high = found[axis]
            if value > 0:
                low = bound if low is None else max(low, bound)
            else:
                high = bound if high is None else min(high, bound)
            found[axis] = low, high
        return found

    @property
    def has_plain_interior(self) -> bool:
        """Whether a look shows that there is an interior: each row bounds one coordinate, and bounds leave room."""
        rows = self.normals.nonzeros()[0]
        if self.equations is not None or len(rows) != self.num_rows or len(np.unique(rows)) != self.num_rows:
            return False
        return all(low is None or high is None or low < high for low, high in self.intervals)

    @property
    def is_plainly_bounded(self) -> bool:
        """Whether a look shows that it is bounded: rows on one coordinate each bound every one from both sides."""
        return all(None not in interval for interval in self.intervals)

    @property
    def num_slabs(self) -> int:
        """Independent pairs of parallel walls: a box in k dimensions has k of them, and 2^k vertices."""
        directions = [primitive for primitive, _ in self._directions()]
        listed = set(directions)
        opposite = np.array([_opposite(direction) in listed for direction in directions], dtype=np.bool_)
        return self.normals.rows(opposite).rank()

    @property
    def dim(self) -> int:
        """The number of inputs d that it is a domain of."""
        return self.normals.shape[1]

    @checked
    def has_inside(self, point: Sequence[Number]) -> bool:
        """Whether a point lies strictly inside (and on the flat of the equations), decided exactly."""
        exact = exact_point(point, self.dim)
        return all(sign > 0 for sign in self._signs_at(exact)) and self._solves_equations(exact)

    @checked
    def exact_signs(self, point: Sequence[Number]) -> list[int]:
        """For each row 1 where a point is strictly on its inner side, 0 on it, -1 outside; decided exactly."""
        return self._signs_at(exact_point(point, self.dim))

    def _signs_at(self, point: Sequence[Fraction]) -> list[int]:
        """Over one denominator, and entry by entry: normals of a box in hundreds of inputs are nearly all 0."""
        common = math.lcm(*(x.denominator for x in point))
        scaled = [x.numerator * (common // x.denominator) for x in point]
        values = [n * common * self.normals.denominator for n in self.constants.numerators[:, 0].tolist()]
        for row, axis, entry in zip(*(column.tolist() for column in self.normals.nonzeros()), strict=True):
            values[row] += entry * scaled[axis] * self.constants.denominator
        return [(n > 0) - (n < 0) for n in values]

    def _solves_equations(self, point: Sequence[Number]) -> bool:
        if self.equations is None:
            return True
        column = RationalMatrix.from_fractions([[Fraction(1)], *([as_fraction(x)] for x in point)], 1)
        return (self.equations @ column).is_zero

    @checked
    def check_fits(self, network: Network) -> None:
        """Raise `DomainError` unless the network has as many inputs as the domain has coordinates."""
        if self.dim != network.input_dim:
            raise DomainError(
                f"the domain has {plural(self.dim, 'coordinate')} and the network {plural(network.input_dim, 'input')}"
            )


def _opposite(direction: _Direction) -> _Direction:
    return tuple((axis, -entry) for axis, entry in direction)


def _box_label(low: Sequence[Number], high: Sequence[Number]) -> str:
    sides = [
        f"[{_short(lo)}, {_short(hi)}]" if lo != hi else f"{{{_short(lo)}}}" for lo, hi in zip(low, high, strict=True)
    ]
    if len(set(sides)) == 1:
        return f"box {sides[0]}^{len(sides)}" if len(sides) > 1 else f"box {sides[0]}"
    return "box " + " x ".join(sides)


def _short(value: Number, most: int = _LONGEST) -> str:
    """A bound as people write it: whole numbers plain, doubles in their shortest form, else p/q."""
    if isinstance(value, Fraction):
        double = as_double(value)
        value = value if double is None else double
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else str(value)
    return short(value, most)  # Python does not write integers of thousands of digits
