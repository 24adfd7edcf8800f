"""Train the last layers so that pictures with the same label come near each other, by squared Euclidean distance.

Each label has a proxy, a vector of its own; the loss is the cross-entropy of softmax over the negative distances from a
picture to all proxies (Movshovitz-Attias and others, "No Fuss Distance Metric Learning using Proxies", 2017). Distances
are what the index ranks by, so nothing is trained here that a search does not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.console import Progress
from vision.evaluation import average_precision, precision_at_k, rank, reciprocal_rank
from vision.extractors import Extractor
from vision.extractors.tensorflow_runtime import keras, tensorflow
from vision.finetuning.material import Material, Rows
from vision.finetuning.networks import Tunable
from vision.images import to_array

BATCH: Final = 32
SHARPNESS: Final = 12.0
"""Of the softmax: distances are counted in the mean squared distance between two pictures, times this."""
SMOOTHING: Final = 0.1

Labels = Sequence[Sequence[str]]
Run = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Pictures (n, side, side, 3) to vectors (n, dims)."""


@dataclass(frozen=True)
class Options:
    """How to train.

    Attributes:
        layers: how many, from the last on.
        epochs: at most.
        patience: epochs without a better mAP after which it ends.
        rate: the highest learning rate.
        seed: of views and order.
    """

    layers: int
    epochs: int = 20
    patience: int = 4
    rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True)
class Ranking:
    """How pictures rank each other by their labels; means over those that share a label with another."""

    queries: int
    map: float
    precision: float
    """P@10."""
    mrr: float


@dataclass(frozen=True)
class Epoch:
    """One pass: mean loss of its batches (0 before the first), and the quality that it is stopped by."""

    number: int
    loss: float
    quality: float


def train(
    network: Tunable, extractor: Extractor, material: Material, options: Options, progress: Progress
) -> list[Epoch]:
    """Train the network; it is left with the weights of its best epoch, which may be those it came with.

    Args:
        network: is changed.
        extractor: the network before, which says how pictures are read.
        material: rows in parts.
        options: how.
        progress: told of the stage ``train``.

    Returns:
        every epoch, the first one, number 0, without training.
    """
    tf = tensorflow()
    classes, targets = _targets(material, SMOOTHING)
    variables = network.variables(options.layers)
    run = _compiled(network)
    before = _vectors(run, extractor, material, material.train)
    scale = 2 * float(np.square(before - before.mean(axis=0)).sum(axis=1).mean())
    proxies = tf.Variable(_centres(before, targets[material.train], len(classes)))
    steps = -(-len(material.train) // BATCH)
    schedule = keras().optimizers.schedules.CosineDecay(
        options.rate / 20, max(1, (options.epochs - 1) * steps), warmup_target=options.rate, warmup_steps=steps
    )
    optimizer = keras().optimizers.AdamW(schedule, weight_decay=0.01, clipnorm=5.0)
    trained = [*variables, proxies]
    optimizer.build(trained)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator,unused-ignore]
    def step(pictures: Any, wanted: Any) -> Any:
        with tf.GradientTape() as tape:
            vectors = network.vectors(pictures)
            distances = tf.reduce_sum(tf.math.squared_difference(vectors[:, None], proxies[None]), axis=2) / scale
            logits = -SHARPNESS * distances
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(wanted, logits))
        optimizer.apply_gradients(zip(tape.gradient(loss, trained), trained, strict=True))
        return loss

    aside = [material.labels[row] for row in material.stop]

    def measured() -> float:
        return ranking(_vectors(run, extractor, material, material.stop), aside).map

    epochs = [Epoch(0, 0.0, measured())]
    best = [each.numpy() for each in variables]
    for number in range(1, options.epochs + 1):
        losses = []
        for rows, pictures in _batches(material, extractor, (options.seed, number)):
            losses.append(float(step(pictures, targets[rows])))
            progress("train", (number - 1) * steps + len(losses), options.epochs * steps)
        epochs.append(Epoch(number, float(np.mean(losses)), measured()))
        leader = max(epochs, key=lambda epoch: epoch.quality)
        if leader is epochs[-1]:
            best = [each.numpy() for each in variables]
        elif number - leader.number >= options.patience:
            break
    for variable, values in zip(variables, best, strict=True):
        variable.assign(values)
    return epochs


def ranking(vectors: NDArray[np.float32], labels: Labels) -> Ranking:
    """Each picture asked once, the others ranked by distance; right are those that share one of its labels."""
    known = {value: place for place, value in enumerate(sorted({value for each in labels for value in each}))}
    held = np.zeros((len(labels), len(known)), dtype=np.float32)
    for row, values in enumerate(labels):
        held[row, [known[value] for value in values]] = 1
    shared = held @ held.T > 0
    scores = []
    for row, order in enumerate(rank(vectors, vectors)):
        right = shared[row, order[order != row]]
        if right.any():
            scores.append((average_precision(right)[0], precision_at_k(right, 10)[0], reciprocal_rank(right)[0]))
    means = np.mean(np.array(scores), axis=0) if scores else np.zeros(3)
    return Ranking(len(scores), *(float(mean) for mean in means))


def _targets(material: Material, smoothing: float) -> tuple[list[str], NDArray[np.float32]]:
    """The labels of the part to train on, and (rows, labels) probabilities: a row's own share what smoothing leaves."""
    classes = sorted({value for row in material.train for value in material.labels[row]})
    number = {value: place for place, value in enumerate(classes)}
    targets = np.zeros((len(material.labels), len(classes)), dtype=np.float32)
    for row in material.train:
        own = [number[value] for value in material.labels[row]]
        targets[row, own] = (1 - smoothing) / len(own)
    return classes, targets + smoothing / len(classes)


def _centres(vectors: NDArray[np.float32], targets: NDArray[np.float32], classes: int) -> NDArray[np.float32]:
    """(classes, dims): the mean of each label's pictures."""
    weights = targets * (targets > 1 / classes)
    weights = weights / np.maximum(weights.sum(axis=0), 1e-6)
    return np.asarray(weights.T @ vectors, dtype=np.float32)


def _vectors(run: Run, extractor: Extractor, material: Material, rows: Rows) -> NDArray[np.float32]:
    side = extractor.info.input_size
    parts = []
    waiting: list[NDArray[np.uint8]] = []
    for image in material.whole(rows, extractor):
        waiting.append(to_array(image, side))
        if len(waiting) == BATCH:
            parts.append(run(np.stack(waiting)))
            waiting = []
    if waiting:
        parts.append(run(np.stack(waiting)))
    return np.concatenate(parts)


def _compiled(network: Tunable) -> Run:
    tf = tensorflow()
    compiled = tf.function(network.vectors, reduce_retracing=True)
    return lambda pixels: np.asarray(compiled(tf.constant(pixels, tf.float32)), dtype=np.float32)


def _batches(material: Material, extractor: Extractor, seed: tuple[int, int]) -> Iterator[tuple[Rows, Any]]:
    """One epoch's rows and views, the next batch read while one is trained on."""
    order = np.random.default_rng(seed).permutation(material.train)
    side = extractor.info.input_size

    def read(number: int, rows: Rows) -> tuple[Rows, Any]:
        images = material.views(rows, extractor, (*seed, number))
        return rows, np.stack([to_array(image, side) for image in images]).astype(np.float32)

    with ThreadPoolExecutor(1) as ahead:
        waiting = None
        for number, start in enumerate(range(0, len(order), BATCH)):
            begun = ahead.submit(read, number, order[start : start + BATCH])
            if waiting is not None:
                yield waiting.result()
            waiting = begun
        if waiting is not None:
            yield waiting.result()
