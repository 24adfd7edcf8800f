"""What is asked: products of the collection, or searches from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from vision.errors import BadQuery, BadSetting, VisualSearchError
from vision.search.engine import SearchEngine
from vision.search.model import Mode, Query, Vector
from vision.search.planner import needs_count
from vision.search.request import parse
from vision.tuning.truth import Documents

LEAST: Final = 20
"""Queries below which neither half says anything."""


@dataclass(frozen=True, eq=False)
class Asked:
    """One query, in mode ``auto``, of a page.

    Attributes:
        query: its picture, and whatever of filters and words it has.
        own: the product that asks, if one does.
    """

    query: Query
    own: str | None = None

    @property
    def by_score(self) -> bool:
        """Whether more than a picture ranks: then Solr's own exact search says what is right, as BM25 is Solr's."""
        return self.query.text is not None or bool(self.query.similarities)

    @property
    def filtered(self) -> bool:
        """Whether it narrows what is found by itself."""
        plain = Query()
        narrowing = ("text", "filters", "ranges", "missing", "excluded", "taste")
        return any(getattr(self.query, name) != getattr(plain, name) for name in narrowing)


def sampled(engine: SearchEngine, documents: Documents, count: int, seed: int, rows: int) -> list[Asked]:
    """So many products of the collection, by a seed, each as its first picture.

    Raises:
        BadSetting: the collection has too few.
    """
    products = sorted(documents.of)
    if len(products) < LEAST:
        raise BadSetting(
            f"collection {engine.client.collection!r} has {len(products)} products with a picture; {LEAST} or more are "
            "needed to tune it"
        )
    chosen = np.random.default_rng(seed).choice(len(products), min(count, len(products)), replace=False)
    picked = [products[number] for number in chosen]
    vectors: dict[str, Vector] = {}
    for start in range(0, len(picked), 500):
        vectors |= engine.collection.indexed.vectors(picked[start : start + 500])
    embedding = engine.collection.fingerprint()
    return [Asked(Query(vector=vectors[each], embedding=embedding, rows=rows), each) for each in picked]


def read(engine: SearchEngine, path: Path, count: int, seed: int, rows: int) -> tuple[list[Asked], list[str]]:
    """The searches of a file, a request of ``POST /v1/search`` a line, and what became of those that are left out.

    Of a request counts what narrows and ranks: the page, the order and what is counted are the tool's own.

    Raises:
        BadSetting: the file cannot be read, or has too few that K matters to.
        BadQuery: a line that is no search, naming it.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise BadSetting(f"--queries {path} cannot be read: {error.strerror}") from error
    found: list[Asked] = []
    always = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            query, _ = engine.resolve(parse(line))
        except VisualSearchError as error:
            raise BadQuery(f"--queries {path.name}, line {number}: {error}") from error
        query = replace(
            query, rows=rows, start=0, mode=Mode.AUTO, candidates=None, facets=(), diversity=None, explain=False
        )
        if query.vector is not None and needs_count(query):
            found.append(Asked(query))
        else:
            always += 1
    if len(found) < LEAST:
        raise BadSetting(
            f"--queries {path.name} has {len(found)} searches that have candidates: with a picture, by score, "
            f"without a threshold, words weighing at most .7; {LEAST} or more are needed"
        )
    notes = [f"{always} of the file's searches never have candidates and are left out"] if always else []
    if len(found) > count:
        chosen = np.random.default_rng(seed).choice(len(found), count, replace=False)
        found = [found[number] for number in chosen]
    return found, notes


def halves(asked: Sequence[Asked], seed: int) -> tuple[list[int], list[int]]:
    """Numbers of the queries to choose by, and of those kept aside to check the choice on."""
    order = np.random.default_rng((seed, 1)).permutation(len(asked)).tolist()
    middle = (len(order) + 1) // 2
    return sorted(order[:middle]), sorted(order[middle:])
