"""A catalogue's features by several workers: hash all pictures, leave out those that are extracted, extract the rest.

This process keeps 40 bytes of each row and 33 of each picture, and of bad ones the reasons; neither pictures nor
vectors ever come to it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from vision.catalog import reader
from vision.catalog.features import Checked, Source
from vision.catalog.product import Product
from vision.catalog.rejects import Rejects
from vision.catalog.survey import Survey
from vision.console import Progress
from vision.errors import BadCatalogue, Conflict, StorageUnavailable
from vision.extraction import cluster, parts, pictures, places, tasks
from vision.extraction.cluster import Cluster
from vision.extraction.outstanding import Outstanding
from vision.extraction.parts import HASH
from vision.extraction.places import Folder, Place
from vision.extraction.tasks import NONE, Recipe
from vision.locks import file_lock

PART: Final = 500
_ROWS: Final = 500
"""Of one task that hashes."""
_READERS: Final = 8
_LOCK_S: Final = 5.0

T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """What a run of ``visual-search extract`` may choose.

    Attributes:
        extractor: specification.
        images: a folder or an address; None is the catalogue's folder.
        workers: processes of this machine.
        scheduler: of a Dask cluster, instead of them.
        threads: of each worker's model; None is its share of the cores.
        part: pictures of a part.
        allow_urls: whether rows' web addresses are fetched.
        rejects: a file for rows that cannot be extracted.
        spare: a folder for it where it cannot be written beside the catalogue.
    """

    extractor: str
    images: str | None = None
    workers: int = 1
    scheduler: str | None = None
    threads: int | None = None
    part: int = PART
    allow_urls: bool = False
    rejects: Path | None = None
    spare: Path | None = None


@dataclass(frozen=True)
class Report:
    """What a run did.

    Attributes:
        extractor: fingerprint.
        rows: of the catalogue.
        pictures: different ones of good rows, bad pictures included.
        extracted: of them, by this run.
        known: of them, by earlier runs.
        bad: of them, that are no good, whichever run found that.
        parts: written by this run.
        rejected: rows without features.
        seconds: of all of it.
        reject_file: has the rejected rows.
    """

    extractor: str
    rows: int
    pictures: int
    extracted: int
    known: int
    bad: int
    parts: int
    rejected: int
    seconds: float
    reject_file: Path | None = None

    def plain(self) -> dict[str, Any]:
        """The answer of ``extract --json``."""
        names = ("extractor", "rows", "pictures", "extracted", "known", "bad", "parts", "rejected", "seconds")
        return {name: getattr(self, name) for name in names}


@dataclass
class _Found:
    """What became of the outstanding pictures."""

    files: list[str] = field(default_factory=list)
    good: int = 0
    bad: dict[bytes, str] = field(default_factory=dict)
    lost: dict[bytes, str] = field(default_factory=dict)

    def add(self, extracted: tasks.Extracted) -> None:
        """Note what became of a part's pictures."""
        if extracted.file is not None:
            self.files.append(extracted.file)
        self.good += extracted.good
        self.bad.update(extracted.bad)
        self.lost.update(extracted.lost)


