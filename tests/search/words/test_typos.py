from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.search.words.typos import edits, pattern


@pytest.mark.parametrize(
    ("typed", "word", "whole", "so_far"),
    [
        ("dress", "dress", 0, 0),
        ("dres", "dress", 1, 0),
        ("drss", "dress", 1, 1),
        ("drses", "dress", 1, 1),
        ("dresss", "dress", 1, 1),
        ("rdess", "dress", 1, 1),
        ("tress", "dress", 1, 1),
        ("shrit", "shirts", 2, 1),
        ("sofq", "sofa", 1, 1),
        ("xyzz", "sofa", 2, 2),
        ("dr", "dress", 2, 0),
    ],
)
def test_errors_are_counted(typed: str, word: str, whole: int, so_far: int) -> None:
    assert edits(typed, word, goes_on=False) == whole
    assert edits(typed, word, goes_on=True) == so_far


@given(st.text("abc", min_size=4, max_size=6), st.text("abc", max_size=8))
def test_the_pattern_is_what_is_one_error_away(typed: str, word: str) -> None:
    for goes_on in (False, True):
        matches = re.fullmatch(pattern(typed, goes_on=goes_on), word) is not None
        assert matches == (edits(typed, word, goes_on=goes_on) <= 1)


def test_short_words_have_no_errors() -> None:
    assert pattern("red", goes_on=True) == "red.*"
    assert pattern("red", goes_on=False) == "red"
