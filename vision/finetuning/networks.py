"""Networks that can be trained further: the same vectors as the extractor's, their weights as TensorFlow variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vision.errors import BadSetting
from vision.extractors import compact, keras_network
from vision.extractors.networks import NETWORKS
from vision.extractors.registry import Spec
from vision.extractors.scaling import SCALES
from vision.extractors.tensorflow_runtime import keras, tensorflow
from vision.extractors.weights import fetch


class Tunable(Protocol):
    """A network that can be trained further.

    Attributes:
        layers: names of the layers that have weights, the first first.
        ending: of the file that it is saved to.
    """

    layers: list[str]
    ending: str

    def variables(self, layers: int) -> list[Any]:
        """The weights of the last ``layers`` layers."""
        ...

    def vectors(self, pictures: Any) -> Any:
        """Pictures (n, side, side, 3) of 0 to 255, a tensor, to vectors (n, dims)."""
        ...

    def save(self, path: Path) -> None:
        """Write the weights as the extractor loads them."""
        ...


class KerasTunable:
    """A network of ``keras.applications``. Normalisation keeps its statistics; its factors are trained."""

    ending = ".weights.h5"

    def __init__(self, spec: Spec) -> None:
        """Assemble the network and load its weights.

        Raises:
            BadSetting, ModelUnavailable: as the extractor does.
        """
        network = NETWORKS[spec.name]
        self._whole = keras_network.assemble(network, spec.layer)
        located = fetch(network.file(spec.layer), spec.path, spec.models)
        keras_network.load_weights(self._whole, network, located.path)
        self._model = self._whole
        if spec.layer is not None:
            self._model = keras().Model(self._whole.input, self._whole.get_layer(spec.layer).output)
        self._scale = SCALES[network.scale]
        normalisation = keras().layers.BatchNormalization
        self._layers = [layer for layer in self._model.layers if layer.trainable_variables]
        self.layers = [layer.name for layer in self._layers if not isinstance(layer, normalisation)]

    def variables(self, layers: int) -> list[Any]:
        """The weights of the last ``layers`` layers and of what normalises them."""
        first = [layer.name for layer in self._layers].index(self.layers[-layers])
        return [each for layer in self._layers[first:] for each in layer.trainable_variables]

    def vectors(self, pictures: Any) -> Any:
        """The layer's output, averaged over its places where it has any."""
        output = self._model(self._scale(pictures), training=False)
        return tensorflow().reduce_mean(output, axis=(1, 2)) if len(output.shape) == 4 else output

    def save(self, path: Path) -> None:
        """A weights file of Keras."""
        self._whole.save_weights(str(path))


class CompactTunable:
    """``compact``: its ONNX file's weights as variables, and the file with other weights when saved."""

    ending = ".onnx"

    def __init__(self, spec: Spec) -> None:
        """Read the file.

        Raises:
            ModelUnavailable: it cannot be had, or is another model.
        """
        import onnx
        from onnx import numpy_helper

        compact.build(spec)
        self._model = onnx.load(str(compact.weights(spec)))
        kept = {each.name: numpy_helper.to_array(each) for each in self._model.graph.initializer}
        self.layers = [name.removesuffix(_KERNEL) for name in kept if name.endswith(_KERNEL)]
        variable = tensorflow().Variable
        self._kernels = {name: variable(_theirs(kept[name + _KERNEL])) for name in self.layers}
        self._biases = {name: variable(kept[name + _BIAS]) for name in self.layers}
        self._factors = {name: float(kept[f"{name}.factor"]) for name in ("general", "classes")}

    def variables(self, layers: int) -> list[Any]:
        """Kernels and biases of the last ``layers`` layers."""
        return [each[name] for name in self.layers[-layers:] for each in (self._kernels, self._biases)]

    def vectors(self, pictures: Any) -> Any:
        """As the file computes them, without the mirror image."""
        tf = tensorflow()
        features = tf.nn.relu(self._convolution("stem", pictures / 127.5 - 1, 2))
        for name in [name.removesuffix("_first") for name in self.layers if name.endswith("_first")]:
            strides = 2 if f"{name}_shortcut" in self._kernels else 1
            inner = tf.nn.relu(self._convolution(f"{name}_first", features, strides))
            inner = self._convolution(f"{name}_second", inner, 1)
            if strides > 1:
                features = self._convolution(f"{name}_shortcut", tf.nn.avg_pool2d(features, 2, 2, "SAME"), 1)
            features = tf.nn.relu(features + inner)
        pooled = tf.reduce_mean(features, axis=(1, 2))
        halves = [
            tf.math.l2_normalize(pooled @ self._kernels[name] + self._biases[name], axis=1) * factor
            for name, factor in self._factors.items()
        ]
        return tf.concat(halves, axis=1)

    def save(self, path: Path) -> None:
        """The file with these weights, in its own precision."""
        from onnx import numpy_helper

        for each in self._model.graph.initializer:
            name = each.name.removesuffix(_KERNEL).removesuffix(_BIAS)
            if name not in self._kernels or name == each.name:
                continue
            before = numpy_helper.to_array(each)
            if each.name.endswith(_KERNEL):
                values = _ours(self._kernels[name].numpy())
            else:
                values = self._biases[name].numpy()
            each.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values.astype(before.dtype)), each.name))
        path.write_bytes(self._model.SerializeToString())

    def _convolution(self, name: str, features: Any, strides: int) -> Any:
        tf = tensorflow()
        return tf.nn.conv2d(features, self._kernels[name], strides, "SAME") + self._biases[name]


_KERNEL, _BIAS = ".weight.half", ".bias"


def _theirs(kernel: NDArray[Any]) -> NDArray[np.float32]:
    """(out, in, height, width) of ONNX to (height, width, in, out) of TensorFlow; a matrix as it is."""
    values = kernel.astype(np.float32)
    return values.transpose(2, 3, 1, 0) if values.ndim == 4 else values


def _ours(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    return kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel


def tunable(spec: Spec) -> Tunable:
    """The network of a specification.

    Raises:
        BadSetting: it is none that can be trained further.
        ModelUnavailable: its weights cannot be had.
    """
    if spec.options:
        raise BadSetting(f"fine-tune the network itself, without options; got {', '.join(spec.options)}")
    if spec.name == "compact":
        return CompactTunable(spec)
    if spec.name in NETWORKS:
        return KerasTunable(spec)
    raise BadSetting(f"{spec.name} cannot be fine-tuned; accepted: compact, clip, {', '.join(NETWORKS)}")
