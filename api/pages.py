"""The search page; everything it shows comes from the same routes that programs use."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, make_response, render_template

from api.services import services
from vision.images import FORMATS

blueprint = Blueprint("pages", __name__)

# Named one by one, not image/*: a phone then hands over a JPEG in place of a format that is not read here.
_ACCEPT: Final = ",".join(f"image/{name.lower()}" for name in FORMATS)


@blueprint.get("/")
def index() -> Response:
    """Answer the page."""
    response = make_response(
        render_template("search.html", accept=_ACCEPT, max_upload=services().settings.max_upload_mb)
    )
    response.headers["Cache-Control"] = "no-cache"
    return response
