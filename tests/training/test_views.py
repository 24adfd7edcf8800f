from __future__ import annotations

import numpy as np
import pytest

from training.data import Photos
from training.prepare import Source
from training.views import cut, draw


def test_views_are_inside_and_begin_with_the_whole() -> None:
    views = draw(50, 6, seed=1, smallest=0.35)
    top, left, bottom, right = np.moveaxis(views.boxes, -1, 0)
    assert (top >= 0).all() and (left >= 0).all() and (bottom <= 1.00001).all() and (right <= 1.00001).all()
    area = (bottom - top) * (right - left)
    assert area.min() > 0.2 and 0.35 < area[:, 1:].mean() < 0.8
    assert (views.boxes[:, 0] == (0, 0, 1, 1)).all() and not views.mirrored[:, 0].any()
    assert 0.3 < views.mirrored[:, 1:].mean() < 0.7
    assert (views.boxes == draw(50, 9, seed=1, smallest=0.35).boxes[:, :6]).all()


@pytest.mark.model
def test_student_and_teacher_see_the_same_part() -> None:
    from training.batches import Share, _part

    random = np.random.default_rng(0)
    smooth = np.repeat(np.repeat(random.integers(256, size=(8, 6, 6, 3)), 16, axis=1), 16, axis=2).astype(np.uint8)
    photos = Photos("clothing", smooth, np.zeros(8, np.int64), np.array(["a"] * 8), ("x",))
    views = draw(8, 5, seed=2, smallest=0.4)
    none = np.zeros((8, 5, 1), np.float16)
    share = Share(Source(photos, views, none), np.arange(8), 8, none, none)
    part = _part(share, photos.pixels, iter(range(8)), 48, np.random.default_rng(4))
    chosen = np.random.default_rng(4).integers(5, size=8)
    for row, view in enumerate(chosen):
        seen = (np.asarray(part.pixels[row]) + 1) * 127.5
        told = cut(photos.pixels[row], views.boxes[row, view], bool(views.mirrored[row, view])).resize((48, 48))
        assert np.corrcoef(seen.ravel(), np.asarray(told, dtype=np.float32).ravel())[0, 1] > 0.9
