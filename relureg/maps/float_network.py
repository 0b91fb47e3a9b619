"""A network in doubles, made for many points: stages of maxima, matrices dense or sparse, what rounding can do to them.

How far a number is off is bounded as `relureg.exact.rounding_bounds` derives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.errors import UsageError
from relureg.exact.float_matrices import Floats, entries, forward
from relureg.exact.ranges import chunks
from relureg.exact.rounding_bounds import SLACK, gamma
from relureg.maps.float_forms import FloatForm, Numbers, is_normal
from relureg.maps.maxima import MaximumStage, Role, as_maxima
from relureg.network.affine_forms import CONSTANT, INPUT
from relureg.network.double_double import PairForm
from relureg.network.evaluation import last_value, pull_back
from relureg.network.model import Network

_CHUNK_BYTES = 2**27
"""What the arrays of one chunk may take, unless its size is given."""

_MAX_CHUNK = 4096
"""Points in a chunk at most; more make nothing faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatStage:
    """A stage of maxima in doubles; see `maxima.MaximumStage`. TropEx also holds fractions in it."""

    z: FloatForm
    p: FloatForm
    """z itself for a plain ReLU."""
    q: FloatForm | None
    """None: 0."""

    @classmethod
    def of(cls, stage: MaximumStage) -> FloatStage:
        z = FloatForm.of(stage.z)
        if stage.is_relu:
            return cls(z=z, p=z, q=None)
        return cls(z=z, p=FloatForm.of(stage.p), q=FloatForm.of(stage.q))

    @property
    def forms(self) -> dict[Role, FloatForm]:
        """Those that there are."""
        forms: dict[Role, FloatForm] = {"z": self.z, "p": self.p}
        return forms if self.q is None else {**forms, "q": self.q}

    def __call__(self, sources: Mapping[int, Floats]) -> Floats:
        """(points, n): the maxima."""
        return np.maximum(self.p(sources), 0.0 if self.q is None else self.q(sources))

    def pass_back(self, rows: Numbers, on: NDArray[np.bool_]) -> Iterator[tuple[int, Numbers]]:
        """Put p, where units are `on`, and elsewhere q in the place of the stage's units.

        Parameters
        ----------
        rows, on : (k, n)
            The coefficients of the units in k forms, and which are active in the region of each.

        Yields
        ------
        int, array
            Sources, and what is added to their coefficients (k, size); in the end `CONSTANT`, and what is added to the
            constants (k,).
        """
        masked = np.where(on, rows, 0)
        branches = [(self.p, masked)] + ([] if self.q is None else [(self.q, rows - masked)])
        constants: Any = 0
        for form, taken in branches:
            if form.constant.any():
                constants = constants + taken @ form.constant
            for source, matrix in form.transposes.items():
                yield source, forward(taken, matrix)
        yield CONSTANT, constants

    def absolute(self) -> FloatStage:
        """The stage of the parameters' absolute values."""
        z = self.z.absolute()
        p = z if self.p is self.z else self.p.absolute()
        return FloatStage(z=z, p=p, q=None if self.q is None else self.q.absolute())

    @property
    def num_roundings(self) -> int:
        """More than there are in a unit, or in what is passed back through the stage to one entry of a source."""
        return max(form.num_roundings for form in self.forms.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatNetwork:
    """Stages of maxima and the output of a network in doubles, over the input and the maxima of earlier stages."""

    network: Network
    stages: tuple[FloatStage, ...]
    output: FloatForm
    exact: tuple[MaximumStage, ...]
    """The same stages over the rationals."""

    @classmethod
    def of(cls, network: Network) -> FloatNetwork:
        exact, output = as_maxima(network)
        stages = tuple(map(FloatStage.of, exact))
        return cls(network=network, stages=stages, output=FloatForm.of(output), exact=exact)

    def outputs(self, points: Floats) -> Floats:
        """(points, m)."""
        forms: tuple[FloatStage | FloatForm, ...] = (*self.stages, self.output)
        return last_value(forms, points, lambda form, sources: form(sources), lambda _, maxima: maxima)

    def output_maps(self, active: NDArray[np.bool_], outputs: NDArray[np.intp] | None = None) -> tuple[Floats, Floats]:
        """The maps from input to output on regions with these active units (n, N), by one backward pass.

        Parameters
        ----------
        active : (n, N)
        outputs : (k,) or (n, 1), optional
            The same outputs for all regions, or one for each; all m when left out.

        Returns
        -------
        weights : (n, k, d)
        bias : (n, k)
        """
        chosen = np.arange(self.output.size)[None, :] if outputs is None else np.atleast_2d(outputs)
        count, width = len(active), chosen.shape[1]
        which = np.broadcast_to(chosen, (count, width)).reshape(-1)
        # One row of the output's matrix for each region and output.
        rows, bias = self.output.rows(which)
        weights, bias = self.pull_back(rows, bias, np.repeat(active, width, axis=0))
        return weights.reshape(count, width, -1), bias.reshape(count, width)

    def pull_back(
        self, rows: Mapping[int, Floats], constant: Floats, active: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Affine forms over the sources as maps of the input, each in a region.

        Parameters
        ----------
        rows : mapping of source to (k, size of that source)
            The coefficients of form i are row i of each.
        constant : (k,)
        active : (k, N)
            The active units in the region of each form.

        Returns
        -------
        gradients : (k, d)
        constants : (k,)
        """
        held = pull_back(
            {**rows, CONSTANT: constant},
            len(self.stages),
            lambda stage, taken: self.stages[stage - 1].pass_back(taken, active[:, self.network.units_of(stage)]),
        )
        return held.get(INPUT, np.zeros((len(active), self.network.input_dim))), held[CONSTANT]

    def unit_rows(self, units: NDArray[np.integer[Any]], active: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """The gradients (k, d) and constants (k,) of units, each in a region with these active units (k, N)."""
        gradients, constants = np.zeros((len(units), self.network.input_dim)), np.zeros(len(units))
        stages = np.searchsorted(self.network.offsets, units, side="right")
        for number in np.unique(stages).tolist():
            mine = np.flatnonzero(stages == number)
            for part in chunks(len(mine), self.chunk_size(None, 4 * self.widest)):
                at = mine[part]
                rows, constant = self.stages[number - 1].z.rows(units[at] - self.network.offsets[number - 1])
                gradients[at], constants[at] = self.pull_back(rows, constant, active[at])
        return gradients, constants

    # -- rounding ----------------------------------------------------------------------------------

    @cached_property
    def absolute(self) -> FloatNetwork:
        """The network of the parameters' absolute values, passed through region by region as this one is.

        What it gives, times `gamma`, bounds the error of what this one gives.
        """
        stages = tuple(stage.absolute() for stage in self.stages)
        return FloatNetwork(network=self.network, stages=stages, output=self.output.absolute(), exact=self.exact)

    @cached_property
    def num_roundings(self) -> int:
        """More roundings than any number computed from input or output has on its way through all stages."""
        return self.output.num_roundings + sum(stage.num_roundings for stage in self.stages)

    @cached_property
    def gamma(self) -> float:
        """The relative error that `num_roundings` roundings add up to, against sums of absolute values."""
        return gamma(self.num_roundings) * SLACK

    @cached_property
    def underflow(self) -> float:
        """What numbers near 0 can lose in all, on a backward pass, in each entry; infinite where that is not small.

        Each product loses at most 2^-1074, and so does a parameter where it meets an entry. The stages that follow
        multiply the loss at most by the largest sums of their columns, as they do the entries.
        """
        lost, growth, are_normal = 1.0, 0.0, True
        absolute = self.absolute
        for stage in (*absolute.stages, FloatStage(z=absolute.output, p=absolute.output, q=None)):
            forms = [form for form in (stage.p, stage.q) if form is not None]
            sums = [float(matrix.sum(axis=0).max(initial=0.0)) for form in forms for matrix in form.terms.values()]
            with np.errstate(all="ignore"):
                growth += float(np.log2(1 + np.sum(sums)))
            lost += 2 * sum(form.size for form in forms)
            are_normal &= all(is_normal(entries(matrix)) for form in forms for matrix in form.terms.values())
        places = growth * (1 if are_normal else 2) + np.log2(lost) - 1070
        return float(2.0**places) if places < -100 else np.inf

    @cached_property
    def pairs(self) -> tuple[PairForm, ...]:
        """The pre-activations of all stages, over the input and the units of earlier ones, in pairs of doubles."""
        return tuple(PairForm.of(stage.pre_activation) for stage in self.network.stages)

    def chunk_size(self, wanted: int | None, columns: int) -> int:
        """Points at once: as many as were wanted, else as fit into the usual memory at `columns` doubles a point."""
        if wanted is not None:
            if wanted < 1:
                raise UsageError(f"a chunk holds at least one point, not {wanted}")
            return wanted
        return max(1, min(_MAX_CHUNK, _CHUNK_BYTES // (8 * max(columns, 1))))

    @cached_property
    def widest(self) -> int:
        """Entries of the largest source."""
        return max([self.network.input_dim, *self.network.widths])
