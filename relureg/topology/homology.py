"""Betti numbers of unions of faces, closed or open, by one of three conventions at infinity.

A closed union of faces is made of the closures of its faces, an open one has with a face all faces around it. Chains of
faces give the homology of each; docs/topology.md has the proofs. In the r essential dimensions, d - r less than there
are inputs, let b_k be the Betti numbers of the chains of some of its faces:

* the set as it lies in R^d: closed, ``b_i`` of the bounded faces; open, ``b_(r - i)`` of all faces inside the domain;
* closed in the sphere, ``R^d`` and a point at infinity, which is added where the set is unbounded: closed,
  ``b_(i - d + r)`` of all faces; open, ``b_(d - i)`` of the bounded faces inside the domain; both less 1 for i = 0
  where the point was added;
* the bounded faces alone: closed, as it lies in R^d; open, ``b_i`` of the bounded faces whose closure is in it, or of
  the simplices of the barycentric subdivision where more than one face of a closure is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from relureg.errors import UsageError
from relureg.frozen import Frozen
from relureg.topology.decision import Selection
from relureg.topology.face_complex import Chains, FaceComplex
from relureg.topology.morse import MorseComplex, reduce_chains
from relureg.topology.order_complex import order_complex
from relureg.words import did_you_mean, short

Betti = tuple[int, ...]


class Infinity(Enum):
    """What is done with what is unbounded."""

    CLOSED = "closed"
    """Nothing: the set as it lies in R^d, which is closed there or, of a strict inequality, open."""
    COMPACTIFIED = "compactified"
    """A point at infinity is added to R^d, which makes it a sphere, and to the set where it is unbounded."""
    BOUNDED = "bounded"
    """Only the bounded faces are looked at."""

    @classmethod
    def of(cls, name: str, where: str = "infinity") -> Infinity:
        """The convention of a name; raises `UsageError` where there is none."""
        for convention in cls:
            if convention.value == name:
                return convention
        known = [convention.value for convention in cls]
        raise UsageError(f"{short(name)} is none of {', '.join(known)}{did_you_mean(name, known)}", where=where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Homology(Frozen):
    """The Betti numbers of a union of faces."""

    modulo_2: Betti
    """(d + 1,): over the integers modulo 2."""
    rational: Betti
    """(d + 1,): over the rationals."""
    euler: int
    """The Euler characteristic, counted from the faces."""
    has_infinity: bool
    """Whether the point at infinity was added."""


def alternating(numbers: Betti) -> int:
    """The alternating sum n_0 - n_1 + n_2 - ..."""
    return sum(-n if k % 2 else n for k, n in enumerate(numbers))


def homology(faces: FaceComplex, part: Selection, infinity: Infinity, dim: int) -> Homology:
    """The homology of a union of relatively open faces, which is closed or open.

    Parameters
    ----------
    faces : FaceComplex
    part : Selection
        Of these faces.
    infinity : Infinity
    dim : int
        d, the dimension of the space that the complex lies in.

    Raises
    ------
    LimitReachedError
        A limit has been reached, or there are too many simplices.
    """
    r, chosen, added = faces.dim, part.chosen, False
    if infinity is Infinity.BOUNDED:
        chains = _bounded_chains(faces, part)
        degrees = chains.dims
    else:
        compactified = infinity is Infinity.COMPACTIFIED
        inside = chosen & ~faces.is_on_wall if part.is_open else chosen
        chains = faces.chains_of(inside & faces.is_bounded if compactified == part.is_open else inside)
        added = compactified and bool(chosen.any()) and (dim > r or bool((chosen & ~faces.is_bounded).any()))
        if part.is_open:
            degrees = (dim if compactified else r) - chains.dims
        else:
            degrees = chains.dims + (dim - r if compactified else 0)
    reduced = reduce_chains(chains, r)
    place = np.full(r + 1, -1, dtype=np.int64)
    place[chains.dims] = degrees
    signs = 1 - 2 * (degrees % 2)
    return Homology(
        modulo_2=_placed(reduced, 2, place, dim, added=added),
        rational=_placed(reduced, 0, place, dim, added=added),
        euler=int(signs.sum()) + added,
        has_infinity=added,
    )


def chain_ranks(faces: FaceComplex, chosen: NDArray[np.bool_]) -> Betti:
    """(r + 1,): the ranks modulo 2 of the homology of the chains of some faces as they are."""
    return reduce_chains(faces.chains_of(chosen), faces.dim).betti_numbers(2)


def _bounded_chains(faces: FaceComplex, part: Selection) -> Chains:
    """Chains with the homology of the union of the bounded faces of a part."""
    chosen = part.chosen & faces.is_bounded
    if not part.is_open:
        return faces.chains_of(chosen)
    if part.ends_in_faces:
        return faces.chains_of(chosen & faces.all_vertices(chosen))
    return order_complex(faces, chosen)


def _placed(reduced: MorseComplex, characteristic: int, place: NDArray[np.int64], dim: int, *, added: bool) -> Betti:
    """The Betti numbers at their degrees."""
    found = [0] * (dim + 1)
    for k, rank in enumerate(reduced.betti_numbers(characteristic)):
        if rank:
            found[int(place[k])] = rank
    found[0] += added
    return tuple(found)
