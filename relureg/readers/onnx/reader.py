"""ONNX files: piecewise-linear networks as exporters write them, read exactly.

The graph is evaluated once on affine tensors: every affine operator folds, every kink opens a stage.
Smooth operators after the last kink (a softmax head, say) move no region and are stripped with a
notice; anything else that is not piecewise linear is refused, all such nodes in one message.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.network.model import Network
from relureg.readers.onnx.batch_rows import rows_are_separate
from relureg.readers.onnx.call import LAYERS
from relureg.readers.onnx.graph_walk import Evaluation, Shape
from relureg.readers.onnx.inlining import with_branches_taken, with_functions_inlined
from relureg.readers.onnx.model_graph import MAX_NODES, Graph
from relureg.readers.onnx.schemas import opsets_of
from relureg.readers.onnx.unsupported import full_type, label


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
    opsets_of(model)
    model = with_functions_inlined(model, MAX_NODES)
    return _Reader(proto=model.graph, opsets=opsets_of(model), folder=folder, name=name).network()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """A graph, and what its first dimension may mean."""

    proto: Any
    opsets: Mapping[str, int]
    folder: Path | None
    name: str

    def network(self) -> Network:
        graph = Graph.of(self.proto, self.opsets, self.folder)
        declared = [_declared_shape(value) for value in graph.inputs]
        _check_input_types(graph)
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
        one = self._evaluated(rows, ())
        network = one.result
        two = [tuple(2 if size == -1 else size for size in shape) for shape in declared]
        try:
            many = self._evaluated(two, ()).result
        except NetworkError as error:
            if any(len(shape) > 1 and shape[0] != 1 for shape in one.output_shapes()):
                raise UnsupportedNetworkError(
                    "of one row of its open batch it makes several, and two rows it does not take; "
                    "export with a fixed input size"
                ) from error
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

    def _evaluated(self, shapes: Sequence[Shape], notices: Iterable[str]) -> Evaluation:
        """One walk over the graph on inputs of these shapes, with the branches that they take."""
        proto = with_branches_taken(self.proto, lambda proto: self._next_branch(proto, shapes))
        graph = Graph.of(proto, self.opsets, self.folder)
        graph.check_operators()
        evaluation = Evaluation(graph)
        evaluation.result = evaluation.network(self.name, shapes, notices)
        return evaluation

    def _next_branch(self, proto: Any, shapes: Sequence[Shape]) -> tuple[Any, bool] | None:
        """The first `If` whose condition does not depend on the input, and that condition."""
        if not any(full_type(node) == "If" for node in proto.node):
            return None
        graph = Graph.of(proto, self.opsets, self.folder)
        for node in graph.nodes:
            if full_type(node) == "If" and node.input and node.input[0] in graph.constants:
                condition = Evaluation(graph.up_to(node.input[0])).constant(node.input[0], shapes)
                if isinstance(condition, np.ndarray) and condition.dtype.kind == "b" and condition.size == 1:
                    return node, bool(condition.reshape(()))
                raise MalformedNetworkError("its condition is not one Boolean", where=f"If ({label(node)})")
        return None


def _check_input_types(graph: Graph) -> None:
    """Refuse inputs of integers but where they are cast at once: their division cuts, and their sums wrap around."""
    from onnx import TensorProto

    floats = (TensorProto.UNDEFINED, TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
    for value in graph.inputs:
        kind = value.type.tensor_type.elem_type
        users = [node for node in graph.nodes if value.name in node.input]
        if kind not in floats and any(full_type(node) != "Cast" for node in users):
            named = TensorProto.DataType.Name(kind) if kind in TensorProto.DataType.values() else f"number {kind}"
            raise UnsupportedNetworkError(
                f"its entries are of type {named}; floats are read, and integers that are cast to floats at once",
                where=f"input {value.name!r}",
            )


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


def _dimension(dim: Any) -> str | int:
    return dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?"
