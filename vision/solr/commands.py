"""``visual-search solr start|stop|status|install|uninstall``: the embedded Solr, and collections of others.

Exit status: 0 done, 1 it could not be done (or no Solr runs, for ``status``), 2 a wrong option or setting.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from vision.console import progress_bars, reported
from vision.install.commands import install, uninstall

if TYPE_CHECKING:
    from vision.solr.status import SolrStatus


@click.group()
def solr() -> None:
    """Start, stop and look at Solr. With SOLR_URL set, that Solr is used and none is started."""


solr.add_command(install)
solr.add_command(uninstall)


@solr.command()
@click.option("--heap", metavar="SIZE", help="Most memory for Java objects, as 512m or 2g.  [default: 512m]")
@click.option("--port", type=click.IntRange(1, 65535), help="First port to try; a free one if taken.  [default: 8983]")
@click.option(
    "--auth/--no-auth", default=None, help="Ask for a password, a random one that we know.  [default: as it was]"
)
@click.option(
    "--cloud/--no-cloud", default=None, help="A SolrCloud: several nodes and a ZooKeeper.  [default: as it was]"
)
@click.option("--nodes", type=click.IntRange(1), help="How many nodes.  [default: as many as it has, or 3]")
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
@reported
def start(
    heap: str | None, port: int | None, auth: bool | None, cloud: bool | None, nodes: int | None, as_json: bool
) -> None:
    """Start the embedded Solr, or say where it runs already. It stays up until `solr stop`.

    Of a SolrCloud, what does not run is started: nodes that were killed come back, and more of them join.
    """
    from vision.settings import Settings
    from vision.solr.auth import USER, is_on, password_file
    from vision.solr.current import current_status, embedded

    settings = Settings.from_environment(solr_heap=heap, solr_port=port)
    if settings.solr_url is not None:
        found = current_status(settings)
        click.echo(_as_json(found) if as_json else f"SOLR_URL is set, nothing was started: {_in_words(found)}")
        return
    began = time.monotonic()
    with progress_bars() as progress:
        server = embedded(
            settings,
            auth=auth,
            cloud=cloud,
            nodes=nodes,
            progress=lambda done, total, name: progress("Solr's jars", done, total),
        )
        started = server.start()
    found = server.status()
    if as_json:
        click.echo(_as_json(found))
        return
    seconds = f"ready in {time.monotonic() - began:.1f} s" if started else "was running already"
    click.echo(f"{_in_words(found)}, {seconds}; data and logs in {server.home}")
    if is_on(server.home):
        click.echo(f"it asks for a password: user {USER}, in {password_file(server.home)}")
    if not found.simd:
        click.echo(
            "Vector searches are faster with a full JDK, 21 or later: install one, then stop and start.", err=True
        )


@solr.command()
@reported
def stop() -> None:
    """Stop the embedded Solr that `solr start` started, and nothing else."""
    from vision.settings import Settings
    from vision.solr.current import embedded

    server = embedded(Settings.from_environment())
    click.echo("Solr stopped" if server.stop() else f"no embedded Solr runs for {server.home}")


@solr.command()
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print {url, version, java, simd, mode, collections}, nodes and warnings of a SolrCloud.",
)
@click.pass_context
@reported
def status(context: click.Context, as_json: bool) -> None:
    """Say which Solr is used and what it holds; exit 1, with every JSON member null, when none runs."""
    from vision.settings import Settings
    from vision.solr.current import current_status

    found = current_status(Settings.from_environment())
    if as_json:
        click.echo(_as_json(found))
    elif found.running:
        click.echo(_in_words(found))
        click.echo(f"collections: {', '.join(found.collections) or 'none'}")
        _warn(found)
    else:
        click.echo("no Solr runs; start one with: visual-search solr start", err=True)
    if not found.running:
        context.exit(1)


@solr.command()
@reported
def upload() -> None:
    """Bring this product's configset to a SolrCloud; collections that use it take it up at once.

    What was changed in it there is replaced. The embedded SolrCloud gets it when it starts.
    """
    from vision.settings import Settings
    from vision.solr import configset
    from vision.solr.current import current_status
    from vision.workspace import Workspace

    settings = Settings.from_environment()
    with Workspace(settings).client() as client:
        using = configset.upload(client)
        click.echo(f"configset {configset.CONFIGSET!r} is at {client.shown}; reloaded: {', '.join(using) or 'none'}")
    _warn(current_status(settings))


@solr.command()
@click.option(
    "--solr", "others", metavar="URL", multiple=True, help="A further Solr that this home folder is used with."
)
@click.option("--dry-run", is_flag=True, help="Only say how many.")
@click.option("--json", "as_json", is_flag=True, help="Print {vectors, named, dropped, collections}.")
@reported
def prune(others: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Drop vectors kept outside Solr (index --vectors outside) that no document names any more.

    Every collection of the Solr is asked; where one cannot be, nothing is dropped. Indexing waits meanwhile.
    """
    from vision.backup.saving import lock
    from vision.settings import Settings
    from vision.solr import pruning
    from vision.workspace import Workspace

    workspace = Workspace(Settings.from_environment())
    with lock(workspace), workspace.client() as client:
        found = pruning.prune([client.given, *others], workspace.settings, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    done = "would be dropped" if dry_run else "were dropped"
    click.echo(
        f"{found.dropped:,} of {found.vectors:,} vectors {done}: the others are named by documents of "
        f"{', '.join(found.collections)}"
    )


def _as_json(status: SolrStatus) -> str:
    only_where_there = {"nodes": status.nodes is None, "warnings": not status.warnings}
    return json.dumps({name: value for name, value in asdict(status).items() if not only_where_there.get(name)})


def _warn(status: SolrStatus) -> None:
    for each in status.warnings:
        click.echo(f"warning: {each}", err=True)


def _in_words(status: SolrStatus) -> str:
    simd = "on" if status.simd else "off"
    mode = f"cloud of {status.nodes} live nodes" if status.mode == "cloud" else status.mode
    return f"Solr {status.version} ({mode}) at {status.url}, Java {status.java}, SIMD {simd}"
