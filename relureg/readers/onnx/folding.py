"""ONNX operators on constants alone: what a network does to its weights before it uses them.

Arithmetic of floats stays exact, as everywhere. What no rational arithmetic can do (an exponential, a norm), and
all that integers do, is computed by the reference implementation of the onnx package: integers in their own type,
floats in float64. A function that jumps (a rounding, a comparison) is folded only where rounding decides nothing.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from relureg.network.affine_forms import AffineTensor, check_size
from relureg.readers.onnx.call import MOVES, OPERATORS, Call, Value
from relureg.readers.onnx.constant_tensors import of_floats

_SMOOTH = frozenset({
    "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Celu", "Cos", "Cosh", "CumSum", "Elu", "Erf", "Exp", "Gelu",
    "HardSwish", "InstanceNormalization", "LayerNormalization", "Log", "LogSoftmax", "LpNormalization",
    "MeanVarianceNormalization", "Mish", "Pow", "Reciprocal", "ReduceL1", "ReduceL2", "ReduceLogSum",
    "ReduceLogSumExp", "ReduceProd", "ReduceSumSquare", "Selu", "Sigmoid", "Sin", "Sinh", "Softmax", "Softplus",
    "Softsign", "Sqrt", "Tan", "Tanh",
})  # fmt: skip
"""Functions that are computed in float64."""

_STEPS = frozenset({"Ceil", "Floor", "Round", "Sign"})
"""Functions of one number that jump where it passes a bound, and give a float."""

_DECISIONS = frozenset({
    "And", "ArgMax", "ArgMin", "Equal", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less", "LessOrEqual", "Mod",
    "NonZero", "Not", "Or", "Xor",
})  # fmt: skip
"""Functions that jump, and give integers, Booleans or a remainder."""

_SELECTIONS = frozenset({
    "Compress", "DepthToSpace", "GatherElements", "ScatterElements", "ScatterND", "SpaceToDepth", "Trilu",
})  # fmt: skip
"""Functions whose floats are among those that went in."""

_ARITHMETIC = frozenset({
    "Abs", "Add", "Clip", "Div", "MatMul", "Max", "Mean", "Min", "Mul", "Neg", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceSum", "Relu", "Sub", "Sum",
})  # fmt: skip
"""Functions that are exact on floats, and read on any; here on integers, and where a float is infinite."""

FOLDED = _SMOOTH | _STEPS | _DECISIONS | _SELECTIONS
"""Operator types that are read on constants alone."""

_OWN_SHAPE = _SELECTIONS | {"InstanceNormalization", "NonZero"}
"""Those that make no more entries than they are given, though their inputs need not broadcast."""


def is_folded(kind: str, call: Call) -> bool:
    """Whether a node is computed here; if not, the operators that are read on any input have it."""
    if not call.is_constant:
        return False
    if kind not in OPERATORS:
        return kind in FOLDED
    given = [value for value in call.inputs if value is not None]
    infinite = any(isinstance(value, np.ndarray) and value.dtype.kind == "f" for value in given)
    if kind in MOVES:
        return infinite and any(isinstance(value, AffineTensor) for value in given)
    return kind in _ARITHMETIC and (isinstance(given[0], np.ndarray) or (infinite and kind != "Clip"))


def fold(node: Any, kind: str, call: Call, opsets: Mapping[str, int]) -> list[Value]:
    """The outputs of a node all of whose inputs are constant.

    Raises
    ------
    ValueError
        The node breaks the rules of its operator, or rounding would decide what it gives.
    """
    inputs = [_plain(value) for value in call.inputs]
    _check_form(kind, call)
    _check_result_size(kind, inputs)
    results = _reference(node, inputs, opsets)
    exact = all(isinstance(value, np.ndarray) or _is_double(value) for value in call.inputs if value is not None)
    if kind in _STEPS | _DECISIONS:
        _check_decided(node, kind, inputs, results, opsets, exact)
    elif any(result.dtype.kind == "f" for result in results) and not (kind in _SELECTIONS and exact):
        call.rounded.append(call.label)
    return [of_floats(result.astype(np.float64)) if result.dtype.kind == "f" else result for result in results]


def quotients_of_constants(call: Call, left: AffineTensor, right: AffineTensor) -> AffineTensor:
    """``left / right``, each quotient the nearest double.

    Exact quotients by many numbers have a common denominator that grows with each of them.
    """
    quotient = left.multiply(right.reciprocal())
    if not _is_double(quotient):
        call.rounded.append(call.label)
        quotient = AffineTensor.of_array(quotient.form.constant.floats.reshape(quotient.shape))
    return quotient


def _plain(value: Value | None) -> NDArray[Any] | None:
    return value.form.constant.floats.reshape(value.shape) if isinstance(value, AffineTensor) else value


def _is_double(value: Value) -> bool:
    return isinstance(value, AffineTensor) and value.form.constant.doubles is not None


def _check_form(kind: str, call: Call) -> None:
    """Refuse the forms of an operator that the reference implementation computes otherwise than runtimes do."""
    if kind.startswith(("Reduce", "Arg")) and not math.prod(call.any(0).shape):
        raise ValueError("it reduces an empty tensor")
    if kind == "LpNormalization" and call.integer("p", 2) != 2:
        raise ValueError("of norms, the Euclidean one is read")
    if kind in ("LogSoftmax", "Softmax") and call.version < 13:  # then all axes from this one on are one
        rank = len(call.any(0).shape)
        if call.integer("axis") % max(rank, 1) != rank - 1:
            raise ValueError("before operator set 13, it is read along the last axis; export with a newer one")


def _check_result_size(kind: str, inputs: Sequence[NDArray[Any] | None]) -> None:
    """Refuse what no memory holds; the other operators give no more than they are given."""
    shapes = [value.shape for value in inputs if value is not None]
    if kind == "MatMul":
        if len(shapes) < 2:
            raise ValueError("it needs two matrices, and one is missing")
        check_size((*shapes[0], shapes[1][-1] if shapes[1] else 1))
    elif kind not in _OWN_SHAPE and len(shapes) > 1 and not kind.startswith(("Reduce", "CumSum", "LayerNorm")):
        check_size(np.broadcast_shapes(*shapes))


def _check_decided(
    node: Any,
    kind: str,
    inputs: Sequence[NDArray[Any] | None],
    results: Sequence[NDArray[Any]],
    opsets: Mapping[str, int],
    exact: bool,
) -> None:
    """A runtime rounds to float32 what is exact here: where that changes what a jump gives, nobody knows it."""
    trials = [_mapped(inputs, lambda floats: floats.astype(np.float32).astype(np.float64))]
    if not exact and kind in _STEPS:
        trials += [_mapped(inputs, lambda floats: np.nextafter(floats, np.inf)),
                   _mapped(inputs, lambda floats: np.nextafter(floats, -np.inf))]  # fmt: skip
    elif not exact:
        raise ValueError("it decides by numbers that are no doubles; rounding would decide what it gives")
    for trial in trials:
        if any(not np.array_equal(a, b) for a, b in zip(results, _reference(node, trial, opsets), strict=True)):
            raise ValueError("a number is so near to where it jumps that rounding would decide what it gives")


def _mapped(inputs: Sequence[NDArray[Any] | None], function: Any) -> list[NDArray[Any] | None]:
    with np.errstate(over="ignore"):
        return [function(v) if v is not None and v.dtype.kind == "f" else v for v in inputs]


def _reference(node: Any, inputs: Sequence[NDArray[Any] | None], opsets: Mapping[str, int]) -> list[NDArray[Any]]:
    """What the reference implementation of the onnx package computes.

    It stumbles over results without axes: these get one on the way.
    """
    if node.op_type != "NonZero" and all(value is not None and not value.shape for value in inputs):
        with_axis = [value.reshape(1) for value in inputs if value is not None]
        return [result.reshape(()) for result in _computed(node, with_axis, opsets)]
    try:
        return _computed(node, inputs, opsets)
    except ValueError:
        if not any(attribute.name == "keepdims" and not attribute.i for attribute in node.attribute):
            raise
        kept = type(node)()
        kept.CopyFrom(node)
        next(attribute for attribute in kept.attribute if attribute.name == "keepdims").i = 1
        results = _computed(kept, inputs, opsets)
        if any(result.size != 1 for result in results):
            raise
        return [result.reshape(()) for result in results]


def _computed(node: Any, inputs: Sequence[NDArray[Any] | None], opsets: Mapping[str, int]) -> list[NDArray[Any]]:
    from onnx import NodeProto, TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    alone = NodeProto()
    alone.CopyFrom(node)
    feeds = {f"x{place}": value for place, value in enumerate(inputs) if value is not None}
    alone.input[:] = [f"x{place}" if value is not None else "" for place, value in enumerate(inputs)]
    alone.output[:] = [f"y{place}" for place in range(len(node.output))]
    graph = helper.make_graph(
        [alone],
        "constants",
        [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
         for name, value in feeds.items()],
        [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in alone.output],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(d, v) for d, v in opsets.items()])
    # Integers raise where they divide by zero; floats become infinite, which only a bound may be.
    zero: Literal["raise", "ignore"] = "raise" if all(value.dtype.kind != "f" for value in feeds.values()) else "ignore"
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore", divide=zero):
            warnings.simplefilter("ignore")
            found = ReferenceEvaluator(model).run(None, feeds)
    except Exception as error:  # whatever an implementation makes of inputs that break the rules of its operator
        raise ValueError(f"it cannot be computed: {str(error).splitlines()[0] if str(error) else error!r}") from error
    results = [np.asarray(result) for result in found]
    if any(result.dtype.kind not in "fiub" for result in results):
        raise ValueError("it gives neither numbers nor Booleans")
    return results
