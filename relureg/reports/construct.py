"""What `relureg construct` tells: the catalogue, or the network made of it and the regions it must have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from relureg.frozen import read_only
from relureg.reports.layout import Folded, facts_table, page, plain_table
from relureg.reports.report import NetworkFacts, Report

if TYPE_CHECKING:
    from relureg.families.catalogue import Constructed, Construction


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterFacts:
    """A parameter of a family."""

    name: str
    meaning: str
    default: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyFacts:
    """A family of networks in the catalogue."""

    name: str
    summary: str
    source: str
    parameters: tuple[ParameterFacts, ...]
    example: str

    @classmethod
    def of(cls, family: Construction) -> FamilyFacts:
        return cls(
            name=family.name,
            summary=family.summary,
            source=family.source,
            parameters=tuple(
                ParameterFacts(name=p.name, meaning=p.meaning, default=p.default) for p in family.parameters
            ),
            example=family.example,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueReport(Report):
    """What can be made."""

    command: str = field(default="construct", init=False)
    network: None = None
    constructions: tuple[FamilyFacts, ...]

    @classmethod
    def of(cls, families: Iterable[Construction]) -> CatalogueReport:
        return cls(constructions=tuple(map(FamilyFacts.of, families)))

    def table(self) -> RenderableType:
        table = plain_table("construction", "example", left=(0, 1))
        notes = []
        for family in self.constructions:
            table.add_row(family.name, family.example)
            notes.append((family.name, f"{family.summary} ({family.source})"))
        parameters = [
            (f"{family.name} {parameter.name}", _meaning(parameter))
            for family in self.constructions
            for parameter in family.parameters
        ]
        return Group(table, Text(), Folded("what they are", notes), Text(), Folded("parameters", parameters))


def _meaning(parameter: ParameterFacts) -> str:
    if parameter.default is None:
        return parameter.meaning
    return f"{parameter.meaning}; {parameter.default or 'none'} where nothing else is said"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstructReport(Report):
    """A network of the catalogue."""

    command: str = field(default="construct", init=False)
    network: NetworkFacts
    construction: str
    parameters: Mapping[str, str]
    source: str
    regions: int | None
    regions_at_least: int | None
    output: str | None

    @classmethod
    def of(cls, made: Constructed, parameters: Mapping[str, str], output: str | None) -> ConstructReport:
        return cls(
            network=NetworkFacts.of(made.network),
            construction=made.construction.name,
            parameters=read_only(dict(parameters)),
            source=made.construction.source,
            regions=made.regions,
            regions_at_least=made.at_least if made.regions is None else made.regions,
            output=output,
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        facts.add_row("activation regions", self._count())
        facts.add_row("source", self.source)
        if self.output:
            facts.add_row("written to", self.output)
        return page(self.network, "", facts)

    def line(self) -> str:
        """The same in one line."""
        return f"{self.network.name}: {self._count()} activation regions ({self.source})"

    def _count(self) -> str:
        if self.regions is not None:
            return f"{self.regions:,}"
        least = self.regions_at_least
        return "an unknown number of" if least is None else f"at least {least:,}"
