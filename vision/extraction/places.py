"""Where parts are kept: a folder, or an address below one of the file systems and object stores that fsspec knows."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, Final, Protocol

from vision.errors import BadSetting, StorageUnavailable

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_LOCAL: Final = ("file", "local")
_PARTIAL: Final = ".partial"


class Place(Protocol):
    """A folder of files, each of which is there whole or not at all."""

    @property
    def shown(self) -> str:
        """What a message calls it."""
        ...

    def prepare(self) -> None:
        """See that files can be written."""
        ...

    def names(self) -> list[str]:
        """The files' names, in order; none where there is no such folder."""
        ...

    def open(self, name: str) -> AbstractContextManager[Any]:
        """A file to read from; errors are those of whatever holds it."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Put a file there, in the place of one of its name."""
        ...

    def remove(self, name: str) -> None:
        """Take a file away."""
        ...


@dataclass(frozen=True)
class Folder:
    """On a disk; every worker must see the same one."""

    path: Path

    @property
    def shown(self) -> str:
        """Its path."""
        return str(self.path)

    def prepare(self) -> None:
        """Create it."""
        with _told(self.shown):
            self.path.mkdir(parents=True, exist_ok=True)

    def tidy(self) -> None:
        """Take away what processes that were killed left half written; nobody may be writing."""
        with _told(self.shown):
            for each in self.path.glob(f".*{_PARTIAL}"):
                each.unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The files' names."""
        with _told(self.shown):
            if not self.path.is_dir():
                return []
            return sorted(each.name for each in self.path.iterdir() if not each.name.endswith(_PARTIAL))

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A file to read from."""
        with (self.path / name).open("rb") as file:
            yield file

    def write(self, name: str, data: bytes) -> None:
        """Write beside, then rename: on disk when this returns."""
        partial = self.path / f".{name}.{uuid.uuid4().hex}{_PARTIAL}"
        with _told(self.shown):
            try:
                with partial.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(self.path / name)
            finally:
                partial.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Take a file away."""
        with _told(self.shown):
            (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class Store:
    """Below an address; credentials are fsspec's own affair, and no part of it."""

    url: str

    @property
    def shown(self) -> str:
        """Its address, which holds no secret: :func:`check` refuses one that might."""
        return self.url

    def prepare(self) -> None:
        """Load what speaks to it."""
        _, path = system(self.url)
        if not path.strip("/"):
            raise BadSetting(f"{self.url} names no folder; give one, as {self.url.rstrip('/')}/features")

    def names(self) -> list[str]:
        """The files' names."""
        files, path = system(self.url)
        with _told(self.shown):
            try:
                files.invalidate_cache(path)
                found = files.ls(path, detail=False)
            except FileNotFoundError:
                return []
            return sorted(str(each).rstrip("/").rpartition("/")[2] for each in found)

    @contextmanager
    def open(self, name: str) -> Iterator[Any]:
        """A file to read from."""
        files, path = system(self.url)
        # Nothing is read ahead: of a large file often only its end and one column are wanted.
        with files.open(f"{path}/{name}", "rb", cache_type="none") as file:
            yield file

    def write(self, name: str, data: bytes) -> None:
        """One request: an object store shows the file when it has all of it."""
        files, path = system(self.url)
        with _told(self.shown):
            files.pipe_file(f"{path}/{name}", data)

    def remove(self, name: str) -> None:
        """Take a file away."""
        files, path = system(self.url)
        with _told(self.shown):
            files.rm_file(f"{path}/{name}")


def place(where: str) -> Folder | Store:
    """The place that a user names: a path, or an address with ``://``.

    Raises:
        BadSetting: an address that is not accepted.
    """
    scheme = scheme_of(where)
    if scheme is None or scheme in _LOCAL:
        return Folder(Path(where if scheme is None else where.partition("://")[2]).absolute())
    check(where)
    return Store(where.rstrip("/"))


def scheme_of(where: str) -> str | None:
    """``s3`` of ``s3://bucket``; None of a path."""
    found = _SCHEME.match(where)
    return None if found is None else found.group(1).lower()


def check(url: str) -> None:
    """Refuse what might hold a secret, as addresses are printed and sent about, and chains of file systems.

    Raises:
        BadSetting: without quoting the secret.
    """
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    if ":" in host.rpartition("@")[0]:
        raise BadSetting(
            f"an address {scheme}://… came with a password; leave it out: credentials are taken from the environment, "
            "by the package that speaks to the store"
        )
    if any(each in rest for each in ("?", "#", "::")) or "::" in scheme or ".." in path.split("/"):
        raise BadSetting(f"an address {scheme}://… came with '?', '#', '::' or '..'; accepted: {scheme}://HOST/FOLDER")


@cache
def system(url: str) -> tuple[Any, str]:
    """The fsspec file system of an address, and the path in it; one for a process, where fsspec keeps one a thread.

    Raises:
        BadSetting: fsspec is not installed or knows no such scheme, or the package that speaks to it is missing.
    """
    scheme = scheme_of(url) or ""
    try:
        import fsspec
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations
    except ImportError as error:
        raise BadSetting(
            f"{scheme}:// needs fsspec, which is not installed: pip install 'solr-visual-search[distributed]'"
        ) from error
    if scheme not in fsspec.available_protocols():
        raise BadSetting(
            f"{url} begins with {scheme}://, which fsspec {fsspec.__version__} does not know; accepted: a folder, "
            "s3://, gs://, abfs:// and what else fsspec lists"
        )
    try:
        files, path = url_to_fs(url)
    except ImportError as error:
        hint = known_implementations.get(scheme, {}).get("err", error)
        raise BadSetting(f"{scheme}:// needs a package that is not installed here: {hint}") from error
    except ValueError as error:
        raise BadSetting(f"{url} is no address that can be used: {error}") from error
    return files, str(path).rstrip("/")


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Errors of storage as ours; those of stores share no base class."""
    try:
        yield
    except Exception as error:
        words = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        raise StorageUnavailable(f"{what} cannot be used: {words}; see that it is there and may be written") from error
