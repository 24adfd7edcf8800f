"""Which region of a photo a search means, where nobody says.

The rule, in this order:

1. regions that cover less than 1 % of the picture are specks, those that cover 90 % or more are the whole frame: both
   are left out as long as any other is there;
2. of what remains, the largest score x area wins: the largest thing that the detector is sure of;
3. of equals, the one further up, then further left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vision.detect.base import Region

SPECK: Final = 0.01
FRAME: Final = 0.90


def ordered(regions: Iterable[Region]) -> tuple[Region, ...]:
    """All regions, the default one first and the others as the rule would take them without it."""
    return tuple(sorted(regions, key=_rank))


def _rank(region: Region) -> tuple[bool, float, float, float]:
    is_sensible = SPECK <= region.area < FRAME
    x, y, _, _ = region.box
    return not is_sensible, -region.score * region.area, y, x
