"""The trained network as one ONNX file: normalisation folded into the convolutions, weights in half precision.

The file takes RGB bytes (n, 3, side, side) and gives (n, 256) vectors of length 1, the mean of the picture's and of its
mirror image's; all of that is inside, so that whoever runs the file gets the product's vectors. A second output has the
last feature map, of the pictures and then of their mirror images. Weights are widened to float32 when it is loaded, and
all sums are float32.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training.network import CLASSES, GENERAL, WIDTHS

OPSET: Final = 17
_EPSILON: Final = 1e-3
"""Of Keras' BatchNormalization."""


class _Graph:
    """Nodes and weights in the order they are added; every method gives the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def weight(self, name: str, values: NDArray[Any], half: bool = True) -> str:
        stored = values.astype(np.float16 if half else np.float32)
        self.weights.append(numpy_helper.from_array(stored, f"{name}.half" if half else name))
        return self.node("Cast", f"{name}.half", output=name, to=TensorProto.FLOAT) if half else name

    def integers(self, name: str, values: list[int]) -> str:
        self.weights.append(numpy_helper.from_array(np.array(values, dtype=np.int64), name))
        return name

    def convolution(self, embed: Any, name: str, source: str, strides: int = 1) -> str:
        kernel, bias = _folded(embed, name)
        height, width = kernel.shape[2:]
        return self.node(
            "Conv",
            source,
            self.weight(f"{name}.weight", kernel),
            self.weight(f"{name}.bias", bias, half=False),
            kernel_shape=[height, width],
            strides=[strides, strides],
            auto_pad="SAME_UPPER",
        )

    def dense(self, name: str, source: str, kernel: NDArray[Any], bias: NDArray[Any]) -> str:
        return self.node(
            "Gemm", source, self.weight(f"{name}.weight", kernel), self.weight(f"{name}.bias", bias, half=False)
        )


def export(embed: Any, side: int, class_part: float, file: Path) -> None:
    """Write the Keras model ``embed`` (see :mod:`training.network`) as an ONNX file.

    Args:
        embed: pictures to (general, classes).
        side: height and width of the pictures.
        class_part: how much the class embedding counts beside the general one.
        file: is replaced.
    """
    graph = _Graph()
    scaled = graph.node("Cast", "pictures", to=TensorProto.FLOAT)
    scaled = graph.node("Mul", scaled, graph.weight("scale", np.array(1 / 127.5), half=False))
    scaled = graph.node("Sub", scaled, graph.weight("shift", np.array(1.0), half=False))
    both = graph.node("Concat", scaled, _mirrored(graph, scaled), output="both", axis=0)
    features = graph.node("Relu", graph.convolution(embed, "stem", both, strides=2))
    for number in range(len(WIDTHS)):
        for half in "ab":
            features = _block(graph, embed, f"stage{number + 1}{half}", features, 2 if half == "a" else 1)
    features = graph.node("Identity", features, output="features")
    pooled = graph.node("Flatten", graph.node("GlobalAveragePool", features), output="pooled")
    parts = []
    whole = float(np.sqrt(1 + class_part**2))
    for name, factor in (("general", 1 / whole), ("classes", class_part / whole)):
        layer = embed.get_layer(f"to_{name}")
        kernel, bias = (np.asarray(each) for each in layer.get_weights())
        unit = graph.node("LpNormalization", graph.dense(name, pooled, kernel, bias), axis=1, p=2)
        pairs = graph.node("Reshape", unit, graph.integers(f"{name}.pairs", [2, -1, kernel.shape[1]]))
        summed = graph.node("ReduceSum", pairs, graph.integers(f"{name}.axis", [0]), keepdims=0)
        unit = graph.node("LpNormalization", summed, axis=1, p=2)
        parts.append(graph.node("Mul", unit, graph.weight(f"{name}.factor", np.array(factor), half=False)))
    graph.node("Concat", *parts, output="vector", axis=1)
    _write(graph, side, file)


def _mirrored(graph: _Graph, pictures: str) -> str:
    """Columns from the last to the first."""
    names = ("first", "last", "axis", "step")
    bounds = (graph.integers(f"mirror.{name}", [each]) for name, each in zip(names, (-1, -(2**31), 3, -1), strict=True))
    return graph.node("Slice", pictures, *bounds)


def _block(graph: _Graph, embed: Any, name: str, source: str, strides: int) -> str:
    inner = graph.node("Relu", graph.convolution(embed, f"{name}_first", source, strides))
    inner = graph.convolution(embed, f"{name}_second", inner)
    if strides > 1:
        source = graph.node(
            "AveragePool", source, kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_UPPER", count_include_pad=0
        )
        source = graph.convolution(embed, f"{name}_shortcut", source)
    return graph.node("Relu", graph.node("Add", source, inner))


def _folded(embed: Any, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Kernel (out, in, height, width) and bias of a convolution with its normalisation."""
    gamma, beta, mean, variance = (np.asarray(each) for each in embed.get_layer(f"{name}_norm").get_weights())
    factor = gamma / np.sqrt(variance + _EPSILON)
    kernel = np.asarray(embed.get_layer(name).get_weights()[0]) * factor
    return kernel.transpose(3, 2, 0, 1), beta - mean * factor


def _map(side: int) -> list[int]:
    """Channels, height and width of the last feature map."""
    places = side // 2 ** (len(WIDTHS) + 1)
    return [WIDTHS[-1], places, places]


def _write(graph: _Graph, side: int, file: Path) -> None:
    made = helper.make_graph(
        graph.nodes,
        "compact",
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["n", 3, side, side])],
        [
            helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["n", GENERAL + CLASSES]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["pictures and mirror images", *_map(side)]),
        ],
        graph.weights,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(model.SerializeToString())
