"""Pictures of local maps: gradient images and dual points, coefficients on test points, few maps for many, relations.

Wherever a colour tells two things apart, a mark or a number tells them apart, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relureg.maps.clustering import ClusteredMaps
from relureg.maps.images import DualPoints, Shape, dual_points, gradient_images
from relureg.maps.local import PointRegions
from relureg.maps.relating import RelatedMaps
from relureg.maps.similarity import Similarity, StageAgreement
from relureg.network.model import Network
from relureg.plots import canvas
from relureg.plots.colours import THEMES, Theme, along

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

LEFT, BOTTOM, TOP, RIGHT = 0.66, 0.55, 0.92, 0.25
"""Inches around the axes, for ticks, heading and titles of panels."""
SIDE = 3.1
"""Inches of a panel."""
GAP = 0.85
"""Inches between panels."""
MOST_IMAGES = 10
"""Rows and columns of images."""
_CELL = 0.5
"""Inches of an image."""
_EXPLAINED = "blue lowers the output, orange raises it"
_N, _EXTRACTED = "$N$", "$N^{(X)}$"
_MOST_DUALS = 2000
"""Dual points drawn: more hide each other."""
MARKS = "os^DvPX<>*"
"""A mark for each class, so that none is told by its colour alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a picture goes, and its look."""

    path: Path
    theme: str = "light"
    dpi: int = 200
    force: bool = False

    def check(self) -> None:
        """Find out before the work that the picture can be written; raises as `canvas.check_target`."""
        canvas.theme_of(self.theme)
        canvas.check_target(self.path, force=self.force)


def save_points_picture(
    target: Target,
    network: Network,
    points: Floats,
    regions: PointRegions,
    classes: NDArray[np.int64],
    shape: Shape | None,
) -> None:
    """Draw gradient images or, of two inputs, the points in the plane; beside them the dual points.

    The images are those of the first point of each class. Up to ten regions have a colour and a mark each, more have
    those of their first point's class; of more than ten classes the most frequent have one each.

    Parameters
    ----------
    regions, classes
        Of the points.
    shape : (channels, height, width), optional
        Of the inputs, where they are an image.

    Raises
    ------
    UsageError, OutputError, EngineUnavailableError
        As `canvas.check_target`.
    """
    duals = dual_points(network, points, regions=regions, limit=_MOST_DUALS)
    kind, group, names = _groups(network, regions, classes)
    sizes = np.bincount(regions.region, minlength=regions.num_regions)[: len(duals.point)]
    chosen = np.unique(classes, return_index=True)[1][:MOST_IMAGES] if shape is not None else np.empty(0, dtype=int)
    columns = 1 + min(MOST_IMAGES, network.output_dim)
    height = max(SIDE, _CELL * len(chosen))
    above = TOP + (0.2 if len(chosen) else 0)
    plane = not len(chosen) and points.shape[1] == 2
    left = 0.3 if len(chosen) else LEFT
    at = left + (columns * _CELL + 1.15 if len(chosen) else (SIDE + GAP) * plane)
    wide = SIDE + (0.12 * (height - SIDE))

    def paint(figure: Figure, theme: Theme) -> None:
        if len(chosen):
            images = gradient_images(network, points[chosen], shape=shape)
            _paint_gradients(figure, left, BOTTOM + height, points[chosen].reshape(-1, *shape or ()), images,
                             classes[chosen], theme)  # fmt: skip
        elif plane:
            axes = canvas.add_axes(figure, LEFT, BOTTOM, SIDE, SIDE)
            _paint_groups(axes, points, np.full(len(points), 14.0), group, names, theme)
            axes.set(aspect="equal", xlabel="x0", ylabel="x1")
            axes.set_adjustable("datalim")
            _title(axes, "the points", theme)
        axes = canvas.add_axes(figure, at, BOTTOM, wide, height)
        _paint_groups(axes, duals.plane, _areas(sizes), group[duals.point], names, theme)
        _name_dual_axes(axes, duals)
        _title(axes, "dual points: the affine map of each region", theme)
        axes.legend(
            loc="upper left", bbox_to_anchor=(1.02, 1.0), frameon=False, fontsize=7.5, borderaxespad=0,
            handletextpad=0.3, title=kind, title_fontsize=7.5, alignment="left",
        )  # fmt: skip

    told = f"{len(points):,} points   ·   {regions.num_regions:,} regions"
    if len(duals.point) < regions.num_regions:
        told += f", of which the first {len(duals.point):,} are drawn"
    margin = 0.45 + 0.075 * max([6, *map(len, names)])
    _save(target, network.name, told, (at + wide + margin, BOTTOM + height + above), paint, left=left)


def save_coefficients(
    target: Target,
    network: Network,
    num_points: int,
    similarity: Similarity,
    right: NDArray[np.bool_] | None,
    stages: Sequence[StageAgreement] | None,
) -> None:
    """Draw angles and distances of coefficients on test points (TropEx, Figure 2), and agreement by stage (Figure 3).

    Parameters
    ----------
    num_points : int
        Data points of the extracted function.
    right : array of bool, shape (n,), optional
        The test points to which N^(X) gives their label; without labels, those to which it gives the class of N are
        told from the others.
    stages : sequence of StageAgreement, optional

    Raises
    ------
    UsageError, OutputError, EngineUnavailableError
        As `canvas.check_target`.
    """
    names = (
        (f"class of {_N}", "another class") if right is None else (f"{_EXTRACTED} is right", f"{_EXTRACTED} is wrong")
    )
    kinds = similarity.agree if right is None else right
    wide = SIDE * 1.15

    def paint(figure: Figure, theme: Theme) -> None:
        _paint_similarity(canvas.add_axes(figure, LEFT, BOTTOM, wide, SIDE), similarity, kinds, names, theme)
        if stages is not None:
            _paint_stages(canvas.add_axes(figure, LEFT + wide + GAP, BOTTOM, wide, SIDE), stages, theme)

    told = f"{_EXTRACTED} of {num_points:,} points   ·   {len(kinds):,} test points"
    width = LEFT + wide + (0 if stages is None else GAP + wide) + RIGHT
    _save(target, network.name, told, (width, BOTTOM + SIDE + TOP), paint)


def save_clusters_picture(
    target: Target,
    network: Network,
    num_points: int,
    found: Sequence[ClusteredMaps],
    accuracy: float | None,
    shape: Shape | None,
) -> None:
    """Draw accuracy (or agreement) against k, and the centres as images where the inputs are one.

    The centres are those of the largest k that is at most ten.

    Raises
    ------
    UsageError, OutputError, EngineUnavailableError
        As `canvas.check_target`.
    """
    fits = [one for one in found if one.k <= MOST_IMAGES]
    shown = max(fits, key=lambda one: one.k) if fits and shape is not None else None
    cell = min(_CELL, SIDE / min(MOST_IMAGES, network.output_dim))
    wide = SIDE * 1.15

    def paint(figure: Figure, theme: Theme) -> None:
        _paint_accuracies(canvas.add_axes(figure, LEFT, BOTTOM, wide, SIDE), found, accuracy, theme)
        if shown is not None and shape is not None:
            _paint_centres(figure, LEFT + wide + GAP, BOTTOM + SIDE, cell, shown, shape, theme)

    images = 0.0 if shown is None else GAP + max(cell * shown.k, 2.75)
    told = f"maps at {num_points:,} points   ·   {len(found[0].classes):,} test points"
    _save(target, network.name, told, (LEFT + wide + images + RIGHT, BOTTOM + SIDE + TOP), paint)


def save_relations_picture(
    target: Target,
    names: Sequence[str],
    num_points: int,
    own: Sequence[float | None],
    found: Sequence[tuple[int, int, RelatedMaps]],
) -> None:
    """Draw the accuracy after maps from each network to each other as a matrix, each network's own on the diagonal.

    Without labels, the share of points that get the class of the second network.

    Raises
    ------
    UsageError, OutputError, EngineUnavailableError
        As `canvas.check_target`.
    """
    shares = np.diag([1.0 if value is None else value for value in own])
    for first, second, related in found:
        shares[first, second] = related.agreement if related.accuracy is None else related.accuracy
    side = max(1.7, max(0.68, 0.075 * max(map(len, names))) * len(names))
    margin = 0.5 + 0.075 * max(map(len, names))

    def paint(figure: Figure, theme: Theme) -> None:
        _paint_matrix(canvas.add_axes(figure, margin, 0.25, side, side), shares, names, theme)

    what = "class of the second" if own[0] is None else "accuracy"
    told = f"{what} in percent, maps at {num_points:,} points"
    size = (max(margin + side + RIGHT, 3.9), 0.25 + side + TOP + 0.25)
    _save(target, "maps sent to another network", told, size, paint, left=0.2)


def _areas(sizes: NDArray[np.int64]) -> Floats:
    """The marks of dual points by how many data points they stand for; smaller where there are many."""
    crowd = float(np.clip((200 / len(sizes)) ** 0.5, 0.3, 1))
    return np.asarray(crowd * (16 + 60 * np.sqrt((sizes - 1) / max(int(sizes.max()) - 1, 1))))


def _groups(
    network: Network, regions: PointRegions, classes: NDArray[np.int64]
) -> tuple[str, NDArray[np.int64], list[str]]:
    """What has one colour and mark: what kind of thing, that of each point, and their names."""
    most = len(MARKS)
    if regions.num_regions <= most:
        patterns = [regions.patterns(network, slice(k, k + 1))[0] for k in regions.first.tolist()]
        return "region", regions.region, [p if len(p) <= 14 else f"region {k}" for k, p in enumerate(patterns)]
    if classes.max() < most:
        return "class", classes, [str(k) for k in range(int(classes.max()) + 1)]
    # Of many classes the most frequent ones, and the others as one.
    sizes = np.bincount(classes)
    shown = np.sort(np.argsort(-sizes, kind="stable")[: most - 1])
    group = np.full(len(sizes), most - 1)
    group[shown] = np.arange(most - 1)
    return "class", group[classes], [*map(str, shown.tolist()), "others"]


def _name_dual_axes(axes: Axes, duals: DualPoints) -> None:
    names = ("slope", "constant") if duals.maps.shape[1] == 2 else ("slope along x0", "slope along x1")
    if duals.share is not None:
        names = (f"first component, {duals.share[0]:.0%} of the variance", f"second component, {duals.share[1]:.0%}")
    axes.set(xlabel=names[0], ylabel=names[1])


def _save(
    target: Target,
    title: str,
    subtitle: str,
    size: tuple[float, float],
    paint: Callable[[Figure, Theme], None],
    *,
    left: float = LEFT,
) -> None:
    target.check()
    theme = canvas.theme_of(target.theme)
    with canvas.styled(theme):
        figure = canvas.new_figure(*size)
        paint(figure, theme)
        canvas.add_heading(figure, left, title, subtitle, theme)
        canvas.save_figure(figure, target.path, dpi=target.dpi, force=target.force)


def _title(axes: Axes, text: str, theme: Theme) -> None:
    axes.set_title(text, fontsize=8.5, color=theme.quiet, loc="left", pad=6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _strong(theme: Theme, number: int) -> str:
    """The colour of a class where it is a small mark: the other theme's, which stands out on the ground."""
    other = THEMES["dark" if theme.name == "light" else "light"]
    return other.classes[number % len(other.classes)]


