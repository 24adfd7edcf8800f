"""Completions while somebody types: phrases of titles and values of attributes, with what each would find.

Two requests: one asks the index for phrases that begin as typed and for words like the last one, one counts what each
candidate finds; what finds nothing is not suggested. Nothing is built or kept beside the index, but for the vocabulary
that understanding keeps as well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from vision.search import answers
from vision.search.collection import Collection
from vision.search.lookups import compose_phrases, compose_totals
from vision.search.model import Query
from vision.search.text import normalise
from vision.search.words import typos
from vision.search.words.tokens import spelled_out, tokens
from vision.search.words.vocabulary import Vocabulary

_POSSESSIVE: Final = re.compile(r"['’]s\b", re.IGNORECASE)
_COMPOUND: Final = re.compile(r"[^\W_]+(?:['’‐‑-][^\W_]+)*")
# French: the index has "d" and "ete" of "d'été", a search wants them together.
_ELIDED: Final = re.compile(r"\b([dljmtsnc]|qu) (?=[aeiouhy])")
MAX_WORDS: Final = 8
LONGEST_PHRASE: Final = 5
_TRIED: Final = 2
"""Candidates that are counted, for each one wanted."""


@dataclass(frozen=True)
class Suggestion:
    """A search and how many products it finds; ``field`` and ``value`` where its end is an attribute's value."""

    text: str
    total: int
    field: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Typed:
    """What was typed so far, in folded words; the last goes on unless a blank follows it."""

    words: tuple[str, ...]
    ended: bool

    @classmethod
    def read(cls, text: str) -> Typed:
        """Read a text; only its last words count where there are many."""
        words = _words(text)
        return cls(words[-MAX_WORDS:], bool(words) and text[-1:].isspace())

    def prefixes(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The words before, and the last ones as a prefix, from the longest prefix on."""
        for count in range(min(LONGEST_PHRASE, len(self.words)), 0, -1):
            yield self.words[:-count], " ".join(self.words[-count:]) + (" " if self.ended else "")

    def pattern(self) -> str | None:
        """What words of the index may be meant by the words typed; None where all are too short for an error."""
        if not self.words or max(map(len, self.words)) < typos.FIRST_WITH_TYPOS:
            return None
        *before, last = self.words
        forms = [typos.pattern(word, goes_on=False) for word in before]
        return "|".join([*forms, typos.pattern(last, goes_on=not self.ended)])


@dataclass(frozen=True)
class Candidate:
    """A text to suggest; ``phrase`` is its end, of which titles show how it is written."""

    text: str
    phrase: str | None = None
    field: str | None = None
    value: str | None = None
    typo: bool = False


class Suggestions:
    """Completes what is typed, on one collection."""

    def __init__(self, collection: Collection) -> None:
        """Prepare, without connecting."""
        self._collection = collection

    def complete(self, text: str, language: str, limit: int) -> tuple[Suggestion, ...]:
        """The completions of a text, most found first; those that correct an error come after all others.

        Raises:
            BadQuery: a text that is too long, or a language that the collection does not have.
            SolrUnavailable: Solr did not answer.
        """
        self._collection.check_language(language)
        typed = Typed.read(text) if normalise(text) is not None else Typed((), False)
        if not typed.words:
            return ()
        vocabulary = self._collection.vocabulary(language)
        phrases, words = self._known(typed)
        found = _distinct(candidates(typed, phrases, words, vocabulary), vocabulary)
        exact = [each for each in found if not each.typo][: _TRIED * limit]
        similar = [each for each in found if each.typo][: max(limit // 2, limit - len(exact))]
        return self._counted([*exact, *similar], Query(language=language))[:limit]

    def _known(self, typed: Typed) -> tuple[Sequence[Sequence[str]], Sequence[str]]:
        """Phrases of the index for each prefix, and words like those typed, most frequent first."""
        client = self._collection.client
        prefixes = [prefix for _, prefix in typed.prefixes()]
        if not self._collection.has_phrases():
            return [() for _ in prefixes], ()
        answer = client.select(compose_phrases(prefixes, typed.pattern()))
        fields = answer["facet_counts"]["facet_fields"]
        phrases = [_whole(_counts(fields.get(f"phrases{n}", []))) for n in range(len(prefixes))]
        return phrases, list(_counts(answer.get("terms", {}).get("words", [])))

    def _counted(self, found: Sequence[Candidate], query: Query) -> tuple[Suggestion, ...]:
        """The candidates that find something, with what they find, as titles write them."""
        if not found:
            return ()
        shown = [each.phrase for each in found if each.phrase is not None]
        client = self._collection.client
        texts = [_ELIDED.sub(r"\1'", each.text) if query.language == "fr" else each.text for each in found]
        answer = client.select(compose_totals(query, texts, client.names, shown))
        titles = [str(answers.first(each.get("title", ""))) for each in answer["response"]["docs"]]
        written = _written(titles)
        totals = answers.totals(answer, len(found))
        kept = [(each, total) for each, total in zip(found, totals, strict=True) if total]
        kept.sort(key=lambda pair: (pair[0].typo, -pair[1], pair[0].field is None, len(pair[0].text), pair[0].text))
        return tuple(Suggestion(_shown(each, written), total, each.field, each.value) for each, total in kept)


def candidates(
    typed: Typed, phrases: Sequence[Sequence[str]], words: Sequence[str], vocabulary: Vocabulary
) -> Iterator[Candidate]:
    """What may be meant: what goes on as typed, longest agreement first, then what would with one error less."""
    for (before, prefix), known in zip(typed.prefixes(), phrases, strict=True):
        head = " ".join(before)
        yield from _values(head, prefix, vocabulary, typo=False)
        fitting = [each for each in known if not set(before) & set(each.split(" "))]
        yield from (Candidate(f"{head} {phrase}".strip(), phrase) for phrase in fitting)
    before, last = typed.words[:-1], typed.words[-1]
    head = " ".join(_corrected(word, words) for word in before)
    if typed.ended:
        whole = f"{head} {_corrected(last, words)}".strip()
        if whole != " ".join(typed.words):
            yield Candidate(whole, typo=True)
        return
    if head != " ".join(before):
        yield from _values(head, last, vocabulary, typo=True)
        yield from (Candidate(f"{head} {phrase}", phrase, typo=True) for phrase in (phrases[-1] if phrases else ()))
    if len(last) >= typos.FIRST_WITH_TYPOS:
        for word in words:
            if not word.startswith(last) and typos.edits(last, word, goes_on=True) == 1:
                yield from _values(head, word, vocabulary, typo=True)
                yield Candidate(f"{head} {word}".strip(), word, typo=True)


def _values(head: str, prefix: str, vocabulary: Vocabulary, *, typo: bool) -> Iterator[Candidate]:
    for field, value in vocabulary.beginning(prefix, most=10):
        yield Candidate(f"{head} {value}".strip(), None, field, value, typo)


def _corrected(word: str, known: Sequence[str]) -> str:
    """A whole word as the index has it, or the most frequent one that is one error away, or as it is."""
    if word in known or len(word) < typos.FIRST_WITH_TYPOS:
        return word
    return next((each for each in known if typos.edits(word, each, goes_on=False) == 1), word)


def _distinct(found: Iterable[Candidate], vocabulary: Vocabulary) -> list[Candidate]:
    """The first of those that mean the same; where one of them ends in an attribute's value, that is said of it.

    A value that makes another word of what stands before it is none: the end of "t-shirt" is no shirt.
    """
    known: dict[tuple[str, ...], Candidate] = {}
    for each in found:
        key = tuple(unit.key for unit in vocabulary.units(each.text))
        if each.value is not None:
            end = tuple(unit.key for unit in vocabulary.units(each.value))
            if key[len(key) - len(end) :] != end:
                continue
        first = known.setdefault(key, each)
        if first.field is None and first.typo == each.typo:
            known[key] = replace(first, field=each.field, value=each.value)
    return list(known.values())


def _words(text: str) -> tuple[str, ...]:
    """The words of a text as the fields ``words`` and ``phrases`` have them."""
    return tuple(spelled_out(each.folded) for each in tokens(_POSSESSIVE.sub("", text)))


def _whole(counts: Mapping[str, int]) -> list[str]:
    """Phrases without those that titles always continue in the same way: "with short", of "with short sleeves"."""
    longer = {" ".join(phrase.split(" ")[:-1]): count for phrase, count in reversed(list(counts.items()))}
    return [each for each, count in counts.items() if " " not in each or longer.get(each) != count]


def _shown(candidate: Candidate, written: Mapping[str, str]) -> str:
    """The text, its phrase as titles write it."""
    if candidate.phrase is None:
        return candidate.text
    words = candidate.phrase.split(" ")
    parts, at = [candidate.text.removesuffix(candidate.phrase).rstrip()], 0
    while at < len(words):
        length = next((n for n in range(len(words) - at, 0, -1) if " ".join(words[at : at + n]) in written), 1)
        phrase = " ".join(words[at : at + length])
        parts.append(written.get(phrase, phrase))
        at += length
    return " ".join(filter(None, parts))


def _written(titles: Sequence[str]) -> dict[str, str]:
    """Words that titles write with hyphens or accents, as they do most, in lower case, by their folded form."""
    seen: Counter[tuple[str, str]] = Counter()
    for title in titles:
        for found in _COMPOUND.findall(title.lower()):
            for part in {found, *re.split("['’]", found)}:
                seen[" ".join(_words(part)), part] += 1
    return {folded: written for (folded, written), _ in reversed(seen.most_common()) if folded != written}


def _counts(counted: Sequence[Any]) -> dict[str, int]:
    """Names and counts, from the list of both that Solr writes."""
    return dict(zip(map(str, counted[::2]), map(int, counted[1::2]), strict=True))
