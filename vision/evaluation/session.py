"""One evaluation from beginning to end: what is a right answer, which Solr, what came out."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vision.catalog import commands as indexing
from vision.catalog import reader
from vision.catalog.product import Product
from vision.console import Progress
from vision.errors import BadSetting
from vision.evaluation import gallery as galleries
from vision.evaluation import page, running, setups
from vision.evaluation.gallery import Gallery, values_of
from vision.evaluation.judgments import Judgments, by_label, read_qrels
from vision.evaluation.measurements import Measurements
from vision.evaluation.running import Options, Outcome, Server
from vision.evaluation.setups import Sizes
from vision.search.commands import filter_members
from vision.search.model import Query
from vision.search.request import parse, to_query
from vision.search.tuned import Given, in_force
from vision.settings import Settings
from vision.solr import auth
from vision.solr.current import embedded
from vision.solr.fields import attribute_name
from vision.workspace import Workspace

EVERYTHING = "all"
"""As a filter: none."""
STAGES = indexing.STAGES | {"rank": "ranking", "time": "taking times"}


@dataclass(frozen=True)
class Truth:
    """What makes a picture a right answer, as the user said it."""

    label: str | None = None
    judgments: Path | None = None
    same_product: bool = False
    without: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse none, or more than one.

        Raises:
            BadSetting: naming the options.
        """
        if sum((self.label is not None, self.judgments is not None, self.same_product)) != 1:
            raise BadSetting("say what a right answer is: one of --label FIELD, --judgments FILE, --same-product")
        if self.without and self.label is None:
            raise BadSetting("--without names labels; give --label as well")

    def check_column(self, catalogue: Path) -> None:
        """Refuse a label that is no column, before anything is extracted.

        Raises:
            BadCatalogue: the file cannot be read.
            BadSetting: no row has the column; names those there are.
        """
        seen: dict[str, None] = {}
        for _, row, _ in reader.rows(catalogue):
            seen |= dict.fromkeys(row or ())
            if self.field is None or self.field in seen:
                return
        if self.field is not None:
            raise BadSetting(f"--label {self.label}: {catalogue.name} has no such column; it has {', '.join(seen)}")

    @property
    def words(self) -> str:
        """For the head of a report."""
        if self.judgments is not None:
            return f"judged relevant in {self.judgments.name}"
        left_out = f" (without {', '.join(self.without)})" if self.without else ""
        return "another photo of the same product" if self.same_product else f"same {self.label}{left_out}"

    @property
    def field(self) -> str | None:
        """The label's column as rows have it."""
        try:
            return None if self.label is None else attribute_name(self.label)
        except ValueError as error:
            raise BadSetting(f"--label: {error}") from error

    def wanted(self) -> Callable[[Product], bool]:
        """Which rows take part."""
        field = self.field
        if field is None:
            return lambda product: True
        return lambda product: bool(found := values_of(product, field)) and not set(found) & set(self.without)

    def read(self, gallery: Gallery) -> Judgments:
        """The right answers among a gallery's rows."""
        if self.judgments is not None:
            return read_qrels(self.judgments, gallery.ids)
        field = self.field or "product_id"
        return by_label([values_of(product, field) for product in gallery.products])


@dataclass(frozen=True)
class Measured:
    """What an evaluation found, and what it was made of."""

    gallery: Gallery
    judgments: Judgments
    outcomes: list[Outcome]
    notes: tuple[str, ...]
    about: str

    def summary(self) -> dict[str, Any]:
        """The best setup by mAP, of how many."""
        best = max(self.outcomes, key=lambda each: each.map)
        figures = {name: best.plain()[name] for name in ("extractor", "dims", "mode", "map")}
        return {"pictures": len(self.gallery), "setups": len(self.outcomes)} | figures

    def keep(self, measurements: Measurements) -> None:
        """Keep the figures, and the charts of the report."""
        best = max(self.outcomes, key=lambda each: each.map)
        measurements.keep(
            "evaluate",
            collection=None,
            about=self.about,
            found=f"best mAP {best.map:.3f}: {best.label}, {best.setup.dims:,} dims, {best.setup.mode}",
            result=[each.plain() for each in self.outcomes],
            charts={"speed": page.speed_chart(self.outcomes), "dims": page.dims_chart(self.outcomes)},
        )


def measure(
    settings: Settings,
    catalogue: Path,
    truth: Truth,
    *,
    extractors: Sequence[str],
    dims: Sequence[str],
    modes: Sequence[str],
    filters: Sequence[str],
    options: Options,
    allow_urls: bool,
    progress: Progress,
    reference: bool = False,
) -> Measured:
    """Read, extract, index, ask, judge; ``reference`` adds features that are too long for the index, by NumPy.

    ``progress`` is told of :data:`STAGES`; where it raises, the collections are dropped.
    """
    truth.check()
    asked_modes, asked_dims, names = setups.parse_modes(modes), setups.parse_dims(dims), setups.split(extractors)
    if not names:
        raise BadSetting("--extractor is empty; give one or more, separated by commas")
    queries = _filters(filters)
    truth.check_column(catalogue)
    with ExitStack() as stack:
        stack.enter_context(terminated())
        cache = stack.enter_context(Workspace(settings).cache())
        gallery, sources = galleries.gather(
            catalogue,
            names,
            cache,
            wanted=truth.wanted(),
            models=settings.models,
            allow_urls=allow_urls,
            progress=progress,
        )
        judgments = truth.read(gallery)
        scopes = running.scopes(gallery, judgments, queries, options)
        sized = {
            source: setups.sizes(source.name, source.features, len(gallery), asked_dims, asked_modes)
            for source in sources
        }
        if reference:
            for source, sizes in sized.items():
                sizes.add_reference(source.features)
        server = _server(stack, settings, sized.values(), progress)
        outcomes = running.evaluate(gallery, judgments, scopes, sized, cache, server, options, progress)
    notes = [note for sizes in sized.values() for note in sizes.notes]
    if gallery.rejected:
        notes.append(f"{len(gallery.rejected):,} rows are no good and were left out; the first: {gallery.rejected[0]}")
    most = max(len(scope.asked) for scope in scopes)
    about = (
        f"{catalogue.name}: {len(gallery):,} pictures, right is {truth.words}; {most:,} queries (seed "
        f"{options.seed}), {options.ranked(len(gallery)):,} results ranked, {os.cpu_count()} cores"
    )
    return Measured(gallery, judgments, outcomes, tuple(notes), about)


def _filters(given: Sequence[str]) -> list[tuple[str | None, Query]]:
    """Each filter's name and its part of a query."""
    return [
        (None if each == EVERYTHING else each, to_query(parse({"q": "*"} | members), None, None))
        for each in dict.fromkeys(given or (EVERYTHING,))
        for members in [filter_members(() if each == EVERYTHING else (each,))]
    ]


def _server(stack: ExitStack, settings: Settings, sized: Iterable[Sizes], progress: Progress) -> Server | None:
    """The Solr of the settings; an embedded one that did not run is stopped at the end."""
    if not any(sizes.indexed for sizes in sized):
        return None
    url = auth.address(settings)
    if url is None:
        solr = embedded(settings, progress=lambda done, total, name: progress("jars", done, total))
        stack.enter_context(solr)
        url = solr.url
    return Server(url, in_force(Given(settings.candidates, settings.exact_below)).limits, settings.solr_timeout)


@contextmanager
def terminated() -> Iterator[None]:
    """Let a SIGTERM drop the collections, as Ctrl+C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
