"""What networks do to their constants: exact where that is possible, of the right type, and said where rounded."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from relureg import Network, count_regions
from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.readers.onnx import reader as onnx_
from tests.readers.onnx.onnx_models import assert_agrees_with_runtime, f32, i64, model, node, random, read

W = f32([[0.75, -0.5, 2], [-1.25, 3, 0.5]])
TAIL = [node("MatMul", "x v", "z"), node("Relu", "z", "y")]


def weights(nodes: list[Any], constants: dict[str, Any], *, opset: int = 13) -> list[list[Fraction]]:
    """The weights, a row an input, that `nodes` make of the constants; checked against onnxruntime."""
    network = assert_agrees_with_runtime(model([*nodes, *TAIL], constants, [1, 2], opset=opset), (1, 2))
    return network.stages[0].pre_activation.terms[0].T.fractions()


@pytest.mark.parametrize(
    ("operator", "attributes", "expected"),
    [
        ("Exp", {}, np.exp), ("Sqrt", {}, np.sqrt), ("Log", {}, np.log), ("Reciprocal", {}, lambda w: 1 / w),
        ("Sigmoid", {}, lambda w: 1 / (1 + np.exp(-w))), ("Tanh", {}, np.tanh),
        ("Softplus", {}, lambda w: np.log1p(np.exp(w))), ("Softmax", {"axis": 1}, lambda w: np.exp(w) / np.exp(w).sum(
            1, keepdims=True)), ("LpNormalization", {"axis": 0}, lambda w: w / np.sqrt((w**2).sum(0))),
    ],
)  # fmt: skip
def test_smooth_functions_of_weights_are_folded_in_float64_and_say_so(
    operator: str, attributes: dict[str, Any], expected: Any
) -> None:
    positive = np.abs(W)
    proto = model([node(operator, "w", "v", **attributes), *TAIL], {"w": positive}, [1, 2])
    network = assert_agrees_with_runtime(proto, (1, 2))
    found = np.array(network.stages[0].pre_activation.terms[0].T.floats)
    np.testing.assert_allclose(found, expected(positive.astype(np.float64)), rtol=4e-16)
    assert network.notices == (
        f"computed from constants in float64, and exact from there: {operator} (node '{operator}_v')",
    )


def test_a_weight_normalised_layer_is_folded() -> None:
    """As torch's weight_norm is exported: v g / |v|."""
    nodes = [node("ReduceL2", "w", "n", axes=[0], keepdims=1), node("Div", "w n", "u"), node("Mul", "u g", "v")]
    found = weights(nodes, {"w": W, "g": f32([[1.5, -2, 0.25]])})
    norms = np.sqrt((W.astype(np.float64) ** 2).sum(0))
    np.testing.assert_allclose(np.array(found, dtype=float), W / norms * [1.5, -2, 0.25], rtol=1e-15)


def test_arithmetic_of_constants_stays_exact() -> None:
    nodes = [node("Mul", "w a", "s"), node("Div", "s c", "t"), node("Add", "t w", "v")]
    found = weights(nodes, {"w": W, "a": f32(0.1), "c": f32(3)})
    tenth = Fraction(float(np.float32(0.1)))
    assert found == [[Fraction(float(w)) * tenth / 3 + Fraction(float(w)) for w in row] for row in W]


@pytest.mark.parametrize(
    ("scale", "offset", "attributes", "opset"),
    [
        (f32(0.1), np.int8(3), {}, 13),
        (f32(0.1), None, {}, 10),
        (f32(0.1, 0.3, 0.7), np.array([1, -2, 3], np.int8), {"axis": 1}, 13),
        (f32(0.1, 0.3), np.array([1, -2], np.int8), {"axis": -2}, 13),
        (f32([[0.1, 0.3], [0.5, 0.7]]), np.array([[1, 2], [3, 4]], np.int8), {"axis": 1, "block_size": 2}, 21),
    ],
)
def test_dequantised_weights_are_exact(scale: Any, offset: Any, attributes: dict[str, Any], opset: int) -> None:
    q = np.array([[100, -128, 7], [127, 0, -3]], np.int8)
    constants = {"q": q, "s": scale} | ({} if offset is None else {"o": np.asarray(offset)})
    found = weights([node("DequantizeLinear", " ".join(constants), "v", **attributes)], constants, opset=opset)
    s, o = np.asarray(scale), np.asarray(0 if offset is None else offset)
    if "block_size" in attributes:
        s, o = (np.repeat(part, 2, axis=1)[:, :3] for part in (s, o))
    elif s.ndim and attributes["axis"] == -2:
        s, o = s.reshape(2, 1), o.reshape(2, 1)
    s, o = np.broadcast_to(s, q.shape), np.broadcast_to(o, q.shape)
    assert found == [
        [Fraction(float(s[i, j])) * (int(q[i, j]) - int(o[i, j])) for j in range(3)] for i in range(2)
    ]  # fmt: skip


