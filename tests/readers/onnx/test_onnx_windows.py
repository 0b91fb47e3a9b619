"""Convolutions and poolings of every kind, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from relureg.errors import UnsupportedNetworkError
from tests.readers.onnx.onnx_models import assert_agrees_with_runtime, f32, model, node, random, read

CONVOLUTIONS: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "1-D": ((1, 2, 7), (3, 2, 3), {}),
    "2-D": ((1, 2, 5, 6), (3, 2, 3, 2), {"strides": [2, 1], "pads": [1, 0, 2, 1]}),
    "3-D": ((1, 1, 3, 4, 3), (2, 1, 2, 2, 2), {"pads": [0, 1, 0, 1, 0, 1]}),
    "groups": ((1, 4, 5, 5), (6, 2, 2, 2), {"group": 2}),
    "depthwise": ((1, 3, 5, 5), (3, 1, 3, 3), {"group": 3, "pads": [1, 1, 1, 1]}),
    "dilations": ((1, 1, 7, 7), (2, 1, 3, 3), {"dilations": [2, 3], "pads": [1, 2, 1, 2]}),
    "same upper": ((1, 1, 6, 5), (2, 1, 3, 2), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "same lower": ((1, 1, 6, 5), (2, 1, 3, 2), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    "valid": ((1, 1, 5, 5), (2, 1, 3, 3), {"auto_pad": "VALID"}),
}
TRANSPOSED: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "1-D": ((1, 2, 4), (2, 3, 3), {}),
    "2-D": ((1, 2, 3, 4), (2, 3, 3, 2), {"strides": [2, 3], "pads": [1, 0, 1, 1]}),
    "groups": ((1, 4, 3, 3), (4, 2, 2, 2), {"group": 2, "strides": [2, 2]}),
    "output padding": ((1, 1, 3, 3), (1, 2, 3, 3), {"strides": [2, 2], "output_padding": [1, 1]}),
    "dilations": ((1, 1, 3, 3), (1, 2, 2, 2), {"dilations": [2, 2]}),
    "output shape": ((1, 1, 3, 3), (1, 2, 3, 3), {"strides": [2, 2], "output_shape": [6, 5]}),
    "same upper": ((1, 1, 3, 3), (1, 2, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
}
POOLS: dict[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    "max": ("MaxPool", (1, 2, 4, 4), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    "max overlapping": ("MaxPool", (1, 1, 5, 5), {"kernel_shape": [3, 3], "strides": [1, 2], "pads": [1, 1, 1, 1]}),
    "max ceil": ("MaxPool", (1, 1, 5, 6), {"kernel_shape": [2, 3], "strides": [2, 3], "ceil_mode": 1}),
    "max dilated": ("MaxPool", (1, 1, 6), {"kernel_shape": [2], "dilations": [3]}),
    "max same": ("MaxPool", (1, 1, 5), {"kernel_shape": [3], "strides": [2], "auto_pad": "SAME_UPPER"}),
    "average": ("AveragePool", (1, 2, 4, 6), {"kernel_shape": [2, 3], "strides": [2, 3]}),
    "average padded": ("AveragePool", (1, 1, 4, 4), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    "average counting": (
        "AveragePool", (1, 1, 4, 4), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    "global average": ("GlobalAveragePool", (1, 3, 4, 4), {}),
    "global max": ("GlobalMaxPool", (1, 3, 2, 3), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolution(name: str) -> None:
    shape, weight, attributes = CONVOLUTIONS[name]
    nodes = [node("Conv", "x w b", "z", **attributes), node("Relu", "z", "y")]
    assert_agrees_with_runtime(model(nodes, {"w": random(*weight), "b": random(weight[0])}, list(shape)), shape)


@pytest.mark.parametrize("name", TRANSPOSED)
def test_a_transposed_convolution(name: str) -> None:
    shape, weight, attributes = TRANSPOSED[name]
    channels = weight[1] * attributes.get("group", 1)
    nodes = [node("ConvTranspose", "x w b", "z", **attributes), node("Relu", "z", "y")]
    assert_agrees_with_runtime(model(nodes, {"w": random(*weight), "b": random(channels)}, list(shape)), shape)


@pytest.mark.parametrize("name", POOLS)
def test_a_pooling(name: str) -> None:
    operator, shape, attributes = POOLS[name]
    nodes = [node(operator, "x", "p", **attributes), node("Relu", "p", "y")]
    assert_agrees_with_runtime(model(nodes, {}, list(shape)), shape)


def test_a_batch_of_images_that_a_later_layer_mixes() -> None:
    nodes = [node("Conv", "x w", "c"), node("Relu", "c", "h"), node("Flatten", "h", "f", axis=0),
             node("MatMul", "f v", "y")]  # fmt: skip
    network = assert_agrees_with_runtime(
        model(nodes, {"w": random(2, 1, 2, 2), "v": random(36, 2)}, [2, 1, 4, 4]), (2, 1, 4, 4)
    )
    assert network.input_dim == 32


def test_a_convolution_folds_into_the_one_behind_it() -> None:
    nodes = [node("Conv", "x w", "c", pads=[1, 1, 1, 1]), node("Conv", "c v", "d"), node("Relu", "d", "y")]
    network = assert_agrees_with_runtime(
        model(nodes, {"w": random(2, 1, 3, 3), "v": random(2, 2, 2, 2)}, [1, 1, 5, 5]), (1, 1, 5, 5)
    )
    assert network.widths == (32,)


@pytest.mark.parametrize(
    ("nodes", "constants", "message"),
    [
        ([node("Conv", "x w", "y")], {"w": random(2, 3, 2, 2)}, "2 channels do not fit a weight"),
        ([node("Conv", "x w", "y")], {"w": random(2, 2, 9, 2)}, "a window of 9 does not fit into 4 entries"),
        ([node("Conv", "x w", "y", strides=[1])], {"w": random(2, 2, 2, 2)}, "are of different lengths"),
        ([node("Conv", "x w", "y", strides=[0, 1])], {"w": random(2, 2, 2, 2)}, "must be positive"),
        ([node("Conv", "x w", "y", kernel_shape=[3, 3])], {"w": random(2, 2, 2, 2)}, "does not fit the kernel"),
        ([node("Conv", "x x", "y")], {}, "the weight depends on the input, which is not affine"),
        ([node("MaxPool", "x", "y", kernel_shape=[2])], {}, "a kernel of 1 dimensions does not fit 2 axes"),
        (
            [node("AveragePool", "x", "y", kernel_shape=[2, 2], pads=[0, 0, 2**40, 0])],
            {},
            "pads as large as the kernel",
        ),
    ],
)
def test_what_does_not_fit_is_refused(nodes: list[Any], constants: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedNetworkError, match=message):
        read(model(nodes, constants, [1, 2, 4, 4]))


def test_batch_normalisation_rounds_its_scale_once_and_says_so() -> None:
    c = {"g": f32(1.5, -2), "b": random(2), "m": random(2), "v": f32(0.3, 2)}
    nodes = [node("BatchNormalization", "x g b m v", "z", epsilon=1e-3), node("Relu", "z", "y")]
    network = assert_agrees_with_runtime(model(nodes, c, [1, 2, 2, 2]), (1, 2, 2, 2))
    assert "the scale of a batch normalisation is the float64 value of gamma / sqrt(var + eps)" in network.notices[0]
    scale = np.float64(c["g"][0]) / np.sqrt(np.float64(c["v"][0]) + float(np.float32(1e-3)))
    assert network.stages[0].pre_activation.terms[0].fractions()[0][0] == scale
