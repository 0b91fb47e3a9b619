"""The exact volumes of bounded regions, and the entropy of how they share the domain."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flint import fmpz_mat

from relureg.complex.checks import Check
from relureg.complex.coordinates import exact_vertices
from relureg.complex.triangulation import triangulate
from relureg.engine.records import Generators, Point, Records
from relureg.errors import UsageError
from relureg.frozen import Frozen
from relureg.network.domain import Domain
from relureg.network.problem import Problem

MOST_INPUTS = 3
"""Beyond, the simplices of a region grow like the factorial of the dimension."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Volumes(Frozen):
    """The volumes of all regions in a bounded domain: lengths, areas or volumes, by the number of inputs."""

    regions: tuple[Fraction, ...]
    """R, exactly."""
    domain: Domain
    """What they share."""

    @cached_property
    def total(self) -> Fraction:
        """Their sum."""
        return sum(self.regions, Fraction(0))

    @cached_property
    def entropy(self) -> float:
        """``- sum p log p`` in nats, p being each region's share of the total; at most ``log R``, where all are alike.

        Shares are exact; each is rounded to a double once, and so is each logarithm.
        """
        shares = [float(volume / self.total) for volume in self.regions]
        return math.fsum(-share * math.log(share) for share in shares if share)

    @property
    def check(self) -> Check:
        """The regions fill the box: exactly, their volumes sum to its own."""
        if not (self.domain.has_plain_interior and self.domain.is_plainly_bounded):
            return Check(name="volumes", passed=None, detail="the domain is no box")
        sides = [high - low for low, high in self.domain.intervals if low is not None and high is not None]
        box = math.prod(sides, start=Fraction(1))
        return Check(name="volumes", passed=self.total == box, detail=f"{self.total} = {box}")


def find_volumes(problem: Problem, records: Records, generators: Callable[[], Generators]) -> Volumes:
    """The exact volumes of the regions in a bounded domain of up to `MOST_INPUTS` inputs.

    The vertices and rays are asked for once it is known that there are volumes.

    Raises
    ------
    UsageError
        There are more inputs, or the domain is not bounded.
    LimitReachedError
        As `Complex.generators` and `triangulate` do.
    """
    dim = problem.network.input_dim
    if dim > MOST_INPUTS:
        raise UsageError(f"volumes are computed for up to {MOST_INPUTS} inputs, and there are {dim}")
    if problem.domain is None or not records.bounded.all() or problem.essential_dim < dim:
        raise UsageError("an unbounded region has no volume; look at a bounded domain, such as a box")
    vertices = generators()
    points, numbers = exact_vertices(problem, records, vertices)
    triangulation = triangulate(vertices, numbers, dim)
    volumes = [Fraction(0)] * records.num_regions
    homogeneous = [_homogeneous(point) for point in points]
    for region, simplex in zip(triangulation.region.tolist(), triangulation.simplices.tolist(), strict=True):
        volumes[region] += _volume([homogeneous[vertex] for vertex in simplex])
    return Volumes(regions=tuple(volumes), domain=problem.domain)


def _volume(corners: Sequence[tuple[int, ...]]) -> Fraction:
    """Of a simplex, whose corners are homogeneous integers, the common denominators first."""
    scale = math.prod((corner[0] for corner in corners), start=math.factorial(len(corners) - 1))
    return Fraction(abs(int(fmpz_mat([list(corner) for corner in corners]).det())), scale)


def _homogeneous(point: Point) -> tuple[int, ...]:
    scale = math.lcm(*(x.denominator for x in point))
    return scale, *(int(x * scale) for x in point)
