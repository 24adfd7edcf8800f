"""Photos of drawn things whose places are known."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from vision.detect import Box

RED, BLUE = (200, 30, 40), (40, 70, 190)
# A large red circle and a small blue square, far apart.
CIRCLE: Box = (0.05, 0.1, 0.4, 0.8)
SQUARE: Box = (0.7, 0.35, 0.15, 0.3)


def room(*, things: bool = True, turned: bool = False) -> bytes:
    """A photo of 600 x 300 as PNG; ``turned`` is stored on its side, and says so in its EXIF data."""
    image = Image.new("RGB", (600, 300), (245, 245, 240))
    if things:
        pen = ImageDraw.Draw(image)
        pen.ellipse((30, 30, 269, 269), fill=RED)
        pen.rectangle((420, 105, 509, 194), fill=BLUE)
    buffer = io.BytesIO()
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6
        image = image.transpose(Image.Transpose.ROTATE_90)
    image.save(buffer, "PNG", exif=exif)
    return buffer.getvalue()
