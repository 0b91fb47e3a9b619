"""What is to hold of the outputs of a network: a property, stated by what would violate it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from relureg.frozen import Frozen, read_only


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Condition(Frozen):
    """``constant + inputs . x + outputs . y <= 0``, or ``< 0``."""

    inputs: Mapping[int, Fraction]
    """Coefficients by the number of the input, none of them 0."""
    outputs: Mapping[int, Fraction]
    """Coefficients by the number of the output, none of them 0."""
    constant: Fraction
    is_strict: bool

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs"):
            object.__setattr__(self, name, read_only(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """A property: it is violated where an input satisfies all conditions of one of the cases, and holds if none does.

    So VNN-LIB [DGPT23] states properties: what is asserted is a counterexample.
    """

    label: str
    """How a report names it."""
    input_dim: int
    output_dim: int
    cases: tuple[tuple[Condition, ...], ...]
    """A disjunction of conjunctions; without a case nothing can violate the property."""
