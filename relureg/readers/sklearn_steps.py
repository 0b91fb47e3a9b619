"""The steps of scikit-learn's pipelines that are affine, select features, or clip; and the inverses of affine ones.

Each is a function in `STEPS`, by the name of its class. What a class of that name does is taken from scikit-learn 0.24
and later; a class of another package is not taken for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.network.affine_forms import AffineTensor, concatenate
from relureg.readers.building.pieces import StageBuilder


def class_of(part: Any) -> str:
    """The name of the class of a part; with its package where that is not scikit-learn."""
    kind = type(part)
    return kind.__name__ if kind.__module__.partition(".")[0] == "sklearn" else f"{kind.__module__}.{kind.__name__}"


def attribute(part: Any, *names: str) -> Any:
    """What fitting has left in a part; of several names, the number of features that the first one there tells.

    Raises
    ------
    UnsupportedNetworkError
        The part is not fitted.
    """
    for name in names:
        found = getattr(part, name, None)
        if found is not None and len(names) > 1:
            return found if np.ndim(found) == 0 else np.shape(found)[-1]
        if found is not None:
            return found
    raise UnsupportedNetworkError(f"{class_of(part)} is not fitted; call fit first")


def array(part: Any, values: Any) -> AffineTensor:
    """Parameters of a part as a constant."""
    dense = values.toarray() if hasattr(values, "toarray") else values
    try:
        return AffineTensor.of_array(np.asarray(dense, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise MalformedNetworkError("a parameter is no finite number", where=class_of(part)) from error


def steps_of(pipeline: Any) -> list[Any]:
    """The steps of a pipeline that do something."""
    steps = [step for _, step in pipeline.steps if not _passes(step)]
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
        if not _passes(part) and not _is_dropped(part):
            yield from leaves_of_step(part)


class Steps:
    """Applies steps one after the other, with the units that clipping needs."""

    def __init__(self) -> None:
        self.builder = StageBuilder()
        self.notices: list[str] = []

    def apply(self, step: Any, value: AffineTensor) -> AffineTensor:
        """What a fitted step makes of an input of shape (1, d)."""
        expected = getattr(step, "n_features_in_", value.shape[1])
        if expected != value.shape[1]:
            raise MalformedNetworkError(f"{value.shape[1]} features come in, not {expected}", where=class_of(step))
        try:
            return STEPS[class_of(step)](self, step, value)
        except AttributeError as error:
            raise refused(step, f"it has no {error.name}; call fit first") from error
        except (IndexError, TypeError, ValueError, ZeroDivisionError) as error:
            raise MalformedNetworkError(f"its parameters do not fit: {error}", where=class_of(step)) from error

    def invert(self, step: Any, value: AffineTensor) -> AffineTensor:
        """What the inverse of a fitted step makes of a value."""
        kind = class_of(step)
        if kind == "Pipeline":
            for part in reversed(steps_of(step)):
                value = self.invert(part, value)
            return value
        if kind not in INVERSES:
            raise refused(step, "its inverse is not read; those of scalers are")
        return INVERSES[kind](step, value)


def refused(step: Any, reason: str) -> UnsupportedNetworkError:
    """An error that says why a step is not read."""
    return UnsupportedNetworkError(reason, where=class_of(step))


def _pipeline(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    for _, part in step.steps:
        value = value if _passes(part) else steps.apply(part, value)
    return value


def _centred(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    centre = _centre(step)
    if centre is not None:
        value = value + (-_vector(step, centre, value))
    return value if step.scale_ is None else value.multiply(_vector(step, step.scale_, value).reciprocal())


def _centre(step: Any) -> Any:
    """What a scaler subtracts, None for nothing."""
    if class_of(step) == "RobustScaler":
        return step.center_ if step.with_centering else None
    return step.mean_ if step.with_mean else None


def _min_max(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    scaled = value.multiply(_vector(step, step.scale_, value)) + _vector(step, step.min_, value)
    return _clipped(steps, step, scaled, step.feature_range)


def _max_abs(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    scaled = value.multiply(_vector(step, step.scale_, value).reciprocal())
    return _clipped(steps, step, scaled, (-1, 1))


def _clipped(steps: Steps, step: Any, value: AffineTensor, bounds: tuple[float, float]) -> AffineTensor:
    if not getattr(step, "clip", False):
        return value
    low, high = (Fraction(float(bound)) for bound in bounds)
    return steps.builder.clip(value, low, high, f"clip of {class_of(step)}")


def _projected(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    components = array(step, step.components_)
    mean = getattr(step, "mean_", None)
    if mean is not None:
        value = value + (-_vector(step, mean, value))
    value = value.matmul(components.transpose([1, 0]))
    if not getattr(step, "whiten", False):
        return value
    spread = np.sqrt(np.asarray(step.explained_variance_))
    if (spread < np.finfo(spread.dtype).eps).any():
        raise refused(step, "whitening divides by a variance that is nearly 0; keep fewer components")
    steps.notices.append(f"{class_of(step)}: whitening divides by square roots, which are rounded to doubles")
    return value.multiply(_vector(step, spread, value).reciprocal())


def _selected(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    try:
        kept = np.flatnonzero(step.get_support())
    except (
        Exception
    ) as error:  # scikit-learn says in errors of many kinds that a selector, or what it rests on, is bare
        raise refused(step, f"it does not tell which features it keeps: {error}") from error
    return _columns(value, kept)


def _imputed(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    missing, statistics = step.missing_values, step.statistics_
    if isinstance(missing, (int, float)) and missing == missing:
        raise refused(step, f"it replaces the number {missing}, which is not affine; only NaN is read as missing")
    if step.add_indicator:
        raise refused(step, "it adds indicators of what is missing")
    if any(entry != entry for entry in statistics):
        raise refused(step, "it drops a feature that was always missing; leave that out")
    steps.notices.append("SimpleImputer: no input is missing, so that it changes nothing")
    return value


def _function(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    if step.func is not None:
        raise refused(step, f"the function {getattr(step.func, '__name__', step.func)!r} is not read; None is")
    return value


def _polynomial(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    # An affine function of each feature and a constant: anything more is a product, and there can be very many.
    powers = np.asarray(step.powers_) if step.n_output_features_ <= value.shape[1] + 1 else None
    if powers is None or (powers.sum(axis=1) > 1).any():
        raise refused(step, f"degree {step.degree} is not affine; degree 1 is read")
    constant = array(step, (powers.sum(axis=1) == 0).astype(np.float64))
    return value.matmul(array(step, powers.T)) + constant


def _union(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    parts = [(name, part, value) for name, part in step.transformer_list]
    return _side_by_side(steps, step, parts)


def _by_columns(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    parts = [
        (name, part, _columns(value, _resolved(step, columns, value.shape[1])))
        for name, part, columns in attribute(step, "transformers_")
        if not _is_empty(columns)
    ]
    return _side_by_side(steps, step, parts)


def _side_by_side(steps: Steps, step: Any, parts: Sequence[tuple[str, Any, AffineTensor]]) -> AffineTensor:
    made = []
    for name, part, value in parts:
        if _is_dropped(part):
            continue
        found = value if _passes(part) else steps.apply(part, value)
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


def _columns(value: AffineTensor, kept: Any) -> AffineTensor:
    return value.take(value.positions()[:, kept])


def _vector(step: Any, values: Any, value: AffineTensor) -> AffineTensor:
    """Parameters, one for each feature."""
    found = array(step, values)
    if found.shape != value.shape[1:]:
        raise MalformedNetworkError(
            f"parameters of shape {list(found.shape)} do not fit {value.shape[1]} features", where=class_of(step)
        )
    return found


def _passes(step: Any) -> bool:
    return step is None or (isinstance(step, str) and step == "passthrough")


def _is_dropped(step: Any) -> bool:
    return isinstance(step, str) and step == "drop"


def _is_empty(columns: Any) -> bool:
    if isinstance(columns, (str, int, np.integer, slice)):
        return False
    listed = list(columns)
    is_mask = bool(listed) and all(isinstance(column, (bool, np.bool_)) for column in listed)
    return not any(listed) if is_mask else not listed


def _inverse_centred(step: Any, value: AffineTensor) -> AffineTensor:
    if step.scale_ is not None:
        value = value.multiply(_vector(step, step.scale_, value))
    centre = _centre(step)
    return value if centre is None else value + _vector(step, centre, value)


def _inverse_min_max(step: Any, value: AffineTensor) -> AffineTensor:
    value = value + (-_vector(step, step.min_, value))
    return value.multiply(_vector(step, step.scale_, value).reciprocal())


def _inverse_max_abs(step: Any, value: AffineTensor) -> AffineTensor:
    return value.multiply(_vector(step, step.scale_, value))


def _inverse_function(step: Any, value: AffineTensor) -> AffineTensor:
    if step.inverse_func is not None:
        name = getattr(step.inverse_func, "__name__", step.inverse_func)
        raise refused(step, f"the inverse function {name!r} is not read; None is")
    return value


STEPS: dict[str, Callable[[Steps, Any, AffineTensor], AffineTensor]] = {
    "Pipeline": _pipeline, "FeatureUnion": _union, "ColumnTransformer": _by_columns,
    "StandardScaler": _centred, "RobustScaler": _centred, "MinMaxScaler": _min_max, "MaxAbsScaler": _max_abs,
    "PCA": _projected, "IncrementalPCA": _projected, "TruncatedSVD": _projected,
    "SimpleImputer": _imputed, "FunctionTransformer": _function, "PolynomialFeatures": _polynomial,
    **dict.fromkeys(
        ("GenericUnivariateSelect", "RFE", "RFECV", "SelectFdr", "SelectFpr", "SelectFromModel", "SelectFwe",
         "SelectKBest", "SelectPercentile", "SequentialFeatureSelector", "VarianceThreshold"),
        _selected,
    ),
}  # fmt: skip
"""What makes of an input what a fitted step makes of it, by the name of its class."""

INVERSES: dict[str, Callable[[Any, AffineTensor], AffineTensor]] = {
    "StandardScaler": _inverse_centred, "RobustScaler": _inverse_centred, "MinMaxScaler": _inverse_min_max,
    "MaxAbsScaler": _inverse_max_abs, "FunctionTransformer": _inverse_function,
}  # fmt: skip
"""The same for the inverses of affine steps."""
