"""Affine forms and tensors compute what NumPy computes on the values they stand for."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from relureg.errors import UnsupportedNetworkError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, MAX_WIDTH, AffineForm, AffineTensor

Array = NDArray[np.float64]


def column(*values: float) -> RationalMatrix:
    return RationalMatrix.from_floats([[value] for value in values])


def input_tensor(*shape: int) -> AffineTensor:
    return AffineTensor(shape=shape, form=AffineForm.of_source(INPUT, int(np.prod(shape))))


def value_at(tensor: AffineTensor, point: Array) -> Array:
    """The tensor's value where the input, flattened, is `point`; whole numbers, so floats are exact."""
    return tensor.form.evaluate_floats({INPUT: point.reshape(1, -1)}).reshape(tensor.shape)


def test_a_form_adds_maps_scales_and_selects() -> None:
    x = AffineForm.of_source(INPUT, 2)
    h = AffineForm.of_source(1, 2)
    form = (
        x.map(RationalMatrix.from_floats([[1, 2], [3, 4]]))
        + h.scale(column(10, 20))
        + AffineForm.of_constant(column(7, 8))
    )
    sources = {INPUT: column(1, -1), 1: column(5, 6)}
    one = RationalMatrix.identity(1)
    assert form.evaluate(one, sources).fractions() == [[1 - 2 + 50 + 7], [3 - 4 + 120 + 8]]
    floats = form.evaluate_floats({INPUT: np.array([[1.0, -1.0]]), 1: np.array([[5.0, 6.0]])})
    assert floats.tolist() == [[56.0, 127.0]]
    picked = form.entries(np.array([1, 0, 1]))
    assert picked.evaluate(one, sources).fractions() == [[127], [56], [127]]
    joined = AffineForm.concatenate([form, x])
    assert joined.evaluate(one, sources).fractions() == [[56], [127], [1], [-1]]


def test_terms_that_cancel_are_left_out() -> None:
    x = AffineForm.of_source(INPUT, 2)
    difference = x + x.scale(column(-1, -1))
    assert difference.is_constant
    assert dict(difference.terms) == {}
    assert not (x + AffineForm.of_constant(column(1, 1))).is_constant


def test_a_form_composes_affine_maps_in_homogeneous_coordinates() -> None:
    form = AffineForm(constant=column(1), terms={INPUT: RationalMatrix.from_floats([[2, 3]])})
    # The source x as a map of t: x = (5 + t, 6 - 2 t), written (constant, coefficient of t).
    source = RationalMatrix.from_floats([[5, 1], [6, -2]])
    assert form.evaluate(RationalMatrix.from_floats([[1, 0]]), {INPUT: source}).fractions() == [[29, -4]]


CONSTANT = np.arange(12.0).reshape(4, 3) - 5

OPERATIONS: dict[str, tuple[Callable[[AffineTensor], AffineTensor], Callable[[Array], Array]]] = {
    "reshape": (lambda t: t.reshape((4, 6)), lambda x: x.reshape(4, 6)),
    "transpose": (lambda t: t.transpose((2, 0, 1)), lambda x: x.transpose(2, 0, 1)),
    "broadcast": (lambda t: t.broadcast_to((5, 2, 3, 4)), lambda x: np.broadcast_to(x, (5, 2, 3, 4))),
    "negative": (lambda t: -t, lambda x: -x),
    "scale": (lambda t: t.scale_by(Fraction(3)), lambda x: 3 * x),
    "matmul": (lambda t: t.matmul(AffineTensor.of_array(CONSTANT)), lambda x: x @ CONSTANT),
    "add a row": (lambda t: t + AffineTensor.of_array(CONSTANT[:, 0]), lambda x: x + CONSTANT[:, 0]),
    "add a column": (lambda t: t + AffineTensor.of_array(CONSTANT.T[:, :1]), lambda x: x + CONSTANT.T[:, :1]),
    "multiply": (lambda t: t.multiply(AffineTensor.of_array(CONSTANT.T)), lambda x: x * CONSTANT.T),
    "outer": (
        lambda t: t.reshape((24, 1)).multiply(AffineTensor.of_array(CONSTANT[0])),
        lambda x: x.reshape(24, 1) * CONSTANT[0],
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_tensor_operation_is_that_of_numpy(name: str) -> None:
    on_tensors, on_arrays = OPERATIONS[name]
    result = on_tensors(input_tensor(2, 3, 4))
    for seed in range(3):
        point = np.random.default_rng(seed).integers(-9, 10, (2, 3, 4)).astype(float)
        expected = on_arrays(point)
        assert result.shape == expected.shape
        np.testing.assert_array_equal(value_at(result, point), expected)


def test_reciprocals_are_exact() -> None:
    tensor = AffineTensor.of_array(np.array([3.0, -0.5]))
    assert tensor.reciprocal().form.constant.fractions() == [[Fraction(1, 3)], [-2]]
    with pytest.raises(ZeroDivisionError):
        AffineTensor.of_array(np.array([1.0, 0.0])).reciprocal()


def test_shapes_that_do_not_fit_are_refused() -> None:
    x = input_tensor(2, 3)
    with pytest.raises(ValueError, match=r"6 entries do not fill shape \[4, 2\]"):
        x.reshape((4, 2))
    with pytest.raises(ValueError, match=r"shapes \[2, 3\] and \[4, 3\] do not multiply"):
        x.matmul(AffineTensor.of_array(CONSTANT))
    with pytest.raises(ValueError):
        _ = x + AffineTensor.of_array(np.zeros(4))


def test_small_tensors_do_not_broadcast_to_one_that_no_memory_holds() -> None:
    tall, wide = AffineTensor.of_array(np.ones((10000, 1))), AffineTensor.of_array(np.ones((1, 10000)))
    for operation in (lambda: tall + wide, lambda: tall.multiply(wide), lambda: tall.matmul(wide)):
        with pytest.raises(ValueError, match=r"shape \[10000, 10000\] has more than 16,777,216 entries"):
            operation()
    with pytest.raises(UnsupportedNetworkError, match="the input has 262,145 entries; at most 262,144 are read"):
        AffineForm.of_source(INPUT, MAX_WIDTH + 1)
