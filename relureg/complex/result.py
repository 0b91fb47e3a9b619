"""What answers about a problem have in common: whose regions they tell of, and whether a limit cut them short."""

from __future__ import annotations

from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.words import plural


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

    def found_in(self, num_regions: int) -> str:
        """What, how many and where, for a representation: ``'xor': 3 regions in R^2``."""
        at_least = "" if self.complete else "at least "
        place = f"{'' if self.domain is None else 'a domain of '}R^{self.network.input_dim}"
        return f"{self.network.name!r}: {at_least}{plural(num_regions, 'region')} in {place}"
