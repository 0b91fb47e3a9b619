"""The region graph of a complex that need not fit into memory: Parquet files in, a graph on disk out.

The facets of all parts are grouped by their keys by DuckDB, which goes to disk beyond the memory it is given; keys are
compared in full, none is hashed away. The two regions of a group are an edge. Edges in both directions, sorted by
DuckDB, are the rows of a graph in compressed sparse rows, in two NumPy files that are mapped into memory and not read.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from relureg.arguments import checked, index
from relureg.complex.graph import breadth_first
from relureg.complex.graph.eccentricities import Eccentricities
from relureg.complex.graph.region_graph import RegionGraph
from relureg.complex.region_checks import most_steps
from relureg.engine.runs import stored_batches
from relureg.engine.runs.journal import Entry, Journal
from relureg.engine.runs.stored_batches import StoredBatch
from relureg.errors import CheckFailedError, LimitReachedError, OutputError, UsageError
from relureg.frozen import Frozen
from relureg.network.patterns import texts
from relureg.network.problem import Problem
from relureg.packages import needing

MEMORY = "2GB"
"""What DuckDB may hold before it goes to disk."""

_SEARCHES = 12
"""Breadth-first searches for bounds of the diameter, at most."""

_ARCS = 1 << 20
"""Arcs taken over at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiameterBounds:
    """What some breadth-first searches prove about the diameter."""

    low: int
    """The distance of the two regions of `pair`."""
    high: int
    pair: tuple[int, int]
    num_searches: int


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredGraph(Frozen):
    """The region graph of a complete run whose journal keeps its regions.

    Regions are numbered in the order of the journal's parts.
    """

    problem: Problem
    graph: RegionGraph
    """Mapped into memory; the files stay in `folder`."""
    num_boundary: int
    """Facets on the domain's boundary."""
    unmatched: int
    """Facet keys that occur another number of times than twice."""
    one_sided: int
    """Facet keys that occur twice, but on one side; with `unmatched` = 0 the complex is watertight if this is 0."""
    folder: Path
    sources: tuple[StoredBatch, ...]
    parts_folder: Path

    @property
    def is_watertight(self) -> bool:
        """Whether every inner facet bounds two regions, one on each side; then no region is missing."""
        return not (self.unmatched or self.one_sided)

    @property
    def num_components(self) -> int:
        return int(breadth_first.components(self.graph.starts, self.graph.neighbours).max()) + 1

    def pattern(self, region: int) -> str:
        """The activation pattern of a region, as `Complex.pattern` writes it."""
        number = index(region, self.graph.num_regions, "region")
        for source in self.sources:
            if number < source.regions:
                break
            number -= source.regions
        network = self.problem.network
        records = stored_batches.read(source, self.parts_folder, network.num_units)
        return texts(records.signs_of(slice(number, number + 1)) > 0, network.widths)[0]

    def diameter_bounds(self, max_searches: int = _SEARCHES) -> DiameterBounds:
        """Bounds of the diameter, the lower one with both its ends.

        1. Search from the region farthest from the last start, as long as that is farther than before; then from the
           region whose eccentricity may be the smallest, and so on in turn.
        2. No distance exceeds the largest upper bound of an eccentricity (`Eccentricities`), nor the bound that holds
           for all weights.

        Raises
        ------
        UsageError
            The graph is not connected.
        """
        bounds = Eccentricities(self.graph.starts, self.graph.neighbours)
        ceiling = most_steps(self.problem.network)
        node, low, pair = int(self.graph.degrees.argmax()), -1, (0, 0)
        high = ceiling
        for _ in range(max_searches):
            steps = bounds.search(node)
            farthest = int(steps.argmax())
            is_longer = int(steps[farthest]) > low
            if is_longer:
                low, pair = int(steps[farthest]), (node, farthest)
            high = min(ceiling, int(bounds.upper.max()))
            if low == high:
                break
            fresh = np.where(bounds.searched, -1, bounds.upper) if not is_longer else None
            if is_longer and not bounds.searched[farthest]:
                node = farthest
            elif bounds.num_searches % 2 and fresh is not None:
                node = int(fresh.argmax())
            else:
                node = int(np.where(bounds.searched, bounds.size, bounds.lower).argmin())
        return DiameterBounds(low=low, high=high, pair=pair, num_searches=bounds.num_searches)

    @property
    def average_degree(self) -> Fraction:
        """2 F / R, exactly."""
        return self.graph.average_degree


