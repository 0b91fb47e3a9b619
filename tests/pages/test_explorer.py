"""The explorer, driven in Chromium: it says what `relureg regions` says, and asks no network for anything."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pytest
from PIL import Image

import relureg
from relureg.cli.main import run
from relureg.errors import LimitReachedError, OutputError, UsageError
from relureg.pages.explorer import content
from relureg.plots.canvas import styled
from relureg.plots.colours import THEMES
from relureg.plots.plane.colouring import colour
from relureg.plots.plane.picture import Style, plane_for
from tests.pages.browser import Browser, Page

ROOT = Path(__file__).parents[2]
TRUTH = ROOT / "fixtures" / "truth"
INT_2, RAND_2 = TRUTH / "int_2-6-6-1.json", TRUTH / "rand_2-16-16-1.json"
SAID = "document.getElementById('said').textContent"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "int.html"
    assert run(["explore", str(INT_2), "--view", "-6", "6", "--theme", "auto", "-o", str(path), "--quiet"]) == 0
    return path


@pytest.fixture
def page(browser: Browser, written: Path) -> Iterator[Page]:
    opened = browser.open(written)
    yield opened
    assert opened.complaints() == []
    opened.close()


@pytest.fixture(scope="module")
def cells() -> relureg.Complex:
    return relureg.enumerate_regions(relureg.load(INT_2))


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """The rows of `relureg regions`."""
    assert run(["regions", *words, "--json"]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["rows"]
    return rows


def on_screen(page: Page, point: Any) -> tuple[float, float]:
    """Where inputs are on the screen."""
    x, y = page.value(
        "(() => { const { plane, place } = relureg.explorer; const box = plane.above.getBoundingClientRect();"
        f"const at = relureg.explorer.place({json.dumps([float(x) for x in point])});"
        "return [box.left + plane.x(at[0]), box.top + plane.y(at[1])]; })()"
    )
    return x, y


def told(page: Page, key: str) -> str:
    text: str = page.value(f"document.querySelector('td[data-key={key}]').textContent")
    return text.replace("\u2212", "-")


def test_a_tap_shows_what_regions_says(page: Page, cells: relureg.Complex, capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed(capsys, str(INT_2))
    tapped = [row for row in rows if max(map(abs, row["point"])) < 5.5]
    assert len(tapped) > 30
    for row in tapped[::4]:
        page.tap(*on_screen(page, row["point"]))
        assert told(page, "region") == str(row["region"])
        assert told(page, "pattern") == row["pattern"] == cells[row["region"]].pattern
        assert told(page, "bounded") == ("yes" if row["bounded"] else "no")
        assert told(page, "degree") == str(row["degree"])
        assert json.loads(f"[{told(page, 'point').strip('()')}]") == row["point"]
        assert told(page, "output0") == cells[row["region"]].affine_map.texts[0]  # whole numbers: no rounding
        facets = page.value("Array.from(document.querySelectorAll('td[data-key=facets] li'), (li) => li.textContent)")
        expected = [
            f"unit{'s' * (len(units) > 1)} {', '.join(map(str, units))} to region {behind}"
            for units, behind in zip(row["facets"], row["neighbours"], strict=True)
        ]
        assert facets == expected
        assert f"Region {row['region']}, pattern {row['pattern']}" in page.value(SAID)


WATCH = """
  window.seen = { decoded: new Set(), drawings: 0 };
  const [decode, clear] = [window.atob, CanvasRenderingContext2D.prototype.clearRect];
  window.atob = (text) => { seen.decoded.add(text); return decode(text); };
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    if (this.canvas.id !== "surface") seen.drawings += 1;
    return clear.apply(this, box);
  };
