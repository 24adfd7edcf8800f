"""Charts as SVG that a parser reads, as PNG that Pillow reads, and scales that hold what is drawn."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest
from PIL import Image

from vision.evaluation.charts import Axis, Chart, Point, Series, png

SERIES = (
    Series("histogram <b>", (Point(64, 0.2, "64", "hint & more"), Point(1024, 0.21)), 0, 0, joined=True),
    Series("other", (Point(256, 0.4), Point(300, 0.41)), 1, 2),
    Series("third", (Point(100, 0.3),), 2, 1),
    Series("fourth", (Point(90, 0.3),), 9, 3),
)
CHART = Chart("Quality", Axis("dims", log=True, marks=(64, 256, 1024)), Axis("mAP"), SERIES)


def test_svg_is_whole_and_refers_to_nothing_elsewhere() -> None:
    svg = CHART.svg()
    tree = ElementTree.fromstring(svg)
    texts = [each.text for each in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Quality", "dims", "mAP", "histogram <b>", "1,024", "0.2", "0.4"} <= set(texts)
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    width, height = (float(value) for value in tree.attrib["viewBox"].split()[2:])
    for x, y in re.findall(r'(?:cx|x)="([\d.-]+)" (?:cy|y)="([\d.-]+)"', svg):
        assert 0 <= float(x) <= width and 0 <= float(y) <= height


def test_labels_do_not_cover_each_other() -> None:
    close = Series("a", [Point(1 + number / 1000, 0.5, f"label {number}") for number in range(20)])
    svg = Chart("t", Axis("x"), Axis("y"), [close]).svg()
    assert svg.count(">label ") < 5


def test_marks_of_an_axis_do_not_cover_each_other() -> None:
    series = Series("a", [Point(dims, 0.5) for dims in (64, 1024, 1100, 1280)])
    svg = Chart("t", Axis("x", log=True, marks=(64, 1024, 1100, 1280)), Axis("y"), [series]).svg()
    assert ">1,024<" in svg and ">1,100<" not in svg


@pytest.mark.parametrize("values", [(0.5,), (0.0, 0.0), (3.0, 4.0, 1000.0), (1e-4, 2e-4)])
def test_any_values_can_be_drawn(values: tuple[float, ...]) -> None:
    series = Series("a", [Point(1 + number, value) for number, value in enumerate(values)], joined=True)
    for log in (False, True):
        ElementTree.fromstring(Chart("t", Axis("x", log=log), Axis("y", zero=True), [series]).svg())


def test_png_draws_the_same_shapes() -> None:
    with Image.open(io.BytesIO(png([CHART, CHART]))) as image:
        assert image.format == "PNG" and image.width > 1600
        colors = image.getcolors(1 << 24)
    assert colors is not None
    assert (36, 99, 196) in {color for _, color in colors}
