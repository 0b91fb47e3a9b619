"""relureg bounds: published bounds for a network, or for widths alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, parse_widths, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import Scope, scope_of, scope_options, scoped
from relureg.cli.work import limit_options
from relureg.errors import UsageError

if TYPE_CHECKING:
    from relureg.theory.bounds import Bound

EPILOG = f"""\b
Examples:
  relureg bounds --widths 784,11,11
  relureg bounds --widths 3,8,8 --bias-free
  relureg bounds --widths 2,3,3 --maxout 3
  relureg bounds --conv 4,2,2
  relureg bounds fixtures/truth/rand_2-16-16-1.json --box -1 1

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option("--widths", metavar="N0,N1,...", help="Input dimension and hidden layers, without the output layer.")
@click.option("--bias-free", is_flag=True, help="With --widths: there are no biases in the hidden layers.")
@click.option("--maxout", type=int, metavar="K", help="With --widths: maxout units of K affine maps instead of ReLU.")
@click.option(
    "--conv", metavar="SIZE,FILTER,COUNT",
    help="Instead of widths: one convolutional layer, such as 4,2,2 or 3x3,2x2,2 (no padding).",
)  # fmt: skip
@scope_options
@limit_options
@output_options
def bounds(
    net: str | None,
    raw: bool,
    widths: str | None,
    bias_free: bool,
    maxout: int | None,
    conv: str | None,
    printer: Printer,
    **where: Any,
) -> None:
    """Evaluate every published bound for NET or for --widths, exactly.

    "at most" bounds the regions of any network with these widths, and "at most, attained" is the largest number there
    is. "some network has" says that the best network has at least that many. "a line meets" bounds the regions along
    a straight line, and one less the diameter of the region graph. In a --box or --domain of NET, units that are
    stable there sharpen the bounds; on a --slice they are those of the network with the inputs of the slice.
    """
    from relureg.reports.bounds import BoundsReport

    scope = scope_of(where)
    _check_combination(net, widths, bias_free, maxout, conv, scope)
    if net is None and (widths is not None or conv is not None):
        listed = None if widths is None else parse_widths(widths)
        report = BoundsReport.of(_without_network(listed, bias_free, maxout, conv), widths=listed)
    else:
        from relureg.theory.bounds import bounds as evaluate

        network, domain = scoped(read_network(net, printer, raw=raw), scope)
        report = BoundsReport.of(evaluate(network, domain), network=network, domain=domain)
    printer.emit(report)


def _check_combination(
    net: str | None, widths: str | None, bias_free: bool, maxout: int | None, conv: str | None, scope: Scope
) -> None:
    if sum(choice is not None for choice in (net, widths, conv)) > 1:
        raise UsageError("give either NET or --widths or --conv, not several of them")
    if widths is None and (bias_free or maxout is not None):
        raise UsageError("--bias-free and --maxout need --widths")
    if bias_free and maxout is not None:
        raise UsageError("give either --bias-free or --maxout; the bound for maxout does not depend on biases")
    if not scope.is_everything and (widths is not None or conv is not None):
        raise UsageError("a --box, --domain or --slice needs a network")


def _without_network(
    widths: list[int] | None, bias_free: bool, maxout: int | None, conv: str | None
) -> tuple[Bound, ...]:
    from relureg.theory.bounds import bounds as evaluate

    if conv is not None:
        from relureg.theory.convolution import convolution_bound, receptive_fields

        shape, filter_shape, count = _parse_convolution(conv)
        return (convolution_bound(receptive_fields(shape, filter_shape), count),)
    if maxout is not None:
        from relureg.theory.maxout import maxout_bound

        return (maxout_bound(widths or (), maxout),)
    return evaluate(widths=widths, bias_free=bias_free or None)


def _parse_convolution(text: str) -> tuple[list[int], list[int], int]:
    fields = text.split(",")
    parse: Callable[[str], list[int]] = lambda field: [int(part) for part in field.strip().split("x")]  # noqa: E731
    try:
        shape, filter_shape, (count,) = map(parse, fields)
    except ValueError as error:
        raise UsageError(f"{text!r} is not SIZE,FILTER,COUNT like 4,2,2 or 3x3,2x2,2", where="--conv") from error
    return shape, filter_shape, count