def _blue(theme: Theme) -> Any:
    return along(theme.diverging, np.array([0.17]))[0]


def _paint_groups(
    axes: Axes, points: Floats, area: Floats, group: NDArray[np.int64], names: Sequence[str], theme: Theme
) -> None:
    for number, name in enumerate(names):
        chosen = group == number
        area_of_mark = 2.0 if MARKS[number % len(MARKS)] == "*" else 1.0  # a star has thin arms
        look: dict[str, Any] = {
            "marker": MARKS[number % len(MARKS)], "color": _strong(theme, number), "edgecolor": theme.ground,
            "linewidth": 0.4, "alpha": 0.9,
        }  # fmt: skip
        if chosen.any():
            axes.scatter(points[chosen, 0], points[chosen, 1], s=area_of_mark * area[chosen], **look)
            axes.scatter([], [], s=26 * area_of_mark, label=name, **look)  # marks of one size in the legend
    axes.margins(0.08)


def _paint_similarity(
    axes: Axes, found: Similarity, right: NDArray[np.bool_], names: tuple[str, str], theme: Theme
) -> None:
    drawn = np.isfinite(found.angle)
    size = float(np.clip(3000 / max(len(right), 1), 5, 22))
    axes.axvline(90, color=theme.quiet, lw=0.7, ls=(0, (4, 3)), zorder=1)
    for chosen, name, colour, mark in (
        (right & drawn, names[0], _blue(theme), "o"), (~right & drawn, names[1], theme.accent, "X"),
    ):  # fmt: skip
        axes.scatter(
            found.angle[chosen], found.distance[chosen], s=size * (1.0 if mark == "o" else 1.9), marker=mark,
            color=colour, edgecolor=theme.ground, linewidth=0.3, alpha=0.85, zorder=2 + (mark == "X"),
            label=f"{name} ({int(chosen.sum()):,})",
        )  # fmt: skip
    same = int((found.distance[drawn] <= 1e-9 * max(float(found.distance.max(initial=0)), 1e-300)).sum())
    if same > 1:  # they hide each other
        axes.annotate(
            f"{same:,} at 0", (0, 0), xytext=(7, 4), textcoords="offset points", fontsize=7.5, color=theme.quiet
        )
    top = float(np.nanmax(found.angle, initial=90.0))
    axes.set_xlim(-3, max(top * 1.05, 97))
    axes.set_xticks([tick for tick in (0, 30, 60, 90, 120, 150, 180) if tick <= max(top * 1.05, 97)])
    axes.set_ylim(bottom=-0.03 * max(float(found.distance.max(initial=0)), 1e-9))
    axes.set(xlabel="angle between the gradients (degrees)", ylabel="distance")
    axes.legend(frameon=False, fontsize=7.5, loc="best", labelcolor=theme.ink, handletextpad=0.2)
    _title(axes, f"coefficients of {_N} and {_EXTRACTED} at test points", theme)


