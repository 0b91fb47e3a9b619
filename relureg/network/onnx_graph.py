"""The graph of an ONNX model: the nodes that the outputs need, in order, and those that are not supported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError, UnsupportedOperator
from relureg.network import onnx_operators, onnx_pieces, onnx_shapes, onnx_windows  # noqa: F401 - they register
from relureg.network.affine_forms import AffineTensor
from relureg.network.onnx_call import KINKS, LAYERS, OPERATORS, Value
from relureg.network.onnx_tensors import decode

MAX_NODES = 100_000
"""Most nodes of a graph: far more than any network that can be enumerated has."""

SMOOTH = frozenset({"ArgMax", "ArgMin", "Hardmax", "LogSoftmax", "Sigmoid", "Softmax", "Tanh"})
"""Operators that are not piecewise linear but may stand after the last kink, where they move no region."""

_ALTERNATIVES = {
    **dict.fromkeys(("Sigmoid", "Erf", "Softplus", "Softsign"), "HardSigmoid or Clip"),
    "Tanh": "Clip to [-1, 1], as Hardtanh does",
    **dict.fromkeys(("Elu", "Selu", "Celu", "Gelu", "Mish", "Swish", "HardSwish", "QuickGelu"), "LeakyRelu or Relu"),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax"), "Relu inside, Softmax as the last operator"),
    **dict.fromkeys(("ArgMax", "ArgMin", "TopK"), "ReduceMax"),
    **dict.fromkeys(
        ("LayerNormalization", "InstanceNormalization", "GroupNormalization", "LpNormalization", "LRN",
         "MeanVarianceNormalization", "RMSNormalization"), "BatchNormalization, which has fixed statistics"),
    **dict.fromkeys(("Resize", "Upsample"), "ConvTranspose with a constant weight"),
    **dict.fromkeys(("LpPool", "GlobalLpPool"), "AveragePool or MaxPool"),
    **dict.fromkeys(("LSTM", "GRU", "RNN", "Loop", "Scan"), "an unrolled network of Gemm and Relu"),
    "If": "the branch that is taken, exported alone",
    **dict.fromkeys(("Pow", "Sqrt", "Exp", "Log", "Reciprocal"), "Mul by a constant"),
    **dict.fromkeys(("Sign", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"), "Clip, which is continuous"),
    **dict.fromkeys(("GatherElements", "GatherND", "ScatterND", "ScatterElements", "OneHot"), "Gather or MatMul"),
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "MatMulInteger"),
                    "the network before quantisation"),
    "Einsum": "MatMul and Transpose",
}  # fmt: skip
"""What comes nearest among the operators that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The nodes that the outputs need, in an order in which they can be evaluated."""

    nodes: list[Any]
    inputs: list[Any]
    outputs: list[Any]
    stored: dict[str, Any]
    """Name of a constant -> its TensorProto, or the Constant node that holds it; decoded when it is used."""
    folder: Path | None
    """Where external data may lie."""

    @classmethod
    def of(cls, proto: Any, folder: Path | None) -> Graph:
        """Order the nodes; raises `MalformedNetworkError` for cycles, and what nothing or two nodes provide."""
        if len(proto.node) > MAX_NODES:
            raise UnsupportedNetworkError(f"the graph has {len(proto.node):,} nodes; at most {MAX_NODES:,} are read")
        if proto.sparse_initializer:
            raise UnsupportedNetworkError("sparse initialisers are not read; export with dense weights")
        stored = {tensor.name: tensor for tensor in proto.initializer}
        inputs = [value for value in proto.input if value.name not in stored]
        for what, values in (("input", inputs), ("output", proto.output)):
            if not values:
                raise UnsupportedNetworkError(f"the graph has no {what}; at least one is needed")
        nodes = _needed_in_order(proto, {*stored, *(value.name for value in inputs)})
        stored |= {node.output[0]: node for node in nodes if node.op_type == "Constant"}
        return cls(
            nodes=[node for node in nodes if node.op_type != "Constant"],
            inputs=inputs,
            outputs=list(proto.output),
            stored=stored,
            folder=folder,
        )

    def constant(self, name: str) -> Value:
        """The value of a constant."""
        held = self.stored[name]
        return _constant_node(held, self.folder) if hasattr(held, "op_type") else decode(held, self.folder)

    def check_operators(self) -> None:
        """Raise `UnsupportedNetworkError` with every node that is not read, by operator and name."""
        behind = self._behind_smooth()
        inside = self._activations()
        problems = []
        for node in self.nodes:
            kind = full_type(node)
            if id(node) in inside:
                problems.append(_unsupported(node, "an activation inside the network"))
            elif kind not in OPERATORS and kind not in SMOOTH and id(node) not in behind:
                problems.append(_unsupported(node, ""))
        if problems:
            count = "1 node is" if len(problems) == 1 else f"{len(problems)} nodes are"
            raise UnsupportedNetworkError(
                f"{count} not supported: {'; '.join(map(str, problems))}. See docs/formats.md for what is read",
                unsupported=tuple(problems),
            )

    def _behind_smooth(self) -> set[int]:
        """Nodes that need the output of a smooth one: a head that is stripped with it, whatever they are."""
        behind: set[int] = set()
        tainted: set[str] = set()
        for node in self.nodes:
            after = any(name in tainted for name in node.input)
            if after:
                behind.add(id(node))
            if after or full_type(node) in SMOOTH:
                tainted.update(node.output)
        return behind

    def _activations(self) -> set[int]:
        """Smooth nodes that are not a head: a kink, or a layer and one more smooth node, follows."""
        has_kink = any(full_type(node) in KINKS for node in self.nodes)
        # What lies behind each tensor: a kink, a layer, a smooth node, a layer with a smooth node behind it.
        nothing = (False, False, False, False)
        ahead: dict[str, tuple[bool, bool, bool, bool]] = {}
        found: set[int] = set()
        smooth = [node for node in self.nodes if full_type(node) in SMOOTH]
        for node in reversed(self.nodes):
            kind = full_type(node)
            later = _merge(ahead.get(name, nothing) for name in node.output)
            kink, layer, curve, layer_then_curve = later
            if kind in SMOOTH and (kink or layer_then_curve or (layer and not has_kink)):
                found.add(id(node))
            own = (
                kink or kind in KINKS,
                layer or kind in LAYERS,
                curve or kind in SMOOTH,
                layer_then_curve or (kind in LAYERS and curve),
            )
            for name in node.input:
                ahead[name] = _merge([ahead.get(name, nothing), own])
        if found and not has_kink:  # then the smooth nodes at its other end are no head of their own either
            found |= {id(node) for node in smooth}
        return found


def label(node: Any) -> str:
    """How messages name a node."""
    return f"node {node.name!r}" if node.name else f"output {node.output[0]!r}" if node.output else "a node"


def full_type(node: Any) -> str:
    """The operator type, with its domain unless that is ONNX's own."""
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"


