"""A sparse matrix is in every respect the dense one."""

from __future__ import annotations

import numpy as np
import pytest

from relureg.errors import UnsupportedNetworkError
from relureg.exact.rational import RationalMatrix
from relureg.exact.sparse import MAX_DENSE, MAX_PRODUCTS, SparseMatrix


def some_matrix(rng: np.random.Generator, rows: int, columns: int) -> RationalMatrix:
    entries = rng.integers(-9, 10, (rows, columns)) * (rng.random((rows, columns)) < 0.4)
    return RationalMatrix.from_floats(entries / 8.0)


@pytest.mark.parametrize("seed", range(60))
def test_every_operation_gives_what_the_dense_matrix_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k, m = rng.integers(0, 6, 3)
    a, b, c, factors = some_matrix(rng, n, k), some_matrix(rng, k, m), some_matrix(rng, n, k), some_matrix(rng, n, 1)
    sa, sb, sc = map(SparseMatrix.of, (a, b, c))
    assert a == sa
    assert sa == a
    assert hash(a) == hash(sa)
    assert sa.fractions() == a.fractions()
    for product in (sa @ sb, sa @ b, a @ sb):
        assert product.fractions() == (a @ b).fractions()
    for total in (sa + sc, sa + c, a + sc):
        assert total.fractions() == (a + c).fractions()
    assert (sa - sc) == (a - c)
    assert -sa == -a
    assert sa.T == a.T
    assert sa.scale_rows(factors) == a.scale_rows(factors)
    assert (sa.is_zero, sa.is_identity, sa.rank()) == (a.is_zero, a.is_identity, a.rank())
    assert [x.tolist() for x in sa.nonzeros()] == [x.tolist() for x in a.nonzeros()]
    assert RationalMatrix.vstack([a, sc], k) == RationalMatrix.vstack([a, c], k)
    assert RationalMatrix.hstack([a, sc], n) == RationalMatrix.hstack([a, c], n)
    np.testing.assert_array_equal(sa.floats, a.floats)
    points = rng.normal(size=(k, 2))
    np.testing.assert_allclose(sa.times_floats(points), a.floats @ points, atol=1e-12)
    if n and k:
        index, keep = rng.integers(0, n, 4), rng.random(n) < 0.5
        assert sa.rows(index) == a.rows(index)
        assert sa.rows(keep) == a.rows(keep)
        assert sa.masked_rows(keep) == a.masked_rows(keep)
        assert sa.columns(rng.permutation(k)[:2]).shape == (n, min(2, k))
        assert sa.columns([k - 1, 0]) == a.columns([k - 1, 0])


def test_entries_at_one_place_add_up_and_zeros_go() -> None:
    rows, columns = np.array([1, 0, 1, 0]), np.array([1, 0, 1, 1])
    matrix = SparseMatrix.from_entries((2, 2), rows, columns, np.array([2, 3, 4, 0], dtype=object), 6)
    assert matrix == RationalMatrix.from_fractions([[1, 0], [0, 2]], 2).scale_rows(
        RationalMatrix.from_floats([[0.5], [0.5]])
    )
    assert (matrix.num_held, matrix.denominator) == (2, 2)


def test_a_product_of_large_dense_matrices_is_exact() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(-(2**40), 2**40, (40, 50)), rng.integers(-(2**40), 2**40, (50, 30))
    product = RationalMatrix(a.astype(object)) @ RationalMatrix(b.astype(object))
    assert (product.numerators == a.astype(object) @ b.astype(object)).all()


def test_what_no_memory_holds_is_refused() -> None:
    wide = SparseMatrix.identity(2**14)
    assert wide.shape[0] ** 2 > MAX_DENSE
    with pytest.raises(UnsupportedNetworkError, match="16,384 x 16,384 entries is too large to work with in full"):
        _ = wide.numerators
    size = 2**14
    ones = np.ones(size, dtype=object)
    column = SparseMatrix.from_entries((size, 2), np.arange(size), np.zeros(size, dtype=np.intp), ones)
    row = SparseMatrix.from_entries((2, size), np.zeros(size, dtype=np.intp), np.arange(size), ones)
    assert size**2 > MAX_PRODUCTS
    with pytest.raises(UnsupportedNetworkError, match="takes 268,435,456 products; at most 134,217,728 are computed"):
        _ = column @ row


def test_ranks_are_found_where_a_prime_alone_does_not_prove_them() -> None:
    rng = np.random.default_rng(2)
    left, right = rng.integers(-9, 10, (6, 3)), rng.integers(-9, 10, (3, 7))
    matrix = RationalMatrix((left @ right).astype(object))
    assert matrix.rank() == np.linalg.matrix_rank(left @ right) == 3
    # A multiple of the prime is zero modulo it, and not zero.
    assert RationalMatrix(np.array([[2**61 - 1, 0], [0, 1]], dtype=object)).rank() == 2
