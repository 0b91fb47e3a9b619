"""scikit-learn's perceptrons, alone or at the end of a pipeline with scalers; recognised by their attributes.

scikit-learn itself is not needed: a fitted estimator brings all that is read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from relureg.errors import UnsupportedNetworkError, UnsupportedOperator
from relureg.network.affine_forms import INPUT, AffineForm, AffineTensor
from relureg.network.model import Network
from relureg.network.pieces import StageBuilder


def from_sklearn(estimator: Any, *, name: str | None = None) -> Network:
    """Read a fitted `MLPClassifier` or `MLPRegressor`, or a `Pipeline` of scalers that ends in one.

    Parameters
    ----------
    estimator : fitted estimator
        Activation ``relu`` or ``identity``. Steps before it: `StandardScaler`, `MinMaxScaler` without clip,
        `MaxAbsScaler`, ``passthrough``.
    name : str, optional
        By default that of the estimator's class.

    Returns
    -------
    Network
        The parameters are the doubles that the estimator holds, the division by a scale is exact. A
        classifier's output is what goes into its logistic or softmax function.

    Raises
    ------
    UnsupportedNetworkError
        Another estimator, step or activation (all steps are listed), or one that is not fitted.
    """
    steps = [step for _, step in getattr(estimator, "steps", [("", estimator)]) if step not in (None, "passthrough")]
    *scalers, network = steps or [estimator]
    unknown = [step for step in scalers if type(step).__name__ not in _SCALERS]
    if type(network).__name__ not in ("MLPClassifier", "MLPRegressor"):
        unknown.append(network)
    if unknown:
        problems = tuple(
            UnsupportedOperator(
                operator=type(step).__name__, node="a step", reason="",
                alternative="MLPClassifier or MLPRegressor" if step is network else "StandardScaler",
            )
            for step in unknown
        )  # fmt: skip
        raise UnsupportedNetworkError(
            f"not supported: {'; '.join(map(str, problems))}", unsupported=problems, where="scikit-learn"
        )
    if not hasattr(network, "coefs_"):
        raise UnsupportedNetworkError(f"{type(network).__name__} is not fitted; call fit first", where="scikit-learn")
    if network.activation not in ("relu", "identity"):
        problem = UnsupportedOperator(
            operator=network.activation, node="the hidden layers", reason="", alternative="relu or identity"
        )
        raise UnsupportedNetworkError(
            f"not supported: the activation {problem}", unsupported=(problem,), where="scikit-learn"
        )
    return _read(network, scalers, name or type(network).__name__)


_SCALERS = {"StandardScaler", "MinMaxScaler", "MaxAbsScaler"}


def _read(network: Any, scalers: list[Any], name: str) -> Network:
    input_dim = network.coefs_[0].shape[0]
    value = AffineTensor(shape=(1, input_dim), form=AffineForm.of_source(INPUT, input_dim))
    for scaler in scalers:
        value = _scaled(value, scaler)
    builder = StageBuilder()
    for layer, (weight, bias) in enumerate(zip(network.coefs_, network.intercepts_, strict=True), start=1):
        value = value.matmul(_array(weight)) + _array(bias)
        if layer < len(network.coefs_) and network.activation == "relu":
            value = builder.relu(value, f"layer {layer}")
    head = network.out_activation_
    notices = () if head == "identity" else (f"stripped the head, which moves no region: {head}",)
    return Network(name=name, input_dim=input_dim, stages=tuple(builder.stages), output=value.form, notices=notices)


def _scaled(value: AffineTensor, scaler: Any) -> AffineTensor:
    if type(scaler).__name__ == "MinMaxScaler":
        if scaler.clip:
            raise UnsupportedNetworkError("MinMaxScaler with clip=True is not read", where="scikit-learn")
        return value.multiply(_array(scaler.scale_)) + _array(scaler.min_)
    if getattr(scaler, "with_mean", False):
        value = value + (-_array(scaler.mean_))
    if scaler.scale_ is not None:
        value = value.multiply(_array(scaler.scale_).reciprocal())
    return value


def _array(values: Any) -> AffineTensor:
    return AffineTensor.of_array(np.asarray(values, dtype=np.float64))
