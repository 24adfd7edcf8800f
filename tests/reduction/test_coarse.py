"""The int8 prefix: its bound never loses a match, whatever is clipped."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.errors import BadSetting, BadVector
from vision.reduction import CoarseCodec


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    step=st.floats(1e-3, 10),
    spread=st.floats(1e-3, 1e3),
    dims=st.integers(1, 40),
    share=st.floats(0, 1),
)
def test_no_match_is_ever_excluded(seed: int, step: float, spread: float, dims: int, share: float) -> None:
    random = np.random.default_rng(seed)
    documents = (random.normal(size=(64, 48)) * spread).astype(np.float32)
    documents[:8] *= 1e-3
    query = (documents[0] + random.normal(size=48) * spread * random.choice([1e-4, 1e-2, 1])).astype(np.float32)
    full = ((documents.astype(np.float64) - query) ** 2).sum(axis=1)
    codec = CoarseCodec(dims, step)
    coarse = ((codec.encode(documents).astype(np.int64) - codec.encode(query)) ** 2).sum(axis=1)
    threshold = float(np.quantile(full, share))
    matches = full.astype(np.float32) <= np.float32(threshold)
    assert (coarse[matches] <= codec.lower_bound_sq(threshold, query)).all()


def test_the_bound_is_reached_nearly() -> None:
    codec = CoarseCodec(1, 1.0)
    query, document = np.array([0.5], dtype=np.float32), np.array([2.5001], dtype=np.float32)
    distance = (int(codec.encode(document)[0, 0]) - int(codec.encode(query)[0, 0])) ** 2
    bound = codec.lower_bound_sq(float((2.5001 - 0.5) ** 2), query)
    assert distance == 9 and 9 <= bound < 9.01


def test_the_bound_prunes() -> None:
    random = np.random.default_rng(0)
    documents = (random.normal(size=(2_000, 1024)) * np.linspace(2, 0.01, 1024) ** 2).astype(np.float32)
    codec = CoarseCodec.fit(documents)
    query = documents[0]
    full = ((documents - query) ** 2).sum(axis=1)
    threshold = float(np.median(full)) * 0.3
    coarse = ((codec.encode(documents).astype(int) - codec.encode(query)) ** 2).sum(axis=1)
    assert (coarse <= codec.lower_bound_sq(threshold, query)).mean() < 0.5


def test_encoding_rounds_and_clips() -> None:
    codec = CoarseCodec(4, 0.5)
    encoded = codec.encode(np.array([[0.26, -0.74, 63.4, 1e9, 7.0], [0.24, -1e9, -63.6, 0, 7.0]], dtype=np.float32))
    assert encoded.dtype == np.int8
    np.testing.assert_array_equal(encoded, [[1, -1, 127, 127], [0, -127, -127, 0]])


def test_fit_clips_no_more_than_asked() -> None:
    vectors = np.random.default_rng(0).normal(size=(500, 300)).astype(np.float32)
    codec = CoarseCodec.fit(vectors, dims=256, quantile=0.99)
    clipped = (np.abs(vectors[:, :256]) > 127 * codec.step).mean()
    assert 0.005 < clipped < 0.0101
    assert CoarseCodec.fit(vectors, quantile=1.0).step == pytest.approx(np.abs(vectors[:, :256]).max() / 127)


@pytest.mark.parametrize("rows", [0, 3])
def test_fit_copes_with_nothing_and_with_zeros(rows: int) -> None:
    codec = CoarseCodec.fit(np.zeros((rows, 256), dtype=np.float32))
    assert codec.step > 0
    one_value = np.zeros((2_000, 256), dtype=np.float32)
    one_value[0, 0] = 5
    assert CoarseCodec.fit(one_value).step == pytest.approx(5 / 127)


def test_bad_values_are_refused() -> None:
    codec = CoarseCodec(4, 1.0)
    for wrong in (np.zeros((2, 3)), np.full((2, 4), np.nan), np.zeros((2, 2, 4))):
        with pytest.raises(BadVector):
            codec.encode(wrong.astype(np.float32))
    for dims, step in ((0, 1.0), (4, 0.0), (4, float("nan")), (4, float("inf"))):
        with pytest.raises(BadSetting):
            CoarseCodec(dims, step)
    for threshold in (-1.0, float("nan")):
        with pytest.raises(BadSetting):
            codec.lower_bound_sq(threshold, np.zeros(4, dtype=np.float32))
    with pytest.raises(BadSetting):
        CoarseCodec.fit(np.zeros((2, 300), dtype=np.float32), quantile=0)


def test_it_survives_json() -> None:
    codec = CoarseCodec(256, 0.1 + 1e-17)
    assert CoarseCodec.from_dict(json.loads(json.dumps(codec.to_dict()))) == codec
    for wrong in ({}, {"dims": 256}, {"dims": "x", "step": 1}, {"dims": 256, "step": None}):
        with pytest.raises(BadSetting):
            CoarseCodec.from_dict(wrong)
