"""One call of a PyTorch function: on affine tensors, or as a part of the head that is stripped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from relureg.errors import UnsupportedNetworkError
from relureg.network.affine_forms import AffineForm, AffineTensor
from relureg.network.model import Port
from relureg.readers.building.tensors import side_by_side
from relureg.readers.torch import arithmetic, convolutions, piecewise_linear, shapes  # noqa: F401 - registered by that
from relureg.readers.torch.functions import FUNCTIONS, IN_PLACE, KINKS, LAYERS, SMOOTH, VIEWS, Context


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value after a smooth function: only what went in before is piecewise linear."""

    cut: AffineTensor
    mixed: bool
    """Whether a layer followed, so that one more smooth function would make the first an activation."""


def call(context: Context, function: str, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """The value of a function of `FUNCTIONS` or `SMOOTH`; raises `ValueError` and the like where it is not read."""
    given = list(tensors_in((args, list(named.values()))))
    check_unchanged(context, given)
    opaque = [value for value in given if isinstance(value, Opaque)]
    if function in SMOOTH or opaque:
        return _head(context, function, args, named, opaque)
    result = FUNCTIONS[function](context, *args, **named)
    in_place = _is_in_place(function, args, named)
    if given and (in_place or function in VIEWS):
        _share(context, given[0], list(tensors_in(result)), in_place)
    return result


def check_unchanged(context: Context, tensors: Sequence[Any]) -> None:
    """Raise `ValueError` where one of these values is no longer what it was."""
    if any(id(tensor) in context.changed for tensor in tensors):
        raise ValueError(
            "it reads a value that an in-place operation has overwritten since; make that one with inplace=False"
        )


def _share(context: Context, source: AffineTensor, results: Sequence[AffineTensor], in_place: bool) -> None:
    """Note that `results` look into the memory of `source`; an operation in place overwrites all others there."""
    root = context.memory.setdefault(id(source), (source, id(source)))[1]
    if in_place:
        context.changed |= {key for key, (_, own) in context.memory.items() if own == root}
    for result in results:
        context.memory[id(result)] = (result, root)
        context.changed.discard(id(result))


def _is_in_place(function: str, args: Sequence[Any], named: Mapping[str, Any]) -> bool:
    if function.endswith("_") or function in ("iadd", "isub", "imul", "itruediv"):
        return True
    place = IN_PLACE.get(function)
    return place is not None and bool(named.get("inplace", args[place] if len(args) > place else False))


def tensors_in(value: Any) -> Iterator[Any]:
    """The tensors in nested lists, tuples and dictionaries."""
    if isinstance(value, AffineTensor | Opaque):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from tensors_in(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from tensors_in(entry)


def outputs_of(context: Context, result: Any) -> tuple[AffineForm, tuple[Port, ...]]:
    """The output of a network: the tensors that a module returns, one after the other."""
    try:
        check_unchanged(context, list(tensors_in(result)))
    except ValueError as error:
        raise UnsupportedNetworkError(str(error), where="output") from error
    if not context.builder.stages and any(isinstance(v, Opaque) and v.mixed for v in tensors_in(result)):
        raise UnsupportedNetworkError(
            "a smooth function is an activation of the network, which is not read; use leaky_relu, relu or hardtanh"
        )
    found = [value.cut if isinstance(value, Opaque) else value for value in tensors_in(result)]
    tensors = list({id(value.form): value for value in found}.values())
    if not tensors:
        raise UnsupportedNetworkError("the module gives no tensor")
    return side_by_side([f"output {number}" for number in range(len(tensors))], tensors)


def _head(
    context: Context, function: str, args: Sequence[Any], named: Mapping[str, Any], opaque: Sequence[Opaque]
) -> Opaque:
    mixed = any(value.mixed for value in opaque)
    if function in KINKS or (function in SMOOTH and mixed):
        raise ValueError("a smooth function before it is an activation inside the network, which is not read")
    if not opaque:
        (cut, *_) = (value for value in tensors_in((args, list(named.values()))) if isinstance(value, AffineTensor))
        if not context.builder.stages and cut.is_constant:
            raise ValueError("it does not depend on the input of the network")
        opaque = [Opaque(cut, False)]
    context.notices.append(f"stripped the head, which moves no region: {context.label}")
    return Opaque(opaque[0].cut, mixed or function in LAYERS)
