"""The walk through TorchScript's code, on affine tensors: the few statements and expressions that it is made of."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.network.affine_forms import INPUT, AffineForm, AffineTensor
from relureg.network.model import Network, Port
from relureg.readers.building.pieces import comparison_notices
from relureg.readers.torch.aten import aten_call
from relureg.readers.torch.calls import Opaque, call, outputs_of, tensors_in
from relureg.readers.torch.functions import FUNCTIONS, SMOOTH, Context
from relureg.readers.torch.pickles import Made
from relureg.readers.torch.script_code import Function, Script
from relureg.readers.torch.script_numbers import CASTS, ON_ANYTHING, ON_NUMBERS, bounded

Shapes = Sequence[tuple[int, ...]]

ADVICE = (
    'its shape is to be told, in Python: relureg.from_torch(torch.jit.load("FILE"), input_shape), without the batch'
)
"""Where the file does not say the shape of an input."""

_MAX_STEPS = 100_000


class _ReturnError(Exception):
    """The way back out of nested statements."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@dataclass(slots=True, kw_only=True)
class _Bound:
    """A method of an object, or a function of the code."""

    function: Function
    owner: Made | None


@dataclass(slots=True)
class _Named:
    """A path that begins with torch, ops or __torch__."""

    path: str


@dataclass(slots=True, kw_only=True)
class Walk:
    """One walk through the method `forward` of a module."""

    script: Script
    context: Context = field(default_factory=lambda: Context(dtype=np.float32))
    steps: int = 0
    """Statements that have been followed."""

    def network(self, name: str, shapes: Shapes) -> Network:
        """What `forward` computes for one input of each shape."""
        module = self.script.file.content
        if not isinstance(module, Made):
            raise MalformedNetworkError("the archive holds no module")
        forward = self.script.method(module, "forward")
        free = [parameter for parameter in forward.parameters[1:] if parameter not in forward.defaults]
        if not len(free) <= len(shapes) < len(forward.parameters):
            raise UnsupportedNetworkError(
                f"the module has the inputs {', '.join(free)}, and the shape of {len(shapes)} is known; {ADVICE}"
            )
        wide = any(array.dtype == "float64" for array in self.script.stored())
        self.context = Context(dtype=np.float64 if wide else np.float32)
        sizes = [math.prod(shape) for shape in shapes]
        whole = AffineTensor(shape=(sum(sizes),), form=AffineForm.of_source(INPUT, sum(sizes)))
        inputs: list[Port] = []
        for parameter, shape in zip(forward.parameters[1:], shapes, strict=False):
            first = sum(port.size for port in inputs)
            inputs.append(Port(name=parameter, shape=(1, *shape), first=first))
        places = [np.arange(port.first, port.first + port.size).reshape(port.shape) for port in inputs]
        result = self.call(_Bound(function=forward, owner=module), [whole.take(place) for place in places], {})
        form, outputs = outputs_of(self.context, result)
        stages = self.context.builder.stages
        return Network(
            name=name, input_dim=sum(sizes), stages=tuple(stages), output=form,
            notices=(*self.context.notices, *comparison_notices(stages)), inputs=tuple(inputs), outputs=outputs,
            spanning_stages=tuple(self.context.builder.spanning),
        )  # fmt: skip

    def call(self, bound: _Bound, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        own = ([bound.owner] if bound.owner is not None else []) + list(args)
        function = bound.function
        scope: dict[str, Any] = dict(zip(function.parameters, own, strict=False)) | dict(named)
        for parameter in function.parameters:
            if parameter not in scope:
                if parameter not in function.defaults:
                    raise MalformedNetworkError(f"a call without the argument {parameter!r}")
                scope[parameter] = self.value(function.defaults[parameter], scope)
        try:
            self.run(function.body, scope)
        except _ReturnError as found:
            return found.value
        return None

    def run(self, body: Sequence[ast.stmt], scope: dict[str, Any]) -> None:
        for statement in body:
            self.steps += 1
            if self.steps > _MAX_STEPS:
                raise UnsupportedNetworkError(f"the code takes more than {_MAX_STEPS:,} steps")
            match statement:
                case ast.Assign(targets=[target], value=value):
                    _assign(target, self.value(value, scope), scope)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    _assign(target, self.value(value, scope), scope)
                case ast.Return(value=value):
                    raise _ReturnError(None if value is None else self.value(value, scope))
                case ast.Expr(value=value):
                    self.value(value, scope)
                case ast.If(test=test, body=yes, orelse=no):
                    self.run(yes if self.truth(test, scope) else no, scope)
                case ast.For(
                    target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"), args=bounds), body=inner
                ):
                    for number in range(*(int(self.value(bound, scope)) for bound in bounds)):
                        scope[name] = number
                        self.run(inner, scope)
                case ast.While(test=test, body=inner):
                    while self.truth(test, scope):
                        self.run([ast.Pass(), *inner], scope)
                case ast.Pass():
                    pass
                case _:
                    raise UnsupportedNetworkError(f"the statement {_text(statement)} is not read")

    def truth(self, test: ast.expr, scope: dict[str, Any]) -> bool:
        value = self.value(test, scope)
        if isinstance(value, AffineTensor | Opaque):
            raise UnsupportedNetworkError(f"a branch at {_text(test)}, which depends on the input")
        return bool(value)

    def value(self, expression: ast.expr, scope: dict[str, Any]) -> Any:
        match expression:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                if name in scope:
                    return scope[name]
                if name in ("torch", "ops", "__torch__", "CONSTANTS"):
                    return _Named(name)
                if name in ("inf", "nan"):
                    return float(name)
                raise UnsupportedNetworkError(f"the name {name} is not known")
            case ast.Tuple(elts=entries) | ast.List(elts=entries):
                values = [self.value(entry, scope) for entry in entries]
                return tuple(values) if isinstance(expression, ast.Tuple) else values
            case ast.Dict(keys=keys, values=entries) if all(keys):
                pairs = zip(keys, entries, strict=True)
                return {self.value(key, scope): self.value(entry, scope) for key, entry in pairs if key is not None}
            case ast.Attribute(value=owner, attr=name):
                return self.attribute(self.value(owner, scope), name)
            case ast.Subscript(value=owner, slice=index):
                return self.item(self.value(owner, scope), self.value(index, scope))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.apply("neg", [self.value(operand, scope)], {})
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self.truth(operand, scope)
            case ast.IfExp(test=test, body=yes, orelse=no):
                return self.value(yes if self.truth(test, scope) else no, scope)
            case ast.BoolOp(op=kind, values=entries):
                stop = isinstance(kind, ast.Or)
                return stop if any(self.truth(entry, scope) == stop for entry in entries) else not stop
            case ast.Call():
                return self.called(expression, scope)
            case _:
                raise UnsupportedNetworkError(f"the expression {_text(expression)} is not read")

    def attribute(self, owner: Any, name: str) -> Any:
        if isinstance(owner, _Named):
            if owner.path == "CONSTANTS":
                number = int(name[1:]) if name[1:].isdigit() else -1
                if not 0 <= number < len(self.script.constants):
                    raise MalformedNetworkError(f"there is no constant {name!r}")
                return self.script.tensor(self.script.constants[number], self.script.constants_file)
            return _Named(f"{owner.path}.{name}")
        if not isinstance(owner, Made):
            raise UnsupportedNetworkError(f"the attribute {name!r} of a value is not read")
        if name == "training":
            return False  # read as for inference
        held = owner.state if isinstance(owner.state, Mapping) else {}
        if name in held:
            return self.script.tensor(held[name], self.script.file)
        return _Bound(function=self.script.method(owner, name), owner=owner)

    def item(self, owner: Any, index: Any) -> Any:
        if isinstance(owner, list | tuple | Mapping):
            return owner[index]
        raise UnsupportedNetworkError("an index into something that is no list")

    def called(self, expression: ast.Call, scope: dict[str, Any]) -> Any:
        name = expression.func.id if isinstance(expression.func, ast.Name) else ""
        if name in ("annotate", "unchecked_cast"):
            return self.value(expression.args[1], scope)
        if name == "uninitialized":
            return None
        args = [self.value(argument, scope) for argument in expression.args]
        named = {keyword.arg: self.value(keyword.value, scope) for keyword in expression.keywords if keyword.arg}
        if name == "getattr":
            return self.attribute(args[0], str(args[1]))
        if name in CASTS and name not in scope and not any(isinstance(a, AffineTensor) for a in args):
            return CASTS[name](args[0])
        target = self.value(expression.func, scope)
        if isinstance(target, _Bound):
            return self.call(target, args, named)
        if not isinstance(target, _Named):
            raise UnsupportedNetworkError(f"the call {_text(expression)} is not read")
        first, _, rest = target.path.partition(".")
        if first == "__torch__":
            module, _, function = target.path.rpartition(".")
            found = self.script.load(module).get(function)
            if not isinstance(found, Function):
                raise UnsupportedNetworkError(f"the function {target.path} is not in the code")
            return self.call(_Bound(function=found, owner=None), args, named)
        return self.apply(rest.removeprefix("prim.").removeprefix("aten."), args, named)

    def apply(self, name: str, args: list[Any], named: dict[str, Any]) -> Any:
        """An operator of PyTorch, on tensors or on numbers."""
        values = list(tensors_in((args, list(named.values()))))
        self.context.label = name
        try:
            if name in ("len", "size", "dim") and isinstance(args[0], AffineTensor):
                shape = list(args[0].shape)
                return {"len": shape[0], "dim": len(shape)}.get(name, shape if len(args) == 1 else shape[args[-1]])
            if name in ON_ANYTHING or (not values and name in ON_NUMBERS):
                return bounded({**ON_NUMBERS, **ON_ANYTHING}[name](*args))
            if name == "RaiseException":
                raise UnsupportedNetworkError(f"the code raises an error for this input: {args[0]}")
            if name == "format":
                return str(args[0])
            function, more, keywords = aten_call(name, args, named)
            if function not in FUNCTIONS and function not in SMOOTH:
                raise UnsupportedNetworkError("this operator is not read")
            return call(self.context, function, more, keywords)
        except NetworkError as error:
            raise error.within(f"operator {name!r}") from error.__cause__
        except (ValueError, ArithmeticError, TypeError, IndexError, KeyError, AttributeError) as error:
            raise UnsupportedNetworkError(str(error), where=f"operator {name!r}") from error


def _assign(target: ast.expr, value: Any, scope: dict[str, Any]) -> None:
    match target:
        case ast.Name(id=name):
            scope[name] = value
        case ast.Tuple(elts=entries) if isinstance(value, list | tuple) and len(entries) == len(value):
            for entry, part in zip(entries, value, strict=True):
                _assign(entry, part, scope)
        case _:
            raise UnsupportedNetworkError(f"the assignment to {_text(target)} is not read")


def _text(node: ast.AST) -> str:
    try:
        return f"{ast.unparse(node)[:60]!r}"
    except RecursionError:
        return type(node).__name__
