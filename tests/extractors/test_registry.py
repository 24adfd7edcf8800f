"""Names, specifications, fingerprints; and that nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vision.errors import BadSetting, ModelUnavailable
from vision.extractors import ExtractorInfo, canonical, describe, load, names
from vision.extractors.base import L2Normalised, batches, file_hash
from vision.model_files import find_model

INFO = ExtractorInfo("fake", (8, 8), 2, "CC0-1.0", "here", "none", "abc")


class FakeExtractor:
    """The mean red and green of a picture."""

    info = INFO
    fingerprint = INFO.fingerprint

    def extract(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        rows = [np.asarray(image, dtype=np.float32)[..., :2].mean(axis=(0, 1)) for image in images]
        return np.array(rows, dtype=np.float32).reshape(len(rows), 2)


def test_names() -> None:
    networks = ("inception_v3", "resnet50", "vgg16", "mobilenet_v2")
    assert names() == (*networks, "compact", "clip", "histogram", "tflite:PATH", "onnx:PATH")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("vgg", "there is no extractor 'vgg'; known: inception_v3, resnet50, vgg16, mobilenet_v2, compact, clip, "),
        ("", "there is no extractor ''"),
        ("tflite", "needs a model file, as in tflite:PATH"),
        ("onnx:", "needs a model file"),
        ("histogram:file.npz", "takes no file"),
        ("histogram?size=3", "unknown option size; accepted: l2"),
        ("tflite:m.tflite?colour=1", "unknown option colour; accepted: l2, scale, size, tensor"),
        ("resnet50?scale=unit", "unknown option scale; accepted: l2"),
        ("clip:folder?size=3", "unknown option size; accepted: l2"),
        ("resnet50@", "'resnet50@' names no layer that can be taken; accepted: inception_v3@LAYER, resnet50@LAYER"),
        ("histogram@edges", "accepted: inception_v3@LAYER, resnet50@LAYER, vgg16@LAYER, mobilenet_v2@LAYER"),
        ("histogram?l2=perhaps", "accepted: true or false"),
    ],
)
def test_what_is_not_known_is_refused(spec: str, words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        load(spec)


def test_weights_are_for_networks_of_keras_only() -> None:
    with pytest.raises(BadSetting, match="takes no weights$"):
        load("histogram", weights="random:7")
    with pytest.raises(BadSetting, match="takes no weights; give its model file, as in tflite:PATH"):
        load("tflite:x", weights="random:7")


@pytest.mark.parametrize("name", [name for name in names() if ":" not in name])
def test_every_name_can_be_described_without_loading_it(name: str, tmp_path: Path) -> None:
    about = describe(name, models=tmp_path)
    assert about.dims and about.input_size and about.licence and about.source
    assert describe(f"{name}?l2", models=tmp_path) == about


def test_the_canonical_vector_needs_no_weights_where_there_are_none() -> None:
    histogram = load("histogram")
    deviation = canonical.deviation(histogram.fingerprint, histogram.extract([canonical.picture()])[0])
    assert deviation is not None and deviation < 1e-4
    assert canonical.deviation("histogram-other", np.zeros(8, dtype=np.float32)) is None


def test_nothing_heavy_is_imported_with_the_package() -> None:
    code = (
        "import sys; from vision.extractors import load; load('histogram', l2=True); import vision.reduction\n"
        "from vision.extractors import describe, names; [describe(name) for name in names() if ':' not in name]\n"
        "heavy = ('tensorflow', 'keras', 'onnxruntime', 'tokenizers', 'huggingface_hub', 'sklearn')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_fingerprint_follows_what_decides_the_vectors() -> None:
    assert INFO.fingerprint.startswith("fake-") and len(INFO.fingerprint) == len("fake-") + 12
    for change in ({"weights_hash": "x"}, {"preprocessing": "x"}, {"dims": 3}, {"input_size": (9, 8)}, {"name": "x"}):
        assert replace(INFO, **change).fingerprint != INFO.fingerprint
    assert replace(INFO, licence="x", source="x").fingerprint == INFO.fingerprint
    assert replace(INFO, name="tflite:a").fingerprint == replace(INFO, name="tflite:b").fingerprint


def test_l2_scales_to_length_one_and_changes_the_fingerprint() -> None:
    plain, scaled = FakeExtractor(), L2Normalised(FakeExtractor())
    images = [Image.new("RGB", (8, 8), (30, 40, 0)), Image.new("RGB", (8, 8))]
    np.testing.assert_allclose(scaled.extract(images), np.array([[0.6, 0.8], [0, 0]]), atol=1e-6)
    assert scaled.info.unit_length and not plain.info.unit_length
    assert scaled.fingerprint != plain.fingerprint and "length 1" in scaled.info.preprocessing
    assert scaled.extract([]).shape == (0, 2)
    assert load("histogram?l2").fingerprint == load("histogram", l2=True).fingerprint != load("histogram").fingerprint
    assert load("histogram?l2=false", l2=True).fingerprint == load("histogram").fingerprint


def test_model_files_are_looked_for_as_given_then_in_the_models_folder(tmp_path: Path) -> None:
    file = tmp_path / "m.bin"
    file.write_bytes(b"abc")
    assert find_model(file, None) == file
    assert find_model(Path("m.bin"), tmp_path) == file
    assert file_hash(file).startswith("ba7816bf")
    with pytest.raises(ModelUnavailable, match=r"no model file at n.bin and .*n\.bin"):
        find_model(Path("n.bin"), tmp_path)
    with pytest.raises(ModelUnavailable, match="VISUAL_SEARCH_MODELS.* is not set"):
        find_model(Path("n.bin"), None)


def test_batches() -> None:
    assert [list(part) for part in batches([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]
    assert list(batches([], 2)) == []
