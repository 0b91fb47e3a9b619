"""PyTorch modules, read without a detour: torch.fx lists what a module computes, and that is done on affine tensors.

PyTorch is imported where it is used, and is no dependency of relureg.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from relureg.errors import NetworkError, UnsupportedNetworkError, UnsupportedOperator, UsageError
from relureg.network.affine_forms import INPUT, AffineForm, AffineTensor
from relureg.network.model import Network, Port
from relureg.readers.building.pieces import comparison_notices
from relureg.readers.torch.aten import aten_call, is_adapted
from relureg.readers.torch.calls import call, outputs_of, tensors_in
from relureg.readers.torch.functions import CREATE, FUNCTIONS, SMOOTH, Context
from relureg.readers.torch.modules import constant, module_call
from relureg.readers.torch.torchscript import read_torchscript
from relureg.readers.torch.tracing import import_torch, parts_of, trace

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
    module : torch.nn.Module, torch.jit.ScriptModule or torch.export.ExportedProgram
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
    torch = import_torch()
    shapes = _shapes(input_shape)
    if type(module).__name__ == "ExportedProgram":
        return _exported(torch, module).network(name or "exported", shapes)
    if not isinstance(module, torch.nn.Module):
        raise UsageError(f"a torch.nn.Module is needed, not {type(module).__name__}")
    if isinstance(module, torch.jit.ScriptModule):
        stream = io.BytesIO()
        torch.jit.save(module, stream)
        return read_torchscript(stream.getvalue(), name=name or str(module.original_name), input_shapes=shapes)
    if _has_graph(module):
        graph, parts = module.graph, parts_of(module)
    else:
        graph, parts = trace(torch, module)
    dtype = _dtype(torch, module.parameters())
    interpreter = _Interpreter(graph=graph, parts=parts, context=Context(dtype=dtype))
    return interpreter.network(name or type(module).__name__, shapes)


@dataclass(slots=True, kw_only=True)
class _Interpreter:
    """One walk over a graph of torch.fx."""

    graph: Any
    parts: Mapping[str, Any]
    """Name of a submodule, parameter or buffer -> it."""
    context: Context
    bound: Mapping[str, Any] = field(default_factory=dict)
    """Inputs of the graph that are parameters or buffers."""
    calls: dict[Any, Any] = field(default_factory=dict)
    """What nodes call, once that is known."""

    def network(self, name: str, shapes: Sequence[tuple[int, ...]]) -> Network:
        self._check()
        sizes = [math.prod(shape) for shape in shapes]
        starts = [0, *itertools.accumulate(sizes)]
        whole = AffineTensor(shape=(starts[-1],), form=AffineForm.of_source(INPUT, starts[-1]))
        inputs: list[Port] = []
        for node in self.graph.nodes:
            if node.op != "placeholder" or node.target in self.bound:
                continue
            if len(inputs) < len(shapes):
                shape = (1, *shapes[len(inputs)])
                inputs.append(Port(name=str(node.target), shape=shape, first=starts[len(inputs)]))
            elif not node.args:  # an argument with a default value keeps it
                raise UsageError(f"the module has more inputs than the {len(shapes)} given; {node.name!r} lacks")
        if len(inputs) < len(shapes):
            raise UsageError(f"{len(shapes)} input shapes are given, and the module has {len(inputs)} inputs")
        places = [np.arange(port.first, port.first + port.size).reshape(port.shape) for port in inputs]
        form, outputs = outputs_of(self.context, self.run([whole.take(place) for place in places]))
        return Network(
            name=name, input_dim=starts[-1], stages=tuple(self.context.builder.stages), output=form,
            notices=(*self.context.notices, *comparison_notices(self.context.builder.stages)), inputs=tuple(inputs),
            outputs=outputs, spanning_stages=tuple(self.context.builder.spanning),
        )  # fmt: skip

    def run(self, inputs: Sequence[Any]) -> Any:
        """What the graph returns for these inputs."""
        given = iter(inputs)
        values: dict[Any, Any] = {}
        for node in self.graph.nodes:
            if node.op == "placeholder":
                if node.target in self.bound:
                    values[node] = constant(self.bound[node.target], f"parameter {str(node.target)!r}")
                else:
                    values[node] = next(given, node.args[0] if node.args else None)
            elif node.op == "output":
                return _resolve(node.args[0], values)
            elif node.op == "get_attr":
                values[node] = constant(self.parts[node.target], f"parameter {str(node.target)!r}")
            else:
                values[node] = self._evaluate(node, values)
        raise UnsupportedNetworkError("the graph of the module returns nothing")

    def _call(self, node: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]] | None:
        """The function that a node calls, with the arguments besides those of the node."""
        if node.op == "call_module":
            if _has_graph(self.parts[node.target]) or _is_guard(node):
                return None
            if node not in self.calls:
                self.calls[node] = module_call(self.parts[node.target])
            found: tuple[str, tuple[Any, ...], dict[str, Any]] = self.calls[node]
            return found
        if node.op == "call_function":
            return _function_name(node.target), (), {}
        if node.op == "call_method":
            return str(node.target), (), {}
        return None

    def _check(self) -> None:
        """Raise with every node that is not read, in submodules too."""
        problems = list(self._problems())
        if problems:
            count = "1 layer is" if len(problems) == 1 else f"{len(problems)} layers are"
            raise UnsupportedNetworkError(
                f"{count} not supported: {'; '.join(map(str, problems))}. See docs/formats.md for what is read",
                unsupported=tuple(problems),
            )

    def _problems(self) -> Iterator[UnsupportedOperator]:
        for node in self.graph.nodes:
            if node.op == "call_module" and _has_graph(self.parts[node.target]):
                yield from self._below(node)._problems()
                continue
            try:
                call = self._call(node)
            except NetworkError as error:
                raise error.within(_label(node)) from error.__cause__
            name = "" if call is None else call[0]
            if name and not _is_known(name, node):
                plain = name.lower().strip("_")
                yield UnsupportedOperator(
                    operator=name, node=_label(node), reason="", alternative=_ALTERNATIVES.get(plain, "")
                )

    def _below(self, node: Any) -> _Interpreter:
        module = self.parts[node.target]
        return _Interpreter(graph=module.graph, parts=parts_of(module), context=self.context)

    def _evaluate(self, node: Any, values: Mapping[Any, Any]) -> Any:
        args, named = _resolve(node.args, values), dict(_resolve(node.kwargs, values))
        if _is_guard(node):
            return None
        if node.op == "call_module" and _has_graph(self.parts[node.target]):
            return self._below(node).run([*args, *named.values()])
        called = self._call(node)
        assert called is not None
        function, more, keywords = called
        self.context.label = f"{function} ({_label(node)})"
        try:
            args, named = (*args, *more), named | keywords
            given = list(tensors_in((args, list(named.values()))))
            if not given and not (_is_aten(node.target) and function in CREATE):
                return node.target(*args, **named)  # arithmetic of shapes
            if _is_aten(node.target):
                function, args, named = aten_call(function, args, named)
            return call(self.context, function, args, named)
        except NetworkError as error:
            raise error.within(self.context.label) from error.__cause__
        except AssertionError as error:
            raise UnsupportedNetworkError(
                f"a check in the module fails for one input of this shape: {error}", where=self.context.label
            ) from error
        except (ValueError, ArithmeticError, TypeError, IndexError, KeyError) as error:
            raise UnsupportedNetworkError(str(error), where=self.context.label) from error


def _exported(torch: Any, program: Any) -> _Interpreter:
    """The graph of a torch.export.ExportedProgram, whose parameters are inputs."""
    signature = program.graph_signature
    held = dict(program.constants) | dict(program.state_dict)
    bound = {
        place: held[name]
        for table in ("inputs_to_parameters", "inputs_to_buffers", "inputs_to_lifted_tensor_constants")
        for place, name in getattr(signature, table).items()
    }
    if any(spec.kind.name != "USER_OUTPUT" for spec in signature.output_specs):
        raise UnsupportedNetworkError("the program changes its buffers; export module.eval()")
    context = Context(dtype=_dtype(torch, held.values()))
    return _Interpreter(graph=program.graph, parts=held, context=context, bound=bound)


def _has_graph(module: Any) -> bool:
    """Whether a submodule is a graph itself, as torch.export.unflatten leaves them."""
    return type(module).__name__ in ("InterpreterModule", "UnflattenedModule")


def _is_guard(node: Any) -> bool:
    """Whether a node does nothing but check its inputs."""
    return (node.op == "call_module" and str(node.target).endswith("_guards_fn")) or (
        node.op == "call_function" and _function_name(node.target) in _CHECKS
    )


_CHECKS = {"_assert_tensor_metadata", "_assert_scalar"}


def _is_aten(target: Any) -> bool:
    return type(target).__name__ in ("OpOverload", "OpOverloadPacket")


def _function_name(target: Any) -> str:
    if _is_aten(target):
        return str(target.__name__).partition(".")[0]
    return str(getattr(target, "__name__", target)).lstrip("_")


def _is_known(function: str, node: Any) -> bool:
    if function in FUNCTIONS or function in SMOOTH or (_is_aten(node.target) and is_adapted(function)):
        return True
    if function == "assert":  # of a shape
        return True
    # Python's own operators on sizes; on tensors they are refused when it comes to that.
    return node.op == "call_function" and getattr(node.target, "__module__", "") in ("_operator", "operator", "math")


def _label(node: Any) -> str:
    is_module = node.op == "call_module"
    return f"module {str(node.target)!r}" if is_module else f"node {str(node.name)!r}"


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


def _shapes(given: int | Sequence[Any]) -> list[tuple[int, ...]]:
    if not isinstance(given, int | Sequence) or isinstance(given, str):
        raise UsageError(f"the input shape {given!r} must be positive whole numbers, without the batch dimension")
    whole: list[Any] = [given] if isinstance(given, int) else list(given)
    shapes = (
        [tuple(whole)]
        if all(isinstance(size, int) for size in whole)
        else [
            tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else (shape,) for shape in whole
        ]
    )
    if any(type(size) is bool or not isinstance(size, int) or size < 1 for shape in shapes for size in shape):
        raise UsageError(f"the input shape {given!r} must be positive whole numbers, without the batch dimension")
    return shapes


def _dtype(torch: Any, parameters: Iterable[Any]) -> Any:
    kinds = [parameter.dtype for parameter in parameters]
    return np.float64 if torch.float64 in kinds else np.float32
