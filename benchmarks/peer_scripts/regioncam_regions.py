"""regioncam: faces of the plane inside a square, in float32."""

from typing import Any

import numpy as np
import regioncam
from protocol import serve

Layers = list[tuple[np.ndarray, np.ndarray]]


def load(request: dict[str, Any]) -> tuple[float, Layers]:
    hidden = zip(request["weights"][:-1], request["biases"][:-1], strict=True)
    # regioncam multiplies from the left: x @ weight + bias
    layers = [(np.array(w, dtype=np.float32).T.copy(), np.array(b, dtype=np.float32)) for w, b in hidden]
    return request["box"], layers


def count(prepared: tuple[float, Layers]) -> regioncam.Regioncam:
    half, layers = prepared
    camera = regioncam.Regioncam(size=half)
    for weight, bias in layers:
        camera.linear(weight, bias)
        camera.relu()
    return camera


def describe(found: regioncam.Regioncam) -> dict[str, Any]:
    return {
        "regions": found.num_faces,
        "facets": sum(not edge.is_image_boundary for edge in found.edges),
        "note": f"smallest face {min(face.area for face in found.faces):.1e}",
    }


if __name__ == "__main__":
    serve("regioncam", load, count, describe)
