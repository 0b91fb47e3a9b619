"""Any small network of small integers: the engines agree, and what fails is shrunk to its smallest form."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from relureg import Network
from tests.contract.agreement import assert_engines_agree

NUMBERS = st.integers(-2, 2)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """One to three inputs, up to three stages of up to four units."""
    widths = [draw(st.integers(1, 3)), *draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)), 1]
    weights, biases = [], []
    for columns, rows in pairwise(widths):
        row = st.lists(NUMBERS, min_size=columns, max_size=columns)
        weights.append(draw(st.lists(row, min_size=rows, max_size=rows)))
        biases.append(draw(st.lists(NUMBERS, min_size=rows, max_size=rows)))
    return Network.from_layers(weights, biases)


@settings(max_examples=120, deadline=None)
@given(networks())
def test_the_engines_agree(network: Network) -> None:
    assert_engines_agree(network)
