"""The splitter: drives the compiled search (`relureg.engine._cells`) over threads, budgets and chunks.

The search is described in the headers of ``_cells``: double-description splitting of cells, depth first,
with a filtered exact predicate. Here a network becomes what the search reads (the essential inputs, every
matrix once in doubles and once in integers), and its chunks become columns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from importlib import import_module
from math import lcm
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.engine.budget import Budget
from relureg.engine.records import Figures, Generators, Point, Predicates, Records, freeze, ranges
from relureg.errors import CheckFailedError, DomainError, EngineUnavailableError, LimitReachedError
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.domain import Domain, essential_inputs
from relureg.network.model import Network
from relureg.network.rational import RationalMatrix

_INTERVAL = 0.05
"""Seconds between looks at a running search: soon enough for Ctrl-C, seldom enough to cost nothing."""


def count_regions(network: Network, domain: Domain | None, budget: Budget) -> Figures:
    """Count without keeping anything: memory does not grow with the number of regions.

    Raises
    ------
    DomainError
        The domain has no interior.
    LimitReachedError
        Memory is exhausted.
    """
    run = _Run(network, domain, budget, records=False)
    for _ in run.chunks():
        pass
    return run.figures()


def find_records(network: Network, domain: Domain | None, budget: Budget) -> Records:
    """All regions as columns, in the order of their sign vectors; raises as `count_regions` does."""
    run = _Run(network, domain, budget, records=True)
    chunks = list(run.chunks())
    run.figures()  # raises where there is nothing to merge
    return _merge(chunks, network, run.essential)


def find_generators(network: Network, domain: Domain | None, budget: Budget) -> tuple[Records, Generators]:
    """All regions, and their vertices and rays; raises as `count_regions` does."""
    run = _Run(network, domain, budget, records=True, generators=True)
    chunks = list(run.chunks())
    run.figures()
    num_rows = network.num_units + (0 if domain is None else domain.num_rows)
    return _merge(chunks, network, run.essential), _merge_generators(chunks, network, run.essential, num_rows)


@cache
def _module() -> Any:
    """The compiled search, in the variant for this processor."""
    try:
        module = import_module("relureg.engine._cells")
        return import_module("relureg.engine._cells_v3") if module.has_modern_processor() else module
    except ImportError as error:
        raise EngineUnavailableError(
            "the compiled engine is missing; install relureg with a C++ compiler and libgmp-dev present, "
            "or choose --engine lp"
        ) from error


class _Run:
    """One search from start to end."""

    def __init__(
        self, network: Network, domain: Domain | None, budget: Budget, *, records: bool, generators: bool = False
    ) -> None:
        self.network = network
        self.domain = domain
        self.budget = budget
        self.essential = essential_inputs(network, domain)
        self._run = _module().Run(
            _translate(network, domain, self.essential),
            records=records,
            generators=generators,
            audit=budget.audit,
            max_regions=budget.max_regions or 0,
            jobs=budget.jobs or os.cpu_count() or 1,
        )

    def chunks(self) -> Iterator[dict[str, Any]]:
        """Start the search, and yield records as work units end; stop it at a limit or when interrupted."""
        run, budget = self._run, self.budget
        run.start()
        try:
            done = False
            while not done:
                done = run.wait(_INTERVAL)
                while (chunk := run.take_chunk()) is not None:
                    yield chunk
                if not done and not budget.allows_more_time(run.regions_so_far, run.fraction_done):
                    break
        finally:
            run.stop()
            run.join()
        while (chunk := run.take_chunk()) is not None:
            yield chunk
        if run.error == "memory":
            raise LimitReachedError("out of memory; give --max-regions, or a smaller box")
        if run.error:
            raise CheckFailedError(f"the splitter contradicts itself: {run.error}; please report the network")
        if run.is_out_of_regions:
            budget.exhausted = f"the limit of {budget.max_regions:,} regions"

    def figures(self) -> Figures:
        """What the search counted; raises where it shows that there is nothing to count."""
        counted = self._run.figures()
        complete = self.budget.exhausted is None
        if complete and not counted["regions"]:
            raise DomainError("the domain has no interior; its inequalities leave no room")
        return Figures(
            regions=counted["regions"],
            bounded=counted["bounded"],
            per_stage=tuple(counted["per_stage"][(self.domain is not None) :]),
            inner_facets=counted["facet_sides"] // 2 if complete else None,
            boundary_facets=counted["boundary_facets"] if complete else None,
            is_watertight=counted["is_balanced"] and counted["facet_sides"] % 2 == 0 if complete else None,
            predicates=Predicates(total=counted["decisions"], exact=counted["exact_decisions"], zero=counted["zeros"]),
        )


def _translate(network: Network, domain: Domain | None, essential: list[int]) -> Any:
    """The network on its essential inputs, for the search; the rows of the domain are its first stage."""
    translated = _module().Network(len(essential))
    denominators: dict[int, int] = {INPUT: 1}
    offset = 0
    if domain is not None:
        walls = AffineForm(constant=domain.constants, terms={INPUT: domain.normals})
        _add_stage(translated, walls, essential, denominators, 0, forced=True)
        offset = 1
    for number, stage in enumerate(network.stages, start=1):
        denominators[number] = _add_stage(
            translated, stage.pre_activation, essential, denominators, offset, forced=False
        )
    return translated


def _add_stage(
    translated: Any, form: AffineForm, essential: list[int], denominators: dict[int, int], offset: int, *, forced: bool
) -> int:
    """Add one stage; returns the denominator that makes its exact rows integral."""
    terms = {s: m.columns(essential) if s == INPUT else m for s, m in form.terms.items()}
    denominator = lcm(form.constant.denominator, *(m.denominator * denominators[s] for s, m in terms.items()))
    doubles = {s: _nearest_doubles(m) for s, m in [(-1, form.constant), *terms.items()]}
    translated.add_stage(
        units=form.size,
        forced=forced,
        is_rounded=not all(m.is_exact_as(np.float64) for m in [form.constant, *terms.values()]),
        is_out_of_range=not all(_is_in_range(m, doubles[s]) for s, m in [(-1, form.constant), *terms.items()]),
        constant=doubles[-1].reshape(-1),
        exact_constant=_hexadecimal(form.constant, denominator // form.constant.denominator),
    )
    for source, matrix in terms.items():
        translated.add_term(
            source=source + offset if source else INPUT,
            columns=matrix.shape[1],
            by_column=np.ascontiguousarray(doubles[source].T).reshape(-1),
            exact=_hexadecimal(matrix, denominator // (matrix.denominator * denominators[source])),
        )
    return denominator


def _nearest_doubles(matrix: RationalMatrix) -> NDArray[np.float64]:
    try:
        return matrix.floats
    except OverflowError:
        return np.zeros(matrix.shape)


def _is_in_range(matrix: RationalMatrix, doubles: NDArray[np.float64]) -> bool:
    """Whether every entry is 0 or rounds with a relative error of at most 2^-53, far from overflow."""
    size = np.abs(doubles)
    zero = np.array([not n for n in matrix.numerators.flat], dtype=np.bool_).reshape(matrix.shape)
    return bool((zero | ((size > 2.0**-900) & (size < 2.0**900))).all())


def _hexadecimal(matrix: RationalMatrix, factor: int) -> str:
    return " ".join(f"{n * factor:x}" for n in matrix.numerators.flat)


def _merge(chunks: list[dict[str, Any]], network: Network, essential: list[int]) -> Records:
    """Chunks of the search as one set of columns, sorted by sign vector."""

    def column(name: str, dtype: Any) -> NDArray[Any]:
        return _column(chunks, name, dtype)

    bounded = column("bounded", np.uint8).astype(np.bool_)
    num_regions = len(bounded)
    patterns, vanishing = _sign_vectors(chunks, network)
    order = _by_sign_vector(patterns, vanishing, network.num_units)
    points = np.zeros((num_regions, network.input_dim))
    points[:, essential] = column("points", np.float64).reshape(num_regions, len(essential))
    counts = column("facet_count", np.int64)
    facets = ranges((np.cumsum(counts) - counts)[order], counts[order])
    lengths = column("facet_length", np.int64)
    units = column("facet_units", np.int32)[ranges((np.cumsum(lengths) - lengths)[facets], lengths[facets])]
    rank_of = np.empty(num_regions, dtype=np.int64)
    rank_of[order] = np.arange(num_regions)
    records = Records(
        num_units=network.num_units,
        patterns=patterns[order],
        vanishing=vanishing[order],
        bounded=bounded[order],
        points=points[order],
        exact_points=MappingProxyType(dict(_exact_points(chunks, rank_of, network.input_dim, essential))),
        facet_region=np.repeat(np.arange(num_regions, dtype=np.int64), counts[order]),
        facet_on_boundary=column("facet_on_boundary", np.uint8).astype(np.bool_)[facets],
        facet_starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths[facets])]),
        facet_units=units,
    )
    freeze(records)
    return records


def _merge_generators(
    chunks: list[dict[str, Any]], network: Network, essential: list[int], num_rows: int
) -> Generators:
    """The generators of all chunks, in the order of `_merge`."""
    counts = _column(chunks, "generator_count", np.int64)
    total = int(counts.sum())
    coordinates = np.zeros((total, network.input_dim))
    coordinates[:, essential] = _column(chunks, "generators", np.float64).reshape(total, len(essential))
    unsorted = Generators(
        num_rows=num_rows,
        starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)]),
        coordinates=coordinates,
        zeros=_column(chunks, "generator_zeros", np.uint64).reshape(total, num_rows // 64 + 1),
    )
    return unsorted.take(_by_sign_vector(*_sign_vectors(chunks, network), network.num_units))


def _column(chunks: list[dict[str, Any]], name: str, dtype: Any) -> NDArray[Any]:
    return np.concatenate([np.empty(0, dtype=dtype), *(chunk[name] for chunk in chunks)])


def _sign_vectors(chunks: list[dict[str, Any]], network: Network) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The packed columns `patterns` and `vanishing`, as they came."""
    width = (network.num_units + 7) // 8
    patterns, vanishing = (_column(chunks, name, np.uint8) for name in ("patterns", "vanishing"))
    rows = sum(len(chunk["bounded"]) for chunk in chunks)
    return patterns.reshape(rows, width), vanishing.reshape(rows, width)


