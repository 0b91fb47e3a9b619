"""Regions while they are found: portions of columns, in memory that does not grow with the number of regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.engine.engines import Engine
from relureg.engine.limits import Watch, Workers
from relureg.engine.records import Figures, Generators, Records, freeze
from relureg.engine.split import CompiledRun, merge, merge_facet_walls, merge_generators
from relureg.engine.sums import NO_INTERIOR
from relureg.errors import DomainError
from relureg.exact.ranges import chunks
from relureg.network.problem import Problem

_CHUNK = 4096
"""Regions that a thread hands over at once, at most: a few of these are held besides what has been asked for."""
_MOST_BYTES = 1 << 26
"""Of the columns of one portion: where regions have many vertices, it has fewer regions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Some regions, in the order in which they were found."""

    records: Records
    generators: Generators | None
    """Their vertices and rays, where these were asked for and the engine knows them."""
    facet_walls: NDArray[np.int32] | None
    """(K,): for each facet the first row of the domain that vanishes on it, -1: none does; None: the engine does not
    tell."""


class RegionStream:
    """One search, of which portions are taken while it goes on. It waits for whoever takes them.

    Parameters
    ----------
    engine : Engine
    problem : Problem
    workers : Workers
    watch : Watch
    size : int
        Regions in a portion, at most.
    generators : bool
        Also the vertices and rays, of an engine that knows them.
    """

    def __init__(
        self, engine: Engine, problem: Problem, workers: Workers, watch: Watch, *, size: int, generators: bool
    ) -> None:
        self.stopped_by: str | None = None
        """The limit that ended the search early; known at its end."""
        self.figures: Figures | None = None
        """What was counted, known at the end; None of an engine that lists its regions before it tells of any."""
        self._engine, self._problem, self._workers, self._watch = engine, problem, workers, watch
        self._size, self._generators = size, generators

    def portions(self) -> Iterator[Portion]:
        """All regions; the search is stopped where this iterator is closed.

        Raises
        ------
        DomainError
            The domain has no interior.
        LimitReachedError
            Memory is exhausted.
        """
        return self._compiled() if self._engine.is_compiled else self._listed()

    def _compiled(self) -> Iterator[Portion]:
        has_generators = self._generators and self._engine.find_generators is not None
        run = CompiledRun(
            self._problem,
            self._workers,
            self._watch,
            records=True,
            generators=has_generators,
            dictionaries=self._engine.name == "dictionaries",
            chunk_regions=min(self._size, _CHUNK),
        )
        for held in _gathered(run.chunks(), self._size):
            yield Portion(
                records=merge(held, self._problem, as_found=True),
                generators=merge_generators(held, self._problem, as_found=True) if has_generators else None,
                facet_walls=merge_facet_walls(held, self._problem),
            )
        self.stopped_by = run.stopped_by
        self.figures = run.figures()  # raises where there was nothing

    def _listed(self) -> Iterator[Portion]:
        found = self._engine.finder(self._problem, self._workers, self._watch)
        self.stopped_by = found.stopped_by
        if not found.records.num_regions and found.stopped_by is None:
            raise DomainError(NO_INTERIOR)
        for rows in chunks(found.records.num_regions, self._size):
            yield Portion(records=part_of(found.records, rows), generators=None, facet_walls=None)


def part_of(records: Records, rows: slice) -> Records:
    """The records of consecutive regions."""
    first, last = np.searchsorted(records.facet_region, [rows.start, rows.stop]).tolist()
    units = records.facet_starts[first : last + 1]
    part = Records(
        num_units=records.num_units,
        patterns=records.patterns[rows],
        vanishing=records.vanishing[rows],
        bounded=records.bounded[rows],
        points=records.points[rows],
        exact_points=MappingProxyType(
            {k - rows.start: point for k, point in records.exact_points.items() if rows.start <= k < rows.stop}
        ),
        facet_region=records.facet_region[first:last] - rows.start,
        facet_on_boundary=records.facet_on_boundary[first:last],
        facet_starts=units - units[0],
        facet_units=records.facet_units[units[0] : units[-1]],
    )
    freeze(part)
    return part


def _gathered(found: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Chunks brought together, in their order, up to so many regions."""
    held: list[dict[str, Any]] = []
    regions = num_bytes = 0
    for chunk in found:
        count = len(chunk["bounded"])
        if held and (regions + count > size or num_bytes > _MOST_BYTES):
            yield held
            held, regions, num_bytes = [], 0, 0
        held.append(chunk)
        regions += count
        num_bytes += sum(column.nbytes for column in chunk.values() if isinstance(column, np.ndarray))
    if held:
        yield held