def _paint_stages(axes: Axes, stages: Sequence[StageAgreement], theme: Theme) -> None:
    places = np.arange(len(stages))
    lines = [(f"agreement with {_N}", [stage.agreement for stage in stages], _blue(theme), "o", "-")]
    if all(stage.accuracy is not None for stage in stages):
        shares = [stage.accuracy or 0.0 for stage in stages]
        lines.append(("accuracy", shares, theme.accent, "s", (0, (4, 2))))  # type: ignore[arg-type]
    for name, values, colour, mark, style in lines:
        axes.plot(
            places, 100 * np.array(values), color=colour, lw=1.5, marker=mark, ms=5, ls=style, label=name,
            mec=theme.ground, mew=0.6,
        )  # fmt: skip
    many = len(stages) > 5
    axes.set_xticks(places, [stage.merged for stage in stages], rotation=90 if many else 0, fontsize=7.5)
    axes.set_xlim(-0.3, len(stages) - 0.7)
    axes.margins(y=0.12)
    axes.set_ylabel("percent of test points")
    axes.set_xlabel("layers merged, from the last down to")
    axes.legend(frameon=False, fontsize=7.5, loc="best", labelcolor=theme.ink)
    _title(axes, "while layers are merged", theme)


def _paint_accuracies(axes: Axes, found: Sequence[ClusteredMaps], accuracy: float | None, theme: Theme) -> None:
    rows = sorted(found, key=lambda one: one.k)
    k = [one.k for one in rows]
    axes.set_xscale("log")
    axes.plot(
        k, [100 * one.agreement for one in rows], color=_blue(theme), lw=1.5, marker="o", ms=5, mec=theme.ground,
        mew=0.6, label="keeps the class",
    )  # fmt: skip
    if accuracy is not None:
        axes.axhline(100 * accuracy, color=theme.quiet, lw=0.8, ls=(0, (1, 2)), label="accuracy of all maps")
        axes.plot(
            k, [100 * (one.accuracy or 0.0) for one in rows], color=theme.accent, lw=1.5, ls=(0, (4, 2)), marker="s",
            ms=5, mec=theme.ground, mew=0.6, label="accuracy",
        )  # fmt: skip
    axes.set_xticks(k, [f"{size:,}" for size in k])
    axes.minorticks_off()
    axes.margins(x=0.08, y=0.1)
    axes.set(xlabel="maps for each output", ylabel="percent of test points")
    axes.legend(frameon=False, fontsize=7.5, loc="lower right", labelcolor=theme.ink)
    _title(axes, "k maps instead of all", theme)


