"""ARCHITECTURE.md is true: its tree is the package, its walks pass what it says; no text names a missing file."""

from __future__ import annotations

import ast
import io
import pkgutil
import re
import runpy
import sys
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import relureg

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "ARCHITECTURE.md"
TREE = runpy.run_path(str(ROOT / "docs" / "architecture_tree.py"))
PACKAGE = [path for room in TREE["rooms"](ROOT) for path in TREE["modules"](room)]


@pytest.mark.parametrize("name", TREE["DRAWN"])
def test_the_drawn_part_of_the_page_is_what_the_script_draws(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    assert TREE["with_drawn"](page, TREE["DRAWN"][name]()) == page, "run `make tree`"


def test_every_file_is_listed_once_and_says_what_it_is() -> None:
    listed = re.findall(r"^\* \[(.*?)\]", TREE["listing"](), re.MULTILINE)
    assert sorted(listed) == sorted(path.relative_to(ROOT).as_posix() for path in PACKAGE)
    assert [str(path) for path in PACKAGE if not TREE["sentence"](path)] == []


def test_every_room_says_what_it_is_and_names_the_file_to_begin_with() -> None:
    rooms = TREE["rooms"](ROOT)
    assert [str(room) for room in rooms if not TREE["about"](room)] == []
    missing = [room for room in rooms[1:] if not (room / TREE["beginning"](room)).is_file()]
    assert missing == []
    drawn = " ".join(TREE["tree"]().split())
    assert [room for room in rooms if f"{room.relative_to(ROOT).as_posix()}/" not in drawn] == []


def test_the_page_is_two_pages() -> None:
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= 132


def test_no_line_of_the_kernels_is_longer_than_120_columns() -> None:
    """clang-format breaks code, and leaves comments as they are."""
    kernels = [*(ROOT / "relureg" / "engine").rglob("*.?pp"), *(ROOT / "tests" / "engine").rglob("*.?pp")]
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in kernels
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > 120
    ]
    assert kernels != []
    assert long == []


def test_a_file_that_comes_or_goes_changes_the_tree(tmp_path: Path) -> None:
    for name, text in {
        "pyproject.toml": (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        "relureg/network/__init__.py": '"""What a network is.\n\nBegin with `model.py`.\n"""',
        "relureg/network/model.py": '"""Stages\nof units.\n\nMore."""',
        "relureg/cli/README.md": "Hot kernels.\n",
        "relureg/cli/kernel.hpp": "// Hot.\n// Loops.\n#pragma once\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert TREE["tree"](tmp_path).splitlines()[1:3] == [
        "relureg/network/model.py  What a network is.", "relureg/cli/  Hot kernels.",
    ]  # fmt: skip
    assert "model.py): Stages of units.\n" in TREE["listing"](tmp_path)
    assert "kernel.hpp): Hot.\n" in TREE["listing"](tmp_path)


# -- the walks -----------------------------------------------------------------------------------------


def _passed(call: Callable[[], object]) -> set[str]:
    """The modules in which a call runs some function."""
    seen = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        seen.add(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return {Path(name).relative_to(ROOT).as_posix() for name in seen if Path(name).is_relative_to(ROOT / "relureg")}


@pytest.mark.parametrize("heading", ["A network, from its file to its checks", "A domain, into `enumerate_regions`"])
def test_the_walks_pass_the_modules_that_the_page_names(heading: str) -> None:
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    steps = "\n".join(re.findall(r"^(?:\d+\. |   ).*$", section, re.MULTILINE))
    named = set(re.findall(r"relureg/[\w/]+\.py", steps))
    path = ROOT / "fixtures" / "truth" / "int_2-6-6-1.json"
    network = relureg.load(path)
    if heading.startswith("A network"):
        passed = _passed(lambda: relureg.enumerate_regions(relureg.load(path)).checks)
    else:
        passed = _passed(
            lambda: [
                relureg.enumerate_regions(network, relureg.Domain.box([-1, -1], [1, 1]), engine)
                for engine in ("split", "lp")
            ]
        )
    assert len(named) >= 5
    assert named - passed == set()


# -- names of files ------------------------------------------------------------------------------------

FOLDERS = (".ci", ".github", "benchmarks", "checker", "docs", "fixtures", "relureg", "tests")
FILES = [
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")))
    if path.is_file() and path.suffix not in (".pyc", ".so")
]
_MENTION = re.compile(r"(?<![\w*{}<>./-])([\w./-]*\w\.(?:py|hpp|cpp|md|toml|yaml|cff))(?![\w*]|\.\w)")


@cache
def _texts() -> tuple[tuple[str, str], ...]:
    """(file, text) of each page, and of the docstrings and comments of each source file."""
    return tuple(_iter_texts())


def _iter_texts() -> Iterator[tuple[str, str]]:
    for name in FILES:
        path = ROOT / name
        if name == "CHANGELOG.md":  # which tells of files that were
            continue
        if path.suffix in (".md", ".hpp", ".cpp", ".toml") or path.name in ("Makefile", "CMakeLists.txt"):
            yield name, path.read_text(encoding="utf-8")
        elif path.suffix == ".py" and not name.startswith("tests/"):
            yield name, _prose(path.read_text(encoding="utf-8"))


def _prose(source: str) -> str:
    nodes = [node for node in ast.walk(ast.parse(source))
             if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]  # fmt: skip
    said = [str(node.value.value) for node in nodes if isinstance(node.value, ast.Constant)]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return "\n".join([*said, *(token.string for token in tokens if token.type == tokenize.COMMENT)])


MADE_BY_READERS = {"count.py"}
"""Names in examples, of files that a reader of the documentation makes."""


def test_every_file_that_a_text_names_is_there() -> None:
    ends = {"/".join(name.split("/")[start:]) for name in FILES for start in range(name.count("/") + 1)}
    stale = [
        f"{file}: {mention}"
        for file, text in _texts()
        for mention in _MENTION.findall(text)
        if mention.replace("../", "") not in ends | MADE_BY_READERS and "NAME" not in mention
    ]
    assert stale == []


def _leads_somewhere(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_every_module_and_name_that_a_text_names_is_there() -> None:
    named = {(mention, file) for file, text in _texts()
             for mention in re.findall(r"(?<![\w./-])relureg(?:\.[A-Za-z_]+)+", text)}  # fmt: skip
    assert len(named) > 100
    assert sorted((file, mention) for mention, file in named if not _leads_somewhere(mention)) == []
