"""Words that find next to nothing, corrected to words that the index has, and tried before they are proposed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from vision.search import answers
from vision.search.collection import Collection
from vision.search.composer import Params
from vision.search.lookups import compose_spelling, compose_totals
from vision.search.model import Correction, Query
from vision.search.words.prices import find_prices
from vision.search.words.tokens import Token, cut, spelled_out, tokens

Ask = Callable[[Params], Mapping[str, Any]]

FEW: Final = 3
"""Fewer products than these are next to nothing."""
MANY_TIMES: Final = 10
"""A word that the index has gives way to one that is so many times as frequent; results likewise."""
_SHORTEST: Final = 3
_ALTERNATIVES: Final = 3
_TRIED: Final = 16


@dataclass(frozen=True)
class Alternative:
    """A word of the index and the number of pictures that have it."""

    word: str
    frequency: int


class Spelling:
    """Corrects the words of searches, on one collection."""

    def __init__(self, collection: Collection) -> None:
        """Prepare, without connecting."""
        self._collection = collection

    def correct(self, text: str, query: Query, total: int, ask: Ask) -> Correction | None:
        """What the words of a search should have been; None where the index has nothing better.

        Args:
            text: as it was typed.
            query: as it was run: its words may be fewer than those of ``text``, its filters hold for the new ones.
            total: how many products it found.
            ask: gives Solr's answer to parameters.

        Raises:
            SolrUnavailable: Solr did not answer.
        """
        # How many are within a distance, no count of words tells.
        if query.text is None or query.max_distance is not None or not self._collection.has_phrases():
            return None
        words = _misspellable(text, query.language)
        if not words:
            return None
        answer = ask(compose_spelling([spelled_out(each.folded) for each in words]))
        tried = list(_variants(text, words, _alternatives(answer, rare=total > 0)))
        if not tried:
            return None
        prices = [cut(each, [(one.start, one.end) for one in find_prices(each, query.language)]) for each in tried]
        asked = tried if query.text == text else prices
        totals = answers.totals(ask(compose_totals(query, asked, self._collection.client.names)), len(asked))
        least = max(1, total * MANY_TIMES)
        found = (Correction(each, count) for each, count in zip(tried, totals, strict=True) if count >= least)
        return next(found, None)


def _misspellable(text: str, language: str) -> tuple[Token, ...]:
    """The words that may be wrong: of letters, three or more, and none of a price."""
    prices = find_prices(text, language)
    return tuple(
        each
        for each in tokens(text)
        if len(each.folded) >= _SHORTEST
        and each.folded.isalpha()
        and not any(one.start <= each.start < one.end for one in prices)
    )


def _alternatives(answer: Mapping[str, Any], *, rare: bool) -> dict[str, tuple[Alternative, ...]]:
    """The words that the index has like each one that it has not, or has hardly, if ``rare`` ones are in question."""
    listed = answer.get("spellcheck", {}).get("suggestions", [])
    found = {}
    for word, about in zip(listed[::2], listed[1::2], strict=True):
        own = int(about.get("origFreq", 0))
        if own and not rare:
            continue
        good = [
            Alternative(str(each["word"]), int(each["freq"]))
            for each in about["suggestion"]
            if int(each["freq"]) >= own * MANY_TIMES
        ]
        if good:
            found[str(word)] = tuple(good[:_ALTERNATIVES])
    return found


def _variants(text: str, words: Sequence[Token], alternatives: Mapping[str, Sequence[Alternative]]) -> Iterator[str]:
    """The text with words replaced: few before many, near before far."""
    wrong = [each for each in words if spelled_out(each.folded) in alternatives]
    choices = [range(len(alternatives[spelled_out(each.folded)]) + 1) for each in wrong]
    combinations = sorted(product(*choices), key=lambda ranks: (sum(map(bool, ranks)), sum(ranks)))
    for ranks in combinations[1 : _TRIED + 1]:
        changed = text
        for each, rank in reversed(list(zip(wrong, ranks, strict=True))):
            if rank:
                new = alternatives[spelled_out(each.folded)][rank - 1].word
                changed = changed[: each.start] + new + changed[each.end :]
        yield changed
