"""ONNX files: fully connected ReLU networks as exporters write them, read exactly; and written.

The graph is evaluated once on affine tensors: every affine operator folds, every ReLU opens a stage.
Smooth operators after the last ReLU (a softmax head, say) move no region and are stripped with a
notice; anything else that is not piecewise linear is refused, all such nodes in one message.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.network.affine_forms import INPUT, AffineForm, AffineTensor
from relureg.network.model import Network, Stage
from relureg.network.onnx_operators import MIXING, OPERATORS, RELU, SMOOTH, Value
from relureg.network.onnx_tensors import decode
from relureg.network.rational import RationalMatrix


def read(data: bytes, *, name: str, folder: Path | None) -> Network:
    """Parse one ONNX model; `folder` is where external data may lie (None: nowhere).

    Raises
    ------
    MalformedNetworkError
        Not an ONNX model, truncated, inconsistent shapes, NaN weights, external data outside the folder.
    UnsupportedNetworkError
        Operators that are not read (all are listed, by node), several inputs or outputs.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.ModelProto.FromString(data)
    except DecodeError as error:
        raise MalformedNetworkError("not an ONNX model, or a truncated one; export it again") from error
    if not model.graph.node:
        raise MalformedNetworkError("the ONNX model has no nodes; it is empty, truncated or of another format")
    graph = _Graph.of(model.graph, folder)
    graph.check_operators()
    declared = graph.input_shape()
    batch = declared[0] if len(declared) > 1 else None
    if batch is None or batch == 1:
        return _Evaluation(graph).network(name, declared, ())
    if batch > 1:
        # A fixed batch of B rows is B copies of one network. It is read as one row when the whole graph
        # then still fits and keeps the batch as its first output dimension; else as it is declared.
        network = _try_one_row(graph, name, declared)
        if network is not None:
            return network
        notice = f"the input of shape {declared} is read as {math.prod(declared)} inputs"
        return _Evaluation(graph).network(name, declared, (notice,))
    return _Evaluation(graph).network(name, [1, *declared[1:]], ())


