"""The hash by which networks are told apart, whatever file they came from."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import CONSTANT, AffineForm


def content_hash(input_dim: int, forms: Sequence[AffineForm]) -> str:
    """Equal for networks with the same inputs and the same forms, as hexadecimal digits of SHA-256."""
    # Hexadecimal, because Python refuses to write integers of thousands of digits as decimals.
    digest = hashlib.sha256(f"relureg-network {input_dim}".encode())
    for form in forms:
        for source, matrix in [(CONSTANT, form.constant), *form.terms.items()]:
            digest.update(f"|{source} {matrix.shape} {matrix.denominator:#x}:".encode())
            for part in _hexadecimal(matrix):
                digest.update(part.encode())
        digest.update(b";")
    return digest.hexdigest()


def _hexadecimal(matrix: RationalMatrix) -> Iterator[str]:
    """All entries as hexadecimal integers, separated by commas, without the dense array of a sparse matrix."""
    at_rows, at_columns, values = matrix.nonzeros()
    ends = np.searchsorted(at_rows, np.arange(matrix.shape[0] + 1))
    for row, (first, last) in enumerate(itertools.pairwise(ends.tolist())):
        entries = ["0x0"] * matrix.shape[1]
        for place, value in zip(at_columns[first:last].tolist(), values[first:last], strict=True):
            entries[place] = hex(value)
        yield ("," if row else "") + ",".join(entries)
