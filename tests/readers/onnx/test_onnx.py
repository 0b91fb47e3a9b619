"""ONNX files as they are in the wild, against onnxruntime; inputs of any shape; what is written reads back."""

from __future__ import annotations

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
from relureg.exact.rational import RationalMatrix
from relureg.network import json_format
from relureg.readers.onnx import reader as onnx_
from relureg.readers.onnx import writer as onnx_writer
from tests.readers.onnx.onnx_models import (
    assert_agrees_with_runtime,
    f32,
    i64,
    model,
    node,
    read,
    run,
    run_ports,
    two_layer_constants,
    two_layer_network,
    two_layers,
)

NETS = Path(__file__).resolve().parents[3] / "fixtures" / "nets"
MATLAB = {"overt_acc_3_20_matlab_gemm4d", "sherlock_cartpole_matlab_gemm4d"}
RUNNABLE = sorted({path.stem for path in NETS.glob("*.onnx")} - MATLAB)


def test_which_fixtures_there_are() -> None:
    assert len(RUNNABLE) == 18


@pytest.mark.parametrize("name", RUNNABLE)
def test_a_real_file_computes_what_onnxruntime_computes(name: str) -> None:
    proto = onnx.load(NETS / f"{name}.onnx")
    network = relureg.load(NETS / f"{name}.onnx")
    points = np.random.default_rng(5).normal(size=(1000, network.input_dim))
    expected = run_ports(proto, network, points)
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(network(points), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_only_what_is_said_was_assumed_on_reading() -> None:
    notices = {name: relureg.load(NETS / f"{name}.onnx").notices for name in RUNNABLE}
    assert {name: len(said) for name, said in notices.items() if said} == {
        "marabou_conv_mp1": 1, "marabou_leakyrelu_zoo": 1, "marabou_multiInput_add": 3,
        "marabou_oneInput_twoBranches": 2,
    }  # fmt: skip
    assert notices["marabou_conv_mp1"][0].startswith("MaxPool (output '9'): 384 units compare values; ")


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


def test_a_max_pooling_is_two_rounds_of_comparisons() -> None:
    network = relureg.load(NETS / "marabou_conv_mp1.onnx")
    assert network.widths == (512, 256, 128, 32)
    assert [stage.kind.value for stage in network.stages] == ["relu", "comparison", "comparison", "relu"]
    assert network.num_comparison_units == 384


def test_several_inputs_are_read_one_after_the_other() -> None:
    network = relureg.load(NETS / "marabou_multiInput_add.onnx")
    assert [(port.name, port.shape, port.first) for port in network.inputs] == [("X1", (5, 1), 0), ("X2", (1, 5), 5)]
    assert "the inputs are read one after the other: 'X1' x0 to x4, 'X2' x5 to x9" in network.notices


def test_several_outputs_are_given_one_after_the_other() -> None:
    proto = two_layers()
    proto.graph.output.append(onnx.helper.make_tensor_value_info("h1", 1, ["N", 3]))
    network = read(proto)
    assert [(port.name, port.shape, port.first) for port in network.outputs] == [("y", (1, 1), 0), ("h1", (1, 3), 1)]
    (y, *h), (z, *_) = network([[1.0, 2.0]])[0], network.pre_activations([[1.0, 2.0]])
    assert np.maximum(z, 0).tolist() == h
    assert y == two_layer_network()([[1.0, 2.0]])[0, 0]
    proto = two_layers()
    del proto.graph.output[:]
    with pytest.raises(UnsupportedNetworkError, match="the graph has no output; at least one is needed"):
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


def test_an_input_that_is_too_wide_is_refused() -> None:
    proto = two_layers()
    proto.graph.input[0].CopyFrom(onnx.helper.make_tensor_value_info("x", 1, [1, 3, 1024, 1024]))
    with pytest.raises(UnsupportedNetworkError, match="the input has 3,145,728 entries; at most 262,144 are read"):
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
    skipping = json_format.read(
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
    with pytest.raises(UnsupportedNetworkError, match="a parameter is no float64; write JSON, or allow rounding"):
        onnx_writer.write(Network.from_layers([[[1]], third], [[0], [0]]))


def test_a_fixed_batch_that_the_graph_itself_fixes_is_read_as_it_is_declared() -> None:
    nodes = [node("Reshape", "x s", "r"), node("MatMul", "r w", "z"), node("Relu", "z", "y")]
    proto = model(nodes, {"s": i64(2, 3), "w": f32([[1], [2], [3]])}, [2, 3], output_shape=[2, 1])
    network = assert_agrees_with_runtime(proto, (2, 3))
    assert (network.input_dim, network.widths) == (6, (2,))
