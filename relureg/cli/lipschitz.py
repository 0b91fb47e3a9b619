"""relureg lipschitz: the exact Lipschitz constant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.progress import cells_on_stderr, progress_on_stderr
from relureg.cli.proof import check_proof_file, proof_progress, value_proof_options
from relureg.cli.scope import located, scope_of, scope_options
from relureg.cli.work import jobs_option, limit_options
from relureg.errors import LimitReachedError

EPILOG = f"""\b
Examples:
  relureg lipschitz fixtures/truth/int_2-6-6-1.json
  relureg lipschitz fixtures/truth/rand_2-16-16-1.json --box -1 1 --norms inf,1
  relureg lipschitz fixtures/nets/sherlock_car_2.nt --box -1 1 --each

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option(
    "--norms", default="2,2", show_default=True, metavar="P,Q", help="The norms of inputs and outputs: 1, 2 or inf."
)
@click.option("--each", is_flag=True, help="The constant of each output by itself.")
@scope_options
@value_proof_options("the constants, with all regions,")
@jobs_option("Threads of the engine; all cores by default.")
@limit_options
@output_options
def lipschitz(
    net: str | None,
    raw: bool,
    norms: str,
    each: bool,
    jobs: int | None,
    proof: Path | None,
    force: bool,
    printer: Printer,
    **where: Any,
) -> None:
    """Find the Lipschitz constant of NET, exactly: the largest norm of its Jacobian on any region.

    On the whole input space, or in a --box or --domain. Roots lie between two rationals, which --json gives. Branch and
    bound over cells of regions: where a limit ends it, the message says between what the constant is proved to lie.
    """
    from relureg.behaviour.lipschitz_constants import lipschitz_constant, lipschitz_constants, parse_norms
    from relureg.reports.lipschitz import LipschitzReport

    p, q = parse_norms(norms)
    check_proof_file(proof, force=force)
    network = read_network(net, printer, raw=raw)
    inside, domain = located(network, scope_of(where))
    with cells_on_stderr(printer.quiet) as progress:
        if each:
            found = lipschitz_constants(inside, domain, p=p, jobs=jobs, progress=progress)
        else:
            found = (lipschitz_constant(inside, domain, p=p, q=q, jobs=jobs, progress=progress),)
    written = None
    if proof is not None:
        from relureg.complex.enumeration import enumerate_regions
        from relureg.proofs.lipschitz import write_lipschitz_proof

        with progress_on_stderr(printer.quiet) as progress:
            cells = enumerate_regions(inside, domain, jobs=jobs, progress=progress)
        if not cells.complete:
            raise LimitReachedError(f"stopped by {cells.stopped_by}, before the proof was written")
        with proof_progress(printer.quiet) as report:
            written = write_lipschitz_proof(
                cells, found, proof, p=p, q=q, slice_of=network, force=force, progress=report
            )
    printer.emit(LipschitzReport.of(inside, domain, found, p=p, q=q, alone=each, proof=written))
