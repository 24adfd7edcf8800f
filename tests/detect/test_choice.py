"""Boxes, the mapping file and the rule of the default region."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from vision.detect.base import Box, Region, make_box
from vision.detect.choice import MOST, ordered, sensible
from vision.detect.labels import apply, read
from vision.errors import BadSetting


def region(label: str, box: Box, score: float = 0.5) -> Region:
    return Region(box, label, score)


def test_a_box_is_cut_off_at_the_edges() -> None:
    assert make_box(-0.5, 0.25, 0.5, 1.5) == (0.0, 0.25, 0.5, 0.75)
    assert make_box(0.1, 0.1, 0.1 + 1e-3, 0.5) is None
    assert make_box(1.2, 0, 1.5, 1) is None and make_box(0.6, 0, 0.4, 1) is None
    assert make_box(0, 0, math.nan, 1) is None


@pytest.mark.parametrize(
    ("regions", "first"),
    [
        # The largest score x area.
        ([("large", (0, 0, 0.5, 0.5), 0.5), ("sure", (0.5, 0.5, 0.3, 0.3), 0.9)], "large"),
        ([("large", (0, 0, 0.5, 0.5), 0.3), ("sure", (0.5, 0.5, 0.4, 0.4), 0.9)], "sure"),
        # The whole frame only where there is nothing else, and so with specks.
        ([("frame", (0, 0, 1, 0.95), 0.99), ("thing", (0.4, 0.4, 0.2, 0.2), 0.4)], "thing"),
        ([("frame", (0, 0, 1, 1), 0.6), ("speck", (0.4, 0.4, 0.05, 0.05), 0.9)], "frame"),
        ([("speck", (0, 0, 0.05, 0.05), 0.9), ("thing", (0, 0, 0.1, 0.1), 0.2)], "thing"),
        ([("frame", (0, 0, 1, 1), 0.4)], "frame"),
        # Of equals the upper, then the left one.
        ([("below", (0, 0.5, 0.5, 0.5), 0.5), ("above", (0.5, 0, 0.5, 0.5), 0.5)], "above"),
        ([("right", (0.5, 0, 0.5, 0.5), 0.5), ("left", (0, 0, 0.5, 0.5), 0.5)], "left"),
    ],
)
def test_the_default_region(regions: list[tuple[str, Box, float]], first: str) -> None:
    found = [Region(box, label, score) for label, box, score in regions]
    assert ordered(found)[0].label == ordered(reversed(found))[0].label == first
    assert set(ordered(found)) == set(found)


def test_no_region_stays_none() -> None:
    assert ordered([]) == ()


def test_labels_become_categories_and_null_drops(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"couch": ["sofa", "armchair"], "person": None, "bed": []}))
    box = (0.0, 0.0, 0.5, 0.5)
    found = apply(read(path), [region(label, box) for label in ("couch", "person", "bed", "clock")])
    assert [(each.label, each.categories) for each in found] == [
        ("couch", ("sofa", "armchair")),
        ("bed", ()),
        ("clock", ()),
    ]
    assert apply(read(None), found[1:]) == found[1:]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not understood"),
        ('["bag"]', "not understood"),
        ('{"handbag": "bag"}', r"not understood.*accepted: JSON \{label: \[categories\] or null\}"),
        ('{"handbag": [""]}', "gives handbag a category without a name"),
    ],
)
def test_mapping_files_that_are_not_accepted(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "labels.json"
    path.write_text(content)
    with pytest.raises(BadSetting, match=says):
        read(path)
    with pytest.raises(BadSetting, match="cannot be read: No such file"):
        read(tmp_path / "none.json")


def test_what_of_a_catalogues_picture_is_indexed() -> None:
    speck, frame = region("speck", (0.0, 0.0, 0.05, 0.05)), region("frame", (0.0, 0.0, 1.0, 0.95))
    small, large = region("small", (0.0, 0.0, 0.2, 0.2)), region("large", (0.5, 0.0, 0.5, 0.5))
    twice = region("the same place", large.box)
    assert sensible([speck, small, frame, large, twice]) == (large, small)
    assert sensible([speck, frame]) == () == sensible([])
    many = [region(f"{n}", (0.0, n / 100, 0.5, 0.5)) for n in range(30)]
    assert sensible(many) == tuple(many[:MOST])
