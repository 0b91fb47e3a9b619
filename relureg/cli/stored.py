"""relureg graph of a journal: the region graph of a run that kept its regions, built on disk."""

from __future__ import annotations

from pathlib import Path

from relureg.cli.printing import Printer
from relureg.cli.work import Work
from relureg.errors import CheckFailedError, UsageError


def is_journal(net: str | None) -> bool:
    """Whether NET is a file of SQLite's, as journals are and networks are not."""
    try:
        with open(net or "", "rb") as stream:
            return stream.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


def stored_graph_answer(
    journal: Path, work: Work, memory: str | None, printer: Printer, *, with_diameter: bool
) -> None:
    """Build the graph, print it, and raise what its exit code must tell.

    Raises
    ------
    UsageError
        An option asks for another run than that of the journal.
    CheckFailedError
        The complex is not watertight or not connected.
    """
    from relureg.complex.graph.stored_graph import MEMORY, stored_graph
    from relureg.reports.stored_graph import StoredGraphReport

    for option in [*work.given, *(["--jobs"] if work.workers.jobs is not None else [])]:
        raise UsageError("the run of a journal is over; leave this option out", where=option)
    graph = stored_graph(journal, memory=memory or MEMORY)
    printer.emit(StoredGraphReport.of(graph, with_diameter=with_diameter))
    if not graph.is_watertight or graph.num_components != 1:
        raise CheckFailedError("the complex is not watertight; do not use this result, and please report the network")
