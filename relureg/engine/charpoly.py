"""Counting the regions of one hidden layer by the characteristic polynomial of its hyperplanes [Zas75].

Nothing here is shared with the other engines: no cell is ever made. For hyperplanes H_1, ..., H_n in R^r with normals
that span R^r, deletion and restriction give

    chi(t) = t^r - sum_i chi_i(t),   chi_i that of H_1, ..., H_{i-1} restricted to H_i,

and the arrangement has (-1)^r chi(-1) regions, (-1)^r chi(1) of them bounded. The facets on H_i are the regions of all
the other hyperplanes restricted to H_i.
"""

from __future__ import annotations

from collections.abc import Iterable

from relureg.engine.limits import Watch
from relureg.engine.records import Figures
from relureg.errors import UsageError
from relureg.exact.numbers import primitive
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT
from relureg.network.problem import Problem

Hyperplane = tuple[int, ...]
"""(b, w_1, ..., w_r), coprime, the first non-zero w positive: b + w . x = 0."""

Polynomial = list[int]
"""Coefficients, constant first."""


def count_regions(problem: Problem, watch: Watch) -> Figures:
    """The figures of a network with at most one hidden stage, on the whole space.

    Raises
    ------
    UsageError
        There are more hidden stages, or a domain.
    """
    network = problem.network
    if problem.domain is not None or len(network.stages) > 1:
        fault = "a domain was given" if problem.domain is not None else f"the network has {len(network.stages)}"
        raise UsageError(f"the engine charpoly counts one hidden stage on the whole space, and {fault}; use split")
    hyperplanes = _hyperplanes(problem)
    rank = problem.essential_dim
    counter = _Counter(watch)
    chi = _monomial(rank)
    for index, hyperplane in enumerate(hyperplanes):
        # So far these are the regions of H_1, ..., H_{i-1}: at any time a proven lower bound.
        counter.regions = regions = _regions(chi)
        cut = counter.polynomial(_restricted(hyperplanes[:index], hyperplane), rank - 1)
        if cut is not None:
            counter.stopped_by = watch.stopped_by(regions)
        if cut is None or counter.stopped_by is not None:
            break
        chi = _minus(chi, cut)
    regions = _regions(chi)
    facets = counter.num_facets(hyperplanes, rank) if counter.stopped_by is None else None
    return Figures(
        regions=regions,
        # A constant term of 0 says that the normals do not span R^r (possible only when a limit stopped the count).
        bounded=abs(sum(chi)) if chi[0] else 0,
        per_stage=(regions,) * len(network.stages),
        inner_facets=facets,
        boundary_facets=None if facets is None else 0,
        is_watertight=None,
        predicates=None,
        stopped_by=counter.stopped_by,
    )


class _Counter:
    """Characteristic polynomials, each distinct restricted arrangement counted once."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.stopped_by: str | None = None
        self.regions = 1
        """Counted so far, for reports of progress."""
        self.known: dict[frozenset[Hyperplane], Polynomial] = {}

    def polynomial(self, hyperplanes: Iterable[Hyperplane], dim: int) -> Polynomial | None:
        """The characteristic polynomial in R^dim; None when the time is over."""
        distinct = list(dict.fromkeys(hyperplanes))
        if dim <= 1 or not distinct:
            # In one dimension hyperplanes are points; chi(t) = t - n.
            return _minus(_monomial(dim), [len(distinct)] if dim else [0])
        key = frozenset(distinct)
        if key not in self.known:
            self.stopped_by = self.watch.out_of_time(self.regions)
            if self.stopped_by is not None:
                return None
            chi = _monomial(dim)
            for index, hyperplane in enumerate(distinct):
                cut = self.polynomial(_restricted(distinct[:index], hyperplane), dim - 1)
                if cut is None:
                    return None
                chi = _minus(chi, cut)
            self.known[key] = chi
        return self.known[key]

    def num_facets(self, hyperplanes: list[Hyperplane], rank: int) -> int | None:
        """The regions of every hyperplane under all the others; None when the time is over."""
        total = 0
        for index, hyperplane in enumerate(hyperplanes):
            others = hyperplanes[:index] + hyperplanes[index + 1 :]
            chi = self.polynomial(_restricted(others, hyperplane), rank - 1)
            if chi is None:
                return None
            total += _regions(chi)
        return total


def _hyperplanes(problem: Problem) -> list[Hyperplane]:
    """The distinct hyperplanes of the hidden stage in the essential inputs."""
    network = problem.network
    if not network.stages:
        return []
    form = network.stages[0].pre_activation
    weights = form.terms.get(INPUT, RationalMatrix.zeros(form.size, network.input_dim))
    essential = weights.columns(list(problem.essential_inputs))
    rows = RationalMatrix.hstack([form.constant, essential], form.size).primitive_rows()
    return list(dict.fromkeys(_oriented(row) for row in rows if any(row[1:])))


def _restricted(hyperplanes: Iterable[Hyperplane], to: Hyperplane) -> list[Hyperplane]:
    """The hyperplanes as they cut `to`, in its coordinates: one is eliminated; parallel ones do not meet it."""
    pivot = next(k for k, entry in enumerate(to) if k and entry)
    result = []
    for row in hyperplanes:
        if row[pivot]:
            a, b = to[pivot], row[pivot]
            cut = [a * x - b * y for x, y in zip(row, to, strict=True)]
        else:
            cut = list(row)
        del cut[pivot]
        if any(cut[1:]):
            result.append(_oriented(primitive(cut)))
    return list(dict.fromkeys(result))


def _oriented(row: Hyperplane) -> Hyperplane:
    leading = next(entry for entry in row[1:] if entry)
    return row if leading > 0 else tuple(-entry for entry in row)


def _monomial(degree: int) -> Polynomial:
    return [0] * degree + [1]


def _minus(left: Polynomial, right: Polynomial) -> Polynomial:
    """Left - right, where right has no higher degree."""
    return [a - b for a, b in zip(left, right + [0] * (len(left) - len(right)), strict=True)]


def _regions(chi: Polynomial) -> int:
    """|chi(-1)|."""
    return abs(sum(c if k % 2 == 0 else -c for k, c in enumerate(chi)))
