"""One collection over HTTP: written to through pysolr, with its one error split into ours, and searched without it."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Self

import pysolr
import requests

from vision.errors import DeadlineExceeded, NotFound, ShardUnavailable, SolrError, SolrRefused, SolrUnavailable
from vision.solr import cbor, deadline, merging, replies, vectors
from vision.solr.attempts import Attempts, Budget
from vision.solr.curl import without_password
from vision.solr.exact_json import ExactJson
from vision.solr.fields import HANDLER, FieldMap
from vision.solr.forms import Forms
from vision.solr.nodes import addresses
from vision.solr.replies import solr_errors
from vision.solr.sessions import nodes_of, session
from vision.solr.shards import Shards
from vision.solr.vectors import Keeping, VectorFile

_TIMES, _TIMES_WRITTEN = 2, 4
"""How often more a read, and a write that may be repeated, is tried."""
_LONGEST = 3600.0
"""Seconds that a commit may take."""
_WRITES = 4
"""How many times as long as a read documents may take to be written: Solr lets writers wait while it merges."""
_ELECTION_S, _PAUSE_S = 60.0, 0.5
"""How long a write that may be repeated waits for the next leader of a shard, and between two attempts."""
_READING, _READING_MOST = 0.2, 0.5
"""The part of the time that is left, and the most seconds of it, that Solr does not get: it stops a while after its
time is over, in the middle of a graph or a facet not at all, and its answer is to be read."""
# Whoever adds commits: the collection's own soft commit, after seconds, would make many small segments of a load.
_BULK_COMMIT_MS = "60000"

# pysolr logs each failure with its traceback before it raises it; the caller decides what is shown.
logging.getLogger("pysolr").setLevel(logging.CRITICAL)


class SolrClient:
    """Requests to one collection (or core); safe to share between threads."""

    def __init__(self, url: str, collection: str, *, timeout: float = 30.0, vectors: Path | None = None) -> None:
        """Prepare, without connecting.

        Args:
            url: Solr's base, as ``http://127.0.0.1:8983/solr``; of a SolrCloud several, with commas in between.
            collection: the collection's or core's name.
            timeout: seconds before a request is given up.
            vectors: the file of vectors that collections keep outside Solr.
        """
        self.given = url
        self.base = addresses(url)[0]
        self.shown = without_password(self.base)[0]
        self.collection = collection
        self.url = f"{self.base}/{collection}"
        self.timeout = timeout
        self._writing = _WRITES * timeout
        self.budget = Budget()
        self._reads = Attempts.of(self.budget, times=_TIMES, reads=True)
        # What is posted here is sent once; what may be written twice goes through the other; _call bounds both.
        nodes = nodes_of(url)
        self.session = session(self.base, Attempts.of(self.budget, times=_TIMES, reads=False), nodes)
        self.repeating = session(self.base, Attempts.of(self.budget, times=_TIMES_WRITTEN, reads=True), nodes)
        self._once, self._bulk = (
            pysolr.Solr(self.url, timeout=None, session=each, encoder=ExactJson, decoder=ExactJson)
            for each in (self.session, self.repeating)
        )
        self._names: FieldMap | None = None
        self._forms: dict[str, Forms] = {}
        self.vectors = vectors
        self.outside = None if vectors is None else VectorFile(vectors)
        self._keeping: Keeping | None = None
        self.shards = Shards(
            self.url,
            lambda: self.admin("admin/collections", action="CLUSTERSTATUS"),
            lambda params: self._select({"rows": 0, **params}, partial=False),
        )
        self._cbor = True

    def close(self) -> None:
        """Close the connections."""
        self.session.close()
        self.repeating.close()
        self._forms.clear()
        if self.outside is not None:
            self.outside.close()

    def __enter__(self) -> Self:
        """Use as a context manager that closes its connections."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def _call(self, call: Callable[[], object], seconds: float = _LONGEST) -> None:
        with self._asking(seconds):
            try:
                call()
            except pysolr.SolrError as error:
                if "(HTTP 404)" in str(error):
                    raise self._missing() from error
                raise

    @contextmanager
    def _asking(self, seconds: float | None = None) -> Iterator[float]:
        """Around a request, its repetitions included: how long it may take, and its errors as ours."""
        self.budget.earn()
        try:
            with solr_errors(self.url), deadline.within(self.timeout if seconds is None else seconds):
                yield deadline.checked()
        except SolrUnavailable as error:
            if deadline.remaining() > 0 or isinstance(error, DeadlineExceeded):
                raise
            raise replies.out_of_time(self.url) from error  # it was not Solr's own time that was over

    def _missing(self) -> NotFound:
        return NotFound(f"Solr at {self.shown} has no collection {self.collection!r}; index a catalogue into it first")

    def select(self, params: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
        """Run one query; returns Solr's whole decoded answer, with vectors that are asked for however they are kept.

        Args:
            params: of the query; what is left until a deadline is added as ``timeAllowed``.
            partial: whether what Solr had when that was over is better than nothing.

        Raises:
            SolrUnavailable: no answer.
            DeadlineExceeded: none in time.
            SolrRefused: an answer that is an error.
            NotFound: no such collection, or a vector that is kept outside Solr is not where it should be.
        """
        try:
            return self._select(params, partial=partial)
        except DeadlineExceeded:
            raise
        except SolrError as error:
            refused = isinstance(error, SolrRefused) and error.status < 500
            if not partial or refused or not self.shards.some_are_away():
                raise
            return self._select(params, partial=True)

    def _select(self, params: Mapping[str, Any], *, partial: bool) -> dict[str, Any]:
        names, asked = self.names, str(params.get("fl", ""))
        forms = self._forms.get(names.handler)
        if forms is None:
            forms = Forms(self.session, f"{self.url}/{names.handler}", self._reads)
            self._forms[names.handler] = forms
        more = vectors.returning(asked) if names.fields is None else asked
        sent = {"q": "*:*", "wt": "json", **params, **({"fl": more} if more != asked else {})}
        sent |= (placed := self.shards.params(partial=partial))
        if (left := deadline.remaining()) < math.inf:
            sent["timeAllowed"] = str(max(1, int(1000 * (left - min(_READING * left, _READING_MOST)))))
        with self._asking() as seconds:
            answered = forms.send(sent, seconds)
            if not isinstance(answered, bytes):
                raise self._missing() if answered.status_code == 404 else replies.refusal(answered, self.shown)
            answer = replies.searched(answered, self.url, sent, partial=partial)
        if partial and "shards" in placed:
            answer["responseHeader"]["partialResults"] = True
        if more != asked:
            vectors.fill(answer["response"]["docs"], asked, self.outside)
        return answer

    @property
    def keeping(self) -> Keeping:
        """How this collection keeps vectors; asked of its schema once, and again after :meth:`forget_keeping`.

        Raises:
            SolrUnavailable: no answer.
            SolrRefused: Solr failed.
        """
        if self._keeping is None:
            if self.names.fields is not None:
                return Keeping.STORED
            try:
                self._keeping = Keeping.of(self._part("schema/fields", "fields"))
            except NotFound:
                return Keeping.STORED
            except SolrRefused as error:
                if error.status >= 500:
                    raise
                self._keeping = Keeping.STORED  # else Solr refuses what lacks the field that it requires
        return self._keeping

    def forget_keeping(self) -> None:
        """The collection was created anew."""
        self._keeping = None
        self.shards.forget()

    @property
    def names(self) -> FieldMap:
        """How this collection calls what a search speaks of; asked of it once, at the first search.

        Raises:
            SolrUnavailable: no answer.
            SolrRefused: Solr failed.
        """
        if self._names is None:
            try:
                handlers = self._part("config/requestHandler", "config", "requestHandler")
            except NotFound:
                return FieldMap()
            except SolrRefused as error:
                if error.status >= 500:  # a failure that passes must not be kept as "ours, without a mapping"
                    raise
                handlers = {}  # who may search need not be allowed to read the configuration
            self._names = FieldMap.from_handler(handlers.get(f"/{HANDLER}"))
        return self._names

    def count(self, query: str = "*:*", **params: str | list[str]) -> int:
        """How many documents match; ``params`` are what ``query`` refers to."""
        return int(self.select({"q": query, "rows": 0, **params})["response"]["numFound"])

    def add(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Add or replace documents; visible after a commit. Vectors are NumPy arrays, and kept as the collection does.

        Raises:
            SolrUnavailable: no answer.
            SolrRefused: an answer that is an error.
            NotFound: no such collection.
        """
        if any(isinstance(value, Mapping) for each in documents for value in each.values()):
            self._call(lambda: self._once.add(list(documents), commit=False), self._writing)  # updates of single fields
            return
        # What names a version would, sent twice, be refused for the one that it made itself.
        again = not any("_version_" in each for each in documents)
        shown = any(vectors.VECTOR in each for each in documents)
        outside = self.outside if shown and self.keeping is Keeping.OUTSIDE else None
        with nullcontext() if outside is None else outside.naming():
            whole = vectors.kept(documents, self.keeping, self.outside) if shown else documents
            if not again:
                self._add(whole, self.session, self._once)
            else:
                self._led(lambda: self._add(whole, self.repeating, self._bulk))

    def _add(self, documents: Sequence[Mapping[str, Any]], session: requests.Session, json: pysolr.Solr) -> None:
        if not self._cbor or not self._added(cbor.encode(documents), session):
            self._call(lambda: json.add(list(documents), commit=False), self._writing)

    def _led(self, write: Callable[[], object]) -> None:
        """Write what may be written twice; again, for a while, where a shard of a SolrCloud has lost its leader."""
        until = time.monotonic() + min(_ELECTION_S, deadline.remaining())
        while True:
            try:
                write()
            except ShardUnavailable:
                if time.monotonic() + _PAUSE_S > until:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return

    def _added(self, body: bytes, session: requests.Session) -> bool:
        """Whether this Solr reads CBOR; what it read it has added."""
        with self._asking(self._writing) as seconds:
            response = session.post(
                f"{self.url}/update",
                data=body,
                params={"wt": "json", "commitWithin": _BULK_COMMIT_MS},
                headers={"Content-Type": cbor.CONTENT_TYPE},
                timeout=seconds,
            )
            self._cbor = response.status_code != 415
            if response.status_code == 404:
                raise self._missing()
            if self._cbor:
                replies.check(response, self.shown)
        return self._cbor

    def commit(self) -> None:
        """Make everything added visible and safe."""
        self._led(lambda: self._call(self._bulk.commit))
        self.shards.committed()

    def merge(self) -> merging.Merge:
        """Merge, into one segment where the heap allows it: a graph search then visits a quarter of the nodes."""
        merge = merging.wanted(self.count(), self.shards.parts(), self.admin)
        self._call(lambda: self._bulk.optimize(maxSegments=merge.segments), merge.seconds)
        self.shards.committed()
        return merge

    def delete(self, query: str) -> None:
        """Delete what matches; visible after a commit."""
        self._led(lambda: self._call(lambda: self._bulk.delete(q=query, commit=False)))

    def delete_ids(self, ids: Sequence[str]) -> None:
        """Delete documents by their ids; visible after a commit."""
        self._led(lambda: self._call(lambda: self._bulk.delete(id=list(ids), commit=False)))

    def post(self, path: str, body: Any, **params: Any) -> dict[str, Any]:
        """POST JSON to a handler of this collection, as ``schema``.

        Raises:
            SolrUnavailable: no answer.
            SolrRefused: an answer that is an error.
        """
        with self._asking(self._writing) as seconds:
            response = self.session.post(
                f"{self.url}/{path}",
                data=ExactJson.encode(body).encode(),
                params={"wt": "json", **params},
                headers={"Content-Type": "application/json"},
                timeout=seconds,
            )
            return self._answered(response)

    def index_version(self) -> str:
        """What changes with each commit that changes the index; of one replica of each shard."""
        found = self._luke("index", show="index")
        return " ".join(f"{index.get('version')} {index.get('lastModified')}" for index in found)

    def configuration_file(self, name: str) -> str:
        """The text of a file of the collection's configset.

        Raises:
            NotFound: there is none of this name.
            SolrRefused: the Solr does not show its files.
            SolrUnavailable: no answer.
        """
        response = self._got(f"{self.url}/admin/file", {"file": name})
        replies.check(response, self.shown)
        return response.content.decode("utf-8", "replace")

    def page(self, path: str) -> bytes:
        """What the node shows a browser at this path; empty where it shows nothing.

        Raises:
            SolrUnavailable: no answer.
        """
        response = self._got(f"{self.base}/{path}", {})
        return response.content if response.status_code == 200 else b""

    def get_json(self, path: str, **params: Any) -> dict[str, Any]:
        """GET a handler of this collection, as ``admin/luke``."""
        return self._get(f"{self.url}/{path}", params)

    def admin(self, path: str, **params: Any) -> dict[str, Any]:
        """GET a handler of the node, as ``admin/cores``."""
        return self._get(f"{self.base}/{path}", params)

    def _get(self, url: str, params: Mapping[str, Any]) -> dict[str, Any]:
        with solr_errors(self.base):
            return self._answered(self._got(url, {"wt": "json", **params}))

    def _got(self, url: str, params: Mapping[str, Any]) -> requests.Response:
        with self._asking() as seconds:
            return self.session.get(url, params=params, timeout=seconds)

    def _answered(self, response: requests.Response) -> dict[str, Any]:
        replies.check(response, self.shown)
        return replies.decoded(response.content, response.url.partition("?")[0])

    def _part(self, path: str, *names: str, core: str = "", **params: Any) -> Any:
        """A part of what a handler answers, which every Solr's does."""
        found: Any = self._get(f"{self.base}/{core}/{path}", params) if core else self.get_json(path, **params)
        for name in names:
            if not isinstance(found, dict) or name not in found:
                raise replies.odd(f"{self.url}/{path}")
            found = found[name]
        return found

    def fields(self) -> frozenset[str]:
        """The names of the fields that documents of this collection really have."""
        return frozenset().union(*self._luke("fields"))

    def schema(self) -> dict[str, Any]:
        """All that the schema declares."""
        return dict(self._part("schema", "schema"))

    def _luke(self, part: str, **params: str) -> list[dict[str, Any]]:
        """What Solr says of the index, of each shard's: it does not ask others."""
        try:
            cores = self.shards.parts().cores
            if len(cores) > 1:
                with suppress(NotFound, SolrError):  # moved to another node since, or away
                    return [dict(self._part("admin/luke", part, core=each, numTerms=0, **params)) for each in cores]
                self.shards.forget()
            return [dict(self._part("admin/luke", part, numTerms=0, **params))]
        except NotFound as error:  # every collection has this handler
            raise self._missing() from error
