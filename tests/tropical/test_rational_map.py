"""Networks as tropical rational maps: known numbers of monomials, and random networks against their complexes."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from relureg import Network, enumerate_regions, load
from relureg.errors import UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Stage
from relureg.tropical import Growth, TropicalMap, form_checks, tropical_map
from relureg.tropical.regionwise import Pieces
from tests.tropical.networks import REFERENCE, VALUES, exact, integer, random_network, rational, reference_network


@pytest.mark.parametrize("entry", REFERENCE["forms"], ids=lambda e: str(next(iter(e.values()))))
def test_known_forms(entry: dict[str, Any]) -> None:
    network = reference_network(entry)
    (function,) = tropical_map(network).outputs
    product = function.product()
    found = function.numerator.num_monomials, function.denominator.num_monomials, product.num_monomials
    assert found == (entry["pieces_F"], entry["pieces_G"], entry["pieces_FplusG"])
    cells = enumerate_regions(network)
    assert cells.num_regions == entry["R2"]
    assert Pieces(cells).num_linear_regions(0) == entry["R4"]
    assert function.has_integer_exponents


def assert_form_is_network(network: Network, form: TropicalMap) -> None:
    """The form at 1000 exact points, and piece by piece on the exact complex."""
    cells = enumerate_regions(network)
    pieces = Pieces(cells)
    products = [function.product() for function in form.outputs]
    found = [
        form_checks.values(network, form.outputs, num_points=1000),
        form_checks.pieces(form.outputs, products, pieces),
        form_checks.convex(pieces),
        *(
            form_checks.chain(pieces.num_linear_regions(k), product.num_monomials, cells.num_regions)
            for k, product in enumerate(products)
        ),
    ]
    assert [check for check in found if not check.passed] == []


SHAPES = [(1, 3, 1), (1, 4, 4, 1), (1, 3, 3, 3, 1), (2, 5, 1), (2, 4, 4, 1), (2, 3, 3, 2), (3, 4, 1), (3, 4, 4, 1)]


@pytest.mark.parametrize("law", [integer, rational], ids=lambda law: law.__name__)
@pytest.mark.parametrize("widths", SHAPES, ids=str)
def test_random_networks(widths: tuple[int, ...], law: Any) -> None:
    for seed in range(2):
        network = random_network(widths, seed, law)
        form = tropical_map(network)
        assert_form_is_network(network, form)
        if law is integer:
            assert form.has_integer_exponents


@pytest.mark.parametrize("name", VALUES["definitions"])
def test_degenerate_networks(name: str) -> None:
    """Duplicated and dead units, opposite ones, several outputs, flat pieces."""
    network = reference_network({"definition": name})
    assert_form_is_network(network, tropical_map(network))


@pytest.mark.parametrize(
    "path",
    [
        "nets/sherlock_simple_deep_2x5.onnx",
        "nets/sherlock_sample_2_5_1.onnx",
        "nets/nv_spiky_1d.nnet",
        "nets/acasxu_tiny_5_5_5.nnet",
    ],
)
def test_real_networks(path: str, fixtures: Any) -> None:
    network = load(fixtures / path)
    form = tropical_map(network)
    assert_form_is_network(network, form)
    assert form.has_integer_exponents == (path == "nets/nv_spiky_1d.nnet")


def test_skip_connections() -> None:
    draw = random.Random(4)

    def matrix(rows: int, columns: int) -> RationalMatrix:
        return RationalMatrix.from_fractions([[integer(draw) for _ in range(columns)] for _ in range(rows)], columns)

    network = Network(
        name="skips",
        input_dim=2,
        stages=(
            Stage(pre_activation=AffineForm(constant=matrix(3, 1), terms={INPUT: matrix(3, 2)})),
            Stage(pre_activation=AffineForm(constant=matrix(2, 1), terms={INPUT: matrix(2, 2), 1: matrix(2, 3)})),
        ),
        output=AffineForm(constant=matrix(1, 1), terms={INPUT: matrix(1, 2), 1: matrix(1, 3), 2: matrix(1, 2)}),
    )
    assert_form_is_network(network, tropical_map(network))


def test_a_network_without_hidden_layers() -> None:
    network = exact([[[1, "-1/2"]]], [[3]])
    form = tropical_map(network)
    assert_form_is_network(network, form)
    assert [stage.name for stage in form.growth] == ["output"]


def with_thresholds(network: Network, thresholds: dict[int, list[Fraction | None]], point: list[Fraction]) -> Fraction:
    """The output where units compute max(z, t), in plain arithmetic."""
    values = {INPUT: point}
    for number, stage in enumerate(network.stages, start=1):
        listed = thresholds.get(number, [Fraction(0)] * stage.num_units)
        z = affine(stage.pre_activation, values)
        values[number] = [v if t is None else max(v, t) for v, t in zip(z, listed, strict=True)]
    return affine(network.output, values)[0]


def affine(form: AffineForm, values: dict[int, list[Fraction]]) -> list[Fraction]:
    rows = [constant for (constant,) in form.constant.fractions()]
    for source, matrix in form.terms.items():
        for index, row in enumerate(matrix.fractions()):
            rows[index] += sum((w * v for w, v in zip(row, values[source], strict=True)), Fraction(0))
    return rows


def test_thresholds_and_identity_units() -> None:
    network = random_network((2, 4, 3, 1), 1, rational)
    thresholds: dict[int, list[Fraction | None]] = {
        1: [Fraction(1), None, Fraction(-2, 3), Fraction(0)],
        2: [None, None, Fraction(5, 2)],
    }
    (function,) = tropical_map(network, thresholds=thresholds).outputs
    for point in form_checks.random_points(2, 300):
        assert function(point) == with_thresholds(network, thresholds, list(point))
    everywhere = {1: [None] * 4, 2: [None] * 3}
    assert tropical_map(network, thresholds=everywhere).outputs[0].is_affine
    with pytest.raises(UsageError, match="3 thresholds do not fit stage 1"):
        tropical_map(network, thresholds={1: [0, 0, 0]})
    with pytest.raises(UsageError, match="do not fit stage 3"):
        tropical_map(network, thresholds={3: [0]})


def test_one_common_denominator() -> None:
    network = random_network((2, 3, 3, 3), 0, integer)
    form = tropical_map(network)
    common = form.with_common_denominator()
    assert len({function.denominator for function in common}) == 1
    assert len({function.denominator for function in form.outputs}) == 3
    for one, other in zip(form.outputs, common, strict=True):
        assert one.is_same_function(other)
    for point in form_checks.random_points(2, 100):
        outputs = network.exact_output(point)
        assert int(np.argmax([one.numerator(point) for one in common])) == outputs.index(max(outputs))


def test_a_limit_leaves_what_is_known() -> None:
    network = reference_network({"lcg": {"widths": [2, 4, 4], "seed": 1}})
    whole = tropical_map(network)
    assert (whole.stopped_by, [stage.name for stage in whole.growth]) == (None, ["stage 1", "stage 2", "output"])
    assert [(stage.expanded, stage.kept) for stage in whole.growth] == [(12, 12), (49, 44), (1326, 42)]
    stopped = tropical_map(network, growth=Growth(max_monomials=15))
    assert not stopped.complete
    assert stopped.stopped_by == "the limit of 15 monomials in output, 1 of 1"
    assert (stopped.outputs, stopped.growth) == ((), whole.growth[:2])


def test_a_wrong_form_is_caught() -> None:
    """Each check on its own sees a form that is not that of the network."""
    network = reference_network({"lcg": {"widths": [2, 3, 2], "seed": 5}})
    (right,) = tropical_map(network).outputs
    pieces = Pieces(enumerate_regions(network))
    for above, below in (
        (right.numerator.shifted(1), right.denominator),
        (right.numerator * right.numerator, right.denominator),
        (right.denominator, right.denominator),
    ):
        wrong = type(right)(above, below)
        assert form_checks.values(network, [wrong], num_points=100).passed is False
        assert form_checks.pieces([wrong], [wrong.product()], pieces).passed is False
    # The same function, but not the form of the recursion.
    inflated = type(right)((right.numerator * right.denominator), right.denominator * right.denominator)
    assert form_checks.values(network, [inflated], num_points=100).passed
    assert form_checks.pieces([inflated], [inflated.product()], pieces).passed is False
    assert form_checks.chain(3, 2, 4).passed is False
    assert form_checks.chain(2, 5, 4).passed is False
