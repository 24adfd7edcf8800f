"""``visual-search tune``: K and the cross-over of a collection, from what its own searches find and cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vision.console import reported, resumable


@click.group(invoke_without_command=True)
@click.option("--collection", help="What to tune.  [default: products, else demo]")
@click.option("--queries", "file", type=click.Path(path_type=Path), help="Searches, a request as JSON on each line.")
@click.option("--sample", type=click.IntRange(40), default=200, show_default=True, help="Queries, half kept aside.")
@click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="A filter level, or all; repeatable.")
@click.option("--candidates", metavar="K[,K…]", default="100,200,400,800", show_default=True, help="K to try.")
@click.option("--coarse-dims", metavar="D[,D…]", default="64,128,256,512", show_default=True, help="Dims to try.")
@click.option("--quick", is_flag=True, help="The collection's own coarse dimensions alone: no side collections.")
@click.option("--recall", type=click.FloatRange(0, 1), default=0.99, show_default=True, help="Mean to reach.")
@click.option("--repeats", type=click.IntRange(1), default=2, show_default=True, help="Of each query at each point.")
@click.option("--rows", type=click.IntRange(10, 1000), default=24, show_default=True, help="Of a page.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of every choice by chance.")
@click.option("--dry-run", is_flag=True, help="Measure and choose, write nothing.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page with charts.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was measured.")
@reported
@resumable
def tune(collection: str | None, html: Path | None, as_json: bool, **given: Any) -> None:
    """Choose K and the cross-over of a collection by measuring its own searches, and keep the choice.

    `serve` and `search` go by it from then on, until the collection has other vectors; VISUAL_SEARCH_CANDIDATES and
    VISUAL_SEARCH_EXACT_BELOW win. Side collections with other numbers of coarse dimensions are dropped at the end.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    import orjson

    from vision.evaluation.commands import check_out, print_table
    from vision.jobs.recording import recorded
    from vision.settings import Settings
    from vision.tuning import report, session
    from vision.tuning.choice import Goal
    from vision.workspace import Workspace

    check_out("--html", html)
    options = session.Options(
        queries=given["sample"],
        file=given["file"],
        filters=given["filters"],
        candidates=session.numbers("--candidates", given["candidates"], 1, 10_000),
        dims=() if given["quick"] else session.numbers("--coarse-dims", given["coarse_dims"], 8, 1024),
        goal=Goal(given["recall"]),
        seed=given["seed"],
        repeats=given["repeats"],
        rows=given["rows"],
    )
    settings = Settings.from_environment(collection=collection)
    workspace = Workspace(settings)
    with recorded(settings, "tune", f"tune {settings.collection or 'the collection'}", session.STAGES) as job:
        found = session.tune(settings, options, job)
        job.summary = found.summary()
    advice = found.advice(workspace.store().load(found.embedding).extractor)
    path: Path | None = None
    if not given["dry_run"]:
        path = session.keep(workspace, found)
    if html is not None:
        html.write_text(found.page(advice), encoding="utf-8")
    if as_json:
        click.echo(orjson.dumps(found.plain() | {"advice": advice, "file": path and str(path)}).decode())
        return
    print_table(f"{found.collection}: {found.about}", report.COLUMNS, report.rows(found.figures))
    print_table("exact against approximate", report.CROSSING_COLUMNS, report.crossing_rows(found.crossing))
    print_table("the chosen setting, on the queries kept aside", report.COLUMNS, report.rows(found.held))
    for line in (found.found, advice, *found.notes, report.K_AND_OVERSAMPLING):
        click.echo(line) if line else None
    kept = "nothing was written" if path is None else f"kept in {path}"
    click.echo(f"VISUAL_SEARCH_CANDIDATES={found.candidates} VISUAL_SEARCH_EXACT_BELOW={found.exact_below}; {kept}")
    if (settings.candidates, settings.exact_below) != (None, None):
        click.echo("the environment sets one of them, which wins; `tune show` says which", err=True)


@tune.command()
@click.option("--collection", help="Of which.  [default: products, else demo]")
@click.option("--json", "as_json", is_flag=True, help="Print what GET /v1/tuning answers.")
@reported
def show(collection: str | None, as_json: bool) -> None:
    """Show which limits searches go by now, and where each comes from."""
    import msgspec

    from vision.settings import Settings
    from vision.tuning.state import state
    from vision.workspace import Workspace

    workspace = Workspace(Settings.from_environment(collection=collection))
    with workspace.reading_client() as client:
        found = state(workspace.engine(client))
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for name, limit in (("candidates", found.candidates), ("exact_below", found.exact_below)):
        click.echo(f"{name} = {limit.value:,} ({limit.origin})")
    if found.tuned is not None:
        click.echo(f"tuned {found.tuned.made} on {found.tuned.pictures:,} pictures")
    if found.notice is not None:
        click.echo(found.notice)


@tune.command()
@click.option("--collection", help="Of which.  [default: products, else demo]")
@reported
def reset(collection: str | None) -> None:
    """Forget what was chosen: searches go by the defaults again."""
    from vision.settings import Settings
    from vision.workspace import Workspace

    workspace = Workspace(Settings.from_environment(collection=collection))
    with workspace.reading_client() as client:
        removed = workspace.tuned().remove(client.collection)
        said = "forgotten" if removed else "nothing was kept"
        click.echo(f"{client.collection}: {said}")
