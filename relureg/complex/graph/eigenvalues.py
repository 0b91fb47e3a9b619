"""The spectrum of a region graph: its algebraic connectivity, and the spectral gap of its random walk.

Eigenvalues are doubles, and none of them decides anything. Each comes with a proven error: for a symmetric matrix M
and a vector v of length 1 some eigenvalue of M lies within ``||M v - x v||`` of x [GV13, Theorem 8.1.13], whatever way
v was found. That it is the second one is what the solver says, and is not proved.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.engine.records import freeze
from relureg.exact.rounding_bounds import SLACK, UNDERFLOW, gamma
from relureg.frozen import Frozen
from relureg.packages import needing

MOST_DENSE = 400
"""Regions up to which a dense matrix is diagonalised, in part of a second and without SciPy."""
_PLANAR = 5
"""The average degree of a planar graph is below 6, that of two inputs hardly above 4. There the factors of the matrix
keep few entries, and inverse iteration takes a few steps. With more neighbours they fill up, but eigenvalues lie
further from 0, where LOBPCG needs no factors."""
_SHIFT = 1e-9
"""What makes the Laplacian positive definite before it is factored: small beside second eigenvalues of large graphs."""
_RESIDUAL = 1e-9
"""At which LOBPCG stops."""
_BLOCK = 4
"""Vectors that LOBPCG moves at once: close eigenvalues above the second then slow it less."""
_MOST_STEPS = 2_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Eigenvalue:
    """An eigenvalue in doubles, and how far from an eigenvalue it is at the most."""

    value: float
    error: float
    """Some eigenvalue lies within so much of `value`: the residual of the vector found, its own rounding included."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Spectrum(Frozen):
    """The second smallest eigenvalues of the two Laplacians of a connected graph of two regions or more."""

    fiedler: Eigenvalue
    """Of ``D - A``: the Fiedler value, or algebraic connectivity. At most the fewest facets whose removal parts the
    graph, unless it is complete [Fie73]."""
    gap: Eigenvalue
    """Of ``I - D^(-1/2) A D^(-1/2)``: the spectral gap, 1 minus the second largest eigenvalue of the random walk that
    crosses each facet of a region alike. At most twice the conductance of any part [Chu97, Lemma 2.1]."""
    fiedler_vector: NDArray[np.float64]
    """(R,): the eigenvector of the Fiedler value, of length 1, its largest entry positive."""


def find_spectrum(starts: NDArray[np.int64], neighbours: NDArray[np.int32]) -> Spectrum:
    """The spectrum of a connected graph of two regions or more.

    Raises
    ------
    MissingPackageError
        There are more than `MOST_DENSE` regions, and SciPy is not installed.
    """
    degrees = np.diff(starts).astype(np.float64)
    ones = np.ones_like(degrees)
    fiedler, vector = _second(starts, neighbours, ones, degrees)
    gap, _ = _second(starts, neighbours, 1 / np.sqrt(degrees), ones)
    spectrum = Spectrum(fiedler=fiedler, gap=gap, fiedler_vector=vector)
    freeze(spectrum)
    return spectrum


def _second(
    starts: NDArray[np.int64], neighbours: NDArray[np.int32], scale: Floats, diagonal: Floats
) -> tuple[Eigenvalue, Floats]:
    """The second smallest eigenvalue of ``diag(diagonal) - S A S``, S = diag(scale), and a vector.

    The smallest is 0, of the vector ``1 / scale``.
    """
    kernel = 1 / scale
    kernel /= np.linalg.norm(kernel)
    count, degrees = len(scale), np.diff(starts)
    if count <= MOST_DENSE:
        matrix = np.diag(diagonal)
        tails = np.repeat(np.arange(count), degrees)
        matrix[tails, neighbours] = -scale[tails] * scale[neighbours]
        vector = np.linalg.eigh(matrix)[1][:, 1]
        return _certified(lambda x: matrix @ x, vector, int(degrees.max()), diagonal)
    with needing(f"the spectrum of more than {MOST_DENSE} regions needs SciPy", "topology"):
        import scipy.sparse
    weights = np.repeat(scale, degrees) * scale[neighbours]
    shape = (count, count)
    sparse = scipy.sparse.diags_array(diagonal) - scipy.sparse.csr_array((weights, neighbours, starts), shape)
    vector = _second_vector(sparse, kernel, is_planar=len(neighbours) <= _PLANAR * count)
    return _certified(lambda x: sparse @ x, vector, int(degrees.max()), diagonal)


def _second_vector(matrix: Any, kernel: Floats, *, is_planar: bool) -> Floats:
    """The eigenvector across the kernel; begun alike on every run."""
    import scipy.sparse
    from scipy.sparse.linalg import eigsh, lobpcg

    random = np.random.default_rng(0)
    if is_planar:
        values, vectors = eigsh(matrix.tocsc(), k=2, sigma=-_SHIFT, which="LM", v0=random.standard_normal(len(kernel)))
        vector: Floats = vectors[:, int(np.argmax(values))]
        return vector
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the last step lacks is measured, and told as the error
        _, vectors = lobpcg(
            matrix,
            random.standard_normal((len(kernel), _BLOCK)),
            M=scipy.sparse.diags_array(1 / matrix.diagonal()),
            Y=kernel[:, None],
            largest=False,
            tol=_RESIDUAL,
            maxiter=_MOST_STEPS,
        )
    first: Floats = vectors[:, 0]
    return first


def _certified(
    times: Callable[[Floats], Floats], vector: Floats, most_terms: int, diagonal: Floats
) -> tuple[Eigenvalue, Floats]:
    """The Rayleigh quotient x of a vector, and its residual with all that rounding can hide in it.

    An entry of ``M v - x v`` sums degree + 2 products, with entries of M that are good to five roundings, so it is off
    by at most gamma_n of the same sum over absolute values, n = degree + 12. For both matrices |M| has no larger norm
    than twice the largest entry on the diagonal. SLACK covers the norms, of 2^30 entries or fewer.
    """
    vector = vector / np.linalg.norm(vector)
    if vector[np.argmax(np.abs(vector))] < 0:
        vector = -vector
    image = times(vector)
    value = max(float(vector @ image), 0.0)
    residual = float(np.linalg.norm(image - value * vector))
    rounding = gamma(most_terms + 12) * (2 * float(diagonal.max()) + value)
    return Eigenvalue(value=value, error=(residual + rounding) * SLACK + UNDERFLOW), vector
