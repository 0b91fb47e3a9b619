"""What is told of proofs: one that was written, and `relureg check-proof`, one that was checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from relureg.reports.layout import facts_table, grouped, page
from relureg.reports.report import NetworkFacts, Report
from relureg.words import plural

if TYPE_CHECKING:
    from relureg.network.model import Network
    from relureg.proofs.checking import Proved
    from relureg.proofs.proof_writer import ProofFigures
    from relureg.proofs.values import ValueProofFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFacts:
    """A proof that was written."""

    file: str
    bytes: int
    closed: int
    claims: Mapping[str, int]

    @classmethod
    def of(cls, figures: ProofFigures) -> ProofFacts:
        return cls(file=str(figures.path), bytes=figures.num_bytes, closed=figures.num_closed, claims=figures.claims)

    def words(self) -> Text:
        """For a table."""
        claims = ", ".join(name.replace("_", " ") for name in self.claims)
        return Text(f"{self.file}   {grouped(self.bytes)} bytes, of {claims}", overflow="fold")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueProofFacts:
    """A proof of values that was written."""

    file: str
    bytes: int
    cells: int
    claims: int

    @classmethod
    def of(cls, figures: ValueProofFigures) -> ValueProofFacts:
        return cls(file=str(figures.path), bytes=figures.num_bytes, cells=figures.num_cells, claims=figures.num_claims)

    def words(self) -> Text:
        """A line below a table."""
        return Text(
            f"proof   {self.file}   {grouped(self.bytes)} bytes, {plural(self.claims, 'claim')}", overflow="fold"
        )


def proof_lines(proof: ValueProofFacts | None) -> list[RenderableType]:
    """What a page says of a proof of values: one line, or none."""
    return [] if proof is None else [proof.words()]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckProofReport(Report):
    """What a proof proves of a network."""

    command: str = field(default="check-proof", init=False)
    network: NetworkFacts
    file: str
    proved: Mapping[str, int]
    sentences: tuple[str, ...]

    @classmethod
    def of(cls, network: Network, proved: Proved, *, file: str) -> CheckProofReport:
        return cls(
            network=NetworkFacts.of(network), file=file, proved=proved.numbers, sentences=tuple(proved.sentences)
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        facts.add_row("proof", Text(self.file, overflow="fold"))
        said = Group(Text("proved:"), *(Text(sentence, overflow="fold") for sentence in self.sentences))
        return page(self.network, "", facts, Padding(said, (0, 0, 0, 2)))