"""


def test_a_page_decodes_and_draws_no_more_than_is_seen(browser: Browser, written: Path) -> None:
    """What makes a page of 20,000 regions open quickly: of what tells of single regions it decodes nothing."""
    page = browser.open(written, before=WATCH)
    assert page.complaints() == []  # two frames later
    assert page.value("seen.drawings") == 1
    decoded = "Object.entries(relureg.explorer.told.columns).filter(([, { data }]) => seen.decoded.has(data))"
    names = set(page.value(f"{decoded}.map(([name]) => name)"))
    of_regions = {
        "patterns",
        "points",
        "bias",
        "unitStarts",
        "units",
    }  # weights of one output are the slopes of colours
    assert not names & of_regions
    assert {"corners", "starts", "edges"} <= names
    assert page.value("relureg.explorer.polygons.grid === undefined")
    page.value("relureg.explorer.select(3)")
    assert of_regions <= set(page.value(f"{decoded}.map(([name]) => name)"))
    page.close()


def test_a_page_of_another_size_is_drawn_at_once(page: Page) -> None:
    """A canvas whose size changes is empty: in that very frame it is filled again, and not with the old drawing."""
    painted = """new Promise((done) => {
      const { plane } = relureg.explorer;
      plane.cost = 1000; // as if drawing took long
      const middle = () => plane.under.getContext("2d").getImageData(300, 300, 1, 1).data[3];
      new ResizeObserver(() => plane.width === 600 && done(middle())).observe(plane.box);
      plane.box.style.flex = "0 0 600px";
    })"""
    assert page.value(painted) == 255
    assert not page.value("Boolean(relureg.explorer.plane.moves)")


@pytest.mark.parametrize(
    "words",
    [
        (str(RAND_2),),
        (str(RAND_2), "--box", "-1", "2"),
        (str(TRUTH / "rand_3-16-16-1.json"), "--through", "0,0,0;1,2,0;0,1,3", "--box", "-2", "2"),
        (str(TRUTH / "xor.json"), "--box", "-2", "2"),
    ],
)
def test_every_region_has_the_row_of_the_command(
    words: tuple[str, ...], browser: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explore", *words, "-o", str(tmp_path / "a.html"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    rows = listed(capsys, *words)
    page = browser.open(tmp_path / "a.html")
    assert (
        page.value("Array.from({ length: relureg.explorer.told.numRegions }, (_, k) => relureg.explorer.row(k))")
        == rows
    )
    # The piece under a point is of the region of that point; and outside there is none.
    low, high = np.array(report["view"])
    points = np.random.default_rng(1).uniform(low, high, (40, 2))
    inputs = page.value(f"{points.tolist()}.map((at) => relureg.explorer.inputs(at))")
    answers = page.value(f"{points.tolist()}.map((at) => relureg.explorer.regionAt(at))")
    by_signs = {row["pattern"]: row["region"] for row in rows}
    network = rows_network(words)
    for point, answer in zip(inputs, answers, strict=True):
        signs = network.exact_signs([float(x) for x in point])
        pattern = "|".join(
            "".join("1" if s > 0 else "0" for s in signs[network.units_of(k + 1)]) for k in range(len(network.widths))
        )
        assert answer in (by_signs.get(pattern, -1), -1)
        assert answer >= 0 or "--through" in words
    assert page.value("relureg.explorer.regionAt([1e9, 1e9])") == -1
    assert page.complaints() == []
    assert report["bytes"] == (tmp_path / "a.html").stat().st_size
    page.close()


def rows_network(words: tuple[str, ...]) -> relureg.Network:
    network = relureg.load(words[0])
    if "--through" in words:
        return network.on(relureg.Slice.through([[0, 0, 0], [1, 2, 0], [0, 1, 3]]))
    return network


def test_shortest_paths_are_those_of_networkx(page: Page, cells: relureg.Complex) -> None:
    graph = cells.graph.to_networkx()
    start, end = cells.graph.diameter_search.pair
    page.value(f"relureg.explorer.select({start})")
    page.value(f"relureg.explorer.select({end}, {{ joins: true }})")
    path = page.value("relureg.explorer.path")
    assert len(path) - 1 == networkx.shortest_path_length(graph, start, end) == cells.graph.diameter
    assert all(graph.has_edge(one, two) for one, two in itertools.pairwise(path))
    assert page.value("document.getElementById('path').textContent").startswith(
        f"{cells.graph.diameter} facets: {start} "
    )
    assert (
        page.value(f"Array.from(relureg.explorer.graph.distances({start}))")
        == cells.graph.distances_from(start).tolist()
    )


def test_two_taps_make_a_path(page: Page, cells: relureg.Complex) -> None:
    one, two = (cells.locate([[-5.0, 3.0]])[0], cells.locate([[5.0, -5.0]])[0])
    page.tap(*on_screen(page, [-5, 3]))
    page.tap(*on_screen(page, [5, -5]), shift=True)
    assert page.value("relureg.explorer.ends") == [one, two]
    assert len(page.value("relureg.explorer.path")) - 1 == cells.graph.distances_from(int(one))[two]
    page.tap(*on_screen(page, [-5, 3]))  # without Shift it begins anew
    assert page.value("relureg.explorer.path") == []


def test_an_address_names_a_region(page: Page) -> None:
    for name, selected in (("#26", 26), ("#48", 48), ("#49", 48), ("#x", 48)):
        page.value(f"location.hash = '{name}'")
        page.wait(f"relureg.explorer.selected === {selected}")


def test_classes_are_cut_where_another_output_becomes_the_largest(browser: Browser, tmp_path: Path) -> None:
    network = relureg.random_network([2, 8, 6], "he", seed=4, outputs=4)
    relureg.save_explorer(relureg.enumerate_regions(network), tmp_path / "a.html", colour="class")
    page = browser.open(tmp_path / "a.html")
    places = "relureg.explorer.pieces.flat().map((piece) => relureg.explorer.inputs(relureg.explorer.centre([piece])))"
    labels = page.value("relureg.explorer.pieces.flat().map((piece) => relureg.explorer.label[piece])")
    values = network(np.array(page.value(places)))
    assert labels == values.argmax(axis=1).tolist()
    assert len(set(labels)) > 1
    legend = page.value("Array.from(document.querySelectorAll('#legend span'), (name) => name.textContent)")
    assert legend == [f"output {label}" for label in sorted(set(labels))]
    assert page.complaints() == []
    page.close()


@pytest.mark.parametrize("outputs", [13, 0])
def test_without_classes_there_are_none(outputs: int, browser: Browser, tmp_path: Path) -> None:
    """More outputs than are compared; and a network without a unit, whose output is a constant."""
    if outputs:
        network = relureg.random_network([2, 5], "he", seed=4, outputs=outputs)
    else:
        network = relureg.Network.from_layers([[[0, 0]]], [[1]])
    cells = relureg.enumerate_regions(network, relureg.Domain.box([-1, -2], [1, 2]))
    saved = relureg.save_explorer(cells, tmp_path / "a.html", view=(-2, 2))
    assert saved.num_regions_seen == len(cells)
    page = browser.open(tmp_path / "a.html")
    assert page.value("Array.from(document.getElementById('colour').options, (one) => one.value)") == [
        "map", "gradient", "output", "depth", "degree", "distance", "none",
    ]  # fmt: skip
    assert page.value("document.querySelectorAll('#lines input').length") == len(network.widths)
    for name in ("gradient", "output", "depth", "degree", "distance", "none"):
        page.value(f"relureg.explorer.colour = '{name}'; relureg.explorer.paintCells()")
    page.value("relureg.explorer.select(0)")
    assert told(page, "region") == "0"
    assert page.complaints() == []
    page.close()
    with pytest.raises(UsageError, match="classes are compared between at most 12 outputs"):
        relureg.save_explorer(cells, tmp_path / "b.html", colour="class")


def test_bars_light_the_regions_of_a_degree(page: Page, cells: relureg.Complex) -> None:
    bars = "Array.from(document.querySelectorAll('#degrees .bar'), (bar) => bar.getAttribute('aria-label'))"
    assert page.value(bars) == [f"{d}: {n} of 49 regions" for d, n in cells.graph.degree_histogram.items()]
    page.value("document.querySelectorAll('#degrees .bar')[1].click()")
    lit = page.value("Array.from(relureg.explorer.pieces.keys()).filter((region) => relureg.explorer.passes(region))")
    assert lit == np.flatnonzero(cells.graph.degrees == 3).tolist()
    page.tap(*on_screen(page, [0.1, 0.2]))
    distances = page.value(
        "Array.from(document.querySelectorAll('#distances .bar small'), (name) => Number(name.textContent))"
    )
    region = int(cells.locate([[0.1, 0.2]])[0])
    assert distances == sorted(set(cells.graph.distances_from(region).tolist()))


def test_keys_walk_from_neighbour_to_neighbour(page: Page, cells: relureg.Complex) -> None:
    page.value("document.getElementById('surface').focus()")
    page.key("ArrowRight")
    seen = [page.value("relureg.explorer.selected")]
    for name in ("ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"):
        page.key(name)
        seen.append(page.value("relureg.explorer.selected"))
    steps = list(itertools.pairwise(seen))
    assert all(two == one or two in cells.graph.neighbours_of(one) for one, two in steps)
    assert len(set(seen)) > 2
    before = page.value("relureg.explorer.plane.scale[0]")
    page.key("+")
    assert page.value("relureg.explorer.plane.scale[0]") == pytest.approx(1.5 * before)
    page.key("0")
    assert page.value("relureg.explorer.plane.scale[0]") == pytest.approx(before)
    page.key("Escape")
    assert page.value(f"relureg.explorer.selected + {SAID}") == "-1"


def test_it_zooms_to_the_place_and_moves_with_the_mouse(page: Page) -> None:
    x, y = map(round, on_screen(page, [0.25, 0.25]))  # a mouse is on a whole pixel
    box = page.value("(({ left, top }) => [left, top])(relureg.explorer.plane.above.getBoundingClientRect())")
    place = page.value(f"relureg.explorer.plane.toPlane({x - box[0]}, {y - box[1]})")
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-600)
    page.wait("relureg.explorer.plane.scale[0] > 2 * relureg.explorer.plane.smallest[0]")
    assert on_screen(page, place) == pytest.approx((x, y), abs=1e-6)
    page.drag(x, y, x + 120, y - 40)
    assert on_screen(page, place) == pytest.approx((x + 120, y - 40), abs=1)
    assert page.value("relureg.explorer.selected") == -1  # a drag is no tap


def test_colours_are_those_of_the_pictures(browser: Browser, written: Path, cells: relureg.Complex) -> None:
    """The page colours in the browser; matplotlib's pictures are coloured in NumPy."""
    view = plane_for(cells, Style(colour="none")).view
    page = browser.open(written, scheme="dark")
    from relureg.cli.plot import view_of

    view = view_of("-6,6", cells.network)
    for scheme in ("dark", "light"):
        for name in ("map", "depth", "degree"):
            page.value(f"relureg.explorer.colour = '{name}'; relureg.explorer.paintCells()")
            plane = plane_for(cells, Style(colour=name, theme=scheme, boundary=True), view=view)
            with styled(THEMES[scheme]):
                expected = np.round(255 * colour(plane, name, THEMES[scheme]).colours)
            found = page.value("relureg.explorer.colours.map((text) => text.match(/\\d+/g).map(Number))")
            # By region: pieces may come in another order. Scales have 64 steps there.
            ours = dict(zip(page.value("Array.from(relureg.explorer.region)"), found, strict=True))
            theirs = dict(zip(plane.region.tolist(), expected.tolist(), strict=True))
            apart = [np.abs(np.subtract(ours[region], theirs[region])).max() for region in theirs]
            assert max(apart) <= (1 if name == "map" else 3), (scheme, name)
        page.value("document.getElementById('theme').click()")
    assert page.complaints() == []
    page.close()


