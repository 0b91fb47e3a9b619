"""Bounds against tables of verified values, and the reasons why one does not apply."""

import json
import math
from pathlib import Path

import pytest

import relureg
from relureg import Network, bounds
from relureg.errors import UsageError
from relureg.families.arrangements import generic_regions
from relureg.theory.architecture import Architecture
from relureg.theory.published import iter_bounds
from relureg.theory.upper_bounds import (
    hinz_van_de_geer_2019,
    line_bound,
    montufar_2017,
    raghu_2017,
    serra_2018,
    trivial,
)

VALUES = json.loads(Path("fixtures/reference/values.json").read_text())


@pytest.mark.parametrize("entry", VALUES["bounds"], ids=lambda e: f"{e['n0']};{e['n']}")
def test_the_table_of_bounds(entry: dict[str, int]) -> None:
    a = Architecture(input_dim=entry["n0"], widths=tuple(entry["n"]))
    assert trivial(a) == entry["trivial_2N"]
    assert raghu_2017(a) == entry["raghu_ZNL_product"]
    assert montufar_2017(a) == entry["montufar2017"]
    assert serra_2018(a) == entry["serra2018"]
    assert hinz_van_de_geer_2019(a) == entry["hinz_binomial"]
    assert line_bound(a) - 1 == entry["diameter_ub_prod_minus_1"]
    values = {bound.name: bound.value for bound in iter_bounds(a)}
    assert values["Pascanu et al. 2013, Theorem 1"] == entry["lb_pascanu2013"]
    assert values["Montúfar et al. 2014, Theorem 5"] == entry["lb_montufar2014"]
    assert values["Serra et al. 2018, Theorem 6"] == entry["lb_serra2018"]
    assert values["product for one input"] == entry.get("prod_np1")
    assert values["Arora et al. 2018, one input"] == entry.get("arora_1d")


@pytest.mark.parametrize("entry", VALUES["serra_fig5b_bounds"] + VALUES["serra_fig4_bounds"], ids=lambda e: str(e["n"]))
def test_the_curves_of_serra(entry: dict[str, int]) -> None:
    a = Architecture(input_dim=784, widths=tuple(entry["n"]))
    values = (trivial(a), montufar_2017(a), serra_2018(a))
    assert values == (entry["trivial"], entry["montufar2017"], entry["serra2018"])


def test_serra_is_the_sum_that_the_theorem_states() -> None:
    """Theorem 1 written out: the sum over the index set J, without any recursion."""

    def stated(n0: int, widths: list[int]) -> int:
        def rest(layer: int, least: int) -> int:
            if layer == len(widths):
                return 1
            n = widths[layer]
            return sum(math.comb(n, j) * rest(layer + 1, min(least, n - j)) for j in range(min(least, n) + 1))

        return rest(0, n0)

    for n0 in range(1, 6):
        for widths in ([3], [1, 4], [5, 2, 6], [2, 2, 2, 2], [7, 1, 7], [6, 6, 6]):
            assert serra_2018(Architecture(input_dim=n0, widths=tuple(widths))) == stated(n0, widths)


def test_each_bound_dominates_the_next() -> None:
    for n0 in range(1, 7):
        for widths in [(3, 5), (8, 2, 8), (1, 21), (21, 1), (4, 4, 4, 4), (16,)]:
            a = Architecture(input_dim=n0, widths=widths)
            assert serra_2018(a) <= montufar_2017(a) <= raghu_2017(a) <= trivial(a)


def test_generic_regions() -> None:
    assert [generic_regions(n, d) for n, d in [(5, 2), (8, 3), (16, 5), (40, 4), (3, 7), (0, 2)]] == [
        16, 93, 6885, 102_091, 8, 1,
    ]  # fmt: skip


def test_bounds_are_sorted_and_say_why_one_does_not_apply() -> None:
    found = {bound.name: bound for bound in bounds(widths=[5, 16, 3])}
    upper = [bound.value for bound in found.values() if bound.value is not None and bound.is_upper]
    assert upper == sorted(upper)
    kinds = [bound.kind for bound in found.values() if bound.applies]
    assert kinds == sorted(kinds, key=["upper", "exact", "lower", "line"].index)
    assert [bound.applies for bound in found.values()] == sorted((b.applies for b in found.values()), reverse=True)
    znl = found["Zhang-Naitzat-Lim 2018, Thm 6.3"]
    assert not znl.applies
    assert znl.reason == "layer 2 has 3 units, fewer than the 5 inputs"
    assert found["product for one input"].reason == "the network has 5 inputs, not one"


def test_hypotheses_of_zhang_naitzat_lim_are_shown() -> None:
    network = relureg.load("fixtures/nets/marabou_fc1_2_25x3_2.onnx")
    znl = next(bound for bound in bounds(network) if bound.name.startswith("Zhang"))
    assert znl.value == generic_regions(25, 2) ** 3
    assert {h.text: h.holds for h in znl.hypotheses} == {
        "each layer depends on the layer before it alone": True,
        "every hidden layer has at least as many units as inputs": True,
        "integer weights": False,
        "a single output": False,
    }
    assert znl.reason == "holds without: integer weights; a single output"


def test_bounds_that_need_layers_do_not_apply_to_skip_connections() -> None:
    residual = relureg.Network(
        name="skip",
        input_dim=1,
        stages=_skip_stages(),
        output=Network.from_layers([[[1]]], [[0]]).output,
    )
    found = {bound.name: bound for bound in bounds(residual)}
    assert found["Serra et al. 2018, Theorem 1"].reason == "the network has skip connections"
    assert found["Raghu et al. 2017"].value == 4
    assert found["product for one input"].value == 4


def _skip_stages() -> tuple[relureg.network.model.Stage, ...]:
    from relureg.network.affine_forms import AffineForm
    from relureg.network.model import Stage

    first = AffineForm.of_source(0, 1)
    return Stage(pre_activation=first), Stage(pre_activation=first + AffineForm.of_source(1, 1))


@pytest.mark.parametrize("widths", [[], [0, 3], [3, -1], [2, 100_001]])
def test_widths_that_make_no_sense(widths: list[int]) -> None:
    with pytest.raises(UsageError):
        bounds(widths=widths)


def test_a_network_or_widths_but_not_both() -> None:
    with pytest.raises(UsageError, match="either a network or widths"):
        bounds(Network.from_layers([[[1]]], [[0]]), widths=[1])
