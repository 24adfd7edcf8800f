"""Changes as they come, applied to a collection batch by batch, in the order in which each row's came."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vision import extractors
from vision.catalog import stale
from vision.catalog.cache import FeatureCache
from vision.catalog.fitting import held
from vision.catalog.pictures import Pictures
from vision.catalog.product import Rejected
from vision.catalog.regions import Regions
from vision.errors import BadSetting, Conflict, SolrRefused, VisualSearchError
from vision.extractors import Extractor
from vision.following.applying import Applied, Applying
from vision.following.change import Change, checked
from vision.following.letters import Letter, Letters
from vision.following.queue import Partition, Queue
from vision.following.sent import Unnoted
from vision.following.sources import Came, Source
from vision.solr.client import SolrClient
from vision.workspace import Workspace

BATCH: Final = 200
"""Changes that are committed together."""
BATCH_OF_URLS: Final = 50
"""The same where pictures are fetched, four at a time, for half a minute each: a topic's group waits no longer."""
GATHER_S: Final = 0.2
"""Seconds that the first of a batch waits for more."""
FEED: Final = Path("feed")
"""What the journal has as the name of the file."""
_WAITS_S: Final = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
_HEARD_S: Final = 2.0
_LOCK_S: Final = 5.0


class Within(Pictures):
    """Pictures of a folder and of nowhere outside it: the names come from whoever may send changes."""

    def read(self, image: str) -> bytes:
        """As :meth:`Pictures.read`.

        Raises:
            Rejected: also where the name leads out of the folder.
        """
        root = self.root.resolve()
        try:
            inside = "://" in image or (root / image).resolve().is_relative_to(root)
        except (OSError, ValueError, RuntimeError):  # a name that is none, links in a circle
            inside = False
        if not inside:
            raise Rejected(f"image {image[:200]!r} leads out of the folder of pictures")
        return super().read(image)


@dataclass(frozen=True)
class Rules:
    """What a follower accepts.

    Attributes:
        pictures: the folder that images are relative to, and whether addresses are fetched.
        allow_missing_images: whether rows without a picture are taken.
        letters: where rejected changes go.
        said: told in words what goes wrong for a while.
    """

    pictures: Within
    allow_missing_images: bool
    letters: Letters
    said: Callable[[str], None]


