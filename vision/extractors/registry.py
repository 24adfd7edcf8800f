"""Names and specifications to extractors.

A specification is ``NAME``, ``NAME:PATH`` or either with options, as in ``tflite:model.tflite?scale=inception&l2``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from vision.errors import BadSetting
from vision.extractors.base import Extractor, L2Normalised


@dataclass(frozen=True)
class Spec:
    """A parsed specification: what to load, from which file, how."""

    name: str
    path: Path | None
    options: Mapping[str, str]
    models: Path | None
    weights: str | None

    def accept(self, *known: str) -> None:
        """Refuse options other than ``known``."""
        unknown = sorted(set(self.options) - set(known))
        if unknown:
            accepted = ", ".join(sorted({*known, "l2"}))
            raise BadSetting(f"extractor {self.name}: unknown option {', '.join(unknown)}; accepted: {accepted}")


_MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "inception_v3": "vision.extractors.inception_v3",
        "histogram": "vision.extractors.histogram",
        "tflite": "vision.extractors.tflite",
        "onnx": "vision.extractors.onnx",
    }
)
_NEED_A_FILE: Final = ("tflite", "onnx")


def names() -> tuple[str, ...]:
    """What :func:`load` accepts; for a user's own model, the form of its specification."""
    return tuple(f"{name}:PATH" if name in _NEED_A_FILE else name for name in _MODULES)


def load(name: str, *, models: Path | None = None, l2: bool = False, weights: str | None = None) -> Extractor:
    """Load an extractor by its specification.

    Args:
        name: ``inception_v3[:WEIGHTS]``, ``histogram``, ``tflite:PATH`` or ``onnx:PATH``, with options after ``?``.
        models: the folder where model files are looked for before the Keras cache (``settings.models``).
        l2: scale every vector to length 1; the option ``l2`` in the specification does the same.
        weights: for ``inception_v3``: a weights file, or ``random:SEED`` for measurements of speed only.

    Raises:
        BadSetting: an unknown name or option, or a path missing where there must be one.
        ModelUnavailable: the weights, the model file or the runtime cannot be had.
    """
    spec = _parse(name, models, weights)
    l2 = _flag(spec.options.get("l2"), "l2") if "l2" in spec.options else l2
    spec = Spec(spec.name, spec.path, {k: v for k, v in spec.options.items() if k != "l2"}, models, weights)
    build: Callable[[Spec], Extractor] = import_module(_MODULES[spec.name]).build
    extractor = build(spec)
    return L2Normalised(extractor) if l2 else extractor


def _parse(text: str, models: Path | None, weights: str | None) -> Spec:
    base, _, query = text.partition("?")
    name, _, path = base.partition(":")
    if name not in _MODULES:
        raise BadSetting(f"there is no extractor {name!r}; known: {', '.join(names())}")
    if name in _NEED_A_FILE and not path:
        raise BadSetting(f"extractor {name} needs a model file, as in {name}:PATH")
    if name == "histogram" and path:
        raise BadSetting(f"extractor histogram takes no file; got {path!r}")
    if weights is not None and name != "inception_v3":
        raise BadSetting(f"extractor {name} takes no weights; give its model file, as in {name}:PATH")
    options = dict(parse_qsl(query, keep_blank_values=True))
    return Spec(name, Path(path) if path else None, options, models, weights)


def _flag(value: str | None, option: str) -> bool:
    if value in ("", "1", "true", "yes"):
        return True
    if value in ("0", "false", "no"):
        return False
    raise BadSetting(f"option {option} is {value!r}; accepted: true or false")
