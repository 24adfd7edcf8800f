"""What searches look for by picture: photos are read and extracted together, indexed pictures are looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from PIL import Image

from vision.detect import WHOLE, Finder
from vision.embedding import Embedding, check_vector
from vision.errors import BadQuery, FingerprintMismatch, VisualSearchError
from vision.search import similarities
from vision.search.collection import Collection
from vision.search.model import Searched, Vector
from vision.search.photos import PHOTOS, Photos
from vision.search.request import SearchRequest
from vision.search.similarities import SimilarityRequest
from vision.search.steering.rocchio import steer

A = TypeVar("A")
T = TypeVar("T")
Asked = tuple[SearchRequest, bytes | None]
"""A request, and its picture's bytes where they came beside it."""

_BATCH: Final = 32
# Pixels that are decoded before the extractor gets them: 200 MB.
_PIXELS: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class Target:
    """What a search measures from: a vector and its embedding's fingerprint, both None without a picture.

    ``region`` is the part of a photo that was taken where the search said to find one, ``attributes`` those of an
    indexed product, ``others`` the (1024,) vectors of the search's ``similarities``, None for those that are numbers.
    """

    vector: Vector | None = None
    embedding: str | None = None
    region: Searched | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: tuple[Vector | None, ...] = ()


@dataclass(frozen=True)
class _Photo:
    data: bytes
    crop: Sequence[float] | None
    embedding: Embedding
    region: Searched | None = None


