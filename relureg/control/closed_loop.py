"""Closed loops: a linear or affine plant that a network steers, followed step by step through the network's regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg import stopping
from relureg.arguments import checked, whole_number
from relureg.control.piecewise_affine import PiecewiseAffine
from relureg.errors import UsageError
from relureg.exact.numbers import as_fraction, nearest_double
from relureg.exact.rational import RationalMatrix
from relureg.frozen import Frozen
from relureg.network.model import Network
from relureg.network.patterns import texts

Vector = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Trajectory(Frozen):
    """States x_0, ..., x_T of a closed loop, what the controller does at each, and the region that it is in.

    Examples
    --------
    >>> import relureg
    >>> network = relureg.load("fixtures/truth/xor.json")
    >>> relureg.closed_loop(network, [[1, 0], [0, 1]], [[1], [0]], start=[1, 1], steps=3, exact=True)
    <Trajectory of 3 steps in R^2, exact: 1 change of region>
    """

    states: NDArray[np.float64]
    """(T + 1, d)."""
    controls: NDArray[np.float64]
    """(T + 1, m): the controller's output at each state."""
    regions: tuple[str, ...] | tuple[int, ...]
    """T + 1: the activation pattern at each state; of a `PiecewiseAffine` the number of the region, -1 outside."""
    exact_states: tuple[Vector, ...] | None
    """The states as rationals, where these were asked for; then `states` are the nearest doubles."""
    exact_controls: tuple[Vector, ...] | None
    stopped_by: str | None
    """What ended it before the last step: a limit, or that a state is outside the domain; None: nothing did."""

    @property
    def num_steps(self) -> int:
        """T."""
        return len(self.states) - 1

    @property
    def is_exact(self) -> bool:
        """Whether every number is exact; else they are doubles, rounded in every step, and so may be the regions."""
        return self.exact_states is not None

    @property
    def changes(self) -> tuple[int, ...]:
        """The steps t after which the region is another one than before."""
        return tuple(t for t in range(1, len(self.regions)) if self.regions[t] != self.regions[t - 1])

    def __repr__(self) -> str:
        kind = ", exact" if self.is_exact else ""
        steps, changes = self.num_steps, len(self.changes)
        return (
            f"<Trajectory of {steps} step{'' if steps == 1 else 's'} in R^{self.states.shape[1]}{kind}: "
            f"{changes} change{'' if changes == 1 else 's'} of region>"
        )


@checked
def closed_loop(
    controller: Network | PiecewiseAffine,
    state_matrix: Sequence[Sequence[Any]] | NDArray[Any],
    input_matrix: Sequence[Sequence[Any]] | NDArray[Any],
    *,
    start: Sequence[Any] | NDArray[Any],
    steps: int,
    offset: Sequence[Any] | NDArray[Any] | None = None,
    exact: bool = False,
    timeout: float | None = None,
) -> Trajectory:
    """Follow x+ = A x + B u + c with u = controller(x).

    Parameters
    ----------
    controller : Network or PiecewiseAffine
        From d states to m controls.
    state_matrix : array_like, shape (d, d)
        A. Numbers here and below are doubles, or fractions and integers of any size.
    input_matrix : array_like, shape (d, m)
        B.
    start : array_like, shape (d,)
        x_0.
    steps : int
        T.
    offset : array_like, shape (d,), optional
        c; zero when left out.
    exact : bool, optional
        In rationals: no state is rounded, and every region is the right one. The numbers grow with every step. Of a
        network alone.
    timeout : float, optional
        Seconds. When it is over the trajectory ends, and says so.

    Returns
    -------
    Trajectory
        It also ends at a state outside the domain of a `PiecewiseAffine`.

    Raises
    ------
    UsageError
        Shapes that do not fit together, a number that is not finite, or rationals asked of a `PiecewiseAffine`.

    Examples
    --------
    >>> import relureg
    >>> network = relureg.load("fixtures/nets/overt_single_pendulum_small.nnet")
    >>> found = relureg.closed_loop(network, [[1, 0.1], [0.1, 0.9]], [[0], [0.5]], start=[1, 0], steps=60)
    >>> found.num_steps, len(set(found.regions)), bool(abs(found.states[-1]).max() < 0.1)
    (60, 25, True)
    """
    dim, outputs = controller.input_dim, controller.output_dim
    plant = _Plant.of(
        _exact(state_matrix, (dim, dim), "the state matrix"),
        _exact(input_matrix, (dim, outputs), "the input matrix"),
        _exact([[0] * dim] if offset is None else [offset], (1, dim), "the offset"),
    )
    first = _exact([start], (1, dim), "the start").fractions()[0]
    total = whole_number("steps", steps, least=0)
    if exact and isinstance(controller, PiecewiseAffine):
        raise UsageError("a piecewise affine function holds doubles; follow a network exactly")
    with stopping.within(timeout):
        if exact and isinstance(controller, Network):
            return _follow_exactly(controller, plant, tuple(first), total)
        return _follow(controller, plant, np.array([nearest_double(x) for x in first]), total)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plant:
    rows: list[list[Fraction]]
    """A, B and c side by side."""
    floats: NDArray[np.float64]

    @classmethod
    def of(cls, state: RationalMatrix, control: RationalMatrix, offset: RationalMatrix) -> _Plant:
        rows = RationalMatrix.hstack([state, control, offset.T], state.shape[0])
        return cls(rows=rows.fractions(), floats=rows.floats)


