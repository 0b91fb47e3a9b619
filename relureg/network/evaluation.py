"""The walk along the stages of a network, forth with values and back with coefficients, in any arithmetic.

Forth: stage l computes an affine form of the input and of the units of earlier stages, ``z_l = b_l + sum_k W_lk h_k``,
and its units ``h_l = max(z_l, 0)``; the output is one more affine form. What a value is, is up to the caller: doubles
at many points, rationals, pairs of doubles, residues, intervals, affine maps of the input. So is which units count as
active: those that are positive at a point, or those of a given region.

Back: an affine form over the input and the units is one over the input alone, on a region. The coefficients of the last
stage's units are put in terms of what these units are there, then those of the stage before, down to the input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, TypeVar

from relureg.network.affine_forms import INPUT

Form = TypeVar("Form")
"""What is evaluated at each stage."""
Value = TypeVar("Value")
"""The value of a form."""
Units = TypeVar("Units")
"""The input, or the units of a stage."""


def iter_values(
    forms: Sequence[Form],
    inputs: Units,
    affine: Callable[[Form, Mapping[int, Units]], Value],
    units: Callable[[int, Value], Units],
) -> Iterator[Value]:
    """The values of all forms, one after the other.

    Parameters
    ----------
    forms : sequence
        Of the stages, in order; the output last, if it is wanted.
    inputs : Units
        The network's input.
    affine : callable
        The value of a form, given the sources it may read by their numbers.
    units : callable
        The units of a stage, given its number and its value. It is called when the next value is asked for; so the
        caller may look at a value before it says which units are active.

    Yields
    ------
    Value
        z_1, z_2, ...

    Examples
    --------
    >>> forms = [lambda h: 2 * h[0] - 1, lambda h: h[0] + 3 * h[1]]  # max(2 x - 1, 0), then x + 3 h
    >>> list(iter_values(forms, 2, lambda form, h: form(h), lambda number, z: max(z, 0)))
    [3, 11]
    """
    sources = {INPUT: inputs}
    for number, form in enumerate(forms[:-1], start=1):
        value = affine(form, sources)
        yield value
        sources[number] = units(number, value)
    for form in forms[-1:]:  # whose units none reads
        yield affine(form, sources)


def last_value(
    forms: Sequence[Form],
    inputs: Units,
    affine: Callable[[Form, Mapping[int, Units]], Value],
    units: Callable[[int, Value], Units],
) -> Value:
    """The value of the last form, the output; the parameters are those of `iter_values`, with at least one form."""
    for value in iter_values(forms, inputs, affine, units):  # noqa: B007
        pass
    return value


def pull_back(
    coefficients: Mapping[int, Value], last: int, through: Callable[[int, Value], Iterable[tuple[int, Value]]]
) -> dict[int, Value]:
    """An affine form over the input and the units of stages as one over the input alone.

    Parameters
    ----------
    coefficients : mapping of source number to Value
        Also of `CONSTANT`, where there is one.
    last : int
        The number of the last stage that it may read.
    through : callable
        What the units of a stage become, given its number and their coefficients: pairs of a source, or `CONSTANT`,
        and what is added to its coefficients.

    Returns
    -------
    dict of source number to Value
        Of `INPUT` and `CONSTANT`, those of them that there are.

    Examples
    --------
    >>> from relureg.network.affine_forms import CONSTANT
    >>> pull_back({0: 1, 1: 3}, 1, lambda number, a: [(CONSTANT, -a), (INPUT, 2 * a)])  # of the example above
    {0: 7, -1: -3}
    """
    held = dict(coefficients)
    for number in range(last, 0, -1):
        if number in held:
            add_to(held, through(number, held.pop(number)))
    return held


def add_to(held: MutableMapping[int, Any], passed: Iterable[tuple[int, Any]]) -> None:
    """Add what was passed back to the coefficients that are held, in place."""
    for source, coefficients in passed:
        held[source] = held[source] + coefficients if source in held else coefficients