def test_half_bytes_are_unpacked() -> None:
    packed = helper.make_tensor("q", TensorProto.INT4, [2, 3], [7, -8, 1, 0, -1, 3])
    proto = model([node("DequantizeLinear", "q s", "v"), *TAIL], {"s": f32(0.5)}, [1, 2], opset=21)
    proto.graph.initializer.append(packed)
    assert read(proto).stages[0].pre_activation.terms[0].T.fractions() == [
        [Fraction(7, 2), Fraction(-4), Fraction(1, 2)], [Fraction(0), Fraction(-1, 2), Fraction(3, 2)]
    ]  # fmt: skip
    packed.raw_data = packed.raw_data[:-1]
    del proto.graph.initializer[:]
    proto.graph.initializer.extend([packed, numpy_helper.from_array(f32(0.5), "s")])
    with pytest.raises(MalformedNetworkError, match="tensor 'q': holds"):
        read(proto)


CASTS = [  # value, through these types, what comes out
    (i64(2, 0), [TensorProto.BOOL], [1, 0]),
    (i64(300, -129), [TensorProto.INT8], [44, 127]),
    (i64(-1, 256), [TensorProto.UINT8], [255, 0]),
    (i64(2**32 + 5, 7), [TensorProto.INT32], [5, 7]),
    (f32(2.75, -2.75), [TensorProto.INT64], [2, -2]),
    (f32(0.5, 0), [TensorProto.BOOL], [1, 0]),
    (f32(1.0001, 3), [TensorProto.FLOAT16], [1, 3]),
    (f32(1.003, -3), [TensorProto.BFLOAT16], [1, -3]),
    (np.array([200, 100], np.uint8), [TensorProto.INT8], [-56, 100]),
    (np.array([True, False]), [TensorProto.INT32], [1, 0]),
    (np.array([2**53 + 1, 3]), [TensorProto.DOUBLE], [2**53, 3]),
    (f32(300.5, 2), [TensorProto.INT32, TensorProto.INT8, TensorProto.UINT8], [44, 2]),
]


@pytest.mark.parametrize(("value", "kinds", "expected"), CASTS)
def test_casts_of_constants_keep_the_rules_of_their_types(value: Any, kinds: list[int], expected: list[int]) -> None:
    names = ["c", *(f"c{i}" for i in range(len(kinds))), "k"]
    steps = [node("Cast", a, b, to=kind) for a, b, kind in zip(names, names[1:], [*kinds, 1], strict=False)]
    proto = model([*steps, node("Mul", "x k", "y")], {"c": value}, [1, 2])
    network = assert_agrees_with_runtime(proto, (1, 2))
    assert np.diag(network.output.terms[0].floats).tolist() == [float(np.float32(e)) for e in expected]


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (f32(300, 1), TensorProto.INT8, "beyond the range of int8"),
        (f32(-1, 1), TensorProto.UINT8, "beyond the range of uint8"),
        (f32(np.nan, 1), TensorProto.INT32, "NaN or infinite"),
        (np.array([7.00000001, 1.99999999999]), TensorProto.INT32, "rounding would decide"),
        (f32(1, 2), TensorProto.STRING, "is not read"),
    ],
)
def test_casts_that_nobody_defines_are_refused(value: Any, kind: int, message: str) -> None:
    proto = model([node("Cast", "c", "i", to=kind), node("Cast", "i", "f", to=1), node("Mul", "x f", "y")],
                  {"c": value}, [1, 2])  # fmt: skip
    with pytest.raises(UnsupportedNetworkError, match=message):
        read(proto)


