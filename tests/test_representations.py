"""What a person sees of an object: one short line anywhere, a small table and a picture in a notebook."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import relureg
from relureg.complex.complex import Complex
from relureg.engine import progress_bar
from relureg.engine.limits import Progress
from relureg.exact.rational import RationalMatrix
from relureg.pages.results import html_of

INT_2 = "fixtures/truth/int_2-6-6-1.json"


@pytest.fixture(scope="module")
def cells() -> Complex:
    return relureg.enumerate_regions(relureg.load(INT_2))


def diagram(network: relureg.Network | None = None) -> relureg.PersistenceDiagram:
    """Of a network of one input, by default a sawtooth of 32 teeth, on [0, 1]."""
    network = network or relureg.load("fixtures/truth/saw_6.json")
    return relureg.persistence(relureg.enumerate_regions(network, relureg.Domain.box([0], [1])))


def everything(cells: Complex) -> list[Any]:
    network = cells.network
    count = relureg.count_regions(network)
    return [
        network, cells, cells[3], cells[3].facets[0], cells.records, cells.facets, cells.graph, cells.faces,
        cells.generators, cells.linear_regions, cells.hamming, cells.polyhedron(3), cells.affine_map(3), count,
        *count.checks, relureg.Domain.box([-1, -1], [1, 1]), cells.problem, relureg.Slice.through([[0, 0], [2, 1]]),
        relureg.bounds(network), *relureg.bounds(network), relureg.estimate_regions(network, seed=1),
        relureg.regions_around(network, [0, 0], max_regions=5), network.output, diagram(),
        relureg.decision_topology(network),
    ]  # fmt: skip


def test_every_representation_is_one_short_line(cells: Complex) -> None:
    for thing in everything(cells):
        text = repr(thing)
        assert "\n" not in text
        assert len(text) <= 250, text


def test_representations_tell_the_numbers(cells: Complex) -> None:
    told = {
        "count": repr(relureg.count_regions(cells.network)),
        "graph": repr(cells.graph),
        "linear": repr(cells.linear_regions),
        "limit": repr(relureg.enumerate_regions(cells.network, max_regions=20)),
    }
    assert told == {
        "count": "<RegionCount of 'int_2-6-6-1': 49 regions in R^2, 29 bounded, 84 facets>",
        "graph": "<RegionGraph: 49 regions, 84 facets>",
        "linear": "<LinearRegions: 50 patterns, 49 activation regions, 39 open connected, 39 closed connected, "
        "39 affine pieces>",
        "limit": "<Complex of 'int_2-6-6-1': at least 20 regions in R^2>",
    }


def test_exact_numbers_show_their_value() -> None:
    third = RationalMatrix.from_fractions([[Fraction(1, 3), 0], [-2, Fraction(5, 7)]], 2)
    assert repr(third) == "<RationalMatrix 2 x 2: 1/3 0; -2 5/7>"
    assert repr(RationalMatrix.from_fractions([[10**40]], 1)) == "<RationalMatrix 1 x 1>"
    assert repr(RationalMatrix.zeros(40, 40)) == "<RationalMatrix 40 x 40>"
    net = relureg.Network.from_layers([[[1, -1]], [[Fraction(1, 3)], [0]]], [[0], [Fraction(-1, 2), 0]])
    active = relureg.enumerate_regions(net)[1]
    assert active.pattern == "1"
    assert repr(active.affine_map) == "<AffineMap R^2 -> R^2: 1/3 x0 - 1/3 x1 - 1/2; 0>"
    assert active.affine_map.texts == ("1/3 x0 - 1/3 x1 - 1/2", "0")


def test_html_is_well_formed_and_tells_the_same_numbers(cells: Complex) -> None:
    count = relureg.count_regions(cells.network)
    shown = {
        cells.network: ("2 - 6 - 6 - 1", "<svg"),
        cells: ("49", "29, 20", "84", "24/7", "passed", 'src="data:image/png;base64,'),
        count: ("49", "84 facets shared by two regions", "stage 2", "<svg"),
        cells.graph: ("84", "24/7", "degree 3", "<svg"),
        cells.linear_regions: ("50", "39", "affine pieces", "<svg"),
        relureg.bounds(cells.network): ("352", "Serra-Ramalingam 2020", "<svg"),
        relureg.estimate_regions(cells.network, seed=1): ("49 exactly",),
        relureg.decision_topology(relureg.load("fixtures/truth/dup_dead_2.json")): (
            "85", "closed", "passed", "y0 &gt;= 0", ">292</td>", "b2",
        ),
        diagram(): ("output:0", ">33</td>", "never", "and others", ">21</td>", 'src="data:image/png;base64,'),
    }  # fmt: skip
    for thing, words in shown.items():
        html = thing._repr_html_()
        ET.fromstring(re.sub(r"(<img [^>]*)>", r"\1/>", html))  # every element is closed, and every text escaped
        for word in words:
            assert word in html, (type(thing), word)


def test_html_of_names_that_are_markup() -> None:
    net = relureg.Network.from_layers([[[1]], [[1]]], [[0], [0]], name="<script>alert('&')</script>")
    results = (relureg.count_regions(net), relureg.enumerate_regions(net), relureg.decision_topology(net), diagram(net))
    for thing in (net, *results):
        html = thing._repr_html_()
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_a_complex_without_a_picture_has_its_table(cells: Complex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # not installed
    html = html_of(relureg.enumerate_regions(cells.network))
    assert "<img" not in html
    assert "average degree" in html
    assert "<img" not in html_of(diagram())
    monkeypatch.undo()
    stopped = html_of(relureg.enumerate_regions(cells.network, max_regions=20))
    assert "at least 20" in stopped
    assert "the limit of 20 regions" in stopped


def test_what_has_no_page_says_so() -> None:
    with pytest.raises(TypeError, match="a dict has no page"):
        html_of({})


def test_a_bar_on_the_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_bar, "AFTER", 0.0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    net = relureg.load("fixtures/truth/int_3-6-6-1.json")
    assert relureg.count_regions(net, engine="lp", progress=True).num_regions == 203
    done = capsys.readouterr()
    assert not done.out
    assert "regions" in done.err
    assert relureg.count_regions(net, progress=False).num_regions == 203
    assert not capsys.readouterr().err


def test_a_bar_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two functions of IPython that are called, as it documents them; the package itself is no dependency."""
    shown: list[str] = []
    handle = SimpleNamespace(update=shown.append)
    display = SimpleNamespace(HTML=str, display=lambda first, display_id: shown.append(first) or handle)
    shell = type("ZMQInteractiveShell", (), {})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=shell, display=display))  # type: ignore[misc]
    with progress_bar.progress_bar() as report:
        report(Progress(regions=5, seconds=0.1))  # too short for a bar
        report(Progress(regions=1000, seconds=2.0, fraction=0.25))
        report(Progress(regions=1500, seconds=3.0))
    assert shown == [
        "", '<progress max="1" value="0.2500"></progress> 1,000 regions   500 a second   about 25 %',
        '<progress max="1"></progress> 1,500 regions   500 a second', "",
    ]  # fmt: skip


def test_what_is_no_progress_is_refused() -> None:
    with pytest.raises(relureg.errors.UsageError, match="progress: 5 is not a function or True or False"):
        relureg.count_regions(relureg.load(INT_2), progress=5)  # type: ignore[arg-type]


def test_arrays_that_are_small_are_written_out(cells: Complex) -> None:
    assert "boundary=[], unmatched=[], one_sided=[]" in repr(cells.facets)
    assert "regions=int64 (84, 2)" in repr(cells.facets)
    assert isinstance(cells.facets.regions, np.ndarray)
