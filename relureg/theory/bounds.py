"""Published upper bounds on the number of activation regions: one function each, exact integers.

Every bound here also bounds the number of linear regions, and holds on any convex domain, where there
are no more regions than on the whole space. A new bound is a function with the decorator `_upper_bound`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from relureg.errors import UsageError
from relureg.network.model import Network

MAX_WIDTH = 100_000
"""Widest layer taken without a network file: binomial sums beyond take longer than anyone waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What a bound may depend on."""

    input_dim: int
    """d = n_0."""
    widths: tuple[int, ...]
    """(n_1, ..., n_L), ReLU units per hidden layer."""
    is_sequential: bool = True
    """Whether each layer sees the one before it alone."""
    has_integer_weights: bool | None = None
    """None where only the widths are known."""
    output_dim: int | None = None
    """None where only the widths are known."""

    @classmethod
    def of(cls, network: Network) -> Architecture:
        """The architecture of a network, its stages taken as layers."""
        forms = [stage.pre_activation for stage in network.stages] + [network.output]
        return cls(
            input_dim=network.input_dim,
            widths=network.widths,
            is_sequential=network.is_sequential,
            has_integer_weights=all(m.is_integral for form in forms for m in form.terms.values()),
            output_dim=network.output_dim,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """One assumption of a published theorem."""

    text: str
    holds: bool | None
    """None where the architecture alone does not tell."""
    needed: bool = True
    """False where the theorem assumes it but the bound is proved without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A bound evaluated for one architecture."""

    name: str
    kind: str
    """``upper``."""
    value: int | None
    """None where the bound does not apply."""
    hypotheses: tuple[Hypothesis, ...]
    source: str

    @property
    def applies(self) -> bool:
        return self.value is not None

    @property
    def reason(self) -> str:
        """Why it does not apply, or which assumption of the theorem is not met but not needed either."""
        if not self.applies:
            return "; ".join(h.text for h in self.hypotheses if h.needed and h.holds is False)
        unmet = [h.text for h in self.hypotheses if not h.needed and h.holds is False]
        return f"holds without: {'; '.join(unmet)}" if unmet else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Published:
    name: str
    source: str
    hypotheses: Callable[[Architecture], Sequence[Hypothesis]]
    value: Callable[[Architecture], int]


_UPPER_BOUNDS: list[_Published] = []


def _upper_bound(
    name: str, source: str, hypotheses: Callable[[Architecture], Sequence[Hypothesis]] = lambda _: ()
) -> Callable[[Callable[[Architecture], int]], Callable[[Architecture], int]]:
    def register(value: Callable[[Architecture], int]) -> Callable[[Architecture], int]:
        _UPPER_BOUNDS.append(_Published(name=name, source=source, hypotheses=hypotheses, value=value))
        return value

    return register


def bounds(network: Network | None = None, *, widths: Sequence[int] | None = None) -> tuple[Bound, ...]:
    """Every bound for a network or for widths: those that apply first, tightest first.

    Parameters
    ----------
    network : Network, optional
    widths : sequence of int, optional
        (n_0, n_1, ..., n_L): input dimension and hidden layers, without the output layer.

    Raises
    ------
    UsageError
        Neither or both are given, or a width is not in 1..100,000.

    Examples
    --------
    >>> [(bound.name, bound.value) for bound in bounds(widths=[2, 16, 16])][:2]
    [('Serra et al. 2018, Theorem 1', 18769), ('Montúfar 2017', 18769)]
    """
    if (network is None) == (widths is None):
        raise UsageError("give either a network or widths")
    architecture = Architecture.of(network) if network is not None else _from_widths(widths or ())
    found = list(_evaluate(architecture))
    return tuple(sorted(found, key=lambda bound: (bound.value is None, bound.value or 0)))


def arrangement_bound(num_hyperplanes: int, dim: int) -> int:
    """S(n, d) = sum of C(n, j) for j <= d: most regions of n hyperplanes in R^d (Schlaefli; Zaslavsky 1975).

    Examples
    --------
    >>> arrangement_bound(16, 2)
    137
    """
    if dim >= num_hyperplanes:
        return 1 << num_hyperplanes
    total = term = 1
    for j in range(1, dim + 1):
        term = term * (num_hyperplanes - j + 1) // j
        total += term
    return total


# -- hypotheses ------------------------------------------------------------------------------------


def _layered(a: Architecture) -> Hypothesis:
    text = "each layer depends on the layer before it alone" if a.is_sequential else "the network has skip connections"
    return Hypothesis(text=text, holds=a.is_sequential)


def _is_layered(a: Architecture) -> tuple[Hypothesis, ...]:
    return (_layered(a),)


def _zhang_naitzat_lim(a: Architecture) -> tuple[Hypothesis, ...]:
    narrow = [(number, width) for number, width in enumerate(a.widths, start=1) if width < a.input_dim]
    wide_enough = (
        f"layer {narrow[0][0]} has {narrow[0][1]} units, fewer than the {a.input_dim} inputs"
        if narrow
        else "every hidden layer has at least as many units as inputs"
    )
    integral, scalar = a.has_integer_weights, None if a.output_dim is None else a.output_dim == 1
    return (
        _layered(a),
        Hypothesis(text=wide_enough, holds=not narrow),
        Hypothesis(text="integer weights", holds=integral, needed=False),
        Hypothesis(text="a single output", holds=scalar, needed=False),
    )


def _one_input(a: Architecture) -> tuple[Hypothesis, ...]:
    text = "one input" if a.input_dim == 1 else f"the network has {a.input_dim} inputs, not one"
    return (Hypothesis(text=text, holds=a.input_dim == 1),)


# -- upper bounds ----------------------------------------------------------------------------------


@_upper_bound(
    "Serra et al. 2018, Theorem 1",
    "Serra, Tjandraatmadja, Ramalingam 2018, Theorem 1 (numbering of the ICLR 2018 submission)",
    _is_layered,
)
def serra_2018(a: Architecture) -> int:
    """Sum over (j_1, ..., j_L) of prod C(n_l, j_l), 0 <= j_l <= min(n_0, n_1 - j_1, ..., n_{l-1} - j_{l-1}, n_l).

    Evaluated by the recursion R(l, D) = sum_{j <= min(D, n_l)} C(n_l, j) R(l + 1, min(D, n_l - j)), in
    which D is the dimension that is left.
    """
    top = min(a.input_dim, max(a.widths, default=0))
    value = [1] * (top + 1)
    for width in reversed(a.widths):
        value = _serra_layer(width, value)
    return value[top]


def _serra_layer(width: int, after: list[int]) -> list[int]:
    """R(l, D) for every D from R(l + 1, .), by prefix sums over j.

    As long as j <= n - D the dimension left stays D; beyond, it is n - j, whatever D.
    """
    top = len(after) - 1
    binomial, binomials, weighted = 1, [0], [0]  # sums of C(n, i), and of C(n, i) R(l + 1, n - i), over i < j
    for j in range(min(top, width) + 1):
        binomials.append(binomials[-1] + binomial)
        weighted.append(weighted[-1] + binomial * after[min(width - j, top)])
        binomial = binomial * (width - j) // (j + 1)
    values = []
    for dim in range(top + 1):
        end = min(dim, width) + 1
        turn = max(0, min(end, width - dim + 1))
        values.append(after[dim] * binomials[turn] + weighted[end] - weighted[turn])
    return values


@_upper_bound(
    "Montúfar 2017", "Montúfar, Notes on the number of linear regions of deep neural networks, SampTA 2017", _is_layered
)
def montufar_2017(a: Architecture) -> int:
    """prod_l S(n_l, d_l) with d_l = min(n_0, ..., n_l)."""
    value, dim = 1, a.input_dim
    for width in a.widths:
        dim = min(dim, width)
        value *= arrangement_bound(width, dim)
    return value


@_upper_bound(
    "Zhang-Naitzat-Lim 2018, Thm 6.3",
    "Zhang, Naitzat, Lim, Tropical geometry of deep neural networks, ICML 2018, Theorem 6.3",
    _zhang_naitzat_lim,
)
def zhang_naitzat_lim_2018(a: Architecture) -> int:
    """prod_l S(n_l, d) over the hidden layers, for layers that are all at least as wide as the input.

    The theorem speaks of linear regions, integer weights and one output; the product bounds activation
    regions as well, and needs neither of the last two.
    """
    return raghu_2017(a)


@_upper_bound(
    "Raghu et al. 2017",
    "Raghu, Poole, Kleinberg, Ganguli, Sohl-Dickstein, ICML 2017 (product form; wording not seen in the original)",
)
def raghu_2017(a: Architecture) -> int:
    """prod_l S(n_l, n_0): inside each region so far, layer l is an arrangement of n_l hyperplanes.

    Holds with skip connections too, as each unit is affine inside each region of the earlier layers.
    """
    return math.prod(_arrangement_bound(width, a.input_dim) for width in a.widths)


@_upper_bound(
    "product for one input",
    "Serra, Tjandraatmadja, Ramalingam 2018, Theorem 5 (numbering of the ICLR 2018 submission)",
    _one_input,
)
def one_input_product(a: Architecture) -> int:
    """prod_l (n_l + 1) for one input: each unit cuts each piece at most once. Attained if all n_l >= 3."""
    return math.prod(width + 1 for width in a.widths)


@_upper_bound("trivial", "Montúfar, Pascanu, Cho, Bengio, NeurIPS 2014")
def trivial(a: Architecture) -> int:
    """2^N: one region a pattern at the most."""
    return 1 << sum(a.widths)


_arrangement_bound = lru_cache(maxsize=64)(arrangement_bound)


def _evaluate(architecture: Architecture) -> Iterator[Bound]:
    for published in _UPPER_BOUNDS:
        hypotheses = tuple(published.hypotheses(architecture))
        applies = all(h.holds for h in hypotheses if h.needed)
        yield Bound(
            name=published.name,
            kind="upper",
            value=published.value(architecture) if applies else None,
            hypotheses=hypotheses,
            source=published.source,
        )


def _from_widths(widths: Sequence[int]) -> Architecture:
    if not widths:
        raise UsageError("widths need at least the input dimension")
    for width in widths:
        if not 1 <= width <= MAX_WIDTH:
            raise UsageError(f"width {width} is not in 1..{MAX_WIDTH:,}")
    return Architecture(input_dim=widths[0], widths=tuple(widths[1:]))
