from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from tests.catalog.support import row, write
from tests.extraction.support import digest
from vision.catalog.features import Checked, check
from vision.catalog.survey import Survey
from vision.extraction.outstanding import Outstanding


def hashes(*numbers: int) -> list[bytes]:
    return [digest(str(number).encode()) for number in numbers]


def outstanding(*numbers: int) -> Outstanding:
    return Outstanding(np.unique(np.frombuffer(b"".join(hashes(*numbers)), dtype="V32")))


def test_what_is_struck_is_told_once() -> None:
    left = outstanding(1, 2, 3)
    assert left.strike(hashes(3, 9, 1)) == hashes(3, 1)
    assert left.strike(hashes(3)) == []
    assert len(left) == 1
    assert [left.take(each) for each in hashes(2, 2, 9)] == [True, False, False]
    assert len(left) == 0


def test_none_of_none() -> None:
    empty = Outstanding(np.empty(0, dtype="V32"))
    assert (len(empty), empty.strike(hashes(1)), empty.strike([])) == (0, [], [])


def test_as_a_set_does_it() -> None:
    chance = random.Random(3)
    numbers = [chance.randrange(500) for _ in range(400)]
    left, expected = outstanding(*numbers), set(hashes(*numbers))
    for _ in range(50):
        asked = hashes(*chance.sample(range(600), 12))
        assert left.strike(asked) == [each for each in asked if each in expected]
        expected -= set(asked)
        assert len(left) == len(expected)


def test_the_different_pictures_of_a_survey(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", [row(number) for number in range(5)])
    survey = Survey(path, allow_missing_images=True)
    assert len(survey.different()) == 0
    one, two = hashes(1, 2)
    for line, picture in zip(check(path), (two, one, b"", None, two), strict=True):
        survey.add(Checked(line.line, line.id, line.product if picture is not None else None, picture))
    assert [bytes(each) for each in survey.different()] == sorted([one, two])
    assert sorted(survey.pictures()) == sorted([one, two])
