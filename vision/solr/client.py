"""One collection over HTTP: written to through pysolr, with its one error split into ours, and searched without it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import orjson
import pysolr
import requests

from vision.errors import NotFound, SolrError, SolrRefused, SolrUnavailable
from vision.solr import cbor, vectors
from vision.solr.curl import without_password
from vision.solr.fields import HANDLER, FieldMap
from vision.solr.forms import Forms
from vision.solr.vectors import Keeping, VectorFile

_STATUS = re.compile(r"\(HTTP (\d+)\)")
_DOWN = (502, 503, 504)
# Whoever adds commits: the collection's own soft commit, after seconds, would make many small segments of a load.
_BULK_COMMIT_MS = "60000"

# pysolr logs each failure with its traceback before it raises it; the caller decides what is shown.
logging.getLogger("pysolr").setLevel(logging.CRITICAL)


class _Json:
    """What pysolr calls to write and read JSON: orjson knows NumPy's arrays and keeps float32 exactly."""

    @staticmethod
    def encode(value: Any) -> str:
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()

    @staticmethod
    def decode(text: str) -> Any:
        return orjson.loads(text)


@contextmanager
def solr_errors(url: str) -> Iterator[None]:
    """Map what requests and pysolr raise: no answer is :class:`SolrUnavailable`, an error is :class:`SolrRefused`."""
    url = without_password(url)[0]
    try:
        yield
    except pysolr.SolrError as error:
        raise _mapped(error, url) from error
    except requests.RequestException as error:
        raise SolrUnavailable(f"Solr at {url} did not answer: {brief(error)}") from error
    except orjson.JSONDecodeError as error:
        raise SolrRefused(f"{url} answered something that is not JSON; is it a Solr?", status=502) from error


def _mapped(error: pysolr.SolrError, url: str) -> SolrError:
    if isinstance(error.__context__, requests.RequestException):
        return SolrUnavailable(f"Solr at {url} did not answer: {brief(error.__context__)}")
    found = _STATUS.search(str(error))
    status = int(found.group(1)) if found else 500
    if status in _DOWN:
        return SolrUnavailable(f"Solr at {url} answered {status}: not ready or overloaded")
    return SolrRefused(f"Solr at {url} refused: {error}", status=status)


def brief(error: BaseException) -> str:
    """Why there was no answer, in words: the library's own text names its classes and quotes the address again."""
    if isinstance(error, requests.Timeout):
        return "it took longer than the time limit"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke in the middle of its answer"
    return type(error).__name__


