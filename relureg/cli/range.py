"""relureg range: the exact minimum and maximum of each output."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.progress import cells_on_stderr
from relureg.cli.proof import check_proof_file, proof_progress, value_proof_options
from relureg.cli.scope import located, scope_of, scope_options
from relureg.cli.work import limit_options
from relureg.errors import DomainError, UsageError
from relureg.exact.numbers import as_fraction
from relureg.exact.rational import RationalMatrix
from relureg.readers.texts import parse_number
from relureg.words import plural

EPILOG = f"""\b
Examples:
  relureg range fixtures/truth/xor.json --box 0 1
  relureg range fixtures/nets/overt_single_pendulum_small.nnet --box -1 1
  relureg range fixtures/nets/overt_single_pendulum_small.nnet --box -1 1 --of gradient
  relureg range fixtures/nets/acasxu_1_1_nnet.nnet --around 1650,0,3.12,1100,1100 --radius 0.01 --direction 1,-1,0,0,0
  relureg range fixtures/truth/xor.json --box 0 1 --proof build/range.proof

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option(
    "--direction", metavar="C0,C1,...",
    help="The range of c0 y0 + c1 y1 + ... instead of that of each output; numbers are doubles, p/q is exact.",
)  # fmt: skip
@click.option(
    "--of", type=click.Choice(["output", "gradient"]), default="output", show_default=True,
    help="Whose range: that of each output, or of each partial derivative over all regions.",
)  # fmt: skip
@scope_options
@value_proof_options("the range")
@limit_options
@output_options
def range(  # noqa: A001
    net: str | None,
    raw: bool,
    direction: str | None,
    of: str,
    proof: Path | None,
    force: bool,
    printer: Printer,
    **where: Any,
) -> None:
    """Find the exact minimum and maximum of each output of NET, and a point where each is attained.

    Without a --box or --domain on the whole input space; where an output is unbounded, a ray is given along which it
    grows or falls without end. A domain is closed and may be flat. Branch and bound: each part of the domain is closed
    by a proved bound. Derivatives are those on regions; their domain must have an interior.
    """
    from relureg.behaviour.derivative_ranges import derivative_ranges
    from relureg.behaviour.output_ranges import output_range
    from relureg.reports.derivatives import DerivativeReport
    from relureg.reports.range import RangeReport

    if of == "gradient" and proof is not None:
        raise UsageError("proofs are of ranges of outputs; leave out --of gradient", where="--proof")
    check_proof_file(proof, force=force)
    network = read_network(net, printer, raw=raw)
    along = None if direction is None else parse_numbers(direction, "--direction")
    if along is not None and len(along) != network.output_dim:
        raise UsageError(
            f"{plural(len(along), 'coefficient')}, but the network has {plural(network.output_dim, 'output')}",
            where="--direction",
        )
    scope = scope_of(where)
    inside, domain = located(network, scope)
    if of == "gradient":
        if along is not None:
            inside = inside.replace(
                output=inside.output.map(RationalMatrix.from_fractions([along], len(along))), outputs=()
            )
        with cells_on_stderr(printer.quiet) as progress:
            derivatives = derivative_ranges(inside, domain, progress=progress)
        printer.emit(DerivativeReport.of(inside, domain, derivatives, direction=along))
        return
    with cells_on_stderr(printer.quiet) as progress:
        try:
            found = output_range(inside, domain, direction=along, progress=progress)
        except DomainError as error:
            raise error.within("--box" if scope.domain is None else "--domain") from error
    written = None
    if proof is not None:
        from relureg.proofs.values import write_range_proof

        with proof_progress(printer.quiet) as report:
            written = write_range_proof(
                inside, found, proof, domain=domain, slice_of=network, force=force, progress=report
            )
    printer.emit(RangeReport.of(inside, domain, found, proof=written))


def parse_numbers(text: str, option: str) -> list[Fraction]:
    """Numbers with commas between them, exactly."""
    try:
        return [as_fraction(parse_number(word)) for word in text.split(",")]
    except ValueError as error:
        raise UsageError(f"{text!r} is no list of finite numbers; write 1,-1/2,0", where=option) from error
