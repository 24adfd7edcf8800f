"""Right answers by hand, and qrels files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vision.errors import BadSetting
from vision.evaluation.judgments import by_label, read_qrels

EVERYTHING = np.ones(5, dtype=bool)


def test_labels_that_are_shared_make_right_answers() -> None:
    judgments = by_label([("red",), ("red", "blue"), ("blue",), (), ("green",)])
    assert judgments.relevant(0).tolist() == [False, True, False, False, False]
    assert judgments.relevant(1).tolist() == [True, False, True, False, False]
    assert not judgments.relevant(3).any() and not judgments.relevant(4).any()
    assert judgments.queries(EVERYTHING).tolist() == [0, 1, 2]


def test_a_filter_restricts_the_answers_not_the_queries() -> None:
    judgments = by_label([("a",), ("a",), ("b",), ("b",), ("a",)])
    pool = np.array([True, False, False, True, False])
    assert judgments.queries(pool).tolist() == [1, 2, 4]  # 0 and 3 are the only ones of their class that are left


def test_qrels(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_text("a 0 b 1\na 0 c 0\na 0 a 1\n\nb 0 c 2\nb 0 nobody 1\nnobody 0 a 1\n")
    judgments = read_qrels(path, ["a", "b", "c"])
    assert judgments.relevant(0).tolist() == [False, True, False]
    assert judgments.relevant(1).tolist() == [False, False, True]
    assert judgments.queries(np.ones(3, dtype=bool)).tolist() == [0, 1]


def test_qrels_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    for text, message in (
        ("a b 1\n", "line 1 is 'a b 1'; accepted: QUERY 0 PICTURE RELEVANCE"),
        ("a 0 b yes\n", "line 1"),
        ("x 0 y 1\n", "calls no picture of the catalogue relevant"),
    ):
        path.write_text(text)
        with pytest.raises(BadSetting, match=message):
            read_qrels(path, ["a", "b"])
    with pytest.raises(BadSetting, match="cannot be read"):
        read_qrels(tmp_path / "none.txt", ["a"])
