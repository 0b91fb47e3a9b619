"""TorchScript files (torch.jit.save): their code is parsed and followed on affine tensors; nothing is executed.

The file is an archive of a pickle, which holds the modules with their parameters, and of code in a subset of Python.
Neither PyTorch nor Python runs any of it: `pickles` reads the one, and the walk below knows the few statements and
expressions of the other, and no function but those of `torch_functions`.
"""

from __future__ import annotations

import ast
import math
import operator
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.network.affine_forms import INPUT, AffineForm, AffineTensor
from relureg.network.model import Network, Port
from relureg.readers.archives import open_archive, read_member
from relureg.readers.building.pieces import comparison_notices
from relureg.readers.building.stored_arrays import StoredArray
from relureg.readers.torch.aten import aten_call
from relureg.readers.torch.calls import Opaque, call, outputs_of, tensors_in
from relureg.readers.torch.functions import FUNCTIONS, SMOOTH, Context
from relureg.readers.torch.pickles import Made
from relureg.readers.torch.saved_files import TorchFile, open_folder, tensor_of

Shapes = Sequence[tuple[int, ...]]

_MAX_CODE = 4 * 2**20
_MAX_STEPS = 100_000
_ADVICE = (
    'its shape is to be told, in Python: relureg.from_torch(torch.jit.load("FILE"), input_shape), without the batch'
)


def is_torchscript(data: bytes) -> bool:
    """Whether a file is an archive of torch.jit.save, which holds code."""
    if data[:2] != b"PK":
        return False
    with open_archive(data) as archive:
        names = archive.namelist()
        return any(name.endswith("/constants.pkl") for name in names) and any(n.endswith("/data.pkl") for n in names)


def read_torchscript(data: bytes, *, name: str, input_shapes: Shapes | None = None) -> Network:
    """Parse a TorchScript module: the network that its method `forward` computes in inference.

    Parameters
    ----------
    data : bytes
    name : str
    input_shapes : sequence of tuple of int, optional
        The shape of each input without the batch. By default there is one input, a vector as long as the only one
        of the weights that fits.

    Raises
    ------
    MalformedNetworkError
        A damaged archive.
    UnsupportedNetworkError
        Something that is not piecewise linear or not read, or an input whose shape the file does not say.
    """
    with open_archive(data) as archive:
        try:
            script = _Script.of(archive)
            return _guess(script, name) if input_shapes is None else script.network(name, input_shapes)
        except RecursionError as error:
            raise UnsupportedNetworkError("the code calls itself, or nests too deeply") from error


def _guess(script: _Script, name: str) -> Network:
    """The network with one input, a vector; of the lengths that its weights suggest, one alone may fit."""
    shapes = script.weight_shapes()
    faults: list[tuple[int, NetworkError]] = []
    # A weight that is a factor on the right has its inputs first.
    for lengths in ({shape[1] for shape in shapes}, {shape[0] for shape in shapes}):
        found = []
        for length in sorted(lengths)[:_MAX_GUESSES]:
            try:
                network = script.network(name, [(length,)])
            except NetworkError as error:
                faults.append((script.steps, error))
                continue
            if all(port.shape[:1] == (1,) for port in network.outputs):
                found.append(network)
        if len(found) == 1:
            _refuse_any_length(script, found[0])
            return found[0]
        if found:
            break
    if not faults:
        raise UnsupportedNetworkError(f"the file does not say the shape of its input; {_ADVICE}")
    # The length with which the walk came furthest is the one meant.
    _, fault = max(faults, key=lambda pair: pair[0])
    fault.message += f". Where the input is not one vector, {_ADVICE}"
    raise fault


def _refuse_any_length(script: _Script, network: Network) -> None:
    """Raise where a longer input fits too, as where a convolution is averaged: no weight tells the length then."""
    longer = network.input_dim + 1
    try:
        script.network("", [(longer,)])
    except NetworkError:
        return
    raise UnsupportedNetworkError(f"inputs of {longer - 1:,} numbers fit, and of {longer:,} too; {_ADVICE}")


_MAX_GUESSES = 50


@dataclass(slots=True, kw_only=True)
class _Function:
    """A function or method: its parameters with their defaults, and its statements."""

    parameters: list[str]
    defaults: dict[str, ast.expr]
    body: list[ast.stmt]


