"""Affine maps as images: a row a point, or a row an output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg.maps.clustering import ClusteredMaps
from relureg.maps.images import Shape
from relureg.plots import canvas
from relureg.plots.colours import Theme, along

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

MOST_IMAGES = 10
"""Rows and columns of images."""
CELL = 0.5
"""Inches of an image."""
_EXPLAINED = "blue lowers the output, orange raises it"


def paint_gradients(
    figure: Figure, left: float, top: float, points: Floats, images: Floats, classes: NDArray[np.int64], theme: Theme
) -> None:
    """A row a point: its image, then the gradient of each output; that of its class has a frame."""
    first = left + CELL + 0.14
    outputs = min(MOST_IMAGES, images.shape[1])
    _write(figure, left, top + 0.23, "point", theme)
    _write(figure, first, top + 0.23, "gradient of output", theme)
    for output in range(outputs):
        _write(figure, first + (output + 0.46) * CELL, top + 0.09, str(output), theme, centred=True)
    _write(figure, left, top - len(points) * CELL - 0.14, f"{_EXPLAINED}; each row has a scale of its own", theme)
    for row, (point, gradients) in enumerate(zip(points, images, strict=True)):
        bottom = top - (row + 1) * CELL
        _show_image(canvas.add_axes(figure, left, bottom, 0.92 * CELL, 0.92 * CELL), point, theme)
        reach = float(np.abs(gradients.mean(axis=1)).max())
        for output in range(outputs):
            axes = canvas.add_axes(figure, first + output * CELL, bottom, 0.92 * CELL, 0.92 * CELL)
            framed = output == classes[row] and images.shape[1] > 1
            _show_gradient(axes, gradients[output], reach, theme, framed=framed)


def paint_centres(
    figure: Figure, left: float, top: float, cell: float, clustering: ClusteredMaps, shape: Shape, theme: Theme
) -> None:
    """A row an output: the gradients of its centres, from the one with the most points on."""
    many = "the centre" if clustering.k == 1 else f"the {clustering.k} centres"
    _write(figure, left, top + 0.11, f"{many} of each output, the fullest first", theme)
    _write(figure, left, top - cell * min(MOST_IMAGES, len(clustering.centres)) - 0.14, _EXPLAINED, theme)
    for output, centres in enumerate(clustering.centres[:MOST_IMAGES]):
        filled = np.bincount(clustering.labels[:, output], minlength=clustering.k)
        images = centres[np.argsort(-filled, kind="stable"), :-1].reshape(-1, *shape)
        bottom = top - (output + 1) * cell
        _write(figure, left - 0.13, bottom + cell / 2, str(output), theme, centred=True)
        reach = float(np.abs(images.mean(axis=1)).max())
        for place, image in enumerate(images):
            axes = canvas.add_axes(figure, left + place * cell, bottom, 0.92 * cell, 0.92 * cell)
            _show_gradient(axes, image, reach, theme)


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
