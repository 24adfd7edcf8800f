from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.errors import BadQuery
from vision.search.text import MAX_LENGTH, escape, normalise


@pytest.mark.parametrize(
    ("typed", "escaped"),
    [
        ("knee-length dress", r"knee\-length dress"),
        ("id:x", r"id\:x"),
        ("[* TO *]", r"\[\* to \*\]"),
        ("red OR blue AND NOT green", "red or blue and not green"),
        ("ORANGE ANDY", "ORANGE ANDY"),
        ('say "hi"', r"say \"hi\""),
        ("-red +blue", r"\-red \+blue"),
        ("${solr.home}", r"$\{solr.home\}"),
        ("a\\b", r"a\\b"),
        ("tab\there\x00", "tab here"),
        ("50% wool 👗", "50% wool 👗"),
    ],
)
def test_everything_a_parser_obeys_is_escaped(typed: str, escaped: str) -> None:
    assert escape(typed) == escaped


@given(st.text(max_size=60))
def test_no_special_character_stays_bare(typed: str) -> None:
    escaped = escape(typed)
    bare = escaped.replace("\\\\", "")
    for index, character in enumerate(bare):
        if character in '+-!():^[]"{}~*?|&/':
            assert bare[index - 1] == "\\"
    assert not {"AND", "OR", "NOT", "TO"} & set(escaped.split(" "))


@pytest.mark.parametrize("empty", [None, "", "  ", "*", " *:* "])
def test_nothing_typed_is_none(empty: str | None) -> None:
    assert normalise(empty) is None


def test_a_novel_is_refused() -> None:
    with pytest.raises(BadQuery, match=f"501 characters; at most {MAX_LENGTH}"):
        normalise("x" * 501)
