"""Signing in with an API key, for people: a signed cookie then stands for the key."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.access.security import sign_in, sign_out
from api.services import services
from vision.errors import NotAuthenticated

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
def form() -> Response:
    """Ask for a key; where none is needed, go on."""
    if not services().callers:
        return redirect(_onward(request.args.get("next")), 303)
    return _form(request.args.get("next"), "")


@blueprint.post("/sign-in")
def enter() -> Response:
    """Take a key and go on."""
    onward = request.form.get("next")
    try:
        sign_in(request.form.get("key", "").strip())
    except NotAuthenticated as error:
        return _form(onward, str(error), error_status=401)
    return redirect(_onward(onward), 303)


@blueprint.post("/sign-out")
def leave() -> Response:
    """Forget who it was."""
    sign_out()
    return redirect(url_for("sign_in.form"), 303)


def _form(onward: str | None, said: str, error_status: int = 200) -> Response:
    page = render_template("sign_in.html", onward=_onward(onward), said=said)
    response = make_response(page, error_status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _onward(path: str | None) -> str:
    """Where to go: a path of this server and nothing else."""
    if path and path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable():
        return path
    return "/"
