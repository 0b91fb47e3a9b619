"""A network as stages of maxima ``m = max(p, q)`` of affine forms, over which everything about data is computed.

A ReLU is max(z, 0). Where a file has a leaky ReLU or a max pooling, a `Network` holds ReLU units and, in all forms
that read them, what must be added: ``leaky(z) / (1 - a) = t z + max(z, 0)`` with ``t = a / (1 - a)``, and ``max(a, b)
= b + max(a - b, 0)``. Here the q that was added is found again, as the one that leaves least in the forms that read
the units. What follows a max pooling then reads one number instead of a sum of three, so that points go through faster
and with less rounding. For TropEx, a leaky ReLU is max((1 + t) z, t z) and a max pooling max(a, b), and the terms are
those of Table 1 of Trimmel, Petzka and Sminchisescu [TPS21]. Any choice of q gives terms of the same function, and the
same functions around the data; so the choice decides nothing but which of the equal representations is taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from relureg.exact.rational import RationalMatrix
from relureg.exact.sparse import SparseMatrix
from relureg.network.affine_forms import AffineForm
from relureg.network.model import Network

Role = Literal["z", "p", "q"]
"""One of the forms of a stage of maxima."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaximumStage:
    """Units ``m = max(p, q)``; forms are over the input (source 0) and the maxima of earlier stages."""

    z: AffineForm
    """``p - q``: the pre-activation of the ReLU unit, which decides."""
    p: AffineForm
    """Taken where the ReLU unit is active; z itself for a plain ReLU."""
    q: AffineForm
    """Taken elsewhere; no terms and constant 0 for a plain ReLU."""

    @property
    def forms(self) -> dict[Role, AffineForm]:
        return {"z": self.z, "p": self.p, "q": self.q}

    @property
    def is_relu(self) -> bool:
        return not self.q.terms and self.q.constant.is_zero


def as_maxima(network: Network) -> tuple[tuple[MaximumStage, ...], AffineForm]:
    """The stages as maxima and the output map over them: exactly the same function."""
    forms = [*network.forms]
    stages = []
    for number in range(1, len(forms)):
        z = forms[number - 1]
        readers = [form for form in forms[number:] if number in form.terms]
        q = _least(z, number, readers)
        plain = not q.terms and q.constant.is_zero
        if not plain:
            forms[number:] = [_rewritten(form, number, q) for form in forms[number:]]
        stages.append(MaximumStage(z=z, p=z if plain else z + q, q=q))
    return tuple(stages), forms[-1]


def _least(z: AffineForm, number: int, readers: list[AffineForm]) -> AffineForm:
    """The q for which the forms that read the units hold the fewest terms beside them."""
    zero = AffineForm.of_constant(RationalMatrix.zeros(z.size, 1))
    if not any(source in form.terms for form in readers for source in z.terms):
        return zero  # nothing is read beside the units
    best, fewest = zero, sum(_num_beside(form, z) for form in readers)
    for q in itertools.chain([_negative_part(z)], _multiples(z, number, readers)):
        held = sum(_num_beside(_rewritten(form, number, q), z) for form in readers)
        if held < fewest:
            best, fewest = q, held
        if not fewest:
            break
    return best


def _rewritten(form: AffineForm, number: int, q: AffineForm) -> AffineForm:
    """A form over units r, as one over ``m = q + r``."""
    if number not in form.terms:
        return form
    minus = form.terms[number]
    taken = AffineForm(constant=q.constant, terms=dict(q.terms)).map(-minus)
    return form + taken


def _num_beside(form: AffineForm, z: AffineForm) -> int:
    return sum(len(form.terms[source].nonzeros()[2]) for source in z.terms if source in form.terms)


def _negative_part(z: AffineForm) -> AffineForm:
    """b, where z = a - b and a, b are sums of different entries with positive factors."""
    constant, terms = z.constant, z.terms
    return AffineForm(constant=negative_part(constant), terms={s: negative_part(m) for s, m in terms.items()})


def _multiples(z: AffineForm, number: int, readers: list[AffineForm]) -> Iterator[AffineForm]:
    """Multiples t z, for the t that the first entry beside the units suggests."""
    for form in readers:
        for source, matrix in z.terms.items():
            if source not in form.terms:
                continue
            beside = form.terms[source]
            through = form.terms[number] @ matrix
            for row, column, value in zip(*beside.nonzeros(), strict=True):
                entry = through.rows([int(row)]).columns([int(column)])
                if not entry.is_zero:
                    t = Fraction(int(value), beside.denominator) / entry.fractions()[0][0]
                    factors = RationalMatrix.from_fractions([[t]] * z.size, 1)
                    yield z.scale(factors)
                    return


def negative_part(matrix: RationalMatrix) -> RationalMatrix:
    """``max(-entry, 0)``, entry by entry."""
    rows, columns, values = matrix.nonzeros()
    below = np.array([n < 0 for n in values.tolist()], dtype=np.bool_)
    return SparseMatrix.from_entries(matrix.shape, rows[below], columns[below], -values[below], matrix.denominator)
