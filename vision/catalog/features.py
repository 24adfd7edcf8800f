"""First pass over a catalogue: every good row's picture is hashed, and its features extracted into the cache."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision import images
from vision.catalog import product as products
from vision.catalog import reader
from vision.catalog.cache import FeatureCache
from vision.catalog.pictures import Pictures
from vision.catalog.product import Product, Rejected
from vision.catalog.regions import Regions
from vision.catalog.seen import Seen
from vision.detect import Box, Region
from vision.embedding import open_picture
from vision.errors import BadImage
from vision.extractors import Extractor
from vision.extractors.base import batches

BATCH = 32
_READERS = 4
_FEATURES = 1000
# Pixels that are decoded before the extractor gets them: 200 MB, and what the readers decode beside it.
_PIXELS = 64 * 1024 * 1024


@dataclass(frozen=True)
class Checked:
    """A row after checking: a product with its picture's SHA-256 (empty without one), or a reason why not."""

    line: int
    id: str
    product: Product | None = None
    picture: bytes | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Read:
    row: Checked
    data: bytes = b""


@dataclass(frozen=True)
class _Cut:
    """A picture's bytes, and the part that is meant; None is all of it."""

    data: bytes
    box: Box | None = None


@dataclass(frozen=True)
class _Work:
    """What a pass over rows works with, as :func:`extract` is given it."""

    extractor: Extractor
    cache: FeatureCache
    regions: Regions | None
    advance: Callable[[int], None]


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
    pictures: Pictures,
    extractor: Extractor,
    cache: FeatureCache,
    *,
    regions: Regions | None = None,
    batch: int = BATCH,
    advance: Callable[[int], None] = lambda extracted: None,
) -> Generator[Checked]:
    """Yield each row again, in order, with its picture's hash or the reason why the picture is no good.

    When a row is yielded its features are in the cache; only pictures that are not are decoded. Files are read in
    threads, two batches ahead at most. ``advance`` is told how many pictures of each batch were extracted.

    With ``regions`` those of each picture, and their features, are in the cache as well; ``advance`` is then told of
    the pictures of which anything was not.
    """
    work = _Work(extractor, cache, regions, advance)
    pool = ThreadPoolExecutor(_READERS, thread_name_prefix="pictures")
    try:
        ahead: deque[Future[_Read]] = deque()
        for row in rows:
            ahead.append(pool.submit(_read, row, pictures))
            if len(ahead) >= 2 * batch:
                ready = [ahead.popleft().result() for _ in range(batch)]
                yield from _finish(ready, pool, work)
        while ahead:
            ready = [ahead.popleft().result() for _ in range(min(batch, len(ahead)))]
            yield from _finish(ready, pool, work)
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


def _read(row: Checked, pictures: Pictures) -> _Read:
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


def _finish(read: Sequence[_Read], pool: ThreadPoolExecutor, work: _Work) -> Iterator[Checked]:
    wanted = {each.row.picture: each.data for each in read if each.row.picture}
    looking = _start_looking(wanted, pool, work)
    known = work.cache.known(work.extractor.fingerprint, list(wanted))
    missing = {picture: _Cut(data) for picture, data in wanted.items() if picture not in known}
    bad = _fill(missing, pool, work)
    done = missing.keys() - bad.keys()
    if work.regions is not None and looking is not None:
        looked = looking.result()
        work.regions.keep(looked)
        cut = _missing_parts({picture: data for picture, data in wanted.items() if picture not in bad}, work)
        _fill({part: each for parts in cut.values() for part, each in parts.items()}, pool, work)
        done |= (looked.keys() | cut.keys()) - bad.keys()
    work.advance(len(done))
    for each in read:
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


def _missing_parts(good: Mapping[bytes, bytes], work: _Work) -> dict[bytes, dict[bytes, _Cut]]:
    """Of each picture, the regions whose features are not in the cache; pictures without any are left out."""
    assert work.regions is not None
    found = work.regions.parts(list(good))
    known = work.cache.known(work.extractor.fingerprint, [part.key for parts in found.values() for part in parts])
    cut = {
        picture: {part.key: _Cut(good[picture], part.region.box) for part in parts if part.key not in known}
        for picture, parts in found.items()
    }
    return {picture: parts for picture, parts in cut.items() if parts}


def _fill(missing: Mapping[bytes, _Cut], pool: ThreadPoolExecutor, work: _Work) -> dict[bytes, str]:
    """Decode pictures and put their features into the cache; returns the reasons of those that are no good."""
    bad: dict[bytes, str] = {}
    opened: dict[bytes, Image.Image] = {}
    for part in batches(list(missing), _READERS):
        decoded = pool.map(lambda picture: _decode(missing[picture], work.extractor), part)
        for picture, result in zip(part, decoded, strict=True):
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


def _decode(cut: _Cut, extractor: Extractor) -> Image.Image | str:
    try:
        return open_picture(cut.data, extractor, cut.box)
    except BadImage as error:
        return str(error)
