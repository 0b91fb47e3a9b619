"""What a caller hands in, looked at before anything else is done with it: types, indices, names.

The annotations of a public function say what it takes; `checked` holds each argument against its own. What comes of a
mistake is one `UsageError` that names the argument, what was given and what to write; it is a TypeError, ValueError or
IndexError as well.
"""

from __future__ import annotations

import collections.abc
import functools
import inspect
import math
import operator
import os
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational, Real
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from relureg.errors import ArgumentIndexError, ArgumentTypeError, ArgumentValueError
from relureg.words import did_you_mean, short

_P = ParamSpec("_P")
_R = TypeVar("_R")


_HINTS = {
    "Network": "relureg.load reads one from a file, Network.from_layers takes weights",
    "Complex": "relureg.enumerate_regions finds the complex of a network",
    "Domain": "Domain.box([-1, -1], [1, 1]) is a box in two inputs",
    "Slice": "Slice.through takes points",
}
"""How one comes by an object of a class, by its name."""

_WORDS = {bool: "True or False", int: "a whole number", float: "a number", str: "a text", Fraction: "a number"}

_NUMBERS = {int, float, Fraction}

_ARRAYS = frozenset(typing.get_args(ArrayLike) or (ArrayLike,))  # from NumPy 2.5 on a named alias, without parts to see


class _MismatchError(Exception):
    """A value is not what an annotation asks for: what is wanted, and where in the value it is not."""

    def __init__(self, wanted: str, value: Any, place: str = "") -> None:
        super().__init__(wanted)
        self.wanted, self.value, self.place = wanted, value, place


