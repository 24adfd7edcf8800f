"""Bytes to RGB pictures, safely: what is accepted, how large it may be, and the few operations every stage needs.

Pictures come from strangers, so every way a small file can cost much is bounded before pixels are decoded: the
formats, the pixels, the scans of a JPEG, the parts of a file, the frames (only the first is ever decoded), and how many
large ones are decoded at a time.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError, features

from vision.errors import BadImage, BadQuery

FORMATS: Final[tuple[str, ...]] = ("JPEG", "PNG", "WEBP") + (("AVIF",) if features.check("avif") else ())
"""Pillow's names of the formats that are decoded; every other decoder of Pillow stays out of reach."""

MAX_PIXELS: Final = 50_000_000
"""Of a JPEG, which is decoded in small where that will do: above a 48-megapixel phone camera; 200 MB as RGB."""

MAX_PIXELS_OF: Final = {"PNG": 25_000_000, "WEBP": 12_600_000, "AVIF": 20_000_000}
"""Of what can only be decoded whole. Pillow takes up to 9, 18 and 13 bytes a pixel for it: none takes 300 MB."""

MAX_READS: Final = 100_000
"""Times that a decoder may ask for bytes of a file. Pillow reads a file's segments and chunks one by one, in Python: a
JPEG of 10 MB may have two million, which take 20 s. An ordinary file of 50 MB needs some 10,000."""

_LARGE: Final = 4_000_000
_TWO_LARGE: Final = threading.BoundedSemaphore(2)
"""Pictures of more pixels than ``_LARGE``, after a JPEG was made smaller: two are decoded at a time, in all threads."""

_STRIP: Final = 1_000_000
"""Pixels whose colors are converted at a time, where that takes a copy or two."""

MAX_SCANS: Final = 64
"""libjpeg's progressive script makes 10 scans, optimisers some 20. An empty scan costs 0.6 ns a pixel and some 30
bytes of file, so without a limit 300 KB can ask for 15 s: at this one, 12 megapixels take at most 0.5 s."""

MAX_SCANNED_PIXELS: Final = 1_000_000_000
"""Pixels times scans of one JPEG: 20 scans at ``MAX_PIXELS``, at worst 0.6 s beyond what the file's length costs."""

_KINDS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"8BPS", "a Photoshop document"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document, perhaps an SVG drawing"),
    (b"<!DOC", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"{", "JSON text"),
)
_HEIC_BRANDS: Final = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")
ORIENTATION: Final = 0x0112
"""EXIF's tag."""

_TRANSPOSES: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Inside a scan 0xFF is followed by 0x00 (a stuffed byte), a restart marker or another 0xFF; all else ends the scan.
_SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

