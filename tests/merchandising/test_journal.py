from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from vision.errors import BadQuery, VisualSearchError
from vision.merchandising import changes, export
from vision.merchandising.journal import _TABLES, Journal
from vision.merchandising.model import Intent, Item, Outcome, State, Write
from vision.merchandising.proposal import Proposal, Tool, propose
from vision.merchandising.proposals import Proposals, Wanted, read

ITEM = Item("p1", "color", ("red",), ("blue", "green"))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "below" / "journal.sqlite", clock=lambda: 1000.0)


def begun(journal: Journal, *items: Item, by: str = "Ada", why: str = "because") -> str:
    with journal.writing() as database:
        return changes.begin(database, items or (ITEM,), by=by, why=why, now=journal.clock())


def settled(journal: Journal, change: str, outcome: Outcome, item: Item = ITEM) -> None:
    with journal.writing() as database:
        changes.settle(database, change, item, outcome, {}, journal.clock())


def test_reading_makes_no_file(journal: Journal) -> None:
    with journal.reading() as database:
        assert changes.page(database, rows=10) == ([], 0)
    assert not journal.exists()


def filled(journal: Journal) -> None:
    Proposals(journal).save([propose(Tool.FILL, "p1", "color", (), ("red",), confidence=0.5)])
    Proposals(journal).reject(
        [each.proposal.id for each in Proposals(journal).page(Wanted(), rows=9)[0]], by="A", why=""
    )
    change = begun(journal)
    with journal.writing() as database:
        changes.intend(database, change, ITEM, Intent("d", 1, ("red",), None))
        changes.wrote(database, change, ITEM, Write("d", 2, ("red",), None))
        changes.settle(database, change, ITEM, Outcome.WRITTEN, {}, 0.0)
        database.execute("INSERT INTO catalogue VALUES (NULL, 'p', 'f', 'd', 'adopted', 'null', 'null', 'x.csv', 0)")


@pytest.mark.parametrize("table", _TABLES)
def test_nothing_is_changed_or_deleted(journal: Journal, table: str) -> None:
    filled(journal)
    columns = [each.split()[0] for each in _TABLES[table].split(", ")]
    for statement in (
        f"UPDATE {table} SET {columns[0]} = {columns[0]}",
        f"DELETE FROM {table}",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    ):
        with sqlite3.connect(journal.file) as other, pytest.raises(sqlite3.IntegrityError, match="only added to"):
            other.execute(statement)
        other.close()


def test_a_transaction_is_whole_or_nothing(journal: Journal) -> None:
    begun(journal)
    with pytest.raises(ZeroDivisionError), journal.writing() as database:
        changes.begin(database, [ITEM], by="x", why="", now=0.0)
        1 / 0  # noqa: B018
    with journal.reading() as database:
        assert changes.page(database, rows=10)[1] == 1


