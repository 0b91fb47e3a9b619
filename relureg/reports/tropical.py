"""What `relureg tropical` tells: the tropical view of a network or expression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from relureg.reports.layout import facts_table, grouped, huge, page, passed_line, plain_table, titled
from relureg.reports.polynomial import PolynomialFacts, PolynomialText
from relureg.reports.report import NetworkFacts, Report, checks_of, details_of
from relureg.words import plural

if TYPE_CHECKING:
    from relureg.tropical.analysis import OutputAnalysis, TropicalAnalysis
    from relureg.tropical.construction import Construction
    from relureg.tropical.levels import LevelSet


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthFacts:
    """The monomials of a stage, before and after those that never matter are left out."""

    stage: str
    expanded: int
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFacts:
    """How a level set of an output divides the input space."""

    value: str
    positive_components: int
    negative_components: int
    flat_regions: int
    boundary_points: int

    @classmethod
    def of(cls, level: LevelSet) -> LevelFacts:
        return cls(
            value=str(level.level),
            positive_components=level.positive_components,
            negative_components=level.negative_components,
            flat_regions=level.flat_regions,
            boundary_points=len(level.boundary_points),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFacts:
    """An output as numerator minus denominator."""

    output: int
    numerator: PolynomialFacts
    denominator: PolynomialFacts
    sum_monomials: int
    linear_regions: int | None
    level: LevelFacts | None

    @classmethod
    def of(cls, one: OutputAnalysis, names: tuple[str, ...]) -> OutputFacts:
        return cls(
            output=one.output,
            numerator=PolynomialFacts.of(one.numerator, names),
            denominator=PolynomialFacts.of(one.denominator, names),
            sum_monomials=one.product.num_monomials,
            linear_regions=one.linear_regions,
            level=None if one.level is None else LevelFacts.of(one.level),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonDenominator:
    """All outputs over one denominator."""

    denominator: PolynomialText
    numerators: tuple[PolynomialText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonotopeFacts:
    """The zonotope of a network with one hidden layer."""

    segments: int
    vertices: int
    upper_vertices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeNetwork:
    """A network made of the form."""

    widths: tuple[int, ...]
    layers: int
    depth_bound: int

    @classmethod
    def of(cls, built: Construction) -> MadeNetwork:
        network = built.network
        return cls(
            widths=(network.input_dim, *network.widths, network.output_dim),
            layers=built.num_layers,
            depth_bound=built.depth_bound,
        )

    def __str__(self) -> str:
        widths = " - ".join(map(str, self.widths))
        return f"{widths}   {plural(self.layers, 'layer')}, at most {self.depth_bound}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TropicalReport(Report):
    """A network as a tropical rational map, and whether that matches the regions."""

    command: str = field(default="tropical", init=False)
    network: NetworkFacts
    expression: str | None
    variables: tuple[str, ...]
    complete: bool
    stopped_by: str | None
    growth: tuple[GrowthFacts, ...]
    integer_exponents: bool | None
    outputs: tuple[OutputFacts, ...]
    common_denominator: CommonDenominator | None
    regions: int | None
    zonotope: ZonotopeFacts | None
    construction: MadeNetwork | None
    round_trip: tuple[MadeNetwork, ...]
    checks: Mapping[str, bool | None]
    check_details: Mapping[str, str]

    @classmethod
    def of(cls, analysis: TropicalAnalysis, expression: str | None) -> TropicalReport:
        return cls(
            network=NetworkFacts.of(analysis.network),
            expression=expression,
            variables=tuple(analysis.variables),
            complete=analysis.complete,
            stopped_by=analysis.stopped_by,
            growth=tuple(GrowthFacts(stage=one.name, expanded=one.expanded, kept=one.kept) for one in analysis.growth),
            integer_exponents=analysis.has_integer_exponents if analysis.outputs else None,
            outputs=tuple(OutputFacts.of(one, analysis.variables) for one in analysis.outputs),
            common_denominator=_common(analysis),
            regions=analysis.regions,
            zonotope=_zonotope(analysis),
            construction=None if analysis.construction is None else MadeNetwork.of(analysis.construction),
            round_trip=tuple(map(MadeNetwork.of, analysis.round_trip)),
            checks=checks_of(analysis.checks),
            check_details=details_of(analysis.checks),
        )

    def table(self) -> RenderableType:
        parts: list[RenderableType] = []
        if self.growth:
            growth = plain_table("stage", "monomials expanded", "kept")
            for stage in self.growth:
                growth.add_row(stage.stage, huge(stage.expanded), grouped(stage.kept))
            parts.append(growth)
        if self.outputs:
            parts += [self._counts(), *map(self._form, self.outputs)]
        facts = facts_table()
        for label, text in self._facts():
            facts.add_row(label, text)
        if facts.row_count:
            parts.append(facts)
        checks = passed_line((name.replace("_", " "), passed) for name, passed in self.checks.items())
        parts.append(checks.append(f"   {self.seconds:.2f} s", style="dim"))
        if self.expression is None:
            return page(self.network, "", *parts)
        return titled(Text(self.expression, style="bold"), *parts)

    def _counts(self) -> Table:
        table = plain_table(
            "output", "N(F)", "N(G)", "N(F+G)", "linear regions", "regions", "vertices of Newton polytopes"
        )
        for output in self.outputs:
            above, below = output.numerator, output.denominator
            table.add_row(
                f"y{output.output}",
                grouped(above.monomials),
                grouped(below.monomials),
                grouped(output.sum_monomials),
                _known(output.linear_regions),
                _known(self.regions),
                f"{grouped(above.newton_vertices)}, {grouped(below.newton_vertices)}",
            )
        return table

    def _form(self, output: OutputFacts) -> Table:
        kind = "integer" if self.integer_exponents else "rational"
        lines = facts_table()
        lines.add_row(f"y{output.output} = F - G", f"{kind} exponents")
        for label, one in (("F", output.numerator), ("G", output.denominator)):
            if one.is_short:
                lines.add_row(f"  {label}", one.max)
                lines.add_row("", one.tropical)
            else:
                lines.add_row(f"  {label}", f"{plural(one.monomials, 'monomial')} (--json lists them)")
            lines.add_row("", one.meeting(len(self.variables)))
        return lines

    def _facts(self) -> Iterator[tuple[str, str | None]]:
        for output in self.outputs:
            if (level := output.level) is not None:
                above = plural(level.positive_components, "component")
                below = plural(level.negative_components, "component")
                flat = f", {plural(level.flat_regions, 'region')} on it" if level.flat_regions else ""
                yield f"level y{output.output} = {level.value}", f"{above} above, {below} below{flat}"
        if (common := self.common_denominator) is not None:
            numerators = ", ".join(grouped(one.monomials) for one in common.numerators)
            yield "common denominator", f"{plural(common.denominator.monomials, 'monomial')}; numerators {numerators}"
        if (found := self.zonotope) is not None:
            vertices = f"{grouped(found.vertices)} vertices, {grouped(found.upper_vertices)} upper ones"
            yield "zonotope", f"{plural(found.segments, 'segment')}, {vertices}"
        if self.construction is not None:
            yield "as a network", str(self.construction)
        for one in self.round_trip:
            yield "round trip", str(one)
        if not self.complete:
            yield "stopped by", self.stopped_by


def _zonotope(analysis: TropicalAnalysis) -> ZonotopeFacts | None:
    found = analysis.zonotope
    if found is None:
        return None
    return ZonotopeFacts(
        segments=found.num_segments, vertices=found.num_vertices, upper_vertices=found.num_upper_vertices
    )


def _common(analysis: TropicalAnalysis) -> CommonDenominator | None:
    if not analysis.common:
        return None
    return CommonDenominator(
        denominator=PolynomialText.of(analysis.common[0].denominator, analysis.variables),
        numerators=tuple(PolynomialText.of(one.numerator, analysis.variables) for one in analysis.common),
    )


def _known(value: int | None) -> str:
    return "-" if value is None else grouped(value)
