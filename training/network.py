"""The network: plain 3x3 residual blocks, one pooled feature, two embeddings of length 1 that are joined.

``general`` imitates the teacher's features, ``classes`` is what the class scores are cosines to. Joined, they are the
vector that is shipped: the first keeps what the classes of training do not know of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from vision.extractors.tensorflow_runtime import keras

WIDTHS: Final = (40, 80, 160, 320)
STEM: Final = 32
GENERAL: Final = 192
CLASSES: Final = 64


@dataclass(frozen=True)
class Network:
    """The Keras models, which share their weights.

    Attributes:
        embed: (n, side, side, 3) in -1 to 1 to ((n, 192), (n, 64)), rows of length 1; any side.
        teach: ``general`` to (n, 256), the teacher's main components.
        score: ``classes`` to (n, classes of all sources), cosines times a learnt scale.
    """

    embed: Any
    teach: Any
    score: Any

    @property
    def variables(self) -> list[Any]:
        """What is trained."""
        return [*self.embed.trainable_variables, *self.teach.trainable_variables, *self.score.trainable_variables]


def build(classes: int, components: int, seed: int, precision: str = "float32") -> Network:
    """The network with random weights from ``seed``.

    Args:
        classes: of all sources.
        components: of the teacher's features.
        seed: of the weights.
        precision: of the convolutions, a Keras policy; ``mixed_bfloat16`` takes two thirds of the time on processors
            with avx512_bf16, keeps the weights in float32 and everything after the pooling too.
    """
    module = keras()
    module.utils.set_random_seed(seed)
    before = module.config.dtype_policy()
    module.config.set_dtype_policy(precision)
    try:
        return _build(classes, components)
    finally:
        module.config.set_dtype_policy(before)


def _build(classes: int, components: int) -> Network:
    module = keras()
    layers, exact = module.layers, {"dtype": "float32"}
    pictures = module.Input((None, None, 3), name="pictures")
    features = _convolution(pictures, "stem", STEM, 3, strides=2, active=True)
    for number, width in enumerate(WIDTHS, start=1):
        features = _block(_block(features, f"stage{number}a", width, 2), f"stage{number}b", width, 1)
    pooled = layers.GlobalAveragePooling2D(name="pooled", **exact)(features)
    unit = layers.UnitNormalization
    general = unit(name="general", **exact)(layers.Dense(GENERAL, name="to_general", **exact)(pooled))
    of_class = unit(name="classes", **exact)(layers.Dense(CLASSES, name="to_classes", **exact)(pooled))
    teach = module.Sequential([module.Input((GENERAL,)), layers.Dense(components, **exact)])
    scored = module.Input((CLASSES,))
    unit_length = module.constraints.UnitNorm(axis=0)
    cosines = layers.Dense(classes, use_bias=False, kernel_constraint=unit_length, **exact)(scored)
    score = module.Model(scored, layers.Rescaling(16.0, **exact)(cosines))
    return Network(module.Model(pictures, [general, of_class], name="compact"), teach, score)


def _block(features: Any, name: str, width: int, strides: int) -> Any:
    layers = keras().layers
    inner = _convolution(features, f"{name}_first", width, 3, strides=strides, active=True)
    inner = _convolution(inner, f"{name}_second", width, 3)
    if strides > 1:
        features = layers.AveragePooling2D(strides, padding="same")(features)
        features = _convolution(features, f"{name}_shortcut", width, 1)
    return layers.ReLU()(layers.Add()([features, inner]))


def _convolution(features: Any, name: str, width: int, size: int, *, strides: int = 1, active: bool = False) -> Any:
    """A convolution ``name`` and its normalisation ``name_norm``."""
    layers = keras().layers
    features = layers.Conv2D(width, size, strides=strides, padding="same", use_bias=False, name=name)(features)
    features = layers.BatchNormalization(momentum=0.97, name=f"{name}_norm")(features)
    return layers.ReLU()(features) if active else features
