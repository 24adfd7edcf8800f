"""CLIP from pictures and their titles: the last layer of each tower, a matrix, trained so that pairs find each other.

The towers stay as they are; each one's projection is multiplied by a matrix that begins as the identity, which is
training that layer alone. The loss is CLIP's own (Radford and others, 2021), with the matrices held near the identity.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.console import Progress
from vision.evaluation import rank
from vision.extractors import clip_files
from vision.extractors.base import batches, to_unit_length
from vision.extractors.clip import Clip
from vision.extractors.tensorflow_runtime import keras, tensorflow
from vision.finetuning.labels import Epoch
from vision.finetuning.material import Material, Rows

BATCH: Final = 256
SCALE: Final = 100.0
"""CLIP's own factor of cosines before the softmax."""
HELD: Final = 3.0
"""Weight of the squared distance of both matrices from the identity."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Pairs:
    """Vectors of length 1, row by row of one product: pictures (n, dims) and titles (n, dims)."""

    pictures: Vectors
    titles: Vectors

    def take(self, rows: Rows) -> Pairs:
        """Some of them."""
        return Pairs(self.pictures[rows], self.titles[rows])


@dataclass(frozen=True)
class Matching:
    """How well titles find their pictures among those of other titles; means over the titles.

    Attributes:
        queries: titles asked.
        mrr: mean of 1 / rank of the first picture of the title.
        recall: part of the titles with one of their pictures among the first ten.
    """

    queries: int
    mrr: float
    recall: float


@dataclass(frozen=True)
class Options:
    """How to train; ``patience`` counts epochs without a better MRR on the pictures that it is stopped by."""

    epochs: int = 100
    patience: int = 10
    rate: float = 1e-4
    seed: int = 0


def embed(model: Clip, material: Material, progress: Progress) -> Pairs:
    """Run both towers once over everything; told of the stage ``extract``."""
    rows = np.arange(len(material.products))
    parts = []
    for images in batches(rows.tolist(), 16):
        parts.append(model.extract(list(material.whole(np.array(images), model))))
        progress("extract", sum(map(len, parts)), len(rows))
    return Pairs(np.concatenate(parts), model.text([product.title for product in material.products]))


def train(
    pairs: Pairs, titles: Sequence[str], train: Rows, stop: Rows, options: Options, progress: Progress
) -> tuple[tuple[Vectors, Vectors], list[Epoch]]:
    """Two matrices (dims, dims), for pictures and for titles, of the best epoch; vectors are multiplied from the left.

    Args:
        pairs: of all rows.
        titles: of all rows; equal ones are not counted as wrong answers.
        train: rows to train on.
        stop: rows to stop by.
        options: how.
        progress: told of the stage ``train``.
    """
    tf = tensorflow()
    dims = pairs.pictures.shape[1]
    unit = tf.eye(dims)
    matrices = [tf.Variable(unit), tf.Variable(unit)]
    optimizer = keras().optimizers.Adam(options.rate)
    optimizer.build(matrices)
    _, same = np.unique(np.asarray(titles), return_inverse=True)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator,unused-ignore]
    def step(pictures: Any, words: Any, wanted: Any) -> Any:
        with tf.GradientTape() as tape:
            left = tf.math.l2_normalize(pictures @ matrices[0], axis=1)
            right = tf.math.l2_normalize(words @ matrices[1], axis=1)
            logits = SCALE * left @ tf.transpose(right)
            cross = tf.nn.softmax_cross_entropy_with_logits
            loss = tf.reduce_mean(cross(wanted, logits) + cross(wanted, tf.transpose(logits))) / 2
            held = sum(tf.reduce_sum(tf.square(each - unit)) for each in matrices) / dims
            whole = loss + HELD * held
        optimizer.apply_gradients(zip(tape.gradient(whole, matrices), matrices, strict=True))
        return loss

    aside = pairs.take(stop)
    epochs = [Epoch(0, 0.0, matching(aside, same[stop]).mrr)]
    best = [each.numpy() for each in matrices]
    for number in range(1, options.epochs + 1):
        order = np.random.default_rng((options.seed, number)).permutation(train)
        losses = []
        for rows in np.array_split(order, -(-len(order) // BATCH)):
            wanted = (same[rows][:, None] == same[rows][None]).astype(np.float32)
            wanted /= wanted.sum(axis=1, keepdims=True)
            losses.append(float(step(pairs.pictures[rows], pairs.titles[rows], wanted)))
        progress("train", number, options.epochs)
        found = matching(applied(aside, [each.numpy() for each in matrices]), same[stop])
        epochs.append(Epoch(number, float(np.mean(losses)), found.mrr))
        leader = max(epochs, key=lambda epoch: epoch.quality)
        if leader is epochs[-1]:
            best = [each.numpy() for each in matrices]
        elif number - leader.number >= options.patience:
            break
    return (best[0], best[1]), epochs


def applied(pairs: Pairs, matrices: Sequence[Vectors]) -> Pairs:
    """The vectors that the matrices make of these."""
    return Pairs(to_unit_length(pairs.pictures @ matrices[0]), to_unit_length(pairs.titles @ matrices[1]))


def matching(pairs: Pairs, same: NDArray[Any]) -> Matching:
    """How well titles find pictures; rows with an equal value of ``same`` have the same title."""
    _, asked = np.unique(same, return_index=True)
    order = rank(pairs.titles[asked], pairs.pictures)
    right = same[order] == same[asked][:, None]
    return Matching(len(asked), float((1 / (right.argmax(axis=1) + 1)).mean()), float(right[:, :10].any(axis=1).mean()))


def save(files: clip_files.Files, matrices: tuple[Vectors, Vectors], folder: Path) -> None:
    """A CLIP folder whose towers end with the matrices; the other files are copied."""
    folder.mkdir(parents=True)
    shutil.copy(files.tokenizer, folder / clip_files.TOKENIZER)
    shutil.copy(files.converter, folder / clip_files.CONVERTER)
    _save_tower(files.vision, "image_embeds", matrices[0], folder / clip_files.VISION)
    _save_tower(files.text, "text_embeds", matrices[1], folder / clip_files.TEXT)


def _save_tower(path: Path, output: str, matrix: Vectors, target: Path) -> None:
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    flat = [each for each in graph.output if len(each.type.tensor_type.shape.dim) == 2]
    ending = next((each for each in graph.output if each.name == output), flat[0])
    inner = f"{ending.name}_before"
    while any(inner in node.output for node in graph.node):
        inner += "_before"  # fine-tuned more than once
    for node in graph.node:
        for names in (node.output, node.input):
            for place, name in enumerate(names):
                if name == ending.name:
                    names[place] = inner
    half = ending.type.tensor_type.elem_type == onnx.TensorProto.FLOAT16
    weight = f"{inner}_matrix"
    graph.initializer.append(numpy_helper.from_array(matrix.astype(np.float16 if half else np.float32), weight))
    graph.node.append(helper.make_node("MatMul", [inner, weight], [ending.name], name=weight))
    target.write_bytes(model.SerializeToString())
