"""Which region of a photo a search means, where nobody says, and which of a catalogue's picture are indexed.

The rule, in this order:

1. regions that cover less than 1 % of the picture are specks, those that cover 90 % or more are the whole frame: both
   are left out as long as any other is there;
2. of what remains, the largest score x area wins: the largest thing that the detector is sure of;
3. of equals, the one further up, then further left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vision.detect.base import Box, Region

SPECK: Final = 0.01
FRAME: Final = 0.90
MOST: Final = 10
"""Regions of one picture that are indexed."""


def ordered(regions: Iterable[Region]) -> tuple[Region, ...]:
    """All regions, the default one first and the others as the rule would take them without it."""
    return tuple(sorted(regions, key=_rank))


def sensible(regions: Iterable[Region]) -> tuple[Region, ...]:
    """Those worth a document of their own, the default one first: no speck, no frame, no box twice, :data:`MOST`."""
    boxes = dict[Box, Region]()
    for region in ordered(regions):
        if _is_sensible(region):
            boxes.setdefault(region.box, region)
    return tuple(boxes.values())[:MOST]


def _is_sensible(region: Region) -> bool:
    return SPECK <= region.area < FRAME


def _rank(region: Region) -> tuple[bool, float, float, float]:
    x, y, _, _ = region.box
    return not _is_sensible(region), -region.score * region.area, y, x
