"""Words in messages: counts with their nouns, values as people write them, the word that was meant."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np


def plural(count: int, noun: str) -> str:
    """A count and its noun."""
    many = f"{noun}es" if noun.endswith(("ch", "ss")) else "vertices" if noun == "vertex" else f"{noun}s"
    return f"{count:,} {noun if count == 1 else many}"


_LONGEST_WORD = 60
"""Characters of a word that is looked for among those known."""


_MOST_SHOWN = 40
"""Characters of a value in a message."""


_DIGITS = 18
"""Digits of a count that is written out."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The end of a message on a word that is not among those known: the nearest one, if one is near.

    Examples
    --------
    >>> "there is no engine 'splt'" + did_you_mean("splt", ["split", "lp"])
    "there is no engine 'splt' (did you mean 'split'?)"
    """
    import difflib

    near = difflib.get_close_matches(str(word).lower()[:_LONGEST_WORD], list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def short(value: object, most: int = _MOST_SHOWN) -> str:
    """A value as people write it, at most so many characters of it.

    Examples
    --------
    >>> short("net.json"), short(10**50), short([0.0] * 784), short(Fraction(1, 3))
    ("'net.json'", '10000000... (51 digits)', 'a list of 784', '1/3')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return _short_integer(value, most)
    if isinstance(value, Fraction):
        numerator, denominator = (_short_integer(part, most // 2) for part in (value.numerator, value.denominator))
        return numerator if value.denominator == 1 else f"{numerator}/{denominator}"
    if isinstance(value, str):
        return repr(value if len(value) <= most else f"{value[: most - 3]}...")
    if isinstance(value, bytes | float | bool | complex | np.generic) or value is None:
        text = repr(value.item() if isinstance(value, np.generic) else value)
        return text if len(text) <= most else f"{text[: most - 4]}...{text[-1]}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, list | tuple | dict | set | frozenset | range):
        text = repr(value) if len(value) <= 4 else ""
        return text if 0 < len(text) <= most else f"a {type(value).__name__} of {len(value):,}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"a {type(value).__name__}"


def figure(number: int) -> str:
    """A count with its digits in threes, or the first of them where they are many.

    Examples
    --------
    >>> figure(5092), figure(2**784)
    ('5,092', '10174582... (237 digits)')
    """
    return f"{number:,}" if abs(number) < 10**_DIGITS else _short_integer(number, _DIGITS)


def _short_integer(value: int, most: int) -> str:
    if value.bit_length() <= 3 * most:
        return str(value)
    digits = math.floor(math.log10(abs(value))) + 1
    # Python refuses to write integers of thousands of digits; the first ones are had by division.
    leading = abs(value) // 10 ** (digits - 9)
    if leading >= 10**9:  # the logarithm was rounded
        digits, leading = digits + 1, leading // 10
    elif leading < 10**8:
        digits, leading = digits - 1, abs(value) // 10 ** (digits - 10)
    return f"{'-' * (value < 0)}{str(leading)[:8]}... ({digits:,} digits)"


def printable(text: str) -> str:
    r"""The text with control characters, lone surrogates and the like escaped, fit for a terminal.

    Examples
    --------
    >>> printable("réseau\x1b[31m")
    'réseau\\x1b[31m'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def about(value: float) -> str:
    """A number that is known roughly, to four digits.

    Examples
    --------
    >>> about(64_481_733.0), about(6.9231), about(1.7e25)
    ('64,480,000', '6.923', '1.700e+25')
    """
    if value >= 1e18:
        return f"{value:.3e}"
    if value < 1000:
        return f"{value:.4g}"
    digits = len(str(int(value))) - 4
    return f"{round(value / 10**digits) * 10**digits:,}"


def duration(seconds: float) -> str:
    """A time that is known roughly, in the unit that fits it.

    Examples
    --------
    >>> duration(0.004), duration(75.0), duration(200_000.0), duration(1e12)
    ('less than a second', '75 s', '2.3 days', '32,000 years')
    """
    if seconds < 1:
        return "less than a second"
    for unit, size, least in (("years", 31_557_600, 2), ("days", 86_400, 2), ("hours", 3_600, 2), ("minutes", 60, 2)):
        if seconds >= least * size:
            value = seconds / size
            return f"{value:.1f} {unit}" if value < 10 else f"{float(f'{value:.2g}'):,.0f} {unit}"
    return f"{seconds:.0f} s"
