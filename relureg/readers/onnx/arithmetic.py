"""ONNX operators that compute: arithmetic, matrix products, sums and means, normalisation."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import reduce

import numpy as np

from relureg.network.affine_forms import AffineTensor
from relureg.readers.building.normalisation import batch_normalised
from relureg.readers.building.tensors import sum_over
from relureg.readers.onnx.call import Call, Value, operator, places
from relureg.readers.onnx.folding import quotients_of_constants


@operator("Identity", moves=True)
def _identity(call: Call) -> Value:
    return call.any(0)


@operator("Dropout", moves=True)
def _dropout(call: Call) -> Value:
    if (call.has(2) and any(call.integers(2))) or not call.integer("is_test", 1):
        raise ValueError("it is in training mode, which is random; export the network for inference")
    return call.any(0)


# -- products ------------------------------------------------------------------------------------------


@operator("Gemm", layer=True)
def _gemm(call: Call) -> Value:
    left, right = _as_matrix(call.tensor(0)), _as_matrix(call.tensor(1))
    if call.integer("transA", 0):
        left = left.transpose((1, 0))
    if call.integer("transB", 0):
        right = right.transpose((1, 0))
    product = _scaled(left.matmul(right), call.number_attribute("alpha"))
    if not call.has(2):
        return product
    return product + _scaled(call.tensor(2), call.number_attribute("beta")).broadcast_to(product.shape)


@operator("MatMul", layer=True)
def _matmul(call: Call) -> Value:
    return call.tensor(0).matmul(call.tensor(1))


@operator("Mul")
def _mul(call: Call) -> Value:
    left, right = _aligned(call)
    if right.is_constant:
        return left.multiply(right)
    if left.is_constant:
        return right.multiply(left)
    raise ValueError(
        "both factors depend on the input, and a product of two such values is not piecewise linear; "
        "no operator that is read stands for it"
    )


@operator("Div")
def _div(call: Call) -> Value:
    left, right = _aligned(call)
    if not right.is_constant:
        raise ValueError("the divisor depends on the input, which is not affine")
    if not right.form.constant.numerators.all():
        raise ValueError("a division by zero")
    if left.is_constant and len(set(right.form.constant.numerators.flat)) > 1:
        return quotients_of_constants(call, left, right)
    return left.multiply(right.reciprocal())


@operator("ai.onnx.ml.Scaler")
def _scaler(call: Call) -> Value:
    offset, scale = (AffineTensor.of_array(np.asarray(call.attributes.get(n, [d]), dtype=np.float64))
                     for n, d in (("offset", 0.0), ("scale", 1.0)))  # fmt: skip
    return (call.tensor(0) + (-offset)).multiply(scale)


@operator("ai.onnx.ml.LinearRegressor", layer=True)
def _linear_regressor(call: Call) -> Value:
    if call.text("post_transform", "NONE") != "NONE":
        raise ValueError("its post_transform is not read; NONE is")
    coefficients = np.asarray(call.attributes.get("coefficients", []), dtype=np.float64)
    rows = _as_matrix(call.tensor(0))
    targets = call.integer("targets", 1)
    if targets < 1 or coefficients.size != targets * rows.shape[-1]:
        raise ValueError(f"{coefficients.size} coefficients are given for {rows.shape[-1]} inputs, {targets} outputs")
    product = rows.matmul(AffineTensor.of_array(coefficients.reshape(targets, -1).T))
    intercepts = np.asarray(call.attributes.get("intercepts", [0.0] * targets), dtype=np.float64)
    return product + AffineTensor.of_array(intercepts).broadcast_to(product.shape)


@operator("ai.onnx.ml.Imputer", moves=True)
def _imputer(call: Call) -> Value:
    if not isinstance(call.attributes.get("replaced_value_float"), float) or not math.isnan(
        call.attributes["replaced_value_float"]
    ):
        raise ValueError("it replaces a number, where the function jumps; it is read where it replaces NaN")
    call.notices.append("Imputer: no input is missing, so that it changes nothing")
    return call.any(0)


# -- sums ----------------------------------------------------------------------------------------------


@operator("Add")
def _add(call: Call) -> Value:
    left, right = _aligned(call)
    return left + right


@operator("Sub")
def _sub(call: Call) -> Value:
    left, right = _aligned(call)
    return left + (-right)


@operator("Neg")
def _neg(call: Call) -> Value:
    return -call.tensor(0)


@operator("Sum")
def _sum(call: Call) -> Value:
    return reduce(lambda a, b: a + b, call.tensors())


@operator("Mean")
def _mean(call: Call) -> Value:
    tensors = call.tensors()
    return reduce(lambda a, b: a + b, tensors).scale_by(Fraction(1, len(tensors)))


@operator("ReduceSum")
def _reduce_sum(call: Call) -> Value:
    return _reduced(call, mean=False)


@operator("ReduceMean")
def _reduce_mean(call: Call) -> Value:
    return _reduced(call, mean=True)


@operator("GlobalAveragePool")
def _global_average_pool(call: Call) -> Value:
    x = call.tensor(0)
    return sum_over(x, list(range(2, len(x.shape))), keep=True, mean=True)


def _reduced(call: Call, *, mean: bool) -> Value:
    x = call.tensor(0)
    axes = call.listed("axes", 1)
    if axes is None or not axes:
        if call.integer("noop_with_empty_axes", 0):
            return x
        axes = list(range(len(x.shape)))
    return sum_over(x, places(axes, len(x.shape)), keep=bool(call.integer("keepdims", 1)), mean=mean)


# -- normalisation -------------------------------------------------------------------------------------


@operator("BatchNormalization")
def _batch_normalization(call: Call) -> Value:
    # Before operator set 14, more outputs than one mean training; before 7, that is so unless is_test says no.
    if call.integer("training_mode", 0) or not call.integer("is_test", 1) or any(call.outputs[1:]):
        raise ValueError("it is in training mode, which depends on the batch; export the network for inference")
    x = call.tensor(0)
    return batch_normalised(
        x,
        gamma=call.floats(1, "the scale"),
        variance=call.floats(4, "the variance"),
        epsilon=float(call.number_attribute("epsilon")),
        mean=call.constant(3, "the mean"),
        shift=call.constant(2, "the bias"),
        notices=call.notices,
        label=call.label,
    )


# -- what the functions share --------------------------------------------------------------------------


def _aligned(call: Call) -> tuple[AffineTensor, AffineTensor]:
    """Both operands; before opset 7 the second one is aligned by the attribute `axis`."""
    left, right = call.tensor(0), call.tensor(1)
    if "axis" in call.attributes and call.integer("broadcast", 0):
        trailing = len(left.shape) - call.integer("axis") % max(len(left.shape), 1) - len(right.shape)
        right = right.reshape((*right.shape, *([1] * trailing)))
    return left, right


def _as_matrix(value: AffineTensor) -> AffineTensor:
    """Gemm takes matrices; a MATLAB exporter feeds it [1, 1, 1, n], which means [1, n]."""
    if len(value.shape) < 2 or (len(value.shape) > 2 and math.prod(value.shape[:-1]) != 1):
        raise ValueError(f"a tensor of shape {list(value.shape)} is no matrix")
    return value if len(value.shape) == 2 else value.reshape((1, value.shape[-1]))


def _scaled(value: AffineTensor, factor: Fraction) -> AffineTensor:
    return value if factor == 1 else value.scale_by(factor)
