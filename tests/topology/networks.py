"""Networks whose level sets are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relureg import Network
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineForm
from relureg.network.model import Stage


class Expression:
    """A function of the inputs, written with +, -, numbers, `largest` and `smallest`, that becomes a network."""

    def __init__(self, builder: Builder, form: AffineForm) -> None:
        self.builder, self.form = builder, form

    def __add__(self, other: Expression | float) -> Expression:
        if not isinstance(other, Expression):
            other = Expression(
                self.builder, AffineForm.of_constant(RationalMatrix.from_floats(np.array([[float(other)]])))
            )
        return Expression(self.builder, self.form + other.form)

    def __mul__(self, factor: float) -> Expression:
        return Expression(self.builder, self.form.map(RationalMatrix.from_floats(np.array([[float(factor)]]))))

    def __neg__(self) -> Expression:
        return self * -1

    def __sub__(self, other: Expression | float) -> Expression:
        return self + -other

    def relu(self) -> Expression:
        self.builder.stages.append(Stage(pre_activation=self.form))
        return Expression(self.builder, AffineForm.of_source(len(self.builder.stages), 1))

    def __abs__(self) -> Expression:
        return self.relu() + (-self).relu()


class Builder:
    """Inputs, and the network of an expression in them."""

    def __init__(self, dim: int) -> None:
        self.dim, self.stages = dim, []
        inputs = AffineForm.of_source(0, dim)
        self.x = [Expression(self, inputs.entries(np.array([i]))) for i in range(dim)]

    stages: list[Stage]

    def network(self, *outputs: Expression) -> Network:
        return Network(
            name="built",
            input_dim=self.dim,
            stages=tuple(self.stages),
            output=AffineForm.concatenate([output.form for output in outputs]),
        )


def largest(expressions: Sequence[Expression]) -> Expression:
    first, *others = expressions
    for other in others:
        first = first + (other - first).relu()
    return first


def smallest(expressions: Sequence[Expression]) -> Expression:
    return -largest([-expression for expression in expressions])


def saw(x: Expression, folds: int) -> Expression:
    """The tent map of [0, 1] so many times; 0 elsewhere."""
    for _ in range(folds):
        x = (x * 2).relu() - (x * 4 - 2).relu() + (x * 2 - 2).relu()
    return x


def torus() -> Network:
    """0 on the surface of a square ring of square section: where the largest of three functions is."""
    build = Builder(3)
    x, y, z = build.x
    across = largest([abs(x), abs(y)])
    return build.network(largest([abs(across - 1.5), abs(z)]) - 0.5)
