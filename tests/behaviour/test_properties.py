"""Properties: published verdicts, brute force, and what a strict inequality means."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import relureg
from relureg import Condition, Domain, Network, Specification, check_property
from relureg.behaviour.incumbent import Incumbent
from relureg.readers.vnnlib.property_cases import read_specification
from tests.contract.networks import KINDS

from .brute_force import dot, supremum
from .test_ranges import small_sample

ACAS = "fixtures/nets/acasxu_1_1_nnet.nnet"
ABS = Network.from_layers([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # |x|


@pytest.mark.parametrize("number", [1, 4])
def test_acas_xu(number: int) -> None:
    """Known to hold: Katz, Barrett, Dill, Julian and Kochenderfer (2017)."""
    assert check_property(relureg.load(ACAS), f"fixtures/properties/acasxu_{number}.vnnlib").holds


@pytest.mark.sweep
def test_acas_xu_3() -> None:
    assert check_property(relureg.load(ACAS), "fixtures/properties/acasxu_3.vnnlib").holds


@pytest.mark.parametrize(
    ("network", "name", "holds"),
    [
        ("marabou_coav_6_40_40_38_19_1.nnet", "marabou_coav", True),
        ("marabou_twin_5_10x3_1.nnet", "marabou_twin_5_10x3_1", True),
        ("marabou_twin_10_10_1.nnet", "marabou_twin_10_10_1", True),
        ("acasxu_1_1_eran_onnx.onnx", "vnncomp_acasxu_4", True),
        ("marabou_fc_2_2_3.onnx", "marabou_fc_robust_holds", True),
        ("marabou_fc_2_2_3.onnx", "marabou_fc_robust_violated", False),
    ],
)
def test_published_verdicts(network: str, name: str, holds: bool) -> None:
    """Of benchmarks and tests of others; each file says where its verdict is from."""
    loaded = relureg.load(f"fixtures/nets/{network}")
    assert check_property(loaded, f"fixtures/properties/{name}.vnnlib", timeout=60).holds == holds


def test_a_published_verdict_in_128_inputs() -> None:
    """Marabou's tests expect SAT: within 1 of 0.5, output 1 of KJ_TinyTaxiNet can be as large as output 0."""
    network = relureg.load("fixtures/nets/marabou_tinytaxinet_conv.onnx")
    names = [f"X_{k}" for k in range(128)]
    declared = "".join(f"(declare-const {name} Real)" for name in [*names, "Y_0", "Y_1"])
    box = "".join(f"(assert (>= {name} -0.5))(assert (<= {name} 1.5))" for name in names)
    found = check_property(network, spec(f"{declared}{box}(assert (>= Y_1 Y_0))", 128, 2)).counterexample
    assert found is not None
    first, second = network.exact_output(found.point)
    assert second >= first
    assert all(-1 <= 2 * x <= 3 for x in found.point)


def test_acas_xu_with_a_tighter_bound_is_violated() -> None:
    network = relureg.load(ACAS)
    text = Path("fixtures/properties/acasxu_1.vnnlib").read_text().replace("(> Y_0 1500)", "(> Y_0 0.5)")
    found = check_property(network, read_specification(text, 5, 5, "tighter")).counterexample
    assert found is not None
    assert found.output == network.exact_output(found.point)
    assert found.output[0] > Fraction(1, 2)
    low, high = [55947.691, -3.141593, -3.141593, 1145, 0], [60760, 3.141593, 3.141593, 1200, 60]
    assert min(Domain.box(low, high).exact_signs(found.point)) >= 0


def spec(text: str, inputs: int = 1, outputs: int = 1) -> Specification:
    return read_specification(text, inputs, outputs, "text")


