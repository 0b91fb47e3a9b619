"""What `relureg regions` tells: a row for each region; the rows may be too many to be held at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from relureg.engine.choice import EngineChoice
from relureg.reports.exports.region_files import RegionRow
from relureg.reports.layout import add_files, affine, checks_line, facts_table, few_numbers, grouped, page, plain_table
from relureg.reports.report import NetworkFacts, Report, checks_of, details_of, place_of

if TYPE_CHECKING:
    from relureg.complex.complex import Complex
    from relureg.complex.count import RegionCount


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionsReport(Report):
    """The regions of a complex."""

    command: str = field(default="regions", init=False)
    network: NetworkFacts
    domain: str
    engine: str
    engine_choice: EngineChoice | None
    regions: int
    facets: int | None
    checks: Mapping[str, bool | None]
    check_details: Mapping[str, str]
    files: tuple[str, ...]
    rows: tuple[RegionRow, ...] = ()

    @classmethod
    def of(cls, cells: Complex, *, files: Iterable[str] = ()) -> RegionsReport:
        """The report but for its rows."""
        return cls(
            network=NetworkFacts.of(cells.network),
            domain=place_of(cells.network, cells.domain),
            engine=cells.engine,
            engine_choice=cells.engine_choice,
            regions=cells.num_regions,
            facets=cells.facets.num_inner,
            checks=checks_of(cells.checks),
            check_details=details_of(cells.checks),
            files=tuple(files),
        )

    @classmethod
    def of_stream(cls, counted: RegionCount, *, files: Iterable[str]) -> RegionsReport:
        """The report of regions that went into a file while they were found."""
        return cls(
            network=NetworkFacts.of(counted.network),
            domain=place_of(counted.network, counted.domain),
            engine=counted.engine,
            engine_choice=counted.engine_choice,
            regions=counted.num_regions,
            facets=counted.num_facets,
            checks=checks_of(counted.checks),
            check_details=details_of(counted.checks),
            files=tuple(files),
        )

    def table(self) -> RenderableType:
        table = plain_table(
            "region", "pattern", "bounded", "point", "facets", "neighbours", "affine map", left=(1, 2, 3, 5, 6)
        )
        for row in self.rows:
            _add(table, row)
        facts = facts_table()
        facts.add_row("regions", grouped(self.regions))
        left_out = self.regions - len(self.rows)
        if left_out and self.rows:
            facts.add_row("not shown", f"{grouped(left_out)}   (-o FILE writes all)")
        add_files(facts, self.files)
        shown = (table, facts) if self.rows else (facts,)
        return page(self.network, self.domain, *shown, checks_line(self.checks, self.seconds, engine=self.engine))


def _add(table: Table, row: RegionRow) -> None:
    table.add_row(
        grouped(row["region"]), row["pattern"], "yes" if row["bounded"] else "no", few_numbers(row["point"]),
        grouped(len(row["facets"])), " ".join("-" if n < 0 else str(n) for n in row["neighbours"]),
        "; ".join(affine(few_numbers(w), b) for w, b in zip(row["weights"], row["bias"], strict=True)),
    )  # fmt: skip
    if "vertices" in row:
        table.add_row("", "", "", Text("vertices " + " ".join(f"({few_numbers(v)})" for v in row["vertices"])))
        if row["rays"]:
            table.add_row("", "", "", Text("rays " + " ".join(f"({few_numbers(v)})" for v in row["rays"])))
