"""``visual-search extract``: a catalogue's features by several processes or machines."""

from __future__ import annotations

from pathlib import Path

import click

from vision.console import echo, reported, resumable

STAGES = {"workers": "starting workers", "hash": "reading pictures", "extract": "pictures to features"}


@click.command()
@click.argument("catalogue", type=click.Path(path_type=Path))
@click.option("--to", metavar="DIR-or-URL", required=True, help="Where features go: a folder, or s3://bucket/folder.")
@click.option("--images", metavar="DIR-or-URL", help="What image cells are below.  [default: CATALOGUE's folder]")
@click.option("--extractor", default="inception_v3", show_default=True, help="See `models list`.")
@click.option(
    "--workers", type=click.IntRange(1, 1024), help="Processes of this machine.  [default: one for each core]"
)
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster, as tcp://host:8786, instead of --workers.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Of a worker's model.  [default: its share of the cores]")
@click.option("--part", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Pictures of one part.")
@click.option("--allow-urls", is_flag=True, help="Fetch pictures that are web addresses.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Rejected rows.  [default: CATALOGUE.rejects.jsonl]")
@click.option("--json", "as_json", is_flag=True, help="Print {extractor, rows, pictures, extracted, known, …}.")
@reported
@resumable
def extract(
    catalogue: Path,
    to: str,
    images: str | None,
    extractor: str,
    workers: int | None,
    scheduler: str | None,
    threads: int | None,
    part: int,
    allow_urls: bool,
    rejects: Path | None,
    as_json: bool,
) -> None:
    """Extract the features of CATALOGUE's pictures with several workers, for `index --features`.

    Each different picture is extracted once, however often it occurs and whatever other catalogues put there before.
    Run it again after an interruption or a change: what is there already is not extracted again. Features of several
    extractors may be in one place. docs/extraction.md says how a cluster is set up.
    """
    import os

    import orjson

    from vision.errors import BadSetting
    from vision.extraction import session
    from vision.extractors import registry
    from vision.jobs.recording import recorded
    from vision.settings import Settings

    if workers is not None and scheduler is not None:
        raise BadSetting(
            "--workers are processes of this machine, --scheduler has workers of its own; give one of them"
        )
    settings = Settings.from_environment()
    registry.parse(extractor, settings.models, None)
    options = session.Options(
        extractor,
        images=images,
        workers=workers or os.cpu_count() or 1,
        scheduler=scheduler,
        threads=threads,
        part=part,
        allow_urls=allow_urls,
        rejects=rejects,
        spare=settings.home / "rejects",
    )
    with recorded(settings, "extract", f"extract {catalogue.name}", STAGES) as job:
        report = session.extract(catalogue, to, options, job)
        job.summary = report.plain()
    if as_json:
        click.echo(orjson.dumps(report.plain()).decode())
    else:
        echo(
            f"{report.extracted:,} pictures extracted in {report.seconds:.1f} s into {report.parts:,} parts, "
            f"{report.known:,} were there before, {report.bad:,} are no good; extractor {report.extractor}"
        )
    if report.reject_file is not None:
        echo(f"{report.rejected:,} rows rejected; the reasons are in {report.reject_file}", err=True)
