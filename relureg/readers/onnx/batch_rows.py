"""Whether a graph on a batch of rows is one network applied to each row, proved on its affine forms.

Two units are the same function of a row if they have the same kind and the same affine form in functions of that
row that are the same; a unit that depends on no row is a number. By induction over the stages every unit gets a
row and a function. The graph is one network on each row if every row has the same functions, each as often as the
graph on one row has it, and its outputs are those of the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from relureg.network.affine_forms import AffineForm
from relureg.network.evaluation import iter_values
from relureg.network.model import Network

_Key = tuple[Fraction, frozenset[tuple[int, Fraction]]]
"""An affine form in functions of one row: its constant, and the coefficient of each function."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """What one entry of a source is: function number `function` of row `row` (None: of no row), or a number."""

    row: int | None
    function: int
    number: Fraction | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    row: int | None
    key: _Key


def rows_are_separate(one: Network, many: Network, batch: int, *, in_order: bool) -> bool:
    """Whether `many`, read from a graph on `batch` rows, is `one`, read from it on one row, applied to each row.

    Parameters
    ----------
    one, many : Network
        With the same ports; those of `many` whose size is not that of `one` hold the rows one after the other.
    batch : int
    in_order : bool
        Whether entry j of the output of `one` must stand, row after row, in the output of `many`; if not, it is
        enough that it stands there once for each row.
    """
    if len(one.stages) != len(many.stages) or len(one.outputs) != len(many.outputs):
        return False
    functions: dict[tuple[int, object], int] = {}

    def units(stage: int, entries: list[_Entry | None]) -> list[_Unit]:
        return [_unit(entry, functions.setdefault((stage, entry.key), len(functions)), one.input_dim)
                for entry in entries if entry is not None]  # fmt: skip

    both = zip(
        iter_values(one.forms, _inputs(one, one, 1), _entries, units),
        iter_values(many.forms, _inputs(one, many, batch), _entries, units),
        strict=True,
    )
    for single, whole, entries in zip(one.stages, many.stages, both, strict=False):
        if single.kind is not whole.kind or not _same_in_each_row(*entries, batch):
            return False
    (entries,) = both
    if not in_order:
        return _same_in_each_row(*entries, batch)
    for small, large in zip(one.outputs, many.outputs, strict=True):
        if large.size != batch * small.size:
            return False
        for place in range(large.size):
            row, entry = place // small.size, entries[1][large.first + place]
            expected = entries[0][small.first + place % small.size]
            if entry is None or expected is None or entry.key != expected.key or entry.row not in (None, row):
                return False
    return True


def _inputs(one: Network, network: Network, batch: int) -> list[_Unit]:
    """The entries of the input: function j of its row is entry j of the input of one row."""
    units = []
    for small, port in zip(one.inputs, network.inputs, strict=True):
        shared = port.size != batch * small.size
        units += [_Unit(None if shared else place // small.size, small.first + place % small.size)
                  for place in range(port.size)]  # fmt: skip
    return units


def _unit(entry: _Entry, number: int, inputs: int) -> _Unit:
    constant, terms = entry.key
    # Functions of stages are numbered behind those of the input.
    return _Unit(entry.row, inputs + number, None if terms else max(constant, Fraction(0)))


def _entries(form: AffineForm, units: Mapping[int, list[_Unit]]) -> list[_Entry | None]:
    """Row and function of each entry of a form; None where it depends on several rows."""
    constants = [value for (value,) in form.constant.fractions()]
    terms: list[dict[tuple[int | None, int], Fraction]] = [{} for _ in constants]
    for source, matrix in form.terms.items():
        for i, j, numerator in zip(*(array.tolist() for array in matrix.nonzeros()), strict=True):
            unit, coefficient = units[source][j], Fraction(numerator, matrix.denominator)
            if unit.number is not None:
                constants[i] += coefficient * unit.number
            else:
                at = (unit.row, unit.function)
                terms[i][at] = terms[i].get(at, Fraction(0)) + coefficient
    found: list[_Entry | None] = []
    for constant, linear in zip(constants, terms, strict=True):
        kept = {at: coefficient for at, coefficient in linear.items() if coefficient}
        rows = {row for row, _ in kept if row is not None}
        key = constant, frozenset((function, coefficient) for (_, function), coefficient in kept.items())
        found.append(None if len(rows) > 1 else _Entry(next(iter(rows), None), key))
    return found


def _same_in_each_row(one: Sequence[_Entry | None], many: Sequence[_Entry | None], batch: int) -> bool:
    """Whether each row has the functions of the one row, as often; what no row decides may be there once for all."""
    if None in many:
        return False
    once = Counter(entry.key for entry in one if entry is not None)
    by_row: dict[int | None, Counter[_Key]] = {}
    for entry in many:
        if entry is not None:
            by_row.setdefault(entry.row, Counter())[entry.key] += 1
    shared = by_row.pop(None, Counter())
    if any(count not in (once[key], batch * once[key]) for key, count in shared.items()):
        return False
    own = Counter({key: count for key, count in once.items() if key not in shared})
    return by_row == dict.fromkeys(range(batch), own) if own else not by_row