@checked
def stored_graph(journal: str | Path, *, memory: str = MEMORY, folder: str | Path | None = None) -> StoredGraph:
    """Build the region graph of a run that kept its regions (``--keep-regions``).

    Parameters
    ----------
    memory : str, optional
        What DuckDB may hold before it goes to disk, such as ``"2GB"``.
    folder : str or Path, optional
        Where the graph is written, two NumPy files; beside the journal where left out.

    Raises
    ------
    UsageError
        The journal keeps no regions, a package is missing, or `memory` is no amount.
    LimitReachedError
        The run is not complete.
    JournalError
        The file is no journal.
    OutputError
        The graph cannot be written.
    """
    path = Path(journal)
    with Journal.open_to_read(path) as found:
        settings, entries = found.settings, found.entries
        is_complete, parts_folder = found.is_complete, found.parts_folder
    problem = settings.problem
    if not settings.keeps_records:
        raise UsageError("keeps no regions; count with --journal and --keep-regions", where=str(path))
    if not is_complete:
        raise LimitReachedError("the run is not complete; go on with: relureg resume", where=str(path))
    sources = _sources(entries, parts_folder)
    target = Path(folder) if folder is not None else path.with_name(path.name + ".graph")
    count = sum(source.regions for source in sources)
    if count > np.iinfo(np.int32).max:
        raise UsageError(f"{count:,} regions are too many for a graph; give a smaller box")
    try:
        target.mkdir(exist_ok=True)
        with _database(target, memory) as database:
            _read_facets(database, problem, sources, parts_folder)
            boundary, unmatched, one_sided = _join(database, problem)
            _write_rows(database, count, target)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=str(target)) from error
    graph = RegionGraph(
        starts=np.load(target / "starts.npy", mmap_mode="r"),
        neighbours=np.load(target / "neighbours.npy", mmap_mode="r"),
        longest=most_steps(problem.network),
    )
    return StoredGraph(
        problem=problem,
        graph=graph,
        num_boundary=boundary,
        unmatched=unmatched,
        one_sided=one_sided,
        folder=target,
        sources=tuple(sources),
        parts_folder=parts_folder,
    )


def _sources(entries: list[Entry], folder: Path) -> list[StoredBatch]:
    sources = [entry.stored for entry in entries if entry.stored is not None]
    for source in sources:
        if not source.is_intact(folder):
            raise UsageError("is missing or damaged; relureg resume does its work again", where=source.names[0])
    return sources


@contextlib.contextmanager
def _database(folder: Path, memory: str) -> Iterator[Any]:
    """A database of DuckDB's on disk, removed in the end."""
    with needing("a graph on disk needs DuckDB", "outofcore"):
        import duckdb
    scratch = tempfile.mkdtemp(dir=folder)
    database = duckdb.connect(str(Path(scratch, "facets.duckdb")))
    try:
        database.execute(f"SET memory_limit = '{_amount(memory)}'")
        database.execute("SET temp_directory = ?", [str(Path(scratch, "spill"))])
        yield database
    except duckdb.OutOfMemoryException as error:
        raise LimitReachedError(f"{memory} is too little memory for DuckDB, even with a disk; give more") from error
    except duckdb.IOException as error:
        raise OutputError(f"cannot be written: {error}", where=str(folder)) from error
    finally:
        database.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _amount(memory: str) -> str:
    number = memory.upper().removesuffix("B").rstrip("KMGT")
    if not number.replace(".", "", 1).isdecimal() or not memory.upper().endswith(("KB", "MB", "GB", "TB")):
        raise UsageError(f"{memory!r} is no amount of memory; write 2GB", where="--memory")
    return memory


