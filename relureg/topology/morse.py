"""Fewer cells, the same homology: chains reduced by an acyclic matching, and the Betti numbers of what is left.

A cell of whose boundary one facet is left is matched with that facet, and both are taken away; where there is no such
cell, one of the lowest dimension is critical, and is taken away alone [HMMN14]. The critical cells carry chains with
the same homology over the integers [Koz08, section 11.3]: the boundary of a critical cell is the sum over all paths
that lead down to facets and up through matched pairs. Each path leads to cells that were taken away earlier.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass

import numpy as np

from relureg import stopping
from relureg.frozen import Frozen
from relureg.topology.face_complex import Chains

_OFTEN = 1 << 14
"""Steps after which a limit is asked for."""

Boundary = dict[int, int]
"""Cells with their coefficients, none of them 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MorseComplex(Frozen):
    """The critical cells of a matching, and their boundaries."""

    critical: tuple[tuple[int, ...], ...]
    """The critical cells of dimension 0, 1, ..., dim."""
    boundaries: tuple[tuple[tuple[int, int, int], ...], ...]
    """Of dimension 0, 1, ..., dim: triples (i, j, n), the j-th critical cell one dimension lower being n times in the
    boundary of the i-th."""

    def betti_numbers(self, characteristic: int) -> tuple[int, ...]:
        """The ranks of homology over the rationals (0), or over the integers modulo a prime.

        Examples
        --------
        >>> two = MorseComplex(critical=((), (0,), (1,)), boundaries=((), (), ((0, 0, 2),)))  # twice around a circle
        >>> two.betti_numbers(0), two.betti_numbers(2)
        ((0, 0, 0), (0, 1, 1))
        """
        ranks = [_rank(entries, characteristic) for entries in self.boundaries] + [0]
        return tuple(len(cells) - ranks[k] - ranks[k + 1] for k, cells in enumerate(self.critical))


def reduce_chains(chains: Chains, dim: int) -> MorseComplex:
    """The Morse complex of chains of cells of dimension at most `dim`; raises `LimitReachedError`."""
    matching = _Matching(chains)
    critical: list[list[int]] = [[] for _ in range(dim + 1)]
    for cell in matching.critical:
        critical[int(chains.dims[cell])].append(cell)
    place = {cell: i for cells in critical for i, cell in enumerate(cells)}
    boundaries = [
        tuple((i, place[other], n) for i, cell in enumerate(cells) for other, n in matching.boundary(cell).items())
        for cells in critical
    ]
    return MorseComplex(critical=tuple(map(tuple, critical)), boundaries=tuple(boundaries))


class _Matching:
    """Every cell but the critical ones in a pair with a facet or with a cell that it is a facet of."""

    critical: list[int]

    def __init__(self, chains: Chains) -> None:
        self._starts, self._facets = chains.starts.tolist(), chains.facets.tolist()
        self._signs = chains.signs.tolist()
        count = len(chains.dims)
        self._above = [-1] * count
        """Of a facet in a pair the other cell; -1 for all others."""
        self._when = [0] * count
        """When each cell was taken away; the cells of a pair at the same time."""
        self._match(count, chains)
        self._is_critical = frozenset(self.critical)

    def _match(self, count: int, chains: Chains) -> None:
        starts, facets, above, when = self._starts, self._facets, self._above, self._when
        order = np.argsort(chains.facets, kind="stable")
        cofaces = np.repeat(np.arange(count), np.diff(chains.starts))[order].tolist()
        first = np.concatenate([[0], np.cumsum(np.bincount(chains.facets, minlength=count))]).tolist()
        left: list[int] = np.diff(chains.starts).tolist()
        self.critical = []
        waiting = deque(np.flatnonzero(np.diff(chains.starts) == 1).tolist())
        lowest = time = 0
        while True:
            time += 1
            if not time % _OFTEN:
                stopping.check()
            if waiting:
                cell = waiting.popleft()
                if when[cell] or left[cell] != 1:
                    continue
                facet = next(other for other in facets[starts[cell] : starts[cell + 1]] if not when[other])
                above[facet] = cell
                gone = [facet, cell]
            else:
                while lowest < count and when[lowest]:
                    lowest += 1
                if lowest == count:
                    break
                self.critical.append(lowest)
                gone = [lowest]
            for removed in gone:
                when[removed] = time
            for removed in gone:
                for other in cofaces[first[removed] : first[removed + 1]]:
                    left[other] -= 1
                    if left[other] == 1 and not when[other]:
                        waiting.append(other)

    def boundary(self, critical: int) -> Boundary:
        """The boundary of a critical cell among the critical ones."""
        starts, facets, signs, above, when = self._starts, self._facets, self._signs, self._above, self._when
        span = slice(starts[critical], starts[critical + 1])
        chain = dict(zip(facets[span], signs[span], strict=True))
        found: Boundary = {}
        # Those taken away last come first, so that all paths to a cell have arrived when it is looked at.
        heap = [(-when[cell], cell) for cell in chain]
        heapq.heapify(heap)
        steps = 0
        while heap:
            steps += 1
            if not steps % _OFTEN:
                stopping.check()
            _, cell = heapq.heappop(heap)
            coefficient = chain.pop(cell)
            if not coefficient:
                continue
            over = above[cell]
            if over < 0:
                if cell in self._is_critical:
                    found[cell] = coefficient
                continue
            span = slice(starts[over], starts[over + 1])
            pairs = list(zip(facets[span], signs[span], strict=True))
            factor = next(coefficient * sign for other, sign in pairs if other == cell)
            for other, sign in pairs:
                if other == cell:
                    continue
                if other not in chain:
                    chain[other] = 0
                    heapq.heappush(heap, (-when[other], other))
                chain[other] -= factor * sign
        return found


def _rank(entries: tuple[tuple[int, int, int], ...], characteristic: int) -> int:
    """The rank of a matrix given by its entries that are not 0."""
    if not entries:
        return 0
    from flint import fmpz_mat, nmod_mat

    rows, columns, values = (np.array(list(column)) for column in zip(*entries, strict=True))
    used_rows, at_row = np.unique(rows, return_inverse=True)
    used_columns, at_column = np.unique(columns, return_inverse=True)
    dense = np.zeros((len(used_rows), len(used_columns)), dtype=object)
    dense[at_row, at_column] = values
    flat = [int(n) for n in dense.flat]
    if characteristic:
        return int(nmod_mat(*dense.shape, [n % characteristic for n in flat], characteristic).rank())
    return int(fmpz_mat(*dense.shape, flat).rank())
