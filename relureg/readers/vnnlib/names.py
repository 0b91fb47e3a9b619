"""What the names of a VNN-LIB property stand for: inputs and outputs of the network, declared or not.

Version 1.0 calls them ``X_0, X_1, ...`` and ``Y_0, Y_1, ...``; version 2.0 declares arrays of any name in
``declare-network`` and writes ``X[0,1]``, in row-major order.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, field

from relureg.network.affine_forms import MAX_WIDTH
from relureg.readers.vnnlib.s_expressions import Expression, Group, Symbol, refusal

_NUMBERED = re.compile(r"([XY])_(0|[1-9][0-9]*)")
_INDEX = "(?:0|[1-9][0-9]*)"
_ELEMENT = re.compile(rf"([^\[\]]+)\[({_INDEX}(?:,{_INDEX})*)\]")
_SHAPE = re.compile(rf"\[((?:{_INDEX}(?:,{_INDEX})*)?)\]")
_VERSION = re.compile(r"<?([0-9]+\.[0-9]+(?:\.[0-9]+)?)>?")
_REALS = {"Real", "real", "float16", "float32", "float64", "bfloat16"}
_MAX_DIGITS = 9
"""Digits of an index: more are beyond every network."""
_RESERVED = {"true", "false", "let", "forall", "exists", "match", "par", "_", "!", "as"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """An input or an output that version 2.0 declares."""

    is_input: bool
    shape: tuple[int, ...]


@dataclass(slots=True)
class Names:
    """The names that hold so far, for a network of `dim` inputs."""

    dim: int
    declared: dict[str, int] = field(default_factory=dict)
    """The line in which each name is declared."""
    arrays: dict[str, Array] = field(default_factory=dict)
    version: str | None = None

    def number(self, symbol: Symbol) -> int | None:
        """The number of the input that a symbol is; None for an output.

        Raises
        ------
        DataError
            It is neither.
        """
        if self.arrays:
            return self._element(symbol)
        found = _NUMBERED.fullmatch(symbol.text)
        if found is None:
            if symbol.text in self.declared:
                raise refusal(symbol, "is declared, but is neither an input X_i nor an output Y_i")
            raise refusal(symbol, "is not declared, and no input X_0, X_1, ... nor output Y_0, Y_1, ...")
        return int(self._in_range(symbol, found[2])) if found[1] == "X" else None

    def declare(self, command: Group) -> None:
        """Take in ``(declare-const NAME Real)`` or ``(declare-fun NAME () Real)``."""
        *others, sort = command.arguments or (command,)
        name = others[0] if others else command
        is_function = command.head == "declare-fun"
        if not isinstance(name, Symbol) or len(others) != 1 + is_function:
            raise refusal(command, f"is no declaration; write ({command.head} X_0{' ()' * is_function} Real)")
        if is_function and not (isinstance(others[1], Group) and not others[1].parts):
            raise refusal(command, "declares a function; only constants are read")
        if not isinstance(sort, Symbol) or sort.text != "Real":
            raise refusal(command, "is not of sort Real, the only one that is read")
        if self.arrays:
            raise refusal(command, "stands beside declare-network, where inputs and outputs are declared")
        found = _NUMBERED.fullmatch(name.text)
        if found is not None and found[1] == "X":
            self._in_range(name, found[2])
        self._add(name)

    def declare_network(self, command: Group) -> None:
        """Take in ``(declare-network f (declare-input X float32 [1,2]) (declare-output Y float32 [1,3]))``."""
        name, *parts = command.arguments or (command,)
        if not isinstance(name, Symbol) or not parts:
            raise refusal(command, "declares no inputs and outputs")
        if self.arrays:
            raise refusal(command, "is a second network; a property of one network is read")
        if self.declared:
            raise refusal(command, "stands beside declarations of version 1.0")
        self._add(name)
        for part in parts:
            self._declare_array(part)
        inputs = [array for array in self.arrays.values() if array.is_input]
        if len(inputs) != 1:
            raise refusal(command, f"has {len(inputs)} inputs; a network of one input is read")
        size = math.prod(inputs[0].shape)
        if size != self.dim:
            raise refusal(command, f"has an input of {size:,} numbers, but the network has {self.dim:,}")

    def read_version(self, command: Group) -> None:
        """Take in ``(vnnlib-version <2.0>)``."""
        word = command.arguments[0] if len(command.arguments) == 1 else None
        found = _VERSION.fullmatch(word.text) if isinstance(word, Symbol) else None
        if found is None:
            raise refusal(command, "states no version; write (vnnlib-version <2.0>)")
        if found[1] not in ("1.0", "2.0"):
            raise refusal(command, f"is version {found[1]}; 1.0 and 2.0 are read")
        if self.version is not None:
            raise refusal(command, f"states the version again, after {self.version}")
        self.version = found[1]

    def _declare_array(self, part: Expression) -> None:
        if not isinstance(part, Group) or part.head not in ("declare-input", "declare-output"):
            raise refusal(part, "is not read in a network; declare-input and declare-output are")
        words = part.arguments
        if len(words) == 4 and isinstance(words[3], Symbol) and words[3].is_text:
            words = words[:3]  # the name that the array has in the ONNX file
        if len(words) != 3 or not all(isinstance(word, Symbol) for word in words):
            raise refusal(part, f"is no declaration; write ({part.head} X float32 [1,2])")
        name, sort, shape = words
        assert isinstance(name, Symbol)
        if str(sort) not in _REALS:
            raise refusal(part, f"has numbers of type {sort}; reals and floats are read")
        found = _SHAPE.fullmatch(str(shape))
        sizes = tuple(int(size[: _MAX_DIGITS + 1]) for size in found[1].split(",") if size) if found else ()
        if found is None or not all(sizes) or math.prod(sizes) > MAX_WIDTH:
            raise refusal(part, f"has no shape of 1 to {MAX_WIDTH:,} numbers, like [1,2]")
        self._add(name)
        self.arrays[name.text] = Array(is_input=part.head == "declare-input", shape=sizes)

    def output_number(self, text: str, output_dim: int, source: Expression) -> int:
        """The number of the output that a name is, which has been read before, in a network of so many outputs.

        Raises
        ------
        DataError
            The network has not so many.
        """
        if not self.arrays:
            digits = text.removeprefix("Y_")
            if len(digits) > _MAX_DIGITS or int(digits) >= output_dim:
                raise refusal(source, f"names {text}, but the network has the outputs Y_0 to Y_{output_dim - 1}")
            return int(digits)
        sizes = [(name, math.prod(array.shape)) for name, array in self.arrays.items() if not array.is_input]
        total = sum(size for _, size in sizes)
        if total != output_dim:
            raise refusal(source, f"has outputs of {total:,} numbers, but the network has {output_dim:,}")
        name, _, at = self._place(Symbol(text=text, line=source.line))
        return at + sum(size for _, size in itertools.takewhile(lambda pair: pair[0] != name, sizes))

    def _element(self, symbol: Symbol) -> int | None:
        _, array, at = self._place(symbol)
        return at if array.is_input else None

    def _place(self, symbol: Symbol) -> tuple[str, Array, int]:
        """The array of an element, with its name, and where the element stands in it."""
        found = None if symbol.quoted else _ELEMENT.fullmatch(symbol.text)
        name, indices = (found[1], found[2].split(",")) if found else (symbol.text, [])
        array = self.arrays.get(name)
        if array is None:
            raise refusal(symbol, f"is no element of {' or '.join(self.arrays)}, which the network declares")
        if len(indices) != len(array.shape):
            raise refusal(symbol, f"needs {len(array.shape)} indices: the shape of {name} is {list(array.shape)}")
        at = tuple(int(index[: _MAX_DIGITS + 1]) for index in indices)
        if any(index >= size for index, size in zip(at, array.shape, strict=True)):
            raise refusal(symbol, f"lies outside of the shape {list(array.shape)} of {name}; indices count from 0")
        strides = [math.prod(array.shape[axis + 1 :]) for axis in range(len(array.shape))]
        return name, array, sum(map(math.prod, zip(at, strides, strict=True)))

    def _in_range(self, symbol: Symbol, digits: str) -> str:
        if len(digits) > _MAX_DIGITS or int(digits) >= self.dim:
            raise refusal(symbol, f"is named, but the network has the inputs X_0 to X_{self.dim - 1}")
        return digits

    @property
    def shown(self) -> str:
        """How inputs are written, for messages."""
        return next((f"{name}[...]" for name, array in self.arrays.items() if array.is_input), "X_0, X_1, ...")

    def _add(self, name: Symbol) -> None:
        if name.is_text or not name.text or name.text in _RESERVED:
            raise refusal(name, "is no name")
        if name.text in self.declared:
            raise refusal(name, f"is declared again, after line {self.declared[name.text]}")
        self.declared[name.text] = name.line
