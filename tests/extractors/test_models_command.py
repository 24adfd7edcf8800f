"""``visual-search models``: through click, and once as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.extractors.publishing import BODY, MD5, Weights
from tests.extractors.tiny import FOLDER
from tests.web import serving
from vision.cli import main
from vision.extractors import canonical, networks
from vision.extractors.networks import NETWORKS


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    models = tmp_path / "models"
    models.mkdir()
    return {"VISUAL_SEARCH_MODELS": str(models), "KERAS_HOME": str(tmp_path / "keras"), "no_proxy": "*"}


def run(environment: dict[str, str], *words: str) -> Result:
    return CliRunner(env=environment).invoke(main, ["models", *words])


def test_list(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "models" / "own.tflite").write_bytes(b"x" * 1_500_000)
    (tmp_path / "models" / "compact-0123456789ab.onnx").write_bytes(b"x")
    (tmp_path / "models" / NETWORKS["resnet50"].headless.name).write_bytes(b"x")
    rows = {row["name"]: row for row in json.loads(run(environment, "list", "--json").output)}
    assert list(rows) == [
        "inception_v3",
        "resnet50",
        "vgg16",
        "vgg16@fc2",
        "mobilenet_v2",
        "compact",
        f"compact:{tmp_path / 'models' / 'compact-0123456789ab.onnx'}",
        "clip",
        "histogram",
        "tflite:own.tflite",
    ]
    vgg = rows["vgg16@fc2"]
    assert (vgg["dims"], vgg["input"], vgg["licence"], vgg["ready"]) == (4096, [224, 224], "CC-BY-4.0", False)
    assert vgg["files"] == [
        {
            "name": "vgg16_weights_tf_dim_ordering_tf_kernels.h5",
            "bytes": 553_467_096,
            "path": None,
            "origin": None,
        }
    ]
    assert rows["resnet50"]["ready"] and rows["resnet50"]["files"][0]["origin"] == "the models folder"
    assert rows["histogram"]["ready"] and rows["histogram"]["files"] == []
    assert rows["tflite:own.tflite"]["dims"] is None
    shown = run(environment, "list").output.splitlines()
    assert shown[0].split() == ["name", "dims", "input", "licence", "size", "weights"]
    assert any("tflite:own.tflite" in line and "1.5 MB" in line for line in shown)
    assert any("vgg16@fc2" in line and "not here, downloaded on first use" in line for line in shown)
    assert "tflite:PATH, onnx:PATH" in shown[-1] and "resnet50@conv4_block6_out" in shown[-1]


def test_check_compares_with_the_canonical_vector(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    good = run(environment, "check", "histogram", "--json")
    found = json.loads(good.output)
    assert (good.exit_code, found["canonical"], found["dims"], found["words"]) == (0, "same", 704, False)
    assert found["fingerprint"].startswith("histogram-")
    assert found["images_s"] > 1 and found["images_s_batch16"] > 1
    scaled = json.loads(run(environment, "check", "histogram?l2", "--json").output)
    assert (scaled["canonical"], scaled["deviation"]) == ("unknown", None)
    monkeypatch.setattr(canonical, "VECTORS", {found["fingerprint"]: (1.0,) * 8})
    bad = run(environment, "check", "histogram")
    assert bad.exit_code == 1
    assert "gives another vector here than elsewhere" in bad.output and "different" in bad.output


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("check", "nope"), 2, "there is no extractor 'nope'"),
        (("check", "tflite:none.tflite"), 1, "no model file at none.tflite"),
        (("check", "histogram", "--weights", "random:1"), 2, "takes no weights"),
        (("fetch", "histogram"), 2, "needs no other weights: there is nothing to fetch"),
        (("fetch", "onnx:x.onnx"), 2, "is a file of your own: there is nothing to fetch"),
        (("fetch", "vgg16:mine.h5"), 2, "mine.h5 is a file of your own"),
    ],
)
def test_what_cannot_be_done_is_said(environment: dict[str, str], words: tuple[str, ...], code: int, told: str) -> None:
    result = run(environment, *words)
    assert (result.exit_code, told in result.output) == (code, True), result.output


@pytest.mark.model
def test_check_of_clip_runs_both_towers(environment: dict[str, str]) -> None:
    for name in ("onnxruntime", "tokenizers"):
        pytest.importorskip(name, reason="CLIP needs the extra `clip`")
    found = json.loads(run(environment, "check", f"clip:{FOLDER}", "--json").output)
    assert (found["words"], found["dims"], found["words_dims"], found["input"]) == (True, 12, 12, [32, 32])


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """ResNet50's weights, seven kilobytes of them, on a server of our own."""
    with serving(Weights) as url:
        network = NETWORKS["resnet50"]
        file = replace(network.headless, url=f"{url}/ok", bytes=len(BODY), md5=MD5)
        from vision.extractors import keras_network

        changed = {**NETWORKS, "resnet50": replace(network, headless=file)}
        monkeypatch.setattr(networks, "NETWORKS", changed)
        monkeypatch.setattr(keras_network, "NETWORKS", changed)
        yield file.name


@pytest.mark.model
def test_fetch_keeps_the_file_in_the_models_folder_and_checks_it(
    published: str, environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "models" / published
    first, again = run(environment, "fetch", "resnet50"), run(environment, "fetch", "resnet50")
    assert (first.exit_code, path.read_bytes()) == (0, BODY)
    assert f"{path}  (7,000 bytes, a download by Keras)" in first.output
    assert f"{path}  (7,000 bytes, the models folder)" in again.output
    path.write_bytes(b"cut short")
    damaged = run(environment, "fetch", "resnet50")
    assert damaged.exit_code == 1 and "delete the file to" in damaged.output
    path.unlink()
    without = {**environment, "VISUAL_SEARCH_MODELS": ""}
    assert f"{tmp_path / 'keras' / 'models' / published}  (7,000" in run(without, "fetch", "resnet50").output


@pytest.mark.model
@pytest.mark.slow
def test_in_a_process_of_its_own(environment: dict[str, str]) -> None:
    start = [sys.executable, "-c", "from vision.cli import main; main()", "models"]
    variables = os.environ | environment | {"PYTHONPATH": str(Path(__file__).parents[2])}

    def process(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*start, *words], capture_output=True, text=True, env=variables, check=False)

    checked = process("check", "mobilenet_v2", "--weights", "random:0", "--json")
    assert (checked.returncode, checked.stderr) == (0, "")
    found = json.loads(checked.stdout)
    assert (found["dims"], found["canonical"], found["weights_sha256"]) == (1280, "same", "random:0")
    missing = process("check", "mobilenet_v2:none.h5")
    assert missing.returncode == 1 and "no MobileNetV2 weights at none.h5" in missing.stderr
    assert "Traceback" not in missing.stderr
