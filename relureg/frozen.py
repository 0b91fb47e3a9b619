"""Results that nobody can change, and how they go to another process: as their fields, and read-only there as well."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

_FEW_ENTRIES = 6
"""Entries of an array that are written out in a representation."""
_SHORT_TEXT = 80
"""Characters of a tuple or mapping that is written out there."""


class Frozen:
    """Base of frozen dataclasses that hold arrays or mappings, or keep what they have found.

    Pickled and copied are the fields and nothing else: what is kept of them besides, like the graph of a complex, is
    found again when it is asked for. A copy's arrays and mappings are read-only, which Python and NumPy forget.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        fields = dataclasses.fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass
        return _made, (type(self), {field.name: _plain(getattr(self, field.name)) for field in fields})

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(_equal(one, two) for one, two in zip(_compared(self), _compared(other), strict=True))

    def __repr__(self) -> str:
        """The fields, of which arrays are told by what they hold where that is little, else by shape and type."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        told = (f"{field.name}={told_shortly(getattr(self, field.name))}" for field in fields if field.repr)
        return f"{type(self).__name__}({', '.join(told)})"

    def __hash__(self) -> int:
        # Of what is large the size alone: it is equal for equal objects, and nobody waits for it.
        return hash(tuple(_size(value) if _is_large(value) else value for value in _compared(self)))


def read_only(value: Any) -> Any:
    """The same value with every array in it read-only, by a view lest the caller's own is locked, and every mapping."""
    if isinstance(value, np.ndarray):
        view = value.view()
        view.flags.writeable = False
        return view
    if isinstance(value, dict):
        return MappingProxyType({key: read_only(entry) for key, entry in value.items()})
    if type(value) is tuple:
        return tuple(read_only(entry) for entry in value) if _holds(value) else value
    return value


def told_shortly(value: Any) -> str:
    """A value on one short line, in the representation of a record.

    Examples
    --------
    >>> told_shortly(np.arange(3)), told_shortly(np.zeros((40, 2))), told_shortly({"a": 1})
    ('[0, 1, 2]', 'float64 (40, 2)', "{'a': 1}")
    """
    if isinstance(value, np.ndarray):
        return repr(value.tolist()) if value.size <= _FEW_ENTRIES else f"{value.dtype} {value.shape}"
    if isinstance(value, Mapping):
        text = repr(dict(value))
        return text if len(text) <= _SHORT_TEXT else f"{type(value).__name__} of {len(value):,}"
    text = repr(value)
    if isinstance(value, tuple) and len(text) > _SHORT_TEXT:
        return f"tuple of {len(value):,}"
    return text


def _plain(value: Any) -> Any:
    """The same value with a dictionary for every read-only mapping, which Python does not pickle."""
    if isinstance(value, MappingProxyType):
        return {key: _plain(entry) for key, entry in value.items()}
    if type(value) is tuple:
        return tuple(_plain(entry) for entry in value) if _holds(value) else value
    return value


def _compared(record: Any) -> list[Any]:
    return [getattr(record, field.name) for field in dataclasses.fields(record) if field.compare]


def _equal(one: Any, two: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray):
        # NaN stands for "there is none", and is the same as another one.
        return np.array_equal(one, two, equal_nan=one.dtype.kind == two.dtype.kind == "f")
    return bool(one == two)


def _is_large(value: Any) -> bool:
    return isinstance(value, np.ndarray | Mapping)


def _size(value: Any) -> tuple[int, ...]:
    return value.shape if isinstance(value, np.ndarray) else (len(value),)


def _holds(values: tuple[Any, ...]) -> bool:
    """Whether a tuple may hold arrays or mappings; one of numbers, which may be millions, is left as it is."""
    return any(isinstance(value, np.ndarray | dict | MappingProxyType | tuple) for value in values)


def _made(kind: type[Any], fields: dict[str, Any]) -> Any:
    """An object of these fields, which were checked when the first was made."""
    made = object.__new__(kind)
    for name, value in fields.items():
        object.__setattr__(made, name, read_only(value))
    return made
