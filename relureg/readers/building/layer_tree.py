"""What the names of arrays say: which are the weight and the bias of a layer, and where in a tree of paths it lies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from relureg.readers.building.stored_arrays import StoredArray

Path = tuple[str, ...]


class Orientation(Enum):
    """What the rows of a weight are."""

    UNITS = "units"
    """Shape (units, inputs), as PyTorch has it."""
    EITHER = "either"
    """The same, unless only the other one fits."""
    INPUTS = "inputs"
    """Shape (inputs, units), as Keras, Flax and Haiku have it."""
    UNKNOWN = "unknown"
    """Either one, and refused where both fit."""


@dataclass(slots=True)
class Layer:
    """A weight with its bias."""

    path: Path
    name: str = ""
    """That of the weight in the file."""
    weight: StoredArray | None = None
    bias: StoredArray | None = None
    orientation: Orientation = Orientation.UNITS


@dataclass(frozen=True, slots=True)
class NoLayer:
    """An array that is no part of a linear layer."""

    name: str
    path: Path
    reason: str
    is_loose: bool = False
    """Whether it need not belong to a network at all."""


@dataclass(slots=True)
class Node:
    """Everything below one path."""

    path: Path
    children: dict[str, Node] = field(default_factory=dict)
    layer: Layer | None = None
    problems: list[NoLayer] = field(default_factory=list)

    def below(self) -> Iterable[Node]:
        yield self
        for child in self.children.values():
            yield from child.below()

    def layers(self) -> list[Layer]:
        return [node.layer for node in self.below() if node.layer is not None]

    def all_problems(self) -> list[NoLayer]:
        return [problem for node in self.below() for problem in node.problems]


_SEPARATORS = re.compile(r"[./\[\]'\"]+")
_NUMBERED_KIND = re.compile(r"(W|w|weights?|kernel|coefs|B|b|bias|biases|intercepts)_?(\d+)")
_WEIGHTS = {"weight": Orientation.UNITS, "weights": Orientation.EITHER, "Weights": Orientation.EITHER,
            "kernel": Orientation.INPUTS, "coefs": Orientation.INPUTS,
            "W": Orientation.UNKNOWN, "w": Orientation.UNKNOWN}  # fmt: skip
_BIASES = {"bias", "biases", "b", "B", "Bias", "Biases", "intercepts"}
_WRITTEN_OUT = {"weight", "weights", "kernel", "bias", "biases", "W", "w", "B", "b"}

_REASONS: tuple[tuple[str, str], ...] = (
    (r"running_(mean|var)|num_batches_tracked|moving_(mean|variance)", "of a batch normalisation, and a file of names "
     "does not say on which side of it the ReLU is"),
    (r"weight_[guv]|original[01]?|weight_orig|weight_mask|parametrizations", "of a parametrised weight; call "
     "torch.nn.utils.parametrize.remove_parametrizations(layer, 'weight'), remove_weight_norm or prune.remove, "
     "and save again"),
    (r"lora_\w+", "of a low-rank adapter; merge it into the weights (merge_and_unload) and save again"),
    (r"\w*(weight|bias)_(ih|hh)\w*", "of a recurrent layer"),
    (r"in_proj_\w+", "of an attention, which is not piecewise linear"),
    (r"gamma|beta|scale", "of a normalisation, and a file of names does not say on which side of it the ReLU is"),
)  # fmt: skip
ALONE = "is a bias without a weight"
"""Of an array that has no weight beside it."""
_LOOSE = "is no weight or bias of a linear layer"
_EMBEDDING = re.compile(r"\w*embed\w*|emb|wte|wpe", re.IGNORECASE)


def split_name(name: str) -> Path:
    """The parts of a name in the ways that frameworks write paths.

    Examples
    --------
    >>> split_name("params/Dense_0/kernel"), split_name(".layers[0].weight")
    (('params', 'Dense_0', 'kernel'), ('layers', '0', 'weight'))
    """
    whole = name.removesuffix(":0").removesuffix(".npy")
    return tuple(part for part in _SEPARATORS.split(whole) if part and part != "~")


def tree_of(arrays: Mapping[str, StoredArray]) -> Node:
    """Arrays by their paths, each as part of a layer or as what it is instead."""
    root = Node(())
    for name, array in arrays.items():
        parts = split_name(name)
        path, kind, orientation = _kind(parts)
        node = root
        for length, part in enumerate(path, start=1):
            node = node.children.setdefault(part, Node(path[:length]))
        reason = _what_it_is(parts, kind, array)
        if kind is None or reason:
            is_loose = kind is None and not _framework_reason(parts)
            node.problems.append(NoLayer(name, path, reason, is_loose=is_loose))
            continue
        node.layer = node.layer or Layer(path)
        if (node.layer.weight if kind == "weight" else node.layer.bias) is not None:
            node.problems.append(NoLayer(name, path, f"is a second {kind} of one layer"))
        elif kind == "weight":
            node.layer.weight, node.layer.name, node.layer.orientation = array, name, orientation
        else:
            node.layer.bias, node.layer.name = array, node.layer.name or name
    for node in list(root.below()):
        if node.layer is not None and node.layer.weight is None:
            node.problems.append(NoLayer(node.layer.name, node.path, ALONE))
            node.layer = None
    return root


def _kind(parts: Path) -> tuple[Path, str | None, Orientation]:
    """The path of a layer, and which of its arrays is meant."""
    if not parts:
        return (), None, Orientation.UNITS
    *before, last = parts
    above = before[-1] if before else ""
    if above == "vars" and last in ("0", "1"):  # Keras
        return tuple(before[:-1]), "weight" if last == "0" else "bias", Orientation.INPUTS
    if last in _WEIGHTS:
        return tuple(before), "weight", _WEIGHTS[last]
    if last in _BIASES:
        return tuple(before), "bias", Orientation.UNITS
    numbered = _NUMBERED_KIND.fullmatch(last)
    if numbered is None and last.isdigit() and (above in _WEIGHTS or above in _BIASES):
        before, numbered = before[:-1], re.fullmatch(r"(\w+?)_(\d+)", f"{above}_{last}")
    if numbered is not None:
        kind = "bias" if numbered[1] in _BIASES else "weight"
        orientation = Orientation.INPUTS if numbered[1] in ("kernel", "coefs") else Orientation.EITHER
        return (*before, str(int(numbered[2]))), kind, orientation
    stem, _, word = last.rpartition("_")
    if stem and word in _WRITTEN_OUT and not any(re.fullmatch(pattern, last) for pattern, _ in _REASONS):
        return _kind((*before, stem, word))  # fc1_weight: where a dot is not allowed in a name
    return tuple(before), None, Orientation.UNITS


def _what_it_is(parts: Path, kind: str | None, array: StoredArray) -> str:
    """Why an array is no weight or bias of a linear layer; empty where it is one."""
    if array.refusal:
        return f"is not read: {array.refusal}"
    if reason := _framework_reason(parts):
        return f"is {reason}"
    if kind is None:
        return _LOOSE
    if kind == "bias":
        return "" if array.size == max(array.shape, default=0) else f"is a bias of shape {list(array.shape)}"
    if any(_EMBEDDING.fullmatch(part) for part in parts[:-1]):
        return "is of an embedding"
    if len(array.shape) > 2:
        return f"has shape {list(array.shape)}: a convolution, whose strides and paddings a file of names does not say"
    if len(array.shape) < 2:
        return f"has shape {list(array.shape)}: a normalisation or a PReLU, which are no linear layers"
    return "" if array.size else f"has shape {list(array.shape)} and no entry"


def _framework_reason(parts: Path) -> str:
    """What an array of a framework's own names belongs to, where that is no linear layer."""
    return next((why for pattern, why in _REASONS if any(re.fullmatch(pattern, part) for part in parts)), "")


def dotted(path: Path) -> str:
    """A path as messages write it."""
    return ".".join(path)


def listed(names: Sequence[str], most: int = 6) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
