"""What is shown of a journey: the pane, its dialogs, and what is written down from them. No rules of the domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QFileDialog, QWidget

from app import local_time
from app.arrange import Label
from app.desk import Trace
from app.dialogs.links import LinksDialog
from app.dialogs.note import NoteDialog
from app.explain import sentence
from app.images import to_qimage
from app.inquiry_view import InquiryView
from app.journeys import conflict_words
from app.keys import key
from app.panes.journey import JourneyPane
from app.player import Span
from app.widgets.lanes import Lane
from app.words import tr
from app.workspace import Workspace
from reid_engine.clock import CameraClock
from reid_engine.journey import Conflict
from reid_engine.picture import picture_of
from reid_engine.store import CameraPair, FloorPlan, Note
from reid_engine.types import CameraId, TrackletId

SETTLE_MS = 150
LEAST_PLAYED_US = 2_000_000  # a sighting is played at least so long


class JourneyView(QObject):
    """said: a sentence for the status bar; failed: an error."""

    said = Signal(str)
    failed = Signal(Exception)

    def __init__(self, work: Workspace, inquiry: InquiryView, window: QWidget) -> None:
        super().__init__(window)
        self.work = work
        self._inquiry = inquiry
        self._window = window
        self.pane = JourneyPane(window)
        self.trace = Trace()
        self._plan_shown: FloorPlan | None = None
        self._picture = b"", QPixmap()  # as it is stored, and as it is painted
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(SETTLE_MS)
        self._later.timeout.connect(self.read)
        investigation = work.investigation
        investigation.answered.connect(lambda _: self._later.start())
        investigation.written.connect(lambda _: self._later.start())
        work.edited.connect(lambda _: self._later.start())
        work.links.changed.connect(self._set_pair)
        inquiry.player.moved.connect(self.pane.lanes.move_to)
        pane = self.pane
        pane.chosen.connect(inquiry.show_tracklet)
        pane.sought.connect(inquiry.player.seek)
        pane.conflict.connect(self.show_conflict)
        pane.noted.connect(self.show_note)
        pane.placed.connect(self._place)
        pane.linked.connect(self.ask_links)
        pane.play.connect(self.play)
        pane.note.connect(self.ask_note)
        pane.export.connect(self.ask_export)
        pane.links.connect(lambda: self.ask_links())
        pane.picture.connect(self.ask_picture)

    def close(self) -> None:
        """Read nothing more."""
        self._later.stop()

    def show_footage(self) -> None:
        """Cameras or recordings have changed."""
        self._plan_shown = None
        self._later.start()

    def read(self) -> None:
        """Read the journey of whoever is searched for, with links, notes and the plan."""
        probe = self.work.investigation.probe
        self.work.looking.run(lambda: self.work.desk.trace(probe), self._show, key="trace")

    def _show(self, found: Trace) -> None:
        self.trace = found
        footage = self.work.footage
        labels = {camera.id: self.work.label(camera.id) for camera in footage.cameras}
        lanes = [
            Lane(camera.id, labels[camera.id], tuple((s.from_us, s.to_us) for s in footage.stretches(camera)))
            for camera in footage.cameras
        ]
        self.pane.show_journey(found.journey, lanes, found.notes)
        plan = FloorPlan("", b"") if found.plan is None else found.plan
        if plan != self._plan_shown:
            self._plan_shown = plan
            self._show_plan(plan, labels)
        self.pane.show_links(found.links)
        self.work.links.show(found.links, labels)

    def _show_plan(self, plan: FloorPlan, labels: Mapping[CameraId, Label]) -> None:
        """The picture may be a stranger's: a child opens it, unless it is the one that is there already."""

        def decoded(picture: QPixmap) -> None:
            self._picture = plan.picture, picture
            self.pane.show_plan(picture, plan.places, labels)

        def broken(error: Exception) -> None:
            self.said.emit(tr("The floor plan cannot be shown: {reason}").format(reason=sentence(error)))
            decoded(QPixmap())

        self.work.looking.forget("plan")
        if plan.picture and plan.picture != self._picture[0]:
            read = partial(_opened, plan)
            self.work.looking.run(read, lambda image: decoded(QPixmap.fromImage(image)), key="plan", failed=broken)
        else:
            decoded(self._picture[1] if plan.picture else QPixmap())

    # playing and looking ----------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Play all confirmed sightings one after the other, each in its camera."""
        journey = self.trace.journey
        if journey is None or not journey.confirmed:
            self.said.emit(tr("There is no journey yet: confirm sightings first."))
            return
        spans = [
            Span(seen.camera, seen.start_us, max(seen.end_us, seen.start_us + LEAST_PLAYED_US), int(seen.tracklet))
            for seen in journey.confirmed
        ]
        self._inquiry.player.play_spans(spans)
        self.said.emit(
            tr("Playing {count} sightings; {play} or {pause} stops.").format(
                count=len(spans), play=key("Play or pause"), pause=key("Pause")
            )
        )

    def show_conflict(self, conflict: Conflict) -> None:
        """Both pictures of what does not fit."""
        words = conflict_words(conflict)
        self._inquiry.closely.show_beside(conflict.first, conflict.second, decide=False, title=words)

    # notes ------------------------------------------------------------------------------------------------------------

    def ask_note(self) -> None:
        """Write a note about the moment and the track that are shown."""
        player = self._inquiry.player
        player.pause()
        moment_us, selection = player.clock.now_us(), player.selection
        about = self._said(moment_us)
        about += "" if selection is None else ", " + tr("track {tracklet}").format(tracklet=selection)
        dialog = NoteDialog(about, parent=self._window)
        tracklet = None if selection is None else TrackletId(selection)
        dialog.accepted.connect(lambda: self.add_note(dialog.text, moment_us, tracklet))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def add_note(self, text: str, moment_us: int, tracklet: TrackletId | None) -> None:
        """Write it down; without words it is a marker."""
        desk, camera = self.work.desk, self._inquiry.player.focus
        self._write(lambda: desk.add_note(text, moment_us, camera, tracklet))

    def show_note(self, number: int) -> None:
        """Read one note, and go to its moment."""
        found = next((note for note in self.trace.notes if note.id == number), None)
        if found is None:
            return
        if found.moment_us is not None:
            self._inquiry.player.seek(found.moment_us)
        dialog = NoteDialog(self._about(found), found.text, self._window)
        dialog.accepted.connect(lambda: self.remove_note(number) if dialog.removed else None)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def remove_note(self, number: int) -> None:
        """Take it back."""
        self._write(lambda: self.work.desk.remove_note(number))

    def _about(self, note: Note) -> str:
        written = local_time.date_and_time(note.at_us, self._zone())
        about = "" if note.moment_us is None else self._said(note.moment_us) + ", "
        return about + tr("written by {operator}, {when}").format(operator=note.operator, when=written)

    def _said(self, moment_us: int) -> str:
        cameras = self.work.footage.cameras
        clock = cameras[0].clock if cameras else CameraClock()
        return local_time.seen(moment_us, clock, local_time.precise_time)

    def _zone(self) -> str:
        return self.work.footage.home_zone

    # links and plan ---------------------------------------------------------------------------------------------------

    def ask_links(self, first: int = 0, second: int = 0) -> None:
        """Show the table of pairs, with one of them chosen."""
        dialog = LinksDialog(self.work.links, self.work.links.row_of(first, second), self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def ask_picture(self) -> None:
        """Ask for a picture of the place."""
        found, _ = QFileDialog.getOpenFileName(
            self._window, tr("A floor plan"), "", tr("Pictures (*.png *.jpg *.jpeg)")
        )
        if found:
            self.set_plan(Path(found))

    def set_plan(self, path: Path) -> None:
        """Use a picture as the floor plan."""
        self._write(lambda: self.work.desk.set_plan(path))

    def ask_export(self) -> None:
        """Ask where to write the list of sightings."""
        journey = self.trace.journey
        if journey is None:
            self.said.emit(tr("There is no journey yet: confirm sightings first."))
            return
        place = self.work.desk.folder / "exports" / f"journey-{journey.start}.csv"
        kinds = tr("Spreadsheet (*.csv);;JSON (*.json)")
        found, _ = QFileDialog.getSaveFileName(self._window, tr("Export the journey"), str(place), kinds)
        if found:
            self.export(Path(found))

    def export(self, path: Path) -> None:
        """Write the list of sightings."""
        journey = self.trace.journey
        if journey is not None:
            start = journey.start
            self.work.writing.run(
                lambda: self.work.desk.export_journey(start, path),
                lambda _: self.said.emit(tr("Written: {path}").format(path=path)),
                failed=self.failed.emit,
            )

    def _set_pair(self, pair: CameraPair) -> None:
        self._write(lambda: self.work.desk.set_pair(pair))

    def _place(self, camera: int, x: float, y: float) -> None:
        self._write(lambda: self.work.desk.place_camera(CameraId(camera), x, y))

    def _write(self, work: Callable[[], object]) -> None:
        self.work.writing.run(work, lambda _: self.read(), failed=self._not_written)

    def _not_written(self, error: Exception) -> None:
        self.failed.emit(error)
        self.read()


def _opened(plan: FloorPlan) -> QImage:
    return to_qimage(picture_of(plan.picture, plan.name))
