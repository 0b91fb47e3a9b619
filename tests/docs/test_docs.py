"""The documentation is true: its examples run, and its links lead somewhere."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relureg.cli.main import COMMANDS
from tests import fork_client
from tests.fork_server import ForkServer

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [*GUIDES, *(ROOT / name for name in ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"))]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WITHOUT_PROGRESS = "from relureg.cli import progress; assert progress.PLAIN_INTERVAL; progress.PLAIN_INTERVAL = 1e6"
_RELUREG = 'relureg() { "$PYTHON" -I -S "$CLIENT" "$SOCKET" "$@"; }; python() { "$PYTHON" "$@"; }; '
_SECONDS = re.compile(r"\d+\.\d\d s$", re.MULTILINE)


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """(line number, content) of each fenced block in one language."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start(2)) + 1, m[2]) for m in _BLOCK.finditer(text) if m[1] == language]


def console_examples() -> Iterator[Any]:
    """(command, what is shown) of each line that begins with a dollar sign."""
    for page in GUIDES:
        for line, block in blocks(page, "console"):
            for match in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
                number = line + block.count("\n", 0, match.start())
                yield pytest.param(match[1], match[2], id=f"{page.name}:{number}")


# -- examples ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_python_examples_run(page: Path) -> None:
    names: dict[str, object] = {}
    said: list[str] = []
    for line, block in blocks(page, "python"):
        test = doctest.DocTestParser().get_doctest(block, names, page.name, str(page), line - 1)
        assert test.examples, f"{page.name}:{line}: a python block without an example is never checked"
        doctest.DocTestRunner().run(test, out=said.append, clear_globs=False)
        names = test.globs
    assert not said, "".join(said)


@pytest.mark.parametrize(("command", "shown"), list(console_examples()))
def test_console_examples_print_what_is_shown(command: str, shown: str, fork_server: ForkServer) -> None:
    # A terminal shows both streams, so both are compared. relureg and python are those that run the tests; how far a
    # run has come, which a pipe is told every ten seconds, is not told, however slow the machine is.
    done = subprocess.run(
        ["sh", "-c", _RELUREG + command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ
        | {"PYTHON": sys.executable, "PYTHONUTF8": "1", "PRELUDE": _WITHOUT_PROGRESS}
        | {"CLIENT": fork_client.__file__, "SOCKET": fork_server.address},
        encoding="utf-8",
        check=False,
    )
    assert _SECONDS.sub("N s", done.stdout).rstrip() == _SECONDS.sub("N s", shown).rstrip()


def test_every_command_has_an_example_that_is_run() -> None:
    commands = " ".join(command for example in console_examples() for command in example.values[:1])
    assert [name for name in COMMANDS if f"relureg {name} " not in commands] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_example_escapes_the_tests(page: Path) -> None:
    outside = _BLOCK.sub(lambda m: "" if m[1] in ("console", "python") else m[0], page.read_text(encoding="utf-8"))
    assert not re.findall(r"^(?:>>>|\$ ).*$", outside, re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What links may name behind a #: headings in lower case, spaces as hyphens, without punctuation."""
    headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = re.sub(r"`[^`]*`", "", _BLOCK.sub("", page.read_text(encoding="utf-8")))
    dead = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text) + re.findall(r"(?:srcset|src)=\"([^\"]+)\"", text):
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


def test_the_index_leads_to_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in GUIDES[1:] if page.name != "README.md" and f"({page.name}" not in index] == []


def test_the_readme_is_short_and_leads_to_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 160
    table = "\n".join(line for line in text.splitlines() if line.startswith("| ["))
    assert [name for name in COMMANDS if not re.search(rf"`{name}`", table)] == []
