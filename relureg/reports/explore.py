"""What `relureg explore` tells: which regions the page holds, and how large it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.reports.layout import add_files, checks_line, page
from relureg.reports.plot import Corners, shown_facts, view_words
from relureg.reports.report import NetworkFacts, Report, checks_of, details_of, place_of

if TYPE_CHECKING:
    from relureg.complex.complex import Complex


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploreReport(Report):
    """A page in which a complex is walked through."""

    command: str = field(default="explore", init=False)
    network: NetworkFacts
    domain: str
    engine: str
    regions: int
    regions_in_view: int
    view: Corners
    colour: str
    theme: str
    bytes: int
    """Of the page."""
    checks: Mapping[str, bool | None]
    check_details: Mapping[str, str]
    files: tuple[str, ...]

    @classmethod
    def of(
        cls, cells: Complex, *, regions_in_view: int, view: Corners, colour: str, theme: str, size: int, file: str
    ) -> ExploreReport:
        return cls(
            network=NetworkFacts.of(cells.network),
            domain=place_of(cells.network, cells.domain),
            engine=cells.engine,
            regions=cells.num_regions,
            regions_in_view=regions_in_view,
            view=view,
            colour=colour,
            theme=theme,
            bytes=size,
            checks=checks_of(cells.checks),
            check_details=details_of(cells.checks),
            files=(file,),
        )

    def table(self) -> RenderableType:
        facts = shown_facts(self.regions, self.regions_in_view)
        facts.add_row("view", view_words(self.view))
        facts.add_row("colour", self.colour)
        facts.add_row("page", f"{self.bytes / 1e6:.2f} MB")
        add_files(facts, self.files)
        return page(self.network, self.domain, facts, checks_line(self.checks, self.seconds, engine=self.engine))
