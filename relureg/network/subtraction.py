"""Two networks side by side, as one: the difference of their outputs."""

from __future__ import annotations

from relureg.errors import UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network, Stage
from relureg.words import plural


def subtract(one: Network, other: Network) -> Network:
    """The network whose output is that of `one` less that of `other`; each stage has the units of both.

    Raises
    ------
    UsageError
        Inputs or outputs differ in number.

    Examples
    --------
    >>> identity = Network.from_layers([[[1], [-1]], [[1, -1]]], [[0, 0], [0]])
    >>> subtract(identity, Network.from_layers([[[2]]], [[0]])).exact_output([3])
    (Fraction(-3, 1),)
    """
    if (one.input_dim, one.output_dim) != (other.input_dim, other.output_dim):
        raise UsageError(
            f"a network from {plural(one.input_dim, 'input')} to {plural(one.output_dim, 'output')} cannot equal one "
            f"from {other.input_dim} to {other.output_dim}"
        )
    sizes = [_sizes(one), _sizes(other)]
    stages = []
    for number in range(max(len(one.stages), len(other.stages))):
        forms = [
            _spread(network.stages[number].pre_activation, side, sizes)
            for side, network in enumerate((one, other))
            if number < len(network.stages)
        ]
        stages.append(Stage(pre_activation=AffineForm.concatenate(forms)))
    minus = RationalMatrix.identity(other.output_dim)
    return one.replace(
        name=f"{one.name} - {other.name}",
        stages=tuple(stages),
        output=_spread(one.output, 0, sizes) + _spread(other.output, 1, sizes).map(-minus),
    )


def _sizes(network: Network) -> dict[int, int]:
    return dict(enumerate(network.widths, start=1))


def _spread(form: AffineForm, side: int, sizes: list[dict[int, int]]) -> AffineForm:
    """The form of one network over sources that hold the units of both, those of the first network first."""
    terms = {}
    for source, matrix in form.terms.items():
        if source == INPUT:
            terms[source] = matrix
            continue
        blocks = [RationalMatrix.zeros(form.size, both.get(source, 0)) for both in sizes]
        blocks[side] = matrix
        terms[source] = RationalMatrix.hstack(blocks, form.size)
    return AffineForm(constant=form.constant, terms=terms)