def write(network: Network) -> bytes:
    """The network as an ONNX model: Gemm and Relu, float32 where that is exact, else float64.

    Raises
    ------
    UnsupportedNetworkError
        A parameter is no double, so that ONNX cannot hold it exactly.
    """
    from onnx import TensorProto, helper

    forms = [stage.pre_activation for stage in network.stages] + [network.output]
    matrices = [matrix for form in forms for matrix in (form.constant, *form.terms.values())]
    for matrix in matrices:
        if not matrix.is_exact_as(np.float64):
            raise UnsupportedNetworkError("a parameter is no double, and ONNX holds only floats; write JSON")
    single = all(matrix.is_exact_as(np.float32) for matrix in matrices)
    dtype, kind = (np.float32, TensorProto.FLOAT) if single else (np.float64, TensorProto.DOUBLE)
    nodes, initializers = [], []

    def constant(label: str, matrix: RationalMatrix, shape: tuple[int, ...]) -> str:
        values = matrix.floats.reshape(shape).astype(dtype)
        initializers.append(helper.make_tensor(label, kind, shape, values.tobytes(), raw=True))
        return label

    names = {INPUT: "x"}
    sizes = [network.input_dim, *network.widths]
    for number, form in enumerate(forms, start=1):
        is_output = number == len(forms)
        value = constant(f"b{number}", form.constant, (1, form.size))
        # The source just before is named even with zero weights: readers leave out what nothing needs.
        before = {number - 1: RationalMatrix.zeros(form.size, sizes[number - 1])}
        for source, matrix in (before | dict(form.terms)).items():
            weight = constant(f"w{number}_{source}", matrix, matrix.shape)
            total = f"z{number}_{source}"
            nodes.append(helper.make_node("Gemm", [names[source], weight, value], [total], transB=1))
            value = total
        names[number] = "y" if is_output else f"h{number}"
        nodes.append(helper.make_node("Identity" if is_output else "Relu", [value], [names[number]]))
    graph = helper.make_graph(
        nodes,
        network.name,
        [helper.make_tensor_value_info("x", kind, ["batch", network.input_dim])],
        [helper.make_tensor_value_info("y", kind, ["batch", network.output_dim])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="relureg")
    return bytes(model.SerializeToString())


@dataclass(frozen=True, slots=True)
class _Opaque:
    """A value after a smooth operator: only what went in before (`cuts`) is piecewise linear."""

    cuts: tuple[AffineTensor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Graph:
    """The nodes that the output needs, in an order in which they can be evaluated."""

    nodes: list[Any]
    input: Any
    output: Any
    constants: dict[str, Value]

    @classmethod
    def of(cls, proto: Any, folder: Path | None) -> _Graph:
        if proto.sparse_initializer:
            raise UnsupportedNetworkError("sparse initialisers are not read; export with dense weights")
        stored = {tensor.name: tensor for tensor in proto.initializer}
        inputs = [value for value in proto.input if value.name not in stored]
        for what, values in (("input", inputs), ("output", proto.output)):
            if len(values) != 1:
                names = ", ".join(repr(value.name) for value in values) or "none"
                raise UnsupportedNetworkError(f"one {what} is needed, the graph has {len(values)} ({names})")
        nodes = _needed_in_order(proto, {*stored, inputs[0].name})
        used = {name for node in nodes for name in node.input} | {proto.output[0].name}
        constants = {key: decode(tensor, folder) for key, tensor in stored.items() if key in used}
        for node in nodes:
            if node.op_type == "Constant":
                constants[node.output[0]] = _constant_node(node, folder)
        return cls(
            nodes=[node for node in nodes if node.op_type != "Constant"],
            input=inputs[0],
            output=proto.output[0],
            constants=constants,
        )

    def input_shape(self) -> list[int]:
        """The declared shape; a first dimension that is symbolic, absent or 0 counts as -1."""
        kind = self.input.type.tensor_type
        place = f"input {self.input.name!r}"
        if not kind.HasField("shape"):
            raise UnsupportedNetworkError("its shape is not declared; export with a fixed input size", where=place)
        shape = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else -1 for d in kind.shape.dim]
        unknown = [axis for axis, size in enumerate(shape) if size == -1 and (axis > 0 or len(shape) == 1)]
        if unknown or not shape:
            raise UnsupportedNetworkError(
                f"its shape {[_dimension(d) for d in kind.shape.dim]} leaves more open than a batch "
                "dimension in front; export with a fixed input size",
                where=place,
            )
        return shape

    def output_batch(self) -> int | None:
        """The declared first dimension of the output, None where it is not declared."""
        dims = self.output.type.tensor_type.shape.dim
        return dims[0].dim_value if dims and dims[0].HasField("dim_value") else None

    def check_operators(self) -> None:
        """Raise `UnsupportedNetworkError` with every node that is not read, by operator and name."""
        problems = []
        inside = self._activations()
        for node in self.nodes:
            known = node.op_type in OPERATORS or node.op_type in SMOOTH or node.op_type == RELU
            if node.domain not in ("", "ai.onnx") or not known:
                problems.append(f"{_full_type(node)} ({_label(node)})")
            elif id(node) in inside:
                problems.append(f"{node.op_type} ({_label(node)}, an activation inside the network)")
        if problems:
            count = "1 node is" if len(problems) == 1 else f"{len(problems)} nodes are"
            known_names = ", ".join(sorted({*OPERATORS, RELU, "Constant"}))
            raise UnsupportedNetworkError(
                f"{count} not supported: {'; '.join(problems)}. Read are {known_names}, "
                f"and {', '.join(sorted(SMOOTH))} after the last ReLU"
            )

    def _activations(self) -> set[int]:
        """Smooth nodes that are not a head: a ReLU, or a layer and one more smooth node, follows."""
        consumers: dict[str, list[Any]] = {}
        for node in self.nodes:
            for name in node.input:
                consumers.setdefault(name, []).append(node)
        has_relu = any(node.op_type == RELU for node in self.nodes)

        def is_inside(start: Any) -> bool:
            todo, seen = [(start, False)], set()
            while todo:
                node, mixed = todo.pop()
                if (id(node), mixed) in seen:
                    continue
                seen.add((id(node), mixed))
                for name in node.output:
                    for after in consumers.get(name, []):
                        after_mixed = mixed or after.op_type in MIXING
                        is_activation = after.op_type == RELU or (after.op_type in SMOOTH and mixed)
                        if is_activation or (after_mixed and not has_relu):
                            return True
                        todo.append((after, after_mixed))
            return False

        found = {id(node) for node in self.nodes if node.op_type in SMOOTH and is_inside(node)}
        if found:  # then the smooth nodes at its other end are activations too, not a head of their own
            found |= {id(node) for node in self.nodes if node.op_type in SMOOTH and has_relu is False}
        return found


@dataclass(slots=True)
class _Evaluation:
    """One walk over the graph."""

    graph: _Graph
    stages: list[Stage] = field(default_factory=list)
    stripped: list[str] = field(default_factory=list)
    values: dict[str, Value | _Opaque] = field(default_factory=dict)

    def network(self, name: str, shape: list[int], notices: Iterable[str]) -> Network:
        input_dim = math.prod(shape)
        self.values = dict(self.graph.constants)
        self.values[self.graph.input.name] = AffineTensor(
            shape=tuple(shape), form=AffineForm.of_source(INPUT, input_dim)
        )
        for node in self.graph.nodes:
            try:
                self.values[node.output[0]] = self._apply(node)
            except (ValueError, ArithmeticError) as error:
                raise UnsupportedNetworkError(str(error), where=f"{node.op_type} ({_label(node)})") from error
        output = self._value(self.graph.output.name)
        if isinstance(output, np.ndarray):
            raise UnsupportedNetworkError("the output is a constant of integers, not a function of the input")
        if isinstance(output, _Opaque):
            form = AffineForm.concatenate([cut.form for cut in output.cuts])
            notices = (*notices, f"stripped the head, which moves no region: {', '.join(self.stripped)}")
        else:
            form = output.form
        return Network(name=name, input_dim=input_dim, stages=tuple(self.stages), output=form, notices=tuple(notices))

    def output_shape(self) -> tuple[int, ...]:
        output = self.values[self.graph.output.name]
        return output.cuts[0].shape if isinstance(output, _Opaque) else tuple(output.shape)

    def _value(self, name: str) -> Value | _Opaque:
        if name not in self.values:
            raise UnsupportedNetworkError("only the first output of a node is read", where=f"tensor {name!r}")
        return self.values[name]

    def _apply(self, node: Any) -> Value | _Opaque:
        inputs = [self._value(name) if name else None for name in node.input]
        if node.op_type in SMOOTH or any(isinstance(value, _Opaque) for value in inputs):
            self.stripped.append(f"{node.op_type} ({_label(node)})")
            return _Opaque(tuple(_cuts(inputs)))
        if node.op_type == RELU:
            value = inputs[0] if inputs else None
            if not isinstance(value, AffineTensor):
                raise ValueError("a ReLU of a constant of integers is not read")
            if not value.form.size:
                raise ValueError("a ReLU of an empty tensor")
            self.stages.append(Stage(pre_activation=value.form, name=_label(node)))
            return AffineTensor(shape=value.shape, form=AffineForm.of_source(len(self.stages), value.form.size))
        import onnx.helper

        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        return OPERATORS[node.op_type]([v for v in inputs if not isinstance(v, _Opaque)], attributes)


def _try_one_row(graph: _Graph, name: str, declared: list[int]) -> Network | None:
    batch = declared[0]
    if graph.output_batch() != batch or not any(node.op_type in MIXING for node in graph.nodes):
        return None
    evaluation = _Evaluation(graph)
    notice = f"the input of shape {declared} is read as a batch of {batch} rows of one network"
    try:
        network = evaluation.network(name, [1, *declared[1:]], (notice,))
    except NetworkError:
        return None
    return network if evaluation.output_shape()[:1] == (1,) else None


def _cuts(values: Iterable[Value | _Opaque | None]) -> Iterator[AffineTensor]:
    for value in values:
        if isinstance(value, _Opaque):
            yield from value.cuts
        elif isinstance(value, AffineTensor) and not value.is_constant:
            yield value


def _needed_in_order(proto: Any, available: set[str]) -> list[Any]:
    """The nodes that the output depends on, each after those it needs (depth first, no recursion)."""
    makers: dict[str, Any] = {}
    for node in proto.node:
        for name in filter(None, node.output):
            if name in makers or name in available:
                raise MalformedNetworkError(f"provides tensor {name!r} for a second time", where=_label(node))
            makers[name] = node
    order: list[Any] = []
    done: set[int] = set()
    open_: set[int] = set()
    stack = [(proto.output[0].name, "the graph's output")]
    while stack:
        name, wanted_by = stack[-1]
        node = makers.get(name)
        if name in available or (node is not None and id(node) in done):
            stack.pop()
            continue
        if node is None:
            raise MalformedNetworkError(
                f"{wanted_by} needs tensor {name!r}, which nothing provides; the file is incomplete"
            )
        missing = [n for n in node.input if n and n not in available and id(makers.get(n)) not in done]
        if missing:
            if id(node) in open_ and id(makers.get(missing[0])) in open_:
                raise MalformedNetworkError("the graph has a cycle", where=_label(node))
            open_.add(id(node))
            stack.append((missing[0], f"{node.op_type} ({_label(node)})"))
            continue
        done.add(id(node))
        order.append(node)
        stack.pop()
    return order


def _constant_node(node: Any, folder: Path | None) -> Value:
    for attribute in node.attribute:
        if attribute.name == "value":
            return decode(attribute.t, folder)
        if attribute.name in ("value_float", "value_floats"):
            floats = attribute.f if attribute.name == "value_float" else list(attribute.floats)
            array = np.asarray(floats, dtype=np.float64)
            if not np.isfinite(array).all():
                raise MalformedNetworkError("the constant is NaN or infinite", where=_label(node))
            return AffineTensor.of_array(array)
        if attribute.name in ("value_int", "value_ints"):
            return np.asarray(attribute.i if attribute.name == "value_int" else list(attribute.ints), dtype=np.int64)
    raise UnsupportedNetworkError("the constant is neither a float nor an integer tensor", where=_label(node))


def _label(node: Any) -> str:
    return f"node {node.name!r}" if node.name else f"output {node.output[0]!r}" if node.output else "a node"


def _full_type(node: Any) -> str:
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"


def _dimension(dim: Any) -> str | int:
    return dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?"
