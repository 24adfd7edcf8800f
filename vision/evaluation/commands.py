"""``visual-search evaluate`` and ``visual-search pca report``: quality and speed of setups, through the real index."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from vision.console import reported, resumable
from vision.errors import BadSetting

_PCA_COLUMNS = ("dims", "variance kept", "mAP", "P@10", "vector bytes", "index bytes")


@click.command()
@click.option("--catalog", type=click.Path(path_type=Path), required=True, help="CSV, JSONL or Parquet.")
@click.option("--label", help="Column: pictures with the same value are right answers.")
@click.option("--judgments", type=click.Path(path_type=Path), help="TREC qrels of picture ids, instead of --label.")
@click.option("--same-product", is_flag=True, help="Other photos of a product are right answers, instead of --label.")
@click.option("--without", multiple=True, metavar="LABEL", help="Leave out rows with this label; may be repeated.")
@click.option("--extractor", "extractors", multiple=True, required=True, metavar="E[,E…]", help="As for `index`.")
@click.option("--dims", multiple=True, default=("1024",), metavar="D[,D…]", help="Or full.  [default: 1024]")
@click.option(
    "--mode",
    "modes",
    multiple=True,
    default=("exact", "approximate"),
    metavar="M[,M…]",
    help="exact, approximate, auto, or numpy: a flat scan outside of Solr.  [default: exact,approximate]",
)
@click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="Or all; each is measured by itself.")
@click.option("--queries", type=click.IntRange(1), default=500, show_default=True, help="At most so many, sampled.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sample.")
@click.option(
    "--depth", type=click.IntRange(1), help="Results ranked for each query.  [default: all; 1000 past 10,000]"
)
@click.option("--allow-urls", is_flag=True, help="Fetch pictures that are web addresses.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page with charts and pictures.")
@click.option("--no-keep", is_flag=True, help="Do not keep the result below VISUAL_SEARCH_HOME.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of {extractor, dims, mode, filter, …, p95_ms}.")
@reported
@resumable
def evaluate(catalog: Path, html: Path | None, as_json: bool, **given: Any) -> None:
    """Measure how well, and how fast, pictures of CATALOG find each other: extractors x dims x modes x filters.

    Each extractor and number of dimensions is indexed into a collection of its own, which is dropped at the end. Every
    picture of a sample is asked once and is never its own result. Features are kept: a second run extracts nothing.
    So is the result, with those of earlier runs.
    """
    import orjson

    from vision.evaluation import page
    from vision.evaluation.running import Options
    from vision.evaluation.session import STAGES, Truth, measure
    from vision.jobs.recording import recorded
    from vision.settings import Settings
    from vision.workspace import Workspace

    truth = Truth(given["label"], given["judgments"], given["same_product"], given["without"])
    options = Options(given["queries"], given["seed"], given["depth"])
    check_out("--html", html)
    settings = Settings.from_environment()
    with recorded(settings, "evaluate", f"evaluate on {catalog.name}", STAGES) as job:
        measured = measure(
            settings,
            catalog,
            truth,
            extractors=given["extractors"],
            dims=given["dims"],
            modes=given["modes"],
            filters=given["filters"],
            options=options,
            allow_urls=given["allow_urls"],
            progress=job,
        )
        job.summary = measured.summary()
    if not given["no_keep"]:
        measured.keep(Workspace(settings).measurements())
    if html is not None:
        title = f"How well pictures of {catalog.stem} find each other"
        page_html = page.evaluation(title, measured.about, measured.outcomes, measured.gallery, measured.judgments)
        html.write_text(page_html, encoding="utf-8")
    for note in measured.notes:
        click.echo(note, err=True)
    if as_json:
        click.echo(orjson.dumps([each.plain() for each in measured.outcomes]).decode())
    else:
        print_table(measured.about, *page.figures(measured.outcomes))


@click.command()
@click.argument("catalogue", type=click.Path(path_type=Path))
@click.option("--extractor", default="inception_v3", show_default=True, help="As for `index`.")
@click.option("--label", required=True, help="Column: pictures with the same value are right answers.")
@click.option("--without", multiple=True, metavar="LABEL", help="Leave out rows with this label; may be repeated.")
@click.option(
    "--dims", multiple=True, default=("1024,512,256,128,64",), metavar="D[,D…]", show_default=True, help="Sizes."
)
@click.option("--queries", type=click.IntRange(1), default=500, show_default=True, help="At most so many, sampled.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sample.")
@click.option("--allow-urls", is_flag=True, help="Fetch pictures that are web addresses.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page with charts.")
@click.option("--png", type=click.Path(path_type=Path), help="Also write the charts as a picture.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of {dims, variance, map, p@10, …}.")
@reported
@resumable
def report(catalogue: Path, html: Path | None, png: Path | None, as_json: bool, **given: Any) -> None:
    """Show what PCA costs and saves: quality, and bytes of vector and index, by the number of dimensions.

    Every size is indexed into a collection of its own, searched exactly, and dropped. An extractor that gives more than
    1,024 features is also ranked without PCA, by NumPy, to compare with.
    """
    import orjson

    from vision.evaluation import charts, page
    from vision.evaluation.running import Options
    from vision.evaluation.session import STAGES, Truth, measure
    from vision.jobs.recording import recorded
    from vision.settings import Settings

    check_out("--html", html)
    check_out("--png", png)
    settings = Settings.from_environment()
    with recorded(settings, "pca", f"PCA report on {catalogue.name}", STAGES) as job:
        measured = measure(
            settings,
            catalogue,
            Truth(given["label"], without=given["without"]),
            extractors=(given["extractor"],),
            dims=given["dims"],
            modes=("exact",),
            filters=(),
            options=Options(given["queries"], given["seed"]),
            allow_urls=given["allow_urls"],
            progress=job,
            reference=True,
        )
        job.summary = measured.summary()
    through = [each for each in measured.outcomes if each.index_bytes is not None]
    drawn = page.pca_charts(through, next((each for each in measured.outcomes if each.index_bytes is None), None))
    rows = [page.pca_row(each) for each in measured.outcomes]
    if html is not None:
        title = f"PCA of {measured.outcomes[0].label} on {catalogue.stem}"
        html.write_text(page.pca_page(title, measured.about, _PCA_COLUMNS, rows, drawn), encoding="utf-8")
    if png is not None:
        png.write_bytes(charts.png(drawn))
    for note in measured.notes:
        click.echo(note, err=True)
    if as_json:
        click.echo(orjson.dumps([page.pca_plain(each) for each in measured.outcomes]).decode())
    else:
        print_table(measured.about, _PCA_COLUMNS, rows)


def check_out(option: str, path: Path | None) -> None:
    """Refuse a file that cannot be written, before anything slow begins."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise BadSetting(f"{option} {path} is a folder, or in none that is there; give another file")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout, numbers to the right; never so narrow that figures are cut."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from vision.evaluation.page import wordy

    console = Console()
    console.width = max(console.width, 140)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column, words in zip(columns, wordy(columns, rows), strict=True):
        table.add_column(column, justify="left" if words else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)
