"""What a job that indexes or evaluates is asked over HTTP: no path of the machine, only what it has indexed before."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from vision.catalog.catalogues import Catalogues
from vision.errors import BadQuery
from vision.extractors import registry
from vision.settings import Settings

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Names = Annotated[list[Name], Meta(max_length=20)]


class IndexRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A ``catalogue`` of GET /v1/catalogues, indexed again into its collection; what is left out is as it was before.

    ``recreate`` deletes what the collection holds once the new vectors are ready, which another ``extractor`` needs.
    """

    catalogue: str
    detect: bool | None = None
    recreate: bool = False
    extractor: Name | None = None
    dims: Annotated[int, Meta(ge=1, le=1024)] | None = None


class EvaluateRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How well and how fast pictures of a ``catalogue`` find each other: extractors x dims x modes x filters.

    Right answers are those with the same value of the column ``label``, or, with ``same_product``, other photos of the
    product; ``without`` leaves out labels. ``extractors`` left out is the catalogue's own; ``dims`` are numbers or
    ``full``, 1024 where left out, ``modes`` exact and approximate; ``filters`` are FIELD=VALUE, or ``all``, each
    measured by itself.
    """

    catalogue: str
    label: Name | None = None
    same_product: bool = False
    without: Names = []
    extractors: Names = []
    dims: Names = msgspec.field(default_factory=lambda: ["1024"])
    modes: Names = msgspec.field(default_factory=lambda: ["exact", "approximate"])
    filters: Names = []
    queries: Annotated[int, Meta(ge=1)] = 500
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    depth: Annotated[int, Meta(ge=1)] | None = None


class TuneRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """K and the cross-over of the collection that is searched; all, and what is left out, as `visual-search tune`.

    ``quick`` makes no side collections, ``dry_run`` keeps nothing.
    """

    queries: Annotated[int, Meta(ge=40)] = 200
    filters: Names = []
    candidates: Annotated[list[Annotated[int, Meta(ge=1, le=10_000)]], Meta(max_length=20)] = []
    coarse_dims: Annotated[list[Annotated[int, Meta(ge=8, le=1024)]], Meta(max_length=20)] = []
    quick: bool = False
    recall: Annotated[float, Meta(ge=0, le=1)] = 0.99
    repeats: Annotated[int, Meta(ge=1)] = 2
    rows: Annotated[int, Meta(ge=10, le=1000)] = 24
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    dry_run: bool = False


def check_extractor(name: str, settings: Settings, known: Catalogues) -> None:
    """Refuse a specification with a file, unless that is in a models folder or the same one was indexed with before.

    Raises:
        BadSetting: no extractor is called so.
        BadQuery: it names another file.
    """
    spec = registry.parse(name, settings.models, None)
    if spec.path is None or name in {each.extractor for each in known.all()}:
        return
    folders = [folder for folder in (settings.models, settings.home / "models") if folder is not None]
    if any(_is_inside(spec.path, folder) for folder in folders):
        return
    raise BadQuery(
        f"extractor {name!r} names a file; accepted over HTTP: files in the models folder, and what a catalogue of "
        "this machine was indexed with before",
        "extractor",
    )


def _is_inside(path: Path, folder: Path) -> bool:
    return path.is_absolute() and path.resolve().is_relative_to(folder.resolve())
