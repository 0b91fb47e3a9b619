"""The parts of scikit-learn's pipelines: what they are called, and what fitting has left in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.network.affine_forms import AffineTensor


def class_of(part: Any) -> str:
    """The name of the class of a part; with its package where that is not scikit-learn."""
    kind = type(part)
    return kind.__name__ if kind.__module__.partition(".")[0] == "sklearn" else f"{kind.__module__}.{kind.__name__}"


def attribute(part: Any, *names: str) -> Any:
    """What fitting has left in a part; of several names, the number of features that the first one there tells.

    Raises
    ------
    UnsupportedNetworkError
        The part is not fitted.
    """
    for name in names:
        found = getattr(part, name, None)
        if found is not None and len(names) > 1:
            return found if np.ndim(found) == 0 else np.shape(found)[-1]
        if found is not None:
            return found
    raise UnsupportedNetworkError(f"{class_of(part)} is not fitted; call fit first")


def array(part: Any, values: Any) -> AffineTensor:
    """Parameters of a part as a constant."""
    dense = values.toarray() if hasattr(values, "toarray") else values
    try:
        return AffineTensor.of_array(np.asarray(dense, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise MalformedNetworkError("a parameter is no finite number", where=class_of(part)) from error


def refused(step: Any, reason: str) -> UnsupportedNetworkError:
    """An error that says why a step is not read."""
    return UnsupportedNetworkError(reason, where=class_of(step))


def vector(step: Any, values: Any, value: AffineTensor) -> AffineTensor:
    """Parameters, one for each feature."""
    found = array(step, values)
    if found.shape != value.shape[1:]:
        raise MalformedNetworkError(
            f"parameters of shape {list(found.shape)} do not fit {value.shape[1]} features", where=class_of(step)
        )
    return found


def passes(step: Any) -> bool:
    """Whether a step does nothing."""
    return step is None or (isinstance(step, str) and step == "passthrough")


def is_dropped(step: Any) -> bool:
    """Whether what comes into a step is left out."""
    return isinstance(step, str) and step == "drop"
