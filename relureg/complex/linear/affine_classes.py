"""Which regions carry the same affine map: equality is decided over the integers.

All parameters of a network are brought to one denominator per stage, so that the map on a region is an array of
integers over a denominator that no region changes. Modulo a prime, and at a few random points, these integers are cheap
to compute for all regions at once: maps whose residues differ are different. Only where residues agree the integers
themselves are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.engine.records import Records
from relureg.exact.ranges import chunks
from relureg.exact.rational import IntArray
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.evaluation import last_value
from relureg.network.model import Network

_PRIME = 2_147_483_647  # below 2^31, so that residues times 16-bit halves leave room for sums in 63 bits
_NUM_POINTS = 4
"""Random points: different maps agree at all of them with a chance of about 2^-124."""

_SEED = 0x6D617073  # any fixed number
_CHUNK = 1 << 16
"""Regions whose residues are computed at once."""

_EXACT_CHUNK = 1 << 11
"""Regions whose integers are computed at once; each is a Python object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """An affine form on integers: ``constant + sum_s terms[s] @ h_s``, all over one denominator."""

    constant: IntArray
    """(n,)."""
    terms: Mapping[int, IntArray]
    """Source -> (n, size of that source)."""


def label_affine_maps(network: Network, records: Records) -> NDArray[np.int64]:
    """(R,): equal numbers for regions with equal affine maps (all outputs); 0, 1, ... in order of first occurrence."""
    forms = _integral_forms(network)
    residues = np.empty((records.num_regions, _NUM_POINTS), dtype=np.int64)
    for chunk in chunks(records.num_regions, _CHUNK):
        residues[chunk] = _residues(network, forms, _active(records, chunk))
    labels = _number(residues)
    _confirm(network, forms, records, labels)
    return _number(labels[:, None])


def _integral_forms(network: Network) -> list[_Form]:
    """The stages and the output, each times the least number that makes it integral in terms of those before."""
    denominators = {INPUT: 1}
    forms = []
    for number, form in enumerate(network.forms, start=1):
        common = lcm(form.constant.denominator, *(m.denominator * denominators[s] for s, m in form.terms.items()))
        denominators[number] = common
        forms.append(_scaled(form, common, denominators))
    return forms


def _scaled(form: AffineForm, common: int, denominators: Mapping[int, int]) -> _Form:
    return _Form(
        constant=form.constant.numerators[:, 0] * (common // form.constant.denominator),
        terms={s: m.numerators * (common // (m.denominator * denominators[s])) for s, m in form.terms.items()},
    )


# -- residues ------------------------------------------------------------------------------------------


def _residues(network: Network, forms: list[_Form], active: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(regions, points): a random combination of the outputs at each random point, modulo the prime."""
    random = np.random.Generator(np.random.PCG64(_SEED))
    points = random.integers(_PRIME, size=(_NUM_POINTS, 1, network.input_dim))
    weights = random.integers(_PRIME, size=(_NUM_POINTS, network.output_dim, 1))
    columns = []
    for point, weight in zip(points, weights, strict=True):
        output = last_value(
            forms, point, _evaluate, lambda stage, z: np.where(active[:, network.units_of(stage)], z, 0)
        )
        column = _times(output, weight)[:, 0]
        columns.append(np.broadcast_to(column, len(active)))
    return np.stack(columns, axis=1)


def _evaluate(form: _Form, sources: Mapping[int, NDArray[np.int64]]) -> NDArray[np.int64]:
    value = (form.constant % _PRIME).astype(np.int64)[None, :]
    for source, matrix in form.terms.items():
        value = (value + _times(sources[source], (matrix % _PRIME).astype(np.int64).T)) % _PRIME
    return value


def _times(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """The product of two matrices of residues; 16 bits of the right one at a time, lest sums exceed 63 bits."""
    product: NDArray[np.int64] = ((left @ (right >> 16)) % _PRIME * (1 << 16) + left @ (right & 0xFFFF)) % _PRIME
    return product


# -- integers ------------------------------------------------------------------------------------------


def _confirm(network: Network, forms: list[_Form], records: Records, labels: NDArray[np.int64]) -> None:
    """Give every region whose map is not that of the first region with its label a label of its own map, in place."""
    first = np.unique(labels, return_index=True)[1]
    order = np.argsort(labels, kind="stable")
    asked = order[first[labels[order]] != order]
    strangers: dict[tuple[int, bytes], int] = {}
    for chunk in chunks(len(asked), _EXACT_CHUNK):
        regions = asked[chunk]
        representatives, which = np.unique(first[labels[regions]], return_inverse=True)
        theirs = _integers(network, forms, _active(records, representatives))
        maps = _integers(network, forms, _active(records, regions))
        for place in np.flatnonzero(~(maps == theirs[which]).astype(np.bool_).all(axis=(1, 2))).tolist():
            key = int(labels[regions[place]]), repr(maps[place].tolist()).encode()
            labels[regions[place]] = strangers.setdefault(key, len(first) + len(strangers))


def _integers(network: Network, forms: list[_Form], active: NDArray[np.bool_]) -> IntArray:
    """(regions, m, d + 1): the output maps, constants first, over a denominator that is the same for all regions."""
    dim = network.input_dim
    identity = np.eye(dim, dim + 1, k=1, dtype=np.int64).astype(object)
    return last_value(
        forms,
        np.broadcast_to(identity, (len(active), dim, dim + 1)),
        _compose,
        lambda stage, z: np.where(active[:, network.units_of(stage), None], z, 0),
    )


def _compose(form: _Form, sources: Mapping[int, IntArray]) -> IntArray:
    value: Any = np.zeros((len(sources[INPUT]), len(form.constant), sources[INPUT].shape[2]), dtype=object)
    value[:, :, 0] += form.constant
    for source, matrix in form.terms.items():
        value = value + matrix @ sources[source]
    return np.asarray(value, dtype=object)


# -- regions -------------------------------------------------------------------------------------------


def _active(records: Records, regions: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
    """(regions, N): which units are active."""
    bits = np.unpackbits(records.patterns[regions], axis=1, count=records.num_units, bitorder="little")
    return bits.astype(np.bool_)


def _number(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Equal numbers for equal rows, in order of first occurrence."""
    order = np.lexsort(rows.T)
    is_new = np.ones(len(rows), dtype=np.bool_)
    is_new[1:] = (rows[order[1:]] != rows[order[:-1]]).any(axis=1)
    first = order[is_new]  # a stable sort: the first region of each class comes first in it
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    labels = np.empty(len(rows), dtype=np.int64)
    labels[order] = rank[np.cumsum(is_new) - 1]
    return labels
