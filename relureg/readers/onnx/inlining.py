"""ONNX graphs inside a graph: local functions, and the branches of an `If` whose condition is constant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from graphlib import CycleError, TopologicalSorter
from typing import Any

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.readers.onnx.unsupported import full_type, label

_Key = tuple[str, str, str]
"""Domain, name and overload of a function."""

MAX_BRANCHES = 1000
"""Most `If` of a graph that are resolved, one after the other."""


def with_functions_inlined(model: Any, max_nodes: int) -> Any:
    """The model with its own functions written out, as the inliner of the onnx package does.

    Raises
    ------
    MalformedNetworkError
        A function calls itself, or the inliner finds that a call does not fit.
    UnsupportedNetworkError
        Written out, the graph has more than `max_nodes` nodes.
    """
    if not model.functions:
        return model
    import onnx.inliner

    _check_expansion(model, max_nodes)
    try:
        return onnx.inliner.inline_local_functions(_with_defaults(model))
    except UnsupportedNetworkError:
        raise
    except Exception as error:  # of a compiled library, which raises what it likes
        raise MalformedNetworkError(f"its local functions cannot be inlined: {error}") from error


def _check_expansion(model: Any, max_nodes: int) -> None:
    """Functions that call functions twice each make a graph that no memory holds: count before writing out."""
    from onnx import defs

    functions = {_named(function): function for function in model.functions}
    hidden = next((name for domain, name, _ in functions if not domain and defs.has(name)), None)
    if hidden is not None:
        raise UnsupportedNetworkError(
            f"its local function {hidden!r} has the name of an operator; runtimes differ on it"
        )
    calls = {key: [_called(node) for node in _all_nodes(function.node)]
             for key, function in functions.items()}  # fmt: skip
    try:
        order = list(TopologicalSorter({k: [c for c in called if c in functions] for k, called in calls.items()})
                     .static_order())  # fmt: skip
    except CycleError as error:
        raise MalformedNetworkError(f"the local function {error.args[1][0][1]!r} calls itself") from error
    sizes: dict[_Key, int] = {}
    for key in order:
        sizes[key] = sum(sizes.get(called, 1) for called in calls[key])
    total = sum(sizes.get(_called(node), 1) for node in _all_nodes(model.graph.node))
    if total > max_nodes:
        raise UnsupportedNetworkError(
            f"with its local functions written out the graph has {total:,} nodes; at most {max_nodes:,} are read"
        )


def _with_defaults(model: Any) -> Any:
    """The model whose calls give every attribute that has a default: the inliner leaves these out."""
    functions = {_named(function): function for function in model.functions}
    whole = type(model)()
    whole.CopyFrom(model)
    for body in (whole.graph, *whole.functions):
        for call in _all_nodes(body.node):
            function = functions.get(_called(call))
            if function is None:
                continue
            given = {attribute.name for attribute in call.attribute}
            call.attribute.extend(default for default in function.attribute_proto if default.name not in given)
            missing = set(function.attribute) - given
            handed_on = {a.ref_attr_name for node in _all_nodes(function.node) for a in node.attribute
                         if _called(node) in functions}  # fmt: skip
            if not missing.isdisjoint(handed_on):
                raise UnsupportedNetworkError(
                    f"a call gives no value to {min(missing & handed_on)!r}, which the local function "
                    f"{function.name!r} hands on; export with a value",
                    where=label(call),
                )
    return whole


def _named(function: Any) -> _Key:
    return "" if function.domain == "ai.onnx" else function.domain, function.name, function.overload


def _called(node: Any) -> _Key:
    """The local function that a node calls, if there is one of this name."""
    return "" if node.domain == "ai.onnx" else node.domain, node.op_type, node.overload


def _all_nodes(nodes: Iterable[Any]) -> Iterable[Any]:
    """Nodes, and those of the graphs in their attributes."""
    for node in nodes:
        yield node
        for graph in _graphs_in(node):
            yield from _all_nodes(graph.node)


def _graphs_in(node: Any) -> list[Any]:
    return [graph for attribute in node.attribute
            for graph in ([attribute.g] if attribute.HasField("g") else list(attribute.graphs))]  # fmt: skip


def with_branches_taken(graph: Any, next_branch: Callable[[Any], tuple[Any, bool] | None]) -> Any:
    """The graph with each `If` replaced by the nodes of the branch that its condition takes.

    Parameters
    ----------
    graph : onnx.GraphProto
    next_branch : callable
        Given the graph as far as it is resolved, an `If` of constant condition and that condition; None when
        there is no more.
    """
    resolved = graph
    for number in range(MAX_BRANCHES):
        found = next_branch(resolved)
        if found is None:
            return resolved
        if resolved is graph:
            resolved = type(graph)()
            resolved.CopyFrom(graph)
        _take_branch(resolved, *found, f"branch {number + 1}: ")
    raise UnsupportedNetworkError(f"the graph has more than {MAX_BRANCHES:,} nodes If, the most that are read")


def _take_branch(graph: Any, node: Any, condition: bool, prefix: str) -> None:
    """Replace one `If` by the nodes of a branch; its names get a prefix, for the other one may use them too."""
    from onnx import helper

    wanted = "then_branch" if condition else "else_branch"
    branch = next((a.g for a in node.attribute if a.name == wanted and a.HasField("g")), None)
    if branch is None or len(branch.output) < len(node.output) or branch.input:
        raise MalformedNetworkError(
            f"its {wanted} is missing or does not fit", where=f"{full_type(node)} ({label(node)})"
        )
    if branch.sparse_initializer:
        raise UnsupportedNetworkError("sparse initialisers are not read; export with dense weights")
    own = {tensor.name for tensor in branch.initializer} | {name for inner in branch.node for name in inner.output}
    names = {name: prefix + name for name in own if name}
    at = next(place for place, other in enumerate(graph.node) if other.output[:] == node.output[:])
    kept = [*graph.node[:at], *(_renamed(inner, names) for inner in branch.node)]
    kept += [helper.make_node("Identity", [names.get(value.name, value.name)], [name])
             for value, name in zip(branch.output, node.output, strict=False) if name]  # fmt: skip
    kept += graph.node[at + 1 :]
    constants = [type(tensor).FromString(tensor.SerializeToString()) for tensor in branch.initializer]
    for tensor in constants:
        tensor.name = names[tensor.name]
    del graph.node[:]
    graph.node.extend(kept)
    graph.initializer.extend(constants)


def _renamed(node: Any, names: dict[str, str]) -> Any:
    """A copy of a node that uses other names, in the graphs of its attributes too."""
    copy = type(node)()
    copy.CopyFrom(node)
    copy.input[:] = [names.get(name, name) for name in node.input]
    copy.output[:] = [names.get(name, name) for name in node.output]
    for graph in _graphs_in(copy):
        hidden = {value.name for value in (*graph.input, *graph.initializer)}
        hidden |= {name for inner in graph.node for name in inner.output}
        outer = {old: new for old, new in names.items() if old not in hidden}
        inner_nodes = [_renamed(inner, outer) for inner in graph.node]
        del graph.node[:]
        graph.node.extend(inner_nodes)
        for value in graph.output:
            value.name = outer.get(value.name, value.name)
    return copy
