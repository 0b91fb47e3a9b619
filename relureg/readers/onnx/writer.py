"""Writing a network as an ONNX model: Gemm and Relu, exact unless the caller asks for rounding."""

from __future__ import annotations

import numpy as np

from relureg.errors import UnsupportedNetworkError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT
from relureg.network.model import Network
from relureg.network.rounding import Dtype


def write(network: Network, *, dtype: Dtype | None = None) -> bytes:
    """The network as an ONNX model: Gemm and Relu, in float32 or float64.

    Parameters
    ----------
    network : Network
    dtype : {"float32", "float64"}, optional
        By default float32 where that is exact, else float64.

    Raises
    ------
    UnsupportedNetworkError
        A parameter is no number of that type, so that the file would be another network.
    """
    from onnx import TensorProto, helper

    forms = [stage.pre_activation for stage in network.stages] + [network.output]
    matrices = [matrix for form in forms for matrix in (form.constant, *form.terms.values())]
    if dtype is None:
        dtype = "float32" if all(matrix.is_exact_as(np.float32) for matrix in matrices) else "float64"
    single = dtype == "float32"
    kind = TensorProto.FLOAT if single else TensorProto.DOUBLE
    if not all(matrix.is_exact_as(np.float32 if single else np.float64) for matrix in matrices):
        raise UnsupportedNetworkError(
            f"a parameter is no {dtype}; "
            + ("write float64, JSON, or allow rounding" if single else "write JSON, or allow rounding")
        )
    nodes, initializers = [], []

    def constant(label: str, matrix: RationalMatrix, shape: tuple[int, ...]) -> str:
        values = matrix.floats.reshape(shape).astype(np.float32 if single else np.float64)
        initializers.append(helper.make_tensor(label, kind, shape, values.tobytes(), raw=True))
        return label

    names = {INPUT: "x"}
    sizes = [network.input_dim, *network.widths]
    for number, form in enumerate(forms, start=1):
        is_output = number == len(forms)
        value = constant(f"b{number}", form.constant, (1, form.size))
        # The source just before is named even with zero weights: readers leave out what nothing needs.
        before = {number - 1: RationalMatrix.zeros(form.size, sizes[number - 1])}
        for source, matrix in (before | dict(form.terms)).items():
            weight = constant(f"w{number}_{source}", matrix, matrix.shape)
            total = f"z{number}_{source}"
            nodes.append(helper.make_node("Gemm", [names[source], weight, value], [total], transB=1))
            value = total
        names[number] = "y" if is_output else f"h{number}"
        nodes.append(helper.make_node("Identity" if is_output else "Relu", [value], [names[number]]))
    graph = helper.make_graph(
        nodes,
        network.name,
        [helper.make_tensor_value_info("x", kind, ["batch", network.input_dim])],
        [helper.make_tensor_value_info("y", kind, ["batch", network.output_dim])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="relureg")
    return bytes(model.SerializeToString())
