"""relureg.plot and Complex.plot: the figure that the command draws, shown in a notebook as it was made."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from PIL import Image

import relureg
from relureg.cli.main import run
from relureg.errors import LimitReachedError, MissingPackageError, UsageError
from relureg.plots import figure
from relureg.plots.canvas import content_of, plain

TRUTH = Path("fixtures/truth")
INT_2, INT_3, SAW = (TRUTH / f"{name}.json" for name in ("int_2-6-6-1", "int_3-6-6-1", "saw_3"))


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])


@pytest.mark.parametrize(
    ("net", "words", "options"),
    [
        (INT_2, ("--box", "-6", "6", "--colour", "degree", "--theme", "dark", "--region-graph", "--vertices"),
         {"box": (-6, 6), "colour": "degree", "theme": "dark", "region_graph": True, "vertices": True}),
        (INT_2, ("--view", "x0:-3,3;x1:-2,2", "--boundary", "--levels", "1/3,2", "--dual", "--no-lines"),
         {"view": ([-3, -2], [3, 2]), "boundary": True, "levels": [Fraction(1, 3), 2], "dual": True, "lines": False}),
        (INT_2, ("--through", "0,0;2,1", "--box", "x0:0,1"),
         {"on": relureg.Slice.through([[0, 0], [2, 1]]), "box": None}),
        (SAW, ("--theme", "dark", "--view", "0", "1"), {"theme": "dark", "view": (0, 1)}),
        (INT_3, ("--box", "-2", "2"), {"box": relureg.Domain.box([-2] * 3, [2] * 3)}),
    ],
)  # fmt: skip
def test_the_figure_is_what_the_command_draws(
    net: Path, words: Sequence[str], options: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "on" in options:  # the box of a slice is in its own coordinates here, in those of the space around there
        words = [word for word in words if word not in ("--box", "x0:0,1")]
        options = {**options, "points": [[0.0], [1.0]]}
    assert run(["plot", str(net), *words, "-o", str(tmp_path / "a.png"), "--dpi", "50", "--quiet"]) == 0
    ours = content_of(relureg.plot(relureg.load(net), **options), ".png", 50)
    assert ours == (tmp_path / "a.png").read_bytes()


def test_a_complex_draws_itself() -> None:
    network = relureg.load(INT_2)
    cells = relureg.enumerate_regions(network)
    ours, theirs = cells.plot(colour="depth"), relureg.plot(network, colour="depth")
    assert content_of(ours, ".png", 40) == content_of(theirs, ".png", 40)
    inside = relureg.enumerate_regions(network, relureg.Domain.box([-1, -1], [1, 1]))
    assert content_of(cells.plot(box=(-1, 1)), ".png", 40) == content_of(inside.plot(), ".png", 40)
    assert content_of(network.plot(box=(-1, 1)), ".png", 40) == content_of(inside.plot(), ".png", 40)


def test_bounds_of_a_box_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third is no double, and no rounding stands between the caller and the domain."""
    domains = []

    def find(network: relureg.Network, domain: relureg.Domain, **limits: Any) -> relureg.Complex:
        domains.append(domain)
        return relureg.enumerate_regions(network, domain, **limits)

    monkeypatch.setattr(figure, "enumerate_regions", find)
    relureg.plot(relureg.load(INT_2), box=([0, 0], [Fraction(1, 3), 1]))
    relureg.plot(relureg.load(INT_2), box=(0, Fraction(1, 3)))
    third = Fraction(1, 3)
    assert domains == [relureg.Domain.box([0, 0], [third, 1]), relureg.Domain.box([0, 0], [third, third])]


def test_a_figure_keeps_its_theme_whoever_draws_it() -> None:
    """Ticks are made when a figure is drawn: by then the settings are somebody else's."""
    drawn = relureg.plot(relureg.load(INT_2), box=(-6, 6), theme="dark", colour="degree")
    with plain():
        matplotlib.rcParams["xtick.color"] = "#ff0000"
        matplotlib.rcParams["ytick.color"] = "#ff0000"
        png = drawn._repr_png_()
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    red = (pixels[:, :, 0] > 150) & (pixels[:, :, 1] < 60) & (pixels[:, :, 2] < 60)
    assert not red.any()
    assert pixels[:5, :5].max() < 60  # dark ground


def test_three_inputs_from_a_fixed_view(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = ("--box", "-2", "2")
    for name in ("a.svg", "b.png"):
        assert run(["plot", str(INT_3), *box, "-o", str(tmp_path / name), "--json"]) == 0
        said = capsys.readouterr().out
        inside = relureg.enumerate_regions(relureg.load(INT_3), relureg.Domain.box([-2] * 3, [2] * 3))
        assert f'"facets_drawn": {inside.facets.num_inner}' in said
    # A polygon for each facet, and no other closed path but the legend's and the ground's.
    svg = (tmp_path / "a.svg").read_text()
    assert svg.count("fill-opacity") >= inside.facets.num_inner
    pixels = np.asarray(Image.open(tmp_path / "b.png").convert("RGB")).reshape(-1, 3)
    assert len(np.unique(pixels, axis=0)) > 100


def test_no_corner_of_a_facet_is_left_to_chance() -> None:
    """Matplotlib fills up polygons of fewer corners with whatever is in memory, which at times overflows."""
    drawn = relureg.plot(relureg.load(INT_3), box=(-2, 2))
    (collection,) = [one for one in drawn.axes[0].collections if type(one).__name__ == "Poly3DCollection"]
    assert not np.any(collection._invalid_vertices)
    assert np.abs(collection._faces).max() <= 2


REFUSED: dict[str, tuple[Path, dict[str, Any]]] = {
    "box: [1, 2, 3] is not two bounds": (INT_2, {"box": [1, 2, 3]}),
    "box: there are 2 inputs, and bounds for 1 and 1": (INT_2, {"box": ([0], [1])}),
    "view: both bounds of every axis are needed": (INT_2, {"view": (1, 0)}),
    "there is no colouring 'mpa'": (INT_2, {"colour": "mpa"}),
    "there is no theme 'grey'": (INT_2, {"theme": "grey"}),
    "points: an array of shape (points, 2) is needed": (INT_2, {"points": [[1.0]]}),
    "points: finite coordinates": (INT_2, {"points": [[1.0, np.nan]]}),
    "three inputs are drawn as facets in space, in which colour would show nothing": (INT_3, {"colour": "none"}),
    "in which view, lines, points would": (INT_3, {"lines": False, "points": [[0, 0, 0]], "view": (0, 1)}),
    "one input is drawn as a function, in which boundary would": (SAW, {"boundary": True}),
    "5 inputs cannot be drawn": (Path("fixtures/nets/acasxu_tiny_5_5_5.nnet"), {}),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_would_show_nothing_is_refused(message: str) -> None:
    net, options = REFUSED[message]
    with pytest.raises(UsageError) as caught:
        relureg.plot(relureg.load(net), **options)
    assert message in str(caught.value)


def test_a_picture_needs_every_region_and_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    network = relureg.load(INT_2)
    with pytest.raises(LimitReachedError, match="a picture needs all regions"):
        relureg.plot(network, max_regions=5)
    with pytest.raises(UsageError, match="on: a complex lies where it was found"):
        relureg.enumerate_regions(network).plot(on=relureg.Slice.through([[0, 0], [2, 1]]))
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match="pictures need matplotlib"):
        relureg.plot(network)
