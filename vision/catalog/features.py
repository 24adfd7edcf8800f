"""First pass over a catalogue: every good row's picture is hashed, and its features extracted into the cache."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision import images
from vision.catalog import product as products
from vision.catalog import reader
from vision.catalog.cache import FeatureCache
from vision.catalog.decoding import THREADS, Cut, Decoding
from vision.catalog.pictures import Pictures
from vision.catalog.product import Product, Rejected
from vision.catalog.regions import Regions
from vision.catalog.seen import Seen
from vision.detect import Region
from vision.extractors import Extractor

BATCH = 32
_FEATURES = 1000
# Pixels that are decoded before the extractor gets them: 200 MB, and what the threads decode beside it.
_PIXELS = 64 * 1024 * 1024


@dataclass(frozen=True)
class Checked:
    """A row after checking: a product with its picture's SHA-256 (empty without one), or a reason why not."""

    line: int
    id: str
    product: Product | None = None
    picture: bytes | None = None
    reason: str = ""


class Source(Protocol):
    """Where rows' pictures are read."""

    def read(self, image: str) -> bytes:
        """The picture's bytes.

        Raises:
            Rejected: they cannot be had.
        """
        ...


class Kept(Protocol):
    """Where features go, and are known from."""

    def known(self, extractor: str, pictures: Sequence[bytes]) -> frozenset[bytes]:
        """Which of these pictures' features are here."""
        ...

    def put(self, extractor: str, features: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keep features."""
        ...


@dataclass(frozen=True)
class _Read:
    row: Checked
    data: bytes = b""


@dataclass(frozen=True)
class _Work:
    """What a pass over rows works with, as :func:`extract` is given it."""

    extractor: Extractor
    cache: Kept
    regions: Regions | None
    advance: Callable[[int], None]


@dataclass
class _Batch:
    """Rows whose pictures are being decoded.

    Attributes:
        read: the rows.
        wanted: bytes of their pictures.
        bad_before: of the batch before, filled when that is finished.
        looking: what is found in them.
        decoding: those whose features are missing.
        bad: what is wrong with pictures, once it is finished.
    """

    read: Sequence[_Read]
    wanted: Mapping[bytes, bytes]
    bad_before: Mapping[bytes, str]
    looking: Future[dict[bytes, tuple[Region, ...]]] | None
    decoding: Decoding
    bad: dict[bytes, str] = field(default_factory=dict)


def check(path: Path, *, allow_missing_images: bool = False) -> Iterator[Checked]:
    """Every row of a catalogue, checked but for its picture; an id that came before is rejected."""
    seen = Seen()
    for line, row, problem in reader.rows(path):
        if row is None:
            yield Checked(line, "", reason=problem)
            continue
        try:
            found = products.read(row, allow_missing_images=allow_missing_images)
            before = seen.first(found.id.encode("utf-8", "surrogatepass"), line)
            if before is not None:
                raise Rejected(f"id {found.id!r} came before, in line {before}")
        except Rejected as rejected:
            yield Checked(line, str(row.get("id") or "")[:200], reason=str(rejected))
            continue
        yield Checked(line, found.id, product=found)


def extract(
    rows: Iterable[Checked],
    pictures: Source,
    extractor: Extractor,
    cache: Kept,
    *,
    regions: Regions | None = None,
    batch: int = BATCH,
    advance: Callable[[int], None] = lambda extracted: None,
) -> Generator[Checked]:
    """Yield each row again, in order, with its picture's hash or the reason why the picture is no good.

    When a row is yielded its features are in the cache; only pictures that are not are decoded. Threads read and decode
    while the extractor works: beside the batch in it one is decoded and one is read. ``advance`` is told how many
    pictures of each batch were extracted.

    With ``regions`` those of each picture, and their features, are in the cache as well; ``advance`` is then told of
    the pictures of which anything was not.
    """
    work = _Work(extractor, cache, regions, advance)
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="pictures")
    try:
        begun: _Batch | None = None
        for read in _batches_read(rows, pictures, pool, batch):
            before, begun = begun, _begin(read, begun, pool, work)
            if before is not None:
                yield from _finish(before, pool, work)
        if begun is not None:
            yield from _finish(begun, pool, work)
    finally:
        pool.shutdown(cancel_futures=True)


def catalogue_features(
    catalogue: Path,
    pictures: Pictures,
    extractor: Extractor,
    cache: FeatureCache,
    *,
    advance: Callable[[int], None] = lambda rows: None,
    reject: Callable[[Checked], None] = lambda row: None,
) -> Iterator[NDArray[np.float32]]:
    """Batches of (n, dims) features of all different good pictures of a catalogue, in its order.

    ``advance`` is told how many rows are through, ``reject`` of each row that is no good.
    """
    seen = Seen()
    wanted: list[bytes] = []
    done = 0
    with closing(extract(check(catalogue), pictures, extractor, cache)) as rows:
        for row in rows:
            done += 1
            if done % BATCH == 0:
                advance(done)
            if row.picture is None:
                reject(row)
            elif seen.first(row.picture, done) is None:
                wanted.append(row.picture)
            if len(wanted) == _FEATURES:
                yield cache.matrix(extractor.fingerprint, wanted)
                wanted = []
    advance(done)
    if wanted:
        yield cache.matrix(extractor.fingerprint, wanted)


def _read(row: Checked, pictures: Source) -> _Read:
    if row.product is None:
        return _Read(row)
    if not row.product.image:
        return _Read(replace(row, picture=b""))
    try:
        data = pictures.read(row.product.image)
    except Rejected as error:
        return _Read(Checked(row.line, row.id, reason=str(error)))
    picture = bytes.fromhex(images.content_hash(data))
    return _Read(Checked(row.line, row.id, row.product, picture), data)


def _batches_read(
    rows: Iterable[Checked], pictures: Source, pool: ThreadPoolExecutor, batch: int
) -> Iterator[Sequence[_Read]]:
    """Rows with their pictures' bytes; a batch is read while the one before is worked on."""
    ahead: deque[Future[_Read]] = deque()
    for row in rows:
        ahead.append(pool.submit(_read, row, pictures))
        if len(ahead) >= 2 * batch:
            yield [ahead.popleft().result() for _ in range(batch)]
    while ahead:
        yield [ahead.popleft().result() for _ in range(min(batch, len(ahead)))]


def _begin(read: Sequence[_Read], before: _Batch | None, pool: ThreadPoolExecutor, work: _Work) -> _Batch:
    """Let threads decode what is missing, but for what the batch before, not finished yet, sees to."""
    wanted = {each.row.picture: each.data for each in read if each.row.picture}
    new = {picture: data for picture, data in wanted.items() if before is None or picture not in before.wanted}
    looking = _start_looking(new, pool, work)
    known = work.cache.known(work.extractor.fingerprint, list(new))
    missing = {picture: Cut(data) for picture, data in new.items() if picture not in known}
    return _Batch(read, wanted, {} if before is None else before.bad, looking, Decoding(missing, pool, work.extractor))


def _finish(batch: _Batch, pool: ThreadPoolExecutor, work: _Work) -> Iterator[Checked]:
    bad = _fill(batch.decoding, work)
    done = batch.decoding.keys - bad.keys()
    bad |= {picture: reason for picture, reason in batch.bad_before.items() if picture in batch.wanted}
    if work.regions is not None and batch.looking is not None:
        looked = batch.looking.result()
        work.regions.keep(looked)
        good = {picture: data for picture, data in batch.wanted.items() if picture not in bad}
        cut = _missing_parts(good, work)
        parts = {part: each for parts in cut.values() for part, each in parts.items()}
        _fill(Decoding(parts, pool, work.extractor), work)
        done |= (looked.keys() | cut.keys()) - bad.keys()
    batch.bad |= bad
    work.advance(len(done))
    for each in batch.read:
        reason = bad.get(each.row.picture) if each.row.picture else None
        yield each.row if reason is None else Checked(each.row.line, each.row.id, reason=f"image: {reason}")


def _start_looking(
    wanted: Mapping[bytes, bytes], pool: ThreadPoolExecutor, work: _Work
) -> Future[dict[bytes, tuple[Region, ...]]] | None:
    """Let a thread look for regions while pictures are extracted: a detector takes one picture at a time anyway."""
    if work.regions is None:
        return None
    unseen = work.regions.unseen(list(wanted))
    return pool.submit(work.regions.look, {picture: wanted[picture] for picture in unseen})


def _missing_parts(good: Mapping[bytes, bytes], work: _Work) -> dict[bytes, dict[bytes, Cut]]:
    """Of each picture, the regions whose features are not in the cache; pictures without any are left out."""
    assert work.regions is not None
    found = work.regions.parts(list(good))
    known = work.cache.known(work.extractor.fingerprint, [part.key for parts in found.values() for part in parts])
    cut = {
        picture: {part.key: Cut(good[picture], part.region.box) for part in parts if part.key not in known}
        for picture, parts in found.items()
    }
    return {picture: parts for picture, parts in cut.items() if parts}


def _fill(decoding: Decoding, work: _Work) -> dict[bytes, str]:
    """Put the features of pictures into the cache; returns the reasons of those that are no good."""
    bad: dict[bytes, str] = {}
    opened: dict[bytes, Image.Image] = {}
    for picture, result in decoding:
        if isinstance(result, str):
            bad[picture] = result
        else:
            opened[picture] = result
        if len(opened) >= BATCH or sum(image.width * image.height for image in opened.values()) > _PIXELS:
            bad |= _keep(opened, work)
            opened = {}
    return bad | _keep(opened, work)


def _keep(opened: dict[bytes, Image.Image], work: _Work) -> dict[bytes, str]:
    if not opened:
        return {}
    extractor = work.extractor
    features = dict(zip(opened, extractor.extract(list(opened.values())), strict=True))
    bad = {picture: vector for picture, vector in features.items() if not np.isfinite(vector).all()}
    good = {picture: vector for picture, vector in features.items() if picture not in bad}
    work.cache.put(extractor.fingerprint, good)
    return dict.fromkeys(bad, f"{extractor.info.name} gives NaN or infinite values for it")
