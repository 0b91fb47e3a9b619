"""What `relureg maps cluster` tells: how much of its accuracy a network keeps with k maps for each output."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType

from relureg.reports.layout import files_part, page, percent, plain_table, seconds_line
from relureg.reports.report import NetworkFacts, Report

if TYPE_CHECKING:
    from relureg.maps.clustering import ClusteredMaps
    from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """Shares of the test points, with k maps for each output: the network's class, and the label."""

    k: int
    agreement: float
    accuracy: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapsClusterReport(Report):
    """The maps of a network, replaced by fewer."""

    command: str = field(default="maps cluster", init=False)
    network: NetworkFacts
    points: int
    test_points: int
    accuracy: float | None
    clusters: tuple[ClusterFacts, ...]
    files: tuple[str, ...]

    @classmethod
    def of(
        cls,
        network: Network,
        clusterings: Iterable[ClusteredMaps],
        *,
        num_points: int,
        num_test: int,
        accuracy: float | None,
        files: Iterable[str] = (),
    ) -> MapsClusterReport:
        return cls(
            network=NetworkFacts.of(network),
            points=num_points,
            test_points=num_test,
            accuracy=accuracy,
            clusters=tuple(
                ClusterFacts(k=one.k, agreement=one.agreement, accuracy=one.accuracy) for one in clusterings
            ),
            files=tuple(files),
        )

    def table(self) -> RenderableType:
        table = plain_table("maps for each output", "keeps the class", "accuracy", left=())
        table.add_row("all", "100.0 %", percent(self.accuracy))
        for row in self.clusters:
            table.add_row(f"{row.k:,}", percent(row.agreement), percent(row.accuracy))
        return page(self.network, "", table, *files_part(self.files), seconds_line(self.seconds))
