"""Matplotlib, set up alike for every picture: fonts, themes, and files written whole."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import UsageError
from relureg.files import check_absent, write_atomically
from relureg.packages import needing
from relureg.plots.colours import THEMES, Theme
from relureg.plots.plane.svg import compact

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".png", ".pdf")

FONTS = ("Inter", "Source Sans 3", "Helvetica Neue", "Arial", "Liberation Sans", "DejaVu Sans")


def theme_of(name: str) -> Theme:
    """The theme of that name; raises `UsageError` when there is none."""
    if name not in THEMES:
        raise UsageError(f"there is no theme {name!r}; choose {' or '.join(THEMES)}")
    return THEMES[name]


def check_target(path: Path, suffixes: tuple[str, ...] = SUFFIXES, *, force: bool = False) -> None:
    """Find out before the work that a picture can be written.

    Raises
    ------
    OutputError, UsageError
        The file exists and `force` is not set, its folder does not exist, or its suffix is not known.
    EngineUnavailableError
        Matplotlib is not installed.
    """
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"the suffix is not one of {', '.join(suffixes)}", where=str(path))
    check_absent(path, force=force)
    if path.suffix.lower() in SUFFIXES:
        require_matplotlib()


def require_matplotlib() -> None:
    """Raise `MissingPackageError` where it is missing."""
    with needing("pictures need matplotlib", "plot"):
        import matplotlib  # noqa: F401 - only whether it is there


@contextmanager
def plain() -> Iterator[None]:
    """Matplotlib with its own look, whatever the user's settings are; the same picture gives the same file."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.hashsalt"] = "relureg"
        yield


@contextmanager
def styled(theme: Theme) -> Iterator[None]:
    """Matplotlib with the theme's colours and our lines."""
    import matplotlib
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    with plain():
        matplotlib.rcParams.update({
            "font.family": [name for name in FONTS if name in installed],
            "font.size": 8.5,
            "axes.edgecolor": theme.quiet,
            "axes.labelcolor": theme.quiet,
            "axes.linewidth": 0.6,
            "axes.facecolor": theme.ground,
            "figure.facecolor": theme.ground,
            "text.color": theme.ink,
            "xtick.color": theme.quiet,
            "ytick.color": theme.quiet,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "xtick.major.size": 2.5,
            "ytick.major.size": 2.5,
            "path.simplify": False,
            "pdf.fonttype": 42,
        })  # fmt: skip
        yield


def new_figure(width: float, height: float, theme: Theme | None = None) -> Figure:
    """A figure of that size in inches, known to no window system; with a theme, one that is drawn in it later, too."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if theme is None:
        figure = Figure(figsize=(width, height))
    else:
        from relureg.plots.themed_figure import ThemedFigure

        figure = ThemedFigure(figsize=(width, height), look=functools.partial(styled, theme))
    FigureCanvasAgg(figure)
    return figure


def add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place in inches."""
    w, h = figure.get_size_inches()
    return figure.add_axes((left / w, bottom / h, width / w, height / h))


def add_heading(figure: Figure, left: float, title: str, subtitle: str, theme: Theme) -> None:
    """A name and, below it, what is seen, flush with the axes."""
    w, h = figure.get_size_inches()
    figure.text(left / w, 1 - 0.28 / h, title, fontsize=12.5, fontweight="bold", color=theme.ink, va="center")
    figure.text(left / w, 1 - 0.50 / h, subtitle, fontsize=8.5, color=theme.quiet, va="center")


def content_of(figure: Figure, suffix: str, dpi: int, *, is_small: bool = True) -> bytes:
    """A figure as the bytes of a file, the same on every run; a small one takes longer, and rounds paths."""
    stream = io.BytesIO()
    metadata: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix, {})
    packed: dict[str, Any] = {}
    if is_small and suffix == ".png":
        metadata, packed = {"Software": None}, {"pil_kwargs": {"optimize": True}}
    figure.savefig(stream, format=suffix[1:], dpi=dpi, metadata=metadata, facecolor=figure.get_facecolor(), **packed)
    content = stream.getvalue()
    return compact(content.decode()).encode() if is_small and suffix == ".svg" else content


def pixels_of(figure: Figure, dpi: int) -> NDArray[np.uint8]:
    """A figure as an image (height, width, 3)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call] # matplotlib leaves these two without types
    image: NDArray[np.uint8] = np.asarray(canvas.buffer_rgba())[:, :, :3].copy()  # type: ignore[no-untyped-call]
    return image


def save_figure(figure: Figure, path: Path, *, dpi: int, force: bool, is_small: bool = True) -> None:
    """Write a figure, whole or not at all."""
    write_atomically(path, content_of(figure, path.suffix.lower(), dpi, is_small=is_small), force=force)
