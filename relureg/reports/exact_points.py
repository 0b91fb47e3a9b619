"""Exact points of the input space in reports: as texts p/q, in the inputs of the network as it was read."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from relureg.exact.numbers import nearest_double
from relureg.exact.rational import RationalMatrix
from relureg.network.model import Network
from relureg.reports.layout import few_numbers

Texts = tuple[str, ...]


def point_texts(network: Network, point: Sequence[Fraction], *, is_direction: bool = False) -> Texts:
    """The coordinates of a point, or of a direction; of a network on a slice, in the space around."""
    if network.slice is None:
        return tuple(map(str, point))
    column = network.slice.directions @ RationalMatrix.from_fractions([[x] for x in point], 1)
    if not is_direction:
        column = network.slice.base + column
    return tuple(str(x) for (x,) in column.fractions())


def few_coordinates(texts: Texts) -> str:
    """Some digits of some coordinates, for people."""
    return few_numbers(nearest_double(Fraction(text)) for text in texts)
