"""What `relureg range` tells: the minimum and maximum of each output, and where they are attained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.reports.exact_points import Texts, few_coordinates, point_texts
from relureg.reports.layout import page, plain_table, seconds_line
from relureg.reports.proof import ValueProofFacts, proof_lines
from relureg.reports.report import ExactNumber, NetworkFacts, Report, place_of

if TYPE_CHECKING:
    from relureg.behaviour.output_ranges import Extremum, Range
    from relureg.network.domain import Domain
    from relureg.network.model import Network
    from relureg.proofs.values import ValueProofFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtremumFacts:
    """A largest or smallest value, and where it is attained; without a value, where a ray begins and where it goes."""

    value: ExactNumber | None
    point: Texts
    ray: Texts | None
    cells: int

    @classmethod
    def of(cls, extremum: Extremum, network: Network) -> ExtremumFacts:
        ray = extremum.ray
        return cls(
            value=None if extremum.value is None else ExactNumber.of(extremum.value),
            point=point_texts(network, extremum.point),
            ray=None if ray is None else point_texts(network, ray, is_direction=True),
            cells=extremum.cells,
        )

    def words(self, sign: str) -> tuple[str, str]:
        """The value and the place."""
        if self.value is None:
            return f"{sign}inf", f"along {few_coordinates(self.ray or ())}"
        return f"{self.value.float_:.10g}", few_coordinates(self.point)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeFacts:
    """The range of a combination of outputs, of which the coefficients are texts p/q."""

    direction: Texts
    minimum: ExtremumFacts
    maximum: ExtremumFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeReport(Report):
    """The range of each output, or of a combination of them."""

    command: str = field(default="range", init=False)
    network: NetworkFacts
    domain: str
    ranges: tuple[RangeFacts, ...]
    proof: ValueProofFacts | None = None

    @classmethod
    def of(
        cls,
        network: Network,
        domain: Domain | None,
        ranges: Iterable[Range],
        *,
        proof: ValueProofFigures | None = None,
    ) -> RangeReport:
        return cls(
            network=NetworkFacts.of(network),
            domain=place_of(network, domain),
            ranges=tuple(
                RangeFacts(
                    direction=tuple(map(str, found.direction)),
                    minimum=ExtremumFacts.of(found.minimum, network),
                    maximum=ExtremumFacts.of(found.maximum, network),
                )
                for found in ranges
            ),
            proof=None if proof is None else ValueProofFacts.of(proof),
        )

    def table(self) -> RenderableType:
        table = plain_table("output", "minimum", "at", "maximum", "at", left=(0, 2, 4))
        for found in self.ranges:
            table.add_row(name_of_direction(found.direction), *found.minimum.words("-"), *found.maximum.words(""))
        return page(self.network, self.domain, table, *proof_lines(self.proof), seconds_line(self.seconds))


def name_of_direction(direction: Texts) -> str:
    """Of an output y0, y1, ...; else the coefficients of a combination."""
    others = [(k, text) for k, text in enumerate(direction) if text != "0"]
    if len(others) == 1 and others[0][1] == "1":
        return f"y{others[0][0]}"
    return f"({few_coordinates(direction)}) y"
