"""Seeded random windows and chains of operators with corner values: what is read is what onnxruntime computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from relureg.errors import NetworkError
from tests.readers.onnx.onnx_models import f32, i64, model, node, read

onnxruntime.set_default_logger_severity(4)  # it is asked about much that it does not compute
CORNERS = [0, 1, -1, 2, -2, 3, 100, -100, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)]

Random = np.random.Generator
Made = tuple[Any, dict[str, NDArray[Any]]]
"""A node from x to y, and its constants."""


def runtime(proto: Any, points: NDArray[Any]) -> list[NDArray[Any]] | None:
    """What onnxruntime computes with its optimiser off; None where it refuses."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return [session.run(None, {"x": point})[0] for point in points]
    except Exception:
        return None


def ints(rng: Random, low: int, high: int, number: int) -> list[int]:
    return [int(value) for value in rng.integers(low, high, number)]


def window(rng: Random, shape: list[int]) -> Made:
    rank = len(shape) - 2
    operator = str(rng.choice(["Conv", "ConvTranspose", "AveragePool", "MaxPool"]))
    kernel, attributes = ints(rng, 1, 4, rank), {}
    for name, low, high, number in (("strides", 1, 4, rank), ("dilations", 1, 3, rank), ("pads", 0, 2, 2 * rank)):
        if rng.random() < 0.4:
            attributes[name] = ints(rng, low, high, number)
    if rng.random() < 0.5:
        attributes["auto_pad"] = str(rng.choice(["SAME_UPPER", "SAME_LOWER", "VALID"]))
        attributes.pop("pads", None)
    if operator.endswith("Pool"):
        attributes |= {"kernel_shape": kernel, "ceil_mode": int(rng.integers(2))}
        if operator == "AveragePool":
            attributes["count_include_pad"] = int(rng.integers(2))
        return node(operator, "x", "y", **attributes), {}
    if operator == "ConvTranspose" and rng.random() < 0.4:
        name = str(rng.choice(["output_padding", "output_shape"]))
        attributes[name] = ints(rng, 0, 2, rank) if name == "output_padding" else ints(rng, 1, 9, rank)
    both = (shape[1], 2) if operator == "ConvTranspose" else (2, shape[1])
    return node(operator, "x w", "y", **attributes), {"w": f32(rng.integers(-3, 4, (*both, *kernel)))}


def movement(rng: Random, shape: list[int]) -> Made:
    rank = len(shape)
    operator = str(rng.choice(["Slice", "Pad", "Gather", "Squeeze", "Unsqueeze", "ReduceSum", "Split", "Reshape"]))
    if operator == "Slice":
        axes = [int(a) for a in rng.permutation(rank)[: rng.integers(1, rank + 1)]]
        start, end, step = (rng.choice(values, len(axes)) for values in (CORNERS, CORNERS, [1, -1, 2, -2, 3]))
        return node("Slice", "x s e a t", "y"), {"s": start, "e": end, "a": i64(*axes), "t": step}
    if operator == "Pad":
        pads = rng.integers(-1, 3, 2 * rank)
        return node("Pad", "x p", "y", mode=str(rng.choice(["constant", "edge", "reflect", "wrap"]))), {"p": pads}
    if operator == "Gather":
        axis = int(rng.integers(-rank, rank))
        size = shape[axis]
        return node("Gather", "x i", "y", axis=axis), {"i": rng.integers(-size, size, (2, 1))}
    if operator == "Split":
        axis = int(rng.integers(-rank, rank))
        return node("Split", "x", "y z", axis=axis, num_outputs=2), {}
    if operator == "Reshape":
        return node("Reshape", "x s", "y"), {"s": rng.choice([-1, 0, 1, 2, 3, 4], int(rng.integers(1, 4)))}
    axes = [int(a) for a in rng.integers(-rank, rank, int(rng.integers(1, 3)))]
    if operator == "Squeeze":
        axes = [axis for axis, size in enumerate(shape) if size == 1]
    return node(operator, "x a", "y"), {"a": i64(*axes)}


def arithmetic(rng: Random, shape: list[int]) -> Made:
    operator = str(rng.choice(["LeakyRelu", "PRelu", "Clip", "HardSigmoid", "Max", "Min", "Mean", "Div", "Mul", "Sub"]))
    spread = [size if rng.random() < 0.5 else 1 for size in shape][int(rng.integers(0, len(shape))) :]
    constant = f32(rng.integers(1, 5, spread) / 4) * f32(rng.choice([-1, 1]))
    if operator in ("LeakyRelu", "HardSigmoid"):
        given = {"alpha": float(rng.choice([0, 1, -1, 0.1]))} if rng.random() < 0.5 else {}
        return node(operator, "x", "y", **given), {}
    if operator == "Clip":
        bounds = f32(rng.choice([-1, 0, 1, np.inf, -np.inf, 0.1], 2))
        names = ["l" if rng.random() < 0.7 else "_", "h"]
        return node("Clip", f"x {names[0]} h", "y"), {"l": bounds[0], "h": bounds[1]}
    return node(operator, "x c", "y"), {"c": constant}


@pytest.mark.parametrize("make", [window, movement, arithmetic])
def test_what_is_read_is_what_onnxruntime_computes(make: Any) -> None:
    rng = np.random.default_rng(20)
    agreed = 0
    for _ in range(250):
        shape = [1, *ints(rng, 1, 5, int(rng.integers(2, 4)))]
        made, constants = make(rng, shape)
        used = {key: np.asarray(value) for key, value in constants.items() if key in made.input}
        proto = model([made], used, list(shape), opset=19)
        points = f32(rng.integers(-8, 9, (3, *shape)) / 4)
        try:
            network = read(proto)
        except NetworkError:
            continue
        expected = runtime(proto, points)
        if expected is None:  # as for dilated convolutions with auto_pad
            continue
        assert network.outputs[0].shape == expected[0].shape, proto
        found = network(points.reshape(3, -1).astype(np.float64))
        np.testing.assert_allclose(found, np.reshape(expected, (3, -1)), rtol=1e-6, atol=1e-6, err_msg=str(proto))
        agreed += 1
    assert agreed > 80
