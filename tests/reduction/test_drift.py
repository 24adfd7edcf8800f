"""Drift: measured on pictures that no PCA knew; no false alarms, and an alarm where another assortment comes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.reduction import drift, fit
from vision.reduction.drift import LEAST, Spread
from vision.reduction.sample import left_out, take

DIMS, COARSE, RUNS, STEP = 48, 12, 20, 50
SIZES = ((60, 48), (120, 48), (400, 24))
"""Pictures that a PCA is fitted on, and components."""
Rows = NDArray[np.float32]


class Assortment:
    """Pictures of several kinds, each around a mean of its own and along directions of its own."""

    def __init__(self, seed: int, kinds: int = 6) -> None:
        self.random = np.random.default_rng(seed)
        self.means = self.random.normal(size=(kinds, DIMS))
        turned = [np.linalg.qr(self.random.normal(size=(DIMS, DIMS)))[0] for _ in range(kinds)]
        self.axes = np.array([each * (3 / np.arange(1, DIMS + 1)[:, np.newaxis]) for each in turned])

    def draw(self, count: int) -> Rows:
        kinds = self.random.integers(len(self.means), size=count)
        rows = self.random.normal(size=(count, DIMS))
        for kind, (mean, axes) in enumerate(zip(self.means, self.axes, strict=True)):
            rows[kinds == kind] = mean + rows[kinds == kind] @ axes
        found: Rows = rows.astype(np.float32)
        return found


def alarmed(usual: NDArray[np.float64], new: NDArray[np.float64]) -> bool:
    """After any of some runs, of which the last 500 pictures count."""
    spreads = [Spread.of(usual[:, column]) for column in (0, 1)]
    for end in range(STEP, len(new) + 1, STEP):
        window = new[max(0, end - 500) : end]
        compared = [drift.compare(spread, window[:, column]) for column, spread in enumerate(spreads)]
        if any(each is not None and each.surely for each in compared):
            return True
    return False


def raise_alarms(seed: int, count: int, components: int) -> tuple[bool, bool, bool]:
    """Whether new pictures of the same assortment do, by a baseline held out and by one that is not; and another's."""
    same, other = Assortment(seed), Assortment(seed + 1000)
    first = same.draw(count)
    pca = fit(first, extractor_fingerprint="e", n_components=components)
    usual = drift.held_out(first, pca.dims_out, COARSE, seed)
    assert usual is not None
    new = drift.errors(pca, same.draw(RUNS * STEP), COARSE)
    strange = drift.errors(pca, other.draw(2 * STEP), COARSE)
    return alarmed(usual, new), alarmed(drift.errors(pca, first, COARSE), new), alarmed(usual, strange)


@pytest.mark.parametrize(("count", "components"), SIZES)
def test_the_same_assortment_raises_no_alarm_and_another_one_does(count: int, components: int) -> None:
    seeds = 30
    false, naive, true = np.sum([raise_alarms(seed, count, components) for seed in range(seeds)], axis=0)
    assert false <= 2, f"{false} of {seeds} false alarms, each over {RUNS} runs"
    assert true == seeds
    if count == 60:  # its own pictures would call everything drift
        assert naive >= 0.9 * seeds


def test_errors_are_what_the_components_leave_out() -> None:
    first = Assortment(1).draw(200)
    pca = fit(first, extractor_fingerprint="e", n_components=20)
    new = Assortment(2).draw(30)
    found = drift.errors(pca, new, 5)
    back = (new - pca.mean) @ pca.components.T @ pca.components + pca.mean
    expected = np.square(new - back).sum(axis=1) / np.square(new - pca.mean).sum(axis=1)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-4)
    np.testing.assert_allclose(found[:, 1], drift.errors(pca.truncated(5), new, 5)[:, 0], rtol=1e-6)
    assert (found[:, 1] >= found[:, 0]).all()
    whole = fit(first, extractor_fingerprint="e")
    np.testing.assert_array_equal(drift.errors(whole, new, DIMS), 0)  # what keeps everything loses nothing
    np.testing.assert_array_equal(drift.errors(pca, pca.mean[np.newaxis], 5), 0)


def test_held_out_pictures_are_told_worse_than_those_it_was_fitted_on() -> None:
    first, later = np.split(Assortment(3).draw(1200), [200])
    pca = fit(first, extractor_fingerprint="e", n_components=40)
    usual = drift.held_out(first, 40, COARSE)
    assert usual is not None and len(usual) == 200
    own, new = drift.errors(pca, first, COARSE), drift.errors(pca, later, COARSE)
    assert own[:, 0].mean() < 0.8 * new[:, 0].mean()
    assert usual[:, 0].mean() == pytest.approx(new[:, 0].mean(), rel=0.12)
    assert drift.held_out(first[: LEAST - 1], 40, COARSE) is None


def test_pictures_of_one_product_are_kept_aside_together() -> None:
    """Several photos of each product: those of a new product have no sisters in what the PCA was fitted on."""
    shop = Assortment(4)
    products = shop.draw(1200)
    noise = np.random.default_rng(4).normal(size=(1200, 4, DIMS)).astype(np.float32) * 0.05
    photos = (products[:, np.newaxis] + noise).reshape(-1, DIMS)
    first, later = photos[:800], photos[800:]
    pca = fit(first, extractor_fingerprint="e", n_components=40)
    usual = drift.held_out(first, 40, COARSE)
    assert usual is not None
    assert not alarmed(usual, drift.errors(pca, later, COARSE))


def test_many_pictures_make_no_drift_of_a_small_difference() -> None:
    random = np.random.default_rng(5)
    spread = Spread.of(random.normal(0.2, 0.01, 100_000))
    found = drift.compare(spread, random.normal(0.23, 0.01, 100_000))
    assert found is not None and not found.surely and found.ratio == pytest.approx(1.15, abs=0.001)
    found = drift.compare(spread, random.normal(0.25, 0.01, 100))
    assert found is not None and found.surely
    # Of nearly nothing, a hundredth of the variance is tolerated besides.
    small = Spread.of(np.abs(random.normal(0.001, 0.0001, 1000)))
    found = drift.compare(small, np.abs(random.normal(0.009, 0.001, 1000)))
    assert found is not None and not found.surely and found.ratio > 8


def test_few_pictures_say_nothing() -> None:
    values = np.full(LEAST, 0.2)
    assert drift.compare(Spread.of(values), values + 0.5) is not None
    assert drift.compare(Spread.of(values[1:]), values + 0.5) is None
    assert drift.compare(Spread.of(values), values[1:] + 0.5) is None


def test_left_out_are_those_that_the_sample_has_not() -> None:
    rows = np.arange(1000, dtype=np.float32)[:, np.newaxis]
    kept, total = take([rows[:300], rows[300:]], 120, seed=8)
    out = left_out(total, 120, seed=8)
    assert sorted([*kept[:, 0].astype(int).tolist(), *out.tolist()]) == list(range(1000))
    assert len(left_out(100, 120, seed=8)) == 0
