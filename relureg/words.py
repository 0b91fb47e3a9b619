"""Words in messages: counts with their nouns."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """A count and its noun."""
    ending = "" if count == 1 else "es" if noun.endswith("ch") else "s"
    return f"{count:,} {noun}{ending}"
