"""Whether a network has a property, proved, or an exact counterexample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from pathlib import Path

from relureg.arguments import checked
from relureg.behaviour.incumbent import Goal, Point
from relureg.behaviour.optima import Row
from relureg.behaviour.search import Search
from relureg.behaviour.space import Space
from relureg.engine.limits import Limits, Progress, Watch, watching
from relureg.errors import UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network
from relureg.network.specification import Condition, Specification
from relureg.readers.data_files import read_specification
from relureg.words import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """An input that violates a property."""

    point: Point
    """(d,), exactly."""
    output: Point
    """(m,), exactly: the network there."""
    case: int
    """The number of the case of the property whose conditions hold there, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a property holds."""

    specification: Specification
    counterexample: Counterexample | None
    """None: it is proved that there is none."""
    cells: int
    """How many cells the search looked at."""

    @property
    def holds(self) -> bool:
        return self.counterexample is None


@checked
def check_property(
    network: Network,
    specification: Specification | str | Path,
    *,
    timeout: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Verdict:
    """Whether a network has a property: proved, or refuted by an exact counterexample.

    Strict and other inequalities are decided as they are: ``y < 0`` is not violated by 0.

    Parameters
    ----------
    network : Network
    specification : Specification, str or Path
        A property, or a ``.vnnlib`` file that states one.
    timeout : float, optional
        Seconds.
    progress : callable, optional
        Called with a `Progress` every now and then, whose `regions` are the cells looked at so far.

    Raises
    ------
    DataError
        The file cannot be read or does not fit the network.
    UsageError
        The property is of a network of another number of inputs or outputs.
    LimitReachedError
        The time is over.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> below = Condition(inputs={}, outputs={0: Fraction(1)}, constant=Fraction(3), is_strict=False)  # y + 3 <= 0
    >>> box = [Condition(inputs={k: s}, outputs={}, constant=c, is_strict=False)
    ...        for k in (0, 1) for s, c in ((Fraction(-1), Fraction(0)), (Fraction(1), Fraction(-1)))]
    >>> asked = Specification(label="y > -3", input_dim=2, output_dim=1, cases=((*box, below),))
    >>> check_property(xor, asked).counterexample.point
    (Fraction(1, 1), Fraction(1, 1))
    """
    if not isinstance(specification, Specification):
        specification = read_specification(Path(specification), network)
    if (specification.input_dim, specification.output_dim) != (network.input_dim, network.output_dim):
        raise UsageError(
            f"the property is of {plural(specification.input_dim, 'input')} and "
            f"{plural(specification.output_dim, 'output')}, "
            f"and the network has {network.input_dim} and {network.output_dim}"
        )
    cells = 0
    with watching(Limits(timeout=timeout), progress) as watch:
        for number, case in enumerate(specification.cases):
            point, looked_at = _satisfy(network, case, watch)
            cells += looked_at
            if point is not None:
                found = Counterexample(point=point, output=network.exact_output(point), case=number)
                return Verdict(specification=specification, counterexample=found, cells=cells)
    return Verdict(specification=specification, counterexample=None, cells=cells)


def _satisfy(network: Network, case: Sequence[Condition], watch: Watch) -> tuple[Point | None, int]:
    """A point at which all conditions hold, if there is one; and how many cells were looked at."""
    d = network.input_dim
    on_inputs = [condition for condition in case if not condition.outputs]
    others = [condition for condition in case if condition.outputs]
    space = Space.of_rows([condition_row(condition, d) for condition in on_inputs], d)
    if space is None:
        return None, 0
    strict_rows = tuple(condition_row(condition, d) for condition in on_inputs if condition.is_strict)
    search = Search(
        network=network.replace(output=condition_form(network, others), outputs=()),
        space=space,
        goal=Goal(is_strict=tuple(condition.is_strict for condition in others) or (False,)),
        watch=watch,
        strict_rows=strict_rows,
    )
    found = search.run()
    return found.point, found.cells


def condition_row(condition: Condition, dim: int) -> Row:
    """The affine function of the input that is not negative where a condition on inputs alone holds."""
    entries = [-condition.constant, *(-condition.inputs.get(j, Fraction(0)) for j in range(dim))]
    scale = lcm(*(entry.denominator for entry in entries))
    return tuple(int(entry * scale) for entry in entries)


def condition_form(network: Network, conditions: Sequence[Condition]) -> AffineForm:
    """What is not negative where conditions on outputs, and maybe inputs, hold; without any the number 1."""
    if not conditions:
        return AffineForm.of_constant(RationalMatrix.identity(1))
    m, d = network.output_dim, network.input_dim
    on_outputs = [[-condition.outputs.get(k, Fraction(0)) for k in range(m)] for condition in conditions]
    on_inputs = [[-condition.inputs.get(j, Fraction(0)) for j in range(d)] for condition in conditions]
    constants = [[-condition.constant] for condition in conditions]
    return network.output.map(RationalMatrix.from_fractions(on_outputs, m)) + AffineForm(
        constant=RationalMatrix.from_fractions(constants, 1), terms={INPUT: RationalMatrix.from_fractions(on_inputs, d)}
    )
