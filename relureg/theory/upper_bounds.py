"""Published upper bounds on the number of activation regions: one function each, exact integers.

Every bound here also bounds the number of linear regions, and holds on any convex domain, where there are no more
regions than on the whole space. Sources: [ABMM18], [HG19], [MPCB14], [Mon17], [PMB13], [RPKGS17], [SR20], [STR18],
[Sch01], [Zas75], [ZNL18].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from relureg.families.arrangements import generic_central_regions, generic_regions
from relureg.theory.architecture import Architecture, Hypothesis, layered, one_hidden_layer, one_input, wide
from relureg.theory.published import EXACT, LINE, UPPER, published

SERRA_2018 = "Serra, Tjandraatmadja, Ramalingam 2018"
_NUMBERING = "(numbering of the ICLR 2018 submission)"

_generic_regions = lru_cache(maxsize=64)(generic_regions)


def _layered(a: Architecture) -> Sequence[Hypothesis]:
    return (layered(a),)


@published("Serra et al. 2018, Theorem 1", UPPER, f"{SERRA_2018}, Theorem 1 {_NUMBERING}", _layered)
def serra_2018(a: Architecture) -> int:
    """Sum over (j_1, ..., j_L) of prod C(n_l, j_l), 0 <= j_l <= min(n_0, n_1 - j_1, ..., n_{l-1} - j_{l-1}, n_l).

    Evaluated by the recursion R(l, D) = sum_{j <= min(D, n_l)} C(n_l, j) R(l + 1, min(D, n_l - j)), in which D is the
    dimension that is left.
    """
    return _recursion(a, a.widths, a.widths, a.widths)


def _ranks_known(a: Architecture) -> Sequence[Hypothesis]:
    return (layered(a), Hypothesis(text="needs the ranks of the weights: give a network", holds=a.ranks is not None))


@published(
    "Serra et al. 2018, by ranks",
    UPPER,
    f"{SERRA_2018}, Theorem 1 with the remark after Lemma 4 on ranks {_NUMBERING}",
    _ranks_known,
)
def serra_2018_ranks(a: Architecture) -> int:
    """The same with j_l <= rank W^l as well: hyperplanes with normals of rank r cut R^D as those of R^r do."""
    return _recursion(a, a.widths, a.widths, a.ranks or ())


def _stability_known(a: Architecture) -> Sequence[Hypothesis]:
    known = a.num_inactive is not None and a.ranks is not None
    return (layered(a), Hypothesis(text="needs stable units and ranks: give a network", holds=known))


@published(
    "Serra-Ramalingam 2020, stable units",
    UPPER,
    "Serra, Ramalingam, AAAI 2020 (a form proved independently; the published recurrence was not seen)",
    _stability_known,
)
def serra_ramalingam_2020(a: Architecture) -> int:
    """The recursion with units that never change their sign on the domain left out.

    A_l units are not always inactive, U_l of these are not always active either, and the image of a layer has no more
    dimensions than the rank r_l of its weights:
    R(l, D) = sum_{j <= min(D, U_l, r_l)} C(U_l, j) R(l + 1, min(D, A_l - j, r_l)).
    """
    active = tuple(width - off for width, off in zip(a.widths, a.num_inactive or (), strict=True))
    unstable = tuple(width - on for width, on in zip(active, a.num_active or (), strict=True))
    return _recursion(a, unstable, active, a.ranks or (), images=True)


def _recursion(
    a: Architecture, cuts: Sequence[int], active: Sequence[int], ranks: Sequence[int], *, images: bool = False
) -> int:
    """R(1, n_0), R(l, D) = sum_{j <= min(D, cuts, rank)} C(cuts, j) R(l + 1, min(D, active - j)), R(L + 1, .) = 1.

    With `images` the dimension that is left is at most the rank as well.
    """
    top = min(a.input_dim, max(a.widths, default=0))
    value = [1] * (top + 1)
    for layer in reversed(range(len(a.widths))):
        value = _layer(cuts[layer], active[layer], ranks[layer], value)
        if images:
            value = [value[min(dim, ranks[layer])] for dim in range(top + 1)]
    return value[top]


def _layer(cuts: int, active: int, rank: int, after: list[int]) -> list[int]:
    """R(l, D) for every D from R(l + 1, .), by prefix sums over j.

    As long as j <= active - D the dimension left stays D; beyond, it is active - j, whatever D.
    """
    top = len(after) - 1
    binomial, binomials, weighted = 1, [0], [0]  # sums over i < j of C(cuts, i), and of C(cuts, i) R(l + 1, active - i)
    for j in range(min(top, cuts, rank) + 1):
        binomials.append(binomials[-1] + binomial)
        weighted.append(weighted[-1] + binomial * after[min(active - j, top)])
        binomial = binomial * (cuts - j) // (j + 1)
    values = []
    for dim in range(top + 1):
        end = min(dim, cuts, rank) + 1
        turn = max(0, min(end, active - dim + 1))
        values.append(after[dim] * binomials[turn] + weighted[end] - weighted[turn])
    return values


@published(
    "Hinz-van de Geer 2019, binomial",
    UPPER,
    "Hinz, van de Geer 2019 (framework known from quotations)",
    _layered,
)
def hinz_van_de_geer_2019(a: Architecture) -> int:
    """|| B M ... B M e_{n_0} ||_1 over histograms: v_i counts regions with an image of dimension i.

    M clips i to n = n_l. Then each region with dimension i is cut into C(n, j) regions with n - j active units, for
    each j <= i, of dimension min(i, n - j). Equals Theorem 1 of Serra et al. on every architecture.
    """
    return sum(dimension_histogram(a))


def dimension_histogram(a: Architecture) -> list[int]:
    """The histogram that the binomial choice of Hinz and van de Geer [HG19] ends with: entry i for image dimension i.

    Examples
    --------
    >>> dimension_histogram(Architecture(input_dim=3, widths=(5, 5)))
    [0, 0, 320, 256]
    """
    top = min([a.input_dim, *a.widths])
    histogram = [0] * a.input_dim + [1]
    for n in a.widths:
        histogram = _cut(n, [*histogram[:n], sum(histogram[n:])])
    return (histogram + [0] * (top + 1))[: top + 1]


def _cut(n: int, before: list[int]) -> list[int]:
    """One layer of n units: dimension i <= n stays i for j <= n - i, and falls to m = n - j below."""
    above = [0] * (len(before) + 1)  # sums of entries i, i + 1, ...
    for i in reversed(range(len(before))):
        above[i] = above[i + 1] + before[i]
    binomial, binomials = 1, [0]
    for j in range(len(before)):
        binomials.append(binomials[-1] + binomial)
        binomial = binomial * (n - j) // (j + 1)
    after = []
    for m, count in enumerate(before):
        kept = count * binomials[min(m, n - m) + 1]
        # From i > m, with j = n - m units off: allowed where j <= i.
        fallen = above[max(m + 1, n - m)] * math.comb(n, m) if max(m + 1, n - m) < len(above) else 0
        after.append(kept + fallen)
    return after


@published(
    "Montúfar 2017",
    UPPER,
    "Montúfar, SampTA 2017",
    _layered,
)
def montufar_2017(a: Architecture) -> int:
    """prod_l S(n_l, d_l) with d_l = min(n_0, ..., n_l)."""
    value, dim = 1, a.input_dim
    for width in a.widths:
        dim = min(dim, width)
        value *= _generic_regions(width, dim)
    return value


def _zhang_naitzat_lim(a: Architecture) -> Sequence[Hypothesis]:
    scalar = None if a.output_dim is None else a.output_dim == 1
    return (
        layered(a),
        wide(a, 1),
        Hypothesis(text="integer weights", holds=a.has_integer_weights, needed=False),
        Hypothesis(text="a single output", holds=scalar, needed=False),
    )


@published(
    "Zhang-Naitzat-Lim 2018, Thm 6.3",
    UPPER,
    "Zhang, Naitzat, Lim, ICML 2018, Theorem 6.3 (wording not seen in the original)",
    _zhang_naitzat_lim,
)
def zhang_naitzat_lim_2018(a: Architecture) -> int:
    """prod_l S(n_l, d) over the hidden layers, for layers that are all at least as wide as the input.

    The theorem speaks of linear regions, integer weights and one output; the product bounds activation regions as
    well, and needs neither of the last two.
    """
    return raghu_2017(a)


@published(
    "Raghu et al. 2017",
    UPPER,
    "Raghu et al., ICML 2017 (product form; wording not seen in the original)",
    lambda _: (),
)
def raghu_2017(a: Architecture) -> int:
    """prod_l S(n_l, n_0): inside each region so far, layer l is an arrangement of n_l hyperplanes.

    Holds with skip connections too, as each unit is affine inside each region of the earlier layers.
    """
    return math.prod(_generic_regions(width, a.input_dim) for width in a.widths)


@published("trivial", UPPER, "Montúfar, Pascanu, Cho, Bengio, NeurIPS 2014", lambda _: ())
def trivial(a: Architecture) -> int:
    """2^N: one region a pattern at the most."""
    return 1 << sum(a.widths)


# -- special shapes ------------------------------------------------------------------------------------


@published(
    "one hidden layer",
    EXACT,
    "Schläfli; Zaslavsky 1975; Pascanu, Montúfar, Bengio 2013, Proposition 2 (numbering not checked)",
    lambda a: (one_hidden_layer(a),),
)
def pascanu_2013_one_layer(a: Architecture) -> int:
    """S(n_1, n_0), attained by hyperplanes in general position."""
    return generic_regions(a.widths[0], a.input_dim)


@published(
    "one bias-free hidden layer",
    EXACT,
    "Schläfli; Zaslavsky 1975",
    lambda a: (one_hidden_layer(a), *_bias_free(a)),
)
def bias_free_one_layer(a: Architecture) -> int:
    """2 S(n_1 - 1, n_0 - 1), attained by hyperplanes through the origin with normals in general position."""
    return generic_central_regions(a.widths[0], a.input_dim)


def _zigzag_fits(a: Architecture) -> Sequence[Hypothesis]:
    narrow = [number for number, width in enumerate(a.widths, start=1) if width < 3]
    text = f"layer {narrow[0]} has fewer than 3 units" if narrow else "every hidden layer has at least 3 units"
    return (layered(a), one_input(a), Hypothesis(text=text, holds=not narrow))


@published("Serra et al. 2018, Theorem 5", EXACT, f"{SERRA_2018}, Theorem 5 {_NUMBERING}", _zigzag_fits)
def serra_2018_one_input(a: Architecture) -> int:
    """prod_l (n_l + 1) for one input, attained if all n_l >= 3 (`relureg construct zigzag`)."""
    return one_input_product(a)


@published("product for one input", UPPER, f"{SERRA_2018}, Theorem 5 {_NUMBERING}", lambda a: (one_input(a),))
def one_input_product(a: Architecture) -> int:
    """prod_l (n_l + 1) for one input: each unit cuts each piece at most once, with skip connections too."""
    return math.prod(width + 1 for width in a.widths)


@published(
    "Arora et al. 2018, one input",
    UPPER,
    "Arora, Basu, Mianjy, Mukherjee, ICLR 2018 (not seen in the original; weaker than the product for one input)",
    lambda a: (one_input(a), Hypothesis(text="there is no hidden layer", holds=bool(a.widths))),
)
def arora_2018_one_input(a: Architecture) -> int:
    """2^{L-1} (n_1 + 1) n_2 ... n_L for one input."""
    first, *rest = a.widths
    return (first + 1) * math.prod(2 * width for width in rest)


def _bias_free(a: Architecture) -> Sequence[Hypothesis]:
    if a.is_bias_free is None:
        text = "needs to know that there are no biases: give a network, or --bias-free"
    else:
        text = "no hidden biases" if a.is_bias_free else "some hidden bias is not 0"
    return (layered(a), Hypothesis(text=text, holds=a.is_bias_free))


@published(
    "bias-free, by a slice",
    UPPER,
    "relureg: Serra et al. 2018 on the slices x_d = 1 and x_d = -1",
    _bias_free,
)
def bias_free(a: Architecture) -> int:
    """Twice the bound of Serra et al. with one input less: all regions are cones.

    Each cone with an interior meets one of the hyperplanes x_d = 1 and x_d = -1 in a region of a network with d - 1
    inputs.
    """
    if not any(a.widths):
        return 1
    if a.input_dim == 1:
        return 2
    return 2 * serra_2018(Architecture(input_dim=a.input_dim - 1, widths=a.widths))


@published("along any straight line", LINE, "relureg: the product for one input", lambda _: ())
def line_bound(a: Architecture) -> int:
    """prod_l (n_l + 1): the network restricted to a line has one input. One less bounds the diameter."""
    return one_input_product(a)
