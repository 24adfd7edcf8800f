"""First pass over a catalogue: every good row's picture is hashed, and its features extracted into the cache."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
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
from vision.catalog.seen import Seen
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
    batch: int = BATCH,
    advance: Callable[[int], None] = lambda extracted: None,
) -> Generator[Checked]:
    """Yield each row again, in order, with its picture's hash or the reason why the picture is no good.

    When a row is yielded its features are in the cache; only pictures that are not are decoded. Files are read in
    threads, two batches ahead at most. ``advance`` is told how many pictures of each batch were extracted.
    """
    pool = ThreadPoolExecutor(_READERS, thread_name_prefix="pictures")
    try:
        ahead: deque[Future[_Read]] = deque()
        for row in rows:
            ahead.append(pool.submit(_read, row, pictures))
            if len(ahead) >= 2 * batch:
                ready = [ahead.popleft().result() for _ in range(batch)]
                yield from _finish(ready, pool, extractor, cache, advance)
        while ahead:
            ready = [ahead.popleft().result() for _ in range(min(batch, len(ahead)))]
            yield from _finish(ready, pool, extractor, cache, advance)
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


def _finish(
    read: Sequence[_Read],
    pool: ThreadPoolExecutor,
    extractor: Extractor,
    cache: FeatureCache,
    advance: Callable[[int], None],
) -> Iterator[Checked]:
    wanted = {each.row.picture: each.data for each in read if each.row.picture}
    known = cache.known(extractor.fingerprint, list(wanted))
    missing = {picture: data for picture, data in wanted.items() if picture not in known}
    bad = _fill(missing, pool, extractor, cache)
    advance(len(missing) - len(bad))
    for each in read:
        reason = bad.get(each.row.picture) if each.row.picture else None
        yield each.row if reason is None else Checked(each.row.line, each.row.id, reason=f"image: {reason}")


def _fill(
    missing: dict[bytes, bytes], pool: ThreadPoolExecutor, extractor: Extractor, cache: FeatureCache
) -> dict[bytes, str]:
    """Decode pictures and put their features into the cache; returns the reasons of those that are no good."""
    bad: dict[bytes, str] = {}
    opened: dict[bytes, Image.Image] = {}
    for part in batches(list(missing), _READERS):
        decoded = pool.map(lambda picture: _decode(missing[picture], extractor), part)
        for picture, result in zip(part, decoded, strict=True):
            if isinstance(result, str):
                bad[picture] = result
            else:
                opened[picture] = result
        if sum(image.width * image.height for image in opened.values()) > _PIXELS:
            bad |= _keep(opened, extractor, cache)
            opened = {}
    return bad | _keep(opened, extractor, cache)


def _keep(opened: dict[bytes, Image.Image], extractor: Extractor, cache: FeatureCache) -> dict[bytes, str]:
    if not opened:
        return {}
    features = dict(zip(opened, extractor.extract(list(opened.values())), strict=True))
    bad = {picture: vector for picture, vector in features.items() if not np.isfinite(vector).all()}
    cache.put(extractor.fingerprint, {picture: vector for picture, vector in features.items() if picture not in bad})
    return dict.fromkeys(bad, f"{extractor.info.name} gives NaN or infinite values for it")


def _decode(data: bytes, extractor: Extractor) -> Image.Image | str:
    try:
        return open_picture(data, extractor)
    except BadImage as error:
        return str(error)
