from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.catalog.support import FakeExtractor
from vision import reduction
from vision.catalog.cache import FeatureCache
from vision.catalog.fitting import Fitting
from vision.embedding import Embedding
from vision.errors import BadCatalogue, BadSetting, Conflict
from vision.extractors import ExtractorInfo

PICTURES = [bytes([n]) * 32 for n in range(1, 41)]


class Other(FakeExtractor):
    """The same with a fingerprint of its own."""

    info = ExtractorInfo("other", (8, 8), 6, "CC0-1.0", "here", "means and deviations")
    fingerprint = info.fingerprint


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[FeatureCache]:
    features = np.random.default_rng(3).normal(size=(len(PICTURES), 6)).astype(np.float32)
    with FeatureCache(tmp_path / "features.sqlite") as opened:
        for extractor in (FakeExtractor, Other):
            opened.put(extractor.fingerprint, dict(zip(PICTURES, features, strict=True)))
        yield opened


def fitted(cache: FeatureCache, dims: int = 1024) -> Embedding:
    return Fitting("shop", None, FakeExtractor(), dims=dims).embedding("fake", PICTURES, cache)


def test_the_same_pictures_give_the_same_embedding(cache: FeatureCache) -> None:
    first, second = fitted(cache), fitted(cache)
    assert first.fingerprint == second.fingerprint
    assert first.sigma2 == second.sigma2
    assert (first.extractor, first.extractor_fingerprint) == ("fake", FakeExtractor.fingerprint)
    assert first.pca.dims_out == 6
    assert fitted(cache, dims=3).pca.dims_out == 3


def test_fewer_pictures_than_components_are_noted(cache: FeatureCache) -> None:
    fitting = Fitting("shop", None, FakeExtractor())
    embedding = fitting.embedding("fake", PICTURES[:4], cache)
    assert fitting.notes(embedding, 4) == (
        "3 components instead of 1024: the 4 vectors it was fitted on allow no more; "
        "with 1,025 or more vectors, fit again.",
    )


def test_a_pca_file_gives_what_fitting_gives(cache: FeatureCache, tmp_path: Path) -> None:
    features = cache.matrix(FakeExtractor.fingerprint, PICTURES)
    reduction.fit(features, extractor_fingerprint=FakeExtractor.fingerprint).save(tmp_path / "p.npz")
    fitting = Fitting("shop", None, FakeExtractor(), pca=tmp_path / "p.npz")
    assert not fitting.fits
    assert fitting.embedding("fake", PICTURES, cache).fingerprint == fitted(cache).fingerprint
    few = Fitting("shop", None, FakeExtractor(), pca=tmp_path / "p.npz", dims=2)
    assert few.embedding("fake", PICTURES, cache).pca.dims_out == 2


def test_a_pca_file_is_good_for_one_picture(cache: FeatureCache, tmp_path: Path) -> None:
    fitted(cache).pca.save(tmp_path / "p.npz")
    made = Fitting("shop", None, FakeExtractor(), pca=tmp_path / "p.npz").embedding("fake", PICTURES[:1], cache)
    assert made.sigma2 == 1.0


@pytest.mark.parametrize("count", [0, 1])
def test_one_picture_is_too_few_to_fit_on_and_says_why(cache: FeatureCache, count: int) -> None:
    fitting = Fitting("shop", None, FakeExtractor())
    assert fitting.fits
    with pytest.raises(
        BadCatalogue, match=rf"there is {count} different picture .* or give a PCA file with --pca\. Once "
    ):
        fitting.embedding("fake", PICTURES[:count], cache)


def test_a_collection_keeps_its_embedding(cache: FeatureCache, tmp_path: Path) -> None:
    current = Fitting("shop", None, FakeExtractor()).embedding("fake", PICTURES[:3], cache)
    fitting = Fitting("shop", current, FakeExtractor())
    assert fitting.embedding("fake", PICTURES[:1], cache) is current
    assert fitting.notes(current, 3) == current.pca.notes
    assert fitting.notes(current, 30) == (
        "The collection keeps its 2 components; this catalogue's 30 pictures allow 6: --recreate fits again.",
    )
    current.pca.save(tmp_path / "p.npz")
    with_file = Fitting("shop", current, FakeExtractor(), pca=tmp_path / "p.npz")
    assert with_file.embedding("fake", PICTURES, cache) is current
    assert with_file.notes(current, 30) == current.pca.notes


def test_what_does_not_go_together_is_refused_at_once(cache: FeatureCache, tmp_path: Path) -> None:
    current = fitted(cache)
    with pytest.raises(Conflict, match=r"'shop' holds vectors of 'fake-.*would add 'other-.*--collection.*--recreate"):
        Fitting("shop", current, Other())
    fitted(cache).pca.truncated(4).save(tmp_path / "p.npz")
    with pytest.raises(Conflict, match=r"holds vectors of 'fake-\w+\+pca6-\w+', this run would add 'fake-\w+\+pca4-"):
        Fitting("shop", current, FakeExtractor(), pca=tmp_path / "p.npz")
    with pytest.raises(Conflict, match=r"p\.npz was fitted on features of 'fake-.*, this run extracts 'other-"):
        Fitting("shop", None, Other(), pca=tmp_path / "p.npz")
    with pytest.raises(Conflict, match="holds vectors of '6 dimensions', this run would add '5'"):
        Fitting("shop", current, FakeExtractor(), dims=5)
    with pytest.raises(BadSetting, match="no PCA file at"):
        Fitting("shop", None, FakeExtractor(), pca=tmp_path / "none.npz")


def test_a_large_catalogue_sets_its_scales_by_a_sample(cache: FeatureCache, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fitted(cache)
    monkeypatch.setattr("vision.catalog.fitting._SCALE_SAMPLE", 10)
    part = fitted(cache)
    assert part.pca.fingerprint == whole.pca.fingerprint
    assert part.sigma2 != whole.sigma2
    turned = Fitting("shop", None, FakeExtractor())._sample(PICTURES[::-1], cache)
    assert np.array_equal(turned, Fitting("shop", None, FakeExtractor())._sample(PICTURES, cache))
    assert len(turned) == 10
