"""A small .nnet file, to be read or to be broken."""

from __future__ import annotations

from relureg import Network
from relureg.readers import nnet

PLAIN = """\
// a comment
// another
2,2,1,3,
2,3,1,
0,
-1.0,-2.0,
1.0,2.0,
0.5,-0.5,3.0,
2.0,4.0,10.0,
1,2,
3,4,
-5,6,
0.5,
-1.5,
0,
1,-2,3,
7,
"""
"""h = max(W x' + b, 0), y' = v h + 7 with x' = (x - mean) / range and y = 3 + 10 y'."""


def read(text: str, *, raw: bool = False) -> Network:
    return nnet.read(text.encode(), name="given", raw=raw)


def edited(line: int, text: str) -> str:
    """The plain file with line `line` (from 1) replaced; None lines are dropped."""
    lines = PLAIN.splitlines()
    lines[line - 1] = text
    return "\n".join(lines)
