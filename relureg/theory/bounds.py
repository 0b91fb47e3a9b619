"""Every published bound at once, those that apply first, tightest first."""

from __future__ import annotations

from collections.abc import Sequence

from relureg.arguments import checked
from relureg.errors import UsageError
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.theory import lower_bounds, upper_bounds
from relureg.theory.architecture import Architecture
from relureg.theory.published import LOWER, Bound, Bounds, iter_bounds

# Importing the last two registers what they hold.
__all__ = ["Bound", "Bounds", "bounds", "iter_bounds", "lower_bounds", "upper_bounds"]


@checked
def bounds(
    network: Network | None = None,
    domain: Domain | None = None,
    *,
    widths: Sequence[int] | None = None,
    bias_free: bool | None = None,
) -> Bounds:
    """Every bound for a network or for widths: those that apply first.

    Upper bounds come before lower ones, and each kind begins with its tightest.

    Parameters
    ----------
    network : Network, optional
    domain : Domain, optional
        Where units are looked at for being stable; the bounds then hold for the regions inside it.
    widths : sequence of int, optional
        (n_0, n_1, ..., n_L): input dimension and hidden layers, without the output layer.
    bias_free : bool, optional
        Whether the hidden biases are 0, where only widths are given.

    Raises
    ------
    UsageError
        Neither or both are given, or a width is not in 1..100,000.

    Examples
    --------
    >>> [(bound.name, bound.kind, bound.value) for bound in bounds(widths=[2, 16, 16])][:2]
    [('Serra et al. 2018, Theorem 1', 'upper', 18769), ('Hinz-van de Geer 2019, binomial', 'upper', 18769)]
    """
    if (network is None) == (widths is None):
        raise UsageError("give either a network or widths")
    if network is not None:
        architecture = Architecture.of(Problem(network=network, domain=domain))
    else:
        architecture = Architecture.of_widths(widths or (), bias_free=bias_free)
    return Bounds(sorted(iter_bounds(architecture), key=_by_tightness))


def _by_tightness(bound: Bound) -> tuple[bool, int, int]:
    value = bound.value or 0
    if bound.kind == LOWER:
        return (not bound.applies, 1, -value)
    return (not bound.applies, 0 if bound.is_upper else 2, value)
