"""What `relureg verify` tells: which theorem holds for which network, and what is violated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relureg.reports.layout import Folded, plain_table, titled
from relureg.reports.report import ExactNumber, NetworkFacts, Report
from relureg.theory.theorems import THEOREMS
from relureg.theory.verification import Verification
from relureg.words import plural

_MOST_LISTED = 20
"""Violations listed one by one; --json has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedNetwork(NetworkFacts):
    """A network, where it was looked at, and how many regions were found."""

    domain: str | None
    regions: int
    stopped_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TheoremFacts:
    """A theorem that was asked."""

    name: str
    statement: str
    source: str
    claimed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictFacts:
    """What a theorem says of one network: both sides of it, compared."""

    network: str
    theorem: str
    status: str
    lhs: ExactNumber | int | None
    rhs: ExactNumber | int | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFile:
    """A file of a network that violates a theorem."""

    file: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport(Report):
    """Theorems checked on exact complexes."""

    command: str = field(default="verify", init=False)
    network: None = None
    claims: bool
    seed: int | None
    networks: tuple[VerifiedNetwork, ...]
    theorems: tuple[TheoremFacts, ...]
    results: tuple[VerdictFacts, ...]
    violations: int
    saved: tuple[SavedFile, ...]

    @classmethod
    def of(
        cls, verifications: Iterable[Verification], *, claims: bool, seed: int | None, saved: Mapping[str, str]
    ) -> VerifyReport:
        """`saved` maps files to what they hold."""
        listed = list(verifications)
        return cls(
            claims=claims,
            seed=seed,
            networks=tuple(map(_verified, listed)),
            theorems=tuple(
                TheoremFacts(name=t.name, statement=t.statement, source=t.source, claimed=t.is_claimed)
                for t in THEOREMS.values()
            ),
            results=tuple(verdict for found in listed for verdict in _verdicts(found)),
            violations=sum(len(found.violations(claims=claims)) for found in listed),
            saved=tuple(SavedFile(file=file, what=what) for file, what in saved.items()),
        )

    def table(self) -> RenderableType:
        notes = [(t.name, ("claimed: " if t.claimed else "") + t.statement) for t in self.theorems]
        parts: list[RenderableType] = [self._theorems(), Folded("the theorems", notes)]
        if lines := self._violated():
            parts.append(Group(*lines))
        return titled(Text(self._title(), style="bold"), *parts, Text(self._conclusion()))

    def _title(self) -> str:
        places = {network.slice.label if network.slice else None: None for network in self.networks}
        places |= {network.domain: None for network in self.networks}
        where = "".join(f"   {place}" for place in places if place)
        counts = [network.regions for network in self.networks]
        least, most = min(counts), max(counts)
        regions = plural(least, "region") if least == most else f"{least:,} to {most:,} regions"
        return f"{plural(len(self.networks), 'network')}, {regions}{where}"

    def _theorems(self) -> Table:
        table = plain_table("theorem", "holds", "violated", "n/a")
        statuses: dict[str, Counter[str]] = {theorem.name: Counter() for theorem in self.theorems}
        for result in self.results:
            statuses[result.theorem][result.status] += 1
        for theorem in self.theorems:
            counts = statuses[theorem.name]
            violated = counts["violated"] + counts["claimed-violated"]
            bad = counts["violated"] or (violated and self.claims)
            table.add_row(
                theorem.name,
                f"{counts['holds']:,}",
                Text(f"{violated:,}", style="bold red" if bad else ""),
                f"{counts['not-applicable']:,}",
            )
        return table

    def _violated(self) -> list[Text]:
        bad = [result for result in self.results if result.status in ("violated", "claimed-violated")]
        sources = {theorem.name: theorem.source for theorem in self.theorems}
        lines = [
            Text(f"{result.status}: {result.theorem}: {result.detail}   {result.network}   ")
            + Text(sources[result.theorem], style="dim")
            for result in bad[:_MOST_LISTED]
        ]
        if len(bad) > _MOST_LISTED:
            lines.append(Text(f"and {len(bad) - _MOST_LISTED:,} more (--json lists all)"))
        return lines + [Text(f"saved {entry.file}: {entry.what}") for entry in self.saved]

    def _conclusion(self) -> str:
        stopped = sum(network.stopped_by is not None for network in self.networks)
        limit = f", {plural(stopped, 'network')} stopped by a limit" if stopped else ""
        if self.violations:
            return f"{plural(self.violations, 'violation')}{limit}   {self.seconds:.2f} s"
        claimed = sum(result.status == "claimed-violated" for result in self.results)
        note = f" ({plural(claimed, 'claimed one')} does not count; --claims)" if claimed == 1 else ""
        note = f" ({claimed:,} of claimed theorems do not count; --claims)" if claimed > 1 else note
        return f"no violation{note}{limit}   {self.seconds:.2f} s"


def _verified(verification: Verification) -> VerifiedNetwork:
    domain = None if verification.domain is None else verification.domain.label
    return VerifiedNetwork.of(
        verification.network, domain=domain, regions=verification.regions, stopped_by=verification.stopped_by
    )


def _verdicts(verification: Verification) -> Iterable[VerdictFacts]:
    for verdict in verification.verdicts:
        yield VerdictFacts(
            network=verification.network.name,
            theorem=verdict.theorem,
            status=verdict.status.value,
            lhs=_number(verdict.lhs),
            rhs=_number(verdict.rhs),
            detail=verdict.detail,
        )


def _number(value: Fraction | int | None) -> ExactNumber | int | None:
    """An integer as it is, another rational exactly and as a double."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else ExactNumber.of(value)
    return value
