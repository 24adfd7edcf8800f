"""The web application: every route, error and header wired together."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from api import compression, health, openapi, parts, problems, security
from api.keys import Keys
from api.links import IdConverter
from api.pages import engine, merchandise, shop, sign_in
from api.pages import jobs as jobs_page
from api.services import Services, attach
from api.v1 import (
    batch,
    catalogues,
    changes,
    detect,
    facets,
    jobs,
    looks,
    measurements,
    navigation,
    pictures,
    products,
    profiles,
    proposals,
    queries,
    search,
    status,
    suggest,
    tools,
    uploads,
    why,
)
from vision.settings import Settings
from vision.workspace import Workspace

_WEB = Path(__file__).parent / "web"
_RESOURCES = (
    search,
    suggest,
    batch,
    detect,
    looks,
    navigation,
    profiles,
    uploads,
    pictures,
    why,
    products,
    facets,
    proposals,
    changes,
    tools,
    jobs,
    catalogues,
    measurements,
    health,
    status,
    queries,
    openapi,
    shop,
    merchandise,
    engine,
    jobs_page,
    sign_in,
)


def create_app(settings: Settings, workspace: Workspace | None = None, *, notice: str | None = None) -> Flask:
    """Make the application; Solr is looked for when the first request needs it.

    Args:
        settings: validated settings; without ``api_keys`` everything is open, to this machine only.
        workspace: where client and engine come from; the one that ``settings`` describe if not given.
        notice: what whoever looks at readiness should know.

    Raises:
        BadSetting: an API keys file, a detector or a mapping file of its labels that cannot be used.
    """
    app = Flask(__name__, static_folder=str(_WEB / "static"), template_folder=str(_WEB / "templates"))
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_mb << 20
    app.config["MAX_FORM_MEMORY_SIZE"] = parts.MAX_JSON
    app.config["MAX_FORM_PARTS"] = 10
    app.url_map.converters["id"] = IdConverter
    # Ids may hold slashes, even two of them in a row.
    app.url_map.merge_slashes = False
    keys = Keys.load(settings.api_keys)
    attach(app, Services(settings, workspace or Workspace(settings), keys, notice))
    problems.install(app)
    compression.install(app)
    security.install(app, keys)
    for resource in _RESOURCES:
        app.register_blueprint(resource.blueprint)
    return app
