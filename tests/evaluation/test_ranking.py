"""The oracle against plain loops and values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vision.evaluation import label_quality, rank, ranking, squared_distances


def test_squared_distances() -> None:
    a, b = np.array([[0.0, 0], [3, 4]]), np.array([[0.0, 0], [0, 4], [6, 8]])
    np.testing.assert_array_equal(squared_distances(a, b), np.array([[0, 16, 100], [25, 9, 25]], dtype=np.float32))
    far = np.random.default_rng(0).normal(size=(5, 64)).astype(np.float32) + 1_000
    direct = ((far[:, None].astype(np.float64) - far[None]) ** 2).sum(-1)
    np.testing.assert_allclose(squared_distances(far, far), direct, rtol=1e-5, atol=1e-5)


def test_rank_is_by_distance_then_id() -> None:
    documents = np.array([[1.0], [0.0], [-1.0], [1.0]])
    assert rank(np.array([[0.0]]), documents, ["d", "c", "b", "a"]).tolist() == [[1, 3, 2, 0]]
    assert rank(np.array([[0.0]]), documents).tolist() == [[1, 0, 2, 3]]
    assert rank(np.array([0.0]), documents, k=2).tolist() == [[1, 0]]
    assert rank(np.zeros((0, 1)), documents, k=2).shape == (0, 2)
    with pytest.raises(ValueError, match="2 ids for 4 vectors"):
        rank(np.zeros((1, 1)), documents, ["a", "b"])


def test_label_quality_by_hand() -> None:
    # From 0: a(1) b(3) a(10). From 1: a(0) b(3) a(10). From 3: no other b. From 10: b(3) a(1) a(0).
    quality = label_quality(np.array([[0.0], [1], [3], [10]]), ["a", "a", "b", "a"], k=2)
    assert quality.queries == 3 and quality.k == 2
    assert quality.map == pytest.approx(((1 + 2 / 3) / 2 * 2 + (1 / 2 + 2 / 3) / 2) / 3)
    assert quality.precision == pytest.approx((0.5 + 0.5 + 0.5) / 3)
    assert quality.recall == pytest.approx(0.5)
    assert quality.mrr == pytest.approx((1 + 1 + 0.5) / 3)


def test_candidates_restrict_results_not_queries() -> None:
    vectors = np.array([[0.0], [1], [3], [10]])
    quality = label_quality(vectors, ["a", "a", "b", "a"], candidates=np.array([False, True, True, False]))
    assert quality.queries == 2  # 0 and 10 find 1; 1 itself is the only other a that may be found
    assert quality.map == pytest.approx((1 + 1 / 2) / 2)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    vectors, labels = random.normal(size=(50, 4)), [str(value) for value in random.integers(5, size=50)]
    ids = [f"{value:03}" for value in random.permutation(50)]
    whole, order = label_quality(vectors, labels, ids), rank(vectors, vectors, ids)
    monkeypatch.setattr(ranking, "_BLOCK_VALUES", 130)
    assert label_quality(vectors, labels, ids) == whole
    np.testing.assert_array_equal(rank(vectors, vectors, ids), order)


def test_nothing_to_measure() -> None:
    assert label_quality(np.zeros((2, 3)), ["a", "b"]).queries == 0
    assert label_quality(np.zeros((0, 3)), []).map == 0
