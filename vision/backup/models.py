"""The model files that a collection's vectors were made with: found for a backup, put where they are found again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import vision
from vision import extractors
from vision.backup import manifest
from vision.backup.files import MODELS
from vision.backup.manifest import ModelEntry, hashed
from vision.embedding import EmbeddingStore
from vision.errors import BadInput, ModelUnavailable, VisualSearchError
from vision.extractors import registry
from vision.extractors.weights import keras_cache
from vision.settings import Settings

_HASH: Final = 8
_PACKAGE: Final = Path(vision.__file__).parent


@dataclass(frozen=True)
class Placed:
    """What :func:`plan` decided.

    Attributes:
        targets: where each file goes, of those that are not there already.
        renamed: specifications that have to be said otherwise here, old to new, as their files lie elsewhere now.
        remarks: what the user should know.
    """

    targets: Mapping[ModelEntry, Path]
    renamed: Mapping[str, str]
    remarks: tuple[str, ...]


def find(store: EmbeddingStore, embeddings: Sequence[str], settings: Settings) -> Iterator[tuple[ModelEntry, Path]]:
    """The files of the extractors of these embeddings, less those that come with this package.

    Raises:
        ModelUnavailable: one is not on this machine.
        NotFound: an embedding is not.
    """
    number = 0
    for fingerprint in embeddings:
        specification = store.load(fingerprint).extractor
        for path in _files(specification, settings):
            place, name = _place(path, specification, settings)
            yield ModelEntry(f"{MODELS}/{number}/{path.name}", fingerprint, place, name, str(path)), path
            number += 1


def _files(specification: str, settings: Settings) -> Iterator[Path]:
    try:
        listed = extractors.describe(specification, models=settings.models).files
    except VisualSearchError as error:
        raise ModelUnavailable(f"{error}; or leave model files out with --without-models") from error
    for each in listed:
        if each.found is None:
            raise ModelUnavailable(
                f"{each.name}, which {specification} needs, is not on this machine: put it back, or leave model files "
                "out with --without-models"
            )
        path = each.found.path.resolve()
        if not path.is_relative_to(_PACKAGE):
            yield path


def _place(path: Path, specification: str, settings: Settings) -> tuple[str, str]:
    """What a file's path is relative to, and that relative path."""
    places = {"models": settings.models, "home": settings.home, "cache": keras_cache()}
    for place, folder in places.items():
        if folder is not None and path.is_relative_to(folder.resolve()):
            return place, path.relative_to(folder.resolve()).as_posix()
    named = registry.parse(specification, settings.models, None).path
    above = path.parent if named is None else named.expanduser().resolve().parent
    return "path", (path.relative_to(above) if path.is_relative_to(above) else Path(path.name)).as_posix()


def plan(
    entries: Sequence[ModelEntry], hashes: Mapping[str, str], specifications: Mapping[str, str], settings: Settings
) -> Placed:
    """Where model files of a backup go on this machine.

    Nothing is written outside the home folder, the models folder and the Keras cache, whatever the backup says.

    Args:
        entries: of the manifest.
        hashes: SHA-256 by the path in the backup.
        specifications: of the extractors, by embedding.
        settings: of this machine.

    Raises:
        BadInput: a path of the backup leads out of where it belongs.
    """
    folder = settings.models or settings.home / "models"
    roots = {"models": folder, "cache": settings.models or keras_cache(), "home": settings.home, "path": folder}
    targets: dict[ModelEntry, Path] = {}
    renamed: dict[str, str] = {}
    remarks: list[str] = []
    for entry in entries:
        wanted = hashes[entry.path]
        if not manifest.is_inside(entry.name):
            raise BadInput(f"model file {entry.name!r} leads out of its folder: this is no backup of ours")
        if _is(Path(entry.was), wanted) and entry.place == "path":
            continue
        target = roots[entry.place] / entry.name
        if target.exists() and not _is(target, wanted):
            target = roots[entry.place] / wanted[:_HASH] / entry.name
        if not _is(target, wanted):
            targets[entry] = target
        specification = specifications.get(entry.embedding, "")
        new = _renamed(specification, entry, target, settings)
        if new != specification:
            renamed[specification] = new
            remarks.append(f"{entry.was} is {target} here")
    if settings.models is None and any(entry.place == "models" for entry in targets):
        remarks.append(f"model files went to {folder}: set VISUAL_SEARCH_MODELS to it")
    return Placed(targets, renamed, tuple(remarks))


def _renamed(specification: str, entry: ModelEntry, target: Path, settings: Settings) -> str:
    """A specification that finds the file where it is now; the same where it does so already."""
    named = registry.parse(specification, settings.models, None).path if specification else None
    if named is None:
        return specification
    depth = len(Path(entry.was).parts) - len(Path(os.path.abspath(named.expanduser())).parts)
    # Of a folder's files the name in the specification lies above the file.
    whole = target if Path(entry.was).name == named.name or depth <= 0 else target.parents[depth - 1]
    here = settings.models / named if settings.models is not None and not named.is_absolute() else named.expanduser()
    return specification if here.absolute() == whole.absolute() else specification.replace(f":{named}", f":{whole}", 1)


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and hashed(path) == sha256
