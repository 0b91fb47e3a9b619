"""relureg status: how far a run has come."""

from __future__ import annotations

from pathlib import Path

import click

from relureg.cli.options import EXIT_CODES, emit, output_options, timed

EPILOG = f"""\b
Example:
  relureg count fixtures/truth/rand_4-12-12-1.json --journal run.journal
  relureg status run.journal

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("journal", type=click.Path(path_type=Path))
@output_options
@timed
def status(journal: Path, as_json: bool, quiet: bool, verbose: bool, started: float) -> None:
    """Tell how far the run of JOURNAL has come, while it runs or after: counts, fraction, rate, time left."""
    from relureg.engine.runs.status import journal_status
    from relureg.reports.runs import status_document, status_table

    emit(status_document(journal_status(journal)), status_table, as_json=as_json, started=started)
