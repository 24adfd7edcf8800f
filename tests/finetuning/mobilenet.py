"""MobileNetV2's ImageNet weights for Keras, out of the shared folder's int8 TFLite model: rounded, but trained."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.extractors.keras_network import assemble
from vision.extractors.networks import NETWORKS
from vision.extractors.tensorflow_runtime import quiet, tensorflow

_KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def write_weights(tflite: Path, target: Path) -> Path:
    """A Keras weights file, for ``mobilenet_v2:FILE``; normalisation is in the kernels, and then does nothing."""
    model = assemble(NETWORKS["mobilenet_v2"])
    layers = [layer for layer in model.layers if type(layer).__name__ in ("Conv2D", "DepthwiseConv2D")]
    for layer, (kernel, bias) in zip(layers, _convolutions(tflite), strict=False):
        shape = layer.get_weights()[0].shape
        layer.set_weights([kernel.transpose(1, 2, 3, 0).reshape(shape)])
        norm = layer.output._keras_history.operation._outbound_nodes[0].operation
        norm.set_weights([np.ones_like(bias), bias, np.zeros_like(bias), np.full_like(bias, 1 - norm.epsilon)])
    model.save_weights(str(target))
    return target


def _convolutions(tflite: Path) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Kernels (out, h, w, in) and biases of all convolutions in order; depthwise ones are (1, h, w, channels)."""
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that TensorFlow's interpreter moves to a package of its own
        interpreter = tensorflow().lite.Interpreter(str(tflite))
        interpreter.allocate_tensors()
        details = {each["index"]: each for each in interpreter.get_tensor_details()}
        found = []
        for each in interpreter._get_ops_details():
            if each["op_name"] in _KINDS:
                _, kernel, bias = each["inputs"][:3]
                found.append((_real(interpreter, details[kernel]), _real(interpreter, details[bias])))
    return found


def _real(interpreter: Any, tensor: dict[str, Any]) -> NDArray[np.float32]:
    """A constant tensor's values, from whole numbers with scales for each channel."""
    about = tensor["quantization_parameters"]
    values = interpreter.get_tensor(tensor["index"]).astype(np.float32)
    shape = [1] * values.ndim
    shape[about["quantized_dimension"]] = -1
    scaled = (values - about["zero_points"].reshape(shape)) * about["scales"].reshape(shape)
    return np.asarray(scaled, dtype=np.float32)