def _paint_centres(
    figure: Figure, left: float, top: float, cell: float, found: ClusteredMaps, shape: Shape, theme: Theme
) -> None:
    many = "the centre" if found.k == 1 else f"the {found.k} centres"
    _write(figure, left, top + 0.11, f"{many} of each output, the fullest first", theme)
    _write(figure, left, top - cell * min(MOST_IMAGES, len(found.centres)) - 0.14, _EXPLAINED, theme)
    for output, centres in enumerate(found.centres[:MOST_IMAGES]):
        filled = np.bincount(found.labels[:, output], minlength=found.k)
        images = centres[np.argsort(-filled, kind="stable"), :-1].reshape(-1, *shape)
        bottom = top - (output + 1) * cell
        _write(figure, left - 0.13, bottom + cell / 2, str(output), theme, centred=True)
        reach = float(np.abs(images.mean(axis=1)).max())
        for place, image in enumerate(images):
            axes = canvas.add_axes(figure, left + place * cell, bottom, 0.92 * cell, 0.92 * cell)
            _show_gradient(axes, image, reach, theme)


def _paint_gradients(
    figure: Figure, left: float, top: float, points: Floats, images: Floats, classes: NDArray[np.int64], theme: Theme
) -> None:
    """A row a point: its image, then the gradient of each output; that of its class has a frame."""
    first = left + _CELL + 0.14
    outputs = min(MOST_IMAGES, images.shape[1])
    _write(figure, left, top + 0.23, "point", theme)
    _write(figure, first, top + 0.23, "gradient of output", theme)
    for output in range(outputs):
        _write(figure, first + (output + 0.46) * _CELL, top + 0.09, str(output), theme, centred=True)
    _write(figure, left, top - len(points) * _CELL - 0.14, f"{_EXPLAINED}; each row has a scale of its own", theme)
    for row, (point, gradients) in enumerate(zip(points, images, strict=True)):
        bottom = top - (row + 1) * _CELL
        _show_image(canvas.add_axes(figure, left, bottom, 0.92 * _CELL, 0.92 * _CELL), point, theme)
        reach = float(np.abs(gradients.mean(axis=1)).max())
        for output in range(outputs):
            axes = canvas.add_axes(figure, first + output * _CELL, bottom, 0.92 * _CELL, 0.92 * _CELL)
            framed = output == classes[row] and images.shape[1] > 1
            _show_gradient(axes, gradients[output], reach, theme, framed=framed)


