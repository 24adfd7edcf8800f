"""A picture's bytes without what the camera wrote beside the pixels, such that the same vector comes out.

A JPEG is not encoded again: its metadata segments are left out, and its pixels stay as they are, bit for bit. It must
stay a JPEG because large ones are decoded at a fraction of their size. Any other picture is written as an upright PNG,
which loses nothing either.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image

from vision import images
from vision.errors import BadImage

_APP0, _APP1, _APP14, _APP15, _COM = 0xE0, 0xE1, 0xEE, 0xEF, 0xFE
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
# Inside a scan 0xFF is followed by 0x00 (a stuffed byte), a restart marker or another 0xFF; all else ends the scan.
_SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JFIF: Final = b"JFIF\x00"
_JFIF_LENGTH: Final = 12
_ADOBE: Final = b"Adobe"
_COMPARED: Final = 64
_LAST_UPRIGHT: Final = 4
"""Orientations after this one lie on their side."""


@dataclass(frozen=True)
class Stripped:
    """A picture without metadata; ``width`` and ``height`` are those of the upright picture."""

    data: bytes
    width: int
    height: int


def strip(data: bytes) -> Stripped:
    """Take the metadata out of a picture; of an EXIF orientation that a JPEG needs, that one number stays.

    Raises:
        BadImage: as :func:`vision.images.decode`.
    """
    found = images.jpeg_header(data)
    if found is not None:
        orientation, (width, height) = found
        small = images.decode(data, min_side=_COMPARED)
        stripped = _jpeg(data, orientation)
        if stripped is not None and _same(small, stripped):
            upright = (height, width) if orientation > _LAST_UPRIGHT else (width, height)
            return Stripped(stripped, *upright)
    image = images.decode(data)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return Stripped(buffer.getvalue(), image.width, image.height)


def _same(small: Image.Image, stripped: bytes) -> bool:
    """Whether both give the same pixels: in small, for which the decoder reads every coefficient all the same."""
    try:
        other = images.decode(stripped, min_side=_COMPARED)
    except BadImage:
        return False
    return small.size == other.size and small.tobytes() == other.tobytes()


def _jpeg(data: bytes, orientation: int) -> bytes | None:
    """The JPEG's own segments up to its end, or None where they cannot be told apart."""
    parts = [b"\xff\xd8"]
    if orientation != 1:
        exif = Image.Exif()
        exif[images.ORIENTATION] = orientation
        parts.append(_segment(_APP1, exif.tobytes()))
    ended = False
    for marker, body, scan in _segments(data):
        ended = marker == _END
        if _APP0 <= marker <= _APP15 or marker == _COM:
            parts.append(_needed(marker, body))
        elif not ended:
            parts += (_segment(marker, body), scan)
    return b"".join([*parts, b"\xff\xd9"]) if ended else None


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """(marker, body, the scan's coded pixels where it is one) of each segment; the last one is the end, if it is found.

    Stops without an end at whatever is not in order.
    """
    position = 2 if data[:2] == bytes((0xFF, _START)) else len(data)
    while position + 2 <= len(data):
        if data[position] != 0xFF:
            return
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == _END:
            yield marker, b"", b""
            return
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        body = data[position + 4 : position + 2 + length]
        if length < 2 or len(body) != length - 2:
            return
        position += 2 + length
        scan = b""
        if marker == _SCAN:
            found = _SCAN_END.search(data, position)
            if found is None:
                return
            scan = data[position : found.start()]
            position = found.start()
        yield marker, body, scan


def _needed(marker: int, body: bytes) -> bytes:
    """Of an application's segment what decides how colors are read: JFIF without its thumbnail, and Adobe's."""
    if marker == _APP0 and body.startswith(_JFIF) and len(body) >= _JFIF_LENGTH:
        return _segment(marker, body[:_JFIF_LENGTH] + b"\x00\x00")
    return _segment(marker, body) if marker == _APP14 and body.startswith(_ADOBE) else b""


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body
