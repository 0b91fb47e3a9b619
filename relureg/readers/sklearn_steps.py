"""The steps of scikit-learn's pipelines that are affine, select features, or clip; and the inverses of affine ones.

Each is a function in `STEPS`, by the name of its class. What a class of that name does is taken from scikit-learn 0.24
and later; a class of another package is not taken for it.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError
from relureg.network.affine_forms import AffineTensor
from relureg.readers.building.pieces import StageBuilder
from relureg.readers.sklearn_composition import by_columns, columns_of, pipeline, steps_of, union
from relureg.readers.sklearn_parts import array, class_of, refused, vector


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


def _centred(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    centre = _centre(step)
    if centre is not None:
        value = value + (-vector(step, centre, value))
    return value if step.scale_ is None else value.multiply(vector(step, step.scale_, value).reciprocal())


def _centre(step: Any) -> Any:
    """What a scaler subtracts, None for nothing."""
    if class_of(step) == "RobustScaler":
        return step.center_ if step.with_centering else None
    return step.mean_ if step.with_mean else None


def _min_max(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    scaled = value.multiply(vector(step, step.scale_, value)) + vector(step, step.min_, value)
    return _clipped(steps, step, scaled, step.feature_range)


def _max_abs(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    scaled = value.multiply(vector(step, step.scale_, value).reciprocal())
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
        value = value + (-vector(step, mean, value))
    value = value.matmul(components.transpose([1, 0]))
    if not getattr(step, "whiten", False):
        return value
    spread = np.sqrt(np.asarray(step.explained_variance_))
    if (spread < np.finfo(spread.dtype).eps).any():
        raise refused(step, "whitening divides by a variance that is nearly 0; keep fewer components")
    steps.notices.append(f"{class_of(step)}: whitening divides by square roots, which are rounded to doubles")
    return value.multiply(vector(step, spread, value).reciprocal())


def _selected(steps: Steps, step: Any, value: AffineTensor) -> AffineTensor:
    try:
        kept = np.flatnonzero(step.get_support())
    except (
        Exception
    ) as error:  # scikit-learn says in errors of many kinds that a selector, or what it rests on, is bare
        raise refused(step, f"it does not tell which features it keeps: {error}") from error
    return columns_of(value, kept)


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


def _inverse_centred(step: Any, value: AffineTensor) -> AffineTensor:
    if step.scale_ is not None:
        value = value.multiply(vector(step, step.scale_, value))
    centre = _centre(step)
    return value if centre is None else value + vector(step, centre, value)


def _inverse_min_max(step: Any, value: AffineTensor) -> AffineTensor:
    value = value + (-vector(step, step.min_, value))
    return value.multiply(vector(step, step.scale_, value).reciprocal())


def _inverse_max_abs(step: Any, value: AffineTensor) -> AffineTensor:
    return value.multiply(vector(step, step.scale_, value))


def _inverse_function(step: Any, value: AffineTensor) -> AffineTensor:
    if step.inverse_func is not None:
        name = getattr(step.inverse_func, "__name__", step.inverse_func)
        raise refused(step, f"the inverse function {name!r} is not read; None is")
    return value


STEPS: dict[str, Callable[[Steps, Any, AffineTensor], AffineTensor]] = {
    "Pipeline": lambda steps, step, value: pipeline(steps.apply, step, value),
    "FeatureUnion": lambda steps, step, value: union(steps.apply, step, value),
    "ColumnTransformer": lambda steps, step, value: by_columns(steps.apply, step, value),
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
