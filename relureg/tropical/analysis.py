"""All of one network: its tropical form, the polytopes, and the proof that they match the exact complex."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from relureg.arguments import checked, index
from relureg.complex.checks import Check
from relureg.complex.enumeration import enumerate_regions
from relureg.engine.limits import Progress
from relureg.errors import LimitReachedError
from relureg.network.model import Network
from relureg.tropical import form_checks
from relureg.tropical.construction import Construction, network_of
from relureg.tropical.equality import same_function
from relureg.tropical.expression import Expression
from relureg.tropical.growth import Growth
from relureg.tropical.levels import LevelSet, level_set
from relureg.tropical.notation import variable_names
from relureg.tropical.polynomial import TropicalPolynomial
from relureg.tropical.rational_function import TropicalRational
from relureg.tropical.rational_map import StageGrowth, TropicalMap, tropical_map
from relureg.tropical.regionwise import Pieces
from relureg.tropical.subdivision import DualSubdivision, dual_subdivision
from relureg.tropical.zonotope import Zonotope, zonotope


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputAnalysis:
    """One output of a network."""

    output: int
    function: TropicalRational
    numerator: DualSubdivision
    denominator: DualSubdivision
    product: TropicalPolynomial
    """F + G, pruned."""
    linear_regions: int | None = None
    """Maximal connected open sets on which the output is affine; None when the regions are not known."""
    level: LevelSet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TropicalAnalysis:
    """What is known; where a limit stopped the work, what was known by then."""

    network: Network
    variables: tuple[str, ...]
    growth: tuple[StageGrowth, ...]
    """How the recursion grew; empty for an expression."""
    outputs: tuple[OutputAnalysis, ...]
    common: tuple[TropicalRational, ...]
    """The outputs over one denominator, where there are several."""
    zonotope: Zonotope | None
    """For a network with one hidden stage."""
    construction: Construction | None
    """The network made from an expression."""
    regions: int | None
    """Activation regions; None when they are not known."""
    round_trip: tuple[Construction, ...]
    """For each output the network made from its tropical form, where that was asked for."""
    checks: tuple[Check, ...]
    stopped_by: str | None
    """The limit that ended the work early; None when all is here."""

    @property
    def complete(self) -> bool:
        return self.stopped_by is None

    @property
    def has_integer_exponents(self) -> bool:
        return all(one.function.has_integer_exponents for one in self.outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to look at besides the form itself."""

    level: Fraction = Fraction(0)
    """The level whose two sides are compared."""
    num_points: int = 1000
    """Random points at which form and network are compared."""
    round_trip: bool = False
    """Whether to build a network from the form and prove that it is the same function."""
    jobs: int | None = None
    progress: Callable[[Progress], None] | None = None
    """For enumerations."""


@checked
def analyse_network(network: Network, *, output: int | None = None, growth: Growth, wanted: Wanted) -> TropicalAnalysis:
    """The tropical analysis of a network, or of one of its outputs.

    Examples
    --------
    >>> import relureg
    >>> analysis = analyse_network(relureg.load("fixtures/truth/xor.json"), growth=Growth(), wanted=Wanted())
    >>> analysis.regions, analysis.outputs[0].product.num_monomials, analysis.outputs[0].linear_regions
    (3, 3, 3)
    >>> [check.name for check in analysis.checks if check.passed is False]
    []
    """
    if output is not None:
        network = select_output(network, output)
    found = tropical_map(network, growth=growth)
    analysis = _Analysis(network, variable_names(network.input_dim), found, growth, wanted, first_output=output or 0)
    return analysis.run()


@checked
def analyse_expression(
    expression: Expression, *, growth: Growth, wanted: Wanted, name: str = "expression"
) -> TropicalAnalysis:
    """The tropical analysis of an expression, and of the network that is made from it."""
    built = network_of(expression.function, name=name)
    found = TropicalMap(outputs=(expression.function,), growth=(), stopped_by=None)
    analysis = _Analysis(built.network, expression.variables, found, growth, wanted, construction=built)
    return analysis.run()


