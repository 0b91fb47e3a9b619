"""Each affine ONNX operator, in the forms exporters use, against onnxruntime; and what is not affine."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.readers.onnx.onnx_models import assert_agrees_with_runtime, f32, i64, model, node, random, read

W, B = random(4, 3), random(3)
TAIL = [node("Relu", "z", "h"), node("MatMul", "h v", "y")]


def check(nodes: list[Any], constants: dict[str, Any], shape: Any = ("N", 4), opset: int = 13) -> None:
    """`nodes` make z of size 3 from x; a ReLU and a layer to 2 outputs follow."""
    proto = model([*nodes, *TAIL], constants | {"v": random(3, 2)}, list(shape), opset=opset)
    network = assert_agrees_with_runtime(proto, tuple(d if isinstance(d, int) else 1 for d in shape))
    assert (network.widths, network.output_dim) == ((3,), 2)


GEMMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({"w": W, "c": B}, {}),
    "transB": ({"w": W.T.copy(), "c": B}, {"transB": 1}),
    "alpha": ({"w": W, "c": B}, {"alpha": 0.3}),
    "beta": ({"w": W, "c": B}, {"beta": -2.5}),
    "all": ({"w": W.T.copy(), "c": B}, {"transB": 1, "alpha": -1.5, "beta": 0.1, "transA": 0}),
    "C a row": ({"w": W, "c": B.reshape(1, 3)}, {}),
    "C a scalar": ({"w": W, "c": f32(0.7)}, {"beta": 3.0}),
}


@pytest.mark.parametrize("name", GEMMS)
def test_gemm(name: str) -> None:
    constants, attributes = GEMMS[name]
    check([node("Gemm", "x w c", "z", **attributes)], constants)


def test_gemm_without_c() -> None:
    check([node("Gemm", "x w", "z", alpha=2.0)], {"w": W})
    check([node("Gemm", "x w _", "z")], {"w": W})


def test_gemm_with_the_input_transposed_or_on_the_right() -> None:
    check([node("Gemm", "x w c", "z", transA=1)], {"w": W, "c": B}, shape=(4, 1))
    both = [node("Gemm", "w x", "t", transA=1, transB=1, alpha=0.5), node("Transpose", "t", "z", perm=[1, 0])]
    check(both, {"w": W}, shape=(1, 4))


def test_matmul_with_the_weight_on_either_side_and_vectors() -> None:
    check([node("MatMul", "x w", "z")], {"w": W})
    check([node("MatMul", "x w", "z")], {"w": W}, shape=(4,))
    check([node("MatMul", "w x", "z")], {"w": W.T.copy()}, shape=(4,))
    left = [node("MatMul", "w x", "t"), node("Transpose", "t", "z", perm=[1, 0])]
    check(left, {"w": W.T.copy()}, shape=(4, 1))
    check([node("Reshape", "x s", "r"), node("MatMul", "r w", "z")], {"w": W, "s": i64(1, 1, 4)}, shape=(1, 4))


def test_matmul_of_the_input_with_constant_vectors() -> None:
    single = [node("MatMul", "x w", "t"), node("Unsqueeze", "t a", "u"), node("Mul", "u f", "z")]
    check(single, {"w": W[:, 0], "a": i64(1), "f": B}, shape=(1, 4))
    dot = [node("MatMul", "w x", "t"), node("Mul", "t f", "z")]
    check(dot, {"w": W[:, 0], "f": B}, shape=(4,))


def test_a_layer_as_matmul_and_add_in_either_order() -> None:
    check([node("MatMul", "x w", "m"), node("Add", "m b", "z")], {"w": W, "b": B})
    check([node("MatMul", "x w", "m"), node("Add", "b m", "z")], {"w": W, "b": B})
    check([node("MatMul", "x w", "m"), node("Sub", "b m", "z")], {"w": W, "b": B})


def test_normalisation_in_front() -> None:
    c = {"mean": random(4), "range": random(4) ** 2 + 1, "w": W, "b": B}
    layer = node("Gemm", "n w b", "z")
    check([node("Sub", "x mean", "m"), node("Div", "m range", "n"), layer], c)
    check([node("Mul", "range x", "m"), node("Add", "m mean", "n"), layer], c)
    check([node("Neg", "x", "m"), node("Mul", "m half", "n"), layer], c | {"half": f32(0.5)})


def test_division_by_constants_is_exact() -> None:
    proto = model([node("Div", "x d", "m"), node("Relu", "m", "y")], {"d": f32(3, 7)}, [1, 2])
    assert read(proto).exact_output([1, 1]) == (Fraction(1, 3), Fraction(1, 7))


def test_old_broadcast_attributes() -> None:
    c = {"mean": f32(0.25, -3), "w": random(8, 3), "b": B}
    nodes = [
        node("Sub", "x mean", "m", broadcast=1, axis=1),
        node("Flatten", "m", "f"),
        node("Gemm", "f w b", "z", broadcast=1),
        *TAIL,
    ]
    network = read(model(nodes, c | {"v": random(3, 2)}, [1, 2, 2, 2], opset=6))
    point = np.arange(8.0)
    centred = (point.reshape(2, 2, 2) - np.array([0.25, -3]).reshape(2, 1, 1)).ravel()
    assert np.allclose(network.pre_activations([point])[0], centred @ c["w"] + B, rtol=1e-6)


RESHAPES: dict[str, tuple[list[Any], dict[str, Any], tuple[Any, ...]]] = {
    "Flatten": ([node("Flatten", "x", "f")], {}, ("N", 2, 1, 2)),
    "Flatten axis": ([node("Flatten", "x", "f", axis=-1)], {}, (1, 1, 4)),
    "Reshape 0 -1": ([node("Reshape", "x s", "f")], {"s": i64(0, -1)}, ("N", 2, 2)),
    "Reshape -1 4": ([node("Reshape", "x s", "f")], {"s": i64(-1, 4)}, ("N", 4, 1)),
    "Squeeze all": ([node("Squeeze", "x", "f")], {}, (1, 4, 1)),
    "Squeeze axes": ([node("Squeeze", "x a", "f")], {"a": i64(1, -1)}, (1, 1, 4, 1)),
    "Unsqueeze": (
        [node("Unsqueeze", "x a", "u"), node("Squeeze", "u b", "f")], {"a": i64(0, -1), "b": i64(0, 3)}, (1, 4)),
    "Transpose": ([node("Transpose", "x", "t", perm=[0, 2, 1]), node("Flatten", "t", "f")], {}, ("N", 2, 2)),
    "Transpose default": ([node("Transpose", "x", "t"), node("Transpose", "t", "f")], {}, (1, 4)),
    "Identity": ([node("Identity", "x", "f")], {}, ("N", 4)),
    "Dropout": ([node("Dropout", "x", "f")], {}, ("N", 4)),
    "Dropout off": ([node("Dropout", "x r t", "f mask")], {"r": f32(0.5), "t": np.array(False)}, ("N", 4)),
    "Cast": ([node("Cast", "x", "d", to=11), node("Cast", "d", "f", to=TensorProto.FLOAT)], {}, ("N", 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", RESHAPES)
def test_operators_that_move_entries(name: str) -> None:
    nodes, constants, shape = RESHAPES[name]
    check([*nodes, node("MatMul", "f w", "z")], constants | {"w": W}, shape=shape)


def test_axes_as_attributes_of_older_opsets() -> None:
    nodes = [
        node("Unsqueeze", "x", "u", axes=[0, 3]),
        node("Squeeze", "u", "s", axes=[3]),
        node("Squeeze", "s", "f", axes=[0]),
        node("MatMul", "f w", "z"),
    ]
    check(nodes, {"w": W}, opset=11)


def test_constants_as_nodes_of_every_kind() -> None:
    nodes = [
        node("Constant", "", "w", value=numpy_helper.from_array(W)),
        node("Constant", "", "b", value_floats=[float(b) for b in B]),
        node("Constant", "", "s", value_ints=[0, -1]),
        node("Constant", "", "f", value_float=0.25),
        node("Constant", "", "i", value_int=1),
        node("Reshape", "x s", "r"),
        node("MatMul", "r w", "m"),
        node("Add", "m b", "a"),
        node("Mul", "a f", "u0"),
        node("Unsqueeze", "u0 i1", "u1"),
        node("Constant", "", "i1", value_ints=[1]),
        node("Squeeze", "u1 i1", "z"),
    ]
    proto = read(model([*nodes, *TAIL], {"v": random(3, 2)}, ["N", 2, 2]))
    expected = (np.arange(4.0) @ W + B) / 4
    assert np.allclose(proto.pre_activations([np.arange(4.0)])[0], expected, rtol=1e-6)
    ordered = [n for n in nodes if n.op_type == "Constant"] + [n for n in nodes if n.op_type != "Constant"]
    check(ordered, {}, shape=("N", 2, 2))


def test_weights_stored_as_typed_entries_halves_and_doubles() -> None:
    half, double = W.astype(np.float16), W.astype(np.float64) / 3
    typed = helper.make_tensor("w", TensorProto.FLOAT, W.shape, W.ravel().tolist())
    proto = model([node("MatMul", "x w", "y")], {}, ["N", 4])
    for tensor, expected in [
        (typed, W),
        (numpy_helper.from_array(half, "w"), half),
        (numpy_helper.from_array(double, "w"), double),
    ]:
        del proto.graph.initializer[:]
        proto.graph.initializer.append(tensor)
        (matrix,) = read(proto).output.terms.values()
        assert matrix.fractions() == [[Fraction(float(entry)) for entry in row] for row in expected.T]


def test_a_cast_rounds_constants_as_a_runtime_does() -> None:
    nodes = [node("Cast", "d", "w", to=TensorProto.FLOAT), node("MatMul", "x w", "z")]
    doubles = W.astype(np.float64) / 3
    check(nodes, {"d": doubles})
    network = read(model([*nodes[:1], node("MatMul", "x w", "y")], {"d": doubles}, ["N", 4]))
    (matrix,) = network.output.terms.values()
    assert matrix.fractions()[0][0] == Fraction(float(np.float32(doubles[0, 0])))


def test_layers_without_activation_and_residuals_fold() -> None:
    c = {"a": random(4, 4), "b": random(4), "w": W, "u": random(3, 3), "v": random(3, 2)}
    nodes = [
        node("MatMul", "x a", "m"), node("Add", "m b", "n"), node("Add", "n x", "r"), node("MatMul", "r w", "z"),
        node("Relu", "z", "h1"), node("MatMul", "h1 u", "z2"), node("Relu", "z2", "h2"), node("Add", "h2 h1", "h"),
        node("MatMul", "h v", "y"),
    ]  # fmt: skip
    network = assert_agrees_with_runtime(model(nodes, c, ["N", 4]), (1, 4))
    assert (network.widths, network.is_sequential) == ((3, 3), False)