# Pillow only warns between one and two times its own limit; ours is lower and always an error, so its warning becomes
# one as well. Its other warnings are about metadata (damaged EXIF and the like), which is dropped here anyway. They are
# set once, because a filter set around each call would not be safe between threads.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def content_hash(data: bytes) -> str:
    """SHA-256 of the file's bytes, in hexadecimal: the key of caches and of "the same picture again"."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS, min_side: int | None = None) -> Image.Image:
    """Decode a picture's bytes into an upright RGB image without metadata.

    The EXIF orientation is applied, transparency is laid on white, 16-bit, grey, palette and CMYK pictures become
    8-bit RGB, and of an animation the first frame is taken.

    Args:
        data: the file's bytes.
        max_pixels: more than this many pixels are refused before any is decoded.
        min_side: the caller needs no more than this many pixels on the shorter side: a JPEG may then be decoded at
            1/2, 1/4 or 1/8 of its size, never below ``min_side``; much quicker, same picture but for the resampling.

    Raises:
        BadImage: empty, of another format, truncated or damaged, or too costly to decode; the message says what came.
    """
    with _opened(data, max_pixels) as image:
        _check_cost(data, image, max_pixels)
        if min_side is not None and image.format in ("JPEG", "MPO"):
            image.draft(None, (min_side, min_side))  # type: ignore[no-untyped-call,unused-ignore]
        with _TWO_LARGE if image.width * image.height > _LARGE else nullcontext():
            image.load()
            return _upright(_to_rgb(image), orientation(image))


def jpeg_header(data: bytes) -> tuple[int, tuple[int, int]] | None:
    """How a JPEG is turned (as :func:`orientation`) and its (width, height) as stored; None for another format.

    Raises:
        BadImage: as :func:`decode`; no pixel has been looked at.
    """
    with _opened(data, MAX_PIXELS) as image:
        # Of a PNG, asking for the orientation would decode all of it.
        return (orientation(image), image.size) if image.format in ("JPEG", "MPO") else None


@contextmanager
def _opened(data: bytes, max_pixels: int) -> Iterator[Image.Image]:
    """A picture of an accepted format, and whatever goes wrong with it as a :class:`BadImage` that says what came."""
    if not data:
        raise BadImage(f"the picture is empty (0 bytes); {_accepted()}")
    try:
        with Image.open(_Metered(data), formats=FORMATS) as image:
            yield image
    except BadImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImage(f"{_came(data)}: over the limit of {max_pixels:,} pixels; send a smaller one") from error
    except UnidentifiedImageError as error:
        raise BadImage(f"{_came(data)}: not a picture that can be read; {_accepted()}") from error
    except Exception as error:  # damaged files raise OSError, SyntaxError, ValueError, struct.error, and others
        raise BadImage(f"{_came(data)}: truncated or damaged ({error}); {_accepted()}") from error


def to_array(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """:func:`resized` as uint8 (height, width, 3)."""
    return np.array(resized(image, size), dtype=np.uint8)


def resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize to ``size`` = (height, width) as RGB, aspect ignored, bilinear with antialiasing."""
    height, width = size
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    return rgb if rgb.size == (width, height) else rgb.resize((width, height), Image.Resampling.BILINEAR)


def crop(image: Image.Image, box: Sequence[float]) -> Image.Image:
    """Cut out ``box`` = (x, y, width, height), fractions of the picture's size with the origin top left.

    Raises:
        BadQuery: not four finite numbers, or a box that is empty or reaches outside the picture.
    """
    x, y, width, height = check_box(box)
    columns, rows = image.size
    left = min(math.floor(x * columns + 1e-6), columns - 1)
    top = min(math.floor(y * rows + 1e-6), rows - 1)
    right = min(max(math.ceil((x + width) * columns - 1e-6), left + 1), columns)
    bottom = min(max(math.ceil((y + height) * rows - 1e-6), top + 1), rows)
    return image.crop((left, top, right, bottom))


def check_box(box: Sequence[float]) -> tuple[float, float, float, float]:
    """Validate (x, y, width, height) as fractions of a picture; a rounding error of 1e-6 past the edge is cut off.

    Raises:
        BadQuery: not four finite numbers, or a box that is empty or reaches outside the picture.
    """
    accepted = "accepted: [x, y, width, height] as fractions 0 to 1, inside the picture"
    try:
        x, y, width, height = (float(value) for value in box)
    except (TypeError, ValueError) as error:
        raise BadQuery(f"the box {box!r} is not four numbers; {accepted}", field="crop") from error
    if not all(math.isfinite(value) for value in (x, y, width, height)):
        raise BadQuery(f"the box {list(box)!r} is not finite; {accepted}", field="crop")
    if x < 0 or y < 0 or width <= 0 or height <= 0 or x + width > 1 + 1e-6 or y + height > 1 + 1e-6:
        raise BadQuery(f"the box {list(box)!r} is empty or reaches outside the picture; {accepted}", field="crop")
    if x >= 1 or y >= 1:
        raise BadQuery(f"the box {list(box)!r} starts outside the picture; {accepted}", field="crop")
    return x, y, min(width, 1 - x), min(height, 1 - y)


def encode_jpeg(image: Image.Image, max_side: int | None = None, quality: int = 85) -> bytes:
    """Encode as a baseline JPEG without metadata, shrunk (never enlarged) until no side is longer than ``max_side``."""
    result = image.copy() if image.mode == "RGB" else _to_rgb(image)
    result.info = {}
    if max_side is not None:
        result.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    result.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def _accepted() -> str:
    return f"accepted: {', '.join(FORMATS)}"


