"""Levels, classes, views and colours: what a picture says is what the network computes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from relureg import Domain, Network, Slice, enumerate_regions, load
from relureg.errors import DomainError, UsageError
from relureg.plots.colours import DARK, LIGHT, THEMES, relief, srgb
from relureg.plots.plane.colouring import COLOURINGS, Choices, colour, nice_levels
from relureg.plots.plane.gradients import gradients
from relureg.plots.plane.picture import Style, plane_for
from relureg.plots.plane.plane import Plane, plane_of
from relureg.plots.plane.view import View, chosen_view

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def net() -> Network:
    return load(FIXTURES / "truth" / "rand_2-16-16-1.json")


@pytest.fixture(scope="module")
def plane(net: Network) -> Plane:
    return plane_of(enumerate_regions(net), levels=[-1, 0, Fraction(1, 3)])


def three_classes() -> Network:
    rng = np.random.default_rng(4)
    sizes = [(8, 2), (8, 8), (3, 8)]
    return Network.from_layers(
        [rng.normal(size=s).round(3) for s in sizes], [rng.normal(size=s[0]).round(3) for s in sizes]
    )


def test_pieces_between_levels_lie_between_levels(net: Network, plane: Plane) -> None:
    centres = plane.polygons.centres
    values = net(centres)[:, 0]
    assert np.array_equal(plane.band, np.searchsorted([-1, 0, 1 / 3], values))
    assert set(plane.band.tolist()) == {0, 1, 2, 3}
    for number, level in enumerate([-1, 0, Fraction(1, 3)]):
        edges = plane.polygons.edges[plane.edge_level == number]
        assert len(edges) > 3
        assert net(edges.reshape(-1, 2))[:, 0] == pytest.approx(float(level), abs=1e-12)


def test_pieces_keep_the_region_they_lie_in(net: Network, plane: Plane) -> None:
    whole = plane.cells
    assert np.array_equal(plane.region, whole.locate(plane.polygons.centres))
    # A plane that is not cut along levels has each region that its view meets once.
    bare = plane_of(whole, view=plane.view)
    assert np.array_equal(bare.region, np.unique(plane.region))
    assert bare.polygons.areas.sum() == pytest.approx(float(np.prod(plane.view.high - plane.view.low)))
    assert np.bincount(plane.region, plane.polygons.areas, whole.num_regions)[bare.region] == pytest.approx(
        bare.polygons.areas
    )


def test_stages_of_edges(net: Network, plane: Plane) -> None:
    stage, unit = plane.edge_stage, plane.polygons.edge_unit
    assert set(stage.tolist()) == {-1, 0, 1, 2}
    assert ((stage == 0) == ((unit >= 0) & (unit < 16))).all()
    assert ((stage == 1) == ((unit >= 16) & (unit < 32))).all()
    assert ((stage == 2) == (plane.edge_level >= 0)).all()
    # The hyperplanes of the first stage do not bend: each unit's edges lie on one line.
    for k in range(16):
        ends = plane.polygons.edges[unit == k].reshape(-1, 2)
        assert np.abs(net.pre_activations(ends)[:, k]).max(initial=0) < 1e-12


IDENTITY = Network.from_layers([[[1, 1], [-1, -1]], [[1, -1]]], [[0, 0], [0]])
"""f = x + y."""
DIFFERENCE = Network.from_layers([[[1, 0], [0, 1]], [[1, -1]]], [[0, 0], [0]])
"""f = relu(x) - relu(y), 0 on a whole quadrant."""


def length_of(plane: Plane, level: int) -> float:
    ends = plane.polygons.edges[plane.edge_level == level]
    return float(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).sum())


@pytest.mark.parametrize(
    ("network", "levels", "lengths"),
    [
        (IDENTITY, [0], [8**0.5]),
        # The positive half of x = y, and the rim of the quadrant in which f is 0: x = 0 > y, and y = 0 > x.
        (DIFFERENCE, [0], [2**0.5 + 2]),
        # f is -1 + 2 (x + y + 1) below x + y = 0 and 1 - 2 (x + y) above: 1/2 on either side of the line where it is 1.
        (load(FIXTURES / "truth" / "xor.json"), [Fraction(1, 2), 1], [8**0.5 * (0.875 + 0.875), 8**0.5]),
    ],
)
def test_levels_on_facets_of_the_network_are_levels(
    network: Network, levels: list[Fraction], lengths: list[float]
) -> None:
    cells = enumerate_regions(network, Domain.box([-1, -1], [1, 1]))
    plane = plane_of(cells, levels=levels)
    assert [length_of(plane, level) for level in range(len(levels))] == pytest.approx(lengths)
    for number, level in enumerate(levels):
        assert network(plane.polygons.edges[plane.edge_level == number].reshape(-1, 2))[:, 0] == pytest.approx(level)
    # They stay facets of the complex, which the region graph crosses.
    pairs = plane.region[plane.polygons.edge_cells[plane.is_facet]]
    assert {tuple(sorted(pair)) for pair in pairs.tolist()} == {
        tuple(sorted(pair)) for pair in cells.facets.regions.tolist()
    }


def test_a_boundary_on_a_facet_is_drawn_and_explained() -> None:
    from relureg.plots import canvas
    from relureg.plots.plane.picture import figure_of

    style = Style(boundary=True)
    plane = plane_for(enumerate_regions(IDENTITY, Domain.box([-1, -1], [1, 1])), style)
    with canvas.styled(LIGHT):
        figure = figure_of(plane, style)
    assert "decision boundary" in [text.get_text() for text in figure.texts]
    assert LIGHT.accent in {
        "#{:02x}{:02x}{:02x}".format(*(round(255 * part) for part in patch.get_edgecolor()[:3]))
        for patch in figure.axes[0].patches
    }


def test_a_view_that_misses_the_domain_is_named() -> None:
    cells = enumerate_regions(IDENTITY, Domain.box([5, 5], [6, 6]))
    view = View(frame=np.eye(2), low=np.zeros(2), high=np.ones(2), is_isometric=False)
    with pytest.raises(DomainError, match=r"the view \[0, 1\] x \[0, 1\] misses the domain"):
        plane_of(cells, view=view)


def test_classes_are_the_largest_output() -> None:
    network = three_classes()
    plane = plane_of(enumerate_regions(network), classes=True)
    assert np.array_equal(plane.label, network(plane.polygons.centres).argmax(axis=1))
    assert len(np.unique(plane.label)) == 3
    ends = network(plane.polygons.edges[plane.edge_is_border].reshape(-1, 2))
    best = np.sort(ends, axis=1)
    assert len(ends) > 10
    assert best[:, -1] == pytest.approx(best[:, -2], abs=1e-9)
    with pytest.raises(UsageError, match="between 2 to 12 outputs, and the network has 1"):
        plane_of(enumerate_regions(load(FIXTURES / "truth" / "xor.json")), classes=True)


def test_equal_outputs_are_one_class() -> None:
    network = Network.from_layers([[[1, 0], [0, 1]], [[1, 1], [1, 1]]], [[0, 0], [0, 0]])
    plane = plane_of(enumerate_regions(network, Domain.box([-1, -1], [1, 1])), classes=True)
    assert plane.label.tolist() == [0] * 4
    assert not plane.edge_is_border.any()


def test_gradients_are_those_of_the_function(net: Network, plane: Plane) -> None:
    centres = plane.polygons.centres
    step = 1e-9
    measured = [(net(centres + step * axis) - net(centres))[:, 0] / step for axis in np.eye(2)]
    assert gradients(plane)[plane.region] == pytest.approx(np.column_stack(measured), abs=1e-4)


def test_a_slice_is_drawn_in_true_distances() -> None:
    rng = np.random.default_rng(0)
    widths = [(9, 6), (1, 9)]
    network = Network.from_layers(
        [rng.normal(size=w).round(3) for w in widths], [rng.normal(size=w[0]).round(3) for w in widths]
    )
    points = rng.random((3, 6)).round(2)
    flat = Slice.through(points.tolist())
    corners = np.array([[0.0, 0.0], [1, 0], [0, 1]])
    cells = enumerate_regions(network.on(flat))
    plane = plane_of(cells, points=corners)
    placed = plane.view.place(corners)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert np.linalg.norm(placed[i] - placed[j]) == pytest.approx(np.linalg.norm(points[i] - points[j]))
    assert (placed > plane.view.low).all()
    assert (placed < plane.view.high).all()
    assert plane.view.place(plane.polygons.corners).min(axis=0) == pytest.approx(plane.view.low)
    # And gradients are per unit of true distance, within the plane.
    basis = np.linalg.qr((points[1:] - points[0]).T)[0]
    slope = np.linalg.norm(gradients(plane), axis=1)
    embedded = flat.embed(plane.polygons.centres)
    signs = network.pre_activations(embedded) > 0
    weights = [network.stages[0].pre_activation.terms[0].floats, network.output.terms[1].floats]
    full = np.einsum("k,pk,kd->pd", weights[1][0], signs, weights[0])
    assert slope[plane.region] == pytest.approx(np.linalg.norm(full @ basis, axis=1))


def test_views_of_parallel_lines_hold_what_is_around_the_origin() -> None:
    view = chosen_view(enumerate_regions(load(FIXTURES / "truth" / "xor.json")), np.empty((0, 2)))
    assert (view.low.tolist(), view.high.tolist()) == ([-1.3, -1.3], [1.3, 1.3])  # all of (+-1/2, +-1/2)
    near = Network.from_layers([[[1, 1], [1, 1]], [[1, 1]]], [[0, 0.001], [0]])  # lines that would be one
    assert chosen_view(enumerate_regions(near), np.empty((0, 2))).high.max() < 0.01


def test_views_hold_most_vertices_and_all_points(net: Network) -> None:
    cells = enumerate_regions(net)
    view = chosen_view(cells, np.empty((0, 2)))
    inside = ((cells.vertices >= view.low) & (cells.vertices <= view.high)).all(axis=1)
    assert 0.6 < inside.mean() < 1
    points = np.array([[40.0, 50.0], [41.0, 53.0]])
    far = chosen_view(cells, points)
    assert ((points > far.low) & (points < far.high)).all()


@pytest.mark.parametrize("name", list(COLOURINGS))
@pytest.mark.parametrize("theme", list(THEMES))
def test_colours_say_what_they_promise(name: str, theme: str) -> None:
    network = three_classes()
    cells = enumerate_regions(network, Domain.box([-2, -2], [2, 2]))
    style = Style(colour=name, theme=theme, choices=Choices(source=3))
    plane = plane_for(cells, style)
    found = colour(plane, name, THEMES[theme], style.choices)
    assert found.colours.shape == (plane.polygons.num_cells, 3)
    assert ((found.colours >= 0) & (found.colours <= 1)).all()
    said = {
        "depth": (cells.records.signs > 0).sum(axis=1)[plane.region],
        "degree": cells.graph.degrees[plane.region],
        "distance": cells.graph.distances_from(3)[plane.region],
        "class": plane.label,
    }.get(name)
    if said is not None:  # one colour for each value, and another for another
        pairs = {(int(value), tuple(shade)) for value, shade in zip(said, found.colours, strict=True)}
        assert len(pairs) == len({value for value, _ in pairs}) == len({shade for _, shade in pairs})


def test_hues_are_told_apart_by_lightness_alone() -> None:
    """Directions that a red-green confusion mixes up differ in lightness or in blue against yellow."""
    turns = np.arange(16) * np.pi / 8
    for theme in (LIGHT, DARK):
        colours = relief(theme, turns, np.ones(16))
        linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
        # Machado, Oliveira and Fernandes (2009): what a deuteranope sees.
        seen = (
            linear
            @ np.array(
                [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
            ).T
        )
        apart = np.linalg.norm(np.cbrt(seen)[:, None] - np.cbrt(seen)[None], axis=2)
        assert apart[~np.eye(16, dtype=bool)].min() > 0.015


def test_greys_of_oklab_are_grey() -> None:
    assert srgb(np.array([[0.0, 0, 0], [1.0, 0, 0]])) == pytest.approx(np.array([[0.0] * 3, [1.0] * 3]), abs=1e-3)


def test_bad_requests_are_refused(net: Network) -> None:
    cells = enumerate_regions(net, Domain.box([-1, -1], [1, 1]))
    with pytest.raises(UsageError, match="no colouring 'pink'"):
        plane_for(cells, Style(colour="pink"))
    with pytest.raises(UsageError, match="there is no region 9999; they are numbered 0 to 262"):
        colour(plane_of(cells), "distance", LIGHT, Choices(source=9999))
    with pytest.raises(UsageError, match="there are 3"):
        plane_of(enumerate_regions(load(FIXTURES / "truth" / "int_3-6-6-1.json")))


def test_levels_are_round_numbers() -> None:
    assert nice_levels(0, 10, 5) == (2.0, 4.0, 6.0, 8.0)
    assert nice_levels(0.1, 0.1, 5) == ()
    assert nice_levels(-3e-9, 1e-9, 4) == (-2e-09, -1e-09, 0.0)


def test_a_view_turned_by_a_frame_is_the_same_rectangle() -> None:
    frame = np.array([[2.0, 1.0], [0.0, 3.0]])
    view = View(frame=frame, low=np.array([-1.0, -2.0]), high=np.array([3.0, 4.0]), is_isometric=True)
    network = load(FIXTURES / "truth" / "xor.json")
    cells = enumerate_regions(network, view.domain)
    corners = cells.generators.coordinates @ frame.T
    assert corners.min(axis=0) == pytest.approx(view.low)
    assert corners.max(axis=0) == pytest.approx(view.high)
