"""ONNX files: piecewise-linear networks as exporters write them, read exactly.

The graph is evaluated once on affine tensors: every affine operator folds, every kink opens a stage.
Smooth operators after the last kink (a softmax head, say) move no region and are stripped with a
notice; anything else that is not piecewise linear is refused, all such nodes in one message.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.network.affine_forms import INPUT, AffineForm, AffineTensor
from relureg.network.model import Network, Port
from relureg.network.onnx_call import LAYERS, OPERATORS, Call, Value
from relureg.network.onnx_graph import SMOOTH, Graph, full_type, label
from relureg.network.onnx_tensors import decode
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
    graph = Graph.of(model.graph, folder)
    graph.check_operators()
    declared = [_declared_shape(value) for value in graph.inputs]
    one_row = [(1, *shape[1:]) if len(shape) > 1 else shape for shape in declared]
    batches = {shape[0] for shape in declared if len(shape) > 1} - {-1, 1}
    if not batches:
        return _Evaluation(graph).network(name, one_row, ())
    # A fixed batch of B rows is B copies of one network. It is read as one row when the whole graph
    # then still fits and keeps the batch as its first output dimension; else as it is declared.
    if len(batches) == 1 and (network := _try_one_row(graph, name, declared, one_row, *batches)) is not None:
        return network
    whole = [tuple(abs(size) for size in shape) for shape in declared]
    notices = [f"the input of shape {list(shape)} is read as {math.prod(shape)} inputs"
               for shape in whole if len(shape) > 1 and shape[0] > 1]  # fmt: skip
    return _Evaluation(graph).network(name, whole, notices)


@dataclass(frozen=True, slots=True)
class _Opaque:
    """A value after a smooth operator: only what went in before (`cuts`) is piecewise linear."""

    cuts: tuple[AffineTensor, ...]


@dataclass(slots=True)
class _Evaluation:
    """One walk over the graph."""

    graph: Graph
    builder: StageBuilder = field(default_factory=StageBuilder)
    stripped: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    values: dict[str, Value | _Opaque] = field(default_factory=dict)
    numbers_held: int = 0

    def network(self, name: str, shapes: Sequence[Shape], notices: Iterable[str]) -> Network:
        self.notices += notices
        inputs = self._open_inputs(shapes)
        last_use = {name: number for number, node in enumerate(self.graph.nodes) for name in node.input}
        wanted = {value.name for value in self.graph.outputs}
        for number, node in enumerate(self.graph.nodes):
            self._run(node)
            for used in node.input:
                if last_use[used] == number and used not in wanted:
                    self.values.pop(used, None)
        form, outputs = self._close_outputs()
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
                    "it is a constant of integers, not a function of the input", where=f"output {output.name!r}"
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
        for name, value in zip(node.output, results, strict=False):
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
        if full_type(node) in SMOOTH or any(isinstance(self.values.get(name), _Opaque) for name in node.input):
            known = [self._value(name) for name in node.input if name in self.values]
            cuts = tuple({id(cut.form): cut for cut in _cuts(known)}.values())
            if not cuts:
                raise ValueError("it does not depend on the input of the network")
            self.stripped.append(place)
            return [_Opaque(cuts)] * len(node.output)
        inputs = [self._value(name) if name else None for name in node.input]
        result = OPERATORS[full_type(node)](
            Call(
                inputs=[value for value in inputs if not isinstance(value, _Opaque)],
                attributes={a.name: self._attribute(a) for a in node.attribute},
                num_outputs=len(node.output),
                label=place,
                builder=self.builder,
                notices=self.notices,
            )
        )
        return result if isinstance(result, list) else [result]

    def _attribute(self, attribute: Any) -> Any:
        import onnx.helper

        value = onnx.helper.get_attribute_value(attribute)
        return decode(value, self.graph.folder) if isinstance(value, onnx.TensorProto) else value


def _try_one_row(
    graph: Graph, name: str, declared: Sequence[Shape], one_row: Sequence[Shape], batch: int
) -> Network | None:
    layered = any(full_type(node) in LAYERS for node in graph.nodes)
    if not layered or any(_declared_batch(value) != batch for value in graph.outputs):
        return None
    evaluation = _Evaluation(graph)
    shape = next(list(shape) for shape in declared if shape[0] == batch)
    notice = f"the input of shape {shape} is read as a batch of {batch} rows of one network"
    try:
        network = evaluation.network(name, one_row, (notice,))
    except NetworkError:
        return None
    return network if all(shape[:1] == (1,) for shape in evaluation.output_shapes()) else None


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
