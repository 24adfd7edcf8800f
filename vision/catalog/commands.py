"""``visual-search index``: a catalogue file into Solr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vision.console import Progress, echo, reported, resumable

if TYPE_CHECKING:
    from vision.catalog.ingest import IndexOptions, IndexReport
    from vision.jobs.recording import Recorder
    from vision.search.engine import SearchEngine
    from vision.solr.client import SolrClient
    from vision.workspace import Workspace

STAGES = {
    "jars": "fetching Solr",
    "features": "reading features",
    "extract": "pictures to features",
    "pca": "fitting PCA",
    "drift": "measuring drift",
    "index": "sending to Solr",
    "commit": "committing",
    "merge": "merging segments",
    "verify": "counting",
}


@click.command()
@click.argument("catalogue", type=click.Path(path_type=Path))
@click.option("--extractor", default="inception_v3", show_default=True, help="See `models list`.")
@click.option("--collection", help="Where to index.  [default: products]")
@click.option("--pca", type=click.Path(path_type=Path), help="A file from `pca fit`; by default fitted here.")
@click.option("--dims", type=click.IntRange(1, 1024), default=1024, show_default=True, help="PCA components.")
@click.option(
    "--coarse-dims", type=click.IntRange(8, 1024), help="Components that candidates are found by.  [default: 256]"
)
@click.option(
    "--vectors",
    type=click.Choice(["stored", "packed", "outside"]),
    help="Where vectors are kept for writing back: docs/capacity.md.  [default: stored]",
)
@click.option("--shards", type=click.IntRange(1, 1024), help="Parts of a SolrCloud's collection.  [default: 1]")
@click.option(
    "--replicas", type=click.IntRange(1, 100), help="Copies of each part.  [default: 2 where two nodes live, else 1]"
)
@click.option("--features", metavar="DIR-or-URL", help="Where `extract` put features.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Rejected rows.  [default: CATALOGUE.rejects.jsonl]")
@click.option("--allow-urls", is_flag=True, help="Fetch pictures that are web addresses.")
@click.option("--allow-missing-images", is_flag=True, help="Index rows whose image cell is empty, by words alone.")
@click.option("--detect", is_flag=True, help="Index each thing that the detector finds in a picture, too.")
@click.option("--changes", is_flag=True, help="Send only rows that changed since the last time; delete what is gone.")
@click.option("--watch", is_flag=True, help="Do that, stay, and do it again whenever CATALOGUE changes.")
@click.option(
    "--most-gone",
    type=click.FloatRange(0, 100),
    default=20,
    show_default=True,
    metavar="PERCENT",
    help="Of --changes and --watch: more than that gone at once is refused, as the file may be half of an export.",
)
@click.option("--recreate", is_flag=True, help="Delete the collection's old content, once the new one is ready.")
@click.option("--beside", metavar="NAME", help="Index into NAME, which is to take its place: docs/swaps.md.")
@click.option("--tag", metavar="FIELD[,FIELD]", help="Propose values for products of CATALOGUE that have none.")
@click.option("--confidence", type=click.FloatRange(0.01, 0.999), default=0.9, show_default=True, help="Of --tag.")
@click.option("--proposals", type=click.Path(path_type=Path), help="Of --tag.  [default: CATALOGUE.proposals.json]")
@click.option("--json", "as_json", is_flag=True, help="Print {indexed, rejected, cached, seconds, regions, drifted}.")
@reported
@resumable
def index(
    catalogue: Path,
    extractor: str,
    collection: str | None,
    pca: Path | None,
    dims: int,
    coarse_dims: int | None,
    vectors: str | None,
    shards: int | None,
    replicas: int | None,
    features: str | None,
    rejects: Path | None,
    allow_urls: bool,
    allow_missing_images: bool,
    detect: bool,
    changes: bool,
    watch: bool,
    most_gone: float,
    recreate: bool,
    beside: str | None,
    tag: str | None,
    confidence: float,
    proposals: Path | None,
    as_json: bool,
) -> None:
    """Index CATALOGUE (CSV, JSONL or Parquet): its pictures become vectors, its columns facets.

    Rows that cannot be indexed go to the rejects file with the reason; all others are indexed. Run it again after an
    interruption: pictures that were extracted already are not extracted twice. Run it again after a change: rows with
    a known id replace what was there, and what CATALOGUE no longer has stays, unless --recreate is given.

    With --changes only rows that differ from what was sent before are sent, and products that are gone are deleted;
    with --watch that happens whenever CATALOGUE changes, until Ctrl+C.

    With --detect a picture of several things is found by each of them: every region that VISUAL_SEARCH_DETECTOR finds
    is indexed beside the whole picture. Without it, regions of an earlier run are deleted.
    """
    from vision.catalog import IndexOptions
    from vision.errors import BadSetting
    from vision.following import presenting, rounds
    from vision.jobs.recording import recorded
    from vision.merchandising.tools import budget
    from vision.settings import Settings
    from vision.solr.vectors import Keeping
    from vision.workspace import Workspace

    settings = Settings.from_environment(collection=collection)
    options = IndexOptions(
        pca=pca,
        dims=dims,
        coarse_dims=coarse_dims,
        vectors=None if vectors is None else Keeping(vectors),
        shards=shards,
        replicas=replicas,
        rejects=rejects,
        spare=settings.home / "rejects",
        allow_urls=allow_urls,
        allow_missing_images=allow_missing_images,
        recreate=recreate,
    )
    stages = budget.STAGES | rounds.STAGES | STAGES | ({"extract": "pictures and regions"} if detect else {})
    if (tag or beside or features) is not None and (changes or watch):
        raise BadSetting("--tag, --beside and --features are about all of CATALOGUE; leave out --changes and --watch")
    title = f"watch {catalogue.name}" if watch else f"index {catalogue.name}"
    with recorded(settings, "index", title, stages) as job:
        workspace = Workspace(settings, progress=job)
        if changes or watch:
            how = presenting.How(detect, most_gone / 100, watch, as_json)
            presenting.run(workspace, catalogue, extractor, options, job, how)
            return
        report = _whole(workspace, catalogue, extractor, options, job, detect=detect, beside=beside, features=features)
        if tag is not None:
            with workspace.client() as client:
                _tag(workspace.engine(client), catalogue, tag, confidence, proposals, job)
    _say(report, job.summary["collection"], detect=detect, as_json=as_json)


def _whole(
    workspace: Workspace,
    catalogue: Path,
    extractor: str,
    options: IndexOptions,
    job: Recorder,
    *,
    detect: bool,
    beside: str | None,
    features: str | None,
) -> IndexReport:
    """Index every row."""
    from vision.catalog import session

    with _clients(workspace, beside) as (client, served):
        report = session.index(
            workspace,
            client,
            catalogue,
            extractor,
            options,
            detect=detect,
            progress=job,
            beside=served,
            features=features,
        )
    job.summary = report.plain() | {"collection": client.collection}
    return report


def _say(report: IndexReport, collection: str, *, detect: bool, as_json: bool) -> None:
    """What was done, on stdout; what to know besides, on stderr where stdout is for machines."""
    import orjson

    for note in report.notes:
        echo(f"PCA: {note}", err=as_json)
    for remark in report.remarks:
        echo(remark, err=as_json)
    if as_json:
        click.echo(orjson.dumps(report.plain()).decode())
    else:
        without = f", and {report.without:,} products without a picture," if report.without else ""
        regions = f", with {report.regions:,} regions," if detect else ""
        echo(
            f"{report.indexed - report.without:,} pictures{without}{regions} indexed in {report.seconds:.1f} s into "
            f"{collection!r} ({report.cached:,} from the cache), embedding {report.embedding}"
        )
    _say_left_out(report)


@contextmanager
def _clients(workspace: Workspace, beside: str | None) -> Iterator[tuple[SolrClient, SolrClient | None]]:
    """Of what is indexed into, and of the collection whose place that is to take."""
    from vision.errors import BadSetting

    with workspace.client() as client:
        if beside is None:
            yield client, None
        elif beside == client.collection:
            raise BadSetting(f"--beside {beside} is the collection itself; give what is beside it another name")
        else:
            with workspace.client(beside) as other:
                yield other, client


def _say_left_out(report: IndexReport) -> None:
    """What was not indexed as the catalogue has it, on stderr."""
    if report.amended:
        echo(f"{report.amended:,} rows were given values that were changed since; see `changes list`", err=True)
    if report.overtaken:
        echo(
            f"{report.overtaken:,} changes were dropped, as the catalogue has another value by now; `changes export` "
            "says which",
            err=True,
        )
    if report.rejects is not None:
        echo(f"{report.rejected:,} rows rejected; the reasons are in {report.rejects}", err=True)


def _tag(
    engine: SearchEngine, catalogue: Path, fields: str, confidence: float, path: Path | None, told: Progress
) -> None:
    """Write what is proposed for the products of a catalogue, and say so on stderr."""
    from vision.catalog import features
    from vision.merchandising.tools import tagging
    from vision.merchandising.tools.budget import Budget
    from vision.merchandising.tools.workbench import Workbench

    new = frozenset(row.product.product_id for row in features.check(catalogue) if row.product is not None)
    wanted = [name.strip() for name in fields.split(",") if name.strip()]
    found, learned, unable = tagging.tag(Workbench(engine, Budget(told=told)), wanted, new, confidence=confidence)
    target = path or catalogue.with_name(f"{catalogue.stem}.proposals.json")
    tagging.write(found, target)
    for each in learned:
        echo(f"{each.field}: {each.accuracy:.1%} of {each.known:,} known values are guessed right", err=True)
    for reason in unable:
        echo(f"not tagged: {reason}", err=True)
    echo(f"{len(found):,} proposals in {target}; nothing was changed", err=True)
