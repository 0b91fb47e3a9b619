"""Hyperplane arrangements with known numbers of regions, as networks with one hidden stage (bias: the offset).

Each is built here from its definition; what is known of it is in fixtures/reference/arrangements.json.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations, product

import numpy as np

from relureg import Network

Hyperplanes = list[tuple[list[int], int]]
"""Normal and offset of each: normal . x + offset = 0."""


def network_of_hyperplanes(hyperplanes: Hyperplanes, name: str = "arrangement") -> Network:
    normals, offsets = zip(*hyperplanes, strict=True)
    return Network.from_layers([list(normals), [[1] * len(normals)]], [list(offsets), [0]], name=name)


def _difference(dim: int, i: int, j: int, sign: int = -1) -> list[int]:
    """The normal of x_i + sign * x_j."""
    normal = [0] * dim
    normal[i], normal[j] = 1, sign
    return normal


def _axis(dim: int, i: int) -> list[int]:
    return [int(k == i) for k in range(dim)]


def _subsets(size: int) -> Iterable[list[int]]:
    return (list(choice) for choice in product([0, 1], repeat=size))


def graphical(dim: int, edges: Iterable[tuple[int, int]]) -> Hyperplanes:
    """x_i = x_j for each edge: the regions are the acyclic orientations of the graph."""
    return [(_difference(dim, i, j), 0) for i, j in edges]


def deformed_braid(dim: int, offsets: Iterable[int]) -> Hyperplanes:
    """x_i - x_j = c for i < j and each offset c: Shi (0, 1), Catalan (-1, 0, 1), Linial (1), semiorder (-1, 1)."""
    return [(_difference(dim, i, j), -c) for i, j in combinations(range(dim), 2) for c in offsets]


def type_d(dim: int) -> Hyperplanes:
    return [(_difference(dim, i, j, sign), 0) for i, j in combinations(range(dim), 2) for sign in (-1, 1)]


def type_b(dim: int) -> Hyperplanes:
    return boolean(dim) + type_d(dim)


def boolean(dim: int) -> Hyperplanes:
    return [(_axis(dim, i), 0) for i in range(dim)]


def resonance(dim: int) -> Hyperplanes:
    """The sum of x_i over S is 0, for each non-empty S."""
    return [(subset, 0) for subset in _subsets(dim) if any(subset)]


def threshold(dim: int) -> Hyperplanes:
    """The regions are the threshold functions of `dim` Boolean variables: w_0 + the sum of w_i over S, for each S."""
    return [([1, *subset], 0) for subset in _subsets(dim)]


def threshold_graphs(dim: int) -> Hyperplanes:
    return [(_difference(dim, i, j, 1), 0) for i, j in combinations(range(dim), 2)]


def moment_curve(num: int, dim: int) -> Hyperplanes:
    """In general position: 1 + t x_1 + t^2 x_2 + ... = 0 for t = 1, ..., num."""
    return [([t ** (k + 1) for k in range(dim)], 1) for t in range(1, num + 1)]


def central_moment_curve(num: int, dim: int) -> Hyperplanes:
    """Through the origin, and otherwise in general position: x_1 + t x_2 + t^2 x_3 + ... = 0."""
    return [([t**k for k in range(dim)], 0) for t in range(1, num + 1)]


def grid(*planes: int) -> Hyperplanes:
    """So many parallel hyperplanes across each axis."""
    return [(_axis(len(planes), axis), -k) for axis, count in enumerate(planes) for k in range(count)]


def root_system(cartan: list[list[int]]) -> Hyperplanes:
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


def simply_laced(rank: int, edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The Cartan matrix of a Dynkin diagram without multiple edges."""
    cartan = 2 * np.eye(rank, dtype=int)
    for i, j in edges:
        cartan[i, j] = cartan[j, i] = -1
    return cartan.tolist()


def type_e(rank: int) -> Hyperplanes:
    """A path of rank - 1 nodes, with one more at the third."""
    return root_system(simply_laced(rank, [*((i, i + 1) for i in range(rank - 2)), (2, rank - 1)]))


G2 = root_system([[2, -1], [-3, 2]])
F4 = root_system([[2, -1, 0, 0], [-1, 2, -2, 0], [0, -1, 2, -1], [0, 0, -1, 2]])


def _cycle(num: int) -> list[tuple[int, int]]:
    return [(i, (i + 1) % num) for i in range(num)]


def _bipartite(left: int, right: int) -> list[tuple[int, int]]:
    return [(i, left + j) for i in range(left) for j in range(right)]


PETERSEN = _cycle(5) + [(i, i + 5) for i in range(5)] + [(5 + i, 5 + (i + 2) % 5) for i in range(5)]

ARRANGEMENTS: dict[str, Hyperplanes] = {
    **{f"braid A_{n - 1} (n={n})": deformed_braid(n, [0]) for n in range(2, 7)},
    **{f"type B_{n}": type_b(n) for n in range(1, 6)},
    **{f"type D_{n}": type_d(n) for n in range(2, 6)},
    **{f"resonance n={n}": resonance(n) for n in range(1, 7)},
    **{f"threshold functions n={n}": threshold(n) for n in range(6)},
    **{f"Shi n={n}": deformed_braid(n, [0, 1]) for n in range(2, 7)},
    **{f"Catalan n={n}": deformed_braid(n, [-1, 0, 1]) for n in range(2, 6)},
    **{f"Linial n={n}": deformed_braid(n, [1]) for n in range(2, 8)},
    **{f"semiorder n={n}": deformed_braid(n, [-1, 1]) for n in range(2, 7)},
    **{f"threshold-graph x_i+x_j=0 n={n}": threshold_graphs(n) for n in range(2, 8)},
    **{f"Boolean x_i=0 n={n}": boolean(n) for n in range(1, 7)},
    "G2": G2,
    "F4": F4,
    "E6": type_e(6),
    "E7": type_e(7),
    **{f"graphical cycle C_{n}": graphical(n, _cycle(n)) for n in range(3, 9)},
    **{f"graphical K_{m},{n}": graphical(m + n, _bipartite(m, n)) for m, n in [(2, 2), (2, 3), (3, 3), (2, 4)]},
    "graphical Petersen (acyclic orientations)": graphical(10, PETERSEN),
    **{
        f"generic n={n} d={d} (moment curve)": moment_curve(n, d)
        for n, d in [(5, 2), (8, 2), (16, 2), (8, 3), (16, 3), (10, 4), (16, 4), (16, 5)]
    },
    **{f"generic central n={n} d={d}": central_moment_curve(n, d) for n, d in [(5, 2), (8, 3), (10, 4)]},
    **{f"grid {planes}": grid(*planes) for planes in [(2, 3), (2, 3, 4), (1, 1, 1, 1)]},
}

SIMPLICIAL = ("braid", "type", "G2", "F4", "E6", "E7", "Boolean")
"""How the names of arrangements begin in which every region has as many facets as the rank."""


def generic_regions(num: int, dim: int) -> int:
    """S(n, d), the regions of n hyperplanes in general position."""
    return sum(math.comb(num, k) for k in range(dim + 1))


def generic_facets(num: int, dim: int) -> int:
    """Each of n hyperplanes is cut by the others into as many facets as they have regions in it."""
    return num * generic_regions(num - 1, dim - 1)
