"""relureg resume: go on with a count that was interrupted."""

from __future__ import annotations

from pathlib import Path

import click

from relureg.cli.command import EXIT_CODES
from relureg.cli.printing import Printer, output_options
from relureg.cli.standing import this_run
from relureg.cli.work import jobs_option, memory_option, scheduler_option, timeout_option

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
def resume(
    journal: Path,
    scheduler: str | None,
    jobs: int | None,
    timeout: float | None,
    printer: Printer,
) -> None:
    """Go on with the run of JOURNAL, which `count --journal` began, and count to the end.

    The journal holds the network. Workers may be others, and more or fewer, than before.
    """
    from relureg.cli.answer import close, proving
    from relureg.cli.progress import progress_on_stderr
    from relureg.complex import count
    from relureg.reports.count import CountReport
    from relureg.theory.bounds import bounds

    this_run().journal = journal
    with progress_on_stderr(printer.quiet) as progress:
        counted = count.resume(journal, timeout=timeout, jobs=jobs, progress=proving(progress), scheduler=scheduler)
    if printer.verbose:
        click.echo(f"relureg: {counted.network.name}: sha256 {counted.network.sha256}", err=True)
    found = bounds(counted.network, counted.domain)
    printer.emit(CountReport.of(counted, found))
    close(counted, counted.checks, found)
