"""Bytes to RGB: what is accepted, what is refused and with which words, and what it may cost."""

from __future__ import annotations

import io
import re
import struct
import threading
import time
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vision import images
from vision.errors import BadImage, BadQuery
from vision.images import content_hash, count_scans, crop, decode, encode_jpeg, to_array

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """Red, green, blue and white quarters, from top left by rows."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(WHITE, (width // 2, height // 2, width, height))
    return image


def near(image: Image.Image, place: tuple[int, int], colour: tuple[int, int, int], tolerance: int = 12) -> bool:
    return bool(np.abs(np.asarray(image)[place[1], place[0]].astype(int) - colour).max() <= tolerance)


def progressive(width: int, height: int, scans: int) -> bytes:
    """A valid progressive JPEG whose last scan is repeated until there are ``scans``."""
    data = encoded(Image.new("L", (width, height), 128), "JPEG", progressive=True, quality=85)
    starts = [match.start() for match in re.finditer(rb"\xff\xda", data)]
    end = data.rindex(b"\xff\xd9")
    segment = data[data.rindex(b"\xff\xc4", 0, starts[-1]) : end]
    return data[:end] + segment * (scans - len(starts)) + data[end:]


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", images.FORMATS)
def test_every_accepted_format_decodes_to_rgb_without_metadata(kind: str) -> None:
    image = decode(encoded(quarters(), kind))
    assert (image.mode, image.size, image.info) == ("RGB", (64, 48), {})
    assert near(image, (8, 8), RED, 40) and near(image, (56, 40), WHITE, 40)


@pytest.mark.parametrize("kind", ["TIFF", "PPM", "ICO", "TGA", "GIF", "BMP"])
def test_other_formats_of_pillow_are_refused(kind: str) -> None:
    with pytest.raises(BadImage, match="accepted: JPEG, PNG, WEBP"):
        decode(encoded(quarters(), kind))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    undo = {None: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(orientation)
    stored = quarters() if undo is None else quarters().transpose(Image.Transpose(undo))
    image = decode(encoded(stored, "JPEG", exif=exif, quality=95))
    assert image.size == (64, 48)
    assert near(image, (8, 8), RED) and near(image, (56, 8), GREEN) and near(image, (8, 40), BLUE)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_damaged_exif_costs_only_the_orientation() -> None:
    data = encoded(quarters(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert decode(data).size == (64, 48)


def test_transparency_is_laid_on_white() -> None:
    clear = quarters().convert("RGBA")
    clear.putalpha(Image.new("L", clear.size, 0))
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([*RED, *GREEN])
    for data in (
        encoded(clear, "PNG"),
        encoded(clear, "WEBP", lossless=True),
        encoded(Image.new("LA", (8, 8), (0, 0)), "PNG"),
        encoded(palette, "PNG", transparency=0),
        encoded(Image.new("RGB", (8, 8), RED), "PNG", transparency=RED),
    ):
        assert near(decode(data), (4, 4), WHITE, 0)


def test_half_transparency_is_mixed() -> None:
    assert near(decode(encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 128)), "PNG")), (4, 4), (255, 127, 127), 1)


def test_sixteen_bit_grey_keeps_its_brightness() -> None:
    values = np.full((8, 8), 0x8000, dtype=np.uint16)
    assert near(decode(encoded(Image.fromarray(values), "PNG")), (4, 4), (128, 128, 128), 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK"])
def test_other_modes_become_rgb(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    image = decode(encoded(quarters().convert(mode), kind))
    assert image.mode == "RGB" and near(image, (56, 40), WHITE)


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, GREEN, BLUE)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    assert near(decode(data), (8, 8), RED)


def test_empty_bytes_are_refused() -> None:
    with pytest.raises(BadImage, match="empty"):
        decode(b"")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7 not a photo", r"got 20 bytes that begin with b'%PDF' \(a PDF document\)"),
        (b"PK\x03\x04" + bytes(30), "a ZIP archive"),
        (b"<svg xmlns=''></svg>", "an SVG drawing"),
        (b"\n\n<html><body>", "an HTML page"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(40), "save it as JPEG"),
        (b"hello, world", r"got 12 bytes that begin with b'hell': not a picture"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, words: str) -> None:
    with pytest.raises(BadImage, match=words):
        decode(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_truncated_files_are_refused(kind: str) -> None:
    noise = Image.effect_noise((64, 64), 80).convert("RGB")
    data = encoded(noise, kind)
    for part in (len(data) // 2, len(data) - len(data) // 8):
        with pytest.raises(BadImage, match=f"got {part:,} bytes"):
            decode(data[:part])


def test_too_many_pixels_are_refused_before_decoding() -> None:
    start = time.process_time()
    for side in (8_000, 12_000, 60_000):  # over our limit, Pillow's warning and Pillow's error
        with pytest.raises(BadImage, match="pixels"):
            decode(png_header(side, side))
    assert time.process_time() - start < 0.5
    with pytest.raises(BadImage, match=r"PNG of 64 x 48 = 3,072 pixels; at most 3,000"):
        decode(encoded(quarters(), "PNG"), max_pixels=3_000)


def test_pillows_own_limit_is_left_alone() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None and Image.MAX_IMAGE_PIXELS > images.MAX_PIXELS


def test_jpegs_with_many_scans_are_refused_quickly() -> None:
    data = progressive(4000, 3000, 5_000)
    assert len(data) < 400_000
    start = time.process_time()
    with pytest.raises(BadImage, match="5000 scans"):
        decode(data, min_side=299)
    assert time.process_time() - start < 0.5


def test_usual_progressive_jpegs_are_accepted() -> None:
    data = encoded(quarters(400, 300), "JPEG", progressive=True)
    assert count_scans(data) == 10
    assert decode(data).size == (400, 300)
    assert count_scans(progressive(64, 64, images.MAX_SCANS)) == images.MAX_SCANS
    assert decode(progressive(64, 64, images.MAX_SCANS)).size == (64, 64)
    with pytest.raises(BadImage, match="scans"):
        decode(progressive(64, 64, images.MAX_SCANS + 1))


def test_scans_of_embedded_thumbnails_do_not_count() -> None:
    data = encoded(quarters(), "JPEG", comment=encoded(quarters(), "JPEG") * 80)
    assert count_scans(data) == 1


def test_pixels_times_scans_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_SCANNED_PIXELS", 64 * 64 * 20)
    assert decode(progressive(64, 64, 20)).size == (64, 64)
    with pytest.raises(BadImage, match="21 scans"):
        decode(progressive(64, 64, 21))


def test_min_side_decodes_a_jpeg_smaller_but_never_below_it() -> None:
    photo = quarters(1600, 1200)
    data = encoded(photo, "JPEG", quality=90)
    small = decode(data, min_side=299)
    assert small.size == (400, 300)
    assert decode(data, min_side=5_000).size == (1600, 1200)
    difference = to_array(small, (224, 224)).astype(int) - to_array(decode(data), (224, 224))
    assert np.abs(difference).mean() < 1
    assert decode(encoded(photo, "PNG"), min_side=299).size == (1600, 1200)


def test_min_side_and_orientation_together() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = quarters(1600, 1200).transpose(Image.Transpose.ROTATE_90)
    assert decode(encoded(stored, "JPEG", exif=exif), min_side=300).size == (400, 300)


def test_threads_decode_side_by_side() -> None:
    data, failures = encoded(quarters(), "PNG"), []

    def work() -> None:
        for _ in range(20):
            try:
                decode(png_header(12_000, 12_000))
            except BadImage:
                pass
            if decode(data).size != (64, 48):
                failures.append("size")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_content_hash_is_sha256() -> None:
    assert content_hash(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_to_array_gives_height_width_channels() -> None:
    array = to_array(quarters(), (10, 20))
    assert array.shape == (10, 20, 3) and array.dtype == np.uint8
    assert tuple(array[0, 0]) == RED and tuple(array[-1, -1]) == WHITE
    assert to_array(Image.new("L", (4, 4), 7), (4, 4)).shape == (4, 4, 3)


def test_to_array_antialiases() -> None:
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(to_array(Image.fromarray(stripes), (8, 8)).astype(int) - 127).max() < 10


def test_crop_takes_fractions() -> None:
    image = crop(quarters(), [0.5, 0.0, 0.5, 0.5])
    assert image.size == (32, 24) and near(image, (16, 12), GREEN, 0)
    assert crop(quarters(), (0, 0, 1, 1)).size == (64, 48)
    assert crop(quarters(), (0.999, 0.999, 0.0005, 0.0005)).size == (1, 1)
    assert crop(quarters(), (0.7, 0.7, 0.3 + 1e-9, 0.3)).size == (20, 15)


@pytest.mark.parametrize(
    "box",
    [
        (0, 0, 0, 1),
        (0, 0, 1.1, 1),
        (-0.1, 0, 0.5, 0.5),
        (1, 0, 1e-7, 1),
        (0, 0, float("nan"), 1),
        (0, 0, float("inf"), 1),
        (0, 0, 1),
        (0, 0, 1, 1, 1),
        "abcd",
        None,
        (0, 0, "a", 1),
    ],
)
def test_bad_boxes_are_refused(box: Any) -> None:
    with pytest.raises(BadQuery, match="accepted: .x, y, width, height.") as caught:
        crop(quarters(), box)
    assert caught.value.field == "crop"


def test_encode_jpeg_shrinks_and_strips() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    source = Image.open(io.BytesIO(encoded(quarters(800, 600), "JPEG", exif=exif, comment=b"secret comment")))
    data = encode_jpeg(source, 200, 80)
    result = Image.open(io.BytesIO(data))
    assert result.size == (200, 150) and b"secret" not in data and not result.getexif()
    assert Image.open(io.BytesIO(encode_jpeg(quarters(), 1000))).size == (64, 48)
    assert Image.open(io.BytesIO(encode_jpeg(quarters().convert("RGBA")))).mode == "RGB"


def test_random_damage_gives_a_picture_or_bad_image() -> None:
    random = np.random.default_rng(3)
    noise = Image.effect_noise((48, 32), 60).convert("RGB")
    files = [encoded(noise, kind) for kind in images.FORMATS]
    for turn in range(600):
        data = bytearray(files[turn % len(files)])
        for place in random.integers(0, min(len(data), 200), size=int(random.integers(1, 8))):
            data[place] = int(random.integers(256))
        try:
            assert decode(bytes(data), max_pixels=1_000_000).mode == "RGB"
        except BadImage as error:
            assert "got" in str(error)


def test_what_can_only_be_decoded_whole_has_a_lower_limit() -> None:
    large = Image.new("1", (5_001, 5_000))
    with pytest.raises(BadImage, match=r"PNG of 5001 x 5000 = 25,005,000 pixels; at most 25,000,000 of that format"):
        decode(encoded(large, "PNG"))
    with pytest.raises(BadImage, match=r"WEBP of 4000 x 4000 = 16,000,000 pixels; at most 12,600,000"):
        decode(encoded(Image.new("L", (4_000, 4_000)), "WEBP"))
    assert decode(encoded(large, "JPEG"), min_side=100).size < (1_000, 1_000)


def test_a_file_of_too_many_parts_is_refused_before_it_takes_long() -> None:
    data = encoded(quarters(), "JPEG")
    for part in (b"\xff\xfe\x00\x02", b"\xff\xdb\x00\x02", b"\xff\xd0", b"\xff"):
        with pytest.raises(BadImage, match="consists of too many parts"):
            decode(data[:2] + part * (images.MAX_READS + 1) + data[2:])
    assert count_scans(data[:2] + b"\xff" * (images.MAX_READS + 9) + data[2:]) > images.MAX_SCANS
    assert decode(data[:2] + b"\xff\xfe\x00\x02" * 1_000 + data[2:]).size == quarters().size


@pytest.mark.parametrize("mode", ["RGBA", "LA", "I;16", "P"])
def test_colors_by_strips_are_those_of_the_whole(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (37, 23, 4), dtype=np.uint8)
    image = Image.fromarray(noise)
    image = image.convert("I").convert("I;16") if mode == "I;16" else image.convert(mode)
    data = encoded(image, "PNG", **({"transparency": 7} if mode == "P" else {}))
    whole = decode(data)
    monkeypatch.setattr(images, "_STRIP", 23 * 5)
    assert decode(data).tobytes() == whole.tobytes() and whole.size == (23, 37)
