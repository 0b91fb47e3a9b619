"""Publications, and how relureg itself is cited."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from relureg import __version__

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "references.md").read_text(encoding="utf-8")
KEYS = re.findall(r"^\| \[([^\]]+)\] \|", PAGE, re.MULTILINE)
_KEY = re.compile(r"\[((?:[A-Z][A-Za-z]*\+?\d\d[a-z]?(?:, )?)+)\]")


def sources() -> dict[str, str]:
    files = [path for pattern in ("*.py", "*.hpp", "*.cpp") for path in (ROOT / "relureg").rglob(pattern)]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}


def test_every_key_that_a_source_cites_stands_in_the_references() -> None:
    cited = {key: name for name, text in sources().items() for found in _KEY.findall(text) for key in found.split(", ")}
    assert len(cited) > 30
    assert {key: name for key, name in cited.items() if key not in KEYS} == {}


def test_keys_are_unique_and_in_order() -> None:
    assert len(set(KEYS)) == len(KEYS)
    assert sorted(KEYS) == KEYS


def test_every_reference_is_cited_by_key_or_by_its_authors() -> None:
    text = "\n".join([*sources().values(), *(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")
                                              if page.name != "references.md")])  # fmt: skip
    entries = re.findall(r"^\| \[([^\]]+)\] \| ([^:]+):", PAGE, re.MULTILINE)
    last_names = {key: re.sub(r" et al\.", "", authors.split(",")[0]).split()[-1] for key, authors in entries}
    assert [key for key, name in last_names.items() if f"[{key}" not in text and name not in text] == []


def test_sources_cite_publications_by_key() -> None:
    by_year = re.compile(r"Source: [^\n\[]*(?:19|20)\d\d")
    assert {name: by_year.findall(text) for name, text in sources().items() if by_year.search(text)} == {}


def test_the_citation_file_says_what_the_project_says() -> None:
    citation: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation.keys() == {
        "cff-version", "message", "type", "title", "abstract", "authors", "version", "license", "keywords",
    }  # fmt: skip
    assert (citation["cff-version"], citation["type"]) == ("1.2.0", "software")
    assert citation["authors"] == project["authors"]
    assert f"(c) 2026 {citation['authors'][0]['name']}" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert (citation["title"], citation["version"]) == (project["name"], __version__)
    assert (citation["license"], citation["abstract"]) == (project["license"], project["description"])
    assert citation["keywords"] == project["keywords"]


def test_hooks_and_forms_are_what_their_readers_take() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]  # nothing is fetched
    ids = [hook["id"] for hook in hooks[0]["hooks"]]
    assert ids == ["ruff-format", "ruff", "mypy", "lint-imports", "tree"]
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").iterdir():
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= form.keys()
        assert all({"type", "id", "attributes"} <= entry.keys() for entry in form["body"])
