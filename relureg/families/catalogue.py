"""The catalogue of networks known to theory: names, parameters, sources, and the exact count each must have.

A new family is a function in `arrangements` or `constructions` and an entry here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from relureg.arguments import checked
from relureg.errors import UsageError
from relureg.families import arrangements, constructions
from relureg.families.arrangements import (
    COXETER,
    PETERSEN,
    Edges,
    Hyperplanes,
    complete_bipartite,
    cycle,
    generic_central_regions,
    generic_regions,
)
from relureg.families.lattices import two_level_lattice
from relureg.network.model import Network
from relureg.words import did_you_mean, short

MAX_UNITS = 20_000
"""Largest network that is built; a family grows quickly with its parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a family, as it is written on the command line."""

    name: str
    meaning: str
    parse: Callable[[str], Any]
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Construction:
    """A family of networks."""

    name: str
    summary: str
    source: str
    parameters: tuple[Parameter, ...]
    example: str
    """Parameters as they are written on the command line."""
    build: Callable[..., Network]
    regions: Callable[..., int | None]
    """The exact number of activation regions; None where theory gives only `at_least`."""
    at_least: Callable[..., int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constructed:
    """A network known to theory."""

    construction: Construction
    network: Network
    regions: int | None
    """The exact number of activation regions that it must have; None where only `at_least` is known."""
    at_least: int | None


@checked
def construct(name: str, parameters: Mapping[str, Any] | None = None) -> Constructed:
    """A network of the catalogue, with the number of activation regions it must have.

    Parameters
    ----------
    name : str
        A key of `CONSTRUCTIONS`.
    parameters : mapping of str to str, number or sequence of numbers
        As on the command line, such as ``{"pieces": "3,4"}``, or ``{"pieces": [3, 4]}``.

    Raises
    ------
    UsageError
        No family has that name, a parameter is missing, unknown or out of range, or the network is too large.

    Examples
    --------
    >>> shi = construct("shi", {"n": "4"})
    >>> shi.network.widths, shi.regions
    ((12,), 125)
    """
    family = CONSTRUCTIONS.get(name)
    if family is None:
        nearest = did_you_mean(name, CONSTRUCTIONS)
        raise UsageError(f"there is no construction {short(name)}{nearest}; `relureg construct` lists all")
    given = dict(parameters or {})
    values: list[Any] = []
    for parameter in family.parameters:
        text = given.pop(parameter.name, parameter.default)
        if text is None:
            raise UsageError(f"{name} needs {parameter.name} ({parameter.meaning}), such as: {name} {family.example}")
        try:
            values.append(parameter.parse(_written(text)))
        except ValueError as error:
            raise UsageError(f"{parameter.name}={text}: {error}") from error
    if given:
        known = ", ".join(parameter.name for parameter in family.parameters)
        raise UsageError(f"{name} has no parameter {next(iter(given))}; it has {known}")
    return Constructed(
        construction=family,
        network=family.build(*values),
        regions=family.regions(*values),
        at_least=family.at_least(*values) if family.at_least else None,
    )


# -- parameters ----------------------------------------------------------------------------------------


def _written(value: Any) -> str:
    """A parameter as the command line has it."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
            raise ValueError(f"a whole number from {low} to {high} is needed")
        return int(text)

    return parse


def _integers(low: int, high: int) -> Callable[[str], list[int]]:
    one = _integer(low, high)

    def parse(text: str) -> list[int]:
        values = [one(part.strip()) for part in text.split(",")]
        if sum(values) > MAX_UNITS:
            raise ValueError(f"more than {MAX_UNITS:,} units")
        return values

    return parse


def _zigzag_units(text: str) -> list[int]:
    return _integers(3, 1000)(text)


def _no_zigzags(text: str) -> list[int]:
    return _zigzag_units(text) if text else []


def _rows_of_units(text: str) -> list[list[int]]:
    return [_zigzag_units(row) for row in text.split(";")]


