"""Bounds for maxout networks, by formula: relureg reads no maxout network."""

from __future__ import annotations

import math
from collections.abc import Sequence

from relureg.errors import UsageError
from relureg.families.arrangements import generic_regions
from relureg.theory.architecture import Architecture, Hypothesis
from relureg.theory.published import UPPER, Bound
from relureg.theory.upper_bounds import SERRA_2018


def maxout_bound(widths: Sequence[int], pieces: int) -> Bound:
    """prod_l S(n_l k (k - 1) / 2, d_l), d_l = min(n_0, ..., n_l): linear regions of units max(k affine maps).

    Parameters
    ----------
    widths : sequence of int
        (n_0, n_1, ..., n_L).
    pieces : int
        k >= 2, the rank of the maxout units.

    Source: [STR18], Theorem 8. A unit of rank k is affine outside k (k - 1) / 2
    hyperplanes.

    Examples
    --------
    >>> maxout_bound([2, 3, 3], 3).value
    2116
    """
    if not 2 <= pieces <= 1000:
        raise UsageError(f"{pieces} pieces a maxout unit; 2 to 1,000 are possible")
    a = Architecture.of_widths(widths)
    value = math.prod(
        generic_regions(width * pieces * (pieces - 1) // 2, min(a.input_dim, *a.widths[: index + 1]))
        for index, width in enumerate(a.widths)
    )
    return Bound(
        name=f"Serra et al. 2018, Theorem 8, maxout of rank {pieces}",
        kind=UPPER,
        value=value,
        hypotheses=(Hypothesis(text=f"every unit is the maximum of {pieces} affine maps", holds=None, needed=False),),
        source=f"{SERRA_2018}, Theorem 8 (numbering of the ICLR 2018 submission)",
    )
