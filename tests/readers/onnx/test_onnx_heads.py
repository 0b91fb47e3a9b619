"""Heads after the last ReLU are stripped; smooth activations and unknown operators inside are refused."""

from __future__ import annotations

import re

import onnx
import pytest

from relureg.errors import UnsupportedNetworkError
from tests.readers.onnx.onnx_models import (
    assert_agrees_with_runtime,
    f32,
    model,
    node,
    read,
    two_layer_constants,
    two_layer_network,
    two_layers,
)


@pytest.mark.parametrize("head", ["Softmax", "LogSoftmax", "Sigmoid", "Tanh", "ArgMax"])
def test_a_head_after_the_last_layer_is_stripped_with_a_notice(head: str) -> None:
    c = two_layer_constants() | {"w2": f32([[1, 2], [-1, 3], [2, -4]]), "b2": f32(0.5, 1)}
    nodes = [node("Gemm", "x w1 b1", "z1"), node("Relu", "z1", "h1"), node("Gemm", "h1 w2 b2", "logits")]
    attributes = {} if head in ("Sigmoid", "Tanh") else {"axis": 1}
    proto = model([*nodes, node(head, "logits", "y", **attributes)], c, ["N", 2])
    network = assert_agrees_with_runtime(proto, (1, 2), output="logits")
    assert network.notices == (f"stripped the head, which moves no region: {head} (node '{head}_y')",)
    assert network.output_dim == 2


def test_a_head_with_one_more_layer_behind_it_is_stripped_whole() -> None:
    c = two_layer_constants() | {"w3": f32([[2]]), "b3": f32([-1])}
    proto = two_layers()
    nodes = [
        *list(proto.graph.node)[:-1],
        node("Gemm", "h1 w2 b2", "t"),
        node("Tanh", "t", "u"),
        node("Gemm", "u w3 b3", "y"),
    ]
    network = assert_agrees_with_runtime(model(nodes, c, ["N", 2]), (1, 2), output="t")
    assert network == two_layer_network()
    assert "Tanh (node 'Tanh_u'), Gemm (node 'Gemm_y')" in network.notices[0]


def test_a_relu_before_a_head_stays_a_stage() -> None:
    proto = model(
        [node("Gemm", "x w1 b1", "z"), node("Relu", "z", "h"), node("Softmax", "h", "y")], two_layer_constants(), [1, 2]
    )
    assert assert_agrees_with_runtime(proto, (1, 2), output="h").widths == (3,)


@pytest.mark.parametrize(
    ("nodes", "named"),
    [
        (["Sigmoid", "Gemm", "Relu"], ["Sigmoid_v0"]),
        (["Relu", "Gemm", "Tanh", "Gemm", "Tanh"], ["Tanh_v2"]),
        (["Sigmoid", "Gemm"], ["Sigmoid_v0"]),
        (["Tanh", "Gemm", "Sigmoid"], ["Tanh_v0", "Sigmoid_v2"]),
    ],
)
def test_a_smooth_activation_inside_is_refused(nodes: list[str], named: list[str]) -> None:
    steps, value = [node("Gemm", "x w", "z")], "z"
    for number, operator in enumerate(nodes):
        steps.append(node(operator, f"{value} w" if operator == "Gemm" else value, f"v{number}"))
        value = f"v{number}"
    proto = model(steps, {"w": f32([[1, 2], [3, -4]])}, ["N", 2], output=value)
    with pytest.raises(UnsupportedNetworkError, match="an activation inside the network") as caught:
        read(proto)
    assert re.findall(r"node '(\w+)', an activation", caught.value.message) == named


def test_every_unsupported_operator_is_listed_by_node() -> None:
    c = two_layer_constants()
    nodes = [
        node("Gemm", "x w1 b1", "z"),
        node("Elu", "z", "e"),
        node("Gelu", "e", "g", domain="com.example"),
        onnx.helper.make_node("Erf", ["g"], ["nameless"]),
        node("Relu", "nameless", "h"),
        node("Gemm", "h w2 b2", "y"),
    ]
    with pytest.raises(UnsupportedNetworkError) as caught:
        read(model(nodes, c, ["N", 2]))
    assert caught.value.message == (
        "3 nodes are not supported: Elu (node 'Elu_e', use LeakyRelu or Relu); com.example.Gelu (node 'Gelu_g', use "
        "LeakyRelu or Relu); Erf (output 'nameless', use HardSigmoid or Clip). See docs/formats.md for what is read"
    )
    assert [(p.operator, p.node, p.alternative) for p in caught.value.unsupported] == [
        ("Elu", "node 'Elu_e'", "LeakyRelu or Relu"),
        ("com.example.Gelu", "node 'Gelu_g'", "LeakyRelu or Relu"),
        ("Erf", "output 'nameless'", "HardSigmoid or Clip"),
    ]
