"""What the pictures of local maps show: the numbers, not the look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

import relureg
from relureg import maps
from relureg.cli.main import run
from relureg.plots import canvas
from relureg.plots.colours import THEMES

MAPS = Path(__file__).parents[2] / "fixtures" / "maps"
DIGITS = str(MAPS / "digits-16.json")
ANNULUS = str(MAPS / "annulus.json")
TRAIN = ("--data", str(MAPS / "digits.npz"), "--labels", "y")
TEST = ("--test", str(MAPS / "digits-test.npz"), "--test-labels", "y")
RING = ("--data", str(MAPS / "annulus.csv"), "--labels", "inside")


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    kept: list[Figure] = []
    plain = canvas.save_figure

    def keep(figure: Figure, path: Path, **options: Any) -> None:
        kept.append(figure)
        plain(figure, path, **options)

    monkeypatch.setattr(canvas, "save_figure", keep)
    return kept


def drawn(axes: Any) -> np.ndarray:
    """All points of an axes, without what only the legend shows."""
    marks = [part for part in axes.collections if isinstance(part, PathCollection)]
    return np.concatenate([np.asarray(part.get_offsets()).reshape(-1, 2) for part in marks])


def test_gradient_images_and_dual_points(tmp_path: Path, figures: list[Figure]) -> None:
    path = tmp_path / "at.png"
    words = ["maps", "at", DIGITS, *TRAIN, "--no-nearest", "--rows", "0"]
    assert run([*words, "--plot", str(path), "--dpi", "40"]) == 0
    assert path.read_bytes()[:4] == b"\x89PNG"
    network, data = relureg.load(DIGITS), np.load(MAPS / "digits.npz")["X"].astype(float)
    regions, classes = maps.find_regions(network, data), network(data).argmax(axis=1)
    images = [axes for axes in figures[0].axes if axes.images]
    assert len(images) == 10 * (1 + 10)  # the first point of each class, and the gradient of each output
    framed = [axes.spines["top"].get_linewidth() > 1 for axes in images]
    assert [place % 11 - 1 for place, bold in enumerate(framed) if bold] == list(range(10))
    # Weights are seen with their sign: orange (red above blue) where positive.
    first = int(np.flatnonzero(classes == 0)[0])
    gradient = maps.gradient_images(network, data[first : first + 1])[0, 4, 0]
    colours = np.asarray(images[1 + 4].images[0].get_array())
    strong = np.abs(gradient) > 0.3 * np.abs(gradient).max()
    assert np.array_equal((colours[..., 0] > colours[..., 2])[strong], (gradient > 0)[strong])
    (dual,) = (axes for axes in figures[0].axes if not axes.images)
    assert len(drawn(dual)) == regions.num_regions
    assert {float(x) for x in drawn(dual)[:, 0]} == {float(x) for x in maps.dual_points(network, data).plane[:, 0]}


def test_points_of_the_plane_have_the_mark_of_their_region(tmp_path: Path, figures: list[Figure]) -> None:
    assert run(["maps", "at", ANNULUS, *RING, "--theme", "dark", "--plot", str(tmp_path / "a.svg")]) == 0
    assert figures[0].get_facecolor() == to_rgba(THEMES["dark"].ground)
    plane, dual = figures[0].axes
    assert (len(drawn(plane)), len(drawn(dual))) == (200, 7)
    colours = [
        [tuple(part.get_facecolor()[0]) for part in axes.collections if len(part.get_offsets())]
        for axes in (plane, dual)
    ]
    assert colours[0] == colours[1]
    assert len(set(colours[0])) == 7
    legend = dual.get_legend()
    assert legend is not None
    assert sorted(text.get_text() for text in legend.get_texts()) == ["000", "001", "010", "011", "100", "101", "110"]


def test_of_many_classes_the_most_frequent_have_marks(tmp_path: Path, figures: list[Figure]) -> None:
    random = np.random.default_rng(0)
    turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)  # 14 sectors of the plane
    outwards = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    network = relureg.Network.from_layers(
        [np.concatenate([np.eye(2), -np.eye(2), random.normal(size=(8, 2))]),
         np.concatenate([outwards, -outwards, np.zeros((14, 8))], axis=1)],
        [np.concatenate([np.zeros(4), random.normal(size=8)]), np.zeros(14)],
    )  # fmt: skip
    relureg.save(network, tmp_path / "n.json")
    points = random.normal(size=(400, 2)) * 3
    np.save(tmp_path / "X.npy", points)
    words = ["--data", str(tmp_path / "X.npy"), "--plot", str(tmp_path / "a.svg"), "--rows", "0"]
    assert run(["maps", "at", str(tmp_path / "n.json"), *words]) == 0
    sizes = np.bincount(network(points).argmax(axis=1))
    assert np.count_nonzero(sizes) > 10
    plane, dual = figures[0].axes
    shown = np.sort(np.argsort(-sizes, kind="stable")[:9])
    legend = dual.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [*map(str, shown), "others"]
    drawn_sizes = [len(part.get_offsets()) for part in plane.collections if len(part.get_offsets())]
    assert drawn_sizes == [*sizes[shown], 400 - sizes[shown].sum()]


def test_coefficients_and_stages(tmp_path: Path, figures: list[Figure], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["maps", "extract", DIGITS, *TRAIN, *TEST]
    assert run([*words, "--stages", "--plot", str(tmp_path / "e.pdf")]) == 0
    network = relureg.load(DIGITS)
    data, test = (np.load(MAPS / name) for name in ("digits.npz", "digits-test.npz"))
    function = maps.extract(network, data["X"].astype(float))
    found = maps.compare_coefficients(network, function, test["X"].astype(float))
    scatter, stages = figures[0].axes
    right = function.predict(test["X"].astype(float)) == test["y"]
    for part, which in zip(scatter.collections, (right, ~right), strict=True):
        np.testing.assert_allclose(part.get_offsets(), np.stack([found.angle, found.distance], axis=1)[which])
    by_stage = maps.agreement_by_stage(network, data["X"].astype(float), test["X"].astype(float), test["y"])
    lines = [line.get_ydata() for line in stages.lines]
    np.testing.assert_allclose(lines[0], [100 * stage.agreement for stage in by_stage])
    np.testing.assert_allclose(lines[1], [100 * (stage.accuracy or 0) for stage in by_stage])
    capsys.readouterr()
    assert run(["maps", "extract", DIGITS, *TRAIN, "--plot", str(tmp_path / "f.svg")]) == 2
    assert "--plot: compares on test points; give --test" in capsys.readouterr().err
    assert not (tmp_path / "f.svg").exists()


def test_few_maps_and_their_centres(tmp_path: Path, figures: list[Figure]) -> None:
    assert run(["maps", "cluster", DIGITS, *TRAIN, *TEST, "--k", "4,1", "--plot", str(tmp_path / "c.svg")]) == 0
    data, test = (np.load(MAPS / name) for name in ("digits.npz", "digits-test.npz"))
    found = maps.cluster_maps(
        relureg.load(DIGITS), data["X"].astype(float), test["X"].astype(float), test["y"], k=[1, 4]
    )
    curve, *images = figures[0].axes
    np.testing.assert_allclose(curve.lines[0].get_ydata(), [100 * one.agreement for one in found])
    np.testing.assert_allclose(curve.lines[2].get_ydata(), [100 * (one.accuracy or 0) for one in found])
    assert len(images) == 10 * 4
    assert run(["maps", "cluster", ANNULUS, *RING, "--k", "2", "--plot", str(tmp_path / "d.svg")]) == 0
    assert len(figures[1].axes) == 1  # two inputs are no image


def test_relations_as_a_matrix(tmp_path: Path, figures: list[Figure]) -> None:
    other = str(MAPS / "digits-8.json")
    assert run(["maps", "relate", DIGITS, other, *TRAIN, *TEST, "--plot", str(tmp_path / "r.svg")]) == 0
    networks = [relureg.load(DIGITS), relureg.load(other)]
    data, test = (np.load(MAPS / name) for name in ("digits.npz", "digits-test.npz"))
    X, X_test, y = data["X"].astype(float), test["X"].astype(float), test["y"]
    shown = {text.get_position(): text.get_text() for text in figures[0].axes[0].texts}
    for row, column in np.ndindex(2, 2):
        share = (
            (networks[row](X_test).argmax(axis=1) == y).mean() if row == column
            else maps.relate_maps(networks[row], networks[column], X, X_test, y).accuracy
        )  # fmt: skip
        assert shown[column, row] == f"{100 * share:.1f}"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--plot", "p.txt"], "the suffix is not one of .svg, .png, .pdf"),
        (["--plot", "p.svg", "--image-shape", "3x3"], "an image of 3 x 3 does not have 64 entries"),
        (["--plot", "p.svg", "--image-shape", "8"], "an image of 8 does not have 64 entries"),
        (["--plot", "p.svg", "--image-shape", "8xy"], "'8xy' is not a shape like 28x28"),
        (["--plot", "old.svg"], "the file exists"),
    ],
)
def test_what_cannot_be_drawn_is_told_before_the_work(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.svg").write_text("old")
    assert run(["maps", "at", DIGITS, *TRAIN, *words]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["old.svg"]
    assert (tmp_path / "old.svg").read_text() == "old"


def test_shapes_of_images() -> None:
    network = relureg.load(DIGITS)
    points = np.zeros((1, 64))
    assert maps.gradient_images(network, points).shape == (1, 10, 1, 8, 8)
    assert maps.gradient_images(network, points, shape=(4, 4, 4)).shape == (1, 10, 4, 4, 4)
    with pytest.raises(relureg.errors.UsageError, match="no square image"):
        maps.gradient_images(relureg.load(ANNULUS), [[0.0, 0.0]])


def test_dual_points_of_many_inputs_keep_the_distances_along_their_components() -> None:
    network, data = relureg.load(DIGITS), np.load(MAPS / "digits.npz")["X"].astype(float)
    found = maps.dual_points(network, data)
    outputs = network(data[found.point])
    values = (found.maps[:, :-1] * data[found.point]).sum(axis=1) + found.maps[:, -1]
    np.testing.assert_allclose(values, outputs.max(axis=1), atol=1e-9)
    gradients = found.maps[:, :-1] - found.maps[:, :-1].mean(axis=0)
    assert found.share is not None
    np.testing.assert_allclose((found.plane**2).sum(axis=0) / (gradients**2).sum(), found.share)
    values = np.linalg.eigvalsh(gradients.T @ gradients)[::-1]
    np.testing.assert_allclose(found.share, values[:2] / values.sum())
    assert len(maps.dual_points(network, data, limit=3).point) == 3
