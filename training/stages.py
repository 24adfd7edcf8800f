"""The training loop: one for both stages, small pictures first."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.batches import stream
from training.network import Network
from training.teaching import Lessons
from vision.extractors.tensorflow_runtime import keras, tensorflow

SMOOTHING = 0.05
_DECAY = 0.998


@dataclass(frozen=True)
class Stage:
    """How long, how large, how fast.

    Attributes:
        side: of the pictures.
        steps: batches in all; ``epoch`` of them between two looks at the kept-aside photos.
        rate: the highest learning rate, reached after ``warm`` steps, then down a cosine.
        imitate: weight of the teacher's components beside the classes.
        mix: part of the batches whose pictures are blended in pairs.
    """

    name: str
    side: int
    steps: int
    epoch: int
    rate: float
    imitate: float
    mix: float
    seed: int
    warm: int = 200


def train(network: Network, lessons: Lessons, stage: Stage, work: Path, look: Callable[[], dict[str, float]]) -> None:
    """Run a stage; begun again, it goes on after its last complete epoch."""
    averaged = Averaged(network)
    optimizer = keras().optimizers.AdamW(_schedule(stage), weight_decay=0.04, clipnorm=5.0)
    optimizer.build(network.variables)
    checkpoint = tensorflow().train.Checkpoint(
        embed=network.embed, teach=network.teach, score=network.score, optimizer=optimizer, averaged=averaged.values
    )
    kept = tensorflow().train.CheckpointManager(checkpoint, str(work / stage.name), max_to_keep=1)
    if kept.latest_checkpoint:
        checkpoint.restore(kept.latest_checkpoint).expect_partial()
    done = int(optimizer.iterations)
    step = _step(network, optimizer, stage)
    batches = stream(lessons.shares, stage.side, stage.seed + done)
    losses, began = [], time.time()
    while done < stage.steps:
        batch = next(batches)
        losses.append(step(batch.pixels, batch.targets, batch.components))
        averaged.update(done)
        done += 1
        if done % stage.epoch == 0 or done == stage.steps:
            with averaged.used():
                seen = look()
            kept.save()
            class_loss, teacher_loss = np.mean(np.array(losses), axis=0)
            line = {"steps": done, "classes": float(class_loss), "teacher": float(teacher_loss), **seen}
            _log(work / f"{stage.name}.jsonl", line | {"seconds": time.time() - began})
            losses, began = [], time.time()
    averaged.settle()
    save(network, work, stage.name)
    (work / f"{stage.name}.json").write_text(json.dumps(asdict(stage)))


def save(network: Network, work: Path, name: str) -> None:
    """Write all three models' weights; the last is what :func:`saved` looks for."""
    for part in ("teach", "score", "embed"):
        getattr(network, part).save_weights(str(work / f"{name}.{part}.weights.h5"))


def saved(network: Network, work: Path, name: str) -> bool:
    """Load what :func:`save` wrote, if it did."""
    if not (work / f"{name}.embed.weights.h5").exists():
        return False
    for part in ("teach", "score", "embed"):
        getattr(network, part).load_weights(str(work / f"{name}.{part}.weights.h5"))
    return True


class Averaged:
    """The running average of weights and normalisation statistics, which is what is measured and shipped."""

    def __init__(self, network: Network) -> None:
        """Begin with the weights as they are."""
        self._trained = [*network.variables, *network.embed.non_trainable_variables]
        self.values = [tensorflow().Variable(each.value, trainable=False) for each in self._trained]

    def update(self, step: int) -> None:
        """Move a little towards the weights; faster in the beginning."""
        decay = min(_DECAY, (1 + step) / (10 + step))
        for mean, value in zip(self.values, self._trained, strict=True):
            mean.assign(mean * decay + (1 - decay) * value.value)

    def settle(self) -> list[NDArray[np.float32]]:
        """Put the averages into the network; returns what was there."""
        before = [each.numpy() for each in self._trained]
        for mean, value in zip(self.values, self._trained, strict=True):
            value.assign(mean)
        return before

    def used(self) -> Any:
        """A context in which the network has the averages."""
        return _Swapped(self, self._trained)


class _Swapped:
    def __init__(self, averaged: Averaged, trained: list[Any]) -> None:
        self._averaged, self._trained, self._before = averaged, trained, list[NDArray[np.float32]]()

    def __enter__(self) -> None:
        self._before = self._averaged.settle()

    def __exit__(self, *_: object) -> None:
        for value, before in zip(self._trained, self._before, strict=True):
            value.assign(before)


def _schedule(stage: Stage) -> Any:
    return keras().optimizers.schedules.CosineDecay(
        stage.rate / 20, stage.steps - stage.warm, alpha=0.01, warmup_target=stage.rate, warmup_steps=stage.warm
    )


def _step(network: Network, optimizer: Any, stage: Stage) -> Callable[[Any, Any, Any], Any]:
    tf = tensorflow()

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator,unused-ignore]
    def step(pixels: Any, targets: Any, components: Any) -> Any:
        pixels, targets, components = _mixed(pixels, targets, components, stage.mix)
        with tf.GradientTape() as tape:
            general, of_class = network.embed(pixels, training=True)
            scores = network.score(of_class, training=True)
            named = tf.reduce_sum(targets, axis=1)
            smooth = targets * (1 - SMOOTHING) + SMOOTHING * named[:, None] / targets.shape[1]
            class_loss = tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(smooth, scores)) / tf.reduce_sum(named)
            likeness = tf.reduce_sum(
                tf.math.l2_normalize(network.teach(general), 1) * tf.math.l2_normalize(components, 1), axis=1
            )
            teacher_loss = tf.reduce_mean(1 - likeness)
            loss = class_loss + stage.imitate * teacher_loss
        gradients = tape.gradient(loss, network.variables)
        optimizer.apply_gradients(zip(gradients, network.variables, strict=True))
        return tf.stack([class_loss, teacher_loss])

    return step  # type: ignore[no-any-return,unused-ignore]


def _mixed(pixels: Any, targets: Any, components: Any, part: float) -> tuple[Any, Any, Any]:
    """Each picture blended with another of the batch, by a weight near 1, in ``part`` of the batches."""
    tf = tensorflow()
    count = tf.shape(pixels)[0]
    weight = 1 - 0.5 * tf.random.uniform((count,)) ** 2 * tf.cast(tf.random.uniform(()) < part, tf.float32)
    other = tf.random.shuffle(tf.range(count))

    def blend(values: Any, shape: tuple[int, ...]) -> Any:
        own = tf.reshape(weight, (-1, *shape))
        return own * values + (1 - own) * tf.gather(values, other)

    return blend(pixels, (1, 1, 1)), blend(targets, (1,)), blend(components, (1,))


def _log(file: Path, line: dict[str, float]) -> None:
    with file.open("a") as opened:
        opened.write(json.dumps({name: round(value, 5) for name, value in line.items()}) + "\n")
