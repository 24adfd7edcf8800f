"""``visual-search solr install|uninstall``: vectors into a collection that runs already, and out of it again.

Exit status: 0 done, 1 it could not be done (and why), 2 a wrong option; 130 interrupted, nothing is lost.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vision.console import progress_bars, reported, resumable

if TYPE_CHECKING:
    from vision.console import Progress
    from vision.extractors import Extractor
    from vision.install.plan import Plan
    from vision.settings import Settings
    from vision.solr.client import SolrClient

_STAGES = {
    "extract": "pictures to features",
    "pca": "fitting PCA",
    "index": "sending to Solr",
    "commit": "committing",
    "merge": "merging segments",
    "clear": "taking vectors out",
}


@click.command()
@click.option("--url", metavar="URL", help="Solr's base, as http://host:8983/solr.  [default: SOLR_URL]")
@click.option("--collection", required=True, help="The collection or core to add vectors to.")
@click.option("--map", "mapped", multiple=True, metavar="NAME=FIELD,…", help="What its fields are, as title=name_t.")
@click.option("--words", metavar="FIELD[^2],…", help="Where words are searched.  [default: title twice, description]")
@click.option("--extractor", default="inception_v3", show_default=True, help="See `models list`.")
@click.option("--pca", type=click.Path(path_type=Path), help="A file from `pca fit`; by default fitted here.")
@click.option(
    "--pictures-root",
    "root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The folder that the documents' picture paths are below.",
)
@click.option("--allow-urls", is_flag=True, help="Fetch pictures that are web addresses.")
@click.option("--may-change", metavar="FIELD,…", help="Fields that change with every update, as a time stamp does.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Where to write documents whose picture is no good.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan and what was done as JSON.")
@reported
@resumable
def install(url: str | None, collection: str, as_json: bool, dry_run: bool, **options: Any) -> None:
    """Add our fields and a handler to a running collection, and vectors to its documents.

    Its own fields, handlers and documents are left as they are, and `solr uninstall` takes everything out again. Run
    it again after an interruption, or when documents were added: what has vectors is left alone.
    """
    from vision import extractors
    from vision.errors import Conflict
    from vision.install import changes
    from vision.install.inspection import inspect
    from vision.install.mapping import parse
    from vision.install.plan import Wishes
    from vision.install.plan import plan as make_plan

    settings = _settings(url, collection)
    fields = parse(options["mapped"]) if options["mapped"] else None
    root = None if options["root"] is None else options["root"].resolve()
    with _client(settings) as client:
        found = inspect(client, (fields or {}).values())
        plan = make_plan(found, Wishes(fields, options["words"], _root_id(root)))
        answer = {"url": client.base, "collection": collection, "solr": found.version, **_plan_json(plan)}
        if plan.problems:
            if as_json and dry_run:
                click.echo(json.dumps(answer))
            raise Conflict(
                f"nothing was changed: collection {collection!r} at {client.shown} cannot take vectors as it is\n"
                + "\n".join(f"- {problem}" for problem in plan.problems)
            )
        for line in [] if as_json else _lines(plan):
            click.echo(line)
        if dry_run:
            click.echo(json.dumps(answer) if as_json else "dry run: nothing was changed")
            return
        loaded = extractors.load(options["extractor"], models=settings.models)
        changes.apply(client, plan)
    with progress_bars(_STAGES) as progress:
        report = _backfill(settings, loaded, root, options, progress)
    if as_json:
        click.echo(json.dumps(answer | {"backfill": report}))
    else:
        click.echo(
            f"{report['added']:,} documents got vectors in {report['seconds']:.1f} s; {report['present']:,} had them, "
            f"{report['without_picture']:,} have no picture"
        )
    if report["rejects"] is not None:
        click.echo(f"{report['rejected']:,} pictures rejected; the reasons are in {report['rejects']}", err=True)


@click.command()
@click.option("--url", metavar="URL", help="Solr's base, as http://host:8983/solr.  [default: SOLR_URL]")
@click.option("--collection", required=True, help="The collection or core to take vectors out of.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print {url, collection, fields, types, documents, left}.")
@reported
@resumable
def uninstall(url: str | None, collection: str, dry_run: bool, as_json: bool) -> None:
    """Take out what `solr install` added: values, fields, field types, handler; nothing that was there before."""
    from vision.errors import Conflict
    from vision.install import changes, safety
    from vision.install.inspection import inspect

    with _client(_settings(url, collection)) as client:
        found = inspect(client)
        changes.check_installed(client, found)
        fields, types = changes.removals(found)
        documents = client.count("embedding:*") if found.declared("fields", "embedding") else 0
        if documents and (problems := safety.problems(found)):
            raise Conflict("nothing was changed:\n" + "\n".join(f"- {problem}" for problem in problems))
        left: tuple[str, ...] = ()
        if not dry_run:
            with progress_bars(_STAGES) as progress:
                documents = changes.clear(client, found, lambda done, total: progress("clear", done, total))
            left = changes.remove(client, found)
    if as_json:
        members = {"fields": fields, "types": types, "documents": documents, "left": left}
        click.echo(json.dumps({"url": client.base, "collection": collection, **members}))
        return
    will = "would be" if dry_run else "were"
    click.echo(f"vectors {will} taken out of {documents:,} documents")
    click.echo(f"fields {', '.join(fields) or 'none'} and types {', '.join(types) or 'none'} {will} removed")
    if left:
        click.echo(f"left, as they were there before or stand in files: {', '.join(left)}")


def _settings(url: str | None, collection: str) -> Settings:
    from vision.errors import BadSetting
    from vision.settings import Settings

    settings = Settings.from_environment(solr_url=None if url is None else url.rstrip("/"), collection=collection)
    if settings.solr_url is None:
        raise BadSetting("no Solr is named; give its base with --url http://host:8983/solr, or set SOLR_URL")
    return settings


def _client(settings: Settings) -> SolrClient:
    from vision.solr import auth
    from vision.solr.client import SolrClient

    url = auth.address(settings)
    assert url is not None and settings.collection is not None
    return SolrClient(url, settings.collection, timeout=settings.solr_timeout)


def _root_id(root: Path | None) -> str | None:
    from vision.catalog.pictures import Pictures

    return None if root is None else Pictures(root).root_id


def _backfill(
    settings: Settings, loaded: Extractor, root: Path | None, options: dict[str, Any], progress: Progress
) -> dict[str, Any]:
    from dataclasses import asdict

    from vision.catalog.pictures import Pictures
    from vision.install.backfill import Backfill, BackfillOptions
    from vision.workspace import Workspace

    workspace = Workspace(settings)
    rejects = options["rejects"] or settings.home / "rejects" / f"{settings.collection}.rejects.jsonl"
    rejects.parent.mkdir(parents=True, exist_ok=True)
    if root is not None:
        workspace.roots().remember(Pictures(root))
    with workspace.client() as client, workspace.cache() as cache:
        backfill = Backfill(client, workspace.store(), cache, progress=progress)
        may_change = frozenset(filter(None, (options["may_change"] or "").replace(",", " ").split()))
        chosen = BackfillOptions(rejects, root, options["allow_urls"], options["pca"], may_change)
        report = asdict(backfill.run(options["extractor"], loaded, chosen))
    return report | {"rejects": None if report["rejects"] is None else str(report["rejects"])}


def _plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "types": [each["name"] for each in plan.types],
        "fields": [each["name"] for each in plan.fields],
        "handler": None if plan.handler is None else plan.handler["name"],
        "kept": list(plan.kept),
        "map": {"id": plan.names.key, **(plan.names.fields or {})},
        "problems": list(plan.problems),
        "notes": list(plan.notes),
    }


def _lines(plan: Plan) -> list[str]:
    lines = [f"add field type {each['name']} ({each['class']})" for each in plan.types]
    lines += [f"add field {each['name']} ({each['type']})" for each in plan.fields]
    if plan.handler is not None:
        verb = "bring up to date" if plan.replaces else "add"
        lines.append(f"{verb} request handler {plan.handler['name']}: words in {plan.handler['defaults']['qf']}")
    if plan.is_empty:
        lines.append("fields and handler are there already")
    shown = {"id": plan.names.key, **(plan.names.fields or {})}
    lines.append("fields: " + ", ".join(f"{name}={solr}" for name, solr in shown.items()))
    return lines + [f"note: {note}" for note in plan.notes]
