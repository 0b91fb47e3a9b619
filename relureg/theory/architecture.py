"""What a bound may depend on: the architecture, and the hypotheses that a theorem makes about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from relureg.errors import UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.theory.stability import stable_units

MAX_WIDTH = 100_000
"""Widest layer taken without a network file: binomial sums beyond take longer than anyone waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Widths, and what is known beyond them; None where the widths alone do not tell."""

    input_dim: int
    """d = n_0."""
    widths: tuple[int, ...]
    """(n_1, ..., n_L), ReLU units per hidden layer."""
    is_sequential: bool = True
    """Whether each layer sees the one before it alone."""
    has_integer_weights: bool | None = None
    output_dim: int | None = None
    is_bias_free: bool | None = None
    """Whether every hidden bias is 0."""
    ranks: tuple[int, ...] | None = None
    """Rank of the weight matrix of each hidden layer; None also with skip connections."""
    num_inactive: tuple[int, ...] | None = None
    """Units of each layer that are proved inactive on the whole domain."""
    num_active: tuple[int, ...] | None = None
    """Units of each layer that are proved active on the whole domain."""

    @classmethod
    def of(cls, problem: Problem) -> Architecture:
        """The architecture of a network, its stages taken as layers; units are stable on the domain."""
        network = problem.network
        forms = [stage.pre_activation for stage in network.stages] + [network.output]
        stable = stable_units(problem)
        return cls(
            input_dim=network.input_dim,
            widths=network.widths,
            is_sequential=network.is_sequential,
            has_integer_weights=all(m.is_integral for form in forms for m in form.terms.values()),
            output_dim=network.output_dim,
            is_bias_free=all(form.constant.is_zero for form in forms[:-1]),
            ranks=_ranks(network) if network.is_sequential else None,
            num_inactive=tuple(stage.count(-1) for stage in stable),
            num_active=tuple(stage.count(1) for stage in stable),
        )

    @classmethod
    def of_widths(cls, widths: Sequence[int], *, bias_free: bool | None = None) -> Architecture:
        """The architecture (n_0, n_1, ..., n_L).

        Raises
        ------
        UsageError
            A width is not in 1..100,000, or there is none.
        """
        if not widths:
            raise UsageError("widths need at least the input dimension")
        for width in widths:
            if not 1 <= width <= MAX_WIDTH:
                raise UsageError(f"width {width} is not in 1..{MAX_WIDTH:,}")
        return cls(input_dim=widths[0], widths=tuple(widths[1:]), is_bias_free=bias_free)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """One assumption of a published theorem."""

    text: str
    holds: bool | None
    """None where the architecture alone does not tell."""
    needed: bool = True
    """False where the theorem assumes it but the bound is proved without it."""


def layered(a: Architecture) -> Hypothesis:
    """Each layer sees the one before it alone."""
    text = "each layer depends on the layer before it alone" if a.is_sequential else "the network has skip connections"
    return Hypothesis(text=text, holds=a.is_sequential)


def one_input(a: Architecture) -> Hypothesis:
    """n_0 = 1."""
    text = "one input" if a.input_dim == 1 else f"the network has {a.input_dim} inputs, not one"
    return Hypothesis(text=text, holds=a.input_dim == 1)


def one_hidden_layer(a: Architecture) -> Hypothesis:
    """L = 1."""
    text = "one hidden layer" if len(a.widths) == 1 else f"the network has {len(a.widths)} hidden layers, not one"
    return Hypothesis(text=text, holds=len(a.widths) == 1)


def wide(a: Architecture, factor: int, *, layers: slice = slice(None)) -> Hypothesis:
    """n_l >= factor * n_0 for the layers of a slice."""
    least = factor * a.input_dim
    inputs = f"{a.input_dim} inputs"
    for number, width in list(enumerate(a.widths, start=1))[layers]:
        if width < least:
            than = f"the {inputs}" if factor == 1 else f"{factor} times the {inputs}"
            return Hypothesis(text=f"layer {number} has {width} units, fewer than {than}", holds=False)
    text = "every hidden layer has at least as many units as inputs"
    return Hypothesis(text=text if factor == 1 else f"every hidden layer has {factor} units for each input", holds=True)


def _ranks(network: Network) -> tuple[int, ...]:
    empty = RationalMatrix.zeros(0, 0)
    matrices = (stage.pre_activation.terms.get(source, empty) for source, stage in enumerate(network.stages, INPUT))
    return tuple(matrix.rank() for matrix in matrices)
