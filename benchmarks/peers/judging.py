"""Goals, and whether a run reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.peers.engines import SERVERS
from benchmarks.peers.measuring import GOAL, Ratio
from benchmarks.peers.results import Found, Run
from benchmarks.peers.shop import Matching
from vision.tuning.choice import WORST_GOAL


@dataclass(frozen=True)
class Verdict:
    """One goal."""

    goal: str
    found: str
    reached: bool


def shown(ratio: Ratio) -> str:
    """The median, and from where to where."""
    return f"{ratio.median:.2f} ({ratio.low:.2f}–{ratio.high:.2f})"


def named(matching: Matching) -> str:
    """A part in words."""
    share = "no filter" if matching.level == "100" else f"{matching.level} % filter"
    return f'"{matching.words}", {share}' if matching.words else share


def verdicts(run: Run) -> Iterator[Verdict]:
    """Goals 1 and 2 by a run."""
    ours = [each for each in run.found if each.engine == "ours"]
    if not ours:
        return
    lowest, worst = min(ours, key=lambda each: each.recall), min(ours, key=lambda each: each.worst)
    found = f"{lowest.recall:.4f} at {named(lowest.matching)}"
    yield Verdict("recall@10 of at least 0.99 at every level, mean", found, lowest.recall >= GOAL)
    found = f"{worst.worst:.3f} at {named(worst.matching)}"
    yield Verdict("at least 0.95 for the worst 5 % of queries", found, worst.worst >= WORST_GOAL)
    yield from _against(run, [each for each in ours if each.words])
    yield from _stock(run, ours, limited=False, limit=1.1)
    if run.limited:
        yield from _stock(run, [each for each in run.limited if each.engine == "ours"], limited=True, limit=0.5)
    levels = [each for each in ours if not each.words]
    if len(levels) > 1:
        low, high = (pick(levels, key=lambda each: each.wall.p95) for pick in (min, max))
        ratio = high.wall.p95 / low.wall.p95
        found = f"{ratio:.1f} ({named(high.matching)} over {named(low.matching)})"
        yield Verdict("worst over best filter level of at most 4, p95", found, ratio <= 4)


def _against(run: Run, ours: list[Found]) -> Iterator[Verdict]:
    """Text, facet and vector over HTTP, beside whoever is quickest at that with enough recall."""
    for each in ours:
        others = [
            other
            for other in run.found
            if other.engine != "ours" and other.matching == each.matching and other.tuned >= GOAL
        ]
        if not others:
            continue
        quickest = min(others, key=lambda other: other.wall.p95)
        ratio = each.over(quickest)
        assert ratio is not None
        goal = f"p95 of {named(each.matching)} of at most that of the quickest peer"
        yield Verdict(goal, f"{shown(ratio)} × {run.titles[quickest.engine]}", ratio.median <= 1)


def _stock(run: Run, ours: list[Found], *, limited: bool, limit: float) -> Iterator[Verdict]:
    memory = "35 % of the vectors in memory" if limited else "all in memory"
    for own in (False, True):
        ratios: list[tuple[Ratio, Matching]] = []
        for each in ours:
            other = run.of(SERVERS[1], each.matching, limited)
            ratio = None if other is None else each.over(other, own)
            if ratio is not None:
                ratios.append((ratio, each.matching))
        if ratios:
            highest, where = max(ratios, key=lambda pair: pair[0].median)
            within = sum(ratio.median <= limit for ratio, _ in ratios)
            clock = "Solr's own time" if own else "wall time"
            goal = f"p95 of at most {limit} × stock Solr's, {memory}, {clock}"
            found = f"{within} of {len(ratios)}; highest {shown(highest)} at {named(where)}"
            yield Verdict(goal, found, within == len(ratios))
