"""What `relureg graph` tells of a complex: degrees, faces, diameter; what was not asked for is None."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from relureg.complex.graph.hamming import HammingComparison
from relureg.engine.choice import EngineChoice
from relureg.frozen import read_only
from relureg.reports.layout import (
    add_degrees,
    add_files,
    checks_line,
    facts_table,
    grouped,
    histogram_table,
    low_to_high,
    page,
)
from relureg.reports.proof import ProofFacts
from relureg.reports.report import (
    BoundFacts,
    ExactNumber,
    NetworkFacts,
    Report,
    bounds_of,
    checks_of,
    details_of,
    place_of,
)
from relureg.reports.spectrum import SpectrumFacts, volumes_check

if TYPE_CHECKING:
    from relureg.complex.complex import Complex
    from relureg.proofs.proof_writer import ProofFigures
    from relureg.theory.bounds import Bound

_MOST_OF_A_CYCLE = 12
"""Regions of an odd cycle that the table names; --json has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphReport(Report):
    """The region graph of a complex."""

    command: str = field(default="graph", init=False)
    network: NetworkFacts
    domain: str
    engine: str
    engine_choice: EngineChoice | None
    regions: int
    facets: int
    boundary_facets: int
    components: int
    connected: bool
    bipartite: bool
    odd_cycle: tuple[int, ...] | None
    twice_dim: int
    f_vector: tuple[int, ...] | None
    f_vector_bounded: tuple[int, ...] | None
    f_vector_reason: str | None
    average_degree: ExactNumber | None = None
    min_degree: int | None = None
    max_degree: int | None = None
    degree_histogram: Mapping[str, int] | None = None
    diameter: int | None = None
    diameter_pair: tuple[int, int] | None = None
    diameter_patterns: tuple[str, str] | None = None
    radius: int | None = None
    radius_bounds: tuple[int, int] | None = None
    breadth_first_searches: int | None = None
    hamming: HammingComparison | None = None
    spectrum: SpectrumFacts | None = None
    checks: Mapping[str, bool | None]
    check_details: Mapping[str, str]
    bounds: tuple[BoundFacts, ...]
    proof: ProofFacts | None = None
    files: tuple[str, ...]

    @classmethod
    def of(
        cls,
        cells: Complex,
        bounds: Iterable[Bound],
        *,
        with_degree: bool,
        with_diameter: bool,
        with_faces: bool,
        spectrum: SpectrumFacts | None = None,
        files: Iterable[str] = (),
        proof: ProofFigures | None = None,
    ) -> GraphReport:
        graph = cells.graph
        checks = cells.checks_of(faces=with_faces, graph=with_diameter)
        if spectrum is not None:
            checks += volumes_check(cells)
        return cls(
            network=NetworkFacts.of(cells.network),
            domain=place_of(cells.network, cells.domain),
            engine=cells.engine,
            engine_choice=cells.engine_choice,
            regions=cells.num_regions,
            facets=cells.facets.num_inner,
            boundary_facets=cells.facets.num_boundary,
            components=graph.num_components,
            connected=graph.is_connected,
            bipartite=graph.is_bipartite,
            odd_cycle=None if graph.odd_cycle is None else tuple(graph.odd_cycle),
            twice_dim=2 * cells.network.input_dim,
            f_vector=tuple(cells.f_vector) if with_faces else None,
            f_vector_bounded=tuple(cells.f_vector_bounded) if with_faces else None,
            f_vector_reason=None if with_faces else f"not counted: about {cells.face_estimate:,} faces (--faces)",
            **(_degrees(cells) if with_degree else {}),
            **(_distances(cells) if with_diameter and graph.is_connected else {}),
            spectrum=spectrum,
            checks=checks_of(checks),
            check_details=details_of(checks),
            bounds=bounds_of(bounds),
            proof=None if proof is None else ProofFacts.of(proof),
            files=tuple(files),
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        facts.add_row("regions", grouped(self.regions))
        facts.add_row("facets", grouped(self.facets))
        if self.boundary_facets:
            facts.add_row("on the domain's boundary", grouped(self.boundary_facets))
        if self.average_degree is not None and self.min_degree is not None and self.max_degree is not None:
            add_degrees(facts, self.average_degree, (self.min_degree, self.max_degree), self.twice_dim)
        self._add_diameter(facts)
        if self.f_vector is not None and self.f_vector_bounded is not None:
            facts.add_row("faces of each dimension", "  ".join(map(grouped, self.f_vector)))
            facts.add_row("  bounded", "  ".join(map(grouped, self.f_vector_bounded)))
        elif self.degree_histogram is not None and self.diameter is not None:
            facts.add_row("faces of each dimension", self.f_vector_reason)
        facts.add_row("components", grouped(self.components))
        facts.add_row("bipartite", "yes" if self.odd_cycle is None else f"no   ({_cycle(self.odd_cycle)})")
        if self.hamming is not None:
            facts.add_row("distance vs Hamming", _agreement(self.hamming, self.regions))
        if self.spectrum is not None:
            self.spectrum.add_facts(facts)
        if self.proof is not None:
            facts.add_row("proof", self.proof.words())
        add_files(facts, self.files)
        histogram = [] if self.degree_histogram is None else [histogram_table(self.degree_histogram, self.regions)]
        checks = checks_line(self.checks, self.seconds, engine=self.engine)
        tables = [] if self.spectrum is None else self.spectrum.tables()
        return page(self.network, self.domain, facts, *histogram, *tables, checks)

    def _add_diameter(self, facts: Table) -> None:
        if self.diameter is None or self.diameter_patterns is None or self.radius_bounds is None:
            return
        count = self.breadth_first_searches
        searches = f"{count} breadth-first search{'' if count == 1 else 'es'}"
        facts.add_row("diameter", f"{grouped(self.diameter)}   (exact, {searches})")
        facts.add_row("  attained between", Text(" and ".join(self.diameter_patterns), overflow="fold"))
        low, high = self.radius_bounds
        facts.add_row("radius", low_to_high(low, high) + ("" if low == high else "   (bounds)"))


def _degrees(cells: Complex) -> dict[str, Any]:
    graph = cells.graph
    return {
        "average_degree": ExactNumber.of(graph.average_degree),
        "min_degree": int(graph.degrees.min()),
        "max_degree": int(graph.degrees.max()),
        "degree_histogram": read_only({str(k): count for k, count in graph.degree_histogram.items()}),
    }


def _distances(cells: Complex) -> dict[str, Any]:
    found, radius = cells.graph.diameter_search, cells.graph.radius_search
    first, second = found.pair
    return {
        "diameter": found.value,
        "diameter_pair": (first, second),
        "diameter_patterns": (cells.pattern(first), cells.pattern(second)),
        "radius": cells.graph.radius,
        "radius_bounds": (radius.low, radius.high),
        "breadth_first_searches": found.num_searches,
        "hamming": cells.hamming,
    }


def _cycle(regions: tuple[int, ...]) -> str:
    shown = [str(region) for region in regions[:_MOST_OF_A_CYCLE]] + ["..."] * (len(regions) > _MOST_OF_A_CYCLE)
    return f"a cycle of {grouped(len(regions))}: {' - '.join(shown)}"


def _agreement(comparison: HammingComparison, regions: int) -> str:
    compared = "all pairs" if comparison.num_sources == regions else f"from {comparison.num_sources} regions"
    same = "equal" if comparison.agree else f"at most {comparison.most_above} more, {comparison.most_below} less"
    return f"{same} ({compared}); {grouped(comparison.pairs_one_apart)} pairs one unit apart"