def test_several_make_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    threads = [threading.Thread(target=lambda: begun(Journal(path))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with Journal(path).reading() as database:
        assert changes.page(database, rows=1)[1] == 8


def test_files_that_are_no_journal_of_this_release(journal: Journal) -> None:
    begun(journal)
    with sqlite3.connect(journal.file) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(VisualSearchError, match="version 2, this release reads 1"), journal.reading():
        pass
    other = journal.file.with_name("other.sqlite")
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    with pytest.raises(VisualSearchError, match="no journal of this product"), Journal(other).reading():
        pass
    other.write_bytes(b"something else entirely" * 100)
    with pytest.raises(VisualSearchError, match="is damaged"), Journal(other).reading():
        pass


def test_a_damaged_file(journal: Journal) -> None:
    for _ in range(50):
        filled(journal)
    with sqlite3.connect(journal.file) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    content = bytearray(journal.file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    journal.file.write_bytes(content)
    with pytest.raises(VisualSearchError, match="damaged"), journal.reading() as database:
        changes.page(database, rows=10)


def test_what_follows_from_undoing_an_undo(journal: Journal) -> None:
    first = begun(journal)
    settled(journal, first, Outcome.WRITTEN)
    chain = [first]
    for _ in range(3):
        with journal.writing() as database:
            chain.append(changes.begin(database, [ITEM], by="Bea", why="", now=0.0, undoes=chain[-1]))
        settled(journal, chain[-1], Outcome.WRITTEN)
    with journal.reading() as database:
        states = [changes.get(database, each).state for each in chain]
    assert states == ["undone", "written", "undone", "written"]


def test_states_of_a_change_set(journal: Journal) -> None:
    items = [Item(f"p{number}", "color", (), ("x",)) for number in range(3)]
    change = begun(journal, *items)

    def state() -> str:
        with journal.reading() as database:
            return changes.get(database, change).state

    assert state() == "unfinished"
    settled(journal, change, Outcome.CONFLICT, items[0])
    settled(journal, change, Outcome.CONFLICT, items[1])
    settled(journal, change, Outcome.CANCELLED, items[2])
    assert state() == "not written"
    settled(journal, change, Outcome.WRITTEN, items[2])
    assert state() == "written"
    settled(journal, change, Outcome.UNDONE, items[1])
    assert state() == "partly undone"


def test_csv(journal: Journal) -> None:
    item = Item("p,1", "=cmd()", (), ("-5", "@x"))
    change = begun(journal, ITEM, item, by="+Ada", why='say "hi"')
    settled(journal, change, Outcome.WRITTEN)
    safe, raw = list(export.rows(journal)), list(export.rows(journal, raw=True))
    assert safe[0] == "product_id,field,before,after,who,when,why,change_set,state\r\n"
    when = "1970-01-01T00:16:40.000+00:00"
    assert safe[1] == f'"p,1",\'=cmd(),,\'-5|@x,\'+Ada,{when},"say ""hi""",{change},pending\r\n'
    assert raw[1] == f'"p,1",=cmd(),,-5|@x,+Ada,{when},"say ""hi""",{change},pending\r\n'
    assert safe[2] == f'p1,color,red,blue|green,\'+Ada,{when},"say ""hi""",{change},written\r\n'
    assert list(export.rows(journal, states=[Outcome.WRITTEN])) == [safe[0], safe[2]]


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        *(("-5", "-5"), ("+1.5", "+1.5"), ("-5 cm", "'-5 cm"), ("=1", "'=1"), ("@a", "'@a"), ("a=b", "a=b"), ("", "")),
        *(
            (" =1", "' =1"),
            ("\x00=1", "'\x00=1"),
            ("＝1", "'＝1"),
            ("\n=1", "'\n=1"),
            ("\ufeff@a", "'\ufeff@a"),
            ("- 1", "'- 1"),
        ),
    ],
)
def test_cells_that_a_spreadsheet_would_run(cell: str, safe: str) -> None:
    assert export.harmless(cell) == safe


def made(product: str = "p1", new: str = "red", tool: Tool = Tool.FILL, confidence: float = 0.5) -> Proposal:
    return propose(tool, product, "color", (), (new,), confidence=confidence)


def test_proposals_are_listed(journal: Journal) -> None:
    kept = Proposals(journal)
    every = [made(f"p{number}", confidence=number / 10) for number in range(10)]
    assert kept.save(every) == kept.save(every) == 10
    found, total = kept.page(Wanted(min_confidence=0.3), rows=3, start=1)
    assert ([each.proposal for each in found], total) == ([every[8], every[7], every[6]], 7)
    assert kept.page(Wanted(product="p3"), rows=9)[0][0].proposal == every[3]
    assert kept.page(Wanted(tool=Tool.AUDIT), rows=9) == ([], 0)
    assert kept.reject([every[0].id, every[1].id], by="Ada", why="no") == 2
    assert [each.by for each in kept.page(Wanted(State.REJECTED), rows=9)[0]] == ["Ada", "Ada"]
    assert kept.page(Wanted(None), rows=0)[1] == 10


def test_a_surer_one_takes_the_place_of_itself_and_another_of_the_same_tool(journal: Journal) -> None:
    kept = Proposals(journal)
    first, other, audit = made(), made(new="blue"), made(new="green", tool=Tool.AUDIT)
    kept.save([first, audit])
    kept.save([made(confidence=0.9)])
    assert kept.get([first.id])[0].proposal.confidence == 0.9
    kept.save([other])
    assert [each.state for each in kept.get([first.id, other.id, audit.id])] == [
        State.SUPERSEDED,
        State.OPEN,
        State.OPEN,
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{}", "not understood"),
        (b'[{"id": "x"}]', "not understood"),
        (
            b'[{"id":"x","product":"p","field":"f","old":[],"new":["a"],"confidence":1,"evidence":{},"tool":"fill"}]',
            "id",
        ),
    ],
)
def test_what_are_no_proposals(data: bytes, says: str) -> None:
    with pytest.raises(BadQuery, match=says):
        read(data)


def test_a_confidence_is_a_probability() -> None:
    import msgspec

    with pytest.raises(BadQuery, match="0 to 1"):
        read(msgspec.json.encode([made(confidence=2.0)]))
