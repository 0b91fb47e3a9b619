"""--proof, for the commands whose answer can carry its proof."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from relureg.cli.answer import require_passed
from relureg.cli.printing import Printer
from relureg.cli.progress import lines_on_stderr
from relureg.engine.limits import Progress
from relureg.errors import UsageError
from relureg.files import check_absent

if TYPE_CHECKING:
    from relureg.complex.complex import Complex
    from relureg.network.model import Network
    from relureg.proofs.proof_writer import ProofFigures


def proof_option(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--proof, given to the command as `proof`."""
    return click.option(
        "--proof", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
        help=f"Write a proof of {what} to FILE, for check-proof (this keeps every region).",
    )  # fmt: skip


def value_proof_options(what: str, force: str = "Replace an existing proof.") -> Callable[[Any], Any]:
    """--proof and --force of the commands whose answer is a value, given as `proof` and `force`."""

    def decorate(command: Any) -> Any:
        command = click.option("--force", is_flag=True, help=force)(command)
        return click.option(
            "--proof", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
            help=f"Write a proof of {what} to FILE, for check-proof.",
        )(command)  # fmt: skip

    return decorate


@contextlib.contextmanager
def proof_progress(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A report of how many cells a proof has so far, on standard error."""
    with lines_on_stderr(quiet, "writing the proof") as show:

        def report(progress: Progress) -> None:
            if show is not None:
                show(f"proved {progress.regions:,} cells")

        yield report


def check_proof_file(proof: Path | None, *, force: bool, journal: Path | None = None) -> None:
    """Find out before the work what stands against a proof; raises `UsageError` or `OutputError`."""
    if proof is None:
        return
    if journal is not None:
        raise UsageError("is written of regions that are kept in memory, not of those of a journal", where="--proof")
    check_absent(proof, force=force)


def prove(
    cells: Complex,
    path: Path,
    printer: Printer,
    *,
    slice_of: Network | None,
    force: bool,
    facets: bool = False,
    diameter: bool = False,
) -> ProofFigures | None:
    """Write the proof of a complex whose checks have passed; None where not all regions are there."""
    from relureg.proofs.proof_writer import write_proof

    if not cells.complete:
        return None
    if slice_of is None and cells.network.slice is not None:
        raise UsageError(
            "is about a network, and the saved complex of a slice does not hold that; name the network", where="--proof"
        )
    require_passed(cells.checks_of(faces=False, graph=False))
    with lines_on_stderr(printer.quiet, "writing the proof") as show:

        def report(progress: Progress) -> None:
            if show is not None:
                show(f"proved {progress.regions:,} of {cells.num_regions:,} regions")

        return write_proof(
            cells, path, facets=facets, diameter=diameter, slice_of=slice_of, force=force, progress=report
        )
