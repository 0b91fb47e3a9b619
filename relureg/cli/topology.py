"""relureg topology: Betti numbers of the decision boundary, of its sides and of the regions of classes."""

from __future__ import annotations

from fractions import Fraction

import click

from relureg.cli.command import EXIT_CODES, Command, one_of
from relureg.cli.options import finite_number, network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.scope import scoped
from relureg.cli.work import Work, work_options

EPILOG = f"""\b
Examples:
  relureg topology fixtures/truth/dup_dead_2.json
  relureg topology fixtures/truth/saw_3.json --level 1/2
  relureg topology fixtures/nets/marabou_fc_2_2_3.onnx --class 1 --box -1 1
  relureg topology fixtures/truth/rand_4-12-12-1.json --infinity compactified --json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option(
    "--output", type=click.IntRange(min=0), help="Of several outputs this one at a level, counted from 0."
)  # fmt: skip
@click.option("--level", default="0", show_default=True, metavar="C", help="The level: a double, or p/q exactly.")
@click.option(
    "--class", "of_class", type=click.IntRange(min=0),
    help="The region where this output, counted from 0, is the largest.",
)  # fmt: skip
@click.option(
    "--infinity", default="closed", show_default=True, shell_complete=one_of("relureg.topology.homology", "Infinity"),
    help="closed: sets as they lie in R^d; compactified: R^d and a point at infinity, which is in what is unbounded; "
    "bounded: the bounded faces alone.",
)  # fmt: skip
@work_options
@output_options
def topology(
    net: str | None,
    raw: bool,
    output: int | None,
    level: str,
    of_class: int | None,
    infinity: str,
    work: Work,
    printer: Printer,
) -> None:
    """Find the Betti numbers of the decision boundary of NET, of its sides, and of the regions of classes.

    With one output, or with --output, the boundary is where that is the --level. With several it is where two of them
    are the largest, and each class has the region where its output is. With --class the output is compared with the
    largest of the others.
    """
    from relureg.cli.answer import find_complex, require_passed
    from relureg.reports.topology import TopologyReport
    from relureg.topology.decision import Decision
    from relureg.topology.decision_topology import topology_of_complex
    from relureg.topology.homology import Infinity

    convention = Infinity.of(infinity, where="--infinity")
    exact_level = finite_number(level, "--level") or Fraction(0)
    network = read_network(net, printer, raw=raw)
    inside, domain = scoped(network, work.scope)
    decision = Decision.of(inside, output=output, level=exact_level, of_class=of_class)
    cells = find_complex(decision.network, domain, work, printer)
    found = topology_of_complex(cells, decision, convention)
    printer.emit(TopologyReport.of(inside, decision, found))
    require_passed(found.checks)
