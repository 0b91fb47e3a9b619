"""The input constraints of a VNN-LIB property, as a domain.

VNN-LIB [DGPT23] writes a property as SMT-LIB assertions
over the inputs and the outputs of a network. A domain is what the assertions on inputs alone, joined by "and", say;
those on outputs alone are left out. Versions 1.0 and 2.0 are read, the latter for one network. Numbers are taken for
the doubles they parse to, as everywhere. Whatever else a file holds is refused: nothing is left out in silence.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from fractions import Fraction

from relureg.errors import DataError, DomainError
from relureg.exact.rational import RationalMatrix
from relureg.network.domain import Domain
from relureg.network.equations import reduced
from relureg.readers.vnnlib.formulas import Comparison, Formula, Junction, formula
from relureg.readers.vnnlib.names import Names
from relureg.readers.vnnlib.s_expressions import Expression, Group, Symbol, parse, refusal

_SILENT = {"set-logic": 1, "set-info": 2, "set-option": 2, "get-info": 1, "get-model": 0, "echo": 1}
"""Commands that say nothing of inputs, with the number of words that they take at most; none takes an expression."""
_ENDS = {"check-sat", "exit"}
"""Commands after which nothing may be asserted."""


def read(text: str, dim: int, name: str) -> Domain:
    """The domain in R^dim that a property's input constraints state.

    Raises
    ------
    DataError
        The text is no VNN-LIB, names inputs that the network has not, or its input constraints are not affine or not
        one polyhedron.
    DomainError
        No input satisfies them.
    """
    names = Names(dim=dim)
    rows = [row for assertion in assertions(text, names) for row in _rows(assertion, names)]
    if not rows:
        raise DataError(f"states no constraint on inputs {names.shown}")
    domain = _as_box(rows, dim)
    if domain is None:
        domain = Domain.polytope([_coefficients(row, dim) for row in rows], [-row.constant for row in rows])
    _refuse_touching(domain, [row for row in rows if row.is_strict])
    is_short = dim <= 4 and domain.label.startswith("box")
    return dataclasses.replace(domain, label=domain.label if is_short else f"inputs of {name}")


def assertions(text: str, names: Names) -> Iterator[Expression]:
    """What a file asserts; its declarations go to `names`."""
    ended: Group | None = None
    for command in parse(text):
        if not isinstance(command, Group):
            raise refusal(command, "stands outside of parentheses; this is no VNN-LIB")
        if ended is not None and command.head not in _SILENT.keys() | _ENDS:
            raise refusal(command, f"stands after {ended}; write one property a file")
        match command.head:
            case "assert":
                if len(command.arguments) != 1:
                    raise refusal(command, "does not assert one formula")
                yield command.arguments[0]
            case "declare-const" | "declare-fun":
                names.declare(command)
            case "declare-network":
                names.declare_network(command)
            case "vnnlib-version":
                names.read_version(command)
            case head if head in _ENDS and not command.arguments:
                ended = command
            case head if head not in _SILENT or not _are_words(command.arguments, _SILENT[head]):
                raise refusal(command, "is not understood; declarations and assertions are read")


def _are_words(arguments: tuple[Expression, ...], most: int) -> bool:
    # With a parenthesis forgotten, what follows a command would be its argument, and be left out.
    return len(arguments) <= most and all(isinstance(word, Symbol) for word in arguments)


def _rows(assertion: Expression, names: Names) -> Iterator[Comparison]:
    """What an assertion says of inputs alone."""
    found = formula(assertion, names)
    if isinstance(found, bool):
        if not found:
            raise _empty(assertion)
        return
    parts: tuple[Formula, ...] = found.parts if isinstance(found, Junction) and found.kind == "and" else (found,)
    for part in parts:
        assert not isinstance(part, bool)
        if part.reads == {"outputs"}:
            continue
        if part.reads != {"inputs"}:
            raise refusal(part.source, "joins inputs and outputs, which is no domain of inputs")
        if isinstance(part, Junction):
            count = len(part.parts)
            raise refusal(part.source, f"is a union of {count} input sets; write one of them to a file of its own")
        yield part


def _as_box(rows: list[Comparison], dim: int) -> Domain | None:
    """The tightest bounds, where every row bounds one input."""
    low: list[Fraction | float] = [-math.inf] * dim
    high: list[Fraction | float] = [math.inf] * dim
    if any(len(row.coefficients) > 1 for row in rows):
        return None
    for row in rows:
        ((axis, factor),) = row.coefficients
        assert isinstance(axis, int)
        bound = -row.constant / factor
        if factor > 0:
            high[axis] = min(high[axis], bound)
        else:
            low[axis] = max(low[axis], bound)
        if low[axis] > high[axis]:
            raise _empty(row.source)
    return Domain.box(low, high)


def _refuse_touching(domain: Domain, strict: list[Comparison]) -> None:
    """Refuse ``x < 3`` beside ``x = 3``: on the flat of a domain's equations a strict wall must leave room."""
    flat = reduced(domain)[0] if strict and domain.equations is not None else None
    if flat is None:
        return
    for row in strict:
        normal = RationalMatrix.from_fractions([_coefficients(row, domain.dim)], domain.dim)
        at_base = RationalMatrix.from_fractions([[row.constant]], 1) + normal @ flat.base
        if (normal @ flat.directions).is_zero and at_base.is_zero:
            raise _empty(row.source)


def _coefficients(row: Comparison, dim: int) -> list[Fraction]:
    entries = [Fraction(0)] * dim
    for axis, factor in row.coefficients:
        assert isinstance(axis, int)
        entries[axis] = factor
    return entries


def _empty(source: Expression) -> DomainError:
    told = refusal(source, "holds nowhere")
    return DomainError(f"the domain is empty: {told.message}, with what stands before", where=told.where)
