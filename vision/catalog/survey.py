"""What the first pass over a catalogue found: enough to walk it again, and to notice that it changed meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from vision.catalog.features import Checked, check
from vision.catalog.product import Product
from vision.errors import Conflict

_HASH = 32
_ROW = 8
_NONE = bytes(_HASH)
_WITHOUT = b"\xff" * _HASH


class Survey:
    """40 bytes a row: its picture's SHA-256, zeros for a rejected row, and a short hash of its id and image.

    Attributes:
        good: rows that are indexed.
        without: those of them that have no picture.
    """

    def __init__(self, catalogue: Path, *, allow_missing_images: bool = False) -> None:
        """Begin with no rows."""
        self.catalogue = catalogue
        self.good = 0
        self.without = 0
        self._allow_missing_images = allow_missing_images
        self._pictures = bytearray()
        self._rows = bytearray()

    def __len__(self) -> int:
        """How many rows there are, good and rejected."""
        return len(self._rows) // _ROW

    def add(self, row: Checked) -> None:
        """Note the next row."""
        self.good += row.picture is not None
        self.without += row.picture == b""
        self._pictures += _NONE if row.picture is None else row.picture or _WITHOUT
        self._rows += _row_hash(row.id, row.product if row.picture is not None else None)

    def pictures(self) -> Sequence[bytes]:
        """The different pictures of good rows, in their order; 8 bytes each, and none may be added meanwhile."""
        if not self.good:
            return ()
        different, rows = np.unique(self._hashes(), return_index=True)
        return _Pictures(self._pictures, np.sort(rows[_real(different)]))

    def different(self) -> NDArray[np.void]:
        """The different pictures of good rows, sorted; 32 bytes each."""
        if not self.good:
            return np.empty(0, dtype=f"V{_HASH}")
        different = np.unique(self._hashes())
        return different[_real(different)]

    def _hashes(self) -> NDArray[np.void]:
        return np.frombuffer(self._pictures, dtype=f"V{_HASH}")

    def products(self) -> Iterator[tuple[Product, bytes]]:
        """Read the catalogue again: each good row's product and its picture's hash, empty without one.

        Raises:
            Conflict: as :meth:`rows`.
        """
        for row, picture in self.rows():
            assert row.product is not None
            yield row.product, picture

    def rows(self) -> Iterator[tuple[Checked, bytes]]:
        """Read the catalogue again: each good row and its picture's hash, empty without one.

        Raises:
            Conflict: the file is not the same any more; what was yielded so far is right.
        """
        number = 0
        for number, row in enumerate(self.check(), start=1):
            picture = self._picture(number - 1)
            product = row.product if picture != _NONE else None
            hashed = bytes(self._rows[(number - 1) * _ROW : number * _ROW])
            if hashed != _row_hash(row.id, product) or (product is None and picture != _NONE):
                raise self._changed(f"line {row.line} is another row now")
            if product is not None:
                yield row, b"" if picture == _WITHOUT else picture
        if number != len(self):
            raise self._changed(f"it had {len(self):,} rows and has {number:,} now")

    def check(self) -> Iterator[Checked]:
        """Every row, checked but for its picture."""
        return check(self.catalogue, allow_missing_images=self._allow_missing_images)

    def _picture(self, row: int) -> bytes:
        return bytes(self._pictures[row * _HASH : (row + 1) * _HASH])

    def _changed(self, how: str) -> Conflict:
        return Conflict(
            f"{self.catalogue.name} changed while it was being read: {how}; nothing wrong was sent, run the same "
            "command again"
        )


class _Pictures(Sequence[bytes]):
    """Some rows' pictures, each made when it is asked for."""

    def __init__(self, hashes: bytearray, rows: NDArray[np.intp]) -> None:
        self._hashes, self._rows = hashes, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(index, slice):
            return _Pictures(self._hashes, self._rows[index])
        start = int(self._rows[index]) * _HASH
        return bytes(self._hashes[start : start + _HASH])


def _real(different: NDArray[np.void]) -> slice:
    """Where, among sorted hashes, those of pictures are: what stands for none is the least and the greatest."""
    return slice(int(different[0].tobytes() == _NONE), len(different) - int(different[-1].tobytes() == _WITHOUT))


def _row_hash(id: str, product: Product | None) -> bytes:
    text = id if product is None else f"{id}\0{product.image}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_ROW).digest()
