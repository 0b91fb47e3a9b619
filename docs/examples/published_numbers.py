"""Make docs/published-numbers.md: a published table of region counts and diameters beside exact values.

    python docs/examples/published_numbers.py --seed 1 --minutes 20

One hidden layer is counted exactly, and agrees with a closed form. Deeper networks are trained here, five for each row
(see train_blobs.py), because the weights behind the published table are not available. Rows are done in the order of
their size; a row that does not fit into the time is left out, and the page says so. `--only 2,1,4` does the rows of one
shape (inputs, layers, width), and `-o FILE` writes the page there instead of into `docs/`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from train_blobs import train

import relureg
from relureg.families.arrangements import generic_regions

PAGE = Path(__file__).parents[1] / "published-numbers.md"
BEGIN, END = "<!-- begin: made by docs/examples/published_numbers.py -->", "<!-- end -->"
TRIALS = 5
LARGEST_GRAPH = 150_000
"""Most regions for which a diameter is computed."""

# Gaines and Bi 2026, Table 3: mean number of regions by (d, depth), for widths 4, 8 and 16.
PRINTED = {
    (2, 1): ("11", "37", "137"),
    (3, 1): ("15", "93", "696.80"),
    (4, 1): ("16", "163", "2517"),
    (5, 1): ("16", "219", "6884.87"),
    (2, 2): ("30.8", "135.2", "541.2"),
    (2, 3): ("58.2", "275.2", "1141.2"),
    (2, 4): ("87.8", "497.2", "2128.4"),
    (3, 2): ("62", "710", "5628"),
    (3, 3): ("118.8", "1806.8", "2.00e4"),
    (3, 4): ("291.4", "4073", "5.49e4"),
    (4, 2): ("72.6", "2244.8", "4.22e4"),
    (4, 3): ("227.6", "9340.8", "2.23e5"),
    (4, 4): ("448", "3.58e4", "6.24e5"),
    (5, 2): ("89.5", "5802.6", "2.69e5"),
    (5, 3): ("389.6", "3.66e4", "1.78e6"),
    (5, 4): ("1206.7", "1.82e5", "5.03e6"),
}
# The same table, "diameter" of one hidden layer: the middle of two heuristic bounds.
PRINTED_DIAMETER = {
    2: ("4.5", "9.1", "19.2"),
    3: ("5", "10.1", "21.8"),
    4: ("5.5", "10.6", "22.5"),
    5: ("5.5", "10.75", "23.17"),
}
WIDTHS = (4, 8, 16)


@dataclass(frozen=True)
class Row:
    """Five networks of one shape."""

    dim: int
    depth: int
    width: int
    regions: list[int]
    untrained: list[int]
    """Regions of the same networks before training."""
    degrees: list[float]
    diameters: list[int]
    """Empty where the graph is too large."""


def measure(dim: int, depth: int, width: int, seed: int, deadline: float) -> Row | None:
    """Train, count and (where feasible) find the diameter; None when the time is over."""
    row = Row(dim, depth, width, [], [], [], [])
    for trial in range(TRIALS):
        network, _ = train([dim] + [width] * depth, 1000 * seed + trial)
        start, _ = train([dim] + [width] * depth, 1000 * seed + trial, steps=0)
        count, before = (_count(net, deadline) for net in (network, start))
        if count is None or before is None or count.num_facets is None:
            return None
        row.untrained.append(before.num_regions)
        row.regions.append(count.num_regions)
        row.degrees.append(2 * count.num_facets / count.num_regions)
        if count.num_regions <= LARGEST_GRAPH:
            row.diameters.append(relureg.enumerate_regions(network).graph.diameter)
    return row


def _count(network: relureg.Network, deadline: float) -> relureg.RegionCount | None:
    left = deadline - time.monotonic()
    if left <= 0:
        return None
    found = relureg.count_regions(network, timeout=left)
    return found if found.complete else None


def page(rows: list[Row], missing: list[tuple[int, int, int]], seed: int, minutes: float) -> str:
    """The two tables as Markdown."""
    flat = [row for row in rows if row.depth == 1]
    lines = [
        "### One hidden layer",
        "",
        "| d | width | regions, printed | regions, exact | closed form S(n, d) | diameter, printed | diameter, exact |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in flat:
        column = WIDTHS.index(row.width)
        lines.append(
            f"| {row.dim} | {row.width} | {PRINTED[row.dim, 1][column]} | {_only(row.regions)} | "
            f"{generic_regions(row.width, row.dim)} | {PRINTED_DIAMETER[row.dim][column]} | {_only(row.diameters)} |"
        )
    lines += [
        "",
        "### Deeper networks",
        "",
        "| d | layers | width | regions, printed mean | regions, trained here | before training | average degree "
        "| diameter |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        if row.depth > 1:
            printed = PRINTED[row.dim, row.depth][WIDTHS.index(row.width)]
            diameter = _spread(row.diameters) if len(row.diameters) == TRIALS else "not computed"
            lines.append(
                f"| {row.dim} | {row.depth} | {row.width} | {printed} | {_spread(row.regions)} | "
                f"{_spread(row.untrained)} | {statistics.mean(row.degrees):.3f} | {diameter} |"
            )
    shapes = ", ".join(f"d = {d} with {depth} layers of {width}" for d, depth, width in missing)
    lines += [
        "",
        f"Made with `--seed {seed} --minutes {minutes:g}`. "
        + (f"Left out for want of time: {shapes}." if missing else "No row was left out.")
        + f" Diameters were computed where all {TRIALS} networks have at most {LARGEST_GRAPH:,} regions.",
    ]
    return "\n".join(lines)


def _only(values: list[int]) -> str:
    """The value that all trials share, or all of them."""
    return str(values[0]) if len(set(values)) == 1 else ", ".join(map(str, values))


def _spread(values: list[int]) -> str:
    return f"{statistics.mean(values):,.1f} ± {statistics.stdev(values):,.1f}"


def main() -> None:
    """Measure every row in the order of size, and write the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--only", metavar="D,LAYERS,WIDTH", help="one shape alone")
    parser.add_argument("-o", "--output", type=Path, default=PAGE, help="the page with the tables")
    arguments = parser.parse_args()
    deadline = time.monotonic() + 60 * arguments.minutes
    shapes = [(d, depth, width) for d in (2, 3, 4, 5) for depth in (1, 2, 3, 4) for width in WIDTHS]
    if arguments.only:
        shapes = [tuple(map(int, arguments.only.split(",")))]
    rows, missing = [], []
    for shape in sorted(shapes, key=lambda s: float(PRINTED[s[0], s[1]][WIDTHS.index(s[2])])):
        row = measure(*shape, arguments.seed, deadline)
        print(shape, "left out" if row is None else f"{statistics.mean(row.regions):,.1f} regions", flush=True)
        if row is None:
            missing.append(shape)
        else:
            rows.append(row)
    rows.sort(key=lambda row: (row.dim, row.depth, row.width))
    text = PAGE.read_text(encoding="utf-8")
    head, tail = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    arguments.output.write_text(
        f"{head}\n\n{page(rows, missing, arguments.seed, arguments.minutes)}\n\n{tail}", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
