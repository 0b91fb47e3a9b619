"""relureg compare: whether two networks are the same function, or how far they are apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from relureg.cli.command import EXIT_CODES, Command, files
from relureg.cli.options import read_network, reading_options
from relureg.cli.printing import Printer, output_options
from relureg.cli.progress import cells_on_stderr
from relureg.cli.proof import check_proof_file, proof_progress, value_proof_options
from relureg.cli.scope import located, scope_of, scope_options
from relureg.cli.work import limit_options
from relureg.errors import DomainError, NetworksDifferError

EPILOG = f"""\b
Examples:
  relureg compare fixtures/nets/acasxu_1_1_nnet.nnet small.nnet --around 1650,0,3.12,1100,1100 --radius 0.01
  relureg compare fixtures/truth/xor.json fixtures/truth/xor.json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@click.argument("net", shell_complete=files, metavar="NET")
@click.argument("other", shell_complete=files, metavar="OTHER")
@reading_options
@scope_options
@value_proof_options("the difference")
@limit_options
@output_options
def compare(net: str, other: str, raw: bool, proof: Path | None, force: bool, printer: Printer, **where: Any) -> None:
    """Decide whether NET and OTHER are the same function: equal, proved (exit 0), or not (exit 1).

    For pruned, quantised and exported networks. If they are not equal, the largest difference in any output is given,
    exactly, and a point where it is attained, in a --box or --domain or on the whole input space.
    """
    from relureg.behaviour.differences import compare_networks
    from relureg.reports.compare import CompareReport

    check_proof_file(proof, force=force)
    scope = scope_of(where)
    networks = read_network(net, printer, raw=raw), read_network(other, printer, raw=raw)
    one, domain = located(networks[0], scope)
    two, _ = located(networks[1], scope)
    with cells_on_stderr(printer.quiet) as progress:
        try:
            found = compare_networks(one, two, domain, progress=progress)
        except DomainError as error:
            raise error.within("--box" if scope.domain is None else "--domain") from error
    written = None
    if proof is not None:
        from relureg.proofs.values import write_comparison_proof

        with proof_progress(printer.quiet) as report:
            written = write_comparison_proof(
                one, two, found, proof, domain=domain, slices_of=networks, force=force, progress=report
            )
    printer.emit(CompareReport.of(one, two, domain, found, proof=written))
    if not found.are_equal:
        raise NetworksDifferError(f"{one.name} and {two.name} differ")
