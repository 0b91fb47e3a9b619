"""ONNX convolutions and poolings."""

from __future__ import annotations

from collections.abc import Sequence

from relureg.network.affine_forms import AffineTensor
from relureg.network.onnx_call import Call, Value, operator
from relureg.network.windows import Windows, average, convolve, convolve_transposed, seen_by_windows


@operator("Conv", layer=True)
def _conv(call: Call) -> Value:
    x, weight = call.tensor(0), call.constant(1, "the weight")
    kernel = _kernel(call, weight)
    windows = _windows(call, kernel, x.shape[2:])
    return _with_bias(call, convolve(x, weight, windows, groups=call.integer("group", 1)))


@operator("ConvTranspose", layer=True)
def _conv_transpose(call: Call) -> Value:
    x, weight = call.tensor(0), call.constant(1, "the weight")
    kernel = _kernel(call, weight)
    space = x.shape[2:]
    rank = len(kernel)
    if len(space) != rank:
        raise ValueError(f"a kernel of {rank} dimensions does not fit a tensor of shape {list(x.shape)}")
    strides, dilations = call.ints("strides", [1] * rank), call.ints("dilations", [1] * rank)
    extra = call.ints("output_padding", [0] * rank)
    pads = call.ints("pads", [0] * 2 * rank)
    full = [s * (n - 1) + e + d * (k - 1) + 1 for s, n, e, d, k in
            zip(strides, space, extra, dilations, kernel, strict=True)]  # fmt: skip
    auto = call.text("auto_pad", "NOTSET")
    if "output_shape" in call.attributes or auto.startswith("SAME"):
        wanted = call.ints("output_shape", [n * s for n, s in zip(space, strides, strict=True)])[-rank:]
        totals = [max(f - w, 0) for f, w in zip(full, wanted, strict=True)]
        # ONNX puts the odd one behind for SAME_UPPER, and in front for everything else.
        before = [t // 2 if auto == "SAME_UPPER" else t - t // 2 for t in totals]
        output = wanted
    else:
        before, after = pads[:rank], pads[rank:]
        output = [f - b - a for f, b, a in zip(full, before, after, strict=True)]
    windows = Windows(
        kernel=kernel, strides=tuple(strides), dilations=tuple(dilations), before=tuple(before), after=(0,) * rank
    )
    return _with_bias(call, convolve_transposed(x, weight, windows, groups=call.integer("group", 1), output=output))


@operator("AveragePool")
def _average_pool(call: Call) -> Value:
    x = call.tensor(0)
    windows = _windows(call, call.ints("kernel_shape"), x.shape[2:])
    return average(x, windows, count_padding=bool(call.integer("count_include_pad", 0)))


@operator("MaxPool", kink=True)
def _max_pool(call: Call) -> Value:
    x = call.tensor(0)
    windows = _windows(call, call.ints("kernel_shape"), x.shape[2:])
    seen, shape = seen_by_windows(x, windows)
    return call.builder.maximum_over(x, seen, shape, call.label)


def _windows(call: Call, kernel: Sequence[int], space: Sequence[int]) -> Windows:
    rank = len(kernel)
    if len(space) != rank:
        raise ValueError(f"a kernel of {rank} dimensions does not fit {len(space)} axes after batch and channels")
    strides, dilations = call.ints("strides", [1] * rank), call.ints("dilations", [1] * rank)
    pads = call.ints("pads", [0] * 2 * rank)
    before, after = pads[:rank], pads[rank:]
    auto = call.text("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        # As many windows as strides fit in, and the padding that this takes; the odd one behind or in front.
        totals = [max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0) for n, s, d, k in
                  zip(space, strides, dilations, kernel, strict=True)]  # fmt: skip
        smaller, larger = [t // 2 for t in totals], [t - t // 2 for t in totals]
        before, after = (smaller, larger) if auto == "SAME_UPPER" else (larger, smaller)
    elif auto == "VALID":
        before = after = [0] * rank
    elif auto != "NOTSET":
        raise ValueError(f"auto_pad {auto!r} is not known")
    return Windows(
        kernel=tuple(kernel), strides=tuple(strides), dilations=tuple(dilations), before=tuple(before),
        after=tuple(after), ceil_mode=bool(call.integer("ceil_mode", 0)),
    )  # fmt: skip


def _kernel(call: Call, weight: AffineTensor) -> tuple[int, ...]:
    kernel = weight.shape[2:]
    if len(weight.shape) < 3 or tuple(call.ints("kernel_shape", list(kernel))) != kernel:
        raise ValueError(f"a weight of shape {list(weight.shape)} does not fit the kernel")
    return kernel


def _with_bias(call: Call, result: AffineTensor) -> AffineTensor:
    if not call.has(2):
        return result
    bias = call.tensor(2)
    if bias.shape != result.shape[1:2]:
        raise ValueError(f"a bias of shape {list(bias.shape)} does not fit {result.shape[1]} channels")
    return result + bias.reshape((*bias.shape, *([1] * (len(result.shape) - 2))))
