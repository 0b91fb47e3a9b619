"""PyTorch modules, read without a detour: torch.fx lists what a module computes, and that is done on affine tensors.

PyTorch is imported where it is used, and is no dependency of relureg.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError, UnsupportedOperator, UsageError
from relureg.network.affine_forms import INPUT, AffineForm, AffineTensor
from relureg.network.model import Network, Port
from relureg.network.pieces import comparison_notices
from relureg.network.torch_functions import FUNCTIONS, KINKS, LAYERS, SMOOTH, Context
from relureg.packages import missing

_ALTERNATIVES = {
    **dict.fromkeys(("elu", "selu", "celu", "gelu", "silu", "mish", "hardswish", "rrelu"), "leaky_relu or relu"),
    **dict.fromkeys(("sigmoid", "softplus", "softsign", "logsigmoid", "erf"), "hardsigmoid or hardtanh"),
    **dict.fromkeys(("tanh",), "hardtanh"),
    **dict.fromkeys(("layer_norm", "group_norm", "instance_norm", "layernorm", "groupnorm"), "batch_norm"),
    **dict.fromkeys(("upsample", "interpolate"), "conv_transpose"),
}


def from_torch(module: Any, input_shape: int | Sequence[Any], *, name: str | None = None) -> Network:
    """Read a PyTorch module: anything that torch.fx can trace, of layers that are piecewise linear.

    Parameters
    ----------
    module : torch.nn.Module
        Read as for inference, whatever mode it is in; it is not changed.
    input_shape : int or sequence of int
        The shape of one input, without the batch dimension; for several inputs a sequence of such shapes.
    name : str, optional
        By default that of the module's class.

    Returns
    -------
    Network
        float32 parameters are the numbers they are. Python numbers in the code (a slope of 0.01, say) are
        rounded to the type of the parameters, as PyTorch rounds them.

    Raises
    ------
    UnsupportedNetworkError
        PyTorch is not installed, torch.fx cannot trace the module, or it holds layers that are not read
        (all are listed).

    Examples
    --------
    >>> import torch
    >>> layers = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> from_torch(layers, 2).widths
    (3,)
    """
    torch = _torch()
    if not isinstance(module, torch.nn.Module):
        raise UsageError(f"a torch.nn.Module is needed, not {type(module).__name__}")
    shapes = _shapes(input_shape)
    graph, parts = _trace(torch, module)
    interpreter = _Interpreter(graph=graph, parts=parts, context=Context(dtype=_dtype(torch, module)))
    return interpreter.network(name or type(module).__name__, shapes)


def load_state(data: bytes) -> dict[str, NDArray[np.float64]]:
    """The tensors of a checkpoint, which is a state dict or holds one; nothing but tensors is unpickled.

    Raises
    ------
    MalformedNetworkError
        Not a checkpoint, or one that holds other objects than tensors.
    """
    torch = _torch()
    try:
        held = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds on damaged files, and its messages are pages long
        raise MalformedNetworkError(
            "not a PyTorch checkpoint of tensors alone; save module.state_dict(), or load the module in Python and "
            "give it to relureg.from_torch"
        ) from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(held, Mapping) and isinstance(held.get(key), Mapping):
            held = held[key]
    if not isinstance(held, Mapping) or not all(isinstance(value, torch.Tensor) for value in held.values()):
        raise MalformedNetworkError("the checkpoint is not a state dict: names with tensors")
    return {str(key): _array(value) for key, value in held.items()}


@dataclass(frozen=True, slots=True)
class _Opaque:
    """A value after a smooth function: only what went in before is piecewise linear."""

    cut: AffineTensor
    mixed: bool
    """Whether a layer followed, so that one more smooth function would make the first an activation."""


@dataclass(slots=True, kw_only=True)
class _Interpreter:
    """One walk over a traced graph."""

    graph: Any
    parts: Mapping[str, Any]
    """Name of a submodule, parameter or buffer -> it."""
    context: Context

    def network(self, name: str, shapes: Sequence[tuple[int, ...]]) -> Network:
        calls = {node: self._call(node) for node in self.graph.nodes}
        self._check(calls)
        sizes = [math.prod(shape) for shape in shapes]
        starts = [0, *itertools.accumulate(sizes)]
        whole = AffineTensor(shape=(starts[-1],), form=AffineForm.of_source(INPUT, starts[-1]))
        inputs: list[Port] = []
        values: dict[Any, Any] = {}
        result: Any = None
        for node in self.graph.nodes:
            if node.op == "placeholder":
                if len(inputs) == len(shapes):
                    if not node.args:  # an argument with a default value keeps it
                        raise UsageError(
                            f"the module has more inputs than the {len(shapes)} given; {node.name!r} lacks"
                        )
                    values[node] = node.args[0]
                    continue
                port = Port(name=str(node.target), shape=(1, *shapes[len(inputs)]), first=starts[len(inputs)])
                inputs.append(port)
                values[node] = whole.take(np.arange(port.first, port.first + port.size).reshape(port.shape))
            elif node.op == "output":
                result = _resolve(node.args[0], values)
            elif node.op == "get_attr":
                values[node] = _constant(self.parts[node.target])
            else:
                values[node] = self._evaluate(node, calls[node], values)
        if len(inputs) < len(shapes):
            raise UsageError(f"{len(shapes)} input shapes are given, and the module has {len(inputs)} inputs")
        form, outputs = self._outputs(result)
        return Network(
            name=name, input_dim=starts[-1], stages=tuple(self.context.builder.stages), output=form,
            notices=(*self.context.notices, *comparison_notices(self.context.builder.stages)), inputs=tuple(inputs),
            outputs=outputs, spanning_stages=tuple(self.context.builder.spanning),
        )  # fmt: skip

    def _call(self, node: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        """The function that a node calls, with the arguments besides those of the node."""
        if node.op == "call_module":
            return _module_call(self.parts[node.target])
        if node.op == "call_function":
            return str(getattr(node.target, "__name__", node.target)).strip("_"), (), {}
        if node.op == "call_method":
            return str(node.target), (), {}
        return None

    def _check(self, calls: Mapping[Any, tuple[str, Any, Any] | None]) -> None:
        """Raise with every node that is not read."""
        problems = []
        for node, call in calls.items():
            if call is not None and not _is_known(call[0], node):
                alternative = _ALTERNATIVES.get(call[0].lower(), "")
                problems.append(UnsupportedOperator(
                    operator=call[0], node=_label(node), reason="", alternative=alternative))  # fmt: skip
        if problems:
            count = "1 layer is" if len(problems) == 1 else f"{len(problems)} layers are"
            raise UnsupportedNetworkError(
                f"{count} not supported: {'; '.join(map(str, problems))}. See docs/formats.md for what is read",
                unsupported=tuple(problems),
            )

    def _evaluate(self, node: Any, call: tuple[str, Any, Any] | None, values: Mapping[Any, Any]) -> Any:
        assert call is not None
        function, more, keywords = call
        args = (*_resolve(node.args, values), *more)
        named = dict(_resolve(node.kwargs, values)) | keywords
        self.context.label = f"{function} ({_label(node)})"
        try:
            opaque = [value for value in _tensors((args, list(named.values()))) if isinstance(value, _Opaque)]
            if function in SMOOTH or opaque:
                return self._head(function, args, named, opaque)
            if not any(isinstance(value, AffineTensor) for value in _tensors((args, list(named.values())))):
                return node.target(*args, **named)  # arithmetic of shapes
            return FUNCTIONS[function](self.context, *args, **named)
        except NetworkError as error:
            raise error.within(self.context.label) from error.__cause__
        except (ValueError, ArithmeticError, TypeError, IndexError, KeyError) as error:
            raise UnsupportedNetworkError(str(error), where=self.context.label) from error

    def _head(self, function: str, args: Any, named: Any, opaque: Sequence[_Opaque]) -> _Opaque:
        mixed = any(value.mixed for value in opaque)
        if function in KINKS or (function in SMOOTH and mixed):
            raise ValueError("a smooth function before it is an activation inside the network, which is not read")
        if not opaque:
            (cut, *_) = (value for value in _tensors((args, list(named.values()))) if isinstance(value, AffineTensor))
            if not self.context.builder.stages and cut.is_constant:
                raise ValueError("it does not depend on the input of the network")
            opaque = [_Opaque(cut, False)]
        self.context.notices.append(f"stripped the head, which moves no region: {self.context.label}")
        return _Opaque(opaque[0].cut, mixed or function in LAYERS)

    def _outputs(self, result: Any) -> tuple[AffineForm, tuple[Port, ...]]:
        found = [value.cut if isinstance(value, _Opaque) else value for value in _tensors(result)]
        tensors = list({id(value.form): value for value in found}.values())
        if not tensors:
            raise UnsupportedNetworkError("the module gives no tensor")
        starts = itertools.accumulate((tensor.form.size for tensor in tensors), initial=0)
        ports = tuple(
            Port(name=f"output {number}", shape=tensor.shape, first=first)
            for number, (tensor, first) in enumerate(zip(tensors, starts, strict=False))
        )
        return AffineForm.concatenate([tensor.form for tensor in tensors]), ports


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise missing("PyTorch is not installed", "torch", "export the network to ONNX elsewhere") from error
    return torch


def _trace(torch: Any, module: Any) -> tuple[Any, dict[str, Any]]:
    """The traced graph, and what its nodes name; the mode of the module is put back."""
    modes = [(part, part.training) for part in module.modules()]
    before = set(vars(module))
    module.eval()
    try:
        tracer = torch.fx.Tracer()
        graph = tracer.trace(module)
    except Exception as error:  # whatever the module's own code raises on a proxy
        raise UnsupportedNetworkError(
            f"torch.fx cannot trace {type(module).__name__}: {error}; export it to ONNX and read that file"
        ) from error
    finally:
        for part, training in modes:
            part.training = training
        # torch.fx hangs the constants that it meets on the module.
        constants = {name: vars(module).pop(name) for name in set(vars(module)) - before}
    parts = dict(module.named_modules()) | dict(module.named_parameters()) | dict(module.named_buffers())
    return graph, parts | constants


def _module_call(module: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """A module of torch.nn as a call of the function that it is."""
    kind = type(module).__name__
    describe = _MODULES.get(kind)
    if describe is None:
        return kind, (), {}
    name, keywords = describe(module)
    return name, (), {key: _constant(value) for key, value in keywords.items()}


def _convolution(module: Any) -> tuple[str, dict[str, Any]]:
    if module.padding_mode != "zeros":
        return f"{type(module).__name__} with padding_mode={module.padding_mode!r}", {}
    name = type(module).__name__.lower().replace("convtranspose", "conv_transpose")
    keys = ["weight", "bias", "stride", "padding", "dilation", "groups"]
    return name, _fields(module, *keys, *(["output_padding"] if "transpose" in name else []))


def _fields(module: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names}


def _plain(name: str, *fields: str) -> Callable[[Any], tuple[str, dict[str, Any]]]:
    return lambda module: (name, _fields(module, *fields))


def _padding(mode: str) -> Callable[[Any], tuple[str, dict[str, Any]]]:
    return lambda module: ("pad", {"pad": module.padding, "mode": mode, "value": getattr(module, "value", 0.0)})


_MODULES: dict[str, Callable[[Any], tuple[str, dict[str, Any]]]] = {
    "Linear": _plain("linear", "weight", "bias"),
    "Identity": _plain("identity"),
    **{name: _plain("identity") for name in
       ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")},
    "Flatten": _plain("flatten", "start_dim", "end_dim"),
    "Unflatten": lambda module: ("unflatten", {"dim": module.dim, "sizes": module.unflattened_size}),
    "ReLU": _plain("relu"),
    "ReLU6": _plain("relu6"),
    "LeakyReLU": _plain("leaky_relu", "negative_slope"),
    "PReLU": _plain("prelu", "weight"),
    "RReLU": lambda module: ("leaky_relu", {"negative_slope": (module.lower + module.upper) / 2}),
    "Hardtanh": _plain("hardtanh", "min_val", "max_val"),
    "Hardsigmoid": _plain("hardsigmoid"),
    "Threshold": _plain("threshold", "threshold", "value"),
    "Softmax": _plain("softmax", "dim"),
    "LogSoftmax": _plain("log_softmax", "dim"),
    "Sigmoid": _plain("sigmoid"),
    "Tanh": _plain("tanh"),
    **{f"{kind}{n}d": _convolution for kind in ("Conv", "ConvTranspose") for n in (1, 2, 3)},
    **{f"BatchNorm{n}d": _plain("batch_norm", "running_mean", "running_var", "weight", "bias", "eps")
       for n in (1, 2, 3)},
    **{f"MaxPool{n}d": _plain(f"max_pool{n}d", "kernel_size", "stride", "padding", "dilation", "ceil_mode")
       for n in (1, 2, 3)},
    **{f"AvgPool{n}d": _plain(f"avg_pool{n}d", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
       for n in (1, 2, 3)},
    **{f"Adaptive{kind}Pool{n}d": _plain(f"adaptive_{kind.lower()}_pool{n}d", "output_size")
       for kind in ("Avg", "Max") for n in (1, 2, 3)},
    **{f"{kind}Pad{n}d": _padding(mode) for n in (1, 2, 3) for kind, mode in
       (("Zero", "constant"), ("Constant", "constant"), ("Reflection", "reflect"), ("Replication", "replicate"),
        ("Circular", "circular"))},
}  # fmt: skip
"""Class of torch.nn -> the function it calls, and its arguments."""


def _is_known(function: str, node: Any) -> bool:
    if function in FUNCTIONS or function in SMOOTH:
        return True
    # Python's own operators on sizes; on tensors they are refused when it comes to that.
    return node.op == "call_function" and getattr(node.target, "__module__", "") in ("_operator", "operator", "math")


def _label(node: Any) -> str:
    is_module = node.op == "call_module"
    return f"module {str(node.target)!r}" if is_module else f"node {str(node.name)!r}"


def _constant(value: Any) -> Any:
    """A parameter or buffer as a constant tensor; anything else as it is."""
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        return AffineTensor.of_array(_array(value))
    return value


def _array(tensor: Any) -> NDArray[np.float64]:
    array: NDArray[np.float64] = tensor.detach().cpu().double().numpy()
    return array


def _resolve(value: Any, values: Mapping[Any, Any]) -> Any:
    """Arguments of a node with the values of the nodes they name."""
    if isinstance(value, Mapping):
        return {key: _resolve(entry, values) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_resolve(entry, values) for entry in value) if type(value) in (list, tuple) else tuple(
            _resolve(entry, values) for entry in value)  # fmt: skip
    if isinstance(value, slice):
        return slice(*(_resolve(part, values) for part in (value.start, value.stop, value.step)))
    return values[value] if type(value).__module__ == "torch.fx.node" else value


def _tensors(value: Any) -> Iterator[Any]:
    """The tensors in nested lists, tuples and dictionaries."""
    if isinstance(value, AffineTensor | _Opaque):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _tensors(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _tensors(entry)


def _shapes(given: int | Sequence[Any]) -> list[tuple[int, ...]]:
    whole: list[Any] = [given] if isinstance(given, int) else list(given)
    shapes = [tuple(whole)] if all(isinstance(size, int) for size in whole) else [tuple(shape) for shape in whole]
    if any(not isinstance(size, int) or size < 1 for shape in shapes for size in shape):
        raise UsageError(f"the input shape {given!r} must be positive whole numbers, without the batch dimension")
    return shapes


def _dtype(torch: Any, module: Any) -> Any:
    kinds = [parameter.dtype for parameter in module.parameters()]
    return np.float64 if torch.float64 in kinds else np.float32