def checked(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Check what a function is given against its annotations, and hand on plain int and float for NumPy's.

    Annotations that say nothing that is looked at here, as those of variables of a type, pass.

    Examples
    --------
    >>> @checked
    ... def twice(count: int) -> int:
    ...     return 2 * count
    >>> twice(1.5)
    Traceback (most recent call last):
    relureg.errors.ArgumentTypeError: count: 1.5 is not a whole number
    """
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        wanted = _annotations(function)
        given: list[Any] = list(args)
        for at, (name, value) in enumerate(zip(names, args, strict=False)):
            if name in wanted and type(value) not in wanted[name].as_they_are:
                given[at] = _taken(name, value, wanted[name].annotation, names)
        named: dict[str, Any] = kwargs
        for name, value in kwargs.items():
            if name in wanted and type(value) not in wanted[name].as_they_are:
                named[name] = _taken(name, value, wanted[name].annotation, names)
        return function(*given, **named)

    return wrapper


def whole_number(name: str, value: Any, *, least: int, most: int | None = None) -> int:
    """The value as an int; raises where it is none, or not between `least` and `most`."""
    number: int = value if type(value) is int else _taken(name, value, int)
    if number < least:
        raise ArgumentValueError(f"{name} is {short(number)}; at least {least} is needed")
    if most is not None and number > most:
        raise ArgumentValueError(f"{name} is {short(number)}; at most {most:,} is possible")
    return number


def finite(name: str, value: Fraction | float) -> Fraction:
    """The value, exactly; raises where it is NaN or infinite."""
    if isinstance(value, float) and not math.isfinite(value):  # a fraction may be beyond all doubles
        raise ArgumentValueError(f"{name} is {value}; a finite number is needed")
    return Fraction(value)


def positive_seconds(name: str, value: Any) -> float:
    """The value as a float above 0, perhaps infinite."""
    seconds: float = _taken(name, value, float)
    if not seconds > 0:
        raise ArgumentValueError(f"{name} is {seconds:g}; a positive number of seconds is needed")
    return seconds


def index(value: Any, size: int, what: str) -> int:
    """The number from 0 to size - 1 that an index means; -1 is the last one, as in a list.

    Examples
    --------
    >>> index(-1, 49, "region")
    48
    >>> index(99, 49, "region")
    Traceback (most recent call last):
    relureg.errors.ArgumentIndexError: there is no region 99; they are numbered 0 to 48
    """
    number: int = _taken(what, value, int)
    if not -size <= number < size:
        several = f"they are numbered 0 to {size - 1:,}"
        numbered = several if size > 1 else "number 0 is the only one" if size else "there is none at all"
        raise ArgumentIndexError(f"there is no {what} {short(number)}; {numbered}")
    return number % size


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a parameter takes."""

    annotation: Any
    as_they_are: frozenset[type]
    """Types whose objects are what is asked for, whatever their values: most arguments, which cost one look then."""


@functools.cache
def _annotations(function: Callable[..., Any]) -> dict[str, _Wanted]:
    """What each parameter takes; those that only type checkers can look up, and Any, are left out."""
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in ("self", "cls") or parameter.annotation is parameter.empty:
            continue
        try:
            annotation = eval(parameter.annotation, function.__globals__)
        except NameError:
            continue
        if annotation is not Any:
            found[name] = _Wanted(annotation, _as_they_are(annotation))
    return found


def _as_they_are(annotation: Any) -> frozenset[type]:
    kinds = _alternatives(annotation)
    if set(kinds) >= _ARRAYS:
        return frozenset()
    return frozenset(kind for kind in kinds if isinstance(kind, type) and kind is not list)


def _taken(name: str, value: Any, annotation: Any, names: Iterable[str] = ()) -> Any:
    try:
        return _match(value, annotation)
    except _MismatchError as problem:
        advice = "" if problem.place else _advice(problem.value, annotation, names)
        message = f"{short(problem.value)} is not {problem.wanted}{advice}"
        raise ArgumentTypeError(message, where=f"{name}{problem.place}") from None


def _advice(value: Any, annotation: Any, names: Iterable[str]) -> str:
    wanted = {getattr(kind, "__name__", "") for kind in _alternatives(annotation)}
    if "Network" in wanted and "widths" in names and not isinstance(value, str) and hasattr(value, "__len__"):
        return "; for widths alone write widths=[2, 16, 16]"
    if isinstance(value, Real) and typing.get_origin(annotation) is collections.abc.Sequence:
        return f"; write [{short(value)}] * d for d inputs"
    hints = [hint for kind, hint in _HINTS.items() if kind in wanted]
    return "".join(f"; {hint}" for hint in hints)


@functools.cache
def _alternatives(annotation: Any) -> tuple[Any, ...]:
    is_union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return typing.get_args(annotation) if is_union else (annotation,)


def _match(value: Any, annotation: Any) -> Any:
    """The value as the annotation has it; raises `_MismatchError`."""
    kinds = _alternatives(annotation)
    if value is None and type(None) in kinds:
        return None
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    if set(kinds) >= _ARRAYS:
        others = tuple(kind for kind in kinds if kind not in _ARRAYS)
        return value if isinstance(value, others) else _numbers(value)
    if set(kinds) <= _NUMBERS and len(kinds) > 1:
        return _number(value)
    if len(kinds) == 1:
        return _match_one(value, kinds[0])
    problems = []
    for kind in kinds:
        try:
            return _match_one(value, kind)
        except _MismatchError as problem:
            problems.append(problem)
    if any(problem.place for problem in problems):
        raise next(problem for problem in problems if problem.place)
    words = " or ".join(dict.fromkeys(problem.wanted for problem in problems))
    raise _MismatchError("the path of a file" if words == f"{_WORDS[str]} or a path" else words, value)


def _match_one(value: Any, kind: Any) -> Any:
    origin = typing.get_origin(kind) or kind
    if kind is Any:
        return value
    if origin is typing.Literal:
        return _one_of(value, typing.get_args(kind))
    if origin is int:
        return _integer(value)
    if origin is float:
        return _real(value)
    if origin is bool and isinstance(value, np.bool_):
        return bool(value)
    if origin in (collections.abc.Sequence, list):
        return _sequence(value, typing.get_args(kind))
    if origin is tuple and typing.get_args(kind)[1:] == (...,):
        return tuple(_sequence(value, typing.get_args(kind)[:1]))
    if origin is collections.abc.Callable:
        if callable(value) and not isinstance(value, type):
            return value
        raise _MismatchError("a function", value)
    if not isinstance(origin, type) or isinstance(value, origin):
        return value
    if issubclass(origin, os.PathLike):
        if isinstance(value, os.PathLike):
            return value
        raise _MismatchError("a path", value)
    raise _MismatchError(_WORDS.get(origin, _with_article(origin)), value)


def _one_of(value: Any, words: tuple[Any, ...]) -> Any:
    if isinstance(value, str) and value in words:
        return value
    raise _MismatchError(f"one of {', '.join(map(repr, words))}{did_you_mean(value, words)}", value)


def _with_article(kind: type) -> str:
    return f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"


def _integer(value: Any) -> int:
    if isinstance(value, bool | np.bool_):
        raise _MismatchError(_WORDS[int], value)
    try:
        return operator.index(value)
    except TypeError:
        raise _MismatchError(_WORDS[int], value) from None


def _real(value: Any) -> float:
    number = _number(value)
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _number(value: Any) -> Any:
    """A real number, as it is; of NaN and infinity, who knows what the number is for says what is wrong with them."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real | Rational):
        raise _MismatchError(_WORDS[float], value)
    return value.item() if isinstance(value, np.generic) else value


def _sequence(value: Any, entries: tuple[Any, ...]) -> Any:
    """A list of whatever is said of its entries; arrays become lists."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(listed, str | bytes | dict | set | frozenset) or not (
        hasattr(listed, "__len__") and hasattr(listed, "__getitem__")
    ):
        raise _MismatchError("a sequence", value)
    if not entries or any(isinstance(entry, typing.TypeVar) for entry in entries) or entries[0] is Any:
        return value
    kinds = set(_alternatives(entries[0]))
    if kinds <= _NUMBERS and len(kinds) > 1 and set(map(type, listed)) <= _NUMBERS:
        return list(listed)
    found = []
    for at, entry in enumerate(listed):
        try:
            found.append(_match(entry, entries[0]))
        except _MismatchError as problem:
            raise _MismatchError(problem.wanted, problem.value, f"[{at}]{problem.place}") from None
    return found


def _numbers(value: Any) -> Any:
    """What NumPy makes an array of numbers of, as it is."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        raise _MismatchError("an array of numbers: its rows are not equally long", value) from None
    if array.dtype.kind in "biuf":
        return value
    is_exact = array.dtype.kind == "O" and array.ndim > 0
    if not is_exact or not all(isinstance(entry, Real) for entry in array.flat):
        raise _MismatchError("an array of numbers", value)
    return value
