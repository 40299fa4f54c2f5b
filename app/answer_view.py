"""An answer as cards: its heading, the order and the parts that a person wishes, likely people. No rules of the
domain."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from app.arrange import BAND_WORDS, Arrangement, arranged
from app.desk import Answer, Query
from app.explain import sentence
from app.keys import named
from app.panes.matches import MatchesPane
from app.words import Later, counted, tr
from app.workspace import Workspace
from reid_engine.search import NOBODY_PASSES
from reid_engine.types import BANDS, Match

LIKELY = Later("Likely people: a hint, no decision.")
AT_ONCE = 2000  # more matches than these are put in order on a lane


class AnswerView(QObject):
    """said: a sentence for the status bar."""

    said = Signal(str)

    def __init__(self, work: Workspace, matches: MatchesPane, parent: QObject) -> None:
        super().__init__(parent)
        self.work = work
        self._matches = matches
        self._answer: Answer | None = None
        self._together: Answer | None = None  # the same with its likely people, once somebody wished to see them
        self._asked: Answer | None = None  # whose likely people are being looked for
        self._count = 0  # how many tracks the case holds now
        matches.wished.connect(self.arrange)
        work.footage_changed.connect(lambda _: self._offer())  # a camera may have another name
        work.counted.connect(self._on_counted)

    def of(self, query: Query) -> bool:
        """Whether the cards are of whom this looks for; not yet so while it is searched."""
        shown = None if self._answer is None else self._answer.query
        return shown is not None and shown.tracklet == query.tracklet and shown.vector is query.vector

    def show(self, answer: Answer) -> None:
        """Another answer."""
        self._answer, self._together, self._asked = answer, None, None
        self._count = answer.of
        self._offer()
        if not answer.matches:
            self._say_nobody(answer)
        self.arrange()

    def give_up(self, words: str) -> None:
        """There is no answer, and why."""
        self._answer = None
        self._offer()
        self.work.reading.forget("arrangement")
        self.work.matches.show((), {})
        self._matches.head("")
        self._matches.say(words)
        self.said.emit(words)

    def _on_counted(self, count: int) -> None:
        self._count = count
        self._offer()

    def _offer(self) -> None:
        """What there is beyond these cards."""
        answer = self._answer
        if answer is None:
            self._matches.offer("", "", "")
            return
        own, newer = "", counted(self._count - answer.of, tr("1 new track"), tr("{count} new tracks"))
        if answer.own and answer.home is not None:
            words = tr("{count} strong in {camera} itself: show")
            own = words.format(count=answer.own, camera=self.work.label(answer.home).name)
        again = named(tr("{tracks} since: search again"), "Search again").format(tracks=newer)
        more = tr("Only the {count} nearest are listed: show more").format(count=len(answer.matches))
        self._matches.offer(own, again if self._count > answer.of else "", more if answer.cut else "")

    def regroup(self) -> None:
        """Something was decided or taken back: who is likely one person may have changed."""
        self._together = self._asked = None
        if self._answer is not None and self._matches.wish().group == "person":
            self._matches.stay()
            self.arrange()

    def arrange(self) -> None:
        """Show the answer in the order and the parts that a person wishes; a long one is put in order on a lane."""
        answer = self._answer
        if answer is None or answer.query.everybody == self._matches.ranks:  # another is on its way, with its own chips
            return
        wish = self._matches.wish()
        if wish.group == "person" and answer.matches:
            if self._together is None:
                self._put_together(answer)
                return
            answer = self._together
            wish = wish if answer.people else replace(wish, group="none")
        self._matches.head(_heading(answer))
        verdicts, labels = self.work.investigation.verdicts, dict(self.work.matches.labels)
        lane, people = self.work.reading, answer.people or ()
        if len(answer.matches) <= AT_ONCE:
            lane.forget("arrangement")  # of a longer one, that would come late
            self._show(arranged(answer.matches, verdicts, labels, wish, people))
        else:
            lane.run(lambda: arranged(answer.matches, verdicts, labels, wish, people), self._show, key="arrangement")

    def _put_together(self, answer: Answer) -> None:
        """Find the likely people of a list of everybody, once, and show it so."""
        self._matches.head(tr("Looking who may be one person …"))
        if self._asked is answer:
            return
        self._asked = answer

        def done(found: Answer) -> None:
            if self._asked is answer:
                self._asked, self._together = None, found
                self.arrange()

        def failed(error: Exception) -> None:
            if self._asked is answer:
                self.said.emit(sentence(error))
                done(replace(answer, people=(), notes=(*answer.notes, sentence(error))))

        self.work.reading.run(lambda: self.work.desk.put_together(answer), done, key="people", failed=failed)

    def _show(self, shown: Arrangement) -> None:
        self.work.matches.arrange(shown, self.work.investigation.verdicts)
        self._matches.settle()

    def _say_nobody(self, answer: Answer) -> None:
        notes = "   ".join(note for note in answer.notes if note != NOBODY_PASSES)
        if answer.query.filtered:
            hint = notes or tr("Widen the time, choose more cameras, or leave out a colour.")
            self._matches.say(tr("Nobody passes these filters."), hint, filtered=True)
        elif answer.query.everybody:
            self._matches.say(
                tr("Nobody was found in the recordings yet."),
                named(tr("Analyse recordings first"), "Footage"),
            )
        else:
            self._matches.say(tr("Nobody else was seen by the other cameras."), notes)


def _heading(answer: Answer) -> str:
    """How many there are, and of which bands, above the cards."""
    count, notes = len(answer.matches), "   ".join(answer.notes)
    if answer.query.everybody:
        people = tr(LIKELY) if answer.people else ""
        tracks = counted(count, tr("Everybody: 1 track"), tr("Everybody: {count} tracks"))
        return "   ".join(part for part in (tracks, people, notes) if part)
    bands = [match.band for match in answer.matches if isinstance(match, Match)]
    each = ", ".join(
        f"{bands.count(band)} {tr(BAND_WORDS[band]).lower()}" for band in (*BANDS, "none") if band in bands
    )
    ranked = counted(count, tr("1 track ranked"), tr("{count} tracks ranked"))
    if answer.cut:
        ranked = tr("The {count} nearest").format(count=count)
    return f"{ranked}{': ' + each if each else ''}   {notes}".strip()
