"""ONNX models: layouts, types, scales and open dimensions, against values worked out by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.extractors.onnx_file import UINT8, onnx_file
from vision.errors import BadSetting, ModelUnavailable
from vision.extractors import load

pytestmark = pytest.mark.model

COLOURS = [(255, 0, 102), (51, 204, 0), (1, 2, 3)]


def images(count: int = 3) -> list[Image.Image]:
    return [Image.new("RGB", (20, 30), COLOURS[i % 3]) for i in range(count)]


@pytest.fixture(autouse=True)
def runtime() -> None:
    pytest.importorskip("onnxruntime")


def write(folder: Path, content: bytes) -> Path:
    path = folder / "tiny.onnx"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("raw", [255, 0, 102]),
        ("unit", [1, 0, 0.4]),
        ("inception", [1, -1, -0.2]),
        ("caffe", [102 - 103.939, -116.779, 255 - 123.68]),
        ("torch", [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.4 - 0.406) / 0.225]),
    ],
)
def test_scales(tmp_path: Path, scale: str, expected: list[float]) -> None:
    path = write(tmp_path, onnx_file(["n", 3, 8, 8]))
    extractor = load(f"onnx:{path}?scale={scale}")
    np.testing.assert_allclose(extractor.extract(images(1)), [expected], atol=1e-4)
    assert f"scale {scale}" in extractor.info.preprocessing
    assert load(f"onnx:{path}").fingerprint == load(f"onnx:{path}?scale=torch").fingerprint


@pytest.mark.parametrize("shape", [["n", 3, 8, 8], [1, 3, 8, 8], [4, 3, 8, 8]])
@pytest.mark.parametrize("count", [0, 1, 4, 19])
def test_any_number_of_pictures_whatever_the_models_batch(tmp_path: Path, shape: list[int | str], count: int) -> None:
    extractor = load(f"onnx:{write(tmp_path, onnx_file(shape))}?scale=raw")
    expected = np.array([COLOURS[i % 3] for i in range(count)], dtype=np.float32).reshape(count, 3)
    np.testing.assert_allclose(extractor.extract(images(count)), expected, atol=1e-3)


def test_channels_last_and_bytes(tmp_path: Path) -> None:
    extractor = load(f"onnx:{write(tmp_path, onnx_file(['n', 8, 8, 3], UINT8, places=(1, 2)))}")
    np.testing.assert_allclose(extractor.extract(images()), COLOURS, atol=1e-3)
    assert "scale raw" in extractor.info.preprocessing


def test_open_sizes(tmp_path: Path) -> None:
    path = write(tmp_path, onnx_file(["n", 3, "h", "w"]))
    assert load(f"onnx:{path}").info.input_size == (224, 224)
    assert load(f"onnx:{path}?size=64").info.input_size == (64, 64)
    assert load(f"onnx:{path}?size=64x48").info.input_size == (64, 48)
    assert load(f"onnx:{path}?size=64").fingerprint != load(f"onnx:{path}").fingerprint
    for wrong in ("0", "a", "1x2x3", "9999"):
        with pytest.raises(BadSetting, match="accepted: N or HEIGHTxWIDTH"):
            load(f"onnx:{path}?size={wrong}")


def test_the_output_is_chosen_by_name_and_pooled(tmp_path: Path) -> None:
    path = write(tmp_path, onnx_file(["n", 3, 8, 8]))
    np.testing.assert_allclose(load(f"onnx:{path}?tensor=same&scale=raw").extract(images()), COLOURS, atol=1e-3)
    with pytest.raises(BadSetting, match="the model's outputs: means, same"):
        load(f"onnx:{path}?tensor=inner")


def test_the_name_and_the_hash(tmp_path: Path) -> None:
    extractor = load("onnx:tiny.onnx", models=write(tmp_path, onnx_file([1, 3, 8, 8])).parent)
    assert (extractor.info.name, extractor.info.dims, extractor.info.input_size) == ("onnx:tiny", 3, (8, 8))
    assert extractor.info.weights_hash and extractor.fingerprint.startswith("onnx-")


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no model file"):
        load(f"onnx:{tmp_path / 'none.onnx'}")
    with pytest.raises(ModelUnavailable, match="not an ONNX model"):
        load(f"onnx:{write(tmp_path, b'not a model')}")
    with pytest.raises(ModelUnavailable, match=r"input of shape \[1, 7, 8, 8\]"):
        load(f"onnx:{write(tmp_path, onnx_file([1, 7, 8, 8]))}")
    path = write(tmp_path, onnx_file([1, 3, 8, 8]))
    with pytest.raises(BadSetting, match="fixed at 8 x 8"):
        load(f"onnx:{path}?size=64")
    with pytest.raises(BadSetting, match="accepted: raw, unit, inception, torch, caffe"):
        load(f"onnx:{path}?scale=vgg")


def test_without_onnx_runtime_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, onnx_file([1, 3, 8, 8]))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelUnavailable, match=r"pip install solr-visual-search\[onnx\]"):
        load(f"onnx:{path}")


def test_a_real_model(shared: Path) -> None:
    extractor = load("onnx:yolox_nano.onnx?scale=raw", models=shared / "models")
    vectors = extractor.extract(images(2))
    assert vectors.shape == (2, 85) and extractor.info.input_size == (416, 416)
