"""ONNX files made to exhaust time or memory, and random graphs: refused quickly, by an error of ours."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper

from relureg import Network
from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.network import json_format
from relureg.readers.onnx import reader as onnx_
from relureg.readers.onnx.call import OPERATORS as READ
from tests.readers.onnx.onnx_models import f32, i64, model, node, random, read

HALF_MAX = i64(2**12, 2**11)

BOMBS: dict[str, tuple[list[Any], dict[str, Any], list[int], str]] = {
    "constant of a shape": ([node("ConstantOfShape", "s", "c"), node("Add", "x c", "y")], {"s": i64(2**31, 2**31)},
                            [1, 2], "more than 16,777,216 entries"),
    "expand": ([node("Expand", "x s", "y")], {"s": i64(2**20, 2**20, 2)}, [1, 2], "more than 16,777,216"),
    "tile": ([node("Tile", "x s", "y")], {"s": i64(2**40, 2**20)}, [1, 2], "more than 16,777,216"),
    "pad": ([node("Pad", "x s", "y")], {"s": i64(0, 2**40, 0, 0)}, [1, 2], "more than 16,777,216"),
    "range": ([node("Range", "a b c", "r"), node("Expand", "x r", "y")],
              {"a": np.array(0), "b": np.array(2**60), "c": np.array(1)}, [1, 2], "more than 16,777,216"),
    "outer sum": ([node("Expand", "x s", "a"), node("Transpose", "a", "b"), node("Add", "a b", "y")],
                  {"s": i64(1, 2**13)}, [1, 1], "more than 16,777,216"),
    "window": ([node("MaxPool", "x", "y", kernel_shape=[2**24, 1], pads=[2**23, 0, 2**23, 0])], {}, [1, 1, 9, 9],
               "more than 16,777,216"),
    "output shape": ([node("ConvTranspose", "x w", "y", output_shape=[2**30, 2**30])], {"w": random(1, 1, 2, 2)},
                     [1, 1, 2, 2], "ConvTranspose"),
    "units": ([node("Expand", "x s", "a"), node("Relu", "a", "y")], {"s": i64(2**20)}, [1, 1],
              "a layer has 1,048,576 entries; at most 262,144 are read"),
    "doubling": ([node("Concat", f"{'x' if i == 0 else f'v{i - 1}'} " * 2, f"v{i}", axis=0) for i in range(40)]
                 + [node("Identity", "v39", "y")], {}, [1, 2], "takes more than 33,554,432 numbers to hold"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_small_files_that_ask_for_huge_tensors_are_refused(name: str) -> None:
    nodes, constants, shape, message = BOMBS[name]
    with pytest.raises(UnsupportedNetworkError, match=message):
        read(model(nodes, constants, shape))


def test_values_that_add_up_to_too_much_are_refused() -> None:
    nodes = [node("Expand", "x s", "v0"), *(node("Add", f"v{i} c", f"v{i + 1}") for i in range(20)),
             node("Identity", "v20", "y")]  # fmt: skip
    with pytest.raises(UnsupportedNetworkError, match="takes more than 33,554,432 numbers to hold"):
        read(model(nodes, {"s": HALF_MAX, "c": f32(1)}, [1, 1]))


def test_too_many_nodes_are_refused() -> None:
    chain = b"".join(
        b"\x0a\x18\x0a\x05%05x\x12\x05%05x\x22\x08Identity" % (i & 0xFFFFF, i + 1 & 0xFFFFF) for i in range(10**6)
    )
    graph = chain + b"\x5a\x01\x00"
    size, prefix = len(graph), b""
    while size > 127:
        prefix, size = prefix + bytes([size & 127 | 128]), size >> 7
    data = b"\x08\x08\x3a" + prefix + bytes([size]) + graph
    with pytest.raises(
        NetworkError, match=r"the graph has 1,000,000 nodes; at most 100,000 are read|not an ONNX model"
    ):
        onnx_.read(data, name="given", folder=None)


def test_a_deep_chain_and_a_wide_node_are_read_without_recursion() -> None:
    deep = [node("Identity", "x" if i == 0 else f"v{i - 1}", f"v{i}") for i in range(5_000)]
    network = read(model([*reversed(deep), node("Relu", "v4999", "y")], {}, [1, 2]))
    assert network.widths == (2,)
    wide = [node("Neg", "x", f"v{i}") for i in range(5_000)]
    names = " ".join(f"v{i}" for i in range(5_000))
    assert read(model([*wide, node("Sum", names, "y")], {}, [1, 1])).exact_output([1]) == (-5_000,)


def test_nested_graphs_are_refused() -> None:
    def field(number: int, payload: bytes) -> bytes:
        size, prefix = len(payload), bytes([number << 3 | 2])
        while size > 127:
            prefix, size = prefix + bytes([size & 127 | 128]), size >> 7
        return prefix + bytes([size]) + payload

    graph = b""
    for _ in range(200):  # a graph with a node with an attribute that is a graph
        graph = field(1, field(5, field(6, graph)))
    data = b"\x08\x08" + field(7, graph)
    with pytest.raises(MalformedNetworkError, match="not an ONNX model"):
        onnx_.read(data, name="given", folder=None)


def test_bombs_are_refused_with_little_memory(tmp_path: Path) -> None:
    # Each in its own process, under a limit of address space that an honest attempt to allocate would break.
    for name in ("constant of a shape", "outer sum", "doubling"):
        nodes, constants, shape, message = BOMBS[name]
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(model(nodes, constants, shape).SerializeToString())
        done = subprocess.run(
            [sys.executable, "-m", "relureg", "inspect", str(path)], capture_output=True, text=True, check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30)), timeout=60,
        )  # fmt: skip
        assert done.returncode == 3, done.stderr
        assert message.split(";")[0] in done.stderr


# -- random graphs -------------------------------------------------------------------------------------

OPERATORS = [*sorted(READ), "Softmax", "Tanh", "Gelu"]
ATTRIBUTES: dict[str, Any] = {
    "axis": st.integers(-3, 3), "axes": st.lists(st.integers(-3, 3), max_size=2), "keepdims": st.integers(0, 1),
    "perm": st.permutations([0, 1]), "alpha": st.floats(-2, 2, width=32), "to": st.sampled_from([1, 7, 11]),
    "kernel_shape": st.lists(st.integers(0, 3), max_size=2), "strides": st.lists(st.integers(0, 3), max_size=2),
    "pads": st.lists(st.integers(-1, 2), max_size=4), "group": st.integers(0, 3), "transB": st.integers(0, 1),
    "mode": st.sampled_from(["constant", "reflect", "wrong"]),
    "auto_pad": st.sampled_from(["SAME_UPPER", "VALID", "?"]),
    "split": st.lists(st.integers(-1, 3), max_size=2), "min": st.floats(-2, 2, width=32),
    "num_outputs": st.integers(0, 3),
}  # fmt: skip
CONSTANTS = {
    "w": random(2, 2), "b": random(2), "k": random(2, 1, 2, 2), "s": i64(0, -1), "i": i64(1),
    "n": np.array(2), "e": f32(),
}  # fmt: skip


@st.composite
def graphs(draw: st.DrawFn) -> bytes:
    names, nodes = ["x", *CONSTANTS], []
    for number in range(draw(st.integers(1, 5))):
        inputs = draw(st.lists(st.sampled_from([*names, "_"]), min_size=1, max_size=4))
        chosen = draw(st.lists(st.sampled_from(sorted(ATTRIBUTES)), max_size=3, unique=True))
        attributes = {key: draw(ATTRIBUTES[key]) for key in chosen}
        made = node(draw(st.sampled_from(OPERATORS)), " ".join(inputs), f"v{number} u{number}")
        for key, value in attributes.items():
            kind = {"attr_type": 7} if value == [] else {}  # an empty list has no type of its own
            made.attribute.append(helper.make_attribute(key, value, **kind))
        nodes.append(made)
        names += [f"v{number}", f"u{number}"]
    shape = draw(st.sampled_from([[1, 2], [2], [1, 1, 2, 2], [2, 2], [1, 2, 3]]))
    return bytes(model(nodes, CONSTANTS, shape, output=f"v{len(nodes) - 1}").SerializeToString())


def outcome(read_it: Any) -> Network | NetworkError:
    """Nothing else may come of any input whatever."""
    try:
        network: Network = read_it()
    except NetworkError as error:
        return error
    return network


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_a_random_graph_gives_a_network_or_an_error_of_ours(data: bytes) -> None:
    result = outcome(lambda: onnx_.read(data, name="given", folder=None))
    assert isinstance(result, Network) or (result.exit_code == 3 and str(result))


@pytest.mark.sweep
@settings(max_examples=50_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_many_random_graphs_give_a_network_or_an_error_of_ours(data: bytes) -> None:
    result = outcome(lambda: onnx_.read(data, name="given", folder=None))
    assert isinstance(result, Network) or result.exit_code == 3


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["1/3", "relu", "linear", "x", "1/0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["weight", "bias", "activation", "skips", "from", "layers"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.fixed_dictionaries({"weight": VALUES, "bias": VALUES, "activation": VALUES}), max_size=3), VALUES)
def test_random_json_gives_a_network_or_an_error_of_ours(layers: list[Any], box: Any) -> None:
    document = {"format": "relureg-network", "version": 1, "layers": layers, "input_box": box}
    result = outcome(lambda: json_format.read(json.dumps(document).encode(), name="given"))
    assert isinstance(result, Network) or result.exit_code == 3


def test_a_constant_squared_again_and_again_is_refused() -> None:
    nodes = [node("Mul", "a a", "v0"), *(node("Mul", f"v{i} v{i}", f"v{i + 1}") for i in range(30))]
    with pytest.raises(UnsupportedNetworkError, match="a constant takes more than 32,768 bits"):
        read(model([*nodes, node("Mul", "x v30", "y")], {"a": f32(1.1)}, [1, 2]))
