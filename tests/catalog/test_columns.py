from __future__ import annotations

import pytest

from vision.catalog.columns import columns


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("color", "color"),
        ("Neck line", "neck_line"),
        (" Sleeve-Length ", "sleeve_length"),
        ("Größe", "größe"),
        ("Price", "price"),
        ("Product ID", "product_id"),
        ("In stock", "in_stock"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_a_heading_gives_a_name(heading: str, name: str) -> None:
    assert columns((heading,)) == (name,)


@pytest.mark.parametrize("heading", ["2nd color", "%", "_", "12"])
def test_a_heading_without_a_name_is_refused(heading: str) -> None:
    with pytest.raises(ValueError, match=r"gives no field name: begin it with a letter"):
        columns(("id", heading))


@pytest.mark.parametrize("pair", [("Neck line", "neck_line"), ("price", "Price"), ("id", "id")])
def test_two_headings_with_one_name_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"2 times \('.*', '.*'\); name each once"):
        columns(pair)


def test_empty_headings_do_not_collide() -> None:
    assert columns(("id", "", " ")) == ("id", "", "")