class _ReturnError(Exception):
    """The way back out of nested statements."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@dataclass(slots=True, kw_only=True)
class _Bound:
    """A method of an object, or a function of the code."""

    function: _Function
    owner: Made | None


@dataclass(slots=True)
class _Named:
    """A path that begins with torch, ops or __torch__."""

    path: str


@dataclass(slots=True, kw_only=True)
class _Script:
    archive: zipfile.ZipFile
    folder: str
    file: TorchFile
    constants: Sequence[Any]
    constants_file: TorchFile
    code: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Module of the code -> name -> function, or class as a dictionary of methods."""
    tensors: dict[int, AffineTensor] = field(default_factory=dict)
    """Tensors that have been fetched."""
    context: Context = field(default_factory=lambda: Context(dtype=np.float32))
    steps: int = 0

    @classmethod
    def of(cls, archive: zipfile.ZipFile) -> _Script:
        names = archive.namelist()
        folder = next(name[: -len("data.pkl")] for name in names if name.endswith("/data.pkl"))
        constants = open_folder(archive, folder, "constants")
        held = constants.content if isinstance(constants.content, tuple | list) else ()
        return cls(archive=archive, folder=folder, file=open_folder(archive, folder, "data"), constants=held,
                   constants_file=constants)  # fmt: skip

    def network(self, name: str, shapes: Shapes) -> Network:
        """What `forward` computes for one input of each shape."""
        module = self.file.content
        if not isinstance(module, Made):
            raise MalformedNetworkError("the archive holds no module")
        forward = self.method(module, "forward")
        free = [parameter for parameter in forward.parameters[1:] if parameter not in forward.defaults]
        if not len(free) <= len(shapes) < len(forward.parameters):
            raise UnsupportedNetworkError(
                f"the module has the inputs {', '.join(free)}, and the shape of {len(shapes)} is known; {_ADVICE}"
            )
        wide = any(array.dtype == "float64" for array in self.stored())
        self.context, self.steps = Context(dtype=np.float64 if wide else np.float32), 0
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

    # -- what the archive holds --------------------------------------------------------------------

    def parameters(self) -> list[StoredArray]:
        """All tensors of the module and of its submodules."""
        found, waiting, seen = [], [self.file.content], set()
        while waiting:
            made = waiting.pop()
            if id(made) in seen:
                continue
            seen.add(id(made))
            for value in (made.state or {}).values() if isinstance(made.state, Mapping) else ():
                if isinstance(value, Made):
                    tensor = tensor_of(value, self.file)
                    if tensor is None:
                        waiting.append(value)
                    else:
                        found.append(tensor)
        return found

    def weight_shapes(self) -> list[tuple[int, ...]]:
        return [tensor.shape for tensor in self.stored() if len(tensor.shape) == 2]

    def stored(self) -> list[StoredArray]:
        """All tensors of the archive."""
        constants = (tensor_of(constant, self.constants_file) for constant in self.constants)
        return [*self.parameters(), *(constant for constant in constants if constant is not None)]

    def method(self, made: Made, name: str) -> _Function:
        module, _, kind = made.name.rpartition(".")
        held = self.load(module).get(kind)
        function = held.get(name) if isinstance(held, dict) else None
        if not isinstance(function, _Function):
            raise UnsupportedNetworkError(f"{made.name} has no method {name!r} in its code")
        return function

    def load(self, module: str) -> dict[str, Any]:
        """What a file of the code defines."""
        if module not in self.code:
            path = f"{self.folder}code/{module.replace('.', '/')}.py"
            try:
                tree = ast.parse(read_member(self.archive, path, _MAX_CODE))
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                raise MalformedNetworkError(f"not the code of TorchScript: {error}", where=repr(path)) from error
            self.code[module] = _definitions(tree.body)
        return self.code[module]

    def tensor(self, made: Any, file: TorchFile) -> Any:
        """A pickled tensor as a constant; anything else as it is."""
        if not isinstance(made, Made):
            return made
        if id(made) not in self.tensors:
            stored = tensor_of(made, file)
            if stored is None:
                return made
            values = stored.fetch()
            if not np.isfinite(values).all():
                raise MalformedNetworkError("a parameter is NaN or infinite, which is no rational number")
            self.tensors[id(made)] = AffineTensor.of_array(values)
        return self.tensors[id(made)]

    # -- the walk ----------------------------------------------------------------------------------

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
                if not 0 <= number < len(self.constants):
                    raise MalformedNetworkError(f"there is no constant {name!r}")
                return self.tensor(self.constants[number], self.constants_file)
            return _Named(f"{owner.path}.{name}")
        if not isinstance(owner, Made):
            raise UnsupportedNetworkError(f"the attribute {name!r} of a value is not read")
        if name == "training":
            return False  # read as for inference
        held = owner.state if isinstance(owner.state, Mapping) else {}
        if name in held:
            return self.tensor(held[name], self.file)
        return _Bound(function=self.method(owner, name), owner=owner)

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
        if name in _CASTS and name not in scope and not any(isinstance(a, AffineTensor) for a in args):
            return _CASTS[name](args[0])
        target = self.value(expression.func, scope)
        if isinstance(target, _Bound):
            return self.call(target, args, named)
        if not isinstance(target, _Named):
            raise UnsupportedNetworkError(f"the call {_text(expression)} is not read")
        first, _, rest = target.path.partition(".")
        if first == "__torch__":
            module, _, function = target.path.rpartition(".")
            found = self.load(module).get(function)
            if not isinstance(found, _Function):
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
            if name in _ON_ANYTHING or (not values and name in _ON_NUMBERS):
                return _bounded({**_ON_NUMBERS, **_ON_ANYTHING}[name](*args))
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


