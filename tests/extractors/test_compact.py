"""The extractor whose weights come with this package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.extractors.onnx_file import onnx_file
from vision.errors import BadSetting, ModelUnavailable
from vision.extractors import canonical, compact, describe, load

pytestmark = pytest.mark.model


def pictures(count: int) -> list[Image.Image]:
    random = np.random.default_rng(5)
    return [Image.fromarray(random.integers(256, size=(90, 70, 3), dtype=np.uint8)) for _ in range(count)]


def test_vectors_have_length_one_and_a_mirror_image_has_the_same() -> None:
    extractor = load("compact")
    vectors = extractor.extract(pictures(19))
    assert vectors.shape == (19, 256) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    mirrored = extractor.extract([each.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for each in pictures(19)])
    np.testing.assert_allclose(vectors, mirrored, atol=5e-3)
    np.testing.assert_allclose(vectors[:1], extractor.extract(pictures(1)), atol=1e-5)
    assert extractor.extract([]).shape == (0, 256)
    assert load("compact?l2").fingerprint == extractor.fingerprint


def test_the_canonical_vector() -> None:
    extractor = load("compact")
    deviation = canonical.deviation(extractor.fingerprint, extractor.extract([canonical.picture()])[0])
    assert deviation is not None and deviation < canonical.TOLERANCE


def test_the_file_is_small_and_described_without_being_loaded() -> None:
    about = describe("compact")
    assert compact.WEIGHTS.stat().st_size <= 10e6
    assert (about.dims, about.input_size, about.licence) == (256, (128, 128), "Apache-2.0")
    assert about.files[0].found is not None and about.files[0].found.origin == "this package"


def test_a_file_of_the_users_own(tmp_path: Path) -> None:
    copy = tmp_path / "other.onnx"
    copy.write_bytes(compact.WEIGHTS.read_bytes())
    assert load(f"compact:{copy}").fingerprint == load("compact").fingerprint
    with pytest.raises(ModelUnavailable, match="no model file at"):
        load(f"compact:{tmp_path / 'none.onnx'}")
    other = tmp_path / "tiny.onnx"
    other.write_bytes(onnx_file(["n", 3, 8, 8]))
    with pytest.raises(ModelUnavailable, match="is not compact: it gives 3 values for 8 x 8 pixels"):
        load(f"compact:{other}")
    with pytest.raises(BadSetting, match="unknown option size"):
        load("compact?size=64")


def test_tensorflow_is_not_loaded() -> None:
    code = (
        "import sys; from PIL import Image; from vision import extractors; "
        "extractors.load('compact').extract([Image.new('RGB', (9, 9))]); "
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules or 'onnx' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
