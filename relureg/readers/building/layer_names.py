"""Which arrays of a file are the layers of one perceptron, and in which order: what names prove, and nothing more.

A name is a path whose last part says what an array is, a weight or a bias. Numbers in paths give the order, as they do
in a sequence of modules; words give one only where they say first or last. Paths that branch are listed, and the user
says which one is meant.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from relureg.errors import UnsupportedNetworkError, UsageError
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
class Problem:
    """An array that is no part of a linear layer."""

    name: str
    path: Path
    reason: str
    is_loose: bool = False
    """Whether it need not belong to a network at all."""


@dataclass(slots=True)
class _Node:
    """Everything below one path."""

    path: Path
    children: dict[str, _Node] = field(default_factory=dict)
    layer: Layer | None = None
    problems: list[Problem] = field(default_factory=list)

    def below(self) -> Iterable[_Node]:
        yield self
        for child in self.children.values():
            yield from child.below()

    def layers(self) -> list[Layer]:
        return [node.layer for node in self.below() if node.layer is not None]

    def all_problems(self) -> list[Problem]:
        return [problem for node in self.below() for problem in node.problems]


class _NoOrderError(Exception):
    """Names give no order; says why."""


def choose_layers(arrays: Mapping[str, StoredArray], prefix: str | None = None) -> list[Layer]:
    """The layers of one perceptron, in order.

    Parameters
    ----------
    arrays : mapping
        Name -> array.
    prefix : str, optional
        Only what lies under this path; several paths, separated by commas, are read one after the other.

    Raises
    ------
    UnsupportedNetworkError
        Names branch, give no order, or something else than linear layers is among them; says what can be chosen.
    UsageError
        Nothing lies under the prefix.
    """
    root = _tree(arrays)
    if prefix is None:
        return _layers_of(_trimmed(root), root)
    return [layer for part in prefix.split(",") for layer in _layers_of(_trimmed(_find(root, part)), root)]


# -- what a name says ----------------------------------------------------------------------------------

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
_ALONE = "is a bias without a weight"
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


def _tree(arrays: Mapping[str, StoredArray]) -> _Node:
    root = _Node(())
    for name, array in arrays.items():
        parts = split_name(name)
        path, kind, orientation = _kind(parts)
        node = root
        for length, part in enumerate(path, start=1):
            node = node.children.setdefault(part, _Node(path[:length]))
        reason = _what_it_is(parts, kind, array)
        if kind is None or reason:
            is_loose = kind is None and not _framework_reason(parts)
            node.problems.append(Problem(name, path, reason, is_loose=is_loose))
            continue
        node.layer = node.layer or Layer(path)
        if (node.layer.weight if kind == "weight" else node.layer.bias) is not None:
            node.problems.append(Problem(name, path, f"is a second {kind} of one layer"))
        elif kind == "weight":
            node.layer.weight, node.layer.name, node.layer.orientation = array, name, orientation
        else:
            node.layer.bias, node.layer.name = array, node.layer.name or name
    for node in list(root.below()):
        if node.layer is not None and node.layer.weight is None:
            node.problems.append(Problem(node.layer.name, node.path, _ALONE))
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


# -- the order -----------------------------------------------------------------------------------------

_FIRST = {"in", "input", "inp", "fc_in", "linear_in", "lin_in", "input_layer", "in_layer", "layer_in", "input_fc",
          "first", "first_layer", "fc_input", "linear_input", "in_proj", "input_proj"}  # fmt: skip
_LAST = {"out", "output", "fc_out", "linear_out", "lin_out", "output_layer", "out_layer", "layer_out", "output_fc",
         "last", "last_layer", "final", "final_layer", "fc_output", "linear_output", "head", "classifier", "fc_final",
         "logits", "out_proj", "output_proj", "regressor", "readout", "predictions", "predict", "prediction",
         "fc_last"}  # fmt: skip
_SIDE_BY_SIDE = {"actor", "agent", "branch", "critic", "expert", "head", "learner", "member", "model", "net",
                 "network", "policy", "q", "qf", "q_net", "q_network", "tower", "value", "vf", "v", "estimator",
                 "ensemble", "target", "encoder", "decoder", "mu", "sigma", "mean", "std", "logvar",
                 "task", "particle", "classifier", "discriminator", "generator", "output", "out"}  # fmt: skip
"""Names of whole networks or of outputs: what is numbered after them stands side by side."""
_MANY = {*(f"{name}s" for name in _SIDE_BY_SIDE), "branches", "ensemble", "policies", "qs", "mlps", "nns", "subnets",
         "subnetworks", "funcs", "functions", "logits"}  # fmt: skip
_NUMBER = re.compile(r"(.*?)[_-]?(\d+)")


def _ordered(node: _Node) -> list[Layer]:
    """The layers below a node, in order; raises `_NoOrderError`."""
    if node.layer is not None:
        if node.children:
            raise _NoOrderError(f"{_shown(node.path) or 'the top'} is a layer and holds others")
        return [node.layer]
    children = {name: child for name, child in node.children.items() if child.layers()}
    if len(children) == 1:
        return _ordered(next(iter(children.values())))
    families: dict[str, dict[int, str]] = {}
    words = []
    for name in children:
        match = _NUMBER.fullmatch(name)
        if match is None:
            words.append(name)
        elif families.setdefault(match[1].lower(), {}).setdefault(int(match[2]), name) != name:
            raise _NoOrderError(f"{name} has the number of another layer")
    for word in list(words):  # Keras and Haiku call the first layer dense, the next one dense_1
        if word.lower() in families and 0 not in families[word.lower()] and _is_automatic(children[word]):
            families[word.lower()][0] = word
            words.remove(word)
    first = [word for word in words if word.lower() in _FIRST]
    last = [word for word in words if word.lower() in _LAST]
    others = [word for word in words if word not in first + last]
    if len(first) > 1 or len(last) > 1 or len(others) + len(families) > 1:
        raise _NoOrderError(f"{_listed(list(children))} stand side by side")
    middle = others or [name for family in families.values() for _, name in sorted(family.items())]
    for stem, family in families.items():
        parent = node.path[-1].lower() if node.path else ""
        is_whole = _ends_with(stem, _SIDE_BY_SIDE) or _ends_with(stem, _MANY)
        if is_whole or (not stem and _ends_with(parent, _MANY)):
            raise _NoOrderError(f"{_listed(middle)} may stand side by side")
        _check_steps(sorted(family), middle)
    in_order = [*first, *middle, *last]
    for name in in_order:
        if name not in others and len(children[name].layers()) > 1:
            raise _NoOrderError(f"{_shown(children[name].path)} is a block of several layers")
    return [layer for name in in_order for layer in _ordered(children[name])]


def _ends_with(name: str, words: set[str]) -> bool:
    """Whether a name is one of the words, or ends with one: ``output_heads``."""
    return name in words or name.rpartition("_")[2] in words


def _check_steps(numbers: Sequence[int], names: Sequence[str]) -> None:
    """Raise where some numbers follow each other and others do not.

    In a sequence of modules what lies between two layers has a number too: 0, 2, 4 are layers with an activation after
    each. 0, 1, 3 are two layers without one between them, or a list that is used otherwise.
    """
    steps = {b - a for a, b in itertools.pairwise(numbers)}
    if 1 in steps and len(steps) > 1:
        raise _NoOrderError(
            f"{_listed(names)} follow each other here and not there, so that not every layer has an activation after it"
        )


def _is_automatic(node: _Node) -> bool:
    return all(layer.orientation in (Orientation.INPUTS, Orientation.UNKNOWN) for layer in node.layers())


# -- choosing ------------------------------------------------------------------------------------------


def _trimmed(node: _Node) -> _Node:
    """Down through the parts that all names share."""
    while node.layer is None and len(node.children) == 1 and not node.problems:
        (node,) = node.children.values()
    return node


def _find(root: _Node, prefix: str) -> _Node:
    wanted = split_name(prefix.strip())
    starts = [_trimmed(root), *root.below()]
    for start in starts:
        node: _Node | None = start
        for part in wanted:
            node = node.children.get(part) if node is not None else None
        if node is not None and wanted:
            return node
    raise UsageError(f"nothing in the file is called {prefix.strip()!r}; {_choices(root)}", where="--prefix")


def _layers_of(node: _Node, root: _Node) -> list[Layer]:
    problems = sorted(node.all_problems(), key=_rank)
    if problems:
        more = f" (and {len(problems) - 1} more such)" if len(problems) > 1 else ""
        raise UnsupportedNetworkError(f"{problems[0].name!r} {problems[0].reason}{more}; {_choices(node)}")
    if not node.layers():
        raise UnsupportedNetworkError(f"it holds no weight of a linear layer; {_choices(root)}")
    try:
        return _ordered(node)
    except _NoOrderError as error:
        raise UnsupportedNetworkError(f"the names give no order of layers: {error}; {_choices(node)}") from error


def _rank(problem: Problem) -> int:
    """What says most about a file comes first."""
    return 2 if problem.is_loose else 1 if problem.reason == _ALONE else 0


def _choices(node: _Node) -> str:
    """What can be asked for instead."""
    found = list(_chains(node))
    if any(not problem.is_loose for problem in node.all_problems()):
        # The layers beside a normalisation are no networks of their own.
        found = [(path, sizes) for path, sizes in found if len(sizes) > 2]
    if len(found) == 1 and found[0][0] == node.path:
        return f"it is one network ({' - '.join(map(str, found[0][1]))}); leave the prefix out"
    if not found:
        return "make the module, load the file into it, and give it to relureg.from_torch(module, input_shape)"
    shown = [f"{_shown(path)} ({' - '.join(map(str, sizes))})" for path, sizes in found]
    several = f", or several in their order with --prefix {','.join(_shown(p) for p, _ in found[:2])}" * (
        len(found) > 1
    )
    name = _shown(found[0][0])
    return (
        f'there are {_listed(shown)}; choose with --prefix {name} (prefix="{name}" in Python){several}. '
        "For anything else give the module to relureg.from_torch"
    )


def _chains(node: _Node) -> Iterable[tuple[Path, list[int]]]:
    """The largest parts that have an order of their own, with the sizes of their layers."""
    if node.layers() and not node.all_problems():
        try:
            layers = _ordered(node)
        except _NoOrderError:
            pass
        else:
            yield node.path, _sizes(layers)
            return
    stems = [_natural(name)[0] for name in node.children]
    for _, child in sorted(
        node.children.items(), key=lambda item: (stems.index(_natural(item[0])[0]), _natural(item[0])[1])
    ):
        yield from _chains(child)


def _natural(name: str) -> tuple[str, int]:
    """A name without its number, and the number."""
    match = _NUMBER.fullmatch(name)
    return (name, 0) if match is None else (match[1], int(match[2]))


def _sizes(layers: Sequence[Layer]) -> list[int]:
    shapes = [layer.weight.shape for layer in layers if layer.weight is not None]
    if all(layer.orientation is Orientation.INPUTS for layer in layers):
        shapes = [shape[::-1] for shape in shapes]
    return [shapes[0][1], *(shape[0] for shape in shapes)]


def _shown(path: Path) -> str:
    return ".".join(path)


def _listed(names: Sequence[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