def _graph(text: str) -> tuple[int, Edges]:
    """``cycle:5``, ``complete:4``, ``bipartite:3,3``, ``petersen``, or edges ``0-1,1-2,2-0``."""
    kind, _, numbers = text.partition(":")
    if kind == "petersen":
        return 10, PETERSEN
    if kind == "cycle":
        num = _integer(3, 16)(numbers)
        return num, cycle(num)
    if kind == "complete":
        num = _integer(2, 16)(numbers)
        return num, [(i, j) for j in range(num) for i in range(j)]
    if kind == "bipartite":
        left, right = (_integers(1, 8)(numbers) * 2)[:2]
        return left + right, complete_bipartite(left, right)
    edges = [tuple(_integer(0, 15)(vertex) for vertex in edge.split("-")) for edge in text.split(",")]
    if any(len(edge) != 2 or edge[0] == edge[1] for edge in edges):
        raise ValueError("write cycle:5, complete:4, bipartite:3,3, petersen, or edges like 0-1,1-2,2-0")
    return max(max(edge) for edge in edges) + 1, [(edge[0], edge[1]) for edge in edges]


def _thresholds(text: str) -> list[Fraction]:
    try:
        return [Fraction(part) for part in text.split(",")]
    except ZeroDivisionError as error:
        raise ValueError("a rational p/q needs a denominator other than 0") from error


def _low_high(text: str) -> list[Fraction]:
    values = _thresholds(text)
    if len(values) != 2 or values[0] >= values[1]:
        raise ValueError("two numbers are needed, the lower one first, such as 0,1")
    return values


def _size(meaning: str = "dimension", low: int = 2, high: int = 60) -> Parameter:
    return Parameter(name="n", meaning=meaning, parse=_integer(low, high))


_DIMENSION = Parameter(name="d", meaning="inputs", parse=_integer(1, 60))
_COUNT = Parameter(name="n", meaning="hyperplanes", parse=_integer(1, 5000))
_DEPTH = Parameter(name="depth", meaning="layers", parse=_integer(1, 5000))
_LAST = Parameter(name="last", meaning="units of the last layer", parse=_integer(1, 1000))


# -- entries -------------------------------------------------------------------------------------------


def _arrangement(
    name: str,
    summary: str,
    source: str,
    parameters: tuple[Parameter, ...],
    example: str,
    hyperplanes: Callable[..., Hyperplanes],
    regions: Callable[..., int | None],
) -> Construction:
    def build(*values: Any) -> Network:
        label = "_".join([name.replace("-", "_"), *map(_label, values)])
        return arrangements.network_of_hyperplanes(hyperplanes(*values), label)

    return Construction(
        name=name, summary=summary, source=source, parameters=parameters, example=example, build=build, regions=regions
    )


def _label(value: object) -> str:
    if isinstance(value, tuple):
        return f"{value[0]}_vertices"
    return "-".join(map(str, value)) if isinstance(value, list) else str(value)


def _braid_like(name: str, offsets: Sequence[int], source: str, regions: Callable[[int], int]) -> Construction:
    equation = " or ".join(str(offset) for offset in offsets)
    return _arrangement(
        name,
        f"x_i - x_j = {equation} for i < j",
        source,
        (_size(),),
        "n=4",
        lambda n: arrangements.deformed_braid(n, offsets),
        regions,
    )


def _montufar_regions(pieces: list[int], d: int, last: int) -> int | None:
    """In one dimension: every piece that is not flat holds all the last cuts; there are one or two flat ones."""
    if d > 1:
        return _MONTUFAR_COUNTS.get((*pieces, d, last))
    flat = 1 + any(p % 2 == 0 for p in pieces[:-1])
    return math.prod(pieces) * (last + 1) + flat


_MONTUFAR_COUNTS = {(2, 2, 2): 26, (2, 2, 3): 40, (2, 2, 2, 2): 100, (3, 2, 3): 80}
"""Units p of the folding layers, then d and the last layer: counted by independent exact programs."""


def _distinct(values: Sequence[Fraction], dim: int) -> list[Fraction]:
    if len(set(values)) != len(values) or any(abs(value) >= Fraction(dim, 2) for value in values):
        raise UsageError(f"cuts must be distinct numbers between -{dim}/2 and {dim}/2")
    return [Fraction(9 * dim, 2) + value for value in values]


