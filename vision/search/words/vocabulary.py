"""The attribute values of a collection as phrases, and where a text says them: pure, made from facet values.

Words compare without their endings (:mod:`vision.search.words.stems`), and synonyms of the collection's list as one.
The longest phrase wins: "dark blue" is not "blue". A value that is hardly a word ("M", "38", "yes") is only understood
beside its field's name: "size 38".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest

from vision.search.words.stems import stem
from vision.search.words.tokens import fold, spelled_out, tokens

Phrase = tuple[str, ...]
Values = Mapping[str, Mapping[str, int]]
"""Documents by value, by field."""

MAX_WORDS = 6
MAX_FIELDS_OF_A_PHRASE = 3
_SWITCHES = frozenset("yes no true false none other unknown various ja nein oui non si".split())
_NEGATIONS = frozenset("no not non without ohne kein keine keinen nicht sans pas sin ni".split())


@dataclass(frozen=True)
class Synonyms:
    """Phrases that are one, by the word that stands for them; of one language."""

    one: Mapping[Phrase, str]
    longest: int = 1

    @classmethod
    def parse(cls, text: str, language: str) -> Synonyms:
        """Read Solr's format: ``a, b`` are one, ``a, b => c`` become c; what becomes several things is left out."""
        one: dict[Phrase, str] = {}
        for line in text.splitlines():
            left, arrow, right = line.partition("#")[0].partition("=>")
            sources, targets = ([each for each in part.split(",") if each.strip()] for part in (left, right))
            if not sources or (arrow and len(targets) != 1):
                continue
            phrases = [_stems(each, language) for each in [*sources, *targets]]
            name = next((one[each] for each in phrases if each in one), " ".join(phrases[-1 if arrow else 0]))
            one |= dict.fromkeys(filter(None, phrases), name)
        return cls(one, max(map(len, one), default=1))


@dataclass(frozen=True)
class Unit:
    """A word, or words that are one notion, and where they stand."""

    key: str
    start: int
    end: int


@dataclass(frozen=True)
class Said:
    """A value that a text says.

    Attributes:
        field: the attribute.
        values: the spellings that the field has of it, most frequent first.
        start: where the text says it.
        end: where that ends.
    """

    field: str
    values: tuple[str, ...]
    start: int
    end: int


class Vocabulary:
    """What attributes a collection has, in one language."""

    def __init__(self, values: Values, language: str, synonyms: Synonyms | None = None) -> None:
        """Make phrases of values; those of more than :data:`MAX_WORDS` words are left out."""
        self.language = language
        self.values = values
        self._synonyms = synonyms or Synonyms({})
        self._phrases: dict[Phrase, dict[str, list[str]]] = {}
        for field, counts in values.items():
            for value in sorted(counts, key=lambda each: (-counts[each], each)):
                for phrase in self._spellings(field, value):
                    self._phrases.setdefault(phrase, {}).setdefault(field, []).append(value)
        self._longest = max(map(len, self._phrases), default=0)
        self._completions: list[tuple[str, ...]] = sorted(self._endings())

    def beginning(self, prefix: str, most: int) -> list[tuple[str, str]]:
        """Field and value of those that have a word where ``prefix``, folded words, goes on, most frequent first."""
        first = bisect_left(self._completions, (prefix,))
        last = bisect_left(self._completions, (prefix + "\U0010ffff",))
        found = {(field, value) for _, field, value in self._completions[first:last]}
        return nlargest(most, found, key=lambda each: (self.values[each[0]][each[1]], each))

    def units(self, text: str) -> tuple[Unit, ...]:
        """The notions of a text."""
        words = tokens(text)
        stems = [stem(each.folded, self.language) for each in words]
        found, at = [], 0
        while at < len(words):
            for length in range(min(self._synonyms.longest, len(words) - at), 0, -1):
                name = self._synonyms.one.get(tuple(stems[at : at + length]))
                if name is not None or length == 1:
                    found.append(Unit(name or stems[at], words[at].start, words[at + length - 1].end))
                    at += length
                    break
        return tuple(found)

    def said(self, text: str) -> tuple[Said, ...]:
        """The values that a text says, in its order; where one phrase is a value of several fields, each of them."""
        units = self.units(text)
        taken: set[int] = set()
        found: list[Said] = []
        for length in range(self._longest, 0, -1):
            for at in range(len(units) - length + 1):
                fields = self._phrases.get(tuple(each.key for each in units[at : at + length]))
                if fields is None or taken & set(range(at, at + length)):
                    continue
                taken |= set(range(at, at + length))
                start, end = units[at].start, units[at + length - 1].end
                if not _negated(text[:start]):
                    found += [Said(field, values, start, end) for field, values in self._ranked(fields)]
        return tuple(sorted(found, key=lambda each: each.start))

    def _ranked(self, fields: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The fields of a phrase, most frequent first."""
        order = sorted(fields, key=lambda field: (-sum(self.values[field][each] for each in fields[field]), field))
        yield from ((field, tuple(fields[field])) for field in order[:MAX_FIELDS_OF_A_PHRASE])

    def _spellings(self, field: str, value: str) -> Iterator[Phrase]:
        phrase, label = self._phrase(value), field.replace("_", " ")
        if not phrase or len(phrase) > MAX_WORDS:
            return
        if sum(map(str.isalpha, value)) > 1 and fold(value).strip() not in _SWITCHES:
            yield phrase
        together = {self._phrase(f"{value} {label}"), self._phrase(f"{label} {value}")}
        yield from (each for each in together if each != phrase and len(each) <= MAX_WORDS)

    def _endings(self) -> Iterator[tuple[str, str, str]]:
        """Each value from each of its words on."""
        for field, counts in self.values.items():
            for value in counts:
                words = [spelled_out(each.folded) for each in tokens(value)]
                if len(words) <= MAX_WORDS and fold(value).strip() not in _SWITCHES:
                    yield from ((" ".join(words[at:]), field, value) for at in range(len(words)))

    def _phrase(self, text: str) -> Phrase:
        return tuple(each.key for each in self.units(text))


def _stems(text: str, language: str) -> Phrase:
    return tuple(stem(each.folded, language) for each in tokens(text))


def _negated(before: str) -> bool:
    last = tokens(before)[-1:]
    return bool(last) and last[0].folded in _NEGATIONS


def merged(said: Iterable[Said]) -> tuple[tuple[Said, ...], ...]:
    """Values by the words that say them."""
    groups: dict[tuple[int, int], list[Said]] = {}
    for each in said:
        groups.setdefault((each.start, each.end), []).append(each)
    return tuple(map(tuple, groups.values()))
