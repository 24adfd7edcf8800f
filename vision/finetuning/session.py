"""One fine-tuning from beginning to end: what it is trained on, where it is kept, and what it gained."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from vision import extractors
from vision.console import Progress
from vision.errors import BadSetting, ModelUnavailable
from vision.extractors import Extractor, clip_files, registry
from vision.extractors.base import batches
from vision.extractors.clip import Clip
from vision.extractors.registry import Spec
from vision.finetuning import labels, pairs
from vision.finetuning.labels import Epoch, Ranking
from vision.finetuning.material import Material, Rows, gather
from vision.finetuning.networks import tunable
from vision.settings import Settings
from vision.solr.fields import attribute_name

LAYERS: Final = 8


@dataclass(frozen=True)
class Asked:
    """What the user said.

    Attributes:
        catalogue: CSV, JSONL or Parquet.
        extractor: a specification.
        label: column of the classes; for CLIP, which learns from titles, None.
        group: column whose rows are never in two parts.
        without: labels whose rows take no part.
        layers: how many are trained, from the last on; None for :data:`LAYERS`, or all where there are fewer.
        epochs: at most; None for the method's own number.
        rate: the highest learning rate; None for the method's own.
        most: rows that are used.
        seed: of parts, views and order.
        allow_urls: whether pictures may be fetched.
        out: the file or folder to write; None for one in the models folder.
    """

    catalogue: Path
    extractor: str
    label: str | None
    group: str = "product_id"
    without: tuple[str, ...] = ()
    layers: int | None = None
    epochs: int | None = None
    rate: float | None = None
    most: int = 20_000
    seed: int = 0
    allow_urls: bool = False
    out: Path | None = None


@dataclass(frozen=True)
class Tuned:
    """What came out.

    Attributes:
        extractor: the specification before.
        specification: what to index with; None where no epoch was better, and nothing was written.
        file: what was written.
        fingerprints: before and after.
        trained: names of the layers that were trained.
        pictures: in each part, by its name.
        epochs: every one, number 0 without training.
        stopped_by: what ``quality`` of an epoch is.
        before, after: figures on the part that neither trained nor stopped.
        rejected: rows that are no good.
        first_rejected: what is wrong with the first of them.
        seconds: for everything.
    """

    extractor: str
    specification: str | None
    file: str | None
    fingerprints: tuple[str, str]
    trained: list[str]
    pictures: dict[str, int]
    epochs: list[Epoch]
    stopped_by: str
    before: dict[str, float]
    after: dict[str, float]
    rejected: int
    first_rejected: str
    seconds: float

    def plain(self) -> dict[str, Any]:
        """The answer of ``models finetune --json``, and the report beside the model."""
        return asdict(self)


def finetune(settings: Settings, asked: Asked, progress: Progress) -> Tuned:
    """Train an extractor further on a catalogue.

    Raises:
        BadCatalogue, BadSetting: what was asked cannot be done; nothing was written.
        ModelUnavailable: the extractor cannot be loaded.
    """
    began = time.perf_counter()
    spec = registry.parse(asked.extractor, settings.models, None)
    of_pairs = spec.name == "clip"
    if asked.label is None and not of_pairs:
        raise BadSetting("--label is missing: the column whose values say which pictures belong together")
    if of_pairs and (asked.label is not None or asked.layers is not None):
        raise BadSetting("clip learns from titles, and its last layer alone: --label and --layers have no place there")
    _free(asked.out)
    network = None if of_pairs else tunable(spec)
    layers = 1 if network is None else _layers(asked.layers, network.layers)
    loaded = extractors.load(asked.extractor, models=settings.models)
    label = None if asked.label is None else _field("--label", asked.label)
    progress("read", 0, None)
    material = gather(
        asked.catalogue,
        label,
        group=_field("--group", asked.group),
        without=asked.without,
        most=asked.most,
        seed=asked.seed,
        allow_urls=asked.allow_urls,
    )
    folder = asked.out.parent if asked.out is not None else settings.models or settings.home / "models"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".finetuning-") as aside:
        if isinstance(loaded, Clip):
            trained = ["the last of both towers"]
            epochs, before, after, made = _from_pairs(loaded, material, spec, asked, Path(aside), progress)
        else:
            assert network is not None
            trained = network.layers[-layers:]
            options = _replaced(labels.Options(layers, seed=asked.seed), asked)
            epochs = labels.train(network, loaded, material, options, progress)
            made = Path(aside) / f"model{network.ending}"
            network.save(made)
            tuned = extractors.load(_specification(spec, made), models=settings.models)
            before, after = (asdict(_ranked(each, material)) for each in (loaded, tuned))
        fingerprint = extractors.load(_specification(spec, made), models=settings.models).fingerprint
        gained = max(epochs, key=lambda epoch: epoch.quality).number > 0
        target = None
        if gained:
            ending = "" if made.is_dir() else made.name.removeprefix("model")
            target = asked.out or folder / f"{fingerprint.replace('@', '-')}{ending}"
            _put(made, target)
    result = Tuned(
        asked.extractor,
        None if target is None else _specification(spec, target),
        None if target is None else str(target),
        (loaded.fingerprint, fingerprint if gained else loaded.fingerprint),
        trained,
        {name: len(getattr(material, name)) for name in ("train", "stop", "report")},
        epochs,
        "MRR of titles" if of_pairs else "mAP",
        before,
        after if gained else before,
        len(material.rejected),
        material.rejected[0] if material.rejected else "",
        round(time.perf_counter() - began, 1),
    )
    if target is not None:
        report = target.with_name(f"{target.name}.json")
        report.write_bytes(msgspec.json.format(msgspec.json.encode(result.plain())) + b"\n")
    return result


def _from_pairs(
    model: Clip, material: Material, spec: Spec, asked: Asked, aside: Path, progress: Progress
) -> tuple[list[Epoch], dict[str, float], dict[str, float], Path]:
    titles = [product.title for product in material.products]
    found = pairs.embed(model, material, progress)
    options = _replaced(pairs.Options(seed=asked.seed), asked)
    matrices, epochs = pairs.train(found, titles, material.train, material.stop, options, progress)
    _, same = np.unique(np.asarray(titles), return_inverse=True)
    reported = found.take(material.report)
    before = pairs.matching(reported, same[material.report])
    after = pairs.matching(pairs.applied(reported, matrices), same[material.report])
    made = aside / "model"
    pairs.save(clip_files.find(spec.path, spec.models), matrices, made)
    return epochs, asdict(before), asdict(after), made


def _ranked(extractor: Extractor, material: Material) -> Ranking:
    """The part to report on, through the extractor as a search uses it."""
    rows: Rows = material.report
    parts = [extractor.extract(list(material.whole(np.array(part), extractor))) for part in batches(rows.tolist(), 32)]
    return labels.ranking(np.concatenate(parts), [material.labels[row] for row in rows])


def _layers(asked: int | None, names: Sequence[str]) -> int:
    if asked is not None and not 1 <= asked <= len(names):
        raise BadSetting(
            f"--layers is {asked}; accepted: 1 to {len(names)}, from the last on: {', '.join(names[::-1])}"
        )
    return min(LAYERS, len(names)) if asked is None else asked


def _replaced(options: Any, asked: Asked) -> Any:
    """A method's options with what the user chose instead."""
    chosen = {"epochs": asked.epochs, "rate": asked.rate}
    return replace(options, **{name: value for name, value in chosen.items() if value is not None})


def _field(option: str, column: str) -> str:
    try:
        return attribute_name(column)
    except ValueError as error:
        raise BadSetting(f"{option}: {error}") from error


def _specification(spec: Spec, path: Path) -> str:
    return f"{spec.name}{'' if spec.layer is None else '@' + spec.layer}:{path}"


def _free(out: Path | None) -> None:
    """A model is never replaced: collections may have been indexed with it."""
    if out is not None and out.exists():
        raise BadSetting(f"--out {out} is there already; give another name, as vectors may have been made with it")


def _put(made: Path, target: Path) -> None:
    """Move what was made aside to its place, whole."""
    if target.exists():  # the same training gave the same weights
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()
    try:
        made.rename(target)
    except OSError as error:
        raise ModelUnavailable(f"the tuned model cannot be written to {target}: {error}") from error
