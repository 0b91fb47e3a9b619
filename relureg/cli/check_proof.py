"""relureg check-proof: what a proof that --proof has written proves of a network."""

from __future__ import annotations

from pathlib import Path

import click

from relureg.cli.command import EXIT_CODES, Command, files
from relureg.cli.options import read_network, reading_options
from relureg.cli.printing import Printer, output_options
from relureg.cli.progress import waiting_on_stderr
from relureg.cli.work import limit_options

EPILOG = f"""\b
Example:
  relureg check-proof fixtures/proofs/counterexample-3-9-4-1.proof fixtures/counterexamples/counterexample-3-9-4-1.json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@click.argument("proof", metavar="PROOF", type=click.Path(path_type=Path))
@click.argument("net", shell_complete=files, metavar="NET")
@click.argument("other", shell_complete=files, metavar="[OTHER]", required=False)
@reading_options
@limit_options
@output_options
def check_proof(proof: Path, net: str, other: str | None, raw: bool, printer: Printer) -> None:
    """Check PROOF, which `--proof` of another command has written, against NET, the network that it is about.

    Of `compare` it is about NET and OTHER. The same is done by checker/check_proof.py, a program that needs Python
    alone, and nothing of relureg. The exit code is 1 where the proof is refused; then the first line that fails is
    named, and why.
    """
    from relureg.proofs.checking import check_proof as check
    from relureg.reports.proof import CheckProofReport

    network = read_network(net, printer, raw=raw)
    second = None if other is None else read_network(other, printer, raw=raw)
    with waiting_on_stderr(printer.quiet, f"checking {proof}"):
        proved = check(proof, network, second)
    printer.emit(CheckProofReport.of(network, proved, file=str(proof)))
