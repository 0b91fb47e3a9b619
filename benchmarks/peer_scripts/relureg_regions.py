"""relureg in the same frame as its peers."""

from typing import Any

from protocol import serve

import relureg


def load(request: dict[str, Any]) -> tuple[relureg.Network, relureg.Domain | None]:
    network = relureg.Network.from_layers(request["weights"], request["biases"])
    half = request["box"]
    corner = [half] * network.input_dim
    return network, None if half is None else relureg.Domain.box([-value for value in corner], corner)


def count(prepared: tuple[relureg.Network, relureg.Domain | None]) -> relureg.RegionCount:
    return relureg.count_regions(*prepared, jobs=1)


def describe(found: relureg.RegionCount) -> dict[str, Any]:
    failed = [check.name for check in found.checks if check.passed is False]
    return {
        "regions": found.num_regions,
        "facets": found.num_facets,
        "note": f"checks failed: {failed}" if failed else "watertight",
    }


if __name__ == "__main__":
    serve("relureg", load, count, describe)
