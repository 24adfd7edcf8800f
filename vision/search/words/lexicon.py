"""The vocabulary of a collection, read from its facets and its own synonyms, and read again after a commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final

import orjson

from vision.errors import NotFound, SolrRefused
from vision.search.words.vocabulary import Synonyms, Values, Vocabulary
from vision.solr.client import SolrClient

MAX_FIELDS: Final = 50
MAX_VALUES: Final = 1000
"""Of each field, the most frequent; of fields that have more, what is rare is words and nothing else."""
_FRESH: Final = 10.0
# Of a collection in several shards, the version tells of one of them: read again after this many seconds anyhow.
_OLDEST: Final = 300.0


class Lexicon:
    """Keeps what was read until the index has another version; looks for that every ten seconds at most."""

    def __init__(self, client: SolrClient) -> None:
        """Prepare, without connecting."""
        self._client = client
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Drop everything kept."""
        with self._lock:
            self._looked = self._read = -_OLDEST
            self._version: str | None = None
            self._values: Values | None = None
            self._languages: dict[str, Vocabulary] = {}

    def vocabulary(self, fields: Sequence[str], language: str) -> Vocabulary:
        """The values of these attributes as phrases of a language.

        Nothing is locked while Solr is asked; two threads may read the same.

        Raises:
            SolrUnavailable: no answer.
        """
        now = time.monotonic()
        with self._lock:
            looked, read, values, known = self._looked, self._read, self._values, self._languages.get(language)
            before = self._version
        if values is None or now - looked > _FRESH:
            version = self._client.index_version()
            if values is None or version != before or now - read > _OLDEST:
                values, known, read = self._read_values(fields), None, now
                with self._lock:
                    self._languages = {}
            with self._lock:
                self._looked, self._read, self._version, self._values = now, read, version, values
        if known is None:
            known = Vocabulary(values, language, self._synonyms(language))
            with self._lock:
                if self._values is values:
                    self._languages[language] = known
        return known

    def _read_values(self, fields: Sequence[str]) -> Values:
        names = self._client.names
        facets = {
            name: {"type": "terms", "field": names.field(name), "limit": MAX_VALUES} for name in fields[:MAX_FIELDS]
        }
        if not facets:
            return {}
        params = {"q": "*:*", "fq": "{!cache=false}*:*", "rows": 0, "json.facet": orjson.dumps(facets).decode()}
        answered = self._client.select(params)["facets"]
        return {
            name: {str(each["val"]): int(each["count"]) for each in answered.get(name, {}).get("buckets", [])}
            for name in facets
        }

    def _synonyms(self, language: str) -> Synonyms | None:
        """The collection's own list; none where it has none, or does not show its files."""
        try:
            text = self._client.configuration_file(f"synonyms_{language}.txt")
        except (NotFound, SolrRefused):
            return None
        return Synonyms.parse(text, language)
