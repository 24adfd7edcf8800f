"""How much of new pictures a PCA leaves out, against what it left out of pictures when it was fitted.

The measure is the relative reconstruction error, |x - x'|² / |x - mean|²: the part of a picture that its components do
not tell. In the control of processes it is the Q statistic of Jackson and Mudholkar (Technometrics 21, 1979, 341-349).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.reduction.pca import Pca
from vision.reduction.vectors import validated

LEAST: Final = 50
"""Pictures on either side, below which nothing is said."""
RATIO: Final = 1.2
"""How many times the usual error is tolerated."""
POINTS: Final = 0.01
"""Of the variance, which may be lost besides in any case: twice of nearly nothing is nearly nothing."""
_Z: Final = 3.29
"""Standard errors beyond what is tolerated: 1 in 2,000 by chance, on each of two measures."""
_ENOUGH: Final = 500
"""Pictures kept aside for a baseline; more make the mean hardly surer."""
_FOLDS: Final = 20
_TOGETHER: Final = 20
"""Pictures that follow each other and are kept aside together: they often show one product."""
_ROUNDING: Final = 1e-6
"""An error below it is none: components are float32."""
_LEVELS: Final = tuple(percent / 100 for percent in range(0, 101, 5))
_BLOCK: Final = 2048
_TAIL: Final = 19
"""The level beyond which one in twenty lay."""


@dataclass(frozen=True)
class Spread:
    """How errors are spread: ``quantiles`` at 0, 5, ... 100 %."""

    count: int
    mean: float
    deviation: float
    quantiles: tuple[float, ...]

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Spread:
        """Of at least one value."""
        deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        quantiles = tuple(float(each) for each in np.quantile(values, _LEVELS))
        return cls(len(values), float(values.mean()), deviation, quantiles)


@dataclass(frozen=True)
class Comparison:
    """New pictures against a baseline.

    Attributes:
        usual: the baseline's mean error.
        now: that of the new pictures.
        tolerated: what the mean may be.
        beyond: part of the new pictures with a larger error than 95 % of the baseline's.
        surely: whether the mean is larger than tolerated beyond chance.
    """

    usual: float
    now: float
    tolerated: float
    beyond: float
    surely: bool

    @property
    def ratio(self) -> float:
        """How many times the usual error; 1 where there is none at all."""
        return self.now / self.usual if self.usual > 0 else 1.0 if self.now == 0 else math.inf


def errors(pca: Pca, features: NDArray[np.float32], coarse_dims: int) -> NDArray[np.float64]:
    """(n, 2): of each picture the error with all components, and with the leading ones that candidates are found by.

    Raises:
        BadVector: features of another length, or NaN or infinite values.
    """
    centred = validated(features, pca.dims_in).astype(np.float64) - pca.mean
    return _errors(centred, pca.components.T, coarse_dims)


def held_out(
    features: NDArray[np.float32], components: int, coarse_dims: int, seed: int = 0
) -> NDArray[np.float64] | None:
    """(m, 2) errors of pictures that the PCA which measures them was not fitted on; None of too few pictures.

    A PCA tells the pictures that it was fitted on better than any other, the more so the fewer they are: measured by
    those, everything new would look like drift. So each twentieth is measured by a PCA of the others, until 500 are.

    Args:
        features: (n, dims) in the catalogue's order; what follows each other stays together.
        components: most that each PCA has.
        coarse_dims: of the leading ones.
        seed: of who is kept aside.
    """
    if len(features) < LEAST:
        return None
    measured: list[NDArray[np.float64]] = []
    for aside in _folds(len(features), seed):
        stay = np.ones(len(features), dtype=np.bool_)
        stay[aside] = False
        mean = features.mean(axis=0, dtype=np.float64, where=stay[:, np.newaxis])
        axes = _axes(features, np.flatnonzero(stay), mean, components)
        measured.append(_errors(features[aside] - mean, axes, coarse_dims))
    return np.concatenate(measured)


def compare(baseline: Spread, new: NDArray[np.float64]) -> Comparison | None:
    """Whether new pictures are told worse than is tolerated; None where there are too few of either to say.

    Welch's test for unequal variances (Biometrika 34, 1947, 28-35), of a smallest effect that counts in the place of
    none (Murphy and Myors, Journal of Applied Psychology 84, 1999, 234-248): however many pictures there are, a
    difference that is smaller is never one.
    """
    if baseline.count < LEAST or len(new) < LEAST:
        return None
    mean, variance = float(new.mean()), float(new.var(ddof=1))
    factor = RATIO if RATIO * baseline.mean > baseline.mean + POINTS else 1.0
    tolerated = max(RATIO * baseline.mean, baseline.mean + POINTS)
    error = math.sqrt(variance / len(new) + factor**2 * baseline.deviation**2 / baseline.count)
    beyond = float((new > baseline.quantiles[_TAIL]).mean())
    return Comparison(baseline.mean, mean, tolerated, beyond, mean - tolerated > _Z * error)


def _folds(count: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """The numbers of those kept aside each time."""
    together = max(1, min(_TOGETHER, count // 50))
    blocks = np.array_split(np.arange(count), max(1, count // together))
    size = max(1, min(_ENOUGH, count // _FOLDS))
    order = np.concatenate([blocks[each] for each in np.random.default_rng(seed).permutation(len(blocks))])
    for start in range(0, min(count - count % size, _ENOUGH), size):
        yield order[start : start + size]


def _axes(
    features: NDArray[np.float32], chosen: NDArray[np.intp], mean: NDArray[np.float64], most: int
) -> NDArray[np.float64]:
    """(dims, most) principal axes of chosen rows, or fewer where there are no more, largest variance first."""
    dims, count = features.shape[1], min(most, len(chosen) - 1)
    if len(chosen) >= dims:  # by blocks: in float64 all of them would take as much memory as the fit
        scatter = np.zeros((dims, dims))
        for start in range(0, len(chosen), _BLOCK):
            block = features[chosen[start : start + _BLOCK]] - mean
            scatter += block.T @ block
        _, axes = np.linalg.eigh(scatter)
        return np.ascontiguousarray(axes[:, ::-1][:, :count])
    centred = features[chosen] - mean
    values, left = np.linalg.eigh(centred @ centred.T)
    kept = np.flatnonzero(values > values[-1] * 1e-10)[::-1][:count]
    return np.asarray(centred.T @ left[:, kept] / np.sqrt(values[kept]))


def _errors(centred: NDArray[np.float64], axes: NDArray[np.floating], coarse_dims: int) -> NDArray[np.float64]:
    whole = np.square(centred).sum(axis=1)
    told = np.square(centred @ axes)
    parts = np.stack([told.sum(axis=1), told[:, :coarse_dims].sum(axis=1)], axis=1)
    scale = np.where(whole > 0, whole, 1.0)[:, np.newaxis]
    found = np.where(whole[:, np.newaxis] > 0, 1.0 - parts / scale, 0.0)
    return np.asarray(np.where(found < _ROUNDING, 0.0, np.minimum(found, 1.0)))