INTEGERS = [
    ("Add", np.array([100, 1], np.int8), np.array([100, 1], np.int8), [-56, 2]),
    ("Mul", np.array([16, 3], np.uint8), np.array([17, 3], np.uint8), [16, 9]),
    ("Sub", np.array([1, 3], np.uint8), np.array([2, 1], np.uint8), [255, 2]),
    ("Div", i64(-7, 7), i64(2, -2), [-3, -3]),
    ("Div", np.array([-7, 7], np.int32), np.array([2, 2], np.int32), [-3, 3]),
    ("Mod", i64(-7, 7), i64(3, -3), [2, -2]),
    ("Pow", i64(3, -2), i64(2, 3), [9, -8]),
    ("Max", i64(3, -2), i64(2, 3), [3, 3]),
]


@pytest.mark.parametrize(("operator", "left", "right", "expected"), INTEGERS)
def test_integers_are_computed_in_their_own_type(operator: str, left: Any, right: Any, expected: list[int]) -> None:
    nodes = [node(operator, "a b", "i"), node("Cast", "i", "f", to=1), node("Mul", "x f", "y")]
    proto = model(nodes, {"a": left, "b": right}, [1, 2], opset=14)
    assert np.diag(read(proto).output.terms[0].floats).tolist() == expected
    if operator != "Sub" and left.dtype not in (np.int8, np.uint8):  # which onnxruntime does not compute
        assert_agrees_with_runtime(proto, (1, 2))


def test_integers_divided_by_zero_are_refused() -> None:
    nodes = [node("Div", "a b", "i"), node("Cast", "i", "f", to=1), node("Mul", "x f", "y")]
    with pytest.raises(UnsupportedNetworkError, match="cannot be computed"):
        read(model(nodes, {"a": i64(1, 2), "b": i64(0, 1)}, [1, 2]))


def test_a_rounding_of_weights_is_folded_where_it_is_decided() -> None:
    nodes = [node("Div", "w s", "q"), node("Round", "q", "r"), node("Mul", "r s", "v")]
    found = weights(nodes, {"w": W, "s": f32(0.5)})
    assert found == [[Fraction(1), Fraction(-1, 2), Fraction(2)], [Fraction(-1), Fraction(3), Fraction(1, 2)]]
    with pytest.raises(UnsupportedNetworkError, match="rounding would decide what it gives"):
        weights(nodes, {"w": f32([[0.75, 1, 1], [1, 1, 1]]), "s": f32(0.1)})  # 7.4999998882, or 7.5 in float32


@pytest.mark.parametrize("entry", [math.inf, -math.inf, math.nan])
def test_an_infinite_weight_is_refused_and_an_infinite_bound_is_none(entry: float) -> None:
    with pytest.raises(MalformedNetworkError, match=r"tensor 'w': entry \[0, 1\] is NaN or infinite"):
        read(model([node("MatMul", "x w", "y")], {"w": f32([[1, entry], [2, 3]])}, [1, 2]))
    proto = model([node("Clip", "x low high", "y")], {"low": f32(-1), "high": f32(entry)}, [1, 2])
    if entry == math.inf:
        assert assert_agrees_with_runtime(proto, (1, 2)).widths == (2,)
    else:
        with pytest.raises(UnsupportedNetworkError, match="leaves no finite number"):
            read(proto)


def test_a_clip_between_infinite_bounds_is_nothing() -> None:
    for opset, nodes, constants in (
        (13, [node("Neg", "big", "low"), node("Clip", "x low big", "y")], {"big": f32(np.inf)}),
        (6, [node("Clip", "x", "y", min=-math.inf, max=math.inf)], {}),
        (6, [node("Clip", "x", "y")], {}),
        (11, [node("Clip", "x", "y")], {}),
    ):
        network = read(model(nodes, constants, [1, 2], opset=opset))
        assert network.stages == ()


@pytest.mark.parametrize(("low", "high", "value"), [(2, 1, 1), (0, -3, -3), (1, 1, 1)])
def test_a_clip_whose_bounds_cross_is_the_upper_one(low: float, high: float, value: float) -> None:
    network = read(model([node("Clip", "x low high", "y")], {"low": f32(low), "high": f32(high)}, [1, 2]))
    assert network(np.array([[-9.0, 9.0]])).tolist() == [[value, value]]


