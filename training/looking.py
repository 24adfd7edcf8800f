"""How well the network ranks photos that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data import Photos
from training.network import Network
from vision.evaluation import Quality, label_quality
from vision.extractors.base import to_unit_length
from vision.images import to_array

CLASS_PART = 1.4
"""How much the class embedding counts beside the general one in the shipped vector: of .7 to 3 the best on photos of
the unseen classes that no figure is of."""


def vectors(network: Network, photos: Photos, side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """((n, 192), (n, 64)) of length 1: whole photos, resized as the product does it, and their mirror images."""
    general, of_class = [], []
    for start in range(0, len(photos), 64):
        part = [to_array(Image.fromarray(each), (side, side)) for each in photos.pixels[start : start + 64]]
        scaled = np.stack(part).astype(np.float32) / 127.5 - 1
        plain, mirrored = (network.embed(each, training=False) for each in (scaled, scaled[:, :, ::-1]))
        general.append(np.asarray(plain[0]) + np.asarray(mirrored[0]))
        of_class.append(np.asarray(plain[1]) + np.asarray(mirrored[1]))
    return to_unit_length(np.concatenate(general)), to_unit_length(np.concatenate(of_class))


def joined(general: NDArray[np.float32], of_class: NDArray[np.float32], part: float) -> NDArray[np.float32]:
    """(n, 256) of length 1: the shipped vector."""
    return to_unit_length(np.concatenate([general, part * of_class], axis=1))


def quality(values: NDArray[np.float32], photos: Photos) -> Quality:
    """Same class relevant, each photo a query; photos of no class are left out."""
    usable = photos.labels >= 0
    return label_quality(values[usable], [str(label) for label in photos.labels[usable]])


def look(network: Network, kept_aside: Sequence[Photos], side: int) -> dict[str, float]:
    """MAP and P@10 of each source of photos with the joined vector, and mAP with either half alone."""
    found: dict[str, float] = {}
    for photos in kept_aside:
        general, of_class = vectors(network, photos, side)
        whole = quality(joined(general, of_class, CLASS_PART), photos)
        found |= {f"{photos.name} mAP": whole.map, f"{photos.name} P@10": whole.precision}
        found[f"{photos.name} general"] = quality(general, photos).map
        found[f"{photos.name} classes"] = quality(of_class, photos).map
    return found
