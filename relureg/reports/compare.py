"""What `relureg compare` tells: that two networks are equal, or how far they are apart and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from relureg.reports.exact_points import Texts, few_coordinates, point_texts
from relureg.reports.layout import facts_table, grouped, page, seconds_line
from relureg.reports.proof import ValueProofFacts, proof_lines
from relureg.reports.report import ExactNumber, NetworkFacts, Report, place_of

if TYPE_CHECKING:
    from relureg.behaviour.differences import Deviation, NetworkComparison
    from relureg.network.domain import Domain
    from relureg.network.model import Network
    from relureg.proofs.values import ValueProofFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationFacts:
    """The largest difference of an output, and where; without a value, a ray along which it grows without end."""

    value: ExactNumber | None
    output: int
    point: Texts
    ray: Texts | None

    @classmethod
    def of(cls, found: Deviation, network: Network) -> DeviationFacts:
        return cls(
            value=None if found.value is None else ExactNumber.of(found.value),
            output=found.output,
            point=point_texts(network, found.point),
            ray=None if found.ray is None else point_texts(network, found.ray, is_direction=True),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareReport(Report):
    """Two networks compared as functions."""

    command: str = field(default="compare", init=False)
    network: NetworkFacts
    other: NetworkFacts
    domain: str
    equal: bool
    largest: DeviationFacts | None
    cells: int
    proof: ValueProofFacts | None = None

    @classmethod
    def of(
        cls,
        one: Network,
        other: Network,
        domain: Domain | None,
        found: NetworkComparison,
        *,
        proof: ValueProofFigures | None = None,
    ) -> CompareReport:
        return cls(
            network=NetworkFacts.of(one),
            other=NetworkFacts.of(other),
            domain=place_of(one, domain),
            equal=found.are_equal,
            largest=None if found.largest is None else DeviationFacts.of(found.largest, one),
            cells=found.cells,
            proof=None if proof is None else ValueProofFacts.of(proof),
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        facts.add_row("compared with", self.other.name)
        if self.largest is None:
            facts.add_row("", Text("equal", style="bold green"))
        else:
            value = self.largest.value
            facts.add_row("largest difference", "unbounded" if value is None else f"{value.float_:.10g}")
            facts.add_row("of output", f"y{self.largest.output}")
            facts.add_row("at input" if value else "along", few_coordinates(self.largest.ray or self.largest.point))
        facts.add_row("cells", grouped(self.cells))
        return page(self.network, self.domain, facts, *proof_lines(self.proof), seconds_line(self.seconds))
