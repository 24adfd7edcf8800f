"""The table of docs/evaluation.md: mAP, P@10 and speed of extractors by dimensions, on real clothing photos.

Needs VISUAL_SEARCH_SHARED. All photos are indexed and each PCA is fitted on all of them; asked and found, by the
filter `part=asked`, are photos that neither compact nor a fine-tuning was trained on, of other people. Fine-tuned are
MobileNetV2 on all others, and compact on those of them that are new to it; that takes minutes. The weights that are
shipped were trained on all photos: `--compact` names those of `python -m training.compact train --name aside`, which
were not. Through a Solr of its own; features are kept in the user's cache. To add a model, add a line to `rows`.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from benchmarks import server
from benchmarks.recall import shared_folder
from benchmarks.report import Table, emit
from tests.evaluation.clothing import ASKED, NO_CLASS, OWN, TRAINED, mobilenet, write_catalogue
from tests.finetuning.mobilenet import write_weights
from vision.console import progress_bars
from vision.evaluation import page
from vision.evaluation.running import Options, Outcome
from vision.evaluation.session import STAGES, Truth, measure
from vision.finetuning.session import Asked, Tuned, finetune
from vision.settings import Settings

DIMS = ("full", "1024", "512", "256", "64")
MODES = ("exact", "approximate", "numpy")
FILTER = f"part={ASKED}"


def rows(shared: Path, compact: str) -> Mapping[str, str]:
    """What is compared: a name for the table, and the extractor's specification."""
    return {
        "InceptionV3, random weights": "inception_v3:random:0",
        "histogram": "histogram",
        "MobileNetV2 int8 (tflite)": mobilenet(shared),
        "compact": compact,
    }


def tuned(shared: Path, compact: str, folder: Path) -> dict[str, Tuned]:
    """MobileNetV2 and compact, trained further on photos that are not asked."""
    settings = Settings.from_environment()
    weights = write_weights(Path(mobilenet(shared).partition(":")[2]), folder / "mobilenet.weights.h5")
    ways = (("MobileNetV2", f"mobilenet_v2:{weights}", (TRAINED, OWN)), ("compact", compact, (OWN,)))
    found = {}
    for name, extractor, parts in ways:
        catalogue = write_catalogue(shared, folder, parts)
        out = folder / f"{name}.{'onnx' if name == 'compact' else 'weights.h5'}"
        asked = Asked(catalogue, extractor, "category", group="sender", without=NO_CLASS, epochs=8, out=out)
        with progress_bars({"train": f"fine-tuning {name}"}) as progress:
            found[f"{name}, fine-tuned"] = finetune(settings, asked, progress)
    return found


def run(shared: Path, queries: int, html: Path | None, tune: bool, compact: str) -> Sequence[Table]:
    """Measure; one row for each extractor and number of dimensions, speed beside it by mode."""
    with server.temporary("1g") as running, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trained = tuned(shared, compact, folder) if tune else {}
        listed = dict(rows(shared, compact)) | {
            name: each.specification for name, each in trained.items() if each.specification is not None
        }
        named = {specification: name for name, specification in listed.items()}
        catalogue = write_catalogue(shared, folder)
        with progress_bars(STAGES) as progress:
            measured = measure(
                Settings.from_environment(solr_url=running.url),
                catalogue,
                Truth(judgments=_judgments(catalogue)),
                extractors=tuple(named),
                dims=DIMS,
                modes=MODES,
                filters=(FILTER,),
                options=Options(queries),
                allow_urls=False,
                progress=progress,
            )
        if html is not None:
            title = "How well photos of clothes find each other"
            page_html = page.evaluation(title, measured.about, measured.outcomes, measured.gallery, measured.judgments)
            html.write_text(page_html, encoding="utf-8")
    columns = (
        "extractor",
        "dims",
        "mAP",
        "P@10",
        "R@10",
        "MRR",
        "mAP approximate",
        *(f"{mode} p50 ms" for mode in MODES),
        "extract ms",
    )
    table = Table(measured.about, columns)
    found: dict[tuple[str, int], dict[str, Outcome]] = {}
    for each in measured.outcomes:
        found.setdefault((named[each.setup.extractor], each.setup.dims), {})[each.setup.mode] = each
    for (name, dims), modes in found.items():
        best = modes.get("exact") or modes["numpy"]
        quality = (f"{value:.4f}" for value in (best.map, best.precision, best.recall, best.mrr))
        approximate = f"{modes['approximate'].map:.4f}" if "approximate" in modes else "-"
        times = (f"{modes[mode].times.p50:.1f}" if mode in modes else "-" for mode in MODES)
        table.add(name, f"{dims:,}", *quality, approximate, *times, f"{best.extract_ms:.1f}")
    table.notes += measured.notes
    table.notes += [_gain(name, each) for name, each in trained.items()]
    return [table]


def _judgments(catalogue: Path) -> Path:
    """Right answers to the photos kept aside: those of the same class among them."""
    with catalogue.open(newline="", encoding="utf-8") as file:
        kept = [row for row in csv.DictReader(file) if row["part"] == ASKED]
    path = catalogue.with_suffix(".qrels")
    pairs = (
        f"{query['id']} 0 {answer['id']} 1\n"
        for query in kept
        for answer in kept
        if query is not answer and query["category"] == answer["category"]
    )
    path.write_text("".join(pairs), encoding="utf-8")
    return path


def _gain(name: str, each: Tuned) -> str:
    """What a fine-tuning said of itself, on the part of its own photos that it kept aside."""
    outcome = "" if each.specification else "; no epoch was better, it has no rows"
    return f"{name}: mAP {each.before['map']:.3f} -> {each.after['map']:.3f} in {each.seconds:.0f} s{outcome}"


@click.command(help=__doc__)
@click.option("--queries", default=600, show_default=True, help="Photos asked as queries, at most.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write the page of `visual-search evaluate`.")
@click.option("--tune/--no-tune", default=True, show_default=True, help="Whether to fine-tune as well.")
@click.option("--compact", default="compact", show_default=True, help="Weights to measure, as compact:FILE.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(queries: int, html: Path | None, tune: bool, compact: str, as_json: bool) -> None:
    shared = shared_folder()
    if shared is None:
        raise click.ClickException("needs real photos and models: set VISUAL_SEARCH_SHARED to their folder")
    emit("quality_table", run(shared, queries, html, tune, compact), as_json=as_json)


if __name__ == "__main__":
    main()
