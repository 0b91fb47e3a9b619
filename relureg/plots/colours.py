"""Colours: palettes that people with any colour vision can read, on light and on dark ground.

All are made in Oklab [Ott20], where equal steps look equal. Wherever a hue says something, lightness says it
too: a red-green confusion leaves the picture readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float64]
"""(n, 3): sRGB from 0 to 1."""

_TO_CONE = np.array([
    [1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728], [1.0, -0.0894841775, -1.2914855480],
])  # fmt: skip
_TO_LINEAR = np.array([
    [4.0767416621, -3.3077115913, 0.2309699292],
    [-1.2684380046, 2.6097574011, -0.3413193965],
    [-0.0041960863, -0.7034186147, 1.7076147010],
])  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The look of a picture: hexadecimal colours, and where on the scale of lightness its cells lie."""

    name: str
    ground: str
    ink: str
    """Text."""
    line: str
    """Bent hyperplanes."""
    line_on_ground: str
    """The same where cells have no colour."""
    quiet: str
    """Text and lines of less weight."""
    accent: str
    """Decision boundaries."""
    accent_edge: str
    """A rim that sets the accent off."""
    node: str
    """The region graph."""
    ramp: tuple[tuple[float, float, float], ...]
    """Oklab stops from little to much."""
    diverging: tuple[tuple[float, float, float], ...]
    """Oklab stops from negative over zero to positive."""
    relief: tuple[float, float, float, float]
    """For affine maps: lightness, its swing, and the least and largest chroma."""
    classes: tuple[str, ...]
    components: tuple[str, ...]
    """Lines of a boundary's components, to be told apart on cells of any colour."""


LIGHT = Theme(
    name="light", ground="#ffffff", ink="#16202e", line="#16202e", line_on_ground="#16202e", quiet="#5d6878",
    accent="#c1123f", accent_edge="#ffffff", node="#16202e",
    ramp=((0.97, -0.01, 0.035), (0.90, -0.055, 0.045), (0.79, -0.085, 0.0), (0.64, -0.06, -0.06),
          (0.48, -0.005, -0.11), (0.34, 0.035, -0.11)),
    diverging=((0.44, -0.045, -0.115), (0.66, -0.055, -0.075), (0.86, -0.025, -0.025), (0.97, 0.0, 0.01),
               (0.88, 0.025, 0.07), (0.72, 0.075, 0.105), (0.53, 0.115, 0.09)),
    relief=(0.84, 0.085, 0.02, 0.12),
    classes=("#a9cfe8", "#f6c98f", "#a8dcc3", "#efb3c6", "#d9d08a", "#c3b6e6", "#9fd9de", "#e2b9a0", "#c9cdd4",
             "#b7d48a"),
    components=("#c1123f", "#1b4f9c", "#0d6b46", "#7a2fa0", "#a04a00", "#00707f", "#5b5b00", "#33394a"),
)  # fmt: skip
DARK = Theme(
    name="dark", ground="#0d1219", ink="#eef3fb", line="#0a0e14", line_on_ground="#c8d3e6", quiet="#93a0b3",
    accent="#ffd23f", accent_edge="#0d1219", node="#ffffff",
    ramp=((0.36, 0.02, -0.085), (0.44, 0.02, -0.115), (0.52, -0.025, -0.10), (0.63, -0.085, -0.035),
          (0.75, -0.105, 0.045), (0.88, -0.05, 0.12)),
    diverging=((0.81, -0.07, -0.085), (0.68, -0.055, -0.12), (0.55, -0.03, -0.12), (0.41, 0.0, -0.012),
               (0.55, 0.075, 0.08), (0.69, 0.095, 0.115), (0.83, 0.045, 0.13)),
    relief=(0.60, 0.10, 0.035, 0.14),
    classes=("#2f6f9e", "#b0752a", "#2f8a69", "#a1476a", "#8c822d", "#6a5ab0", "#2b8893", "#a06442", "#616d7f",
             "#658c33"),
    components=("#ffd23f", "#6fd0ff", "#8df0b4", "#ff9cc2", "#d3b8ff", "#ffad66", "#f2f4f8", "#d8e86a"),
)  # fmt: skip
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def srgb(oklab: NDArray[np.float64]) -> Colours:
    """Oklab (n, 3) as sRGB, cut off where a screen has no such colour."""
    linear = np.clip(_linear(oklab), 0, 1)
    curved: Colours = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return curved


def _linear(oklab: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (oklab @ _TO_CONE.T) ** 3 @ _TO_LINEAR.T
    return found


def muted(oklab: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same hue and lightness with the most chroma, up to the one asked for, that a screen has."""
    found = oklab * (1.0, 0.0, 0.0)
    for share in np.linspace(0, 1, 21):
        mixed = oklab * (1.0, share, share)
        linear = _linear(mixed)
        found = np.where(((linear >= 0) & (linear <= 1)).all(axis=1, keepdims=True), mixed, found)
    return found


def along(
    stops: Sequence[Sequence[float]], values: NDArray[np.float64], *, lift: NDArray[np.float64] | float = 0
) -> Colours:
    """The colours at values from 0 to 1 of a ramp, made lighter by `lift`."""
    table = np.array(stops)
    places = np.linspace(0, 1, len(table))
    mixed = np.column_stack([np.interp(values, places, table[:, k]) for k in range(3)])
    mixed[:, 0] += lift
    return srgb(mixed)


def relief(theme: Theme, directions: NDArray[np.float64], strengths: NDArray[np.float64]) -> Colours:
    """One colour for each direction and strength of a gradient.

    The hue is the direction, and the lightness as if the graph of the function were lit from the upper left; the
    green-to-magenta part of the hue follows the lightness, so that those who cannot see it lose nothing.

    Parameters
    ----------
    directions : array, shape (n,)
        Angles in radians.
    strengths : array, shape (n,)
        From 0 (flat) to 1 (steepest).
    """
    lightness, swing, least, most = theme.relief
    # A slope that falls towards the light, whose gradient points away from it, is bright.
    lit = -np.cos(directions - 3 * np.pi / 4)
    across = np.sin(directions - 3 * np.pi / 4)
    chroma = np.where(strengths > 0, least + (most - least) * strengths, 0.0)
    return srgb(muted(np.column_stack([lightness + swing * strengths * lit, -chroma * lit, chroma * across])))


def steps(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Values from 0 to 1 in `count` steps: few distinct colours make small files, and the eye sees no more."""
    stepped: NDArray[np.float64] = np.floor(np.clip(values, 0, 1 - 1e-12) * count) / max(count - 1, 1)
    return stepped


def shade_of(directions: NDArray[np.float64], strengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): by how much a slope is lighter, from -1 to 1, in the light of `relief`."""
    return -np.cos(directions - 3 * np.pi / 4) * strengths
