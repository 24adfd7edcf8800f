from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

pytestmark = pytest.mark.model


def test_the_file_gives_what_the_network_gives(tmp_path: Path) -> None:
    from training.data import Photos
    from training.export import export
    from training.looking import joined, vectors
    from training.network import build
    from vision import extractors
    from vision.extractors.tensorflow_runtime import keras

    network = build(classes=5, components=8, seed=0)
    random = np.random.default_rng(1)
    for layer in network.embed.layers:
        if layer.name.endswith("_norm"):
            layer.set_weights([random.uniform(0.5, 1.5, each.shape) for each in layer.get_weights()])
    export(network.embed, 64, 0.7, tmp_path / "compact.onnx")
    pixels = random.integers(256, size=(5, 64, 64, 3), dtype=np.uint8)
    photos = Photos("drawn", pixels, np.zeros(5, dtype=np.int64), np.array(["a"] * 5), ("a",))
    expected = joined(*vectors(network, photos, 64), 0.7)
    extractor = extractors.load(f"onnx:{tmp_path / 'compact.onnx'}")
    found = extractor.extract([Image.fromarray(each) for each in pixels])
    assert extractor.info.input_size == (64, 64)
    assert found.shape == (5, 256)
    assert np.abs(found - expected).max() < 2e-3
    assert (found**2).sum(axis=1) == pytest.approx(1, abs=1e-4)
    session = onnxruntime.InferenceSession(str(tmp_path / "compact.onnx"))
    features = session.run(["features"], {"pictures": pixels.transpose(0, 3, 1, 2)})[0]
    assert features.shape == (10, 320, 2, 2)
    pooled = keras().Model(network.embed.input, network.embed.get_layer("pooled").output)
    scaled = pixels.astype(np.float32) / 127.5 - 1
    np.testing.assert_allclose(
        features[:5].mean(axis=(2, 3)), np.asarray(pooled(scaled, training=False)), rtol=2e-2, atol=2e-2
    )
    mirrored = extractor.extract([Image.fromarray(each[:, ::-1].copy()) for each in pixels])
    assert np.abs(found - mirrored).max() < 1e-4
    assert (tmp_path / "compact.onnx").stat().st_size < 10e6
