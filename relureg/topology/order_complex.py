"""Chains of faces, each in the boundary of the next: the simplices of the barycentric subdivision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.errors import LimitReachedError
from relureg.exact.ranges import ranges
from relureg.topology.face_complex import Chains, FaceComplex

MAX_SIMPLICES = 10_000_000
"""Most simplices that are held: about a minute's work, in some 3 GB of memory."""


def order_complex(faces: FaceComplex, chosen: NDArray[np.bool_]) -> Chains:
    """The simplices whose corners are chosen faces, each in the boundary of the next.

    Raises
    ------
    LimitReachedError
        There are more than `MAX_SIMPLICES`.
    """
    starts, below = _proper_faces(faces, chosen)
    number = np.cumsum(chosen) - 1
    starts, below = starts[np.append(np.flatnonzero(chosen), len(chosen))], number[below]
    # A simplex is a row of corners, largest face first: the last one is in the boundary of all others.
    levels = [np.arange(int(chosen.sum()), dtype=np.int64)[:, None]]
    total = len(levels[0])
    while len(levels[-1]):
        stopping.check()
        last = levels[-1][:, -1]
        lengths = (starts[1:] - starts[:-1])[last]
        total += int(lengths.sum())
        _require_room(total)
        longer = np.repeat(levels[-1], lengths, axis=0)
        levels.append(np.column_stack([longer, below[ranges(starts[last], lengths)]]))
    return _chains(levels[:-1])


def _proper_faces(faces: FaceComplex, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The chosen proper faces of each chosen face, in compressed sparse rows."""
    chains = faces.chains
    owners, proper = [], []
    owner = np.repeat(np.arange(faces.num_cells), np.diff(chains.starts))
    keep = chosen[owner]
    owner, face = owner[keep], chains.facets[keep]
    total = 0
    while len(owner):
        stopping.check()
        kept = chosen[face]
        owner, face = owner[kept], face[kept]
        owners.append(owner)
        proper.append(face)
        total += len(owner)
        _require_room(total)
        lengths = np.diff(chains.starts)[face]
        deeper = np.repeat(owner, lengths) * faces.num_cells + chains.facets[ranges(chains.starts[face], lengths)]
        owner, face = np.divmod(np.unique(deeper), faces.num_cells)
    all_owners, all_proper = _joined(owners), _joined(proper)
    order = np.argsort(all_owners, kind="stable")
    counts = np.bincount(all_owners, minlength=faces.num_cells)
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)]), all_proper[order]


def _chains(levels: list[NDArray[np.int64]]) -> Chains:
    """Simplices as chains: the boundary leaves out one corner after the other, with alternating signs."""
    offset, facets, signs = 0, [], []
    for dim, simplices in enumerate(levels):
        if not dim:
            continue
        lower = levels[dim - 1]
        keys = {row.tobytes(): i for i, row in enumerate(lower)} if dim > 1 else None
        columns = []
        for left_out in range(dim + 1):
            stopping.check()
            rest = np.ascontiguousarray(np.delete(simplices, left_out, axis=1))
            columns.append(rest[:, 0] if keys is None else np.array([keys[row.tobytes()] for row in rest], np.int64))
        facets.append((np.column_stack(columns) + offset).reshape(-1))
        signs.append(np.tile(np.array([(-1) ** k for k in range(dim + 1)], dtype=np.int8), len(simplices)))
        offset += len(lower)
    counts = [len(level) for level in levels]
    dims = np.repeat(np.arange(len(levels)), counts)
    return Chains(
        dims=dims,
        starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.where(dims > 0, dims + 1, 0))]),
        facets=_joined(facets),
        signs=np.concatenate([np.zeros(0, dtype=np.int8), *signs]),
    )


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _require_room(simplices: int) -> None:
    if simplices > MAX_SIMPLICES:
        raise LimitReachedError(
            f"the barycentric subdivision of the open sides has more than {MAX_SIMPLICES:,} simplices; "
            "take a smaller domain, or another convention at infinity"
        )
