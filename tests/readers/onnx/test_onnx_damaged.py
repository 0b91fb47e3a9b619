"""Damaged and hostile ONNX files: an error of ours that says what is wrong, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from relureg import Network
from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.readers.onnx import reader as onnx_
from tests.readers.onnx.onnx_models import f32, i64, model, node, read, two_layers

WHOLE = two_layers().SerializeToString()


RICH = model(
    [
        node("Constant", "", "axes", value_ints=[1]),
        node("Constant", "", "mean", value_floats=[0.5, -0.5]),
        node("Constant", "", "weight", value=helper.make_tensor("t", 11, [2, 3], [1, 2, 3, 4, 5, 6.0])),
        node("Cast", "weight", "w", to=1),
        node("Squeeze", "x axes", "s"),
        node("Sub", "s mean", "m"),
        node("Reshape", "m shape", "r"),
        node("Gemm", "r w b", "z", alpha=0.5, beta=2.0, transA=0, transB=0),
        node("Relu", "z", "h"),
        node("Transpose", "h", "t", perm=[1, 0]),
        node("Unsqueeze", "t axes", "u"),
        node("Flatten", "u", "f", axis=0),
        node("Softmax", "f", "y", axis=1),
    ],
    {"shape": i64(0, -1), "b": f32(1, 2, 3)},
    [1, 1, 2],
).SerializeToString()


def read_or_error(data: bytes) -> Network | NetworkError:
    """Nothing else may come of any bytes whatever."""
    try:
        return onnx_.read(data, name="given", folder=None)
    except NetworkError as error:
        return error


@pytest.mark.parametrize("data", [WHOLE, RICH], ids=["two layers", "rich"])
def test_any_truncation_is_noticed(data: bytes) -> None:
    assert isinstance(read_or_error(data), Network)
    # The last field of the file is its operator set, without which no operator has a meaning.
    for length in range(len(data)):
        assert isinstance(read_or_error(data[:length]), NetworkError)


def test_a_truncated_file_says_so() -> None:
    for length in (0, 1, 100, len(WHOLE) // 2):
        with pytest.raises(MalformedNetworkError, match="truncated"):
            onnx_.read(WHOLE[:length], name="given", folder=None)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    assert isinstance(read_or_error(data), NetworkError)


@settings(max_examples=1000)
@given(st.sampled_from([WHOLE, RICH]), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=3))
def test_changed_bytes_give_a_network_or_an_error_of_ours(whole: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(whole)
    for at, byte in changes:
        data[at % len(data)] = byte
    result = read_or_error(bytes(data))
    assert isinstance(result, Network) or result.exit_code == 3


def test_a_cyclic_graph_is_refused() -> None:
    two = [node("Relu", "b", "a"), node("Identity", "a", "b"), node("Add", "x a", "y")]
    with pytest.raises(MalformedNetworkError, match=r"node '(Relu_a|Identity_b)': the graph has a cycle"):
        read(model(two, {}, [1, 2]))
    with pytest.raises(MalformedNetworkError, match="node 'Add_y': the graph has a cycle"):
        read(model([node("Add", "x y", "y")], {}, [1, 2]))


def test_a_missing_tensor_is_named_with_who_wants_it() -> None:
    with pytest.raises(MalformedNetworkError, match=r"Gemm \(node 'Gemm_y'\) needs tensor 'w', which nothing provides"):
        read(model([node("Gemm", "x w", "y")], {}, [1, 2]))
    with pytest.raises(MalformedNetworkError, match="the graph's output needs tensor 'y', which nothing provides"):
        read(model([node("Relu", "x", "z")], {}, [1, 2]))


def test_a_tensor_provided_twice_is_refused() -> None:
    twice = [node("Identity", "x", "a"), node("Neg", "x", "a"), node("Relu", "a", "y")]
    with pytest.raises(MalformedNetworkError, match="node 'Neg_a': provides tensor 'a' for a second time"):
        read(model(twice, {}, [1, 2]))
    with pytest.raises(MalformedNetworkError, match="node 'Neg_w': provides tensor 'w' for a second time"):
        read(model([node("Neg", "x", "w"), node("Add", "x w", "y")], {"w": f32(1, 2)}, [1, 2]))


def test_a_model_without_nodes_is_refused() -> None:
    for data in (b"", model([], {}, [1, 2], output="x").SerializeToString()):
        with pytest.raises(MalformedNetworkError, match="the ONNX model has no nodes"):
            onnx_.read(data, name="given", folder=None)


@pytest.mark.parametrize("entry", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_named_by_tensor_and_entry(entry: float) -> None:
    weight = f32([[1, 2], [3, entry]])
    with pytest.raises(MalformedNetworkError, match=r"tensor 'w': entry \[1, 1\] is NaN or infinite"):
        read(model([node("MatMul", "x w", "y")], {"w": weight}, [1, 2]))
    signalling = model([node("Add", "x w", "y")], {"w": np.array([1, 0x7FA00000], np.int32).view(np.float32)}, [1, 2])
    with pytest.raises(MalformedNetworkError, match=r"tensor 'w': entry \[1\] is NaN or infinite"):
        read(signalling)
    constant = node("Constant", "", "w", value_floats=[1.0, entry])
    with pytest.raises(MalformedNetworkError, match=r"tensor 'w': entry \[1\] is NaN or infinite"):
        read(model([constant, node("Add", "x w", "y")], {}, [1, 2]))


def damaged_weight(**fields: Any) -> Any:
    proto = model([node("MatMul", "x w", "y")], {"w": f32([[1, 2], [3, 4]])}, [1, 2])
    tensor = proto.graph.initializer[0]
    for name, value in fields.items():
        if name == "dims":
            del tensor.dims[:]
            tensor.dims.extend(value)
        else:
            setattr(tensor, name, value)
    return proto


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"dims": [2**20, 2**20]},
            "declared shape [1048576, 1048576] is impossible or has more than 16,777,216 entries",
        ),
        ({"dims": [-1, 2]}, "declared shape [-1, 2] is impossible"),
        ({"dims": [2**12, 2**12]}, "holds 16 bytes, but its shape [4096, 4096] needs 67108864; the file is damaged"),
        ({"dims": [2, 3]}, "holds 16 bytes, but its shape [2, 3] needs 24; the file is damaged"),
        ({"raw_data": b"123456789abcdefgh"}, "holds 17 bytes, but its shape [2, 2] needs 16"),
        ({"raw_data": b""}, "holds 0 bytes, but its shape [2, 2] needs 16"),
        ({"data_type": 8}, "element type STRING is not read"),
        ({"data_type": 0}, "element type UNDEFINED is not read"),
        ({"data_type": 999}, "element type number 999 is not read"),
        ({"data_type": 11}, "holds 16 bytes, but its shape [2, 2] needs 32"),
    ],
)
def test_a_tensor_that_is_not_what_it_declares_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=re.escape(f"tensor 'w': {message}")) as caught:
        read(damaged_weight(**fields))
    assert caught.value.exit_code == 3


def test_an_attribute_of_another_type_than_its_operator_takes_is_refused() -> None:
    graph = helper.make_graph([], "inner", [], [])
    with pytest.raises(
        NetworkError, match=r"node 'Cast_y'.*the attribute 'to' is of type GRAPH; it takes INT"
    ) as caught:
        read(model([node("Cast", "x", "y", to=graph)], {}, [1, 2]))
    assert caught.value.exit_code == 3


def test_a_product_of_one_matrix_is_refused_whether_it_is_constant_or_not() -> None:
    for inputs, weights in (("x", {}), ("x _", {}), ("w _", {"w": f32([[1, 2], [3, 4]])})):
        proto = model([node("MatMul", inputs, "p"), node("Add", "x p", "y")], weights, [1, 2])
        with pytest.raises(NetworkError, match=r"'MatMul_p'") as caught:
            read(proto)
        assert caught.value.exit_code == 3


def test_a_huge_shape_without_any_data_is_refused() -> None:
    proto = damaged_weight(dims=[4096, 4096])
    proto.graph.initializer[0].ClearField("raw_data")
    with pytest.raises(MalformedNetworkError, match=r"holds 0 entries, but its shape \[4096, 4096\] needs 16777216"):
        read(proto)


def test_sparse_weights_and_opaque_constants_are_refused() -> None:
    proto = model([node("MatMul", "x w", "y")], {}, [1, 2])
    values = numpy_helper.from_array(f32([3]), "w")
    indices = numpy_helper.from_array(np.array([1], dtype=np.int64), "indices")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [2, 1]))
    with pytest.raises(UnsupportedNetworkError, match="sparse initialisers are not read"):
        read(proto)
    words = helper.make_tensor("w", TensorProto.STRING, [1], [b"word"])
    with pytest.raises(UnsupportedNetworkError, match="element type STRING is not read"):
        read(model([node("Constant", "", "w", value=words), node("Add", "x w", "y")], {}, [1, 2]))


def test_names_that_are_no_text_do_not_confuse_the_reader() -> None:
    # Protocol buffers hand out such a name as bytes.
    twice = RICH.replace(b"alpha", b"\x00lpha").replace(b"transA", b"\x80ransA")
    with pytest.raises(NetworkError, match=r"the attribute .* is none it has"):
        onnx_.read(twice, name="given", folder=None)
    data = WHOLE.replace(b"Gemm_z1", b"Gemm_\xff1").replace(b"w1", b"w\xff").replace(b"Relu_h1", b"\x1b[31m\xffx")
    assert onnx_.read(data, name="given", folder=None) == read(two_layers())
    with pytest.raises(UnsupportedNetworkError, match=r"not supported: b'Re\\xffu'"):
        onnx_.read(WHOLE.replace(b'"\x04Relu', b'"\x04Re\xffu'), name="given", folder=None)


@pytest.mark.parametrize("change", [{"type": 0}, {"ref_attr_name": "alpha"}])
def test_an_attribute_without_a_type_or_of_a_function_is_refused(change: dict[str, Any]) -> None:
    proto = model([node("Gemm", "x w", "y", alpha=2.0)], {"w": f32([[1, 2], [3, 4]])}, [1, 2])
    proto.graph.node[0].attribute[0].CopyFrom(onnx.AttributeProto(name="alpha", **change))
    with pytest.raises(UnsupportedNetworkError, match=r"Gemm \(node 'Gemm_y'\): "):
        read(proto)
