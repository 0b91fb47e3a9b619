"""What the commands `relureg maps ...` share: points, labels and pictures, and what is told while they work."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from relureg.cli.progress import lines_on_stderr
from relureg.errors import DataError, UsageError
from relureg.network.model import Network

if TYPE_CHECKING:
    from relureg.maps.data import Dataset
    from relureg.maps.images import Shape
    from relureg.maps.local import Report
    from relureg.plots.maps.maps import Target

_PATH = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The files of points and labels that a command is given."""

    data: Path
    labels: str | None
    test: Path | None
    test_labels: str | None
    chunk: int | None

    def read(self, network: Network) -> tuple[Dataset, Dataset | None]:
        """The points, and the test points where there are any."""
        from relureg.maps.data import read_data

        if self.test is None and self.test_labels is not None:
            raise UsageError("--test-labels needs --test")
        train = read_data(network, self.data, self.labels)
        if self.test is None:
            return train, None
        asked = read_data(network, self.test, self.test_labels)
        if self.labels is not None and asked.labels is None:
            raise DataError("the test points have no labels; give --test-labels", where=str(self.test))
        return train, asked


def data_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--data, --labels, --test, --test-labels and --chunk, given to the command as one `Data`."""
    return _gather(function, Data, "data", (
        click.option(
            "--data", metavar="FILE", type=_PATH, required=True,
            help="Points, one a row: .npy, .npz, .csv, .json or .parquet.",
        ),
        click.option(
            "--labels", metavar="Y", help="True classes: a file, or the name of an array or column of --data."
        ),
        click.option("--test", metavar="FILE", type=_PATH, help="Test points, in the same formats."),
        click.option("--test-labels", metavar="Y", help="Labels of the test points, likewise."),
        click.option("--chunk", type=click.IntRange(min=1), help="Points at once; by default what fits into 128 MB."),
    ))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The picture that a command is asked for."""

    plot: Path | None
    theme: str
    dpi: int

    def target(self, *, force: bool) -> Target | None:
        """Where it goes; refuses early what could not be written."""
        if self.plot is None:
            return None
        from relureg.plots.maps.maps import Target

        target = Target(path=self.plot, theme=self.theme, dpi=self.dpi, force=force)
        target.check()
        return target


def picture_options(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--plot, --theme and --dpi, given to the command as one `Drawing`; `what` says what is drawn."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        return _gather(function, Drawing, "drawing", (
            click.option("--plot", metavar="FILE", type=_PATH, help=f"Draw {what}: .svg, .png or .pdf."),
            click.option(
                "--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True,
                help="Of the picture.",
            ),
            click.option(
                "--dpi", type=click.IntRange(30, 1200), default=200, show_default=True, help="Of a .png picture."
            ),
        ))  # fmt: skip

    return decorate


image_option = click.option(
    "--image-shape", metavar="HxW", help="Shape of the inputs as an image, HxW or CxHxW; guessed for squares."
)


def parse_image_shape(text: str | None, network: Network) -> Shape | None:
    """Channels, height and width, where the inputs are an image."""
    from relureg.maps.images import image_shape

    if text is None:
        return image_shape(network.input_dim)
    fields = text.lower().split("x")
    if not all(field.isascii() and field.isdigit() and len(field) < 10 for field in fields):
        raise UsageError(f"{text!r} is not a shape like 28x28 or 3x32x32", where="--image-shape")
    try:
        return image_shape(network.input_dim, tuple(map(int, fields)))
    except UsageError as error:
        raise error.within("--image-shape") from error


@contextlib.contextmanager
def reporting(quiet: bool) -> Iterator[Report | None]:
    """What to tell of progress, which goes to standard error; None where nothing is shown."""
    with lines_on_stderr(quiet) as show:

        def report(what: str, done: int, total: int) -> None:
            if show is not None:
                show(f"{what}: {done:,} of {total:,}")

        yield None if show is None else report


def written(output: Path | None, target: Target | None) -> list[str]:
    """The files that a command has written."""
    return [str(path) for path in (output, None if target is None else target.path) if path is not None]


def _gather(
    function: Callable[..., Any], kind: type[Any], name: str, options: tuple[Callable[..., Any], ...]
) -> Callable[..., Any]:
    @functools.wraps(function)
    def gathered(*args: Any, **kwargs: Any) -> Any:
        values = {field.name: kwargs.pop(field.name) for field in dataclasses.fields(kind)}
        return function(*args, **{name: kind(**values)}, **kwargs)

    decorated: Callable[..., Any] = gathered
    for option in reversed(options):
        decorated = option(decorated)
    return decorated
