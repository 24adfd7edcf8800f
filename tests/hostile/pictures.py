"""Malformed pictures, made from a seed: what strangers send, by accident and on purpose."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

import numpy as np
from PIL import Image, PngImagePlugin, features

HAS_AVIF: Final = bool(features.check("avif"))
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes, *, crc: int | None = None, length: int | None = None) -> bytes:
    """One of a PNG, right or wrong."""
    checked = zlib.crc32(kind + body) if crc is None else crc
    return struct.pack(">I", len(body) if length is None else length) + kind + body + struct.pack(">I", checked)


def png(width: int, height: int, *, depth: int = 8, color: int = 2, data: bytes = b"", before: bytes = b"") -> bytes:
    """A PNG that says what it is, and whose pixels are ``data`` however many there should be."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return _SIGNATURE + header + before + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def segment(marker: int, body: bytes, *, length: int | None = None) -> bytes:
    """One of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", (len(body) + 2 if length is None else length) & 0xFFFF) + body


def _drawn(mode: str, seed: int = 1, size: tuple[int, int] = (90, 70)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 7, 4), dtype=np.uint8)
    image = Image.fromarray(pixels, "RGBA" if pixels.shape[2] == 4 else "RGB").resize(size)
    return image.convert("I").convert("I;16") if mode == "I;16" else image.convert(mode)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    """The bytes of a picture."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _exif(body: bytes) -> bytes:
    return segment(0xE1, b"Exif\x00\x00" + body)


