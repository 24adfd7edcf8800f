"""What all pages have: the way to the others, and errors as pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from api.access.keys import Role
from api.access.security import caller
from api.problems import problem
from api.services import services
from vision.errors import NotAuthenticated, VisualSearchError

_STATIC: Final = (Path(__file__).parent.parent / "web" / "static").resolve()
_IMPORT: Final = re.compile(r"""(?:from|import) "(\.[^"]+\.js)";""")


@dataclass(frozen=True)
class Section:
    """One page: what it is called, and the endpoint that answers it."""

    name: str
    endpoint: str


@dataclass(frozen=True)
class Area:
    """Pages for one role, the first of them the one to begin with."""

    name: str
    role: Role
    sections: tuple[Section, ...]


AREAS: Final[tuple[Area, ...]] = (
    Area("Shop", Role.SHOPPER, (Section("Search", "shop.index"),)),
    Area(
        "Merchandise",
        Role.MERCHANDISER,
        (
            Section("Groups", "merchandise.groups"),
            Section("Fill", "merchandise.fill"),
            Section("Audit", "merchandise.audit"),
            Section("Duplicates", "merchandise.duplicates"),
            Section("Proposals", "merchandise.proposals"),
            Section("Changes", "merchandise.log"),
        ),
    ),
    Area(
        "Engine",
        Role.ENGINEER,
        (
            Section("Overview", "engine.overview"),
            Section("Queries", "engine.queries"),
            Section("Measurements", "engine.measurements"),
        ),
    ),
    Area("Jobs", Role.MERCHANDISER, (Section("Jobs", "work.index"),)),
)


def areas() -> list[Area]:
    """Those that whoever asks may see.

    Raises:
        NotAuthenticated: nobody is known to ask.
    """
    role = caller()
    return [each for each in AREAS if each.role <= role]


def modules(*named: str) -> tuple[str, ...]:
    """Modules to be named in a page: those of a room or single ones, and whatever they import.

    A browser then fetches them side by side, and not each when another one names it.
    """
    found: dict[str, None] = {}
    waiting = [path for each in named for path in _begun(each)]
    while waiting:
        path = waiting.pop()
        name = path.relative_to(_STATIC).as_posix()
        if name not in found:
            found[name] = None
            waiting += [(path.parent / other).resolve() for other in _IMPORT.findall(path.read_text(encoding="utf-8"))]
    return tuple(sorted(found))


def _begun(named: str) -> list[Path]:
    return [_STATIC / named] if named.endswith(".js") else sorted((_STATIC / named).glob("*.js"))


def render(template: str, status: int = 200, *, section: str | None = None, **values: Any) -> Response:
    """A page, with the way to the others; ``section`` is the endpoint of the one that it lies below."""
    page = render_template(
        template, areas=areas(), endpoint=section or request.endpoint, keys=bool(services().callers), **values
    )
    response = make_response(page, status)
    # What a role sees is not for who sits down at the machine after signing out, and presses "back".
    response.headers["Cache-Control"] = "no-store" if services().callers else "private, no-cache"
    return response


def embedded(value: Any) -> str:
    """Values for a page's own modules as JSON, safe inside an element."""
    data = msgspec.json.encode(value).decode()
    return data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def install(blueprint: Blueprint) -> None:
    """Let pages answer errors as pages; who is not signed in is sent to sign in."""
    blueprint.register_error_handler(NotAuthenticated, _sign_in)
    blueprint.register_error_handler(VisualSearchError, _problem)


def _sign_in(error: NotAuthenticated) -> AnyResponse:
    return redirect(url_for("sign_in.form", next=request.full_path.rstrip("?")), 303)


def _problem(error: VisualSearchError) -> Response:
    found = problem(error)
    return render("problem.html", found.status, problem=found)
