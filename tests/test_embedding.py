from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vision import reduction
from vision.embedding import Embedding, EmbeddingStore, check_vector, open_picture
from vision.errors import (
    BadImage,
    BadQuery,
    BadSetting,
    BadVector,
    Conflict,
    FingerprintMismatch,
    ModelUnavailable,
    NotFound,
)
from vision.extractors.histogram import Histogram
from vision.reduction import CoarseCodec


def photo(width: int, height: int, kind: str = "JPEG") -> bytes:
    """A picture of smooth waves and noise, another at every place."""
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([128 + 100 * np.sin(x / 37 + c) * np.cos(y / (23 + c)) for c in range(3)], axis=-1)
    noise = np.random.default_rng(width).normal(0, 12, size=waves.shape)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(waves + noise, 0, 255).astype(np.uint8)).save(buffer, kind)
    return buffer.getvalue()


def pictures(count: int) -> list[Image.Image]:
    random = np.random.default_rng(1)
    return [Image.fromarray(random.integers(0, 255, (20, 20, 3), dtype=np.uint8)) for _ in range(count)]


def made(seed: int = 0) -> Embedding:
    extractor = Histogram()
    features = extractor.extract(pictures(12 + seed))
    pca = reduction.fit(features, extractor_fingerprint=extractor.fingerprint)
    vectors = pca.transform(features)
    return Embedding("histogram", extractor.fingerprint, pca, CoarseCodec.fit(vectors), reduction.sigma2(vectors))


@pytest.fixture(scope="module")
def embedding() -> Embedding:
    return made()


def test_the_fingerprint_names_the_extractor_and_all_that_decides_a_vector(embedding: Embedding) -> None:
    name, _, digest = embedding.fingerprint.rpartition("-")
    assert (name, len(digest)) == ("histogram", 12)
    assert made().fingerprint == embedding.fingerprint
    changed = [
        made(seed=1),
        replace(embedding, pca=embedding.pca.truncated(3)),
        replace(embedding, codec=CoarseCodec(256, 0.5)),
        replace(embedding, extractor_fingerprint="histogram-000000000000"),
    ]
    assert len({embedding.fingerprint, *(each.fingerprint for each in changed)}) == 5
    same = replace(embedding, sigma2=9.0, extractor="histogram?l2=false")
    assert same.fingerprint == embedding.fingerprint


