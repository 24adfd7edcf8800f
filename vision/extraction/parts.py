"""A part: the features of some pictures as one Parquet file, which says what made them and whether it is whole."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from vision.errors import BadSetting, Conflict, StorageUnavailable
from vision.extraction.places import Place

HASH: Final = 32
_ABOUT: Final = b"visual_search"
_SUFFIX: Final = ".parquet"
_VERSION: Final = 1


class About(msgspec.Struct, frozen=True):
    """What a file's metadata says.

    Attributes:
        version: of this form.
        extractor: fingerprint.
        dims: length of a vector.
        pictures: how many have one.
        bad: why the others have none, by the SHA-256 of their bytes in hexadecimal.
        pictures_sha256: of the column of hashes.
        vectors_sha256: of the column of vectors, as float32.
    """

    version: int
    extractor: str
    dims: int
    pictures: int
    bad: dict[str, str]
    pictures_sha256: str
    vectors_sha256: str


@dataclass(frozen=True)
class Part:
    """Features of pictures, by the SHA-256 of the pictures' bytes; ``vectors`` is float32 (n, dims)."""

    extractor: str
    pictures: Sequence[bytes]
    vectors: NDArray[np.float32]
    bad: Mapping[bytes, str]


def name(extractor: str, pictures: Sequence[bytes]) -> str:
    """The file of these pictures, always the same: work that is done twice ends in one file."""
    return f"{extractor}.{hashlib.sha256(b''.join(pictures)).hexdigest()[:24]}{_SUFFIX}"


def names(place: Place) -> dict[str, list[str]]:
    """The parts in a place, by their extractor's fingerprint."""
    found: dict[str, list[str]] = {}
    for each in place.names():
        extractor, _, digest = each.removesuffix(_SUFFIX).rpartition(".")
        if each.endswith(_SUFFIX) and extractor and digest:
            found.setdefault(extractor, []).append(each)
    return found


def encode(part: Part) -> bytes:
    """As a Parquet file: nothing compressed, as vectors gain nothing by it."""
    arrow, parquet = _pyarrow()
    joined = b"".join(part.pictures)
    vectors = np.ascontiguousarray(part.vectors, dtype="<f4")
    dims = vectors.shape[1]
    about = About(
        _VERSION,
        part.extractor,
        dims,
        len(part.pictures),
        {picture.hex(): reason for picture, reason in sorted(part.bad.items())},
        hashlib.sha256(joined).hexdigest(),
        hashlib.sha256(vectors.tobytes()).hexdigest(),
    )
    hashes = arrow.FixedSizeBinaryArray.from_buffers(
        arrow.binary(HASH), len(part.pictures), [None, arrow.py_buffer(joined)]
    )
    lists = arrow.FixedSizeListArray.from_arrays(arrow.array(vectors.ravel(), type=arrow.float32()), dims)
    table = arrow.table({"picture": hashes, "vector": lists})
    table = table.replace_schema_metadata({_ABOUT: msgspec.json.encode(about)})
    buffer = io.BytesIO()
    parquet.write_table(table, buffer, compression="none", use_dictionary=False, write_page_checksum=True)
    return buffer.getvalue()


def held(place: Place, file: str, extractor: str) -> tuple[list[bytes], dict[bytes, str]]:
    """The pictures whose features a part has, and what is wrong with others; no vector is read.

    Raises:
        StorageUnavailable: the part is damaged or cannot be read.
        Conflict: it is another extractor's, whatever its name says.
    """
    with _opened(place, file, extractor) as (parquet, about):
        return _hashes(parquet, about), _bad(about)


def read(place: Place, file: str, extractor: str) -> Part:
    """All of a part.

    Raises:
        StorageUnavailable, Conflict: as :func:`held`.
    """
    with _opened(place, file, extractor) as (parquet, about):
        pictures = _hashes(parquet, about)
        values = parquet.read(columns=["vector"]).column(0).combine_chunks().flatten()
        vectors = np.asarray(values.to_numpy(zero_copy_only=False), dtype="<f4").reshape(len(pictures), about.dims)
        if hashlib.sha256(vectors.tobytes()).hexdigest() != about.vectors_sha256:
            raise ValueError("its vectors are not those that were written")
        return Part(about.extractor, pictures, vectors, _bad(about))


@contextmanager
def _opened(place: Place, file: str, extractor: str) -> Iterator[tuple[Any, About]]:
    _, parquet = _pyarrow()
    try:
        with place.open(file) as opened, parquet.ParquetFile(opened, page_checksum_verification=True) as found:
            about = msgspec.json.decode((found.schema_arrow.metadata or {})[_ABOUT], type=About)
            if about.version != _VERSION:
                raise Conflict(f"{place.shown}/{file} is of version {about.version}; this product reads {_VERSION}")
            if about.extractor != extractor:
                raise mismatch(f"{place.shown}/{file}", [about.extractor], extractor)
            yield found, about
    except (BadSetting, Conflict):
        raise
    except Exception as error:  # those of stores and of Parquet share no base class
        words = str(error) or type(error).__name__
        raise StorageUnavailable(
            f"{place.shown}/{file} is damaged or cannot be read ({words[:300]}); where it is damaged, delete it and "
            "run `visual-search extract` again: only its pictures are extracted anew"
        ) from error


def mismatch(where: str, there: Sequence[str], wanted: str) -> Conflict:
    """Features of another extractor."""
    return Conflict(
        f"{where} has features of {', '.join(map(repr, there))}, wanted are those of {wanted!r}: run `visual-search "
        "extract` with that extractor, or index with the one that extracted"
    )


def _hashes(parquet: Any, about: About) -> list[bytes]:
    found = [each.as_py() for each in parquet.read(columns=["picture"]).column(0)]
    if len(found) != about.pictures or hashlib.sha256(b"".join(found)).hexdigest() != about.pictures_sha256:
        raise ValueError("its pictures are not those that were written")
    return found


def _bad(about: About) -> dict[bytes, str]:
    return {bytes.fromhex(picture): reason for picture, reason in about.bad.items()}


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise BadSetting(
            "parts are Parquet files, which needs pyarrow: pip install 'solr-visual-search[parquet]'"
        ) from error
    return pyarrow, pyarrow.parquet
