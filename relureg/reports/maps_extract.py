"""What `relureg maps extract` tells: the terms that a network uses at data, and how far they are the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import RenderableType
from rich.table import Table

from relureg.frozen import read_only
from relureg.maps.similarity import StageAgreement
from relureg.maps.tropex import AgreementCheck
from relureg.reports.layout import facts_table, files_part, page, passed_line, percent, plain_table
from relureg.reports.report import NetworkFacts, Report
from relureg.words import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from relureg.maps.extraction import Extraction, TestAgreement
    from relureg.maps.similarity import Similarity
    from relureg.network.model import Network

_CHECKS = {"theorem_3_3": "Theorem 3.3 at all data points", "everywhere": "N^(X) = N on the whole complex"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quartiles:
    """Of finite values."""

    quartile_1: float
    median: float
    quartile_3: float

    @classmethod
    def of(cls, values: NDArray[Any]) -> Quartiles | None:
        finite = values[np.isfinite(values)]
        if not len(finite):
            return None
        low, middle, high = np.quantile(finite, [0.25, 0.5, 0.75]).tolist()
        return cls(quartile_1=low, median=middle, quartile_3=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoefficientFacts:
    """Angles (degrees) and distances between the coefficients of N and N^(X) at some test points."""

    points: int
    angle: Quartiles | None
    distance: Quartiles | None

    @classmethod
    def of(cls, similarity: Similarity, which: NDArray[np.bool_]) -> CoefficientFacts:
        angle, distance = Quartiles.of(similarity.angle[which]), Quartiles.of(similarity.distance[which])
        return cls(points=int(which.sum()), angle=angle, distance=distance)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoefficientComparison:
    """Where N and N^(X) name the same class, and where not."""

    agreeing: CoefficientFacts
    disagreeing: CoefficientFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFacts:
    """Shares of the test points: the same class, and the label."""

    points: int
    agreement: float
    accuracy: float | None
    extracted_accuracy: float | None

    @classmethod
    def of(cls, agreement: TestAgreement) -> TestFacts:
        return cls(
            points=len(agreement.classes),
            agreement=agreement.agreement,
            accuracy=agreement.accuracy,
            extracted_accuracy=agreement.extracted_accuracy,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MapsExtractReport(Report):
    """An extracted function."""

    command: str = field(default="maps extract", init=False)
    network: NetworkFacts
    points: int
    numerators: int
    denominators: int
    forward_passes: float | None
    agreement_check: AgreementCheck
    checks: Mapping[str, bool]
    test: TestFacts | None
    coefficients: CoefficientComparison | None
    stages: tuple[StageAgreement, ...] | None
    files: tuple[str, ...]

    @classmethod
    def of(cls, network: Network, extraction: Extraction, *, files: Iterable[str] = ()) -> MapsExtractReport:
        test, coefficients = extraction.test, None
        if test is not None:
            agree, similarity = test.similarity.agree, test.similarity
            coefficients = CoefficientComparison(
                agreeing=CoefficientFacts.of(similarity, agree), disagreeing=CoefficientFacts.of(similarity, ~agree)
            )
        return cls(
            network=NetworkFacts.of(network),
            points=extraction.num_points,
            numerators=len(extraction.function.numerators),
            denominators=len(extraction.function.denominators),
            forward_passes=extraction.forward_passes,
            agreement_check=extraction.check,
            checks=read_only(extraction.checks),
            test=None if test is None else TestFacts.of(test),
            coefficients=coefficients,
            stages=None if test is None else test.stages,
            files=tuple(files),
        )

    def table(self) -> RenderableType:
        parts = [self._terms()]
        if self.test is not None:
            parts.append(_test_table(self.test))
        if self.coefficients is not None:
            parts.append(_coefficients_table(self.coefficients))
        if self.stages is not None:
            parts.append(_stages_table(self.stages))
        checks = passed_line((_CHECKS[name], passed) for name, passed in self.checks.items())
        checks.append(f"   {self.seconds:.2f} s", style="dim")
        return page(self.network, "", *parts, *files_part(self.files), checks)

    def _terms(self) -> Table:
        facts = facts_table()
        facts.add_row("data points", f"{self.points:,}")
        facts.add_row("terms", f"{plural(self.numerators, 'numerator')}, {plural(self.denominators, 'denominator')}")
        if self.forward_passes is not None:
            facts.add_row("cost of the extraction", f"{self.forward_passes:.1f} forward passes a point")
        facts.add_row("largest deviation at the data", f"{self.agreement_check.largest_deviation:.3g}")
        if self.agreement_check.num_ties:
            facts.add_row("other label, by a tie up to rounding", plural(self.agreement_check.num_ties, "point"))
        return facts


def _test_table(test: TestFacts) -> Table:
    table = plain_table("on test data", "")
    table.add_row("N and N^(X) give the same class", percent(test.agreement))
    if test.accuracy is not None:
        table.add_row("accuracy of N", percent(test.accuracy))
        table.add_row("accuracy of N^(X)", percent(test.extracted_accuracy))
    return table


def _coefficients_table(comparison: CoefficientComparison) -> Table:
    table = plain_table("coefficients of N against N^(X)", "test points", "angle (degrees)", "distance")
    for name, part in (("agreeing", comparison.agreeing), ("disagreeing", comparison.disagreeing)):
        table.add_row(f"{name} classes", f"{part.points:,}", _spread(part.angle), _spread(part.distance))
    return table


def _stages_table(stages: Iterable[StageAgreement]) -> Table:
    table = plain_table("layers merged down to", "keeps the class", "accuracy")
    for stage in stages:
        table.add_row(stage.merged, percent(stage.agreement), percent(stage.accuracy))
    return table


def _spread(quartiles: Quartiles | None) -> str:
    return (
        "-"
        if quartiles is None
        else f"{quartiles.median:.3g} ({quartiles.quartile_1:.3g} to {quartiles.quartile_3:.3g})"
    )
