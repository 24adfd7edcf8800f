"""Words of a text with their places in it, folded so that spellings compare equal; nothing here knows Solr."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_LIKE = {
    **dict.fromkeys("’‘´`", "'"),
    **dict.fromkeys("‐‑‒–—−", "-"),
    **dict.fromkeys("\u00a0\u202f\u2009\t\r\n", " "),
}
_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ı": "i"}


@dataclass(frozen=True)
class Token:
    """One word: as it compares, and where it stands, ``text[start:end]``."""

    folded: str
    start: int
    end: int


def fold(text: str) -> str:
    """Lower case without accents and typographic marks, character by character: places stay what they were."""
    return "".join(map(_folded, text))


def spelled_out(folded: str) -> str:
    """A folded word with its ligatures as two letters, as Solr's ASCII folding writes it."""
    return folded if folded.isascii() else folded.replace("ß", "ss").replace("æ", "ae").replace("œ", "oe")


def tokens(text: str) -> tuple[Token, ...]:
    """The words of a text: runs of letters and digits, so that ``knee-length`` is two."""
    return tuple(Token(found.group(), *found.span()) for found in _WORD.finditer(fold(text)))


def cut(text: str, spans: list[tuple[int, int]]) -> str:
    """What is left of a text without some parts of it, single blanks between words."""
    kept, last = [], 0
    for start, end in sorted(spans):
        kept.append(text[last:start])
        last = end
    return " ".join(" ".join([*kept, text[last:]]).split())


def _folded(character: str) -> str:
    lower = character.lower()
    if lower.isascii():
        return _LIKE.get(lower, lower)
    if character in _LIKE:
        return _LIKE[character]
    base = unicodedata.normalize("NFKD", lower)[0]
    return _LETTERS.get(base, base)
