"""What `relureg persistence` tells: the classes of sublevel sets, and how far two networks are apart by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.engine.choice import EngineChoice
from relureg.reports.layout import add_files, checks_line, facts_table, grouped, page, plain_table
from relureg.reports.report import ExactNumber, NetworkFacts, Report, checks_of, details_of, place_of
from relureg.words import plural

if TYPE_CHECKING:
    from relureg.complex.complex import Complex
    from relureg.topology.persistence import PersistenceDiagram, PersistencePair

_NAMES = ("components", "holes", "voids")
_MOST_SHOWN = 20
"""Classes that the table shows, those that live longest; --json and -o have all."""

_LONGEST = 30
"""Characters of exact numbers in the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFacts:
    """A class, from its birth to its death."""

    dimension: int
    birth: ExactNumber
    death: ExactNumber | None

    @classmethod
    def of(cls, pair: PersistencePair) -> PairFacts:
        death = None if pair.death is None else ExactNumber.of(pair.death)
        return cls(dimension=pair.dimension, birth=ExactNumber.of(pair.birth), death=death)

    @property
    def lasting(self) -> float:
        """How long it lives, for the order in which classes are shown."""
        return float("inf") if self.death is None else self.death.float_ - self.birth.float_


@dataclass(frozen=True, slots=True, kw_only=True)
class DistanceOfDiagrams:
    """The bottleneck distance to another network, in one dimension."""

    dimension: int
    distance: ExactNumber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFacts:
    """Another network, and how far its diagram is away."""

    network: NetworkFacts
    regions: int
    classes: int
    bottleneck: tuple[DistanceOfDiagrams, ...]

    @classmethod
    def of(cls, cells: Complex, diagram: PersistenceDiagram, other: PersistenceDiagram) -> ComparedFacts:
        """`diagram` is that of the network told of, `other` that of `cells`."""
        distances = []
        for dimension in sorted({*diagram.dimensions, *other.dimensions}):
            found = diagram.bottleneck_distance(other, dimension)
            told = None if found is None else ExactNumber.of(found)
            distances.append(DistanceOfDiagrams(dimension=dimension, distance=told))
        return cls(
            network=NetworkFacts.of(cells.network),
            regions=cells.num_regions,
            classes=len(other.pairs),
            bottleneck=tuple(distances),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PersistenceReport(Report):
    """A persistence diagram."""

    command: str = field(default="persistence", init=False)
    network: NetworkFacts
    domain: str
    engine: str
    engine_choice: EngineChoice | None
    regions: int
    by: str
    least: ExactNumber
    largest: ExactNumber
    simplices: int
    classes: tuple[PairFacts, ...]
    compared: ComparedFacts | None
    checks: Mapping[str, bool | None]
    check_details: Mapping[str, str]
    files: tuple[str, ...]

    @classmethod
    def of(
        cls,
        cells: Complex,
        diagram: PersistenceDiagram,
        *,
        compared: ComparedFacts | None = None,
        files: Iterable[str] = (),
    ) -> PersistenceReport:
        checks = (*cells.checks, diagram.check)
        return cls(
            network=NetworkFacts.of(cells.network),
            domain=place_of(cells.network, cells.domain),
            engine=cells.engine,
            engine_choice=cells.engine_choice,
            regions=cells.num_regions,
            by=diagram.by,
            least=ExactNumber.of(diagram.least),
            largest=ExactNumber.of(diagram.largest),
            simplices=diagram.num_simplices,
            classes=tuple(map(PairFacts.of, diagram.pairs)),
            compared=compared,
            checks=checks_of(checks),
            check_details=details_of(checks),
            files=tuple(files),
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        facts.add_row("regions", grouped(self.regions))
        facts.add_row("filtered by", f"{self.by}, from {self.least.float_:.6g} to {self.largest.float_:.6g}")
        facts.add_row("simplices", grouped(self.simplices))
        for dimension in sorted({pair.dimension for pair in self.classes}):
            count = sum(pair.dimension == dimension for pair in self.classes)
            facts.add_row(_name(dimension), grouped(count))
        if self.compared is not None:
            other = self.compared
            facts.add_row("compared with", f"{other.network.name}   ({plural(other.classes, 'class')})")
            for found in other.bottleneck:
                value = found.distance
                shown = "infinite" if value is None else f"{value.float_:.6g}   ({value.ratio})"
                facts.add_row(f"  bottleneck, {_name(found.dimension)}", shown)
        add_files(facts, self.files)
        table = plain_table("", "birth", "death", "exactly", left=(0, 3))
        longest = sorted(self.classes, key=lambda pair: -pair.lasting)
        for pair in longest[:_MOST_SHOWN]:
            death = ("never", "") if pair.death is None else (f"{pair.death.float_:.6g}", f" to {pair.death.ratio}")
            table.add_row(
                _name(pair.dimension, one=True),
                f"{pair.birth.float_:.6g}",
                death[0],
                _exactly(pair.birth.ratio + death[1]),
            )
        if len(longest) > _MOST_SHOWN:
            table.add_row("...", "", "", f"and {len(longest) - _MOST_SHOWN:,} that live no longer (--json, -o)")
        checks = checks_line(self.checks, self.seconds, engine=self.engine)
        return page(self.network, self.domain, facts, table, checks)


def _exactly(text: str) -> str:
    """What is short enough for a column; --json has it at any length."""
    return text if len(text) <= _LONGEST else ""


def _name(dimension: int, *, one: bool = False) -> str:
    if dimension >= len(_NAMES):
        return f"class{'es' * (not one)} of dimension {dimension}"
    return _NAMES[dimension][:-1] if one else _NAMES[dimension]
