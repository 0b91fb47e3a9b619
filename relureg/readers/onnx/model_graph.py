"""The graph of an ONNX model: the nodes that the outputs need, in order, and those that are not supported."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.readers.onnx import (  # noqa: F401 - they register
    arithmetic,
    convolutions,
    element_types,
    piecewise_linear,
    shapes,
)
from relureg.readers.onnx.call import KINKS, LAYERS, OPERATORS, Value
from relureg.readers.onnx.constant_tensors import decode, of_floats
from relureg.readers.onnx.folding import FOLDED
from relureg.readers.onnx.unsupported import error_of, full_type, label, unsupported

MAX_NODES = 100_000
"""Most nodes of a graph: far more than any network that can be enumerated has."""

SMOOTH = frozenset({"ArgMax", "ArgMin", "Hardmax", "LogSoftmax", "Sigmoid", "Softmax", "Tanh"})
"""Operators that are not piecewise linear but may stand after the last kink, where they move no region."""


ON_CONSTANTS = frozenset({"QuantizeLinear"})
"""Operators with a function of their own that are read on constants alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The nodes that the outputs need, in an order in which they can be evaluated."""

    nodes: list[Any]
    inputs: list[Any]
    outputs: list[Any]
    stored: dict[str, Any]
    """Name of a constant -> its TensorProto, or the Constant node that holds it; decoded when it is used."""
    constants: frozenset[str]
    """Tensors that do not depend on the input: stored ones, shapes, and what is computed from these alone."""
    opsets: Mapping[str, int]
    """Domain -> version of its operator set."""
    folder: Path | None
    """Where external data may lie."""

    @classmethod
    def of(cls, proto: Any, opsets: Mapping[str, int], folder: Path | None) -> Graph:
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
        stored |= {node.output[0]: node for node in nodes if full_type(node) == "Constant"}
        nodes = [node for node in nodes if full_type(node) != "Constant"]
        constants = set(stored)
        for node in nodes:
            used = [name for name in node.input if name]
            if full_type(node) in ("Shape", "Size") or (used and constants.issuperset(used)):
                constants.update(node.output)
        return cls(
            nodes=nodes,
            inputs=inputs,
            outputs=list(proto.output),
            stored=stored,
            constants=frozenset(constants),
            opsets=opsets,
            folder=folder,
        )

    def up_to(self, name: str) -> Graph:
        """The same graph with the nodes alone that one tensor needs."""
        needed, nodes = {name}, []
        for node in reversed(self.nodes):
            if not needed.isdisjoint(node.output):
                needed.update(node.input)
                nodes.append(node)
        return dataclasses.replace(self, nodes=nodes[::-1], outputs=[])

    def is_constant(self, node: Any) -> bool:
        """Whether a node does not depend on the input."""
        return bool(node.output) and self.constants.issuperset(node.output)

    def is_smooth(self, node: Any) -> bool:
        """Whether a node is smooth in the input, and may be a head."""
        return full_type(node) in SMOOTH and not self.is_constant(node)

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
                problems.append(unsupported(node, "an activation inside the network"))
            elif id(node) in behind or kind in self._read(node):
                continue
            elif kind == "If" and node.input[0] in self.constants:
                problems.append(unsupported(node, "its condition cannot be computed"))
            else:
                problems.append(unsupported(node))
        if problems:
            raise error_of(problems)

    def _read(self, node: Any) -> Set[str]:
        """The operator types that are read where this node stands."""
        return OPERATORS.keys() | FOLDED if self.is_constant(node) else OPERATORS.keys() - ON_CONSTANTS | SMOOTH

    def _behind_smooth(self) -> set[int]:
        """Nodes that need the output of a smooth one: a head that is stripped with it, whatever they are."""
        behind: set[int] = set()
        tainted: set[str] = set()
        for node in self.nodes:
            after = any(name in tainted for name in node.input)
            if after:
                behind.add(id(node))
            if after or self.is_smooth(node):
                tainted.update(node.output)
        return behind

    def _activations(self) -> set[int]:
        """Smooth nodes that are not a head: a kink, or a layer and one more smooth node, follows."""
        nodes = [node for node in self.nodes if not self.is_constant(node)]
        has_kink = any(full_type(node) in KINKS for node in nodes)
        # What lies behind each tensor: a kink, a layer, a smooth node, a layer with a smooth node behind it.
        nothing = (False, False, False, False)
        ahead: dict[str, tuple[bool, bool, bool, bool]] = {}
        found: set[int] = set()
        smooth = [node for node in nodes if full_type(node) in SMOOTH]
        for node in reversed(nodes):
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
            return of_floats(np.asarray(floats, dtype=np.float64))
        if attribute.name in ("value_int", "value_ints"):
            return np.asarray(attribute.i if attribute.name == "value_int" else list(attribute.ints), dtype=np.int64)
    raise UnsupportedNetworkError("the constant is neither a float nor an integer tensor", where=label(node))
