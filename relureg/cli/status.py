"""relureg status: how far a run has come."""

from __future__ import annotations

from pathlib import Path

import click

from relureg.cli.command import EXIT_CODES
from relureg.cli.printing import Printer, output_options

EPILOG = f"""\b
Example:
  relureg count fixtures/truth/rand_4-12-12-1.json --journal run.journal
  relureg status run.journal

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("journal", type=click.Path(path_type=Path))
@output_options
def status(journal: Path, printer: Printer) -> None:
    """Tell how far the run of JOURNAL has come, while it runs or after: counts, fraction, rate, time left."""
    from relureg.engine.runs.status import journal_status
    from relureg.reports.status import StatusReport

    printer.emit(StatusReport.of(journal_status(journal)))
