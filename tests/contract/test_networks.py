"""The generated networks are what their kinds say, for every seed that the suite takes."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from relureg import Network
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT

from .networks import KINDS, Sample, generated
from .test_engines_agree import SEEDS_IN_THE_SUITE


def _matrices(network: Network) -> list[RationalMatrix]:
    forms = [stage.pre_activation for stage in network.stages]
    return [matrix for form in forms for matrix in (form.constant, *form.terms.values())]


def _sizes(network: Network) -> set[int]:
    """Binary orders of magnitude of all numbers that are not 0."""
    entries = [entry for matrix in _matrices(network) for row in matrix.fractions() for entry in row if entry]
    return {entry.numerator.bit_length() - entry.denominator.bit_length() for entry in entries}


def _units(network: Network, stage: int) -> list[tuple[int, ...]]:
    form = network.stages[stage].pre_activation
    return RationalMatrix.hstack([form.constant, *form.terms.values()], form.size).primitive_rows()


def _are_floats(network: Network) -> bool:
    return all(matrix.is_exact_as(np.float32) for matrix in _matrices(network))


def _has_repeated_units(network: Network) -> bool:
    for stage in range(len(network.stages)):
        *units, same, opposite, multiple, alone = _units(network, stage)
        turned = [tuple(-entry for entry in unit) for unit in units]
        if same not in units or opposite not in turned or multiple not in units or any(alone[1:]):
            return False
    return True


def _first_rank(network: Network) -> int:
    terms = network.stages[0].pre_activation.terms
    return terms[INPUT].rank() if INPUT in terms else 0


def _has_skips(network: Network) -> bool:
    sources = [set(stage.pre_activation.terms) for stage in network.stages]
    return any(min(found, default=number) < number for number, found in enumerate(sources))


def _has_wall_on_a_unit(sample: Sample) -> bool:
    assert sample.domain is not None
    walls = RationalMatrix.hstack([sample.domain.constants, sample.domain.normals], sample.domain.num_rows)
    rows = {row for wall in walls.primitive_rows() for row in (wall, tuple(-entry for entry in wall))}
    return not rows.isdisjoint(_units(sample.network, 0))


FORCED: dict[str, Callable[[Sample], bool]] = {
    "gaussian": lambda sample: _are_floats(sample.network),
    "integers": lambda sample: all(matrix.is_integral for matrix in _matrices(sample.network)),
    "sparse-integers": lambda sample: all(matrix.is_integral for matrix in _matrices(sample.network)),
    "pruned": lambda sample: _are_floats(sample.network),
    "rational": lambda sample: not any(matrix.is_exact_as(np.float64) for matrix in _matrices(sample.network)[:2]),
    "bias-free": lambda sample: all(stage.pre_activation.constant.is_zero for stage in sample.network.stages),
    "repeated-units": lambda sample: _has_repeated_units(sample.network),
    "low-rank": lambda sample: sample.network.effective_dim < sample.network.input_dim,
    "wide": lambda sample: sample.network.num_units > 5 * sample.network.input_dim,
    "narrow": lambda sample: max(sample.network.widths) < sample.network.input_dim,
    "residual": lambda sample: _has_skips(sample.network),
    "late-dimensions": lambda sample: _first_rank(sample.network) < sample.network.effective_dim,
    "deep": lambda sample: len(sample.network.stages) == 4,
    "high-dimension": lambda sample: sample.network.input_dim >= 5,
    "on-a-line": lambda sample: sample.network.input_dim == 1 and len(sample.network.stages) > 1,
    "box": lambda sample: sample.domain is not None,
    "bounded-polytope": _has_wall_on_a_unit,
    "unbounded-polytope": _has_wall_on_a_unit,
    "ignored-inputs": lambda sample: (
        sample.domain is not None and sample.network.effective_dim < sample.network.input_dim
    ),
    "extreme": lambda sample: max(b - a for a, b in pairwise(sorted(_sizes(sample.network)))) > 500,
    "mixed-magnitudes": lambda sample: max(b - a for a, b in pairwise(sorted(_sizes(sample.network)))) > 500,
    "almost-integers": lambda sample: (
        not all(matrix.is_exact_as(np.float64) for matrix in _matrices(sample.network))
        and all(np.array_equal(matrix.floats, np.rint(matrix.floats)) for matrix in _matrices(sample.network))
    ),
    "beyond-doubles": lambda sample: not -1074 <= min(_sizes(sample.network)) <= max(_sizes(sample.network)) <= 1023,
}


@pytest.mark.parametrize("seed", range(SEEDS_IN_THE_SUITE))
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_what_it_says(kind: str, seed: int) -> None:
    assert FORCED[kind](generated(kind, seed, size=150))


def test_a_seed_names_one_network() -> None:
    first, second = (generated("gaussian", 1, size=100).network for _ in range(2))
    assert first == second
    assert first != generated("gaussian", 2, size=100).network
