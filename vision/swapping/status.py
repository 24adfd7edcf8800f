"""What is beside a collection, in one answer: for the command and for ``GET /v1/status``."""

from __future__ import annotations

import msgspec

from vision.errors import VisualSearchError
from vision.search.collection import Collection
from vision.solr.client import SolrClient
from vision.swapping.shadow import ShadowForm
from vision.workspace import Workspace


class BesideForm(msgspec.Struct, frozen=True):
    """The collection that is served and the ``other`` beside it, with the fingerprints of their vectors.

    ``live`` and ``beside`` are null where a collection has none; ``share`` of the searches are asked of both, and
    ``shadow`` says what came of those since the pair was as it is.
    """

    collection: str
    other: str
    since: float
    switched: bool
    going: bool
    live: str | None
    beside: str | None
    live_pictures: int
    other_pictures: int
    share: float
    shadow: ShadowForm


def gather(workspace: Workspace, client: SolrClient) -> BesideForm | None:
    """What is beside the client's collection; None where nothing is.

    Raises:
        BadSetting, StorageUnavailable: what is kept of it cannot be read.
        SolrError: Solr did not answer or refused.
    """
    found = workspace.beside().load(client.collection)
    if found is None:
        return None
    with workspace.client(found.other) as other:
        live, beside = (_fingerprint(Collection(each, workspace.store())) for each in (client, other))
        return BesideForm(
            collection=found.collection,
            other=found.other,
            since=found.since,
            switched=found.switched,
            going=found.going is not None,
            live=live,
            beside=beside,
            live_pictures=client.count("embedding:*"),
            other_pictures=other.count("embedding:*"),
            share=found.shadow,
            shadow=workspace.shadow_file(client.collection).summary(live or "", beside or ""),
        )


def _fingerprint(collection: Collection) -> str | None:
    try:
        return collection.fingerprint()
    except VisualSearchError:
        return None