def _read_facets(database: Any, problem: Problem, sources: list[StoredBatch], folder: Path) -> None:
    """The view `facets`: every facet of every region, regions numbered through."""
    database.execute("CREATE TABLE parts (filename VARCHAR, first BIGINT)")
    first = 0
    files = []
    for source in sources:
        files.append(str(folder / source.names[1]))
        database.execute("INSERT INTO parts VALUES (?, ?)", [files[-1], first])
        first += source.regions
    keys = ", ".join(f"key{k}" for k in range(stored_batches.key_words(problem.network.num_units)))
    database.execute(
        "CREATE VIEW facets AS SELECT (first + region)::INTEGER AS region, side, on_boundary"
        f"{', ' * bool(keys)}{keys} FROM read_parquet({files!r}, filename = true) JOIN parts USING (filename)"
    )


def _join(database: Any, problem: Problem) -> tuple[int, int, int]:
    """The view `edges`, a row for each facet key that occurs twice; counts of facets on the boundary and of faults."""
    keys = ", ".join(f"key{k}" for k in range(stored_batches.key_words(problem.network.num_units)))
    if not keys:  # no unit, no facet
        database.execute("CREATE TABLE edges (a INTEGER, b INTEGER)")
        return 0, 0, 0
    database.execute(
        "CREATE TABLE keys AS"
        " SELECT min(region) AS a, max(region) AS b, count(*)::INTEGER AS n, sum(side)::INTEGER AS s"
        f" FROM facets WHERE NOT on_boundary GROUP BY {keys}"
    )
    unmatched, one_sided = database.execute(
        "SELECT count(*) FILTER (n <> 2), count(*) FILTER (n = 2 AND s <> 0) FROM keys"
    ).fetchall()[0]
    database.execute("CREATE VIEW edges AS SELECT a, b FROM keys WHERE n = 2")
    ((boundary,),) = database.execute("SELECT count(*) FROM facets WHERE on_boundary").fetchall()
    return int(boundary), int(unmatched), int(one_sided)


def _write_rows(database: Any, count: int, folder: Path) -> None:
    """`edges` in compressed sparse rows: starts.npy and neighbours.npy."""
    ((edges,),) = database.execute("SELECT count(*) FROM edges").fetchall()
    degrees = np.zeros(count, dtype=np.int64)
    shape = (2 * int(edges),)
    # An empty array cannot be mapped.
    neighbours = np.lib.format.open_memmap(
        folder / "neighbours.npy", mode="w+", dtype=np.int32, shape=shape if edges else (1,)
    )
    # Rows must come in the order asked for, so no setting that lets DuckDB drop it may be on.
    arcs = database.sql(
        "SELECT tail, head FROM (SELECT a AS tail, b AS head FROM edges UNION ALL SELECT b, a FROM edges)"
        " ORDER BY tail, head"
    ).to_arrow_reader(_ARCS)
    done = last = 0
    for batch in arcs:
        tails, heads = (column.to_numpy() for column in batch.columns)
        neighbours[done : done + len(heads)] = heads
        if not len(tails):
            continue
        low = int(tails[0])
        if low < last or (np.diff(tails) < 0).any():
            raise CheckFailedError("DuckDB hands rows over in another order than asked for; please report its version")
        last = int(tails[-1])
        present = np.bincount(tails - low)
        degrees[low : low + len(present)] += present
        done += len(heads)
    neighbours.flush()
    if not edges:
        np.save(folder / "neighbours.npy", np.empty(0, dtype=np.int32))
    starts = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(degrees, out=starts[1:])
    np.save(folder / "starts.npy", starts)
