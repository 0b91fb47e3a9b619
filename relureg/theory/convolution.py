"""Regions of one convolutional layer, by formula."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from relureg.errors import UsageError
from relureg.theory.architecture import Hypothesis
from relureg.theory.published import EXACT, Bound

MAX_VECTORS = 200_000
"""Most vectors t that are looked at; there are about (filters + 1)^(output positions)."""


def receptive_fields(shape: Sequence[int], filter_shape: Sequence[int], stride: int = 1) -> list[frozenset[int]]:
    """The input positions that each output position sees, numbered row by row (no padding).

    Examples
    --------
    >>> [sorted(field) for field in receptive_fields([3], [2])]
    [[0, 1], [1, 2]]
    """
    if len(shape) != len(filter_shape) or stride < 1 or not shape or min(*shape, *filter_shape) < 1:
        raise UsageError(f"a filter {list(filter_shape)} of stride {stride} does not fit an input {list(shape)}")
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    corners = itertools.product(*(range(0, n - f + 1, stride) for n, f in zip(shape, filter_shape, strict=True)))
    fields = [
        frozenset(
            sum((c + o) * s for c, o, s in zip(corner, offset, strides, strict=True))
            for offset in itertools.product(*map(range, filter_shape))
        )
        for corner in corners
    ]
    if not fields:
        raise UsageError(f"a filter {list(filter_shape)} does not fit an input {list(shape)}")
    return fields


def convolution_bound(fields: Sequence[frozenset[int]], num_filters: int) -> Bound:
    """The largest number of regions of one convolutional layer, attained for almost all weights.

    Sum over t in K of prod_i C(d_1, t_i), where K holds the vectors t of one non-negative integer an output position
    with sum_{i in J} t_i <= |union_{i in J} S_i| for every set J of positions; S_i are the fields, d_1 the filters.

    Source: [X+20], Theorem 2. By
    Hall's theorem t is in K where t_i distinct elements can be chosen in each field, all different.

    Raises
    ------
    UsageError
        More than `MAX_VECTORS` vectors would have to be looked at.

    Examples
    --------
    >>> convolution_bound(receptive_fields([4], [2]), 2).value
    55
    """
    if num_filters < 1:
        raise UsageError(f"{num_filters} filters; at least 1 is needed")
    value = 0
    for number, vector in enumerate(_independent(fields, num_filters, 0, {})):
        if number >= MAX_VECTORS:
            raise UsageError("the convolution is too large for the formula; take a smaller input or fewer filters")
        value += math.prod(math.comb(num_filters, t) for t in vector)
    return Bound(
        name="Xiong et al. 2020, Theorem 2",
        kind=EXACT,
        value=value,
        hypotheses=(Hypothesis(text="one convolutional layer without padding", holds=None, needed=False),),
        source="Xiong et al., ICML 2020, Theorem 2 (as quoted; checked on examples)",
    )


def _independent(
    fields: Sequence[frozenset[int]], most: int, position: int, owner: dict[int, int]
) -> Iterator[tuple[int, ...]]:
    """All vectors in K whose entries before `position` own the elements in `owner`."""
    if position == len(fields):
        yield ()
        return
    owner = dict(owner)
    for t in range(most + 1):
        if t and not _augment(fields, position, owner, set()):
            return  # a larger entry fails as well
        for rest in _independent(fields, most, position + 1, owner):
            yield (t, *rest)


def _augment(fields: Sequence[frozenset[int]], position: int, owner: dict[int, int], seen: set[int]) -> bool:
    """Give one more element to a position, others giving way where they have another one (Kuhn's algorithm)."""
    for element in fields[position]:
        if element not in seen:
            seen.add(element)
            if element not in owner or _augment(fields, owner[element], owner, seen):
                owner[element] = position
                return True
    return False
