"""What samples of the search tree have seen of its cells, and what is to be expected of cells like them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np

from relureg.families.arrangements import generic_regions

_PRIOR = 8.0
"""Cells that the fitted curve counts for, beside those that were seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Cells of a stage that so many candidates cut, as samples saw them."""

    cells: int = 0
    regions: float = 0.0
    """Estimated regions in all of these cells together."""

    def __add__(self, other: Learned) -> Learned:
        return Learned(cells=self.cells + other.cells, regions=self.regions + other.regions)


Experience = tuple[dict[int, Learned], ...]
"""By stage, the rows of a domain first, and the number of candidates that cut: what was learned of such cells."""


def joined(experiences: Sequence[Experience]) -> Experience:
    """What several samples have learned, together."""
    stages = zip(*experiences, strict=True)
    return tuple(
        {
            cutting: sum((stage.get(cutting, Learned()) for stage in same), Learned())
            for cutting in sorted(set().union(*same))
        }
        for same in stages
    )


def expected_regions(width: int, dim: int, seen: dict[int, Learned]) -> tuple[float, ...]:
    """What is to be expected in a cell of a stage of that width, by the number of candidates that cut it.

    Regions grow about as a power of the most that the candidates can make in R^dim; the power and the factor are
    fitted, and where many cells with one number of candidates were seen, their own mean counts for more.
    """
    known = {cutting: it for cutting, it in seen.items() if it.regions > 0}
    most = [log(generic_regions(cutting, dim)) for cutting in range(width + 1)]
    if not known:
        return tuple(map(exp, most))
    at = np.array([most[cutting] for cutting in known])
    logs = np.log([it.regions / it.cells for it in known.values()])
    weights = np.array([float(it.cells) for it in known.values()])
    mean_at, mean_log = np.average(at, weights=weights), np.average(logs, weights=weights)
    spread = np.average((at - mean_at) ** 2, weights=weights)
    power = np.average((at - mean_at) * (logs - mean_log), weights=weights) / spread if spread > 1e-9 else 0.5
    power = min(max(float(power), 0.0), 1.5)
    fitted = [mean_log + power * (x - mean_at) for x in most]
    for cutting, it in known.items():
        own = log(it.regions / it.cells)
        fitted[cutting] = (it.cells * own + _PRIOR * fitted[cutting]) / (it.cells + _PRIOR)
    return tuple(map(exp, fitted))