def _unsupported(node: Any, reason: str) -> UnsupportedOperator:
    alternative = _ALTERNATIVES.get(str(node.op_type), "")
    return UnsupportedOperator(operator=full_type(node), node=label(node), reason=reason, alternative=alternative)


def _merge(flags: Iterable[tuple[bool, bool, bool, bool]]) -> tuple[bool, bool, bool, bool]:
    a = b = c = d = False
    for one in flags:
        a, b, c, d = a or one[0], b or one[1], c or one[2], d or one[3]
    return a, b, c, d


def _needed_in_order(proto: Any, available: set[str]) -> list[Any]:
    """The nodes that the outputs depend on, each after those it needs (depth first, no recursion)."""
    makers: dict[str, Any] = {}
    for node in proto.node:
        for name in filter(None, node.output):
            if name in makers or name in available:
                raise MalformedNetworkError(f"provides tensor {name!r} for a second time", where=label(node))
            makers[name] = node
    order: list[Any] = []
    done: set[int] = set()
    open_: set[int] = set()
    stack: list[tuple[Any, str, Iterator[str]]] = [
        (None, "the graph's output", iter([value.name for value in proto.output]))
    ]
    while stack:
        node, wanted_by, names = stack[-1]
        name = next(names, None)
        if name is None:
            stack.pop()
            if node is not None:
                done.add(id(node))
                order.append(node)
        elif name and name not in available:
            maker = makers.get(name)
            if maker is None:
                raise MalformedNetworkError(
                    f"{wanted_by} needs tensor {name!r}, which nothing provides; the file is incomplete"
                )
            if id(maker) in done:
                continue
            if id(maker) in open_:
                raise MalformedNetworkError("the graph has a cycle", where=label(maker))
            open_.add(id(maker))
            stack.append((maker, f"{maker.op_type} ({label(maker)})", iter(maker.input)))
    return order


def _constant_node(node: Any, folder: Path | None) -> Value:
    for attribute in node.attribute:
        if attribute.name == "value":
            return decode(attribute.t, folder)
        if attribute.name in ("value_float", "value_floats"):
            floats = attribute.f if attribute.name == "value_float" else list(attribute.floats)
            array = np.asarray(floats, dtype=np.float64)
            if not np.isfinite(array).all():
                raise MalformedNetworkError("the constant is NaN or infinite", where=label(node))
            return AffineTensor.of_array(array)
        if attribute.name in ("value_int", "value_ints"):
            return np.asarray(attribute.i if attribute.name == "value_int" else list(attribute.ints), dtype=np.int64)
    raise UnsupportedNetworkError("the constant is neither a float nor an integer tensor", where=label(node))
