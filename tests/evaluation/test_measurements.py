"""What is kept of measurements: newest first, pruned, and charts that can be drawn again."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from vision.errors import BadSetting, NotFound
from vision.evaluation.charts import DARK, LIGHT, PAPER, Axis, Chart, Point, Series
from vision.evaluation.measurements import Measurements, Summary

CHART = Chart(
    "Recall & <time>", Axis("ms", log=True), Axis("recall"), [Series("K", [Point(1, 0.9, "100"), Point(3, 1)], 2)]
)


def keep(kept: Measurements, number: int, kind: str = "tune", collection: str | None = "shop") -> Summary:
    return kept.keep(
        kind, collection=collection, about="a", found=f"f{number}", result=[number], charts={"one": CHART}
    ).summary


def test_newest_first_by_kind_and_collection(tmp_path: Path) -> None:
    kept = Measurements(tmp_path / "measurements")
    assert kept.summaries() == []
    made = [keep(kept, 0), keep(kept, 1, "evaluate", None), keep(kept, 2, collection="other")]
    assert kept.summaries() == made[::-1]
    assert kept.summaries("evaluate") == [made[1]] and kept.summaries(collection="shop") == [made[0]]
    whole = kept.read(made[0].id)
    assert whole.result == [0] and whole.summary == made[0]
    assert whole.drawn["one"].svg() == CHART.svg() and whole.drawn["one"].image() == CHART.image()


def test_the_oldest_go(tmp_path: Path) -> None:
    kept = Measurements(tmp_path, most=3)
    made = [keep(kept, number, "evaluate" if number % 2 else "tune") for number in range(5)]
    assert kept.summaries() == made[:1:-1]
    with pytest.raises(NotFound, match="GET /v1/measurements lists the newest 3, which are kept"):
        kept.read(made[0].id)


@pytest.mark.parametrize("id", ["../secret", "tune-1", "", "tune-20260101T000000000000Z/x"])
def test_an_id_is_no_path(tmp_path: Path, id: str) -> None:
    with pytest.raises(NotFound):
        Measurements(tmp_path).read(id)


def test_a_damaged_file_is_named_and_left_out(tmp_path: Path) -> None:
    kept = Measurements(tmp_path)
    made = keep(kept, 0)
    (tmp_path / f"{made.id}.json").write_text("{")
    assert kept.summaries() == []
    with pytest.raises(BadSetting, match="is damaged"):
        kept.read(made.id)


@pytest.mark.parametrize("dark", [False, True])
def test_a_chart_as_a_file_needs_no_style(dark: bool) -> None:
    drawn = CHART.image(dark=dark)
    root = ElementTree.fromstring(drawn)
    assert root.attrib["aria-label"] == "Recall & <time>" and root.attrib["role"] == "img"
    assert float(root.attrib["width"]) > 0 and float(root.attrib["height"]) > 0
    assert root[0].tag.endswith("title") and root[0].text == "Recall & <time>"
    assert not {"style", "script"} & {each.tag.rpartition("}")[2] for each in root.iter()}
    assert not any(name == "style" or name.startswith("on") for each in root.iter() for name in each.attrib)
    assert "var(" not in drawn and "url(" not in drawn
    assert ((DARK if dark else LIGHT)[2] in drawn) and ((PAPER in drawn) is not dark)
