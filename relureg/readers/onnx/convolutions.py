"""ONNX convolutions and poolings."""

from __future__ import annotations

from collections.abc import Sequence

from relureg.network.affine_forms import AffineTensor
from relureg.readers.building.windows import Windows, add_bias, average, convolve, convolve_transposed, seen_by_windows
from relureg.readers.onnx.call import Call, Value, operator


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
    extra, pads = call.ints("output_padding", [0] * rank), _pads(call, rank)
    if any(not 0 <= e < s for e, s in zip(extra, strides, strict=True)):
        raise ValueError(f"an output_padding of {extra} is not below the strides {strides}")
    full = [s * (n - 1) + e + d * (k - 1) + 1 for s, n, e, d, k in
            zip(strides, space, extra, dilations, kernel, strict=True)]  # fmt: skip
    auto = call.text("auto_pad", "NOTSET")
    if "output_shape" in call.attributes or auto.startswith("SAME"):
        wanted = call.ints("output_shape", [n * s for n, s in zip(space, strides, strict=True)])[-rank:]
        totals = [f - w for f, w in zip(full, wanted, strict=True)]
        if min(totals) < 0:
            raise ValueError(
                f"an output of {wanted} is larger than the {full} that the windows reach, and runtimes do not agree on "
                "what is there; export with explicit pads"
            )
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
    windows = _pooled(call, x)
    return average(x, windows, count_padding=bool(call.integer("count_include_pad", 0)))


@operator("MaxPool", kink=True)
def _max_pool(call: Call) -> Value:
    x = call.tensor(0)
    windows = _pooled(call, x)
    seen, shape = seen_by_windows(x, windows)
    return call.builder.maximum_over(x, seen, shape, call.label)


def _pooled(call: Call, x: AffineTensor) -> Windows:
    """The windows of a pooling; refused where runtimes differ from the operator's text, or from each other."""
    kernel, rank = call.ints("kernel_shape"), len(x.shape) - 2
    windows = _windows(call, kernel, x.shape[2:], least=0)
    if call.text("auto_pad", "NOTSET").startswith("SAME") and windows.extent != tuple(kernel):
        raise ValueError("of auto_pad with dilations runtimes make different pads; export with explicit pads")
    if any(pad >= k for pad, k in zip(windows.before + windows.after, kernel * 2, strict=True)):
        raise ValueError(f"pads as large as the kernel {kernel} are not read, nor are they by runtimes")
    if rank < 1:
        raise ValueError(f"a tensor of shape {list(x.shape)} has no axes after batch and channels")
    return windows


def _windows(call: Call, kernel: Sequence[int], space: Sequence[int], *, least: int = -1) -> Windows:
    """The windows of a kernel; SAME is refused where it takes a padding below `least`."""
    rank = len(kernel)
    if len(space) != rank:
        raise ValueError(f"a kernel of {rank} dimensions does not fit {len(space)} axes after batch and channels")
    strides, dilations = call.ints("strides", [1] * rank), call.ints("dilations", [1] * rank)
    pads = _pads(call, rank)
    before, after = pads[:rank], pads[rank:]
    auto = call.text("auto_pad", "NOTSET")
    if auto.startswith("SAME"):
        # As many windows as strides fit in, and the padding that this takes; the odd one behind or in front.
        needed = [(-(-n // s) - 1) * s + d * (k - 1) + 1 - n for n, s, d, k in
                  zip(space, strides, dilations, kernel, strict=True)]  # fmt: skip
        # Some runtimes put half of a negative padding in front, which is nothing if it is -1; poolings fail on it.
        if min(needed, default=0) < least:
            raise ValueError(
                "of auto_pad with a kernel below the stride runtimes make different pads; export with explicit pads"
            )
        totals = [max(total, 0) for total in needed]
        smaller, larger = [t // 2 for t in totals], [t - t // 2 for t in totals]
        before, after = (smaller, larger) if auto == "SAME_UPPER" else (larger, smaller)
    return Windows(
        kernel=tuple(kernel), strides=tuple(strides), dilations=tuple(dilations), before=tuple(before),
        after=tuple(after), ceil_mode=bool(call.integer("ceil_mode", 0)),
    )  # fmt: skip


def _pads(call: Call, rank: int) -> list[int]:
    """The explicit pads; none where auto_pad says otherwise."""
    auto = call.text("auto_pad", "NOTSET")
    if auto not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise ValueError(f"auto_pad {auto!r} is not known")
    pads = call.ints("pads", [0] * 2 * rank) if auto == "NOTSET" else [0] * 2 * rank
    if len(pads) != 2 * rank:
        raise ValueError(f"{len(pads)} pads do not fit {rank} dimensions")
    return pads


def _kernel(call: Call, weight: AffineTensor) -> tuple[int, ...]:
    kernel = weight.shape[2:]
    if len(weight.shape) < 3 or tuple(call.ints("kernel_shape", list(kernel))) != kernel:
        raise ValueError(f"a weight of shape {list(weight.shape)} does not fit the kernel")
    return kernel


def _with_bias(call: Call, result: AffineTensor) -> AffineTensor:
    return add_bias(result, call.tensor(2)) if call.has(2) else result
