"""The regions of a network batch after batch, while they are found: in memory that does not grow with their number."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.arguments import checked, whole_number
from relureg.complex.count import RegionCount, count_of_figures
from relureg.complex.facet_walls import derived_walls
from relureg.complex.halfspaces import Inequalities, inequalities, output_maps
from relureg.complex.polyhedron import derive_generators
from relureg.complex.result import Result
from relureg.engine.choice import EngineChoice
from relureg.engine.engines import Engine, choose
from relureg.engine.limits import Limits, Progress, Report, Watch, Workers
from relureg.engine.records import Generators, Point, Records
from relureg.engine.streams import Portion, RegionStream
from relureg.errors import UsageError
from relureg.frozen import Frozen
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.patterns import texts
from relureg.network.problem import Problem
from relureg.words import plural

BATCH = 16384
"""Regions in a batch when nothing else is said."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CellBatch(Frozen):
    """Some regions of a network, n of them, as columns, in the order in which they were found."""

    problem: Problem
    """Whose regions these are."""
    first: int
    """The number of the first of them among all that were found."""
    records: Records
    """Sign vectors, points and facets."""
    generators: Generators | None
    """Their vertices and rays, where these were asked for."""
    walls: NDArray[np.int32] | None = None
    """What the engine tells of facets on the domain's boundary; see `facet_walls`."""

    @property
    def num_regions(self) -> int:
        """N."""
        return self.records.num_regions

    @cached_property
    def signs(self) -> NDArray[np.int8]:
        """(n, N): the sign vectors."""
        return self.records.signs

    @property
    def patterns(self) -> list[str]:
        """The activation patterns: 1 for an active unit, stages separated by ``|``."""
        return texts(self.signs > 0, self.problem.network.widths)

    @property
    def bounded(self) -> NDArray[np.bool_]:
        """(n,): whether each region is bounded in the input space."""
        return self.records.bounded & (self.problem.essential_dim == self.problem.network.input_dim)

    @property
    def points(self) -> NDArray[np.float64]:
        """(n, d): a point inside each region, rounded to doubles; `point` has it exactly."""
        return self.records.points

    def point(self, region: int) -> Point:
        """An exact point inside a region, by its place in this batch."""
        return self.records.point(region)

    @cached_property
    def facet_walls(self) -> NDArray[np.integer[Any]]:
        """(K,): for each facet of the records the row of the domain that carries it, -1 where a region lies behind."""
        return derived_walls(self.problem, self.records) if self.walls is None else self.walls

    def inequalities(self, *, exact: bool = False) -> Inequalities:
        """The irredundant inequalities ``A x <= b`` of each region; see `Inequalities`.

        With `exact` also as integers, and doubles rounded once; slow.
        """
        return inequalities(self.problem, self.records, self.facet_walls, exact=exact)

    def affine_maps(self, *, exact: bool = False) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Matrices (n, m, d) and constants (n, m): the output is ``matrices[i] @ x + constants[i]`` on region i.

        Composed in doubles; with `exact` rounded once, from rationals, which is slow.
        """
        return output_maps(self.problem, self.records, exact=exact)

    def __len__(self) -> int:
        return self.num_regions

    def __repr__(self) -> str:
        return f"<CellBatch of {self.problem.network.name!r}: {plural(self.num_regions, 'region')} from {self.first:,}>"


class CellStream(Result, Iterator[CellBatch]):
    """The regions of a network, batch after batch: an iterator, made by `iter_cells`.

    The search runs in threads meanwhile, and waits for whoever takes the batches. `close`, or leaving a ``with`` block,
    ends it early.
    """

    problem: Problem
    stopped_by: str | None
    """The limit that ended the search early; known at its end. None as well where it was closed."""
    engine: str
    """The engine that finds the regions."""
    engine_choice: EngineChoice
    """Why that engine."""

    def __init__(
        self,
        problem: Problem,
        engine: Engine,
        choice: EngineChoice,
        *,
        batch_size: int,
        vertices: bool,
        limits: Limits,
        workers: Workers,
        report: Report | None,
    ) -> None:
        self.problem, self.engine, self.engine_choice, self.stopped_by = problem, engine.name, choice, None
        self.num_regions = 0
        """Regions that have come so far."""
        self._vertices, self._is_at_end = vertices, False
        self._stream = RegionStream(
            engine, problem, workers, _TimedWatch(limits, report), size=batch_size, generators=vertices
        )
        self._portions = self._stream.portions()

    def __next__(self) -> CellBatch:
        """The next batch; at the end, raises `DomainError` where the domain has no interior."""
        portion = next(self._portions, None)
        if portion is None:
            self.stopped_by, self._is_at_end = self._stream.stopped_by, True
            raise StopIteration
        batch = CellBatch(
            problem=self.problem,
            first=self.num_regions,
            records=portion.records,
            generators=self._generators(portion),
            walls=portion.facet_walls,
        )
        self.num_regions += batch.num_regions
        return batch

    def __iter__(self) -> CellStream:
        return self

    def __enter__(self) -> CellStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the search, if it is still going on; no more batches come."""
        self._portions.close()  # type: ignore[attr-defined]  # a generator

    @property
    def has_count(self) -> bool:
        """Whether `count` can be asked."""
        return self._is_at_end and self._stream.figures is not None

    def count(self) -> RegionCount:
        """What was counted on the way, with its checks: that no region is missing is known once all have come.

        Raises
        ------
        UsageError
            The stream has not come to its end, was closed, or its engine does not count.
        """
        figures = self._stream.figures
        if not self.has_count or figures is None:
            raise UsageError("the count of a stream is known at its end, of the engines split and dictionaries")
        return count_of_figures(self.problem, self.engine, figures, self.engine_choice)

    def __repr__(self) -> str:
        return f"<CellStream of {self.problem.network.name!r}: {plural(self.num_regions, 'region')} so far>"

    def _generators(self, portion: Portion) -> Generators | None:
        if not self._vertices or portion.generators is not None:
            return portion.generators
        return derive_generators(self.problem, portion.records)


