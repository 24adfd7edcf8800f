"""Who a request comes from: the address that connected or, where that is a proxy that is trusted, the one it names."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from vision.addresses import Address, Network

_FORWARDED: Final = tuple(
    f"HTTP_{name}"
    for name in (
        "FORWARDED",
        "X_FORWARDED_FOR",
        "X_FORWARDED_HOST",
        "X_FORWARDED_PROTO",
        "X_FORWARDED_PORT",
        "X_REAL_IP",
    )
)
_IPV6_CLIENT: Final = 64
"""Bits of an IPv6 address that are one client's: the rest it chooses itself."""


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of some networks; what is no address is in none."""
    found = _read(address)
    return found is not None and any(found in network for network in networks if network.version == found.version)


def as_client(address: str) -> str:
    """What an address is counted as: itself, or its network where it is IPv6; ``unknown`` where it is none."""
    found = _read(address)
    if found is None:
        return "unknown"
    return str(found if found.version == 4 else ipaddress.ip_network((found, _IPV6_CLIENT), strict=False))


def _read(address: str) -> Address | None:
    """An address without brackets and zone, IPv4 where it is that in IPv6; None where it is none."""
    try:
        found = ipaddress.ip_address(address.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


class Forwarded:
    """WSGI: takes a client's address and scheme from trusted proxies, and from nobody else.

    A proxy appends to ``X-Forwarded-For`` whom it was asked by, so the last address that is no trusted proxy is the
    client's; what stands before it the client may have written itself.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], trusted: Sequence[Network]) -> None:
        """Wrap an application."""
        self._application = application
        self._trusted = tuple(trusted)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        if is_within(environ.get("REMOTE_ADDR", ""), self._trusted):
            hops = [each.strip() for each in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if each.strip()]
            client = next((each for each in reversed(hops) if not is_within(each, self._trusted)), None)
            if client is not None:
                environ["REMOTE_ADDR"] = client if as_client(client) != "unknown" else "0.0.0.0"
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
        for name in _FORWARDED:
            environ.pop(name, None)
        return self._application(environ, start_response)
