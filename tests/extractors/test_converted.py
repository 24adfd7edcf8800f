"""Networks converted for OpenVINO against the originals; which conversion counts, and for which weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, rmtree

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from tests.finetuning.mobilenet import write_weights
from vision import openvino_runtime
from vision.cli import main
from vision.embedding import Embedding, open_picture
from vision.errors import BadSetting, FingerprintMismatch, ModelUnavailable
from vision.extractors import Extractor, SpatialExtractor, compact, conversion, load, registry
from vision.extractors.converted import Converted
from vision.extractors.onnx import Onnx
from vision.reduction import CoarseCodec, fit

pytestmark = [pytest.mark.model]
pytest.importorskip("openvino", reason="converted networks need the extra `fast`")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn photos, and of something else."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(2)
    for number in range(40):
        small = random.integers(0, 256, size=(9, 7, 3), dtype=np.uint8)
        Image.fromarray(small).resize((210, 280), Image.Resampling.BICUBIC).save(folder / f"{number}.jpg")
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    """A models folder with both conversions of compact."""
    pytest.importorskip("nncf", reason="int8 needs the extra `fast`")
    folder = tmp_path_factory.mktemp("models")
    for words in (("convert", "compact"), ("convert", "compact", "--int8", "--calibrate", str(pictures))):
        done = run(folder, *words, "--json")
        assert done.exit_code == 0, done.output
        assert set(json.loads(done.stdout)) >= {"path", "precision", "agreement", "calibrated_on"}
    return folder


@pytest.fixture
def models(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it to be spoilt."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    yield copytree(made, tmp_path / "models")


def run(models: Path, *words: str) -> Result:
    environment = {"VISUAL_SEARCH_MODELS": str(models), "KERAS_HOME": str(models / "keras"), "no_proxy": "*"}
    return CliRunner(env=environment).invoke(main, ["models", *words])


def decoded(folder: Path, extractor: Extractor) -> list[Image.Image]:
    return [open_picture(path.read_bytes(), extractor) for path in sorted(folder.glob("*.jpg"))]


def original(name: str = "compact", models: Path | None = None) -> Onnx:
    return compact.original(registry.parse(name, models, None))


def test_fp32_is_the_same_extractor(models: Path, pictures: Path) -> None:
    first, second = original(), load("compact", models=models)
    assert isinstance(second, Converted) and second.fingerprint == first.fingerprint
    photos = decoded(pictures, first)
    assert conversion.cosine(first.extract(photos), second.extract(photos)).min() >= 0.9999
    assert second.extract([]).shape == (0, 256)
    assert isinstance(second, SpatialExtractor)
    np.testing.assert_allclose(second.maps(photos[:3]), first.maps(photos[:3]), rtol=1e-3, atol=1e-3)


def test_without_openvino_the_original_is_used(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_runtime, "installed", lambda: False)
    assert isinstance(load("compact", models=models), Onnx)


def test_int8_and_bf16_are_extractors_of_their_own(models: Path, pictures: Path) -> None:
    ways = {each: load(f"compact?precision={each}", models=models) for each in ("fp32", "bf16", "int8")}
    assert len({each.fingerprint for each in ways.values()}) == 3
    assert all(each.fingerprint.startswith("compact-") for each in ways.values())
    photos = decoded(pictures, ways["fp32"])
    vectors = {name: each.extract(photos) for name, each in ways.items()}
    assert conversion.cosine(vectors["fp32"], vectors["bf16"]).min() > 0.99
    whole = conversion.cosine(vectors["fp32"], vectors["int8"])
    assert 0.9 < whole.min() < 0.99999, "int8 is not fp32"
    pca = fit(vectors["int8"], extractor_fingerprint=ways["int8"].fingerprint, n_components=8)
    codec = CoarseCodec.fit(pca.transform(vectors["int8"]), 8)
    held = Embedding("compact?precision=int8", ways["int8"].fingerprint, pca, codec, 1.0)
    assert held.vectors(photos[:1], models=models).shape == (1, 1024)
    with pytest.raises(FingerprintMismatch, match=f"{ways['fp32'].fingerprint}.*{ways['int8'].fingerprint}"):
        Embedding("compact", ways["int8"].fingerprint, pca, codec, 1.0).vectors(photos[:1], models=models)


def test_conversions_of_other_weights_are_not_used(models: Path, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(compact.WEIGHTS)
    model.doc_string = "the same network in another file"
    onnx.save(model, tmp_path / "other.onnx")
    name = f"compact:{tmp_path / 'other.onnx'}"
    assert isinstance(load(name, models=models), Onnx)
    with pytest.raises(ModelUnavailable, match=r"not converted to int8 with the weights.*\.int8 is of other weights"):
        load(f"{name}?precision=int8", models=models)


def test_a_damaged_conversion_is_said_and_not_used(models: Path) -> None:
    folder = models / f"{original().fingerprint}.fp32"
    content = bytearray((folder / "model.bin").read_bytes())
    content[1000] ^= 1
    (folder / "model.bin").write_bytes(content)
    with pytest.raises(ModelUnavailable, match="is damaged or was changed; delete it, and convert again"):
        load("compact", models=models)
    (folder / "model.bin").unlink()
    with pytest.raises(ModelUnavailable, match="lacks a file"):
        load("compact", models=models)
    (folder / "conversion.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="no conversion that can be read"):
        load("compact", models=models)
    rmtree(folder)
    assert isinstance(load("compact", models=models), Onnx)


def test_what_was_not_converted_or_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    with pytest.raises(ModelUnavailable, match="`visual-search models convert compact --int8 --calibrate FOLDER`"):
        load("compact?precision=int8", models=tmp_path)
    with pytest.raises(BadSetting, match="precision is 'int4'; accepted: fp32, bf16, int8"):
        load("compact?precision=int4", models=tmp_path)


def test_the_command_says_what_was_made(models: Path, pictures: Path) -> None:
    again = json.loads(
        run(models, "convert", "compact", "--calibrate", str(pictures), "--json").output.splitlines()[-1]
    )
    assert again["path"] == str(models / f"{original().fingerprint}.fp32")
    assert again["agreement"]["pictures"] == 40 and again["agreement"]["cosine_min"] > 0.9999
    kept = run(models, "convert", "compact", "--int8", "--calibrate", str(pictures))
    assert kept.exit_code == 2 and "is there already" in kept.output
    assert not list(models.glob(".converting-*"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("histogram",), "cannot be converted; accepted: the networks of Keras, and compact"),
        (("compact", "--int8"), "--int8 needs --calibrate"),
        (("compact?precision=bf16",), "unknown option precision"),
    ],
)
def test_what_cannot_be_converted(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = run(tmp_path, "convert", *words)
    assert (done.exit_code, told in done.output) == (2, True), done.output


def test_too_few_pictures_to_calibrate_with(tmp_path: Path, pictures: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    (few / "0.jpg").write_bytes((pictures / "0.jpg").read_bytes())
    done = run(tmp_path, "convert", "compact", "--int8", "--calibrate", str(few))
    assert done.exit_code == 2 and "1 pictures to calibrate with; accepted: 20 or more" in done.output


@pytest.mark.slow
@pytest.mark.parametrize("name", ["inception_v3", "resnet50", "mobilenet_v2@block_6_expand", "vgg16"])
def test_networks_of_keras_are_the_same_extractors(
    name: str, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    first = load(name, weights="random:0", models=tmp_path)
    done = run(tmp_path, "convert", name, "--weights", "random:0")
    assert done.exit_code == 0, done.output
    second = load(name, weights="random:0", models=tmp_path)
    assert isinstance(second, Converted) and second.fingerprint == first.fingerprint
    photos = decoded(pictures, first)[:4]
    assert conversion.cosine(first.extract(photos), second.extract(photos)).min() >= 0.9999
    assert isinstance(first, SpatialExtractor)
    maps = first.maps(photos[:1])
    np.testing.assert_allclose(second.maps(photos[:1]), maps, atol=1e-3 * float(np.abs(maps).max()))
    assert not isinstance(load(name, weights="random:1", models=tmp_path), Converted)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_trained_weights_on_real_photos(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also: a weights file that changes under its name is noticed."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    weights = tmp_path / "trained.weights.h5"
    write_weights(shared / "models/tf2_mobilenet_v2_1.0_224_ptq.tflite", weights)
    name = f"mobilenet_v2:{weights}"
    first = load(name, models=tmp_path)
    assert run(tmp_path, "convert", name).exit_code == 0
    second = load(name, models=tmp_path)
    assert isinstance(second, Converted) and second.fingerprint == first.fingerprint
    files = sorted((shared / "data/clothing/images").iterdir())[:64]
    photos = [open_picture(path.read_bytes(), first) for path in files]
    one, two = first.extract(photos), second.extract(photos)
    assert conversion.cosine(one, two).min() >= 0.9999
    assert conversion.overlap(one, two) >= 0.99
    with weights.open("ab") as file:
        file.write(b"\0")
    assert not isinstance(load(name, models=tmp_path), Converted)
