"""Figures that keep their look: drawn later, in a notebook or by savefig, as they were made."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from relureg.plots.canvas import styled

if TYPE_CHECKING:
    from relureg.plots.colours import Theme

NOTEBOOK_DPI = 110
"""Pixels an inch of a figure in a notebook."""


class Picture(Figure):
    """A figure in a theme, which a notebook shows whether or not pyplot is there.

    Ticks and fonts are looked up when a figure is drawn, by matplotlib's settings of that moment: here the theme's.
    """

    def __init__(self, *args: Any, theme: Theme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._theme = theme

    def draw(self, renderer: Any) -> None:
        """Draw in the theme."""
        with styled(self._theme):
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=NOTEBOOK_DPI, facecolor=self.get_facecolor())
        return stream.getvalue()
