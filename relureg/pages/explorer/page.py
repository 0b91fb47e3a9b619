"""The explorer's page, put together from its parts: a skeleton, styles, scripts and what they are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from relureg.arguments import checked
from relureg.complex.complex import Complex
from relureg.errors import LimitReachedError, UsageError
from relureg.files import check_absent, write_atomically
from relureg.network.comparisons import MAX_CLASSES
from relureg.network.model import Network
from relureg.pages.explorer.content import content, has_classes, layers_of, require_plane, seen_in_page
from relureg.plots.canvas import theme_of
from relureg.plots.figure import view_from
from relureg.plots.plane.view import View

SCRIPTS = ("colours", "polygons", "graph", "plane", "bars", "explorer", "teacher", "start")
"""The parts of the program, in the order in which they need one another."""
COLOURS = ("map", "gradient", "output", "class", "depth", "degree", "distance", "none")
"""What a cell's colour can say."""
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPage:
    """What was written."""

    num_regions_seen: int
    view: list[list[float]]
    """Lowest and highest corner."""
    size: int
    """Bytes."""


def check_page(path: Path, *, force: bool = False) -> None:
    """Find out before the work that a page can be written; raises `UsageError` or `OutputError`."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError("the suffix of a page is .html", where=str(path))
    check_absent(path, force=force)


@checked
def save_explorer(
    cells: Complex,
    path: str | Path,
    *,
    view: View | Sequence[Any] | None = None,
    colour: str = "map",
    theme: str = "auto",
    force: bool = False,
    jobs: int | None = None,
) -> SavedPage:
    """Write a page in which a complex of two inputs, or of a plane, is walked through: what `relureg explore` writes.

    The page is one file and asks no network for anything.

    Parameters
    ----------
    cells : Complex
    path : str or Path
        Ends in ``.html``.
    view : View, or two bounds, optional
        What is shown, as in `relureg.plot`; taken from the complex when left out.
    colour : str
        What colours say at first: one of `COLOURS`.
    theme : str
        ``light``, ``dark`` or ``auto``, which is what the browser prefers.
    force : bool
        Replace an existing file.

    Raises
    ------
    UsageError
        There are not two inputs, too many regions, or an option is not known.
    DomainError
        The view misses the domain.
    LimitReachedError
        The complex is not complete.
    OutputError
        The file exists and `force` is not set, or it cannot be written.
    """
    target = Path(path)
    check_page(target, force=force)
    if colour not in COLOURS:
        raise UsageError(f"there is no colouring {colour!r}; choose one of {', '.join(COLOURS)}")
    if theme not in THEMES:
        theme_of(theme)
    if not cells.complete:
        raise LimitReachedError(f"stopped by {cells.stopped_by}: a page needs all regions; look at a --box")
    require_plane(cells.network)
    if colour == "class" and not has_classes(cells.network):
        raise UsageError(f"classes are compared between at most {MAX_CLASSES} outputs that depend on the input")
    shown = view if view is None or isinstance(view, View) else view_from(view, cells.network)
    plane = seen_in_page(cells, shown, jobs=jobs)
    told = content(plane) | {"colour": colour, "theme": theme, "example": _example()}
    page = page_of(told)
    write_atomically(target, page, force=force)
    return SavedPage(num_regions_seen=plane.num_regions_seen, view=plane.view.bounds, size=len(page))


def page_of(told: dict[str, Any]) -> bytes:
    """The page that shows this."""
    # In a script element nothing is escaped, and nothing must look like its end.
    data = json.dumps(told, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    program = "\n".join(_part(f"{name}.js") for name in SCRIPTS)
    parts = {"STYLE": _part("explorer.css"), "PROGRAM": program, "CONTENT": data}
    page = _part("explorer.html")
    for name, text in parts.items():
        page = page.replace(f"/*{name}*/", text, 1)
    return page.encode()


def _part(name: str) -> str:
    return resources.files("relureg.pages.explorer").joinpath(name).read_text(encoding="utf-8")


def _example() -> dict[str, Any]:
    """A small network for the sliders, where the one of the page is too large for them."""
    network: Network = _random()
    return {"name": network.name, "layers": layers_of(network)}


def _random() -> Network:
    from relureg.families.random import random_network

    return random_network([2, 5, 4], "he", seed=3)
