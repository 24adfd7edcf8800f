"""Where InceptionV3's weights come from: a path, the models folder, the Keras cache, or a download by Keras."""

from __future__ import annotations

import os
import re
import socket
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vision.errors import ModelUnavailable
from vision.extractors.tensorflow_runtime import keras

FILE: Final = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
URL: Final = f"https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/{FILE}"
MD5: Final = "bcbd6486424b2319ff4ef7d526e38f63"
"""What Keras itself checks the file against."""

CONNECT_SECONDS: Final = 8.0
STALL_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Located:
    """A weights file, and which of the places it was found in."""

    path: Path
    origin: str


def keras_cache() -> Path:
    """The folder Keras keeps downloaded weights in: ``$KERAS_HOME/models``, else ``~/.keras/models``."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def locate(explicit: Path | None, models: Path | None) -> Located | None:
    """The weights file on this machine, or None where only a download can help.

    Raises:
        ModelUnavailable: an explicit path that is no file: it is never silently replaced by another place's.
    """
    if explicit is not None:
        path = explicit.expanduser()
        if not path.is_file():
            raise ModelUnavailable(f"no InceptionV3 weights at {path}; give an existing file, or leave the path out")
        return Located(path, "the path given")
    if models is not None and (models / FILE).is_file():
        return Located(models / FILE, "the models folder")
    if (keras_cache() / FILE).is_file():
        return Located(keras_cache() / FILE, "the Keras cache")
    return None


def fetch(explicit: Path | None, models: Path | None, url: str = URL) -> Located:
    """:func:`locate`, else download into the Keras cache; quickly given up without a network.

    Raises:
        ModelUnavailable: the weights cannot be had; says where they were looked for, and what to do.
    """
    found = locate(explicit, models)
    if found is not None:
        return found
    try:
        return Located(_download(url), "a download by Keras")
    except Exception as error:  # Keras raises a bare Exception for a failed download
        folder = str(models) if models is not None else "the models folder (VISUAL_SEARCH_MODELS, not set)"
        raise ModelUnavailable(
            f"no InceptionV3 weights: {FILE} is neither in {folder} nor in the Keras cache ({keras_cache()}), and "
            f"downloading it failed ({_short(error)}). Put the file into one of the two, set VISUAL_SEARCH_MODELS to "
            "its folder, or use `--extractor histogram`, which needs no weights"
        ) from error


def _download(url: str) -> Path:
    """Let Keras download and check the file, once it is known that the server answers."""
    with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=CONNECT_SECONDS):
        pass
    cache = keras_cache()
    cache.mkdir(parents=True, exist_ok=True)  # where it is missing, Keras would use /tmp
    module = keras()
    chatty = module.config.is_interactive_logging_enabled()
    module.config.disable_interactive_logging()
    try:
        # Keras writes to the file's final name and leaves it there with a wrong hash; a folder aside keeps it whole.
        with tempfile.TemporaryDirectory(dir=cache, prefix=".download-") as aside, _stall_limit():
            file = module.utils.get_file(FILE, url, cache_dir=aside, cache_subdir="models", file_hash=MD5)
            return Path(file).replace(cache / FILE)
    finally:
        if chatty:
            module.config.enable_interactive_logging()


@contextmanager
def _stall_limit() -> Iterator[None]:
    """Keras downloads without a timeout; sockets opened meanwhile get one, so that a dead connection ends."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _short(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    text = re.sub(r"\s+", " ", str(reason)).strip() or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."
