"""What a run over a whole catalogue sends, noted while it is read and kept once it is counted in Solr."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from vision.catalog.features import Checked
from vision.catalog.ingest import IndexOptions, IndexReport
from vision.catalog.pictures import Pictures
from vision.following.comparing import digest, written
from vision.following.sent import Row, Sent
from vision.solr.client import SolrClient

_AT_ONCE = 1000


def source(catalogue: Path) -> str:
    """What a catalogue is called where it is noted what was sent."""
    return str(catalogue.resolve())


def made(embedding: str, pictures: Pictures, detector: str | None) -> str:
    """What documents with a picture are made with."""
    return f"{embedding} {pictures.root_id} {detector or ''}"


class Noting:
    """Of one run."""

    def __init__(self, sent: Sent, catalogue: Path, options: IndexOptions) -> None:
        """Nothing is noted yet."""
        sent.begin()
        self._sent = sent
        self._source = source(catalogue)
        self._options = options
        self._pictures = Pictures(catalogue.parent, options.allow_urls)
        self._began = time.time_ns()
        self._rows: list[Row] = []

    def through(self, rows: Iterable[Checked]) -> Iterator[Checked]:
        """All rows, whose pictures were read since the run began; they are noted when the last one is through."""
        for row in rows:
            if row.product is not None and row.picture is not None:
                file = written(self._pictures, row.product.image, before_ns=self._began)
                self._rows.append(Row(row.id, digest(row.product), row.picture, "", *file))
            if len(self._rows) == _AT_ONCE:
                self._flush()
            yield row
        self._flush()

    def done(self, client: SolrClient, report: IndexReport) -> None:
        """Keep it: Solr has committed, and counted what is there.

        Raises:
            SolrError: Solr did not answer, or something is gone again.
        """
        finder = self._options.finder
        self._sent.made(made(report.embedding, self._pictures, None if finder is None else finder.fingerprint))
        self._sent.confirm(client, alone=False, anew=self._options.recreate)

    def _flush(self) -> None:
        self._sent.note(self._source, self._rows)
        self._rows = []
