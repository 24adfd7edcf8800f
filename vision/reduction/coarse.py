"""The compact int8 prefix: what the approximate phase searches, and the bound that makes it lossless."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.errors import BadSetting, BadVector

_LIMIT: Final = 127
# Solr computes distances and similarities in float32; a bound is widened by what that can lose.
_RELATIVE_SLACK: Final = 1e-5
_ABSOLUTE_SLACK: Final = 1e-6


@dataclass(frozen=True)
class CoarseCodec:
    """The first ``dims`` components in units of one ``step``, rounded and clipped to -127…127.

    One step for all components keeps the meaning of Euclidean distance: coarse distance * step is about the
    distance between the prefixes.
    """

    dims: int
    """Components kept, from the first on."""
    step: float
    """What one unit of the int8 values is worth."""

    def __post_init__(self) -> None:
        """Refuse what could not encode anything."""
        if self.dims < 1 or not (math.isfinite(self.step) and self.step > 0):
            raise BadSetting(f"a coarse codec of {self.dims} dims and step {self.step}; both must be more than 0")

    @classmethod
    def fit(cls, vectors: NDArray[np.float32], dims: int = 256, quantile: float = 0.999) -> CoarseCodec:
        """Choose the step so that all but ``1 - quantile`` of the values of (n, >= dims) are not clipped."""
        if not 0 < quantile <= 1:
            raise BadSetting(f"quantile is {quantile}; accepted: more than 0, at most 1")
        values = np.abs(_prefix(vectors, dims))
        largest = float(np.quantile(values, quantile)) if values.size else 0.0
        if not largest > 0:
            largest = float(values.max(initial=0.0)) or 1.0
        return cls(dims, largest / _LIMIT)

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.int8]:
        """Vectors (n, >= dims) to int8 (n, dims).

        Raises:
            BadVector: too short, or NaN or infinite values.
        """
        units = _prefix(vectors, self.dims).astype(np.float64) / self.step
        return np.clip(np.rint(units), -_LIMIT, _LIMIT).astype(np.int8)

    def lower_bound_sq(self, d2_full_threshold: float, query: NDArray[np.float32]) -> float:
        """The largest squared coarse distance, in int8 units, at which a match may still lie.

        Whoever keeps all documents with a coarse distance to ``encode(query)`` of at most this loses no document
        whose full squared distance to the query (1024,) is at most ``d2_full_threshold``. With u, v the prefixes of
        document and query in steps, C the clipping to -127…127 and E the encoding:

        1. |u - v| <= sqrt(t) / step, and |C(u) - C(v)| <= |u - v|, as clipping to a box is non-expansive;
        2. E is C then rounding (the limits are integers), so |E(u) - C(u)| <= sqrt(dims) / 2, and for the query the
           same difference e is known exactly;
        3. by the triangle inequality |E(u) - E(v)| <= sqrt(t) / step + |e| + sqrt(dims) / 2.

        A little is added for distances that Solr computes in float32.
        """
        if not d2_full_threshold >= 0:
            raise BadSetting(f"the squared distance {d2_full_threshold} is less than 0 or no number")
        prefix = _prefix(query, self.dims)
        clipped = np.clip(prefix[0].astype(np.float64) / self.step, -_LIMIT, _LIMIT)
        own_error = float(np.linalg.norm(clipped - np.rint(clipped)))
        threshold = d2_full_threshold * (1 + _RELATIVE_SLACK) + _ABSOLUTE_SLACK
        bound = math.sqrt(threshold) / self.step + own_error + math.sqrt(self.dims) / 2
        return bound * bound * (1 + _RELATIVE_SLACK) + _ABSOLUTE_SLACK

    def to_dict(self) -> dict[str, Any]:
        """The codec as JSON values, for the collection's metadata."""
        return {"dims": self.dims, "step": self.step}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CoarseCodec:
        """Read what :meth:`to_dict` made.

        Raises:
            BadSetting: members missing or of another kind.
        """
        try:
            return cls(int(values["dims"]), float(values["step"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadSetting(f"{dict(values)!r} is no coarse codec; accepted: dims and step") from error


def _prefix(vectors: NDArray[Any], dims: int) -> NDArray[np.float32]:
    values = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
    if values.ndim != 2 or values.shape[1] < dims:
        raise BadVector(f"got vectors of shape {values.shape}; accepted: (n, {dims} or more)")
    if not np.isfinite(values).all():
        raise BadVector("got vectors with NaN or infinite values; accepted: finite numbers")
    return values[:, :dims]
