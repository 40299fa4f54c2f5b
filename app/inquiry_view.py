"""What is shown of one line of inquiry: player, matches and whom is looked for. No rules of the domain are in here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.answer_view import AnswerView
from app.close_view import CloseView
from app.desk import Answer, Query
from app.explain import sentence
from app.footage import Footage
from app.images import decode_jpeg
from app.investigation import NOBODY_SOUGHT
from app.keys import SEARCH, key
from app.panes.matches import MatchesPane
from app.panes.player import PlayerPane
from app.panes.subject import SubjectPane
from app.picture_view import PictureView
from app.place import Place
from app.player import Span
from app.portrait import Portrait
from app.question import Question, ask
from app.words import Later, counted, tr
from app.workspace import Workspace
from reid_engine.store import Decision, Deed, TrackEdit
from reid_engine.types import Match, TrackletId, Verdict

MARKS = 50
OLD_CARDS = Later("These cards are of the search before: wait for the new ones, then decide.")
PROBE_NOTE = Later("Looking at the picture …")
AROUND_US = 5_000_000  # a match is played from so long before to so long after it


class InquiryView(QObject):
    """said: a sentence for the status bar; failed: an error; investigating: player and matches should be seen."""

    said = Signal(str)
    failed = Signal(Exception)
    investigating = Signal()

    def __init__(self, work: Workspace, window: QWidget) -> None:
        super().__init__(window)
        self.work = work
        self._window = window
        self.player = PlayerPane(work.boxes, window)
        self.matches = MatchesPane(work.matches, window)
        self.subject = SubjectPane(window)
        self.closely = CloseView(work, window)
        self.answers = AnswerView(work, self.matches, self)
        self.pictures = PictureView(work, self.player, self.subject, self._filters, window)
        self._portrait: Portrait | None = None
        self._before: int | None = None  # the track that was selected before the one that is
        self._selected: int | None = None
        self._colours_named = False
        self._connect_panes()
        self.closely.said.connect(self.said)
        self.pictures.said.connect(self.said)
        self.pictures.begun.connect(lambda: self._searching(tr(PROBE_NOTE)))
        self.pictures.failed.connect(self._on_no_picture)
        self.closely.decided.connect(self._on_compared)
        self.answers.said.connect(self.said)
        inquiry = work.investigation
        inquiry.answered.connect(self._on_answer)
        inquiry.changed.connect(work.matches.decide)
        inquiry.changed.connect(self.subject.show_verdicts)
        inquiry.said.connect(self.said)
        inquiry.failed.connect(self._on_no_answer)
        inquiry.written.connect(self._on_written)
        work.edited.connect(self._on_edited)
        work.described.connect(self.again)
        work.retimed.connect(self.again)

    def _connect_panes(self) -> None:
        inquiry = self.work.investigation
        self.player.asked.connect(self.search)
        self.player.added.connect(self.add)
        self.player.selected.connect(self._on_selected)
        self.matches.chosen.connect(self.show_match)
        self.matches.searched.connect(self.search)
        self.matches.everybody.connect(self.everybody)
        self.matches.decided.connect(self._on_decided)
        self.matches.filtered.connect(self._on_filtered)
        self.matches.refine.connect(inquiry.refine)
        self.matches.compare.connect(self.compare)
        self.matches.why.connect(self.why)
        self.subject.chosen.connect(self.show_tracklet)
        self.subject.wanted.connect(self._fetch_subject)
        self.matches.pictured.connect(self.pictures.search)
        self.matches.said.connect(self.said)
        self.matches.again.connect(self.again)
        self.matches.more.connect(inquiry.more)
        self.subject.better.connect(self.show_better)
        self.subject.dropped.connect(self._drop_example)
        self.subject.known.connect(self.search)

    def show_footage(self, footage: Footage) -> None:
        """The cameras and recordings of the case."""
        self.player.show_footage(footage)
        cameras = [(camera.id, camera.name, footage.position(camera.id)) for camera in footage.cameras]
        self.matches.offer_cameras(cameras, footage.home_zone)

    def stand(self, place: Place) -> None:
        """Look for whom another view of this case looked for."""
        self.matches.stand(place.cards)
        self.work.investigation.stand(place.sought)
        self.pictures.stand(place.pictured)
        if place.sought.query is not None:
            self.matches.head(tr("Searching …"))

    def ask_to_forget(self, then: Callable[[], object]) -> None:
        """Lose what waits in searches by a picture, and do something then; or go on."""
        inquiry = self.work.investigation
        decisions = counted(inquiry.waiting, tr("1 decision is"), tr("{count} decisions are"))
        question = Question(
            tr("Decisions that are not written down"),
            tr("{decisions} not written down: nobody is confirmed in that search by a picture yet.").format(
                decisions=decisions
            ),
            tr("Confirm somebody there ({key}) and they are written down; closed now, the case forgets them.").format(
                key=key("Same person")
            ),
            tr("Forget and close"),
            tr("Go on with the case"),
        )

        def forget() -> None:
            inquiry.forget()
            then()

        ask(self._window, question, forget)

    def forget(self) -> str:
        """Something of what is shown was erased: nobody is selected or looked for any more. What is lost, in words."""
        lost = self.work.investigation.waiting
        self.player.select(-1)
        self.work.investigation.forget()
        words = tr("; lost with the search by a picture: {decisions} that waited for somebody to be confirmed")
        return words.format(decisions=counted(lost, tr("1 decision"), tr("{count} decisions"))) if lost else ""

    # searching --------------------------------------------------------------------------------------------------------

    def everybody(self) -> None:
        """Who is there at all? As cards, by camera, time and clothes; the keys go to them."""
        self._list_everybody()
        self.matches.enter()

    def _list_everybody(self) -> None:
        self.player.select(-1)
        for tile in self.player.tiles.values():
            tile.marked = None  # nobody is searched for: there is no match
        self._searching(tr("Looking through the case …"), somebody=False)
        self.work.investigation.everybody(self._filters())

    def ask(self) -> None:
        """Enter: search for whoever is selected; where the cards have the keys, for whoever is under the cursor of a
        list of everybody, and of a ranking show it."""
        query, seen = self.work.investigation.query, self.matches.current()
        if query is not None and seen is not None and self.matches.cards.hasFocus():
            (self.search if query.everybody else self.show_match)(int(seen.tracklet))
        else:
            self.player.ask()

    def search(self, tracklet: int) -> None:
        """Where else was this person?"""
        self._searching(tr("Searching …"))
        self.work.investigation.search_tracklet(TrackletId(tracklet), self._filters())

    def add(self, tracklet: int, somebody_else: bool) -> None:
        """One more example of the person, or of somebody else; the first example begins a search."""
        if self.work.investigation.add(TrackletId(tracklet), somebody_else=somebody_else):
            other = tr("Track {tracklet} counts as somebody else; the same click again takes it out.")
            mine = tr("Track {tracklet} counts as an example of the person; the same click again takes it out.")
            self.said.emit((other if somebody_else else mine).format(tracklet=tracklet))
        elif not somebody_else:
            self.search(tracklet)

    def add_selected(self, *, somebody_else: bool) -> None:
        """The selected track as one more example of the person, or of somebody else."""
        if self.player.selection is None:
            self.said.emit(tr("Select a track first."))
            return
        self.add(self.player.selection, somebody_else)

    def _searching(self, words: str, *, somebody: bool = True) -> None:
        self.investigating.emit()
        self.said.emit("")  # what was said of the search before is over
        self.matches.rank(somebody=somebody)
        self.matches.fold()
        self.matches.head(words)
        if somebody and not self.player.clock.playing:  # an answer is looked through card by card
            self.matches.enter()

    def _filters(self) -> Query:
        return self.matches.filters(self.player.clock.now_us())

    def _on_filtered(self) -> None:
        where = self._filters().where
        if (where.upper or where.lower) and not self._colours_named:
            self._colours_named = True  # once: a case of an older version has tracks whose clothes nobody named
            self.work.looking.run(self.work.desk.name_colours, lambda _: self._filter())
        else:
            self._filter()

    def _filter(self) -> None:
        """Ask by the filters of this moment; where nobody was looked for yet, list everybody whom they let through."""
        filters, inquiry = self._filters(), self.work.investigation
        if inquiry.query is not None:
            inquiry.filter(filters)
        elif filters.filtered:
            self._list_everybody()

    # answers ----------------------------------------------------------------------------------------------------------

    def _on_answer(self, answer: Answer) -> None:
        if answer.query.tracklet is not None:
            self.subject.show_probe(answer.query.tracklet)
        elif answer.query.everybody:
            self.subject.show_nobody()
        self.subject.show_examples(list(map(int, answer.query.examples)), list(map(int, answer.query.others)))
        self.subject.show_verdicts(answer.verdicts)
        marked = () if answer.query.everybody else answer.matches[:MARKS]
        self.player.mark([(match.camera, match.start_us) for match in marked])
        self.answers.show(answer)

    def _on_no_answer(self, error: Exception) -> None:
        self.answers.give_up(sentence(error))

    def _on_no_picture(self, error: Exception) -> None:
        """A picture that nobody can look at leaves the answer before it as it is."""
        query = self.work.investigation.query
        if query is None or query.everybody:
            self._on_no_answer(error)
            return
        self.answers.arrange()
        self.said.emit(sentence(error))

    # looking at matches -----------------------------------------------------------------------------------------------

    def decide(self, verdict: Verdict) -> None:
        """Decide the current card and move on."""
        query = self.work.investigation.query
        if query is None or query.everybody:
            self.said.emit(tr(NOBODY_SOUGHT))
        else:
            self.matches.decide(verdict)

    def _on_decided(self, tracklet: int, verdict: Verdict) -> None:
        inquiry = self.work.investigation
        if inquiry.query is not None and not self.answers.of(inquiry.query):
            self.said.emit(tr(OLD_CARDS))
            return
        inquiry.decide(TrackletId(tracklet), verdict)

    def _on_compared(self, probe: int, candidate: int, verdict: Verdict) -> None:
        """Decide whom the dialog showed, wherever the cursor has gone meanwhile."""
        row = self.work.matches.row_of(TrackletId(candidate))
        sought = self.pictures.last.number if self.pictures.searched else self.work.investigation.probe
        if row is None or probe != sought:
            self.said.emit(tr(OLD_CARDS))
            return
        self.matches.go_to(row)
        self.matches.decide(verdict)

    def show_match(self, tracklet: int) -> None:
        """Show a match in its camera, all others at the same instant; of everybody, it is selected too."""
        found = self.work.matches.find(TrackletId(tracklet))
        if found is not None:
            ranked = isinstance(found, Match)
            self.player.show_moment(found.camera, (found.start_us + found.end_us) // 2, tracklet if ranked else -1)
            self.work.look_at(TrackletId(tracklet))
            if not ranked:
                self.player.select(tracklet)

    def show_tracklet(self, tracklet: int) -> None:
        """Go to the moment of any tracklet."""
        self.work.look_at(TrackletId(tracklet))
        self.work.reading.run(
            lambda: self.work.desk.tracklet(TrackletId(tracklet)),
            lambda found: self.player.show_moment(found.camera, (found.start_us + found.end_us) // 2, tracklet),
            key="moment",
        )

    def play(self) -> None:
        """Space: the match under the cursor in its camera where the cards have the keys, else whatever is shown."""
        match = self.matches.current()
        if not self.matches.cards.hasFocus() or match is None or self.player.clock.playing:
            self.player.toggle_play()
            return
        self.work.look_at(match.tracklet)
        begin, end = match.start_us - AROUND_US, match.end_us + AROUND_US
        self.player.play_spans([Span(match.camera, begin, end, int(match.tracklet))])

    def compare(self) -> None:
        """Probe and candidate side by side."""
        match, probe = self.matches.current(), self.work.investigation.probe
        if match is not None and self.pictures.searched:
            self.closely.show_picture_beside(self.pictures.last, match.tracklet)
            return
        if match is None or probe is None:
            self.said.emit(tr("Search for a track, then choose a card to compare with it."))
            return
        self.closely.show_beside(probe, match.tracklet, decide=True)

    def why(self) -> None:
        """Show which pictures, and what in them, carried the match under the cursor."""
        match, query = self.matches.current(), self.work.investigation.query
        if not isinstance(match, Match) or query is None:
            self.said.emit(tr("Search for a track, then choose a card."))
            return
        self.closely.why(match, query)

    # the selected track -----------------------------------------------------------------------------------------------

    def _on_selected(self, tracklet: int) -> None:
        self._portrait = None
        if tracklet < 0:
            self.said.emit("")
            self.subject.show_portrait("", [], "")
            return
        if tracklet != self._selected:
            self._before, self._selected = self._selected, tracklet
        self.said.emit(
            tr("Track {tracklet}: {key} or a second click searches for this person.").format(
                tracklet=tracklet, key=key(SEARCH)
            )
        )
        desk = self.work.desk

        def portrait() -> tuple[list[QImage], Portrait]:
            found = desk.portrait(TrackletId(tracklet))
            return [decode_jpeg(jpeg) for jpeg in found.jpegs], found

        self.work.reading.run(portrait, lambda found: self._show_portrait(tracklet, *found), key="portrait")
        self.work.look_at(TrackletId(tracklet))

    def _show_portrait(self, tracklet: int, pictures: list[QImage], found: Portrait) -> None:
        if self.player.selection != tracklet:
            return  # somebody else is selected by now, or nobody
        self._portrait = found
        better = found.better_moment(self.player.clock.now_us())
        words = "" if better is None else better[1]
        self.subject.show_portrait(
            tr("track {tracklet}").format(tracklet=tracklet), pictures, found.doubt, better=words
        )

    def show_better(self) -> None:
        """Go to the moment at which the selected track is seen best."""
        if self._portrait is not None:
            self.player.seek(self._portrait.best_us)

    def _drop_example(self, tracklet: int) -> None:
        query = self.work.investigation.query
        if query is not None:
            self.work.investigation.add(TrackletId(tracklet), somebody_else=TrackletId(tracklet) in query.others)

    def _fetch_subject(self, tracklet: int) -> None:
        self.work.fetch_picture(TrackletId(tracklet), lambda picture: self.subject.supply(tracklet, picture))

    # track errors -----------------------------------------------------------------------------------------------------

    def split(self) -> None:
        """Part the selected track at the moment that is shown, in a job."""
        if self.player.selection is None:
            self.said.emit(tr("Select the track, go to the moment where somebody else begins, then split."))
            return
        self._edit("split", [self.player.selection])

    def merge(self) -> None:
        """Join the selected track with the one that was selected before it, in a job."""
        both = [number for number in (self._before, self.player.selection) if number is not None]
        if len(set(both)) < 2:
            self.said.emit(tr("Select one track, then the other part of the same person, then merge."))
            return
        self._edit("merge", both)

    def _edit(self, verb: str, tracks: list[int]) -> None:
        """Start the job, unless it can be said at once why it would be refused."""
        desk, at_us = self.work.desk, self.player.clock.now_us()
        numbers = [TrackletId(number) for number in tracks]
        words = [*map(str, tracks), *(["--at", str(at_us)] if verb == "split" else [])]
        self.work.reading.run(
            lambda: desk.check_edit(verb, numbers, at_us), lambda _: self._start_edit(verb, words), key="edit",
            failed=lambda error: self.said.emit(sentence(error)),
        )  # fmt: skip

    def _start_edit(self, verb: str, words: list[str]) -> None:
        self.said.emit(tr("The {verb} runs as a job: its vectors are made again.").format(verb=verb))
        embedder = self.work.networks.embedder
        self.work.jobs.start(verb, [*words, *([] if embedder is None else ["--embedder", str(embedder)])])

    def _on_edited(self, event: dict[str, Any]) -> None:
        self._after_edit()
        made = ", ".join(map(str, event["made"]))
        self.said.emit(
            tr("The {edit} is done: track {made}. {key} takes it back.").format(
                edit=event["edit"], made=made, key=key("Undo")
            )
        )

    def _on_written(self, deed: Deed | None) -> None:
        if isinstance(deed, TrackEdit):
            self._after_edit()
        elif isinstance(deed, Decision):
            self.answers.regroup()

    def _after_edit(self) -> None:
        self.work.boxes.forget()
        self.player.select(-1)
        self.player.refresh()
        query = self.work.investigation.query
        if query is not None and query.tracklet is None:
            self.again()
        elif query is not None and query.tracklet is not None:
            desk, number = self.work.desk, query.tracklet
            self.work.reading.run(
                lambda: desk.case.store.is_replaced(number),
                lambda replaced: None if replaced else self.again(),
            )

    def again(self) -> None:
        """The same question of a case that has changed; the cursor stays where it was."""
        if self.work.investigation.query is not None:
            self.matches.stay()
            self.work.investigation.again()

    def next_person(self, step: int) -> None:
        """Select the next person in the pictures; the keys go there, so that Enter is about them and no card."""
        self.player.select_next(step)
        self.player.setFocus()

    def change_sides(self) -> None:
        """The keys go from the pictures to the cards, or back."""
        if self.matches.cards.hasFocus() or not self.work.matches.rowCount():
            self.player.setFocus()
        else:
            self.matches.cards.setFocus()

    def undo(self) -> None:
        """Take back the last deed of the case."""
        self.work.investigation.undo()

    def redo(self) -> None:
        """Restore it."""
        self.work.investigation.redo()
