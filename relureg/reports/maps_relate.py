"""What `relureg maps relate` tells: how well the maps of a network go over into those of another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from rich.console import RenderableType

from relureg.reports.layout import files_part, page, percent, plain_table, seconds_line
from relureg.reports.report import NetworkFacts, Report

if TYPE_CHECKING:
    from relureg.maps.relating import RelatedMaps
    from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedNetwork:
    """A network, and the share of test points that get their label."""

    name: str
    accuracy: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationFacts:
    """From one network, by its number, to another."""

    from_: int
    to: int
    agreement: float
    accuracy: float | None
    residual: float

    @classmethod
    def of(cls, first: int, second: int, related: RelatedMaps) -> RelationFacts:
        return cls(
            from_=first,
            to=second,
            agreement=related.agreement,
            accuracy=related.accuracy,
            residual=float(np.max(related.residual)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MapsRelateReport(Report):
    """The maps of networks, sent to one another; `network` is the first one."""

    command: str = field(default="maps relate", init=False)
    network: NetworkFacts
    networks: tuple[RelatedNetwork, ...]
    points: int
    test_points: int
    relations: tuple[RelationFacts, ...]
    files: tuple[str, ...]

    @classmethod
    def of(
        cls,
        networks: Sequence[Network],
        accuracies: Sequence[float | None],
        pairs: Iterable[tuple[int, int, RelatedMaps]],
        *,
        num_points: int,
        num_test: int,
        files: Iterable[str] = (),
    ) -> MapsRelateReport:
        """`pairs` holds the numbers of both networks of each pair."""
        return cls(
            network=NetworkFacts.of(networks[0]),
            networks=tuple(
                RelatedNetwork(name=network.name, accuracy=accuracy)
                for network, accuracy in zip(networks, accuracies, strict=True)
            ),
            points=num_points,
            test_points=num_test,
            relations=tuple(RelationFacts.of(*pair) for pair in pairs),
            files=tuple(files),
        )

    def table(self) -> RenderableType:
        table = plain_table("from", "to", "class of the second", "accuracy", "residual", left=(0, 1))
        for network in self.networks:
            table.add_row(network.name, network.name, "100.0 %", percent(network.accuracy), "-")
        for row in self.relations:
            names = (self.networks[number].name for number in (row.from_, row.to))
            table.add_row(*names, percent(row.agreement), percent(row.accuracy), f"{row.residual:.3g}")
        return page(self.network, "", table, *files_part(self.files), seconds_line(self.seconds))