def _by_sign_vector(patterns: NDArray[np.uint8], vanishing: NDArray[np.uint8], num_units: int) -> NDArray[np.int64]:
    """The permutation that sorts regions by sign vector, unit 0 first: -, 0, +."""
    if not num_units:
        return np.arange(len(patterns))
    # Bit 7 of a byte is to be its first unit; two bits a unit, + above 0 above -.
    high = np.unpackbits(patterns, axis=1, count=num_units, bitorder="little")
    low = np.unpackbits(vanishing, axis=1, count=num_units, bitorder="little")
    keys = np.packbits(np.stack([high, low], axis=2).reshape(len(patterns), -1), axis=1)
    return np.lexsort(keys.T[::-1])


def _exact_points(
    chunks: list[dict[str, Any]], rank_of: NDArray[np.int64], dim: int, essential: list[int]
) -> Iterator[tuple[int, Point]]:
    first = 0
    for chunk in chunks:
        for region, coordinates in chunk["exact_points"].items():
            point = [Fraction(0)] * dim
            for axis, text in zip(essential, coordinates, strict=True):
                numerator, denominator = text.split("/")
                point[axis] = Fraction(int(numerator, 16), int(denominator, 16))
            yield int(rank_of[first + region]), tuple(point)
        first += len(chunk["bounded"])
