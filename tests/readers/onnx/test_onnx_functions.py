"""Local functions are written out, and an `If` whose condition is constant takes its branch."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx.parser
import pytest

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from tests.readers.onnx.onnx_models import assert_agrees_with_runtime, read

FUNCTIONS = """
<ir_version: 9, opset_import: ["": 18, "pkg": 1]>
g (float[1,2] x) => (float[1,3] y)
<float[2,3] w = {1, -2, 0.5, 3, 1, -1}, float[3] b = {0.25, -1, 0.1}, float[3,3] v = {1, 0, 2, -1, 1, 0, 0.5, 2, 1}>
{ h = pkg.block (x, w, b) y = pkg.block <slope = 0.5> (h, v, b) }
<domain: "pkg", opset_import: ["": 18, "pkg": 1]>
linear (x, w, b) => (y) { t = MatMul (x, w) y = Add (t, b) }
<domain: "pkg", opset_import: ["": 18, "pkg": 1]>
block <slope: float = 0.25> (x, w, b) => (y) { z = pkg.linear (x, w, b) y = LeakyRelu <alpha: float = @slope> (z) }
"""


def test_functions_that_call_functions_and_have_default_attributes_are_written_out() -> None:
    network = assert_agrees_with_runtime(onnx.parser.parse_model(FUNCTIONS), (1, 2))
    assert network.widths == (3, 3)
    # The first block has the slope that the function gives, the second one that of the call.
    assert network(np.array([[-40.0, 0.0]])).shape == (1, 3)


def test_a_function_that_calls_itself_is_refused() -> None:
    text = FUNCTIONS.replace("t = MatMul (x, w)", "t = pkg.block (x, w, b)")
    with pytest.raises(MalformedNetworkError, match=r"the local function '(linear|block)' calls itself"):
        read(onnx.parser.parse_model(text))


def test_functions_that_double_at_each_call_are_refused_before_they_are_written_out() -> None:
    functions = "".join(
        f"""<domain: "p", opset_import: ["": 18, "p": 1]> f{i} (x) => (y)
            {{ t = {"Neg" if i == 0 else f"p.f{i - 1}"} (x) y = {"Neg" if i == 0 else f"p.f{i - 1}"} (t) }}"""
        for i in range(40)
    )
    text = f"""<ir_version: 9, opset_import: ["": 18, "p": 1]> g (float[1,2] x) => (float[1,2] y)
               {{ y = p.f39 (x) }} {functions}"""
    with pytest.raises(UnsupportedNetworkError, match=f"has {2**40:,} nodes; at most 100,000 are read"):
        read(onnx.parser.parse_model(text))


BRANCHES = """
<ir_version: 9, opset_import: ["": 18]>
g (float[1,2] x) => (float[1,3] y)
<float[2,3] w = {{1, -2, 0.5, 3, 1, -1}}, int64[1] four = {{4}}, bool chosen = {{{chosen}}}, float two = {{2}}>
{{
  z = MatMul (x, w)
  {condition}
  h = If (c) <
    then_branch = yes () => (float[1,3] r) <float two = {{3}}> {{ t = Mul (z, two) r = Relu (t) }},
    else_branch = no () => (float[1,3] r) {{
      {inner}
    }}
  >
  y = Neg (h)
}}
"""
INNER = "r = Abs (z)"
NESTED = """r = If (chosen) <
        then_branch = a () => (float[1,3] q) { q = Exp (z) },
        else_branch = b () => (float[1,3] q) { t = Mul (z, two) q = Clip (t, two) }
      >"""


def branches(condition: str, *, chosen: int = 0, inner: str = INNER) -> Any:
    return onnx.parser.parse_model(BRANCHES.format(condition=condition, chosen=chosen, inner=inner))


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        ("c = Identity (chosen)", 0),
        ("c = Not (chosen)", 1),
        ("s = Shape (z) n = Size (s) k = Mul (n, n) e = Equal (k, four) c = Squeeze (e)", 1),
        ("s = Shape <start: int = 1> (z) e = Equal (s, four) c = Squeeze (e)", 0),
    ],
)
def test_an_if_of_constant_condition_takes_its_branch(condition: str, taken: int) -> None:
    network = assert_agrees_with_runtime(branches(condition), (1, 2))
    below = network(np.array([[-1.0, 0.0]]))
    assert below.tolist() == ([[0, -6, 0]] if taken else [[-1, -2, -0.5]])


def test_a_branch_inside_a_branch_sees_what_is_outside() -> None:
    proto = branches("c = Identity (chosen)", inner=NESTED)
    network = assert_agrees_with_runtime(proto, (1, 2))
    assert network(np.array([[1.0, 0.0]])).tolist() == [[-2, -2, -2]]
    with pytest.raises(UnsupportedNetworkError, match=r"Exp \(output 'branch 2: q'|Exp \(output"):
        read(branches("c = And (chosen, chosen) k = Not (c)", inner=NESTED.replace("If (chosen)", "If (k)")))


def test_a_condition_that_depends_on_the_input_is_refused() -> None:
    with pytest.raises(UnsupportedNetworkError, match=r"If \(output 'h'.*the branch that is taken, exported alone"):
        read(branches("s = ReduceSum <keepdims: int = 0> (x) c = Greater (s, two)"))


def test_a_condition_that_is_no_boolean_is_refused() -> None:
    with pytest.raises(NetworkError, match="its condition is not one Boolean"):
        read(branches("c = Identity (four)"))


def test_a_loop_is_refused_with_what_to_do() -> None:
    text = """<ir_version: 9, opset_import: ["": 18]> g (float[1,2] x) => (float[1,2] y)
      <int64 n = {3}, bool go = {1}>
      { y = Loop (n, go, x) <body = b (int64 i, bool c, float[1,2] v) => (bool d, float[1,2] u)
        { d = Identity (c) u = Relu (v) }> }"""
    with pytest.raises(UnsupportedNetworkError, match=r"Loop \(output 'y', use an unrolled network of Gemm and Relu"):
        read(onnx.parser.parse_model(text))


def test_a_function_of_another_operator_set_or_with_the_name_of_an_operator_is_refused() -> None:
    text = """<ir_version: 9, opset_import: ["": 13, "p": 1]> g (float[1,2] x) => (float[1,2] y) { y = p.f(x) }
              <domain: "p", opset_import: ["": 6]> f (x) => (y) { y = Clip <min: float = 0.0> (x) }"""
    with pytest.raises(UnsupportedNetworkError, match=r"p\.f \(output 'y'\)"):
        read(onnx.parser.parse_model(text))
    text = """<ir_version: 9, opset_import: ["": 13]> g (float[1,2] x) => (float[1,2] y) { y = Relu (x) }
              <domain: "", opset_import: ["": 13]> Relu (x) => (y) { y = Neg (x) }"""
    with pytest.raises(UnsupportedNetworkError, match="'Relu' has the name of an operator"):
        read(onnx.parser.parse_model(text))


def test_an_attribute_without_value_that_is_handed_on_is_refused() -> None:
    text = FUNCTIONS.replace("block <slope: float = 0.25> (x", "block <slope> (x").replace(
        "LeakyRelu <alpha: float = @slope> (z)", "pkg.bend <slope: float = @slope> (z)"
    )
    text += """<domain: "pkg", opset_import: ["": 18, "pkg": 1]>
               bend <slope: float = 0.125> (z) => (y) { y = LeakyRelu <alpha: float = @slope> (z) }"""
    with pytest.raises(UnsupportedNetworkError, match="gives no value to 'slope'"):
        read(onnx.parser.parse_model(text))
