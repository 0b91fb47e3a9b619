"""Proofs of values that are written: checked again, of degenerate networks, flat and unbounded domains, and twins."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relureg
from relureg.errors import CheckFailedError, DomainError, LimitReachedError, ProofRefusedError, UsageError
from tests.behaviour.brute_force import supremum
from tests.proofs.test_write_proof import DEGENERATE

Network, Domain = relureg.Network, relureg.Domain
ABSOLUTE = Network.from_layers([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])
PLACES = {
    "everywhere": None,
    "a box": Domain.box([-1, -1], [1, 2]),
    "a triangle": Domain.polytope([[1, 1], [-1, 0], [0, -1]], [1, 0, 0]),
    "a segment": Domain.box([-1, Fraction(1, 3)], [1, Fraction(1, 3)]),
    "a quadrant": Domain.polytope([[-1, 0], [0, -1]], [0, 0]),
    "a strip that is no box": Domain.polytope([[1, -1], [-1, 1]], [1, 1]),
}


def sentences(network: Network, folder: Path, domain: Domain | None) -> tuple[str, ...]:
    path = folder / "range.proof"
    found = relureg.output_range(network, domain)
    relureg.write_range_proof(network, found, path, domain=domain, force=True)
    return relureg.check_proof(path, network).sentences


@pytest.mark.parametrize("name", [name for name in DEGENERATE if name != "sizes far apart"])
@pytest.mark.parametrize("place", PLACES)
def test_ranges_of_degenerate_networks(name: str, place: str, tmp_path: Path) -> None:
    """The largest value is that of the vertices and rays of all regions; a segment has none, and is a slice."""
    network, domain = DEGENERATE[name], PLACES[place]
    told = sentences(network, tmp_path, domain)[1:]
    if place == "a segment":
        assert all(sentence.endswith(" of t, where x = (t0, 1/3)") for sentence in told)
        return
    for sign, sentence in ((1, told[0]), (-1, told[1])):
        most = supremum(network, domain, [sign])
        if most is None:
            assert f"y0 {'grows' if sign > 0 else 'falls'} without end along x = (" in sentence
        else:
            assert f" is {sign * most}, at x = (" in sentence


@given(seed=st.integers(0, 10**6), half=st.sampled_from([1, Fraction(1, 3)]))
@settings(max_examples=3, deadline=None)
def test_ranges_of_random_networks(seed: int, half: Fraction, tmp_path_factory: pytest.TempPathFactory) -> None:
    network = relureg.random_network((2, 4, 3), "integer", seed)
    box = Domain.box([-half] * 2, [half] * 2)
    told = sentences(network, tmp_path_factory.getbasetemp(), box)
    most, least = supremum(network, box, [1]), supremum(network, box, [-1])
    assert most is not None
    assert least is not None
    assert f" is {most}, at x = (" in told[1]
    assert f" is {-least}, at x = (" in told[2]


def test_a_direction_and_a_slice(fixtures: Path, tmp_path: Path) -> None:
    whole = relureg.load(fixtures / "truth" / "int_3-6-6-1.json")
    network = whole.on(relureg.Slice.through([[0, 0, 0], [1, 0, 0], [0, 1, 1]]))
    box = Domain.box([0, 0], [1, 1])
    found = relureg.output_range(network, box, direction=[-2])
    relureg.write_range_proof(network, found, tmp_path / "proof", domain=box, slice_of=whole)
    told = relureg.check_proof(tmp_path / "proof", whole).sentences[1]
    assert told.endswith(", in the box [0, 1]^2 of t, where x = (t0, t1, t1)")
    with pytest.raises(ProofRefusedError, match="it is of networks with sha256"):
        relureg.check_proof(tmp_path / "proof", network)


def test_a_wrong_answer_is_found_out(tmp_path: Path) -> None:
    box = Domain.box([-1], [3])
    (found,) = relureg.output_range(ABSOLUTE, box)
    assert found.maximum.value == 3
    for value in (Fraction(29, 10), Fraction(3) - Fraction(1, 10**30)):
        wrong = dataclasses.replace(found, maximum=dataclasses.replace(found.maximum, value=value))
        with pytest.raises(CheckFailedError, match="a point reaches what it should not"):
            relureg.write_range_proof(ABSOLUTE, [wrong], tmp_path / "proof", domain=box)
        assert not list(tmp_path.iterdir())
    wrong = dataclasses.replace(found, maximum=dataclasses.replace(found.maximum, value=Fraction(4)))
    relureg.write_range_proof(ABSOLUTE, [wrong], tmp_path / "proof", domain=box)
    with pytest.raises(ProofRefusedError, match="the value is not attained"):
        relureg.check_proof(tmp_path / "proof", ABSOLUTE)


def condition(strict: bool, output: int, constant: Fraction | int, **inputs: int) -> relureg.Condition:
    """``output y + inputs . x + constant <= 0``, or < 0."""
    found = {int(name[1:]): Fraction(value) for name, value in inputs.items()}
    outputs = {0: Fraction(output)} if output else {}
    return relureg.Condition(inputs=found, outputs=outputs, constant=Fraction(constant), is_strict=strict)


BETWEEN = (condition(False, 0, -3, x0=1), condition(False, 0, -1, x0=-1))  # x <= 3 and -x <= 1


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        ([(*BETWEEN, condition(True, -1, 3))], "nowhere y0 > 3, in the box [-1, 3]"),
        ([(*BETWEEN, condition(False, -1, 3))], "y0 >= 3 at x = (3)"),
        ([(*BETWEEN, condition(True, 1, 0))], "nowhere y0 < 0, in the box [-1, 3]"),
        ([(*BETWEEN, condition(True, -1, 3)), (condition(False, 1, 1),)], "nowhere y0 <= -1, in R^1"),
        ([(condition(True, 0, -3, x0=1), *BETWEEN, condition(False, -1, 3))], "nowhere x0 < 3 and y0 >= 3"),
        ([(condition(False, 0, 1, x0=1), condition(False, 0, 1, x0=-1))], "nowhere x0 <= -1 and x0 >= 1, in R^1"),
        ([(*BETWEEN, condition(False, -1, 1, x0=1))], "x0 - y0 <= -1 at x = ("),
        ([(*BETWEEN, condition(False, -1, 4, x0=1))], "nowhere x0 - y0 <= -4, in the box [-1, 3]"),
    ],
)
def test_properties(cases: list[tuple[relureg.Condition, ...]], words: str, tmp_path: Path) -> None:
    """Of |x|: strict inequalities are told from others, where the maximum is attained and where it is not."""
    asked = relureg.Specification(label="asked", input_dim=1, output_dim=1, cases=tuple(cases))
    verdict = relureg.check_property(ABSOLUTE, asked)
    relureg.write_property_proof(ABSOLUTE, verdict, tmp_path / "proof")
    assert words in " | ".join(relureg.check_proof(tmp_path / "proof", ABSOLUTE).sentences)
    assert verdict.holds == ("nowhere" in words)


def test_a_property_of_a_real_controller(fixtures: Path, tmp_path: Path) -> None:
    network = relureg.load(fixtures / "nets" / "overt_single_pendulum_small.nnet")
    box = [condition(False, 0, -1, **{f"x{j}": s}) for j in (0, 1) for s in (1, -1)]
    asked = relureg.Specification(
        label="|y| < 1.09", input_dim=2, output_dim=1,
        cases=tuple((*box, condition(False, s, Fraction(109, 100))) for s in (1, -1)),
    )  # fmt: skip
    verdict = relureg.check_property(network, asked)
    assert verdict.holds
    relureg.write_property_proof(network, verdict, tmp_path / "proof")
    told = relureg.check_proof(tmp_path / "proof", network).sentences
    assert told[1:] == tuple(f"nowhere y0 {words}, in the box [-1, 1]^2" for words in ("<= -109/100", ">= 109/100"))


def test_twins(tmp_path: Path) -> None:
    """The same function of another depth; a quantised twin; one that differs without end."""
    deeper = Network.from_layers([[[1], [-1]], [[1, 1]], [[1]]], [[0, 0], [0], [0]])
    found = relureg.compare_networks(ABSOLUTE, deeper)
    assert found.are_equal
    relureg.write_comparison_proof(ABSOLUTE, deeper, found, tmp_path / "equal")
    told = relureg.check_proof(tmp_path / "equal", ABSOLUTE, deeper).sentences
    assert told[1:] == ("nowhere y0 - y'0 > 0, in R^1", "nowhere y0 - y'0 < 0, in R^1")
    with pytest.raises(ProofRefusedError, match="it is of networks with sha256"):
        relureg.check_proof(tmp_path / "equal", deeper, ABSOLUTE)
    with pytest.raises(ProofRefusedError, match="it is of networks with sha256"):
        relureg.check_proof(tmp_path / "equal", ABSOLUTE)

    network = relureg.random_network((2, 3, 3), "integer", 1)
    layers = [matrix.fractions() for stage in network.stages for matrix in stage.pre_activation.terms.values()]
    layers.append(network.output.terms[2].fractions())
    biases = [[x for (x,) in form.constant.fractions()] for form in network.forms]
    layers[0][0][0] += Fraction(1, 100)
    twin, box = Network.from_layers(layers, biases), Domain.box([-1, -1], [1, 1])
    found = relureg.compare_networks(network, twin, box)
    assert found.largest is not None
    assert found.largest.value is not None
    relureg.write_comparison_proof(network, twin, found, tmp_path / "twin", domain=box)
    told = relureg.check_proof(tmp_path / "twin", network, twin).sentences
    size = f"{found.largest.value}"
    assert told[1].startswith((f"y0 - y'0 >= {size} at x = (", f"y0 - y'0 <= -{size} at x = ("))
    assert told[2:] == tuple(f"nowhere y0 - y'0 {word}{size}, in the box [-1, 1]^2" for word in ("> ", "< -"))

    steeper = Network.from_layers([[[2]], [[1]]], [[0], [0]])
    found = relureg.compare_networks(ABSOLUTE, steeper)
    relureg.write_comparison_proof(ABSOLUTE, steeper, found, tmp_path / "endless")
    assert "y0 - y'0 grows without end" in relureg.check_proof(tmp_path / "endless", ABSOLUTE, steeper).sentences[1]


@pytest.mark.parametrize("p", ["1", "2", "inf"])
@pytest.mark.parametrize("q", ["1", "2", "inf"])
def test_lipschitz_constants(p: str, q: str, tmp_path: Path) -> None:
    network = Network.from_layers(
        [[[1, -2], [3, 1], [-1, 1]], [[1, 2, -1], [0, 1, 3]]], [[1, 0, Fraction(-1, 3)], [0, 1]]
    )
    cells = relureg.enumerate_regions(network)
    found = relureg.lipschitz_constant(network, p=p, q=q)
    relureg.write_lipschitz_proof(cells, [found], tmp_path / "proof", p=p, q=q)
    told = relureg.check_proof(tmp_path / "proof", network).sentences[1]
    assert told.startswith(f"the Lipschitz constant of y0, y1 from the {p}-norm to the {q}-norm ")
    assert not found.value.is_exact or f"is {found.value.low}, in R^2" in told
    each = relureg.lipschitz_constants(network, p=p)
    relureg.write_lipschitz_proof(cells, each, tmp_path / "each", p=p)
    assert len(relureg.check_proof(tmp_path / "each", network).sentences) == 3


def test_a_published_constant(tmp_path: Path, fixtures: Path) -> None:
    """Engines that miss a region are found out, as with counts; a constant that is too small as well."""
    network = relureg.load(fixtures / "truth" / "int_2-6-6-1.json")
    cells, found = relureg.enumerate_regions(network, engine="lp"), relureg.lipschitz_constant(network)
    value = dataclasses.replace(found.value, high=found.value.low, low=found.value.low - 1)
    wrong = dataclasses.replace(found, value=value)
    relureg.write_lipschitz_proof(cells, [wrong], tmp_path / "proof")
    with pytest.raises(ProofRefusedError, match="the norm of a Jacobian is larger"):
        relureg.check_proof(tmp_path / "proof", network)


def test_wrong_usage(fixtures: Path, tmp_path: Path) -> None:
    network = relureg.load(fixtures / "nets" / "overt_single_pendulum_small.nnet")
    box = Domain.box([-1, -1], [1, 1])
    found = relureg.output_range(network, box)
    with pytest.raises(LimitReachedError, match="time limit"):
        relureg.write_range_proof(network, found, tmp_path / "proof", domain=box, timeout=1e-9)
    assert not list(tmp_path.iterdir())
    point = Domain.box([1, 1], [1, 1])
    at_it = relureg.output_range(network, point)
    with pytest.raises(DomainError, match="single point"):
        relureg.write_range_proof(network, at_it, tmp_path / "proof", domain=point)
    cells = relureg.enumerate_regions(ABSOLUTE)
    with pytest.raises(UsageError, match="constants are not one of all outputs, or one of each"):
        relureg.write_lipschitz_proof(cells, [], tmp_path / "proof")
    stopped = relureg.enumerate_regions(network, max_regions=5)
    with pytest.raises(UsageError, match="only a complete complex can be proved"):
        relureg.write_lipschitz_proof(stopped, [], tmp_path / "proof")
    relureg.write_proof(cells, tmp_path / "count")
    with pytest.raises(ProofRefusedError, match="it is of networks with sha256"):
        relureg.check_proof(tmp_path / "count", ABSOLUTE, ABSOLUTE)