class Follower:
    """Takes from sources in turns, until it is interrupted."""

    def __init__(self, workspace: Workspace, client: SolrClient, queue: Queue, rules: Rules) -> None:
        """Load the extractor of the collection.

        Raises:
            Conflict: the collection has no embedding yet, or is not ours.
            ModelUnavailable: the extractor cannot be loaded.
            SolrError: Solr did not answer or refused.
        """
        self._workspace = workspace
        self._client = client
        self._queue = queue
        self._rules = rules
        self._extractor: Extractor | None = None
        self._loaded = ""
        self._heard = 0.0
        with workspace.cache() as cache, workspace.sent(client) as sent:
            self._applying(cache, Unnoted(sent))
        workspace.roots().remember(rules.pictures)

    def run(self, sources: Sequence[Source]) -> None:
        """Follow sources for good."""
        with self._workspace.cache() as cache:
            while True:
                self._hear([each for source in sources for each in source.partitions()])
                if not sum(self.step(source, cache) for source in sources):
                    time.sleep(0.05)

    def step(self, source: Source, cache: FeatureCache) -> int:
        """Apply what a source has by now; returns how many changes came."""
        came = source.take(BATCH_OF_URLS if self._rules.pictures.allow_urls else BATCH)
        if not came:
            return 0
        done = self._until_done(came, source, cache)
        if done is None:
            return len(came)
        applied, letters = done
        self._rules.letters.add(letters)
        source.done()
        # Counted last: a kill in between counts too few, and loses nothing.
        self._queue.count(applied=len(came) - len(letters), deleted=applied.deleted, rejected=len(letters))
        return len(came)

    def _until_done(
        self, came: Sequence[Came], source: Source, cache: FeatureCache
    ) -> tuple[Applied, list[Letter]] | None:
        """Apply changes, however long Solr is away; None where the source has lost them meanwhile."""
        failures, told = 0, ""
        while True:
            try:
                with self._workspace.sent(self._client, timeout=_LOCK_S) as sent:
                    found = self._apply(came, self._applying(cache, Unnoted(sent)))
                if told:
                    self._rules.said("goes on")
                return found
            except BadSetting:
                raise
            except VisualSearchError as error:
                if str(error) != told:
                    told = str(error)
                    self._rules.said(f"waiting, nothing is lost: {told}")
            self._hear(source.partitions())
            if not source.wait(_WAITS_S[min(failures, len(_WAITS_S) - 1)]):
                return None
            failures += 1

    def _apply(self, came: Sequence[Came], applying: Applying) -> tuple[Applied, list[Letter]]:
        letters = [Letter(each.source, each.offset, each.id, each.reason, each.raw) for each in came if not each.change]
        rows = [(each, each.change) for each in came if each.change is not None]
        done = Applied()
        while rows:
            last = {change.id: number for number, (_, change) in enumerate(rows)}
            chosen = [rows[number] for number in sorted(last.values())]
            bad = self._apply_once(chosen, applying, done)
            letters += [
                Letter(one.source, one.offset, change.id, bad[change.id], change.row)
                for one, change in chosen
                if change.id in bad
            ]
            # A row that is no good leaves its document as it was, and that is what came before it in this batch.
            rows = [pair for number, pair in enumerate(rows) if pair[1].id in bad and number != last[pair[1].id]]
        return done, letters

    def _apply_once(self, chosen: Sequence[tuple[Came, Change]], applying: Applying, done: Applied) -> dict[str, str]:
        """Apply changes of different rows; returns what is wrong with those that are no good, by id."""
        allow = self._rules.allow_missing_images
        checks = [
            checked(change, number, allow_missing_images=allow)
            for number, (_, change) in enumerate(chosen, start=1)
            if change.row is not None
        ]
        bad = {each.id: each.reason for each in checks if each.product is None}
        gone = [change.id for _, change in chosen if change.row is None]
        try:
            found = applying.apply([each for each in checks if each.product is not None], gone)
        except SolrRefused as error:
            if error.status >= 500:
                raise
            if len(chosen) == 1:
                return {chosen[0][1].id: f"Solr refused it: {error}"}
            half = len(chosen) // 2  # one of them is refused: whichever it is, the others are not
            return self._apply_once(chosen[:half], applying, done) | self._apply_once(chosen[half:], applying, done)
        done.add(found)
        return bad | {each.id: each.reason for each in found.rejected}

    def _applying(self, cache: FeatureCache, noted: Unnoted) -> Applying:
        """What changes are applied with now: another one after the collection was made anew."""
        client, workspace = self._client, self._workspace
        if client.names.fields is not None:
            raise Conflict(
                f"collection {client.collection!r} is not one of ours, `index` and `follow` do not write to it; use "
                "what writes to it now, and `visual-search install backfill` for vectors"
            )
        embedding = held(client, workspace.store())
        if embedding is None:
            raise Conflict(
                f"collection {client.collection!r} has no pictures yet, so that nothing says how vectors are made: "
                "index a catalogue first, `visual-search index`"
            )
        if self._extractor is None or self._loaded != embedding.extractor_fingerprint:
            self._extractor = extractors.load(embedding.extractor, models=workspace.settings.models)
            embedding.use(self._extractor)
            self._loaded = embedding.extractor_fingerprint
        return Applying(
            client=client,
            sent=noted,
            source="",
            catalogue=FEED,
            pictures=self._rules.pictures,
            extractor=self._extractor,
            embedding=embedding,
            cache=cache,
            regions=Regions(workspace.finder(), cache) if stale.look(client).any else None,
            amendments=lambda: workspace.accepted(client),
        )

    def _hear(self, partitions: Iterable[Partition]) -> None:
        if time.monotonic() - self._heard > _HEARD_S:
            self._queue.heard(list(partitions))
            self._heard = time.monotonic()
