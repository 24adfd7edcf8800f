"""Where weights of Keras' networks come from: a path, the models folder, the Keras cache, or a download by Keras."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from vision.errors import ModelUnavailable
from vision.extractors.base import Located
from vision.extractors.networks import WeightsFile
from vision.extractors.tensorflow_runtime import keras

CONNECT_SECONDS: Final = 8.0
STALL_SECONDS: Final = 60.0

Told = Callable[[int, int | None], None]
"""Told how many bytes are there, and of how many, while a download runs."""


def keras_cache() -> Path:
    """The folder Keras keeps downloaded weights in: ``$KERAS_HOME/models``, else ``~/.keras/models``."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def locate(file: WeightsFile, explicit: Path | None, models: Path | None) -> Located | None:
    """The weights file on this machine, or None where only a download can help.

    Raises:
        ModelUnavailable: an explicit path that is no file: it is never silently replaced by another place's.
    """
    if explicit is not None:
        path = explicit.expanduser()
        if not path.is_file():
            raise ModelUnavailable(f"no {file.network} weights at {path}; give an existing file, or leave the path out")
        return Located(path, "the path given")
    if models is not None and (models / file.name).is_file():
        return Located(models / file.name, "the models folder")
    if (keras_cache() / file.name).is_file():
        return Located(keras_cache() / file.name, "the Keras cache")
    return None


def fetch(file: WeightsFile, explicit: Path | None, models: Path | None) -> Located:
    """:func:`locate`, else download into the Keras cache; quickly given up without a network.

    Raises:
        ModelUnavailable: the weights cannot be had; says where they were looked for, and what to do.
    """
    found = locate(file, explicit, models)
    if found is not None:
        return found
    return download(file, keras_cache(), models)


def download(file: WeightsFile, folder: Path, models: Path | None, told: Told | None = None) -> Located:
    """Let Keras download a weights file into ``folder`` and check it.

    Args:
        file: what to download.
        folder: where it is kept; it is there whole, or not at all.
        models: the models folder, for the message.
        told: told about the progress.

    Raises:
        ModelUnavailable: no network, another file than the published one, or a folder that cannot be written.
    """
    try:
        return Located(_download(file, folder, told), "a download by Keras")
    except Exception as error:  # Keras raises a bare Exception for a failed download
        places = str(models) if models is not None else "the models folder (VISUAL_SEARCH_MODELS, not set)"
        raise ModelUnavailable(
            f"no {file.network} weights: {file.name} is neither in {places} nor in the Keras cache ({keras_cache()}), "
            f"and downloading it failed ({short(error)}). Put the file into one of the two, set VISUAL_SEARCH_MODELS "
            "to its folder, or use `--extractor compact`, whose weights come with this package"
        ) from error


def check(file: WeightsFile, path: Path) -> None:
    """Compare a file with the published one, by its MD5 where there is one, else by its size.

    Raises:
        ModelUnavailable: it is another file.
    """
    size = path.stat().st_size
    if file.md5 is None:
        if size != file.bytes:
            raise ModelUnavailable(
                f"{size:,} bytes are not the {file.bytes:,} of the published {file.network} weights: {path}"
            )
        return
    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != file.md5:
        raise ModelUnavailable(
            f"the MD5 is {found}, that of the published {file.network} weights {file.md5}: {path}; delete the file to "
            "have it downloaded anew, or name it in the specification to use it as it is"
        )


def reach(url: str) -> None:
    """Ask a server for a file's header, so that no network is known in seconds.

    Raises:
        OSError: it does not answer, or refuses.
    """
    with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=CONNECT_SECONDS):
        pass


def short(error: BaseException) -> str:
    """Why something could not be had, in one line of at most 160 characters."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    text = re.sub(r"\s+", " ", str(reason)).strip() or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."


def _download(file: WeightsFile, folder: Path, told: Told | None) -> Path:
    """Let Keras download and check the file, once it is known that the server answers."""
    reach(file.url)
    folder.mkdir(parents=True, exist_ok=True)  # where it is missing, Keras would use /tmp
    module = keras()
    chatty = module.config.is_interactive_logging_enabled()
    module.config.disable_interactive_logging()
    try:
        # Keras writes to the file's final name and leaves it there with a wrong hash; a folder aside keeps it whole.
        with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as aside:
            with _stall_limit(), watched(Path(aside), file.bytes, told):
                got = module.utils.get_file(
                    file.name, file.url, cache_dir=aside, cache_subdir="models", file_hash=file.md5
                )
            check(file, Path(got))
            return Path(got).replace(folder / file.name)
    finally:
        if chatty:
            module.config.enable_interactive_logging()


@contextmanager
def watched(folder: Path, total: int, told: Told | None) -> Iterator[None]:
    """Tell every fifth of a second how many bytes a folder holds: what downloads into it only prints its progress."""
    if told is None:
        yield
        return
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            told(_size(folder), total)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
    told(total, total)


def _size(folder: Path) -> int:
    """Bytes in a folder that somebody else is writing to: a file may be gone again."""
    size = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            size += path.stat().st_size if path.is_file() else 0
    return size


@contextmanager
def _stall_limit() -> Iterator[None]:
    """Keras downloads without a timeout; sockets opened meanwhile get one, so that a dead connection ends."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
