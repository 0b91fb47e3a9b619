"""ONNX files: piecewise-linear networks as exporters write them, read exactly.

The graph is evaluated once on affine tensors: every affine operator folds, every kink opens a stage.
Smooth operators after the last kink (a softmax head, say) move no region and are stripped with a
notice; anything else that is not piecewise linear is refused, all such nodes in one message.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.network.affine_forms import INPUT, AffineForm, AffineTensor
from relureg.network.model import Network, Port
from relureg.network.onnx_call import LAYERS, OPERATORS, Call, Value
from relureg.network.onnx_folding import fold, is_folded
from relureg.network.onnx_graph import MAX_NODES, SMOOTH, Graph
from relureg.network.onnx_inlining import with_branches_taken, with_functions_inlined
from relureg.network.onnx_rows import rows_are_separate
from relureg.network.onnx_schemas import opsets_of, schema_of
from relureg.network.onnx_tensors import decode
from relureg.network.onnx_unsupported import full_type, label
from relureg.network.pieces import StageBuilder, comparison_notices

MAX_NUMBERS = 2**25
"""Most numbers that the values of all nodes may take to hold together: about a gibibyte."""

Shape = tuple[int, ...]


def read(data: bytes, *, name: str, folder: Path | None) -> Network:
    """Parse one ONNX model; `folder` is where external data may lie (None: nowhere).

    Raises
    ------
    MalformedNetworkError
        Not an ONNX model, truncated, inconsistent shapes, NaN weights, external data outside the folder.
    UnsupportedNetworkError
        Operators that are not read (all are listed, by node), or a network beyond the limits of size.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.ModelProto.FromString(data)
    except DecodeError as error:
        raise MalformedNetworkError("not an ONNX model, or a truncated one; export it again") from error
    if not model.graph.node:
        raise MalformedNetworkError("the ONNX model has no nodes; it is empty, truncated or of another format")
    opsets = opsets_of(model)
    model = with_functions_inlined(model, MAX_NODES)
    opsets = opsets_of(model)
    return _Reader(proto=model.graph, opsets=opsets, folder=folder, name=name).network()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """A graph, and what its first dimension may mean."""

    proto: Any
    opsets: Mapping[str, int]
    folder: Path | None
    name: str

    def network(self) -> Network:
        declared = [_declared_shape(value) for value in Graph.of(self.proto, self.opsets, self.folder).inputs]
        batches = {shape[0] for shape in declared if len(shape) > 1} - {1}
        rows = [(1, *shape[1:]) if len(shape) > 1 else shape for shape in declared]
        if not batches:
            return self._evaluated(declared, ()).result
        if batches == {-1}:
            return self._any_number_of_rows(declared, rows)
        # A fixed batch of B rows is B copies of one network, if that can be proved; else all entries are inputs.
        sizes = batches - {-1}
        if len(sizes) == 1 and (network := self._one_row(declared, rows, *sizes)) is not None:
            return network
        if -1 in batches:
            raise UnsupportedNetworkError(
                f"the inputs of shape {', '.join(str([s if s > 0 else '?' for s in shape]) for shape in declared)} "
                "leave open how many rows belong together; export with a fixed input size"
            )
        notices = [f"the input of shape {list(shape)} is read as {math.prod(shape)} inputs"
                   for shape in declared if len(shape) > 1 and shape[0] > 1]  # fmt: skip
        return self._evaluated(declared, notices).result

    def _any_number_of_rows(self, declared: Sequence[Shape], rows: Sequence[Shape]) -> Network:
        """One row of an open batch; refused where the graph takes two rows and treats neither as it treats one."""
        network = self._evaluated(rows, ()).result
        two = [tuple(2 if size == -1 else size for size in shape) for shape in declared]
        try:
            many = self._evaluated(two, ()).result
        except NetworkError:
            return network  # the graph takes one row alone
        if not rows_are_separate(network, many, 2, in_order=False):
            raise UnsupportedNetworkError(
                "the rows of its open batch are mixed: what it computes depends on how many rows there are; "
                "export with a fixed input size"
            )
        return network

    def _one_row(self, declared: Sequence[Shape], rows: Sequence[Shape], batch: int) -> Network | None:
        """The network of one row, where the graph on `batch` rows is that network on each of them."""
        graph = Graph.of(self.proto, self.opsets, self.folder)
        layered = any(full_type(node) in LAYERS for node in graph.nodes)
        if (
            not layered
            or any(_declared_batch(value) != batch for value in graph.outputs)
            or any(len(shape) < 2 or shape[0] not in (batch, -1) for shape in declared)
        ):
            return None
        notice = f"the input of shape {list(declared[0])} is read as a batch of {batch} rows of one network"
        try:
            one = self._evaluated(rows, (notice,))
            many = self._evaluated([(batch, *shape[1:]) for shape in declared], ())
        except NetworkError:
            return None
        if any(shape[:1] != (1,) for shape in one.output_shapes()) or many.mixes_rows():
            return None
        return one.result if rows_are_separate(one.result, many.result, batch, in_order=True) else None

    def _evaluated(self, shapes: Sequence[Shape], notices: Iterable[str]) -> _Evaluation:
        """One walk over the graph on inputs of these shapes, with the branches that they take."""
        proto = with_branches_taken(self.proto, lambda proto: self._next_branch(proto, shapes))
        graph = Graph.of(proto, self.opsets, self.folder)
        graph.check_operators()
        evaluation = _Evaluation(graph)
        evaluation.result = evaluation.network(self.name, shapes, notices)
        return evaluation

    def _next_branch(self, proto: Any, shapes: Sequence[Shape]) -> tuple[Any, bool] | None:
        """The first `If` whose condition does not depend on the input, and that condition."""
        if not any(full_type(node) == "If" for node in proto.node):
            return None
        graph = Graph.of(proto, self.opsets, self.folder)
        for node in graph.nodes:
            if full_type(node) == "If" and node.input and node.input[0] in graph.constants:
                condition = _Evaluation(graph.up_to(node.input[0])).constant(node.input[0], shapes)
                if isinstance(condition, np.ndarray) and condition.dtype.kind == "b" and condition.size == 1:
                    return node, bool(condition.reshape(()))
                raise MalformedNetworkError("its condition is not one Boolean", where=f"If ({label(node)})")
        return None