@cache
def sound() -> dict[str, bytes]:
    """Pictures of every kind that are as they should be, to be damaged."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "camera"
    many = [_drawn("RGB", seed) for seed in range(4)]
    found = {
        "jpeg": encoded(_drawn("RGB"), "JPEG", exif=exif),
        "progressive": encoded(_drawn("RGB"), "JPEG", progressive=True),
        "grey jpeg": encoded(_drawn("L"), "JPEG"),
        "cmyk jpeg": encoded(_drawn("CMYK"), "JPEG"),
        "png": encoded(_drawn("RGB"), "PNG"),
        "rgba png": encoded(_drawn("RGBA"), "PNG"),
        "palette png": encoded(_drawn("P"), "PNG", transparency=3),
        "16-bit png": encoded(_drawn("I;16"), "PNG"),
        "1-bit png": encoded(_drawn("1"), "PNG"),
        "grey and alpha png": encoded(_drawn("LA"), "PNG"),
        "animated png": encoded(many[0], "PNG", save_all=True, append_images=many[1:]),
        "webp": encoded(_drawn("RGB"), "WEBP"),
        "lossless webp": encoded(_drawn("RGBA"), "WEBP", lossless=True),
        "animated webp": encoded(many[0], "WEBP", save_all=True, append_images=many[1:]),
        "mpo": encoded(many[0], "MPO", save_all=True, append_images=many[1:2]),
    }
    return found | ({"avif": encoded(_drawn("RGB"), "AVIF")} if HAS_AVIF else {})


@cache
def foreign() -> dict[str, bytes]:
    """Files of other kinds, which are sent as ``.jpg``: none of these may be decoded."""
    image = _drawn("RGB")
    forms = ("GIF", "BMP", "ICO", "TIFF", "PPM", "TGA", "PCX", "SGI", "EPS", "PDF", "JPEG2000", "ICNS", "DIB")
    found = {form: encoded(image, form) for form in forms}
    fits = b"".join(
        line.ljust(80).encode()
        for line in ("SIMPLE  =   T", "BITPIX  =   8", "NAXIS   =   2", "NAXIS1  =  90", "NAXIS2  =  70", "END")
    )
    psd = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 70, 90, 8, 3) + bytes(12) + bytes(2 + 3 * 70 * 90)
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 70\n%%EndComments\n(%pipe%id) (r) file\nshowpage\n"
    return found | {
        "FITS": fits.ljust(2880) + bytes(90 * 70),
        "PSD": psd,
        "EPS that runs": eps,
        "EPS in DOS": b"\xc5\xd0\xd3\xc6" + struct.pack("<7IH", 30, len(eps), 0, 0, 0, 0, 0, 0xFFFF) + eps,
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "XML": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        "MVG": b"push graphic-context\nfill 'url(https://192.0.2.1/\"|id\")'\npop graphic-context",
        "HTML": b"<!DOCTYPE html><script>alert(1)</script>",
        "ZIP": b"PK\x03\x04" + bytes(60),
        "HEIC": b"\x00\x00\x00\x18ftypheic" + bytes(100),
        "WAL": bytes(32) + struct.pack("<II", 90, 70) + bytes(200),
        "PIXAR": b"\200\350\000\000" + bytes(2000),
        "FLI": struct.pack("<IHHHH", 128, 0xAF11, 4, 90, 70) + bytes(200),
        "DDS": b"DDS " + struct.pack("<7I", 124, 0x1007, 70, 90, 0, 0, 0) + bytes(200),
        "BLP": b"BLP2" + struct.pack("<IBBBB", 1, 1, 0, 0, 0) + bytes(300),
        "SPIDER": struct.pack(">27f", 1, 70, *([1.0] * 25)) + bytes(400),
        "text": b"not a picture at all\n" * 20,
        "gzip": b"\x1f\x8b\x08" + bytes(60),
    }


Damage = Callable[[random.Random, bytes], bytes]


def _flipped(seeded: random.Random, data: bytes) -> bytes:
    found = bytearray(data)
    for _ in range(seeded.choice((1, 1, 2, 8, 64))):
        found[seeded.randrange(len(found))] ^= 1 << seeded.randrange(8)
    return bytes(found)


def _overwritten(seeded: random.Random, data: bytes) -> bytes:
    start = seeded.randrange(len(data))
    size = seeded.randrange(1, 40)
    filler = seeded.choice((b"\x00", b"\xff", b"\x80", b"\x7f"))
    return data[:start] + filler * size + data[start + size :]


def _shuffled(seeded: random.Random, data: bytes) -> bytes:
    one, other = sorted(seeded.sample(range(len(data)), 2))
    return data[:one] + data[other:] + data[one:other]


def _numbered(seeded: random.Random, data: bytes) -> bytes:
    """A length, an offset or a size in it becomes an extreme one."""
    at = seeded.randrange(min(len(data), 200))
    number = seeded.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, 0x10000))
    return data[:at] + struct.pack(seeded.choice((">I", "<I")), number) + data[at + 4 :]


def _pair(seeded: random.Random, data: bytes) -> bytes:
    other = seeded.choice(list(sound().values()))
    return data[: seeded.randrange(4, len(data))] + other[seeded.randrange(len(other)) :]


DAMAGES: Final[dict[str, Damage]] = {
    "truncated": lambda seeded, data: data[: seeded.randrange(1, len(data))],
    "flipped": _flipped,
    "overwritten": _overwritten,
    "shuffled": _shuffled,
    "numbered": _numbered,
    "two in one": _pair,
    "wrong magic": lambda seeded, data: seeded.choice(list(sound().values()))[:8] + data[8:],
    "beginning cut off": lambda seeded, data: data[seeded.randrange(1, 40) :],
    "something before": lambda seeded, data: seeded.randbytes(seeded.randrange(1, 40)) + data,
    "much after": lambda seeded, data: data + seeded.randbytes(5000),
    "grown": lambda seeded, data: data[: len(data) // 2] * 5 + data,
}


@cache
def odd() -> dict[str, bytes]:
    """Made by hand: well formed in parts, and hostile."""
    jpeg, small = sound()["jpeg"], encoded(_drawn("RGB", size=(4, 4)), "PNG")
    after = jpeg[2:]
    ifd = b"II*\x00\x08\x00\x00\x00"
    entries = struct.pack("<H", 5000) + struct.pack("<HHII", 0x0112, 3, 1, 6) * 5000 + bytes(4)
    huge = struct.pack("<HHHIIHHII", 2, 0x010E, 2, 0xFFFFFFFF, 8, 0x0112, 7, 1 << 30, 0)
    profiles = b"".join(segment(0xE2, b"ICC_PROFILE\x00" + bytes((n, 255)) + bytes(60_000)) for n in range(1, 60))
    text = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(30 << 20), 9))
    profile = chunk(b"iCCP", b"icc\x00\x00" + zlib.compress(bytes(30 << 20), 9))
    international = chunk(b"iTXt", b"a\x00\x01\x00\x00\x00" + zlib.compress(bytes(30 << 20), 9))
    info = PngImagePlugin.PngInfo()
    info.add_text("a", "b" * 100_000, zip=True)
    return {
        "nothing": b"",
        "one byte": b"\xff",
        "zeros": bytes(5000),
        "the beginning of a JPEG": b"\xff\xd8\xff",
        "an empty JPEG": b"\xff\xd8\xff\xd9",
        "a PNG's signature": _SIGNATURE,
        "no pixels": png(0, 0),
        "no width": png(0, 5, data=bytes(100)),
        "a width of 2^31": png(1 << 31, 1, data=bytes(100)),
        "too few pixels": png(50, 50, data=bytes(100)),
        "too many pixels": png(2, 2, data=bytes(1 << 20)),
        "no IDAT": _SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)) + chunk(b"IEND", b""),
        "wrong CRC": _SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0), crc=1),
        "a chunk longer than the file": _SIGNATURE + chunk(b"IHDR", bytes(13), length=0x7FFFFFFF),
        "a depth of 3": png(4, 4, depth=3, data=bytes(99)),
        "a color type of 5": png(4, 4, color=5, data=bytes(99)),
        "a palette that is missing": png(4, 4, color=3, data=bytes(99)),
        "a palette of one": png(
            4, 4, color=3, data=b"\x00\xff\xff\xff\xff" * 4, before=chunk(b"PLTE", b"\x01\x02\x03")
        ),
        "zTXt of 30 MB": png(4, 4, data=bytes(52), before=text),
        "many zTXt of 30 MB": png(4, 4, data=bytes(52), before=text * 60),
        "iTXt of 30 MB": png(4, 4, data=bytes(52), before=international * 10),
        "iCCP of 30 MB": png(4, 4, data=bytes(52), before=profile),
        "text of a PNG": encoded(_drawn("RGB"), "PNG", pnginfo=info),
        "eXIf of nonsense": png(4, 4, data=bytes(52), before=chunk(b"eXIf", b"II*\x00" + bytes(2000))),
        "EXIF of many entries": jpeg[:2] + _exif(ifd + entries) + after,
        "EXIF of huge values": jpeg[:2] + _exif(ifd + huge) + after,
        "EXIF that goes in circles": jpeg[:2] + _exif(ifd + struct.pack("<HHHIII", 1, 0x8769, 4, 1, 8, 8)) + after,
        "EXIF whose offset is outside": jpeg[:2] + _exif(b"MM\x00*\xff\xff\xff\xff") + after,
        "EXIF turned to 65535": jpeg[:2] + _exif(ifd + struct.pack("<HHHIII", 1, 0x0112, 3, 1, 65535, 0)) + after,
        "EXIF turned to text": jpeg[:2] + _exif(ifd + struct.pack("<HHHI4sI", 1, 0x0112, 2, 4, b"six\x00", 0)) + after,
        "EXIF sixty times": jpeg[:2] + _exif(ifd + bytes(60_000)) * 60 + after,
        "ICC in 255 parts": jpeg[:2] + profiles + after,
        "ICC part 0 of 0": jpeg[:2] + segment(0xE2, b"ICC_PROFILE\x00\x00\x00" + bytes(100)) + after,
        "Photoshop of nonsense": jpeg[:2] + segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed" + bytes(30)) + after,
        "MPF of nonsense": jpeg[:2] + segment(0xE2, b"MPF\x00II*\x00\x08\x00\x00\x00\xff\xff" + bytes(60)) + after,
        "a segment without a length": jpeg[:2] + segment(0xE0, b"", length=0) + after,
        "a DHT of nonsense": jpeg[:2] + segment(0xC4, bytes(range(256))) + after,
        "two SOF": jpeg[:2] + segment(0xC0, struct.pack(">BHHB", 8, 9000, 9000, 3) + bytes(9)) + after,
        "lossless JPEG": jpeg.replace(b"\xff\xc0", b"\xff\xc3"),
        "arithmetic JPEG": jpeg.replace(b"\xff\xc0", b"\xff\xc9"),
        "12 bits": jpeg.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"),
        "a webp of no length": b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(30),
        "a webp longer than the file": b"RIFF\xff\xff\xff\x7fWEBPVP8L\xff\xff\xff\x7f" + bytes(30),
        "an animated webp without frames": b"RIFF"
        + struct.pack("<I", 50)
        + b"WEBPVP8X\x0a\x00\x00\x00\x02"
        + bytes(40),
        "an avif of nothing": b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf" + bytes(100),
        "an avif of huge boxes": b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf\xff\xff\xff\xffmeta"
        + bytes(100),
        "a picture in a picture": small + jpeg,
    }


def malformed(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """That many, each with a name that says how it was made; the first are those made by hand and of other kinds."""
    seeded = random.Random(seed)
    fixed = [*odd().items(), *((f"{name}.jpg", data) for name, data in foreign().items())]
    seeded.shuffle(fixed)
    yield from fixed[:count]
    kinds = [(kind, damage) for kind in sound() for damage in DAMAGES]
    for number in range(count - len(fixed)):
        kind, damage = kinds[number % len(kinds)]
        yield f"{kind}, {damage} (seed {seed}, number {number})", DAMAGES[damage](seeded, sound()[kind])
