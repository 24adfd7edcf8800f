"""What stands out from the background, without any learning: ``saliency``.

Every pixel gets the least difference in color that a path from the picture's edge to it has to climb (the geodesic
distance of Wei et al., Geodesic Saliency Using Background Priors, ECCV 2012, on pixels). A background that reaches the
edge is near 0 however many colors it has; a thing that the background surrounds is as far as its outline is strong.
docs/decisions/0008 has why this and not another one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.detect.base import Region, fingerprint_of, make_box
from vision.errors import ModelUnavailable

LABEL: Final = "foreground"

# Pixels of the longer side: more follows wood and weave, and costs time.
_SIDE: Final = 192
# Blur before differences are taken, in pixels, and CIELAB units a pixel that count as texture of one surface.
_BLUR: Final = 1.0
_TEXTURE: Final = 0.6
# CIELAB units, of which a person sees 2.3: differences beyond _MOST say no more, those below _LEAST are no outline.
_MOST: Final = 20.0
_LEAST: Final = 3.0
# Of the longer side: what is nearer to each other is one thing, such as a pair of shoes.
_GAP: Final = 0.06
# Of the picture: what is smaller is a stain.
_SMALLEST: Final = 0.01
# Another number for every change of the code below that changes what is found.
_VERSION: Final = 1

Mask = NDArray[np.bool_]


class Saliency:
    """Finds foregrounds; the libraries are loaded by the first one made."""

    name = "saliency"
    fingerprint = fingerprint_of("saliency", _VERSION, _SIDE, _BLUR, _TEXTURE, _MOST, _LEAST, _GAP, _SMALLEST)
    side = _SIDE
    notice: str | None = (
        "found by saliency: parts that stand out from what touches the picture's edge; what they show is not known"
    )

    def __init__(self) -> None:
        """Have scikit-image.

        Raises:
            ModelUnavailable: it is not installed.
        """
        try:
            import skimage.morphology as morphology
            from skimage import color, filters, graph, measure
        except ImportError as error:
            raise ModelUnavailable(
                "saliency needs scikit-image, which is not installed: `pip install solr-visual-search[detect]`, or "
                "name another detector with VISUAL_SEARCH_DETECTOR"
            ) from error
        self._color: Any = color
        self._filters: Any = filters
        self._graph: Any = graph
        self._measure: Any = measure
        self._morphology: Any = morphology

    def detect(self, image: Image.Image) -> tuple[Region, ...]:
        """The foregrounds of an RGB picture, the one that stands out most first."""
        climbed = self._climb(image)
        heights = np.minimum(climbed, _MOST)
        foreground = self._foreground(heights)
        ground = float(heights[~foreground].mean()) if not foreground.all() else 0.0
        found = []
        for whole in self._parts(foreground):
            # A strong outline is climbed long before it ends: half of what most of the part has is inside.
            part = whole & (climbed > np.percentile(climbed[whole], 25) / 2)
            rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
            (height, width), own = part.shape, float(heights[part].mean())
            box = make_box(columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)
            if box is not None and part.mean() >= _SMALLEST:
                found.append(Region(box, LABEL, round((own - ground) / (own + ground), 4)))
        return tuple(sorted(found, key=lambda region: -region.score))

    def _climb(self, image: Image.Image) -> NDArray[np.float64]:
        """The least CIELAB difference on the way from the edge to each pixel of the shrunk picture."""
        small = image.copy()
        small.thumbnail((_SIDE, _SIDE), Image.Resampling.BILINEAR)
        lab = self._color.rgb2lab(np.asarray(small.convert("RGB")))
        smooth = self._filters.gaussian(lab, _BLUR, channel_axis=-1)
        slopes = [np.gradient(smooth[..., channel]) for channel in range(3) if min(smooth.shape[:2]) > 1]
        if not slopes:
            return np.zeros(smooth.shape[:2])
        steepness = np.sqrt(sum(down**2 + across**2 for down, across in slopes))
        edge = np.ones(steepness.shape, dtype=bool)
        edge[1:-1, 1:-1] = False
        # A little for each pixel, so that of equal ways the shortest is taken.
        costs = np.maximum(steepness - _TEXTURE, 0) + 1e-3
        climbed: NDArray[np.float64] = self._graph.MCP_Geometric(costs).find_costs(np.argwhere(edge))[0]
        return climbed

    def _foreground(self, heights: NDArray[np.float64]) -> Mask:
        """Where it is higher than Otsu's threshold, without specks and holes."""
        if np.ptp(heights) < _LEAST:
            return np.zeros(heights.shape, dtype=bool)
        above = heights > max(self._filters.threshold_otsu(heights), _LEAST)
        opened: Mask = self._morphology.opening(above, self._morphology.diamond(1))
        return opened

    def _parts(self, foreground: Mask) -> list[Mask]:
        """Its connected parts, where those that are near each other count as connected."""
        gap = max(1, round(_GAP * max(foreground.shape) / 2))
        near = self._morphology.dilation(
            np.pad(foreground, gap), self._morphology.footprint_rectangle((2 * gap + 1,) * 2)
        )
        labels = self._measure.label(near[gap:-gap, gap:-gap])
        parts = [foreground & (labels == number) for number in range(1, labels.max() + 1)]
        return [part for part in parts if part.any()]


def build(path: Path | None, models: Path | None) -> Saliency:
    """Saliency needs no file."""
    return Saliency()
