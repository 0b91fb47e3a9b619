"""Words in messages: counts with their nouns."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """A count and its noun."""
    ending = "" if count == 1 else "es" if noun.endswith("ch") else "s"
    return f"{count:,} {noun}{ending}"


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