@dataclass(frozen=True, slots=True)
class _Opaque:
    """A value after a smooth operator: only what went in before (`cuts`) is piecewise linear."""

    cuts: tuple[AffineTensor, ...]
    keeps_rows: bool
    """Whether row i of it is one function of row i of what went in, for all i."""


@dataclass(slots=True)
class _Evaluation:
    """One walk over the graph."""

    graph: Graph
    builder: StageBuilder = field(default_factory=StageBuilder)
    stripped: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    values: dict[str, Value | _Opaque] = field(default_factory=dict)
    rounded: list[str] = field(default_factory=list)
    numbers_held: int = 0
    result: Network = field(init=False)

    def network(self, name: str, shapes: Sequence[Shape], notices: Iterable[str]) -> Network:
        """The network that the graph is on inputs of these shapes."""
        self.notices += notices
        inputs = self._open_inputs(shapes)
        self._walk()
        form, outputs = self._close_outputs()
        if self.rounded:
            shown = ", ".join(self.rounded[:3]) + (
                f" and {len(self.rounded) - 3:,} more" if len(self.rounded) > 3 else ""
            )
            self.notices.append(f"computed from constants in float64, and exact from there: {shown}")
        if self.stripped:
            self.notices.append(f"stripped the head, which moves no region: {', '.join(self.stripped)}")
        self.notices += comparison_notices(self.builder.stages)
        return Network(
            name=name,
            input_dim=sum(math.prod(shape) for shape in shapes),
            stages=tuple(self.builder.stages),
            output=form,
            notices=tuple(self.notices),
            inputs=inputs,
            outputs=outputs,
            spanning_stages=tuple(self.builder.spanning),
        )

    def constant(self, name: str, shapes: Sequence[Shape]) -> Value | _Opaque:
        """The value of one tensor, with inputs of these shapes."""
        self._open_inputs(shapes)
        self._walk(name)
        return self._value(name)

    def _walk(self, *kept: str) -> None:
        """Run every node, and drop each value after its last use."""
        last_use = {name: number for number, node in enumerate(self.graph.nodes) for name in node.input}
        wanted = {*kept, *(value.name for value in self.graph.outputs)}
        for number, node in enumerate(self.graph.nodes):
            self._run(node)
            for used in node.input:
                if last_use[used] == number and used not in wanted:
                    self.values.pop(used, None)

    def mixes_rows(self) -> bool:
        """Whether a stripped head may look at several rows of a batch."""
        found = [self.values[value.name] for value in self.graph.outputs]
        return any(isinstance(value, _Opaque) and not value.keeps_rows for value in found)

    def output_shapes(self) -> list[Shape]:
        """The shape of each output; of a stripped one, that of what went into the head."""
        found = [self.values[value.name] for value in self.graph.outputs]
        return [value.cuts[0].shape if isinstance(value, _Opaque) else tuple(value.shape) for value in found]

    def _open_inputs(self, shapes: Sequence[Shape]) -> tuple[Port, ...]:
        sizes = [math.prod(shape) for shape in shapes]
        starts = [0, *itertools.accumulate(sizes)]
        whole = AffineTensor(shape=(starts[-1],), form=AffineForm.of_source(INPUT, starts[-1]))
        ports = []
        for value, shape, first in zip(self.graph.inputs, shapes, starts, strict=False):
            here = np.arange(first, first + math.prod(shape), dtype=np.intp).reshape(shape)
            self.values[value.name] = whole.reshape(shape) if len(shapes) == 1 else whole.take(here)
            ports.append(Port(name=str(value.name), shape=shape, first=first))
        if len(ports) > 1:
            self.notices.append(f"the inputs are read one after the other: {_listed(ports, 'x')}")
        return tuple(ports)

    def _close_outputs(self) -> tuple[AffineForm, tuple[Port, ...]]:
        """The outputs one after the other; what several stripped ones have in common stands there once."""
        tensors: list[tuple[str, AffineTensor]] = []
        for output in self.graph.outputs:
            value = self._value(output.name)
            if isinstance(value, np.ndarray):
                raise UnsupportedNetworkError(
                    f"it is a constant of type {value.dtype}, not a function of the input",
                    where=f"output {output.name!r}",
                )
            for tensor in value.cuts if isinstance(value, _Opaque) else (value,):
                if not any(tensor.form is other.form for _, other in tensors if isinstance(value, _Opaque)):
                    tensors.append((str(output.name), tensor))
        starts = itertools.accumulate((tensor.form.size for _, tensor in tensors), initial=0)
        ports = tuple(
            Port(name=name, shape=tensor.shape, first=first)
            for (name, tensor), first in zip(tensors, starts, strict=False)
        )
        if len(ports) > 1:
            self.notices.append(f"the outputs are given one after the other: {_listed(ports, 'y')}")
        return AffineForm.concatenate([tensor.form for _, tensor in tensors]), ports

    def _value(self, name: str) -> Value | _Opaque:
        if name not in self.values:
            if name not in self.graph.stored:
                raise UnsupportedNetworkError("that output of a node is not read", where=f"tensor {name!r}")
            self.values[name] = self.graph.constant(name)
        return self.values[name]

    def _run(self, node: Any) -> None:
        place = f"{full_type(node)} ({label(node)})"
        try:
            results = self._apply(node, place)
        except (ValueError, ArithmeticError) as error:
            raise UnsupportedNetworkError(str(error), where=place) from error
        for name, result in zip(node.output, results, strict=False):
            value: Value | _Opaque = _as_array(result)
            if name:
                self.values[name] = value
            if isinstance(value, AffineTensor):
                self.numbers_held += value.form.num_held
        if self.numbers_held > MAX_NUMBERS:
            raise UnsupportedNetworkError(
                f"up to here the network takes more than {MAX_NUMBERS:,} numbers to hold, the most that is read",
                where=place,
            )

    def _apply(self, node: Any, place: str) -> Sequence[Value | _Opaque]:
        kind = full_type(node)
        inputs = [self._value(name) if name else None for name in node.input]
        known = [value for value in inputs if not isinstance(value, _Opaque)]
        depends = len(known) < len(inputs) or any(_depends(value) for value in known)
        if len(known) < len(inputs) or (kind in SMOOTH and depends):
            cuts = tuple({id(cut.form): cut for cut in _cuts(inputs)}.values())
            self.stripped.append(place)
            return [_Opaque(cuts, self._keeps_rows(node, inputs))] * len(node.output)
        schema = schema_of(node, self.graph.opsets)
        call = Call(
            inputs=known,
            names=list(node.input),
            attributes={**schema.defaults, **{a.name: self._attribute(a) for a in node.attribute}},
            version=schema.version,
            outputs=list(node.output),
            label=place,
            builder=self.builder,
            notices=self.notices,
            rounded=self.rounded,
        )
        if is_folded(kind, call):
            return fold(node, kind, call, self.graph.opsets)
        if kind not in OPERATORS:
            raise ValueError("what it takes depends on the input")
        result = OPERATORS[kind](call)
        return result if isinstance(result, list) else [result]

    def _keeps_rows(self, node: Any, inputs: Sequence[Value | _Opaque | None]) -> bool:
        """Whether a node of a head treats every row alone; only what is known to do so counts."""
        first, *others = inputs
        if isinstance(first, _Opaque) and not first.keeps_rows:
            return False
        shape = first.cuts[0].shape if isinstance(first, _Opaque) else () if first is None else first.shape
        schema = schema_of(node, self.graph.opsets)
        attributes = {**schema.defaults, **{a.name: self._attribute(a) for a in node.attribute}}
        axis = attributes.get("axis", 0 if node.op_type in ("ArgMax", "ArgMin") else None)
        if others or len(shape) < 2 or len({*shape[:1]}) != 1:
            return False
        if node.op_type in ("Sigmoid", "Tanh", "Identity"):
            return True
        return node.op_type in SMOOTH and isinstance(axis, int) and axis % len(shape) != 0

    def _attribute(self, attribute: Any) -> Any:
        import onnx.helper

        value = onnx.helper.get_attribute_value(attribute)
        return decode(value, self.graph.folder) if isinstance(value, onnx.TensorProto) else value


