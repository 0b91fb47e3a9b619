"""Regions that are named by their sign vectors, one by one, in any number of dimensions: a point, and the facets.

The search for many inputs goes straight to a region (`relureg.engine._dictionaries`): a unit either has its sign on the
whole cell, or cuts it, and then it goes on to that side. So a region costs two programs a unit and one a facet, however
many regions there are beside it, and is proved as all regions of that engine are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.engine import split
from relureg.engine.limits import Watch, num_cores
from relureg.engine.records import Records
from relureg.errors import LimitReachedError
from relureg.network.problem import Problem

_INTERVAL = 0.05
"""Seconds between looks at the limits."""


class SingleRegions:
    """Looks for regions of a problem by their sign vectors.

    Parameters
    ----------
    problem : Problem
        Restricted to its domain.
    watch : Watch
        Whose limits end what is under way.
    jobs : int, optional
        Threads; all cores when left out.
    asks_bounded : bool, optional
        Decide of each region whether it is bounded, which with hundreds of inputs takes longer than all its facets;
        else none is called so.
    """

    def __init__(self, problem: Problem, watch: Watch, jobs: int | None = None, *, asks_bounded: bool = True) -> None:
        self.problem = problem
        self._asks_bounded = asks_bounded
        self.stopped_by: str | None = None
        self._watch = watch
        self._jobs = jobs or num_cores()
        self._network = split.translate(problem)
        self._found = 0

    def find(self, signs: NDArray[np.int8]) -> Records:
        """Those of the sign vectors (K, N) that belong to a region, in their order; fewer where a limit is reached.

        Raises
        ------
        CheckFailedError
            The search contradicts itself.
        LimitReachedError
            Memory is exhausted.
        """
        numbers = self.problem.num_walls + 1 + np.arange(signs.shape[1])
        run = split.module().Run(
            self._network,
            records=True,
            generators=False,
            audit=False,
            max_regions=0,
            enumerates=False,
            dictionaries=True,
            single=True,
            asks_bounded=self._asks_bounded,
            jobs=min(self._jobs, max(len(signs), 1)),
            batches=[(row * numbers)[row != 0].tolist() for row in signs],
        )
        chunks = self._chunks(run)
        self._found += len(chunks)
        return split.merge(chunks, self.problem)

    def find_one(self, signs: NDArray[np.int8]) -> Records | None:
        """The region of one sign vector (N,); None: there is none.

        Raises as `find` does, and `LimitReachedError` where a limit is reached before that is known.
        """
        found = self.find(signs[None])
        if found.num_regions:
            return found
        if self.stopped_by is not None:
            raise LimitReachedError(f"stopped by {self.stopped_by}")
        return None

    def _chunks(self, run: Any) -> list[dict[str, Any]]:
        chunks: list[dict[str, Any]] = []
        run.start()
        try:
            is_over = False
            while self.stopped_by is None and not is_over:
                is_over = run.wait(_INTERVAL)
                while (chunk := run.take_chunk()) is not None:
                    chunks.append(chunk)
                self.stopped_by = None if is_over else self._watch.out_of_time(self._found + len(chunks))
        finally:
            run.stop()
            run.join()
        while (chunk := run.take_chunk()) is not None:
            chunks.append(chunk)
        split.raise_error(run)
        return chunks
