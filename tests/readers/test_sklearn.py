"""Pipelines of scikit-learn: each against its own predictions at random points, and what is refused by name."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model, svm
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_selection import (
    RFE,
    SelectFromModel,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
    f_regression,
)
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

import relureg
from relureg.errors import MalformedNetworkError, UnsupportedNetworkError

RNG = np.random.default_rng(3)
POINTS = RNG.normal(size=(80, 4)) * [1, 5, 0.1, 30] + [0, 3, -1, 10]
POINTS[:, 3] = np.round(POINTS[:, 3])
VALUES = np.abs(POINTS[:, 0]) - 0.2 * POINTS[:, 1] + 3 * np.maximum(POINTS[:, 2], -1) + 7
CLASSES = RNG.integers(0, 3, 80)
NEW = RNG.normal(size=(60, 4)) * [2, 9, 0.3, 60] + [0, 3, -1, 10]
"""Points that the estimators have not seen, many of them outside of where they were fitted."""
FRAME = pd.DataFrame(POINTS, columns=["a", "b", "c", "d"])


def mlp(**more: Any) -> MLPRegressor:
    return MLPRegressor(hidden_layer_sizes=(5, 4), max_iter=30, random_state=1, **more)


def fit(estimator: Any, points: Any = POINTS, values: Any = VALUES) -> Any:
    with warnings.catch_warnings():  # it has not converged, and need not
        warnings.simplefilter("ignore")
        return estimator.fit(points, values)


def columns(transformers: list[Any], **more: Any) -> Any:
    return make_pipeline(ColumnTransformer(transformers, **more), mlp())


STEPS = {
    "minmax with clip": MinMaxScaler((-1, 2), clip=True),
    "robust": RobustScaler(),
    "robust, scale alone": RobustScaler(with_centering=False, quantile_range=(10, 90)),
    "robust, centre alone": RobustScaler(with_scaling=False),
    "standard, scale alone": StandardScaler(with_mean=False),
    "standard, neither": StandardScaler(with_mean=False, with_std=False),
    "max abs": MaxAbsScaler(),
    "max abs with clip": MaxAbsScaler(clip=True),
    "PCA": PCA(3),
    "PCA, white": PCA(2, whiten=True),
    "SVD": TruncatedSVD(2, random_state=0),
    "k best": SelectKBest(f_regression, k=2),
    "a percentile": SelectPercentile(f_regression, percentile=60),
    "by variance": VarianceThreshold(0.5),
    "by a model": SelectFromModel(linear_model.Lasso(alpha=0.01)),
    "eliminated": RFE(linear_model.LinearRegression(), n_features_to_select=3),
    "imputed": SimpleImputer(),
    "no function": FunctionTransformer(None),
    "degree 1": PolynomialFeatures(1),
    "degree 1, no bias": PolynomialFeatures((1, 1), include_bias=False),
    "passthrough": "passthrough",
    "nested": make_pipeline(StandardScaler(), make_pipeline(PCA(3), "passthrough")),
    "union": FeatureUnion(
        [("p", PCA(2)), ("same", "passthrough"), ("no", "drop"), ("m", MinMaxScaler(clip=True))],
        transformer_weights={"p": 0.3, "m": 2},
    ),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_a_step_before_a_perceptron(step: Any) -> None:
    pipeline = fit(Pipeline([("step", step), ("net", mlp())]))
    network = relureg.from_sklearn(pipeline)
    assert network.input_dim == 4
    np.testing.assert_allclose(network(NEW)[:, 0], pipeline.predict(NEW), rtol=1e-9, atol=1e-9)
    assert (len(network.stages) == 3) == ("clip" in str(step))


COLUMNS: dict[str, Any] = {
    "numbers": columns([("s", StandardScaler(), [2, 0]), ("p", PCA(1), [1, 3])]),
    "order and passthrough": columns([("x", "passthrough", [3, -4]), ("s", RobustScaler(), [1])]),
    "remainder passes": columns([("s", MinMaxScaler(), [2])], remainder="passthrough"),
    "remainder is scaled": columns([("s", "drop", [2])], remainder=StandardScaler()),
    "names": columns([("s", StandardScaler(), ["d", "a"]), ("x", "passthrough", ["b"])]),
    "slice": columns([("s", StandardScaler(), slice(1, 3))], remainder="passthrough"),
    "slice of names": columns([("s", StandardScaler(), slice("b", "c"))], remainder="drop"),
    "slice to the end": columns([("s", StandardScaler(), slice(-2, None)), ("x", "passthrough", slice(0, 4, 2))]),
    "mask": columns([("s", StandardScaler(), [True, False, False, True])]),
    "nothing": columns([("s", StandardScaler(), []), ("m", PCA(1), [False] * 4), ("x", "passthrough", [0, 1])]),
    "a callable": columns([("s", StandardScaler(), make_column_selector("a|c"))], remainder="passthrough"),
    "twice": columns([("s", StandardScaler(), [0]), ("x", "passthrough", [1, 0])], transformer_weights={"x": 0.5}),
    "nested": columns([
        ("u", make_pipeline(SimpleImputer(), FeatureUnion([("a", MaxAbsScaler()), ("b", PCA(1))])), ["c", "a"]),
        ("v", ColumnTransformer([("w", "passthrough", [1])]), ["b", "d"]),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("pipeline", COLUMNS.values(), ids=COLUMNS.keys())
def test_columns_go_their_own_ways(pipeline: Any) -> None:
    fit(pipeline, FRAME)
    network = relureg.from_sklearn(pipeline)
    expected = pipeline.predict(pd.DataFrame(NEW, columns=FRAME.columns))
    np.testing.assert_allclose(network(NEW)[:, 0], expected, rtol=1e-9, atol=1e-9)


TWO = np.stack([VALUES, -2 * VALUES + POINTS[:, 1]], axis=1)
MODELS: dict[str, tuple[Any, Any]] = {
    "linear": (linear_model.LinearRegression(), VALUES),
    "linear, two outputs": (linear_model.LinearRegression(fit_intercept=False), TWO),
    "ridge": (make_pipeline(StandardScaler(), linear_model.RidgeCV()), VALUES),
    "lasso": (linear_model.Lasso(), VALUES),
    "SVR": (svm.LinearSVR(), VALUES),
    "target": (TransformedTargetRegressor(mlp(), transformer=StandardScaler()), VALUES),
    "target in a box": (TransformedTargetRegressor(mlp(), transformer=MinMaxScaler((-1, 3), clip=True)), TWO),
    "target, both": (
        TransformedTargetRegressor(
            make_pipeline(PCA(2), mlp()), transformer=make_pipeline(RobustScaler(), MaxAbsScaler())
        ),
        VALUES,
    ),
    "target as it is": (TransformedTargetRegressor(mlp()), VALUES),
    "two perceptrons": (MultiOutputRegressor(make_pipeline(StandardScaler(), mlp())), TWO),
    "two searches": (MultiOutputRegressor(GridSearchCV(linear_model.Ridge(), {"alpha": [1, 2]}, cv=2)), TWO),
    "grid search": (GridSearchCV(make_pipeline(PCA(), mlp()), {"pca__n_components": [1, 3]}, cv=2), VALUES),
    "random search": (
        make_pipeline(RobustScaler(), RandomizedSearchCV(mlp(), {"alpha": [0.1, 10]}, n_iter=2, cv=2, random_state=0)),
        VALUES,
    ),
    "identity": (mlp(activation="identity"), TWO),
}  # fmt: skip


@pytest.mark.parametrize(("model", "values"), MODELS.values(), ids=MODELS.keys())
def test_regressors_predict_alike(model: Any, values: Any) -> None:
    fit(model, POINTS, values)
    network = relureg.from_sklearn(model)
    expected = model.predict(NEW).reshape(len(NEW), -1)
    np.testing.assert_allclose(network(NEW), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("labels", [CLASSES, CLASSES > 0], ids=["three classes", "two classes"])
@pytest.mark.parametrize(
    "model",
    [
        linear_model.LogisticRegression(), svm.LinearSVC(), linear_model.RidgeClassifier(),
        linear_model.SGDClassifier(),
        make_pipeline(StandardScaler(), linear_model.Perceptron()),
    ],
    ids=lambda model: type(model).__name__,
)  # fmt: skip
def test_classifiers_decide_alike(model: Any, labels: Any) -> None:
    fit(model, POINTS, labels)
    network = relureg.from_sklearn(model)
    np.testing.assert_allclose(network(NEW), model.decision_function(NEW).reshape(60, -1), rtol=1e-9, atol=1e-9)
    assert any("stripped the head" in notice for notice in network.notices)


def test_several_classifiers_are_several_outputs() -> None:
    labels = np.stack([CLASSES > 0, CLASSES > 1], axis=1)
    model = fit(MultiOutputClassifier(linear_model.LogisticRegression()), POINTS, labels)
    expected = np.stack([part.decision_function(NEW) for part in model.estimators_], axis=1)
    np.testing.assert_allclose(relureg.from_sklearn(model)(NEW), expected, rtol=1e-9)


def test_an_early_perceptron_tells_its_inputs_by_its_weights() -> None:
    old = fit(make_pipeline(MinMaxScaler(), mlp()))
    for step in old:
        del step.n_features_in_
    del old[0].clip
    network = relureg.from_sklearn(old)
    scaler, net = old
    value = NEW * scaler.scale_ + scaler.min_
    for weight, bias in zip(net.coefs_[:-1], net.intercepts_[:-1], strict=True):
        value = np.maximum(value @ weight + bias, 0)
    np.testing.assert_allclose(network(NEW), value @ net.coefs_[-1] + net.intercepts_[-1])


def drops_a_feature() -> Any:
    points = POINTS.copy()
    points[:, 1] = np.nan
    return fit(make_pipeline(SimpleImputer(), mlp()), points)


def root(x: Any) -> Any:
    return np.sqrt(np.abs(x))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fit(mlp(activation="tanh")), "the activation tanh"),
        (lambda: fit(make_pipeline(StandardScaler(), mlp(activation="logistic"))), "the activation logistic"),
        (lambda: fit(RandomForestRegressor(2)), "RandomForestRegressor"),
        (lambda: fit(make_pipeline(Normalizer(), PowerTransformer(), mlp())), r"Normalizer .*; PowerTransformer"),
        (lambda: fit(columns([("o", OneHotEncoder(handle_unknown="ignore"), [3])])), "OneHotEncoder"),
        (lambda: fit(make_pipeline(PolynomialFeatures(2), mlp())), "PolynomialFeatures: degree 2 is not affine"),
        (lambda: fit(make_pipeline(FunctionTransformer(root), mlp())), "FunctionTransformer: the function 'root'"),
        (lambda: fit(TransformedTargetRegressor(mlp(), func=np.log, inverse_func=np.exp)), "inverse function 'exp'"),
        (lambda: fit(TransformedTargetRegressor(mlp(), transformer=PCA(1)), POINTS, TWO), "PCA: its inverse"),
        (lambda: fit(make_pipeline(SimpleImputer(missing_values=0), mlp())), "SimpleImputer: it replaces the number 0"),
        (lambda: fit(make_pipeline(SimpleImputer(add_indicator=True), mlp())), "SimpleImputer: it adds indicators"),
        (drops_a_feature, "SimpleImputer: it drops a feature"),
        (lambda: fit(make_pipeline(KNNImputer(), mlp())), "KNNImputer"),
        (lambda: fit(GridSearchCV(mlp(), {"alpha": [1]}, cv=2, refit=False)), "GridSearchCV: there is no best"),
        (lambda: make_pipeline(StandardScaler(), linear_model.Ridge()), "StandardScaler is not fitted; call fit first"),
        (lambda: linear_model.Ridge(), "Ridge is not fitted; call fit first"),
        (lambda: TransformedTargetRegressor(mlp()), "TransformedTargetRegressor is not fitted"),
        (lambda: fit(make_pipeline(StandardScaler(), "passthrough")), "StandardScaler"),
        (lambda: Normal(), r"test_sklearn\.Normal"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named(make: Any, message: str) -> None:
    with pytest.raises(UnsupportedNetworkError, match=message) as caught:
        relureg.from_sklearn(make())
    assert str(caught.value).startswith("scikit-learn: ")


class Normal(MLPRegressor):
    """An estimator of another package: what it does is not known."""


def test_parameters_that_are_no_numbers_are_refused() -> None:
    pipeline = fit(make_pipeline(StandardScaler(), mlp()))
    pipeline[0].scale_[1] = 0
    with pytest.raises(MalformedNetworkError, match="StandardScaler: its parameters do not fit"):
        relureg.from_sklearn(pipeline)
    pipeline[0].scale_[1] = np.nan
    with pytest.raises(MalformedNetworkError, match="StandardScaler: a parameter is no finite number"):
        relureg.from_sklearn(pipeline)
    pipeline[0].scale_ = np.ones(1)
    with pytest.raises(MalformedNetworkError, match="do not fit 4 features"):
        relureg.from_sklearn(pipeline)


def test_clipping_adds_the_units_that_it_is() -> None:
    pipeline = fit(make_pipeline(MinMaxScaler(clip=True), linear_model.LinearRegression()))
    network = relureg.from_sklearn(pipeline)
    # Below, between and above the bounds in each of four inputs.
    assert relureg.count_regions(network).num_regions == 3**4


def test_perceptrons_of_several_outputs_are_counted_together() -> None:
    model = fit(MultiOutputClassifier(MLPClassifier((3,), max_iter=5, random_state=0)), POINTS[:, :2], TWO > 0)
    network = relureg.from_sklearn(model)
    layers = [(part.coefs_[0], part.intercepts_[0]) for part in model.estimators_]
    rows, biases = np.hstack([w for w, _ in layers]).T, np.hstack([b for _, b in layers])
    together = relureg.Network.from_layers([rows, np.ones((1, 6))], [biases, [0]])
    assert relureg.count_regions(network).num_regions == relureg.count_regions(together).num_regions
