"""What is shown of one open case: its panes, and who is connected to whom. No rules of the domain are in here."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app import _bootstrap, local_time  # noqa: F401 - first: children must not see what importing OpenCV leaves
from app.dialogs.describe import DescribeDialog
from app.dialogs.networks import NetworksDialog
from app.erasure_view import ErasureView
from app.evidence_view import EvidenceView
from app.footage import Footage
from app.hints import Progress
from app.inquiry_view import InquiryView
from app.item_models.recordings import CAMERA
from app.jobs import Job
from app.journey_view import JourneyView
from app.known_view import KnownView
from app.moments_view import MomentsView
from app.networks import bundled, named, offers
from app.panes.footage import FootagePane
from app.panes.progress import ProgressPane
from app.place import Place
from app.words import counted, tr
from app.workspace import Workspace
from reid_engine.errors import ReappearError
from reid_engine.recordings import VIDEO_ENDINGS
from reid_engine.store import KnownModel


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
        self.inquiry = InquiryView(work, window)
        self.journey = JourneyView(work, self.inquiry, window)
        self.evidence = EvidenceView(work, self.inquiry, self.journey, window)
        self.player, self.matches, self.subject = self.inquiry.player, self.inquiry.matches, self.inquiry.subject
        self.known = KnownView(work, self.subject, self)
        self.moments = MomentsView(work, self.player, window)
        self.erasing = ErasureView(work, window)
        self.jobs = ProgressPane(window)
        self._coming: Place | None = None  # where somebody was, as long as footage is not known
        self._connect_footage()
        for part in (self.inquiry, self.journey, self.evidence, self.erasing):
            part.said.connect(self.said)
            part.failed.connect(self.failed)
        self.moments.said.connect(self.said)
        self.inquiry.investigating.connect(self.investigating)
        self.matches.erase.connect(self.erasing.ask)
        self._show_networks()
        for signal in (
            work.footage_changed, work.recordings.rowsInserted, work.recordings.dataChanged, work.recordings.modelReset,
            work.matches.modelReset, work.investigation.changed, self.player.selected, self.working,
        ):  # fmt: skip
            signal.connect(self.moved)

    def progress(self, *, watching: bool) -> Progress:
        """How far somebody is who uses this for the first time."""
        rows, work = self.work.recordings.rows(), self.work
        listed = work.investigation.query is not None and work.investigation.query.everybody
        return Progress(
            recordings=len(rows),
            reading=any(row.state == "reading" for row in rows),
            waiting=sum(row.startable for row in rows),
            running=bool(work.jobs.running()) or any(row.state == "running" for row in rows),
            searchable=sum(row.state == "done" for row in rows),
            investigating=watching,
            selected=self.player.selection is not None,
            matches=0 if listed else work.matches.rowCount(),
            listed=listed and work.matches.rowCount() > 0,
            decided=len(work.investigation.verdicts),
        )

    def place(self, *, watching: bool) -> Place:
        """Where somebody is in the case, or is about to be again."""
        return self._coming or Place(
            watching, self.footage.current, self.moments.skipping, self.player.standing(), self.matches.standing(),
            self.inquiry.pictures.last, self.work.investigation.sought(),
        )  # fmt: skip

    def return_to(self, place: Place) -> None:
        """Be where somebody was in another view of this case, as soon as its footage is known."""
        self._coming = place
        once = Qt.ConnectionType.SingleShotConnection
        self.work.footage_changed.connect(lambda _: self._return_to(place), once)

    def _return_to(self, place: Place) -> None:
        self._coming = None
        self.footage.go_to(place.recording)
        self.moments.skipping = place.skipping
        self.player.stand(place.standing)
        self.inquiry.stand(place)
        if place.watching:
            self.investigating.emit()

    def lighten(self) -> None:
        """Show the dark parts of all pictures lighter; after the lightest as they are."""
        tiles = list(self.player.tiles.values())
        for tile in tiles:
            tile.lighten()
        if tiles:
            lighter = tr(
                "The pictures are shown lighter, to look at; what is searched, kept and handed on is as recorded."
            )
            self.said.emit(lighter if tiles[0].light else tr("The pictures are shown as recorded."))

    def close(self) -> None:
        """End what belongs to the window; jobs go on."""
        self.player.close_feeds()
        self.journey.close()
        self.work.close()

    def _connect_footage(self) -> None:
        work, intake = self.work, self.work.intake
        work.failed.connect(self.failed)
        work.said.connect(self.said)
        work.footage_changed.connect(self._on_footage)
        work.networks_changed.connect(self._show_networks)
        work.jobs.started.connect(self._on_job)
        self.jobs.emptied.connect(lambda: self.working.emit(False))
        self.footage.dropped.connect(work.add)
        self.footage.add_files.connect(self.add_files)
        self.footage.add_folder.connect(self.add_folder)
        self.footage.networks.connect(self.ask_networks)
        self.footage.start.connect(self.start)
        self.footage.looked.connect(intake.picture)
        self.footage.read.connect(intake.read_clock)
        self.footage.forgotten.connect(intake.forget_readings)
        intake.pictured.connect(self.footage.show_picture)
        intake.refused.connect(self.said)
        intake.misread.connect(self.footage.clock.refuse)

    # footage ----------------------------------------------------------------------------------------------------------

    def add_files(self) -> None:
        """Ask for recordings."""
        filters = f"{tr('Recordings')} ({endings()});;{tr('All files')} (*)"
        where = str(self.work.added_from)
        found, _ = QFileDialog.getOpenFileNames(self._window, tr("Add recordings"), where, filters)
        self.work.add([Path(name) for name in found])

    def add_folder(self) -> None:
        """Ask for a folder of recordings."""
        where = str(self.work.added_from)
        found = QFileDialog.getExistingDirectory(self._window, tr("Add a folder of recordings"), where)
        if found:
            self.work.add([Path(found)])

    def rename_camera(self) -> None:
        """Type another name for the camera of the current recording."""
        self.footage.change(CAMERA)

    def ask_networks(self) -> None:
        """Ask for the two weights files."""
        dialog = NetworksDialog(self.work.networks, offers(bundled()), self._window)
        dialog.accepted.connect(lambda: self.work.choose(dialog.chosen))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def ask_describe(self) -> None:
        """Ask by which model everybody in the case is to be described again."""
        self.work.reading.run(self.work.desk.models, self._offer_models, key="models", failed=self.failed.emit)

    def _offer_models(self, known: list[KnownModel]) -> None:
        if not known:
            self.said.emit(tr("Nobody is in this case yet: analyse recordings first."))
            return
        dialog = DescribeDialog(known, offers(bundled()), self._window)
        dialog.accepted.connect(lambda: None if dialog.chosen is None else self.describe(dialog.chosen))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def describe(self, embedder: Path) -> None:
        """Describe everybody in the case by a model file, the name of a bundled model or of one of the case.

        It runs as a job; once the last track is done searches go by that model, and the open one is asked again.
        """
        self.said.emit(tr("Everybody is described again; searches go by the model in force until it is done."))
        self.work.describe(embedder)

    def take(self, model: Path, case: Path) -> None:
        """A model was trained for ``case``: where that is this one, everybody is described by it."""
        if case == self.work.desk.folder:
            self.describe(model)

    def start(self) -> None:
        """Analyse what waits."""
        problem = self.work.networks.problem
        try:
            if not any(row.startable for row in self.work.recordings.rows()):
                self.said.emit(tr("Nothing waits to be analysed: add recordings first."))
            elif problem:
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
        self.inquiry.show_footage(footage)
        self.journey.show_footage()
        self.footage.show_pace(self.work.pace)
        known = counted(len(footage.cameras), tr("1 camera"), tr("{count} cameras"))
        times = tr("times in {zone}").format(zone=footage.home_zone)
        self.counted.emit(f"{known}   ·   {times}" if footage.cameras else tr("nothing is analysed yet"))

    def _on_job(self, job: Job) -> None:
        self.jobs.add(job)
        self.working.emit(True)


def endings() -> str:
    """The endings of recordings as a file dialog wants them, in small and in large letters."""
    return " ".join(f"*.{ending}" for plain in VIDEO_ENDINGS for ending in dict.fromkeys((plain, plain.upper())))