def _definitions(body: Sequence[ast.stmt]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            found[statement.name] = _definitions(statement.body)
        elif isinstance(statement, ast.FunctionDef):
            arguments = statement.args
            names = [argument.arg for argument in arguments.args]
            defaults = dict(zip(names[len(names) - len(arguments.defaults) :], arguments.defaults, strict=True))
            found[statement.name] = _Function(parameters=names, defaults=defaults, body=statement.body)
    return found


def _text(node: ast.AST) -> str:
    try:
        return f"{ast.unparse(node)[:60]!r}"
    except RecursionError:
        return type(node).__name__


def _bounded(value: Any) -> Any:
    """A number or a list as it is; raises where it grows beyond what TorchScript has."""
    if isinstance(value, int) and abs(value) >= 2**63:
        raise OverflowError("an integer of more than 64 bits")
    if isinstance(value, list | tuple | str) and len(value) > _MAX_LIST:
        raise OverflowError(f"a list of more than {_MAX_LIST:,} entries")
    return value


_MAX_LIST = 10_000


def _times(a: Any, b: Any) -> Any:
    if not (isinstance(a, int | float) and isinstance(b, int | float)):
        raise TypeError("a product of something that is no number")
    return a * b


def _same(value: Any, *_: Any) -> Any:
    return value


_CASTS: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "bool": bool, "str": str}

_ON_ANYTHING: dict[str, Callable[..., Any]] = {
    "__is__": lambda a, b: a is b, "__isnot__": lambda a, b: a is not b, "append": lambda a, b: a.append(b),
    "__contains__": lambda a, b: b in a, "unchecked_cast": _same, "warn": lambda *_: None,
    "device": lambda *_: None, "dtype": lambda *_: None, "layout": lambda *_: None,
    "data": _same, "tuple": lambda a: tuple(a), "list": lambda a: list(a),
}  # fmt: skip

_ON_NUMBERS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": _times, "div": operator.truediv,
    "floordiv": operator.floordiv, "floor_divide": operator.floordiv, "remainder": operator.mod, "neg": operator.neg,
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq, "ne": operator.ne,
    "__not__": operator.not_, "__and__": lambda a, b: a and b, "__or__": lambda a, b: a or b, "len": len,
    "min": min, "max": max, "abs": abs, "floor": math.floor, "ceil": math.ceil, "sqrt": math.sqrt, "Int": int,
    "Float": float, "Bool": bool, "IntImplicit": int, "FloatImplicit": float, "ScalarImplicit": _same,
    "NumToTensor": _same, "Scalar": _same, "__getitem__": operator.getitem,
}  # fmt: skip