def _write(figure: Figure, left: float, height: float, text: str, theme: Theme, *, centred: bool = False) -> None:
    w, h = figure.get_size_inches()
    where = "center" if centred else "left"
    figure.text(left / w, height / h, text, fontsize=8.5, color=theme.quiet, va="center", ha=where)


def _show_gradient(axes: Axes, image: Floats, reach: float, theme: Theme, *, framed: bool = False) -> None:
    """The mean over the channels, from the most negative weight to the most positive; 0 is the ground."""
    values = 0.5 + 0.5 * image.mean(axis=0) / (reach or 1.0)
    colours = along(theme.diverging, values.reshape(-1)).reshape(*values.shape, 3)
    axes.imshow(colours, interpolation="nearest", aspect="auto")
    _frame(axes, theme, framed=framed)


def _show_image(axes: Axes, image: Floats, theme: Theme) -> None:
    """As it is where it has three channels; else from light to dark as a pen on paper, in either theme."""
    low, high = float(image.min()), float(image.max())
    scaled = (image - low) / ((high - low) or 1.0)
    if len(image) == 3:
        axes.imshow(np.moveaxis(scaled, 0, -1), interpolation="nearest", aspect="auto")
    else:
        ink = scaled.mean(axis=0) if theme.name == "dark" else 1 - scaled.mean(axis=0)
        axes.imshow(ink, cmap="gray", vmin=-0.08, vmax=1.08, interpolation="nearest", aspect="auto")
    _frame(axes, theme, framed=False)


def _frame(axes: Axes, theme: Theme, *, framed: bool) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color=theme.ink if framed else theme.quiet, linewidth=1.4 if framed else 0.3)


def _paint_matrix(axes: Axes, shares: Floats, names: Sequence[str], theme: Theme) -> None:
    low = float(shares.min())
    scaled = (shares - low) / ((1 - low) or 1.0)
    colours = along(theme.ramp, 0.05 + 0.75 * scaled.reshape(-1)).reshape(*shares.shape, 3)
    axes.imshow(colours, aspect="auto")
    for first, second in np.ndindex(*shares.shape):
        bright = colours[first, second] @ (0.299, 0.587, 0.114) > 0.55
        axes.text(
            second, first, f"{100 * shares[first, second]:.1f}", ha="center", va="center", fontsize=9,
            color="#16202e" if bright else "#ffffff", fontweight="bold" if first == second else "normal",
        )  # fmt: skip
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8.5)
    axes.set_xlabel("maps sent to those of", labelpad=5)
    axes.xaxis.set_label_position("top")
    axes.set_ylabel("from the maps of", labelpad=5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xticks(np.arange(1, len(names)) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, len(names)) - 0.5, minor=True)
    axes.grid(which="minor", color=theme.ground, lw=2)
    axes.tick_params(which="minor", length=0)
