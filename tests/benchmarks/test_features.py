"""The tables of the search features, on a few drawn products: what they count is what NumPy counts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks import feature_latency
from benchmarks.features import category, crop, diversity, feedback, sources, strangers
from benchmarks.features.shop import Scores, Shop, Yard
from benchmarks.features.sources import Picture, Source
from benchmarks.report import Table
from vision.catalog.cache import FeatureCache
from vision.detect import WHOLE
from vision.evaluation import rank

ROOT = Path(__file__).parent.parent.parent


def picture(name: str, kind: str, product: str = "") -> Picture:
    return Picture(name, product or name, Path("none"), kind)


def test_a_way_is_judged_by_what_it_finds_of_all_that_is_right() -> None:
    plain, other = Scores(), Scores()
    plain.add(["a", "x", "b"], {"a", "b", "c"})
    other.add([], {"a"})
    assert plain.ap == [pytest.approx((1 + 2 / 3) / 3)] and plain.p10 == [0.2]
    assert other.ap == other.p10 == [0.0]
    plain.add(["x"], {"a"})
    other.add(["a"], {"a"})
    assert other.cells(plain) == ("0.500", "0.050", "-0.050 ± 0.300")
    assert plain.cells(plain)[2] == plain.cells()[2] == "-"


def test_so_many_products_of_each_kind_with_all_their_pictures() -> None:
    pictures = [
        picture(f"{kind}{n}-{view}", kind, f"{kind}{n}") for kind in "ab" for n in range(4) for view in range(2)
    ]
    kept = sources.of_each([*pictures, picture("c", "c")], 3)
    assert [sum(each.kind == kind for each in kept) for kind in "abc"] == [6, 6, 1]
    assert kept == sources.of_each([*pictures, picture("c", "c")], 3) != sources.of_each(pictures, 3, seed=1)
    assert sources.some(pictures, 99) == pictures and len(sources.some(pictures, 5)) == 5


@pytest.mark.parametrize("room", [False, True])
def test_a_thing_from_afar_is_where_it_is_said_to_be(tmp_path: Path, room: bool) -> None:
    file = tmp_path / "thing.png"
    Image.new("RGB", (200, 120), (200, 20, 30)).save(file)
    scene = crop.afar(Picture("a", "a", file, "a"), np.random.default_rng(3), room=room)
    pixels = np.asarray(Image.open(io.BytesIO(scene.data)).convert("RGB"), dtype=int)
    red = (pixels[..., 0] - pixels[..., 1] > 120) & (pixels[..., 2] < 90)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    found = (columns[0] / 200, rows[0] / 120, len(columns) / 200, len(rows) / 120)
    assert crop.overlap(scene.box, found) > 0.9
    loose = crop.loosened(scene.box, np.random.default_rng(1))
    assert 0.4 < crop.overlap(scene.box, loose) < 1 and crop.overlap(WHOLE, WHOLE) == 1
    assert min(loose) >= 0 and loose[0] + loose[2] <= 1 and loose[1] + loose[3] <= 1


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return sources.drawn(tmp_path_factory.mktemp("drawn"), "histogram", 90, 25)


@pytest.fixture
def yard(solr_url: str, tmp_path: Path) -> Iterator[Yard]:
    with FeatureCache(tmp_path / "features.sqlite") as cache:
        yield Yard(solr_url, tmp_path, cache)


def column(table: Table, name: str) -> list[Any]:
    return [row[list(table.columns).index(name)] for row in table.rows]


@pytest.mark.solr
@pytest.mark.slow
def test_a_shop_ranks_every_product_as_numpy_does(yard: Yard, drawn: Source) -> None:
    assert not {each.product for each in drawn.index} & {each.product for each in drawn.asked}
    with yard.shop(drawn.index, drawn.extractor) as shop:
        vectors = shop.indexed_vectors()
        ids = [each.id for each in drawn.index]
        matrix = np.stack([vectors[id] for id in ids])
        for asked in drawn.asked[:5]:
            order = rank(np.array([shop.vector(asked)]), matrix, ids)[0]
            expected = list(dict.fromkeys(drawn.index[row].product for row in order))
            _, found = shop.ranked({"vector": shop.vector(asked)})
            assert found == expected and len(found) == shop.products()
            _, by_file = shop.ranked({}, asked.file.read_bytes())
            assert by_file == expected
            arranged = diversity.arranged(shop, {"vector": shop.vector(asked)}, {})
            assert [hit.product_id for hit in arranged] == expected[:100]


@pytest.mark.solr
@pytest.mark.slow
def test_category_first_and_its_probabilities(yard: Yard, drawn: Source) -> None:
    table, reliability = category.run(yard, [drawn], 20, (3, 99))
    assert column(table, "references") == ["3"] * 6 + ["99"] * 6
    assert column(table, "asked")[:6] == column(table, "asked")[6:] and column(table, "asked")[0] == 20
    assert column(table, "asked")[2] + column(table, "asked")[4] == 20
    assert column(table, "indexed")[0] <= 33 and column(table, "indexed")[6] == 90
    for row in reliability.rows:
        counts = [int(str(cell).rpartition("(")[2].rstrip(")")) for cell in row[3:10] if cell != "-"]
        assert sum(counts) == row[2] == 20


@pytest.mark.solr
@pytest.mark.slow
def test_crops_of_small_things(yard: Yard, drawn: Source) -> None:
    (table,) = crop.run(yard, [drawn], 8, crop.detectors(None))
    found = {(row[0], row[1]): row for row in table.rows}
    overlap = list(table.columns).index("overlap")
    for (photo, way), row in found.items():
        if photo != "as it is" and way == "crop: the box":
            assert row[overlap] == "1.00" and found[photo, "all of it"][overlap] == "0.16"
            assert 0.5 < float(str(found[photo, "crop: a loose box"][overlap])) < 1
    assert len(found) == 2 + 4 + 4


@pytest.mark.solr
@pytest.mark.slow
def test_diversity_feedback_and_strangers(yard: Yard, drawn: Source) -> None:
    (table,) = diversity.run(yard, [drawn], 8)
    apart = [float(value) for value in column(table, "apart")]
    assert apart[2] > apart[0] and column(table, "P@10 gained")[0] == "-"
    (said,) = feedback.run(yard, [drawn], 15)
    assert column(said, "said of the first page")[:4] == list(feedback.WAYS)
    assert 0 < column(said, "asked")[0] <= 15
    (alarms,) = strangers.run(yard, [drawn], 15, 1)
    for name in ("observed", "what is there answered"):
        rates = [float(value) for value in column(alarms, name)]
        assert rates == sorted(rates, reverse=True) and 0 <= rates[-1] <= rates[0] <= 1


@pytest.mark.solr
@pytest.mark.slow
def test_a_liked_product_is_not_in_the_ranking_that_is_judged(yard: Yard, drawn: Source, monkeypatch: Any) -> None:
    asked: list[tuple[set[str], set[str]]] = []
    ranked = Shop.ranked

    def noted(self: Shop, members: dict[str, Any], image: bytes | None = None) -> Any:
        found = ranked(self, members, image)
        asked.append((set(members["exclude"]), set(found[1])))
        assert {*members.get("like", ()), *members.get("unlike", ())} <= set(members["exclude"])
        return found

    monkeypatch.setattr(Shop, "ranked", noted)
    feedback.run(yard, [drawn], 5)
    assert asked and all(len(left_out) == feedback.PAGE and not left_out & shown for left_out, shown in asked)


@pytest.mark.solr
@pytest.mark.slow
def test_every_feature_is_timed_against_the_plain_search_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (table,) = feature_latency.run(40, 2, "compact", None)
    plain = [row for row in table.rows if row[0] == row[1]]
    assert [row[1] for row in plain] == ["words", "product", "photo"]
    assert {row[4] for row in plain} == {"1.00"}
    assert len({(row[0], row[1]) for row in table.rows}) == len(table.rows) >= 36
    assert all(isinstance(row[2], float) and row[2] > 0 for row in table.rows)
