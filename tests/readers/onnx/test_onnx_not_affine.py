"""ONNX operators used in a way that is not affine, or that does not fit, are refused by node."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from relureg.errors import UnsupportedNetworkError
from tests.readers.onnx.onnx_models import f32, i64, model, node, random, read

NOT_AFFINE: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "product": ([node("Mul", "x x", "y")], {}, "Mul (node 'Mul_y'): both factors depend on the input"),
    "matrix product": ([node("MatMul", "x x", "y")], {}, "MatMul (node 'MatMul_y'): both factors depend on the input"),
    "division": ([node("Div", "c x", "y")], {"c": f32(1, 2)}, "Div (node 'Div_y'): the divisor depends on the input"),
    "division by zero": ([node("Div", "x c", "y")], {"c": f32(1, 0)}, "Div (node 'Div_y'): a division by zero"),
    "shapes": ([node("MatMul", "x c", "y")], {"c": random(3, 1)}, "shapes [1, 2] and [3, 1] do not multiply"),
    "bias": ([node("Gemm", "x c b", "y")], {"c": random(2, 2), "b": random(3)}, "Gemm (node 'Gemm_y'): "),
    "alpha": ([node("Gemm", "x c", "y", alpha=float("nan"))], {"c": random(2, 2)}, "Gemm (node 'Gemm_y'): "),
    "infinite beta": (
        [node("Gemm", "x c b", "y", beta=float("inf"))], {"c": random(2, 2), "b": random(2)},
        "Gemm (node 'Gemm_y'): inf is not a finite number"),
    "attribute type": (
        [node("Gemm", "x c", "y", alpha="one")], {"c": random(2, 2)}, "'alpha' is of type STRING; it takes FLOAT"),
    "axis type": ([node("Flatten", "x", "y", axis=1.5)], {}, "'axis' is of type FLOAT; it takes INT"),
    "no target": ([node("Cast", "x", "y")], {}, "Cast (node 'Cast_y'): the attribute 'to' is missing"),
    "to integers": (
        [node("Cast", "x", "y", to=7)], {}, "a cast of what depends on the input to integers or Booleans jumps"),
    "flatten axis": ([node("Flatten", "x", "y", axis=3)], {}, "axis 3 is none of the 2 axes of shape [1, 2]"),
    "reshape": ([node("Reshape", "x s", "y")], {"s": i64(3, -1)}, "2 entries do not fill shape [3, -1]"),
    "reshape 0": ([node("Reshape", "x s", "y")], {"s": i64(1, 2, 0)}, "2 entries do not fill shape [1, 2, 0]"),
    "reshape -1 -1": ([node("Reshape", "x s", "y")], {"s": i64(-1, -1, 2)}, "do not fill shape [-1, -1, 2]"),
    "reshape floats": ([node("Reshape", "x s", "y")], {"s": f32(1, 2)}, "input 1 is not a constant of integers"),
    "squeeze": ([node("Squeeze", "x a", "y")], {"a": i64(1)}, "axes [1] of shape [1, 2] are not all of size 1"),
    "squeeze axis": ([node("Squeeze", "x a", "y")], {"a": i64(5)}, "axes [5] are not distinct axes of 2"),
    "unsqueeze twice": ([node("Unsqueeze", "x a", "y")], {"a": i64(0, 0)}, "axes [0, 0] are not distinct axes of 4"),
    "perm": ([node("Transpose", "x", "y", perm=[0, 0])], {}, "perm [0, 0] does not order the 2 axes"),
    "no input": ([node("Relu", "", "y")], {}, "Relu (node 'Relu_y'): "),
    "no operand": (
        [node("Add", "x", "y")], {},
        "Add (node 'Add_y'): it has 1 input; in the model's operator set 13 it takes 2"),
    "training": (
        [node("Dropout", "x r t", "y")], {"r": f32(0.5), "t": np.array(True)}, "it is in training mode, which is"),
    "second output": (
        [node("Dropout", "x", "d mask"), node("Mul", "d mask", "y")], {},
        "tensor 'mask': that output of a node is not read"),
    "sequence constant": (
        [node("Constant", "", "c", value_string="s"), node("Add", "x c", "y")], {}, "neither a float nor an integer"),
    "huge broadcast": (
        [node("Add", "r c", "s"), node("MatMul", "x s", "y")],
        {"r": np.zeros((1, 9000), np.float32), "c": np.zeros((9000, 1), np.float32)}, "more than 16,777,216 entries"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_AFFINE)
def test_what_is_not_affine_or_does_not_fit_is_refused_by_node(name: str) -> None:
    nodes, constants, message = NOT_AFFINE[name]
    with pytest.raises(UnsupportedNetworkError, match=re.escape(message)) as caught:
        read(model(nodes, constants, [1, 2]))
    assert caught.value.exit_code == 3
    assert len(str(caught.value)) < 300


def test_an_input_of_integers_is_refused_unless_it_is_cast_at_once() -> None:
    nodes = [node("Div", "x c", "q"), node("Cast", "q", "y", to=1)]
    with pytest.raises(UnsupportedNetworkError, match="input 'x': its entries are of type INT64"):
        read(model(nodes, {"c": np.array([2, 3])}, [1, 2], kind=7))
    pixels = model([node("Cast", "x", "f", to=1), node("Relu", "f", "y")], {}, [1, 2], kind=2)
    assert read(pixels).widths == (2,)
