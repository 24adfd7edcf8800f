"""Fetch a picture from a web address, with limits on bytes, time and where it may lead."""

from __future__ import annotations

import ipaddress
import socket
import time
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from vision.errors import BadImage, TooLarge

_CHUNK = 1 << 16
_REDIRECTS = 3


def picture(url: str, max_bytes: int, *, timeout: float = 20.0) -> bytes:
    """The bytes at ``url``, following redirects; for addresses that the operator chose.

    Args:
        url: http or https.
        max_bytes: more is refused without reading on.
        timeout: seconds for the answer, and again for all of its bytes.

    Raises:
        BadImage: no answer in time, another status than 200, or no web address.
        TooLarge: more than ``max_bytes``.
    """
    answer = _get(url, max_bytes, timeout, redirects=True)
    assert isinstance(answer, bytes)  # every redirect was followed
    return answer


def public_picture(url: str, max_bytes: int, *, timeout: float = 10.0) -> bytes:
    """As :func:`picture`, for addresses that strangers choose: every hop must lead to the public internet.

    The name is looked up once more when the connection is made, so a resolver that changes its answer in between can
    still lead elsewhere: a firewall around the server is the sure way.

    Raises:
        BadImage: also for addresses of private networks and of this machine.
        TooLarge: more than ``max_bytes``.
    """
    for _ in range(_REDIRECTS + 1):
        _check_public(url)
        answer = _get(url, max_bytes, timeout, redirects=False)
        if isinstance(answer, bytes):
            return answer
        url = urljoin(url, answer)
    raise BadImage(f"the web address redirects more than {_REDIRECTS} times")


def _check_public(url: str) -> None:
    host = _checked(url)
    try:
        found = {each[4][0] for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise BadImage(f"the host {host!r} of the web address is not known") from error
    if not all(ipaddress.ip_address(str(address).partition("%")[0]).is_global for address in found):
        raise BadImage(f"the web address leads to {host!r}, which is not on the public internet")


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise BadImage(f"{url[:200]!r} is no web address; http:// and https:// are accepted")
    return host


def _get(url: str, max_bytes: int, timeout: float, *, redirects: bool) -> bytes | str:
    """The body, or where a redirect that is not followed leads."""
    _checked(url)
    try:
        with requests.get(url, timeout=timeout, stream=True, allow_redirects=redirects) as response:
            if response.is_redirect:
                return response.headers["Location"]
            if response.status_code != 200:
                raise BadImage(f"the web address answered {response.status_code}")
            deadline = time.monotonic() + timeout
            data = bytearray()
            # read1 returns what is there: a sender that drips cannot hold the deadline off.
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                data += chunk
                if len(data) > max_bytes:
                    raise TooLarge(f"the web address gives more than {max_bytes / 2**20:g} MiB")
                if time.monotonic() > deadline:
                    raise BadImage(f"the web address was not read to its end within {timeout:g} s")
            return bytes(data)
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        raise BadImage(f"the web address did not answer within {timeout:g} s") from None
    except requests.ConnectionError as error:
        raise BadImage("the web address could not be fetched: no connection") from error
    except urllib3.exceptions.HTTPError as error:
        raise BadImage("the web address could not be fetched: the answer broke off or is damaged") from error
    except (requests.RequestException, ValueError) as error:  # ValueError: some malformed addresses
        raise BadImage(f"the web address could not be fetched: {type(error).__name__}") from error