class SolrClient:
    """Requests to one collection (or core); safe to share between threads."""

    def __init__(self, url: str, collection: str, *, timeout: float = 30.0, vectors: Path | None = None) -> None:
        """Prepare, without connecting.

        Args:
            url: Solr's base, as ``http://127.0.0.1:8983/solr``.
            collection: the collection's or core's name.
            timeout: seconds before a request is given up.
            vectors: the file of vectors that collections keep outside Solr.
        """
        self.base = url.rstrip("/")
        self.shown = without_password(self.base)[0]
        self.collection = collection
        self.url = f"{self.base}/{collection}"
        self.timeout = timeout
        self.session = requests.Session()
        # A proxy of the environment must not see, or break, what goes to this machine.
        self.session.trust_env = urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1")
        self.session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=32))
        self._bulk = pysolr.Solr(self.url, timeout=3600, session=self.session, encoder=_Json, decoder=_Json)
        self._names: FieldMap | None = None
        self._forms: dict[str, Forms] = {}
        self.vectors = vectors
        self.outside = None if vectors is None else VectorFile(vectors)
        self._keeping: Keeping | None = None
        self._cbor = True

    def close(self) -> None:
        """Close the connections."""
        self.session.close()
        self._forms.clear()
        if self.outside is not None:
            self.outside.close()

    def __enter__(self) -> Self:
        """Use as a context manager that closes its connections."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def _call(self, call: Callable[[], object]) -> None:
        with solr_errors(self.url):
            try:
                call()
            except pysolr.SolrError as error:
                if "(HTTP 404)" in str(error):
                    raise self._missing() from error
                raise

    def _missing(self) -> NotFound:
        return NotFound(f"Solr at {self.shown} has no collection {self.collection!r}; index a catalogue into it first")

    def select(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Run one query; returns Solr's whole decoded answer, with vectors that are asked for however they are kept.

        Raises:
            SolrUnavailable: no answer.
            SolrRefused: an answer that is an error.
            NotFound: no such collection, or a vector that is kept outside Solr is not where it should be.
        """
        names, asked = self.names, str(params.get("fl", ""))
        forms = self._forms.get(names.handler)
        if forms is None:
            forms = self._forms[names.handler] = Forms(self.session, f"{self.url}/{names.handler}")
        more = vectors.returning(asked) if names.fields is None else asked
        sent = {"q": "*:*", "wt": "json", **params, **({"fl": more} if more != asked else {})}
        with solr_errors(self.url):
            answered = forms.send(sent, self.timeout)
            try:
                answer = orjson.loads(answered) if isinstance(answered, bytes) else self._answered(answered)
            except NotFound as error:
                raise self._missing() from error
        if more != asked:
            vectors.fill(answer["response"]["docs"], asked, self.outside)
        return dict(answer)

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
                self._keeping = Keeping.of(self.get_json("schema/fields")["fields"])
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

    @property
    def names(self) -> FieldMap:
        """How this collection calls what a search speaks of; asked of it once, at the first search.

        Raises:
            SolrUnavailable: no answer.
            SolrRefused: Solr failed.
        """
        if self._names is None:
            try:
                handlers = self.get_json("config/requestHandler")["config"]["requestHandler"]
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
            self._call(lambda: self._bulk.add(list(documents), commit=False))  # updates of single fields
            return
        whole = documents
        if any(vectors.VECTOR in each for each in documents):
            whole = vectors.kept(documents, self.keeping, self.outside)
        if not self._cbor or not self._added(cbor.encode(whole)):
            self._call(lambda: self._bulk.add(list(whole), commit=False))

    def _added(self, body: bytes) -> bool:
        """Whether this Solr reads CBOR; what it read it has added."""
        with solr_errors(self.url):
            response = self.session.post(
                f"{self.url}/update",
                data=body,
                params={"wt": "json", "commitWithin": _BULK_COMMIT_MS},
                headers={"Content-Type": cbor.CONTENT_TYPE},
                timeout=3600,
            )
            self._cbor = response.status_code != 415
            if response.status_code == 404:
                raise self._missing()
            if self._cbor:
                self._check(response)
        return self._cbor

    def commit(self) -> None:
        """Make everything added visible and safe."""
        self._call(self._bulk.commit)

    def merge(self) -> None:
        """Merge into one segment: a graph search then visits a quarter of the nodes that many segments cost."""
        self._call(lambda: self._bulk.optimize(maxSegments=1))

    def delete(self, query: str) -> None:
        """Delete what matches; visible after a commit."""
        self._call(lambda: self._bulk.delete(q=query, commit=False))

    def delete_ids(self, ids: Sequence[str]) -> None:
        """Delete documents by their ids; visible after a commit."""
        self._call(lambda: self._bulk.delete(id=list(ids), commit=False))

    def post(self, path: str, body: Any, **params: Any) -> dict[str, Any]:
        """POST JSON to a handler of this collection, as ``schema``.

        Raises:
            SolrUnavailable: no answer.
            SolrRefused: an answer that is an error.
        """
        with solr_errors(self.base):
            response = self.session.post(
                f"{self.url}/{path}",
                data=_Json.encode(body).encode(),
                params={"wt": "json", **params},
                headers={"Content-Type": "application/json"},
                timeout=3600,
            )
            return self._answered(response)

    def index_version(self) -> str:
        """What changes with each commit that changes the index; of one replica, where there are several."""
        index = self._luke(show="index")["index"]
        return f"{index.get('version')} {index.get('lastModified')}"

    def configuration_file(self, name: str) -> str:
        """The text of a file of the collection's configset.

        Raises:
            NotFound: there is none of this name.
            SolrRefused: the Solr does not show its files.
            SolrUnavailable: no answer.
        """
        with solr_errors(self.base):
            response = self.session.get(f"{self.url}/admin/file", params={"file": name}, timeout=self.timeout)
            self._check(response)
            return response.content.decode("utf-8", "replace")

    def page(self, path: str) -> bytes:
        """What the node shows a browser at this path; empty where it shows nothing.

        Raises:
            SolrUnavailable: no answer.
        """
        with solr_errors(self.base):
            response = self.session.get(f"{self.base}/{path}", timeout=self.timeout)
            return response.content if response.status_code == 200 else b""

    def get_json(self, path: str, **params: Any) -> dict[str, Any]:
        """GET a handler of this collection, as ``admin/luke``."""
        return self._get(f"{self.url}/{path}", params)

    def admin(self, path: str, **params: Any) -> dict[str, Any]:
        """GET a handler of the node, as ``admin/cores``."""
        return self._get(f"{self.base}/{path}", params)

    def _get(self, url: str, params: Mapping[str, Any]) -> dict[str, Any]:
        with solr_errors(self.base):
            return self._answered(self.session.get(url, params={"wt": "json", **params}, timeout=self.timeout))

    def _answered(self, response: requests.Response) -> dict[str, Any]:
        self._check(response)
        return dict(orjson.loads(response.content))

    def _check(self, response: requests.Response) -> None:
        url = without_password(response.url.partition("?")[0])[0]
        if response.status_code in _DOWN:
            raise SolrUnavailable(f"Solr at {self.shown} answered {response.status_code}: not ready or overloaded")
        if response.status_code == 404:
            raise NotFound(f"Solr at {self.shown} has no {url.removeprefix(self.shown + '/')}")
        if response.status_code != 200:
            raise SolrRefused(f"Solr at {url} refused: {_reason(response)}", status=response.status_code)

    def fields(self) -> frozenset[str]:
        """The names of the fields that documents of this collection really have."""
        return frozenset(self._luke()["fields"])

    def _luke(self, **params: str) -> dict[str, Any]:
        """What Solr says of the index."""
        try:
            return self.get_json("admin/luke", numTerms=0, **params)
        except NotFound as error:  # every collection has this handler
            raise self._missing() from error


def _reason(response: requests.Response) -> str:
    try:
        return str(orjson.loads(response.content)["error"]["msg"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return response.reason or str(response.status_code)
