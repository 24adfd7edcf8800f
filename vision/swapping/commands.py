"""``visual-search swap``: another collection takes the place of the one that is served, and nobody waits.

Exit status: 0 done, 1 it could not be done, 2 a wrong option or setting.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vision.console import echo, reported

if TYPE_CHECKING:
    from vision.swapping.comparing import ComparisonForm, SideForm
    from vision.swapping.status import BesideForm
    from vision.swapping.switching import Switched

_COLLECTION = click.option("--collection", help="The one that is served.  [default: products]")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")


@click.group()
def swap() -> None:
    """Let a collection that was indexed beside (index --beside) take the place of the one that is served.

    Both are there at once: searches that name an extractor are answered by the collection that has it.
    """


@swap.command()
@_COLLECTION
@_JSON
@reported
def status(collection: str | None, as_json: bool) -> None:
    """What is beside the collection, and what came of searches that both were asked."""
    import msgspec

    from vision.settings import Settings
    from vision.swapping.status import gather
    from vision.workspace import Workspace

    workspace = Workspace(Settings.from_environment(collection=collection))
    with workspace.client() as client:
        workspace.beside().known(client.collection)
        found = gather(workspace, client)
    assert found is not None
    click.echo(msgspec.json.encode(found).decode()) if as_json else _say(found)


@swap.command()
@click.argument("share", type=click.FloatRange(0, 1))
@_COLLECTION
@reported
def shadow(share: float, collection: str | None) -> None:
    """Ask the collection beside, too, a SHARE (0 to 1) of the searches by picture that `serve` answers.

    Nobody waits for it, and what comes while it is behind is left out; `swap status` says how alike the answers are. A
    photo is extracted twice: that takes the machine's time.
    """
    import msgspec

    from vision.settings import Settings
    from vision.workspace import Workspace

    workspace = Workspace(Settings.from_environment(collection=collection))
    with workspace.client() as client:
        files = workspace.beside()
        with files.alone(client.collection):
            beside = files.known(client.collection)
            files.save(msgspec.structs.replace(beside, shadow=share))
    echo(f"{share:.0%} of the searches of {beside.collection!r} are asked of {beside.other!r} as well")


@swap.command()
@_COLLECTION
@click.option("--queries", "file", type=click.Path(path_type=Path), help="Searches, a request as JSON on each line.")
@click.option("--sample", type=click.IntRange(10), default=200, show_default=True, help="Queries.")
@click.option("--label", default="category", show_default=True, help="Attribute whose values say what is alike.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the products that ask.")
@_JSON
@reported
def compare(collection: str | None, file: Path | None, sample: int, label: str, seed: int, as_json: bool) -> None:
    """Ask both collections the same, in turns: how alike they answer, how well by an attribute, how quickly.

    Products of the collection ask, or the searches of a file. The mean average precision counts a product as right that
    shares a value of the label, among the first 50; it is that of the products whose label is known.
    """
    import msgspec

    from vision.jobs.recording import recorded
    from vision.settings import Settings
    from vision.swapping import comparing
    from vision.workspace import Workspace

    settings = Settings.from_environment(collection=collection)
    with recorded(settings, "swap", "compare with what is beside", {"ask": "asking both"}) as job:
        workspace = Workspace(settings)
        with (
            workspace.client() as client,
            workspace.client(workspace.beside().known(client.collection).other) as beside,
        ):
            live, other = workspace.engine(client), workspace.engine(beside)
            named = label if label in live.collection.attributes() else None
            if file is None:
                asked = comparing.sampled(live, sample, seed, named)
            else:
                asked = comparing.read(file, sample)
            found = comparing.compare(live, other, asked, named, lambda done, total: job("ask", done, total))
        job.summary = msgspec.to_builtins(found)
    click.echo(msgspec.json.encode(found).decode()) if as_json else _say_compared(found)


_MISSING = click.option("--missing-ok", is_flag=True, help="Although the other lacks pictures.")


@swap.command()
@_COLLECTION
@_MISSING
@_JSON
@reported
def switch(collection: str | None, missing_ok: bool, as_json: bool) -> None:
    """Let what is beside be served from now on, under the same name; what was served is beside it then.

    Refused where the other lacks pictures. Values that were changed (`changes accept`) are carried over. A core SWAP of
    a standalone Solr, aliases of a SolrCloud. Run it again if it was interrupted. Whoever indexes waits.
    """
    _switch(collection, back=False, missing_ok=missing_ok, as_json=as_json)


@swap.command()
@_COLLECTION
@_MISSING
@_JSON
@reported
def back(collection: str | None, missing_ok: bool, as_json: bool) -> None:
    """Let what was served before the switch be served again; checks and carries over as the switch did."""
    _switch(collection, back=True, missing_ok=missing_ok, as_json=as_json)


@swap.command()
@_COLLECTION
@click.option("--drop", is_flag=True, help="Delete the collection that is beside, too.")
@reported
def end(collection: str | None, drop: bool) -> None:
    """Forget what is beside: it is neither asked in the shadow nor by its extractor's name any more."""
    from vision.settings import Settings
    from vision.swapping import switching
    from vision.workspace import Workspace

    workspace = Workspace(Settings.from_environment(collection=collection))
    with workspace.client() as client:
        beside = workspace.beside().known(client.collection)
        switching.drop(workspace, beside, collection=drop)
    done = "was deleted" if drop else "stays, and is not asked any more"
    echo(f"{beside.other!r} {done}: nothing is beside {beside.collection!r}")


