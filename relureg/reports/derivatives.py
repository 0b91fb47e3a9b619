"""What `relureg range --of gradient` tells: the least and largest value of each partial derivative."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.reports.exact_points import Texts, few_coordinates, point_texts
from relureg.reports.layout import page, plain_table, seconds_line
from relureg.reports.range import name_of_direction
from relureg.reports.report import ExactNumber, NetworkFacts, Report, place_of

if TYPE_CHECKING:
    from relureg.behaviour.derivative_ranges import DerivativeExtremum, DerivativeRange
    from relureg.network.domain import Domain
    from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopeFacts:
    """A value of a derivative, and a point of a region that has it."""

    value: ExactNumber
    point: Texts

    @classmethod
    def of(cls, extremum: DerivativeExtremum, network: Network) -> SlopeFacts:
        return cls(value=ExactNumber.of(extremum.value), point=point_texts(network, extremum.point))


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivativeFacts:
    """The range of the derivative of an output in an input, by their numbers, or of a combination of outputs."""

    direction: Texts
    """The coefficients of the outputs, p/q."""
    output: int
    """Which one it is; 0 of a combination."""
    input: int
    minimum: SlopeFacts
    maximum: SlopeFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivativeReport(Report):
    """The range of each partial derivative."""

    command: str = field(default="range", init=False)
    network: NetworkFacts
    domain: str
    ranges: tuple[DerivativeFacts, ...]
    proof: None = None
    """There are none of derivatives."""

    @classmethod
    def of(
        cls,
        network: Network,
        domain: Domain | None,
        ranges: Iterable[DerivativeRange],
        *,
        direction: Sequence[Fraction] | None = None,
    ) -> DerivativeReport:
        return cls(
            network=NetworkFacts.of(network),
            domain=place_of(network, domain),
            ranges=tuple(
                DerivativeFacts(
                    direction=_coefficients(found.output, network.output_dim, direction),
                    output=found.output,
                    input=found.input,
                    minimum=SlopeFacts.of(found.minimum, network),
                    maximum=SlopeFacts.of(found.maximum, network),
                )
                for found in ranges
            ),
        )

    def table(self) -> RenderableType:
        table = plain_table("derivative", "minimum", "in the region of", "maximum", "in the region of", left=(0, 2, 4))
        for found in self.ranges:
            ends = [(f"{end.value.float_:.10g}", few_coordinates(end.point)) for end in (found.minimum, found.maximum)]
            table.add_row(f"d{name_of_direction(found.direction)}/dx{found.input}", *ends[0], *ends[1])
        return page(self.network, self.domain, table, seconds_line(self.seconds))


def _coefficients(output: int, count: int, direction: Sequence[Fraction] | None) -> Texts:
    return tuple(map(str, direction or [Fraction(k == output) for k in range(count)]))
