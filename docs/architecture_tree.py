"""Draw the package from what it says of itself: its rooms in ARCHITECTURE.md, every module in docs/modules.md.

    python docs/architecture_tree.py

`make tree` does this. A room is a folder of `relureg`; its ``__init__.py`` speaks for it, and for the C++ sources
``bindings.cpp`` or ``dictionaries.cpp``. Of a module stands the first sentence of its docstring, of a C++ file that of
its first comment. The order of rooms is that of the import contract in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- begin: drawn by docs/architecture_tree.py -->\n", "<!-- end -->\n"
WIDTH = 120
SUFFIXES = (".py", ".hpp", ".cpp")
VOICES = ("__init__.py", "bindings.cpp", "dictionaries.cpp")
"""The files that speak for their room."""


def layers(root: Path) -> list[list[str]]:
    """The layers of the import contract, the highest first; names within `relureg`."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    contract = next(c for c in contracts if c["type"] == "layers")
    return [[name.strip().removeprefix("relureg.") for name in layer.split("|")] for layer in contract["layers"]]


def rooms(root: Path) -> list[Path]:
    """Every folder with source files: `relureg` itself, then from the foundation to the command line."""
    package = root / "relureg"
    rank = {name: number for number, layer in enumerate(reversed(layers(root))) for name in layer}
    folders = {path.parent for path in package.rglob("*") if path.suffix in SUFFIXES}

    def place(folder: Path) -> tuple[int, str]:
        inside = folder.relative_to(package)
        return (rank[inside.parts[0]] if inside.parts else -1, inside.as_posix())

    return sorted(folders, key=place)


def modules(room: Path) -> list[Path]:
    """The source files of a room, but for ``__init__.py``."""
    return sorted(path for path in room.iterdir() if path.suffix in SUFFIXES and path.name != "__init__.py")


def about(room: Path) -> str:
    """What a room says of itself."""
    return next((sentence(room / name) for name in VOICES if (room / name).exists()), "")


def sentence(path: Path) -> str:
    """What a file says of itself first: up to a full stop that ends a line, or to a blank line."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        said = ast.get_docstring(ast.parse(text)) or ""
    else:
        comment = re.match(r"(?://.*\n)+", text)
        said = re.sub(r"(?m)^// ?", "", comment[0]) if comment else ""
    first = re.split(r"\n\s*\n|(?<=\.)\n", said)[0]
    return " ".join(first.split())


def tree(root: Path = ROOT) -> str:
    """The rooms, each with its sentence and the names of its modules in one block; then the direction of imports."""
    lines = []
    for room in rooms(root):
        lines += textwrap.wrap(f"{room.relative_to(root)}/  {about(room)}", WIDTH, subsequent_indent="    ")
        names = "  ".join(path.name for path in modules(room))
        lines += textwrap.wrap(names, WIDTH, initial_indent="    ", subsequent_indent="    ")
    arrows = " -> ".join(" | ".join(layer) for layer in layers(root))
    imports = textwrap.wrap(arrows, WIDTH, break_on_hyphens=False)
    return "\n".join(["```", *lines, "```", "", "Imports, which run one way:", "", "```", *imports, "```", ""])


def listing(root: Path = ROOT) -> str:
    """Every module by its full path, with its sentence, room after room."""
    return "\n".join(_listed(root))


def _listed(root: Path) -> Iterator[str]:
    for room in rooms(root):
        yield f"## {room.relative_to(root).as_posix()}\n"
        yield f"{about(room)}\n"
        for path in modules(room):
            name = path.relative_to(root).as_posix()
            yield f"* [{name}](../{name}): {sentence(path)}"
        yield ""


def with_drawn(page: str, drawn: str) -> str:
    """A page with the part between the marks replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{drawn}{END}{after}"


DRAWN = {"ARCHITECTURE.md": tree, "docs/modules.md": listing}
"""What is drawn into which page."""

if __name__ == "__main__":
    for name, draw in DRAWN.items():
        page = ROOT / name
        page.write_text(with_drawn(page.read_text(encoding="utf-8"), draw()), encoding="utf-8")
