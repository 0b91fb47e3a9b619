"""What `relureg lipschitz` tells: the Lipschitz constant, and the region that attains it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.exact.numbers import nearest_double
from relureg.reports.exact_points import Texts, few_coordinates
from relureg.reports.layout import grouped, page, plain_table, seconds_line
from relureg.reports.proof import ValueProofFacts, proof_lines
from relureg.reports.report import ExactNumber, NetworkFacts, Report, place_of

if TYPE_CHECKING:
    from relureg.behaviour.lipschitz_constants import LipschitzConstant
    from relureg.network.domain import Domain
    from relureg.network.model import Network
    from relureg.proofs.values import ValueProofFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class LipschitzFacts:
    """A constant between two rationals, which are equal where it is rational; and a point of the region with it."""

    output: int | None
    low: ExactNumber
    high: ExactNumber
    point: Texts
    jacobian: tuple[Texts, ...]

    @classmethod
    def of(cls, found: LipschitzConstant, output: int | None) -> LipschitzFacts:
        return cls(
            output=output,
            low=ExactNumber.of(found.value.low),
            high=ExactNumber.of(found.value.high),
            point=tuple(map(str, found.point)),
            jacobian=tuple(tuple(map(str, row)) for row in found.jacobian.fractions()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LipschitzReport(Report):
    """The Lipschitz constant of all outputs together, or of each."""

    command: str = field(default="lipschitz", init=False)
    network: NetworkFacts
    domain: str
    p: str
    q: str
    cells: int
    constants: tuple[LipschitzFacts, ...]
    proof: ValueProofFacts | None = None

    @classmethod
    def of(
        cls,
        network: Network,
        domain: Domain | None,
        found: Iterable[LipschitzConstant],
        *,
        p: str,
        q: str,
        alone: bool,
        proof: ValueProofFigures | None = None,
    ) -> LipschitzReport:
        """`alone`: each of the constants is that of an output by itself."""
        listed = list(found)
        return cls(
            network=NetworkFacts.of(network),
            domain=place_of(network, domain),
            p=p,
            q=q,
            cells=listed[0].cells,
            constants=tuple(LipschitzFacts.of(one, k if alone else None) for k, one in enumerate(listed)),
            proof=None if proof is None else ValueProofFacts.of(proof),
        )

    def table(self) -> RenderableType:
        table = plain_table("outputs", "Lipschitz constant", "up to", "in the region of", left=(0, 3))
        for one in self.constants:
            width = Fraction(one.high.num, one.high.den) - Fraction(one.low.num, one.low.den)
            table.add_row(
                "all" if one.output is None else f"y{one.output}",
                f"{one.low.float_:.15g}",
                f"{nearest_double(width):.1g}" if width else "exact",
                few_coordinates(one.point),
            )
        place = f"{self.domain}   norms {self.p} to {self.q}   {grouped(self.cells)} cells"
        return page(self.network, place, table, *proof_lines(self.proof), seconds_line(self.seconds))
