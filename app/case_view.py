"""What is shown of one open case: its panes, and who is connected to whom. No rules of the domain are in here."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from app import local_time
from app.desk import Answer, Footage, Query
from app.dialogs.networks import NetworksDialog
from app.explain import sentence
from app.hints import Progress
from app.images import decode_jpeg
from app.jobs import Job
from app.networks import bundled, named, offers
from app.panes.footage import FootagePane
from app.panes.matches import MatchesPane
from app.panes.player import PlayerPane
from app.panes.progress import ProgressPane
from app.panes.subject import SubjectPane, picture_in
from app.words import tr
from app.workspace import Workspace
from reid_engine.errors import ReappearError
from reid_engine.types import CameraId, TrackletId, Vectors, Verdict

PICTURES = "Pictures (*.png *.jpg *.jpeg *.bmp *.webp)"
MARKS = 50
PROBE_NOTE = "Looking at the picture …"


class CaseView(QObject):
    """The panes of one case.

    said: a sentence for the status bar; failed: an error; investigating: the player and the matches should be seen;
    working: a job has begun or the last has ended; counted: what the case holds, in words; moved: see ``progress``
    """

    said = Signal(str)
    failed = Signal(Exception)
    investigating = Signal()
    working = Signal(bool)
    counted = Signal(str)
    moved = Signal()

    def __init__(self, work: Workspace, window: QWidget) -> None:
        super().__init__(window)
        self.work = work
        self._window = window
        self.footage = FootagePane(work.recordings, self._readings, window)
        self.player = PlayerPane(work.boxes, window)
        self.matches = MatchesPane(work.matches, window)
        self.subject = SubjectPane(window)
        self.jobs = ProgressPane(window)
        self._connect_footage()
        self._connect_search()
        self._show_networks()
        for signal in (
            work.footage_changed, work.recordings.rowsInserted, work.recordings.dataChanged, work.recordings.modelReset,
            work.matches.modelReset, work.investigation.changed, self.player.selected, self.working,
        ):  # fmt: skip
            signal.connect(self.moved)

    def progress(self, *, watching: bool) -> Progress:
        """How far somebody is who uses this for the first time."""
        rows, work = self.work.recordings.rows(), self.work
        return Progress(
            recordings=len(rows),
            waiting=sum(row.startable for row in rows),
            running=bool(work.jobs.running()),
            searchable=sum(row.state == "done" for row in rows),
            investigating=watching,
            selected=self.player.selection is not None,
            matches=work.matches.rowCount(),
            decided=len(work.investigation.verdicts),
        )

    def close(self) -> None:
        """End what belongs to the window; jobs go on."""
        self.player.close_feeds()
        self.work.close()

    def _connect_footage(self) -> None:
        work, intake = self.work, self.work.intake
        work.failed.connect(self.failed)
        work.said.connect(self.said)
        work.footage_changed.connect(self._on_footage)
        work.networks_changed.connect(self._show_networks)
        work.jobs.started.connect(self._on_job)
        self.jobs.emptied.connect(lambda: self.working.emit(False))
        self.footage.dropped.connect(intake.drop)
        self.footage.add_files.connect(self.add_files)
        self.footage.add_folder.connect(self.add_folder)
        self.footage.networks.connect(self.ask_networks)
        self.footage.start.connect(self.start)
        self.footage.looked.connect(intake.picture)
        self.footage.read.connect(intake.read_clock)
        self.footage.forgotten.connect(intake.forget_readings)
        intake.pictured.connect(self.footage.show_picture)
        intake.refused.connect(self.said)
        work.recordings.refused.connect(self.said)

    def _connect_search(self) -> None:
        inquiry = self.work.investigation
        self.player.asked.connect(self.search)
        self.player.boxed.connect(self.search_box)
        self.player.selected.connect(self._on_selected)
        self.matches.chosen.connect(self.show_match)
        self.matches.decided.connect(lambda tracklet, verdict: inquiry.decide(TrackletId(tracklet), verdict))
        self.matches.filtered.connect(lambda: inquiry.filter(self._filters()))
        self.matches.refine.connect(inquiry.refine)
        self.subject.chosen.connect(self.show_tracklet)
        self.subject.wanted.connect(self._fetch_subject)
        self.subject.pictured.connect(self.search_picture)
        inquiry.answered.connect(self._on_answer)
        inquiry.changed.connect(self.work.matches.decide)
        inquiry.changed.connect(self.subject.show_verdicts)
        inquiry.said.connect(self.said)
        inquiry.failed.connect(self._on_no_answer)

    # footage ----------------------------------------------------------------------------------------------------------

    def add_files(self) -> None:
        """Ask for recordings."""
        found, _ = QFileDialog.getOpenFileNames(self._window, "Add recordings")
        self.work.intake.drop([Path(name) for name in found])

    def add_folder(self) -> None:
        """Ask for a folder of recordings."""
        found = QFileDialog.getExistingDirectory(self._window, "Add a folder of recordings")
        if found:
            self.work.intake.drop([Path(found)])

    def ask_networks(self) -> None:
        """Ask for the two weights files."""
        dialog = NetworksDialog(self.work.networks, offers(bundled()), self._window)
        dialog.accepted.connect(lambda: self.work.choose(dialog.chosen))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def start(self) -> None:
        """Analyse what waits."""
        problem = self.work.networks.problem
        try:
            if problem:
                self.said.emit(problem)
            else:
                self.work.start()
        except (ReappearError, OSError) as error:
            self.failed.emit(error)

    def _show_networks(self) -> None:
        chosen = self.work.networks
        known = offers(bundled())
        names = [named(path, known) for path in (chosen.detector, chosen.embedder)]
        self.footage.show_networks(names[0], names[1], chosen.problem)
        self.footage.show_pace(self.work.pace)

    def _readings(self, camera: str) -> list[str]:
        """What was read off a camera's clock, in words."""
        zone = self.work.intake.clock(camera).zone
        return [
            tr("It showed {shown} at {true}.").format(
                shown=local_time.clock_time(reading.shown_us, zone), true=local_time.clock_time(reading.true_us, zone)
            )
            for reading in self.work.intake.readings(camera)
        ]

    def _on_footage(self, footage: Footage) -> None:
        self.player.show_footage(footage)
        self.footage.show_pace(self.work.pace)
        cameras = [(camera.id, camera.name, footage.position(camera.id)) for camera in footage.cameras]
        zone = footage.cameras[0].clock.zone if footage.cameras else "UTC"
        self.matches.offer_cameras(cameras, zone)
        self.counted.emit(f"{len(cameras)} cameras   ·   times in {zone}" if cameras else "no footage yet")

    def _on_job(self, job: Job) -> None:
        self.jobs.add(job)
        self.working.emit(True)

    # searching --------------------------------------------------------------------------------------------------------

    def search(self, tracklet: int) -> None:
        """Where else was this person?"""
        self._searching("Searching …")
        self.work.investigation.search_tracklet(TrackletId(tracklet), self._filters())

    def search_box(self, camera: int, time_us: int, xyxy: tuple[float, ...]) -> None:
        """Search for whoever is in a drawn box."""
        known = self.work.footage.camera(CameraId(camera))
        if known is not None:
            self._ask_probe({"camera": known.name, "time_us": time_us, "xyxy": [float(value) for value in xyxy]})

    def search_picture(self, path: Path) -> None:
        """Search for the person in a picture file."""
        self._ask_probe({"image": str(path)})

    def browse_picture(self) -> None:
        """Ask for a picture of a person."""
        found, _ = QFileDialog.getOpenFileName(self._window, "Search for the person in a picture", "", PICTURES)
        if found:
            self.search_picture(Path(found))

    def paste_picture(self) -> None:
        """Search for the person in the picture on the clipboard."""
        copied = picture_in(QGuiApplication.clipboard().mimeData())
        if copied is not None:
            self.search_picture(copied)
            return
        picture: QImage = QGuiApplication.clipboard().image()
        if picture.isNull():
            self.said.emit("There is no picture on the clipboard: copy one first.")
            return
        with tempfile.NamedTemporaryFile(prefix="reappear-", suffix=".png", delete=False) as file:
            path = Path(file.name)
        picture.save(str(path))
        self._ask_probe({"image": str(path)}, forget=path)

    def decide(self, verdict: Verdict) -> None:
        """Decide the current card and move on."""
        self.matches.decide(verdict)

    def show_match(self, tracklet: int) -> None:
        """Show a match in its camera, all others at the same instant."""
        found = self.work.matches.find(TrackletId(tracklet))
        if found is not None:
            self.player.show_moment(found.camera, (found.start_us + found.end_us) // 2, tracklet)

    def show_tracklet(self, tracklet: int) -> None:
        """Go to the moment of any tracklet."""
        self.work.reading.run(
            lambda: self.work.desk.tracklet(TrackletId(tracklet)),
            lambda found: self.player.show_moment(found.camera, (found.start_us + found.end_us) // 2, tracklet),
            key="moment",
        )

    def _filters(self) -> Query:
        wanted = self.matches.cameras_wanted()
        from_us, to_us = self.matches.span_wanted()
        cameras = wanted if isinstance(wanted, tuple) else None
        return Query(cameras=cameras, everywhere=wanted == "all", from_us=from_us, to_us=to_us)

    def _ask_probe(self, question: dict[str, object], forget: Path | None = None) -> None:
        self._searching(PROBE_NOTE)

        def done(vector: Vectors) -> None:
            self._forget(forget)
            self.subject.show_picture("a picture")
            self.work.investigation.search_vector(vector, self._filters())

        def failed(error: Exception) -> None:
            self._forget(forget)
            self._on_no_answer(error)

        self.work.probe().ask(question, done, failed)

    def _forget(self, path: Path | None) -> None:
        if path is not None:
            path.unlink(missing_ok=True)

    def _searching(self, words: str) -> None:
        self.investigating.emit()
        self.matches.head(words)

    def _on_answer(self, answer: Answer) -> None:
        self.work.matches.show(answer.matches, answer.verdicts)
        bands = [match.band for match in answer.matches]
        counted = ", ".join(f"{bands.count(band)} {band}" for band in ("strong", "possible", "weak") if band in bands)
        notes = "   ".join(answer.notes)
        self.matches.head(f"{len(answer.matches)} tracks ranked{': ' + counted if counted else ''}   {notes}".strip())
        if not answer.matches:
            self.matches.say("Nobody passes these filters.", notes or "Widen the time or choose all cameras.")
        if answer.query.tracklet is not None:
            self.subject.show_probe(answer.query.tracklet)
        self.subject.show_verdicts(answer.verdicts)
        self.player.mark([(match.camera, match.start_us) for match in answer.matches[:MARKS]])
        self.matches.reference(self.player.clock.now_us())
        self.matches.select_first()

    def _on_no_answer(self, error: Exception) -> None:
        self.work.matches.show((), {})
        self.matches.head("")
        self.matches.say(sentence(error))
        self.said.emit(sentence(error))

    def _on_selected(self, tracklet: int) -> None:
        if tracklet < 0:
            self.said.emit("")
            return
        self.said.emit(f"Track {tracklet}: Enter or a second click searches for this person.")
        desk = self.work.desk

        def portrait() -> tuple[list[QImage], str]:
            found = desk.portrait(TrackletId(tracklet))
            return [decode_jpeg(jpeg) for jpeg in found.jpegs], found.doubt

        name = f"track {tracklet}"
        self.work.reading.run(portrait, lambda found: self.subject.show_portrait(name, *found), key="portrait")

    def _fetch_subject(self, tracklet: int) -> None:
        self.work.fetch_picture(TrackletId(tracklet), lambda picture: self.subject.supply(tracklet, picture))
