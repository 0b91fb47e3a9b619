"""A batch of B rows is one network's only where every row is treated alone and alike; proved, not believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from relureg import Network, count_regions
from relureg.errors import UnsupportedNetworkError
from tests.readers.onnx.onnx_models import f32, i64, model, node, random, read, run_ports

SHAPE = [3, 2]
W1, W2 = f32([[1, -2, 0.5], [3, 1, -1]]), f32([[1], [-1], [2]])
CONSTANTS = {"w1": W1, "w2": W2, "b": f32([[1, 2], [3, -4], [5, 6]]), "same": f32([[0.5, -1]] * 3),
             "left": f32([[0, 1, 0], [1, 0, 0], [0, 0, 1]]), "one": f32(np.eye(3)), "i": i64(2, 1, 0), "a": i64(0),
             "flat": i64(1, 6), "rows": i64(3, 2), "swapped": i64(2, 3), "half": f32([[0.5], [0.5], [0.25]]),
             "c": f32(0.5, -1)}  # fmt: skip


def layered(front: list[Any], *, of: str = "u", shape: Any = SHAPE, batch: Any = 3) -> Any:
    """`front` makes u from x; two layers and a ReLU follow."""
    layers = [node("MatMul", f"{of} w1", "z"), node("Relu", "z", "h"), node("MatMul", "h w2", "y")]
    used = {name for n in front for name in n.input} | {"w1", "w2"}
    constants = {key: value for key, value in CONSTANTS.items() if key in used}
    return model([*front, *layers], constants, shape, output_shape=[batch, 1], opset=13)


SEPARATE: dict[str, list[Any]] = {
    "nothing": [node("Identity", "x", "u")],
    "a constant for all rows": [node("Add", "x c", "u")],
    "transposed twice": [node("Transpose", "x", "t"), node("Transpose", "t", "u")],
    "a maximum within a row": [node("ReduceMax", "x", "m", axes=[1]), node("Sub", "x m", "u")],
    "units that no row decides": [node("Sub", "x x", "o"), node("Relu", "o", "r"), node("Add", "x r", "u")],
}
NOT_OF_ONE_ROW: dict[str, list[Any]] = {
    "the same constant in each row": [node("Add", "x same", "u")],
    "the unit matrix from the left": [node("MatMul", "one x", "u")],
    "a permutation and back": [node("Gather", "x i", "t"), node("Gather", "t i", "u")],
}
"""Rows are alone here too, but the graph takes no single row: they are read as all inputs, which is true as well."""

MIXED: dict[str, list[Any]] = {
    "the mean of the rows": [node("ReduceMean", "x", "m", axes=[0]), node("Sub", "x m", "u")],
    "their sum": [node("ReduceSum", "x a", "m"), node("Add", "x m", "u")],
    "their maximum": [node("ReduceMax", "x", "m", axes=[0]), node("Sub", "x m", "u")],
    "a matrix from the left": [node("MatMul", "left x", "u")],
    "reversed": [node("Gather", "x i", "u")],
    "another constant in each row": [node("Add", "x b", "u")],
    "another factor in each row": [node("Mul", "x half", "u")],
    "a transposition that is reshaped": [node("Transpose", "x", "t"), node("Reshape", "t rows", "u")],
    "the first row to all": [node("Split", "x", "p q r", axis=0), node("Add", "x p", "u")],
}


@pytest.mark.parametrize("name", SEPARATE)
def test_rows_that_are_treated_alone_and_alike_are_one_network(name: str) -> None:
    proto = layered(SEPARATE[name])
    network = read(proto)
    assert network.input_dim == 2
    assert "a batch of 3 rows of one network" in network.notices[0]
    points = np.random.default_rng(3).normal(size=(20, 2))
    np.testing.assert_allclose(network(points), run_ports(proto, network, points), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", MIXED | NOT_OF_ONE_ROW)
def test_rows_that_are_mixed_are_all_inputs(name: str) -> None:
    proto = layered((MIXED | NOT_OF_ONE_ROW)[name])
    network = read(proto)
    assert (network.input_dim, network.output_dim) == (6, 3)
    assert network.notices[0] == "the input of shape [3, 2] is read as 6 inputs"
    points = np.random.default_rng(3).normal(size=(20, 6))
    np.testing.assert_allclose(network(points), run_ports(proto, network, points), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", MIXED)
def test_an_open_batch_whose_rows_are_mixed_is_refused(name: str) -> None:
    front = MIXED[name]
    with pytest.raises(UnsupportedNetworkError, match=r"open batch|do not|broadcast|beyond|parts|split"):
        read(layered(front, shape=["N", 2], batch="N"))


@pytest.mark.parametrize("name", ["nothing", "transposed twice", "a maximum within a row"])
def test_an_open_batch_whose_rows_are_separate_is_one_row(name: str) -> None:
    assert read(layered(SEPARATE[name], shape=["N", 2], batch="N")).input_dim == 2


def test_regions_of_all_inputs_multiply_where_rows_are_alone_and_do_not_where_they_are_mixed() -> None:
    """Three lines through the origin make six cells of the plane."""
    assert count_regions(read(layered(SEPARATE["nothing"]))).num_regions == 6
    assert count_regions(read(layered(NOT_OF_ONE_ROW["a permutation and back"]))).num_regions == 6**3
    # Rows without their mean add up to zero: of 6^3 sign vectors those remain that sampling finds too.
    assert count_regions(read(layered(MIXED["the mean of the rows"]))).num_regions == 102


def test_a_head_that_mixes_rows_keeps_all_inputs() -> None:
    """A softmax along the batch makes each row of the output a function of all rows."""
    layers = [node("MatMul", "x w1", "z"), node("Relu", "z", "h"), node("MatMul", "h w1t", "l")]
    constants = {"w1": W1, "w1t": W1.T.copy()}
    for axis, inputs in ((0, 6), (1, 2), (-1, 2), (-2, 6)):
        proto = model([*layers, node("Softmax", "l", "y", axis=axis)], constants, SHAPE, output_shape=[3, 2])
        assert read(proto).input_dim == inputs


def test_an_input_that_all_rows_share_is_no_batch() -> None:
    proto = layered([node("Add", "x s", "u")])
    shared = type(proto.graph.input[0])()
    shared.CopyFrom(proto.graph.input[0])
    shared.name = "s"
    shared.type.tensor_type.shape.dim[0].dim_value = 1
    proto.graph.input.append(shared)
    network = read(proto)
    assert network.input_dim == 8
    assert isinstance(network, Network)


def test_one_row_that_becomes_several_is_refused_where_the_batch_is_open() -> None:
    proto = model([node("Add", "x b", "z"), node("Relu", "z", "y")], {"b": CONSTANTS["b"]}, ["N", 2])
    with pytest.raises(UnsupportedNetworkError, match="of one row of its open batch it makes several"):
        read(proto)


def test_a_large_random_batch_is_proved_row_by_row() -> None:
    front = [node("MatMul", "x v", "s"), node("LeakyRelu", "s", "u", alpha=0.25)]
    layers = [node("MatMul", "u w1", "z"), node("Relu", "z", "h"), node("MatMul", "h w2", "y")]
    constants = {"v": random(7, 2), "w1": W1, "w2": W2}
    assert read(model([*front, *layers], constants, [16, 7], output_shape=[16, 1])).widths == (2, 3)
