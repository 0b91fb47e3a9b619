"""The components of decision boundaries in pictures, where their number is known, and against Betti numbers."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import relureg
from relureg.cli.main import run
from relureg.plots.colours import THEMES
from relureg.plots.plane.components import boundary_components, on_boundary
from relureg.plots.plane.picture import Style, num_components, plane_for
from relureg.topology.decision import BOUNDARY

TRUTH = Path(__file__).parents[2] / "fixtures" / "truth"


def _egg_box() -> relureg.Network:
    """``t(t(x)) + t(t(y)) - 1/2`` with the tent map t: zeros of both tents at 0, 1/2 and 1, a diamond around each."""
    half = Fraction(-1, 2)
    first = [[1, 0], [1, 0], [0, 1], [0, 1]]
    second = [[2, -4, 0, 0], [2, -4, 0, 0], [0, 0, 2, -4], [0, 0, 2, -4]]
    return relureg.Network.from_layers([first, second, [[2, -4, 2, -4]]], [[0, half] * 2, [0, half] * 2, [half]])


def _annulus() -> relureg.Network:
    """Positive where ``|x| + |y| > 2``, negative where it is less than 1, and 0 in between."""
    first = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    return relureg.Network.from_layers([first, [[1] * 4, [-1] * 4], [[1, -1]]], [[0] * 4, [-2, 1], [0]])


def _in(network: relureg.Network, low: int, high: int) -> relureg.complex.complex.Complex:
    return relureg.enumerate_regions(network, relureg.Domain.box([low, low], [high, high]))


def test_a_diamond_around_each_minimum_of_an_egg_box() -> None:
    cells = _in(_egg_box(), 0, 1)
    plane = plane_for(cells, Style(components=True))
    assert num_components(plane) == 9
    component = boundary_components(plane, 0.0)
    lengths = np.bincount(component[component >= 0])
    assert sorted(lengths.tolist(), reverse=True) == lengths.tolist()  # numbered from that of most edges
    middles = plane.polygons.edges.mean(axis=1)
    for number in range(9):
        zero = np.round(middles[component == number] * 2) / 2  # the minimum that the diamond is around
        assert len(np.unique(zero, axis=0)) == 1


def test_a_boundary_with_interior_is_in_one_piece() -> None:
    plane = plane_for(_in(_annulus(), -3, 3), Style(components=True))
    assert num_components(plane) == 1
    rim = np.abs(plane.polygons.edges[on_boundary(plane, 0.0)]).sum(axis=2)
    assert set(rim.ravel().tolist()) == {1.0, 2.0}


@pytest.mark.parametrize("network", ["egg box", "annulus", "int_2-6-6-1", "rand_2-16-16-1", "classes"])
def test_there_are_as_many_as_the_boundary_has_components(network: str) -> None:
    nets = {
        "egg box": _egg_box, "annulus": _annulus,
        "classes": lambda: relureg.random_network([2, 8, 8], outputs=3, seed=3),
    }  # fmt: skip
    net = nets[network]() if network in nets else relureg.load(TRUTH / f"{network}.json")
    cells = _in(net, -2, 2)
    found = relureg.decision_topology(net, cells.domain)
    (boundary,) = (part for part in found.parts if part.name == BOUNDARY)
    assert num_components(plane_for(cells, Style(components=True))) == boundary.betti[0]


def test_a_picture_has_a_colour_for_each_and_tells_how_many() -> None:
    for theme in THEMES.values():
        figure = relureg.plot(_egg_box(), box=(0, 1), components=True, colour="none", theme=theme.name)
        texts = [text.get_text() for text in figure.texts]
        assert "9 boundary components" in texts[1]
        assert "component 8" in texts
        assert "and 1 more, again" in texts
        drawn = {patch.get_edgecolor()[:3] for patch in figure.axes[0].patches}
        wanted = {tuple(int(text[k : k + 2], 16) / 255 for k in (1, 3, 5)) for text in theme.components}
        assert {tuple(np.round(c, 6)) for c in drawn} >= {tuple(np.round(c, 6)) for c in wanted}


def test_the_command_tells_how_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    relureg.save(_egg_box(), tmp_path / "egg.json")
    options = ["--components", "--box", "0", "1", "-o", str(tmp_path / "egg.svg"), "--json"]
    assert run(["plot", str(tmp_path / "egg.json"), *options]) == 0
    assert json.loads(capsys.readouterr().out)["boundary_components"] == 9
    assert run(["plot", str(TRUTH / "saw_3.json"), "--components", "-o", str(tmp_path / "s.svg")]) == 2
    assert "--components would show nothing" in capsys.readouterr().err
