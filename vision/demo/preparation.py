"""From nothing to a searchable demo: draw the catalogue, choose an extractor, index, search once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from vision import extractors
from vision.catalog import IndexOptions, session
from vision.console import Progress
from vision.demo import DemoCatalogue, draw_catalogue
from vision.errors import Conflict, ModelUnavailable, NotFound
from vision.extractors import Extractor
from vision.search.engine import SearchEngine
from vision.search.model import Result
from vision.search.request import parse
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.workspace import DEMO_COLLECTION, Workspace

PREFERRED = "inception_v3"
FALLBACK = "compact"
EXAMPLE = "knee-length dress"


@dataclass(frozen=True)
class Demo:
    """A demo that is ready.

    Attributes:
        drawn: the catalogue on disk.
        extractor: what its vectors are made with.
        dims: features that the extractor gives.
        notice: why it is not the preferred extractor, or None.
        indexed: whether this run had to index.
        seconds: what everything took.
        example: the answer to :data:`EXAMPLE`, the catalogue's first such photo and a color.
        photo: the photo that the example searched by.
    """

    drawn: DemoCatalogue
    extractor: str
    dims: int
    notice: str | None
    indexed: bool
    seconds: float
    example: Result
    photo: Path


class _Indexed(msgspec.Struct, frozen=True):
    """What was indexed last, so that the next run need not."""

    catalogue: str
    embedding: str
    pictures: int


def prepare(workspace: Workspace, *, products: int, extractor: str | None, progress: Progress) -> Demo:
    """Bring the demo up; quick when it is up already.

    Args:
        workspace: where it lives.
        products: how many to draw.
        extractor: instead of :data:`PREFERRED`, or its :data:`FALLBACK`.
        progress: told how far each stage is.

    Raises:
        ModelUnavailable: ``extractor`` was given and cannot be loaded.
        Conflict: the demo's collection holds something else.
        SolrError: Solr did not start or refused.
    """
    began = time.perf_counter()
    folder = workspace.settings.home / "demo"
    drawn = draw_catalogue(folder, products=products, progress=lambda done, total: progress("draw", done, total))
    name, loaded, notice = _extractor(workspace, extractor)
    with workspace.client(workspace.settings.collection or DEMO_COLLECTION) as client:
        indexed = _index(workspace, client, drawn, name, loaded, progress)
        photo, example = _example(workspace.engine(client), drawn)
    seconds = round(time.perf_counter() - began, 1)
    return Demo(drawn, name, loaded.info.dims, notice, indexed, seconds, example, photo)


def _extractor(workspace: Workspace, asked: str | None) -> tuple[str, Extractor, str | None]:
    models = workspace.settings.models
    try:
        name = asked or PREFERRED
        return name, extractors.load(name, models=models), None
    except ModelUnavailable as error:
        if asked is not None:
            raise
        return FALLBACK, extractors.load(FALLBACK), f"searching by {FALLBACK!r} instead of {PREFERRED}: {error}"


def _index(
    workspace: Workspace,
    client: SolrClient,
    drawn: DemoCatalogue,
    name: str,
    extractor: Extractor,
    progress: Progress,
) -> bool:
    """Index unless exactly this is indexed; tells whether it had to."""
    marker = drawn.folder / "indexed.json"
    catalogue = sha256(drawn.catalogue.read_bytes()).hexdigest()
    engine = workspace.engine(client)
    before = _last(marker)
    if configset.exists(client):
        held = client.count()
        try:
            current = engine.collection.embedding()
        except NotFound:
            current = None
        if before is not None and current is not None and before.embedding == current.fingerprint:
            same = current.extractor_fingerprint == extractor.fingerprint and before.catalogue == catalogue
            if same and held == before.pictures:
                current.use(extractor)
                return False
        elif held:
            raise Conflict(
                f"collection {client.collection!r} holds {held} pictures that are not the demo's; "
                "set VISUAL_SEARCH_COLLECTION to another name for the demo"
            )
    options = IndexOptions(recreate=True)
    report = session.index(
        workspace, client, drawn.catalogue, name, options, detect=False, progress=progress, loaded=extractor
    )
    marker.write_bytes(msgspec.json.encode(_Indexed(catalogue, report.embedding, report.indexed)))
    return True


def _last(marker: Path) -> _Indexed | None:
    try:
        return msgspec.json.decode(marker.read_bytes(), type=_Indexed)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _example(engine: SearchEngine, drawn: DemoCatalogue) -> tuple[Path, Result]:
    """Words, a photo and a color in one query: the photo is the first product's that the words find."""
    first = engine.search(parse({"q": EXAMPLE, "rows": 1})).hits[0]
    photo = drawn.folder / str(first.image)
    color = first.attributes.get("color")
    filters = {} if color is None else {"color": [color]}
    request = parse({"q": EXAMPLE, "filters": filters, "facets": ["color", "pattern"], "rows": 5})
    return photo, engine.search(request, photo.read_bytes())
