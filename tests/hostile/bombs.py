"""Pictures that are small to send and large to decode: in pixels, in parts, in what is packed into them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Final

from PIL import Image

from tests.hostile.pictures import HAS_AVIF, chunk, encoded, png, segment, sound

MIB: Final = 1 << 20
_PADDED: Final = 9 * MIB
"""Bytes of those that are as large as an upload may be."""


def _zeros(width: int, height: int, channels: int, depth: int = 8) -> bytes:
    """A PNG of one color; its pixels are packed twice the way a compressor would."""
    row = 1 + (width * channels * depth + 7) // 8
    packing = zlib.compressobj(9)
    block = bytes(MIB)
    packed = b"".join(packing.compress(block) for _ in range(row * height // MIB + 1)) + packing.flush()
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def _drawn(form: str, side: int, mode: str = "RGB", **options: object) -> bytes:
    return encoded(Image.new(mode, (side, side)), form, **options)


def _scans(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    data = encoded(Image.new("L", (side, side)), "JPEG", progressive=True)
    last = data.rfind(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + b"\xff\xd9"


def _sized(width: int, height: int) -> bytes:
    """A JPEG of 90 x 70 that says it is larger."""
    data = sound()["jpeg"]
    at = data.find(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def _in_jpeg(part: bytes) -> bytes:
    data = sound()["jpeg"]
    return data[:2] + part * (_PADDED // len(part)) + data[2:]


def _in_png(part: bytes) -> bytes:
    return png(4, 4, data=bytes(52), before=part * (_PADDED // len(part)))


def _frames(side: int, count: int) -> bytes:
    """An animation whose every frame is large."""
    buffer = io.BytesIO()
    frame = Image.new("RGB", (side, side))
    frame.save(buffer, "WEBP", save_all=True, append_images=[frame] * count, lossless=True, method=0)
    return buffer.getvalue()


REFUSED: Final[dict[str, Callable[[], bytes]]] = {
    "a PNG of 30000 x 30000": lambda: png(30_000, 30_000, data=bytes(30_000)),
    "a PNG of 50000 x 50000, 1 bit": lambda: _zeros(50_000, 50_000, 1, 1),
    "a PNG of 20000 x 20000": lambda: _zeros(20_000, 20_000, 3),
    "a PNG of 10000 x 10000 with alpha": lambda: _zeros(10_000, 10_000, 4),
    "a PNG of 7000 x 7000 with alpha": lambda: _zeros(7_000, 7_000, 4),
    "a PNG of 7000 x 7000, 16 bits": lambda: _zeros(7_000, 7_000, 1, 16),
    "a PNG of 65535 x 65535": lambda: png(65_535, 65_535, data=bytes(9)),
    "a PNG of 2147483647 x 1": lambda: png(2_147_483_647, 1, data=bytes(9)),
    "a PNG of one column": lambda: _zeros(1, 60_000_000, 1, 1),
    "a WebP of 16383 x 16383": lambda: _drawn("WEBP", 16_383, lossless=True, method=0),
    "a WebP of 7000 x 7000 with alpha": lambda: _drawn("WEBP", 7_000, "RGBA", lossless=True, method=0),
    "a WebP of 4000 x 4000": lambda: _drawn("WEBP", 4_000, lossless=True, method=0),
    "a WebP of forty large frames": lambda: _frames(4_000, 40),
    "a JPEG of 65500 x 65500": lambda: _sized(65_500, 65_500),
    "a JPEG of 20000 x 20000": lambda: _sized(20_000, 20_000),
    "a JPEG of 7100 x 7100": lambda: _drawn("JPEG", 7_100),
    "a JPEG of 5000 scans": lambda: _scans(1_000, 5_000),
    "a JPEG of 40 scans of 36 megapixels": lambda: _scans(6_000, 40),
    "a JPEG of two million comments": lambda: _in_jpeg(segment(0xFE, b"")),
    "a JPEG of two million tables": lambda: _in_jpeg(segment(0xDB, b"")),
    "a JPEG of two million APP1": lambda: _in_jpeg(segment(0xE1, b"")),
    "a JPEG of fill bytes": lambda: _in_jpeg(b"\xff"),
    "a JPEG of restart markers": lambda: _in_jpeg(b"\xff\xd0"),
    "a PNG of a million chunks": lambda: _in_png(chunk(b"abCd", b"")),
    "a PNG of a million texts": lambda: _in_png(chunk(b"tEXt", b"a\x00b")),
    "a PNG of packed texts": lambda: _in_png(chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(MIB - 1), 9))),
    "a PNG with a text of 64 MB": lambda: png(
        4, 4, data=bytes(52), before=chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(64 * MIB), 9)) * 2
    ),
} | (
    {
        "an AVIF of 16000 x 16000": partial(_drawn, "AVIF", 16_000, speed=10),
        "an AVIF of 5000 x 5000": partial(_drawn, "AVIF", 5_000, speed=10),
    }
    if HAS_AVIF
    else {}
)
"""Never decoded."""

DECODED: Final[dict[str, Callable[[], bytes]]] = {
    "a PNG of 24 megapixels with alpha": lambda: _zeros(4_900, 4_900, 4),
    "a PNG of 24 megapixels, 16 bits": lambda: _zeros(4_900, 4_900, 1, 16),
    "a WebP of 12 megapixels with alpha": lambda: _drawn("WEBP", 3_500, "RGBA", lossless=True, method=0),
    "a JPEG of 49 megapixels": lambda: _drawn("JPEG", 7_000),
    "a JPEG of 49 megapixels, CMYK": lambda: _drawn("JPEG", 7_000, "CMYK"),
    "a progressive JPEG of 49 megapixels": lambda: _drawn("JPEG", 7_000, progressive=True),
    "a JPEG of Photoshop's resources": lambda: _in_jpeg(
        segment(0xED, b"Photoshop 3.0\x00" + b"8BIM\x04\x04\x00\x00\x00\x00\x00\x00" * 5_000)
    ),
}
"""As large as is accepted: what they cost is bounded as well."""
