"""The networks that are measured: given weights, random weights from a fixed seed, and degenerate arrangements.

Every network is a list of layers in doubles, so that any tool can be given exactly the same numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import relureg
from relureg.families.lattices import two_level_lattice
from relureg.families.random import random_network

TRUTH = Path(__file__).resolve().parent.parent / "fixtures" / "truth"

SEED = 0
"""Of every random network; each starts its own generator, so that adding one changes no other."""

RANDOM = (
    (2, 64, 64, 64, 1),
    (2, 128, 128, 1),
    (3, 32, 32, 1),
    (4, 12, 50, 1),
    (4, 20, 20, 1),
    (5, 12, 40, 1),
    (5, 16, 16, 1),
    (6, 10, 30, 1),
    (6, 12, 12, 1),
    (8, 20, 1),
    (10, 14, 1),
    (784, 10, 10, 10),
)
"""Widths, inputs first and outputs last."""

INSIDE = (
    ((6, 12, 12, 1), -1.0, 1.0),
    ((8, 12, 12, 1), -1.0, 1.0),
    ((10, 14, 1), -1.0, 1.0),
    ((12, 12, 4, 1), -1.0, 1.0),
    ((12, 10, 4, 8, 4, 8, 4, 1), -1.0, 1.0),
    ((12, 64, 64, 4, 1), -0.1, 0.1),  # as large as controllers of quadrotors are
    ((14, 32, 32, 1), -1.0, 1.0),
    ((16, 12, 10, 1), 0.0, 1.0),
    ((20, 8, 4, 1), -1.0, 1.0),
    ((20, 16, 16, 1), -0.1, 0.1),
    ((784, 8, 4, 1), 0.0, 1.0),
    ((784, 128, 10, 1), 0.0, 0.01),
)
"""Widths, and the sides of the box to count in: many inputs, as `relureg random --seed 1` has them."""

IMAGE = ((784, 32, 10, 1), 0.02)
"""Widths, and the half-side of the box around one point of [0, 1]^d to count in."""

LONG = ((8, 12, 12, 1),)
"""Those that are measured only on request."""

NETS = Path(__file__).resolve().parent.parent / "fixtures" / "nets"

REAL = (
    ("acasxu_1_1_eran_onnx.onnx", 0.1),
    ("hcas_pra0_tau00_nnet.nnet", None),
    ("acasxu_tiny_5_5_5.nnet", None),
    ("overt_acc_3_20_matlab_gemm4d.onnx", None),
    ("overt_car_smallest.nnet", None),
    ("overt_single_pendulum_small.nnet", None),
    ("sherlock_cartpole_matlab_gemm4d.onnx", None),
    ("sherlock_car_2.nt", None),
    ("sherlock_simple_deep_2x5.onnx", None),
    ("cersyve_robot_dog_f.onnx", None),
    ("marabou_twin_10_10_1.nnet", None),
    ("acasxu_1_1_nnet.nnet", None),
    ("hcas_pra4_tau20_nnet.nnet", None),
    ("marabou_coav_6_40_40_38_19_1.nnet", None),
    ("sherlock_drone_10.nt", None),
    ("sherlock_inv_pend", None),
    ("exlipbab_wine.json", None),
    ("exlipbab_abalone.json", None),
    ("exlipbab_bike.json", None),
    ("marabou_tinytaxinet_conv.onnx", 0.01),
)
"""Files of `fixtures/nets`, and the half-width of the box to count in; those that are not there are left out."""

LIMIT = 30_000
"""Regions at which a real or degenerate network ends, so that the suite does."""

DEGENERATE = ("integer", "nobias", "pruned", "quantised", "decayed")
"""What networks become by rounding, training and compression; see `degenerate`."""

DEGENERATE_WIDTHS = ((2, 40, 40, 1), (3, 20, 20, 1), (4, 16, 16, 1), (6, 10, 10, 1))

LATTICES = ((2, 24, 8, 8), (2, 64, 16, 16), (4, 12, 4, 4))
"""Inputs, affine functions, minima and their terms."""

E6 = ((0, 1), (1, 2), (2, 3), (3, 4), (2, 5))
"""The edges of the Dynkin diagram E6 on the simple roots 0..5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network with a name and, where it is known, its number of regions over the whole space."""

    name: str
    group: str
    """truth, random, inside, degenerate or real."""
    weights: tuple[NDArray[np.float64], ...]
    """One matrix a layer, a row a unit; ReLU after every layer but the last."""
    biases: tuple[NDArray[np.float64], ...]
    regions: int | None
    """From `fixtures/truth/counts.json` or from theory; None where nobody has counted independently."""
    file: Path | None = None
    """Where a real network is read from; it has no weights here then."""
    box: tuple[float, float] | None = None
    """Count in the box of these sides, not in the whole space."""
    is_around_a_point: bool = False
    """The box is moved to a point, which is uniform in [0, 1]^d."""
    limit: int | None = None
    """End at so many regions; None: count all."""

    def domain(self) -> relureg.Domain | None:
        """Where to count."""
        if self.box is None:
            return None
        dim, (low, high) = self.network().input_dim, self.box
        point = np.random.default_rng(SEED).uniform(size=dim) if self.is_around_a_point else np.zeros(dim)
        return relureg.Domain.box((point + low).tolist(), (point + high).tolist())

    def network(self) -> relureg.Network:
        """A new network object: nothing that an earlier run has cached is in it."""
        if self.file is not None:
            return relureg.load(self.file)
        return relureg.Network.from_layers(self.weights, self.biases, name=self.name)


def iter_cases(*, long: bool = False) -> Iterator[Case]:
    """All networks of the suite; with `long` also those that take minutes."""
    counts = json.loads((TRUTH / "counts.json").read_text())
    for name in sorted(counts):
        yield truth(name, regions=counts[name]["regions"])
    for widths in RANDOM + (LONG if long else ()):
        yield he_initialised(widths)
    for widths, low, high in INSIDE:
        yield inside(widths, low, high)
    yield around_a_point(*IMAGE)
    yield arrangement("resonance_5", resonance_normals(5), regions=11_292)
    yield arrangement("threshold_5", threshold_normals(5), regions=94_572)
    yield arrangement("roots_E6", root_normals(E6), regions=51_840)
    for kind in DEGENERATE:
        for widths in DEGENERATE_WIDTHS:
            yield degenerate(kind, widths)
    for d, functions, minima, terms in LATTICES:
        yield lattice(d, functions, minima, terms)
    for file, box in REAL:
        if (NETS / file).is_file():
            yield real(file, box)


def case(name: str) -> Case:
    """One network of the suite by its name."""
    return next(found for found in iter_cases(long=True) if found.name == name)


def truth(name: str, regions: int | None = None) -> Case:
    """A network of `fixtures/truth`."""
    layers = json.loads((TRUTH / f"{name}.json").read_text())["layers"]
    return Case(
        name=name,
        group="truth",
        weights=tuple(np.array(layer["weight"], dtype=np.float64) for layer in layers),
        biases=tuple(np.array(layer["bias"], dtype=np.float64) for layer in layers),
        regions=regions,
    )


def he_initialised(widths: tuple[int, ...]) -> Case:
    """Normal weights of variance 2 / fan-in, biases N(0, 1) but zero at the output, all rounded to float32."""
    random = np.random.default_rng(SEED)
    weights, biases = [], []
    for layer, (fan_in, units) in enumerate(pairwise(widths), start=1):
        weights.append(_rounded(random.normal(size=(units, fan_in)) * np.sqrt(2 / fan_in)))
        biases.append(_rounded(random.normal(size=units)) if layer < len(widths) - 1 else np.zeros(units))
    return Case(
        name="he_" + "-".join(map(str, widths)),
        group="random",
        weights=tuple(weights),
        biases=tuple(biases),
        regions=None,
    )


def degenerate(kind: str, widths: tuple[int, ...]) -> Case:
    """A random network made degenerate.

    integer: whole numbers; nobias: biases 0; pruned: 90 % of the weights 0; quantised: 8 bits a weight; decayed: a
    tenth of the weights and all of a fifth of the units decayed to about 1e-38.
    """
    base = he_initialised(widths)
    random = np.random.default_rng(SEED)
    weights, biases = [], []
    for weight, bias in zip(base.weights, base.biases, strict=True):
        if kind == "integer":
            weight, bias = np.round(3 * weight), np.round(3 * bias)
        elif kind == "nobias":
            bias = np.zeros_like(bias)
        elif kind == "pruned":
            weight = weight * (random.random(weight.shape) < 0.1)
        elif kind == "quantised":
            scale = np.float64(np.float32(np.abs(weight).max() / 127))
            weight = np.round(weight / scale) * scale
        else:
            small = (random.random(weight.shape) < 0.1) | (random.random(len(weight)) < 0.2)[:, None]
            weight = np.where(small, _rounded(weight * 1e-38), weight)
        weights.append(weight)
        biases.append(bias)
    name = f"{kind}_" + "-".join(map(str, widths))
    return Case(name=name, group="degenerate", weights=tuple(weights), biases=tuple(biases), regions=None, limit=LIMIT)


def lattice(d: int, functions: int, minima: int, terms: int) -> Case:
    """A two-level lattice, as `relureg construct lattice` makes it."""
    network = two_level_lattice(d, functions, minima, terms)
    forms = [*(stage.pre_activation for stage in network.stages), network.output]
    return Case(
        name=network.name,
        group="degenerate",
        weights=tuple(form.terms[source].floats for source, form in enumerate(forms)),
        biases=tuple(form.constant.floats[:, 0] for form in forms),
        regions=None,
        limit=LIMIT,
    )


def real(file: str, box: float | None) -> Case:
    """A network of `fixtures/nets`."""
    return Case(
        name=file.split(".")[0],
        group="real",
        weights=(),
        biases=(),
        regions=None,
        file=NETS / file,
        box=None if box is None else (-box, box),
        limit=LIMIT,
    )


def inside(widths: tuple[int, ...], low: float, high: float) -> Case:
    """A random network in a box."""
    network = random_network(list(widths[:-1]), seed=1)
    forms = [*(stage.pre_activation for stage in network.stages), network.output]
    return Case(
        name=network.name,
        group="inside",
        weights=tuple(form.terms[source].floats for source, form in enumerate(forms)),
        biases=tuple(form.constant.floats[:, 0] for form in forms),
        regions=None,
        box=(low, high),
        limit=LIMIT,
    )


def around_a_point(widths: tuple[int, ...], half: float) -> Case:
    """A random network in a small box around one point."""
    case = inside(widths, -half, half)
    return replace(case, name=f"{case.name} around a point", is_around_a_point=True)


def arrangement(name: str, normals: NDArray[np.float64], regions: int) -> Case:
    """The hyperplanes through the origin with these normals, as a network with one hidden layer."""
    return Case(
        name=name,
        group="degenerate",
        weights=(normals, np.ones((1, len(normals)))),
        biases=(np.zeros(len(normals)), np.zeros(1)),
        regions=regions,
    )


def resonance_normals(n: int) -> NDArray[np.float64]:
    """The nonempty 0/1 vectors of R^n: where the sum over a set of coordinates vanishes."""
    return np.array([row for row in product((0.0, 1.0), repeat=n) if any(row)])


def threshold_normals(n: int) -> NDArray[np.float64]:
    """The rows (1, v), v in {0, 1}^n: the regions are the threshold functions of n variables."""
    return np.array([(1.0, *row) for row in product((0.0, 1.0), repeat=n)])


def root_normals(edges: tuple[tuple[int, int], ...]) -> NDArray[np.float64]:
    """The positive roots of a simply laced Dynkin diagram, as coefficients over the simple roots.

    The regions are the elements of the Weyl group. All roots arise from the simple ones by the reflections
    ``s_i(r) = r - <r, a_i> a_i``, where <a_i, a_i> = 2 and <a_i, a_j> = -1 along an edge.
    """
    rank = max(max(edge) for edge in edges) + 1
    cartan = 2 * np.eye(rank, dtype=int)
    for i, j in edges:
        cartan[i, j] = cartan[j, i] = -1
    simple = [tuple(row) for row in np.eye(rank, dtype=int).tolist()]
    found, new = set(simple), simple
    while new:
        reflected = {
            tuple((np.array(root) - np.array(root) @ cartan[i] * np.array(simple[i])).tolist())
            for root in new
            for i in range(rank)
        }
        new = [root for root in reflected - found if min(root) >= 0]
        found.update(new)
    return np.array(sorted(found), dtype=np.float64)


def _rounded(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    return numbers.astype(np.float32).astype(np.float64)
