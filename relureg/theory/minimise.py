"""A small network on which a theorem fails, from a large one: units dropped and parameters rounded."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

from relureg.network.editing import Entry, hidden_parameters, parameter, with_parameters, without_unit
from relureg.network.model import Network

_DENOMINATORS = (1, 2, 4, 8, 10, 100, 1000)
"""What parameters are rounded to, the shortest numbers first."""


def minimise(network: Network, violates: Callable[[Network], bool], *, seconds: float = 30.0) -> Network:
    """A network with fewer units and shorter parameters that still `violates`; deterministic but for the time limit.

    Greedy: as long as some unit can be dropped (later stages first) it is; then all parameters together, and then each
    by itself, are rounded to the shortest numbers that keep the violation.

    Parameters
    ----------
    network : Network
        One that violates.
    violates : callable
        Whether a candidate still does.
    seconds : float, optional
        After this time the smallest network so far is returned.
    """
    deadline = time.monotonic() + seconds

    def accepts(candidate: Network) -> bool:
        return time.monotonic() < deadline and violates(candidate)

    smallest = _with_short_parameters(_with_few_units(network, accepts), accepts)
    return smallest.replace(name=f"{network.name}_minimal")


def _with_few_units(network: Network, accepts: Callable[[Network], bool]) -> Network:
    dropped = True
    while dropped:
        dropped = False
        for stage in reversed(range(1, len(network.stages) + 1)):
            for unit in reversed(range(network.widths[stage - 1])):
                if network.num_units > 1 and accepts(candidate := without_unit(network, stage, unit)):
                    network, dropped = candidate, True
                    break
            if dropped:
                break
    return network


def _with_short_parameters(network: Network, accepts: Callable[[Network], bool]) -> Network:
    for denominator in _DENOMINATORS:
        candidate = with_parameters(network, _round_all(denominator))
        if candidate == network or accepts(candidate):
            network = candidate
            break
    for entry in hidden_parameters(network):
        value = parameter(network, entry)
        for shorter in _shorter(value):
            candidate = with_parameters(network, _replace(entry, shorter))
            if accepts(candidate):
                network = candidate
                break
    return network


def _round_all(denominator: int) -> Callable[[Entry, Fraction], Fraction]:
    return lambda _, value: _rounded(value, denominator)


def _replace(entry: Entry, value: Fraction) -> Callable[[Entry, Fraction], Fraction]:
    return lambda at, old: value if at == entry else old


def _shorter(value: Fraction) -> list[Fraction]:
    """Candidates that are shorter than a value: 0, then its roundings."""
    found = [Fraction(0)]
    for denominator in _DENOMINATORS:
        rounded = _rounded(value, denominator)
        if rounded.denominator < value.denominator and rounded not in found:
            found.append(rounded)
    return found


def _rounded(value: Fraction, denominator: int) -> Fraction:
    return Fraction(round(value * denominator), denominator)
