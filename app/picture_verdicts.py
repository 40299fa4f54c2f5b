"""What is decided in a search by a picture: kept until a track stands for its person, written down from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.desk import Desk
from app.words import Later, tr
from reid_engine.store import Deed
from reid_engine.types import TrackletId, Verdict

TAKEN_BACK = Later("Taken back: ")
RESTORED = Later("Restored: ")
NOTHING = Later("nothing")
OLDER = Later("Nothing of this search is left to take back; what was done before it is left alone while it is open.")


@dataclass(frozen=True, slots=True)
class Said:
    """One press that is written down nowhere as such. deeds: the decisions that it caused; after: the last deed then"""

    candidate: TrackletId
    verdict: Verdict
    anchors: bool
    deeds: tuple[int, ...]
    after: int


class PictureVerdicts:
    """The decisions of one picture's search.

    A decision is about two tracks, and a picture is none: the first track that is confirmed stands for the person (the
    anchor), which goes on the record, and everything that was said before and is said after is stored as said of the
    two. Its verbs write, each after the other on one lane. picture: which, for the record (see ``SearchRequest``)
    """

    def __init__(self, desk: Desk, picture: Mapping[str, object]) -> None:
        self._desk, self._picture = desk, picture
        self.anchor: TrackletId | None = None
        self._said: list[Said] = []
        self._undone: list[Said | int] = []  # a number: of a deed of the case
        self._began = 0

    def serve(self, desk: Desk) -> None:
        """The same case was opened again, as this one; what stands and what waits stays."""
        self._desk = desk

    def begin(self) -> None:
        """It is searched for (again): what was done in the case up to now is not taken back from here."""
        self._began = self._desk.last_deed()
        self._undone.clear()

    @property
    def waiting(self) -> int:
        """How many decisions are written down nowhere yet, because nobody stands for the person."""
        return len(self.verdicts()) if self.anchor is None else 0

    def verdicts(self) -> Mapping[TrackletId, Verdict]:
        """What stands of the cards."""
        if self.anchor is None:
            return {said.candidate: said.verdict for said in self._said}
        return {**self._desk.verdicts(self.anchor), self.anchor: "same"}

    def decide(self, candidate: TrackletId, verdict: Verdict) -> tuple[Deed | None, str]:
        """Keep it, or write it down where there is an anchor. Raises NotFound."""
        if candidate == self.anchor:
            return None, ""
        self._undone.clear()
        if self.anchor is not None:
            return self._desk.decide(self.anchor, candidate, verdict), ""
        self._keep(candidate, verdict)
        return None, ""

    def undo(self) -> tuple[Deed | None, str]:
        """Take back what was done last since the picture is searched for, whether it was written down or only kept."""
        last = self._desk.last_deed()
        newest = self._said[-1] if self._said else None
        if last > max(self._began, 0 if newest is None else newest.after):
            deed = self._desk.undo()
            self._undone.append(last)
            return deed, tr(TAKEN_BACK) + (tr(NOTHING) if deed is None else deed.words)
        if newest is None or (newest.anchors and last != newest.after):
            return None, tr(OLDER)
        for _ in newest.deeds:
            self._desk.undo()
        self._said.pop()
        self._undone.append(newest)
        if self.anchor is not None:
            self._desk.recognise(self.anchor, self._picture, taken_back=True)
        self.anchor = None
        return None, tr(TAKEN_BACK) + _words(newest)

    def redo(self) -> tuple[Deed | None, str]:
        """Restore what was taken back here last."""
        newest = self._undone.pop() if self._undone else 0
        if isinstance(newest, Said):
            self._keep(newest.candidate, newest.verdict, again=newest.deeds)
            return None, tr(RESTORED) + _words(newest)
        deed = self._restore(newest)
        return deed, tr(RESTORED) + (tr(NOTHING) if deed is None else deed.words)

    def _restore(self, number: int) -> Deed | None:
        """Restore this deed, unless something else was done or taken back since."""
        return self._desk.redo() if number and self._desk.last_taken_back() == number else None

    def _keep(self, candidate: TrackletId, verdict: Verdict, *, again: tuple[int, ...] = ()) -> None:
        """One more press without an anchor; the first “same” makes one, and all that waited for it is written down."""
        deeds: list[int] = []
        if verdict == "same":
            self._desk.recognise(candidate, self._picture)
            waiting = {said.candidate: said.verdict for said in self._said if said.candidate != candidate}
            for place, (other, what) in enumerate(waiting.items()):
                number = again[place] if place < len(again) else 0
                deed = self._restore(number) or self._desk.decide(candidate, other, what)
                deeds.append(deed.id)
            self.anchor = candidate
        self._said.append(Said(candidate, verdict, verdict == "same", tuple(deeds), self._desk.last_deed()))


def _words(said: Said) -> str:
    if said.anchors:
        return tr("track {number} stands for the person").format(number=said.candidate)
    return tr("track {number} {verdict}").format(number=said.candidate, verdict=said.verdict)
