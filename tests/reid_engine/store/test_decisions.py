"""Deciding, taking back and restoring, at random, beside a model that is two lists."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reid_engine.types import TrackletId, Verdict
from tests.support.cases import closed, gallery, looks

PEOPLE = 4


class Deciding(RuleBasedStateMachine):
    """The store beside two plain lists: what stands, and what can be restored."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.people = gallery(Path(self.folder.name))
        pieces = [(closed(n, start_us=n * 1_000_000), looks(n)) for n in range(PEOPLE)]
        self.ids = self.people.commit("a", pieces)
        self.standing: list[tuple[TrackletId, TrackletId, Verdict]] = []
        self.taken_back: list[tuple[TrackletId, TrackletId, Verdict]] = []

    def teardown(self) -> None:
        self.people.store.close()
        self.folder.cleanup()

    @rule(
        pair=st.permutations(range(PEOPLE)).map(lambda order: order[:2]),
        verdict=st.sampled_from(["same", "different", "unsure"]),
    )
    def decide(self, pair: list[int], verdict: Verdict) -> None:
        said = (self.ids[pair[0]], self.ids[pair[1]], verdict)
        self.people.store.decide(*said)
        self.standing.append(said)
        self.taken_back.clear()

    @rule()
    def undo(self) -> None:
        number = self.people.store.last_deed()
        found = self.people.store.undo()
        assert number == (found.id if found else 0)
        expected = self.standing.pop() if self.standing else None
        assert (found and (found.probe, found.candidate, found.verdict)) == expected
        if expected:
            self.taken_back.append(expected)

    @rule()
    def redo(self) -> None:
        number = self.people.store.last_taken_back()
        found = self.people.store.redo()
        assert number == (found.id if found else 0)
        expected = self.taken_back.pop() if self.taken_back else None
        assert (found and (found.probe, found.candidate, found.verdict)) == expected
        if expected:
            self.standing.append(expected)

    @invariant()
    def the_last_word_of_every_pair_counts(self) -> None:
        last = {frozenset(said[:2]): said for said in self.standing}
        assert {(d.probe, d.candidate, d.verdict) for d in self.people.store.decisions()} == set(last.values())
        own = self.ids[0]
        mine = {
            (own, candidate if probe == own else probe, verdict)
            for probe, candidate, verdict in last.values()
            if own in (probe, candidate)
        }
        assert {(d.probe, d.candidate, d.verdict) for d in self.people.store.decisions(self.ids[0])} == mine

    @invariant()
    def the_record_holds(self) -> None:
        assert self.people.store.broken_record() is None


Deciding.TestCase.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestDeciding = pytest.mark.filterwarnings("default")(Deciding.TestCase)
