"""From a network to a tropical rational map: the recursion of Zhang, Naitzat and Lim [ZNL18], section 5.

A value of the network is a difference F - G of tropical polynomials. With W = W+ - W- a stage maps these to

    G' = W+ G + W- F,    H = W+ F + W- G + b,    F' = max(H, G' + t)

so that ``max(z, t) = F' - G'`` for z = H - G'; the output is H - G'. In tropical terms a weight is an exponent: any
rational weight will do, and integer weights give integer exponents. Each polynomial is pruned as it is made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from relureg.arguments import checked
from relureg.errors import LimitReachedError, UsageError
from relureg.network.affine_forms import AffineForm
from relureg.network.evaluation import iter_values
from relureg.network.model import Network
from relureg.tropical.growth import Growth
from relureg.tropical.polynomial import TropicalPolynomial, Watch, largest_of
from relureg.tropical.rational_function import TropicalRational

Thresholds = Mapping[int, Sequence[Fraction | int | None]]
"""Stage number, from 1 -> the threshold t of ``max(z, t)`` for each unit; None is -infinity, the identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageGrowth:
    """How many monomials one stage made."""

    name: str
    """``stage 1``, ..., ``output``."""
    expanded: int
    """Monomials that the products and sums would write down, made from the pruned polynomials before."""
    kept: int
    """Monomials that matter, over all numerators and denominators of the stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TropicalMap:
    """A network as tropical rational functions, one an output; or how far the recursion came."""

    outputs: tuple[TropicalRational, ...]
    """Empty when a limit stopped the recursion."""
    growth: tuple[StageGrowth, ...]
    """Of each stage that is done, the output last."""
    stopped_by: str | None
    """The limit and where it was met; None when all outputs are here."""

    @property
    def complete(self) -> bool:
        return self.stopped_by is None

    @property
    def has_integer_exponents(self) -> bool:
        """Whether all exponents are integers, as integer weights make them."""
        return all(f.has_integer_exponents for one in self.outputs for f in (one.numerator, one.denominator))

    def with_common_denominator(self, watch: Watch | None = None) -> tuple[TropicalRational, ...]:
        """The same functions over one denominator.

        The denominator is the tropical product of the distinct denominators, and each numerator is multiplied by
        those that its own denominator lacks. That such a form exists is Lemma 3.2 of Trimmel, Petzka and Sminchisescu
        (ICLR 2021): then the largest output is that of the largest numerator.
        """
        distinct = list(dict.fromkeys(one.denominator for one in self.outputs))
        common = largest_of([distinct], watch)
        return tuple(
            TropicalRational(
                largest_of([[one.numerator, *(d for d in distinct if d != one.denominator)]], watch), common
            )
            for one in self.outputs
        )


@checked
def tropical_map(
    network: Network, *, thresholds: Thresholds | None = None, growth: Growth | None = None
) -> TropicalMap:
    """The tropical rational map of a network.

    Parameters
    ----------
    network : Network
    thresholds : mapping of stage number (from 1) to one threshold a unit, optional
        A unit computes ``max(z, t)``; None stands for -infinity, which makes it linear. Stages left out have t = 0.
    growth : Growth, optional
        Limits and progress. When a limit is met, the result is not `complete` and tells how far it came.

    Raises
    ------
    UsageError
        Thresholds do not fit the stages.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> (one,) = tropical_map(xor).outputs
    >>> one.numerator.num_monomials, one.denominator.num_monomials
    (2, 2)
    >>> one([Fraction(1, 2), 0]) == xor.exact_output([Fraction(1, 2), 0])[0]
    True
    """
    limits = growth or Growth()
    wanted = {k: list(map(_threshold, listed)) for k, listed in (thresholds or {}).items()}
    for number, listed in wanted.items():
        if not 1 <= number <= len(network.stages) or len(listed) != network.widths[number - 1]:
            raise UsageError(f"{len(listed)} thresholds do not fit stage {number} of widths {list(network.widths)}")
    dim, *forms = network.input_dim, *network.forms
    stages = [
        _Stage(f"stage {number}", limits, dim, form, wanted.get(number, [Fraction(0)] * form.size))
        for number, form in enumerate(forms[:-1], start=1)
    ]
    stages.append(_Stage("output", limits, dim, forms[-1], [None] * network.output_dim))
    inputs = [_input(axis, dim) for axis in range(dim)]
    done: list[StageGrowth] = []
    try:
        for stage, made in zip(stages, iter_values(stages, inputs, _Stage.apply, lambda _, h: h), strict=True):
            outputs = made
            done.append(stage.growth())
    except LimitReachedError as limit:
        return TropicalMap(outputs=(), growth=tuple(done), stopped_by=limit.message)
    return TropicalMap(outputs=tuple(outputs), growth=tuple(done), stopped_by=None)


class _Stage:
    """One application of the recursion."""

    def __init__(
        self, name: str, limits: Growth, dim: int, form: AffineForm, thresholds: Sequence[Fraction | None]
    ) -> None:
        self.name, self.limits, self.dim, self.form, self.thresholds = name, limits, dim, form, thresholds
        self.expanded = self.kept = 0

    def apply(self, sources: Mapping[int, Sequence[TropicalRational]]) -> list[TropicalRational]:
        """``max(z, t)`` of each entry z of the affine form; z itself where t is None."""
        form = self.form
        weights = {source: matrix.fractions() for source, matrix in form.terms.items()}
        constants = form.constant.fractions()
        results = []
        for unit, ((constant,), threshold) in enumerate(zip(constants, self.thresholds, strict=True), start=1):
            self.limits.place = f"{self.name}, {unit} of {form.size}"
            self.limits.check_time(self.limits.place)
            above = [TropicalPolynomial.affine(constant, [0] * self.dim)]
            below = [TropicalPolynomial.affine(0, [0] * self.dim)]
            for source, rows in weights.items():
                for weight, value in zip(rows[unit - 1], sources[source], strict=True):
                    if weight:
                        parts = (value.numerator ** abs(weight), value.denominator ** abs(weight))
                        above.append(parts[weight < 0])
                        below.append(parts[weight > 0])
            results.append(self._quotient(above, below, threshold))
        return results

    def growth(self) -> StageGrowth:
        return StageGrowth(name=self.name, expanded=self.expanded, kept=self.kept)

    def _quotient(
        self, above: list[TropicalPolynomial], below: list[TropicalPolynomial], threshold: Fraction | None
    ) -> TropicalRational:
        watch = self.limits.watch
        denominator = largest_of([below], watch)
        alternatives = [above]
        sizes = [_size(below), _size(above)]
        if threshold is not None:
            alternatives.append([denominator, TropicalPolynomial.affine(threshold, [0] * self.dim)])
            sizes.append(denominator.num_monomials)
        numerator = largest_of(alternatives, watch)
        self.expanded += sum(sizes)
        self.kept += numerator.num_monomials + denominator.num_monomials
        return TropicalRational(numerator, denominator)


def _size(factors: Sequence[TropicalPolynomial]) -> int:
    return math.prod(factor.num_monomials for factor in factors)


def _input(axis: int, dim: int) -> TropicalRational:
    return TropicalRational(
        TropicalPolynomial.affine(0, [int(other == axis) for other in range(dim)]),
        TropicalPolynomial.affine(0, [0] * dim),
    )


def _threshold(value: Fraction | int | None) -> Fraction | None:
    return None if value is None else Fraction(value)
