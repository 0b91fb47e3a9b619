"""What TorchScript's code computes with numbers, lists and texts, on the way to shapes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

_MAX_LIST = 10_000


def bounded(value: Any) -> Any:
    """A number or a list as it is; raises where it grows beyond what TorchScript has."""
    if isinstance(value, int) and abs(value) >= 2**63:
        raise OverflowError("an integer of more than 64 bits")
    if isinstance(value, list | tuple | str) and len(value) > _MAX_LIST:
        raise OverflowError(f"a list of more than {_MAX_LIST:,} entries")
    return value


def _times(a: Any, b: Any) -> Any:
    if not (isinstance(a, int | float) and isinstance(b, int | float)):
        raise TypeError("a product of something that is no number")
    return a * b


def _same(value: Any, *_: Any) -> Any:
    return value


CASTS: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "bool": bool, "str": str}

ON_ANYTHING: dict[str, Callable[..., Any]] = {
    "__is__": lambda a, b: a is b, "__isnot__": lambda a, b: a is not b, "append": lambda a, b: a.append(b),
    "__contains__": lambda a, b: b in a, "unchecked_cast": _same, "warn": lambda *_: None,
    "device": lambda *_: None, "dtype": lambda *_: None, "layout": lambda *_: None,
    "data": _same, "tuple": lambda a: tuple(a), "list": lambda a: list(a),
}  # fmt: skip

ON_NUMBERS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": _times, "div": operator.truediv,
    "floordiv": operator.floordiv, "floor_divide": operator.floordiv, "remainder": operator.mod, "neg": operator.neg,
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq, "ne": operator.ne,
    "__not__": operator.not_, "__and__": lambda a, b: a and b, "__or__": lambda a, b: a or b, "len": len,
    "min": min, "max": max, "abs": abs, "floor": math.floor, "ceil": math.ceil, "sqrt": math.sqrt, "Int": int,
    "Float": float, "Bool": bool, "IntImplicit": int, "FloatImplicit": float, "ScalarImplicit": _same,
    "NumToTensor": _same, "Scalar": _same, "__getitem__": operator.getitem,
}  # fmt: skip