def _switch(collection: str | None, *, back: bool, missing_ok: bool, as_json: bool) -> None:
    import orjson

    from vision.jobs.recording import recorded
    from vision.settings import Settings
    from vision.swapping.switching import Switch
    from vision.workspace import Workspace

    settings = Settings.from_environment(collection=collection)
    with recorded(settings, "swap", "switch back" if back else "switch", {}) as job:
        workspace = Workspace(settings)
        with workspace.client() as client, workspace.client(workspace.beside().known(client.collection).other) as other:
            done = Switch(workspace, client, other).run(
                back=back, missing_ok=missing_ok, told=lambda what: echo(f"{what} ...", err=True)
            )
        job.summary = {"collection": done.collection, "embedding": done.embedding, "seconds": done.seconds}
    click.echo(orjson.dumps(done).decode()) if as_json else _say_switched(done)


def _say_switched(done: Switched) -> None:
    echo(f"{done.collection!r} serves {done.embedding} after {done.seconds:.1f} s; {done.before} is {done.other!r} now")
    if done.carried:
        echo(f"{done.carried:,} documents were given values that had been changed")
    if done.difference.missing or done.difference.more:
        echo(f"{done.difference.missing:,} pictures are missing, {done.difference.more:,} are new", err=True)


def _say(found: BesideForm) -> None:
    been = "have changed places" if found.switched else "have not changed places"
    echo(f"{found.collection!r} is served, {found.other!r} is beside it; they {been}")
    for name, embedding, pictures in (
        (found.collection, found.live, found.live_pictures),
        (found.other, found.beside, found.other_pictures),
    ):
        echo(f"  {name}: {embedding or 'no vectors'}, {pictures:,} pictures")
    seen = found.shadow
    echo(f"  {found.share:.0%} of the searches are asked of both: {seen.searches:,} so far", nl=seen.overlap is None)
    if seen.overlap is not None:
        echo(
            f", overlap of the first ten {seen.overlap:.3f}, the same first {seen.first:.3f}, "
            f"p50 {seen.live_p50_ms} and {seen.other_p50_ms} ms, p95 {seen.live_p95_ms} and {seen.other_p95_ms} ms"
        )
    for error, count in seen.errors.items():
        echo(f"  {count:,} failed: {error}", err=True)


def _say_compared(found: ComparisonForm) -> None:
    from vision.evaluation.commands import print_table

    def column(side: SideForm) -> list[str]:
        precision = "" if side.map is None else f"{side.map:.4f}"
        times = (side.p50_ms, side.p95_ms, side.solr_p50_ms, side.solr_p95_ms)
        return [side.embedding, f"{side.dims}", f"{side.pictures:,}", precision, *(f"{each:.1f}" for each in times)]

    names = ["embedding", "components", "pictures", "map@50", "p50 ms", "p95 ms", "Solr's p50 ms", "Solr's p95 ms"]
    rows = [list(each) for each in zip(names, column(found.live), column(found.other), strict=True)]
    print_table("", ["", found.live.collection, found.other.collection], rows)
    judged = "" if found.label is None else f"; map by {found.label}, of {found.judged:,}"
    echo(
        f"{found.queries:,} queries: {found.overlap:.3f} of the first {found.k} are the same, the very first of "
        f"{found.first:.3f}{judged}"
    )
