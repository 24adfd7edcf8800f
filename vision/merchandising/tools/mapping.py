"""A selection on a plane, as a picture: what is near in it looks alike, and each cluster has a colour."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vision.merchandising.tools.clusters import Clustered
from vision.merchandising.tools.selection import Selection

Projection = Literal["pca", "tsne"]
SHOWN: Final = 1500
"""Products on the map: every one, or as many by chance, and every medoid."""
SIDE: Final = 900
_MARGIN: Final = 40
_COLORS: Final = ("#2463c4", "#c8501e", "#0b7d5b", "#8a3fa0", "#8a6d00", "#b3265e", "#4d5a66", "#00798c")
_QUIET: Final = "#b8c0c8"


@dataclass(frozen=True)
class Place:
    """Where a row of the selection is on the map: 0 to 1 each, the origin above on the left."""

    row: int
    x: float
    y: float


def places(selection: Selection, found: Clustered, *, projection: Projection = "pca", seed: int = 0) -> list[Place]:
    """The places that :func:`draw` draws."""
    rows = _shown(selection, found, seed)
    placed = (_placed(selection.matrix(rows), projection, seed) - _MARGIN) / (SIDE - 2 * _MARGIN)
    return [Place(int(row), round(float(x), 4), round(float(y), 4)) for row, (x, y) in zip(rows, placed, strict=True)]


def draw(selection: Selection, found: Clustered, *, projection: Projection = "pca", seed: int = 0) -> bytes:
    """A PNG: one dot for each product, a ring with the cluster's number at its medoid.

    Args:
        selection: what was clustered.
        found: its clusters.
        projection: the two directions of greatest spread, or t-SNE, which keeps neighbours together and takes longer.
        seed: of the choice of products and of t-SNE.
    """
    rows = _shown(selection, found, seed)
    places = _placed(selection.matrix(rows), projection, seed)
    of = np.zeros(len(selection), dtype=np.int32)
    for each in found.clusters:
        of[each.rows] = each.id
    image = Image.new("RGB", (SIDE, SIDE), "#ffffff")
    pen = ImageDraw.Draw(image)
    for row, (x, y) in zip(rows, places, strict=True):
        color = _color(int(of[row]))
        pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=color)
    where = dict(zip(rows.tolist(), places, strict=True))
    font = ImageFont.load_default(14)
    for each in found.clusters:
        x, y = where[each.medoid]
        pen.ellipse((x - 13, y - 13, x + 13, y + 13), fill="#ffffff", outline=_color(each.id), width=3)
        pen.text((x, y), str(each.id), fill="#1b1f24", font=font, anchor="mm")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _shown(selection: Selection, found: Clustered, seed: int) -> NDArray[np.intp]:
    medoids = [each.medoid for each in found.clusters]
    if len(selection) <= SHOWN:
        return np.arange(len(selection))
    chosen = np.random.default_rng(seed).choice(len(selection), SHOWN, replace=False)
    return np.unique(np.concatenate([chosen, np.array(medoids, dtype=np.intp)]))


def _placed(vectors: NDArray[np.float32], projection: Projection, seed: int) -> NDArray[np.float64]:
    """(n, 2) pixels."""
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2, np.abs(axes[:2]).argmax(axis=1)].diagonal())[:, None]
    plane = centred @ axes.T
    if plane.shape[1] < 2:
        plane = np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))
    if projection == "tsne" and len(vectors) > 10:
        from sklearn.manifold import TSNE

        start = plane / max(float(plane[:, 0].std()), 1e-12) * 1e-4
        perplexity = min(30.0, (len(vectors) - 1) / 3)
        model = TSNE(2, init=start.astype(np.float32), perplexity=perplexity, random_state=seed, learning_rate="auto")
        plane = model.fit_transform(vectors[:, :64])
    low, high = plane.min(axis=0), plane.max(axis=0)
    scaled = (plane - low) / np.maximum(high - low, 1e-12)
    return np.asarray(_MARGIN + scaled * (SIDE - 2 * _MARGIN), dtype=np.float64)


def _color(id: int) -> str:
    return _COLORS[(id - 1) % len(_COLORS)] if id else _QUIET
