"""A network made from a network, or read back from what was written of it, knows what the first one knew."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from typing import Any

import pytest

import relureg
from relureg.exact.rational import RationalMatrix
from relureg.network import editing, json_format, rounding
from relureg.network.affine_forms import AffineForm
from relureg.network.document import (
    domain_document,
    particulars,
    problem_document,
    read_domain,
    read_problem,
    with_particulars,
)
from relureg.network.domain import Domain
from relureg.network.model import Network, Port, Stage, StageKind
from relureg.network.problem import Problem
from relureg.network.slices import Slice
from relureg.tropical.analysis import select_output


def matrix(*rows: list[Any]) -> RationalMatrix:
    return RationalMatrix.from_fractions([[Fraction(x) for x in row] for row in rows], len(rows[0]))


FULL = Network(
    name="full",
    input_dim=2,
    stages=(
        Stage(
            pre_activation=AffineForm(constant=matrix([1], [2], ["1/3"]), terms={0: matrix([1, 2], [3, 4], [5, 7])}),
            name="first",
            kind=StageKind.COMPARISON,
        ),
        Stage(pre_activation=AffineForm(constant=matrix([0]), terms={1: matrix([1, -1, 1])}), name="second"),
    ),
    output=AffineForm(constant=matrix([0], [1]), terms={2: matrix([1], [2])}),
    notices=("one was folded", "two were stripped"),
    input_box=(matrix([0], [0]), matrix([1], ["5/3"])),
    inputs=(Port(name="a", shape=(1, 1), first=0), Port(name="b", shape=(1,), first=1)),
    outputs=(Port(name="y", shape=(2,), first=0),),
    spanning_stages=(1,),
    slice=Slice.through([[0, 0, 0], [1, Fraction(1, 3), 0], [0, 0, 1]]),
)
"""With a value of its own in each field."""


def test_it_has_a_value_in_each_field() -> None:
    for field in dataclasses.fields(Network):
        assert field.default is dataclasses.MISSING or getattr(FULL, field.name) != field.default, field.name
    for field in dataclasses.fields(Stage):
        assert field.default is dataclasses.MISSING or getattr(FULL.stages[0], field.name) != field.default, field.name


NUMBERS = {"stages", "output", "spanning_stages"}
WRITTEN = json.dumps(problem_document(Problem(network=FULL)))
MADE: dict[str, tuple[Network, set[str]]] = {
    "without_unit": (editing.without_unit(FULL, 1, 0), NUMBERS),
    "with_parameters": (editing.with_parameters(FULL, lambda _, x: 2 * x), NUMBERS),
    "rounded": (rounding.rounded(FULL, "float32"), NUMBERS),
    "select_output": (select_output(FULL, 1), {"output", "outputs"}),
    "slice": (FULL.on(Slice.through([[0, 0], [1, 2]])), NUMBERS | {"input_dim", "input_box", "inputs", "slice"}),
    "particulars": (
        with_particulars(json_format.read(json_format.write(FULL), name="x"), particulars(FULL)),
        {"spanning_stages"},
    ),
    "problem": (read_problem(json.loads(WRITTEN)).network, {"spanning_stages"}),
}


@pytest.mark.parametrize("name", MADE)
def test_no_field_is_lost(name: str) -> None:
    made, changed = MADE[name]
    for field in dataclasses.fields(Network):
        if field.name not in changed:
            assert getattr(made, field.name) == getattr(FULL, field.name), field.name
    for stage, old in zip(made.stages, FULL.stages, strict=True):
        assert (stage.name, stage.kind) == (old.name, old.kind)
    assert made.spanning_stages is None or made.stages == FULL.stages


def test_a_slice_of_a_slice_lies_in_the_space_around() -> None:
    made, _ = MADE["slice"]
    assert made.slice is not None
    assert made.slice.embed([[1]]).tolist() == [[1.0, 1 / 3, 2.0]]


def test_a_complex_is_saved_with_them(tmp_path: Any) -> None:
    relureg.enumerate_regions(FULL).save(tmp_path / "cells.npz")
    loaded = relureg.load_complex(tmp_path / "cells.npz").network
    for field in dataclasses.fields(Network):
        if field.name != "spanning_stages":
            assert getattr(loaded, field.name) == getattr(FULL, field.name), field.name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stages": []}, "zip"),
        ({"stages": [["a", "relu"], ["b", "tanh"]]}, "tanh"),
        ({"name": 3}, "missing or wrong"),
        ({"inputs": [{"name": "a", "shape": [-1], "first": 0}]}, "missing or wrong"),
        ({"slice": {"label": "line"}}, "a slice with a missing"),
        ({"slice": {"label": "line", "base": ["0/1"], "directions": [["1/1"]]}}, "do not span"),
        ({"notices": None}, "missing or wrong"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_particulars(FULL, particulars(FULL) | change)


@pytest.mark.parametrize(
    "domain",
    [
        Domain.box([Fraction(-1, 3), 0.1], [10**30, float("inf")]),
        Domain.box([0, Fraction(1, 3)], [1, Fraction(1, 3)]),
        Domain.box([float("-inf")] * 2, [float("inf")] * 2),
        Domain.polytope([[1, Fraction(2, 7**5000)], [-1, 0]], [1, 5]),
    ],
)
def test_a_domain_is_read_back_exactly(domain: Domain) -> None:
    written = json.loads(json.dumps(domain_document(domain)))
    assert read_domain(written, 2) == domain
    assert read_problem(json.loads(json.dumps(problem_document(Problem(network=FULL, domain=domain))))).domain == domain


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": None}, "a domain with a missing or wrong entry"),
        ({"equations": "0/1"}, "a domain with a missing or wrong entry"),
        ({"constants": [["0/1"]]}, "a domain of 4 rows with 1 constants"),
        ({"normals": [["1/1"]] * 4}, "2 numbers are needed"),
        ({"equations": [["1/1", "g/1", "0/1"]]}, "a number that is no fraction"),
    ],
)
def test_a_domain_that_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_domain(domain_document(Domain.box([0, 0], [1, 1])) | change, 2)
