"""The zonotope of a hidden layer: its upper vertices are the activation regions.

Units ``max(w_i . x + b_i, 0)`` add up to a tropical polynomial whose lifted Newton polytope is the zonotope Z, the sum
of the segments from 0 to (w_i, b_i), in dimension d + 1 ([ZNL18], section 6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relureg.arguments import checked
from relureg.errors import UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT
from relureg.network.model import Network
from relureg.tropical.epigraph import upper_hull
from relureg.tropical.polynomial import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Zonotope:
    """The zonotope of the first hidden layer."""

    num_segments: int
    """Units that are not constant: each adds a segment, units on one hyperplane parallel ones. A constant unit is left
    out: its segment is upright, a point seen from above."""
    num_vertices: int
    """Regions of the hyperplanes ``b_i x_0 + w_i . x = 0`` through the origin in one dimension more."""
    num_upper_vertices: int
    """Vertices seen from above: regions of the hyperplanes ``b_i + w_i . x = 0``."""


@checked
def zonotope(network: Network, watch: Watch | None = None) -> Zonotope:
    """The zonotope of a network's first stage.

    Raises
    ------
    UsageError
        The network has no hidden layer.

    Examples
    --------
    >>> import relureg
    >>> found = zonotope(relureg.load("fixtures/truth/nobias_2-10-1.json"))
    >>> found.num_segments, found.num_vertices, found.num_upper_vertices
    (10, 20, 20)
    """
    if not network.stages:
        raise UsageError("a network without a hidden layer has no zonotope")
    form = network.stages[0].pre_activation
    weights = form.terms.get(INPUT, RationalMatrix.zeros(form.size, network.input_dim))
    rows = RationalMatrix.hstack([form.constant, weights], form.size).numerators
    # A segment as a factor max(w . x + b, 0); the same with b as one more exponent, where all coefficients are 0.
    lifted = [_segment(row) for row in rows if any(row[1:])]
    flat = [_segment(np.concatenate([[0], row])) for row in rows if any(row[1:])]
    return Zonotope(
        num_segments=len(flat),
        num_vertices=len(upper_hull([flat], watch).rows) if flat else 1,
        num_upper_vertices=len(upper_hull([lifted], watch).rows) if lifted else 1,
    )


def _segment(row: np.ndarray) -> np.ndarray:
    """The two monomials 0 and `row`, exponents ascending."""
    zero = row * 0
    pair = [zero, row] if tuple(row[1:]) > tuple(zero[1:]) else [row, zero]
    return np.array(pair, dtype=object)
