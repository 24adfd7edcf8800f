"""What all shoes stand on; they are drawn from the side, toes to the right."""

from __future__ import annotations

from vision.demo.scene import RGB

GROUND = 0.72
"""Height of the floor in the unit square."""

RUBBER: RGB = (244, 243, 238)
LINING: RGB = (206, 186, 158)