def _follow(controller: Network | PiecewiseAffine, plant: _Plant, start: NDArray[np.float64], steps: int) -> Trajectory:
    states, controls, regions = [start], [], []
    stopped_by = None
    while True:
        state = states[-1]
        region: Any
        if isinstance(controller, Network):
            control = controller(state[None])[0]
            region = texts(controller.pre_activations(state[None]) > 0, controller.widths)[0]
        else:
            region = int(controller.locate(state[None])[0])
            control = controller(state[None])[0]
        controls.append(control)
        regions.append(region)
        if len(states) > steps:
            break
        stopped_by = "a state outside the domain" if region == -1 else stopping.reason()
        if stopped_by is not None:
            break
        with np.errstate(over="ignore", invalid="ignore"):
            after = plant.floats @ np.concatenate([state, control, [1.0]])
        if not np.isfinite(after).all():
            stopped_by = "a state beyond the doubles"
            break
        states.append(after)
    return Trajectory(
        states=np.array(states),
        controls=np.array(controls),
        regions=tuple(regions),
        exact_states=None,
        exact_controls=None,
        stopped_by=stopped_by,
    )


def _follow_exactly(network: Network, plant: _Plant, start: Vector, steps: int) -> Trajectory:
    states, controls, regions = [start], [], []
    stopped_by = None
    while True:
        controls.append(network.exact_output(states[-1]))
        regions.append(texts(network.exact_signs(states[-1])[None] > 0, network.widths)[0])
        if len(states) > steps or (stopped_by := stopping.reason()) is not None:
            break
        known = (*states[-1], *controls[-1], Fraction(1))
        states.append(tuple(sum((a * x for a, x in zip(row, known, strict=True)), Fraction(0)) for row in plant.rows))
    return Trajectory(
        states=np.array([[nearest_double(x) for x in state] for state in states]),
        controls=np.array([[nearest_double(x) for x in control] for control in controls]),
        regions=tuple(regions),
        exact_states=tuple(states),
        exact_controls=tuple(controls),
        stopped_by=stopped_by,
    )


def _exact(values: Any, shape: tuple[int, int], what: str) -> RationalMatrix:
    """A matrix of exact numbers of that shape; raises `UsageError`."""
    try:
        rows = [[as_fraction(entry) for entry in np.asarray(row, dtype=object).reshape(-1)] for row in values]
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"{what} holds something that is no finite number") from error
    if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
        found = f"({len(rows)}, {len(rows[0]) if rows else 0})"
        needed = shape if what.endswith("matrix") else (shape[1],)
        raise UsageError(f"{what} needs shape {needed}, not {found}")
    return RationalMatrix.from_fractions(rows, shape[1])
