"""Every error of the libraries below becomes one of ours, and the tree at the top of the module is the real one."""

from __future__ import annotations

import inspect
import re
import struct
import zlib
from collections.abc import Iterator

import orjson
import pysolr
import pytest
import requests
from PIL import Image, UnidentifiedImageError

from vision import errors, images
from vision.errors import BadImage, NotFound, SolrRefused, SolrUnavailable, VisualSearchError
from vision.solr.client import SolrClient
from vision.solr.replies import solr_errors

URL = "http://solr:8983/solr/products"


def drawn() -> Iterator[tuple[str, str]]:
    """(class, its base) for each line of the tree in the module's docstring."""
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^    ([│ ]*(?:[├└]── )?)([A-Z]\w+)", line)
        if found is None:
            continue
        depth = len(found.group(1))
        above = [each for each in above if each[0] < depth]
        yield found.group(2), above[-1][1] if above else "Exception"
        above.append((depth, found.group(2)))


def test_the_tree_that_is_drawn_is_the_real_one() -> None:
    real = {
        name: each.__base__.__name__
        for name, each in inspect.getmembers(errors, inspect.isclass)
        if each.__module__ == errors.__name__ and each.__base__ is not None
    }
    assert list(drawn()) and dict(drawn()) == real


def subclasses(base: type[BaseException]) -> list[type[BaseException]]:
    return [base, *(each for direct in base.__subclasses__() for each in subclasses(direct))]


def made(kind: type[BaseException]) -> BaseException:
    return kind("text", "document", 0) if issubclass(kind, ValueError) and "JSON" in kind.__name__ else kind("text")


REQUESTS = sorted(
    {each for each in subclasses(requests.RequestException) if each.__module__ == "requests.exceptions"},
    key=lambda each: each.__name__,
)


def test_there_are_errors_to_map() -> None:
    assert {requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError} < set(REQUESTS)


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
def test_requests_errors_mean_no_answer(kind: type[BaseException]) -> None:
    with pytest.raises(SolrUnavailable, match=f"Solr at {URL} did not answer: ") as mapped, solr_errors(URL):
        raise made(kind)
    assert isinstance(mapped.value.__cause__, kind)


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
def test_pysolr_wraps_requests_errors_and_they_mean_the_same(kind: type[BaseException]) -> None:
    with pytest.raises(SolrUnavailable, match="did not answer"), solr_errors(URL):
        try:
            raise made(kind)
        except kind:
            raise pysolr.SolrError("Failed to connect") from None


def test_an_answer_that_breaks_off_is_told_from_none() -> None:
    with pytest.raises(SolrUnavailable, match="the connection broke in the middle of its answer"), solr_errors(URL):
        raise requests.exceptions.ChunkedEncodingError("text")


@pytest.mark.parametrize(("status", "kind"), [(400, SolrRefused), (401, SolrRefused), (413, SolrRefused)])
def test_solr_refusals_keep_their_status(status: int, kind: type[SolrRefused]) -> None:
    with pytest.raises(kind, match=f"Solr at {URL} refused: .*undefined field") as mapped, solr_errors(URL):
        raise pysolr.SolrError(f"Solr responded with an error (HTTP {status}): [Reason: undefined field x]")
    assert mapped.value.status == status


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_solr_that_is_not_ready_is_unavailable(status: int) -> None:
    with pytest.raises(SolrUnavailable, match=f"answered {status}: not ready or overloaded"), solr_errors(URL):
        raise pysolr.SolrError(f"Solr responded with an error (HTTP {status}): [Reason: None]")


def test_a_pysolr_error_without_a_status_is_a_refusal() -> None:
    with pytest.raises(SolrRefused) as mapped, solr_errors(URL):
        raise pysolr.SolrError("something else")
    assert mapped.value.status == 500


def test_what_is_not_json_is_no_solr() -> None:
    with pytest.raises(SolrRefused, match="not JSON; is it a Solr") as mapped, solr_errors(URL):
        orjson.loads(b"<html>")
    assert mapped.value.status == 502


def test_errors_of_ours_and_of_python_pass() -> None:
    for error in (NotFound("x"), KeyError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)), solr_errors(URL):
            raise error


def test_nobody_there() -> None:
    with SolrClient("http://127.0.0.1:9/solr", "c", timeout=2) as client:
        for call in (client.fields, client.commit, client.count, lambda: client.add([{"id": "1"}])):
            with pytest.raises(SolrUnavailable, match="Solr at http://127.0.0.1:9/solr(/c)? did not answer: no connec"):
                call()


@pytest.mark.parametrize(
    "error",
    [
        UnidentifiedImageError("x"),
        Image.DecompressionBombError("x"),
        Image.DecompressionBombWarning("x"),
        OSError("broken data stream"),
        SyntaxError("broken PNG file"),
        ValueError("x"),
        TypeError("x"),
        IndexError("x"),
        KeyError("x"),
        EOFError("x"),
        OverflowError("x"),
        MemoryError(),
        RuntimeError("x"),
        NotImplementedError("x"),
        struct.error("x"),
        zlib.error("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_pillow_errors_mean_a_bad_picture(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Image, "open", broken)
    with pytest.raises(BadImage, match=r"got 5 bytes that begin with b'text'") as mapped:
        images.decode(b"text!")
    assert mapped.value.__cause__ is error


def test_ctrl_c_is_no_bad_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Image, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        images.decode(b"text!")


def test_one_clause_catches_all() -> None:
    ours = [each for _, each in inspect.getmembers(errors, inspect.isclass) if each.__module__ == errors.__name__]
    assert len(ours) > 10
    assert all(issubclass(each, VisualSearchError) for each in ours)
