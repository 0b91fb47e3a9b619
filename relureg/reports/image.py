"""What `relureg image` tells: the polytopes that an image consists of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.reports.exact_points import Texts, few_coordinates
from relureg.reports.layout import facts_table, grouped, page, plain_table, seconds_line
from relureg.reports.preimage import SHOWN
from relureg.reports.report import NetworkFacts, Report, place_of

if TYPE_CHECKING:
    from relureg.behaviour.preimages import ImagePiece
    from relureg.network.domain import Domain
    from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """The outputs on a region: rows c, a0, ... with ``c + a . y`` not negative, or 0 in equations; and generators."""

    region: int
    inequalities: tuple[Texts, ...]
    equations: tuple[Texts, ...]
    vertices: tuple[Texts, ...]
    rays: tuple[Texts, ...]

    @classmethod
    def of(cls, piece: ImagePiece) -> ImageFacts:
        polytope = piece.polytope
        return cls(
            region=piece.region,
            inequalities=tuple(tuple(map(str, row)) for row in polytope.inequalities),
            equations=tuple(tuple(map(str, row)) for row in polytope.equations),
            vertices=tuple(tuple(map(str, row)) for row in polytope.vertices),
            rays=tuple(tuple(map(str, row)) for row in polytope.rays),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReport(Report):
    """The images of all regions."""

    command: str = field(default="image", init=False)
    network: NetworkFacts
    domain: str
    num_pieces: int
    pieces: tuple[ImageFacts, ...]

    @classmethod
    def of(cls, network: Network, domain: Domain | None, found: Iterable[ImagePiece]) -> ImageReport:
        pieces = tuple(map(ImageFacts.of, found))
        return cls(
            network=NetworkFacts.of(network), domain=place_of(network, domain), num_pieces=len(pieces), pieces=pieces
        )

    def table(self) -> RenderableType:
        table = plain_table("region", "dimension", "facets", "vertices", "rays", "a vertex", left=(5,))
        for piece in self.pieces[:SHOWN]:
            table.add_row(
                str(piece.region), str(self.network.output_dim - len(piece.equations)), str(len(piece.inequalities)),
                str(len(piece.vertices)), str(len(piece.rays)), few_coordinates(piece.vertices[0]),
            )  # fmt: skip
        facts = facts_table()
        facts.add_row("pieces", grouped(self.num_pieces))
        parts: list[RenderableType] = [facts, table]
        if self.num_pieces > SHOWN:
            parts.append(f"the first {SHOWN} of them; --json has all")
        return page(self.network, self.domain, *parts, seconds_line(self.seconds))
