"""What a tuning found: as JSON, as a table, as charts and as a page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from vision.evaluation import page
from vision.evaluation.charts import Axis, Chart, Point, Series
from vision.search.tuned import Tuned
from vision.tuning.choice import Choice, Goal
from vision.tuning.crossover import Crossing
from vision.tuning.levels import Level
from vision.tuning.sweep import EXACT, Figures
from vision.tuning.sweep import Point as Setting

COLUMNS = (
    "filter",
    "matching",
    "setting",
    "recall@10",
    "worst 5 %",
    "Solr p50",
    "Solr p95",
    "wall p50",
    "wall p95",
    "over exact",
)
CROSSING_COLUMNS = ("matching", "exact ms", "approximate ms", "exact / approximate")
K_AND_OVERSAMPLING = (
    "K is the oversampling: all K candidates are verified, there is no other factor; a page of r rows has 4r or more."
)


@dataclass(frozen=True)
class Report:
    """Everything that was measured, and what was chosen.

    Attributes:
        collection: its name.
        embedding: its vectors' fingerprint.
        pictures: documents with a vector.
        about: how it was measured, in words.
        goal: what had to be reached.
        dims: the collection's own coarse dimensions.
        levels: filters.
        figures: of every point at every level.
        choice: K, and whether it reaches the goal.
        crossing: where exact becomes slower.
        held: exact, chosen K, and ``auto`` with the chosen limits, on the queries kept aside.
        notes: what else a reader should know.
    """

    collection: str
    embedding: str
    pictures: int
    about: str
    goal: Goal
    dims: int
    levels: tuple[Level, ...]
    figures: tuple[Figures, ...]
    choice: Choice
    crossing: Crossing
    held: tuple[Figures, ...]
    notes: tuple[str, ...] = ()

    @property
    def candidates(self) -> int:
        """K."""
        assert self.choice.point.candidates is not None
        return self.choice.point.candidates

    @property
    def exact_below(self) -> int:
        """Up to how many matching pictures everything is verified."""
        return self.crossing.exact_below

    @property
    def found(self) -> str:
        """The choice in words."""
        lowest = min((each for each in self.held if each.point == self.choice.point), key=lambda each: each.recall)
        aside = f"on the queries kept aside its lowest recall@10 is {lowest.recall:.4f} (worst 5 % {lowest.worst:.4f})"
        return f"{self.choice.reason}; {aside}; {self._crossing_words()}"

    def _crossing_words(self) -> str:
        if self.crossing.at is None:
            return f"exact is no slower up to all {self.exact_below:,} pictures"
        return f"exact becomes slower at about {self.crossing.at:,} matching pictures"

    def advice(self, extractor: str) -> str | None:
        """Which number of coarse dimensions is worth another index, and the command; None where none is."""
        if self.choice.better is None:
            return None
        point, why = self.choice.better
        return (
            f"{why}: visual-search index CATALOGUE --extractor {extractor} --collection {self.collection} "
            f"--coarse-dims {point.dims} --recreate, then tune again"
        )

    def plain(self) -> dict[str, Any]:
        """As ``tune --json`` prints it."""
        better = self.choice.better
        return {
            "collection": self.collection,
            "embedding": self.embedding,
            "pictures": self.pictures,
            "about": self.about,
            "goal": asdict(self.goal),
            "dims": self.dims,
            "levels": [{"name": each.name, "matching": each.matching, "share": each.share} for each in self.levels],
            "points": [each.plain() for each in self.figures],
            "crossing": {"at": self.crossing.at, "sizes": [each.plain() for each in self.crossing.costs]},
            "chosen": {
                "candidates": self.candidates,
                "exact_below": self.exact_below,
                "reached": self.choice.reached,
                "reason": self.choice.reason,
            },
            "held_out": [each.plain() for each in self.held],
            "better_dims": None if better is None else {"dims": better[0].dims, "reason": better[1]},
            "notes": [*self.notes, K_AND_OVERSAMPLING],
        }

    def summary(self) -> dict[str, Any]:
        """What was chosen, in figures."""
        return {
            "pictures": self.pictures,
            "candidates": self.candidates,
            "exact_below": self.exact_below,
            "reached": self.choice.reached,
        }

    def tuned(self) -> Tuned:
        """The file for a collection."""
        made = datetime.now(UTC).isoformat(timespec="seconds")
        return Tuned(
            self.collection, self.embedding, self.pictures, self.candidates, self.exact_below, made, self.plain()
        )

    def charts(self) -> dict[str, Chart]:
        """The frontier, recall by filter, and the cross-over."""
        return {"frontier": self._frontier(), "filters": self._filters(), "crossing": self._costs()}

    def _by_point(self) -> dict[Setting, list[Figures]]:
        found: dict[Setting, list[Figures]] = {}
        for each in self.figures:
            found.setdefault(each.point, []).append(each)
        return found

    def _frontier(self) -> Chart:
        """Lowest recall over the filters against mean time over them: a line for each number of dimensions."""
        lines: dict[str, list[Point]] = {}
        chosen: list[Point] = []
        for setting, found in self._by_point().items():
            recall = min(each.recall for each in found)
            spent = sum(each.p50 for each in found) / len(found)
            label = "" if setting.candidates is None else str(setting.candidates)
            point = Point(spent, recall, label, f"{setting.name}: recall@10 {recall:.4f}, {spent:.1f} ms")
            lines.setdefault(EXACT if setting.way == EXACT else f"{setting.dims} dims, by K", []).append(point)
            chosen += [Point(spent, recall, hint=f"chosen: {setting.name}")] if setting == self.choice.point else []
        series = [Series(name, points, n, n, joined=True) for n, (name, points) in enumerate(lines.items())]
        series.append(Series("chosen", chosen, 5, 3))
        across = Axis("ms for a page, mean over the filters of p50")
        return Chart(
            "Recall against time", across, _recall_axis("lowest mean recall@10 over the filters", series), series
        )

    def _filters(self) -> Chart:
        """Recall against K within each filter, by the collection's own dimensions."""
        series = []
        for number, level in enumerate(self.levels):
            points = [
                Point(each.point.candidates, each.recall, hint=f"{level.name}, {each.point.name}: {each.recall:.4f}")
                for each in self.figures
                if each.level == level.name and each.point.dims == self.dims and each.point.candidates is not None
            ]
            name = level.name if len(level.name) <= 40 else level.name[:39] + "…"
            series.append(Series(f"{name}: {level.matching:,}", points, number, number, joined=True))
        marks = sorted({each.point.candidates for each in self.figures if each.point.candidates is not None})
        up = _recall_axis("recall@10", series)
        return Chart(f"Recall by filter, {self.dims} dims", Axis("K", log=True, marks=marks), up, series)

    def _costs(self) -> Chart:
        """Both ways' medians against the number of matching pictures."""
        costs = self.crossing.costs
        series = [
            Series(EXACT, [Point(each.matching, each.exact) for each in costs], 0, 0, joined=True),
            Series(
                self.choice.point.name, [Point(each.matching, each.approximate) for each in costs], 1, 1, joined=True
            ),
        ]
        return Chart("Where exact becomes slower", Axis("matching pictures", log=True), Axis("p50, ms"), series)

    def page(self, advice: str | None) -> str:
        """The page of ``tune --html``."""
        words = [self.found, advice, *self.notes, K_AND_OVERSAMPLING]
        chosen = [number for number, each in enumerate(self.figures) if each.point == self.choice.point]
        parts = [
            *(f"<p>{html.escape(each)}</p>" for each in words if each),
            page.charts(list(self.charts().values())),
            "<h2>The chosen setting, on the queries kept aside</h2>",
            page.table(COLUMNS, rows(self.held)),
            "<h2>Every setting</h2>",
            page.table(COLUMNS, rows(self.figures), best=chosen[0]),
            "<h2>Exact against approximate</h2>",
            page.table(CROSSING_COLUMNS, crossing_rows(self.crossing)),
            "<p class=quiet>Recall is that of the ten nearest products by exact float32 distance, the product that "
            "asks left out. Milliseconds: Solr's own time in whole ones, wall time from query to hits. Over exact: "
            "wall time over that of the exact search of the same query in the same turn, median and quartiles.</p>",
        ]
        return page.document(f"How {self.collection} should be searched", self.about, parts)


