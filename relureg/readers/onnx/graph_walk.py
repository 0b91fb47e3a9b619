"""One walk over an ONNX graph: every affine operator folds, every kink opens a stage, a smooth head is cut off."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from relureg.errors import UnsupportedNetworkError
from relureg.network.affine_forms import INPUT, AffineForm, AffineTensor
from relureg.network.model import Network, Port
from relureg.readers.building.pieces import StageBuilder, comparison_notices
from relureg.readers.building.tensors import side_by_side
from relureg.readers.onnx.call import OPERATORS, Call, Value
from relureg.readers.onnx.constant_tensors import decode
from relureg.readers.onnx.folding import fold, is_folded
from relureg.readers.onnx.model_graph import SMOOTH, Graph
from relureg.readers.onnx.schemas import Schema, schema_of
from relureg.readers.onnx.unsupported import full_type, label

MAX_NUMBERS = 2**25
"""Most numbers that the values of all nodes may take to hold together: about a gibibyte."""

MAX_BITS = 2**15
"""Most bits of a constant: thirty squares of one float, one after the other, would take a thousand million."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Opaque:
    """A value after a smooth operator: only what went in before (`cuts`) is piecewise linear."""

    cuts: tuple[AffineTensor, ...]
    keeps_rows: bool
    """Whether row i of it is one function of row i of what went in, for all i."""


_ENTRYWISE = frozenset({"Sigmoid", "Tanh", "Identity", "Add", "Sub", "Mul", "Div"})
"""Operators of a head that treat every entry alone."""


@dataclass(slots=True)
class Evaluation:
    """One walk over the graph, whose operators are all read."""

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
            self.notices.append(f"computed from constants in float64, and exact from there: {_first(self.rounded)}")
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
        form, ports = side_by_side([name for name, _ in tensors], [tensor for _, tensor in tensors])
        if len(ports) > 1:
            self.notices.append(f"the outputs are given one after the other: {_listed(ports, 'y')}")
        return form, ports

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
                if value.is_constant and _bits(value) > MAX_BITS:
                    raise UnsupportedNetworkError(
                        f"a constant takes more than {MAX_BITS:,} bits to hold exactly, the most that is read",
                        where=place,
                    )
        if self.numbers_held > MAX_NUMBERS:
            raise UnsupportedNetworkError(
                f"up to here the network takes more than {MAX_NUMBERS:,} numbers to hold, the most that is read",
                where=place,
            )

    def _apply(self, node: Any, place: str) -> Sequence[Value | _Opaque]:
        kind = full_type(node)
        if any(isinstance(self.values.get(name), _Opaque) for name in node.input) or (
            kind in SMOOTH and any(_depends(self.values.get(name)) for name in node.input)
        ):
            known = [self._value(name) for name in node.input if name in self.values]
            self.stripped.append(place)
            head = _Opaque(
                cuts=tuple({id(cut.form): cut for cut in _cuts(known)}.values()), keeps_rows=self._keeps_rows(node)
            )
            return [head] * len(node.output)
        inputs = [self._value(name) if name else None for name in node.input]
        schema = schema_of(node, self.graph.opsets)
        call = Call(
            inputs=[value for value in inputs if not isinstance(value, _Opaque)],
            names=list(node.input),
            attributes=self._attributes(node, schema),
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

    def _keeps_rows(self, node: Any) -> bool:
        """Whether a node of a head treats every row of a batch alone and alike; only what is known to do so counts."""
        (first, *others), kind = node.input, full_type(node)
        value = self.values.get(first)
        cuts = value.cuts if isinstance(value, _Opaque) else tuple(_cuts([value]))
        if len(cuts) != 1 or (isinstance(value, _Opaque) and not value.keeps_rows):
            return False
        rank = len(cuts[0].shape)
        if kind in _ENTRYWISE:  # with numbers that are the same for each row
            constants = [self._value(name) for name in others]
            return all(
                not isinstance(c, _Opaque) and not _depends(c) and (len(c.shape) < rank or tuple(c.shape[:1]) == (1,))
                for c in constants
            )
        if kind not in SMOOTH:
            return False
        axis = self._attributes(node, schema_of(node, self.graph.opsets)).get("axis")
        return isinstance(axis, int) and axis % rank != 0

    def _attributes(self, node: Any, schema: Schema) -> dict[str, Any]:
        return {**schema.defaults, **{a.name: self._attribute(a) for a in node.attribute}}

    def _attribute(self, attribute: Any) -> Any:
        import onnx.helper

        value = onnx.helper.get_attribute_value(attribute)
        return decode(value, self.graph.folder) if isinstance(value, onnx.TensorProto) else value


def _depends(value: Value | _Opaque | None) -> bool:
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


def _bits(constant: AffineTensor) -> int:
    """The bits of the longest number in a constant tensor."""
    column = constant.form.constant
    return max(column.denominator.bit_length(), *map(int.bit_length, column.nonzeros()[2].tolist()), 0)


def _first(places: Sequence[str], number: int = 3) -> str:
    """The first few of a list, and how many more there are."""
    more = len(places) - number
    return ", ".join(places[:number]) + (f" and {more:,} more" if more > 0 else "")


def _as_array(result: Any) -> Any:
    """NumPy turns an array without dimensions into a number where it can: turn it back."""
    return np.asarray(result) if isinstance(result, np.generic) else result
