"""The shop's page: written here with its first answer, so that it is read without JavaScript; modules take over.

Everything it shows comes from what programs get by the same routes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from api.access.keys import Role
from api.access.security import requires
from api.links import picture_url
from api.pages import addresses, frame, showing
from api.pages.addresses import ROWS, Address
from api.problems import Problem, problem
from api.services import services
from api.v1.facets import FacetsForm, known_facets
from vision.errors import VisualSearchError
from vision.images import FORMATS
from vision.search.presentation import ResultForm, form
from vision.search.request import parse

blueprint = Blueprint("shop", __name__)
frame.install(blueprint)

_MODULES: Final = frame.modules("shop/main.js")

# Named one by one, not image/*: a phone then hands over a JPEG in place of a format that is not read here.
_ACCEPT: Final = ",".join(f"image/{name.lower()}" for name in FORMATS)
_FEW: Final = 8
"""Values of a facet that are shown at once."""
# Of a facet, these have controls of their own.
_APART: Final = frozenset({"in_stock", "currency"})


@dataclass(frozen=True)
class Found:
    """What there is to filter by, and the answer; each None where it could not be had, as ``problem`` says."""

    known: FacetsForm | None = None
    result: ResultForm | None = None
    problem: Problem | None = None

    def embedded(self) -> str | None:
        """Both as JSON for the page's own modules, safe inside an element."""
        if self.known is None or self.result is None:
            return None
        return frame.embedded({"known": self.known, "result": self.result})


@blueprint.get("/")
@requires(Role.SHOPPER)
def index() -> Response:
    """Answer the page; with the status of the problem where there is one."""
    address = addresses.read(request.args)
    view = request.args.get("view", "")
    found = Found() if view else _find(address)
    settings = services().settings
    shown = _results(address, found.result) if found.result is not None else {}
    return frame.render(
        "search.html",
        found.problem.status if found.problem is not None else 200,
        accept=_ACCEPT,
        max_upload=settings.max_upload_mb,
        kept_minutes=max(1, round(settings.upload_ttl / 60)),
        address=address,
        view=view,
        found=found,
        few=_FEW,
        modules=_MODULES,
        is_start=address.url() == "/" and address.number == 1,
        showing=showing,
        **shown,
    )


@blueprint.get("/favicon.ico")
def icon() -> AnyResponse:
    """Where browsers look for an icon when what they show names none, as JSON and pictures do not."""
    return redirect(url_for("static", filename="icon.svg"), 308)


def choices(known: FacetsForm) -> list[str]:
    """Fields that are worth choosing by: what all products have in common is not."""
    return [
        name
        for name, values in known.facets.items()
        if name not in _APART and isinstance(values, list) and len(values) > 1
    ]


def _counted(known: FacetsForm, address: Address) -> list[str]:
    """What is counted for the page: choices, and prices where it is clear which are meant."""
    return choices(known) + (["price"] if "price" in known.ranges or address.currency else [])


def _find(address: Address) -> Found:
    known = None
    try:
        engine = services().engine
        known = known_facets(engine)
        wanted = parse(address.request(_counted(known, address)))
        return Found(known, form(engine.search(wanted), image=picture_url))
    except VisualSearchError as error:
        return Found(known, None, problem(error))


def _results(address: Address, result: ResultForm) -> dict[str, Any]:
    last = max(1, math.ceil(result.total / ROWS))
    return {
        "cards": [showing.card(hit, address.is_by_picture) for hit in result.hits],
        "misses": [showing.card(hit, address.is_by_picture) for hit in result.misses],
        "last": max(last, address.number),
        "facets": [(name, values) for name, values in result.facets.items() if isinstance(values, list) and values],
    }
