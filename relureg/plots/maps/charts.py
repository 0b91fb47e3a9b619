"""Charts of local maps: marks of regions and classes, curves, and a matrix, each painted on given axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relureg.maps.clustering import ClusteredMaps
from relureg.maps.images import DualPoints
from relureg.maps.local import PointRegions
from relureg.maps.similarity import Similarity, StageAgreement
from relureg.network.model import Network
from relureg.plots.colours import THEMES, Theme, along

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

MARKS = "os^DvPX<>*"
"""A mark for each class, so that none is told by its colour alone."""
N, EXTRACTED = "$N$", "$N^{(X)}$"
"""The network and the function extracted from it, as the source writes them."""


def add_title(axes: Axes, text: str, theme: Theme) -> None:
    """A quiet line above the axes, which lose their upper and right borders."""
    axes.set_title(text, fontsize=8.5, color=theme.quiet, loc="left", pad=6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _strong(theme: Theme, number: int) -> str:
    """The colour of a class where it is a small mark: the other theme's, which stands out on the ground."""
    other = THEMES["dark" if theme.name == "light" else "light"]
    return other.classes[number % len(other.classes)]


def _blue(theme: Theme) -> Any:
    return along(theme.diverging, np.array([0.17]))[0]


def name_dual_axes(axes: Axes, duals: DualPoints) -> None:
    """Say what the two coordinates of dual points are."""
    names = ("slope", "constant") if duals.maps.shape[1] == 2 else ("slope along x0", "slope along x1")
    if duals.share is not None:
        names = (f"first component, {duals.share[0]:.0%} of the variance", f"second component, {duals.share[1]:.0%}")
    axes.set(xlabel=names[0], ylabel=names[1])


def groups_of(
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


def areas_of(sizes: NDArray[np.int64]) -> Floats:
    """The marks of dual points by how many data points they stand for; smaller where there are many."""
    crowd = float(np.clip((200 / len(sizes)) ** 0.5, 0.3, 1))
    return np.asarray(crowd * (16 + 60 * np.sqrt((sizes - 1) / max(int(sizes.max()) - 1, 1))))


def paint_groups(
    axes: Axes, points: Floats, area: Floats, group: NDArray[np.int64], names: Sequence[str], theme: Theme
) -> None:
    """Points of the plane, each group with a colour and a mark of its own; areas in square points."""
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


def paint_similarity(
    axes: Axes, similarity: Similarity, right: NDArray[np.bool_], names: tuple[str, str], theme: Theme
) -> None:
    """Angle against distance at each test point, those that are right as dots, the others as crosses."""
    drawn = np.isfinite(similarity.angle)
    size = float(np.clip(3000 / max(len(right), 1), 5, 22))
    axes.axvline(90, color=theme.quiet, lw=0.7, ls=(0, (4, 3)), zorder=1)
    for chosen, name, colour, mark in (
        (right & drawn, names[0], _blue(theme), "o"), (~right & drawn, names[1], theme.accent, "X"),
    ):  # fmt: skip
        axes.scatter(
            similarity.angle[chosen], similarity.distance[chosen], s=size * (1.0 if mark == "o" else 1.9), marker=mark,
            color=colour, edgecolor=theme.ground, linewidth=0.3, alpha=0.85, zorder=2 + (mark == "X"),
            label=f"{name} ({int(chosen.sum()):,})",
        )  # fmt: skip
    same = int((similarity.distance[drawn] <= 1e-9 * max(float(similarity.distance.max(initial=0)), 1e-300)).sum())
    if same > 1:  # they hide each other
        axes.annotate(
            f"{same:,} at 0", (0, 0), xytext=(7, 4), textcoords="offset points", fontsize=7.5, color=theme.quiet
        )
    top = float(np.nanmax(similarity.angle, initial=90.0))
    axes.set_xlim(-3, max(top * 1.05, 97))
    axes.set_xticks([tick for tick in (0, 30, 60, 90, 120, 150, 180) if tick <= max(top * 1.05, 97)])
    axes.set_ylim(bottom=-0.03 * max(float(similarity.distance.max(initial=0)), 1e-9))
    axes.set(xlabel="angle between the gradients (degrees)", ylabel="distance")
    axes.legend(frameon=False, fontsize=7.5, loc="best", labelcolor=theme.ink, handletextpad=0.2)
    add_title(axes, f"coefficients of {N} and {EXTRACTED} at test points", theme)


def paint_stages(axes: Axes, stages: Sequence[StageAgreement], theme: Theme) -> None:
    """Agreement and accuracy after each stage that is merged."""
    places = np.arange(len(stages))
    lines = [(f"agreement with {N}", [stage.agreement for stage in stages], _blue(theme), "o", "-")]
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
    add_title(axes, "while layers are merged", theme)


def paint_accuracies(axes: Axes, clusterings: Sequence[ClusteredMaps], accuracy: float | None, theme: Theme) -> None:
    """Agreement and accuracy against k; dotted, the accuracy of the network itself."""
    rows = sorted(clusterings, key=lambda one: one.k)
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
    add_title(axes, "k maps instead of all", theme)


def paint_matrix(axes: Axes, shares: Floats, names: Sequence[str], theme: Theme) -> None:
    """Shares in percent, from row to column; bold on the diagonal."""
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
