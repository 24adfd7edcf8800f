"""The figures: one drawing function for each category."""

from __future__ import annotations

from collections.abc import Mapping

from vision.demo.figures.bag import bag
from vision.demo.figures.bed import bed
from vision.demo.figures.chair import chair
from vision.demo.figures.dress import dress
from vision.demo.figures.lamp import lamp
from vision.demo.figures.look import Figure
from vision.demo.figures.shirt import shirt
from vision.demo.figures.shoes import shoes
from vision.demo.figures.skirt import skirt
from vision.demo.figures.sofa import sofa
from vision.demo.figures.table import table
from vision.demo.figures.trousers import trousers

FIGURES: Mapping[str, Figure] = {
    "dress": dress,
    "shirt": shirt,
    "trousers": trousers,
    "skirt": skirt,
    "shoes": shoes,
    "bag": bag,
    "chair": chair,
    "sofa": sofa,
    "lamp": lamp,
    "table": table,
    "bed": bed,
}
"""The drawing function of each category."""
