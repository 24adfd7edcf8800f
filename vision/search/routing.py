"""Which collection answers: a search that names an extractor may mean another one than the one that is served.

While one collection takes the place of another both are there: the one that is served, and the other beside it. What
names an extractor, or a fingerprint, is answered by whichever holds such vectors, and so is the next page of a search
that began on the one that is beside by now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from vision.errors import Conflict, FingerprintMismatch, NotFound, Superseded
from vision.search import paging
from vision.search.collection import Collection
from vision.search.request import SearchRequest

T = TypeVar("T")

_TIMES: Final = 4
"""A search is begun again so often where collections change places under it."""
_WAITS: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between looks for vectors that were there a moment ago: a SolrCloud's two aliases are set one by one."""


def steadily(call: Callable[[], T]) -> T:
    """What ``call`` gives; begun again where another collection took the place of the one it asked.

    Raises:
        Superseded: it did so again and again.
    """
    for _ in range(_TIMES - 1):
        try:
            return call()
        except Superseded:
            continue
    return call()


def wanted(request: SearchRequest) -> str | None:
    """The extractor or fingerprint that a request means; None for that of the collection that is served."""
    if request.extractor is not None or request.page is None:
        return request.extractor
    return paging.embedding(request.page)


@dataclass(frozen=True)
class Meant:
    """Which of several collections a request means, and the fingerprint that it had; None where any is right."""

    number: int = 0
    embedding: str | None = None

    def check(self, found: str | None) -> None:
        """See that what a request searches by is made with what is meant.

        Raises:
            Superseded: the collection has other vectors by now.
        """
        if None not in (self.embedding, found) and self.embedding != found:
            raise Superseded(str(self.embedding), str(found))


def meant(collections: Sequence[Collection], request: SearchRequest) -> Meant:
    """Which of the collections a request means; the first is the one that is served.

    Raises:
        FingerprintMismatch: none has such vectors.
        BadQuery: a page token that is none.
    """
    asked = wanted(request)
    if asked is None or len(collections) == 1:
        return Meant()  # which says itself what it has
    for seconds in (0.0, *_WAITS):
        time.sleep(seconds)
        for number, each in enumerate(collections):
            if seconds:
                each.forget()
            if asked in (names := _names(each)):
                return Meant(number, names[-1])
        if not any(asked in each.had for each in collections):
            break
    if request.extractor is None:
        return Meant()
    raise FingerprintMismatch(asked, " and ".join(sorted({name for each in collections for name in _names(each)})))


def _names(collection: Collection) -> tuple[str, ...]:
    """What its vectors may be called, the fingerprint last."""
    try:
        embedding = collection.embedding()
    except (NotFound, Conflict):  # none, or several, or one whose files are not here
        return ()
    return embedding.extractor, embedding.fingerprint
