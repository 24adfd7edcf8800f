"""``visual-search backup`` and ``visual-search restore``.

Exit status: 0 done, 1 it could not be done and everything is as it was, 2 a wrong option, folder or setting.
"""

from __future__ import annotations

from pathlib import Path

import click

from vision.console import reported

_SHARED = click.option(
    "--solr-folder",
    type=click.Path(path_type=Path),
    help="A folder that Solr and this machine share.  [default: one in Solr's home]",
)
_FOLDER = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.command()
@_FOLDER
@click.option("--collection", help="What to back up.  [default: the one that is searched]")
@click.option("--without-models", is_flag=True, help="Leave out the extractor's model files.")
@_SHARED
@click.option("--json", "as_json", is_flag=True, help="Print {folder, collection, documents, files, models, bytes, …}.")
@reported
def backup(folder: Path, collection: str | None, without_models: bool, solr_folder: Path | None, as_json: bool) -> None:
    """Write everything that a collection needs to be had again to FOLDER, which is new or empty.

    Solr's index, embeddings, calibration, tuning, the changes of products, shoppers' profiles, what is known of its
    catalogues, and the model files. Searches, indexing and changes go on meanwhile. A folder without manifest.json is
    not finished: run the same command again. Catalogues and their pictures are not in it.
    """
    import orjson

    from vision.backup import saving
    from vision.jobs.recording import recorded
    from vision.settings import Settings
    from vision.workspace import Workspace

    settings = Settings.from_environment(collection=collection)
    with recorded(settings, "backup", f"back up to {folder}", saving.STAGES) as job:
        workspace = Workspace(settings, progress=job)
        made = saving.back_up(
            workspace, folder.absolute(), without_models=without_models, shared=solr_folder, progress=job
        )
        job.summary = made.plain()
    if as_json:
        click.echo(orjson.dumps(made.plain()).decode())
        return
    documents = "" if made.documents is None else f"{made.documents:,} documents, "
    click.echo(
        f"{made.collection!r} is in {made.folder}: {documents}{made.files:,} files of {made.bytes / 1e6:,.1f} MB, "
        f"{made.models} of them model files, in {made.seconds:.1f} s"
    )


@click.command()
@_FOLDER
@click.option("--collection", help="Where to restore it.  [default: the one that it was made of]")
@click.option("--replace", is_flag=True, help="Replace the collection and its files, where they are there.")
@_SHARED
@click.option("--json", "as_json", is_flag=True, help="Print {collection, made, documents, files, replaced, …}.")
@reported
def restore(folder: Path, collection: str | None, replace: bool, solr_folder: Path | None, as_json: bool) -> None:
    """Put back what `visual-search backup` wrote to FOLDER.

    All of it is read and compared with its hashes first, and prepared aside; nothing that is there is replaced without
    --replace. Where it fails everything is as it was before; after a kill, run the same command again.
    """
    import orjson

    from vision.backup import restoring
    from vision.jobs.recording import recorded
    from vision.settings import Settings
    from vision.workspace import Workspace

    settings = Settings.from_environment(collection=collection)
    with recorded(settings, "restore", f"restore {folder}", restoring.STAGES) as job:
        workspace = Workspace(settings, progress=job)
        found = restoring.restore(workspace, folder.absolute(), replace=replace, shared=solr_folder, progress=job)
        job.summary = found.plain()
    for remark in found.remarks:
        click.echo(remark, err=True)
    if as_json:
        click.echo(orjson.dumps(found.plain()).decode())
        return
    what = "replaced by" if found.replaced else "restored from"
    click.echo(
        f"{found.collection!r} was {what} the backup of {found.made}: {found.documents or 0:,} documents, "
        f"{found.files} files, in {found.seconds:.1f} s"
    )
