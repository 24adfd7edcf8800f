"""What a shopper typed, made safe for a query parser: the one place that escapes."""

from __future__ import annotations

import re

from vision.errors import BadQuery

MAX_LENGTH = 500
_SPECIAL = re.compile(r'([\\+\-!():^\[\]"{}~*?|&/])')
_OPERATOR = re.compile(r"(?<!\S)(?:AND|OR|NOT|TO)(?!\S)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


EVERYTHING = ("*", "*:*")
"""Texts that mean every product."""


def cleaned(text: str) -> str:
    """Without control characters, which are no part of a word, and without spaces around."""
    return _CONTROL.sub(" ", text).strip()


def escape(text: str) -> str:
    """Escape every character and word that edismax would obey, so that all that is left are words.

    Source: the special characters of Lucene's classic query syntax; operators count in capitals only.
    """
    words = cleaned(text)
    words = _OPERATOR.sub(lambda found: found.group().lower(), words)
    return _SPECIAL.sub(r"\\\1", words)


def normalise(text: str | None) -> str | None:
    """Trim; a text of nothing but spaces and control characters, or a lone ``*`` (everything), is None.

    Raises:
        BadQuery: longer than :data:`MAX_LENGTH` characters.
    """
    if text is None:
        return None
    text = text.strip()
    if len(text) > MAX_LENGTH:
        raise BadQuery(f"q has {len(text)} characters; at most {MAX_LENGTH} are accepted", field="q")
    return None if cleaned(text) in ("", *EVERYTHING) else text
