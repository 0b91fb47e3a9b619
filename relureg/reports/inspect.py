"""What `relureg inspect` tells: layers, parameters, inputs and outputs, bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from rich.console import RenderableType

from relureg.exact.numbers import as_double
from relureg.exact.rational import RationalMatrix
from relureg.network.model import Network, Port, Stage
from relureg.reports.layout import bounds_summary, facts_table, few_parts, grouped, page, plain_table
from relureg.reports.report import BoundFacts, NetworkFacts, Report, bounds_of

if TYPE_CHECKING:
    from relureg.network.domain import Domain
    from relureg.theory.bounds import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFacts:
    """A hidden layer."""

    name: str
    kind: str
    units: int
    sources: tuple[int, ...]
    parameters: str
    zero_weights: int
    constant_units: int

    @classmethod
    def of(cls, stage: Stage) -> StageFacts:
        form = stage.pre_activation
        matrices = tuple(form.terms.values())
        return cls(
            name=stage.name,
            kind=stage.kind.value,
            units=stage.num_units,
            sources=tuple(form.terms),
            parameters=kind_of([form.constant, *matrices]),
            zero_weights=sum(map(_num_zeros, matrices)),
            constant_units=_num_constant_units(matrices, form.size),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PortFacts:
    """A named input or output of the file."""

    name: str
    shape: tuple[int, ...]
    first: int
    size: int

    @classmethod
    def of(cls, port: Port) -> PortFacts:
        return cls(name=port.name, shape=tuple(port.shape), first=port.first, size=port.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectReport(Report):
    """What a network file holds."""

    command: str = field(default="inspect", init=False)
    network: NetworkFacts
    domain: str | None
    output_dim: int
    sequential: bool
    stages: tuple[StageFacts, ...]
    inputs: tuple[PortFacts, ...]
    outputs: tuple[PortFacts, ...]
    output_parameters: str
    input_box: tuple[tuple[str, ...], tuple[str, ...]] | None
    notices: tuple[str, ...]
    bounds: tuple[BoundFacts, ...]

    @classmethod
    def of(cls, network: Network, bounds: Iterable[Bound], *, domain: Domain | None = None) -> InspectReport:
        return cls(
            network=NetworkFacts.of(network),
            domain=domain.label if domain else None,
            output_dim=network.output_dim,
            sequential=network.is_sequential,
            stages=tuple(map(StageFacts.of, network.stages)),
            inputs=tuple(map(PortFacts.of, network.inputs)),
            outputs=tuple(map(PortFacts.of, network.outputs)),
            output_parameters=kind_of([network.output.constant, *network.output.terms.values()]),
            input_box=_box(network),
            notices=tuple(network.notices),
            bounds=bounds_of(bounds),
        )

    def table(self) -> RenderableType:
        stages = plain_table("stage", "units", "depends on", "parameters", "zero weights", "constant units")
        for number, stage in enumerate(self.stages, start=1):
            stages.add_row(
                str(number), grouped(stage.units), _sources(stage), stage.parameters,
                grouped(stage.zero_weights), grouped(stage.constant_units),
            )  # fmt: skip
        stages.add_row("output", grouped(self.output_dim), "", self.output_parameters, "", "")
        facts = facts_table()
        facts.add_row("effective input dimension", f"{self.network.effective_dim} of {self.network.input_dim}")
        facts.add_row("structure", "layer by layer" if self.sequential else "with skip connections")
        if self.input_box:
            sides = " x ".join(f"[{_decimal(a)}, {_decimal(b)}]" for a, b in zip(*self.input_box, strict=True))
            facts.add_row("input box in the file", f"{few_parts(sides)}   (--box file)")
        for what, ports in (("input", self.inputs), ("output", self.outputs)):
            for port in ports if len(ports) > 1 else ():
                entries = f"entries {port.first} to {port.first + port.size - 1}"
                facts.add_row(f"{what} {port.name}", f"shape {list(port.shape)}, {entries}")
        for notice in self.notices:
            facts.add_row("on reading", notice)
        facts.add_row("sha256", self.network.sha256)
        return page(self.network, self.domain or "", stages, facts, bounds_summary(self.bounds, None))


def kind_of(matrices: list[RationalMatrix]) -> str:
    """The narrowest kind of number that holds all entries."""
    if all(matrix.is_integral for matrix in matrices):
        return "integer"
    if all(matrix.is_exact_as(np.float32) for matrix in matrices):
        return "float32"
    return "float64" if all(matrix.is_exact_as(np.float64) for matrix in matrices) else "rational"


def _box(network: Network) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    if network.input_box is None:
        return None
    low, high = (tuple(str(x) for (x,) in bound.fractions()) for bound in network.input_box)
    return low, high


def _num_zeros(matrix: RationalMatrix) -> int:
    rows, columns = matrix.shape
    return rows * columns - len(matrix.nonzeros()[2])


def _num_constant_units(matrices: Iterable[RationalMatrix], size: int) -> int:
    """Units all of whose weights are zero: they never change sign."""
    alive = np.zeros(size, dtype=np.bool_)
    for matrix in matrices:
        alive[matrix.nonzeros()[0]] = True
    return int(size - alive.sum())


def _sources(stage: StageFacts) -> str:
    sources = ", ".join("input" if s == 0 else f"stage {s}" for s in stage.sources) or "nothing"
    return f"{sources} (comparisons)" if stage.kind == "comparison" else sources


def _decimal(text: str) -> str:
    """A rational bound as people write it."""
    double = as_double(Fraction(text))
    return text if double is None else f"{double:.17g}" if abs(double) < 1e16 and double % 1 == 0 else repr(double)
