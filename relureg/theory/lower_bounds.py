"""Published lower bounds on the largest number of activation regions that given widths can have.

Each says that some network with these widths has at least as many regions; `families.constructions` builds such
networks. None of them bounds the regions of a given network. Sources: [ABMM18], [MPCB14], [PMB13], [STR18].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from relureg.families.arrangements import generic_central_regions, generic_regions
from relureg.theory.architecture import Architecture, Hypothesis, layered, wide
from relureg.theory.published import LOWER, published
from relureg.theory.upper_bounds import SERRA_2018

_NUMBERING = "(numbering of the ICLR 2018 submission)"
_ALL_BUT_THE_LAST = slice(None, -1)


def _some_layer(a: Architecture) -> Hypothesis:
    return Hypothesis(
        text="at least one hidden layer" if a.widths else "there is no hidden layer", holds=bool(a.widths)
    )


def _as_wide_as_the_input(a: Architecture) -> Sequence[Hypothesis]:
    return (layered(a), _some_layer(a), wide(a, 1))


def _three_times_as_wide(a: Architecture) -> Sequence[Hypothesis]:
    return (layered(a), _some_layer(a), wide(a, 3))


def _folds_of_three(a: Architecture) -> Sequence[Hypothesis]:
    return (layered(a), _some_layer(a), wide(a, 3, layers=_ALL_BUT_THE_LAST))


@published(
    "Pascanu et al. 2013, Theorem 1",
    LOWER,
    "Pascanu, Montúfar, Bengio 2013, Theorem 1 (not seen in the original)",
    _as_wide_as_the_input,
)
def pascanu_2013(a: Architecture) -> int:
    """prod_{l<L} floor(n_l / n_0) * S(n_L, n_0)."""
    return math.prod(width // a.input_dim for width in a.widths[:-1]) * generic_regions(a.widths[-1], a.input_dim)


@published(
    "Montúfar et al. 2014, Theorem 5",
    LOWER,
    "Montúfar, Pascanu, Cho, Bengio, NeurIPS 2014, Theorem 5",
    _as_wide_as_the_input,
)
def montufar_2014(a: Architecture) -> int:
    """prod_{l<L} floor(n_l / n_0)^{n_0} * S(n_L, n_0)."""
    folds: int = math.prod((width // a.input_dim) ** a.input_dim for width in a.widths[:-1])
    return folds * generic_regions(a.widths[-1], a.input_dim)


@published("Serra et al. 2018, Theorem 6", LOWER, f"{SERRA_2018}, Theorem 6 {_NUMBERING}", _three_times_as_wide)
def serra_2018_lower(a: Architecture) -> int:
    """prod_{l<L} (floor(n_l / n_0) + 1)^{n_0} * S(n_L, n_0)."""
    folds: int = math.prod((width // a.input_dim + 1) ** a.input_dim for width in a.widths[:-1])
    return folds * generic_regions(a.widths[-1], a.input_dim)


@published(
    "Theorem 6 with remainders",
    LOWER,
    "relureg: Serra et al. 2018 with no unit left over (`relureg construct folds`)",
    _folds_of_three,
)
def serra_2018_remainders(a: Architecture) -> int:
    """With n_l = q n_0 + m: prod_{l<L} (q + 1)^{n_0 - m} (q + 2)^m * S(n_L, n_0), for q >= 3."""
    value = generic_regions(a.widths[-1], a.input_dim)
    for width in a.widths[:-1]:
        q, m = divmod(width, a.input_dim)
        value *= (q + 1) ** (a.input_dim - m) * (q + 2) ** m
    return value


def _zonotope(a: Architecture, least: int) -> Sequence[Hypothesis]:
    if not a.widths:
        return (layered(a), _some_layer(a))
    first, *rest = a.widths
    even = first % 2 == 0
    equal = len(set(rest)) <= 1
    narrow = bool(rest) and min(rest) < least
    text = "the later layers are equally wide" if equal else "the layers after the first differ in width"
    return (
        layered(a),
        Hypothesis(text=f"the first layer has {'an even' if even else 'an odd'} number of units", holds=even),
        Hypothesis(
            text=f"some later layer has fewer than {least} units" if narrow else text, holds=equal and not narrow
        ),
    )


@published(
    "Arora et al. 2018, Theorem 2.11",
    LOWER,
    "Arora, Basu, Mianjy, Mukherjee, ICLR 2018, Theorem 2.11(i) (as quoted by Serra et al. 2018)",
    lambda a: _zonotope(a, 1),
)
def arora_2018(a: Architecture) -> int:
    """2 S(m - 1, n_0 - 1) w^{L-1} for n_1 = 2m and later layers of w units."""
    first, *rest = a.widths
    return generic_central_regions(first // 2, a.input_dim) * math.prod(rest)


@published(
    "Serra et al. 2018, Theorem 7",
    LOWER,
    f"{SERRA_2018}, Theorem 7 {_NUMBERING} (`relureg construct zonotope`)",
    lambda a: _zonotope(a, 3),
)
def serra_2018_zonotope(a: Architecture) -> int:
    """2 S(m - 1, n_0 - 1) (w + 1)^{L-1} for n_1 = 2m and later layers of w >= 3 units."""
    first, *rest = a.widths
    return generic_central_regions(first // 2, a.input_dim) * math.prod(width + 1 for width in rest)
