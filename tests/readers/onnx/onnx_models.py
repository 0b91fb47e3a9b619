"""Small ONNX models made node by node, and what onnxruntime says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from relureg import Network
from relureg.readers.onnx import reader as onnx_

Array = NDArray[Any]
Shape = list[int | str | None] | None


def f32(*values: Any) -> Array:
    """One array of float32."""
    return np.array(values[0] if len(values) == 1 else values, dtype=np.float32)


def i64(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def random(*shape: int) -> Array:
    """Float32 numbers that depend on the shape alone."""
    return np.random.default_rng(shape).normal(size=shape).astype(np.float32)


def node(operator: str, inputs: str, output: str, **attributes: Any) -> Any:
    """``node("Gemm", "x w b", "y", transB=1)``; "_" stands for an input that is left out."""
    names = ["" if name == "_" else name for name in inputs.split()]
    return helper.make_node(operator, names, output.split(), name=f"{operator}_{output.split()[0]}", **attributes)


def model(
    nodes: list[Any],
    constants: dict[str, Array],
    shape: Shape,
    *,
    output: str = "y",
    kind: int = TensorProto.FLOAT,
    output_shape: Shape = None,
    opset: int = 13,
    listed_inputs: bool = False,
) -> Any:
    """A model with input ``x`` of the given shape; the constants are initialisers."""
    inputs = [helper.make_tensor_value_info("x", kind, shape)]
    if listed_inputs:  # as files before IR version 4 do
        inputs += [helper.make_tensor_value_info(k, kind, v.shape) for k, v in constants.items()]
    graph = helper.make_graph(
        nodes,
        "graph",
        inputs,
        [helper.make_tensor_value_info(output, kind, output_shape)],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def two_layers(**more: Any) -> Any:
    """2 inputs - 3 - 1, a batch of any size."""
    nodes = [node("Gemm", "x w1 b1", "z1"), node("Relu", "z1", "h1"), node("Gemm", "h1 w2 b2", "y")]
    return model(nodes, two_layer_constants(), ["N", 2], output_shape=["N", 1], **more)


def two_layer_constants() -> dict[str, Array]:
    return {
        "w1": f32([[1, -2, 0.5], [3, 1, -1]]),
        "b1": f32(0.25, -1, 0.1),
        "w2": f32([[1], [-1], [2]]),
        "b2": f32([0.5]),
    }


def two_layer_network() -> Network:
    """What `two_layers` is."""
    c = two_layer_constants()
    return Network.from_layers([c["w1"].T, c["w2"].T], [c["b1"], c["b2"]])


def read(proto: Any, folder: Path | None = None) -> Network:
    return onnx_.read(proto.SerializeToString(), name="given", folder=folder)


def run(proto: Any, points: Array, shape: tuple[int, ...], *, output: str | None = None) -> Array:
    """What onnxruntime computes, a row a point; `output` asks for a value inside the graph."""
    if output is not None:
        inner = onnx.ModelProto()
        inner.CopyFrom(proto)
        del inner.graph.output[:]
        inner.graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, None))
        proto = inner
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Its optimiser computes with dequantised weights in eight bits.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    dtype = np.float64 if "double" in given.type else np.float32
    rows = [session.run(None, {given.name: point.reshape(shape).astype(dtype)})[0].ravel() for point in points]
    return np.array(rows, dtype=np.float64)


def run_ports(proto: Any, network: Network, points: Array) -> Array:
    """What onnxruntime computes at points of the network's input, whatever inputs, outputs and batch it declares."""
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    rows = []
    for point in points:
        feed = {}
        for given, port in zip(session.get_inputs(), network.inputs, strict=True):
            declared = [size if isinstance(size, int) and size > 0 else 1 for size in given.shape]
            part = point[port.first : port.first + port.size].reshape(port.shape)
            dtype = np.float64 if "double" in given.type else np.float32
            feed[given.name] = np.broadcast_to(part, declared).astype(dtype)  # a batch of equal rows
        values = session.run(None, feed)
        rows.append(np.concatenate([v.ravel()[: p.size] for v, p in zip(values, network.outputs, strict=True)]))
    return np.array(rows, dtype=np.float64)


def assert_agrees_with_runtime(proto: Any, shape: tuple[int, ...], *, output: str | None = None) -> Network:
    """Compare with onnxruntime on 200 inputs of that shape, to float32's accuracy; return the network."""
    network = read(proto)
    points = np.random.default_rng(5).normal(scale=2, size=(200, int(np.prod(shape))))
    expected = run(proto, points, shape, output=output)
    assert np.ptp(expected) > 0  # a constant would agree with much
    np.testing.assert_allclose(network(points), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    return network
