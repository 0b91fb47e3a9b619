"""The registry of published bounds: a new one is a function with a decorator of this module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from relureg.showing import Shown
from relureg.theory.architecture import Architecture, Hypothesis
from relureg.words import figure

UPPER = "upper"
"""No network with these widths has more regions."""
EXACT = "exact"
"""The largest number of regions of a network with these widths: an upper bound that is attained."""
LOWER = "lower"
"""Some network with these widths has at least as many regions."""
LINE = "line"
"""No straight line meets more regions."""

WORDS: Mapping[str, str] = MappingProxyType({
    UPPER: "at most", EXACT: "at most, attained:", LOWER: "some network has", LINE: "on a line at most",
})  # fmt: skip
"""How a bound of each kind is said, before its value."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Bound:
    """A bound evaluated for one architecture."""

    name: str
    kind: str
    """``upper``, ``exact``, ``lower`` or ``line``."""
    value: int | None
    """None where the bound does not apply."""
    hypotheses: tuple[Hypothesis, ...]
    source: str

    @property
    def applies(self) -> bool:
        return self.value is not None

    @property
    def is_upper(self) -> bool:
        """Whether the number of regions of a network cannot exceed the value."""
        return self.kind in (UPPER, EXACT)

    @property
    def reason(self) -> str:
        """Why it does not apply, or which assumption of the theorem is not met but not needed either."""
        if not self.applies:
            return "; ".join(h.text for h in self.hypotheses if h.needed and not h.holds)
        unmet = [h.text for h in self.hypotheses if not h.needed and h.holds is False]
        return f"holds without: {'; '.join(unmet)}" if unmet else ""

    def __repr__(self) -> str:
        told = "does not apply" if self.value is None else f"{WORDS[self.kind]} {figure(self.value)}"
        return f"<Bound: {told} ({self.name})>"


class Bounds(Shown, tuple[Bound, ...]):
    """Bounds of one architecture, in the order of reading.

    Examples
    --------
    >>> import relureg
    >>> relureg.bounds(widths=[2, 16, 16])
    <Bounds: at most 18,769, some network has 11,097; 13 of 21 apply>
    """

    __slots__ = ()

    def __repr__(self) -> str:
        upper = min((b.value for b in self if b.is_upper and b.value is not None), default=None)
        lower = max((b.value for b in self if b.kind == LOWER and b.value is not None), default=None)
        told = [f"{WORDS[kind]} {figure(n)}" for kind, n in ((UPPER, upper), (LOWER, lower)) if n is not None]
        applying = sum(bound.applies for bound in self)
        return f"<Bounds: {', '.join(told)}{'; ' * bool(told)}{applying} of {len(self)} apply>"


Formula = Callable[[Architecture], int]
Hypotheses = Callable[[Architecture], Sequence[Hypothesis]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Published:
    name: str
    kind: str
    source: str
    hypotheses: Hypotheses
    formula: Formula


_REGISTRY: list[_Published] = []


def published(name: str, kind: str, source: str, hypotheses: Hypotheses) -> Callable[[Formula], Formula]:
    """Register a formula as a bound; it is evaluated only where every needed hypothesis holds."""

    def register(formula: Formula) -> Formula:
        _REGISTRY.append(_Published(name=name, kind=kind, source=source, hypotheses=hypotheses, formula=formula))
        return formula

    return register


def iter_bounds(architecture: Architecture) -> Iterator[Bound]:
    """Every registered bound, in the order of registration."""
    for entry in _REGISTRY:
        hypotheses = tuple(entry.hypotheses(architecture))
        applies = all(h.holds for h in hypotheses if h.needed)
        yield Bound(
            name=entry.name,
            kind=entry.kind,
            value=entry.formula(architecture) if applies else None,
            hypotheses=hypotheses,
            source=entry.source,
        )
