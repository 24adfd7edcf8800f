"""Tiny ONNX detectors with known answers: the outputs are written into the model, or are means of its input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

Shape = Sequence[int | str]
UINT8: int = TensorProto.UINT8
PEOPLE = ("person", "bag", "chair")


def save(path: Path, shape: Shape, outputs: Mapping[str, Any], kind: int = TensorProto.FLOAT) -> Path:
    """A model that answers ``outputs`` whatever it is shown."""
    nodes, results = [], []
    for name, values in outputs.items():
        array = np.asarray(values, dtype=np.float32)
        nodes.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array)))
        results.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape))
    return _write(path, shape, kind, nodes, results)


def save_means(path: Path, shape: Shape, axes: Sequence[int], kind: int = TensorProto.FLOAT) -> Path:
    """One box over everything for each channel: its score is the channel's mean, its label the channel's number."""
    cast = helper.make_node("Cast", ["picture"], ["values"], to=TensorProto.FLOAT)
    mean = helper.make_node("ReduceMean", ["values"], ["means"], axes=list(axes), keepdims=0)
    scores = helper.make_node("Reshape", ["means", "to"], ["scores"])
    fixed = {
        "to": np.array([1, 3], dtype=np.int64),
        "boxes": np.tile(np.array([0, 0, 1, 1], dtype=np.float32), (1, 3, 1)),
        "labels": np.array([[0, 1, 2]], dtype=np.float32),
    }
    constants = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array)) for name, array in fixed.items()
    ]
    results = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 3, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3]),
        helper.make_tensor_value_info("labels", TensorProto.FLOAT, [1, 3]),
    ]
    return _write(path, shape, kind, [*constants, cast, mean, scores], results)


def describe(folder: Path, output: Mapping[str, Any], **members: Any) -> Path:
    """A description of ``tiny.onnx`` beside it."""
    path = folder / "tiny.json"
    whole = {"model": "tiny.onnx", "output": output, "labels": list(PEOPLE)} | members
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def _write(path: Path, shape: Shape, kind: int, nodes: Sequence[Any], results: Sequence[Any]) -> Path:
    given = helper.make_tensor_value_info("picture", kind, list(shape))
    graph = helper.make_graph(list(nodes), "tiny", [given], list(results))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path
