"""The splitter against the referee, which shares no code with it: the same cells, facets and figures.

The suite takes a few networks of each kind; ``make sweep`` takes many more, and larger ones.
"""

import os
import subprocess
import sys

import pytest

import relureg

from .agreement import assert_engines_agree
from .networks import KINDS, generated

TRUTH = (
    "xor",
    "saw_3",
    "saw_6",
    "nobias_2-10-1",
    "nobias_3-8-1",
    "int_2-6-6-1",
    "int_3-6-6-1",
    "dup_dead_2",
    "rand_2-16-16-1",
)
SEEDS_IN_THE_SUITE = 2
SEEDS_IN_A_SWEEP = 26
FIRST_SEED = int(os.environ.get("RELUREG_SWEEP_SEED", SEEDS_IN_THE_SUITE))
"""Another number lets a sweep take networks that no sweep took before."""


@pytest.mark.parametrize("name", TRUTH)
def test_networks_with_known_figures(name: str) -> None:
    assert_engines_agree(relureg.load(f"fixtures/truth/{name}.json"))


@pytest.mark.parametrize("seed", range(SEEDS_IN_THE_SUITE))
@pytest.mark.parametrize("kind", KINDS)
def test_generated_networks(kind: str, seed: int) -> None:
    sample = generated(kind, seed, size=150)
    assert_engines_agree(sample.network, sample.domain)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS_IN_A_SWEEP))
@pytest.mark.parametrize("kind", KINDS)
def test_larger_generated_networks(kind: str, seed: int) -> None:
    sample = generated(kind, seed, size=400)
    assert_engines_agree(sample.network, sample.domain)


UNDERDETERMINED = """
from relureg.engine.lp import interior_point
rows = [
    (-1238853, -6291456, 2097152, -6291456),
    (-13100831, -25165824, 8388608, -25165824),
    (-3290231303345873, 7702519226564608, -2786295979966464, 7044063092015104),
]
point = interior_point(rows, 3)
print(all(row[0] + sum(a * x for a, x in zip(row[1:], point)) > 0 for row in rows))
"""


def test_the_referee_survives_coefficients_of_very_different_size() -> None:
    """The dual simplex method of cddlib, which first tries in doubles, ends the process on this program."""
    done = subprocess.run([sys.executable, "-c", UNDERDETERMINED], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout.strip()) == (0, "True")
