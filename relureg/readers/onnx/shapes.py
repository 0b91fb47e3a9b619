"""ONNX operators that move entries, and the arithmetic of shapes."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from relureg.exact.numbers import as_fraction
from relureg.network.affine_forms import AffineTensor, check_size, concatenate
from relureg.readers.building.tensors import pad, padded
from relureg.readers.onnx.call import Call, Value, exactly, one_number, operator, places, positions, take


@operator("Flatten", moves=True)
def _flatten(call: Call) -> Value:
    return flat(call.any(0), call.integer("axis", 1))


def flat(value: Value, axis: int) -> Value:
    """The tensor as a matrix whose rows are the axes before `axis`."""
    rank = len(value.shape)
    if not -rank <= axis <= rank:
        raise ValueError(f"axis {axis} is none of the {rank} axes of shape {list(value.shape)}")
    rows = math.prod(value.shape[: axis if axis >= 0 else axis + rank])
    return value.reshape((rows, math.prod(value.shape) // rows if rows else 0))


@operator("Reshape", moves=True)
def _reshape(call: Call) -> Value:
    value = call.any(0)
    asked = call.listed("shape", 1)
    if asked is None:
        raise ValueError("the shape is missing")
    target = list(asked)
    if not call.integer("allowzero", 0):
        for i, size in enumerate(asked):
            if size == 0 and i < len(value.shape):
                target[i] = value.shape[i]
    size = math.prod(value.shape)
    if target.count(-1) == 1:
        known = -math.prod(target)
        target[target.index(-1)] = size // known if known > 0 else 0
    if min(target, default=1) < 0 or math.prod(target) != size:
        raise ValueError(f"{size} entries do not fill shape {asked}")
    return value.reshape(target)


@operator("Transpose", moves=True)
def _transpose(call: Call) -> Value:
    value = call.any(0)
    rank = len(value.shape)
    axes = call.ints("perm", list(range(rank))[::-1])
    if sorted(axes) != list(range(rank)):
        raise ValueError(f"perm {axes} does not order the {rank} axes")
    return value.transpose(axes)


@operator("Squeeze", moves=True)
def _squeeze(call: Call) -> Value:
    value = call.any(0)
    axes = call.listed("axes", 1)
    if axes is not None and not axes:
        raise ValueError("an empty list of axes, which runtimes take for all axes of size 1; name them or leave it out")
    ones = [i for i, size in enumerate(value.shape) if size == 1]
    gone = ones if axes is None else places(axes, len(value.shape))
    if any(value.shape[axis] != 1 for axis in gone):
        raise ValueError(f"axes {sorted(gone)} of shape {list(value.shape)} are not all of size 1")
    return value.reshape([size for axis, size in enumerate(value.shape) if axis not in gone])


@operator("Unsqueeze", moves=True)
def _unsqueeze(call: Call) -> Value:
    value = call.any(0)
    axes = call.listed("axes", 1) or []
    rank = len(value.shape) + len(axes)
    new = places(axes, rank)
    old = iter(value.shape)
    return value.reshape([1 if axis in new else next(old) for axis in range(rank)])


@operator("Concat", moves=True)
def _concat(call: Call) -> Value:
    values = [call.any(position) for position in range(len(call.inputs))]
    axis = call.axis(len(values[0].shape), 1 if call.version == 1 else None)
    if all(isinstance(value, np.ndarray) for value in values):
        return np.concatenate([np.asarray(value) for value in values], axis=axis)
    return concatenate(call.tensors(), axis)


@operator("Split", moves=True)
def _split(call: Call) -> list[Value]:
    value = call.any(0)
    axis = call.axis(len(value.shape), 0)
    parts = call.listed("split", 1)
    if parts is None:
        number = call.integer("num_outputs", call.num_outputs)
        if number != call.num_outputs or (call.version < 18 and value.shape[axis] % number):
            raise ValueError(f"{value.shape[axis]} entries are not split into {call.num_outputs} outputs")
        length = -(-value.shape[axis] // number)
        parts = [min(length, max(value.shape[axis] - length * i, 0)) for i in range(number)]
    if min(parts, default=0) < 0 or sum(parts) != value.shape[axis]:
        raise ValueError(f"the parts {parts} do not make up {value.shape[axis]} entries")
    pieces = np.split(positions(value), np.cumsum(parts)[:-1], axis=axis)
    return [take(value, piece) for piece in pieces]


@operator("Slice", moves=True)
def _slice(call: Call) -> Value:
    value = call.any(0)
    starts, ends = call.listed("starts", 1), call.listed("ends", 2)
    if starts is None or ends is None or len(starts) != len(ends):
        raise ValueError("starts and ends are missing or of different lengths")
    axes, steps = call.listed("axes", 3), call.integers(4) if call.has(4) else [1] * len(starts)
    axes = places(list(range(len(starts))) if axes is None else axes, len(value.shape))
    if len(axes) != len(starts) or len(steps) != len(starts) or 0 in steps:
        raise ValueError("axes or steps do not fit the starts")
    kept = [np.arange(size) for size in value.shape]
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = value.shape[axis]
        # Counted from the front, then clamped: to what a step forwards, or backwards, can begin at and stop before.
        low, high = (0, size) if step > 0 else (-1, size - 1)
        first, last = (min(max(place + size if place < 0 else place, bound), high)
                       for place, bound in ((start, max(low, 0)), (end, low)))  # fmt: skip
        kept[axis] = np.array(range(first, last, step), dtype=np.intp)
    return take(value, positions(value)[np.ix_(*kept)])


@operator("Gather", moves=True)
def _gather(call: Call) -> Value:
    value, index = call.any(0), call.any(1)
    if isinstance(index, AffineTensor) or index.dtype.kind not in "iu":
        raise ValueError("the indices are not constant integers")
    axis = call.axis(len(value.shape), 0)
    size = value.shape[axis]
    if index.size and (index.min() < -size or index.max() >= size):
        raise ValueError(f"an index is beyond the {size} entries of axis {axis}")
    check_size((*value.shape[:axis], *index.shape, *value.shape[axis + 1 :]))
    return take(value, np.take(positions(value), index, axis=axis))


@operator("ai.onnx.ml.ArrayFeatureExtractor", moves=True)
def _array_feature_extractor(call: Call) -> Value:
    value, chosen = call.any(0), call.integers(1)
    size = value.shape[-1] if value.shape else 0
    if not chosen or min(chosen) < 0 or max(chosen) >= size:
        raise ValueError(f"an index is beyond the {size} features")
    rows = value if len(value.shape) > 1 else value.reshape((1, size))
    return take(rows, positions(rows)[..., chosen])


@operator("Expand", moves=True)
def _expand(call: Call) -> Value:
    value = call.any(0)
    shape = np.broadcast_shapes(tuple(value.shape), tuple(_shape(call.integers(1))))
    check_size(shape)
    return take(value, np.broadcast_to(positions(value), shape))


@operator("Tile", moves=True)
def _tile(call: Call) -> Value:
    value, repeats = call.any(0), _shape(call.integers(1))
    if call.version < 6:
        raise ValueError("it has the form of operator set 1, which is not read; export with a newer one")
    if len(repeats) != len(value.shape):
        raise ValueError(f"{len(repeats)} repeats do not fit {len(value.shape)} axes")
    check_size([size * repeat for size, repeat in zip(value.shape, repeats, strict=True)])
    return take(value, np.tile(positions(value), repeats))


_PAD_MODES: dict[str, Any] = {"constant": "constant", "reflect": "reflect", "edge": "edge", "wrap": "wrap"}


@operator("Pad", moves=True)
def _pad(call: Call) -> Value:
    x = call.any(0)
    rank = len(x.shape)
    pads = call.listed("paddings" if "paddings" in call.attributes else "pads", 1)
    axes = places(call.integers(3), rank) if call.has(3) else list(range(rank))
    if pads is None or len(pads) != 2 * len(axes):
        raise ValueError("the pads do not fit the axes")
    mode = _PAD_MODES.get(call.text("mode", "constant"))
    if mode is None:
        raise ValueError(f"the mode {call.text('mode', '')!r} is not read; constant, reflect, edge and wrap are")
    around = {axis: (pads[i], pads[i + len(axes)]) for i, axis in enumerate(axes)}
    around_each = [around.get(axis, (0, 0)) for axis in range(rank)]
    fill = call.any(2) if call.has(2) else one_number(as_fraction(call.attributes.get("value", 0.0)))
    if isinstance(x, AffineTensor):
        filling = fill if isinstance(fill, AffineTensor) else call.tensor(2)
        if not filling.is_constant:
            raise ValueError("the filling depends on the input")
        return pad(x, around_each, mode=mode, fill=filling.reshape((1,)))
    whole = np.append(x.reshape(-1), fill.reshape(-1)[:1] if isinstance(fill, np.ndarray) else np.zeros(1, x.dtype))
    return whole.astype(x.dtype)[padded(positions(x), around_each, mode=mode, fill=x.size)]


# -- the arithmetic of shapes --------------------------------------------------------------------------


@operator("Shape", moves=True)
def _shape_of(call: Call) -> Value:
    shape = list(call.any(0).shape)
    end = call.integer("end", len(shape))
    return np.array(shape[call.integer("start", 0) : end], dtype=np.int64)


@operator("Size", moves=True)
def _size(call: Call) -> Value:
    return np.array(math.prod(call.any(0).shape), dtype=np.int64)


@operator("ConstantOfShape", moves=True)
def _constant_of_shape(call: Call) -> Value:
    shape = _shape(call.integers(0))
    check_size(shape)
    value = call.attributes.get("value", one_number(Fraction(0)))
    return take(value.reshape((1,)), np.zeros(shape, dtype=np.intp))


@operator("Range", moves=True)
def _range(call: Call) -> Value:
    values = [call.any(position) for position in range(3)]
    start, limit, step = (call.number(position, "the range") for position in range(3))
    if not step:
        raise ValueError("a range with step 0")
    number = max(math.ceil((limit - start) / step), 0)
    check_size((number,))
    first = values[0]
    if isinstance(first, AffineTensor):
        if any(value.denominator != 1 for value in (start, limit, step)):
            raise ValueError("a range of numbers that are not whole, whose rounding would decide how many there are")
        return exactly(np.array([int(start + k * step) for k in range(number)], dtype=np.int64))
    return np.array([int(start + k * step) for k in range(number)], dtype=first.dtype)


@operator("Where", moves=True)
def _where(call: Call) -> Value:
    condition = call.any(0)
    if isinstance(condition, AffineTensor) or condition.dtype.kind != "b":
        raise ValueError("the condition is not a constant of Booleans")
    yes, no = call.any(1), call.any(2)
    shape = np.broadcast_shapes(condition.shape, tuple(yes.shape), tuple(no.shape))
    check_size(shape)
    picked = [np.broadcast_to(positions(value), shape) for value in (yes, no)]
    if isinstance(yes, np.ndarray) and isinstance(no, np.ndarray):
        return np.where(condition, yes, no)
    both = concatenate([call.tensor(i).flattened() for i in (1, 2)], 0)
    return both.take(np.where(condition, picked[0], picked[1] + math.prod(yes.shape)))


def _shape(sizes: list[int]) -> list[int]:
    if min(sizes, default=0) < 0:
        raise ValueError(f"the shape {sizes} has a negative size")
    return sizes
