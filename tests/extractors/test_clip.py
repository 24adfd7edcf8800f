"""CLIP: both towers, the tokenizer and the image converter against what transformers gives for the same weights."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.extractors.tiny import FOLDER, TEXTS, pictures
from vision.errors import ModelUnavailable
from vision.extractors import TextEncoder, load, reads_words
from vision.extractors.clip import Clip, read_converter

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def expected() -> dict[str, NDArray[Any]]:
    with np.load(FOLDER / "expected.npz") as file:
        return dict(file)


@pytest.fixture
def clip() -> Clip:
    pytest.importorskip("onnxruntime", reason="CLIP needs the extra `clip`")
    loaded = load(f"clip:{FOLDER}")
    assert isinstance(loaded, Clip)
    return loaded


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The folder, to change something in."""
    pytest.importorskip("onnxruntime", reason="CLIP needs the extra `clip`")
    return Path(shutil.copytree(FOLDER, tmp_path / "tiny"))


@pytest.fixture
def tokenizers() -> None:
    pytest.importorskip("tokenizers", reason="words for CLIP need the extra `clip`")


def rewrite(folder: Path, **settings: Any) -> None:
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def test_the_image_converter_is_clips_own(expected: dict[str, NDArray[Any]]) -> None:
    converted = read_converter(FOLDER / "preprocessor_config.json")(pictures())
    assert converted.dtype == np.float32
    np.testing.assert_allclose(converted, expected["pixels"], atol=2e-6)


def test_pictures_have_the_vectors_that_transformers_gives(clip: Clip, expected: dict[str, NDArray[Any]]) -> None:
    vectors = clip.extract(pictures())
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected["images"], atol=1e-5)
    np.testing.assert_allclose(clip.extract(pictures() * 5)[-4:], expected["images"], atol=1e-5)
    assert clip.extract([]).shape == (0, 12)


@pytest.mark.usefixtures("tokenizers")
def test_words_have_the_vectors_that_transformers_gives(clip: Clip, expected: dict[str, NDArray[Any]]) -> None:
    vectors = clip.text(TEXTS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected["texts"], atol=1e-5)
    alone = np.concatenate([clip.text([text]) for text in TEXTS])
    np.testing.assert_allclose(alone, expected["texts"], atol=1e-5)
    assert clip.text([]).shape == (0, 12)
    assert isinstance(clip, TextEncoder) and not isinstance(load("histogram"), TextEncoder)


@pytest.mark.usefixtures("tokenizers")
def test_tokens_are_those_of_clips_own_tokenizer(clip: Clip, expected: dict[str, NDArray[Any]]) -> None:
    encoded = clip._text_tower()._tokenizer.encode_batch(TEXTS)
    np.testing.assert_array_equal([each.ids for each in encoded], expected["ids"])


def test_the_description(clip: Clip) -> None:
    info = clip.info
    assert (info.name, info.dims, info.input_size, info.unit_length) == ("clip", 12, (32, 32), True)
    assert load(f"clip:{FOLDER}?l2").fingerprint == clip.fingerprint
    assert clip.fingerprint.startswith("clip-") and reads_words("clip:anything") and not reads_words("resnet50")


def test_the_fingerprint_follows_towers_tokenizer_and_converter(clip: Clip, copied: Path) -> None:
    assert load(f"clip:{copied}").fingerprint == clip.fingerprint
    (copied / "tokenizer.json").write_text((copied / "tokenizer.json").read_text() + " ")
    other = load(f"clip:{copied}").fingerprint
    rewrite(copied, image_mean=[0.5, 0.5, 0.5])
    assert len({clip.fingerprint, other, load(f"clip:{copied}").fingerprint}) == 3


def test_a_folder_is_found_as_given_then_in_the_models_folder(clip: Clip, copied: Path, tmp_path: Path) -> None:
    assert load("clip:tiny", models=tmp_path).fingerprint == clip.fingerprint
    copied.rename(tmp_path / "clip")
    assert load("clip", models=tmp_path).fingerprint == clip.fingerprint
    (tmp_path / "clip" / "onnx").mkdir()
    for name in ("vision_model.onnx", "text_model.onnx"):
        (tmp_path / "clip" / name).rename(tmp_path / "clip" / "onnx" / name)
    assert load("clip", models=tmp_path).fingerprint == clip.fingerprint


def test_missing_files_are_named(copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copied / "text_model.onnx").unlink()
    with pytest.raises(ModelUnavailable, match=r"no CLIP in .*tiny: text_model.onnx missing; docs/extractors.md"):
        load(f"clip:{copied}")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    with pytest.raises(ModelUnavailable, match=r"clip or .*keras.models.clip: .*missing; `visual-search models fetch"):
        load("clip", models=tmp_path)


@pytest.mark.usefixtures("tokenizers")
def test_files_that_are_not_what_they_are_called_are_refused(copied: Path) -> None:
    tokens = copied / "tokenizer.json"
    good = tokens.read_text()
    tokens.write_text("{}")
    loaded = load(f"clip:{copied}")
    assert isinstance(loaded, TextEncoder)
    with pytest.raises(ModelUnavailable, match="tokenizer.json is not a tokenizer"):
        loaded.text(["red"])
    tokens.write_text(good)
    shutil.copy(copied / "vision_model.onnx", copied / "text_model.onnx")
    wrong = load(f"clip:{copied}")
    assert isinstance(wrong, TextEncoder)
    with pytest.raises(ModelUnavailable, match="text_model.onnx has the inputs pixel_values"):
        wrong.text(["red"])
    (copied / "vision_model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelUnavailable, match="vision_model.onnx is not an ONNX model"):
        load(f"clip:{copied}")


@pytest.mark.parametrize(
    "settings",
    [{"crop_size": {"height": 64, "width": 64}}, {"resample": 99}, {"image_std": [0, 1, 1]}, {"crop_size": {}}]
    + [{"do_center_crop": False}, {"size": "large"}, {"image_mean": [0, 0]}],
)
def test_converters_that_make_no_sense_are_refused(copied: Path, settings: dict[str, Any]) -> None:
    rewrite(copied, **settings)
    with pytest.raises(ModelUnavailable, match="preprocessor_config.json (is not|has settings of) the image converter"):
        load(f"clip:{copied}")


def test_older_settings_give_numbers_alone(copied: Path, clip: Clip) -> None:
    rewrite(copied, size=36, crop_size=32)
    np.testing.assert_array_equal(load(f"clip:{copied}").extract(pictures()), clip.extract(pictures()))


def test_without_the_extra_it_says_how_to_install_it(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ModelUnavailable, match=r"pip install solr-visual-search\[clip\]"):
        clip.text(["red dress"])


def test_grey_pictures_are_read_as_well(clip: Clip) -> None:
    grey = Image.new("L", (50, 40), 90)
    np.testing.assert_array_equal(clip.extract([grey]), clip.extract([grey.convert("RGB")]))
