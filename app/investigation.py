"""One line of inquiry: a probe, its ranking, the decisions about it. Widgets show it; the case keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.background import Lane
from app.desk import Answer, Desk, Query
from app.words import Later, tr
from reid_engine.store import Deed
from reid_engine.types import TrackletId, Vectors, Verdict

NOBODY_SOUGHT = Later("Search for somebody first: decisions are about two tracks.")


class Investigation(QObject):
    """Searches and decides on a lane; the newest search wins, decisions keep their order.

    answered: an Answer; changed: the verdicts that stand; written: the deed that was done, taken back or restored;
    said: a sentence for the status bar; failed: an error
    """

    answered = Signal(object)
    changed = Signal(object)
    written = Signal(object)
    said = Signal(str)
    failed = Signal(Exception)

    def __init__(self, desk: Desk, reading: Lane, writing: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._reading = reading
        self._writing = writing
        self.query: Query | None = None
        self.verdicts: dict[TrackletId, Verdict] = {}

    @property
    def probe(self) -> TrackletId | None:
        """The tracklet that is searched for; None for a picture, and before the first search."""
        return None if self.query is None else self.query.tracklet

    def everybody(self, filters: Query) -> None:
        """Who is there at all? Nobody is looked for any more."""
        self.verdicts = {}
        self._search(filters)

    def search_tracklet(self, tracklet: TrackletId, filters: Query) -> None:
        """Who else is this?"""
        self._search(replace(filters, tracklet=tracklet, vector=None, model="", same=(), different=()))

    def add(self, tracklet: TrackletId, *, somebody_else: bool) -> bool:
        """One more example of the person, or of somebody else; again takes it out. False before the first search."""
        query = self.query
        if query is None or query.everybody or tracklet == query.tracklet:
            return False
        kept = {"examples": query.examples, "others": query.others}
        mine, other = ("others", "examples") if somebody_else else ("examples", "others")
        was = tracklet in kept[mine]
        kept[other] = tuple(number for number in kept[other] if number != tracklet)
        kept[mine] = tuple(number for number in kept[mine] if number != tracklet) + (() if was else (tracklet,))
        self._search(replace(query, examples=kept["examples"], others=kept["others"]))
        return True

    def again(self) -> None:
        """The same question, because the case has changed."""
        if self.query is not None:
            self._search(self.query)

    def search_vector(self, vector: Vectors, filters: Query) -> None:
        """Who is in this picture?"""
        self.verdicts = {}
        self._search(replace(filters, tracklet=None, vector=vector, same=(), different=()))

    def filter(self, filters: Query) -> None:
        """The same question in other cameras or times."""
        if self.query is not None:
            old = self.query
            feedback = replace(filters, same=old.same, different=old.different)
            kept = replace(feedback, tracklet=old.tracklet, examples=old.examples, others=old.others)
            self._search(replace(kept, vector=old.vector, model=old.model))

    def refine(self) -> None:
        """Rank again by what was decided."""
        if self.query is None or self.query.everybody:
            self.said.emit(tr(NOBODY_SOUGHT))
            return
        same = tuple(number for number, verdict in self.verdicts.items() if verdict == "same")
        different = tuple(number for number, verdict in self.verdicts.items() if verdict == "different")
        if (same, different) == (self.query.same, self.query.different) == ((), ()):
            self.said.emit(tr("Nobody is confirmed or rejected yet: Y or N first, then R ranks by it."))
            return
        self.said.emit(
            tr("Ranked from {same} confirmed and {different} rejected.").format(
                same=len(same), different=len(different)
            )
        )
        self._search(replace(self.query, same=same, different=different))

    def decide(self, candidate: TrackletId, verdict: Verdict) -> None:
        """Same, different or unsure: shown at once, written down in the order it was said."""
        if self.query is None or self.query.everybody:
            self.said.emit(tr(NOBODY_SOUGHT))
            return
        self.verdicts = {**self.verdicts, candidate: verdict}
        self.changed.emit(self.verdicts)
        probe = self.probe
        if probe is None:
            self.said.emit(tr("Kept for this search only: a picture is no track of the case."))
            return
        self._write(lambda: self._desk.decide(probe, candidate, verdict), "")

    def undo(self) -> None:
        """Take back the last thing that stands: a decision, a split, a merge or a note."""
        self._write(self._desk.undo, tr("Taken back: "))

    def redo(self) -> None:
        """Restore what was taken back last."""
        self._write(self._desk.redo, tr("Restored: "))

    def _write(self, work: Callable[[], Deed | None], words: str) -> None:
        probe = self.probe

        def both() -> tuple[Deed | None, Mapping[TrackletId, Verdict] | None]:
            decision = work()
            return decision, None if probe is None else self._desk.verdicts(probe)

        self._writing.run(both, lambda found: self._written(probe, words, *found), failed=self._not_written)

    def _written(
        self,
        probe: TrackletId | None,
        words: str,
        decision: Deed | None,
        verdicts: Mapping[TrackletId, Verdict] | None,
    ) -> None:
        if words:
            what = "nothing" if decision is None else decision.words
            self.said.emit(words + what)
        self.written.emit(decision)
        if verdicts is not None and probe == self.probe:
            self.verdicts = dict(verdicts)
            self.changed.emit(self.verdicts)

    def _not_written(self, error: Exception) -> None:
        self.failed.emit(error)
        probe = self.probe
        if probe is not None:
            self._reading.run(lambda: self._desk.verdicts(probe), self._reread)

    def _reread(self, verdicts: Any) -> None:
        self.verdicts = dict(verdicts)
        self.changed.emit(self.verdicts)

    def _search(self, query: Query) -> None:
        self.query = query
        self._reading.run(lambda: self._desk.answer(query), self._found, key="search", failed=self.failed.emit)

    def _found(self, answer: Answer) -> None:
        if answer.query.tracklet is not None:
            self.verdicts = dict(answer.verdicts)
        self.answered.emit(replace(answer, verdicts=self.verdicts))
