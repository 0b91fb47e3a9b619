"""Which arrays of a file are the layers of one perceptron, and in which order: what names prove, and nothing more.

A name is a path whose last part says what an array is, a weight or a bias. Numbers in paths give the order, as they do
in a sequence of modules; words give one only where they say first or last. Paths that branch are listed, and the user
says which one is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from relureg.errors import UnsupportedNetworkError, UsageError
from relureg.readers.building.layer_order import NUMBER, NoOrderError, ordered
from relureg.readers.building.layer_tree import (
    ALONE,
    Layer,
    Node,
    NoLayer,
    Orientation,
    Path,
    dotted,
    listed,
    split_name,
    tree_of,
)
from relureg.readers.building.stored_arrays import StoredArray


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
    root = tree_of(arrays)
    if prefix is None:
        return _layers_of(_trimmed(root), root)
    return [layer for part in prefix.split(",") for layer in _layers_of(_trimmed(_find(root, part)), root)]


def _trimmed(node: Node) -> Node:
    """Down through the parts that all names share."""
    while node.layer is None and len(node.children) == 1 and not node.problems:
        (node,) = node.children.values()
    return node


def _find(root: Node, prefix: str) -> Node:
    wanted = split_name(prefix.strip())
    starts = [_trimmed(root), *root.below()]
    for start in starts:
        node: Node | None = start
        for part in wanted:
            node = node.children.get(part) if node is not None else None
        if node is not None and wanted:
            return node
    raise UsageError(f"nothing in the file is called {prefix.strip()!r}; {_choices(root)}", where="--prefix")


def _layers_of(node: Node, root: Node) -> list[Layer]:
    problems = sorted(node.all_problems(), key=_rank)
    if problems:
        more = f" (and {len(problems) - 1} more such)" if len(problems) > 1 else ""
        raise UnsupportedNetworkError(f"{problems[0].name!r} {problems[0].reason}{more}; {_choices(node)}")
    if not node.layers():
        raise UnsupportedNetworkError(f"it holds no weight of a linear layer; {_choices(root)}")
    try:
        return ordered(node)
    except NoOrderError as error:
        raise UnsupportedNetworkError(f"the names give no order of layers: {error}; {_choices(node)}") from error


def _rank(problem: NoLayer) -> int:
    """What says most about a file comes first."""
    return 2 if problem.is_loose else 1 if problem.reason == ALONE else 0


def _choices(node: Node) -> str:
    """What can be asked for instead."""
    found = list(_chains(node))
    if any(not problem.is_loose for problem in node.all_problems()):
        # The layers beside a normalisation are no networks of their own.
        found = [(path, sizes) for path, sizes in found if len(sizes) > 2]
    if len(found) == 1 and found[0][0] == node.path:
        return f"it is one network ({' - '.join(map(str, found[0][1]))}); leave the prefix out"
    if not found:
        return "make the module, load the file into it, and give it to relureg.from_torch(module, input_shape)"
    shown = [f"{dotted(path)} ({' - '.join(map(str, sizes))})" for path, sizes in found]
    several = f", or several in their order with --prefix {','.join(dotted(p) for p, _ in found[:2])}" * (
        len(found) > 1
    )
    name = dotted(found[0][0])
    return (
        f'there are {listed(shown)}; choose with --prefix {name} (prefix="{name}" in Python){several}. '
        "For anything else give the module to relureg.from_torch"
    )


def _chains(node: Node) -> Iterable[tuple[Path, list[int]]]:
    """The largest parts that have an order of their own, with the sizes of their layers."""
    if node.layers() and not node.all_problems():
        try:
            layers = ordered(node)
        except NoOrderError:
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
    match = NUMBER.fullmatch(name)
    return (name, 0) if match is None else (match[1], int(match[2]))


def _sizes(layers: Sequence[Layer]) -> list[int]:
    shapes = [layer.weight.shape for layer in layers if layer.weight is not None]
    if all(layer.orientation is Orientation.INPUTS for layer in layers):
        shapes = [shape[::-1] for shape in shapes]
    return [shapes[0][1], *(shape[0] for shape in shapes)]
