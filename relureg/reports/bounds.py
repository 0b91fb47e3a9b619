"""What `relureg bounds` tells: every published bound, for a network or for widths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from relureg.reports.layout import huge, page, plain_table, titled
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
        table = plain_table("bound", "kind", "value", "", left=(0, 1, 3))
        for bound in self.bounds:
            note = bound.source
            if not bound.applies:
                note = f"does not apply: {bound.reason}"
            elif bound.reason:
                note = f"{note}; {bound.reason}"
            table.add_row(bound.name, _KINDS[bound.kind], huge(bound.value), Text(note, style="dim"))
        if self.network is not None:
            return page(self.network, self.domain or "", table)
        if self.widths is None:
            return table
        first, *rest = self.widths
        return titled(Text(plural(first, "input") + "".join(f" - {width}" for width in rest), style="bold"), table)
