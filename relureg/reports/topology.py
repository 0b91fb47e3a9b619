"""What `relureg topology` tells: Betti numbers of a decision boundary and of what it separates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.engine.choice import EngineChoice
from relureg.reports.layout import checks_line, facts_table, grouped, page, plain_table
from relureg.reports.report import ExactNumber, NetworkFacts, Report, checks_of, details_of, place_of

if TYPE_CHECKING:
    from relureg.network.model import Network
    from relureg.topology.decision import Decision
    from relureg.topology.decision_topology import DecisionTopology, TopologyPart

_HOLES = ("components", "holes", "voids")
"""What the first Betti numbers count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFacts:
    """A union of faces and its Betti numbers."""

    name: str
    relation: str
    open: bool
    f_vector: tuple[int, ...]
    betti: tuple[int, ...]
    betti_rational: tuple[int, ...]
    euler: int

    @classmethod
    def of(cls, part: TopologyPart) -> PartFacts:
        return cls(
            name=part.name,
            relation=part.relation,
            open=part.is_open,
            f_vector=part.f_vector,
            betti=part.betti,
            betti_rational=part.betti_rational,
            euler=part.homology.euler,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyReport(Report):
    """The topology of a decision."""

    command: str = field(default="topology", init=False)
    network: NetworkFacts
    domain: str
    engine: str
    engine_choice: EngineChoice | None
    infinity: str
    output: int | None
    level: ExactNumber | None
    class_: int | None
    regions: int
    f_vector: tuple[int, ...]
    parts: tuple[PartFacts, ...]
    checks: Mapping[str, bool | None]
    check_details: Mapping[str, str]

    @classmethod
    def of(cls, network: Network, decision: Decision, found: DecisionTopology) -> TopologyReport:
        """`network` as it was read, without the units that cut it along the boundary."""
        cells = found.cells
        return cls(
            network=NetworkFacts.of(network),
            domain=place_of(network, cells.domain),
            engine=cells.engine,
            engine_choice=cells.engine_choice,
            infinity=found.infinity,
            output=decision.output,
            level=None if decision.output is None else ExactNumber.of(decision.level),
            class_=decision.of_class,
            regions=cells.num_regions,
            f_vector=tuple(cells.f_vector),
            parts=tuple(map(PartFacts.of, found.parts)),
            checks=checks_of(found.checks),
            check_details=details_of(found.checks),
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        facts.add_row("regions, cut along the boundary", grouped(self.regions))
        facts.add_row("faces of each dimension", "  ".join(map(grouped, self.f_vector)))
        facts.add_row("at infinity", self.infinity)
        last = max(k for part in self.parts for k, n in enumerate(part.betti) if n or not k)
        shown = max(last + 1, min(len(_HOLES), len(self.f_vector) - 1))
        heads = [_HOLES[k] if k < len(_HOLES) else f"b{k}" for k in range(shown)]
        table = plain_table("part", "where", "faces", *heads, "over Q", left=(0, 1))
        for part in self.parts:
            numbers = [grouped(n) for n in part.betti[:shown]]
            same = part.betti == part.betti_rational
            over = "same" if same else " ".join(map(grouped, part.betti_rational[:shown]))
            table.add_row(part.name, part.relation, grouped(sum(part.f_vector)), *numbers, over)
        checks = checks_line(self.checks, self.seconds, engine=self.engine)
        return page(self.network, self.domain, facts, table, checks)
