"""A network with one more stage, whose units compare outputs with levels or with each other.

Its regions are those of the network, cut along level sets and along the borders between classes; a unit's sign tells
on which side a region lies.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg.errors import UsageError
from relureg.exact.numbers import as_fraction
from relureg.exact.rational import RationalMatrix
from relureg.network.model import Network, Stage

MAX_CLASSES = 12
"""Most outputs that are compared in pairs, which takes one unit a pair."""


def with_comparisons(network: Network, levels: Sequence[Fraction | float] = (), *, classes: bool = False) -> Network:
    """The network with a stage of the pre-activations ``f_0 - c`` for each level, then ``f_i - f_j`` for i < j.

    Without levels and classes it is the network itself.

    Raises
    ------
    UsageError
        Classes are asked for, and the network has one output or more than `MAX_CLASSES`.
    """
    m = network.output_dim
    if classes and not 2 <= m <= MAX_CLASSES:
        raise UsageError(f"classes are compared between 2 to {MAX_CLASSES} outputs, and the network has {m}")
    pairs = list(itertools.combinations(range(m), 2)) if classes else []
    rows = [[int(k == 0) for k in range(m)] for _ in levels]
    rows += [[int(k == i) - int(k == j) for k in range(m)] for i, j in pairs]
    if not rows:
        return network
    shifts = [[-as_fraction(level)] for level in levels] + [[Fraction(0)] for _ in pairs]
    form = network.output.map(RationalMatrix.from_fractions(rows, m))
    form = dataclasses.replace(form, constant=form.constant + RationalMatrix.from_fractions(shifts, 1))
    return network.replace(stages=(*network.stages, Stage(pre_activation=form, name="levels")))


def largest_outputs(signs: NDArray[np.int8], num_outputs: int) -> NDArray[np.int64]:
    """(R,): the largest output, the first of several that are equal on a whole region.

    Parameters
    ----------
    signs : array, shape (R, pairs)
        Of the differences ``f_i - f_j``, i < j, as `with_comparisons` orders them.
    """
    lost = np.zeros((len(signs), num_outputs), dtype=np.bool_)
    for column, (i, j) in enumerate(itertools.combinations(range(num_outputs), 2)):
        lost[:, i] |= signs[:, column] < 0
        lost[:, j] |= signs[:, column] > 0
    labels: NDArray[np.int64] = np.argmin(lost, axis=1)
    return labels
