"""relureg construct tropical: a network from a tropical rational function, or from breakpoints and slopes."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import click

from relureg.cli.command import EXIT_CODES, Command, files
from relureg.cli.output import write_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.work import limit_options
from relureg.errors import CheckFailedError, UsageError

if TYPE_CHECKING:
    from relureg.network.model import Network
    from relureg.tropical.construction import PiecewiseLinear
    from relureg.tropical.rational_function import TropicalRational

EPILOG = f"""\b
Examples:
  relureg construct tropical "max(2x, x+2, -4) - max(x, 0)" | relureg count
  relureg construct tropical "x^2 ⊕ 2⊗x ⊕ -4" -o parabola.onnx
  relureg construct tropical --breakpoints=-1,0,1 --slopes=0,1,-1,0 --through=0,1 -o triangle.json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@click.argument("expression", required=False, metavar="[EXPRESSION]")
@click.option(
    "--notation", type=click.Choice(["auto", "max", "tropical"]), default="auto", show_default=True,
    help="How to read the expression; tropical reads a plain + as the maximum.",
)  # fmt: skip
@click.option("--variables", metavar="X,Y,...", help="The inputs in order; those that occur, by name, if left out.")
@click.option("--breakpoints", metavar="X1,X2,...", help="Where a function of one variable bends, ascending.")
@click.option("--slopes", metavar="M0,M1,...", help="Its slopes from left to right, one more than breakpoints.")
@click.option("--through", metavar="X,Y", default="0,0", show_default=True, help="A point of its graph.")
@click.option(
    "-o", "--output", metavar="FILE", shell_complete=files,
    help="Write the network here (.json, .nnet or .onnx); to standard output as JSON if left out.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace an existing file.")
@limit_options
@output_options
def tropical(
    expression: str | None,
    notation: str,
    variables: str | None,
    breakpoints: str | None,
    slopes: str | None,
    through: str,
    output: str | None,
    force: bool,
    printer: Printer,
) -> None:
    """Make a network that computes a tropical rational function, exactly.

    The EXPRESSION is a difference of maxima, as in "max(2x, x+2, -4) - max(x, 0)", or tropical, as in "2⊗x ⊕ -4". The
    network takes maxima in pairs, one hidden layer for each halving. A function of one variable can be given by
    --breakpoints and --slopes instead; it takes one hidden layer.

    The network is checked: its own tropical form is taken and compared with what was asked for.
    """
    from relureg.reports.construct_tropical import ConstructTropicalReport

    names: tuple[str, ...] = ("x",)
    if breakpoints is not None or slopes is not None:
        if expression is not None:
            raise UsageError("give either an expression or --breakpoints and --slopes, not both")
        line = _piecewise_linear(breakpoints, slopes, through)
        function, network, bound = line.rational(), line.network(), 2
    else:
        from relureg.tropical.construction import network_of
        from relureg.tropical.expression import parse

        if expression is None:
            raise UsageError("give an expression, or --breakpoints and --slopes")
        listed = None if variables is None else [name.strip() for name in variables.split(",")]
        parsed = parse(expression, notation=notation, variables=listed)
        built = network_of(parsed.function)
        function, network, bound, names = built.function, built.network, built.depth_bound, parsed.variables
    _check(function, network, bound)
    report = ConstructTropicalReport.of(function, network, names, depth_bound=bound, file=output)
    if output is not None or not printer.as_json:
        write_network(network, output, force=force)
    if output is not None or printer.as_json:
        printer.emit(report)
    else:
        printer.note(report.line())


def _check(function: TropicalRational, network: Network, bound: int) -> None:
    from relureg.tropical.rational_map import tropical_map

    (back,) = tropical_map(network).outputs
    if not function.is_same_function(back) or len(network.stages) + 1 > bound:
        raise CheckFailedError("the network made is not what was asked for; please report the expression")


def _piecewise_linear(breakpoints: str | None, slopes: str | None, through: str) -> PiecewiseLinear:
    from relureg.tropical.construction import PiecewiseLinear

    if breakpoints is None or slopes is None:
        raise UsageError("--breakpoints and --slopes are needed together")
    point = _numbers(through, "--through")
    if len(point) != 2:
        raise UsageError(f"{through!r} is not a point X,Y", where="--through")
    return PiecewiseLinear(
        breakpoints=_numbers(breakpoints, "--breakpoints"),
        slopes=_numbers(slopes, "--slopes"),
        through=(point[0], point[1]),
    )


def _numbers(text: str, place: str) -> tuple[Fraction, ...]:
    found = []
    for part in text.split(","):
        try:
            found.append(Fraction(part.strip()))
        except (ValueError, ZeroDivisionError) as error:
            raise UsageError(f"{part.strip()!r} is not a number (write 1.5 or 1/3)", where=place) from error
    return tuple(found)
