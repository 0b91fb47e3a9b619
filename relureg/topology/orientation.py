"""Incidence numbers: the sign with which each facet enters the boundary of a face.

Whatever the coordinates, incidence numbers are all that satisfies two rules [Mas91, chapter IX]: the two ends of an
edge have opposite signs, and where a face F has a ridge G, the two facets E and E' of F between them satisfy
``[F:E] [E:G] + [F:E'] [E':G] = 0``. The facets of a face with a vertex are connected through its ridges, bounded or
not. So a sign is chosen for one facet of each face, the second rule gives those of the others, and is then verified for
all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.errors import CheckFailedError
from relureg.exact.ranges import chunks, ranges

_CHUNK = 1 << 16
"""Faces whose ridges are looked at together: some million pairs of a facet and a ridge."""

Numbers = NDArray[np.int64]
Signs = NDArray[np.int8]


def orient_edges(starts: Numbers) -> Signs:
    """The incidence numbers of edges with one end or two, of which edge i has ``starts[i]:starts[i + 1]``."""
    signs = np.ones(starts[-1], dtype=np.int8)
    signs[starts[:-1][np.diff(starts) == 2]] = -1
    return signs


def orient(starts: Numbers, facets: Numbers, below: tuple[Numbers, Numbers, Signs], num_ridges: int) -> Signs:
    """The incidence numbers of the faces of one dimension, at least 2, from those of the faces a dimension below.

    Parameters
    ----------
    starts : ndarray, shape (n + 1,)
        Face i has the facets ``facets[starts[i]:starts[i + 1]]``.
    facets : ndarray, shape (m,)
    below : tuple
        Likewise ``(starts, facets, signs)`` of the facets.
    num_ridges : int

    Raises
    ------
    CheckFailedError
        A ridge does not lie in two facets of a face, the facets are not connected, or the signs contradict each other.
    """
    parts = [np.zeros(0, dtype=np.int8)]
    for chunk in chunks(len(starts) - 1, _CHUNK):
        stopping.check()
        own = starts[chunk.start : chunk.stop + 1]
        parts.append(_orient(own - own[0], facets[own[0] : own[-1]], below, num_ridges))
    return np.concatenate(parts)


def _orient(starts: Numbers, facets: Numbers, below: tuple[Numbers, Numbers, Signs], num_ridges: int) -> Signs:
    first, second, ratio = _diamonds(starts, facets, below, num_ridges)
    signs = np.zeros(len(facets), dtype=np.int8)
    signs[starts[:-1]] = 1
    one, two, sign = first, second, ratio
    while len(one):
        known_one, known_two = signs[one] != 0, signs[two] != 0
        if not (known_one ^ known_two).any():
            break
        forth, back = known_one & ~known_two, known_two & ~known_one
        signs[two[forth]] = sign[forth] * signs[one[forth]]
        signs[one[back]] = sign[back] * signs[two[back]]
        open_ = ~(known_one | known_two)
        one, two, sign = one[open_], two[open_], sign[open_]
    if not signs.all():
        raise CheckFailedError("the facets of a face are not connected through its ridges")
    if (signs[second] != ratio * signs[first]).any():
        raise CheckFailedError("the boundary of a boundary is not zero")
    return signs


def _diamonds(
    starts: Numbers, facets: Numbers, below: tuple[Numbers, Numbers, Signs], num_ridges: int
) -> tuple[Numbers, Numbers, Signs]:
    """The two facets of a face around each of its ridges, and by which sign the incidence number of one gives that of
    the other.
    """
    below_starts, ridges, below_signs = below
    lengths = np.diff(below_starts)[facets]
    entry = ranges(below_starts[:-1][facets], lengths)
    incidence = np.repeat(np.arange(len(facets)), lengths)
    face = np.repeat(np.arange(len(starts) - 1), np.diff(starts))[incidence]
    key = face * num_ridges + ridges[entry]
    order = np.argsort(key, kind="stable")
    key = key[order]
    if len(key) % 2 or (key[::2] != key[1::2]).any() or (key[1:-1:2] == key[2::2]).any():
        raise CheckFailedError("a ridge of a face does not lie in two of its facets")
    first, second = order[::2], order[1::2]
    return incidence[first], incidence[second], -below_signs[entry[first]] * below_signs[entry[second]]
