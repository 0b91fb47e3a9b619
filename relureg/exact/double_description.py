"""From inequalities to generators, in integers: the double description method.

Source: [MRTT53], [FP96]. Short rather than fast: it serves single
polyhedra, and judges the splitter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from relureg.exact.numbers import primitive

Row = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ray:
    """An extreme ray of a cone."""

    vector: Row
    """Coprime integers."""
    zeros: int
    """Bit i: inequality i holds with equality."""


def extreme_rays(rows: Sequence[Row], dim: int) -> list[Ray]:
    """The extreme rays of the cone ``{y : row . y >= 0 for all rows}`` in R^dim.

    Raises
    ------
    ValueError
        The cone contains a line.

    Examples
    --------
    >>> [ray.vector for ray in extreme_rays([(1, 0), (1, 1)], 2)]
    [(1, -1), (0, 1)]
    """
    lines = [tuple(int(i == j) for j in range(dim)) for i in range(dim)]
    rays: list[Ray] = []
    for number, row in enumerate(rows):
        crossing = next((line for line in lines if dot(row, line)), None)
        if crossing is None:
            rays = _cut(rays, row, number)
            continue
        # A line that the hyperplane cuts becomes a ray; all else is moved along it, onto the hyperplane.
        lines.remove(crossing)
        if dot(row, crossing) < 0:
            crossing = tuple(-entry for entry in crossing)
        lines = [_onto(line, row, crossing) for line in lines]
        rays = [Ray(vector=_onto(ray.vector, row, crossing), zeros=ray.zeros | 1 << number) for ray in rays]
        rays.append(Ray(vector=crossing, zeros=(1 << number) - 1))
    if lines:
        raise ValueError("the cone contains a line")
    return rays


def _cut(rays: list[Ray], row: Row, number: int) -> list[Ray]:
    """The rays of the part of a cone where ``row . y >= 0``."""
    values = [dot(row, ray.vector) for ray in rays]
    kept = [
        ray if value else Ray(vector=ray.vector, zeros=ray.zeros | 1 << number)
        for ray, value in zip(rays, values, strict=True)
        if value >= 0
    ]
    for (i, above), (j, below) in _edges(rays, values):
        vector = tuple(values[i] * b - values[j] * a for a, b in zip(above.vector, below.vector, strict=True))
        kept.append(Ray(vector=primitive(vector), zeros=above.zeros & below.zeros | 1 << number))
    return kept


def _edges(rays: list[Ray], values: list[int]) -> Iterator[tuple[tuple[int, Ray], tuple[int, Ray]]]:
    """Pairs of rays, the first above and the second below, that span a face: no third ray is on all they share."""
    above = [(i, rays[i]) for i, value in enumerate(values) if value > 0]
    below = [(i, rays[i]) for i, value in enumerate(values) if value < 0]
    for i, one in above:
        for j, other in below:
            common = one.zeros & other.zeros
            if not any(common & ~ray.zeros == 0 for k, ray in enumerate(rays) if k not in (i, j)):
                yield (i, one), (j, other)


def _onto(vector: Row, row: Row, line: Row) -> Row:
    """The vector moved along the line onto the hyperplane of the row; ``row . line > 0``."""
    slope, value = dot(row, line), dot(row, vector)
    return primitive([slope * v - value * w for v, w in zip(vector, line, strict=True)])


def dot(row: Row, vector: Row) -> int:
    return sum(a * b for a, b in zip(row, vector, strict=True))
