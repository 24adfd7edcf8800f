"""``visual-search changes``: proposals accepted or rejected, written to the index, undone, exported.

Exit status: 0 done, 1 it could not be done or something was in conflict, 2 a wrong option or file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vision.console import Interrupted, echo, reported, together
from vision.merchandising.model import ChangeSet, Outcome, State

if TYPE_CHECKING:
    from vision.merchandising.desk import Desk
    from vision.merchandising.proposals import Wanted

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_COLLECTION = click.option("--collection", help="Which one.  [default: products, else demo]")
_BY = click.option("--by", required=True, help="Who decides: a name.")
_WHY = click.option("--why", default="", help="Why, in a line.")
_LONG_S = 2.0
"""What takes longer is listed by `jobs`."""
_TOOLS = ("cluster", "fill", "audit", "tag", "duplicates", "hand")


class _Stopped(Interrupted):
    """Ctrl+C in the middle of a change set, which is there and can go on."""

    def __init__(self) -> None:
        """The message is always the same."""
        click.ClickException.__init__(
            self, "interrupted; `changes list` names what is unfinished, `changes resume` goes on with it"
        )


_choosing = together(
    click.option("--tool", type=click.Choice(_TOOLS), help="Only those of this tool."),
    click.option("--field", help="Only those for this attribute."),
    click.option("--product", help="Only those for this product."),
    click.option("--min-confidence", type=click.FloatRange(0, 1), default=0.0, help="Only those as sure as this."),
)
_deciding = together(
    click.argument("ids", nargs=-1),
    click.option(
        "--from",
        "source",
        type=click.Path(path_type=Path),
        help="A JSON list of proposals, as the tools print it; - is stdin.",
    ),
    click.option("--all", "every", is_flag=True, help="All open ones that the options below choose."),
    _choosing,
    _BY,
    _WHY,
    _COLLECTION,
    _JSON,
)


@click.group()
def changes() -> None:
    """Accept or reject what the tools propose, and undo what was accepted. Everything is kept in a journal."""


@changes.command("list")
@click.option("--proposals", is_flag=True, help="Proposals instead of change sets.")
@click.option(
    "--state", type=click.Choice([each.value for each in State]), help="Only proposals of this state.  [default: open]"
)
@_choosing
@click.option("--rows", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many to list.")
@click.option("--start", type=click.IntRange(0), default=0, help="How many to leave out before.")
@_COLLECTION
@_JSON
@reported
def list_(proposals: bool, state: str | None, rows: int, start: int, as_json: bool, **chosen: Any) -> None:
    """List change sets, newest first, or with --proposals what is proposed, surest first."""
    from vision.merchandising import changes as journalled
    from vision.merchandising.presentation import change_form, proposal_form

    with _desk(chosen.pop("collection")) as desk:
        if proposals:
            kept, total = desk.proposals.page(_wanted(chosen, State(state or State.OPEN)), rows=rows, start=start)
            if as_json:
                return _print_json([proposal_form(each) for each in kept])
            for each in kept:
                echo(f"{each.proposal.id}  {each.proposal.confidence:.2f}  {_change(each.proposal)}  {each.state}")
        else:
            with desk.journal.reading() as database:
                found, total = journalled.page(database, rows=rows, start=start)
            if as_json:
                return _print_json([change_form(change) for change in found])
            for change in found:
                echo(_in_words(change))
        echo(f"{total:,} in all")


@changes.command()
@click.argument("file", type=click.Path(path_type=Path))
@_COLLECTION
@_JSON
@reported
def save(file: Path, collection: str | None, as_json: bool) -> None:
    """Keep the proposals of FILE (- is stdin), to be looked at and decided later."""
    with _desk(collection) as desk:
        found = _read(file)
        kept = desk.proposals.save(found)
    if as_json:
        _print_json({"saved": len(found), "open": kept})
    else:
        echo(f"{len(found):,} proposals kept; {kept:,} of them are open")


@changes.command()
@_deciding
@reported
def accept(by: str, why: str, as_json: bool, **given: Any) -> None:
    """Write proposals to the index, as one change set: those named, those of a file, or all that are open."""
    with _desk(given.pop("collection")) as desk:
        with _told("accept proposals") as told:
            change = desk.accept(_ids(desk, given), by=by, why=why, told=told)
        _report(desk, change, as_json)


@changes.command()
@_deciding
@reported
def reject(by: str, why: str, as_json: bool, **given: Any) -> None:
    """Decide against proposals; the same ones stay rejected when they are proposed again."""
    with _desk(given.pop("collection")) as desk:
        rejected = desk.proposals.reject(_ids(desk, given), by=by, why=why)
    if as_json:
        _print_json({"rejected": rejected})
    else:
        echo(f"{rejected:,} proposals rejected")


@changes.command()
@click.argument("ids", nargs=-1, required=True)
@_BY
@_WHY
@_COLLECTION
@_JSON
@reported
def reopen(ids: tuple[str, ...], by: str, why: str, collection: str | None, as_json: bool) -> None:
    """Take the rejections of proposals back."""
    with _desk(collection) as desk:
        reopened = desk.proposals.reopen(ids, by=by, why=why)
    if as_json:
        _print_json({"reopened": reopened})
    else:
        echo(f"{reopened:,} proposals are open again")


@changes.command()
@click.argument("change")
@click.option("--product", "products", multiple=True, help="Only this product; may be repeated.")
@_BY
@_WHY
@_COLLECTION
@_JSON
@reported
def undo(change: str, products: tuple[str, ...], by: str, why: str, collection: str | None, as_json: bool) -> None:
    """Restore what was before a change set, exactly. What was changed since is left alone, and reported."""
    with _desk(collection) as desk:
        with _told(f"undo {change}") as told:
            undone = desk.undo(change, by=by, why=why, products=products, told=told)
        _report(desk, undone, as_json)


@changes.command()
@click.argument("change")
@_COLLECTION
@_JSON
@reported
def resume(change: str, collection: str | None, as_json: bool) -> None:
    """Go on with a change set that was interrupted; `changes list` calls it unfinished."""
    with _desk(collection) as desk:
        with _told(f"resume {change}") as told:
            resumed = desk.resume(change, told=told)
        _report(desk, resumed, as_json)


@changes.command()
@click.argument("change")
@click.option("--product", help="Only this product.")
@_COLLECTION
@_JSON
@reported
def show(change: str, product: str | None, collection: str | None, as_json: bool) -> None:
    """What a change set did to each product."""
    from vision.merchandising import changes as journalled
    from vision.merchandising.presentation import change_form, item_form

    with _desk(collection) as desk, desk.journal.reading() as database:
        found = journalled.get(database, change)
        items = list(journalled.settled(database, change, product=product))
    if as_json:
        return _print_json({"change": change_form(found), "items": [item_form(each) for each in items]})
    echo(_in_words(found))
    for each in items:
        why = f": {each.detail['why']}" if "why" in each.detail else ""
        echo(f"  {_change(each.item)}  {each.outcome}{why}")


@changes.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--state",
    "states",
    type=click.Choice([each.value for each in Outcome]),
    multiple=True,
    help="Only these; may be repeated.",
)
@click.option(
    "--raw", is_flag=True, help="For programs: leave cells as they are that a spreadsheet takes for a formula."
)
@_COLLECTION
@reported
def export(file: Path, states: tuple[str, ...], raw: bool, collection: str | None) -> None:
    """Write all changes to FILE as CSV (- is stdout), for the system that keeps the catalogue."""
    from vision.errors import BadSetting
    from vision.merchandising import export as exported

    with _desk(collection) as desk:
        lines = exported.rows(desk.journal, states=[Outcome(each) for each in states], raw=raw)
        try:
            with click.open_file(str(file), "w", encoding="utf-8", atomic=str(file) != "-") as out:
                count = sum(bool(out.write(line.replace("\r\n", "\n"))) for line in lines)
        except OSError as error:
            raise BadSetting(f"{file} cannot be written: {error.strerror}; give another file") from error
    echo(f"{count - 1:,} changes written to {file}", err=True)


@contextmanager
def _desk(collection: str | None) -> Iterator[Desk]:
    from vision.settings import Settings
    from vision.workspace import Workspace

    workspace = Workspace(Settings.from_environment(collection=collection))
    with workspace.reading_client() as client:
        yield workspace.desk(client)


@contextmanager
def _told(title: str) -> Iterator[Callable[[int, int], None]]:
    """What the desk tells its progress; a job where it takes long."""
    from vision.jobs.recording import recorded
    from vision.settings import Settings

    try:
        with recorded(
            Settings.from_environment(), "changes", title, {"write": "writing to Solr"}, after=_LONG_S
        ) as job:
            yield partial(job, "write")
    except KeyboardInterrupt:
        raise _Stopped from None


def _wanted(chosen: dict[str, Any], state: State) -> Wanted:
    from vision.merchandising.proposal import Tool
    from vision.merchandising.proposals import Wanted

    tool = None if chosen["tool"] is None else Tool(chosen["tool"])
    return Wanted(state, tool, chosen["field"], chosen["product"], chosen["min_confidence"])


def _ids(desk: Desk, given: dict[str, Any]) -> list[str]:
    """Which proposals are meant."""
    ids, source, every = given.pop("ids"), given.pop("source"), given.pop("every")
    if sum((bool(ids), source is not None, every)) != 1:
        raise click.UsageError("say which proposals: their ids, --from FILE, or --all")
    if every:
        return [each.proposal.id for each in desk.proposals.page(_wanted(given, State.OPEN), rows=-1)[0]]
    if source is None:
        return list(ids)
    found = [
        each
        for each in _read(source)
        if each.confidence >= given["min_confidence"]
        and all(given[name] in (None, getattr(each, name)) for name in ("tool", "field", "product"))
    ]
    desk.proposals.save(found)
    return [each.id for each in found]


def _read(file: Path) -> list[Any]:
    from vision.errors import BadQuery
    from vision.merchandising import proposals

    try:
        with click.open_file(str(file), "rb") as stream:
            return list(proposals.read(stream.read()))
    except OSError as error:
        raise BadQuery(f"{file} cannot be read: {error.strerror}") from error


def _report(desk: Desk, change: ChangeSet, as_json: bool) -> None:
    from vision.merchandising.presentation import change_form

    if as_json:
        _print_json(change_form(change))
    else:
        echo(_in_words(change))
    if conflicts := change.counts.get(Outcome.CONFLICT, 0):
        echo(f"{conflicts:,} were in conflict and left as they are: `changes show {change.id}` says why", err=True)
        raise click.exceptions.Exit(1)


def _in_words(change: ChangeSet) -> str:
    from vision.merchandising.presentation import change_form

    form = change_form(change)
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in form.counts.items())
    undoes = f", undoes {form.undoes}" if form.undoes else ""
    why = f": {form.why}" if form.why else ""
    return f"{form.id}  {form.time:%Y-%m-%d %H:%M}  {form.state} ({counts}){undoes}  by {form.by}{why}"


def _change(each: Any) -> str:
    old, new = ("|".join(values) or "nothing" for values in (each.old, each.new))
    return f"{each.product}  {each.field}: {old} -> {new}"


def _print_json(value: object) -> None:
    import msgspec

    click.echo(msgspec.json.encode(value).decode())