def test_float_attributes_left_out_are_float32() -> None:
    """LeakyRelu(x) with alpha left out and written out are one function, so that their difference has no kink."""
    nodes = [node("LeakyRelu", "x", "a"), node("LeakyRelu", "x", "b", alpha=0.01), node("Sub", "a b", "c"),
             node("Relu", "c", "y")]  # fmt: skip
    network = read(model(nodes, {}, [1, 1]))
    assert count_regions(network).num_regions == 2
    slope = Fraction(float(np.float32(0.01)))
    left_out = read(model([node("LeakyRelu", "x", "y")], {}, [1, 1]))
    assert left_out(np.array([[-1.0]]))[0, 0] == -float(slope)
    c = {name: f32([1]) for name in "gbmv"}
    norm = read(model([node("BatchNormalization", "x g b m v", "y")], c, [1, 1]))
    assert norm.output.terms[0].fractions()[0][0] == 1 / np.sqrt(1 + float(np.float32(1e-5)))


def test_an_attribute_or_an_input_that_the_operator_has_not_is_refused() -> None:
    with pytest.raises(
        UnsupportedNetworkError, match="the attribute 'axes' is none it has in the model's operator set"
    ):
        read(model([node("ReduceSum", "x", "y", axes=[1])], {}, [1, 2], opset=13))
    with pytest.raises(UnsupportedNetworkError, match="it has 3 inputs; in the model's operator set 6 it takes 1"):
        read(model([node("Clip", "x a a", "y")], {"a": f32(1)}, [1, 2], opset=6))
    with pytest.raises(UnsupportedNetworkError, match="operator set 999 is newer than"):
        read(model([node("Relu", "x", "y")], {}, [1, 2], opset=999))
    proto = model([node("Relu", "x", "y")], {}, [1, 2])
    del proto.opset_import[:]
    with pytest.raises(MalformedNetworkError, match=r"declares no operator set for the domain 'ai\.onnx'"):
        read(proto)


def test_slopes_before_operator_set_7_are_those_of_channels() -> None:
    nodes = [node("PRelu", "x s", "y")]
    network = read(model(nodes, {"s": f32(0.5, 2)}, [1, 2, 2], opset=6))
    assert network(-np.ones((1, 4))).tolist() == [[-0.5, -0.5, -2, -2]]
    newer = assert_agrees_with_runtime(model(nodes, {"s": f32(0.5, 2)}, [1, 2, 2], opset=9), (1, 2, 2))
    assert newer(-np.ones((1, 4))).tolist() == [[-0.5, -2, -0.5, -2]]


SLICES = [  # starts, ends, steps of six entries
    (-100, -(2**63), -1), (5, -(2**63), -2), (2**63 - 1, -(2**63), -1), (-1, -7, -1), (-2, 0, -1), (0, 2**63 - 1, 4),
    (3, 2**31 - 1, 1), (-4, -1, 2), (4, -100, -3), (-7, -8, -1), (100, 2, -1),
]  # fmt: skip


@pytest.mark.parametrize(("start", "end", "step"), SLICES)
def test_slices_as_onnxruntime_makes_them(start: int, end: int, step: int) -> None:
    nodes = [node("Slice", "x s e a d", "t"), node("Concat", "t x", "y", axis=1)]
    constants = {"s": i64(start), "e": i64(end), "a": i64(-1), "d": i64(step)}
    assert_agrees_with_runtime(model(nodes, constants, [1, 6]), (1, 6))


@pytest.mark.parametrize("entry", [2**20, 10**12, 2**62])
@pytest.mark.parametrize("operator", ["ConstantOfShape", "Expand", "Tile", "Range", "OneHot", "Pad", "Resize"])
def test_a_small_file_makes_no_large_constant(operator: str, entry: int) -> None:
    nodes = {
        "ConstantOfShape": [node("ConstantOfShape", "n", "c")],
        "Expand": [node("Expand", "one n", "c")],
        "Tile": [node("Tile", "one n", "c")],
        "Range": [node("Squeeze", "n", "k"), node("Mul", "k k", "m"), node("Range", "z m o", "c")],
        "OneHot": [node("OneHot", "n n v", "c")],
        "Pad": [node("Concat", "n n", "p", axis=0), node("Pad", "one p", "c")],
        "Resize": [node("Resize", "one _ _ n", "c")],
    }[operator]
    size = entry if operator == "Range" or entry > 2**60 else entry * 32
    constants = {"n": i64(size), "one": f32([1]), "z": np.array(0), "o": np.array(1), "v": f32(0, 1)}
    with pytest.raises(NetworkError):
        read(model([*nodes, node("Cast", "c", "f", to=1), node("ReduceSum", "f", "s"), node("Mul", "x s", "y")],
                   constants, [1, 2]))  # fmt: skip


