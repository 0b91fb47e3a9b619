"""The site has every page, its links are followed, and what is said of extras and licences is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from runpy import run_path

import pytest

ROOT = Path(__file__).parents[2]
INSTALL = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_page_is_in_the_table_of_contents() -> None:
    text = (ROOT / "docs" / "site" / "index.md").read_text(encoding="utf-8")
    listed = {word.strip("<>") for block in re.findall(r"```{toctree}(.*?)```", text, re.S) for word in block.split()}
    pages = [f"../{path.stem}" for path in (ROOT / "docs").glob("*.md")]
    pages += [f"../notebooks/{path.stem}" for path in (ROOT / "docs" / "notebooks").glob("*.ipynb")]
    pages += [f"../../{path.stem}" for path in ROOT.glob("*.md")]
    assert [page for page in pages if page not in listed] == []


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<h1 id="one">A</h1><a href="b.html#two">b</a><a href="#one">a</a><a href="c.html">c</a>'
        '<a href="b.html#three">b</a><a href="https://example.org/">far</a><img src="d.png">'
        '<script src="https://example.org/x.js"></script>'
    )
    (tmp_path / "b.html").write_text('<h1 id="two">B</h1><a href="a.html">a</a>')
    found = run_path(str(ROOT / "docs" / "site" / "check_links.py"))["dead_links"](tmp_path)
    assert sorted(found) == [
        "a.html: b.html#three: no such heading",
        "a.html: c.html",
        "a.html: d.png",
        "a.html: loads https://example.org/x.js",
    ]


def test_the_table_of_extras_has_all_of_them() -> None:
    table = INSTALL.split("## Extras")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == set(PROJECT["project"]["optional-dependencies"])


def test_every_licence_of_a_wheel_is_named_and_carried() -> None:
    texts = {path.name for path in (ROOT / "licences").iterdir()}
    assert texts == set(re.findall(r"\(\.\./licences/([\w.-]+)\)", INSTALL))
    assert PROJECT["project"]["license-files"] == ["LICENSE", "licences/*.txt"]
    assert all(len((ROOT / "licences" / name).read_text(encoding="utf-8")) > 1000 for name in texts)


@pytest.mark.parametrize("name", ["tests", "wheels"])
def test_workflows_call_what_is_there(name: str) -> None:
    import yaml

    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    assert all(job["steps"] for job in jobs.values())
    assert (ROOT / ".ci" / "run").exists()
    called = re.findall(r"tests/wheel/\w+\.py", text + PROJECT["tool"]["cibuildwheel"]["test-command"])
    assert called
    assert [script for script in called if not (ROOT / script).is_file()] == []
