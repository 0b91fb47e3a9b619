"""Writing a network as an ONNX model: Gemm and Relu, exact unless the caller asks for rounding."""

from __future__ import annotations

import numpy as np

from relureg.errors import UnsupportedNetworkError
from relureg.network.affine_forms import INPUT
from relureg.network.model import Network
from relureg.network.rational import RationalMatrix


def write(network: Network) -> bytes:
    """The network as an ONNX model: Gemm and Relu, float32 where that is exact, else float64.

    Raises
    ------
    UnsupportedNetworkError
        A parameter is no double, so that ONNX cannot hold it exactly.
    """
    from onnx import TensorProto, helper

    forms = [stage.pre_activation for stage in network.stages] + [network.output]
    matrices = [matrix for form in forms for matrix in (form.constant, *form.terms.values())]
    for matrix in matrices:
        if not matrix.is_exact_as(np.float64):
            raise UnsupportedNetworkError("a parameter is no double, and ONNX holds only floats; write JSON")
    single = all(matrix.is_exact_as(np.float32) for matrix in matrices)
    dtype, kind = (np.float32, TensorProto.FLOAT) if single else (np.float64, TensorProto.DOUBLE)
    nodes, initializers = [], []

    def constant(label: str, matrix: RationalMatrix, shape: tuple[int, ...]) -> str:
        values = matrix.floats.reshape(shape).astype(dtype)
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