def _recall_axis(title: str, series: Sequence[Series]) -> Axis:
    """Up to 1 and never beyond, from a round number below the least."""
    least = min((point.y for each in series for point in each.points), default=0.0)
    marks = next(
        (marks for marks in ((0.98, 0.99, 1.0), (0.9, 0.95, 1.0), (0.5, 0.75, 1.0)) if least >= marks[0]),
        (0.0, 0.5, 1.0),
    )
    return Axis(title, marks=marks)


def rows(figures: Sequence[Figures]) -> list[list[str]]:
    """For people."""
    return [
        [
            each.level,
            f"{each.matching:,}",
            each.point.name,
            f"{each.recall:.4f}",
            f"{each.worst:.4f}",
            *(f"{value:,.1f}" for value in (each.solr_p50, each.solr_p95, each.p50, each.p95)),
            f"{each.ratio:.2f} ({each.ratio_low:.2f}–{each.ratio_high:.2f})",
        ]
        for each in figures
    ]


def crossing_rows(crossing: Crossing) -> list[list[str]]:
    """For people."""
    return [
        [
            f"{each.matching:,}",
            f"{each.exact:,.1f}",
            f"{each.approximate:,.1f}",
            f"{each.ratio:.2f} ({each.ratio_low:.2f}–{each.ratio_high:.2f})",
        ]
        for each in crossing.costs
    ]
