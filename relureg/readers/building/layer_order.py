"""The order of layers, as far as names prove it: numbers as in a sequence of modules, and words for first and last."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from relureg.readers.building.layer_tree import Layer, Node, Orientation, dotted, listed


class NoOrderError(Exception):
    """Names give no order; says why."""


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
NUMBER = re.compile(r"(.*?)[_-]?(\d+)")
"""A name, and the number at its end."""


def ordered(node: Node) -> list[Layer]:
    """The layers below a node, in order; raises `NoOrderError`."""
    if node.layer is not None:
        if node.children:
            raise NoOrderError(f"{dotted(node.path) or 'the top'} is a layer and holds others")
        return [node.layer]
    children = {name: child for name, child in node.children.items() if child.layers()}
    if len(children) == 1:
        return ordered(next(iter(children.values())))
    families: dict[str, dict[int, str]] = {}
    words = []
    for name in children:
        match = NUMBER.fullmatch(name)
        if match is None:
            words.append(name)
        elif families.setdefault(match[1].lower(), {}).setdefault(int(match[2]), name) != name:
            raise NoOrderError(f"{name} has the number of another layer")
    for word in list(words):  # Keras and Haiku call the first layer dense, the next one dense_1
        if word.lower() in families and 0 not in families[word.lower()] and _is_automatic(children[word]):
            families[word.lower()][0] = word
            words.remove(word)
    first = [word for word in words if word.lower() in _FIRST]
    last = [word for word in words if word.lower() in _LAST]
    others = [word for word in words if word not in first + last]
    if len(first) > 1 or len(last) > 1 or len(others) + len(families) > 1:
        raise NoOrderError(f"{listed(list(children))} stand side by side")
    middle = others or [name for family in families.values() for _, name in sorted(family.items())]
    for stem, family in families.items():
        parent = node.path[-1].lower() if node.path else ""
        is_whole = _ends_with(stem, _SIDE_BY_SIDE) or _ends_with(stem, _MANY)
        if is_whole or (not stem and _ends_with(parent, _MANY)):
            raise NoOrderError(f"{listed(middle)} may stand side by side")
        _check_steps(sorted(family), middle)
    in_order = [*first, *middle, *last]
    for name in in_order:
        if name not in others and len(children[name].layers()) > 1:
            raise NoOrderError(f"{dotted(children[name].path)} is a block of several layers")
    return [layer for name in in_order for layer in ordered(children[name])]


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
        raise NoOrderError(
            f"{listed(names)} follow each other here and not there, so that not every layer has an activation after it"
        )


def _is_automatic(node: Node) -> bool:
    return all(layer.orientation in (Orientation.INPUTS, Orientation.UNKNOWN) for layer in node.layers())
