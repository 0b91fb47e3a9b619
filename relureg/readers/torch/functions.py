"""The registry of PyTorch's functions, by the names and arguments that PyTorch gives them.

A function is a small one of a `Context` and PyTorch's own arguments, over affine tensors; a method of a tensor and a
function of the same name are one. It raises ValueError where it is not piecewise linear as used. The functions stand in
`piecewise_linear`, `convolutions`, `arithmetic` and `shapes`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

from relureg.exact.numbers import as_fraction
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineForm, AffineTensor
from relureg.readers.building.pieces import StageBuilder


@dataclass(slots=True)
class Context:
    """What a function may need besides its arguments."""

    dtype: Any
    """The NumPy type of the module's parameters: PyTorch rounds Python numbers to it."""
    builder: StageBuilder = field(default_factory=StageBuilder)
    notices: list[str] = field(default_factory=list)
    label: str = ""
    """How messages and stages name the node."""
    memory: dict[int, tuple[AffineTensor, int]] = field(default_factory=dict)
    """By the id of a tensor: the tensor itself, and whose memory it looks into."""
    changed: set[int] = field(default_factory=set)
    """The ids of tensors whose memory an in-place operation has overwritten."""

    def number(self, value: float) -> Fraction:
        """A Python number as PyTorch's kernels see it."""
        return as_fraction(float(self.dtype(value)))

    def tensor(self, value: Any) -> AffineTensor:
        """A number as a tensor; a tensor as it is."""
        if isinstance(value, AffineTensor):
            return value
        column = RationalMatrix.from_fractions([[self.number(value)]], 1)
        return AffineTensor(shape=(), form=AffineForm.of_constant(column))


Function = Callable[..., Any]
F = TypeVar("F", bound=Function)

FUNCTIONS: dict[str, Function] = {}
"""Name of a function or method -> function of the context and PyTorch's own arguments."""

KINKS: set[str] = set()
"""Those that may add a stage."""

LAYERS = {"linear", "addmm", "matmul", "conv1d", "conv2d", "conv3d",
          "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}  # fmt: skip
"""Those that are a layer, so that a smooth function before and after them is an activation."""

SMOOTH = {"argmax", "log_softmax", "sigmoid", "softmax", "tanh"}
"""Functions that may stand after the last kink, where they move no region."""


CREATE = {"zeros", "ones", "full", "scalar_tensor"}
"""Functions that make a constant tensor of numbers."""

VIEWS = {"flatten", "unflatten", "reshape", "view", "permute", "transpose", "swapaxes", "t", "squeeze", "unsqueeze",
         "chunk", "split", "expand", "getitem", "getattr", "select", "slice", "contiguous", "detach", "to", "float",
         "double", "identity", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout",
         "feature_alpha_dropout"}  # fmt: skip
"""Functions whose result may look into the memory of their argument."""

IN_PLACE = {"relu": 1, "leaky_relu": 2, "relu6": 1, "hardtanh": 3, "hardsigmoid": 1, "threshold": 3}
"""Functions that may overwrite their argument, and the place of the argument that tells them to."""


def function(*names: str, kink: bool = False) -> Callable[[F], F]:
    def register(function: F) -> F:
        FUNCTIONS.update(dict.fromkeys(names, function))
        if kink:
            KINKS.update(names)
        return function

    return register


class Indices:
    """Where the values were, which is no affine function: nothing reads it."""


class WithIndices(NamedTuple):
    """What PyTorch gives where it tells values and where they were."""

    values: AffineTensor
    indices: Indices


def axes_of(dim: Any, rank: int) -> list[int]:
    """Axes as PyTorch names them, one or several or (none) all, counted from the front."""
    listed = [dim] if isinstance(dim, int) else list(dim or range(rank))
    return [axis % rank for axis in listed]
