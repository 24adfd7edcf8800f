"""What a search must know of the collection it runs on: its fields, its embedding, vectors by id, counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import orjson
from cachetools import TTLCache

from vision.embedding import Embedding, EmbeddingStore
from vision.errors import BadQuery, BadSetting, Conflict, DeadlineExceeded, NotFound, SolrUnavailable, Superseded
from vision.search.answers import spreads
from vision.search.composer import Params
from vision.search.counted import Counted
from vision.search.histograms import Spread
from vision.search.indexed import IndexedPictures
from vision.search.model import DEFAULT_LANGUAGE, Closeness, Query
from vision.search.planner import Limits
from vision.search.steering.calibration import Calibration, Calibrations
from vision.search.tuned import Given, InForce, Tuned, TunedFiles, in_force
from vision.search.words.lexicon import Lexicon
from vision.search.words.vocabulary import Vocabulary
from vision.solr.client import SolrClient
from vision.solr.fields import NUMBERS, PLAIN

# Seconds. What is kept here changes with a commit at the earliest, and a stale value costs speed, never correctness:
# totals and facets come with every answer, but for those of very many pictures.
_FRESH = 10

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class Matching:
    """How many pictures match, and how each number to be counted is spread over them."""

    pictures: int
    spreads: Mapping[str, Spread]


class Collection:
    """Reads of one collection that are not searches, kept for a few seconds; safe to share between threads.

    Attributes:
        client: of the collection.
        store: where its embedding's files are.
        counted: counts of many pictures.
        indexed: its pictures by id.
        had: the fingerprints of all embeddings that it was seen to have.
    """

    def __init__(self, client: SolrClient, store: EmbeddingStore) -> None:
        """Prepare, without connecting."""
        self.client = client
        self.store = store
        self._lexicon = Lexicon(client)
        self._lock = threading.Lock()
        self._forgotten = 0
        self._fields: TTLCache[str, frozenset[str]] = TTLCache(1, _FRESH)
        self._fingerprints: TTLCache[str, str] = TTLCache(1, _FRESH)
        self._was: str | None = None
        self.had: frozenset[str] = frozenset()
        self._languages: TTLCache[str, Mapping[str, str]] = TTLCache(1, _FRESH)
        self._currencies: TTLCache[str, tuple[str, ...]] = TTLCache(1, _FRESH)
        self._counts: TTLCache[bytes, Matching] = TTLCache(4096, _FRESH)
        self.counted = Counted(_FRESH)
        self._calibrations: TTLCache[str, tuple[Calibration, ...]] = TTLCache(1, _FRESH)
        self._tuned: TTLCache[str, tuple[Tuned | None, str | None]] = TTLCache(1, _FRESH)
        self.indexed = IndexedPictures(client, self.check_embedding, _FRESH)

    def forget(self) -> None:
        """Drop everything kept: call after a commit in this process."""
        self._lexicon.forget()
        self.counted.forget()
        self.indexed.forget()
        with self._lock:
            self._forgotten += 1
            self._fields.clear()
            self._fingerprints.clear()
            self._languages.clear()
            self._currencies.clear()
            self._counts.clear()
            self._calibrations.clear()
            self._tuned.clear()

    def check_fields(self, query: Query) -> None:
        """Refuse a filter, range or facet on a field that no document has.

        Raises:
            BadQuery: naming the field and those there are.
        """
        for name in query.ranges:
            if name not in NUMBERS:
                raise BadQuery(f"{name!r} has no range; accepted: {', '.join(NUMBERS)}", name)
        self._check(query.filters, "filters")
        for name in query.missing:
            if name not in NUMBERS:
                self._check((name,), "missing")
        unknown = sorted(set(query.filters.get("in_stock", ())) - {"true", "false"})
        if unknown:
            raise BadQuery(f"filters.in_stock is {unknown[0]!r}; accepted: true, false", "in_stock")
        self._check([name for name in query.facets if name not in NUMBERS], "facets")
        if query.diversity is not None:
            self._check(query.diversity.most, "diversity.most")

    def attributes(self) -> tuple[str, ...]:
        """The names that can be filtered and faceted by."""
        return self.client.names.attributes(self._known(fresh=False))

    def vocabulary(self, language: str) -> Vocabulary:
        """The attributes' values as phrases of a language."""
        fields = [name for name in self.attributes() if name not in PLAIN]
        return self._lexicon.vocabulary(fields, language)

    def _check(self, names: Iterable[str], member: str) -> None:
        for name in names:
            if name in NUMBERS:
                raise BadQuery(f"{member}: {name!r} is a number; give it as ranges: {{{name}: {{min, max}}}}", name)
            field = self.client.names.field(name)
            if field not in self._known(fresh=False) and field not in self._known(fresh=True):
                accepted = ", ".join(self.attributes()) or "none yet, the collection is empty"
                raise BadQuery(f"{member}: no product has a field {name!r}; accepted: {accepted}", name)

    def languages(self) -> tuple[str, ...]:
        """What words can be searched in: the handler has a ``qf_`` for each, and documents have its fields."""
        named = self._kept(self._languages, "qf", self._read_languages)
        known = self._known(fresh=False)
        found = {language for language, qf in named.items() if {each.partition("^")[0] for each in qf.split()} <= known}
        return (DEFAULT_LANGUAGE, *sorted(found - {DEFAULT_LANGUAGE}))

    def check_language(self, language: str) -> None:
        """Refuse a language that the collection has no fields for.

        Raises:
            BadQuery: naming it and those there are.
        """
        if language == DEFAULT_LANGUAGE or language in self.languages():
            return
        self.forget()
        accepted = self.languages()
        if language not in accepted:
            raise BadQuery(
                f"language is {language!r}; collection {self.client.collection!r} has {', '.join(accepted)}: another "
                f"one needs its fields, a qf_{language} in solrconfig.xml, and the catalogue indexed again",
                "language",
            )

    def has_prices(self) -> bool:
        """Whether any product has a price."""
        price = self.client.names.known("price")
        return price is not None and price in self._known(fresh=False)

    def has_phrases(self) -> bool:
        """Whether documents have our fields of words and phrases; those of an older schema, or not ours, do not."""
        return self.client.names.fields is None and {"phrases", "words"} <= self._known(fresh=False)

    def has_regions(self) -> bool:
        """Whether regions of pictures are indexed beside whole ones."""
        return self.client.names.fields is None and "picture_id" in self._known(fresh=False)

    def currencies(self) -> tuple[str, ...]:
        """The currencies that products with a price name, most frequent first."""
        return self._kept(self._currencies, "all", self._read_currencies)

    def check_currency(self, query: Query) -> None:
        """Refuse to compare prices of several currencies with each other; one that no product names is the only one.

        Raises:
            BadQuery: prices are filtered, ordered, counted or compared without one currency to go with it.
        """
        uses = {
            "a price range": ("price" in query.ranges, "price"),
            "an order by price": (query.sort in ("price", "-price"), "sort"),
            "a facet of prices": ("price" in query.facets, "facets"),
            "nearness of a price": (
                any(isinstance(each, Closeness) and each.field == "price" for each in query.similarities),
                "similarities",
            ),
        }
        used = next(((what, member) for what, (is_used, member) in uses.items() if is_used), None)
        if used is None or len(query.filters.get("currency", ())) == 1:
            return
        known = self.currencies()
        if len(known) > 1:
            what, member = used
            raise BadQuery(
                f"prices are in {', '.join(known)}: {what} needs one of them, as filters: {{currency: [{known[0]}]}}",
                member,
            )

    def _read_currencies(self) -> tuple[str, ...]:
        names = self.client.names
        currency, price = names.known("currency"), names.known("price")
        if currency is None or price is None:
            return ()
        facet = orjson.dumps({"all": {"type": "terms", "field": currency, "limit": 100}}).decode()
        answer = self.client.select({"q": f"{price}:[* TO *]", "rows": 0, "json.facet": facet}, partial=True)
        return tuple(str(bucket["val"]) for bucket in answer["facets"].get("all", {}).get("buckets", []))

    def _read_languages(self) -> Mapping[str, str]:
        handlers = self.client.get_json("config/requestHandler")["config"]["requestHandler"]
        handler = handlers.get("/visual") or handlers.get("/select") or {}
        defaults = handler.get("defaults", {})
        return {name[3:]: str(qf) for name, qf in defaults.items() if name.startswith("qf_")}

    def _known(self, *, fresh: bool) -> frozenset[str]:
        return self._kept(self._fields, "fields", self.client.fields, fresh=fresh)

    def _kept(self, cache: TTLCache[K, V], key: K, read: Callable[[], V], *, fresh: bool = False) -> V:
        """What is in a cache, or is read into it now, as it is where that must be ``fresh``.

        Nothing is locked while it is read: where Solr hangs, each caller waits for one time limit, not for those of
        all before it.
        """
        with self._lock:
            held = None if fresh else cache.get(key)
            before = self._forgotten
        if held is not None:
            return held
        found = read()
        with self._lock:
            if before == self._forgotten:
                cache[key] = found
        return found

    def fingerprint(self) -> str:
        """The fingerprint of the embedding that the collection's vectors are made with.

        Raises:
            NotFound: no document has vectors.
            Conflict: documents of more than one embedding.
        """
        found = self._kept(self._fingerprints, "one", self._read_fingerprint)
        if (before := self._was) != found:
            self._was = found
            self.had |= {found}
            if before is not None:
                self.client.forget_keeping()
                self.forget()
        return found

    def check_embedding(self, fingerprint: str, meant: str | None = None) -> None:
        """See that vectors are made with what is meant, by default with what the collection's are known to be.

        Raises:
            Superseded: they are not, and what is known here was forgotten: another collection may have taken its place.
            NotFound, Conflict: as :meth:`fingerprint`.
        """
        held = meant or self.fingerprint()
        if fingerprint != held:
            raise self._superseded(held, fingerprint)

    def check_current(self, meant: str) -> None:
        """See that the collection's vectors are made with what is meant; it is asked.

        Raises:
            Superseded, NotFound, Conflict: as :meth:`check_embedding`.
        """
        self.check_embedding(self._read_fingerprint(), meant)

    def _superseded(self, one: str, other: str) -> Superseded:
        self.client.forget_keeping()
        self.forget()
        return Superseded(one, other)

    def _read_fingerprint(self) -> str:
        facet = orjson.dumps({"embedding": {"type": "terms", "field": "embedding", "limit": 10}}).decode()
        answer = self.client.select({"q": "*:*", "rows": 0, "json.facet": facet}, partial=True)
        found = [bucket["val"] for bucket in answer["facets"].get("embedding", {}).get("buckets", [])]
        name = self.client.collection
        if not found:
            raise NotFound(f"collection {name!r} holds no vectors; run `visual-search index CATALOG` first")
        if len(found) > 1:
            raise Conflict(
                f"collection {name!r} mixes vectors of {', '.join(found)}; index the whole catalogue again with one"
            )
        return str(found[0])

    def embedding(self) -> Embedding:
        """The collection's embedding, from this machine's store.

        Raises:
            NotFound: no vectors, or the embedding's files are not here.
            Conflict: documents of more than one embedding.
        """
        return self.store.load(self.fingerprint())

    def calibration(self) -> Calibration | None:
        """What distances mean in this collection, or None where that was not measured for its vectors."""
        fingerprint = self.fingerprint()
        held = self._kept(self._calibrations, fingerprint, lambda: self._read_calibration(fingerprint))
        return held[0] if held else None

    def _read_calibration(self, fingerprint: str) -> tuple[Calibration, ...]:
        found = Calibrations(self.store.folder).load(self.client.collection, fingerprint)
        return () if found is None else (found,)

    def limits(self, given: Given | Limits, files: TunedFiles | None) -> InForce:
        """The planner's limits for this collection: as the settings say, else as was chosen for it, else the defaults.

        Args:
            given: what the settings say.
            files: where choices are kept; None where none counts.
        """
        if files is None or None not in (given.candidates, given.exact_below):
            return in_force(given)
        tuned, notice = self._kept(self._tuned, "one", lambda: self._read_tuned(files))
        if tuned is None:
            return in_force(given, notice=notice)
        try:
            fingerprint = self.fingerprint()
        except (NotFound, Conflict):  # words can be searched in a collection without vectors
            fingerprint = None
        return in_force(given, tuned, fingerprint)

    def _read_tuned(self, files: TunedFiles) -> tuple[Tuned | None, str | None]:
        try:
            return files.load(self.client.collection), None
        except BadSetting as error:
            return None, f"what was tuned is ignored: {error}"

    def matching(self, count_request: Params) -> tuple[Matching, bool]:
        """What the request counts, and whether that had to be asked now."""
        key = orjson.dumps(count_request, option=orjson.OPT_SORT_KEYS)
        asked = False

        def ask() -> Matching:
            nonlocal asked
            asked = True
            try:
                answer = self.client.select(count_request)
            except DeadlineExceeded:
                raise
            except SolrUnavailable:
                if len(self.client.shards.parts().names) < 2:
                    raise
                answer = self.client.select(count_request, partial=True)  # of the shards that are there
            return Matching(int(answer["response"]["numFound"]), spreads(answer.get("facets", {})))

        return self._kept(self._counts, key, ask), asked
