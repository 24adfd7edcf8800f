from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from vision import images, metadata
from vision.errors import BadImage

SECRET = b"serial number 4711"


def picture(width: int = 700, height: int = 500, mode: str = "RGB") -> Image.Image:
    pixels: NDArray[Any] = np.random.default_rng(1).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    made = Image.Exif()
    made[0x010F] = SECRET.decode()
    made[images.ORIENTATION] = orientation
    made.get_ifd(0x8825)[1] = "N"
    return made


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def same(one: bytes, other: bytes, min_side: int | None) -> bool:
    left, right = (images.decode(each, min_side=min_side) for each in (one, other))
    return left.size == right.size and left.tobytes() == right.tobytes()


FILES = {
    "jpeg": saved(picture(), "JPEG", exif=exif(), comment=SECRET),
    "turned jpeg": saved(picture(), "JPEG", exif=exif(6)),
    "mirrored jpeg": saved(picture(), "JPEG", exif=exif(5)),
    "progressive jpeg": saved(picture(), "JPEG", exif=exif(), progressive=True, quality=70),
    "jpeg with restarts": saved(picture(), "JPEG", exif=exif(), restart_marker_blocks=3),
    "grey jpeg": saved(picture(mode="L"), "JPEG", exif=exif()),
    "cmyk jpeg": saved(picture(mode="CMYK"), "JPEG", exif=exif()),
    "rgb jpeg": saved(picture(), "JPEG", exif=exif(), keep_rgb=True),
    "jpeg with a profile": saved(
        picture(), "JPEG", exif=exif(), icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    ),
    "jpeg and more behind it": saved(picture(), "JPEG", exif=exif()) + SECRET,
    "jpegs in one": saved(picture(), "MPO", save_all=True, append_images=[picture(40, 40)], exif=exif(8)),
    "png": saved(picture(), "PNG", exif=exif(3)),
    "png with transparency": saved(picture(mode="RGBA"), "PNG", exif=exif()),
    "palette": saved(picture(mode="P"), "PNG", exif=exif()),
    "webp": saved(picture(), "WEBP", exif=exif(6)),
}


@pytest.mark.parametrize("name", list(FILES))
def test_what_is_kept_gives_the_same_pixels_and_tells_nothing(name: str) -> None:
    data = FILES[name]
    stripped = metadata.strip(data)
    assert same(data, stripped.data, None)
    assert same(data, stripped.data, 100)
    assert SECRET not in stripped.data and b"<x:xmpmeta" not in stripped.data and b"ICC_PROFILE" not in stripped.data
    with Image.open(io.BytesIO(stripped.data)) as image:
        assert image.format == ("JPEG" if "jpeg" in name else "PNG")
        assert set(image.getexif()) <= {images.ORIENTATION}
        assert not image.info.get("comment")
    upright = images.decode(data)
    assert (stripped.width, stripped.height) == upright.size


def test_only_a_turned_jpeg_keeps_exif_and_only_that_number() -> None:
    assert b"Exif" not in metadata.strip(FILES["jpeg"]).data
    turned = metadata.strip(FILES["turned jpeg"])
    assert (turned.width, turned.height) == (500, 700)
    with Image.open(io.BytesIO(turned.data)) as image:
        assert dict(image.getexif()) == {images.ORIENTATION: 6}


def test_text_in_a_png_goes() -> None:
    info = PngInfo()
    info.add_text("Author", SECRET.decode())
    assert SECRET not in metadata.strip(saved(picture(), "PNG", pnginfo=info)).data


def test_a_thumbnail_inside_jfif_goes() -> None:
    data = saved(picture(), "JPEG")
    assert data[2:4] == b"\xff\xe0" and data[6:11] == b"JFIF\x00"
    thumbnail = b"\x02\x01" + b"hidden"
    with_thumbnail = data[:2] + b"\xff\xe0" + (16 + 6).to_bytes(2, "big") + data[6:18] + thumbnail + data[20:]
    images.decode(with_thumbnail)
    assert metadata.strip(with_thumbnail).data == metadata.strip(data).data == data


@pytest.mark.parametrize("junk", [b"\xff\xfe\x00\x01", b"\x00\x00\x00"])
def test_a_jpeg_whose_segments_are_in_disorder_becomes_a_png(junk: bytes) -> None:
    data = saved(picture(), "JPEG")
    odd = data[:20] + junk + data[20:]
    stripped = metadata.strip(odd)
    assert stripped.data.startswith(b"\x89PNG")
    assert same(odd, stripped.data, None)


def test_what_is_no_picture_is_refused() -> None:
    for data in (b"", b"%PDF-1.7", FILES["jpeg"][:2000]):
        with pytest.raises(BadImage):
            metadata.strip(data)