def test_a_shape_that_the_bytes_do_not_fill_is_refused() -> None:
    tensor = numpy_helper.from_array(random(2, 2), "w")
    for dims in ([2**20, 2**20], [4096, 4096], [2**62, 4], [2, 3]):
        tensor.dims[:] = dims
        proto = model([node("MatMul", "x w", "y")], {}, [1, 2])
        proto.graph.initializer.append(tensor)
        with pytest.raises(MalformedNetworkError, match=r"tensor 'w': (declared shape|holds 16 bytes)"):
            read(proto)


def network_of(text: str) -> Network:
    return onnx_.read(onnx.parser.parse_model(text).SerializeToString(), name="given", folder=None)


@pytest.mark.parametrize("operator", ["QuantizeLinear", "Round", "Floor", "Ceil"])
def test_quantised_activations_are_refused_with_the_reason(operator: str) -> None:
    inputs = "(z, s)" if operator == "QuantizeLinear" else "(z)"
    back = "q = DequantizeLinear (r, s)" if operator == "QuantizeLinear" else "q = Identity (r)"
    with pytest.raises(UnsupportedNetworkError, match="it rounds what depends on the input to steps") as caught:
        network_of(f"""<ir_version: 8, opset_import: ["": 13]> g (float[1,2] x) => (float[1,2] y) <float s = {{0.5}}>
                       {{ z = Relu (x) r = {operator} {inputs} {back} y = Relu (q) }}""")
    assert [problem.operator for problem in caught.value.unsupported] == [operator]


def test_brevitas_operators_are_refused_with_the_reason() -> None:
    with pytest.raises(UnsupportedNetworkError, match=r"qonnx.custom_op.general.Quant \(.*it rounds what depends on"):
        network_of("""<ir_version: 8, opset_import: ["": 13, "qonnx.custom_op.general": 1]>
                      g (float[1,2] x) => (float[1,2] y) <float s = {0.5}, float z = {0}, float b = {4}>
                      { q = qonnx.custom_op.general.Quant <signed: int = 1> (x, s, z, b) y = Relu (q) }""")


def test_a_cube_gets_no_advice_that_makes_another_function() -> None:
    for nodes in ([node("Pow", "x three", "y")], [node("Mul", "x x", "s"), node("Mul", "s x", "y")]):
        with pytest.raises(UnsupportedNetworkError, match="not piecewise linear") as caught:
            read(model(nodes, {"three": f32(3)} if len(nodes) == 1 else {}, [1, 2]))
        assert "Mul by a constant" not in str(caught.value)


def test_many_unsupported_nodes_are_the_first_few_and_a_number() -> None:
    nodes = [node("Softplus" if i % 2 else "Sin", f"v{i}" if i else "x", f"v{i + 1}") for i in range(54)]
    with pytest.raises(UnsupportedNetworkError) as caught:
        read(model([*nodes, node("Relu", "v54", "y")], {}, [1, 2]))
    assert len(caught.value.unsupported) == 54
    assert "54 nodes are not supported" in caught.value.message
    assert "and 49 more nodes (25 Softplus, 24 Sin)" in caught.value.message
    assert len(caught.value.message) < 800


TRAINING = [
    ("BatchNormalization", 7, "x c c c c", "y m v s t", {}),
    ("BatchNormalization", 9, "x c c c c", "y m v", {}),
    ("BatchNormalization", 14, "x c c c c", "y m v", {"training_mode": 1}),
    ("BatchNormalization", 15, "x c c c c", "y", {"training_mode": 1}),
    ("BatchNormalization", 6, "x c c c c", "y", {}),
    ("Dropout", 6, "x", "y", {}),
]


@pytest.mark.parametrize(("operator", "opset", "inputs", "outputs", "attributes"), TRAINING)
def test_training_forms_are_refused(
    operator: str, opset: int, inputs: str, outputs: str, attributes: dict[str, Any]
) -> None:
    nodes = [node(operator, inputs, outputs, **attributes)]
    constants = {"c": f32(1, 1)} if "c" in inputs else {}
    with pytest.raises(UnsupportedNetworkError, match="in training mode"):
        read(model(nodes, constants, [1, 2], opset=opset))


def test_inference_forms_of_old_operator_sets_are_read() -> None:
    for name, inputs in (("BatchNormalization", "x c c c c"), ("Dropout", "x")):
        constants = {"c": f32(1, 1)} if "c" in inputs else {}
        assert read(model([node(name, inputs, "y", is_test=1)], constants, [1, 2], opset=6)).input_dim == 2
