"""relureg plot and animate: views and options that do not fit are refused, and what is told is what was drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from relureg.cli.main import run

TRUTH = "fixtures/truth"
SAW, XOR, INT_3 = (f"{TRUTH}/{name}.json" for name in ("saw_3", "xor", "int_3-6-6-1"))


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])


def refused(capsys: pytest.CaptureFixture[str], folder: Path, name: str, *words: str) -> str:
    """What the one line on stderr says, of a command that writes no file."""
    assert run([*words, "-o", str(folder / name), "--quiet"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert not list(folder.iterdir())
    return said


PLANE_ONLY = ["--colour=map", "--boundary", "--levels=1", "--vertices", "--region-graph", "--dual", "--source=0"]
NOT_SOLID = ["--view=0,1", "--no-lines", "--dpi=50", "--points=none.csv"]


@pytest.mark.parametrize(
    ("net", "name", "option"),
    [(SAW, "a.svg", option) for option in PLANE_ONLY]
    + [(INT_3, "a.html", option) for option in PLANE_ONLY + NOT_SOLID],
)
def test_options_without_effect_are_refused(
    net: str, name: str, option: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = refused(capsys, tmp_path, name, "plot", net, option)
    assert f"in which {option.partition('=')[0]} would show nothing" in said


def test_the_colour_told_is_the_one_drawn(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for words, colour in (
        ((SAW, "-o", str(tmp_path / "a.svg"), "--no-lines", "--dpi", "50", "--theme", "dark"), "slope"),
        ((XOR, "-o", str(tmp_path / "b.svg"), "--colour", "depth"), "depth"),
        ((INT_3, "-o", str(tmp_path / "c.html"), "--box", "-1", "1"), "stage"),
    ):
        assert run(["plot", *words, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["colour"] == colour


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ("1,1", "--view: the bounds 1 and 1 are equal and leave nothing to see"),
        ("x0:0,1;x1:1/2,1/2", "--view: the bounds 1/2 and 1/2 are equal"),
        ("2,1", "--view: the lower bound 2 is above the upper bound 1"),
        ("0,inf", "--view: both bounds of every axis are needed, and finite"),
        ("x0:0,1", "--view: both bounds of every axis are needed, and finite"),
        ("0,one", "--view: 'one' is not a number"),
    ],
)
def test_a_view_that_is_no_rectangle(
    view: str, message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = refused(capsys, tmp_path, "a.svg", "plot", XOR, "--view", view)
    assert said.startswith(f"relureg: error: {message}")
    assert "fix" not in said


def test_a_view_that_misses_the_domain(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    where = ("--box", "5", "6", "--view", "0", "1")
    for name, words in (("a.svg", ("plot", XOR)), ("a.svg", ("plot", SAW)), ("a.gif", ("animate", XOR, XOR))):
        said = refused(capsys, tmp_path, name, *words, *where)
        assert said.startswith("relureg: error: the view [0, 1]")
        assert "misses the domain" in said


@pytest.mark.filterwarnings("error")
def test_views_are_told_without_negative_zeros(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for number, (net, view) in enumerate(
        ((SAW, "0,1"), (XOR, "0,1"), (XOR, "-1,0"), (XOR, "0,1e300"), (SAW, "0,1e300"))
    ):
        assert run(["plot", net, "--view", view, "-o", str(tmp_path / f"{number}.svg")]) == 0
        done = capsys.readouterr()
        assert not done.err
        low, high = view.split(",")
        assert f"[{float(low):g}, {float(high):g}]" in done.out
        assert "-0," not in done.out
        assert "-0]" not in done.out


def test_a_function_is_told_as_far_as_its_domain(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ("--box", "0", "1/2", "--view", "0", "1", "-o", str(tmp_path / "a.svg"))
    assert run(["plot", SAW, *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["view"] == [[0], [0.5]]
