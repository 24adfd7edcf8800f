"""Who may call: roles at the routes, and the checks and headers that every request and answer gets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, g, request, session
from flask.sessions import SecureCookieSessionInterface

from api.access.callers import Callers, session_secret
from api.access.keys import Role, require
from api.access.loopback import PASSED_ON, is_loopback
from api.problems import expected
from api.services import services, services_of
from vision.errors import NotAuthenticated, NotPermitted
from vision.solr import deadline

View = TypeVar("View", bound=Callable[..., Any])

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
SIGNED_IN: Final = "key"
_SIGNED_IN_FOR: Final = timedelta(hours=12)

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
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()",
}


def requires(role: Role, *, or_loopback: bool = False) -> Callable[[View], View]:
    """Let a route be used by this role and those above it; without configured keys, by everyone.

    What shoppers may ask for has a deadline. ``or_loopback``: also by whoever asks on this machine.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not (or_loopback and asked_here()):
                require(caller(), role)
            with deadline.within(services().settings.search_seconds if role is Role.SHOPPER else None):
                return view(*args, **kwargs)

        guarded.role = role  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def caller() -> Role:
    """Who asks: by the key or token that came, else by who signed in; a token's signature is checked once a request.

    Raises:
        NotAuthenticated: nobody who is known.
        NotPermitted: a token without a role.
        IssuerUnavailable: whether a token counts cannot be known now.
    """
    if "caller" not in g:
        callers, presented = services().callers, presented_key()
        if callers and presented is None and (mark := session.get(SIGNED_IN)):
            g.caller = callers.keys.role_of_mark(mark)
        else:
            g.caller = callers.role(presented)
    return cast(Role, g.caller)


def sign_in(key: str) -> None:
    """Let a cookie stand for a key from now on.

    Raises:
        NotAuthenticated: a key that is not configured.
    """
    keys = services().callers.keys
    if not keys:
        raise NotAuthenticated("no API keys are configured to sign in with; send a token as `Authorization: Bearer …`")
    session[SIGNED_IN] = keys.mark(key)
    session.permanent = True


def sign_out() -> None:
    """Let it stand for nobody."""
    session.clear()


class _Cookies(SecureCookieSessionInterface):
    """Over HTTPS a cookie that is sent over nothing else; without keys there is none."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def presented_key() -> str | None:
    """The key or token that came with the request, if one did."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("X-API-Key")


def install(app: Flask, callers: Callers) -> None:
    """Check every request of an application, and set the headers of every answer."""
    app.session_interface = _Cookies()
    app.secret_key = session_secret(services_of(app).settings) if callers.keys else None
    app.config.update(
        SESSION_COOKIE_NAME="visual-search", SESSION_COOKIE_SAMESITE="Lax", PERMANENT_SESSION_LIFETIME=_SIGNED_IN_FOR
    )

    @app.before_request
    def check() -> Response | None:
        try:
            if not callers:
                check_host(request.environ.get("HTTP_HOST"), services().settings.host)
            if request.method not in _SAFE:
                check_site()
        except NotPermitted as error:
            return expected(error)  # even where a page was asked for: nothing is shown to who should not be here
        return None

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


def asked_here() -> bool:
    """Whether a program on this machine asks for itself, and none that passes on what others ask."""
    host = request.host if _is_authority(request.host) else ""
    named = is_loopback(urlsplit(f"//{host}").hostname or "")
    return named and is_loopback(request.remote_addr or "") and not request.environ.get(PASSED_ON)


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
