"""Figures that keep their look: drawn later, in a notebook or by savefig, as they were made."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from matplotlib.figure import Figure

NOTEBOOK_DPI = 110
"""Pixels an inch of a figure in a notebook."""


class ThemedFigure(Figure):
    """A figure that is drawn inside `look`, and that a notebook shows whether or not pyplot is there.

    Ticks and fonts are looked up when a figure is drawn, by matplotlib's settings of that moment: here the theme's.
    """

    def __init__(self, *args: Any, look: Callable[[], AbstractContextManager[None]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._look = look

    def draw(self, renderer: Any) -> None:
        """Draw in the theme."""
        with self._look():
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=NOTEBOOK_DPI, facecolor=self.get_facecolor())
        return stream.getvalue()
