"""The arrangements of fixtures/reference/arrangements.json by their names there, as entries of the catalogue."""

from __future__ import annotations

from relureg import Network
from relureg.families.arrangements import generic_regions
from relureg.families.catalogue import Constructed, construct


def _numbered(family: str, name: str, numbers: range, **fixed: str) -> dict[str, tuple[str, dict[str, str]]]:
    return {name.format(n=n, less=n - 1): (family, {"n": str(n), **fixed}) for n in numbers}


_GRAPHS = {
    **{f"graphical cycle C_{n}": f"cycle:{n}" for n in range(3, 9)},
    **{f"graphical K_{m},{n}": f"bipartite:{m},{n}" for m, n in [(2, 2), (2, 3), (3, 3), (2, 4)]},
    "graphical Petersen (acyclic orientations)": "petersen",
}
_GENERIC = [(5, 2), (8, 2), (16, 2), (8, 3), (16, 3), (10, 4), (16, 4), (16, 5)]
_CENTRAL = [(5, 2), (8, 3), (10, 4)]

ARRANGEMENTS: dict[str, tuple[str, dict[str, str]]] = {
    **_numbered("braid", "braid A_{less} (n={n})", range(2, 7)),
    **_numbered("type-b", "type B_{n}", range(1, 6)),
    **_numbered("type-d", "type D_{n}", range(2, 6)),
    **_numbered("resonance", "resonance n={n}", range(1, 7)),
    **_numbered("threshold", "threshold functions n={n}", range(6)),
    **_numbered("shi", "Shi n={n}", range(2, 7)),
    **_numbered("catalan", "Catalan n={n}", range(2, 6)),
    **_numbered("linial", "Linial n={n}", range(2, 8)),
    **_numbered("semiorder", "semiorder n={n}", range(2, 7)),
    **_numbered("threshold-graph", "threshold-graph x_i+x_j=0 n={n}", range(2, 8)),
    **_numbered("boolean", "Boolean x_i=0 n={n}", range(1, 7)),
    **{name: ("coxeter", {"type": name}) for name in ("G2", "F4", "E6", "E7")},
    **{name: ("graphical", {"graph": graph}) for name, graph in _GRAPHS.items()},
    **{f"generic n={n} d={d} (moment curve)": ("moment-curve", {"n": str(n), "d": str(d)}) for n, d in _GENERIC},
    **{f"generic central n={n} d={d}": ("central-moment-curve", {"n": str(n), "d": str(d)}) for n, d in _CENTRAL},
    **{
        f"grid {planes}": ("grid", {"planes": ",".join(map(str, planes))})
        for planes in [(2, 3), (2, 3, 4), (1, 1, 1, 1)]
    },
}

SIMPLICIAL = ("braid", "type", "G2", "F4", "E6", "E7", "Boolean")
"""How the names of arrangements begin in which every region has as many facets as the rank."""


def constructed(name: str) -> Constructed:
    return construct(*ARRANGEMENTS[name])


def arrangement(name: str) -> Network:
    return constructed(name).network


def generic_facets(num: int, dim: int) -> int:
    """Each of n hyperplanes is cut by the others into as many facets as they have regions in it."""
    return num * generic_regions(num - 1, dim - 1)
