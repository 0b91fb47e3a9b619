"""What `relureg around` tells of several points: a row each."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from rich.console import RenderableType

from relureg.reports.around import Ball
from relureg.reports.layout import add_files, facts_table, grouped, page, plain_table, seconds_line
from relureg.reports.report import NetworkFacts, Report, place_of

if TYPE_CHECKING:
    from relureg.maps.surroundings import Surroundings
    from relureg.network.problem import Problem


class PointRow(TypedDict):
    """What is around one point, its values as JSON has them."""

    point: int
    regions: int
    unstable_units: int
    nearest_facet: float | None
    nearest_unit: int | None
    complete: bool
    stopped_by: str | None


COLUMNS = tuple(PointRow.__annotations__)
"""Of the rows as CSV."""


def row_of(one: Surroundings) -> PointRow:
    has_facet = one.unit >= 0
    return {
        "point": one.row,
        "regions": one.num_regions,
        "unstable_units": one.num_unstable_units,
        "nearest_facet": one.distance if has_facet and math.isfinite(one.distance) else None,
        "nearest_unit": one.unit if has_facet else None,
        "complete": one.stopped_by is None,
        "stopped_by": one.stopped_by,
    }


def csv_line(cells: Sequence[Any]) -> str:
    """One line of CSV, without its end; what is not known is an empty cell."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class AroundDataReport(Report):
    """What is around each of several points; the rows may come one by one."""

    command: str = field(default="around-data", init=False)
    network: NetworkFacts
    domain: str
    points: int
    radius: int | None
    box_radius: str | None
    max_regions: int | None
    files: tuple[str, ...]
    rows: tuple[PointRow, ...] = ()

    @classmethod
    def of(cls, problem: Problem, ball: Ball, points: int, *, files: Iterable[str] = ()) -> AroundDataReport:
        """The report but for its rows."""
        is_default = ball.radius is None and ball.box_radius is None and ball.max_regions is None
        return cls(
            network=NetworkFacts.of(problem.network),
            domain=place_of(problem.network, problem.domain),
            points=points,
            radius=1 if is_default else ball.radius,
            box_radius=ball.box_radius,
            max_regions=ball.max_regions,
            files=tuple(files),
        )

    def table(self) -> RenderableType:
        ball = Ball(radius=self.radius, box_radius=self.box_radius, max_regions=self.max_regions)
        facts = facts_table()
        facts.add_row("points", grouped(self.points))
        facts.add_row("regions", ball.words)
        if cut := sum(not row["complete"] for row in self.rows):
            facts.add_row("cut short by a limit", grouped(cut))
        add_files(facts, self.files)
        summary = plain_table("of each point", "least", "median", "mean", "largest")
        for name, key in _SUMMARISED.items():
            values = [row[key] for row in self.rows if row[key] is not None]  # type: ignore[literal-required]
            if values:
                summary.add_row(name, *(f"{f(values):.4g}" for f in (np.min, np.median, np.mean, np.max)))
        return page(self.network, self.domain, facts, summary, seconds_line(self.seconds))


_SUMMARISED = {"regions": "regions", "unstable units": "unstable_units", "nearest facet": "nearest_facet"}
