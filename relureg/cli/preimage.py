"""relureg preimage: all inputs whose outputs lie in a set, as exact polyhedra."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from relureg.cli.command import EXIT_CODES, Command
from relureg.cli.options import network_argument, read_network
from relureg.cli.printing import Printer, output_options
from relureg.cli.progress import progress_on_stderr
from relureg.cli.scope import located, parse_box
from relureg.cli.work import Work, work_options
from relureg.errors import DomainError, ReluregError, UsageError
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.readers.texts import unpacked_suffix

if TYPE_CHECKING:
    from relureg.network.specification import Specification

EPILOG = f"""\b
Examples:
  relureg preimage fixtures/truth/xor.json --outputs 0 1 --box 0 1
  relureg preimage fixtures/truth/rand_2-16-16-1.json --outputs "y0:0,inf" --box -1 1 -o positive.svg
  relureg preimage fixtures/nets/hcas_pra0_tau00_nnet.nnet --target unsafe.vnnlib --json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=EPILOG)
@network_argument
@click.option(
    "--outputs", metavar="LO HI", help='The set is a box: LO HI for every output, or "y0:0,1;y1:-inf,2" for some.'
)
@click.option(
    "--target", metavar="FILE", type=click.Path(path_type=Path),
    help="The set is a polyhedron, in a file as --domain reads it, of outputs; or all that a .vnnlib property asserts.",
)  # fmt: skip
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path),
    help="Draw it, for two inputs: .svg, .png or .pdf.",
)  # fmt: skip
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--force", is_flag=True, help="Replace the file of -o where it exists.")
@work_options
@output_options
def preimage(
    net: str | None,
    raw: bool,
    outputs: str | None,
    target: Path | None,
    output: Path | None,
    theme: str,
    force: bool,
    work: Work,
    printer: Printer,
) -> None:
    """Find all inputs of NET whose outputs lie in a set, exactly: a union of polyhedra that do not overlap.

    On the whole input space, or in a --box or --domain. Each piece is the part of a region; those without an interior
    are left out. The volume of all pieces together is exact.
    """
    from relureg.behaviour.preimages import preimage as find_preimage
    from relureg.plots.canvas import SUFFIXES, check_target
    from relureg.reports.preimage import PreimageReport

    if output is not None:
        check_target(output, SUFFIXES, force=force)
    if work.workers.scheduler is not None:
        raise UsageError("pieces are found by threads of this process", where="--scheduler")
    network = read_network(net, printer, raw=raw)
    wanted = _target(network, outputs, target)
    inside, domain = located(network, work.scope)
    if inside.slice is not None and not isinstance(wanted, Domain):
        wanted = dataclasses.replace(wanted, input_dim=inside.input_dim) if _is_of_outputs(wanted) else wanted
    drawn = Problem(network=inside, domain=domain).restricted().network.input_dim
    if output is not None and drawn != 2:
        raise UsageError(f"{drawn} inputs; a preimage is drawn in the plane: look at a --slice", where=str(output))
    with progress_on_stderr(printer.quiet) as progress:
        found = find_preimage(
            inside, wanted, domain, engine=work.engine, max_regions=work.limits.max_regions,
            jobs=work.workers.jobs, progress=progress,
        )  # fmt: skip
    if output is not None:
        from relureg.plots.plane.colouring import Choices
        from relureg.plots.plane.picture import Style, save_picture

        style = Style(colour="members", theme=theme, choices=Choices(members=frozenset(found.regions)))
        save_picture(found.cells, output, style, force=force, jobs=work.workers.jobs)
    printer.emit(PreimageReport.of(inside, domain, found, wanted.label, output))


def _target(network: Network, outputs: str | None, path: Path | None) -> Domain | Specification:
    """The set that the options name."""
    from relureg.readers.data_files import read_domain, read_specification

    if (outputs is None) == (path is None):
        raise UsageError("name the set of outputs, by --outputs or by --target")
    if outputs is not None:
        if "x" in outputs:
            raise UsageError("outputs are called y0, y1, ...", where="--outputs")
        m = network.output_dim
        space = Network.from_layers([[[int(i == k) for k in range(m)] for i in range(m)]], [[0] * m])
        try:
            return parse_box(outputs.replace("y", "x"), space, "--outputs")
        except DomainError as error:
            told = re.sub(r"\bx(\d)", r"y\1", error.message).replace("input", "output")
            raise DomainError(told, where=error.where) from error
    assert path is not None
    try:
        if unpacked_suffix(path) == ".vnnlib":
            return read_specification(path, network)
        return read_domain(path, network.output_dim)
    except ReluregError as error:
        raise error.within("--target") from error


def _is_of_outputs(target: Specification) -> bool:
    if any(condition.inputs for case in target.cases for condition in case):
        raise UsageError("a property with conditions on inputs cannot be looked at on a slice", where="--target")
    return True
