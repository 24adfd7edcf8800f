"""``visual-search models``: which extractors there are, whether one works here, and its published files."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vision.console import Progress, progress_bars, reported
from vision.errors import ModelUnavailable
from vision.finetuning.commands import finetune

if TYPE_CHECKING:
    from PIL.Image import Image

    from vision.extractors import Extractor
    from vision.extractors.conversion import Convertible

# Besides the names themselves: a variant that needs other weights.
_VARIANTS = ("vgg16@fc2",)
_OWN = {".tflite": "tflite", ".onnx": "onnx"}
# As `models finetune` names what it writes: the fingerprint, and what the kind of file ends with.
_TUNED = re.compile(r"(\w+)-[0-9a-f]{12}(\.onnx|\.weights\.h5|)$")


@click.group()
def models() -> None:
    """What turns pictures into vectors: list, try, fetch and fine-tune it."""


models.add_command(finetune)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print [{name, dims, input, licence, source, files, ready}].")
@reported
def list_(as_json: bool) -> None:
    """List the extractors, their licences, and where their weights are or would be downloaded to."""
    import orjson

    from vision import extractors
    from vision.settings import Settings

    folder = Settings.from_environment().models
    known = [name for name in extractors.names() if ":" not in name]
    rows = [_row(name, folder) for name in sorted([*known, *_VARIANTS, *_own(folder, known)], key=_order(known))]
    if as_json:
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    _print(rows)
    own = ", ".join(name for name in extractors.names() if ":" in name)
    click.echo(f"\nBesides: {own}, and any layer of a network of Keras, as in resnet50@conv4_block6_out.")


@models.command()
@click.argument("extractor", metavar="SPEC")
@click.option("--weights", help="A weights file, or random:SEED for measurements of speed only.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as one object.")
@reported
def check(extractor: str, weights: str | None, as_json: bool) -> None:
    """Load SPEC, run it on a drawn picture, and measure it.

    The vector is compared with the one that is known for these weights, where one is; exit status 1 if it differs.
    """
    import orjson

    from vision import extractors
    from vision.extractors import canonical
    from vision.settings import Settings

    began = time.perf_counter()
    loaded = extractors.load(extractor, models=Settings.from_environment().models, weights=weights)
    seconds = time.perf_counter() - began
    vector = loaded.extract([canonical.picture()])[0]
    deviation = canonical.deviation(loaded.fingerprint, vector)
    words = isinstance(loaded, extractors.TextEncoder)
    found: dict[str, Any] = {
        "name": loaded.info.name,
        "fingerprint": loaded.fingerprint,
        "dims": loaded.info.dims,
        "input": list(loaded.info.input_size),
        "preprocessing": loaded.info.preprocessing,
        "licence": loaded.info.licence,
        "source": loaded.info.source,
        "weights_sha256": loaded.info.weights_hash,
        "words": words,
        "load_s": round(seconds, 2),
        "images_s": round(_speed(loaded, 1), 1),
        "images_s_batch16": round(_speed(loaded, 16), 1),
        "canonical": "unknown" if deviation is None else "same" if deviation <= canonical.TOLERANCE else "different",
        "deviation": deviation,
    }
    if isinstance(loaded, extractors.TextEncoder):
        found["words_dims"] = int(loaded.text(["a red disc"]).shape[1])
    if as_json:
        click.echo(orjson.dumps(found).decode())
    else:
        for name, value in found.items():
            click.echo(f"{name:<17} {value}")
    if found["canonical"] == "different":
        raise ModelUnavailable(
            f"{loaded.fingerprint} gives another vector here than elsewhere, by {deviation:.2%} of its largest sum; "
            f"{canonical.TOLERANCE:.1%} is allowed: vectors of this machine and of others do not belong together"
        )


@models.command()
@click.argument("name")
@reported
def fetch(name: str) -> None:
    """Have the published files of NAME on this machine: check those that are there, download those that are not.

    They are kept in the folder that VISUAL_SEARCH_MODELS names, else in the Keras cache.
    """
    from vision import extractors
    from vision.settings import Settings

    folder = Settings.from_environment().models
    with progress_bars({"fetch": f"{name}, bytes"}) as progress:
        found = extractors.fetch(name, models=folder, told=lambda done, total: progress("fetch", done, total))
    for each in found:
        click.echo(f"{each.path}  ({each.path.stat().st_size:,} bytes, {each.origin})")


@models.command()
@click.argument("extractor", metavar="SPEC")
@click.option("--int8", is_flag=True, help="Whole numbers of 8 bits: quicker, other vectors; needs --calibrate.")
@click.option(
    "--calibrate",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of pictures like those of the catalogue: sets the ranges of int8, and what is compared.",
)
@click.option("--most", type=click.IntRange(20), default=300, show_default=True, help="Pictures taken, sampled.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sample.")
@click.option("--weights", help="A weights file, or random:SEED for measurements of speed only.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written and measured as one object.")
@reported
def convert(
    extractor: str, int8: bool, folder: Path | None, most: int, seed: int, weights: str | None, as_json: bool
) -> None:
    """Convert SPEC, a network of Keras or compact, for OpenVINO, which runs it quicker.

    In fp32 the vectors stay what they are: the conversion is used wherever SPEC is, as long as the weights are the
    same. With --int8 they are others: index with `SPEC?precision=int8`. Written to the folder that
    VISUAL_SEARCH_MODELS names, else to the Keras cache. Needs the extra `fast`.
    """
    import orjson
    from msgspec import to_builtins

    from vision.errors import BadSetting
    from vision.extractors import registry
    from vision.extractors.conversion import convert as run
    from vision.extractors.conversion import load_original
    from vision.extractors.converted import places
    from vision.settings import Settings

    if int8 and folder is None:
        raise BadSetting("--int8 needs --calibrate: a folder of pictures that set its ranges")
    spec = registry.parse(extractor, Settings.from_environment().models, weights)
    original = load_original(spec)
    with progress_bars({"read": "reading pictures", "convert": "converting", "compare": "comparing"}) as progress:
        pictures = [] if folder is None else _pictures(folder, original, most, seed, progress)
        target, about = run(original, places(spec.models), pictures, int8=int8, told=progress)
    if as_json:
        click.echo(orjson.dumps({"path": str(target), **to_builtins(about)}).decode())
        return
    found = about.agreement
    click.echo(
        f"{target}\n{found.pictures} pictures: cosine with the original at least {found.cosine_min:.6f}, ", nl=False
    )
    click.echo(f"on average {found.cosine_mean:.6f}")
    if found.top10 is not None:
        click.echo(f"of each one's ten nearest among them, {found.top10:.1%} are the same")
    where = f"Index with --extractor '{extractor}?precision=int8'" if int8 else f"Used wherever {extractor} is"
    click.echo(where)


def _pictures(folder: Path, original: Convertible, most: int, seed: int, progress: Progress) -> list[Image]:
    """At most so many pictures of a folder and those below it, in random order, as the network sees them."""
    import random

    from vision import images
    from vision.embedding import open_picture
    from vision.errors import BadImage

    files = sorted(path for path in folder.rglob("*") if path.is_file())
    random.Random(seed).shuffle(files)
    found: list[Image] = []
    for path in files:
        if len(found) == most:
            break
        try:
            picture = open_picture(path.read_bytes(), original)
        except BadImage:  # whatever else lies there
            continue
        found.append(images.resized(picture, original.info.input_size))
        progress("read", len(found), most)
    return found


def _row(name: str, folder: Path | None) -> dict[str, Any]:
    """One line of the list: an extractor, its files, and whether all of them are here."""
    from vision import extractors

    about = extractors.describe(name, models=folder)
    files = [
        {
            "name": file.name,
            "bytes": file.bytes,
            "path": None if file.found is None else str(file.found.path),
            "origin": None if file.found is None else file.found.origin,
        }
        for file in about.files
    ]
    return {
        "name": name,
        "dims": about.dims,
        "input": None if about.input_size is None else list(about.input_size),
        "licence": about.licence,
        "source": about.source,
        "files": files,
        "ready": all(file["path"] for file in files),
    }


def _own(folder: Path | None, known: Collection[str]) -> list[str]:
    """The specifications of the models in the models folder."""
    if folder is None or not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        if (tuned := _TUNED.match(path.name)) is not None and tuned[1] in known:
            found.append(f"{tuned[1]}:{path}")
        elif path.suffix in _OWN:
            found.append(f"{_OWN[path.suffix]}:{path.name}")
    return sorted(found)


def _order(known: list[str]) -> Callable[[str], tuple[int, str]]:
    """The registry's order, each variant after what it is one of, own models last."""

    def order(name: str) -> tuple[int, str]:
        base = name.partition(":")[0].partition("@")[0]
        return (known.index(base) if base in known else len(known), name)

    return order


