"""Make docs/study-local-maps.md: the tables of two papers on local linear maps, remade on scikit-learn's digits.

    python docs/studies/local_maps.py > docs/study-local-maps.md

To see that it runs, with other numbers: `--kinds dense --seeds 2 --epochs 1 --k 1 --images 200`.

Five networks of each kind are trained with fixed seeds. It takes some minutes on two cores, and needs the extra `test`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

import relureg
from relureg import maps

SEEDS = 5
EPOCHS = 30
K = (1, 10, 100, 1000)
TEXT = Path(__file__).with_name("local_maps.md")

KINDS: dict[str, Callable[[], nn.Sequential]] = {
    "dense": lambda: nn.Sequential(
        nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10)
    ),
    "wide": lambda: nn.Sequential(
        nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10)
    ),
    "conv": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 32), nn.ReLU(),
        nn.Linear(32, 10),
    ),
}  # fmt: skip


def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """1,297 training and 500 test images of 8 x 8 with values from 0 to 1, and their labels."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.data))
    points, labels = data.data[order] / 16.0, data.target[order]
    return points[:-500], labels[:-500], points[-500:], labels[-500:]


def train(kind: str, seed: int, points: np.ndarray, labels: np.ndarray, epochs: int) -> relureg.Network:
    """A network of that kind, trained by Adam on the cross-entropy."""
    torch.manual_seed(seed)
    module = KINDS[kind]()
    inputs, targets = torch.tensor(points, dtype=torch.float32), torch.tensor(labels)
    optimiser = torch.optim.Adam(module.parameters(), lr=2e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(inputs)).split(64):
            optimiser.zero_grad()
            nn.functional.cross_entropy(module(inputs[batch]), targets[batch]).backward()
            optimiser.step()
    return relureg.from_torch(module.eval(), (64,), name=f"{kind}-{seed}")


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (header, *rows)]
    lines.insert(1, "| --- " + "| ---: " * (lines[0].count("|") - 2) + "|")
    return "\n".join(lines)


def percent(values: Iterable[float]) -> str:
    """Mean and standard deviation over the seeds, in percent."""
    array = 100 * np.array(list(values))
    return f"{array.mean():.1f} ± {array.std():.1f}"


def main() -> None:
    options = _options()
    k = tuple(map(int, options.k.split(",")))
    torch.set_num_threads(1)  # small layers gain nothing from more
    begun = time.monotonic()
    X, y, X_test, y_test = digits()
    X, y = X[: options.images], y[: options.images]
    networks = {
        kind: [train(kind, seed, X, y, options.epochs) for seed in range(options.seeds)]
        for kind in options.kinds.split(",")
    }
    say("trained", begun)
    tables = {"regions": [], "agreement": [], "angles": [], "stages": [], "clusters": []}
    checks = []
    for kind, members in networks.items():
        numbers = {"train": [], "maps": [], "both": [], "shared": []}
        shares = {"same": [], "own": [], "extracted": []}
        angles, merged, clusters = [], [], []
        for network in members:
            both = maps.local_maps(network, np.concatenate([X, X_test]))
            train_regions, test_regions = both.regions.region[: len(X)], both.regions.region[len(X) :]
            numbers["train"].append(len(np.unique(train_regions)))
            numbers["both"].append(both.regions.num_regions)
            numbers["maps"].append(both.num_maps)
            numbers["shared"].append(int(np.isin(test_regions, train_regions).sum()))
            function = maps.extract(network, X)
            checks.append(maps.check_agreement(network, function, X))
            given, extracted = network(X_test).argmax(axis=1), function.predict(X_test)
            shares["same"].append((given == extracted).mean())
            shares["own"].append((given == y_test).mean())
            shares["extracted"].append((extracted == y_test).mean())
            angles.append(maps.compare_coefficients(network, function, X_test))
            merged.append(maps.agreement_by_stage(network, X, X_test, y_test))
            clusters.append(maps.cluster_maps(network, X, X_test, y_test, k=k))
            say(network.name, begun)
        tables["regions"].append([kind, *(f"{min(n):,} to {max(n):,}" for n in numbers.values())])
        tables["agreement"].append([kind, *(percent(share) for share in shares.values())])
        for name, which in (("same", True), ("another", False)):
            chosen = [np.flatnonzero(found.agree == which) for found in angles]
            angle = np.concatenate([found.angle[rows] for found, rows in zip(angles, chosen, strict=True)])
            far = np.concatenate([found.distance[rows] for found, rows in zip(angles, chosen, strict=True)])
            shown = [f"{np.median(angle):.0f}°", f"{np.median(far):.2f}"] if len(angle) else ["-", "-"]
            tables["angles"].append([kind, name, f"{len(angle):,}", *shown])
        for level, stages in enumerate(zip(*merged, strict=True)):
            row = [percent(stage.agreement for stage in stages), percent(stage.accuracy for stage in stages)]
            tables["stages"].append([kind, stage_name(members[0], level), *row])
        tables["clusters"].append([kind, percent(shares["own"]), *(
            percent(found[place].accuracy for found in clusters) for place in range(len(k))
        )])  # fmt: skip
    related = relate(networks, X, X_test, y_test)
    say("related", begun)
    deviation = max(check.largest_deviation for check in checks)
    print(TEXT.read_text(encoding="utf-8").format(
        regions=table(["network", "regions of 1,297 training images", "regions of all 1,797 images",
                       "affine maps of all", "test images in a training region"], reorder(tables["regions"])),
        agreement=table(["network", "N and N^(X) agree", "accuracy of N", "accuracy of N^(X)"], tables["agreement"]),
        angles=table(["network", "class by N^(X)", "test images", "angle", "distance"], tables["angles"]),
        stages=table(["network", "merged down to", "agreement with N", "accuracy"], tables["stages"]),
        clusters=table(["network", "original", *(f"k = {number}" for number in k)], tables["clusters"]),
        related=table(["from", *(f"to {kind}" for kind in networks)], related),
        passed=sum(check.passed for check in checks), count=len(checks), deviation=f"{deviation:.1e}",
    ), end="")  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", default=",".join(KINDS), help="of network")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="networks of each kind, at least 2")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--images", type=int, help="for training, all unless said")
    parser.add_argument("--k", default=",".join(map(str, K)), help="numbers of clusters")
    return parser.parse_args()


def reorder(rows: list[list[str]]) -> list[list[str]]:
    return [[kind, own, both, affine, shared] for kind, own, affine, both, shared in rows]


def stage_name(network: relureg.Network, level: int) -> str:
    """The stage merged at a level, by its place and kind."""
    if not level:
        return "output"
    number = len(network.stages) + 1 - level
    return f"stage {number} ({network.stages[number - 1].kind.value}, {network.widths[number - 1]} units)"


def relate(
    networks: dict[str, list[relureg.Network]], X: np.ndarray, X_test: np.ndarray, y_test: np.ndarray
) -> list[list[str]]:
    """Accuracy after least-squares maps from each kind to each kind, always to another seed."""
    rows = []
    for kind, members in networks.items():
        cells = []
        for other in networks.values():
            pairs = ((first, other[(seed + 1) % len(other)]) for seed, first in enumerate(members))
            cells.append(percent(maps.relate_maps(a, b, X, X_test, y_test).accuracy for a, b in pairs))
        rows.append([kind, *cells])
    return rows


def say(what: str, begun: float) -> None:
    print(f"{time.monotonic() - begun:6.0f} s   {what}", file=sys.stderr)


if __name__ == "__main__":
    main()
