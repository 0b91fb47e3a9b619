"""How results look in a notebook and as pictures: asked of the rooms above by name, once somebody looks.

Imports run one way, and who draws stands above what is drawn. So these are the only methods that find their module
when they are called: a program that looks at nothing loads none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Shown:
    """Base of results that a notebook shows as a small table, and a picture where there is one."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        html: str = importlib.import_module("relureg.pages.results").html_of(self)
        return html


class Drawn(Shown):
    """Base of what can be drawn."""

    __slots__ = ()

    def plot(self, **options: Any) -> Figure:
        """A picture as a figure of matplotlib: see `relureg.plot`, whose options these are."""
        figure: Figure = importlib.import_module("relureg.plots.figure").plot(self, **options)
        return figure
