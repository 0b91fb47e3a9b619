"""What `relureg animate` tells: the complex of each checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.reports.layout import add_files, facts_table, grouped, page, plain_table
from relureg.reports.plot import Corners
from relureg.reports.report import ExactNumber, NetworkFacts, Report, place_of

if TYPE_CHECKING:
    from relureg.complex.complex import Complex


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFacts:
    """The complex of one checkpoint."""

    network: str
    regions: int
    facets: int
    average_degree: ExactNumber

    @classmethod
    def of(cls, cells: Complex) -> FrameFacts:
        return cls(
            network=cells.network.name,
            regions=cells.num_regions,
            facets=cells.facets.num_inner,
            average_degree=ExactNumber.of(cells.graph.average_degree),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimateReport(Report):
    """The complex over training; `network` is the last one."""

    command: str = field(default="animate", init=False)
    network: NetworkFacts
    domain: str
    engine: str
    frames: tuple[FrameFacts, ...]
    view: Corners
    colour: str
    theme: str
    files: tuple[str, ...]

    @classmethod
    def of(
        cls, complexes: Sequence[Complex], *, view: Sequence[Sequence[float]], colour: str, theme: str, file: str
    ) -> AnimateReport:
        last = complexes[-1]
        return cls(
            network=NetworkFacts.of(last.network),
            domain=place_of(last.network, last.domain),
            engine=last.engine,
            frames=tuple(map(FrameFacts.of, complexes)),
            view=tuple(map(tuple, view)),
            colour=colour,
            theme=theme,
            files=(file,),
        )

    def table(self) -> RenderableType:
        table = plain_table("checkpoint", "regions", "facets", "average degree", left=(0,))
        for frame in self.frames:
            degree = f"{frame.average_degree.float_:.4f}"
            table.add_row(frame.network, grouped(frame.regions), grouped(frame.facets), degree)
        facts = facts_table()
        add_files(facts, self.files)
        return page(self.network, self.domain, table, facts)