def extract(catalogue: Path, to: str, options: Options, progress: Progress) -> Report:
    """Extract the features of a catalogue's pictures into parts; can be interrupted anywhere and run again.

    Raises:
        BadCatalogue: the catalogue cannot be read, or none of its pictures.
        BadSetting: an option or address that is not accepted, or a package that is missing.
        Conflict: the catalogue changed meanwhile, or the workers' extractors differ.
        ModelUnavailable: the workers cannot load the extractor.
        StorageUnavailable: parts cannot be read or written.
        WorkersUnavailable: there are none, or they die of a task.
        Locked: another run writes to the same folder.
    """
    began = time.perf_counter()
    reader.probe(catalogue)
    place = places.place(to)
    source = pictures.source(catalogue, options.images, allow_urls=options.allow_urls)
    total = reader.count(catalogue)
    place.prepare()
    progress("workers", 0, None)
    with _alone(place), cluster.workers(options.scheduler, options.workers) as crew:
        recipe = Recipe(options.extractor, threads=options.threads)
        fingerprint, recipe = _greet(crew, recipe, place)
        survey = Survey(catalogue, allow_missing_images=True)
        with Rejects(catalogue, options.rejects, options.spare) as rejects:
            _hash(crew, survey, source, rejects, progress, total)
            outstanding = Outstanding(survey.different())
            different = len(outstanding)
            if not different and rejects.count:
                raise BadCatalogue(
                    f"none of the {rejects.count:,} pictures of {catalogue.name} can be read ({rejects.first}); all "
                    f"reasons are in {rejects.path}"
                )
            bad = _strike_known(place, fingerprint, outstanding)
            known = different - len(outstanding)
            progress("extract", 0, len(outstanding))
            found = _Found()
            task = partial(tasks.extract_part, source=source, recipe=recipe, place=place, fingerprint=fingerprint)
            left, done = len(outstanding), 0
            for some, extracted in crew.in_order("extract", task, _groups(_wanted(survey, outstanding), options.part)):
                found.add(extracted)
                done += len(some)
                progress("extract", done, left)
            _check_written(place, found.files)
            _reject(survey, rejects, bad | found.bad | found.lost)
    return Report(
        extractor=fingerprint,
        rows=len(survey),
        pictures=different,
        extracted=found.good,
        known=known,
        bad=len(bad) + len(found.bad),
        parts=len(found.files),
        rejected=rejects.count,
        seconds=round(time.perf_counter() - began, 2),
        reject_file=rejects.path if rejects.count else None,
    )


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Of two runs at once that write to one folder, the second is refused; nobody can lock an object store."""
    if not isinstance(place, Folder):
        yield
        return
    with file_lock(place.path / ".lock", timeout=_LOCK_S, doing="extracting"):
        place.tidy()
        yield


def _greet(crew: Cluster, recipe: Recipe, place: Place) -> tuple[str, Recipe]:
    """See that every worker has the same extractor and writes where this process reads."""
    probe = f"probe-{uuid.uuid4().hex}"
    place.write(probe, b"")
    try:
        greetings = crew.on_each(partial(_greeted, recipe=recipe, place=place))
    finally:
        place.remove(probe)
    blind = [address for address, each in greetings.items() if probe not in each.sees]
    if blind:
        raise StorageUnavailable(
            f"the worker at {blind[0]} does not see what is written to {place.shown} here: give a folder that all of "
            "them share, or an object store"
        )
    fingerprints = sorted({each.fingerprint for each in greetings.values()})
    if len(fingerprints) != 1:
        raise Conflict(f"workers have different extractors: {', '.join(fingerprints)}; give all the same model files")
    return fingerprints[0], replace(recipe, beside=max(crew.machines().values(), default=1))


def _greeted(beside: int, *, recipe: Recipe, place: Place) -> tasks.Greeting:
    return tasks.greet(replace(recipe, beside=beside), place)


def _hash(crew: Cluster, survey: Survey, source: Source, rejects: Rejects, progress: Progress, total: int) -> None:
    """First pass: what each row's picture is, by its content."""
    progress("hash", 0, total)
    done = crew.in_order("hash", partial(_hashed, source=source), _groups(map(_slim, survey.check()), _ROWS))
    for rows, hashed in done:
        number = 0
        for row in rows:
            if row.product is not None and row.product.image:
                row = _with_picture(row, hashed, number)
                number += 1
            elif row.product is not None:
                row = replace(row, picture=b"")
            survey.add(row)
            if row.picture is None:
                rejects.add(row)
        progress("hash", len(survey), total)
    progress("hash", len(survey), total)


def _hashed(rows: Sequence[Checked], *, source: Source) -> tasks.Hashed:
    return tasks.hash_pictures([row.product.image for row in rows if row.product and row.product.image], source)


def _with_picture(row: Checked, hashed: tasks.Hashed, number: int) -> Checked:
    picture = hashed.pictures[number * HASH : (number + 1) * HASH]
    if picture == NONE:
        return Checked(row.line, row.id, reason=hashed.problems[number])
    return replace(row, picture=picture)


def _slim(row: Checked) -> Checked:
    """A row without what nobody here asks for: words and attributes, which may be long."""
    if row.product is None:
        return row
    return Checked(row.line, row.id, Product(row.product.id, row.product.product_id, "", row.product.image))


def _strike_known(place: Place, fingerprint: str, outstanding: Outstanding) -> dict[bytes, str]:
    """Leave out what earlier parts have; returns what they say of bad pictures that are among the outstanding."""
    bad: dict[bytes, str] = {}
    files = parts.names(place).get(fingerprint, [])
    with ThreadPoolExecutor(_READERS) as pool:
        for some in _groups(files, _READERS):
            for good, problems in pool.map(lambda file: parts.held(place, file, fingerprint), some):
                outstanding.strike(good)
                bad |= {picture: problems[picture] for picture in outstanding.strike(list(problems))}
    return bad


def _wanted(survey: Survey, outstanding: Outstanding) -> Iterator[tuple[str, bytes]]:
    """Each outstanding picture by the first row that has it.

    The order is the catalogue's, and parts are filled in it: what an interrupted run left over comes together to the
    same parts again, so that a worker which still writes one and another that does so anew write the same file.
    """
    for product, picture in survey.products():
        if picture and outstanding.take(picture):
            yield product.image, picture


def _check_written(place: Place, files: Sequence[str]) -> None:
    """See that parts are where this process reads; a worker that came later may write to a disk of its own."""
    missing = set(files).difference(place.names()) if files else set()
    if missing:
        raise StorageUnavailable(
            f"{len(missing):,} parts that workers wrote are not in {place.shown}: not all of them share that folder; "
            "what is there is kept, run the same command again with a place that all share"
        )


def _reject(survey: Survey, rejects: Rejects, problems: dict[bytes, str]) -> None:
    """Write down the rows whose pictures turned out to be no good."""
    if not problems:
        return
    for row, picture in survey.rows():
        if picture in problems:
            rejects.add(Checked(row.line, row.id, reason=problems[picture]))


def _groups(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of ``size`` items, the last one shorter."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some
