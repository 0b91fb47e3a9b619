"""Networks known to theory: each has the count that its entry promises, and nonsense is refused."""

from fractions import Fraction

import numpy as np
import pytest

from relureg import count_regions, load
from relureg.errors import UsageError
from relureg.families.arrangements import acyclic_orientations, complete_bipartite, cycle
from relureg.families.catalogue import CONSTRUCTIONS, Constructed, construct


def _construct(text: str) -> Constructed:
    name, *parameters = text.split(" ")
    return construct(name, dict(parameter.split("=") for parameter in parameters))


@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_the_example_of_every_entry(name: str) -> None:
    made = _construct(f"{name} {CONSTRUCTIONS[name].example}")
    count = count_regions(made.network)
    assert count.num_regions == made.regions or (made.regions is None and name == "lattice")
    assert all(check.passed is not False for check in count.checks)
    assert (made.at_least or 0) <= count.num_regions


def test_the_exclusive_or_on_any_two_values() -> None:
    for low, high in [("0", "1"), ("-1/2", "1/2"), ("-3", "5/7")]:
        made = construct("xor", {"at": f"{low},{high}"}).network
        values = [made.exact_output([Fraction(a), Fraction(b)])[0] for a in (low, high) for b in (low, high)]
        assert values == [-1, 1, 1, -1]
    assert construct("xor", {"at": "-1/2,1/2"}).network == load("fixtures/truth/xor.json")
    with pytest.raises(UsageError, match="the lower one first"):
        construct("xor", {"at": "1,0"})


@pytest.mark.parametrize(
    "text",
    [
        "zigzag pieces=3",
        "zigzag pieces=3,3,3,3",
        "zigzag pieces=9,4,6",
        "folds layers=3 last=2",
        "folds layers=3,4 last=3",
        "folds layers=4,4 last=4",
        "folds layers=3,3,3 last=4",
        "folds layers=3,5;4,3;3,3 last=2",
        "montufar-folding pieces=2 d=1 last=2",
        "montufar-folding pieces=3,3 d=1 last=3",
        "montufar-folding pieces=3,2,4,2 d=1 last=3",
        "montufar-folding pieces=1,2,3 d=1 last=4",
        "montufar-folding pieces=2 d=2 last=2",
        "montufar-folding pieces=2 d=2 last=3",
        "montufar-folding pieces=2,2 d=2 last=2",
        "montufar-folding pieces=3 d=2 last=3",
        "zonotope m=2 d=2",
        "zonotope m=3 d=2 pieces=3",
        "zonotope m=3 d=2 pieces=4",
        "zonotope m=3 d=2 pieces=3,3",
        "zonotope m=5 d=4 pieces=5",
        "cut-grid pieces=3,3",
        "cut-grid pieces=3,3,3",
        "cut-grid pieces=4,4,4",
        "cut-grid pieces=3,5,4 cuts=-1,1/3,1",
        "cut-grid pieces=7,7,7 cuts=-3/10,-1/5,-1/10,0,1/10,1/5,3/10",
        "folded-cut d=1",
        "folded-cut d=2",
        "folded-cut d=4",
        "sawtooth depth=1",
        "sawtooth depth=2",
        "closed-sawtooth depth=1",
        "closed-sawtooth depth=2",
        "graphical graph=complete:5",
        "graphical graph=0-1,1-2,2-0,2-3",
        "grid planes=5",
        "moment-curve n=3 d=5",
        "central-moment-curve n=1 d=3",
        "central-moment-curve n=3 d=4",
        "threshold n=0",
    ],
)
def test_exact_counts(text: str) -> None:
    made = _construct(text)
    assert count_regions(made.network).num_regions == made.regions


@pytest.mark.parametrize(("text", "least"), [("montufar-folding pieces=2,2 d=3 last=3", 512)])
def test_where_theory_gives_a_lower_bound_only(text: str, least: int) -> None:
    made = _construct(text)
    assert (made.regions, made.at_least) == (None, least)
    assert count_regions(made.network).num_regions >= least


def test_what_is_cited_and_not_counted_here() -> None:
    assert _construct("resonance n=7").regions == 347_326_352
    assert _construct("threshold n=6").regions == 15_028_134
    assert _construct("resonance n=8").regions is None
    assert _construct("coxeter type=E8").network.num_units == 120


def test_acyclic_orientations() -> None:
    """By formulas of their own: 2^n - 2 for cycles, n! for complete graphs, poly-Bernoulli numbers for K_{m,n}."""
    assert [acyclic_orientations(n, cycle(n)) for n in range(3, 9)] == [2**n - 2 for n in range(3, 9)]
    assert acyclic_orientations(4, [(i, j) for j in range(4) for i in range(j)]) == 24
    assert [acyclic_orientations(2 + n, complete_bipartite(2, n)) for n in (2, 3, 4)] == [14, 46, 146]
    assert acyclic_orientations(3, []) == 1


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "shi",
        "shi n=1",
        "shi n=x",
        "shi n=3 d=2",
        "zigzag pieces=2,3",
        "zigzag pieces=",
        "folds layers=3,3;3 last=2",
        "coxeter type=H3",
        "graphical graph=0-0",
        "graphical graph=0-1-2",
        "graphical graph=cycle:",
        "cut-grid pieces=3,3 cuts=0,0",
        "cut-grid pieces=3,3 cuts=5",
        "cut-grid pieces=3,3 cuts=1/0",
        "cut-grid pieces=3,3 cuts=a",
        "sawtooth depth=0",
        "grid planes=5000,5000,5000,5000,5000",
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        _construct(text)


def test_a_lattice_is_a_maximum_of_minima() -> None:
    """From its definition, with the functions read off the first stage: of +-(a - b) and +-(a + b) for each pair."""
    network = _construct("lattice d=2 functions=6 minima=4 terms=2 seed=3").network
    assert network.widths == (16, 8, 4)
    form = network.stages[0].pre_activation
    rows = np.hstack([form.constant.floats, form.terms[0].floats])
    pairs = [((rows[k] + rows[k + 2]) / 2, (rows[k + 2] - rows[k]) / 2) for k in range(0, 16, 4)]
    points = np.random.default_rng(0).normal(size=(40, 2))
    values = np.hstack([np.ones((40, 1)), points]) @ np.array(pairs).reshape(8, 3).T
    assert np.allclose(network(points)[:, 0], values.reshape(40, 4, 2).min(axis=2).max(axis=1), rtol=1e-12)


@pytest.mark.parametrize("text", ["minima=3 terms=2", "minima=1 terms=1", "minima=2 terms=8"])
def test_lattices_that_are_none(text: str) -> None:
    with pytest.raises(UsageError):
        _construct(f"lattice d=2 functions=4 {text}")
