"""How many regions a tree has, as samples of it tell, and parts of it, as random descents do [Knu75]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How many regions a part of the tree has."""

    mean: float
    variance: float
    """Of the mean."""
    descents: float
    """How many it rests on."""

    @classmethod
    def of(cls, probes: list[float]) -> Estimate:
        """From random descents, each of which says how many regions there are on average."""
        return cls(
            mean=float(np.mean(probes)), variance=float(np.var(probes, ddof=1)) / len(probes), descents=len(probes)
        )


NOTHING = Estimate(mean=0.0, variance=0.0, descents=0.0)


def after_search(before: Estimate, regions: int, left: Sequence[Estimate]) -> list[Estimate]:
    """Estimates of the parts that are left of a part, in which so many regions have been found.

    The few descents into a part that is left mostly miss what is large in it. The many that were made above it have
    said how much there is in all; so the sum of the parts is the average of both, weighted by their descents.
    """
    rest, total = before.mean - regions, sum_of(left)
    if rest <= 0 or not total.mean:
        return list(left)
    weight = before.descents * rest / before.mean
    descents = weight + total.descents
    mean = (weight * rest + total.descents * total.mean) / descents
    variance = (weight**2 * before.variance + total.descents**2 * total.variance) / descents**2
    return [
        Estimate(mean=mean * share, variance=variance * share, descents=descents * share)
        for share in (estimate.mean / total.mean for estimate in left)
    ]


def sum_of(estimates: Sequence[Estimate]) -> Estimate:
    """The regions that parts have together."""
    return Estimate(
        mean=sum(estimate.mean for estimate in estimates),
        variance=sum(estimate.variance for estimate in estimates),
        descents=sum(estimate.descents for estimate in estimates),
    )


def fraction_done(regions: int, total: Estimate) -> tuple[float, float]:
    """The share of the regions that is found while some are not, with its standard error.

    The total is that of samples of the whole tree: what descents into parts say of them decides which part goes first.
    """
    expected = max(total.mean, regions + 1.0)
    return regions / expected, min(1.0, total.variance**0.5 * regions / expected**2)
