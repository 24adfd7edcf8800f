"""The steps of one item, without Solr: a process may die between any two of them, at every place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from vision.merchandising.model import Intent, Item, Outcome, Values, Write
from vision.merchandising.steps import Held, advance, resumed

ITEM = Item("p", "color", ("red",), ("blue",))
RED, BLUE, PINK = ("red",), ("blue",), ("pink",)


@dataclass
class World:
    """Documents, and a journal of one item."""

    held: dict[str, Held]
    intents: list[Intent] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    clock: int = 10
    others: dict[str, Values] = field(default_factory=dict)

    def set(self, id: str, value: Values) -> int:
        self.clock += 1
        self.held[id] = Held(self.clock, {"color": value})
        return self.clock

    def wrote(self, document: str, version: int) -> bool:
        return False

    def saw(self, document: str, value: Values, since: int) -> int | None:
        return None


def run(
    world: World, deaths: list[str], meanwhile: Mapping[int, tuple[str, Values]], cancelled: bool = False
) -> Outcome:
    """Take steps until there is an outcome; a death forgets everything but the documents and the journal."""
    work = resumed(ITEM, world.intents, world.writes, cancelled)
    for number in range(30):
        step = advance(work, world.held, world)
        world.writes += step.found
        if step.outcome is not None:
            return step.outcome
        for intent in step.writes:
            world.intents.append(intent)
            if work.refused is None:
                work.intents[intent.document] = intent
        if number in meanwhile:
            world.set(*meanwhile[number])
            world.others |= [meanwhile[number]]
        death = deaths.pop() if deaths else ""
        sent = step.writes[: len(step.writes) // 2] if death == "half" else step.writes if death != "before" else ()
        accepted = {}
        for intent in sent:
            if world.held[intent.document].version == intent.version:
                accepted[intent.document] = world.set(intent.document, intent.after)
        if death:
            work = resumed(ITEM, world.intents, world.writes, cancelled)
            continue
        work.unsure -= {intent.document for intent in step.writes}
        for intent in step.writes:
            if intent.document in accepted:
                write = Write(intent.document, accepted[intent.document], intent.before, intent.after)
                world.writes.append(write)
                if work.refused is None:
                    work.done[intent.document] = write
                else:
                    del work.done[intent.document]
    raise AssertionError("it does not end")


DEATHS = st.lists(st.sampled_from(["", "before", "half", "after"]), max_size=6)
OTHERS = st.dictionaries(st.integers(0, 4), st.tuples(st.sampled_from("abc"), st.sampled_from([RED, PINK])), max_size=2)


@given(DEATHS, OTHERS, st.booleans())
@settings(max_examples=500, deadline=None)
def test_in_the_end_all_documents_are_written_or_none(
    deaths: list[str], meanwhile: dict[int, tuple[str, Values]], cancelled: bool
) -> None:
    world = World({id: Held(1, {"color": RED}) for id in "abc"})
    outcome = run(world, deaths, meanwhile, cancelled)
    now = {id: held.values["color"] for id, held in world.held.items()}
    touched = {id for id, _ in meanwhile.values()}
    others = {id: value for id, value in now.items() if id not in touched}
    if outcome is Outcome.WRITTEN:
        assert set(others.values()) <= {BLUE}
    else:
        assert set(others.values()) <= {RED}
        assert outcome is (Outcome.CANCELLED if cancelled else Outcome.CONFLICT)
    # What somebody else made of it is never overwritten.
    assert all(now[id] == PINK for id, value in world.others.items() if value == PINK)
    # What is noted to have been written is what is there, where nobody else wrote.
    last = {write.document: write.after for write in sorted(world.writes, key=lambda each: each.version)}
    assert all(last.get(id, RED) == value for id, value in others.items())


def test_nobody_dies() -> None:
    world = World({id: Held(1, {"color": RED}) for id in "abc"})
    assert run(world, [], {}) is Outcome.WRITTEN
    assert [held.values["color"] for held in world.held.values()] == [BLUE] * 3
    assert run(World({}), [], {}) is Outcome.CONFLICT
    assert run(World({"a": Held(1, {"color": PINK})}), [], {}) is Outcome.CONFLICT
    assert run(World({"a": Held(1, {"color": BLUE})}), [], {}) is Outcome.ALREADY
