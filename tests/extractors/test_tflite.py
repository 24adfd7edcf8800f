"""TFLite models: the vector that is chosen, types and scales, on real models and on ones made here."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vision.errors import BadSetting, ModelUnavailable
from vision.evaluation import label_quality
from vision.extractors import canonical, load
from vision.extractors.tensorflow_runtime import quiet, tensorflow
from vision.images import decode

pytestmark = pytest.mark.model

MOBILENET_V2 = "tf2_mobilenet_v2_1.0_224_ptq.tflite"
MOBILENET_V1 = "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"


def photos(folder: Path, count: int) -> tuple[list[Image.Image], list[str]]:
    with (folder / "images.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] not in ("Not sure", "Other", "Skip")]
    rows = [row for row in rows if (folder / "images" / f"{row['image']}.jpg").exists()][:count]
    files = [folder / "images" / f"{row['image']}.jpg" for row in rows]
    return [decode(file.read_bytes(), min_side=224) for file in files], [row["label"] for row in rows]


@pytest.fixture(scope="module")
def float_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float model without weights: (1, open, open, 3) to the means over all places."""
    return _converted(tmp_path_factory.mktemp("tflite") / "float.tflite", [1, None, None, 3], quantised=False)


@pytest.fixture(scope="module")
def int8_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for 8 x 8 pictures, int8 in and out."""
    return _converted(tmp_path_factory.mktemp("tflite") / "int8.tflite", [1, 8, 8, 3], quantised=True)


def _converted(path: Path, shape: list[int | None], quantised: bool) -> Path:
    tf = tensorflow()

    def means(image: Any) -> Any:
        return tf.reduce_mean(image, axis=[1, 2])

    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function = tf.function(means, input_signature=[tf.TensorSpec(shape, tf.float32)]).get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
        if quantised:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([np.full((1, 8, 8, 3), v, np.float32)] for v in (-1, 1))
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        path.write_bytes(converter.convert())
    return path


def test_a_float_model_of_open_size(float_model: Path) -> None:
    extractor = load(f"tflite:{float_model}?size=16x12")
    assert (extractor.info.input_size, extractor.info.dims) == ((16, 12), 3)
    assert "scale inception" in extractor.info.preprocessing
    vectors = extractor.extract([Image.new("RGB", (9, 9), (255, 0, 102)), Image.new("RGB", (30, 9), (0, 255, 0))])
    np.testing.assert_allclose(vectors, np.array([[1, -1, -0.2], [-1, 1, -1]]), atol=1e-5)
    assert extractor.extract([]).shape == (0, 3)
    raw = load(f"tflite:{float_model}?size=16&scale=raw")
    np.testing.assert_allclose(raw.extract([Image.new("RGB", (9, 9), (255, 0, 102))]), [[255, 0, 102]], atol=1e-3)


def test_an_int8_model(int8_model: Path) -> None:
    image = Image.new("RGB", (9, 9), (255, 0, 102))
    shifted = load(f"tflite:{int8_model}").extract([image])
    scaled = load(f"tflite:{int8_model}?scale=inception").extract([image])
    for vectors in (shifted, scaled):
        np.testing.assert_allclose(vectors, [[1, -1, -0.2]], atol=0.02)
    assert load(f"tflite:{int8_model}").fingerprint != load(f"tflite:{int8_model}?scale=inception").fingerprint


def test_what_cannot_be_used_is_refused(tmp_path: Path, int8_model: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no model file"):
        load(f"tflite:{tmp_path / 'none.tflite'}")
    for content in (b"not a model", b"", b"\x1c\x00\x00\x00TFL3" + bytes(40)):
        (tmp_path / "bad.tflite").write_bytes(content)
        with pytest.raises(ModelUnavailable, match="not a TFLite model"):
            load(f"tflite:{tmp_path / 'bad.tflite'}")
    with pytest.raises(BadSetting, match="fixed at 8 x 8"):
        load(f"tflite:{int8_model}?size=16")
    for wrong in ("nothing", "9999"):
        with pytest.raises(BadSetting, match="0 of the model's"):
            load(f"tflite:{int8_model}?tensor={wrong}")


def test_of_a_classifier_the_features_before_the_head_are_taken(shared: Path) -> None:
    models, image = shared / "models", Image.effect_noise((300, 240), 90).convert("RGB")
    chosen = load(f"tflite:{MOBILENET_V2}", models=models)
    assert (chosen.info.dims, chosen.info.input_size) == (1280, (224, 224))
    assert "tensor 172, which feeds the classifier" in chosen.info.preprocessing
    by_index = load(f"tflite:{MOBILENET_V2}?tensor=172", models=models)
    by_name = load(f"tflite:{MOBILENET_V2}?tensor=MobileNetV2/top/GlobalPool/Mean", models=models)
    for same in (by_index, by_name):
        assert same.fingerprint == chosen.fingerprint
        np.testing.assert_array_equal(same.extract([image]), chosen.extract([image]))
    scores = load(f"tflite:{MOBILENET_V2}?tensor=output", models=models)
    assert scores.info.dims == 1001 and scores.fingerprint != chosen.fingerprint
    assert 0.5 < scores.extract([image]).sum() < 1.1  # probabilities, in steps of 1/256


def test_an_embedding_model_is_taken_as_it_is(shared: Path) -> None:
    extractor = load(f"tflite:{MOBILENET_V1}", models=shared / "models")
    assert extractor.info.dims == 1024 and "the model's output" in extractor.info.preprocessing


@pytest.mark.parametrize("name", [MOBILENET_V2, MOBILENET_V1])
def test_canonical_vectors(name: str, shared: Path) -> None:
    extractor = load(f"tflite:{name}", models=shared / "models")
    deviation = canonical.deviation(extractor.fingerprint, extractor.extract([canonical.picture()])[0])
    assert deviation is not None and deviation <= canonical.TOLERANCE


@pytest.mark.slow
def test_real_photos_are_ranked_well_and_quickly(shared: Path) -> None:
    images, labels = photos(shared / "data" / "clothing", 500)
    extractor = load(f"tflite:{MOBILENET_V2}", models=shared / "models")
    start = time.process_time()
    vectors = extractor.extract(images)
    assert (time.process_time() - start) / len(images) < 0.06
    np.testing.assert_array_equal(extractor.extract(images[3:4])[0], vectors[3])
    quality = label_quality(vectors, labels)
    assert quality.map > 0.28 and quality.precision > 0.42


def test_loading_writes_nothing(float_model: Path) -> None:
    code = (
        "import sys; from PIL import Image; from vision.extractors import load\n"
        "load('tflite:' + sys.argv[1]).extract([Image.new('RGB', (9, 9))])"
    )
    arguments = [sys.executable, "-W", "error", "-c", code, str(float_model)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
