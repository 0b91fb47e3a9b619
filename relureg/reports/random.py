"""What `relureg random` tells: a random network, and how to make it again."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import RenderableType

from relureg.network.model import Network
from relureg.reports.layout import facts_table, page
from relureg.reports.report import NetworkFacts, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomReport(Report):
    """A random network."""

    command: str = field(default="random", init=False)
    network: NetworkFacts
    init: str
    seed: int
    output: str | None

    @classmethod
    def of(cls, network: Network, init: str, seed: int, output: str | None) -> RandomReport:
        return cls(network=NetworkFacts.of(network), init=init, seed=seed, output=output)

    def table(self) -> RenderableType:
        facts = facts_table()
        facts.add_row("initialisation", self.init)
        facts.add_row("seed", str(self.seed))
        facts.add_row("sha256", self.network.sha256)
        if self.output:
            facts.add_row("written to", self.output)
        return page(self.network, "", facts)
