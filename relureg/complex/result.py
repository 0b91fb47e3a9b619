"""What answers about a problem have in common: whose regions they tell of, and whether a limit cut them short."""

from __future__ import annotations

from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem


class Result:
    """Base of records with the fields below."""

    __slots__ = ()

    problem: Problem
    """Whose regions these are."""
    stopped_by: str | None
    """The limit that ended the run early; None when it went to its end."""

    @property
    def network(self) -> Network:
        """On a slice, where its `slice` says so."""
        return self.problem.network

    @property
    def domain(self) -> Domain | None:
        """None is the whole input space."""
        return self.problem.domain

    @property
    def complete(self) -> bool:
        """Whether this tells of every region; otherwise what it tells of is proven, and more exist."""
        return self.stopped_by is None
