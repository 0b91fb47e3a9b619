"""Hyperplane arrangements with known numbers of regions, as networks with one hidden layer.

Each family gives its hyperplanes (normal, offset): ``normal . x + offset = 0``. The numbers of regions are those of
`fixtures/reference`, found by independent exact programs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

from relureg.errors import UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.model import Network

Hyperplanes = list[tuple[list[int], int]]
"""Normal and offset of each."""

Edges = Sequence[tuple[int, int]]
"""Edges of a graph on vertices 0, 1, ..."""


def network_of_hyperplanes(hyperplanes: Hyperplanes, name: str = "arrangement") -> Network:
    """One hidden layer with a unit for each hyperplane; the output is the sum of the units."""
    normals, offsets = zip(*hyperplanes, strict=True)
    return Network.from_layers(
        [
            RationalMatrix.from_fractions(normals, len(normals[0])),
            RationalMatrix.from_fractions([[1] * len(normals)], len(normals)),
        ],
        [RationalMatrix.from_fractions([[offset] for offset in offsets], 1), RationalMatrix.zeros(1, 1)],
        name=name,
    )


# -- general position ----------------------------------------------------------------------------------


def generic_regions(num: int, dim: int) -> int:
    """S(n, d) = sum of C(n, j) for j <= d: regions of n hyperplanes in general position, the most that n can have.

    Source: [Sch01], [Zas75].

    Examples
    --------
    >>> generic_regions(16, 2), generic_regions(5, -1)
    (137, 0)
    """
    if dim >= num:
        return 1 << num
    total = 0
    term = 1
    for j in range(dim + 1):
        total += term
        term = term * (num - j) // (j + 1)
    return total


def generic_central_regions(num: int, dim: int) -> int:
    """2 S(n - 1, d - 1): regions of n >= 1 hyperplanes through one point with normals in general position."""
    return 2 * generic_regions(num - 1, dim - 1)


def moment_curve(num: int, dim: int) -> Hyperplanes:
    """In general position: 1 + t x_1 + t^2 x_2 + ... = 0 for t = 1, ..., num."""
    return [([t ** (k + 1) for k in range(dim)], 1) for t in range(1, num + 1)]


def central_moment_curve(num: int, dim: int) -> Hyperplanes:
    """Through the origin, and otherwise in general position: x_1 + t x_2 + t^2 x_3 + ... = 0."""
    return [([t**k for k in range(dim)], 0) for t in range(1, num + 1)]


def grid(planes: Sequence[int]) -> Hyperplanes:
    """So many parallel hyperplanes across each axis."""
    return [(_axis(len(planes), axis), -k) for axis, count in enumerate(planes) for k in range(count)]


# -- graphs --------------------------------------------------------------------------------------------


def graphical(num_vertices: int, edges: Edges) -> Hyperplanes:
    """x_i = x_j for each edge: the regions are the acyclic orientations of the graph [Gre77]."""
    return [(_difference(num_vertices, i, j), 0) for i, j in edges]


def acyclic_orientations(num_vertices: int, edges: Edges) -> int:
    """How many orientations of a graph have no directed cycle, by inclusion and exclusion over the sets of sinks.

    Examples
    --------
    >>> acyclic_orientations(3, [(0, 1), (1, 2), (2, 0)])
    6
    """
    neighbours = [0] * num_vertices
    for i, j in edges:
        neighbours[i] |= 1 << j
        neighbours[j] |= 1 << i

    @cache
    def count(vertices: int) -> int:
        if not vertices:
            return 1
        total = 0
        chosen = vertices
        while chosen:  # every non-empty subset
            members = [v for v in range(num_vertices) if chosen >> v & 1]
            if not any(neighbours[v] & chosen for v in members):
                total += (1 if len(members) % 2 else -1) * count(vertices & ~chosen)
            chosen = (chosen - 1) & vertices
        return total

    return count((1 << num_vertices) - 1)


def cycle(num: int) -> Edges:
    """The edges of a cycle."""
    return [(i, (i + 1) % num) for i in range(num)]


def complete_bipartite(left: int, right: int) -> Edges:
    """The edges of K_{left, right}."""
    return [(i, left + j) for i in range(left) for j in range(right)]


PETERSEN: Edges = [*cycle(5), *((i, i + 5) for i in range(5)), *((5 + i, 5 + (i + 2) % 5) for i in range(5))]
"""Ten vertices, fifteen edges."""


def threshold_graphs(dim: int) -> Hyperplanes:
    """x_i + x_j = 0 for i < j: the regions are the labelled threshold graphs."""
    return [(_difference(dim, i, j, 1), 0) for i, j in combinations(range(dim), 2)]


# -- reflection groups and their deformations ----------------------------------------------------------


def deformed_braid(dim: int, offsets: Iterable[int]) -> Hyperplanes:
    """x_i - x_j = c for i < j and each offset c.

    Braid (0), Shi (0, 1), Catalan (-1, 0, 1), Linial (1), semiorder (-1, 1).
    """
    return [(_difference(dim, i, j), -c) for i, j in combinations(range(dim), 2) for c in offsets]


def boolean(dim: int) -> Hyperplanes:
    """x_i = 0."""
    return [(_axis(dim, i), 0) for i in range(dim)]


def type_d(dim: int) -> Hyperplanes:
    """x_i = x_j and x_i = -x_j for i < j."""
    return [(_difference(dim, i, j, sign), 0) for i, j in combinations(range(dim), 2) for sign in (-1, 1)]


def type_b(dim: int) -> Hyperplanes:
    """Type D, and x_i = 0."""
    return boolean(dim) + type_d(dim)


def root_system(cartan: Sequence[Sequence[int]]) -> Hyperplanes:
    """The hyperplanes of a finite reflection group: the positive roots, in coordinates of the simple ones."""
    rank = len(cartan)
    found = {tuple(_axis(rank, i)) for i in range(rank)}
    frontier = list(found)
    while frontier:
        root = frontier.pop()
        for i in range(rank):
            image = list(root)
            image[i] -= sum(root[j] * cartan[j][i] for j in range(rank))
            if min(image) >= 0 and tuple(image) not in found:
                found.add(tuple(image))
                frontier.append(tuple(image))
    return [(list(root), 0) for root in sorted(found)]


def type_e(rank: int) -> Hyperplanes:
    """E6, E7 or E8: a path of rank - 1 nodes, with one more at the third."""
    cartan = [[2 * int(i == j) for j in range(rank)] for i in range(rank)]
    for i, j in [*((i, i + 1) for i in range(rank - 2)), (2, rank - 1)]:
        cartan[i][j] = cartan[j][i] = -1
    return root_system(cartan)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionGroup:
    """A finite reflection group: its chambers are as many as its elements."""

    hyperplanes: Callable[[], Hyperplanes]
    order: int


COXETER = {
    "G2": ReflectionGroup(hyperplanes=lambda: root_system([[2, -1], [-3, 2]]), order=12),
    "F4": ReflectionGroup(
        hyperplanes=lambda: root_system([[2, -1, 0, 0], [-1, 2, -2, 0], [0, -1, 2, -1], [0, 0, -1, 2]]), order=1152
    ),
    "E6": ReflectionGroup(hyperplanes=lambda: type_e(6), order=51_840),
    "E7": ReflectionGroup(hyperplanes=lambda: type_e(7), order=2_903_040),
    "E8": ReflectionGroup(hyperplanes=lambda: type_e(8), order=696_729_600),
}
"""The exceptional reflection groups over the rationals."""


# -- subsets -------------------------------------------------------------------------------------------


def resonance(dim: int) -> Hyperplanes:
    """The sum of x_i over S is 0, for each non-empty S."""
    return [(subset, 0) for subset in _subsets(dim) if any(subset)]


def threshold(dim: int) -> Hyperplanes:
    """w_0 plus the sum of w_i over S is 0, for each S.

    The regions are the threshold functions of `dim` Boolean variables.
    """
    return [([1, *subset], 0) for subset in _subsets(dim)]


RESONANCE_REGIONS = {1: 2, 2: 6, 3: 32, 4: 370, 5: 11_292, 6: 1_066_044, 7: 347_326_352}
"""By dimension; the last from the literature, not checked."""

THRESHOLD_REGIONS = {0: 2, 1: 4, 2: 14, 3: 104, 4: 1882, 5: 94_572, 6: 15_028_134}
"""By number of variables; the last from the literature, not checked."""


# -- closed forms --------------------------------------------------------------------------------------


def shi_regions(dim: int) -> int:
    """(n + 1)^(n - 1) [Shi86]."""
    return int((dim + 1) ** (dim - 1))


def catalan_number(n: int) -> int:
    """C_n = C(2n, n) / (n + 1)."""
    return math.comb(2 * n, n) // (n + 1)


def catalan_regions(dim: int) -> int:
    """N! C_n."""
    return math.factorial(dim) * catalan_number(dim)


def linial_regions(dim: int) -> int:
    """2^-n times the sum of C(n, k) (k + 1)^(n - 1) [PS00]."""
    return int(sum(math.comb(dim, k) * (k + 1) ** (dim - 1) for k in range(dim + 1))) >> dim


def semiorder_regions(dim: int) -> int:
    """The labelled semiorders: sum of (-1)^(n - k) S(n, k) k! C_k, S Stirling numbers.

    Source: [CLP78].
    """
    return sum((-1) ** (dim - k) * _stirling(dim, k) * math.factorial(k) * catalan_number(k) for k in range(1, dim + 1))


def threshold_graph_regions(dim: int) -> int:
    """The labelled threshold graphs on n >= 2 vertices: 2 F_n - 2 n F_(n-1), F the ordered Bell numbers.

    Source: [BP87].
    """
    return 2 * _ordered_bell(dim) - 2 * dim * _ordered_bell(dim - 1)


@cache
def _stirling(n: int, k: int) -> int:
    """Partitions of n elements into k blocks."""
    if n == k:
        return 1
    return 0 if k == 0 or k > n else k * _stirling(n - 1, k) + _stirling(n - 1, k - 1)


def _ordered_bell(n: int) -> int:
    return sum(math.factorial(k) * _stirling(n, k) for k in range(n + 1))


def _difference(dim: int, i: int, j: int, sign: int = -1) -> list[int]:
    """The normal of x_i + sign * x_j."""
    if i == j or not (0 <= i < dim and 0 <= j < dim):
        raise UsageError(f"{i}-{j} is no edge between two of the vertices 0..{dim - 1}")
    normal = [0] * dim
    normal[i], normal[j] = 1, sign
    return normal


def _axis(dim: int, i: int) -> list[int]:
    return [int(k == i) for k in range(dim)]


def _subsets(size: int) -> Iterable[list[int]]:
    return (list(choice) for choice in product([0, 1], repeat=size))
