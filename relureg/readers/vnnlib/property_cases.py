"""A VNN-LIB property as a whole: what it asserts of inputs and outputs, as a disjunction of conjunctions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

from relureg.errors import DataError
from relureg.network.specification import Condition, Specification
from relureg.readers.vnnlib.formulas import Comparison, Formula, Junction, formula
from relureg.readers.vnnlib.names import Names
from relureg.readers.vnnlib.property import assertions

MAX_CASES = 10_000
"""Most cases of a property: each is searched by itself."""


def read_specification(text: str, input_dim: int, output_dim: int, name: str) -> Specification:
    """The property that a text states, for a network of so many inputs and outputs.

    Raises
    ------
    DataError
        The text is no VNN-LIB, names inputs or outputs that the network has not, is not affine, or has too many cases.
    """
    names = Names(dim=input_dim)
    asserted = [formula(assertion, names) for assertion in assertions(text, names)]
    if not asserted:
        raise DataError("asserts nothing")
    cases: list[tuple[Comparison, ...]] = [()]
    for one in asserted:
        alternatives = list(itertools.islice(_cases(one), MAX_CASES + 1))
        if len(cases) * len(alternatives) > MAX_CASES:
            raise DataError(f"has more than {MAX_CASES:,} cases; write fewer alternatives to a file")
        cases = [(*case, *more) for case in cases for more in alternatives]
    return Specification(
        label=name,
        input_dim=input_dim,
        output_dim=output_dim,
        cases=tuple(
            tuple(_condition(comparison, names, output_dim) for comparison in dict.fromkeys(case)) for case in cases
        ),
    )


def _cases(asserted: Formula) -> Iterator[tuple[Comparison, ...]]:
    """The conjunctions of which a formula is the disjunction."""
    if isinstance(asserted, bool):
        if asserted:
            yield ()
    elif isinstance(asserted, Comparison):
        yield (asserted,)
    elif asserted.kind == "or":
        for part in asserted.parts:
            yield from _cases(part)
    else:
        yield from _conjunctions(asserted)


def _conjunctions(junction: Junction) -> Iterator[tuple[Comparison, ...]]:
    if not junction.parts:
        yield ()
        return
    first, *rest = junction.parts
    others = Junction(kind="and", parts=tuple(rest), source=junction.source)
    for case in _cases(first):
        for more in _conjunctions(others):
            yield (*case, *more)


def _condition(comparison: Comparison, names: Names, output_dim: int) -> Condition:
    inputs: dict[int, Fraction] = {}
    outputs: dict[int, Fraction] = {}
    for key, factor in comparison.coefficients:
        if isinstance(key, int):
            inputs[key] = factor
        else:
            number = names.output_number(key, output_dim, comparison.source)
            outputs[number] = outputs.get(number, Fraction(0)) + factor
    return Condition(
        inputs=inputs,
        outputs={k: x for k, x in outputs.items() if x},
        constant=comparison.constant,
        is_strict=comparison.is_strict,
    )
