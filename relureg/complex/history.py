"""The number of regions over training: a callback that counts within a limit on time, else estimates, else bounds."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any

from relureg.arguments import checked, positive_seconds, whole_number
from relureg.complex.checks import failures
from relureg.complex.count import count_problem
from relureg.complex.estimation import estimate_problem
from relureg.engine.intervals import Interval
from relureg.engine.limits import Limits, Workers
from relureg.errors import ArgumentTypeError, CheckFailedError, UsageError
from relureg.files import write_atomically
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.network.slices import Slice
from relureg.readers.formats import load

_PRECISION = 0.1
"""At which an estimate is done before its time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """The regions of a network at one step of its training."""

    step: int
    regions: int | float | None
    """Counted where `is_exact`, else the mean of an estimate; None where there is neither."""
    is_exact: bool
    """Every region is counted, and every check held."""
    low: int | float | None
    """The ends of the interval that holds the number of regions in 95 of 100 estimates; both `regions` where exact."""
    high: int | float | None
    at_least: int
    """A proven lower bound."""
    seconds: float
    """That the call took, reading the network included."""


_COLUMNS = tuple(column.name for column in fields(HistoryRow))


class RegionHistory:
    """Records the number of activation regions while a network is trained.

    Call it in the training loop. It counts exactly where `timeout` is enough for it; else it estimates for as long
    again, with an interval; else it keeps the proven lower bound. Nothing of the model is changed.

    Parameters
    ----------
    model : torch.nn.Module, function, Network, path or pair, optional
        What is counted in each call: a module, read as by `from_torch`; a function without arguments that returns any
        of the others; a `Network`; a file that `load` reads; a pair of weights and biases as for `Network.from_layers`.
        When left out, each call is given one.
    input_shape : int or sequence of int, optional
        The shape of one input of a module, without the batch dimension; needed for a module, unless `on` tells it.
    on : Slice, optional
        Count on this flat, such as the plane through three points of the data.
    domain : Domain, optional
        Count inside only; in the coordinates of `on` where that is given.
    every : int, optional
        Count in every so many steps; other calls return at once.
    timeout : float, optional
        Seconds for a count, and once more for an estimate. The search looks at the clock every 0.05 s.
    seed : int, optional
        Of the samples of estimates.
    jobs : int, optional
        Threads.

    Raises
    ------
    UsageError
        An argument is out of range.

    Examples
    --------
    >>> import relureg
    >>> history = relureg.RegionHistory(every=40, timeout=10)
    >>> for step in (0, 1, 40):
    ...     row = history(step, f"fixtures/pictures/spiral/{step:04d}.json") if step != 1 else history(step)
    >>> [(row.step, row.regions, row.is_exact) for row in history.rows]
    [(0, 1195, True), (40, 1119, True)]
    """

    @checked
    def __init__(
        self,
        model: Any = None,
        input_shape: int | Sequence[Any] | None = None,
        *,
        on: Slice | None = None,
        domain: Domain | None = None,
        every: int = 1,
        timeout: float = 0.05,
        seed: int = 0,
        jobs: int = 1,
    ) -> None:
        self._model = model
        self._input_shape = on.base.shape[0] if input_shape is None and on is not None else input_shape
        self._on = on
        self._domain = domain
        self._every = whole_number("every", every, least=1)
        self._limits = Limits(timeout=positive_seconds("timeout", timeout))
        self._seed = whole_number("seed", seed, least=0, most=2**31 - 1)
        self._workers = Workers(jobs=jobs)
        self._rows: list[HistoryRow] = []
        self._calls = 0
        if _is_module(model):
            self._network(model)  # what cannot be read is told before the training, not in it

    @property
    def rows(self) -> tuple[HistoryRow, ...]:
        """One for each step that was counted."""
        return tuple(self._rows)

    def __call__(self, step: int | None = None, model: Any = None) -> HistoryRow | None:
        """Count at one step, and record it.

        Parameters
        ----------
        step : int, optional
            By default the number of calls before.
        model : optional
            As that of the history, for this call alone.

        Returns
        -------
        HistoryRow or None
            None where this step is none of those that are counted.

        Raises
        ------
        NetworkError, UsageError
            The model cannot be read; as `from_torch`, `load` and `Network.from_layers` raise it.
        DomainError
            The domain does not fit the network.
        CheckFailedError
            A check of the count failed: a defect of relureg.
        """
        step = self._calls if step is None else whole_number("step", step, least=0)
        self._calls += 1
        if step % self._every:
            return None
        started = time.perf_counter()
        network = self._network(self._model if model is None else model)
        problem = Problem(network=network if self._on is None else network.on(self._on), domain=self._domain)
        regions, told, at_least = self._find(problem)
        row = HistoryRow(
            step=step,
            regions=regions,
            is_exact=isinstance(regions, int),
            low=regions if told is None else told.low,
            high=regions if told is None else told.high,
            at_least=at_least,
            seconds=round(time.perf_counter() - started, 6),
        )
        self._rows.append(row)
        return row

    def to_csv(self, path: str | Path, *, force: bool = False) -> None:
        """Write the rows as CSV, the names of their fields first; raises `OutputError`."""
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([_COLUMNS, *map(astuple, self._rows)])
        write_atomically(Path(path), text.getvalue().encode(), force=force)

    def to_jsonl(self, path: str | Path, *, force: bool = False) -> None:
        """Write the rows as JSON, an object a line; raises `OutputError`."""
        lines = [json.dumps(asdict(row)) + "\n" for row in self._rows]
        write_atomically(Path(path), "".join(lines).encode(), force=force)

    def _find(self, problem: Problem) -> tuple[int | float | None, Interval | None, int]:
        """The number of regions, its interval where it is estimated, and a lower bound."""
        counted = count_problem(problem, limits=self._limits, workers=self._workers)
        for check in failures(counted.checks):
            raise CheckFailedError(f"the check '{check.name}' failed ({check.detail}); please report the network")
        if counted.complete:
            return counted.num_regions, None, counted.num_regions
        told = estimate_problem(
            problem, precision=_PRECISION, limits=self._limits, seed=self._seed, workers=self._workers
        )
        at_least = max(counted.num_regions, told.at_least)
        if told.num_regions is None:
            return None, None, at_least
        # What is proven narrows an interval, and never makes it wrong.
        mean, low, high = (
            max(value, float(at_least))
            for value in (told.num_regions.mean, told.num_regions.low, told.num_regions.high)
        )
        return mean, Interval(mean=mean, low=low, high=high), at_least

    def _network(self, model: Any) -> Network:
        if isinstance(model, Network):
            return model
        if _is_module(model):
            from relureg.readers.torch.reader import from_torch

            if self._input_shape is None:
                raise UsageError("a module does not say what its input is; give the shape of one", where="input_shape")
            return from_torch(model, self._input_shape)
        if isinstance(model, str | Path):
            return load(model)
        if isinstance(model, tuple | list) and len(model) == 2:
            return Network.from_layers(*model)
        if callable(model):
            return self._network(model())
        raise ArgumentTypeError(
            f"{type(model).__name__} is no model; give a module, a function, a Network, a file, or weights and biases",
            where="model",
        )


def _is_module(model: Any) -> bool:
    """Whether it is a module of PyTorch, which is not imported for that: who has a module has done so."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)
