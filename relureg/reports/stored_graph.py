"""What `relureg graph` tells of a journal: the region graph on disk; what was not asked for is None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from relureg.frozen import read_only
from relureg.reports.layout import add_degrees, facts_table, grouped, histogram_table, page
from relureg.reports.report import ExactNumber, NetworkFacts, Report, place_of
from relureg.words import plural

if TYPE_CHECKING:
    from relureg.complex.graph.stored_graph import StoredGraph


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGraphReport(Report):
    """The region graph of a run that kept its regions."""

    command: str = field(default="stored-graph", init=False)
    network: NetworkFacts
    domain: str
    regions: int
    facets: int
    boundary_facets: int
    watertight: bool
    unmatched_facets: int
    one_sided_facets: int
    components: int
    twice_dim: int
    average_degree: ExactNumber
    min_degree: int
    max_degree: int
    degree_histogram: Mapping[str, int]
    diameter_bounds: tuple[int, int] | None
    diameter_pair: tuple[int, int] | None
    diameter_patterns: tuple[str, str] | None
    breadth_first_searches: int | None
    folder: str

    @classmethod
    def of(cls, graph: StoredGraph, *, with_diameter: bool) -> StoredGraphReport:
        network = graph.problem.network
        degrees = graph.graph.degrees
        bounds = graph.diameter_bounds() if with_diameter and graph.num_components == 1 else None
        pair = None if bounds is None else (bounds.pair[0], bounds.pair[1])
        return cls(
            network=NetworkFacts.of(network),
            domain=place_of(network, graph.problem.domain),
            regions=graph.graph.num_regions,
            facets=graph.graph.num_facets,
            boundary_facets=graph.num_boundary,
            watertight=graph.is_watertight,
            unmatched_facets=graph.unmatched,
            one_sided_facets=graph.one_sided,
            components=graph.num_components,
            twice_dim=2 * network.input_dim,
            average_degree=ExactNumber.of(graph.average_degree),
            min_degree=int(degrees.min()),
            max_degree=int(degrees.max()),
            degree_histogram=read_only({str(k): count for k, count in graph.graph.degree_histogram.items()}),
            diameter_bounds=None if bounds is None else (bounds.low, bounds.high),
            diameter_pair=pair,
            diameter_patterns=None if pair is None else (graph.pattern(pair[0]), graph.pattern(pair[1])),
            breadth_first_searches=None if bounds is None else bounds.num_searches,
            folder=str(graph.folder),
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        facts.add_row("regions", grouped(self.regions))
        facts.add_row("facets", grouped(self.facets))
        if self.boundary_facets:
            facts.add_row("on the domain's boundary", grouped(self.boundary_facets))
        add_degrees(facts, self.average_degree, (self.min_degree, self.max_degree), self.twice_dim)
        facts.add_row("components", grouped(self.components))
        if self.diameter_bounds is not None and self.breadth_first_searches is not None:
            low, high = map(grouped, self.diameter_bounds)
            value = f"{low}   (exact" if low == high else f"{low} to {high}   (bounds"
            facts.add_row("diameter", f"{value}, {plural(self.breadth_first_searches, 'search')})")
        for region, pattern in zip(self.diameter_pair or (), self.diameter_patterns or (), strict=True):
            facts.add_row("  end", Text(f"region {grouped(region)}: {pattern}", overflow="fold"))
        faults = f"{grouped(self.unmatched_facets)} unmatched, {grouped(self.one_sided_facets)} one-sided"
        facts.add_row("watertight", "yes" if self.watertight else f"no: {faults} facets")
        facts.add_row("graph in", self.folder)
        return page(self.network, self.domain, facts, histogram_table(self.degree_histogram, self.regions))
