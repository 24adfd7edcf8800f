"""What every vector here must be: of the right length, finite, float32."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vision.errors import BadVector

DIMS: Final = 1024
"""Length of every indexed vector; shorter ones are padded with zeros, which changes no distance."""


def pad(vectors: ArrayLike) -> NDArray[np.float32]:
    """Vectors of at most 1024 features as they are, padded with zeros: float32 (n, 1024), same distances.

    Raises:
        BadVector: longer than 1024 (fit a PCA), or NaN or infinite values.
    """
    values = validated(vectors, None)
    width = values.shape[1]
    if width > DIMS:
        raise BadVector(f"vectors of {width} features do not fit into {DIMS}: reduce them with a PCA")
    result = np.zeros((len(values), DIMS), dtype=np.float32)
    result[:, :width] = values
    return result


def validated(features: ArrayLike, width: int | None) -> NDArray[np.float32]:
    """Features as float32 (n, width); one vector (width,) becomes (1, width), and any width is right where it is None.

    Raises:
        BadVector: another shape, no numbers, or NaN or infinite values.
    """
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
            values = np.asarray(features, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise BadVector(f"not a matrix of numbers: {error}") from error
    if values.ndim == 1 and (width is None or values.size):
        values = values[np.newaxis, :]
    if values.size == 0 and width is not None and values.ndim < 2:
        return np.zeros((0, width), dtype=np.float32)
    if values.ndim != 2 or (width is not None and values.shape[1] != width):
        raise BadVector(f"got vectors of shape {values.shape}; accepted: (n, {width if width is not None else 'dims'})")
    if not np.isfinite(values).all():
        raise BadVector("got vectors with NaN or infinite values; accepted: finite numbers")
    return values