def _declared_shape(value: Any) -> Shape:
    """The declared shape; a first dimension that is symbolic, absent or 0 counts as -1."""
    kind = value.type.tensor_type
    place = f"input {value.name!r}"
    if not kind.HasField("shape"):
        raise UnsupportedNetworkError("its shape is not declared; export with a fixed input size", where=place)
    shape = tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else -1 for d in kind.shape.dim)
    unknown = [axis for axis, size in enumerate(shape) if size == -1 and (axis > 0 or len(shape) == 1)]
    if unknown or not shape:
        raise UnsupportedNetworkError(
            f"its shape {[_dimension(d) for d in kind.shape.dim]} leaves more open than a batch "
            "dimension in front; export with a fixed input size",
            where=place,
        )
    return shape


def _declared_batch(value: Any) -> int | None:
    """The declared first dimension, None where it is not declared."""
    dims = value.type.tensor_type.shape.dim
    return dims[0].dim_value if dims and dims[0].HasField("dim_value") else None


def _depends(value: Value | None) -> bool:
    """Whether a value depends on the input of the network."""
    return isinstance(value, AffineTensor) and not value.is_constant


def _cuts(values: Iterable[Value | _Opaque | None]) -> Iterator[AffineTensor]:
    for value in values:
        if isinstance(value, _Opaque):
            yield from value.cuts
        elif isinstance(value, AffineTensor) and not value.is_constant:
            yield value


def _listed(ports: Iterable[Port], letter: str) -> str:
    return ", ".join(
        f"{port.name!r} {letter}{port.first}" + (f" to {letter}{port.first + port.size - 1}" if port.size > 1 else "")
        for port in ports
    )


def _dimension(dim: Any) -> str | int:
    return dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?"


def _as_array(result: Any) -> Any:
    """NumPy turns an array without dimensions into a number where it can: turn it back."""
    return np.asarray(result) if isinstance(result, np.generic) else result
