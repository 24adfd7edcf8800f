"""The web application: every route, error and header wired together."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from api import compression, health, openapi, parts, problems
from api.access import limits, security
from api.access.callers import Callers
from api.access.clients import Forwarded
from api.links import IdConverter
from api.observing import metrics, traces
from api.observing.requests import Observed
from api.pages import engine, merchandise, shop, sign_in
from api.pages import jobs as jobs_page
from api.services import Services, attach
from api.v1 import (
    batch,
    catalogues,
    changes,
    detect,
    facets,
    feed,
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
from vision import structs
from vision.addresses import networks
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
    feed,
    measurements,
    health,
    metrics,
    status,
    queries,
    openapi,
    shop,
    merchandise,
    engine,
    jobs_page,
    sign_in,
)


def create_app(
    settings: Settings,
    workspace: Workspace | None = None,
    *,
    notice: str | None = None,
    spans: traces.Traces | None = None,
) -> Flask:
    """Make the application; Solr is looked for when the first request needs it.

    Args:
        settings: validated settings; without ``api_keys`` everything is open, to this machine only.
        workspace: where client and engine come from; the one that ``settings`` describe if not given.
        notice: what whoever looks at readiness should know.
        spans: opened around requests and their stages; none if not given.

    Raises:
        BadSetting: an API keys file, an issuer, a detector or a mapping file of its labels that cannot be used.
    """
    structs.build()
    app = Flask(__name__, static_folder=str(_WEB / "static"), template_folder=str(_WEB / "templates"))
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_mb << 20
    app.config["MAX_FORM_MEMORY_SIZE"] = parts.MAX_JSON
    app.config["MAX_FORM_PARTS"] = 10
    app.url_map.converters["id"] = IdConverter
    # Ids may hold slashes, even two of them in a row.
    app.url_map.merge_slashes = False
    callers = Callers.of(settings)
    wired = Services(settings, workspace or Workspace(settings), callers, notice)
    attach(app, wired)
    problems.install(app)
    compression.install(app)
    security.install(app, callers)
    limits.install(app, settings, callers)
    app.wsgi_app = Forwarded(app.wsgi_app, networks(settings.trusted_proxies))  # type: ignore[method-assign]
    for resource in _RESOURCES:
        app.register_blueprint(resource.blueprint)
    # Outermost: it sees requests as they came, and the answers of all that stands behind it.
    watched = Observed(app, metrics.install(app, wired), spans or traces.Traces(), texts=settings.log_texts)
    app.wsgi_app = watched  # type: ignore[method-assign]
    return app
