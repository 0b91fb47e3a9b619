"""Pickles as data: what a pickle would make is noted down; nothing that it names is imported, made or called.

The unpickler of the standard library is told by the file which functions to call, and how large its memo is to be.
This one has neither: its memo is a dictionary, and calls become records. What it holds grows with the file alone.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO


@dataclass(frozen=True, slots=True)
class Global:
    """A class or a function, by its name."""

    name: str


@dataclass(slots=True, eq=False)
class Made:
    """An object that would come from calling a class or a function."""

    name: str
    """Of the class or function; empty where it is no plain name."""
    args: tuple[Any, ...]
    state: Any = None
    """What the object would be given as its attributes."""
    items: list[Any] = field(default_factory=list)
    """What would be appended to it."""
    pairs: dict[Any, Any] = field(default_factory=dict)
    """What would be put into it under keys."""


@dataclass(slots=True, eq=False)
class Persistent:
    """Something kept outside of the pickle, by what names it."""

    key: Any


class PickleError(ValueError):
    """The bytes are no pickle."""


def read_pickle(stream: BinaryIO) -> Any:
    """The object of the pickle that begins here: numbers, texts, lists, tuples, dictionaries and the records above.

    Raises
    ------
    PickleError
        The bytes are no pickle.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name == "STOP":
                value = machine.stack.pop()
                if value is _MARK:
                    raise ValueError("it ends at a mark")
                return value
            step = _STEPS.get(opcode.name)
            if step is None:
                raise PickleError(f"the opcode {opcode.name} is not read")
            step(machine, argument)
    # IndexError, KeyError, TypeError, AttributeError: the stack does not hold what an opcode needs.
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError) as error:
        raise PickleError(f"not a pickle, or a damaged one ({error})") from error
    raise PickleError("the pickle does not end")


_MARK = object()
_PLAIN_KEYS = (str, int, float, bytes, type(None), Made, Global)
_DICTIONARIES = {"collections.OrderedDict", "collections.defaultdict", "builtins.dict", "__builtin__.dict"}


@dataclass(slots=True)
class _Machine:
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def take(self, count: int) -> list[Any]:
        """The last `count` entries."""
        if count > len(self.stack):
            raise IndexError("the stack is too short")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def take_marked(self) -> list[Any]:
        """The entries after the last mark, which goes too."""
        first = len(self.stack) - 1
        while self.stack[first] is not _MARK:
            first -= 1
            if first < 0:
                raise IndexError("there is no mark")
        taken = self.stack[first + 1 :]
        del self.stack[first:]
        return taken

    def put(self, pairs: Iterator[tuple[Any, Any]]) -> None:
        target = self.stack[-1]
        held = target if isinstance(target, dict) else target.pairs
        for key, value in pairs:
            # The hash of a nested tuple may take as long as the file's author likes.
            held[key if isinstance(key, _PLAIN_KEYS) else Persistent(key)] = value

    def extend(self, entries: list[Any]) -> None:
        target = self.stack[-1]
        (target if isinstance(target, list) else target.items).extend(entries)

    def call(self, function: Any, args: Any) -> None:
        if isinstance(function, Persistent) and isinstance(function.key, tuple) and len(function.key) > 1:
            function = function.key[1]  # PyTorch kept the source of a class beside its name, before 1.6
        name = function.name if isinstance(function, Global) else ""
        if name in _DICTIONARIES:
            first = args[0] if len(args) == 1 and isinstance(args[0], list) else []
            self.stack.append({})
            self.put((key, value) for key, value in first)
            return
        self.stack.append(Made(name, tuple(args)))

    def build(self) -> None:
        (state,) = self.take(1)
        if isinstance(self.stack[-1], Made):
            self.stack[-1].state = state


def _pairs(entries: list[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(entries[::2], entries[1::2], strict=True)


def _push(make: Callable[[Any], Any]) -> Callable[[_Machine, Any], None]:
    return lambda m, argument: m.stack.append(make(argument))


def _tuple(count: int) -> Callable[[_Machine, Any], None]:
    return lambda m, _: m.stack.append(tuple(m.take(count)))


def _global(m: _Machine, argument: str) -> None:
    module, _, name = argument.partition(" ")
    m.stack.append(Global(f"{module}.{name}"))


def _stack_global(m: _Machine, _: Any) -> None:
    module, name = m.take(2)
    m.stack.append(Global(f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else ""))


def _reduce(m: _Machine, _: Any) -> None:
    m.call(*m.take(2))


def _new_object(m: _Machine, _: Any) -> None:
    made_of, args, keywords = m.take(3)
    m.call(made_of, (*args, keywords))


def _instance(m: _Machine, argument: str) -> None:
    args = m.take_marked()
    m.call(Global(argument.replace(" ", ".")), args)


def _object(m: _Machine, _: Any) -> None:
    made_of, *args = m.take_marked()
    m.call(made_of, args)


def _dictionary(m: _Machine, _: Any) -> None:
    entries = m.take_marked()
    m.stack.append({})
    m.put(_pairs(entries))


def _remember(m: _Machine, argument: int) -> None:
    m.memo[argument] = m.stack[-1]


def _persistent(m: _Machine, _: Any) -> None:
    m.stack.append(Persistent(m.stack.pop()))


def _pop(m: _Machine, _: Any) -> None:
    m.stack.pop()


def _pop_mark(m: _Machine, _: Any) -> None:
    m.take_marked()


_VALUES = [
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8",
]  # fmt: skip

_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(_VALUES, _push(lambda argument: argument)),
    **dict.fromkeys(("PROTO", "FRAME"), lambda m, _: None),
    "NONE": _push(lambda _: None), "NEWTRUE": _push(lambda _: True), "NEWFALSE": _push(lambda _: False),
    "MARK": _push(lambda _: _MARK), "EMPTY_LIST": _push(lambda _: []), "EMPTY_SET": _push(lambda _: []),
    "EMPTY_DICT": _push(lambda _: {}), "EMPTY_TUPLE": _tuple(0), "TUPLE1": _tuple(1), "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3), "TUPLE": lambda m, _: m.stack.append(tuple(m.take_marked())),
    **dict.fromkeys(("LIST", "FROZENSET"), lambda m, _: m.stack.append(m.take_marked())), "DICT": _dictionary,
    "APPEND": lambda m, _: m.extend(m.take(1)),
    **dict.fromkeys(("APPENDS", "ADDITEMS"), lambda m, _: m.extend(m.take_marked())),
    "SETITEM": lambda m, _: m.put(_pairs(m.take(2))), "SETITEMS": lambda m, _: m.put(_pairs(m.take_marked())),
    "POP": _pop, "POP_MARK": _pop_mark, "DUP": lambda m, _: m.stack.append(m.stack[-1]),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda m, argument: m.stack.append(m.memo[argument])),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _remember),
    "MEMOIZE": lambda m, _: _remember(m, len(m.memo)), "GLOBAL": _global, "STACK_GLOBAL": _stack_global,
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _reduce), "NEWOBJ_EX": _new_object, "INST": _instance, "OBJ": _object,
    "BUILD": lambda m, _: m.build(), "BINPERSID": _persistent, "PERSID": _push(Persistent),
}  # fmt: skip
"""Name of an opcode -> what it does. Data outside of the pickle and the registry of extensions are not read."""