def _print(rows: list[dict[str, Any]]) -> None:
    lines = [("name", "dims", "input", "licence", "size", "weights")]
    for row in rows:
        sizes = [file["bytes"] for file in row["files"]]
        size = f"{sum(sizes) / 1e6:,.1f} MB" if sizes and None not in sizes else "-"
        sides = "x".join(map(str, row["input"])) if row["input"] else "?"
        lines.append((row["name"], str(row["dims"] or "?"), sides, row["licence"], size, _where(row)))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    for line in lines:
        click.echo("  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[5]]))


def _where(row: dict[str, Any]) -> str:
    if not row["files"]:
        return "needs none"
    if row["ready"]:
        return str(row["files"][0]["path"])
    missing = [file["name"] for file in row["files"] if file["path"] is None]
    how = "downloaded on first use" if len(row["files"]) == 1 else f"`visual-search models fetch {row['name']}`"
    return f"not here, {how}: {', '.join(missing)}"


def _speed(extractor: Extractor, batch: int, seconds: float = 1.0) -> float:
    """Images a second in batches, over about ``seconds`` and at least two batches; the first is not counted."""
    from vision.extractors import canonical

    images = [canonical.picture()] * batch
    extractor.extract(images)
    done, began = 0, time.perf_counter()
    while done < 2 * batch or time.perf_counter() - began < seconds:
        extractor.extract(images)
        done += batch
    return done / (time.perf_counter() - began)
