"""Names and specifications to extractors.

A specification is ``NAME[@LAYER][:FILE][?OPTION&OPTION]``, as in ``vgg16@fc2`` or ``tflite:m.tflite?scale=unit&l2``.

An extractor is one module with ``build(spec) -> Extractor`` and ``describe(spec) -> Description``, and one line in the
table below; with ``fetch(spec, told) -> tuple[Located, ...]`` its published files can be downloaded beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl

from vision.errors import BadSetting
from vision.extractors.base import Description, Extractor, L2Normalised, Located


@dataclass(frozen=True)
class Spec:
    """A parsed specification: what to load, from which file, how."""

    name: str
    path: Path | None
    options: Mapping[str, str]
    models: Path | None
    weights: str | None
    layer: str | None = None

    def accept(self, *known: str) -> None:
        """Refuse options other than ``known``."""
        unknown = sorted(set(self.options) - set(known))
        if unknown:
            accepted = ", ".join(sorted({*known, "l2"}))
            raise BadSetting(f"extractor {self.name}: unknown option {', '.join(unknown)}; accepted: {accepted}")


@dataclass(frozen=True)
class _Entry:
    """A name that :func:`load` accepts.

    Attributes:
        module: below ``vision.extractors``.
        file: what may stand after the colon; None where nothing may.
        required: whether it must.
        network: whether ``@LAYER`` and weights are accepted.
        words: whether it is a :class:`~vision.extractors.base.TextEncoder` as well.
    """

    module: str
    file: str | None = None
    required: bool = False
    network: bool = False
    words: bool = False


_KERAS: Final = _Entry("keras_network", file="WEIGHTS", network=True)
_ENTRIES: Final[Mapping[str, _Entry]] = MappingProxyType(
    {
        "inception_v3": _KERAS,
        "resnet50": _KERAS,
        "vgg16": _KERAS,
        "mobilenet_v2": _KERAS,
        "compact": _Entry("compact", file="FILE"),
        "clip": _Entry("clip", file="FOLDER", words=True),
        "histogram": _Entry("histogram"),
        "tflite": _Entry("tflite", file="PATH", required=True),
        "onnx": _Entry("onnx", file="PATH", required=True),
    }
)


def names() -> tuple[str, ...]:
    """What :func:`load` accepts; for a user's own model, the form of its specification."""
    return tuple(f"{name}:{entry.file}" if entry.required else name for name, entry in _ENTRIES.items())


def load(name: str, *, models: Path | None = None, l2: bool = False, weights: str | None = None) -> Extractor:
    """Load an extractor by its specification.

    Args:
        name: ``NAME[@LAYER][:FILE]``, with options after ``?``; docs/extractors.md has them all.
        models: the folder where model files are looked for before the Keras cache (``settings.models``).
        l2: scale every vector to length 1; the option ``l2`` in the specification does the same.
        weights: for networks of Keras: a weights file, or ``random:SEED`` for measurements of speed only.

    Raises:
        BadSetting: an unknown name, layer or option, or a path missing where there must be one.
        ModelUnavailable: the weights, the model file or the runtime cannot be had.
    """
    spec = parse(name, models, weights)
    l2 = _flag(spec.options["l2"], "l2") if "l2" in spec.options else l2
    extractor: Extractor = module(spec).build(_without_l2(spec))
    return L2Normalised(extractor) if l2 and not extractor.info.unit_length else extractor


def describe(name: str, *, models: Path | None = None) -> Description:
    """What is known of an extractor without loading it, and where its files are.

    Raises:
        BadSetting: as :func:`load`.
        ModelUnavailable: the file that the specification names is not there.
    """
    spec = parse(name, models, None)
    description: Description = module(spec).describe(_without_l2(spec))
    return description


def fetch(
    name: str, *, models: Path | None = None, told: Callable[[int, int | None], None] | None = None
) -> tuple[Located, ...]:
    """An extractor's published files in the models folder or the Keras cache: checked, downloaded where missing.

    Args:
        name: a specification without a file.
        models: the models folder; None for the Keras cache.
        told: told how many bytes of how many are there.

    Raises:
        BadSetting: as :func:`load`, or nothing is published for it.
        ModelUnavailable: a file cannot be had, or another one is in its place.
    """
    spec = parse(name, models, None)
    fetching = getattr(module(spec), "fetch", None)
    if fetching is None:
        reason = "is a file of your own" if _ENTRIES[spec.name].required else "needs no other weights"
        raise BadSetting(f"extractor {spec.name} {reason}: there is nothing to fetch")
    if spec.path is not None:
        raise BadSetting(f"{spec.path} is a file of your own; to fetch the published ones, say {spec.name} alone")
    located: tuple[Located, ...] = fetching(spec, told)
    return located


def reads_words(name: str) -> bool:
    """Whether the extractor of a specification is a :class:`~vision.extractors.base.TextEncoder`; loads nothing."""
    return _ENTRIES[parse(name, None, None).name].words


def module(spec: Spec) -> Any:
    """The module of a specification's extractor."""
    return import_module(f"vision.extractors.{_ENTRIES[spec.name].module}")


def _without_l2(spec: Spec) -> Spec:
    return replace(spec, options={name: value for name, value in spec.options.items() if name != "l2"})


def parse(text: str, models: Path | None, weights: str | None) -> Spec:
    """A specification's parts, as :func:`load` takes them.

    Raises:
        BadSetting: as :func:`load`.
    """
    base, _, query = text.partition("?")
    head, _, path = base.partition(":")
    name, at, layer = head.partition("@")
    if name not in _ENTRIES:
        raise BadSetting(f"there is no extractor {name!r}; known: {', '.join(names())}")
    entry = _ENTRIES[name]
    if entry.required and not path:
        raise BadSetting(f"extractor {name} needs a model file, as in {name}:{entry.file}")
    if entry.file is None and path:
        raise BadSetting(f"extractor {name} takes no file; got {path!r}")
    if at and not (entry.network and layer):
        having = ", ".join(f"{each}@LAYER" for each, other in _ENTRIES.items() if other.network)
        raise BadSetting(f"{head!r} names no layer that can be taken; accepted: {having}")
    if weights is not None and not entry.network:
        hint = f"; give its model file, as in {name}:{entry.file}" if entry.file else ""
        raise BadSetting(f"extractor {name} takes no weights{hint}")
    options = dict(parse_qsl(query, keep_blank_values=True))
    return Spec(name, Path(path) if path else None, options, models, weights, layer or None)


def _flag(value: str | None, option: str) -> bool:
    if value in ("", "1", "true", "yes"):
        return True
    if value in ("0", "false", "no"):
        return False
    raise BadSetting(f"option {option} is {value!r}; accepted: true or false")
