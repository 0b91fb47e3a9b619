"""What `relureg check` tells: whether a property holds, or an exact counterexample."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from rich.console import RenderableType
from rich.text import Text

from relureg.reports.exact_points import Texts, few_coordinates, point_texts
from relureg.reports.layout import facts_table, grouped, page, seconds_line
from relureg.reports.proof import ValueProofFacts, proof_lines
from relureg.reports.report import NetworkFacts, Report
from relureg.words import plural

if TYPE_CHECKING:
    from relureg.behaviour.properties import Counterexample, Verdict
    from relureg.network.model import Network
    from relureg.proofs.values import ValueProofFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterexampleFacts:
    """An input that violates the property, the output there, and which of its cases is met; exact texts p/q."""

    point: Texts
    output: Texts
    case: int

    @classmethod
    def of(cls, found: Counterexample, network: Network) -> CounterexampleFacts:
        return cls(point=point_texts(network, found.point), output=tuple(map(str, found.output)), case=found.case)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport(Report):
    """Whether a property holds."""

    command: str = field(default="check", init=False)
    network: NetworkFacts
    property: str
    cases: int
    holds: bool
    counterexample: CounterexampleFacts | None
    cells: int
    proof: ValueProofFacts | None = None

    @classmethod
    def of(cls, network: Network, verdict: Verdict, *, proof: ValueProofFigures | None = None) -> CheckReport:
        found = verdict.counterexample
        return cls(
            network=NetworkFacts.of(network),
            property=verdict.specification.label,
            cases=len(verdict.specification.cases),
            holds=verdict.holds,
            counterexample=None if found is None else CounterexampleFacts.of(found, network),
            cells=verdict.cells,
            proof=None if proof is None else ValueProofFacts.of(proof),
        )

    def table(self) -> RenderableType:
        facts = facts_table()
        word = Text("holds", style="bold green") if self.holds else Text("violated", style="bold red")
        facts.add_row(self.property, word)
        if self.counterexample is not None:
            facts.add_row("at input", few_coordinates(self.counterexample.point), "rounded; --json is exact")
            facts.add_row("output", few_coordinates(self.counterexample.output))
        facts.add_row("cells", grouped(self.cells))
        return page(
            self.network, plural(self.cases, "case"), facts, *proof_lines(self.proof), seconds_line(self.seconds)
        )


def junit_of(network: Network, verdict: Verdict) -> bytes:
    """The verdict as a JUnit XML report: one test case, failed where the property is violated."""
    root = ElementTree.Element("testsuites", name="relureg check")
    failures = str(int(not verdict.holds))
    suite = ElementTree.SubElement(root, "testsuite", name=network.name, tests="1", failures=failures, skipped="0")
    case = ElementTree.SubElement(suite, "testcase", classname=network.name, name=verdict.specification.label)
    found = verdict.counterexample
    if found is not None:
        text = f"violated at x = {', '.join(map(str, found.point))}"
        failure = ElementTree.SubElement(case, "failure", message="an exact counterexample", type="violated")
        failure.text = f"{text}: y = {', '.join(map(str, found.output))}"
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"