class QueryPictures:
    """Finds the targets of searches; safe to share between threads."""

    def __init__(
        self,
        collection: Collection,
        *,
        models: Path | None = None,
        uploaded: Callable[[str], bytes] | None = None,
        url_limit: int | None = None,
        finder: Finder | None = None,
    ) -> None:
        """Prepare, without connecting or loading anything; the arguments are those of the engine."""
        self._collection = collection
        self._models = models
        self._photos = Photos(uploaded=uploaded, url_limit=url_limit)
        self._finder = finder

    def target(self, asked: Asked) -> Target:
        """The target of one search.

        Raises:
            BadInput: the request or its picture cannot be accepted.
            NotFound: no such product or upload, or a collection without vectors.
            FingerprintMismatch: another extractor than the collection's was asked for.
            Conflict: a description in words, where the collection's extractor reads none.
        """
        found = self._resolve(asked)
        if isinstance(found, _Photo):
            vector = found.embedding.vector(found.data, crop=found.crop, models=self._models)
            found = Target(vector, found.embedding.fingerprint, found.region)
        return self._steered(asked[0], found)

    def targets(self, asked: Sequence[Asked], pool: ThreadPoolExecutor) -> list[Target | VisualSearchError]:
        """The targets of several searches, or why one has none; all photos go through the extractor together."""
        found = list(pool.map(caught(self._resolve), asked))
        targets: list[Target | VisualSearchError] = [Target() if isinstance(each, _Photo) else each for each in found]
        photos = [(number, each) for number, each in enumerate(found) if isinstance(each, _Photo)]
        regions = {number: photo.region for number, photo in photos}
        for part in self._opened(photos, pool):
            good = []
            for number, opened in part:
                if isinstance(opened, VisualSearchError):
                    targets[number] = opened
                else:
                    good.append((number, opened))
            for (number, _), target in zip(good, self._extracted(photos[0][1].embedding, good), strict=True):
                targets[number] = replace(target, region=regions[number]) if isinstance(target, Target) else target

        def steered(number: int) -> Target:
            target = targets[number]
            if isinstance(target, VisualSearchError):
                raise target
            return self._steered(asked[number][0], target)

        return list(pool.map(caught(steered), range(len(asked))))

    def _steered(self, request: SearchRequest, target: Target) -> Target:
        """The target moved towards what is liked and away from what is not, and what else counts."""
        # Before any vector is read: where another collection comes in between, what is found is not what is said.
        pictured = any(each.image_id or each.upload_id or each.vector for each in request.similarities)
        held = self._collection.fingerprint() if pictured or request.like else None
        if request.similarities:
            target = replace(target, others=self._others(request.similarities), embedding=target.embedding or held)
        if not (request.like or request.unlike):
            return target
        if target.vector is None and not request.like:
            raise BadQuery("unlike needs something to start from; give like, or a picture, as well", "unlike")
        found = self._collection.indexed.vectors([*request.like, *request.unlike])
        liked, unliked = ([found[id] for id in ids] for ids in (request.like, request.unlike))
        point = steer(target.vector, liked, unliked)
        return replace(target, vector=point, embedding=target.embedding or held)

    def _others(self, asked: Sequence[SimilarityRequest]) -> tuple[Vector | None, ...]:
        """The vector of each further picture."""
        ids = [each.image_id for each in asked if each.image_id is not None]
        indexed = self._collection.indexed.vectors(ids, member="similarities") if ids else {}

        def vector(each: SimilarityRequest) -> Vector | None:
            if each.upload_id is not None:
                data = self._photos.upload(each.upload_id)
                return self._collection.embedding().vector(data, models=self._models)
            if each.vector is not None:
                return check_vector(each.vector)
            return None if each.image_id is None else indexed[each.image_id]

        return tuple(vector(each) for each in asked)

    def _opened(
        self, photos: Sequence[tuple[int, _Photo]], pool: ThreadPoolExecutor
    ) -> Iterator[list[tuple[int, Image.Image | VisualSearchError]]]:
        """Photos decoded, as many at a time as are extracted together."""

        def opened(photo: _Photo) -> Image.Image:
            return photo.embedding.open(photo.data, crop=photo.crop, models=self._models)

        ready: list[tuple[int, Image.Image | VisualSearchError]] = []
        pixels = 0
        for start in range(0, len(photos), 4):
            some = photos[start : start + 4]
            for (number, _), each in zip(some, pool.map(caught(opened), [photo for _, photo in some]), strict=True):
                ready.append((number, each))
                pixels += each.width * each.height if isinstance(each, Image.Image) else 0
            if len(ready) >= _BATCH or pixels > _PIXELS:
                yield ready
                ready, pixels = [], 0
        if ready:
            yield ready

    def _extracted(
        self, embedding: Embedding, photos: Sequence[tuple[int, Image.Image]]
    ) -> Sequence[Target | VisualSearchError]:
        if not photos:
            return []
        try:
            vectors = embedding.vectors([image for _, image in photos], models=self._models)
        except VisualSearchError as error:
            return [error] * len(photos)
        return [Target(vector, embedding.fingerprint) for vector in vectors]

    def _resolve(self, asked: Asked) -> Target | _Photo:
        request, image = asked
        _check_one_picture(request, image)
        similarities.check(request.similarities)
        data = request.image if image is None else image
        if request.image_id is not None:
            if request.extractor is not None:
                self._embedding(request.extractor)
            found = self._collection.indexed.picture(request.image_id)
            return Target(found.vector, found.embedding, attributes=found.attributes)
        if request.image_text is not None:
            return self._described(request.image_text, request.extractor)
        if data is None and request.upload_id is None and request.image_url is None and request.vector is None:
            return Target()
        if data is None and request.upload_id is not None:
            data = self._photos.upload(request.upload_id)
        embedding = self._embedding(request.extractor)
        if request.vector is not None:
            return Target(check_vector(request.vector), embedding.fingerprint)
        if data is None:
            data = self._photos.fetch(request.image_url or "")
        if not request.detect:
            return _Photo(data, request.crop, embedding)
        region = self._find(data)
        return _Photo(data, region.box, embedding, region)

    def _find(self, data: bytes) -> Searched:
        """The part of a photo that is searched by where nobody says which."""
        if self._finder is None:
            raise BadQuery("detect is off here; give the part of the photo as crop", "detect")
        found = self._finder.find(data)
        if not found.regions:
            notice = f"{found.detector} found nothing in the photo: all of it was searched by"
            return Searched(WHOLE, None, None, found.detector, notice)
        first = found.regions[0]
        return Searched(first.box, first.label, first.score, found.detector, found.notice)

    def _described(self, text: str, extractor: str | None) -> Target:
        """What a description in words looks like, in a collection whose extractor reads words."""
        if not text.strip():
            raise BadQuery("image_text is empty; describe the picture in a few words", "image_text")
        embedding = self._embedding(extractor)
        return Target(embedding.text_vectors([text], models=self._models)[0], embedding.fingerprint)

    def _embedding(self, extractor: str | None) -> Embedding:
        embedding = self._collection.embedding()
        if extractor is not None and extractor not in (embedding.extractor, embedding.fingerprint):
            raise FingerprintMismatch(extractor, embedding.fingerprint)
        return embedding


def _check_one_picture(request: SearchRequest, image: bytes | None) -> None:
    ways = {
        "image": request.image if image is None else image,
        "image_id": request.image_id,
        "image_text": request.image_text,
        "image_url": request.image_url,
        "upload_id": request.upload_id,
        "vector": request.vector,
    }
    given = [name for name, value in ways.items() if value is not None]
    if image is not None and request.image is not None:
        given.insert(0, "an image file")
    if len(given) > 1:
        raise BadQuery(f"the search has {' and '.join(given)}; give one picture to search by", given[1])
    if request.crop is not None and not set(given) & set(PHOTOS):
        raise BadQuery(f"crop is a part of a photo; give it with one of {', '.join(PHOTOS)}", "crop")
    if request.detect and not set(given) & set(PHOTOS):
        raise BadQuery(f"detect finds the thing in a photo; give it with one of {', '.join(PHOTOS)}", "detect")
    if request.detect and request.crop is not None:
        raise BadQuery("the search has detect and crop; crop says which part is meant, detect finds one", "detect")


def caught(call: Callable[[A], T]) -> Callable[[A], T | VisualSearchError]:
    """The call with its expected errors as values."""

    def calling(value: A) -> T | VisualSearchError:
        try:
            return call(value)
        except VisualSearchError as error:
            return error

    return calling
