"""A catalogue held against what was sent: which rows are new or different, and which are gone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

import msgspec

from vision.catalog.features import Checked
from vision.catalog.pictures import Pictures, is_url
from vision.catalog.product import Product
from vision.errors import BadCatalogue
from vision.following.sent import Row, Sent

_AT_ONCE: Final = 1000
_CUT: Final = 200
"""Characters that a rejected row's id is cut to."""
_SETTLED_NS: Final = 2_000_000_000
"""A file that was written less than this before it was read may be written once more within the same tick."""

UNKNOWN: Final = -1


@dataclass(frozen=True)
class Compared:
    """What a pass over a catalogue found.

    Attributes:
        rows: how many it has, good and bad.
        chosen: digests of the rows to be read, by their number from 0 on.
        products: those of these rows.
        unchanged: rows that need nothing.
        gone: ids that were sent from it and are not in it any more.
        known: how many rows of it were sent before.
        nameless: rows that cannot be read, not even their ids.
    """

    rows: int
    chosen: Mapping[int, bytes]
    products: frozenset[str]
    unchanged: int
    gone: tuple[str, ...]
    known: int
    nameless: int

    def check_gone(self, most: float, name: str) -> None:
        """Refuse a catalogue that lacks more than a share of what was sent: it may be half of an export.

        Raises:
            BadCatalogue: it does.
        """
        if len(self.gone) > most * self.known:
            raise BadCatalogue(
                f"{name} has {self.rows:,} rows and lacks {len(self.gone):,} of the {self.known:,} that were sent from "
                f"it, {len(self.gone) / self.known:.0%}; at most {most:.0%} may be gone at once, as the file may be "
                "half of an export: nothing was sent or deleted. If they are to go, say so with --most-gone 100"
            )


def digest(product: Product) -> bytes:
    """16 bytes of all that a row says, the same in whatever order its columns are."""
    return hashlib.blake2b(msgspec.json.encode(product, order="deterministic"), digest_size=16).digest()


def written(pictures: Pictures, image: str, *, before_ns: int | None = None) -> tuple[int, int]:
    """Size of a picture's file, and when it was written; ask before it is read, or say when reading ``began``.

    A web address has neither: what is behind it is looked at again when its row changes.
    """
    if not image or is_url(image):
        return 0, 0
    try:
        found = (pictures.root / image).stat()
    except OSError:
        return 0, UNKNOWN
    # Who puts a file in the place of another changes the second time only.
    latest = max(found.st_mtime_ns, found.st_ctime_ns)
    if before_ns is not None and latest > before_ns - _SETTLED_NS:
        return found.st_size, UNKNOWN
    return found.st_size, latest


def compare(
    rows: Iterable[Checked],
    sent: Sent,
    source: str,
    pictures: Pictures,
    made: Callable[[Product], str],
    *,
    reject: Callable[[Checked], None],
) -> Compared:
    """Walk a catalogue once; nothing is read but the times of its pictures' files.

    Args:
        rows: of the catalogue, checked but for their pictures.
        sent: what was sent.
        source: the catalogue's name there.
        pictures: where they are.
        made: what a product's documents are to be made with.
        reject: told of each row that is no good; its documents stay.
    """
    sent.begin()
    chosen: dict[int, bytes] = {}
    products: set[str] = set()
    number = unchanged = nameless = 0
    for batch in _batches(rows):
        known = sent.rows([row.id for row in batch if row.product is not None])
        sent.present(_id(row) for row in batch)
        for row in batch:
            if row.product is None:
                nameless += not _id(row) or len(row.id) >= _CUT
                reject(row)
            else:
                found = digest(row.product)
                if _is_same(known.get(row.id), found, made(row.product), written(pictures, row.product.image)):
                    unchanged += 1
                else:
                    chosen[number] = found
                    products.add(row.product.product_id)
            number += 1
    gone = tuple(sent.gone(source))
    return Compared(number, chosen, frozenset(products), unchanged, gone, sent.count(source), nameless)


def _is_same(known: Row | None, digest: bytes, made: str, file: tuple[int, int]) -> bool:
    return (
        known is not None
        and known.trusted
        and (known.digest, known.made) == (digest, made)
        and (known.size, known.changed) == file
        and known.changed != UNKNOWN
    )


def _id(row: Checked) -> str:
    return row.id if row.product is not None else row.id.strip()


def _batches(rows: Iterable[Checked]) -> Iterator[list[Checked]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _AT_ONCE)):
        yield batch
