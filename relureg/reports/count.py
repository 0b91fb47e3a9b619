"""What `relureg count` and `relureg resume` tell: how many regions, by which definition, against which bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from relureg.engine.choice import EngineChoice
from relureg.engine.records import Predicates
from relureg.frozen import read_only
from relureg.reports.layout import (
    bounds_summary,
    checks_line,
    facts_table,
    grouped,
    low_to_high,
    page,
    plain_table,
)
from relureg.reports.proof import ProofFacts
from relureg.reports.report import (
    BoundFacts,
    IntervalFacts,
    NetworkFacts,
    Report,
    bounds_of,
    checks_of,
    details_of,
    place_of,
)

if TYPE_CHECKING:
    from relureg.complex.count import RegionCount
    from relureg.complex.estimation import RegionEstimate
    from relureg.complex.linear.notions import LinearRegions
    from relureg.proofs.proof_writer import ProofFigures
    from relureg.theory.bounds import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class LowHigh:
    """Two bounds of a number."""

    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledBy:
    """How many signs each way of deciding them has settled."""

    edges: int
    doubles: int
    structure: int
    small_integers: int
    refined_doubles: int
    twofold_doubles: int
    unit_values: int
    modular_integers: int
    identities: int
    remembered: int
    integers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PredicateFacts:
    """How signs were decided; each is settled in one of the ways of `settled_by`."""

    total: int
    exact: int
    zero: int
    settled_by: SettledBy
    exact_share: float

    @classmethod
    def of(cls, decided: Predicates) -> PredicateFacts:
        return cls(
            total=decided.total,
            exact=decided.exact,
            zero=decided.zero,
            settled_by=SettledBy(
                edges=decided.edges,
                doubles=decided.doubles,
                structure=decided.structural,
                small_integers=decided.small_integers,
                refined_doubles=decided.refined,
                twofold_doubles=decided.twofold,
                unit_values=decided.by_values,
                modular_integers=decided.modular,
                identities=decided.identities,
                remembered=decided.remembered,
                integers=decided.exact,
            ),
            exact_share=round(decided.exact_share, 3),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountReport(Report):
    """The number of regions; linear regions that were not asked for are None."""

    command: str = field(default="count", init=False)
    network: NetworkFacts
    domain: str
    engine: str
    engine_choice: EngineChoice | None
    complete: bool
    stopped_by: str | None
    regions: int
    estimated_regions: IntervalFacts | None = None
    """Of a run that was stopped, in all; None where it took too short a time for an estimate."""
    bounded: int
    unbounded: int
    relatively_bounded: int
    per_stage: tuple[int, ...]
    checks: Mapping[str, bool | None]
    check_details: Mapping[str, str]
    facets: int | None
    boundary_facets: int | None
    predicates: PredicateFacts | None
    activation_patterns: int | None = None
    linear_regions_open: int | None = None
    linear_regions_closed: int | None = None
    affine_pieces: int | None = None
    convex_regions: LowHigh | None = None
    definitions: Mapping[str, str] | None = None
    proof: ProofFacts | None = None
    bounds: tuple[BoundFacts, ...]

    @classmethod
    def of(
        cls,
        cells: RegionCount,
        bounds: Iterable[Bound],
        *,
        linear: LinearRegions | None = None,
        with_definitions: bool = False,
        estimate: RegionEstimate | None = None,
        proof: ProofFigures | None = None,
    ) -> CountReport:
        return cls(
            network=NetworkFacts.of(cells.network),
            domain=place_of(cells.network, cells.domain),
            engine=cells.engine,
            engine_choice=cells.engine_choice,
            complete=cells.complete,
            stopped_by=cells.stopped_by,
            regions=cells.num_regions,
            estimated_regions=None if estimate is None or cells.complete else IntervalFacts.of(estimate.num_regions),
            bounded=cells.num_bounded,
            unbounded=cells.num_unbounded,
            relatively_bounded=cells.num_relatively_bounded,
            per_stage=tuple(cells.per_stage),
            checks=checks_of(cells.checks),
            check_details=details_of(cells.checks),
            facets=cells.num_facets,
            boundary_facets=cells.num_boundary_facets,
            predicates=None if cells.predicates is None else PredicateFacts.of(cells.predicates),
            activation_patterns=None if linear is None else linear.activation_patterns,
            linear_regions_open=None if linear is None else linear.open_connected,
            linear_regions_closed=None if linear is None else linear.closed_connected,
            affine_pieces=None if linear is None else linear.affine_pieces,
            convex_regions=None if linear is None else LowHigh(low=linear.convex_low, high=linear.convex_high),
            definitions=_definitions() if with_definitions else None,
            proof=None if proof is None else ProofFacts.of(proof),
            bounds=bounds_of(bounds),
        )

    def table(self) -> RenderableType:
        linear = [] if self.affine_pieces is None else [self._notions()]
        # --verbose tells more of the last stage than a word.
        shown = {name: passed for name, passed in self.checks.items() if name != "last_stage" or passed is False}
        signs = None if self.predicates is None else (self.predicates.exact, self.predicates.total)
        checks = checks_line(shown, self.seconds, engine=self.engine, signs=signs)
        bounds = bounds_summary(self.bounds, self.regions)
        return page(self.network, self.domain, self._counts(), *linear, bounds, checks)

    def _counts(self) -> Table:
        facts = facts_table("right")
        regions = grouped(self.regions)
        if not self.complete:
            regions = f"at least {regions}" if self.regions else "not counted"
        kinds = f"bounded {grouped(self.bounded)}   unbounded {grouped(self.unbounded)}"
        if unknown := self.regions - self.bounded - self.unbounded:
            kinds += f"   not known of {grouped(unknown)}"
        if self.relatively_bounded != self.bounded:
            kinds += f"   relatively bounded {grouped(self.relatively_bounded)}"
        facts.add_row("activation regions", Text(regions, style="bold"), kinds)
        if comparisons := self.network.num_comparison_units:
            facts.add_row("", "", f"they are cells of {grouped(comparisons)} comparisons of a maximum too")
        for number, count in enumerate(self.per_stage[:-1], start=1):
            if count:  # otherwise the run was stopped before it came there
                shown = grouped(count) if self.complete else f"at least {grouped(count)}"
                facts.add_row(f"after stage {number}", shown, "")
        if self.boundary_facets and self.facets is not None:
            boundary = f"{grouped(self.boundary_facets)} on the domain's boundary"
            facts.add_row("facets between regions", grouped(self.facets), boundary)
        if self.proof is not None:
            facts.add_row("proof", "", self.proof.words())
        if not self.complete:
            what = "a proven lower bound" if self.regions else "no region was counted by then"
            facts.add_row("", "", f"stopped by {self.stopped_by}: {what}")
            if self.estimated_regions is not None:
                mean, interval = self.estimated_regions.words()
                facts.add_row("in all", f"about {mean}", f"{interval}   (95 % interval)")
        return facts

    def _notions(self) -> Table:
        """The notions of region, R1 to R6, with their definitions where they were asked for."""
        uncounted = "not counted" if self.network.output_dim == 1 else "-"
        convex = self.convex_regions
        notions = (
            ("activation_patterns", "activation patterns", _known(self.activation_patterns, "not counted")),
            ("regions", "activation regions", grouped(self.regions)),
            ("convex_regions", "convex regions", "-" if convex is None else low_to_high(convex.low, convex.high)),
            ("linear_regions_open", "open connected linear regions", _known(self.linear_regions_open, uncounted)),
            ("linear_regions_closed", "closed connected linear regions", _known(self.linear_regions_closed, uncounted)),
            ("affine_pieces", "affine pieces", _known(self.affine_pieces, uncounted)),
        )
        told = self.definitions
        table = plain_table("", "notion", "regions", *([] if told is None else [""]), left=(0, 1, 3))
        for number, (key, name, shown) in enumerate(notions, start=1):
            meaning = [] if told is None else [Text(told[key], style="dim", overflow="fold")]
            table.add_row(f"R{number}", name, shown, *meaning)
        return table


def _definitions() -> Mapping[str, str]:
    from relureg.complex.linear.notions import DEFINITIONS

    found: Mapping[str, str] = read_only(dict(DEFINITIONS))
    return found


def _known(value: int | None, otherwise: str) -> str:
    return otherwise if value is None else grouped(value)
