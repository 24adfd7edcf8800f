"""A catalogue indexed again: what was changed stays, unless the catalogue itself has changed it since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.catalog.shop import Shop
from tests.catalog.support import COLUMNS, catalogue, row, write
from tests.merchandising.material import proposal
from vision import extractors
from vision.catalog import IndexOptions, IndexReport, Ingest
from vision.merchandising import changes
from vision.merchandising.desk import Desk
from vision.merchandising.model import Outcome
from vision.merchandising.overlay import Accepted, Chain
from vision.merchandising.proposal import Proposal
from vision.workspace import Workspace

pytestmark = pytest.mark.solr
NAMES = (*COLUMNS, "product_id", "motif")


class Again:
    """A shop whose catalogue is indexed again and again."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop, self.folder = shop, folder
        self.workspace = Workspace(shop.settings)
        catalogue(folder, 8)

    def index(
        self, rows: Iterable[Mapping[str, str]], during: Proposal | None = None, recreate: bool = False
    ) -> IndexReport:
        path = write(self.folder / "catalogue.csv", rows, NAMES)
        with self.workspace.client() as client, self.workspace.cache() as cache:
            accepted = self.workspace.accepted(client)
            if during is not None:
                accepted = _Meanwhile(accepted, self.workspace.desk(client), during)
            ingest = Ingest(client, self.workspace.store(), cache, self.workspace.roots(), amendments=accepted)
            return ingest.run(path, "histogram", extractors.load("histogram"), IndexOptions(recreate=recreate))

    def accept(self, *proposals: Proposal) -> str:
        desk = self.desk
        desk.proposals.save(proposals)
        return desk.accept([each.id for each in proposals], by="Ada").id

    @property
    def desk(self) -> Desk:
        return self.workspace.desk(self.workspace.client())

    def colors(self) -> list[list[str] | None]:
        return [each.get("attr_color") for each in self.shop.documents("attr_color").values()]

    def outcome(self, change: str) -> Outcome:
        with self.desk.journal.reading() as database:
            return next(changes.settled(database, change)).outcome


class _Meanwhile(Accepted):
    """Somebody accepts a proposal after the rows were sent, and before that is looked at."""

    def __init__(self, real: Accepted, desk: Desk, wanted: Proposal) -> None:
        super().__init__(desk.journal)
        self._desk, self._pending = desk, [wanted]

    def survey(self, catalogue: str, rows: Iterable[tuple[str, str, Mapping[str, tuple[str, ...]]]]) -> None:
        super().survey(catalogue, rows)
        while self._pending:
            each = self._pending.pop()
            self._desk.proposals.save([each])
            self._desk.accept([each.id], by="Bea")


@pytest.fixture
def again(solr_url: str, tmp_path: Path) -> Iterator[Again]:
    shop = Shop(tmp_path / "home", solr_url, f"again_{tmp_path.name[-12:].strip('_')}")
    yield Again(shop, tmp_path / "catalogue")
    shop.drop()


def rows(**colors: str) -> list[dict[str, str]]:
    """Four rows, red, green, blue, red; ``p0=…`` gives one another color."""
    return [row(number, **({"color": colors[f"p{number}"]} if f"p{number}" in colors else {})) for number in range(4)]


def test_changes_stay_as_long_as_the_row_does(again: Again) -> None:
    again.index(rows())
    change = again.accept(
        proposal("p00000", ["red"], ["mauve", "lilac"]),
        proposal("p00001", ["green"], []),
        proposal("p00002", [], ["Hawaiian"], field="motif"),
    )
    before = again.shop.documents()
    for recreate in (False, False, True):
        report = again.index(rows(), recreate=recreate)
        assert (report.indexed, report.cached, report.amended, report.overtaken) == (4, 4, 3, 0)
        now = again.shop.documents()
        assert [{**now[id], "_version_": 0} for id in now] == [{**before[id], "_version_": 0} for id in now]
    assert again.outcome(change) is Outcome.WRITTEN
    again.desk.undo(change, by="Ada")
    assert again.colors() == [["red"], ["green"], ["blue"], ["red"]]
    assert again.index(rows()).amended == 0
    assert again.colors() == [["red"], ["green"], ["blue"], ["red"]]


