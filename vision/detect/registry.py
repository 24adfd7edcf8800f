"""Names and specifications to detectors: ``NAME[:FILE]``, as in ``yolox:yolox_s.onnx`` or ``detector:shop.json``.

A detector is one module with ``build(path, models) -> Detector`` and one line in the table below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final

from vision.detect import yolox
from vision.detect.base import Detector
from vision.errors import BadSetting


@dataclass(frozen=True)
class _Entry:
    """A name that :func:`load` accepts; ``file`` may stand after the colon, and must where ``required``."""

    module: str
    file: str | None = None
    required: bool = False


_ENTRIES: Final[Mapping[str, _Entry]] = MappingProxyType(
    {
        "yolox": _Entry("yolox", file="PATH"),
        "detector": _Entry("described", file="FILE.json", required=True),
        "saliency": _Entry("saliency"),
    }
)


def names() -> tuple[str, ...]:
    """What :func:`load` accepts."""
    return tuple(f"{name}:{entry.file}" if entry.required else name for name, entry in _ENTRIES.items())


def check(specification: str) -> None:
    """Whether a specification names a detector; nothing is loaded or looked for.

    Raises:
        BadSetting: it does not.
    """
    _parse(specification)


def load(specification: str, *, models: Path | None = None) -> Detector:
    """Load a detector.

    Args:
        specification: ``yolox``, ``yolox:PATH``, ``detector:FILE.json`` or ``saliency``.
        models: the folder where model files are looked for that are not at the path given (``settings.models``).

    Raises:
        BadSetting: an unknown name, a missing or needless file, or a description that is not accepted.
        ModelUnavailable: a file or a library cannot be had.
    """
    entry, path = _parse(specification)
    detector: Detector = import_module(f"vision.detect.{entry.module}").build(path, models)
    return detector


def default(models: Path | None) -> str:
    """The specification where nobody names one: YOLOX if one is in the models folder, else saliency."""
    return "saliency" if yolox.find(models) is None else "yolox"


def _parse(specification: str) -> tuple[_Entry, Path | None]:
    name, _, path = specification.partition(":")
    entry = _ENTRIES.get(name)
    if entry is None:
        raise BadSetting(f"there is no detector {name!r}; known: {', '.join(names())}")
    if entry.required and not path:
        raise BadSetting(f"detector {name!r} needs a file, as in {name}:{entry.file}")
    if entry.file is None and path:
        raise BadSetting(f"detector {name!r} takes no file; got {path!r}")
    return entry, Path(path) if path else None
