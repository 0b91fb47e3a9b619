"""Pictures of local maps: gradient images and dual points, coefficients on test points, few maps for many, relations.

Wherever a colour tells two things apart, a mark or a number tells them apart, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg.maps.clustering import ClusteredMaps
from relureg.maps.images import Shape, dual_points, gradient_images
from relureg.maps.local import PointRegions
from relureg.maps.relating import RelatedMaps
from relureg.maps.similarity import Similarity, StageAgreement
from relureg.network.model import Network
from relureg.plots import canvas
from relureg.plots.colours import Theme
from relureg.plots.maps.charts import (
    EXTRACTED,
    N,
    add_title,
    areas_of,
    groups_of,
    name_dual_axes,
    paint_accuracies,
    paint_groups,
    paint_matrix,
    paint_similarity,
    paint_stages,
)  # fmt: skip
from relureg.plots.maps.painting import CELL, MOST_IMAGES, paint_centres, paint_gradients
from relureg.words import plural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

LEFT, BOTTOM, TOP, RIGHT = 0.66, 0.55, 0.92, 0.25
"""Inches around the axes, for ticks, heading and titles of panels."""
SIDE = 3.1
"""Inches of a panel."""
GAP = 0.85
"""Inches between panels."""
_MOST_DUALS = 2000
"""Dual points drawn: more hide each other."""


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
    kind, group, names = groups_of(network, regions, classes)
    sizes = np.bincount(regions.region, minlength=regions.num_regions)[: len(duals.point)]
    chosen = np.unique(classes, return_index=True)[1][:MOST_IMAGES] if shape is not None else np.empty(0, dtype=int)
    columns = 1 + min(MOST_IMAGES, network.output_dim)
    height = max(SIDE, CELL * len(chosen))
    above = TOP + (0.2 if len(chosen) else 0)
    plane = not len(chosen) and points.shape[1] == 2
    left = 0.3 if len(chosen) else LEFT
    at = left + (columns * CELL + 1.15 if len(chosen) else (SIDE + GAP) * plane)
    wide = SIDE + (0.12 * (height - SIDE))

    def paint(figure: Figure, theme: Theme) -> None:
        if len(chosen):
            images = gradient_images(network, points[chosen], shape=shape)
            paint_gradients(figure, left, BOTTOM + height, points[chosen].reshape(-1, *shape or ()), images,
                             classes[chosen], theme)  # fmt: skip
        elif plane:
            axes = canvas.add_axes(figure, LEFT, BOTTOM, SIDE, SIDE)
            paint_groups(axes, points, np.full(len(points), 14.0), group, names, theme)
            axes.set(aspect="equal", xlabel="x0", ylabel="x1")
            axes.set_adjustable("datalim")
            add_title(axes, "the points", theme)
        axes = canvas.add_axes(figure, at, BOTTOM, wide, height)
        paint_groups(axes, duals.plane, areas_of(sizes), group[duals.point], names, theme)
        name_dual_axes(axes, duals)
        add_title(axes, "dual points: the affine map of each region", theme)
        axes.legend(
            loc="upper left", bbox_to_anchor=(1.02, 1.0), frameon=False, fontsize=7.5, borderaxespad=0,
            handletextpad=0.3, title=kind, title_fontsize=7.5, alignment="left",
        )  # fmt: skip

    told = f"{plural(len(points), 'point')}   ·   {plural(regions.num_regions, 'region')}"
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
    names = (f"class of {N}", "another class") if right is None else (f"{EXTRACTED} is right", f"{EXTRACTED} is wrong")
    kinds = similarity.agree if right is None else right
    wide = SIDE * 1.15

    def paint(figure: Figure, theme: Theme) -> None:
        paint_similarity(canvas.add_axes(figure, LEFT, BOTTOM, wide, SIDE), similarity, kinds, names, theme)
        if stages is not None:
            paint_stages(canvas.add_axes(figure, LEFT + wide + GAP, BOTTOM, wide, SIDE), stages, theme)

    told = f"{EXTRACTED} of {num_points:,} points   ·   {len(kinds):,} test points"
    width = LEFT + wide + (0 if stages is None else GAP + wide) + RIGHT
    _save(target, network.name, told, (width, BOTTOM + SIDE + TOP), paint)


def save_clusters_picture(
    target: Target,
    network: Network,
    num_points: int,
    clusterings: Sequence[ClusteredMaps],
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
    fits = [one for one in clusterings if one.k <= MOST_IMAGES]
    shown = max(fits, key=lambda one: one.k) if fits and shape is not None else None
    cell = min(CELL, SIDE / min(MOST_IMAGES, network.output_dim))
    wide = SIDE * 1.15

    def paint(figure: Figure, theme: Theme) -> None:
        paint_accuracies(canvas.add_axes(figure, LEFT, BOTTOM, wide, SIDE), clusterings, accuracy, theme)
        if shown is not None and shape is not None:
            paint_centres(figure, LEFT + wide + GAP, BOTTOM + SIDE, cell, shown, shape, theme)

    images = 0.0 if shown is None else GAP + max(cell * shown.k, 2.75)
    told = f"maps at {num_points:,} points   ·   {len(clusterings[0].classes):,} test points"
    _save(target, network.name, told, (LEFT + wide + images + RIGHT, BOTTOM + SIDE + TOP), paint)


def save_relations_picture(
    target: Target,
    names: Sequence[str],
    num_points: int,
    own: Sequence[float | None],
    relations: Sequence[tuple[int, int, RelatedMaps]],
) -> None:
    """Draw the accuracy after maps from each network to each other as a matrix, each network's own on the diagonal.

    Without labels, the share of points that get the class of the second network.

    Raises
    ------
    UsageError, OutputError, EngineUnavailableError
        As `canvas.check_target`.
    """
    shares = np.diag([1.0 if value is None else value for value in own])
    for first, second, related in relations:
        shares[first, second] = related.agreement if related.accuracy is None else related.accuracy
    side = max(1.7, max(0.68, 0.075 * max(map(len, names))) * len(names))
    margin = 0.5 + 0.075 * max(map(len, names))

    def paint(figure: Figure, theme: Theme) -> None:
        paint_matrix(canvas.add_axes(figure, margin, 0.25, side, side), shares, names, theme)

    what = "class of the second" if own[0] is None else "accuracy"
    told = f"{what} in percent, maps at {num_points:,} points"
    size = (max(margin + side + RIGHT, 3.9), 0.25 + side + TOP + 0.25)
    _save(target, "maps sent to another network", told, size, paint, left=0.2)


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
