"""The vertices and rays of the regions of a complex, from its engine or from its inequalities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relureg.complex.polyhedron import derive_generators
from relureg.engine.engines import ENGINES
from relureg.engine.limits import Watch, Workers
from relureg.engine.records import Generators, Records
from relureg.errors import CheckFailedError, LimitReachedError
from relureg.network.problem import Problem


def generators_of(
    problem: Problem, records: Records, *, engine: str, complete: bool, jobs: int | None = None
) -> Generators:
    """The vertices and rays of all listed regions.

    An engine that has them at hand is run once more, for it would take too much memory to keep them unasked. For an
    engine that has not, and for a list that is not complete, they are derived from the facets of each region.

    Raises
    ------
    CheckFailedError
        The engine finds other regions than those listed, or the listed facets do not bound a region.
    LimitReachedError
        A limit was reached before all were found again.
    """
    find = ENGINES[engine].find_generators
    if find is None or not complete:
        return derive_generators(problem, records)
    again = find(problem, Workers(jobs=jobs), Watch())
    if again.stopped_by is not None:
        raise LimitReachedError(f"stopped by {again.stopped_by}")
    assert again.generators is not None
    found = again.records
    if np.array_equal(found.patterns, records.patterns) and np.array_equal(found.vanishing, records.vanishing):
        return again.generators
    return again.generators.take(_places(records, found))


def _places(records: Records, again: Records) -> NDArray[np.int64]:
    """Where each listed region stands among those again."""
    place = {key: region for region, key in enumerate(_keys(again))}
    places = [place.get(key, -1) for key in _keys(records)]
    if -1 in places:
        raise CheckFailedError(f"the engine finds no region with the signs of region {places.index(-1)}")
    return np.array(places, dtype=np.int64)


def _keys(records: Records) -> list[bytes]:
    return [line.tobytes() for line in np.concatenate([records.patterns, records.vanishing], axis=1)]
