"""Files: complete, small, the same on every run, and in no pixel other than their polygons say."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from relureg import Domain, Network, Slice, enumerate_regions, load
from relureg.errors import EngineUnavailableError, LimitReachedError, OutputError, UsageError
from relureg.plots import canvas
from relureg.plots.colours import DARK, LIGHT, along, relief
from relureg.plots.plane import animation
from relureg.plots.plane.colouring import colour
from relureg.plots.plane.function import save_function
from relureg.plots.plane.picture import Style, figure_of, plane_for, save_picture
from relureg.plots.plane.solid import facet_polygons, save_solid
from relureg.plots.plane.view import bounded_view

FIXTURES = Path(__file__).parents[2] / "fixtures"
PATH = "{http://www.w3.org/2000/svg}path"


@pytest.fixture
def net() -> Network:
    return load(FIXTURES / "truth" / "int_2-6-6-1.json")


def test_every_format_is_written_whole_and_alike(net: Network, tmp_path: Path) -> None:
    cells = enumerate_regions(net)
    for suffix, head in ((".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")):
        first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        for path in (first, second):
            save_picture(cells, path, Style(boundary=True, graph=True, vertices=True, dual=True), dpi=60)
        assert first.read_bytes().startswith(head)
        assert first.read_bytes() == second.read_bytes()
        with pytest.raises(OutputError, match="exists"):
            save_picture(cells, first, Style())
    assert {path.name for path in tmp_path.iterdir()} == {f"{k}{s}" for k in "ab" for s in (".svg", ".png", ".pdf")}


def test_an_svg_holds_each_cell_once(tmp_path: Path) -> None:
    network = load(FIXTURES / "truth" / "rand_2-16-16-1.json")
    plane = save_picture(enumerate_regions(network), tmp_path / "a.svg", Style())
    root = ET.parse(tmp_path / "a.svg").getroot()
    closed = sum(
        path.get("d", "").count("z") for path in root.iter(PATH) if "stroke-width: 0.3" in path.get("style", "")
    )
    wheel = 5 * 40
    assert plane.num_regions_seen <= closed <= plane.num_regions_seen + wheel
    assert (tmp_path / "a.svg").stat().st_size < 200_000


def polygons_in(d: str) -> list[np.ndarray]:
    """The closed polygons of an SVG path of relative lines, (n, 2) each."""
    words = re.findall(r"[mlz]|-?(?:\d+\.?\d*|\.\d+)", d)
    found: list[np.ndarray] = []
    at, corners = np.zeros(2), [np.zeros(2)]
    numbers: list[float] = []
    for word in words:
        if word == "z":
            found.append(np.array(corners))
            at, corners = corners[0], [corners[0]]
        elif word == "m":
            corners = []
        elif word != "l":
            numbers.append(float(word))
            if len(numbers) == 2:
                at = at + numbers
                corners.append(at)
                numbers = []
    return found


def test_the_polygons_of_an_svg_are_the_cells(tmp_path: Path) -> None:
    network = load(FIXTURES / "truth" / "rand_2-16-16-1.json")
    plane = save_picture(enumerate_regions(network), tmp_path / "a.svg", Style())
    root = ET.parse(tmp_path / "a.svg").getroot()
    drawn = [
        corners
        for group in root.iter("{http://www.w3.org/2000/svg}g")
        if group.get("id") == "PathCollection_1"
        for path in group.iter(PATH)
        for corners in polygons_in(path.get("d", ""))
    ]
    polygons, view = plane.polygons, plane.view
    scale = 72 * 5.2 / (view.high - view.low)  # picture.SIDE, in points
    bottom = float(root.get("viewBox", "").split()[3]) - 72 * 0.48
    corners = np.array([72 * 0.62, bottom]) + (polygons.corners - view.low) * scale * (1, -1)
    cells = [corners[a:b] for a, b in itertools.pairwise(polygons.starts)]
    middles = np.array([cell.mean(axis=0) for cell in cells])
    assert len(drawn) == len(cells)
    for found in drawn:
        cell = cells[int(np.abs(middles - found.mean(axis=0)).sum(axis=1).argmin())]
        assert found.shape == cell.shape
        assert np.abs(found - cell).max() < 0.011  # a hundredth of a point, rounded


def test_pixels_have_the_colour_of_the_cell_they_lie_in(net: Network, tmp_path: Path) -> None:
    cells = enumerate_regions(net, Domain.box([-2, -2], [2, 2]))
    plane = save_picture(cells, tmp_path / "a.png", Style(lines=False), dpi=100)
    with Image.open(tmp_path / "a.png") as file:
        image = np.asarray(file.convert("RGB")) / 255
    colours = colour(plane, "map", LIGHT).colours
    height = image.shape[0]
    # Where the axes lie, in inches: picture.LEFT, BOTTOM and SIDE; the view has a margin of 0.4 %.
    span = plane.view.high - plane.view.low
    scale = 520 / (1.008 * span)
    wrong = 0
    for region, centre in enumerate(plane.polygons.centres):
        if plane.polygons.areas[region] < 0.02:
            continue
        x, y = (centre - plane.view.low + 0.004 * span) * scale
        pixel = image[round(height - 48 - y - 0.5), round(62 + x - 0.5)]
        wrong += bool(np.abs(pixel - colours[region]).max() > 0.02)
    assert wrong == 0


@pytest.mark.parametrize(("theme", "expected"), [("light", 0xFF8387838383039F), ("dark", 0x007C7C7C7C7C7C60)])
def test_a_picture_is_recognised(theme: str, expected: int, net: Network, tmp_path: Path) -> None:
    """An average hash of 64 bits; fonts and antialiasing may turn a few of them."""
    path = tmp_path / "a.png"
    save_picture(enumerate_regions(net), path, Style(theme=theme, colour="degree"), dpi=50)
    with Image.open(path) as image:
        grid = np.asarray(image.convert("L").resize((8, 8), Image.Resampling.BOX))
    found = int("".join("1" if bit else "0" for bit in (grid > np.median(grid)).ravel()), 2)
    assert (found ^ expected).bit_count() <= 5


def test_a_function_goes_through_its_breakpoints(tmp_path: Path) -> None:
    cells = enumerate_regions(load(FIXTURES / "truth" / "saw_3.json"))
    assert save_function(cells, tmp_path / "a.svg", Style()) == (-0.125, 1.125)
    assert save_function(cells, tmp_path / "b.png", Style(theme="dark"), span=(0, 0.5), dpi=40) == (0, 0.5)
    several = load(FIXTURES / "nets" / "acasxu_tiny_5_5_5.nnet")
    line = several.on(Slice.through([[0] * 5, [1] * 5]))
    save_function(enumerate_regions(line), tmp_path / "c.svg", Style(), points=np.array([[0.0], [1.0]]))
    ET.parse(tmp_path / "c.svg")


def curve_in(path: Path) -> int:
    """The most corners of a line in an SVG file."""
    lines = [d for node in ET.parse(path).getroot().iter(PATH) if "z" not in (d := node.get("d", "")).lower()]
    return max(len(re.findall(r"-?(?:\d+\.?\d*|\.\d+)", d)) // 2 for d in lines)


def test_a_function_is_drawn_in_its_domain_alone(tmp_path: Path) -> None:
    """Outside of it the complex knows no breakpoints."""
    saw = load(FIXTURES / "truth" / "saw_3.json")
    half = enumerate_regions(saw, Domain.box([0], [Fraction(1, 2)]))
    assert save_function(half, tmp_path / "a.svg", Style(), span=(0, 1)) == (0, 0.5)
    assert curve_in(tmp_path / "a.svg") == 5  # 0, 1/8, 1/4, 3/8, 1/2
    for number, span in enumerate([(2.0, 3.0), (0.5, 1.0), (-1.0, 0.0)]):
        with pytest.raises(UsageError, match="misses the domain"):
            save_function(half, tmp_path / f"b{number}.svg", Style(), span=span)
    ray = enumerate_regions(saw, Domain.box([Fraction(1, 4)], [np.inf]))
    assert save_function(ray, tmp_path / "c.svg", Style())[0] == 0.25
    far = np.array([[-9.0], [-8.0]])
    assert save_function(ray, tmp_path / "d.svg", Style(), points=far)[0] == 0.25


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("weights", [[[[1]]], [[[0]], [[1]]]])
def test_a_function_without_breakpoints_has_room(weights: list[list[list[int]]], tmp_path: Path) -> None:
    network = Network.from_layers([np.array(matrix) for matrix in weights], [[0]] * len(weights))
    cells = enumerate_regions(network)
    low, high = save_function(cells, tmp_path / "a.svg", Style())
    assert (low, high) == (-1, 1)


def test_a_solid_of_lower_rank_fills_its_box(tmp_path: Path) -> None:
    """Its cells are bounded in the essential dimension alone; the drawn facet is a rectangle."""
    network = Network.from_layers([[[1, 0, 0]], [[1]]], [[0], [0]])
    domain = Domain.box([-1, -np.inf, -np.inf], [1, np.inf, np.inf])
    assert save_solid(enumerate_regions(network, domain), tmp_path / "a.html", LIGHT) == 1
    assert "mesh3d" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_headings_count_one_thing_as_one(tmp_path: Path) -> None:
    with canvas.styled(LIGHT):
        plane = plane_for(enumerate_regions(Network.from_layers([[[1, 1]], [[1]]], [[0], [0]])), Style())
        told = {text.get_text() for text in figure_of(plane, Style()).texts}
    assert any(text.endswith("2 regions   ·   1 facet") for text in told)
    solid = enumerate_regions(Network.from_layers([[[1, 0, 0]]], [[0]]))
    save_solid(solid, tmp_path / "a.html", LIGHT)
    assert '1 region"' in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_a_solid_shows_every_facet(tmp_path: Path) -> None:
    network = load(FIXTURES / "truth" / "int_3-6-6-1.json")
    cells = enumerate_regions(network, Domain.box([-3] * 3, [3] * 3))
    polygons, units = facet_polygons(cells)
    assert len(polygons) == cells.facets.num_inner
    for corners, unit in zip(polygons, units, strict=True):
        assert len(corners) >= 3
        assert np.abs(network.pre_activations(corners)[:, unit]).max() < 1e-9
    assert save_solid(cells, tmp_path / "a.html", LIGHT) == cells.facets.num_inner
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "Plotly.newPlot" in page
    assert 'src="http' not in page  # it works without a network
    with pytest.raises(UsageError, match="three inputs"):
        save_solid(enumerate_regions(load(FIXTURES / "truth" / "xor.json")), tmp_path / "b.html", LIGHT)


def test_an_animation_has_a_frame_for_each_checkpoint(tmp_path: Path) -> None:
    networks = [load(FIXTURES / "truth" / f"{name}.json") for name in ("xor", "int_2-6-6-1", "dup_dead_2")]
    complexes = [enumerate_regions(network) for network in networks]
    done: list[int] = []
    animation.save_animation(complexes, tmp_path / "a.gif", Style(boundary=True), fps=4, dpi=40, progress=done.append)
    assert done == [0, 1, 2]
    frames = []
    with Image.open(tmp_path / "a.gif") as film:
        assert (film.n_frames, film.info["duration"]) == (3, 250)
        for number in range(3):
            film.seek(number)
            frames.append(np.asarray(film.convert("RGB")).astype(int))
    assert all(np.abs(a - b).max() > 50 for a, b in ((frames[0], frames[1]), (frames[1], frames[2])))
    animation.save_animation(complexes, tmp_path / "a.html", Style(colour="output", theme="dark"), dpi=40)
    page = (tmp_path / "a.html").read_text()
    assert len(re.findall(r"data:image/png;base64,", page)) == 3


def test_a_film_needs_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineUnavailableError, match="ffmpeg, which is not found"):
        animation.check_target(tmp_path / "a.mp4")


def test_scales_hold_for_all_frames() -> None:
    networks = [load(FIXTURES / "truth" / f"{name}.json") for name in ("xor", "int_2-6-6-1")]
    complexes = [enumerate_regions(network, Domain.box([-1, -1], [1, 1])) for network in networks]
    view = bounded_view(complexes[0])
    assert view is not None
    for name in ("degree", "gradient", "output", "depth"):
        planes, style = animation._planes(complexes, Style(colour=name), view, None)
        scales = [colour(plane, name, LIGHT, style.choices).scale for plane in planes]
        assert scales[0] is not None
        assert scales[1] is not None
        assert (scales[0].low, scales[0].high) == (scales[1].low, scales[1].high), name
    # A step for each whole number, and no other: the least degree has the first colour of the scale.
    planes, style = animation._planes(complexes, Style(colour="degree"), view, None)
    found = [colour(plane, "degree", LIGHT, style.choices) for plane in planes]
    degrees = [plane.cells.graph.degrees[plane.region] for plane in planes]
    low, high = (int(pick(*(pick(values) for values in degrees))) for pick in (min, max))
    scale = found[0].scale
    assert scale is not None
    assert (scale.low, scale.high, scale.num_steps) == (low - 0.5, high + 0.5, high - low + 1)
    for colouring, values in zip(found, degrees, strict=True):
        assert colouring.colours == pytest.approx(along(LIGHT.ramp, (values - low) / (high - low)))


def test_scales_have_ticks_at_round_numbers() -> None:
    cells = enumerate_regions(load(FIXTURES / "pictures" / "van_der_pol.json"), Domain.box([-2.5, -2.5], [2.5, 2.5]))
    plane = plane_for(cells, Style(colour="output"))
    ticks = {}
    for name in ("distance", "depth", "output"):
        scale = colour(plane, name, LIGHT).scale
        assert scale is not None
        ticks[name] = scale.ticks
    assert ticks["distance"] == (0, 5, 10, 15, 20, 25)
    assert 0 in ticks["output"]
    assert all(np.diff(values) == pytest.approx(values[1] - values[0]) for values in ticks.values())


def test_colours_are_those_a_screen_has() -> None:
    """Hue and lightness stay where chroma is taken back; cut-off channels would shift both."""
    angles, strength = np.linspace(0, 2 * np.pi, 90), np.ones(90)
    for theme in (LIGHT, DARK):
        found = relief(theme, angles, strength)
        assert ((found > 0) & (found < 1)).all(axis=1).mean() > 0.9
        brightest = (found @ (0.2126, 0.7152, 0.0722)).argmax()
        assert abs(np.degrees(angles[brightest]) - 315) < 40  # gradients that point away from the light


def test_cells_without_colour_have_lines_that_show(net: Network, tmp_path: Path) -> None:
    cells = enumerate_regions(net, Domain.box([-2, -2], [2, 2]))
    for theme in ("light", "dark"):
        save_picture(cells, tmp_path / f"{theme}.png", Style(theme=theme, colour="none"), dpi=60)
        with Image.open(tmp_path / f"{theme}.png") as image:
            grey = np.asarray(image.convert("L"), dtype=int)[60:340, 50:330]
        ground = np.median(grey)
        assert np.abs(grey - ground).max() > 100


@pytest.mark.parametrize("name", ["a.bmp", "a", "a.html"])
def test_unknown_suffixes_are_refused_before_the_work(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="suffix is not one of"):
        canvas.check_target(tmp_path / name)
    with pytest.raises(OutputError, match="folder does not exist"):
        canvas.check_target(tmp_path / "no" / "a.svg")


def test_an_incomplete_complex_is_not_drawn(net: Network, tmp_path: Path) -> None:
    part = enumerate_regions(net, Domain.box([-1, -1], [1, 1]), max_regions=5)
    with pytest.raises(LimitReachedError):
        save_picture(part, tmp_path / "a.svg", Style())
    assert list(tmp_path.iterdir()) == []


def test_users_own_settings_do_not_matter(net: Network, tmp_path: Path) -> None:
    import matplotlib

    cells = enumerate_regions(net)
    save_picture(cells, tmp_path / "a.svg", Style())
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9}):
        save_picture(cells, tmp_path / "b.svg", Style())
        assert matplotlib.rcParams["font.size"] == 30
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
