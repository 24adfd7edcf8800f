"""What came back from Solr: read, or mapped to one of our errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import pysolr
import requests

from vision.errors import DeadlineExceeded, NotFound, ShardUnavailable, SolrError, SolrRefused, SolrUnavailable
from vision.solr.curl import without_password

_STATUS = re.compile(r"\(HTTP (\d+)\)")
_DOWN = (429, 502, 503, 504)
_SIGNED_OUT = (401, 403)
_AWAY = (
    *("SolrServerException", "no servers hosting shard"),
    *("distributed update", "No registered leader", "says we are the leader"),
)
"""What a node says whose cluster lacks a shard, or a shard's leader."""
_ODD = 502
"""The status that what no Solr answers is noted with."""


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
        raise SolrRefused(f"{url} answered something that is not JSON; is it a Solr?", status=_ODD) from error


def _mapped(error: pysolr.SolrError, url: str) -> SolrError:
    if isinstance(error.__context__, requests.RequestException):
        return SolrUnavailable(f"Solr at {url} did not answer: {brief(error.__context__)}")
    found = _STATUS.search(str(error))
    status = int(found.group(1)) if found else 500
    return _away(url, status, str(error)) or _down(url, status) or _refused(url, status, str(error))


def brief(error: BaseException) -> str:
    """Why there was no answer, in words: the library's own text names its classes and quotes the address again."""
    if isinstance(error, requests.Timeout):
        return "it took longer than the time limit"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "what came is not compressed as it says"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke in the middle of its answer"
    return type(error).__name__


def check(response: requests.Response, shown: str) -> None:
    """Whether it is an answer at all; ``shown`` is Solr's base address, without a password.

    Raises:
        SolrUnavailable: not now.
        NotFound: there is no such handler or collection.
        SolrRefused: an error.
    """
    if response.status_code != 200:
        raise refusal(response, shown)


def refusal(response: requests.Response, shown: str) -> SolrError | NotFound:
    """What an answer whose status is not 200 means."""
    url = without_password(response.url.partition("?")[0])[0]
    if response.status_code == 404:
        return NotFound(f"Solr at {shown} has no {url.removeprefix(shown + '/')}")
    why = _reason(response)
    status = response.status_code
    return _away(shown, status, why) or _down(shown, status) or _refused(url, status, why)


def _away(url: str, status: int, why: str) -> ShardUnavailable | None:
    if status < 500 or not any(each in why for each in _AWAY):
        return None
    return ShardUnavailable(f"Solr at {url} answered {status}: a shard does not answer, or has no leader now ({why})")


def _down(url: str, status: int) -> SolrUnavailable | None:
    if status not in _DOWN:
        return None
    return SolrUnavailable(f"Solr at {url} answered {status}: not ready or overloaded")


def _refused(url: str, status: int, why: str) -> SolrRefused:
    if status in _SIGNED_OUT:
        why = f"it answered {status} ({why}); check the user and the password in SOLR_URL, and what that user may do"
    return SolrRefused(f"Solr at {url} refused: {why}", status=status)


def _reason(response: requests.Response) -> str:
    try:
        return str(orjson.loads(response.content)["error"]["msg"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return response.reason or str(response.status_code)


def decoded(content: bytes, url: str) -> dict[str, Any]:
    """An answer's JSON.

    Raises:
        SolrRefused: JSON of another kind than Solr's.
    """
    found = orjson.loads(content)
    if not isinstance(found, dict):
        raise odd(url)
    return found


def searched(content: bytes, url: str, sent: Mapping[str, Any], *, partial: bool) -> dict[str, Any]:
    """The answer to a query.

    Args:
        content: its bytes.
        url: where it came from.
        sent: the query's parameters; of facets and of what documents return, what was asked for must be there.
        partial: whether it may be part of an answer.

    Raises:
        DeadlineExceeded: it is part of one, as Solr ran out of time.
        SolrRefused: it is no such answer.
    """
    found = decoded(content, url)
    header, response = found.get("responseHeader"), found.get("response")
    returned = str(sent.get("fl", "")).split(",")
    if not (isinstance(header, dict) and isinstance(response, dict) and _is_page(response, returned)):
        raise odd(url)
    if header.get("partialResults"):
        if not partial:
            raise out_of_time(url)
    elif sent.get("json.facet", "{}") != "{}" and not isinstance(found.get("facets"), dict):
        raise odd(url)
    return found


def _is_page(response: Mapping[str, Any], returned: Sequence[str]) -> bool:
    documents = response.get("docs")
    if not (isinstance(documents, list) and isinstance(response.get("numFound"), int)):
        return False
    kinds = [(name, kind) for name, kind in (("id", str), ("score", int | float)) if name in returned]
    return all(
        isinstance(each, dict) and all(isinstance(each.get(name), kind) for name, kind in kinds) for each in documents
    )


def out_of_time(url: str) -> DeadlineExceeded:
    """Solr stopped before it had what was asked for."""
    return DeadlineExceeded(
        f"Solr at {without_password(url)[0]} had no answer in the time that the request may take; ask again, ask for "
        "less, or allow more with VISUAL_SEARCH_SEARCH_SECONDS"
    )


def odd(url: str) -> SolrRefused:
    """An answer that no Solr gives to what was asked."""
    return SolrRefused(
        f"{without_password(url)[0]} answered something that Solr does not answer; is it a Solr, and is nothing that "
        "changes its answers in between?",
        status=_ODD,
    )