def test_the_catalogue_wins_where_it_changed_the_value(again: Again) -> None:
    again.index(rows())
    change = again.accept(proposal("p00000", ["red"], ["mauve"]))
    report = again.index(rows(p0="pink"))
    assert (report.amended, report.overtaken) == (0, 1)
    assert again.colors()[0] == ["pink"]
    assert again.outcome(change) is Outcome.OVERTAKEN
    assert again.desk.change(change).state == "overtaken"
    # It said so once: the old value is now the catalogue's own word as well.
    report = again.index(rows())
    assert (report.amended, report.overtaken, again.colors()[0]) == (0, 0, ["red"])


def test_what_the_catalogue_took_over_is_its_own(again: Again) -> None:
    again.index(rows())
    change = again.accept(proposal("p00000", ["red"], ["mauve"]))
    assert again.index(rows(p0="mauve")).amended == 0
    assert again.outcome(change) is Outcome.WRITTEN
    again.desk.undo(change, by="Ada")
    report = again.index(rows(p0="mauve"))
    assert (report.amended, again.colors()[0]) == (1, ["red"])
    assert (again.index(rows(p0="pink")).overtaken, again.colors()[0]) == (1, ["pink"])


def test_one_change_upon_another(again: Again) -> None:
    again.index(rows())
    again.accept(proposal("p00000", ["red"], ["mauve"]))
    again.accept(proposal("p00000", ["mauve"], ["pink"]))
    assert (again.index(rows()).amended, again.colors()[0]) == (1, ["pink"])
    assert (again.index(rows(p0="mauve")).amended, again.colors()[0]) == (1, ["pink"])
    assert (again.index(rows(p0="red")).overtaken, again.colors()[0]) == (1, ["red"])


def test_all_pictures_of_a_product_or_none(again: Again) -> None:
    def two(first: str, second: str, *more: str) -> list[dict[str, str]]:
        return [row(number, product_id="two", color=color) for number, color in enumerate((first, second, *more))]

    again.index(two("red", "red|blue"))
    again.accept(proposal("two", ["red", "blue"], ["mauve"]))
    assert (again.index(two("red", "blue|red")).amended, again.colors()) == (2, [["mauve"], ["mauve"]])
    assert (again.index(two("red", "blue|red", "red")).amended, again.colors()) == (3, [["mauve"]] * 3)
    report = again.index(two("red", "pink"))
    assert (report.amended, report.overtaken) == (0, 1)
    assert again.colors()[:2] == [["red"], ["pink"]]


def test_accepted_while_the_catalogue_is_indexed(again: Again) -> None:
    again.index(rows())
    report = again.index(rows(), during=proposal("p00003", ["red"], ["mauve"]))
    assert again.colors() == [["red"], ["green"], ["blue"], ["mauve"]]
    assert report.amended == 1


def test_a_chain() -> None:
    chain = Chain()
    chain.write("a", ("red",), ("blue",))
    chain.write("b", ("blue",), None)
    assert (chain.values, chain.changes) == ([("red",), ("blue",), None], ["a", "b"])
    assert [chain.place(each) for each in (("red",), ("blue",), None, ("pink",))] == [0, 1, 2, None]
    chain.write("undo b", None, ("blue",))
    assert (chain.values, chain.changes) == ([("red",), ("blue",)], ["a"])
    chain.came(("blue",))
    chain.write("undo a", ("blue",), ("red",))
    assert (chain.values, chain.changes) == ([("blue",), ("red",)], ["undo a"])
    chain.came(("pink",))
    assert (chain.values, chain.changes) == ([("pink",)], [])
    chain.write("c", ("x",), ("y",))
    assert chain.values == [("x",), ("y",)]
