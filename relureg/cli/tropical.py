"""relureg tropical: a network as a tropical rational map, its polytopes, and the proof that they match the regions."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.work import jobs_option, memory_option, timeout_option
from relureg.errors import LimitReachedError, UsageError

if TYPE_CHECKING:
    from relureg.tropical.analysis import TropicalAnalysis

EPILOG = f"""\b
Examples:
  relureg tropical fixtures/truth/xor.json
  relureg tropical fixtures/truth/saw_3.json --level 1/2 --round-trip
  relureg tropical --expression "max(2x, x + 2, -4)"
  relureg tropical --notation tropical --expression "x^2 + 2 x y + y^2 + 2x + 2y + 2"

{EXIT_CODES}"""


class _Rational(click.ParamType[Fraction]):
    name = "NUMBER"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        try:
            return Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            self.fail(f"{value!r} is not a number (write 1.5 or 1/3)", param, ctx)


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option("--expression", metavar="TEXT", help="A tropical rational function instead of NET.")
@click.option(
    "--notation", type=click.Choice(["auto", "max", "tropical"]), default="auto", show_default=True,
    help="How to read the expression; tropical reads a plain + as the maximum.",
)  # fmt: skip
@click.option("--output", type=click.IntRange(min=0), help="Look at this output alone, counted from 0.")
@click.option("--level", type=_Rational(), default="0", show_default=True, help="The level of the decision boundary.")
@click.option(
    "--points", type=click.IntRange(min=1), default=1000, show_default=True,
    help="Random points at which form and network are compared.",
)  # fmt: skip
@click.option("--round-trip", is_flag=True, help="Make a network of the form, and prove it to be the same function.")
@click.option(
    "--plot", type=click.Path(path_type=Path), metavar="FILE",
    help="Draw subdivisions and hypersurfaces of one or two variables (.png, .svg or .pdf).",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace an existing picture.")
@jobs_option("Threads for finding regions; all cores by default.")
@click.option("--max-monomials", type=click.IntRange(min=1), help="Stop at a larger polynomial (exit code 4).")
@timeout_option()
@memory_option
@output_options
def tropical(
    net: str | None,
    raw: bool,
    expression: str | None,
    notation: str,
    output: int | None,
    level: Fraction,
    points: int,
    round_trip: bool,
    plot: Path | None,
    force: bool,
    jobs: int | None,
    max_monomials: int | None,
    timeout: float | None,
    printer: Printer,
) -> None:
    """Write NET as a tropical rational map F - G, exactly, and compare it with the regions.

    F and G are maxima of affine functions. N(F), N(G) and N(F+G) count those that matter: the vertices of the upper
    hulls of the lifted Newton polytopes.
    """
    from relureg.cli.progress import lines_on_stderr
    from relureg.reports.tropical import TropicalReport
    from relureg.tropical.analysis import Wanted, analyse_expression, analyse_network
    from relureg.tropical.expression import parse
    from relureg.tropical.growth import Growth

    if expression is not None and net is not None:
        raise UsageError("give either NET or --expression, not both")
    with lines_on_stderr(printer.quiet) as report:
        growth = Growth(max_monomials=max_monomials, timeout=timeout, report=report)
        progress = None if report is None else lambda so_far: report(f"{so_far.regions:,} regions")
        wanted = Wanted(level=level, num_points=points, round_trip=round_trip, jobs=jobs, progress=progress)
        if expression is not None:
            if output not in (None, 0):
                raise UsageError("an expression has output 0 only", where="--output")
            parsed = parse(expression, notation=notation)
            _check_picture(plot, len(parsed.variables), force)
            analysis = analyse_expression(parsed, growth=growth, wanted=wanted)
        else:
            network = read_network(net, printer, raw=raw)
            _check_picture(plot, network.input_dim, force)
            analysis = analyse_network(network, output=output, growth=growth, wanted=wanted)
    sys.set_int_max_str_digits(0)  # deep networks have exponents of more digits than Python writes unasked
    printer.emit(TropicalReport.of(analysis, expression))
    if plot is not None and analysis.outputs:
        from relureg.plots.tropical.duality import save_analysis_picture

        save_analysis_picture(analysis, plot, force=force)
    _close(analysis)


def _check_picture(path: Path | None, dim: int, force: bool) -> None:
    """Refuse a picture that could not be drawn or written, before any work is done."""
    if path is not None:
        from relureg.plots.tropical.duality import check_picture

        check_picture(path, dim, force=force)


def _close(analysis: TropicalAnalysis) -> None:
    from relureg.cli.answer import require_passed

    require_passed(analysis.checks)
    if not analysis.complete:
        raise LimitReachedError(f"stopped by {analysis.stopped_by}: what is known so far is printed")
