"""What `relureg preimage` tells: the polyhedra that a preimage consists of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.reports.exact_points import Texts, few_coordinates, point_texts
from relureg.reports.layout import facts_table, grouped, page, plain_table, seconds_line
from relureg.reports.report import ExactNumber, NetworkFacts, Report, place_of

if TYPE_CHECKING:
    from relureg.behaviour.preimages import Preimage
    from relureg.complex.polyhedron import Polyhedron
    from relureg.network.domain import Domain
    from relureg.network.model import Network

SHOWN = 10
"""Pieces that a table lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceFacts:
    """A polyhedron: rows c, a0, a1, ... of inequalities ``c + a . x >= 0``, none redundant, and its generators."""

    pattern: str
    inequalities: tuple[Texts, ...]
    vertices: tuple[Texts, ...]
    rays: tuple[Texts, ...]
    lines: tuple[Texts, ...]

    @classmethod
    def of(cls, piece: Polyhedron, pattern: str, network: Network) -> PieceFacts:
        """Of the inputs that are left; generators in the space around a slice."""
        maps = piece.inequalities
        rows = zip(maps.constant.fractions(), maps.matrix.fractions(), strict=True)

        def directions(listed: Sequence[Sequence[Fraction]]) -> tuple[Texts, ...]:
            return tuple(point_texts(network, row, is_direction=True) for row in listed)

        return cls(
            pattern=pattern,
            inequalities=tuple((str(constant), *map(str, row)) for (constant,), row in rows),
            vertices=tuple(point_texts(network, row) for row in piece.vertices.fractions()),
            rays=directions(piece.rays.fractions()),
            lines=directions(piece.lines.fractions()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PreimageReport(Report):
    """All pieces, and their volume where they are bounded."""

    command: str = field(default="preimage", init=False)
    network: NetworkFacts
    domain: str
    target: str
    num_pieces: int
    bounded: bool
    volume: ExactNumber | None
    pieces: tuple[PieceFacts, ...]
    file: str | None

    @classmethod
    def of(
        cls, network: Network, domain: Domain | None, found: Preimage, target: str, file: Path | None
    ) -> PreimageReport:
        inside, total = found.cells.network, found.volume()
        return cls(
            network=NetworkFacts.of(network),
            domain=place_of(network, domain),
            target=target,
            num_pieces=len(found),
            bounded=total is not None,
            volume=None if total is None else ExactNumber.of(total),
            pieces=tuple(
                PieceFacts.of(piece, found.pattern(region), inside)
                for region, piece in zip(found.regions, found, strict=True)
            ),
            file=None if file is None else str(file),
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        facts.add_row("pieces", grouped(self.num_pieces))
        facts.add_row("volume", "infinite" if self.volume is None else f"{self.volume.float_:.10g}")
        if self.file is not None:
            facts.add_row("picture", self.file)
        table = plain_table("signs", "facets", "vertices", "rays", "a vertex", left=(0, 4))
        for piece in self.pieces[:SHOWN]:
            table.add_row(
                piece.pattern if len(piece.pattern) <= 40 else f"{piece.pattern[:37]}...",
                str(len(piece.inequalities)), str(len(piece.vertices)), str(len(piece.rays) + 2 * len(piece.lines)),
                few_coordinates(piece.vertices[0]) if piece.vertices else "",
            )  # fmt: skip
        parts: list[RenderableType] = [facts]
        if self.pieces:
            parts.append(table)
        if self.num_pieces > SHOWN:
            parts.append(f"the first {SHOWN} of them; --json has all")
        return page(self.network, f"{self.domain}   to {self.target}", *parts, seconds_line(self.seconds))
