"""What everything here is about: the activation regions of a network, on the whole input space or in a domain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from relureg.errors import DomainError
from relureg.exact.rational import RationalMatrix
from relureg.frozen import Frozen
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.domain import Domain
from relureg.network.equations import reduced
from relureg.network.model import Network
from relureg.network.slices import Slice


@dataclass(frozen=True, kw_only=True)
class Problem(Frozen):
    """The regions that are meant: those of a network, seen through a domain.

    Examples
    --------
    >>> xor = Network.from_layers([[[1, 1], [1, 1]], [[2, -4]]], [[1, 0], [-1]])
    >>> Problem(network=xor).essential_inputs, Problem(network=xor, domain=Domain.box([0, 0], [1, 1])).essential_inputs
    ((0,), (0, 1))
    """

    network: Network
    """On a slice, where its `Network.slice` says so."""
    domain: Domain | None = None
    """None is the whole input space."""

    def __post_init__(self) -> None:
        """Raise `DomainError` unless the domain is one of the network's inputs."""
        if self.domain is not None:
            self.domain.check_fits(self.network)

    def restricted(self) -> Problem:
        """The same regions in the flat that the domain's equations leave; without equations the problem itself.

        With the equations ``x_i = c`` of a box the coordinates left are the inputs that are not fixed, in their order.

        Raises
        ------
        DomainError
            The equations contradict each other or a wall, or they leave but one point.
        """
        return self.restriction()[1]

    def restriction(self) -> tuple[Slice | None, Problem]:
        """The flat that the domain's equations leave, None without equations, and `restricted`; raises as that does."""
        if self.domain is None:
            return None, self
        flat, domain = reduced(self.domain)
        return flat, self if flat is None else Problem(network=self.network.on(flat), domain=domain)

    @cached_property
    def essential_inputs(self) -> tuple[int, ...]:
        """The input coordinates that carry the complex, r of them, ascending.

        The complex is invariant along the kernel of `input_rows`. Restricted to the pivot coordinates of those rows,
        the others being 0, it has the same cells, adjacency and counts, and every cell is pointed there.

        Raises
        ------
        DomainError
            The domain has equations: engines look at a space, and `restricted` makes one of their flat.
        """
        if self.domain is not None:
            if self.domain.equations is not None:
                raise DomainError("the domain has no interior; restrict the network to the flat of its equations first")
            if len(pivots := self.domain.normals.pivot_columns()) == self.network.input_dim:
                return tuple(pivots)
        return tuple(self.input_rows.pivot_columns())

    @property
    def essential_dim(self) -> int:
        """The dimension r that carries the complex: the rank of `input_rows`."""
        return len(self.essential_inputs)

    @property
    def input_rows(self) -> RationalMatrix:
        """Every row applied directly to the input, d columns: the domain's come first."""
        rows = self.network.input_rows
        return rows if self.domain is None else RationalMatrix.vstack([self.domain.normals, rows], rows.shape[1])

    @property
    def walls(self) -> tuple[AffineForm, ...]:
        """The rows of the domain as an affine form, positive inside, like a stage before the first; none without."""
        domain = self.domain
        return () if domain is None else (AffineForm(constant=domain.constants, terms={INPUT: domain.normals}),)

    @property
    def num_walls(self) -> int:
        """W, the rows of the domain."""
        return 0 if self.domain is None else self.domain.num_rows

    @property
    def num_rows(self) -> int:
        """W + N: what may vanish, rows of the domain before units."""
        return self.num_walls + self.network.num_units

    @property
    def has_plain_interior(self) -> bool:
        """Whether a look shows that there is a region: see `Domain.has_plain_interior`."""
        return self.domain is None or self.domain.has_plain_interior
