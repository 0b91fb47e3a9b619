"""Train a small ReLU network on Gaussian blobs with NumPy, and save it for relureg.

    python docs/examples/train_blobs.py --widths 2,8,8 --seed 1 -o blobs.json
    relureg graph blobs.json

The data are those of scikit-learn's `make_blobs` at its defaults (three centres, uniform in [-10, 10]^d, deviation 1),
standardised. The network starts as PyTorch's `nn.Linear` does and learns to classify by full-batch Adam. Everything is
drawn from one seed; sums in floating point may differ in the last bit between processors.
"""

from __future__ import annotations

import argparse
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

import relureg

Array = NDArray[np.float64]

NUM_CLASSES = 3
NUM_SAMPLES = 500
STEPS = 500
LEARNING_RATE = 0.01


def blobs(rng: np.random.Generator, dim: int) -> tuple[Array, NDArray[np.int64]]:
    """Standardised points, shape (samples, dim), and their classes."""
    centres = rng.uniform(-10, 10, (NUM_CLASSES, dim))
    classes = rng.integers(NUM_CLASSES, size=NUM_SAMPLES)
    points = centres[classes] + rng.normal(size=(NUM_SAMPLES, dim))
    return (points - points.mean(axis=0)) / points.std(axis=0), classes


def train(widths: list[int], seed: int, steps: int = STEPS) -> tuple[relureg.Network, float]:
    """A trained network of widths (n_0, n_1, ..., n_L), and the share of samples that it classifies correctly.

    With no steps it is the network that training starts from.
    """
    rng = np.random.default_rng(seed)
    points, classes = blobs(rng, widths[0])
    parameters: list[Array] = []  # weight, bias, weight, bias, ...
    for fan_in, units in pairwise([*widths, NUM_CLASSES]):
        bound = 1 / np.sqrt(fan_in)
        parameters += [rng.uniform(-bound, bound, (units, fan_in)), rng.uniform(-bound, bound, units)]
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    for step in range(1, steps + 1):
        for p, m, v, g in zip(parameters, first, second, gradients(parameters, points, classes), strict=True):
            m += 0.1 * (g - m)  # Adam with beta_1 = 0.9, beta_2 = 0.999
            v += 0.001 * (g * g - v)
            p -= LEARNING_RATE * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    *_, scores = layers(parameters, points)
    accuracy = float((scores.argmax(axis=1) == classes).mean())
    # Single precision, as a framework would save them.
    rounded = [p.astype(np.float32) for p in parameters]
    name = f"blobs_{'-'.join(map(str, widths))}_seed{seed}"
    return relureg.Network.from_layers(rounded[::2], rounded[1::2], name=name), accuracy


def layers(parameters: list[Array], points: Array) -> list[Array]:
    """The points, the outputs of each hidden layer, and the scores of the classes."""
    values = [points]
    for index in range(0, len(parameters), 2):
        z = values[-1] @ parameters[index].T + parameters[index + 1]
        values.append(np.maximum(z, 0) if index + 2 < len(parameters) else z)
    return values


def gradients(parameters: list[Array], points: Array, classes: NDArray[np.int64]) -> list[Array]:
    """Of the mean cross-entropy, by backpropagation."""
    values = layers(parameters, points)
    scores = values.pop()
    chance = np.exp(scores - scores.max(axis=1, keepdims=True))
    delta = chance / chance.sum(axis=1, keepdims=True)
    delta[np.arange(len(classes)), classes] -= 1
    delta /= len(classes)
    found: list[Array] = []
    for index in reversed(range(0, len(parameters), 2)):
        inputs = values.pop()
        found = [delta.T @ inputs, delta.sum(axis=0), *found]
        delta = (delta @ parameters[index]) * (inputs > 0)
    return found


def main() -> None:
    """Train one network and save it."""
    parser = argparse.ArgumentParser(description="Train a ReLU network on Gaussian blobs.")
    parser.add_argument("--widths", required=True, help="n_0,n_1,...,n_L: inputs and hidden layers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("-o", "--output", required=True, help="a .json, .onnx or .nnet file")
    arguments = parser.parse_args()
    network, accuracy = train([int(width) for width in arguments.widths.split(",")], arguments.seed, arguments.steps)
    relureg.save(network, arguments.output)
    print(f"{network.name}: {100 * accuracy:.1f} % of the samples classified correctly")


if __name__ == "__main__":
    main()
