"""relureg check: whether a property holds, proved, or an exact counterexample."""

from __future__ import annotations

from pathlib import Path

import click

from relureg.cli.command import EXIT_CODES, Command, files
from relureg.cli.options import read_network, reading_options
from relureg.cli.printing import Printer, output_options
from relureg.cli.progress import cells_on_stderr
from relureg.cli.proof import check_proof_file, proof_progress, value_proof_options
from relureg.cli.work import limit_options
from relureg.errors import PropertyViolatedError
from relureg.files import check_absent, write_atomically

EPILOG = f"""\b
Examples:
  relureg check fixtures/nets/acasxu_1_1_nnet.nnet fixtures/properties/acasxu_4.vnnlib
  relureg check fixtures/nets/acasxu_1_1_nnet.nnet fixtures/properties/acasxu_1.vnnlib --junit report.xml
  relureg check fixtures/nets/acasxu_1_1_nnet.nnet fixtures/properties/acasxu_4.vnnlib --proof build/acasxu_4.proof

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@click.argument("net", shell_complete=files, metavar="NET")
@click.argument("property_", metavar="PROPERTY", type=click.Path(path_type=Path))
@reading_options
@click.option(
    "--junit", metavar="FILE", shell_complete=files, help="Write a JUnit XML report; one of relureg's own is replaced."
)
@value_proof_options("the verdict", "Replace an existing report or proof.")
@limit_options
@output_options
def check(
    net: str, property_: Path, raw: bool, junit: str | None, proof: Path | None, force: bool, printer: Printer
) -> None:
    """Decide whether NET has the property that a .vnnlib file states: it holds (exit 0), or is violated (exit 1).

    As VNN-LIB has it, the file asserts a counterexample: constraints on inputs and outputs, joined by "and" and "or". A
    property holds if it is proved that there is none; else one is given in exact numbers. A strict inequality and one
    that is not are told apart.
    """
    from relureg.behaviour.properties import check_property
    from relureg.readers.data_files import read_specification
    from relureg.reports.check import CheckReport, junit_of
    from relureg.reports.exports.junit import is_report

    if junit is not None:
        force = force or is_report(Path(junit))
        check_absent(Path(junit), force=force)
    check_proof_file(proof, force=force)
    network = read_network(net, printer, raw=raw)
    specification = read_specification(property_, network)
    with cells_on_stderr(printer.quiet) as progress:
        verdict = check_property(network, specification, progress=progress)
    written = None
    if proof is not None:
        from relureg.proofs.values import write_property_proof

        with proof_progress(printer.quiet) as report:
            written = write_property_proof(network, verdict, proof, force=force, progress=report)
    if junit is not None:
        write_atomically(Path(junit), junit_of(network, verdict), force=force)
    printer.emit(CheckReport.of(network, verdict, proof=written))
    if not verdict.holds:
        raise PropertyViolatedError(f"{network.name} violates {specification.label}")
