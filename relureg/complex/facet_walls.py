"""Which row of the domain carries each facet on its boundary: told by the engine, else found from vertices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relureg.complex.polyhedron import bounding_walls
from relureg.engine.engines import ENGINES
from relureg.engine.gathering import by_sign_vector
from relureg.engine.limits import Watch, Workers
from relureg.engine.records import Records
from relureg.engine.streams import RegionStream
from relureg.errors import CheckFailedError, LimitReachedError
from relureg.exact.ranges import ranges
from relureg.network.problem import Problem

_BATCH = 16384
"""Regions that are taken at once."""


def walls_of(
    problem: Problem, records: Records, *, engine: str, is_whole: bool, jobs: int | None = None
) -> NDArray[np.int64]:
    """(K,): for each facet of the records the row of the domain that carries it, -1 where a region lies behind.

    Where the records are the whole complex, a second run of the engine that found them tells it.

    Raises
    ------
    CheckFailedError
        The second run contradicts the first.
    LimitReachedError
        It was stopped by a limit.
    """
    if not records.facet_on_boundary.any():
        return np.full(len(records.facet_region), -1, dtype=np.int64)
    if not is_whole or not ENGINES[engine].is_compiled:
        return derived_walls(problem, records)
    stream = RegionStream(ENGINES[engine], problem, Workers(jobs=jobs), Watch(), size=_BATCH, generators=False)
    kept = []
    for portion in stream.portions():
        found = portion.records
        counts = np.bincount(found.facet_region, minlength=found.num_regions)
        kept.append((found.patterns, found.vanishing, counts, portion.facet_walls))
    if stream.stopped_by is not None:
        raise LimitReachedError(f"stopped by {stream.stopped_by} while the walls of facets were looked for")
    patterns, vanishing, counts, walls = (np.concatenate(column) for column in zip(*kept, strict=True))
    order = by_sign_vector(patterns, vanishing, records.num_units)
    expected = np.bincount(records.facet_region, minlength=records.num_regions)
    if not np.array_equal(patterns[order], records.patterns) or not np.array_equal(counts[order], expected):
        raise CheckFailedError("a second run has found other regions")
    return walls[ranges((np.cumsum(counts) - counts)[order], counts[order])].astype(np.int64)


def derived_walls(problem: Problem, records: Records) -> NDArray[np.int64]:
    """(K,): for each facet the row of the domain that carries it, -1 inside; from the vertices of each region, slow."""
    found = np.full(len(records.facet_region), -1, dtype=np.int64)
    for region in np.unique(records.facet_region[records.facet_on_boundary]).tolist():
        rows = np.flatnonzero((records.facet_region == region) & records.facet_on_boundary)
        walls = bounding_walls(problem, records, region)
        if len(walls) != len(rows):
            raise CheckFailedError(f"region {region} has other facets on the domain's boundary than the records say")
        found[rows] = walls
    return found
