"""Whether two networks compute the same function, proved on the exact complex of both together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from relureg.arguments import checked
from relureg.complex.enumeration import enumerate_regions
from relureg.engine.limits import Progress
from relureg.engine.records import Point
from relureg.errors import LimitReachedError
from relureg.network.affine_forms import AffineForm
from relureg.network.model import Network, Stage
from relureg.network.subtraction import subtract


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """Whether two networks agree, and where not."""

    equal: bool
    regions: int
    """Regions of the two networks laid over each other, on each of which the difference is affine."""
    witness: Point | None
    """A point at which they differ, exactly; None when they are equal."""


@checked
def same_function(
    one: Network,
    other: Network,
    *,
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Equality:
    """Decide whether two networks compute the same function on the whole input space.

    The difference of their outputs is made a last stage of the two networks side by side. It is affine on each region,
    and the engine decides exactly on which it vanishes: the networks are equal if it does on all.

    Raises
    ------
    UsageError
        Inputs or outputs differ in number.
    LimitReachedError
        A limit stopped the enumeration before every region was looked at, and no difference was found till then.

    Examples
    --------
    >>> identity = Network.from_layers([[[1], [-1]], [[1, -1]]], [[0, 0], [0]])
    >>> same_function(identity, Network.from_layers([[[1]]], [[0]]))
    Equality(equal=True, regions=2, witness=None)
    """
    cells = enumerate_regions(
        difference(one, other), max_regions=max_regions, timeout=timeout, jobs=jobs, progress=progress
    )
    differs = np.flatnonzero((cells.records.signs[:, -one.output_dim :] != 0).any(axis=1))
    witness = cells.point(int(differs[0])) if len(differs) else None
    if witness is None and not cells.complete:
        raise LimitReachedError(
            f"stopped by {cells.stopped_by}: the networks agree on the {cells.num_regions:,} regions found so far"
        )
    return Equality(equal=witness is None, regions=cells.num_regions, witness=witness)


def difference(one: Network, other: Network) -> Network:
    """Two networks side by side, and the difference of their outputs as units of a last stage."""
    both = subtract(one, other)
    return both.replace(
        stages=(*both.stages, Stage(pre_activation=both.output)),
        output=AffineForm.of_source(len(both.stages) + 1, both.output_dim),
    )
