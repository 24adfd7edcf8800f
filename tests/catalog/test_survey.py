from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalog.support import row, write
from vision.catalog.features import Checked, check
from vision.catalog.survey import Survey
from vision.errors import Conflict

ROWS = [row(n) for n in range(6)]


def picture(row: Checked) -> bytes:
    """Rows with one image have one hash."""
    assert row.product is not None
    return row.product.image.encode().ljust(32, b".")


def surveyed(path: Path, bad: tuple[int, ...] = ()) -> Survey:
    """A survey in which the pictures of rows ``bad`` could not be read."""
    survey = Survey(path)
    for number, each in enumerate(check(path)):
        if each.product is None or number in bad:
            survey.add(Checked(each.line, each.id, reason="no"))
        else:
            survey.add(Checked(each.line, each.id, each.product, picture(each)))
    return survey


def test_good_rows_come_again_with_their_pictures(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", [*ROWS[:3], row(1), *ROWS[3:], row(9, image="images/0.png")])
    survey = surveyed(path, bad=(2,))
    assert (len(survey), survey.good) == (8, 6)
    found = list(survey.products())
    assert [product.id for product, _ in found] == ["p00000", "p00001", "p00003", "p00004", "p00005", "p00009"]
    assert all(picture == product.image.encode().ljust(32, b".") for product, picture in found)
    assert list(survey.pictures()) == [f"images/{n}.png".encode().ljust(32, b".") for n in (0, 1, 3, 4, 5)]


def test_other_words_for_the_same_rows_are_no_change(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", ROWS)
    survey = surveyed(path)
    write(path, [dict(each, title="new words") for each in ROWS])
    assert {product.title for product, _ in survey.products()} == {"new words"}


@pytest.mark.parametrize(
    ("changed", "words", "before"),
    [
        (ROWS[:4], "it had 6 rows and has 4 now", 3),
        ([*ROWS, row(7)], "line 8 is another row now", 5),
        ([ROWS[0], *ROWS[2:], row(1)], "line 3 is another row now", 1),
        ([*ROWS[:4], row(4, image="images/other.png"), ROWS[5]], "line 6 is another row now", 3),
        ([*ROWS[:4], row(4, price="bad"), ROWS[5]], "line 6 is another row now", 3),
        ([row(n) for n in range(6, 12)], "line 2 is another row now", 0),
    ],
)
def test_a_catalogue_that_changed_meanwhile(
    tmp_path: Path, changed: list[dict[str, str]], words: str, before: int
) -> None:
    path = write(tmp_path / "c.csv", ROWS)
    survey = surveyed(path, bad=(2,))
    write(path, changed)
    count = 0
    with pytest.raises(Conflict, match=rf"c\.csv changed while it was being read: {words}; .*run the same command"):
        for product, found in survey.products():
            assert found == product.image.encode().ljust(32, b".")
            count += 1
    assert count == before


def test_rows_without_a_picture(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", [row(0), row(1, image=""), row(2), row(3, image="", price="bad")])
    survey = Survey(path, allow_missing_images=True)
    for each in survey.check():
        if each.product is None:
            survey.add(each)
        else:
            found = picture(each) if each.product.image else b""
            survey.add(Checked(each.line, each.id, each.product, found))
    assert (len(survey), survey.good, survey.without) == (4, 3, 1)
    assert [(product.id, bool(hashed)) for product, hashed in survey.products()] == [
        ("p00000", True),
        ("p00001", False),
        ("p00002", True),
    ]
    assert len(survey.pictures()) == 2
    write(path, [row(0), row(1), row(2), row(3, image="", price="bad")])
    with pytest.raises(Conflict, match="line 3 is another row now"):
        list(survey.products())
