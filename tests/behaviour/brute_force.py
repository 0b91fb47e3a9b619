"""What is true of a small network, by looking at each of its regions: the referee's, with their vertices and rays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from relureg import Complex, Domain, Network, Problem, enumerate_regions

Vector = list[Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A closed region and the map on it."""

    vertices: list[Vector]
    rays: list[Vector]
    """With both directions of each line."""
    matrix: list[Vector]
    constant: Vector


@lru_cache(maxsize=2)
def regions_of(network: Network, domain: Domain | None = None) -> tuple[Region, ...]:
    """All regions of the network, by the referee; kept for the next question about it."""
    return tuple(_iter_regions(network, domain))


def _iter_regions(network: Network, domain: Domain | None) -> Iterator[Region]:
    cells: Complex = enumerate_regions(network, domain, engine="lp")
    assert cells.complete
    for number in range(cells.num_regions):
        body, piece = cells.polyhedron(number), cells.affine_map(number)
        lines = body.lines.fractions()
        yield Region(
            vertices=body.vertices.fractions(),
            rays=[*body.rays.fractions(), *lines, *([-x for x in line] for line in lines)],
            matrix=piece.matrix.fractions(),
            constant=[x for (x,) in piece.constant.fractions()],
        )


def supremum(network: Network, domain: Domain | None, direction: Sequence[Fraction | int]) -> Fraction | None:
    """The maximum of ``direction . y``; None where it is unbounded."""
    best: Fraction | None = None
    problem = Problem(network=network, domain=domain).restricted()
    for region in regions_of(problem.network, problem.domain):
        slope = [dot(direction, column) for column in zip(*region.matrix, strict=True)]
        offset = dot(direction, region.constant)
        if any(dot(slope, ray) > 0 for ray in region.rays):
            return None
        for vertex in region.vertices:
            value = dot(slope, vertex) + offset
            best = value if best is None else max(best, value)
    return best


def dot(one: Sequence[Fraction | int], other: Sequence[Fraction | int]) -> Fraction:
    return sum((Fraction(a) * b for a, b in zip(one, other, strict=True)), Fraction(0))


def clipped_area(corners: list[list[Fraction]], rows: list[list[Fraction]]) -> Fraction:
    """Of the part of a convex polygon on which affine functions are not negative, by Sutherland and Hodgman."""
    middle = [sum(c, Fraction(0)) / len(corners) for c in zip(*corners, strict=True)]
    polygon = sorted(corners, key=lambda v: math.atan2(float(v[1] - middle[1]), float(v[0] - middle[0])))
    for constant, *slope in rows:
        kept: list[list[Fraction]] = []
        for one, two in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            a, b = constant + dot(slope, one), constant + dot(slope, two)
            if a >= 0:
                kept.append(one)
            if a * b < 0:
                kept.append([x + (y - x) * a / (a - b) for x, y in zip(one, two, strict=True)])
        polygon = kept
    pairs = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return abs(sum((one[0] * two[1] - one[1] * two[0] for one, two in pairs), Fraction(0))) / 2
