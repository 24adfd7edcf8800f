"""PCA: right, repeatable, bounded in memory, and refusing what does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.errors import BadSetting, BadVector, FingerprintMismatch
from vision.reduction import DIMS, Pca, fit, pad


def features(count: int = 60, dims: int = 12, seed: int = 1) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    return (random.normal(size=(count, dims)) * np.linspace(3, 0.1, dims) + 5).astype(np.float32)


def test_full_rank_keeps_all_distances() -> None:
    x = features()
    y = fit(x, extractor_fingerprint="e").transform(x)
    assert y.shape == (60, DIMS) and y.dtype == np.float32
    before = ((x[:, None] - x[None]) ** 2).sum(-1)
    after = ((y[:, None] - y[None]) ** 2).sum(-1)
    np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-3)


def test_components_are_numpys_own_singular_vectors() -> None:
    x = features()
    pca = fit(x, extractor_fingerprint="e", n_components=4)
    centred = x - x.mean(axis=0)
    _, values, rows = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    np.testing.assert_allclose(np.abs((pca.components @ rows[:4].T).diagonal()), 1, atol=1e-5)
    np.testing.assert_allclose(pca.explained_variance, values[:4] ** 2 / 59, rtol=1e-4)
    np.testing.assert_allclose(pca.explained_variance_ratio, (values**2 / (values**2).sum())[:4], rtol=1e-4)
    np.testing.assert_array_equal(pca.transform(x)[:, 4:], 0)


def test_fitting_twice_gives_the_same_fingerprint() -> None:
    x = features()
    first, second = (fit(x, extractor_fingerprint="e", n_components=5) for _ in range(2))
    assert first.fingerprint == second.fingerprint
    assert first.fingerprint.startswith("e+pca5-")
    assert fit(x[:-1], extractor_fingerprint="e", n_components=5).fingerprint != first.fingerprint
    assert fit(x, extractor_fingerprint="other", n_components=5).fingerprint != first.fingerprint


def test_the_projection_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pca = fit(features(), extractor_fingerprint="e")
    first = pca.fingerprint
    monkeypatch.setattr("vision.reduction.pca.hashlib", None)  # every document and every search asks for it
    assert pca.fingerprint == first


def test_fewer_components_have_a_fingerprint_of_their_own() -> None:
    pca = fit(features(), extractor_fingerprint="e")
    assert pca.fingerprint != pca.truncated(3).fingerprint


@pytest.mark.parametrize("sample", [20, 59, 60, 1000])
def test_batches_give_what_the_whole_gives(sample: int) -> None:
    x = features()
    pieces = [x[:1], x[1:25], x[25:25], x[25:50], x[50:]]
    whole = fit(x, extractor_fingerprint="e", sample=sample)
    batched = fit(iter(pieces), extractor_fingerprint="e", sample=sample)
    assert whole.fingerprint == batched.fingerprint
    assert whole.provenance["samples"] == min(sample, 60) and whole.provenance["total"] == 60


def test_a_sample_too_large_for_memory_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("vision.reduction.pca.take", full)
    with pytest.raises(BadSetting, match="sample of 20,000 vectors does not fit into memory.*--sample"):
        fit(features(), extractor_fingerprint="e")


def test_a_sample_is_stated_and_seeded() -> None:
    x = features(300)
    a, b, c = (fit(x, extractor_fingerprint="e", sample=100, seed=seed) for seed in (0, 0, 1))
    assert a.fingerprint == b.fingerprint != c.fingerprint
    assert any("100 of 300" in note for note in a.notes)
    assert a.provenance["seed"] == 0


def test_too_few_vectors_give_fewer_components_and_say_so() -> None:
    pca = fit(features(5, 12), extractor_fingerprint="e", n_components=8)
    assert pca.dims_out == 4
    assert pca.notes[0].startswith("4 components instead of 8: the 5 vectors") and "9 or more" in pca.notes[0]
    narrow = fit(features(60, 12), extractor_fingerprint="e")
    assert narrow.notes == ("12 components instead of 1024: the extractor gives 12 features.",)


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_vector_is_not_enough(count: int) -> None:
    with pytest.raises(BadSetting, match=f"at least 2 vectors, {count} came"):
        fit(features()[:count], extractor_fingerprint="e")


def test_equal_vectors_do_not_break_it() -> None:
    pca = fit(np.ones((9, 5), dtype=np.float32), extractor_fingerprint="e")
    assert np.isfinite(pca.transform(np.ones(5))).all() and np.isfinite(pca.explained_variance_ratio).all()


@pytest.mark.parametrize("n", [0, 1025])
def test_components_outside_one_to_1024_are_refused(n: int) -> None:
    with pytest.raises(BadSetting, match="accepted: 1 to 1024"):
        fit(features(), extractor_fingerprint="e", n_components=n)


def test_bad_vectors_are_refused() -> None:
    x = features()
    pca = fit(x, extractor_fingerprint="e")
    hurt = x.copy()
    hurt[3, 3] = np.nan
    for wrong in (x[:, :5], np.zeros(7), np.zeros((2, 2, 2)), np.zeros((0, 3)), "text", [1e300] * 12):
        with pytest.raises(BadVector):
            pca.transform(wrong)
    with pytest.raises(BadVector, match="NaN"):
        pca.transform(hurt)
    with pytest.raises(BadVector, match="NaN"):
        fit(hurt, extractor_fingerprint="e")
    with pytest.raises(BadVector, match="accepted"):
        fit(iter([x, x[:, :4]]), extractor_fingerprint="e")


def test_none_and_one_vector() -> None:
    x = features()
    pca = fit(x, extractor_fingerprint="e")
    assert pca.transform(x[:0]).shape == (0, DIMS)
    np.testing.assert_allclose(pca.transform(x[0]), pca.transform(x)[:1], atol=1e-5)


def test_another_extractors_features_are_refused() -> None:
    pca = fit(features(), extractor_fingerprint="mine")
    assert pca.transform(features(), extractor_fingerprint="mine").shape == (60, DIMS)
    with pytest.raises(FingerprintMismatch, match="'mine'"):
        pca.transform(features(), extractor_fingerprint="yours")


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    pca = fit(features(), extractor_fingerprint="e", n_components=5, sample=40)
    path = tmp_path / "new" / "pca.npz"
    pca.save(path)
    again = Pca.load(path)
    assert again.fingerprint == pca.fingerprint and again.notes == pca.notes and again.provenance == pca.provenance
    np.testing.assert_array_equal(again.transform(features()), pca.transform(features()))
    np.testing.assert_array_equal(again.explained_variance, pca.explained_variance)
    assert [each.name for each in path.parent.iterdir()] == ["pca.npz"]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "pca.npz"
    pca = fit(features(), extractor_fingerprint="e")
    pca.save(path)
    before = path.read_bytes()
    broken = Pca(pca.mean, pca.components, pca.explained_variance, pca.explained_variance_ratio, {"x": object()})
    with pytest.raises(TypeError):
        broken.save(path)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_files_that_are_no_pca_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pca.npz"
    with pytest.raises(BadSetting, match="no PCA file"):
        Pca.load(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(BadSetting, match="not a PCA file"):
        Pca.load(path)
    np.savez(path, about=np.array([{"a": 1}], dtype=object))  # pickled
    with pytest.raises(BadSetting, match="not a PCA file"):
        Pca.load(path)
    z = np.zeros((2, 3), dtype=np.float32)
    about = np.array(json.dumps({"format": 99, "provenance": {}, "notes": []}))
    np.savez(path, about=about, mean=z[0], components=z, explained_variance=z[:, 0], explained_variance_ratio=z[:, 0])
    with pytest.raises(BadSetting, match="format"):
        Pca.load(path)


def test_a_prefix_is_the_smaller_pca() -> None:
    x = features()
    large = fit(x, extractor_fingerprint="e", n_components=8)
    small = fit(x, extractor_fingerprint="e", n_components=3)
    assert large.truncated(3).fingerprint == small.fingerprint
    np.testing.assert_allclose(large.transform(x)[:, :3], small.transform(x)[:, :3], atol=1e-4)
    with pytest.raises(BadSetting, match="1 to 8"):
        large.truncated(9)


def test_padding_changes_no_distance() -> None:
    x = features()
    assert pad(x).shape == (60, DIMS) and pad(x[0]).shape == (1, DIMS)
    np.testing.assert_array_equal(pad(x)[:, :12], x)
    np.testing.assert_array_equal(pad(x)[:, 12:], 0)
    assert pad(np.zeros((3, DIMS))).shape == (3, DIMS)
    with pytest.raises(BadVector, match="PCA"):
        pad(np.zeros((3, DIMS + 1)))
    with pytest.raises(BadVector):
        pad(np.full((1, 4), np.inf))
