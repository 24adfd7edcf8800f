"""Fine-tuning as its user runs it, on drawn products: what is trained, what is kept aside, what is written."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from vision import extractors
from vision.cli import main
from vision.demo import draw_catalogue
from vision.errors import BadCatalogue
from vision.finetuning.material import gather

pytestmark = [
    pytest.mark.model,
    pytest.mark.slow,
    # TensorFlow's variables know nothing of NumPy 2's copy=False, which Keras uses to save them.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_catalogue(tmp_path_factory.mktemp("drawn"), products=100, size=96).catalogue


@pytest.fixture
def finetune(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("VISUAL_SEARCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VISUAL_SEARCH_MODELS", raising=False)

    def run(catalogue: Path, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["models", "finetune", "--catalog", str(catalogue), *arguments])

    return run


def report(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def picture(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(256, size=(90, 70, 3), dtype=np.uint8))


def test_compact_learns_colors_and_its_file_can_be_indexed_with(catalogue: Path, finetune: Run) -> None:
    found = report(
        finetune(catalogue, "--label", "color", "--layers", "4", "--epochs", "6", "--rate", "2e-3", "--json")
    )
    assert found["after"]["map"] > found["before"]["map"]
    assert found["trained"] == ["stage4b_first", "stage4b_second", "general", "classes"]
    assert max(each["quality"] for each in found["epochs"]) > found["epochs"][0]["quality"]
    untuned, tuned = extractors.load("compact"), extractors.load(found["specification"])
    assert found["fingerprints"] == [untuned.fingerprint, tuned.fingerprint]
    assert tuned.info.dims == untuned.info.dims and tuned.fingerprint != untuned.fingerprint
    vectors = tuned.extract([picture()])
    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-4)
    assert np.abs(vectors - untuned.extract([picture()])).max() > 1e-3
    assert json.loads(Path(f"{found['file']}.json").read_text()) == found


def test_the_network_as_variables_gives_the_files_vectors(tmp_path: Path) -> None:
    from vision.extractors import registry
    from vision.extractors.tensorflow_runtime import tensorflow
    from vision.finetuning.networks import tunable
    from vision.images import to_array

    network = tunable(registry.parse("compact", None, None))
    pixels = np.stack([to_array(picture(seed), (128, 128)) for seed in range(3)])
    plain, mirrored = (
        np.asarray(network.vectors(tensorflow().constant(each, "float32"))) for each in (pixels, pixels[:, :, ::-1])
    )
    halves = []
    for part in (slice(192), slice(192, 256)):
        both = plain[:, part] + mirrored[:, part]
        factor = np.linalg.norm(plain[0, part])
        halves.append(factor * both / np.linalg.norm(both, axis=1, keepdims=True))
    expected = np.concatenate(halves, axis=1)
    found = extractors.load("compact").extract([Image.fromarray(each) for each in pixels])
    np.testing.assert_allclose(found, expected, atol=1e-3)
    network.save(tmp_path / "same.onnx")
    same = extractors.load(f"compact:{tmp_path / 'same.onnx'}")
    np.testing.assert_allclose(same.extract([picture()]), extractors.load("compact").extract([picture()]), atol=1e-6)


def test_a_network_of_keras(catalogue: Path, finetune: Run, tmp_path: Path) -> None:
    from vision.extractors.keras_network import assemble
    from vision.extractors.networks import NETWORKS

    weights = tmp_path / "seeded.weights.h5"
    assemble(NETWORKS["mobilenet_v2"], seed=0).save_weights(str(weights))
    out = tmp_path / "tuned.weights.h5"
    arguments = ("--extractor", f"mobilenet_v2:{weights}", "--label", "category", "--most", "40", "--epochs", "3")
    found = report(finetune(catalogue, *arguments, "--layers", "2", "--rate", "1e-2", "--out", str(out), "--json"))
    assert found["trained"] == ["block_16_project", "Conv_1"]
    if found["specification"] is not None:
        assert found["specification"] == f"mobilenet_v2:{out}"
        before, after = (assemble(NETWORKS["mobilenet_v2"]) for _ in range(2))
        before.load_weights(str(weights))
        after.load_weights(str(out))
        changed = [
            layer.name
            for layer, other in zip(before.layers, after.layers, strict=True)
            if any((left != right).any() for left, right in zip(layer.get_weights(), other.get_weights(), strict=True))
        ]
        assert set(changed) <= {"block_16_project", "block_16_project_BN", "Conv_1", "Conv_1_bn"}


def test_clip_learns_from_titles(catalogue: Path, finetune: Run) -> None:
    pytest.importorskip("tokenizers", reason="words for CLIP need the extra `clip`")
    from tests.extractors.tiny import FOLDER

    arguments = ("--extractor", f"clip:{FOLDER}", "--epochs", "30", "--rate", "0.003")
    found = report(finetune(catalogue, *arguments, "--json"))
    assert found["stopped_by"] == "MRR of titles"
    assert found["epochs"][-1]["loss"] < found["epochs"][1]["loss"]
    assert found["specification"].startswith("clip:")
    tuned = extractors.load(found["specification"])
    assert isinstance(tuned, extractors.TextEncoder)
    assert tuned.text(["a red dress"]).shape == (1, tuned.info.dims)
    again = report(finetune(catalogue, "--extractor", found["specification"], "--epochs", "2", "--json"))
    assert again["epochs"][0]["quality"] == pytest.approx(max(each["quality"] for each in found["epochs"]), abs=1e-3)


def test_no_product_is_in_two_parts_and_every_row_is_in_one(catalogue: Path) -> None:
    material = gather(catalogue, "category")
    parts = [
        {material.products[row].product_id for row in rows} for rows in (material.train, material.stop, material.report)
    ]
    assert all(not left & right for left, right in zip(parts, [*parts[1:], parts[0]], strict=True))
    rows = np.concatenate([material.train, material.stop, material.report])
    assert sorted(rows) == list(range(len(material.products)))
    assert [len(part) for part in parts] == [70, 15, 15]


def test_rows_of_one_group_are_in_one_part(catalogue: Path) -> None:
    material = gather(catalogue, "category", group="brand")
    brands = [
        {material.products[row].attributes.get("brand") for row in rows} - {None}
        for rows in (material.train, material.stop, material.report)
    ]
    assert all(brands)
    assert all(not left & right for left, right in zip(brands, [*brands[1:], brands[0]], strict=True))


def test_a_sample_is_the_same_for_the_same_seed(catalogue: Path) -> None:
    first, same, other = (gather(catalogue, "category", most=60, seed=seed).products for seed in (1, 1, 2))
    assert first == same and first != other and len(first) == 60


def test_too_few_pictures_are_refused(catalogue: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.csv"
    with catalogue.open(newline="") as file:
        lines = [line.replace("images/", f"{catalogue.parent}/images/") for line in list(file)[:8]]
    few.write_text("".join(lines))
    with pytest.raises(BadCatalogue, match="has too few pictures with a category: of 7"):
        gather(few, "category")


def test_nothing_better_writes_nothing(catalogue: Path, finetune: Run, tmp_path: Path) -> None:
    arguments = (
        "--label",
        "color",
        "--layers",
        "1",
        "--epochs",
        "1",
        "--rate",
        "1e-12",
        "--out",
        str(tmp_path / "no.onnx"),
    )
    result = finetune(catalogue, *arguments)
    assert result.exit_code == 0 and "nothing was written" in result.stdout
    assert not list(tmp_path.glob("no.onnx*"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--label is missing"),
        (("--label", "colour"), "no row of catalog.csv has a value of it"),
        (
            ("--label", "color", "--layers", "99"),
            "--layers is 99; accepted: 1 to 23, from the last on: classes, general",
        ),
        (("--label", "color", "--extractor", "histogram"), "histogram cannot be fine-tuned; accepted: compact, clip"),
        (("--label", "color", "--extractor", "compact?l2"), "without options; got l2"),
        (("--label", "color", "--extractor", "clip"), "clip learns from titles"),
        (("--label", "color", "--out", "."), "is there already; give another name"),
    ],
)
def test_what_cannot_be_done_is_refused(catalogue: Path, finetune: Run, arguments: tuple[str, ...], words: str) -> None:
    result = finetune(catalogue, *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_bad_rows_are_left_out_and_told(catalogue: Path, finetune: Run, tmp_path: Path) -> None:
    with catalogue.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["image"] = str(catalogue.parent / row["image"])
    rows[3]["image"] = "nowhere.jpg"
    broken = tmp_path / "broken.csv"
    with broken.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    result = finetune(broken, "--label", "color", "--layers", "1", "--epochs", "1")
    assert result.exit_code == 0
    assert "1 rows are no good and were left out; the first" in result.stdout and "nowhere.jpg" in result.stdout
