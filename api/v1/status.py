"""`GET /v1/status`: everything that a search engineer asks first, in one answer; what could not be had says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
import orjson
from flask import Blueprint, Response

from api.access.keys import Role
from api.access.security import requires
from api.health import ReadyForm, readiness
from api.operations import Operation, answer, describe
from api.services import Services, services
from vision.catalog.drift_form import DriftForm, drift_form
from vision.errors import VisualSearchError
from vision.settings import Settings, origins
from vision.solr.client import SolrClient
from vision.solr.curl import without_password
from vision.solr.fields import REGIONS
from vision.solr.statistics import IndexForm, ServerForm, read_index, read_server
from vision.swapping.status import BesideForm
from vision.swapping.status import gather as gather_beside

blueprint = Blueprint("status", __name__, url_prefix="/v1")

T = TypeVar("T")

# Seconds for each of the few requests: an overview that waits is none.
_PATIENCE: Final = 3.0


class CollectionForm(msgspec.Struct, frozen=True):
    """What the collection holds: ``documents`` are whole pictures and their ``regions``.

    ``without_vector`` are products' documents that no photo finds: those without a picture.
    """

    name: str
    documents: int
    products: int
    pictures: int
    regions: int
    without_vector: int


class CalibrationForm(msgspec.Struct, frozen=True):
    """That `visual-search calibrate` ran for these vectors: by which attribute, and on how many pictures."""

    by: str
    sample: int


class EmbeddingForm(msgspec.Struct, frozen=True):
    """How the collection's vectors are made.

    ``weights`` is the fingerprint of extractor, weights and preprocessing; ``dims_in`` features become ``dims_out``
    components, of which the first ``coarse_dims`` find candidates; ``sigma2`` is the median squared distance.
    ``calibration`` is null where distances were not measured; ``drift`` says how well new pictures are described.
    """

    fingerprint: str
    extractor: str
    weights: str
    dims_in: int
    dims_out: int
    coarse_dims: int
    sigma2: float
    calibration: CalibrationForm | None
    drift: DriftForm


class SettingForm(msgspec.Struct, frozen=True):
    """A setting in force, without any password, and its ``origin``: ``environment``, ``default`` or ``command``."""

    name: str
    variable: str
    value: str | None
    origin: str
    meaning: str


class MissingForm(msgspec.Struct, frozen=True):
    """A part of this answer that could not be had, and why."""

    part: str
    reason: str


class StatusForm(msgspec.Struct, frozen=True):
    """Health, collection, embedding, Solr, index and settings; a part that is null is in ``missing``.

    ``retries`` are requests to Solr that this server sent again since it started; ``beside`` is null where no
    collection is beside the one that is served.
    """

    at: str
    health: ReadyForm
    collection: CollectionForm | None
    embedding: EmbeddingForm | None
    solr: ServerForm | None
    index: IndexForm | None
    retries: int
    beside: BesideForm | None
    settings: list[SettingForm]
    missing: list[MissingForm]


@blueprint.get("/status")
@requires(Role.ENGINEER)
@describe(Operation("Health, collection, embedding, Solr, index and settings at once", answer=StatusForm))
def status() -> Response:
    """Answer all there is, and why the rest is not there."""
    return answer(gather(services()))


def gather(wired: Services) -> StatusForm:
    """Ask for everything; what does not answer within seconds is left out and named."""
    health, at, settings = readiness(wired), datetime.now(UTC).isoformat(timespec="seconds"), _settings(wired.settings)
    down = next((check.detail or "" for check in health.checks if check.name == "solr" and not check.ok), None)
    if down is not None:
        missing = [MissingForm(part, down) for part in ("collection", "embedding", "solr", "index")]
        return StatusForm(at, health, None, None, None, None, wired.retries(), None, settings, missing)
    theirs, missing = wired.client, []

    def part(name: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except VisualSearchError as error:
            missing.append(MissingForm(name, str(error)))
            return None

    with SolrClient(theirs.given, theirs.collection, timeout=min(_PATIENCE, theirs.timeout)) as client:
        return StatusForm(
            at=at,
            health=health,
            collection=part("collection", lambda: _collection(client)),
            embedding=part("embedding", lambda: _embedding(wired)),
            solr=part("solr", lambda: read_server(client)),
            index=part("index", lambda: read_index(client)),
            retries=wired.retries(),
            beside=part("beside", lambda: gather_beside(wired.workspace, client)),
            settings=settings,
            missing=missing,
        )


def _collection(client: SolrClient) -> CollectionForm:
    names = client.names
    facets: dict[str, Any] = {
        "products": f"unique({names.known('product_id') or names.key})",
        "vectors": {"type": "query", "q": "embedding:*"},
    }
    if names.pictures:
        facets["regions"] = {"type": "query", "q": REGIONS}
    found = client.select({"q": "*:*", "rows": 0, "json.facet": orjson.dumps(facets).decode()})
    documents, counted = int(found["response"]["numFound"]), found.get("facets", {})

    def of(name: str) -> int:
        return int(counted.get(name, {}).get("count", 0))

    vectors, regions = of("vectors"), of("regions")
    products = int(counted.get("products", 0))
    return CollectionForm(
        client.collection, documents, products, documents - regions, regions, max(0, documents - vectors)
    )


def _embedding(wired: Services) -> EmbeddingForm:
    collection = wired.engine.collection
    found, calibration = collection.embedding(), collection.calibration()
    return EmbeddingForm(
        fingerprint=found.fingerprint,
        extractor=found.extractor,
        weights=found.extractor_fingerprint,
        dims_in=found.pca.dims_in,
        dims_out=found.pca.dims_out,
        coarse_dims=found.codec.dims,
        sigma2=found.sigma2,
        calibration=None if calibration is None else CalibrationForm(calibration.by, len(calibration.strangers)),
        drift=drift_form(wired.workspace.drift(), wired.client.collection, found.fingerprint),
    )


def _settings(settings: Settings) -> list[SettingForm]:
    found = origins(settings)
    return [
        SettingForm(
            each.name,
            each.metadata["env"],
            _shown(each.name, getattr(settings, each.name)),
            found[each.name],
            each.metadata["doc"],
        )
        for each in fields(settings)
    ]


def _shown(name: str, value: object) -> str | None:
    """A value as text; of an address what signs in to it is left out."""
    if value is None:
        return None
    return without_password(str(value))[0] if name == "solr_url" else str(value)
