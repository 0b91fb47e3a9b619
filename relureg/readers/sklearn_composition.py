"""How scikit-learn's pipelines are put together: one step after the other, side by side, by columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from relureg.errors import UnsupportedNetworkError
from relureg.network.affine_forms import AffineTensor, concatenate
from relureg.readers.sklearn_parts import attribute, class_of, is_dropped, passes, refused

Apply = Callable[[Any, AffineTensor], AffineTensor]
"""What a step makes of a value."""


def steps_of(pipeline: Any) -> list[Any]:
    """The steps of a pipeline that do something."""
    steps = [step for _, step in pipeline.steps if not passes(step)]
    if not steps:
        raise UnsupportedNetworkError("the pipeline has no step that is a network", where="Pipeline")
    return steps


def leaves_of_step(step: Any) -> Iterator[Any]:
    """The steps that a step is made of."""
    kind = class_of(step)
    if kind == "Pipeline":
        parts = [part for _, part in step.steps]
    elif kind == "FeatureUnion":
        parts = [part for _, part in step.transformer_list]
    elif kind == "ColumnTransformer":
        parts = [part for _, part, columns in attribute(step, "transformers_") if not _is_empty(columns)]
    else:
        yield step
        return
    for part in parts:
        if not passes(part) and not is_dropped(part):
            yield from leaves_of_step(part)


def pipeline(apply: Apply, step: Any, value: AffineTensor) -> AffineTensor:
    """Steps one after the other."""
    for _, part in step.steps:
        value = value if passes(part) else apply(part, value)
    return value


def union(apply: Apply, step: Any, value: AffineTensor) -> AffineTensor:
    """Steps side by side, each on all features."""
    parts = [(name, part, value) for name, part in step.transformer_list]
    return _side_by_side(apply, step, parts)


def by_columns(apply: Apply, step: Any, value: AffineTensor) -> AffineTensor:
    """Steps side by side, each on features of its own."""
    parts = [
        (name, part, columns_of(value, _resolved(step, columns, value.shape[1])))
        for name, part, columns in attribute(step, "transformers_")
        if not _is_empty(columns)
    ]
    return _side_by_side(apply, step, parts)


def _side_by_side(apply: Apply, step: Any, parts: Sequence[tuple[str, Any, AffineTensor]]) -> AffineTensor:
    made = []
    for name, part, value in parts:
        if is_dropped(part):
            continue
        found = value if passes(part) else apply(part, value)
        weight = (step.transformer_weights or {}).get(name)
        made.append(found if weight is None else found.scale_by(Fraction(float(weight))))
    if not made:
        raise refused(step, "it keeps no feature")
    return concatenate(made, 1)


def _resolved(step: Any, columns: Any, width: int) -> np.ndarray[Any, np.dtype[np.intp]]:
    """The numbers of columns that a `ColumnTransformer` was given as numbers, names, a slice or a mask."""
    names = [str(name) for name in getattr(step, "feature_names_in_", ())]

    def number(column: Any) -> Any:
        if not isinstance(column, str):
            return column
        if column not in names:
            raise refused(step, f"the column {column!r} is none of the features that it was fitted to")
        return names.index(column)

    everything = np.arange(width)
    if isinstance(columns, slice):
        start, stop = number(columns.start), number(columns.stop)
        # By names, the last one belongs to it.
        return everything[start : stop + 1 if isinstance(columns.stop, str) else stop : columns.step]
    listed: list[Any] = [columns] if isinstance(columns, (str, int, np.integer)) else list(columns)
    if listed and all(isinstance(column, (bool, np.bool_)) for column in listed):
        return np.flatnonzero(listed)
    return everything[[number(column) for column in listed]]


def columns_of(value: AffineTensor, kept: Any) -> AffineTensor:
    """Some of the features."""
    return value.take(value.positions()[:, kept])


def _is_empty(columns: Any) -> bool:
    if isinstance(columns, (str, int, np.integer, slice)):
        return False
    listed = list(columns)
    is_mask = bool(listed) and all(isinstance(column, (bool, np.bool_)) for column in listed)
    return not any(listed) if is_mask else not listed
