"""Who may call: roles at the routes, and the checks and headers that every request and answer gets."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, request

from api.keys import Role
from api.services import services
from vision.errors import NotPermitted

View = TypeVar("View", bound=Callable[..., Any])

_SAFE: Final = ("GET", "HEAD", "OPTIONS")

# Pictures of a catalogue may be web addresses, so img-src is the one thing that is open to other sites.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: https: http:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def requires(role: Role) -> Callable[[View], View]:
    """Let a route be used by this role and those above it; without configured keys, by everyone."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            services().keys.check(presented_key(), role)
            return view(*args, **kwargs)

        guarded.role = role  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def presented_key() -> str | None:
    """The key that came with the request, if one did."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("X-API-Key")


def install(app: Flask) -> None:
    """Check every request of an application, and set the headers of every answer."""

    @app.before_request
    def check() -> None:
        if not services().keys:
            check_host(request.environ.get("HTTP_HOST"), services().settings.host)
        if request.method not in _SAFE:
            check_site()

    @app.after_request
    def headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if response.mimetype in ("application/json", "application/problem+json"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def check_host(host: str | None, bound: str) -> None:
    """Without keys only this machine may ask, and a page elsewhere must not reach us by a name that it controls.

    Args:
        host: the request's Host header; browsers always send one.
        bound: the address the server was told to bind, which is accepted as well.

    Raises:
        NotPermitted: the host is not this machine.
    """
    if host is None:
        return
    name = urlsplit(f"//{host}").hostname or "" if _is_authority(host) else ""
    if not is_loopback(name) and name != bound.lower():
        raise NotPermitted(f"the Host header is {host!r}; without API keys only localhost and 127.0.0.1 are accepted")


def is_loopback(name: str) -> bool:
    """Whether a host name or address is this machine and nothing else."""
    name = name.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def check_site() -> None:
    """Refuse a request that changes or costs something and that another site's page sent.

    Browsers say where a request comes from; programs send neither header and pass.

    Raises:
        NotPermitted: it comes from another site.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        own = origin is None or (_is_authority(request.host) and urlsplit(origin).netloc == request.host)
    if not own:
        raise NotPermitted(f"a page of another site ({origin or site}) sent this; only this server's own page may")


def _is_authority(host: str) -> bool:
    """Whether a Host header can be split at all; ``urlsplit`` raises on a damaged IPv6 address."""
    try:
        return bool(urlsplit(f"//{host}").netloc)
    except ValueError:
        return False