class _TimedWatch(Watch):
    """A watch whose limit on time begins with it, whoever asks, and however long others work in between."""

    def __init__(self, limits: Limits, report: Report | None) -> None:
        super().__init__(limits, report)
        self._end = None if limits.timeout is None else time.monotonic() + limits.timeout

    def out_of_time(self, regions: int, fraction: float | None = None, **known: Any) -> str | None:
        outer = super().out_of_time(regions, fraction, **known)
        if outer is None and self._end is not None and time.monotonic() > self._end:
            return stopping.time_limit(self.limits.timeout or 0.0)
        return outer


@checked
def iter_cells(
    network: Network,
    domain: Domain | None = None,
    engine: str = "auto",
    *,
    vertices: bool = False,
    batch_size: int = BATCH,
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    audit: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> CellStream:
    """The activation regions of a network, exactly, batch after batch while they are found.

    Memory does not grow with the number of regions, except with the engine ``lp``, which lists all before it tells of
    any. Regions come in the order in which the search finds them: with one job that is the same in every run; with
    several, threads take turns. Within the regions of one thread, neighbours in the search tree stand together.
    `enumerate_regions` has them in the order of their sign vectors, with what needs all of them: numbers of neighbours,
    the region graph, linear regions.

    Parameters
    ----------
    network : Network
    domain : Domain, optional
        Only the part of the complex inside; where it fixes inputs, regions are those of the network on the inputs left.
    engine : {"auto", "split", "dictionaries", "lp"}, optional
        As for `enumerate_regions`.
    vertices : bool, optional
        Also the vertices and rays of each region.
    batch_size : int, optional
        Regions in a batch, at most.
    max_regions : int, optional
    timeout : float, optional
        Seconds from now on, in which others may work as well. When a limit ends the search, so does the iterator, and
        `CellStream.stopped_by` tells which it was; what has come is proven.
    jobs : int, optional
        Threads of the search; all cores when left out.
    audit : bool, optional
        Decide every predicate in doubles and in integers, and stop on a contradiction. Slow.
    progress : callable, optional
        Called with a `Progress` every now and then.

    Returns
    -------
    CellStream
        An iterator over `CellBatch`. Closing it ends the search.

    Raises
    ------
    DomainError
        The domain does not fit the network, or, at the end of the iterator, it has no interior.
    EngineUnavailableError
        The engine needs a package that is not installed.
    LimitReachedError
        Memory is exhausted; from the iterator.
    UsageError
        The engine only counts.

    Examples
    --------
    >>> import relureg
    >>> network = relureg.load("fixtures/truth/rand_3-16-16-1.json")
    >>> with relureg.iter_cells(network, batch_size=1000, jobs=1) as stream:
    ...     sum(batch.num_regions for batch in stream), stream.count().num_facets
    (5092, 14762)
    >>> with relureg.iter_cells(network) as stream:  # only until one is found that is bounded
    ...     any(batch.bounded.any() for batch in stream)
    True
    """
    problem = Problem(network=network, domain=domain).restricted()
    return open_stream(
        problem,
        engine,
        vertices=vertices,
        batch_size=whole_number("batch_size", batch_size, least=1),
        limits=Limits(max_regions=max_regions, timeout=timeout),
        workers=Workers(jobs=jobs, audit=audit),
        report=progress,
    )


def open_stream(
    problem: Problem,
    engine: str = "auto",
    *,
    vertices: bool = False,
    batch_size: int = BATCH,
    limits: Limits = Limits(),
    workers: Workers = Workers(),
    report: Report | None = None,
) -> CellStream:
    """`iter_cells` of a problem without equations, within limits, by threads; raises as that does."""
    chosen, choice = choose(engine, problem, visits=True)
    _ = chosen.finder  # raises where the engine only counts
    chosen.check_fits(workers)
    return CellStream(
        problem, chosen, choice, batch_size=batch_size, vertices=vertices, limits=limits, workers=workers, report=report
    )
