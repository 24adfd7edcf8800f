"""One catalogue into one collection, from its options to its report: what a terminal and the web server both do."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import msgspec

from vision import extractors
from vision.catalog import reader
from vision.catalog.catalogues import Catalogue
from vision.catalog.ingest import IndexOptions, IndexReport, Ingest
from vision.console import Progress
from vision.extraction import filling
from vision.extractors import Extractor
from vision.following.noting import Noting
from vision.following.sent import Sent
from vision.solr.client import SolrClient
from vision.workspace import Workspace


def index(
    workspace: Workspace,
    client: SolrClient,
    catalogue: Path,
    extractor: str,
    options: IndexOptions,
    *,
    detect: bool,
    progress: Progress,
    loaded: Extractor | None = None,
    beside: SolrClient | None = None,
    sent: Sent | None = None,
    features: str | None = None,
) -> IndexReport:
    """Index a catalogue, and remember that it was.

    Args:
        workspace: where caches, models and the detector are.
        client: of the collection.
        catalogue: CSV, JSONL or Parquet.
        extractor: specification.
        options: all but the detector.
        detect: whether the settings' detector looks for things in pictures.
        progress: told of all stages.
        loaded: the extractor, where somebody has it already.
        beside: of the collection whose place this one is to take: what was changed there is laid over the rows.
        sent: where it is noted what is sent, where somebody holds that already.
        features: a folder or an address where ``visual-search extract`` put some.

    Raises:
        VisualSearchError: as :meth:`Ingest.run` and :func:`vision.extraction.filling.fill`.
    """
    reader.probe(catalogue)
    loaded = loaded or extractors.load(extractor, models=workspace.settings.models)
    if detect:
        options = replace(options, finder=workspace.finder())
    entry = Catalogue(
        file=str(catalogue.resolve()),
        collection=client.collection,
        extractor=extractor,
        dims=options.dims,
        pca=None if options.pca is None else str(options.pca.resolve()),
        detect=detect,
        allow_urls=options.allow_urls,
        allow_missing_images=options.allow_missing_images,
        time=time.time(),
    )
    known = workspace.catalogues()
    with workspace.cache() as cache, nullcontext(sent) if sent else workspace.sent(client) as kept:
        if features is not None:
            filling.fill(cache, features, loaded, progress)
        noting = Noting(kept, catalogue, options)
        ingest = Ingest(
            client,
            workspace.store(),
            cache,
            workspace.roots(),
            progress=progress,
            amendments=workspace.accepted(beside or client),
            drift=workspace.drift(),
            through=noting.through,
        )
        try:
            report = ingest.run(catalogue, extractor, loaded, options)
            noting.done(client, report)
        except KeyboardInterrupt:  # it can go on from elsewhere
            known.remember(entry)
            raise
    if beside is not None:
        workspace.beside().begin(beside.collection, client.collection, time.time())
    known.remember(msgspec.structs.replace(entry, rows=report.indexed, time=time.time()))
    return report