def _came(data: bytes) -> str:
    """What came, for a message: the length, the first bytes, and the kind of file if it is a usual one."""
    kind = next((name for magic, name in _KINDS if data.lstrip()[: len(magic)] == magic), None)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        kind = "a HEIC picture: save it as JPEG"
    return f"got {len(data):,} bytes that begin with {data[:4]!r}" + (f" ({kind})" if kind else "")


def _check_cost(data: bytes, image: Image.Image, max_pixels: int) -> None:
    """Refuse what would cost too much; only the header has been read so far."""
    width, height = image.size
    max_pixels = min(max_pixels, MAX_PIXELS_OF.get(str(image.format), max_pixels))
    if width * height > max_pixels:
        raise BadImage(
            f"got a {image.format} of {width} x {height} = {width * height:,} pixels; at most {max_pixels:,} of that "
            "format are decoded: send a smaller one"
        )
    if image.format in ("JPEG", "MPO"):
        scans = count_scans(data)
        if scans > MAX_SCANS or scans * width * height > MAX_SCANNED_PIXELS:
            raise BadImage(
                f"got a JPEG of {width} x {height} pixels in {scans} scans; accepted are {MAX_SCANS} scans and "
                f"{MAX_SCANNED_PIXELS:,} pixels times scans: save it again as a baseline JPEG"
            )


def count_scans(data: bytes) -> int:
    """Count the scans of a JPEG by walking its segments: thumbnails inside metadata are not counted.

    Of one with more than ``MAX_READS`` segments, what is refused all the same.
    """
    scans, position, end = 0, 2, len(data)
    for _ in range(MAX_READS):
        if position + 4 > end:
            break
        if data[position] != 0xFF:
            position = data.find(b"\xff", position)
            if position < 0:
                break
            continue
        marker = data[position + 1]
        if marker == 0xD9:
            break
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:  # fill bytes and markers without a length
            position += 1 if marker == 0xFF else 2
            continue
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xDA:
            scans += 1
            found = _SCAN_END.search(data, position)
            if found is None:
                break
            position = found.start()
    else:
        return MAX_SCANS + 1
    return scans


class _Metered(io.BytesIO):
    """A file that may be read a bounded number of times."""

    _left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """As usual.

        Raises:
            BadImage: once too often.
        """
        self._left -= 1
        if self._left < 0:
            raise BadImage(f"{_came(self.getvalue())}: it consists of too many parts; save it again")
        return super().read(size)


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any mode to a new RGB image, transparency over white."""
    if image.mode.startswith("I"):
        return _by_strips(image, _eight_bits)
    if image.has_transparency_data:
        return _by_strips(image, _on_white)
    # Of a file's image without its file and what came with it; the pixels are not copied.
    result = image._new(image.im) if image.mode == "RGB" else image.convert("RGB")
    result.info = {}
    return result


def _by_strips(image: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """An RGB image, converted some rows at a time, so that copies of all of it are never needed."""
    result = Image.new("RGB", image.size)
    width, height = image.size
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        result.paste(convert(image.crop((0, top, width, min(top + rows, height)))), (0, top))
    return result


def _eight_bits(strip: Image.Image) -> Image.Image:
    values: NDArray[Any] = np.asarray(strip)
    return Image.fromarray((np.clip(values, 0, 65535) >> 8).astype(np.uint8)).convert("RGB")


def _on_white(strip: Image.Image) -> Image.Image:
    rgba = strip.convert("RGBA")
    white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, rgba).convert("RGB")


def orientation(image: Image.Image) -> int:
    """How a picture is turned, 1 to 8 as EXIF counts; 1 where it does not say or says nonsense."""
    try:
        found = int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged EXIF says nothing about the pixels, which are fine
        return 1
    return found if found in _TRANSPOSES else 1


def _upright(image: Image.Image, turned: int) -> Image.Image:
    method = _TRANSPOSES.get(turned)
    return image if method is None else image.transpose(method)
