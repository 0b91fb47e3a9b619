"""Modules traced by torch.fx, so that what happens in place stays in place."""

from __future__ import annotations

import operator
from typing import Any

from relureg.errors import UnsupportedNetworkError
from relureg.packages import needing


def parts_of(module: Any) -> dict[str, Any]:
    return dict(module.named_modules()) | dict(module.named_parameters()) | dict(module.named_buffers()) | {
        name: value for name, value in vars(module).items() if hasattr(value, "detach")
    }  # fmt: skip


def import_torch() -> Any:
    with needing("PyTorch is not installed", "torch", "export the network to ONNX elsewhere"):
        import torch
    return torch


def trace(torch: Any, module: Any) -> tuple[Any, dict[str, Any]]:
    """The traced graph, and what its nodes name; the mode of the module is put back."""
    modes = [(part, part.training) for part in module.modules()]
    before = set(vars(module))
    try:
        for part in module.modules():  # modules of torch.export refuse eval()
            part.training = False
        graph = _tracer(torch).trace(module)
    except Exception as error:  # whatever the module's own code raises on a proxy
        raise UnsupportedNetworkError(
            f"torch.fx cannot trace {type(module).__name__}: {error}; export it to ONNX and read that file"
        ) from error
    finally:
        for part, training in modes:
            part.training = training
        # torch.fx hangs the constants that it meets on the module.
        constants = {name: vars(module).pop(name) for name in set(vars(module)) - before}
    return graph, parts_of(module) | constants


def _tracer(torch: Any) -> Any:
    """A tracer that keeps ``y += 1`` apart from ``y = y + 1``, which leaves other names of y alone."""

    class Proxy(torch.fx.Proxy):  # type: ignore[misc]
        pass

    class Tracer(torch.fx.Tracer):  # type: ignore[misc]
        def proxy(self, node: Any) -> Any:
            return Proxy(node, self)

    for name in ("iadd", "isub", "imul", "itruediv"):
        function = getattr(operator, name)
        setattr(Proxy, f"__{name}__", lambda own, other, function=function: own.tracer.create_proxy(
            "call_function", function, (own, other), {}))  # fmt: skip
    return Tracer()
