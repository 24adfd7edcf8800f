"""InceptionV3, trained on ImageNet: the 2048 values of its last average pooling (``pool_3``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.errors import BadSetting, ModelUnavailable
from vision.extractors.base import ExtractorInfo, Features, batches, file_hash
from vision.extractors.registry import Spec
from vision.extractors.tensorflow_runtime import keras, quiet, tensorflow
from vision.extractors.weights import fetch
from vision.images import to_array

SIDE: Final = 299
DIMS: Final = 2048
BATCH: Final = 16

_RANDOM: Final = "random:"
_PREPROCESSING: Final = f"bilinear to {SIDE}x{SIDE}; scale inception"


class InceptionV3:
    """The network as one compiled function."""

    def __init__(self, weights: Path | None, info: ExtractorInfo, seed: int | None = None) -> None:
        """Build the network, load ``weights`` (or seed random ones), compile, and run once."""
        self.info = info
        self.fingerprint = info.fingerprint
        model = network(weights, seed)
        tf = tensorflow()

        def pool_3(batch: Any) -> Any:
            return model(batch, training=False)

        signature = [tf.TensorSpec((None, SIDE, SIDE, 3), tf.float32)]
        with quiet():
            self._run = tf.function(pool_3, input_signature=signature, jit_compile=False)
            self._run(tf.zeros((1, SIDE, SIDE, 3)))

    def extract(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures to float32 (n, 2048), in batches of 16."""
        parts = [np.asarray(self._run(preprocess(part)), dtype=np.float32) for part in batches(images, BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, DIMS), dtype=np.float32)


def build(spec: Spec) -> InceptionV3:
    """Find the weights and load the network.

    Raises:
        BadSetting: ``random:`` without a number, or two weights files at once.
        ModelUnavailable: the weights cannot be had, or are not InceptionV3's.
    """
    spec.accept()
    if spec.weights is not None and spec.path is not None:
        raise BadSetting(f"two weights files for inception_v3: {spec.path} and {spec.weights}; give one")
    if spec.weights is not None and spec.weights.startswith(_RANDOM):
        text = spec.weights.removeprefix(_RANDOM)
        if not text.isdigit():
            raise BadSetting(f"weights are {spec.weights!r}; accepted: a file, or random:SEED with a whole number")
        info = _info("random weights: for measurements of speed only", spec.weights)
        return InceptionV3(None, info, int(text))
    located = fetch(Path(spec.weights) if spec.weights is not None else spec.path, spec.models)
    return InceptionV3(located.path, _info(f"keras.applications, from {located.origin}", file_hash(located.path)))


def preprocess(images: Sequence[Image.Image]) -> Features:
    """RGB pictures to float32 (n, 299, 299, 3) in -1 to 1, as Keras' own ``preprocess_input`` scales them."""
    pixels: NDArray[np.float32] = np.stack([to_array(image, (SIDE, SIDE)) for image in images]).astype(np.float32)
    pixels /= np.float32(127.5)
    pixels -= np.float32(1)
    return pixels


def network(weights: Path | None, seed: int | None = None) -> Any:
    """The Keras model without its classifier, average-pooled; random weights where no file is given.

    Raises:
        ModelUnavailable: the file does not hold InceptionV3's weights.
    """
    module = keras()
    with quiet():
        if seed is not None:
            module.utils.set_random_seed(seed)
        model = module.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
        if weights is not None:
            load_weights(model, weights)
    return model


def load_weights(model: Any, weights: Path) -> None:
    """Load a weights file into the Keras model.

    Raises:
        ModelUnavailable: the file does not hold InceptionV3's weights.
    """
    try:
        model.load_weights(str(weights))
    except Exception as error:  # h5py and Keras each raise their own on a damaged or foreign file
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelUnavailable(
            f"{weights} does not hold InceptionV3's weights without its classifier: {reason[0][:200]}"
        ) from error


def _info(source: str, weights_hash: str) -> ExtractorInfo:
    return ExtractorInfo(
        name="inception_v3",
        input_size=(SIDE, SIDE),
        dims=DIMS,
        licence="Apache-2.0",
        source=source,
        preprocessing=_PREPROCESSING,
        weights_hash=weights_hash,
    )
