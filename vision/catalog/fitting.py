"""Which embedding a run's vectors are made with: the collection's own, a PCA file's, or one fitted on the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from vision import reduction
from vision.catalog.cache import FeatureCache
from vision.embedding import Embedding, EmbeddingStore
from vision.errors import BadCatalogue, Conflict
from vision.extractors import Extractor
from vision.reduction import CoarseCodec, Pca
from vision.solr import configset
from vision.solr.client import SolrClient

_FEATURES = 1000
_SCALE_SAMPLE = 10_000


def held(client: SolrClient, store: EmbeddingStore) -> Embedding | None:
    """The embedding of the collection's documents, or None of an empty collection.

    Raises:
        Conflict: documents of more than one embedding.
        NotFound: its files are not on this machine.
    """
    facet = orjson.dumps({"embedding": {"type": "terms", "field": "embedding", "limit": 2}}).decode()
    answer = client.select({"q": "*:*", "rows": 0, "json.facet": facet})
    found = [str(bucket["val"]) for bucket in answer["facets"].get("embedding", {}).get("buckets", [])]
    if len(found) > 1:
        raise Conflict(
            f"collection {client.collection!r} mixes vectors of {' and '.join(found)}, whose distances mean nothing: "
            "index the whole catalogue again with --recreate"
        )
    return store.load(found[0]) if found else None


class Fitting:
    """Chooses the embedding of one run; refuses what cannot work when it is made, before anything is extracted."""

    def __init__(
        self,
        collection: str,
        current: Embedding | None,
        extractor: Extractor,
        *,
        pca: Path | None = None,
        dims: int = reduction.DIMS,
        coarse_dims: int = configset.COARSE_DIMS,
        seed: int = 0,
    ) -> None:
        """Compare what the collection holds with what the run would add.

        Args:
            collection: its name, for messages.
            current: the embedding of its documents, if it has any that stay.
            extractor: makes this run's features.
            pca: a file from ``pca fit``.
            dims: most PCA components.
            coarse_dims: of the coarse code, where one is fitted.
            seed: of samples.

        Raises:
            Conflict: the collection, the extractor and the PCA do not go together.
            BadSetting: no PCA in the file.
        """
        self._collection = collection
        self._current = current
        self._extractor = extractor
        self._dims = dims
        self._coarse_dims = coarse_dims
        self._seed = seed
        self._pca = None if pca is None else self._load(pca)
        if current is None:
            return
        if current.extractor_fingerprint != extractor.fingerprint:
            raise self._other(current.extractor_fingerprint, extractor.fingerprint)
        if self._pca is not None and self._pca.fingerprint != current.pca.fingerprint:
            raise self._other(current.pca.fingerprint, self._pca.fingerprint)
        if dims < current.pca.dims_out:
            raise self._other(f"{current.pca.dims_out} dimensions", f"{dims}")

    @property
    def fits(self) -> bool:
        """Whether a PCA will be fitted."""
        return self._current is None and self._pca is None

    def embedding(self, name: str, pictures: Sequence[bytes], cache: FeatureCache) -> Embedding:
        """The embedding for these different pictures, whose features are in the cache.

        Args:
            name: the extractor as the user named it; kept, so that queries can load the same.
            pictures: SHA-256 of each, in the catalogue's order, which decides the PCA bit for bit.
            cache: where the features are.

        Raises:
            BadCatalogue: too few pictures to fit a PCA on.
        """
        if self._current is not None:
            self._current.use(self._extractor)
            return self._current
        fingerprint = self._extractor.fingerprint
        pca = self._pca
        if pca is None:
            if len(pictures) < 2:
                raise BadCatalogue(
                    f"there is {len(pictures)} different picture in the catalogue; the first catalogue of a collection "
                    "needs 2 or more, as a PCA is fitted on them: add products, or give a PCA file with --pca. Once "
                    f"collection {self._collection!r} has pictures, single products can be added."
                )
            pca = reduction.fit(
                _features(fingerprint, pictures, cache),
                extractor_fingerprint=fingerprint,
                n_components=self._dims,
                seed=self._seed,
            )
        vectors = pca.transform(self._sample(pictures, cache), extractor_fingerprint=fingerprint)
        embedding = Embedding(
            name,
            fingerprint,
            pca,
            CoarseCodec.fit(vectors, self._coarse_dims),
            reduction.sigma2(vectors, seed=self._seed),
        )
        embedding.use(self._extractor)
        return embedding

    def notes(self, embedding: Embedding, pictures: int) -> tuple[str, ...]:
        """What the user should know about the embedding of a run over so many different pictures."""
        could = min(self._dims, pictures - 1, self._extractor.info.dims)
        if self._current is None or self._pca is not None or could <= embedding.pca.dims_out:
            return embedding.pca.notes
        return (
            f"The collection keeps its {embedding.pca.dims_out} components; this catalogue's {pictures:,} pictures "
            f"allow {could}: --recreate fits again.",
        )

    def _load(self, path: Path) -> Pca:
        pca = Pca.load(path)
        made_for = str(pca.provenance.get("extractor"))
        if made_for != self._extractor.fingerprint:
            raise Conflict(
                f"{path} was fitted on features of {made_for!r}, this run extracts {self._extractor.fingerprint!r}; "
                "give the extractor that it was fitted with, or fit again"
            )
        return pca.truncated(self._dims) if self._dims < pca.dims_out else pca

    def _sample(self, pictures: Sequence[bytes], cache: FeatureCache) -> NDArray[np.float32]:
        """Features to set the scales by, the same for the same pictures in whatever order."""
        packed = bytearray()
        for picture in pictures:
            packed += picture
        ordered = np.sort(np.frombuffer(packed, dtype=f"V{len(pictures[0])}"))
        if len(ordered) > _SCALE_SAMPLE:
            indexes = np.random.default_rng(self._seed).choice(len(ordered), _SCALE_SAMPLE, replace=False)
            ordered = ordered[np.sort(indexes)]
        chosen = [picture.tobytes() for picture in ordered]
        return np.concatenate(list(_features(self._extractor.fingerprint, chosen, cache)))

    def _other(self, current: str, new: str) -> Conflict:
        return Conflict(
            f"collection {self._collection!r} holds vectors of {current!r}, this run would add {new!r}; use another "
            "collection (--collection), or --recreate to delete this one and index again"
        )


def _features(extractor: str, pictures: Iterable[bytes], cache: FeatureCache) -> Iterator[NDArray[np.float32]]:
    order = iter(pictures)
    while part := list(islice(order, _FEATURES)):
        yield cache.matrix(extractor, part)
