"""scikit-learn's perceptrons and linear models, behind steps that are affine or selections; recognised by their class.

scikit-learn itself is not needed: a fitted estimator brings all that is read. Pipelines, searches over parameters,
targets that were transformed and several outputs are looked into; `sklearn_steps` knows the steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError, UnsupportedOperator
from relureg.network.affine_forms import INPUT, AffineForm, AffineTensor, concatenate
from relureg.network.model import Network
from relureg.readers.sklearn_composition import leaves_of_step, steps_of
from relureg.readers.sklearn_parts import array, attribute, class_of
from relureg.readers.sklearn_steps import STEPS, Steps

_PERCEPTRONS = {"MLPClassifier", "MLPRegressor"}
_CLASSIFIERS = {
    "LinearSVC", "LogisticRegression", "LogisticRegressionCV", "Perceptron", "RidgeClassifier", "RidgeClassifierCV",
    "SGDClassifier",
}  # fmt: skip
_REGRESSORS = {
    "BayesianRidge", "ElasticNet", "ElasticNetCV", "HuberRegressor", "Lasso", "LassoCV", "LinearRegression",
    "LinearSVR", "Ridge", "RidgeCV", "SGDRegressor",
}  # fmt: skip
_HEADS = _PERCEPTRONS | _CLASSIFIERS | _REGRESSORS
_SEARCHES = {"GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"}
_MANY = {"MultiOutputClassifier", "MultiOutputRegressor"}
_SHOWN = ("MLPClassifier, MLPRegressor or a linear model", "StandardScaler or another affine step")


def from_sklearn(estimator: Any, *, name: str | None = None) -> Network:
    """Read a fitted perceptron or linear model, alone, or behind steps that are affine or selections.

    Parameters
    ----------
    estimator : fitted estimator
        `MLPClassifier` or `MLPRegressor` with activation ``relu`` or ``identity``, or a linear model such as
        `LogisticRegression`, `LinearSVC` or `Ridge`; a `Pipeline` of scalers, `PCA`, `TruncatedSVD`, selections of
        features, `ColumnTransformer`, `FeatureUnion`, `SimpleImputer` and the like that ends in one; the best estimator
        of a `GridSearchCV`; a `TransformedTargetRegressor` whose inverse is affine; a `MultiOutputRegressor`.
    name : str, optional
        By default that of the class of the last step.

    Returns
    -------
    Network
        The parameters are the doubles that the estimator holds, the division by a scale is exact. A
        classifier's output is what goes into its logistic or softmax function, or its decision function.

    Raises
    ------
    UnsupportedNetworkError
        Another estimator, step or activation (all steps are listed), or one that is not fitted.
    MalformedNetworkError
        A parameter is not finite, or does not fit.
    """
    try:
        _refuse_unknown(estimator)
        reader = _Reader()
        return reader.network(estimator, name)
    except (UnsupportedNetworkError, MalformedNetworkError) as error:
        raise error.within("scikit-learn") from error.__cause__


class _Reader:
    """Walks an estimator, from the input to the outputs."""

    def __init__(self) -> None:
        self.steps = Steps()
        self.heads: list[str] = []
        self.last = ""

    def network(self, estimator: Any, name: str | None) -> Network:
        input_dim = _num_inputs(estimator)
        value = AffineTensor(shape=(1, input_dim), form=AffineForm.of_source(INPUT, input_dim))
        output = self.predict(estimator, value, "")
        told = [f"stripped the head, which moves no region: {head}" for head in dict.fromkeys(self.heads)]
        return Network(
            name=name or self.last,
            input_dim=input_dim,
            stages=tuple(self.steps.builder.stages),
            output=output.form,
            notices=tuple(dict.fromkeys([*self.steps.notices, *told])),
        )

    def predict(self, estimator: Any, value: AffineTensor, place: str) -> AffineTensor:
        """What a fitted estimator makes of an input of shape (1, d), before a softmax."""
        kind = class_of(estimator)
        if kind == "Pipeline":
            *before, last = steps_of(estimator)
            for step in before:
                value = self.steps.apply(step, value)
            return self.predict(last, value, place)
        if kind in _SEARCHES:
            return self.predict(_best(estimator), value, place)
        if kind == "TransformedTargetRegressor":
            found = self.predict(attribute(estimator, "regressor_"), value, place)
            if self.heads:
                raise UnsupportedNetworkError(f"the target of a regressor that ends in {self.heads[-1]} is not read")
            return self.steps.invert(attribute(estimator, "transformer_"), found)
        if kind in _MANY:
            parts = attribute(estimator, "estimators_")
            values = [self.predict(part, value, f"output {k}, ") for k, part in enumerate(parts, start=1)]
            return concatenate(values, 1)
        self.last = kind
        return self._perceptron(estimator, value, place) if kind in _PERCEPTRONS else self._linear(estimator, value)

    def _perceptron(self, network: Any, value: AffineTensor, place: str) -> AffineTensor:
        weights, biases = attribute(network, "coefs_"), attribute(network, "intercepts_")
        if network.activation not in ("relu", "identity"):
            problem = UnsupportedOperator(
                operator=network.activation, node="the hidden layers", reason="", alternative="relu or identity"
            )
            raise UnsupportedNetworkError(f"not supported: the activation {problem}", unsupported=(problem,))
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True), start=1):
            value = _layer(value, array(network, weight), array(network, bias), network)
            if layer < len(weights) and network.activation == "relu":
                value = self.steps.builder.relu(value, f"{place}layer {layer}")
        if network.out_activation_ != "identity":
            self.heads.append(network.out_activation_)
        return value

    def _linear(self, model: Any, value: AffineTensor) -> AffineTensor:
        weight = array(model, attribute(model, "coef_"))
        weight = weight.reshape((1, weight.form.size)) if len(weight.shape) == 1 else weight
        if class_of(model) in _CLASSIFIERS:
            self.heads.append(f"the classes of {class_of(model)}")
        bias = array(model, attribute(model, "intercept_"))
        return _layer(value, weight.transpose([1, 0]), bias.flattened(), model)


def _layer(value: AffineTensor, weight: AffineTensor, bias: AffineTensor, model: Any) -> AffineTensor:
    if len(weight.shape) != 2 or weight.shape[0] != value.shape[1] or bias.form.size not in (1, weight.shape[1]):
        raise MalformedNetworkError(
            f"a weight of shape {list(weight.shape)} and a bias of shape {list(bias.shape)} do not fit "
            f"{value.shape[1]} inputs",
            where=class_of(model),
        )
    return value.matmul(weight) + bias


def _best(search: Any) -> Any:
    if not hasattr(search, "best_estimator_"):
        raise UnsupportedNetworkError("there is no best estimator; call fit first, with refit", where=class_of(search))
    return search.best_estimator_


def _num_inputs(estimator: Any) -> int:
    """The number of features that an estimator was fitted to; older versions say it by their parameters alone."""
    kind = class_of(estimator)
    if kind in _SEARCHES:
        return _num_inputs(_best(estimator))
    if kind == "Pipeline":
        return _num_inputs(steps_of(estimator)[0])
    if kind == "TransformedTargetRegressor":
        return _num_inputs(attribute(estimator, "regressor_"))
    if kind in _MANY:
        return _num_inputs(attribute(estimator, "estimators_")[0])
    if kind in _PERCEPTRONS:
        return int(attribute(estimator, "coefs_")[0].shape[0])
    if kind in _HEADS:
        return int(attribute(estimator, "coef_").shape[-1])
    return int(attribute(estimator, "n_features_in_", "components_", "scale_", "scores_", "variances_"))


def _refuse_unknown(estimator: Any) -> None:
    """Refuse all at once what is not read."""
    unknown = [
        UnsupportedOperator(operator=class_of(part), node="a step", reason="", alternative=_SHOWN[not is_head])
        for part, is_head in _leaves(estimator)
        if class_of(part) not in (_HEADS if is_head else STEPS)
    ]
    if unknown:
        raise UnsupportedNetworkError(f"not supported: {'; '.join(map(str, unknown))}", unsupported=tuple(unknown))


def _leaves(estimator: Any) -> Iterator[tuple[Any, bool]]:
    """What an estimator is made of, and whether it is the head of a network."""
    kind = class_of(estimator)
    if kind == "Pipeline":
        *before, last = steps_of(estimator)
        for step in before:
            yield from ((leaf, False) for leaf in leaves_of_step(step))
        yield from _leaves(last)
    elif kind in _SEARCHES:
        yield from _leaves(_best(estimator))
    elif kind == "TransformedTargetRegressor":
        yield from _leaves(attribute(estimator, "regressor_"))
        yield from ((leaf, False) for leaf in leaves_of_step(attribute(estimator, "transformer_")))
    elif kind in _MANY:
        for part in attribute(estimator, "estimators_"):
            yield from _leaves(part)
    else:
        yield estimator, True