def test_a_stored_embedding_is_the_same(embedding: Embedding, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "embeddings"
    saved = EmbeddingStore(folder).save(embedding)
    assert saved == folder / embedding.fingerprint
    assert sorted(path.name for path in folder.iterdir()) == [embedding.fingerprint]
    assert sorted(path.name for path in saved.iterdir()) == ["embedding.json", "pca.npz"]
    store = EmbeddingStore(folder)
    loaded = store.load(embedding.fingerprint)
    assert loaded is store.load(embedding.fingerprint)
    assert loaded.fingerprint == embedding.fingerprint
    assert (loaded.extractor, loaded.sigma2, loaded.codec) == (embedding.extractor, embedding.sigma2, embedding.codec)
    some = pictures(3)
    assert np.array_equal(loaded.vectors(some), embedding.vectors(some))


def test_saving_again_changes_nothing(embedding: Embedding, tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path)
    saved = store.save(embedding)
    before = (saved / "embedding.json").stat().st_mtime_ns
    assert EmbeddingStore(tmp_path).save(embedding) == saved
    assert (saved / "embedding.json").stat().st_mtime_ns == before


def test_half_a_folder_is_replaced(embedding: Embedding, tmp_path: Path) -> None:
    (tmp_path / embedding.fingerprint).mkdir()
    (tmp_path / embedding.fingerprint / "pca.npz").write_bytes(b"half")
    store = EmbeddingStore(tmp_path)
    store.save(embedding)
    assert store.load(embedding.fingerprint).pca.fingerprint == embedding.pca.fingerprint
    assert len(list(tmp_path.iterdir())) == 1


def test_another_process_that_is_quicker_does_no_harm(
    embedding: Embedding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rename = EmbeddingStore(tmp_path), os.rename
    quicker = EmbeddingStore(tmp_path)

    def late(self: Path, target: Path) -> Path:
        monkeypatch.undo()
        quicker.save(embedding)
        rename(self, target)
        return target

    monkeypatch.setattr(Path, "rename", late)
    assert (store.save(embedding) / "embedding.json").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [embedding.fingerprint]


def test_a_missing_folder_says_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as missing:
        EmbeddingStore(tmp_path).load("histogram-abc")
    assert str(missing.value) == (
        f"the collection's vectors are 'histogram-abc', and {tmp_path / 'histogram-abc'} does not hold that embedding; "
        "copy the folder from the machine that indexed the catalogue, or index again here with --recreate"
    )


def test_a_damaged_folder_is_named(embedding: Embedding, tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path)
    folder = store.save(embedding)
    (folder / "pca.npz").write_bytes(b"nothing")
    with pytest.raises(BadSetting, match=r"pca\.npz is not a PCA file"):
        store.load(embedding.fingerprint)
    (folder / "embedding.json").write_text('{"fingerprint": 3}')
    with pytest.raises(ModelUnavailable, match=r"embedding\.json cannot be read"):
        store.load(embedding.fingerprint)


class Fake(Histogram):
    """The same vectors under another name, as other weights would have."""

    fingerprint = "fake-000000000000"


def test_another_extractor_is_refused_with_both_named(embedding: Embedding) -> None:
    with pytest.raises(
        FingerprintMismatch, match=f"'fake-000000000000', the collection holds '{Histogram.fingerprint}'"
    ):
        embedding.use(Fake())
    stale = replace(embedding, extractor_fingerprint="histogram-000000000000", _loaded={})
    with pytest.raises(FingerprintMismatch, match=f"'{Histogram.fingerprint}', the collection holds 'histogram-0000"):
        stale.vectors(pictures(1))


def test_an_extractor_that_cannot_be_loaded(embedding: Embedding) -> None:
    with pytest.raises(ModelUnavailable, match=r"no model file at /none/m\.onnx"):
        replace(embedding, extractor="onnx:/none/m.onnx", _loaded={}).vectors(pictures(1))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(("width", "height"), [(1200, 900), (130, 700), (50, 40)])
def test_the_whole_as_a_crop_is_exactly_no_crop(embedding: Embedding, kind: str, width: int, height: int) -> None:
    data = photo(width, height, kind)
    assert np.array_equal(embedding.vector(data), embedding.vector(data, crop=[0, 0, 1, 1]))
    assert open_picture(data, Histogram()).tobytes() == open_picture(data, Histogram(), [0, 0, 1, 1]).tobytes()


class Recording(Histogram):
    """Remembers the sizes of the pictures that it was given."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def extract(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.sizes += [image.size for image in images]
        return super().extract(images)


@pytest.mark.parametrize(
    ("crop", "size"),
    [
        (None, (150, 150)),
        ([0, 0, 1, 1], (150, 150)),
        ([0.25, 0.25, 0.5, 0.5], (150, 150)),
        ([0, 0, 0.25, 0.5], (150, 300)),
        ([0.1, 0.1, 0.1, 0.1], (120, 120)),
    ],
)
def test_a_crop_is_decoded_as_large_as_the_extractor_needs_it_and_no_larger(
    embedding: Embedding, crop: list[float] | None, size: tuple[int, int]
) -> None:
    recording = Recording()
    replace(embedding, _loaded={"extractor": recording}).vector(photo(1200, 1200), crop=crop)
    assert recording.sizes == [size]


def test_a_crop_is_near_the_same_part_of_the_whole_picture(embedding: Embedding) -> None:
    data, box = photo(1600, 1200), [0.1, 0.2, 0.5, 0.6]
    whole = Image.open(io.BytesIO(data)).convert("RGB").crop((160, 240, 960, 960))
    exact = embedding.vectors([whole])[0]
    shifted = embedding.vector(data, crop=[0.4, 0.2, 0.5, 0.6])
    near = np.linalg.norm(embedding.vector(data, crop=box) - exact)
    assert near < 0.2 * np.linalg.norm(shifted - exact)


@pytest.mark.parametrize("crop", [[0, 0, 0, 1], [0.5, 0, 0.6, 1], [float("nan"), 0, 1, 1], [0, 0, 1]])
def test_a_bad_crop_is_a_bad_query(embedding: Embedding, crop: list[float]) -> None:
    with pytest.raises(BadQuery, match="the box .*accepted"):
        embedding.vector(photo(50, 40), crop=crop)


def test_a_tiny_crop_and_a_bad_picture(embedding: Embedding) -> None:
    assert np.isfinite(embedding.vector(photo(300, 200), crop=[0.5, 0.5, 1e-9, 1e-9])).all()
    with pytest.raises(BadImage, match="not a picture that can be read"):
        embedding.vector(b"no picture", crop=[0, 0, 1, 1])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1.0] * 1023, r"has shape \(1023,\); \(1024,\) is accepted"),
        ([[1.0] * 1024], r"has shape \(1, 1024\)"),
        ("abc", "must be 1024 numbers"),
        ([None] * 1024, "NaN or infinite"),
        ([float("inf")] * 1024, "NaN or infinite"),
        ([1e20] * 1024, "too long"),
        ([[1], [2, 3]], "must be 1024 numbers"),
    ],
)
def test_a_bad_vector_is_refused(values: object, words: str) -> None:
    with pytest.raises(BadVector, match=words):
        check_vector(values)


def test_a_good_vector_is_float32() -> None:
    vector = check_vector(list(range(1024)))
    assert vector.dtype == np.float32
    assert vector[1023] == 1023


class Reader(Histogram):
    """Words as pictures of one colour: what an extractor does that reads words."""

    def text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.extract([Image.new("RGB", (8, 8), text) for text in texts])


def test_words_are_reduced_as_pictures_are(embedding: Embedding) -> None:
    reading = replace(embedding, extractor="clip:somewhere", _loaded={})
    reading.use(Reader())
    described = reading.text_vectors(["red", "blue"])
    assert described.shape == (2, 1024)
    shown = reading.vectors([Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")])
    np.testing.assert_array_equal(described, shown)


def test_words_are_refused_where_pictures_stand_alone(embedding: Embedding) -> None:
    with pytest.raises(Conflict, match="made of pictures alone: .*index with `--extractor clip`"):
        embedding.text_vectors(["red"])
