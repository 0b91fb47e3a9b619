"""How many faces are looked at: of how many there are, an estimate is known before any is found."""

from __future__ import annotations

from relureg.errors import LimitReachedError
from relureg.words import figure

MAX_FACES = 100_000_000
"""Most faces that are looked at: minutes of work, in some 7 GB of memory."""

MAX_FACES_COUNTED = 10_000_000
"""Most faces that are counted unasked, or for their patterns: about ten seconds' work."""

MAX_FACES_CHECKED = 1_000_000
"""Most faces that the checks look at unasked: about a second's work."""

MAX_DIM_DERIVED = 6
"""Largest dimension in which vertices are derived from inequalities unasked: a box has 2^r of them."""


def estimate_faces(num_regions: int, dim: int) -> int:
    """About how many faces all regions have together: R 3^r, as many as cubes have."""
    return num_regions * int(3**dim)


def are_checked_unasked(estimate: int, dim: int, *, is_derived: bool) -> bool:
    """Whether the checks look at so many faces unasked; `is_derived`: of vertices that no engine has at hand."""
    return estimate <= MAX_FACES_CHECKED and not (is_derived and dim > MAX_DIM_DERIVED)


def require_room(num_regions: int, estimate: int) -> None:
    """Refuse more faces than `MAX_FACES`, and their generators.

    Raises
    ------
    LimitReachedError
        There are more.
    """
    if estimate > MAX_FACES:
        raise LimitReachedError(
            f"{num_regions:,} regions have about {figure(estimate)} faces, and at most {MAX_FACES:,} are looked at; "
            "take a smaller domain"
        )
