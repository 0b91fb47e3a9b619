"""No circle of imports, neither between files nor between rooms, and no file name with two meanings.

Every import statement counts, those inside functions and those for type checkers too: a circle that is walked at run
time alone still makes one thing of all that it runs through.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import networkx

ROOT = Path(__file__).parents[1]

FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "relureg").rglob("*.py"))
}
"""Every file, by the name of its module."""

SHOWING = {"relureg.cli", "relureg.reports"}
"""A command and its report have one name, which says what is shown."""

ALLOWED_TWICE = {
    "bounds": "the command shows what theory.bounds gathers",
    "count": "the command shows what complex.count counts",
    "graph": "the command writes what the room complex.graph finds",
    "line": "the command shows what complex.line finds",
    "lipschitz": "the command shows what proofs.lipschitz proves",
    "maps": "the command and the pictures show what the room maps extracts",
    "topology": "the command shows what the room topology finds",
    "random": "the command writes what families.random draws",
    "status": "the command shows what engine.runs.status reads",
    "complex": "the class that the room is about",
    "plane": "what the pictures of the room are of",
    "persistence": "the command shows what topology.persistence finds",
    "polynomial": "the report shows a tropical.polynomial",
    "stored_graph": "the report shows what complex.graph.stored_graph joins",
    "tropical": "the command, its report and its pictures show what the room tropical derives",
    "reader": "how a network of that dialect is read, in the room of the dialect",
    "arithmetic": "the operators of a dialect that compute",
    "convolutions": "the convolutions and poolings of a dialect",
    "piecewise_linear": "the operators of a dialect that add stages",
    "shapes": "the operators of a dialect that move entries",
}
"""Names of several files or rooms that mean one thing, and which."""


def is_room(module: str) -> bool:
    return module in FILES and FILES[module].name == "__init__.py"


def imports(module: str) -> Iterator[str]:
    """The files of relureg that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(FILES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in FILES)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports from a place without its full name"
            places = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (place for one in places if (place := one if one in FILES else str(node.module)) in FILES)


def edges() -> list[tuple[str, str]]:
    return [(module, imported) for module in FILES for imported in imports(module)]


def siblings(module: str, imported: str) -> tuple[str, str]:
    """What stands side by side, with the one file in or below the one and the other in or below the other."""
    here, there = module.split("."), imported.split(".")
    depth = next((at for at, (mine, its) in enumerate(zip(here, there, strict=False)) if mine != its), len(here))
    return ".".join(here[: depth + 1]), ".".join(there[: depth + 1])


def circles(edges: list[tuple[str, str]]) -> list[list[str]]:
    graph = networkx.DiGraph(edges)
    return sorted(sorted(circle) for circle in networkx.strongly_connected_components(graph) if len(circle) > 1)


def test_no_circle_joins_files() -> None:
    assert circles(edges()) == []


def test_no_circle_joins_rooms() -> None:
    joined = [siblings(module, imported) for module, imported in edges()]
    assert circles([(here, there) for here, there in joined if is_room(here) and is_room(there)]) == []


def test_no_circle_joins_sources_or_rooms_of_the_kernels() -> None:
    files, rooms = set(), set()
    for path in sorted((ROOT / "relureg" / "engine").rglob("*.[ch]pp")):
        for included in re.findall(r'^#include "(.*)"', path.read_text(encoding="utf-8"), re.MULTILINE):
            other = (path.parent / included).resolve(strict=True)
            files.add((str(path), str(other)))
            rooms.add((path.parent.name, other.parent.name))
    assert ("signs", "cells") in rooms
    assert circles(list(files)) == []
    assert circles(list(rooms)) == []


def test_no_name_has_two_meanings() -> None:
    meanings = defaultdict(set)
    for module in FILES:
        room, _, name = module.rpartition(".")
        meanings[name].add("what is shown" if room in SHOWING else module)
    twice = {name: sorted(places) for name, places in meanings.items() if len(places) > 1}
    assert {name: places for name, places in twice.items() if name not in ALLOWED_TWICE} == {}
    assert sorted(set(ALLOWED_TWICE) - set(twice)) == []  # what is allowed is there
