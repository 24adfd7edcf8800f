"""Queries as forms, sent to one address as ``requests`` would send them, less what it works out anew for each.

A search by a vector is 16 KB of form. Writing it, and what ``requests`` does around sending it, took the web server
more time than all else that it does for a search (docs/decisions/0013-where-a-search-spends-its-time.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

import requests
import urllib3

from vision import telemetry
from vision.telemetry import Stage

_HEADERS = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
_PLAIN = ",()[]{}!$'*/:;@"
"""What stands in a form as it is, so that a vector's text need not be gone through character by character."""
_SHORT = 256
"""Characters up to which texts are looked up: most of a form is the same in every search."""
_LONGEST_ADDRESS = 1024
"""Characters from which on a form is a body."""


def encoded(params: Mapping[str, Any]) -> str:
    """Parameters, each a value or a list of them, as a form."""
    pairs = (
        f"{_quoted(name)}={_quoted(text) if len(text) < _SHORT else quote_plus(text, _PLAIN)}"
        for name, value in params.items()
        for text in map(str, value if isinstance(value, list | tuple) else (value,))
    )
    return "&".join(pairs)


@lru_cache(2048)
def _quoted(text: str) -> str:
    return quote_plus(text, _PLAIN)


class Forms:
    """Sends forms to one address; safe to share between threads."""

    def __init__(self, session: requests.Session, url: str, attempts: urllib3.Retry) -> None:
        """Take the session's credentials, proxies and certificates for this address, without connecting.

        ``attempts`` are made in place of the session's: a form is sent to be answered, and changes nothing.
        """
        self._attempts = attempts
        self._request = session.prepare_request(requests.Request("POST", url, headers=_HEADERS))
        given = session.merge_environment_settings(url, {}, stream=False, verify=None, cert=None)
        adapter = session.get_adapter(url)
        assert isinstance(adapter, requests.adapters.HTTPAdapter)
        self._adapter = adapter
        pool = adapter.get_connection_with_tls_context(
            self._request, given["verify"], proxies=given["proxies"], cert=given["cert"]
        )
        assert isinstance(pool, urllib3.HTTPConnectionPool)
        self._pool = pool
        self._target = adapter.request_url(self._request, given["proxies"])
        self._headers = {name: value for name, value in self._request.headers.items() if name != "Content-Length"}
        self._short = {name: value for name, value in self._headers.items() if name != "Content-Type"}

    def send(self, params: Mapping[str, Any], timeout: float) -> bytes | requests.Response:
        """The answer's body, or the whole answer where its status is not 200.

        The id of the request that is being answered goes with it: Solr logs it as ``rid``.

        Raises:
            requests.RequestException: no answer, or one that broke off.
        """
        with telemetry.stage(Stage.SOLR):
            return self._answered(params, timeout)

    def _answered(self, params: Mapping[str, Any], timeout: float) -> bytes | requests.Response:
        form, more = encoded(params), dict[str, str]()
        if (asking := telemetry.current()) is not None:
            form, more = f"{form}&rid={asking.id}", dict(asking.listener.headers())
        try:
            if len(form) < _LONGEST_ADDRESS:
                answer = self._open("GET", f"{self._target}?{form}", None, self._short | more, timeout)
            else:
                answer = self._open("POST", self._target, form.encode(), self._headers | more, timeout)
        except urllib3.exceptions.MaxRetryError as error:  # a connection that was refused counts as a timeout there
            late = isinstance(error.reason, urllib3.exceptions.TimeoutError)
            if late and not isinstance(error.reason, urllib3.exceptions.NewConnectionError):
                raise requests.Timeout(error) from error
            raise requests.ConnectionError(error) from error
        except urllib3.exceptions.TimeoutError as error:
            raise requests.Timeout(error) from error
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(error) from error
        if answer.status != 200:
            refused = self._adapter.build_response(self._request, answer)
            _ = refused.content  # read to its end, the connection is free for others
            return refused
        try:
            return answer.read(decode_content=True)
        except urllib3.exceptions.TimeoutError as error:
            raise requests.Timeout(error) from error
        except urllib3.exceptions.HTTPError as error:
            raise requests.exceptions.ChunkedEncodingError(error) from error
        finally:
            answer.release_conn()

    def _open(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> urllib3.BaseHTTPResponse:
        return self._pool.urlopen(
            method,
            target,
            body=body,
            headers=headers,
            timeout=timeout,
            retries=self._attempts,
            redirect=False,
            assert_same_host=False,  # a proxy is asked for the address of another
            preload_content=False,
            decode_content=False,
        )
