"""Specifications, the default detector, and what a finder does with it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from vision.detect import Finder, load, names, registry
from vision.errors import BadImage, BadSetting, ModelUnavailable


def photo() -> bytes:
    image = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(image).rectangle((60, 50, 149, 149), fill="navy")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_names() -> None:
    assert names() == ("yolox", "detector:FILE.json", "saliency")


@pytest.mark.parametrize(
    ("specification", "says"),
    [
        ("rcnn", "there is no detector 'rcnn'; known: yolox, detector:FILE.json, saliency"),
        ("", "there is no detector ''"),
        ("detector", "'detector' needs a file, as in detector:FILE.json"),
        ("saliency:x", "'saliency' takes no file; got 'x'"),
    ],
)
def test_what_is_not_known_is_refused(specification: str, says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        load(specification)
    with pytest.raises(BadSetting, match=says):
        Finder(specification)


def test_the_default_is_yolox_where_its_file_is(tmp_path: Path) -> None:
    assert registry.default(None) == registry.default(tmp_path) == "saliency"
    (tmp_path / "yolox_nano.onnx").touch()
    assert registry.default(tmp_path) == "yolox"


def test_models_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"yolox_nano.onnx in .*; or give the file, as in yolox:PATH"):
        load("yolox", models=tmp_path)
    with pytest.raises(ModelUnavailable, match="VISUAL_SEARCH_MODELS, their folder, is not set"):
        load("yolox")
    with pytest.raises(ModelUnavailable, match="no model file at .*mine.onnx and .*mine.onnx"):
        load("yolox:mine.onnx", models=tmp_path)
    with pytest.raises(ModelUnavailable, match="no model file at mine.json"):
        load("detector:mine.json")


def test_a_missing_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(ModelUnavailable, match=r"pip install solr-visual-search\[detect\]"):
        load("saliency")


def test_regions_of_bytes_with_their_categories(tmp_path: Path) -> None:
    pytest.importorskip("skimage")
    (tmp_path / "labels.json").write_text('{"foreground": ["dress", "skirt"]}')
    found = Finder("saliency", mapping=tmp_path / "labels.json").find(photo())
    assert found.detector == "saliency" and found.notice is not None and "saliency" in found.notice
    (region,) = found.regions
    assert region.label == "foreground" and region.categories == ("dress", "skirt")
    assert region.box == pytest.approx((0.2, 0.25, 0.3, 0.5), abs=0.02)
    (tmp_path / "labels.json").write_text('{"foreground": null}')
    assert Finder("saliency", mapping=tmp_path / "labels.json").find(photo()).regions == ()


def test_a_description_at_fault_is_no_fault_of_the_photo(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(
        ModelUnavailable, match="'detector:mine.json' cannot be loaded: .*missing required field `model`"
    ):
        Finder("detector:mine.json", models=tmp_path).find(photo())


def test_what_is_no_picture() -> None:
    pytest.importorskip("skimage")
    with pytest.raises(BadImage):
        Finder("saliency").find(b"no picture")


def test_the_fingerprint_is_of_detector_and_mapping(tmp_path: Path) -> None:
    pytest.importorskip("skimage")
    plain = Finder("saliency").fingerprint
    assert plain == Finder("saliency").fingerprint and plain.startswith("saliency-") and len(plain) == 21
    one, same, other = (tmp_path / f"{n}.json" for n in range(3))
    one.write_text('{"foreground": ["a"], "x": null}')
    same.write_text('{"x": null, "foreground": ["a"]}')
    other.write_text('{"foreground": ["b"], "x": null}')
    found = [Finder("saliency", mapping=path).fingerprint for path in (one, same, other)]
    assert found[0] == found[1] and len({plain, *found}) == 3
