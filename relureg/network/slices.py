"""Slices: lines, planes and other flats of the input space, with coordinates of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.errors import UsageError
from relureg.exact.numbers import Number, as_fraction, exact_point, nearest_double
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, AffineForm


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Slice:
    """The flat ``{base + directions @ t}`` of R^d, with coordinates t in R^k.

    The complex of a network on a flat, `Network.on`, is that of the network composed with this map: nothing is
    approximated.

    Examples
    --------
    >>> import relureg
    >>> line = Slice.through([[0, 0], [2, 1]])
    >>> relureg.enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json").on(line)).num_regions
    8
    """

    base: RationalMatrix
    """(d, 1): the point with t = 0."""
    directions: RationalMatrix
    """(d, k), linearly independent."""
    label: str
    """How a report names it."""

    @classmethod
    @checked
    def along(cls, base: Sequence[Number], directions: Sequence[Sequence[Number]]) -> Slice:
        """The flat through a point, shape (d,), along k directions, shape (k, d).

        Raises
        ------
        UsageError
            Shapes do not match, a number is not finite, or the directions are linearly dependent.
        """
        rows = _exact_rows([base, *directions])
        if len(rows) < 2:
            raise UsageError("a slice needs a base point and at least one direction")
        label = f"{_shape(len(rows) - 1)} along {len(rows) - 1} direction{'s' * (len(rows) > 2)}"
        return cls._of(rows[0], rows[1:], label, "the directions of a slice must be linearly independent")

    @classmethod
    @checked
    def through(cls, points: Sequence[Sequence[Number]]) -> Slice:
        """The flat through k + 1 points, shape (k + 1, d): the first is t = 0, the others are the unit vectors.

        Raises
        ------
        UsageError
            Fewer than two points, ragged or not finite, or points that span less than k dimensions.
        """
        rows = _exact_rows(points)
        if len(rows) < 2:
            raise UsageError("a slice needs two points for a line, three for a plane")
        directions = [[x - b for x, b in zip(row, rows[0], strict=True)] for row in rows[1:]]
        problem = "two of the points are the same" if len(rows) == 2 else "the points lie on one line, or are the same"
        return cls._of(rows[0], directions, f"{_shape(len(rows) - 1)} through {len(rows)} points", problem)

    @classmethod
    def _of(cls, base: list[Fraction], directions: list[list[Fraction]], label: str, problem: str) -> Slice:
        matrix = RationalMatrix.from_fractions(directions, len(base)).T
        if matrix.rank() < len(directions):
            raise UsageError(problem)
        return cls(base=RationalMatrix.from_fractions([[x] for x in base], 1), directions=matrix, label=label)

    @property
    def dim(self) -> int:
        """The dimension k."""
        return self.directions.shape[1]

    def is_same_as(self, other: Slice) -> bool:
        """Whether both are the same flat with the same coordinates, however they are named."""
        return self.base == other.base and self.directions == other.directions

    @checked
    def within(self, outer: Slice) -> Slice:
        """The same flat in the space around `outer`, in whose coordinates it lies."""
        if self.base.shape[0] != outer.dim:
            raise UsageError(f"the slice has {self.base.shape[0]} coordinates and the one around it {outer.dim}")
        return Slice(
            base=outer.base + outer.directions @ self.base,
            directions=outer.directions @ self.directions,
            label=f"{outer.label}, {self.label}",
        )

    @checked
    def embed(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points t of shape (n, k) in the space around, shape (n, d): exact, then rounded once.

        Floats are taken as the dyadic rationals they are.

        Raises
        ------
        UsageError
            A coordinate is NaN or infinite, or there are not k of them.
        """
        array = np.asarray(points, dtype=object)
        if array.ndim != 2 or array.shape[1] != self.dim:
            raise UsageError(f"points need shape (points, {self.dim}), not {array.shape}")
        around = self.directions @ RationalMatrix.from_fractions(_exact_rows(array.tolist()), self.dim).T
        base = [x for (x,) in self.base.fractions()]
        embedded = [[nearest_double(b + x) for b, x in zip(base, row, strict=True)] for row in around.T.fractions()]
        return np.array(embedded, dtype=np.float64).reshape(len(array), len(base))

    def __repr__(self) -> str:
        return f"<Slice of R^{self.base.shape[0]}: {self.label}>"

    def coordinates(self, point: Sequence[Number]) -> tuple[Fraction, ...]:
        """The coordinates t of a point of the flat, given in the space around, shape (d,); exactly.

        Raises
        ------
        UsageError
            The point has another number of coordinates, or does not lie on the flat.

        Examples
        --------
        >>> Slice.through([[0, 0], [2, 1]]).coordinates([1, 0.5])
        (Fraction(1, 2),)
        """
        column = [[x] for x in exact_point(point, self.base.shape[0])]
        offset = RationalMatrix.from_fractions(column, 1) - self.base
        pivots = self._rows_of_coordinates
        square, values = self.directions.rows(pivots), offset.rows(pivots)
        numbers, (row, place, _) = square.fractions(), square.nonzeros()
        if row.tolist() == place.tolist():
            found = [value / numbers[k][k] for k, (value,) in enumerate(values.fractions())]
        else:  # the kernel of (values | square) is one line, on which the first coordinate is not 0
            first, *others = RationalMatrix.hstack([-values, square], self.dim).kernel().fractions()[0]
            found = [x / first for x in others]
        if not (self.directions @ RationalMatrix.from_fractions([[x] for x in found], 1) - offset).is_zero:
            raise UsageError(f"the point does not lie on the flat ({self.label})")
        return tuple(found)

    @property
    def _rows_of_coordinates(self) -> list[int]:
        """Rows of the directions that are independent, k of them; where it can be, with one direction in each."""
        row, column, _ = self.directions.nonzeros()
        alone = np.flatnonzero(np.bincount(row, minlength=self.base.shape[0])[row] == 1)
        first = dict(zip(column[alone][::-1].tolist(), row[alone][::-1].tolist(), strict=True))
        if len(first) == self.dim:
            return [first[k] for k in range(self.dim)]
        return self.directions.T.pivot_columns()

    def pull(self, form: AffineForm) -> AffineForm:
        """A form over inputs in the space around, as one over the coordinates t."""
        if INPUT not in form.terms:
            return form
        matrix = form.terms[INPUT]
        return AffineForm(
            constant=form.constant + matrix @ self.base,
            terms=dict(form.terms) | {INPUT: matrix @ self.directions},
        )


def _exact_rows(rows: Sequence[Sequence[Number]]) -> list[list[Fraction]]:
    try:
        exact = [[as_fraction(x) for x in row] for row in rows]
    except ValueError as error:
        raise UsageError("a slice needs finite coordinates") from error
    if len({len(row) for row in exact}) > 1:
        raise UsageError("points and directions of a slice need the same number of coordinates")
    return exact


def _shape(dim: int) -> str:
    return {1: "line", 2: "plane"}.get(dim, f"{dim}-dimensional flat")