def test_stages_and_the_boundary_go_off_and_on(page: Page) -> None:
    def ink() -> int:
        page.value("relureg.explorer.plane.paint()")
        pixels = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)[80:780, :840]
        return int((pixels.max(axis=2) < 190).sum())

    page.value("relureg.explorer.colour = 'none'; relureg.explorer.paintCells()")
    boxes = "document.querySelectorAll('#lines input')"
    assert page.value(f"{boxes}.length") == 3
    everything = ink()
    page.value(f"{boxes}[0].click()")
    second_alone = ink()
    page.value(f"{boxes}[1].click()")
    nothing = ink()
    assert everything > 1.5 * second_alone > 3 * nothing, (everything, second_alone, nothing)
    accent = int(
        np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))[80:780, :840, 0].astype(int).max()
    )
    assert accent > 190
    page.value(f"{boxes}[2].click(); {boxes}[1].click(); {boxes}[0].click()")
    assert page.value("[...relureg.explorer.stages, relureg.explorer.boundary]") == [True, True, False]


@pytest.mark.parametrize("net", [INT_2, TRUTH / "xor.json", TRUTH / "dup_dead_2.json"])
def test_the_sliders_find_as_many_cells_as_the_engine(net: Path, browser: Browser, tmp_path: Path) -> None:
    network = relureg.load(net)
    assert run(["explore", str(net), "--view", "-5", "7", "-o", str(tmp_path / "a.html"), "--quiet"]) == 0
    page = browser.open(tmp_path / "a.html")
    page.value("document.getElementById('turn-tab').click()")
    inside = relureg.Domain.box([-5, -5], [7, 7])
    assert page.value("relureg.teacher.cells.length") == relureg.enumerate_regions(network, inside).num_regions
    patterns = {region.pattern for region in relureg.enumerate_regions(network, inside)}
    assert set(page.value("relureg.teacher.cells.map((cell) => cell.signs.join('|'))")) == patterns
    # After turning a weight: the network with that weight, counted by the engine.
    page.value("relureg.teacher.set(0, 1, 0, 0.75); relureg.teacher.set(0, 0, -1, -1.5)")
    layers = page.value("relureg.teacher.layers")
    turned = relureg.Network.from_layers([layer["weights"] for layer in layers], [layer["bias"] for layer in layers])
    assert turned != network
    assert page.value("relureg.teacher.cells.length") == relureg.enumerate_regions(turned, inside).num_regions
    assert page.value("document.getElementById('turn-exact').textContent").startswith("Turned by hand.")
    page.value("document.getElementById('turn-reset').click()")
    assert page.value("relureg.teacher.isAsRead")
    assert "doubles: nothing here is proved" in page.value("document.querySelector('.note').textContent")
    assert page.complaints() == []
    page.close()


