"""The splitter: drives the compiled search (`relureg.engine._cells`) over threads, limits and chunks.

The search is described in the headers of ``_cells``: double-description splitting of cells, depth first,
with a filtered exact predicate. Here a network becomes what the search reads (the essential inputs, every
matrix in doubles, and in integers where doubles do not hold it), and its chunks become columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from importlib import import_module
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.engine.gathering import by_sign_vector, in_order, rounded_point
from relureg.engine.limits import Watch, Workers
from relureg.engine.magnitudes import level, scaled
from relureg.engine.records import Enumeration, Figures, Generators, Point, Records, freeze
from relureg.engine.sums import WHOLE, Sums
from relureg.errors import CheckFailedError, EngineUnavailableError, LimitReachedError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network
from relureg.network.problem import Problem

_INTERVAL = 0.05
"""Seconds between looks at a running search: soon enough for Ctrl-C, seldom enough to cost nothing."""

_NOTHING = np.zeros(0)


def count_regions(problem: Problem, workers: Workers, watch: Watch) -> Figures:
    """Count without keeping anything: memory does not grow with the number of regions.

    Raises
    ------
    DomainError
        The domain has no interior.
    LimitReachedError
        Memory is exhausted.
    """
    return CompiledRun(problem, workers, watch).count()


def find_records(problem: Problem, workers: Workers, watch: Watch) -> Enumeration:
    """All regions as columns, in the order of their sign vectors; raises as `count_regions` does."""
    return _find(problem, workers, watch, generators=False)


def find_generators(problem: Problem, workers: Workers, watch: Watch) -> Enumeration:
    """All regions, and their vertices and rays; raises as `count_regions` does."""
    return _find(problem, workers, watch, generators=True)


def _find(problem: Problem, workers: Workers, watch: Watch, *, generators: bool) -> Enumeration:
    return CompiledRun(problem, workers, watch, records=True, generators=generators).find()


@cache
def module() -> Any:
    """The compiled search, in the variant for this processor."""
    try:
        cells = import_module("relureg.engine._cells")
        return import_module("relureg.engine._cells_v3") if cells.has_modern_processor() else cells
    except ImportError as error:
        raise EngineUnavailableError(
            "the compiled engine is missing; install relureg with a C++ compiler and libgmp-dev present, "
            "or choose --engine lp"
        ) from error


class CompiledRun:
    """One search from start to end: use `count` or `find` once.

    Parameters
    ----------
    problem : Problem
    workers : Workers
    watch : Watch
    records : bool, optional
        Keep every region; else only figures.
    generators : bool, optional
        Keep the vertices and rays of every region as well; the splitter alone knows them.
    dictionaries : bool, optional
        Hold cells as `relureg.engine.dictionaries` does, and not by their generators.
    chunk_regions : int, optional
        Hand regions over whenever a thread has found so many, and let it wait while nobody takes them: memory does not
        grow with their number. With 0 they come as batches end, and no thread waits.
    norms : NormSearch, optional
        Of the compiled module: yield only regions whose Jacobian has a larger norm than what is known, without their
        facets; of dictionaries alone.
    """

    def __init__(
        self,
        problem: Problem,
        workers: Workers,
        watch: Watch,
        *,
        records: bool = False,
        generators: bool = False,
        dictionaries: bool = False,
        chunk_regions: int = 0,
        norms: Any = None,
    ) -> None:
        self.problem = problem
        self.finds_facets = records or not dictionaries or workers.enumerates
        self.generators = generators
        self.watch = watch
        self.stopped_by: str | None = None
        self._norms = norms
        self._run = module().Run(
            translate(problem, merges_twins=not (records or dictionaries or workers.enumerates)),
            records=records,
            generators=generators,
            audit=workers.audit,
            max_regions=watch.limits.max_regions or 0,
            enumerates=workers.enumerates,
            dictionaries=dictionaries,
            chunk_regions=chunk_regions,
            jobs=workers.threads,
            batches=[WHOLE],
            **({} if norms is None else {"norms": norms}),
        )

    def count(self) -> Figures:
        """Search, and keep nothing; raises as `count_regions` does."""
        for _ in self.chunks():
            pass
        return self.figures()

    def find(self) -> Enumeration:
        """Search, and keep every region; raises as `count_regions` does."""
        chunks = list(self.chunks())
        self.figures()  # raises where there is nothing to merge
        return Enumeration(
            records=merge(chunks, self.problem),
            generators=merge_generators(chunks, self.problem) if self.generators else None,
            stopped_by=self.stopped_by,
        )

    def chunks(self) -> Iterator[dict[str, Any]]:
        """Start the search, and yield records as batches end; stop it at a limit or when interrupted."""
        run = self._run
        run.start()
        try:
            done = False
            while not done:
                done = run.wait(_INTERVAL)
                if (chunk := run.take_chunk()) is not None:  # one: limits are looked at, however fast chunks come
                    yield chunk
                if not done:
                    seen = run.regions_so_far if self._norms is None else self._norms.cells
                    self.stopped_by = self.watch.out_of_time(seen, run.fraction_done)
                if self.stopped_by is not None:
                    break
        finally:
            run.stop()
            run.join()
        while (chunk := run.take_chunk()) is not None:
            yield chunk
        raise_error(run)
        if run.is_out_of_regions:
            self.stopped_by = self.watch.limits.region_limit

    def figures(self) -> Figures:
        """What the search counted; raises where it shows that there is nothing to count."""
        return Sums.of(self._run).figures(self.problem, stopped_by=self.stopped_by, has_facets=self.finds_facets)


def raise_error(run: Any) -> None:
    """Raise what a search that has ended says went wrong, if anything."""
    if run.error == "memory":
        raise LimitReachedError("out of memory; give --max-regions, or a smaller box")
    if run.error:
        raise CheckFailedError(f"the splitter contradicts itself: {run.error}; please report the network")


def translate(problem: Problem, *, merges_twins: bool = False) -> Any:
    """The network on its essential inputs, for the search; the rows of the domain are its first stage.

    Units that repeat others may be left out (`twins.hpp`) where only figures are asked for, not which unit it is.
    """
    essential = list(problem.essential_inputs)
    forms = [*problem.walls, *(stage.pre_activation for stage in problem.network.stages)]
    terms = [_on_inputs(form, essential) for form in forms]
    exponents = level([*_input_rows(forms, terms)], len(essential))
    if any(exponents):
        for of_form in terms:
            if INPUT in of_form:
                of_form[INPUT] = scaled(of_form[INPUT], exponents)
    translated = module().Network(len(essential), exponents)
    denominators: dict[int, int] = {INPUT: 1}
    offset = len(problem.walls)
    for number, (form, of_form) in enumerate(zip(forms, terms, strict=True), start=1 - offset):
        denominator = _denominator(form.constant, of_form, denominators)
        _add_stage(translated, form.constant, of_form, denominator, denominators, offset, forced=number < 1)
        if number > 0:
            denominators[number] = denominator
    if merges_twins:
        translated.merge_twins()
    return translated


def unit_scales(problem: Problem) -> dict[int, Fraction]:
    """By source: its values in the search over those in the network; between 1 and 2, and 1 where all is in doubles."""
    essential = list(problem.essential_inputs)
    denominators: dict[int, int] = {INPUT: 1}
    for number, stage in enumerate(problem.network.stages, start=1):
        form = stage.pre_activation
        denominators[number] = _denominator(form.constant, _on_inputs(form, essential), denominators)
    return {source: Fraction(d, 1 << d.bit_length() - 1) for source, d in denominators.items()}


def _on_inputs(form: AffineForm, essential: list[int]) -> dict[int, RationalMatrix]:
    """The terms of a form, on the essential inputs alone."""
    return {s: m.columns(essential) if s == INPUT else m for s, m in form.terms.items()}


def _input_rows(
    forms: list[AffineForm], terms: list[dict[int, RationalMatrix]]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Constants and weights of the rows that are applied directly to the input, in doubles."""
    for form, of_form in zip(forms, terms, strict=True):
        if INPUT in of_form:
            yield _nearest_doubles(form.constant), _nearest_doubles(of_form[INPUT])


