"""relureg count: how many activation regions, and how that compares with the bounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from relureg.cli.command import EXIT_CODES, Command, files
from relureg.cli.options import file_options, reading_options, standard_input
from relureg.cli.printing import Printer, output_options
from relureg.cli.proof import check_proof_file, proof_option, prove
from relureg.cli.standing import this_run
from relureg.cli.work import Work, work_options
from relureg.errors import UsageError
from relureg.files import check_no_input

if TYPE_CHECKING:
    from relureg.theory.bounds import Bound

EPILOG = f"""\b
Examples:
  relureg count fixtures/nets/overt_single_pendulum_small.nnet
  relureg count fixtures/nets/acasxu_tiny_5_5_5.nnet --box file
  relureg count fixtures/truth/xor.json --box -10 10 --json
  relureg count fixtures/truth/saw_3.json --linear
  relureg count fixtures/pictures/spiral/0000.json fixtures/pictures/spiral/6000.json
  relureg count fixtures/truth/xor.json fixtures/truth/int_2-6-6-1.json --box -1 1 -o table.csv
  relureg count fixtures/truth/rand_3-16-16-1.json --proof build/rand.proof
  relureg count fixtures/truth/rand_4-12-12-1.json --journal run.journal --scheduler local:2

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@click.argument("nets", shell_complete=files, nargs=-1, metavar="[NET]...")
@reading_options
@click.option("--linear", is_flag=True, help="Also the regions by the other definitions (this keeps every region).")
@click.option("--definitions", is_flag=True, help="Like --linear, with the definitions beside the numbers.")
@click.option(
    "--journal",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep what is done in FILE, and go on from it if it is there (see resume and status).",
)
@click.option("--keep-regions", is_flag=True, help="Let the journal keep all regions, as Parquet files beside it.")
@click.option(
    "--enumerate",
    "by_enumeration",
    is_flag=True,
    help="Visit every region, also of the last stage, to compare (--linear, --definitions and --engine lp do anyway).",
)
@proof_option("the count")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table as CSV, a row a network.")
@file_options("Write the table to .csv or .jsonl (JSON lines), once all networks are counted.")
@work_options
@output_options
def count(
    nets: tuple[str, ...],
    raw: bool,
    linear: bool,
    definitions: bool,
    journal: Path | None,
    keep_regions: bool,
    by_enumeration: bool,
    proof: Path | None,
    as_csv: bool,
    output: Path | None,
    force: bool,
    work: Work,
    printer: Printer,
) -> None:
    """Count the activation regions of NET over the whole input space, exactly.

    NET is an ONNX, .nnet or relureg JSON file, a complex (.npz) that `relureg regions --save` wrote, or - for standard
    input. Of several networks there is a table, with a row for each as soon as it is counted, and with what has changed
    since the one before; --json prints a line for each. Limits are then for each network.
    """
    if len(nets) > 1 or as_csv or output is not None:
        _check_table(
            {
                "--linear": linear,
                "--definitions": definitions,
                "--journal": journal is not None,
                "--keep-regions": keep_regions,
                "--proof": proof is not None,
            }
        )
        from relureg.cli.count_table import TableOptions, count_table

        options = TableOptions(raw=raw, by_enumeration=by_enumeration, as_csv=as_csv, output=output, force=force)
        count_table(nets or (standard_input(),), work, printer, options)
    else:
        check_proof_file(proof, force=force, journal=journal)
        _count_one(
            nets[0] if nets else None, raw, linear, definitions, journal, keep_regions, by_enumeration, proof, force,
            work, printer,
        )  # fmt: skip


def _check_table(given: dict[str, bool]) -> None:
    """Refuse options that are for one network and its own answer."""
    for option, is_given in given.items():
        if is_given:
            raise UsageError("is for one network alone, and not for a table", where=option)


def _count_one(
    net: str | None,
    raw: bool,
    linear: bool,
    definitions: bool,
    journal: Path | None,
    keep_regions: bool,
    by_enumeration: bool,
    proof: Path | None,
    force: bool,
    work: Work,
    printer: Printer,
) -> None:
    """One network, and the page of its answer."""
    from relureg.cli import answer
    from relureg.complex.count import count_of, nothing_but
    from relureg.reports.count import CountReport
    from relureg.theory.bounds import bounds

    if (linear or definitions) and journal is not None:
        raise UsageError("a journal is for the count alone; leave out --linear and --definitions", where="--journal")
    if keep_regions and journal is None:
        raise UsageError("regions are kept beside a journal; give --journal FILE as well", where="--keep-regions")
    if journal is not None:
        check_no_input(journal)
    standing = this_run()
    standing.journal = journal
    cells = None if journal is not None else answer.saved_complex(net, work)
    read, problem = answer.opened(net, cells, work, printer, raw=raw)
    original = read if cells is None else None
    network, domain = problem.network, problem.domain
    found: tuple[Bound, ...] = ()
    standing.partial = lambda reason, proven: CountReport.of(
        nothing_but(problem, work.engine, reason, proven), found, estimate=standing.estimate
    )
    standing.note()
    found = bounds(network, domain)
    regions = None
    proved = None
    if linear or definitions or proof is not None or cells is not None:
        cells = answer.find_complex(network, domain, work, printer) if cells is None else cells
        counted = count_of(cells)
        standing.prove(counted.num_regions)
        standing.partial = lambda reason, proven: CountReport.of(counted, found)
        if cells.complete and (linear or definitions):
            regions = cells.linear_regions
        if proof is not None:
            proved = prove(cells, proof, printer, slice_of=original, force=force)
    else:
        counted = answer.count_with_progress(
            network, domain, work,
            quiet=printer.quiet, journal=journal, keep_regions=keep_regions, by_enumeration=by_enumeration,
        )  # fmt: skip
        answer.note_count(counted, printer)
    printer.emit(
        CountReport.of(
            counted, found, linear=regions, with_definitions=definitions, estimate=standing.estimate, proof=proved
        )
    )
    answer.close(counted, counted.checks, found)
