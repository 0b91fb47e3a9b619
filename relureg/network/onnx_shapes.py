"""ONNX operators that move entries, and the arithmetic of shapes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from relureg.network.affine_forms import AffineForm, AffineTensor, check_size, concatenate
from relureg.network.onnx_call import Call, Value, operator, places, positions, take
from relureg.network.rational import RationalMatrix


@operator("Flatten")
def _flatten(call: Call) -> Value:
    return flat(call.tensor(0), call.integer("axis", 1))


def flat(value: AffineTensor, axis: int) -> AffineTensor:
    """The tensor as a matrix whose rows are the axes before `axis`."""
    rank = len(value.shape)
    if not -rank <= axis <= rank:
        raise ValueError(f"axis {axis} is none of the {rank} axes of shape {list(value.shape)}")
    rows = math.prod(value.shape[: axis if axis >= 0 else axis + rank])
    return value.reshape((rows, value.form.size // rows if rows else 0))


@operator("Reshape")
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


@operator("Transpose")
def _transpose(call: Call) -> Value:
    value = call.any(0)
    rank = len(value.shape)
    axes = call.ints("perm", list(range(rank))[::-1])
    if sorted(axes) != list(range(rank)):
        raise ValueError(f"perm {axes} does not order the {rank} axes")
    return value.transpose(axes)


@operator("Squeeze")
def _squeeze(call: Call) -> Value:
    value = call.any(0)
    axes = call.listed("axes", 1)
    ones = [i for i, size in enumerate(value.shape) if size == 1]
    gone = ones if axes is None else places(axes, len(value.shape))
    if any(value.shape[axis] != 1 for axis in gone):
        raise ValueError(f"axes {sorted(gone)} of shape {list(value.shape)} are not all of size 1")
    return value.reshape([size for axis, size in enumerate(value.shape) if axis not in gone])


@operator("Unsqueeze")
def _unsqueeze(call: Call) -> Value:
    value = call.any(0)
    axes = call.listed("axes", 1) or []
    rank = len(value.shape) + len(axes)
    new = places(axes, rank)
    old = iter(value.shape)
    return value.reshape([1 if axis in new else next(old) for axis in range(rank)])


@operator("Concat")
def _concat(call: Call) -> Value:
    values = [call.any(position) for position in range(len(call.inputs))]
    axis = call.axis(len(values[0].shape), 1)
    if all(isinstance(value, np.ndarray) for value in values):
        return np.concatenate([np.asarray(value) for value in values], axis=axis)
    return concatenate(call.tensors(), axis)


@operator("Split")
def _split(call: Call) -> list[Value]:
    value = call.any(0)
    axis = call.axis(len(value.shape), 0)
    parts = call.listed("split", 1)
    if parts is None:
        number = call.integer("num_outputs", call.num_outputs)
        if number < 1:
            raise ValueError("it splits into no part")
        length = -(-value.shape[axis] // number)
        parts = [min(length, max(value.shape[axis] - length * i, 0)) for i in range(number)]
    if min(parts, default=0) < 0 or sum(parts) != value.shape[axis]:
        raise ValueError(f"the parts {parts} do not make up {value.shape[axis]} entries")
    pieces = np.split(positions(value), np.cumsum(parts)[:-1], axis=axis)
    return [take(value, piece) for piece in pieces]


@operator("Slice")
def _slice(call: Call) -> Value:
    value = call.any(0)
    starts, ends = call.listed("starts", 1), call.listed("ends", 2)
    if starts is None or ends is None or len(starts) != len(ends):
        raise ValueError("starts and ends are missing or of different lengths")
    axes, steps = call.listed("axes", 3), call.integers(4) if call.has(4) else [1] * len(starts)
    axes = places(list(range(len(starts))) if axes is None else axes, len(value.shape))
    if len(axes) != len(starts) or len(steps) != len(starts) or 0 in steps:
        raise ValueError("axes or steps do not fit the starts")
    cut = [slice(None)] * len(value.shape)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = value.shape[axis]
        # Python's slices but for one thing: an end before the first entry means "through it", going backwards.
        cut[axis] = slice(start if start >= -size else (0 if step > 0 else -size - 1), end if end >= -size
                          else (0 if step > 0 else None), step)  # fmt: skip
    return take(value, positions(value)[tuple(cut)])


@operator("Gather")
def _gather(call: Call) -> Value:
    value, index = call.any(0), call.any(1)
    if isinstance(index, AffineTensor):
        raise ValueError("the indices are not constant integers")
    axis = call.axis(len(value.shape), 0)
    size = value.shape[axis]
    if index.size and (index.min() < -size or index.max() >= size):
        raise ValueError(f"an index is beyond the {size} entries of axis {axis}")
    check_size((*value.shape[:axis], *index.shape, *value.shape[axis + 1 :]))
    return take(value, np.take(positions(value), index, axis=axis))


@operator("Expand")
def _expand(call: Call) -> Value:
    value = call.any(0)
    shape = np.broadcast_shapes(tuple(value.shape), tuple(_shape(call.integers(1))))
    check_size(shape)
    return take(value, np.broadcast_to(positions(value), shape))


@operator("Tile")
def _tile(call: Call) -> Value:
    value, repeats = call.any(0), _shape(call.integers(1))
    if len(repeats) != len(value.shape):
        raise ValueError(f"{len(repeats)} repeats do not fit {len(value.shape)} axes")
    check_size([size * repeat for size, repeat in zip(value.shape, repeats, strict=True)])
    return take(value, np.tile(positions(value), repeats))


_PAD_MODES: dict[str, Any] = {"constant": "constant", "reflect": "reflect", "edge": "edge", "wrap": "wrap"}


@operator("Pad")
def _pad(call: Call) -> Value:
    x = call.tensor(0)
    rank = len(x.shape)
    pads = call.listed("paddings" if "paddings" in call.attributes else "pads", 1)
    axes = places(call.integers(3), rank) if call.has(3) else list(range(rank))
    if pads is None or len(pads) != 2 * len(axes):
        raise ValueError("the pads do not fit the axes")
    mode = _PAD_MODES.get(call.text("mode", "constant"))
    if mode is None:
        raise ValueError(f"the mode {call.text('mode', '')!r} is not read; constant, reflect, edge and wrap are")
    fill = call.constant(2, "the filling").reshape((1,)) if call.has(2) else _one_number(call)
    around = {axis: (pads[i], pads[i + len(axes)]) for i, axis in enumerate(axes)}
    return pad(x, [around.get(axis, (0, 0)) for axis in range(rank)], mode=mode, fill=fill)


def pad(x: AffineTensor, around: list[tuple[int, int]], *, mode: Any, fill: AffineTensor) -> AffineTensor:
    """The tensor with entries put before and behind each axis; a negative number takes some away."""
    check_size([max(size, size + a + b) for size, (a, b) in zip(x.shape, around, strict=True)])
    index = x.positions()[tuple(slice(max(-a, 0), size - max(-b, 0)) for size, (a, b) in
                                zip(x.shape, around, strict=True))]  # fmt: skip
    widths = [(max(a, 0), max(b, 0)) for a, b in around]
    if mode != "constant":
        return x.take(np.pad(index, widths, mode=mode))
    whole = concatenate([x.flattened(), fill], 0)
    return whole.take(np.pad(index, widths, constant_values=x.form.size))


def _one_number(call: Call) -> AffineTensor:
    column = RationalMatrix.from_fractions([[call.number_attribute("value", 0.0)]], 1)
    return AffineTensor(shape=(1,), form=AffineForm.of_constant(column))


# -- the arithmetic of shapes --------------------------------------------------------------------------


@operator("Shape")
def _shape_of(call: Call) -> Value:
    shape = list(call.any(0).shape)
    end = call.integer("end", len(shape))
    return np.array(shape[call.integer("start", 0) : end], dtype=np.int64)


@operator("Size")
def _size(call: Call) -> Value:
    return np.array(math.prod(call.any(0).shape), dtype=np.int64)


@operator("ConstantOfShape")
def _constant_of_shape(call: Call) -> Value:
    shape = _shape(call.integers(0))
    check_size(shape)
    value = call.attributes.get("value")
    if value is None:
        return AffineTensor.of_array(np.zeros(shape))
    return take(value.reshape((1,)), np.zeros(shape, dtype=np.intp))


@operator("Range")
def _range(call: Call) -> Value:
    (start,), (limit,), (step,) = (call.integers(position) for position in range(3))
    if not step:
        raise ValueError("a range with step 0")
    check_size((len(range(start, limit, step)),))
    return np.arange(start, limit, step, dtype=np.int64)


@operator("Mod")
def _mod(call: Call) -> Value:
    left, right = (np.array(call.integers(i)).reshape(call.any(i).shape) for i in (0, 1))
    if not right.all():
        raise ValueError("a division by zero")
    check_size(np.broadcast_shapes(left.shape, right.shape))
    return np.asarray(left % right, dtype=np.int64)


@operator("Equal")
def _equal(call: Call) -> Value:
    left, right = (np.array(call.integers(i)).reshape(call.any(i).shape) for i in (0, 1))
    check_size(np.broadcast_shapes(left.shape, right.shape))
    return np.asarray(left == right, dtype=np.int64)


@operator("Where")
def _where(call: Call) -> Value:
    condition = np.array(call.integers(0), dtype=np.bool_).reshape(call.any(0).shape)
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
