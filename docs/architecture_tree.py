"""Draw the package from what it says of itself: its rooms in ARCHITECTURE.md, every module in docs/modules.md.

    python docs/architecture_tree.py

`make tree` does this. A room is a folder of `relureg`; its ``__init__.py`` speaks for it, and of C++ sources its
``README.md``: what the room holds, and the file to begin with. Of a module stands the first sentence of its docstring,
of a C++ file that of its first comment. The order of rooms is that of the import contract in pyproject.toml.
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
VOICES = ("__init__.py", "README.md")
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


def beginning(room: Path) -> str:
    """The file of a room to begin with; the empty string where it names none."""
    told = (re.search(r"Begin with `([^`]+)`", _said(room / name)) for name in VOICES if (room / name).exists())
    return next((match[1] for match in told if match), "")


def sentence(path: Path) -> str:
    """What a file says of itself first: up to a full stop that ends a line, or to a blank line."""
    first = re.split(r"\n\s*\n|(?<=\.)\n", _said(path))[0]
    return " ".join(first.split())


def _said(path: Path) -> str:
    """The docstring or first comment of a file; a text as it is."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return ast.get_docstring(ast.parse(text)) or ""
    if path.suffix == ".md":
        return text
    comment = re.match(r"(?://.*\n)+", text)
    return re.sub(r"(?m)^// ?", "", comment[0]) if comment else ""


def tree(root: Path = ROOT) -> str:
    """The rooms in one block, each with its sentence and the file to begin with; then the direction of imports."""
    lines = []
    for room in rooms(root):
        name = beginning(room)
        drawn = f"{room.relative_to(root)}/{name}  {about(room)}"
        lines += textwrap.wrap(drawn, WIDTH, subsequent_indent="    ")
    arrows = " -> ".join(" | ".join(layer) for layer in layers(root))
    imports = textwrap.wrap(arrows, WIDTH, break_on_hyphens=False)
    return "\n".join(["```", *lines, "```", "", "Imports, which run one way:", "", "```", *imports, "```", ""])


def listing(root: Path = ROOT) -> str:
    """Every module by its full path, with its sentence, room after room."""
    return "\n".join(_listed(root))


def _listed(root: Path) -> Iterator[str]:
    for room in rooms(root):
        yield f"## {room.relative_to(root).as_posix()}\n"
        yield f"{about(room)}" + (f" Begin with {beginning(room)}.\n" if beginning(room) else "\n")
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