@pytest.mark.parametrize("is_climbing", [True, False])
@pytest.mark.parametrize(
    ("asserted", "holds"),
    [
        ("(< Y_0 0)", True),
        ("(<= Y_0 0)", False),
        ("(and (<= Y_0 0) (> X_0 0))", True),
        ("(and (<= Y_0 0) (>= X_0 0))", False),
        ("(> Y_0 2)", True),
        ("(>= Y_0 2)", False),
        ("(and (>= Y_0 2) (< X_0 2) (> X_0 (- 2)))", True),
        ("(or (< Y_0 0) (and (>= Y_0 1) (<= Y_0 1) (< X_0 0)))", False),
        ("(< (+ Y_0 X_0) 0)", True),
        ("(<= (+ Y_0 X_0) (/ (- 1) 3))", True),
        ("(and (<= (- Y_0 X_0) 0) (>= X_0 (/ 1 3)))", False),
        ("(= Y_0 0.5)", False),
        ("false", True),
    ],
)
def test_ties_of_the_absolute_value(
    asserted: str, holds: bool, is_climbing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_climbing:  # no point is guessed: bounds and exact programs decide alone
        monkeypatch.setattr(Incumbent, "try_points", lambda *_: None)
    text = f"(declare-const X_0 Real)(declare-const Y_0 Real)(assert (<= X_0 2))(assert (>= X_0 -2))(assert {asserted})"
    verdict = check_property(ABS, spec(text))
    assert verdict.holds == holds
    if verdict.counterexample is not None:
        (x,), (y,) = verdict.counterexample.point, verdict.counterexample.output
        assert y == abs(x)


def test_the_whole_line() -> None:
    text = "(declare-const X_0 Real)(declare-const Y_0 Real)"
    assert check_property(ABS, spec(f"{text}(assert (< Y_0 0))")).holds
    found = check_property(ABS, spec(f"{text}(assert (> Y_0 1000000))")).counterexample
    assert found is not None
    assert found.output[0] > 1_000_000


@pytest.mark.parametrize("kind", KINDS)
def test_thresholds_at_the_maximum_itself(kind: str) -> None:
    """``f >= max`` is attained and ``f > max`` is not: the hardest threshold there is."""
    sample = small_sample(kind, 1)
    network, domain = sample.network, sample.domain
    if domain is None or not domain.is_plainly_bounded:
        domain = Domain.box([-1] * network.input_dim, [1] * network.input_dim)
    along = np.random.default_rng(9).integers(-2, 3, network.output_dim).tolist()
    best = supremum(network, domain, along)
    assert best is not None
    rows = domain.rows.fractions()
    inside = [
        Condition(inputs={j: -x for j, x in enumerate(row[1:]) if x}, outputs={}, constant=-row[0], is_strict=False)
        for row in [*rows, *_both(domain)]
    ]
    outputs = {k: -Fraction(x) for k, x in enumerate(along) if x}
    if not outputs:
        return
    for is_strict in (False, True):
        above = Condition(inputs={}, outputs=outputs, constant=best, is_strict=is_strict)
        asked = Specification(
            label="above", input_dim=network.input_dim, output_dim=network.output_dim, cases=((*inside, above),)
        )
        verdict = check_property(network, asked)
        assert verdict.holds == is_strict
        if verdict.counterexample is not None:
            assert dot(along, verdict.counterexample.output) == best


def _both(domain: Domain) -> list[list[Fraction]]:
    rows = [] if domain.equations is None else domain.equations.fractions()
    return [*rows, *([-x for x in row] for row in rows)]


def test_several_outputs_at_once() -> None:
    """Y_0 and Y_1 can each be large, but not both."""
    network = Network.from_layers([[[1], [-1]], [[1, 0], [0, 1]]], [[0, 0], [0, 0]])
    start = "".join(f"(declare-const {name} Real)" for name in ("X_0", "Y_0", "Y_1"))
    box = "(assert (<= X_0 1))(assert (>= X_0 -1))"
    both = "(assert (and (>= Y_0 0.001) (>= Y_1 0.001)))"
    assert check_property(network, spec(start + box + both, outputs=2)).holds
    either = "(assert (or (>= Y_0 0.999) (>= Y_1 2)))"
    assert not check_property(network, spec(start + box + either, outputs=2)).holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(declare-const X_0 Real)", "asserts nothing"),
        ("(assert (<= Y_1 0))", "Y_0 to Y_0"),
        ("(assert (<= Y_12345678901234567890 0))", "Y_0 to Y_0"),
        ("(assert (<= X_1 0))", "X_0 to X_0"),
        ("(assert (<= (* Y_0 X_0) 0))", "not affine"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(relureg.errors.DataError, match=message):
        spec(text)


def test_too_many_cases() -> None:
    either = "(assert (or (<= Y_0 1) (<= X_0 2)))"
    parts = [f"(assert (or (<= Y_0 {k}) (<= X_0 {k + 20})))" for k in range(14)]
    assert len(spec(either).cases) == 2
    with pytest.raises(relureg.errors.DataError, match="more than 10,000 cases"):
        spec("".join(parts))


def test_declared_outputs_in_version_2() -> None:
    text = (
        "(vnnlib-version <2.0>)(declare-network f (declare-input X float32 [1,1]) (declare-output A float32 [2])"
        " (declare-output B float32 [1,2]))(assert (<= B[0,1] A[1]))"
    )
    ((condition,),) = read_specification(text, 1, 4, "v2").cases
    assert condition.outputs == {3: 1, 1: -1}
    with pytest.raises(relureg.errors.DataError, match="outputs of 4 numbers, but the network has 5"):
        read_specification(text, 1, 5, "v2")


def test_another_network() -> None:
    with pytest.raises(relureg.errors.UsageError, match="is of 1 input and 1 output,"):
        check_property(relureg.load("fixtures/truth/xor.json"), spec("(assert (<= Y_0 0))"))
