"""Dictionaries: cells as simplex dictionaries at a vertex that is visited, for many inputs.

A cell in a box of d inputs has up to 2^d vertices, which the splitter holds, but only some 2 d + n facets. This engine
holds one vertex of it, and with it each open unit as an affine function of the walls there. Linear programs in doubles
look for signs and propose multipliers; every sign that is left out is proven absent and every cell has a point that is
proven to lie inside, in doubles with error bounds or else in integers. The search is described in the headers of
``_dictionaries``; threads, limits and chunks are those of `relureg.engine.split`.
"""

from __future__ import annotations

from relureg.engine.limits import Watch, Workers
from relureg.engine.records import Enumeration, Figures
from relureg.engine.split import CompiledRun
from relureg.network.problem import Problem


def count_regions(problem: Problem, workers: Workers, watch: Watch) -> Figures:
    """Count without keeping anything. Facets are looked for only where `Workers.enumerates` asks for them.

    Raises
    ------
    DomainError
        The domain has no interior.
    LimitReachedError
        Memory is exhausted.
    """
    return CompiledRun(problem, workers, watch, dictionaries=True).count()


def find_records(problem: Problem, workers: Workers, watch: Watch) -> Enumeration:
    """All regions as columns, in the order of their sign vectors; raises as `count_regions` does."""
    return CompiledRun(problem, workers, watch, records=True, dictionaries=True).find()
