"""What messages say of ONNX nodes that are not read: why, and what comes nearest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from relureg.errors import UnsupportedNetworkError, UnsupportedOperator
from relureg.words import plural

_LISTED = 5
"""Nodes that a message names; a network with a hundred more of them is not read any better for a longer one."""

_QUANTISED = frozenset({
    "QuantizeLinear", "DynamicQuantizeLinear", "Quant", "IntQuant", "FloatQuant", "BipolarQuant", "Trunc", "QuantNode",
    "QLinearConv", "QLinearMatMul", "QLinearAdd", "QGemm", "MatMulInteger", "ConvInteger", "MultiThreshold",
    "Floor", "Ceil", "Round",
})  # fmt: skip
"""Operators that round what depends on the input, in whatever domain."""

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
    **dict.fromkeys(("Pow", "Sqrt", "Exp", "Log", "Reciprocal", "ReduceL2", "ReduceSumSquare"),
                    "a piecewise-linear function, such as Abs or Relu"),
    "ReduceL1": "Abs and ReduceSum",
    **dict.fromkeys(("Sign", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"), "Clip, which is continuous"),
    **dict.fromkeys(("GatherElements", "GatherND", "ScatterND", "ScatterElements", "OneHot"), "Gather or MatMul"),
    **dict.fromkeys(_QUANTISED, "the network before quantisation"),
    "DequantizeLinear": "the network before quantisation",
    "Einsum": "MatMul and Transpose",
}  # fmt: skip
"""What comes nearest among the operators that are read."""

_REASONS = {
    **dict.fromkeys(("Pow", "Sqrt", "Exp", "Log", "Reciprocal", "ReduceL2", "ReduceSumSquare"),
                    "of what depends on the input, which is not piecewise linear"),
    **dict.fromkeys(_QUANTISED, "it rounds what depends on the input to steps, and a function of steps has no "
                                "regions of this kind"),
}  # fmt: skip


def label(node: Any) -> str:
    """How messages name a node."""
    return f"node {_short(node.name)}" if node.name else f"output {_short(node.output[0])}" if node.output else "a node"


def full_type(node: Any) -> str:
    """The operator type, with its domain unless that is ONNX's own."""
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"


def unsupported(node: Any, reason: str = "") -> UnsupportedOperator:
    """A node that is not read, with the reason (that of its operator by default) and the nearest one that is."""
    operator = str(node.op_type)
    return UnsupportedOperator(
        operator=full_type(node),
        node=label(node),
        reason=reason or _REASONS.get(operator, ""),
        alternative=_ALTERNATIVES.get(operator, ""),
    )


def error_of(problems: Sequence[UnsupportedOperator]) -> UnsupportedNetworkError:
    """One error for all of them: the first few by name, the others by number."""
    count = "1 node is" if len(problems) == 1 else f"{len(problems):,} nodes are"
    named = [str(problem) for problem in problems[:_LISTED]]
    if others := problems[_LISTED:]:
        kinds = Counter(problem.operator for problem in others).most_common(_LISTED)
        shown = ", ".join(f"{number:,} {operator}" for operator, number in kinds)
        rest = len(others) - sum(number for _, number in kinds)
        named.append(f"and {plural(len(others), 'more node')} ({shown}{f', {rest:,} others' if rest else ''})")
    return UnsupportedNetworkError(
        f"{count} not supported: {'; '.join(named)}. See docs/formats.md for what is read", unsupported=tuple(problems)
    )


def _short(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:38]}...{name[-38:]}")