class _Analysis:
    """An analysis in the making: what is known is kept when a limit ends the work."""

    def __init__(
        self,
        network: Network,
        variables: tuple[str, ...],
        form: TropicalMap,
        growth: Growth,
        wanted: Wanted,
        *,
        construction: Construction | None = None,
        first_output: int = 0,
    ) -> None:
        self.network, self.variables, self.form = network, variables, form
        self.growth, self.wanted, self.construction = growth, wanted, construction
        self.first_output = first_output
        self.outputs: list[OutputAnalysis] = []
        self.common: tuple[TropicalRational, ...] = ()
        self.zonotope: Zonotope | None = None
        self.round_trip: tuple[Construction, ...] = ()
        self.regions: int | None = None
        self.checks: list[Check] = []

    def run(self) -> TropicalAnalysis:
        stopped_by = self.form.stopped_by
        if stopped_by is None:
            try:
                self._polytopes()
                self._against_the_complex()
                self._levels()
                self._back()
            except LimitReachedError as limit:
                stopped_by = limit.message
        return TropicalAnalysis(
            network=self.network,
            variables=self.variables,
            growth=self.form.growth,
            outputs=tuple(self.outputs),
            common=self.common,
            zonotope=self.zonotope,
            construction=self.construction,
            regions=self.regions,
            round_trip=self.round_trip,
            checks=tuple(self.checks),
            stopped_by=stopped_by,
        )

    def _polytopes(self) -> None:
        watch = self.growth.watch
        subdivisions = []
        for number, function in enumerate(self.form.outputs):
            self.growth.place = f"the polytopes of output {self.first_output + number}"
            one = OutputAnalysis(
                output=self.first_output + number,
                function=function,
                numerator=dual_subdivision(function.numerator, watch),
                denominator=dual_subdivision(function.denominator, watch),
                product=function.product(watch),
            )
            self.outputs.append(one)
            subdivisions += [one.numerator, one.denominator]
        self.checks.append(form_checks.duality(subdivisions))
        self.growth.place = "the values at random points"
        self.growth.check_time(self.growth.place)
        self.checks.append(form_checks.values(self.network, self.form.outputs, num_points=self.wanted.num_points))
        if len(self.outputs) > 1:
            self.growth.place = "the common denominator"
            self.common = self.form.with_common_denominator(watch)

    def _against_the_complex(self) -> None:
        self.growth.place = "the regions"
        cells = enumerate_regions(
            self.network, timeout=self.growth.seconds_left, jobs=self.wanted.jobs, progress=self.wanted.progress
        )
        if not cells.complete:
            raise LimitReachedError(f"{cells.stopped_by} in the regions")
        self.regions = cells.num_regions
        pieces = Pieces(cells, self.growth)
        own = self.construction is None
        if own:
            products = [one.product for one in self.outputs]
            self.checks.append(form_checks.pieces(self.form.outputs, products, pieces))
            self.checks.append(form_checks.convex(pieces))
        chains = []
        for number, one in enumerate(self.outputs):
            linear = pieces.num_linear_regions(number)
            self.outputs[number] = replace(one, linear_regions=linear)
            chains.append(form_checks.chain(linear, one.product.num_monomials, self.regions if own else None))
        self.checks.append(form_checks.combined(chains))
        if own and len(self.network.stages) == 1:
            self.growth.place = "the zonotope"
            self.zonotope = zonotope(self.network, self.growth.watch)
            central = enumerate_regions(form_checks.without_biases(self.network), jobs=self.wanted.jobs)
            self.checks.append(form_checks.upper_vertices(self.zonotope, self.regions, central.num_regions))

    def _levels(self) -> None:
        found = []
        for number, one in enumerate(self.outputs):
            self.growth.place = f"the level set of output {one.output}"
            level = level_set(
                self.network, one.function, output=number, level=self.wanted.level,
                timeout=self.growth.seconds_left, jobs=self.wanted.jobs, progress=self.wanted.progress,
            )  # fmt: skip
            if level is None:
                raise LimitReachedError(f"the time limit in {self.growth.place}")
            self.outputs[number] = replace(one, level=level)
            found.append((form_checks.boundary(one.function, level), form_checks.sides(one.function, level)))
        for same_kind in zip(*found, strict=True):
            self.checks.append(form_checks.combined(same_kind))

    def _back(self) -> None:
        """That the network of an expression is that function; and the way back from a network to another one."""
        forms = self.form.outputs
        if self.construction is not None:
            back = tropical_map(self.network, growth=self.growth)
            if back.stopped_by is not None:
                raise LimitReachedError(back.stopped_by)
            self.growth.place = "the comparison with its network"
            self.checks.append(form_checks.depth([self.construction]))
            self.checks.append(form_checks.same_form(forms[0], back.outputs[0], self.growth.watch))
            forms = back.outputs
        if self.wanted.round_trip:
            self.growth.place = "the round trip"
            built = tuple(network_of(form, name="round trip") for form in forms)
            self.checks.append(form_checks.depth(built))
            self.checks.append(form_checks.combined([self._same(number, one) for number, one in enumerate(built)]))
            self.round_trip = built

    def _same(self, number: int, built: Construction) -> Check:
        equality = same_function(
            select_output(self.network, number), built.network,
            timeout=self.growth.seconds_left, jobs=self.wanted.jobs, progress=self.wanted.progress,
        )  # fmt: skip
        return form_checks.round_trip(equality)


@checked
def select_output(network: Network, output: int) -> Network:
    """The network with one of its outputs alone.

    Raises
    ------
    ArgumentIndexError
        There is no such output; -1 is the last one.
    """
    chosen = index(output, network.output_dim, "output")
    return network.replace(output=network.output.entries(np.array([chosen], dtype=np.intp)), outputs=())
