"""What requests to Solr look like that harmless text makes, and where one that hostile text makes differs from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

HARMLESS: Final = "zzharmless"
PLAIN: Final = (
    HARMLESS,
    "*",
    "red",
    "ring",
    "red ring",
    "red blue",
    "red yellow blue ring",
    f"red {HARMLESS}",
    f"red ring {HARMLESS}",
    f"{HARMLESS} {HARMLESS}er",
    "a b c",
    "under 5 euro",
    "under 5",
    "blve",
    f"blve {HARMLESS}",
    "red blve",
)
"""Words of every kind that change what is asked: unknown, everything, attributes, short, a price, misspelled."""

Form = list[tuple[str, str]]

# Text that Solr's parsers read: what they would obey is escaped, or not in it at all.
_OBEYED: Final = re.compile(r'[\\+\-!():^\[\]"{}~*?|&/\x00-\x1f]|(?<!\S)(AND|OR|NOT|TO)(?!\S)')
_TOKENS: Final = re.compile(r"[\w ]*")
_ALTERNATIVES: Final = re.compile(r"[\w.?*|:()]*")
_REQUEST_ID: Final = re.compile(r"[0-9a-f]{32}")
_VALUE: Final = re.compile(r"\{!terms f=attr_\w+ cache=false separator='\x1f'\}[a-z]+")


def _is_escaped(words: str) -> bool:
    return not _OBEYED.search(re.sub(r"\\.", "", words, flags=re.DOTALL))


def _is_pattern(text: str) -> bool:
    """Made by ``vision.search.words.typos`` of letters and digits, in groups that are whole."""
    return bool(_ALTERNATIVES.fullmatch(text)) and text.count("(?:") == text.count("(") == text.count(")")


def _is_tokens(text: str) -> bool:
    return bool(_TOKENS.fullmatch(text))


READ: Final[Mapping[str, Callable[[str], bool]]] = {
    "words": _is_escaped,
    "words#": _is_escaped,
    "spellcheck.q": _is_tokens,
    "prefix#": _is_tokens,
    "terms.regex": _is_pattern,
    "prefer#_#": lambda text: bool(_VALUE.fullmatch(text)),
    "shown": lambda text: all(map(_is_tokens, text.split("\x1f"))),
    "currency": lambda text: text == text.strip() != "",
    "rid": lambda text: bool(_REQUEST_ID.fullmatch(text)),
    "timeAllowed": lambda text: text.isascii() and text.isdigit(),
}
"""Parameters that hold what was made of words, by what it may be; all others differ by the text itself, or not at all.

``prefer`` is an attribute's value of the index, never the text; ``shown`` are phrases of the index; ``currency`` is
bound by ``{!term v=$currency}``, without spaces around; ``rid`` is the request's id and ``timeAllowed`` what is left
of its time, which we make.
"""


class Shapes:
    """The requests that harmless texts made."""

    def __init__(self, seen: Sequence[tuple[str, Sequence[Form]]]) -> None:
        """``seen`` has each text, and the requests that it made."""
        self._names = {_names(form) for _, forms in seen for form in forms}
        self._values: dict[str, list[tuple[str, str]]] = {}
        for text, forms in seen:
            for form in forms:
                for name, value in form:
                    known = self._values.setdefault(_numberless(name), [])
                    if (text, value) not in known:
                        known.append((text, value))

    def unlike(self, form: Form, text: str) -> Iterator[str]:
        """What is in a request that text made, and in none that harmless text did."""
        if _names(form) not in self._names:
            yield f"parameters {_names(form)}"
        for name, value in form:
            known, plain = self._values.get(_numberless(name), []), READ.get(_numberless(name))
            if plain is not None:
                if not plain(value):
                    yield f"{name}={value[:300]!r}, not as it is read safely"
            elif not any(_alike(was, value, harmless, text) for harmless, was in known):
                yield f"{name}={value[:300]!r}"


def _numberless(text: str) -> str:
    return re.sub(r"\d+", "#", text)


def _names(form: Form) -> tuple[str, ...]:
    """The names of parameters in their order, without their numbers, each once where several follow another."""
    names = [_numberless(name) for name, _ in form]
    return tuple(name for at, name in enumerate(names) if at == 0 or name != names[at - 1])


def _parsed(value: str) -> Any:
    try:
        return orjson.loads(value) if value[:1] in ("{", "[") else value
    except orjson.JSONDecodeError:
        return value


def _alike(was: Any, is_: Any, harmless: str, text: str) -> bool:
    """Equal, but for the text where the harmless one stands, and for numbers of what there are several of."""
    if was == is_:
        return True
    if isinstance(was, dict) and isinstance(is_, dict):
        one, other = ({_numberless(name): value for name, value in each.items()} for each in (was, is_))
        return set(one) >= set(other) and all(_alike(one[name], other[name], harmless, text) for name in other)
    if isinstance(was, list) and isinstance(is_, list):
        return len(was) == len(is_) and all(_alike(*pair, harmless, text) for pair in zip(was, is_, strict=True))
    if not (isinstance(was, str) and isinstance(is_, str)):
        return False
    if harmless == HARMLESS in was and _unordered(is_) == _unordered(was.replace(HARMLESS, text)):
        return True
    if isinstance(one := _parsed(was), str) or isinstance(other := _parsed(is_), str):
        return _summed(was) == _summed(is_)
    return _alike(one, other, harmless, text)


def _unordered(value: str) -> tuple[str, list[str]]:
    """Values of a ``{!terms}`` are sorted, so another text may stand elsewhere among them."""
    head, separator, values = value.partition("separator='\x1f'}")
    return head + separator, sorted(values.split("\x1f"))


def _summed(value: str) -> str:
    """Without numbers of parameters, sums and maxima of several written as of one."""
    value = re.sub(r"(prefer|phrases|prefix|words|total|agreeing\.)\d+([_.]\d+)?", r"\1#", value)
    value = re.sub(r"(query\(\$prefer#\))(,query\(\$prefer#\))+", r"\1", value)
    value = re.sub(r"(?:max|sum)\((query\(\$prefer#\))\)", r"\1", value)
    return re.sub(r"(query\(\$prefer#\))(,query\(\$prefer#\))+|sum\((query\(\$prefer#\))\)", r"\1\3", value)
