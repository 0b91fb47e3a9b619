"""What a TorchScript archive holds: modules with their parameters, constants, and parsed code."""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.network.affine_forms import AffineTensor
from relureg.readers.archives import read_member
from relureg.readers.building.stored_arrays import StoredArray
from relureg.readers.torch.pickles import Made
from relureg.readers.torch.saved_files import TorchFile, open_folder
from relureg.readers.torch.stored_tensors import tensor_of

_MAX_CODE = 4 * 2**20


@dataclass(slots=True, kw_only=True)
class Function:
    """A function or method: its parameters with their defaults, and its statements."""

    parameters: list[str]
    defaults: dict[str, ast.expr]
    body: list[ast.stmt]


@dataclass(slots=True, kw_only=True)
class Script:
    """An archive, of which tensors and code are fetched when they are asked for."""

    archive: zipfile.ZipFile
    folder: str
    file: TorchFile
    constants: Sequence[Any]
    constants_file: TorchFile
    code: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Module of the code -> name -> function, or class as a dictionary of methods."""
    tensors: dict[int, AffineTensor] = field(default_factory=dict)
    """Tensors that have been fetched."""

    @classmethod
    def of(cls, archive: zipfile.ZipFile) -> Script:
        names = archive.namelist()
        folder = next(name[: -len("data.pkl")] for name in names if name.endswith("/data.pkl"))
        constants = open_folder(archive, folder, "constants")
        held = constants.content if isinstance(constants.content, tuple | list) else ()
        return cls(archive=archive, folder=folder, file=open_folder(archive, folder, "data"), constants=held,
                   constants_file=constants)  # fmt: skip

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

    def method(self, made: Made, name: str) -> Function:
        module, _, kind = made.name.rpartition(".")
        held = self.load(module).get(kind)
        function = held.get(name) if isinstance(held, dict) else None
        if not isinstance(function, Function):
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


def _definitions(body: Sequence[ast.stmt]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            found[statement.name] = _definitions(statement.body)
        elif isinstance(statement, ast.FunctionDef):
            arguments = statement.args
            names = [argument.arg for argument in arguments.args]
            defaults = dict(zip(names[len(names) - len(arguments.defaults) :], arguments.defaults, strict=True))
            found[statement.name] = Function(parameters=names, defaults=defaults, body=statement.body)
    return found
