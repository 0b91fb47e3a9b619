"""What `relureg graph --spectrum` tells: eigenvalues, the decision cut, distances and volumes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.table import Table

from relureg.complex.checks import Check
from relureg.complex.volumes import MOST_INPUTS
from relureg.errors import UsageError
from relureg.frozen import read_only
from relureg.reports.layout import grouped, plain_table
from relureg.reports.report import ExactNumber

if TYPE_CHECKING:
    from relureg.complex.complex import Complex
    from relureg.complex.decision_cut import DecisionCut
    from relureg.complex.graph.eigenvalues import Eigenvalue


@dataclass(frozen=True, slots=True, kw_only=True)
class EigenvalueFacts:
    """An eigenvalue in doubles, and how far it can be from one."""

    value: float
    error: float

    @classmethod
    def of(cls, found: Eigenvalue) -> EigenvalueFacts:
        return cls(value=found.value, error=found.error)

    def words(self) -> str:
        return f"{self.value:.9g}   (to within {self.error:.1g})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistanceFacts:
    """How many pairs of regions are how far apart."""

    sources: int
    histogram: Mapping[str, int]
    mean: ExactNumber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideFacts:
    """One side of the decision cut."""

    label: str
    regions: int
    crossing: int
    volume: int
    conductance: ExactNumber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CutFacts:
    """The decision boundary as a cut of the refined region graph."""

    level: str | None
    regions: int
    facets: int
    crossing: int
    sides: tuple[SideFacts, ...]

    @classmethod
    def of(cls, cut: DecisionCut) -> CutFacts:
        return cls(
            level=None if cut.level is None else str(cut.level),
            regions=cut.num_regions,
            facets=cut.num_facets,
            crossing=cut.num_crossing,
            sides=tuple(
                SideFacts(
                    label=side.label,
                    regions=side.conductance.num_regions,
                    crossing=side.conductance.num_crossing,
                    volume=side.conductance.volume,
                    conductance=_exact(side.conductance.value),
                )
                for side in cut.sides
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeFacts:
    """How the regions share a bounded domain."""

    total: ExactNumber
    smallest: ExactNumber
    largest: ExactNumber
    entropy: float
    largest_entropy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectrumFacts:
    """What `--spectrum` adds to a report of the region graph."""

    fiedler_value: EigenvalueFacts | None
    spectral_gap: EigenvalueFacts | None
    distances: DistanceFacts
    decision_cut: CutFacts | None
    decision_cut_reason: str | None
    volumes: VolumeFacts | None
    volumes_reason: str | None

    @classmethod
    def of(cls, cells: Complex, cut: DecisionCut | str) -> SpectrumFacts:
        """With the decision cut, or why there is none."""
        spectrum, distances = cells.graph.spectrum, cells.graph.distance_distribution
        volumes = _volumes(cells)
        return cls(
            fiedler_value=None if spectrum is None else EigenvalueFacts.of(spectrum.fiedler),
            spectral_gap=None if spectrum is None else EigenvalueFacts.of(spectrum.gap),
            distances=DistanceFacts(
                sources=distances.num_sources,
                histogram=read_only({str(steps): count for steps, count in distances.histogram.items()}),
                mean=_exact(distances.mean),
            ),
            decision_cut=None if isinstance(cut, str) else CutFacts.of(cut),
            decision_cut_reason=cut if isinstance(cut, str) else None,
            volumes=None if isinstance(volumes, str) else volumes,
            volumes_reason=volumes if isinstance(volumes, str) else None,
        )

    def add_facts(self, facts: Table) -> None:
        """Rows of the table of facts."""
        if self.fiedler_value is not None and self.spectral_gap is not None:
            facts.add_row("Fiedler value", self.fiedler_value.words())
            facts.add_row("spectral gap", self.spectral_gap.words())
        if self.distances.mean is not None:
            facts.add_row("mean distance", f"{self.distances.mean.float_:.6g}   ({self.distances.mean.ratio})")
        if self.volumes is not None:
            most = f"at most {self.volumes.largest_entropy:.6g}" if self.volumes.largest_entropy else "one region"
            facts.add_row("entropy of volumes", f"{self.volumes.entropy:.6g} nats   ({most})")
        else:
            facts.add_row("entropy of volumes", self.volumes_reason)
        if self.decision_cut is None:
            facts.add_row("decision cut", self.decision_cut_reason)
            return
        crossing, facets = grouped(self.decision_cut.crossing), grouped(self.decision_cut.facets)
        facts.add_row("decision cut", f"{crossing} of {facets} facets of the refined graph")

    def tables(self) -> list[Table]:
        """Distances, and the sides of the decision cut."""
        distances = plain_table("distance", "pairs", "share")
        pairs = sum(self.distances.histogram.values())
        for steps, count in self.distances.histogram.items():
            distances.add_row(steps, grouped(count), f"{100 * count / pairs:.1f} %")
        found = [distances] if pairs else []
        if self.decision_cut is not None and self.decision_cut.sides:
            sides = plain_table("side", "regions", "facets crossed", "conductance", "exactly", left=(0, 4))
            for side in self.decision_cut.sides:
                value = side.conductance
                shown = ("-", "") if value is None else (f"{value.float_:.4g}", value.ratio)
                sides.add_row(side.label, grouped(side.regions), grouped(side.crossing), *shown)
            found.append(sides)
        return found


def volumes_check(cells: Complex) -> tuple[Check, ...]:
    """The check of the volumes, where there are any."""
    return () if isinstance(_volumes(cells), str) else (cells.volumes.check,)


def _volumes(cells: Complex) -> VolumeFacts | str:
    """The volumes, or why there are none."""
    try:
        volumes = cells.volumes
    except UsageError:
        dim = cells.network.input_dim
        return f"not computed with {dim} inputs" if dim > MOST_INPUTS else "regions are unbounded (--box)"
    return VolumeFacts(
        total=ExactNumber.of(volumes.total),
        smallest=ExactNumber.of(min(volumes.regions)),
        largest=ExactNumber.of(max(volumes.regions)),
        entropy=volumes.entropy,
        largest_entropy=math.log(cells.num_regions),
    )


def _exact(value: Fraction | None) -> ExactNumber | None:
    return None if value is None else ExactNumber.of(value)
