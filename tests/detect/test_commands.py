"""``visual-search detect``, and what ``search --detect`` prints of the part that it took."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.api.fakes import hit, result
from tests.detect.scenes import CIRCLE, room
from vision.cli import main
from vision.search.listing import lines
from vision.search.model import Searched

pytest.importorskip("skimage")


def run(folder: Path, data: bytes, *options: str, **environ: str) -> str:
    (folder / "photo.png").write_bytes(data)
    settings = {"VISUAL_SEARCH_HOME": str(folder), "VISUAL_SEARCH_MODELS": "", "VISUAL_SEARCH_DETECTOR": ""} | environ
    done = CliRunner().invoke(main, ["detect", str(folder / "photo.png"), *options], env=settings)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_boxes_for_people_and_for_machines(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('{"foreground": ["dress", "skirt"]}')
    mapped = {"VISUAL_SEARCH_DETECTOR_LABELS": str(tmp_path / "labels.json")}
    found = json.loads(run(tmp_path, room(), "--json", **mapped))
    assert set(found) == {"regions", "detector", "notice"} and found["detector"] == "saliency"
    circle, square = found["regions"]
    assert circle["box"] == pytest.approx(CIRCLE, abs=0.02)
    assert (circle["label"], circle["categories"]) == ("foreground", ["dress", "skirt"])
    first, second, last = run(tmp_path, room(), **mapped).splitlines()
    assert [float(side) for side in first.split()[0].split(",")] == circle["box"]
    assert first.endswith("foreground  -> dress, skirt") and last.startswith("detector: saliency; found by saliency")


def test_nothing_is_said(tmp_path: Path) -> None:
    assert run(tmp_path, room(things=False)).startswith("saliency found nothing\n")
    assert json.loads(run(tmp_path, room(things=False), "--json"))["regions"] == []


def test_the_part_searched_by_comes_before_the_hits() -> None:
    chair = Searched((0.1, 0.25, 0.5, 0.5), "chair", 0.912, "yolox", None)
    first, *others = lines(result(hit(), region=chair))
    assert first == "searched by the chair at 0.1,0.25,0.5,0.5 (yolox, score 0.91)"
    assert others == list(lines(result(hit())))
    nothing = Searched((0.0, 0.0, 1.0, 1.0), None, None, "yolox", "yolox found nothing in the photo")
    assert next(lines(result(hit(), region=nothing))) == "searched by the whole photo: yolox found nothing in the photo"
