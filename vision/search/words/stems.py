"""Words as they compare across their endings: light rules that need not be right, as both sides go through them.

They decide which attribute is meant, never what a search finds: that is for the fields' own analysis in Solr.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping


def stem(word: str, language: str) -> str:
    """A folded word without its endings."""
    rules = _RULES.get(language)
    return word if rules is None or len(word) < 4 or not word.isalpha() else rules(word)


def _english(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif re.search("(ss|x|ch|sh)es$", word):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us")):
        word = word[:-1]
    if word.endswith("ed") and len(word) > 5:
        word = re.sub(r"(.)\1$", r"\1", word[:-2])
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def _german(word: str) -> str:
    word = re.sub("(?<![aeq])([aou])e", r"\1", word.replace("ß", "ss"))
    return re.sub("(?<=...)(?:ern|em|en|er|es|e|s)$", "", word)


def _french(word: str) -> str:
    return re.sub("(?<=...)e?[sx]?$", "", word)


def _spanish(word: str) -> str:
    return re.sub("(?<=...)[aoe]?s?$", "", word)


_RULES: Mapping[str, Callable[[str], str]] = {"en": _english, "de": _german, "fr": _french, "es": _spanish}
