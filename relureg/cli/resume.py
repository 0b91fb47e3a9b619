"""relureg resume: go on with a count that was interrupted."""

from __future__ import annotations

from pathlib import Path

import click

from relureg.cli.options import (
    EXIT_CODES,
    emit,
    jobs_option,
    memory_option,
    output_options,
    remember_journal,
    scheduler_option,
    timed,
    timeout_option,
)  # fmt: skip

EPILOG = f"""\b
Example:
  relureg count fixtures/truth/rand_4-12-12-1.json --journal run.journal --timeout 0.1
  relureg resume run.journal

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("journal", type=click.Path(path_type=Path))
@scheduler_option
@jobs_option("Threads, without a scheduler; all cores by default.")
@timeout_option()
@memory_option
@output_options
@timed
def resume(
    journal: Path,
    scheduler: str | None,
    jobs: int | None,
    timeout: float | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    started: float,
) -> None:
    """Go on with the run of JOURNAL, which `count --journal` began, and count to the end.

    The journal holds the network. Workers may be others, and more or fewer, than before.
    """
    from relureg.cli.answer import close
    from relureg.cli.progress import progress_on_stderr
    from relureg.complex import count
    from relureg.reports.documents import count_document
    from relureg.reports.tables import count_table
    from relureg.theory.bounds import bounds

    remember_journal(journal)
    with progress_on_stderr(quiet) as progress:
        counted = count.resume(journal, timeout=timeout, jobs=jobs, progress=progress, scheduler=scheduler)
    if verbose:
        click.echo(f"relureg: {counted.network.name}: sha256 {counted.network.sha256}", err=True)
    found = bounds(counted.network, counted.domain)
    emit(count_document(counted, found), count_table, as_json=as_json, started=started)
    close(counted, counted.checks, found)
