"""What `relureg bounds` tells: every published bound, for a network or for widths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from relureg.reports.layout import Folded, huge, page, plain_table, titled
from relureg.reports.report import BoundFacts, NetworkFacts, Report, bounds_of
from relureg.words import plural

if TYPE_CHECKING:
    from relureg.network.domain import Domain
    from relureg.network.model import Network
    from relureg.theory.bounds import Bound

_KINDS = {
    "upper": "at most",
    "exact": "at most, attained",
    "lower": "some network has",
    "line": "a line meets",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundsReport(Report):
    """Bounds for a network, for widths, or for a convolution, which has neither."""

    command: str = field(default="bounds", init=False)
    widths: tuple[int, ...] | None
    domain: str | None
    bounds: tuple[BoundFacts, ...]

    @classmethod
    def of(
        cls,
        bounds: Iterable[Bound],
        *,
        network: Network | None = None,
        widths: Iterable[int] | None = None,
        domain: Domain | None = None,
    ) -> BoundsReport:
        return cls(
            network=None if network is None else NetworkFacts.of(network),
            widths=tuple(map(int, widths or ())) or None,
            domain=domain.label if domain else None,
            bounds=bounds_of(bounds),
        )

    def table(self) -> RenderableType:
        table = plain_table("bound", "kind", "value", left=(0, 1))
        for bound in self.bounds:
            if bound.applies:
                table.add_row(bound.name, _KINDS[bound.kind], huge(bound.value))
        sources = [(b.name, f"{b.source}; {b.reason}" if b.reason else b.source) for b in self.bounds if b.applies]
        others = [(b.name, b.reason or b.source) for b in self.bounds if not b.applies]
        parts: list[RenderableType] = [table, Folded("sources", sources)] if sources else []
        if others:
            parts.append(Folded("these do not apply", others))
        if self.network is not None:
            return page(self.network, self.domain or "", *parts)
        if self.widths is None:
            return Group(*(part for number, part in enumerate(parts) for part in [Text()] * (number > 0) + [part]))
        first, *rest = self.widths
        return titled(Text(plural(first, "input") + "".join(f" - {width}" for width in rest), style="bold"), *parts)
