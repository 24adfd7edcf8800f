"""The table of docs/evaluation.md: mAP, P@10 and speed of extractors by dimensions, on real clothing photos.

Needs VISUAL_SEARCH_SHARED. Through a Solr of its own; features are kept in the user's cache, so that a second run
extracts nothing. To add a model, add a line to `rows`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from benchmarks import server
from benchmarks.recall import shared_folder
from benchmarks.report import Table, emit
from tests.evaluation.clothing import NO_CLASS, mobilenet, write_catalogue
from vision.evaluation import page
from vision.evaluation.running import Options, Outcome
from vision.evaluation.session import Truth, measure
from vision.settings import Settings

DIMS = ("full", "1024", "512", "256", "64")
MODES = ("exact", "approximate", "numpy")


def rows(shared: Path) -> Mapping[str, str]:
    """What is compared: a name for the table, and the extractor's specification."""
    return {
        "InceptionV3, random weights": "inception_v3:random:0",
        "histogram": "histogram",
        "MobileNetV2 int8 (tflite)": mobilenet(shared),
    }


def run(shared: Path, queries: int, html: Path | None = None) -> Sequence[Table]:
    """Measure; one row for each extractor and number of dimensions, speed beside it by mode."""
    named = {specification: name for name, specification in rows(shared).items()}
    with server.temporary("1g") as running, tempfile.TemporaryDirectory() as folder:
        measured = measure(
            Settings.from_environment(solr_url=running.url),
            write_catalogue(shared, Path(folder)),
            Truth("category", without=NO_CLASS),
            extractors=tuple(named),
            dims=DIMS,
            modes=MODES,
            filters=(),
            options=Options(queries),
            allow_urls=False,
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
    return [table]


@click.command(help=__doc__)
@click.option("--queries", default=500, show_default=True, help="Photos asked as queries.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write the page of `visual-search evaluate`.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(queries: int, html: Path | None, as_json: bool) -> None:
    shared = shared_folder()
    if shared is None:
        raise click.ClickException("needs real photos and models: set VISUAL_SEARCH_SHARED to their folder")
    emit("quality_table", run(shared, queries, html), as_json=as_json)


if __name__ == "__main__":
    main()