def _denominator(constant: RationalMatrix, terms: Mapping[int, RationalMatrix], denominators: Mapping[int, int]) -> int:
    """What a stage is multiplied with so that all of it is integers, if its sources are times their denominators."""
    return lcm(constant.denominator, *(m.denominator * denominators[s] for s, m in terms.items()))


def _add_stage(
    translated: Any,
    constant: RationalMatrix,
    terms: dict[int, RationalMatrix],
    denominator: int,
    denominators: dict[int, int],
    offset: int,
    *,
    forced: bool,
) -> None:
    """Add one stage, of which that denominator makes integers."""

    def entries(matrix: RationalMatrix, source_denominator: int) -> tuple[NDArray[np.float64], int, str]:
        """Doubles and the power of two that makes them these integers; or the integers, where there is none."""
        scale = denominator // source_denominator
        if scale & (scale - 1) or (doubles := matrix.doubles) is None:
            return _NOTHING, 0, _hexadecimal(matrix, scale // matrix.denominator)
        return doubles.ravel(order="F"), scale.bit_length() - 1, ""

    numbers, shift, integers = entries(constant, 1)
    translated.add_stage(
        units=constant.shape[0],
        forced=forced,
        digits=denominator.bit_length() - 1,
        constant=numbers,
        shift=shift,
        integers=integers,
    )
    for source, matrix in terms.items():
        by_column, shift, integers = entries(matrix, denominators[source])
        translated.add_term(
            source=source + offset if source else INPUT,
            columns=matrix.shape[1],
            by_column=by_column,
            shift=shift,
            integers=integers,
        )


def _nearest_doubles(matrix: RationalMatrix) -> NDArray[np.float64]:
    try:
        return matrix.floats
    except OverflowError:
        return np.zeros(matrix.shape)


def _hexadecimal(matrix: RationalMatrix, factor: int) -> str:
    return " ".join(f"{n * factor:x}" for n in matrix.numerators.flat)


def merge(chunks: list[dict[str, Any]], problem: Problem, *, as_found: bool = False) -> Records:
    """Chunks of the search as one set of columns, sorted by sign vector, or left in the order in which they came."""

    def column(name: str, dtype: Any) -> NDArray[Any]:
        return _column(chunks, name, dtype)

    network, essential = problem.network, problem.essential_inputs
    bounded = column("bounded", np.uint8).astype(np.bool_)
    patterns, vanishing = _sign_vectors(chunks, network)
    points = np.zeros((len(bounded), network.input_dim))
    points[:, essential] = column("points", np.float64).reshape(len(bounded), len(essential))
    exact_points = dict(_exact_points(chunks, network.input_dim, essential))
    for region, point in exact_points.items():
        points[region] = rounded_point(point)
    return in_order(
        num_units=network.num_units,
        patterns=patterns,
        vanishing=vanishing,
        bounded=bounded,
        points=points,
        exact_points=exact_points,
        facet_counts=column("facet_count", np.int64),
        facet_on_boundary=column("facet_on_boundary", np.uint8).astype(np.bool_),
        facet_lengths=column("facet_length", np.int64),
        facet_units=column("facet_units", np.int32),
        as_found=as_found,
    )


def merge_facet_walls(chunks: list[dict[str, Any]], problem: Problem) -> NDArray[np.int32]:
    """For each facet of all chunks, as they came, a row of the domain that vanishes there; -1: none does."""
    walls: NDArray[np.int32] = _column(chunks, "facet_wall", np.int32)
    if (walls < -1).any():  # bounds of inputs, as dictionaries tell them
        walls[walls < -1] = _rows_of_bounds(problem)[-2 - walls[walls < -1]]
    return walls


def _rows_of_bounds(problem: Problem) -> NDArray[np.int32]:
    """For each essential input, from below and from above, the row of the domain that bounds it; -1: none does."""
    assert problem.domain is not None
    essential = list(problem.essential_inputs)
    normals, constants = problem.domain.normals.columns(essential).fractions(), problem.domain.constants.fractions()
    tightest: dict[int, tuple[Fraction, int]] = {}
    for row, (normal, (constant,)) in enumerate(zip(normals, constants, strict=True)):
        inputs = [axis for axis, entry in enumerate(normal) if entry]
        if len(inputs) == 1:
            entry = normal[inputs[0]]
            bound = 2 * inputs[0] + (entry < 0)
            reach = constant / abs(entry)  # how far the domain goes beyond 0 there
            if bound not in tightest or reach < tightest[bound][0]:
                tightest[bound] = reach, row
    found = np.full(2 * len(essential), -1, dtype=np.int32)
    for bound, (_, row) in tightest.items():
        found[bound] = row
    return found


def merge_generators(chunks: list[dict[str, Any]], problem: Problem, *, as_found: bool = False) -> Generators:
    """The generators of all chunks, in the order of `merge`."""
    network, essential, num_rows = problem.network, problem.essential_inputs, problem.num_rows
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
    if as_found:
        freeze(unsorted)
        return unsorted
    return unsorted.take(by_sign_vector(*_sign_vectors(chunks, network), network.num_units))


def _column(chunks: list[dict[str, Any]], name: str, dtype: Any) -> NDArray[Any]:
    return np.concatenate([np.empty(0, dtype=dtype), *(chunk[name] for chunk in chunks)])


def _sign_vectors(chunks: list[dict[str, Any]], network: Network) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The packed columns `patterns` and `vanishing`, as they came."""
    width = (network.num_units + 7) // 8
    patterns, vanishing = (_column(chunks, name, np.uint8) for name in ("patterns", "vanishing"))
    rows = sum(len(chunk["bounded"]) for chunk in chunks)
    return patterns.reshape(rows, width), vanishing.reshape(rows, width)


def _exact_points(chunks: list[dict[str, Any]], dim: int, essential: Sequence[int]) -> Iterator[tuple[int, Point]]:
    first = 0
    for chunk in chunks:
        for region, coordinates in chunk["exact_points"].items():
            point = [Fraction(0)] * dim
            for axis, text in zip(essential, coordinates, strict=True):
                numerator, denominator = text.split("/")
                point[axis] = Fraction(int(numerator, 16), int(denominator, 16))
            yield first + region, tuple(point)
        first += len(chunk["bounded"])
