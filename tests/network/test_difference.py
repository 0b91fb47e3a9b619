"""What two networks differ in: every parameter that is another, and none that is the same number written otherwise."""

from __future__ import annotations

from fractions import Fraction

import relureg
from relureg.network.difference import difference
from relureg.network.model import Network


def perceptron(scale: object, bias: object, out: object) -> Network:
    return Network.from_layers([[[scale, 1], [1, 1]], [[out, out]]], [[bias, 0], [-1]])


def test_the_last_bit_of_a_double_is_a_change_and_another_spelling_is_none() -> None:
    one = perceptron(0.5, 1, 3)
    assert difference(one, perceptron(Fraction(1, 2), 1.0, 3)).changed_parameters == 0
    assert difference(one, perceptron(0.5 + 2**-53, 1, 3)).changed_parameters == 1
    assert difference(one, perceptron(Fraction(1, 3), 1, 3)).changed_parameters == 1
    assert difference(one, perceptron(0.25, 2, 4)).changed_parameters == 4


def test_a_layer_of_zeros_has_its_parameters() -> None:
    zero, one = perceptron(1, 1, 0), perceptron(1, 1, 5)
    for old, new in ((zero, one), (one, zero)):
        found = difference(old, new)
        assert (found.same_architecture, found.parameters, found.changed_parameters) == (True, 9, 2)


def test_another_architecture() -> None:
    one = perceptron(1, 1, 1)
    for other in (one.with_output_relu(), relureg.load("fixtures/truth/int_3-6-6-1.json")):
        found = difference(one, other)
        assert (found.same_architecture, found.parameters, found.changed_parameters) == (False, None, None)