_FAMILIES = (
    _arrangement(
        "boolean", "x_i = 0", "2^n orthants", (_size(low=1),), "n=5", arrangements.boolean, lambda n: 2**n
    ),
    _braid_like("braid", [0], "Weyl chambers of type A: permutations", math.factorial),
    _arrangement(
        "type-b", "x_i = 0 and x_i = +-x_j", "Weyl chambers: signed permutations", (_size(low=1),), "n=4",
        arrangements.type_b, lambda n: 2**n * math.factorial(n),
    ),
    _arrangement(
        "type-d", "x_i = +-x_j", "Weyl chambers", (_size(),), "n=4",
        arrangements.type_d, lambda n: 2 ** (n - 1) * math.factorial(n),
    ),
    _arrangement(
        "coxeter", "an exceptional reflection group", "order of the group (Humphreys 1990)",
        (Parameter(name="type", meaning="one of G2, F4, E6, E7, E8", parse=lambda text: _coxeter(text)),), "type=F4",
        lambda name: COXETER[name].hyperplanes(), lambda name: COXETER[name].order,
    ),
    _braid_like("shi", [0, 1], "Shi 1986: (n + 1)^(n - 1)", arrangements.shi_regions),
    _braid_like("catalan", [-1, 0, 1], "Stanley 1996: n! C_n", arrangements.catalan_regions),
    _braid_like("linial", [1], "Postnikov, Stanley 2000", arrangements.linial_regions),
    _braid_like("semiorder", [-1, 1], "Stanley 1996: labelled semiorders", arrangements.semiorder_regions),
    _arrangement(
        "threshold-graph", "x_i + x_j = 0 for i < j", "Beissinger, Peled 1987: labelled threshold graphs",
        (_size(),), "n=5", arrangements.threshold_graphs, arrangements.threshold_graph_regions,
    ),
    _arrangement(
        "graphical", "x_i = x_j for each edge of a graph", "Greene 1977: acyclic orientations",
        (Parameter(
            name="graph", meaning="cycle:5, complete:4, bipartite:3,3, petersen, or edges 0-1,1-2", parse=_graph
        ),),
        "graph=bipartite:3,3",
        lambda graph: arrangements.graphical(*graph), lambda graph: arrangements.acyclic_orientations(*graph),
    ),
    _arrangement(
        "resonance", "sum of x_i over S = 0 for each non-empty S", "Kamiya, Takemura, Terao 2011",
        (_size(low=1, high=13),), "n=4", arrangements.resonance, arrangements.RESONANCE_REGIONS.get,
    ),
    _arrangement(
        "threshold", "w_0 + sum of w_i over S = 0 for each S", "threshold functions of n Boolean variables",
        (_size("variables", 0, 13),), "n=3", arrangements.threshold, arrangements.THRESHOLD_REGIONS.get,
    ),
    _arrangement(
        "moment-curve", "general position: 1 + t x_1 + t^2 x_2 + ... = 0", "Schläfli; Zaslavsky 1975: S(n, d)",
        (_COUNT, _DIMENSION), "n=16 d=3", arrangements.moment_curve, generic_regions,
    ),
    _arrangement(
        "central-moment-curve", "generic through the origin: x_1 + t x_2 + ... = 0", "2 S(n - 1, d - 1)",
        (_COUNT, _DIMENSION), "n=10 d=4",
        arrangements.central_moment_curve, generic_central_regions,
    ),
    _arrangement(
        "grid", "parallel planes across each axis", "prod (k_i + 1)",
        (Parameter(name="planes", meaning="planes across each axis", parse=_integers(1, 5000)),), "planes=2,3,4",
        arrangements.grid, lambda planes: math.prod(k + 1 for k in planes),
    ),
    Construction(
        name="sawtooth", summary="the tent map, iterated: 2^depth pieces on [0, 1]", source="Telgarsky, COLT 2016",
        parameters=(_DEPTH,), example="depth=6", build=constructions.sawtooth,
        regions=lambda depth: 3 if depth == 1 else 2**depth + 2,
    ),
    Construction(
        name="closed-sawtooth", summary="the same, 0 beyond 1 as well", source="Telgarsky, COLT 2016",
        parameters=(_DEPTH,), example="depth=6", build=constructions.closed_sawtooth,
        regions=lambda depth: 4 if depth == 1 else 2**depth + 2,
    ),
    Construction(
        name="zigzag", summary="one input: as many regions as the bound allows, prod (n_l + 1)",
        source="Serra, Tjandraatmadja, Ramalingam 2018, Theorem 5",
        parameters=(Parameter(name="pieces", meaning="units of each layer, 3 or more", parse=_zigzag_units),),
        example="pieces=4,3,5", build=constructions.zigzag, regions=lambda pieces: math.prod(p + 1 for p in pieces),
    ),
    Construction(
        name="folds", summary="a zigzag along each axis in each layer, then a generic arrangement",
        source="Serra, Tjandraatmadja, Ramalingam 2018, Theorem 6",
        parameters=(
            Parameter(name="layers", meaning="units of each axis, layers separated by ;", parse=_rows_of_units), _LAST,
        ),
        example="layers=3,3;3,4 last=3", build=constructions.folds,
        regions=lambda layers, last: math.prod(p + 1 for row in layers for p in row)
        * generic_regions(last, len(layers[0])),
    ),
    Construction(
        name="montufar-folding", summary="each axis folded onto [0, 1/2] in each layer, then a generic arrangement",
        source="Montúfar, Pascanu, Cho, Bengio 2014, Theorem 5",
        parameters=(
            Parameter(name="pieces", meaning="units an axis, for each layer that folds", parse=_integers(1, 1000)),
            _DIMENSION, _LAST,
        ),
        example="pieces=2,2 d=1 last=2",
        build=constructions.montufar_folding,
        regions=_montufar_regions,
        at_least=lambda pieces, d, last: math.prod(p**d for p in pieces) * generic_regions(last, d),
    ),
    Construction(
        name="zonotope", summary="2m units relu(+-b . x) whose sum is folded by zigzags",
        source="Arora et al. 2018, Theorem 2.11; Serra et al. 2018, Theorem 7",
        parameters=(
            Parameter(name="m", meaning="directions (1, t, t^2, ...), t = 0, 1, ...", parse=_integer(1, 1000)),
            _DIMENSION,
            Parameter(name="pieces", meaning="units of each later layer", parse=_no_zigzags, default=""),
        ),
        example="m=4 d=3 pieces=3,3",
        build=lambda m, d, pieces: constructions.zonotope(constructions.moment_directions(m, d), pieces),
        regions=lambda m, d, pieces: generic_central_regions(m, d) * math.prod(p + 1 for p in pieces),
    ),
    Construction(
        name="cut-grid", summary="a grid of p_i planes across axis i, every box cut by parallel units of layer 2",
        source="relureg",
        parameters=(
            Parameter(name="pieces", meaning="planes across each axis, 3 or more", parse=_zigzag_units),
            Parameter(name="cuts", meaning="offsets of the cuts from the middle", parse=_thresholds, default="0"),
        ),
        example="pieces=7,7,7 cuts=-1/4,0,1/4",
        build=lambda pieces, cuts: constructions.cut_grid(pieces, _distinct(cuts, len(pieces))),
        regions=lambda pieces, cuts: (len(cuts) + 1) * math.prod(p + 1 for p in pieces),
    ),
    Construction(
        name="folded-cut", summary="8^d boxes, each cut in its middle: average degree above 2d for d = 3",
        source="relureg: a counterexample to Gaines and Bi 2026, Theorem 3.4",
        parameters=(Parameter(name="d", meaning="inputs", parse=_integer(1, 12)),), example="d=3",
        build=constructions.folded_cut, regions=lambda d: 2 * 8**d,
    ),
    Construction(
        name="xor", summary="exclusive or: 1 where one of two inputs is high, -1 where both or none are",
        source="fixtures/truth/xor.json lives on (+-1/2, +-1/2): it is at=-1/2,1/2",
        parameters=(Parameter(name="at", meaning="what is low and what is high", parse=_low_high, default="0,1"),),
        example="at=-1/2,1/2", build=constructions.exclusive_or, regions=lambda at: 3,
    ),
    Construction(
        name="lattice", summary="the maximum of minima of random affine functions: degenerate in every stage",
        source="Tarela and Martínez 1999; Ferlez and Shoukry 2020",
        parameters=(
            _DIMENSION,
            Parameter(name="functions", meaning="affine functions to choose from", parse=_integer(2, 1000)),
            Parameter(name="minima", meaning="a power of two", parse=_integer(1, 1024)),
            Parameter(name="terms", meaning="functions in each minimum, a power of two", parse=_integer(1, 1024)),
            Parameter(name="seed", meaning="of the coefficients", parse=_integer(0, 999_999_999), default="0"),
        ),
        example="d=2 functions=24 minima=8 terms=8",
        build=two_level_lattice, regions=lambda d, functions, minima, terms, seed: None,
        at_least=lambda d, functions, minima, terms, seed: 3,
    ),
)  # fmt: skip


def _coxeter(text: str) -> str:
    if text not in COXETER:
        raise ValueError(f"choose one of {', '.join(COXETER)}")
    return text


CONSTRUCTIONS: dict[str, Construction] = {family.name: family for family in _FAMILIES}
"""Every family by its name on the command line."""