def test_a_large_network_has_an_example_to_turn(browser: Browser, tmp_path: Path) -> None:
    relureg.save_explorer(relureg.enumerate_regions(relureg.load(RAND_2)), tmp_path / "a.html", theme="dark")
    page = browser.open(tmp_path / "a.html", width=420, height=800)
    assert page.value("document.documentElement.dataset.theme") == "dark"
    page.value("document.getElementById('turn-tab').click()")
    assert "too large to be turned by hand" in page.value("document.getElementById('turned').textContent")
    before = page.value("relureg.teacher.cells.length")
    example = relureg.random_network([2, 5, 4], "he", seed=3)
    assert before == relureg.enumerate_regions(example, relureg.Domain.box([-3, -3], [3, 3])).num_regions
    slider = "document.querySelector('#sliders input')"
    page.value(f"{slider}.value = -2; {slider}.dispatchEvent(new Event('input'))")
    assert page.value("relureg.teacher.layers[0].bias[0]") == -2
    assert page.value("document.documentElement.scrollWidth") <= 420  # nothing sticks out of a telephone
    assert page.complaints() == []
    page.close()


def test_a_name_that_is_markup_stays_text(browser: Browser, tmp_path: Path) -> None:
    name = "</script><script>window.broken = true</script><b>&amp; 'x'"
    network = relureg.Network.from_layers([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0]], name=name)
    relureg.save_explorer(relureg.enumerate_regions(network), tmp_path / "a.html")
    page = browser.open(tmp_path / "a.html")
    assert page.value("document.getElementById('title').textContent") == name
    assert page.value("window.broken === undefined")
    assert page.complaints() == []
    page.close()


