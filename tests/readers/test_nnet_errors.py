"""Truncated and malformed .nnet files are refused by line, with what was expected there."""

from __future__ import annotations

import re

import pytest

from relureg.errors import MalformedNetworkError
from relureg.readers import nnet
from tests.readers.nnet_texts import PLAIN, edited, read


@pytest.mark.parametrize("num_lines", range(17))
def test_a_truncated_file_says_what_is_missing(num_lines: int) -> None:
    with pytest.raises(MalformedNetworkError, match=r"the file ends where .* was expected; it is truncated") as caught:
        read("\n".join(PLAIN.splitlines()[:num_lines]))
    assert caught.value.exit_code == 3


def test_where_a_file_is_truncated() -> None:
    with pytest.raises(MalformedNetworkError, match="where the weights of layer 1, unit 3 was expected"):
        read("\n".join(PLAIN.splitlines()[:11]))
    with pytest.raises(MalformedNetworkError, match="where the bias of layer 2, unit 1 was expected"):
        read("\n".join(PLAIN.splitlines()[:16]))


MALFORMED = {
    (3, "x,2,1,3"): "line 3: 'x' is not a number, in the header",
    (3, "0,2,1,3"): "line 3: the number of layers is 0; a whole number from 1 to 1,000,000 is needed",
    (3, "1.5"): "line 3: the number of layers is 3/2; a whole number",
    (3, "5"): "line 4: 5 layers need 6 sizes, found 3",
    (3, "2,3,1,3"): "line 4: the header says 3 inputs and 1 outputs, the sizes 2 and 1",
    (4, "2,0,1"): "line 4: a layer size is 0; a whole number from 1",
    (4, "0,3,1"): "line 4: a layer size is 0; a whole number from 1",
    (4, "2,-3,1"): "line 4: a layer size is -3; a whole number from 1",
    (4, "2,9999999,1"): "line 4: a layer size is 9999999; a whole number from 1 to 1,000,000",
    (6, "-1.0"): "line 6: 2 minimum values are needed, found 1",
    (7, "1,nan"): "line 7: 'nan' is not finite, in the input maximum values",
    (8, "1,2"): "line 8: 2 inputs and the output need 3 means, found 2",
    (8, "1"): "line 8: 2 inputs and the output need 3 means, found 1",
    (9, "1,2"): "line 9: 2 inputs and the output need 3 ranges, found 2",
    (9, "1,0,2"): "line 9: a range of 0 cannot normalise an input",
    (10, "1,2,3"): "line 10: layer 1, unit 1 needs 2 weights, found 3",
    (11, "3"): "line 11: layer 1, unit 2 needs 2 weights, found 1",
    (12, "-5,,6"): "line 12: '' is not a number, in the weights of layer 1, unit 3",
    (12, "-5,1e999"): "line 12: '1e999' is not finite, in the weights of layer 1, unit 3",
    (12, "-5,1_0"): "line 12: '1_0' is not a number, in the weights of layer 1, unit 3",
    (12, "-5,\uff11"): "line 12: '\uff11' is not a number, in the weights of layer 1, unit 3",
    (12, "-5," + "9" * 5000): "line 12: '9999999999999999999999999999999999999...' is not finite",
    (4, "2,1000000000000,1"): "line 4: a layer size is 1000000000000; a whole number from 1 to 1,000,000",
    (14, "-inf"): "line 14: '-inf' is not finite, in the bias of layer 1, unit 2",
    (14, "1,2"): "line 14: layer 1, unit 2 needs one bias, found 2 numbers",
    (16, "1,-2,3" + "z" * 1000): "line 16: '3zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz...' is not a number",
}


@pytest.mark.parametrize("place", MALFORMED, ids=lambda place: f"line {place[0]}: {place[1][:12]}")
def test_a_malformed_line_is_named(place: tuple[int, str]) -> None:
    with pytest.raises(MalformedNetworkError, match=re.escape(MALFORMED[place])) as caught:
        read(edited(*place))
    assert caught.value.exit_code == 3
    assert len(str(caught.value)) < 200


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(MalformedNetworkError, match=r"not text \(byte 3\); a \.nnet file was expected"):
        nnet.read(b"1,2\xff", name="given")
