"""ONNX files as they are in the wild, against onnxruntime; inputs of any shape; what is written reads back."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import relureg
from relureg import Network
from relureg.errors import UnsupportedNetworkError
from relureg.network import json_, onnx_, onnx_writer
from relureg.network.rational import RationalMatrix
from tests.network.onnx_models import (
    assert_agrees_with_runtime,
    f32,
    i64,
    model,
    node,
    read,
    run,
    two_layer_constants,
    two_layer_network,
    two_layers,
)

NETS = Path(__file__).resolve().parents[2] / "fixtures" / "nets"
MATLAB = {"overt_acc_3_20_matlab_gemm4d", "sherlock_cartpole_matlab_gemm4d"}
REFUSED = {"omlt_conv_7x7_relu", "marabou_conv_mp1", "marabou_multiInput_add"}
RUNNABLE = sorted({path.stem for path in NETS.glob("*.onnx")} - MATLAB - REFUSED)


def test_which_fixtures_there_are() -> None:
    assert len(RUNNABLE) == 11


@pytest.mark.parametrize("name", RUNNABLE)
def test_a_real_file_computes_what_onnxruntime_computes(name: str) -> None:
    proto = onnx.load(NETS / f"{name}.onnx")
    weights = {tensor.name for tensor in proto.graph.initializer}
    (given,) = (value for value in proto.graph.input if value.name not in weights)
    shape = tuple(d.dim_value or 1 for d in given.type.tensor_type.shape.dim)
    network = assert_agrees_with_runtime(proto, shape)
    assert network == relureg.load(NETS / f"{name}.onnx")
    assert network.notices == ()


@pytest.mark.parametrize("name", sorted(MATLAB))
def test_a_matlab_file_that_onnxruntime_refuses_computes_what_its_nodes_say(name: str) -> None:
    graph = onnx.load(NETS / f"{name}.onnx").graph
    weights = {tensor.name: numpy_helper.to_array(tensor).astype(np.float64) for tensor in graph.initializer}
    network = relureg.load(NETS / f"{name}.onnx")
    points = np.random.default_rng(2).normal(scale=5, size=(200, network.input_dim))
    value = points
    for step in graph.node:
        if step.op_type == "Sub":
            value = value - weights[step.input[1]].ravel()
        elif step.op_type == "Gemm":  # transB = 1, alpha = beta = 1
            value = value @ weights[step.input[1]].T + weights[step.input[2]].ravel()
        elif step.op_type == "Relu":
            value = np.maximum(value, 0)
    np.testing.assert_allclose(network(points), value, rtol=1e-9, atol=1e-9)
    assert [step.op_type for step in graph.node][:3] == ["Sub", "Gemm", "Relu"]


def test_real_convolutions_are_refused_by_node() -> None:
    with pytest.raises(UnsupportedNetworkError, match=r"2 nodes are not supported: Conv \(output '7'\); MaxPool"):
        relureg.load(NETS / "marabou_conv_mp1.onnx")
    name = re.escape("1 node is not supported: Conv (node 'keras_conv_7x7_relu/conv2d/Conv2D')")
    with pytest.raises(UnsupportedNetworkError, match=name) as caught:
        relureg.load(NETS / "omlt_conv_7x7_relu.onnx")
    assert caught.value.exit_code == 3


def test_two_inputs_or_outputs_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedNetworkError, match=r"one input is needed, the graph has 2 \('X1', 'X2'\)"):
        relureg.load(NETS / "marabou_multiInput_add.onnx")
    proto = two_layers()
    proto.graph.output.append(onnx.helper.make_tensor_value_info("h1", 1, ["N", 3]))
    with pytest.raises(UnsupportedNetworkError, match=r"one output is needed, the graph has 2 \('y', 'h1'\)"):
        read(proto)
    proto = two_layers()
    del proto.graph.output[:]
    with pytest.raises(UnsupportedNetworkError, match=r"one output is needed, the graph has 0 \(none\)"):
        read(proto)


# -- shapes of the input -------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", ["N", 0, None, 1, 8])
def test_a_batch_dimension_of_any_kind_is_one_network(batch: Any) -> None:
    proto = two_layers()
    proto.graph.input[0].CopyFrom(onnx.helper.make_tensor_value_info("x", 1, [batch, 2]))
    proto.graph.output[0].CopyFrom(onnx.helper.make_tensor_value_info("y", 1, [batch, 1]))
    network = read(proto)
    assert network == two_layer_network()
    assert network.notices == (
        ("the input of shape [8, 2] is read as a batch of 8 rows of one network",) if batch == 8 else ()
    )


def test_a_first_dimension_that_is_no_batch_is_part_of_the_input() -> None:
    # Flattened from axis 0: all 2 x 3 entries go into one unit.
    nodes = [node("Flatten", "x", "f", axis=0), node("MatMul", "f w", "z"), node("Relu", "z", "y")]
    proto = model(nodes, {"w": f32([[1], [2], [3], [4], [5], [6]])}, [2, 3], output_shape=[1, 1])
    network = assert_agrees_with_runtime(proto, (2, 3))
    assert network.input_dim == 6
    assert network.exact_output([1, 0, 0, 0, 0, 1]) == (7,)
    assert network.notices == ("the input of shape [2, 3] is read as 6 inputs",)


def test_an_input_of_rank_one() -> None:
    c = two_layer_constants()
    nodes = [node("MatMul", "x w1", "m"), node("Add", "m b1", "z"), node("Relu", "z", "h"), node("MatMul", "h w2", "y")]
    network = assert_agrees_with_runtime(model(nodes, c, [2]), (2,))
    assert (network.input_dim, network.widths, network.output_dim) == (2, (3,), 1)


def test_an_input_of_rank_four() -> None:
    w = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    nodes = [node("Flatten", "x", "f"), node("Gemm", "f w", "z"), node("Relu", "z", "y")]
    network = assert_agrees_with_runtime(model(nodes, {"w": w}, ["N", 3, 2, 2]), (1, 3, 2, 2))
    assert (network.input_dim, network.widths) == (12, (3,))


@pytest.mark.parametrize("shape", [["N", "M"], ["N"], [None], [], [1, None], [1, 0]])
def test_an_input_size_that_is_left_open_is_refused(shape: Any) -> None:
    proto = two_layers()
    proto.graph.input[0].CopyFrom(onnx.helper.make_tensor_value_info("x", 1, shape))
    with pytest.raises(UnsupportedNetworkError, match=r"input 'x': its shape .* leaves more open than a batch"):
        read(proto)
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(UnsupportedNetworkError, match="input 'x': its shape is not declared"):
        read(proto)


def test_an_input_too_wide_for_an_exact_identity_is_refused() -> None:
    proto = two_layers()
    proto.graph.input[0].CopyFrom(onnx.helper.make_tensor_value_info("x", 1, [1, 3, 224, 224]))
    with pytest.raises(UnsupportedNetworkError, match="the input has 150,528 entries; at most 8,192 are read"):
        read(proto)


def test_initialisers_listed_among_the_inputs_are_no_inputs() -> None:
    assert read(two_layers(listed_inputs=True)) == two_layer_network()


def test_nodes_may_stand_in_any_order_and_unneeded_ones_are_left_out() -> None:
    proto = two_layers()
    nodes = [*reversed(proto.graph.node), node("Erf", "z1", "unused")]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    assert read(proto) == two_layer_network()


# -- no hidden layer, and writing ----------------------------------------------------------------------


def test_a_network_without_hidden_layer_and_one_without_weights() -> None:
    affine = read(model([node("MatMul", "x w", "y")], {"w": f32([[1], [2]])}, [1, 2]))
    assert (affine.widths, affine.exact_output([3, 4])) == ((), (11,))
    relu = read(model([node("Relu", "x", "y")], {}, [1, 2]))
    assert (relu.widths, relu.exact_output([-3, 4])) == ((2,), (0, 4))
    constant = read(model([node("Mul", "x w", "y")], {"w": f32(0, 0)}, [1, 2]))
    assert constant.exact_output([3, 4]) == (0, 0)


@pytest.mark.parametrize(
    ("name", "single"),
    [
        ("truth/xor.json", True),
        ("truth/dup_dead_2.json", True),
        ("truth/rand_2-16-16-1.json", True),
        ("nets/overt_car_smallest.nnet", False),
    ],
)
def test_what_is_written_reads_back_equal_and_runs(name: str, single: bool, fixtures: Path) -> None:
    network = relureg.load(fixtures / name)
    data = onnx_writer.write(network)
    assert onnx_.read(data, name="again", folder=None) == network
    proto = onnx.load_from_string(data)
    onnx.checker.check_model(proto, full_check=True)
    assert proto.graph.initializer[0].data_type == (1 if single else 11)
    points = np.random.default_rng(3).normal(size=(200, network.input_dim))
    points = points.astype(np.float32).astype(np.float64)
    np.testing.assert_allclose(run(proto, points, (1, network.input_dim)), network(points), rtol=1e-5, atol=1e-5)


def test_skip_connections_and_constant_outputs_read_back_equal() -> None:
    skipping = json_.read(
        b'{"format": "relureg-network", "version": 1, "layers": [{"weight": [[1, 0.1]], "bias": [5e-324], '
        b'"activation": "relu"}, {"weight": [[0]], "bias": [0], "activation": "relu", "skips": [{"from": 0, "weight": '
        b'[[0.25, 1]]}]}, {"weight": [[1]], "bias": [2], "activation": "linear", "skips": [{"from": 1, "weight": '
        b"[[7]]}]}]}",
        name="skipping",
    )
    assert onnx_.read(onnx_writer.write(skipping), name="again", folder=None) == skipping
    constant = Network.from_layers([[[1, 2]], [[0]]], [[0], [4]])
    assert onnx_.read(onnx_writer.write(constant), name="again", folder=None) == constant


def test_a_parameter_that_is_no_double_is_not_written() -> None:
    third = RationalMatrix.from_fractions([[Fraction(1, 3)]], 1)
    with pytest.raises(
        UnsupportedNetworkError, match="a parameter is no double, and ONNX holds only floats; write JSON"
    ):
        onnx_writer.write(Network.from_layers([[[1]], third], [[0], [0]]))


def test_a_fixed_batch_that_the_graph_itself_fixes_is_read_as_it_is_declared() -> None:
    nodes = [node("Reshape", "x s", "r"), node("MatMul", "r w", "z"), node("Relu", "z", "y")]
    proto = model(nodes, {"s": i64(2, 3), "w": f32([[1], [2], [3]])}, [2, 3], output_shape=[2, 1])
    network = assert_agrees_with_runtime(proto, (2, 3))
    assert (network.input_dim, network.widths) == (6, (2,))
