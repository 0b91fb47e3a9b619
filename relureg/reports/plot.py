"""What `relureg plot` tells: which regions came to be drawn, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table

from relureg.engine.choice import EngineChoice
from relureg.reports.layout import add_files, checks_line, facts_table, grouped, page
from relureg.reports.report import NetworkFacts, Report, checks_of, details_of, place_of

if TYPE_CHECKING:
    from relureg.complex.complex import Complex

Corners = tuple[tuple[float, ...], ...]
"""The lowest and the highest corner of what is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotReport(Report):
    """A picture of a complex."""

    command: str = field(default="plot", init=False)
    network: NetworkFacts
    domain: str
    engine: str
    engine_choice: EngineChoice | None
    regions: int
    regions_in_view: int
    facets_drawn: int
    boundary_components: int | None
    view: Corners | None
    colour: str
    theme: str
    checks: Mapping[str, bool | None]
    check_details: Mapping[str, str]
    files: tuple[str, ...]

    @classmethod
    def of(
        cls,
        cells: Complex,
        *,
        regions_in_view: int | None = None,
        facets_drawn: int | None = None,
        boundary_components: int | None = None,
        view: Sequence[Sequence[float]] | None,
        colour: str,
        theme: str,
        file: str,
    ) -> PlotReport:
        """What is not said of the view is as in the whole complex."""
        return cls(
            network=NetworkFacts.of(cells.network),
            domain=place_of(cells.network, cells.domain),
            engine=cells.engine,
            engine_choice=cells.engine_choice,
            regions=cells.num_regions,
            regions_in_view=cells.num_regions if regions_in_view is None else regions_in_view,
            facets_drawn=cells.facets.num_inner if facets_drawn is None else facets_drawn,
            boundary_components=boundary_components,
            view=None if view is None else tuple(map(tuple, view)),
            colour=colour,
            theme=theme,
            checks=checks_of(cells.checks),
            check_details=details_of(cells.checks),
            files=(file,),
        )

    def table(self) -> RenderableType:
        facts = shown_facts(self.regions, self.regions_in_view)
        facts.add_row("edges drawn", grouped(self.facets_drawn))
        if self.boundary_components is not None:
            facts.add_row("boundary components", grouped(self.boundary_components))
        if self.view is not None:
            facts.add_row("view", view_words(self.view))
        facts.add_row("colour", self.colour)
        add_files(facts, self.files)
        return page(self.network, self.domain, facts, checks_line(self.checks, self.seconds, engine=self.engine))


def shown_facts(regions: int, in_view: int) -> Table:
    """A table of facts that begins with the regions, and how many of them are in view."""
    facts = facts_table()
    facts.add_row("regions", grouped(regions))
    if in_view != regions:
        facts.add_row("  in view", grouped(in_view))
    return facts


def view_words(view: Corners) -> str:
    """The box between two corners."""
    return " x ".join(f"[{a:.6g}, {b:.6g}]" for a, b in zip(*view, strict=True))
