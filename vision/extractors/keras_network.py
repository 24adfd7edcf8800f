"""Networks of ``keras.applications``, trained on ImageNet: ``NAME[@LAYER][:WEIGHTS]``.

Without a layer the vector is the average over the last feature map, which is ``pool_3`` of InceptionV3 and ``pool5`` of
ResNet50. With one it is that layer's output, averaged over its places where it has any.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.errors import BadSetting, ModelUnavailable
from vision.extractors import converted
from vision.extractors.base import (
    Description,
    Extractor,
    ExtractorInfo,
    Features,
    Located,
    ModelFile,
    batches,
    file_hash,
)
from vision.extractors.networks import NETWORKS, Network
from vision.extractors.registry import Spec
from vision.extractors.scaling import pixels
from vision.extractors.tensorflow_runtime import keras, quiet, tensorflow
from vision.extractors.weights import Told, check, download, keras_cache, locate
from vision.extractors.weights import fetch as fetch_weights

BATCH: Final = 16
_RANDOM: Final = "random:"


class KerasNetwork:
    """One network as one compiled function."""

    channels_first = False
    output = converted.VECTORS

    def __init__(self, model: Any, info: ExtractorInfo, scale: str) -> None:
        """Compile ``model``, a Keras model whose output is a map or a vector, and run it once."""
        self.info = info
        self.fingerprint = info.fingerprint
        self.scale = scale
        self._model, self._map = model, None  # type: Any, Any
        self._lock = threading.Lock()
        tf = tensorflow()

        def vectors(batch: Any) -> Any:
            return _pooled(model(batch, training=False))

        shape = (*info.input_size, 3)
        self._tensor = tf.convert_to_tensor
        with quiet():
            entry = tf.TensorSpec((None, *shape), tf.float32)
            self._run = tf.function(vectors, jit_compile=False).get_concrete_function(entry)
            self._run(tf.zeros((1, *shape)))

    def extract(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures to float32 (n, dims), in batches of 16."""
        inputs = (self._tensor(self.preprocess(part)) for part in batches(images, BATCH))
        parts = [np.asarray(self._run(each), dtype=np.float32) for each in inputs]
        return np.concatenate(parts) if parts else np.zeros((0, self.info.dims), dtype=np.float32)

    def maps(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """RGB pictures to the last map (n, height, width, channels) before the vector.

        Raises:
            ModelUnavailable: the vector is of a layer behind the last map.
        """
        with self._lock:
            if self._map is None:
                self._map = _last_map(self._model)
        parts = [np.asarray(self._map(self.preprocess(part), training=False)) for part in batches(images, BATCH)]
        return np.concatenate(parts).astype(np.float32)

    def export(self, folder: Path) -> Path:
        """Write the network as a SavedModel whose outputs are the vectors and, where there is one, the last map."""
        try:
            last = _last_map(self._model)
        except ModelUnavailable:
            last = None
        ends = [self._model.output] if last is None else [self._model.output, last.output]
        whole = keras().Model(self._model.input, ends)

        def serve(batch: Any) -> dict[str, Any]:
            found = whole(batch, training=False)
            return {converted.VECTORS: _pooled(found[0])} | ({} if last is None else {converted.MAPS: found[1]})

        archive = keras().export.ExportArchive()
        archive.track(whole)
        entry = tensorflow().TensorSpec((None, *self.info.input_size, 3), tensorflow().float32)
        with quiet():
            archive.add_endpoint("serve", serve, [entry])
            archive.write_out(str(folder), verbose=False)
        return folder

    def preprocess(self, images: Sequence[Image.Image]) -> Features:
        """RGB pictures to float32 (n, side, side, 3), as Keras' own ``preprocess_input`` of the network scales them."""
        return pixels(images, self.info.input_size, self.scale)


def build(spec: Spec) -> Extractor:
    """Find the weights and load the network, or what it was converted to.

    Raises:
        BadSetting: no such layer, ``random:`` without a number, two weights files at once, or no such precision.
        ModelUnavailable: the weights cannot be had, or are not the network's; or it was not converted.
    """
    spec.accept(converted.OPTION)
    network, file = NETWORKS[spec.name], NETWORKS[spec.name].file(spec.layer)
    path, seed = _weights(spec)
    precision, folders = spec.options.get(converted.OPTION), converted.places(spec.models)
    # Weights that are not here have no conversion; a wrong layer is told before they are missed or downloaded.
    at = None
    if seed is None:
        with suppress(ModelUnavailable):
            at = locate(file, path, spec.models)
    if at is not None or seed is not None or precision is not None:
        at = at or (None if seed is not None else fetch_weights(file, path, spec.models))
        hashed = f"{_RANDOM}{seed}" if at is None else file_hash(at.path)
        found = converted.load(_info(network, spec.layer, network.dims, "", hashed), precision, folders)
        if found is not None:
            return found
    return original(spec)


def original(spec: Spec) -> KerasNetwork:
    """Find the weights and load the network in Keras.

    Raises:
        BadSetting, ModelUnavailable: as :func:`build`.
    """
    network = NETWORKS[spec.name]
    path, seed = _weights(spec)
    # A layer is looked up before its weights are: a wrong name is no reason to download anything.
    model = assemble(network, spec.layer, seed) if spec.layer is not None else None
    if seed is not None:
        source, weights_hash = "random weights: for measurements of speed only", f"{_RANDOM}{seed}"
    else:
        located = fetch_weights(network.file(spec.layer), path, spec.models)
        source, weights_hash = f"keras.applications, from {located.origin}", file_hash(located.path)
    model = model or assemble(network, None, seed)
    if seed is None:
        load_weights(model, network, located.path)
    taken = model if spec.layer is None else _cut(model, spec.layer)
    return KerasNetwork(
        taken, _info(network, spec.layer, int(taken.output.shape[-1]), source, weights_hash), network.scale
    )


def describe(spec: Spec) -> Description:
    """The network and where its weights are, without loading either."""
    network = NETWORKS[spec.name]
    file = network.file(spec.layer)
    path, seed = _weights(spec)
    found = None if seed is not None else locate(file, path, spec.models)
    return Description(
        dims=network.dims if spec.layer is None else network.head.get(spec.layer),
        input_size=(network.side, network.side),
        licence=network.licence,
        source=network.source,
        files=() if seed is not None else (ModelFile(file.name, file.bytes, found),),
    )


def fetch(spec: Spec, told: Told | None = None) -> tuple[Located, ...]:
    """The published weights in the models folder, else in the Keras cache: checked, and downloaded if they are missing.

    Raises:
        ModelUnavailable: they cannot be had, or the file that is there is another one.
    """
    network = NETWORKS[spec.name]
    if spec.layer is not None:
        assemble(network, spec.layer)
    file = network.file(spec.layer)
    found = locate(file, None, spec.models)
    if found is None:
        return (download(file, spec.models or keras_cache(), spec.models, told),)
    check(file, found.path)
    return (found,)


def assemble(network: Network, layer: str | None = None, seed: int | None = None) -> Any:
    """The Keras model that has ``layer``, with random weights: without its classifier where the layer allows it.

    Raises:
        BadSetting: the network has no layer of that name; lists those it has.
    """
    module = keras()
    with quiet():
        if seed is not None:
            module.utils.set_random_seed(seed)
        make = getattr(module.applications, network.constructor)
        if layer in network.head:
            return make(include_top=True, weights=None)
        model = make(include_top=False, weights=None, pooling="avg", input_shape=(network.side, network.side, 3))
    if layer is not None and layer not in (known := layer_names(model)):
        accepted = ", ".join([*known, *(each for each in network.head if each not in known)])
        raise BadSetting(f"{network.name} has no layer {layer!r}; accepted: {accepted}")
    return model


def layer_names(model: Any) -> list[str]:
    """The layers that can be asked for: those with a name of their own.

    Keras numbers all others through (``conv2d_94``) as it builds models, so that their names do not last.
    """
    names = []
    for layer in model.layers[1:]:
        given = re.sub(r"_\d+$", "", layer.name).replace("_", "")
        if given != type(layer).__name__.lower():
            names.append(layer.name)
    return names


def load_weights(model: Any, network: Network, weights: Path) -> None:
    """Load a weights file into the Keras model.

    Raises:
        ModelUnavailable: the file does not hold this network's weights.
    """
    try:
        model.load_weights(str(weights))
    except Exception as error:  # h5py and Keras each raise their own on a damaged or foreign file
        reason = str(error).strip().splitlines() or [type(error).__name__]
        which = "with" if model.layers[-1].name in network.head else "without"
        raise ModelUnavailable(
            f"{weights} does not hold {network.constructor}'s weights {which} its classifier: {reason[0][:200]}"
        ) from error


def _pooled(output: Any) -> Any:
    """A map averaged over its places; a vector as it is."""
    return tensorflow().reduce_mean(output, axis=(1, 2)) if len(output.shape) == 4 else output


def _last_map(model: Any) -> Any:
    """The part of a Keras model up to the map that its output is the mean of, or is itself."""
    if len(model.output.shape) == 4:
        return model
    before = model.layers[-1].input
    if len(before.shape) != 4:
        raise ModelUnavailable(f"layer {model.layers[-1].name} sees no places any more: take one before it")
    return keras().Model(model.input, before)


def _cut(model: Any, layer: str) -> Any:
    """The part of a Keras model up to ``layer``."""
    return keras().Model(model.input, model.get_layer(layer).output)


def _weights(spec: Spec) -> tuple[Path | None, int | None]:
    """The weights file that a specification names, if it does, and the seed of random ones, if those are meant."""
    if spec.weights is None:
        return spec.path, None
    if spec.path is not None:
        raise BadSetting(f"two weights files for {spec.name}: {spec.path} and {spec.weights}; give one")
    if not spec.weights.startswith(_RANDOM):
        return Path(spec.weights), None
    text = spec.weights.removeprefix(_RANDOM)
    if not text.isdigit():
        raise BadSetting(f"weights are {spec.weights!r}; accepted: a file, or random:SEED with a whole number")
    return None, int(text)


def _info(network: Network, layer: str | None, dims: int, source: str, weights_hash: str | None) -> ExtractorInfo:
    return ExtractorInfo(
        name=network.name if layer is None else f"{network.name}@{layer}",
        input_size=(network.side, network.side),
        dims=dims,
        licence=network.licence,
        source=source,
        preprocessing=network.preprocessing(layer),
        weights_hash=weights_hash,
        stretches=True,
    )
