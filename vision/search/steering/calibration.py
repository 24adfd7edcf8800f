"""What a distance means in a collection: how rarely a photo of something that is not in it comes as near.

Strangers are made of the collection itself: a picture asks, and everything of its own category is left out, so that
what it finds nearest is the nearest thing of another kind. Of many such pictures come the distances at which "nothing
like this here" would be wrong. ``match`` of a distance is the part of strangers that find nothing as near: at
``min_match`` .95, one photo in twenty of something that the collection does not have still finds something. That is
the false-alarm rate over all kinds, of pictures like those of the collection: a single kind may lie nearer to others.

Where regions are indexed a stranger may find one of them, as a photo would; those who ask are whole pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from vision import atomic
from vision.embedding import Embedding, check_vector
from vision.errors import BadSetting
from vision.search.explaining import squared_distance, texts
from vision.search.lookups import Others, compose_neighbours, compose_sample
from vision.search.model import Query, Vector
from vision.search.steering import categories
from vision.search.steering.categories import Votes
from vision.solr.client import SolrClient

SAMPLE: Final = 300
"""Pictures that ask; one in as many again is what a rate can be told to."""
_LEAST: Final = 20


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Squared distances of a collection's strangers, and of what is there, each sorted.

    Attributes:
        embedding: fingerprint of the vectors.
        by: the attribute that says what is of one kind.
        strangers: to the nearest picture of another kind.
        kin: to the nearest picture of another product of the same kind.
        votes: how well the nearest pictures say what kind a picture is of.
    """

    embedding: str
    by: str
    strangers: list[float]
    kin: list[float]
    votes: Votes

    def match(self, distance: float) -> float:
        """Part of the strangers that find nothing as near as a squared distance; 1 where none of the sample does.

        The stranger who asks next counts as one more: of n, the k-th nearest is passed by (k + 1)/(n + 1) of those to
        come, not by k/n.
        """
        nearer = int(np.searchsorted(self.strangers, distance, side="right"))
        return 1.0 - (nearer + 1) / (len(self.strangers) + 1) if nearer else 1.0

    def limit(self, match: float) -> float:
        """The largest squared distance whose :meth:`match` is at least ``match``, which is more than 0.

        With more than the sample can tell (1, at most), the nearest stranger of all is still too far.
        """
        allowed = int(np.floor((1.0 - match) * (len(self.strangers) + 1) + 1e-9)) - 1
        return float(np.nextafter(self.strangers[min(max(allowed, 0), len(self.strangers) - 1)], 0.0))

    def found(self, match: float) -> float:
        """Part of the pictures whose kind is there that find another product of it at this ``match``."""
        return float(np.searchsorted(self.kin, self.limit(match), side="right")) / max(1, len(self.kin))


@dataclass(frozen=True)
class Calibrations:
    """Where calibrations are kept: one file for a collection and its embedding."""

    folder: Path

    def save(self, collection: str, calibration: Calibration) -> Path:
        """Write one, whole or not at all."""
        target = self._path(collection, calibration.embedding)
        atomic.write(target, msgspec.json.encode(calibration))
        return target

    def load(self, collection: str, embedding: str) -> Calibration | None:
        """The one of a collection, or None where it was not calibrated with this embedding.

        Raises:
            BadSetting: the file is damaged.
        """
        path = self._path(collection, embedding)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Calibration)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise BadSetting(f"{path} is damaged ({error}); run `visual-search calibrate` again") from error

    def _path(self, collection: str, embedding: str) -> Path:
        return self.folder / embedding / f"match-{collection}.json"


def calibrate(
    client: SolrClient,
    embedding: Embedding,
    by: str = "category",
    *,
    sample: int = SAMPLE,
    seed: int = 0,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Calibration:
    """Measure a collection.

    Args:
        client: of the collection.
        embedding: of its vectors.
        by: the attribute that says what is of one kind.
        sample: pictures that ask.
        seed: of their choice.
        told: about the progress.

    Raises:
        BadSetting: too few pictures with a value of the attribute, or one value only.
    """
    field = client.names.field(by)
    strangers: list[float] = []
    kin: list[float] = []
    outcomes = []
    documents = list(_sampled(client, field, sample, seed))
    for done, document in enumerate(documents):
        vector = check_vector(document["vector"])
        coarse = embedding.codec.encode(vector[None])[0]
        product, own = str(document["product_id"]), texts(document[field])

        def nearest(others: Others, rows: int, asked: Vector = vector, code: Any = coarse) -> list[dict[str, Any]]:
            params = compose_neighbours(asked, code, others, rows, field, client.names)
            return list(client.select(params)["response"]["docs"])

        for same, found in ((False, strangers), (True, kin)):
            for each in nearest(Others(product, field, own, same), 1):
                distance = squared_distance(float(each["similarity"]))
                if distance is not None:
                    found.append(distance)
        neighbours = nearest(Others(product, regions=False), categories.NEIGHBOURS)
        outcomes.append((categories.vote([texts(each[field]) for each in neighbours if field in each]), own))
        told(done + 1, len(documents))
    if len(strangers) < _LEAST:
        raise BadSetting(
            f"collection {client.collection!r} has {len(strangers)} pictures with a value of {by!r} and others of "
            f"another value beside them; {_LEAST} or more are needed: say another attribute with --by"
        )
    votes = categories.learn(by, outcomes)
    return Calibration(embedding.fingerprint, by, sorted(strangers), sorted(kin), votes)


def _sampled(client: SolrClient, field: str, sample: int, seed: int) -> Iterator[dict[str, Any]]:
    """Products by chance that have a picture and a value of the field."""
    params = compose_sample(Query(), seed, sample, client.names)
    params["fq"] += [f"{field}:[* TO *]", "embedding:[* TO *]"]
    params["fl"] = f"product_id,vector,{field}"
    yield from client.select(params)["response"]["docs"]


def rates(calibration: Calibration, matches: NDArray[np.float64]) -> Iterator[tuple[float, float, float]]:
    """For each ``match`` its squared distance, and how much of what is there is found with it."""
    for match in matches:
        yield float(match), calibration.limit(float(match)), calibration.found(float(match))
