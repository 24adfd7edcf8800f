"""An attribution as a picture: the photo and the product side by side, warm where they are alike, pairs numbered."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vision.search.attribution import Attribution, Map, Place

HEIGHT: Final = 420
_GAP: Final = 12
_QUICK: Final = 3
"""Of zlib's levels: the file is 5 % larger than with ``optimize``, which takes six times as long as everything else."""
_WARM: Final = (255, 96, 0)
_COLD: Final = 0.55
"""How dark places are that have no part in it."""
_MARKS: Final = ((0, 114, 178), (0, 158, 115), (204, 121, 167))
"""Of Okabe and Ito, told apart by most colour-blind people; the numbers say the same."""


def draw(photo: Image.Image, product: Image.Image, found: Attribution) -> bytes:
    """PNG of both pictures, 420 pixels high.

    Args:
        photo: RGB, as it was searched by.
        product: RGB.
        found: from :func:`vision.search.attribution.attribute` of the two.
    """
    left, right = _warmed(photo, found.asked), _warmed(product, found.found)
    whole = Image.new("RGB", (left.width + _GAP + right.width, HEIGHT), "white")
    whole.paste(left, (0, 0))
    whole.paste(right, (left.width + _GAP, 0))
    pen = ImageDraw.Draw(whole)
    for number, (one, other, _) in enumerate(found.pairs):
        color = _MARKS[number % len(_MARKS)]
        for place, offset, width in ((one, 0, left.width), (other, left.width + _GAP, right.width)):
            _mark(pen, place, offset, width, str(number + 1), color)
    buffer = io.BytesIO()
    whole.save(buffer, "PNG", compress_level=_QUICK)
    return buffer.getvalue()


def _warmed(image: Image.Image, heat: Map) -> Image.Image:
    """The picture at the common height, darker where there is no heat, warmer where there is much."""
    width = max(1, round(image.width * HEIGHT / image.height))
    pixels = np.asarray(image.convert("RGB").resize((width, HEIGHT), Image.Resampling.LANCZOS), dtype=np.float32)
    small = Image.fromarray((heat * 255).astype(np.uint8))
    smooth = np.asarray(small.resize((width, HEIGHT), Image.Resampling.BICUBIC), dtype=np.float32)[..., None] / 255
    warm = pixels * (1 - 0.35 * smooth) + np.array(_WARM, dtype=np.float32) * 0.35 * smooth
    return Image.fromarray(np.clip(warm * (_COLD + (1 - _COLD) * smooth), 0, 255).astype(np.uint8))


def _mark(
    pen: ImageDraw.ImageDraw, place: Place, offset: int, width: int, text: str, color: tuple[int, int, int]
) -> None:
    x, y, w, h = place.box
    left, top = offset + x * width, y * HEIGHT
    right, bottom = left + w * width - 1, top + h * HEIGHT - 1
    pen.rectangle((left, top, right, bottom), outline="white", width=5)
    pen.rectangle((left + 1, top + 1, right - 1, bottom - 1), outline=color, width=3)
    pen.rectangle((left + 1, top + 1, left + 25, top + 25), fill=color)
    pen.text((left + 13, top + 13), text, fill="white", anchor="mm", font=ImageFont.load_default(18))
