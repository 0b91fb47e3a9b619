"""Smaller SVG: the same drawing, in numbers as short as print needs."""

from __future__ import annotations

import re

_PATH = re.compile(r'(?<= d=")[^"]*')
_NUMBER = re.compile(r"-?\d+\.\d+")
_SPACE = re.compile(r"\s*\n?\s*([MLQCz])\s*")
_STEP = re.compile(r"z|([ML])\s*(\S+) ([^\sMLz]+)")


def compact(text: str) -> str:
    r"""The text of an SVG file with path coordinates to a hundredth of a point, a 7000th of an inch.

    Polygons go from corner to corner by differences, which are short; these are of rounded places, so that no error
    adds up.

    Examples
    --------
    >>> compact('<path d="M 10.123456 20.5 \nL 30.0 40.25 \nL 30.5 40 \nz\n"/>')
    '<path d="m10.12 20.5 19.88 19.75.5-.25z"/>'
    >>> compact('<path d="M 1.25 2 \nQ 30.0 40.25 1 2 \nz\n"/>')
    '<path d="M1.25 2Q30 40.25 1 2z"/>'
    """
    return _PATH.sub(lambda path: _curved(path[0]) if "Q" in path[0] or "C" in path[0] else _straight(path[0]), text)


def _curved(path: str) -> str:
    return _SPACE.sub(r"\1", _NUMBER.sub(lambda number: _short(round(100 * float(number[0]))), path))


def _straight(path: str) -> str:
    """A path of lines alone, relative."""
    x = y = first_x = first_y = 0  # hundredths
    pieces: list[str] = []
    command = ""
    for step in _STEP.finditer(path):
        if step[0] == "z":
            pieces.append("z")
            x, y, command = first_x, first_y, "z"
            continue
        to_x, to_y = round(100 * float(step[2])), round(100 * float(step[3]))
        if step[1] == "M":
            first_x, first_y = to_x, to_y
            pieces.append("m")
        elif command == "z":
            pieces.append("l")
        across, up = _short(to_x - x), _short(to_y - y)
        pieces += [_after(pieces[-1], across), across, _after(across, up), up]
        x, y, command = to_x, to_y, step[1]
    return "".join(pieces)


def _after(before: str, number: str) -> str:
    """What must stand between a number and what is before it."""
    joins = before[-1].isalpha() or number[0] == "-" or (number[0] == "." and "." in before)
    return "" if joins else " "


def _short(hundredths: int) -> str:
    """A number of hundredths, without zeros that say nothing."""
    whole, rest = divmod(abs(hundredths), 100)
    text = (str(whole) if whole or not rest else "") + (f".{rest:02d}".rstrip("0") if rest else "")
    return f"-{text}" if hundredths < 0 else text
