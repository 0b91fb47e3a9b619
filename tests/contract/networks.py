"""Networks on which every engine must give the same complex, made from a seed.

A kind names what it is about; each makes some random network of about `size` regions, which forces that to occur.
Numbers are drawn as exact rationals, so that nothing here depends on how they are rounded.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg import Domain, Network
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Stage

Rng = np.random.Generator
Exact = NDArray[np.object_]
"""An object array of `Fraction`."""
Law = Callable[[Rng, tuple[int, ...]], Exact]
"""Draws numbers of a given shape."""

MAX_UNITS = 24
"""On a line any number of units has few regions, but each costs the referee a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A network and the part of its input space to look at."""

    network: Network
    domain: Domain | None


@dataclass(slots=True, kw_only=True)
class Draft:
    """A network while it is being made: per stage the constants, shape (n,), and weights by source, (n, columns)."""

    dim: int
    constants: list[Exact]
    terms: list[dict[int, Exact]]

    def to_network(self, name: str) -> Network:
        stages = [
            Stage(pre_activation=_form(constant, terms))
            for constant, terms in zip(self.constants, self.terms, strict=True)
        ]
        last = len(stages)
        output = AffineForm.of_source(last, self.constants[-1].size if stages else self.dim)
        return Network(name=name, input_dim=self.dim, stages=tuple(stages), output=output)


# -- laws of the numbers -------------------------------------------------------------------------------


def gaussian(rng: Rng, shape: tuple[int, ...]) -> Exact:
    """What training starts from: normal numbers in single precision."""
    return _exact(rng.normal(size=shape).astype(np.float32).astype(np.float64))


def integers(rng: Rng, shape: tuple[int, ...]) -> Exact:
    """Few different numbers, 0 among them: many hyperplanes coincide, are parallel, or meet in one point."""
    return _exact(rng.integers(-3, 4, shape))


def sparse_integers(rng: Rng, shape: tuple[int, ...]) -> Exact:
    return integers(rng, shape) * (rng.random(shape) < 0.4)


def pruned(rng: Rng, shape: tuple[int, ...]) -> Exact:
    """Half of the numbers are zero, the others generic."""
    return gaussian(rng, shape) * (rng.random(shape) < 0.5)


def rational(rng: Rng, shape: tuple[int, ...]) -> Exact:
    """Most of these are no doubles."""
    return _exact(rng.integers(-9, 10, shape)) / _exact(rng.integers(1, 12, shape))


# -- kinds ---------------------------------------------------------------------------------------------


def of_law(law: Law, dims: Sequence[int] | None = None) -> Callable[[Rng, int], Sample]:
    """A multilayer perceptron with one to three stages; of few inputs, or of one of those numbers of inputs."""
    return lambda rng, size: _whole(_perceptron(rng, size, law, dim=None if dims is None else int(rng.choice(dims))))


def bias_free(rng: Rng, size: int) -> Sample:
    """All regions are cones with one apex."""
    draft = _perceptron(rng, size, _either(rng, gaussian, integers))
    for constant in draft.constants:
        constant.fill(Fraction(0))
    return _whole(draft)


def repeated_units(rng: Rng, size: int) -> Sample:
    """In each stage a unit equal to another, an opposite one, a multiple, and one without weights."""
    draft = _perceptron(rng, size, _either(rng, gaussian, integers), dim=_integer(rng, 1, 3))
    for stage, (constant, terms) in enumerate(zip(draft.constants, draft.terms, strict=True)):
        same, opposite, multiple = rng.integers(0, constant.size, 3).tolist()
        alone = Fraction(_integer(rng, -1, 1))
        draft.constants[stage] = np.append(
            constant, [constant[same], -constant[opposite], 2 * constant[multiple], alone]
        )
        (source, weights), *_ = terms.items()
        blank = 0 * weights[same]
        terms[source] = np.vstack([weights, weights[same], -weights[opposite], 2 * weights[multiple], blank])
        if stage + 1 < len(draft.terms):
            later = draft.terms[stage + 1][stage + 1]
            draft.terms[stage + 1][stage + 1] = np.hstack([later, integers(rng, (len(later), 4))])
    return _whole(draft)


def low_rank(rng: Rng, size: int) -> Sample:
    """The first stage sees fewer directions than there are inputs, so the complex does not change along some."""
    dim = _integer(rng, 2, 5)
    rank = _integer(rng, 1, min(dim - 1, 3))
    draft = _perceptron(rng, size, _either(rng, gaussian, integers), dim=rank)
    draft.terms[0][INPUT] = draft.terms[0][INPUT].dot(integers(rng, (rank, dim)))
    draft.dim = dim
    return _whole(draft)


def wide(rng: Rng, size: int) -> Sample:
    """One or two stages with many more units than inputs."""
    law = _either(rng, gaussian, integers, pruned)
    return _whole(_perceptron(rng, 2 * size, law, dim=_integer(rng, 1, 2), depth=_integer(rng, 1, 2)))


def narrow(rng: Rng, size: int) -> Sample:
    """Fewer units in each stage than inputs."""
    dim = _integer(rng, 4, 6)
    depth = _integer(rng, 2, 3)
    widths = [_integer(rng, 1, dim - 1) for _ in range(depth)]
    while sum(widths) > max(4, math.log2(size) + 1):
        widths[int(np.argmax(widths))] -= 1
    return _whole(_draft(rng, dim, widths, _either(rng, gaussian, integers)))


def residual(rng: Rng, size: int) -> Sample:
    """Every later stage also sees the input or a stage that is not the one before."""
    draft = _perceptron(rng, size, _either(rng, gaussian, integers, sparse_integers), depth=_integer(rng, 2, 3))
    for stage in range(2, len(draft.terms) + 1):
        source = _integer(rng, 0, stage - 2)
        columns = draft.constants[source - 1].size if source else draft.dim
        draft.terms[stage - 1][source] = integers(rng, (draft.constants[stage - 1].size, columns))
    return _whole(draft)


def late_dimensions(rng: Rng, size: int) -> Sample:
    """The first stage sees one direction only; later ones, which read the input too, add the others."""
    law = _either(rng, gaussian, integers)
    draft = _perceptron(rng, size, law, dim=_integer(rng, 2, 3), depth=_integer(rng, 2, 3))
    first = draft.terms[0][INPUT]
    draft.terms[0][INPUT] = _exact(rng.integers(1, 4, (len(first), 1))) * integers(rng, (1, draft.dim))
    for stage in range(2, len(draft.terms) + 1):
        draft.terms[stage - 1][INPUT] = law(rng, (draft.constants[stage - 1].size, draft.dim))
    return _whole(draft)


def deep(rng: Rng, size: int) -> Sample:
    """Four stages."""
    return _whole(_perceptron(rng, size, _either(rng, gaussian, integers, pruned), dim=_integer(rng, 1, 3), depth=4))


def high_dimension(rng: Rng, size: int) -> Sample:
    """Five or six inputs and numbers -1, 0, 1: cells have faces on which far more facets meet than must."""

    def law(rng: Rng, shape: tuple[int, ...]) -> Exact:
        return _exact(rng.integers(-1, 2, shape))

    return _whole(_perceptron(rng, 2 * size, law, dim=_integer(rng, 5, 6), depth=_integer(rng, 1, 2)))


def on_a_line(rng: Rng, size: int) -> Sample:
    """One input, up to four stages of small integers: units vanish on whole regions."""
    return _whole(_perceptron(rng, size, integers, dim=1, depth=_integer(rng, 2, 4)))


def box(rng: Rng, size: int) -> Sample:
    """A box, one side of which may be missing."""
    draft = _perceptron(rng, size, _either(rng, gaussian, integers))
    low = rng.integers(-4, 0, draft.dim).tolist()
    high: list[float] = rng.integers(1, 4, draft.dim).tolist()
    if rng.random() < 0.3:
        high[_integer(rng, 0, draft.dim - 1)] = math.inf
    return Sample(network=draft.to_network("box"), domain=Domain.box(low, high))


def bounded_polytope(rng: Rng, size: int) -> Sample:
    """A polytope, bounded, some of whose walls lie on units of the first stage."""
    draft = _perceptron(rng, size, _either(rng, gaussian, integers, rational))
    point = _exact(rng.integers(-2, 3, draft.dim))
    simplex = np.vstack([-_exact(np.eye(draft.dim)), _exact(np.ones((1, draft.dim)))])
    walls = [(row, row.dot(point) + Fraction(_integer(rng, 2, 6))) for row in simplex]
    return _in_polytope(rng, draft, walls, point)


def unbounded_polytope(rng: Rng, size: int) -> Sample:
    """A polyhedron with too few walls to bound it, some of which lie on units of the first stage."""
    draft = _perceptron(rng, size, _either(rng, gaussian, integers, rational))
    point = _exact(rng.integers(-2, 3, draft.dim))
    rows = integers(rng, (_integer(rng, 1, draft.dim), draft.dim))
    walls = [(row, row.dot(point) + Fraction(_integer(rng, 1, 3))) for row in rows]
    return _in_polytope(rng, draft, walls, point)


def ignored_inputs(rng: Rng, size: int) -> Sample:
    """A domain that bounds inputs which the network does not read."""
    draft = _perceptron(rng, max(size // 4, 8), _either(rng, gaussian, integers), dim=_integer(rng, 1, 2))
    draft.terms[0][INPUT] = np.hstack([draft.terms[0][INPUT], _exact(np.zeros((draft.constants[0].size, 1)))])
    draft.dim += 1
    low, high = [-2.0] * draft.dim, [3.0] * draft.dim
    if rng.random() < 0.5:
        low[0] = -math.inf
    return Sample(network=draft.to_network("ignored inputs"), domain=Domain.box(low, high))


def extreme(rng: Rng, size: int) -> Sample:
    """Units scaled by powers of two as large as doubles allow; products over two stages leave their range."""
    draft = _perceptron(
        rng, size // 2, _either(rng, gaussian, integers), dim=_integer(rng, 1, 3), depth=_integer(rng, 1, 3)
    )
    for constant, terms in zip(draft.constants, draft.terms, strict=True):
        factors = _exact(np.exp2(rng.choice([-600.0, 0.0, 600.0], constant.size)))
        constant *= factors
        for weights in terms.values():
            weights *= factors[:, None]
    return _whole(draft)


def mixed_magnitudes(rng: Rng, size: int) -> Sample:
    """Every number has a magnitude of its own: 2^-600, 1 or 2^600."""

    def law(rng: Rng, shape: tuple[int, ...]) -> Exact:
        return integers(rng, shape) * _exact(np.exp2(rng.choice([-600.0, 0.0, 0.0, 600.0], shape)))

    return _whole(_perceptron(rng, size // 4, law, dim=_integer(rng, 1, 2), depth=_integer(rng, 1, 2)))


def beyond_doubles(rng: Rng, size: int) -> Sample:
    """Some numbers underflow or overflow as doubles, such as 1/10^400 and 10^400."""
    draft = _perceptron(rng, size // 2, _either(rng, gaussian, integers), dim=_integer(rng, 1, 2))
    tiny, huge = Fraction(1, 10**400), Fraction(10**400)
    for stage in _some_stages(rng, draft):
        for entries in (draft.constants[stage], *draft.terms[stage].values()):
            flat = entries.reshape(-1)
            for index in rng.integers(0, flat.size, 2).tolist():
                flat[index] = (tiny if rng.random() < 0.5 else huge) * int(rng.choice([-2, -1, 1, 2]))
    return _whole(draft)


def almost_integers(rng: Rng, size: int) -> Sample:
    """Numbers of some stages that round to small integers, and are none; the other stages have small integers."""
    draft = _perceptron(rng, size, integers, dim=_integer(rng, 1, 3), depth=_integer(rng, 2, 3))
    for stage in _some_stages(rng, draft):
        draft.constants[stage] *= 1 + integers(rng, draft.constants[stage].shape) / 2**60
        for weights in draft.terms[stage].values():
            weights *= 1 + integers(rng, weights.shape) / 2**60
    return _whole(draft)


KINDS: dict[str, Callable[[Rng, int], Sample]] = {
    "gaussian": of_law(gaussian),
    "integers": of_law(integers),
    "sparse-integers": of_law(sparse_integers),
    "pruned": of_law(pruned),
    "rational": of_law(rational),
    "bias-free": bias_free,
    "repeated-units": repeated_units,
    "low-rank": low_rank,
    "wide": wide,
    "narrow": narrow,
    "residual": residual,
    "late-dimensions": late_dimensions,
    "deep": deep,
    "high-dimension": high_dimension,
    "on-a-line": on_a_line,
    "box": box,
    "bounded-polytope": bounded_polytope,
    "unbounded-polytope": unbounded_polytope,
    "ignored-inputs": ignored_inputs,
    "extreme": extreme,
    "mixed-magnitudes": mixed_magnitudes,
    "beyond-doubles": beyond_doubles,
    "almost-integers": almost_integers,
}


def generated(kind: str, seed: int, size: int) -> Sample:
    """The network of a kind and seed; about `size` regions, were it generic."""
    return KINDS[kind](np.random.default_rng([zlib.crc32(kind.encode()), seed, size]), size)


# -- parts ---------------------------------------------------------------------------------------------


def _exact(values: NDArray[np.generic]) -> Exact:
    array = np.empty(values.shape, dtype=object)
    array.reshape(-1)[:] = [Fraction(value) for value in values.reshape(-1).tolist()]
    return array


def _integer(rng: Rng, low: int, high: int) -> int:
    """From low to high, both included."""
    return int(rng.integers(low, high + 1))


def _either(rng: Rng, *laws: Law) -> Law:
    return laws[_integer(rng, 0, len(laws) - 1)]


def _some_stages(rng: Rng, draft: Draft) -> list[int]:
    """One stage at least."""
    stages = rng.permutation(len(draft.terms)).tolist()
    return stages[: _integer(rng, 1, len(stages))]


def _perceptron(rng: Rng, size: int, law: Law, *, dim: int | None = None, depth: int | None = None) -> Draft:
    """As many units as a generic arrangement in that dimension may have with `size` regions, spread over the stages."""
    dim = dim or int(rng.choice([1, 2, 2, 3, 3, 4]))
    depth = depth or _integer(rng, 1, 3)
    units = depth
    while units < MAX_UNITS and sum(math.comb(units + 1, k) for k in range(dim + 1)) <= size:
        units += 1
    widths = 1 + rng.multinomial(units - depth, [1 / depth] * depth)
    return _draft(rng, dim, widths.tolist(), law)


def _draft(rng: Rng, dim: int, widths: Sequence[int], law: Law) -> Draft:
    columns = [dim, *widths[:-1]]
    return Draft(
        dim=dim,
        constants=[law(rng, (n,)) for n in widths],
        terms=[{source: law(rng, (n, m))} for source, (n, m) in enumerate(zip(widths, columns, strict=True))],
    )


def _whole(draft: Draft) -> Sample:
    return Sample(network=draft.to_network("generated"), domain=None)


def _in_polytope(rng: Rng, draft: Draft, walls: list[tuple[Exact, Fraction]], point: Exact) -> Sample:
    """Add walls on up to two units, turned so that `point` stays inside, one of them twice."""
    for unit in rng.integers(0, draft.constants[0].size, 2).tolist():
        weights, constant = draft.terms[0][INPUT][unit], draft.constants[0][unit]
        value = weights.dot(point) + constant
        if value:
            sign = 1 if value > 0 else -1
            walls += [(-sign * weights, sign * constant)] * _integer(rng, 1, 2)
    domain = Domain.polytope([row.tolist() for row, _ in walls], [bound for _, bound in walls])
    return Sample(network=draft.to_network("in a polytope"), domain=domain)


def _form(constant: Exact, terms: dict[int, Exact]) -> AffineForm:
    return AffineForm(
        constant=RationalMatrix.from_fractions([[entry] for entry in constant.tolist()], 1),
        terms={s: RationalMatrix.from_fractions(m.tolist(), m.shape[1]) for s, m in terms.items()},
    )
