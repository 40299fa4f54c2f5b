"""One line of inquiry: a probe, its ranking, the decisions about it. Widgets show it; the case keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from PySide6.QtCore import QObject, Signal

from app.background import Lane
from app.desk import Answer, Desk, Query
from app.keys import key
from app.picture_verdicts import NOTHING, RESTORED, TAKEN_BACK, PictureVerdicts
from app.place import Sought
from app.words import Later, tr
from reid_engine.store import Deed
from reid_engine.types import TrackletId, Vectors, Verdict

NOBODY_SOUGHT = Later("Search for somebody first: decisions are about two tracks.")
ANCHORED = Later("Track {track} stands for the person from now on; decisions are kept.")
MORE = 4  # times as many, where more of the nearest are wished
IS_ANCHOR = Later(
    "Track {track} stands for the person of this picture; {undo} takes decisions back, the last one first."
)
DECIDED: dict[Verdict, str] = {
    "same": Later("Track {track}: same person"), "different": Later("Track {track}: different person"),
    "unsure": Later("Track {track}: unsure"),
}  # fmt: skip
WAITS = Later("{decided}; it is written down as soon as somebody is confirmed ({same}).")
Written: TypeAlias = tuple[Deed | None, str]  # what was done to the case, and a sentence


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
        self._picture: PictureVerdicts | None = None  # what is decided of the picture that is searched for
        self._anchor: TrackletId | None = None
        self._writes = 0
        self._pictures: dict[bytes, PictureVerdicts] = {}  # by what the network made of them: dropped again, known

    @property
    def probe(self) -> TrackletId | None:
        """The tracklet that is searched for, or stands for the person of a picture; None before there is one."""
        return self._anchor if self.query is None or self.query.tracklet is None else self.query.tracklet

    def everybody(self, filters: Query) -> None:
        """Who is there at all? Nobody is looked for any more."""
        self._leave_picture()
        self.verdicts = {}
        self._search(filters)

    def search_tracklet(self, tracklet: TrackletId, filters: Query) -> None:
        """Who else is this?"""
        self._leave_picture()
        self._search(replace(filters, tracklet=tracklet))

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

    def more(self) -> None:
        """The same question, with more of the nearest."""
        if self.query is not None:
            self._search(replace(self.query, limit=self.query.limit * MORE))

    def search_vector(self, vector: Vectors, filters: Query) -> None:
        """Who is in this picture? What was decided of it since the case is open is known again."""
        self._leave_picture()
        self.verdicts = {}
        self._picture = self._pictures.setdefault(vector.tobytes(), PictureVerdicts(self._desk, filters.picture or {}))
        self._search(replace(filters, vector=vector))
        begin = self._picture.begin
        self._write(lambda: (begin(), (None, ""))[1])

    def sought(self) -> Sought:
        """Whom it looks for, and what was decided of pictures, for another line of inquiry about this case."""
        return Sought(self.query, self._pictures)

    def stand(self, there: Sought) -> None:
        """Look for whom another one looked for. What was decided of pictures and waits is kept."""
        self._pictures = dict(there.pictures)
        for picture in self._pictures.values():
            picture.serve(self._desk)
        if there.query is not None:
            vector = there.query.vector
            self._picture = None if vector is None else self._pictures[vector.tobytes()]
            self._search(there.query)
            self._write(lambda: (None, ""))  # shows what stands

    @property
    def waiting(self) -> int:
        """How many decisions of pictures are written down nowhere yet: closed now, the case would lose them."""
        return sum(picture.waiting for picture in self._pictures.values())

    def forget(self) -> None:
        """Look for nobody; what was decided of pictures and waits is lost."""
        self._leave_picture()
        self.query, self.verdicts = None, {}
        self._pictures.clear()

    def _leave_picture(self) -> None:
        self._picture = self._anchor = None

    def filter(self, filters: Query) -> None:
        """The same question in other cameras or times."""
        if self.query is not None:
            self._search(replace(self.query, where=filters.where, everywhere=filters.everywhere))

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
        picture, probe, words = self._picture, self.probe, {"track": candidate}
        if picture is not None and candidate == probe:
            self.said.emit(tr(IS_ANCHOR).format(undo=key("Undo"), **words))
            return
        self.verdicts = {**self.verdicts, candidate: verdict}
        self.changed.emit(self.verdicts)
        decided = tr(DECIDED[verdict]).format(**words)
        if probe is not None:
            self.said.emit(decided)
        elif verdict == "same":
            self._anchor = candidate
            self.said.emit(tr(ANCHORED).format(**words))
        else:
            self.said.emit(tr(WAITS).format(decided=decided, same=key("Same person")))
        if picture is not None:
            self._write(lambda: picture.decide(candidate, verdict))
        elif probe is not None:
            self._write(lambda: (self._desk.decide(probe, candidate, verdict), ""))

    def undo(self) -> None:
        """Take back the last thing that stands: a decision, a split, a merge or a note.

        While a picture is searched for, nothing that was done before.
        """
        self._write(self._undo if self._picture is None else self._picture.undo)

    def redo(self) -> None:
        """Restore what was taken back last."""
        self._write(self._redo if self._picture is None else self._picture.redo)

    def _undo(self) -> Written:
        deed = self._desk.undo()
        return deed, tr(TAKEN_BACK) + (tr(NOTHING) if deed is None else deed.words)

    def _redo(self) -> Written:
        deed = self._desk.redo()
        return deed, tr(RESTORED) + (tr(NOTHING) if deed is None else deed.words)

    def _write(self, work: Callable[[], Written], failed: Callable[[Exception], None] | None = None) -> None:
        picture, probe = self._picture, self.probe
        self._writes += 1
        number = self._writes

        def both() -> tuple[Deed | None, str, Mapping[TrackletId, Verdict] | None, TrackletId | None]:
            done, words = work()
            return done, words, *self._standing(picture, probe)

        self._writing.run(
            both, lambda found: self._written(number, (picture, probe), *found), failed=failed or self._not_written
        )

    def _standing(
        self, picture: PictureVerdicts | None, probe: TrackletId | None
    ) -> tuple[Mapping[TrackletId, Verdict] | None, TrackletId | None]:
        """What stands of whoever is searched for, and who stands for a picture."""
        if picture is not None:
            return picture.verdicts(), picture.anchor
        return None if probe is None else self._desk.verdicts(probe), None

    def _written(
        self,
        number: int,
        about: tuple[PictureVerdicts | None, TrackletId | None],
        done: Deed | None,
        words: str,
        verdicts: Mapping[TrackletId, Verdict] | None,
        anchor: TrackletId | None,
    ) -> None:
        same = self.probe == about[1] if about[0] is None else self._picture is about[0]
        if verdicts is not None and same and number == self._writes:  # more may have been said meanwhile
            self._anchor = anchor
            self.verdicts = dict(verdicts)
            self.changed.emit(self.verdicts)
        self.written.emit(done)
        if words:  # last: whoever shows the case anew may have said something, too
            self.said.emit(words)

    def _not_written(self, error: Exception) -> None:
        self.failed.emit(error)
        self._write(lambda: (None, ""), self.failed.emit)  # shows what stands

    def _search(self, query: Query) -> None:
        self.query = query
        self._reading.run(lambda: self._desk.answer(query), self._found, key="search", failed=self.failed.emit)

    def _found(self, answer: Answer) -> None:
        if answer.query.tracklet is not None:
            self.verdicts = dict(answer.verdicts)
        self.answered.emit(replace(answer, verdicts=self.verdicts))
