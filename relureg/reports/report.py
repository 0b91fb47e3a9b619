"""What every report has, the records that several reports hold, and how a report becomes JSON.

A report is what a command tells: a frozen record whose fields are the keys of the JSON document, in their order, and
whose `table` shows the same to people. docs/json-output.md explains the keys; docs/output.schema.json lists them.
"""

from __future__ import annotations

import dataclasses
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

from relureg import version
from relureg.exact.numbers import nearest_double
from relureg.frozen import read_only
from relureg.words import about

if TYPE_CHECKING:
    from rich.console import RenderableType

    from relureg.complex.checks import Check
    from relureg.engine.intervals import Interval
    from relureg.network.domain import Domain
    from relureg.network.model import Network
    from relureg.network.slices import Slice
    from relureg.theory.bounds import Bound

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceFacts:
    """Where the inputs lie in the input space of the network as read: base + directions @ inputs, as texts p/q."""

    label: str
    base: tuple[str, ...]
    directions: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, flat: Slice) -> SliceFacts:
        return cls(
            label=flat.label,
            base=tuple(str(x) for (x,) in flat.base.fractions()),
            directions=tuple(tuple(map(str, row)) for row in flat.directions.T.fractions()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """What every report tells of a network."""

    name: str
    input_dim: int
    effective_dim: int
    widths: tuple[int, ...]
    output_dim: int
    num_units: int
    num_comparison_units: int
    sha256: str
    slice: SliceFacts | None

    @classmethod
    def of(cls, network: Network, **more: Any) -> Self:
        """The facts of a network; `more` are the fields that a subclass adds."""
        return cls(
            name=network.name,
            input_dim=network.input_dim,
            effective_dim=network.effective_dim,
            widths=tuple(network.widths),
            output_dim=network.output_dim,
            num_units=network.num_units,
            num_comparison_units=network.num_comparison_units,
            sha256=network.sha256,
            slice=None if network.slice is None else SliceFacts.of(network.slice),
            **more,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactNumber:
    """A rational, exactly and as a double."""

    num: int
    den: int
    float_: float

    @classmethod
    def of(cls, value: Fraction) -> ExactNumber:
        return cls(num=value.numerator, den=value.denominator, float_=nearest_double(value))

    @property
    def ratio(self) -> str:
        """As people write it: ``3`` or ``3/2``."""
        return str(self.num) if self.den == 1 else f"{self.num}/{self.den}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalFacts:
    """An estimate with its 95 % interval."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, told: Interval | None) -> IntervalFacts | None:
        return None if told is None else cls(mean=told.mean, low=told.low, high=told.high)

    @property
    def is_exact(self) -> bool:
        return self.low == self.high

    def words(self, unit: float = 1.0) -> tuple[str, str]:
        """The mean, and the interval, with four digits each."""
        if self.is_exact:
            return f"{unit * self.mean:,.4g}" if unit != 1 or self.mean % 1 else f"{self.mean:,.0f}", "exact"
        return about(unit * self.mean), f"{about(unit * self.low)} to {about(unit * self.high)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisFacts:
    """An assumption of a theorem, and whether it holds."""

    text: str
    holds: bool | None
    needed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundFacts:
    """A published bound for one architecture."""

    name: str
    kind: str
    value: int | None
    applies: bool
    reason: str | None
    hypotheses: tuple[HypothesisFacts, ...]
    source: str

    @classmethod
    def of(cls, bound: Bound) -> BoundFacts:
        hypotheses = tuple(HypothesisFacts(text=h.text, holds=h.holds, needed=h.needed) for h in bound.hypotheses)
        return cls(
            name=bound.name,
            kind=bound.kind,
            value=bound.value,
            applies=bound.applies,
            reason=bound.reason or None,
            hypotheses=hypotheses,
            source=bound.source,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(ABC):
    """What one run of a command tells."""

    schema_version: int = field(default=SCHEMA_VERSION, init=False)
    command: str = field(default="", init=False)
    relureg_version: str = field(default=version.__version__, init=False)
    network: NetworkFacts | None
    seconds: float = 0.0
    """Since the command began; known when the report is printed."""

    @abstractmethod
    def table(self) -> RenderableType:
        """The report for people."""


def bounds_of(bounds: Iterable[Bound]) -> tuple[BoundFacts, ...]:
    return tuple(map(BoundFacts.of, bounds))


def checks_of(checks: Iterable[Check]) -> Mapping[str, bool | None]:
    """Whether each check held."""
    found: Mapping[str, bool | None] = read_only({check.name: check.passed for check in checks})
    return found


def details_of(checks: Iterable[Check]) -> Mapping[str, str]:
    """What each check compared."""
    found: Mapping[str, str] = read_only({check.name: check.detail for check in checks})
    return found


def place_of(network: Network, domain: Domain | None) -> str:
    """Where was looked: the domain, or the whole input space."""
    return domain.label if domain else f"whole space R^{network.input_dim}"


def key_of(name: str) -> str:
    """The key of a field: a field named like a word of Python has an underscore after it."""
    return name.removesuffix("_")


def json_text(value: Any, *, indent: int | None = 1) -> str:
    """A report, or a record of one, as JSON."""
    return json.dumps(value, indent=indent, default=_as_object)


def _as_object(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    return {key_of(entry.name): getattr(value, entry.name) for entry in dataclasses.fields(value)}
