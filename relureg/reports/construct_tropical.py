"""What `relureg construct tropical` tells: the function, and the network made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.reports.layout import facts_table, grouped, page
from relureg.reports.report import NetworkFacts, Report
from relureg.tropical.notation import in_max_notation, in_tropical_notation

if TYPE_CHECKING:
    from relureg.network.model import Network
    from relureg.tropical.rational_function import TropicalRational


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstructTropicalReport(Report):
    """A network of a tropical rational function."""

    command: str = field(default="construct tropical", init=False)
    network: NetworkFacts
    variables: tuple[str, ...]
    max: str
    tropical: str
    monomials: tuple[int, int]
    layers: int
    depth_bound: int
    file: str | None

    @classmethod
    def of(
        cls,
        function: TropicalRational,
        network: Network,
        variables: Sequence[str],
        *,
        depth_bound: int,
        file: str | None,
    ) -> ConstructTropicalReport:
        return cls(
            network=NetworkFacts.of(network),
            variables=tuple(variables),
            max=in_max_notation(function, variables),
            tropical=in_tropical_notation(function, variables),
            monomials=(function.numerator.num_monomials, function.denominator.num_monomials),
            layers=len(network.stages) + 1,
            depth_bound=depth_bound,
            file=file,
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        facts.add_row("function", self.max)
        facts.add_row("", self.tropical)
        above, below = self.monomials
        facts.add_row("monomials", f"{grouped(above)} in the numerator, {grouped(below)} in the denominator")
        facts.add_row("inputs", ", ".join(self.variables))
        facts.add_row("layers", f"{self.layers}, at most {self.depth_bound}")
        if self.file is not None:
            facts.add_row("written to", self.file)
        return page(self.network, "", facts)

    def line(self) -> str:
        """The same in one line."""
        return f"{self.network.name}: {self.layers} layers, at most {self.depth_bound}"