def test_the_page_is_the_same_on_every_run(written: Path, tmp_path: Path) -> None:
    assert (
        run(["explore", str(INT_2), "--view", "-6", "6", "-o", str(tmp_path / "b.html"), "--quiet", "--jobs", "1"]) == 0
    )
    assert (tmp_path / "b.html").read_bytes() == written.read_bytes()
    text = written.read_text()
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text


REFUSED = {
    "the suffix of a page is .html": (INT_2, "a.svg", ()),
    "the explorer shows two inputs, and there is 1": (TRUTH / "saw_3.json", "a.html", ()),
    "the explorer shows two inputs, and there are 3": (TRUTH / "int_3-6-6-1.json", "a.html", ()),
    "--view: the bounds 1 and 1 are equal": (INT_2, "a.html", ("--view", "1", "1")),
    "misses the domain": (INT_2, "a.html", ("--box", "5", "6", "--view", "0", "1")),
    "Invalid value for '--colour'": (INT_2, "a.html", ("--colour", "mpa")),
    "Invalid value for '--theme'": (INT_2, "a.html", ("--theme", "grey")),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_a_page_is_refused(message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net, name, words = REFUSED[message]
    assert run(["explore", str(net), *words, "-o", str(tmp_path / name), "--quiet"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert message in said
    assert not list(tmp_path.iterdir())


def test_limits_and_files(
    cells: relureg.Complex, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.html"
    assert run(["explore", str(INT_2), "-o", str(target), "--max-regions", "9", "--quiet"]) == 4
    assert "a page needs all regions" in capsys.readouterr().err
    assert not target.exists()
    with pytest.raises(LimitReachedError, match="a page needs all regions"):
        relureg.save_explorer(relureg.enumerate_regions(cells.network, max_regions=9), target)
    for options, message in (({"colour": "mpa"}, "no colouring 'mpa'"), ({"theme": "grey"}, "no theme 'grey'")):
        with pytest.raises(UsageError, match=message):
            relureg.save_explorer(cells, target, **options)
    monkeypatch.setattr(content, "MAX_REGIONS", 48)
    with pytest.raises(UsageError, match="49 regions are too many for a page"):
        relureg.save_explorer(cells, target)
    monkeypatch.undo()
    with pytest.raises(UsageError, match="view: both bounds of every axis"):
        relureg.save_explorer(cells, target, view=(1, 0))
    saved = relureg.save_explorer(cells, target, view=([-6, -6], [6, 6]))
    assert saved.view == [[-6, -6], [6, 6]]
    assert saved.num_regions_seen == 47
    target.unlink()
    saved = relureg.save_explorer(cells, target)
    assert saved.size == target.stat().st_size
    with pytest.raises(OutputError, match="exists"):
        relureg.save_explorer(cells, target)
    relureg.save_explorer(cells, target, force=True)
    cells.save(tmp_path / "cells.npz")
    assert run(["explore", str(tmp_path / "cells.npz"), "-o", str(tmp_path / "b.html"), "--quiet"]) == 0
    assert (tmp_path / "b.html").read_bytes() == target.read_bytes()
