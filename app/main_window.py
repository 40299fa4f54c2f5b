"""The window: docks, the table of actions, and who is connected to whom. No rules of the domain are in here."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QImage
from PySide6.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QLabel,
    QMainWindow,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QWidget,
)

from app import theme
from app.actions import Actions, Verb
from app.background import Lane
from app.desk import Answer, Footage, Query
from app.dialogs.keys import KeysDialog
from app.dialogs.networks import NetworksDialog
from app.dialogs.new_case import NewCaseDialog
from app.dialogs.trouble import TroubleDialog
from app.explain import sentence
from app.jobs import Job
from app.panes.footage import FootagePane
from app.panes.matches import MatchesPane
from app.panes.player import PlayerPane
from app.panes.progress import ProgressPane
from app.panes.subject import SubjectPane
from app.panes.welcome import WelcomePane
from app.settings import WindowState
from app.stall import StallMeter
from app.workspace import Workspace
from reid_engine.case import Case
from reid_engine.errors import ReappearError
from reid_engine.settings import Settings
from reid_engine.types import CameraId, TrackletId, Vectors, Verdict

FOOTAGE, INVESTIGATE = "Footage", "Investigate"
PICTURES = "Pictures (*.png *.jpg *.jpeg *.bmp *.webp)"


class MainWindow(QMainWindow):
    """One window on one case, or on none."""

    case_opened = Signal()

    def __init__(self, command: Sequence[str], state: WindowState, settings: Settings) -> None:
        super().__init__()
        self._command, self._state, self._settings = tuple(command), state, settings
        self.workspace: Workspace | None = None
        self.stalls = StallMeter(self)
        self._lane = Lane(1, self)
        self._lane.trouble.connect(self.trouble)
        self._pages = QStackedWidget(self)
        self.setCentralWidget(self._pages)
        self.welcome = WelcomePane(self)
        self.welcome.new.connect(self.ask_new_case)
        self.welcome.browse.connect(self.browse_case)
        self.welcome.opened.connect(self.open_case)
        self._pages.addWidget(self.welcome)
        self.actions_table = Actions(self, self._verbs())
        self._bar = self._make_bar()
        self.statusBar().setSizeGripEnabled(False)
        self._right_words = QLabel(self)
        self.statusBar().addPermanentWidget(self._right_words)
        self.setMinimumSize(960, 620)
        self.resize(1440, 900)
        self.restoreGeometry(state.geometry("window"))
        self._leave()

    # cases ------------------------------------------------------------------------------------------------------------

    def ask_new_case(self) -> None:
        """Ask for name and purpose, then make and open a case."""
        dialog = NewCaseDialog(self._state.home, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.new_case(dialog.folder, dialog.purpose))
        dialog.open()

    def new_case(self, folder: Path, purpose: str) -> None:
        """Make a case and open it."""
        self._state.home = folder.parent
        self._lane.run(lambda: Case.create(folder, purpose), self._enter)

    def browse_case(self) -> None:
        """Ask for a case folder."""
        found = QFileDialog.getExistingDirectory(self, "Open a case", str(self._state.home))
        if found:
            self.open_case(Path(found))

    def open_case(self, folder: Path) -> None:
        """Open a case that exists; opening may migrate and check it, so it happens off this thread."""
        self.statusBar().showMessage(f"Opening {folder.name} …")
        self._lane.run(lambda: Case.open(folder), self._enter)

    def _enter(self, case: Case) -> None:
        self._leave()
        work = self.workspace = Workspace(case, self._command, self._state, self._settings, self)
        self._build(work)
        self._connect(work)
        purpose = work.desk.purpose()
        self._state.opened(case.folder, purpose)
        self._title.setText(case.folder.name)
        self._purpose.setText(purpose)
        self.setWindowTitle(f"{case.folder.name} – Reappear")
        self.statusBar().clearMessage()
        self._show_networks()
        self.go(FOOTAGE)
        work.begin()
        self.case_opened.emit()

    def _leave(self) -> None:
        work, self.workspace = self.workspace, None
        if work is not None:
            self.player.close_feeds()
            work.close()
            for part in (self.player, self.footage, self._matches_dock, self._subject_dock, self._jobs_dock):
                part.hide()
                part.deleteLater()
            work.deleteLater()
        self.setWindowTitle("Reappear")
        self.welcome.show_recent(self._state.recent())
        self._pages.setCurrentWidget(self.welcome)
        self._bar.hide()
        self.actions_table.enable(case=False, tiles=False)

    def _build(self, work: Workspace) -> None:
        self.footage = FootagePane(work.recordings, self)
        self.player = PlayerPane(work.boxes, self)
        self.matches = MatchesPane(work.matches, self)
        self.subject = SubjectPane(self)
        self.jobs = ProgressPane(self)
        for page in (self.footage, self.player):
            self._pages.addWidget(page)
        self._matches_dock = self._dock("Matches", self.matches, Qt.DockWidgetArea.RightDockWidgetArea)
        self._subject_dock = self._dock("Looking for", self.subject, Qt.DockWidgetArea.LeftDockWidgetArea)
        self._jobs_dock = self._dock("Jobs", self.jobs, Qt.DockWidgetArea.BottomDockWidgetArea)
        self.resizeDocks([self._subject_dock, self._matches_dock], [190, 610], Qt.Orientation.Horizontal)

    def _connect(self, work: Workspace) -> None:
        work.failed.connect(self.trouble)
        work.said.connect(self._say)
        work.footage_changed.connect(self._on_footage)
        work.jobs.started.connect(self._on_job)
        self.jobs.emptied.connect(self._jobs_dock.hide)
        self.footage.dropped.connect(work.intake.drop)
        self.footage.add_files.connect(self.add_files)
        self.footage.add_folder.connect(self.add_folder)
        self.footage.networks.connect(self.ask_networks)
        self.footage.start.connect(self.start)
        self.footage.first_picture.connect(work.intake.picture)
        work.intake.pictured.connect(self.footage.show_picture)
        work.intake.refused.connect(self._say)
        work.recordings.refused.connect(self._say)
        self.player.asked.connect(self.search)
        self.player.boxed.connect(self.search_box)
        self.player.selected.connect(self._on_selected)
        self.matches.chosen.connect(self.show_match)
        self.matches.decided.connect(lambda tracklet, verdict: work.investigation.decide(TrackletId(tracklet), verdict))
        self.matches.filtered.connect(lambda: work.investigation.filter(self._filters()))
        self.matches.refine.connect(work.investigation.refine)
        self.subject.chosen.connect(self.show_tracklet)
        self.subject.wanted.connect(self._fetch_subject)
        inquiry = work.investigation
        inquiry.answered.connect(self._on_answer)
        inquiry.changed.connect(work.matches.decide)
        inquiry.changed.connect(self.subject.show_verdicts)
        inquiry.said.connect(self._say)
        inquiry.failed.connect(self._not_found)

    # footage ----------------------------------------------------------------------------------------------------------

    def add_files(self) -> None:
        """Ask for recordings."""
        found, _ = QFileDialog.getOpenFileNames(self, "Add recordings")
        if found and self.workspace is not None:
            self.workspace.intake.drop([Path(name) for name in found])

    def add_folder(self) -> None:
        """Ask for a folder of recordings."""
        found = QFileDialog.getExistingDirectory(self, "Add a folder of recordings")
        if found and self.workspace is not None:
            self.workspace.intake.drop([Path(found)])

    def ask_networks(self) -> None:
        """Ask for the two weights files."""
        dialog = NetworksDialog(self._state.networks, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._use_networks(dialog))
        dialog.open()

    def start(self) -> None:
        """Analyse what waits."""
        try:
            if self.workspace is not None:
                self.workspace.start()
        except (ReappearError, OSError) as error:
            self.trouble(error)

    def _use_networks(self, dialog: NetworksDialog) -> None:
        self._state.networks = dialog.chosen
        if self.workspace is not None:
            self.workspace.forget_probe()
        self._show_networks()

    def _show_networks(self) -> None:
        chosen = self._state.networks
        names = [path.stem if path is not None else "" for path in (chosen.detector, chosen.embedder)]
        self.footage.show_networks(names[0], names[1], chosen.problem)

    def _on_footage(self, footage: Footage) -> None:
        if self.workspace is None:
            return
        self.player.show_footage(footage)
        cameras = [(camera.id, camera.name, footage.position(camera.id)) for camera in footage.cameras]
        zone = footage.cameras[0].clock.zone if footage.cameras else "UTC"
        self.matches.offer_cameras(cameras, zone)
        self._to_investigate.setEnabled(bool(self.player.tiles))
        self._right_words.setText(f"{len(footage.cameras)} cameras   ·   times in {zone}   ·   no network connection ")

    def _on_job(self, job: Job) -> None:
        self.jobs.add(job)
        self._jobs_dock.show()

    # investigating ----------------------------------------------------------------------------------------------------

    def search(self, tracklet: int) -> None:
        """Where else was this person?"""
        if self.workspace is not None:
            self._searching("Searching …")
            self.workspace.investigation.search_tracklet(TrackletId(tracklet), self._filters())

    def search_box(self, camera: int, time_us: int, xyxy: tuple[float, ...]) -> None:
        """Search for whoever is in a drawn box."""
        if self.workspace is not None:
            known = self.workspace.footage.camera(CameraId(camera))
            name = known.name if known is not None else ""
            self._ask_probe({"camera": name, "time_us": time_us, "xyxy": [float(value) for value in xyxy]})

    def search_picture(self, path: Path) -> None:
        """Search for the person in a picture file."""
        self._ask_probe({"image": str(path)})

    def browse_picture(self) -> None:
        """Ask for a picture of a person."""
        found, _ = QFileDialog.getOpenFileName(self, "Search for the person in a picture", "", PICTURES)
        if found:
            self.search_picture(Path(found))

    def paste_picture(self) -> None:
        """Search for the person in the picture on the clipboard."""
        picture: QImage = QGuiApplication.clipboard().image()
        if picture.isNull():
            self._say("There is no picture on the clipboard: copy one first.")
            return
        with tempfile.NamedTemporaryFile(prefix="reappear-", suffix=".png", delete=False) as file:
            path = Path(file.name)
        picture.save(str(path))
        self._ask_probe({"image": str(path)}, forget=path)

    def show_match(self, tracklet: int) -> None:
        """Play a match in its camera, all others at the same instant."""
        found = None if self.workspace is None else self.workspace.matches.find(TrackletId(tracklet))
        if found is not None:
            self._show_moment(found.camera, (found.start_us + found.end_us) // 2, tracklet)

    def show_tracklet(self, tracklet: int) -> None:
        """Go to the moment of any tracklet."""
        work = self.workspace
        if work is not None:
            work.reading.run(
                lambda: work.desk.tracklet(TrackletId(tracklet)),
                lambda found: self._show_moment(found.camera, (found.start_us + found.end_us) // 2, tracklet),
                key="moment",
            )

    def decide(self, verdict: Verdict) -> None:
        """Decide the current card and move on."""
        self.matches.decide(verdict)

    def _show_moment(self, camera: CameraId, time_us: int, tracklet: int) -> None:
        self.player.clock.pause()
        self.player.clock.seek(time_us)
        self.player.reveal(camera)
        self.player.pause()
        for tile in self.player.tiles.values():
            tile.marked = tracklet
            tile.update()

    def _filters(self) -> Query:
        wanted = self.matches.cameras_wanted()
        from_us, to_us = self.matches.span_wanted()
        cameras = wanted if isinstance(wanted, tuple) else None
        return Query(cameras=cameras, everywhere=wanted == "all", from_us=from_us, to_us=to_us)

    def _ask_probe(self, question: dict[str, object], forget: Path | None = None) -> None:
        work = self.workspace
        if work is None:
            return
        self._searching("Looking at the picture …")

        def done(vector: Vectors) -> None:
            if forget is not None:
                forget.unlink(missing_ok=True)
            self.subject.show_picture("a picture")
            work.investigation.search_vector(vector, self._filters())

        work.probe().ask(question, done, self._not_found)

    def _searching(self, words: str) -> None:
        self.go(INVESTIGATE)
        self._matches_dock.show()
        self.matches.head(words)

    def _on_answer(self, answer: Answer) -> None:
        work = self.workspace
        if work is None:
            return
        work.matches.show(answer.matches, answer.verdicts)
        bands = [match.band for match in answer.matches]
        counted = ", ".join(f"{bands.count(band)} {band}" for band in ("strong", "possible", "weak") if band in bands)
        notes = "   ".join(answer.notes)
        self.matches.head(f"{len(answer.matches)} tracks ranked{': ' + counted if counted else ''}   {notes}".strip())
        if not answer.matches:
            self.matches.say("Nobody passes these filters.", notes or "Widen the time or choose all cameras.")
        if answer.query.tracklet is not None:
            self.subject.show_probe(answer.query.tracklet)
        self.subject.show_verdicts(answer.verdicts)
        self.player.mark([(match.camera, match.start_us) for match in answer.matches[:50]])
        self.matches.reference(self.player.clock.now_us())
        self.matches.select_first()

    def _not_found(self, error: Exception) -> None:
        if self.workspace is not None:
            self.workspace.matches.show((), {})
        self.matches.head("")
        self.matches.say(sentence(error))
        self.statusBar().showMessage(sentence(error), 15000)

    def _on_selected(self, tracklet: int) -> None:
        self._say("" if tracklet < 0 else f"Track {tracklet}: Enter or a second click searches for this person.")

    def _fetch_subject(self, tracklet: int) -> None:
        work = self.workspace
        if work is not None:
            work.fetch_picture(TrackletId(tracklet), lambda picture: self.subject.supply(tracklet, picture))

    # the frame --------------------------------------------------------------------------------------------------------

    def go(self, place: str) -> None:
        """Change to Footage or Investigate."""
        if self.workspace is None or (place == INVESTIGATE and not self.player.tiles):
            return
        watching = place == INVESTIGATE
        self._pages.setCurrentWidget(self.player if watching else self.footage)
        self._matches_dock.setVisible(watching)
        self._subject_dock.setVisible(watching)
        self._jobs_dock.setVisible(bool(self.workspace.jobs.running()))
        self._to_footage.setChecked(not watching)
        self._to_investigate.setChecked(watching)
        self._bar.show()
        if not watching:
            self.player.pause()
        self.actions_table.enable(case=True, tiles=watching)

    def trouble(self, error: Exception) -> None:
        """Show one error, without blocking."""
        self.statusBar().clearMessage()
        TroubleDialog(error, self).open()

    def toggle_theme(self) -> None:
        """Dark or light; icons follow at the next start of a pane."""
        self._state.light = not self._state.light
        application = theme.application()
        theme.apply(application, theme.LIGHT if self._state.light else theme.DARK)
        self._say("Icons and pictures follow when the case is opened again.")

    def show_keys(self) -> None:
        """The sheet of keys."""
        KeysDialog(self.actions_table.sheet(), self).open()

    def close_case(self) -> None:
        """Back to the welcome page."""
        self._leave()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._state.keep_geometry("window", self.saveGeometry())
        self._leave()
        self._lane.close()
        self.stalls.stop()
        event.accept()

    def _say(self, words: str) -> None:
        self.statusBar().showMessage(words, 15000)

    def _dock(self, title: str, content: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(title)
        dock.setWidget(content)
        dock.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetFloatable
        )
        self.addDockWidget(area, dock)
        dock.hide()
        return dock

    def _make_bar(self) -> QToolBar:
        bar = QToolBar("Case", self)
        bar.setObjectName("bar")
        bar.setMovable(False)
        self._title, self._purpose = QLabel(bar), QLabel(bar)
        self._title.setObjectName("heading")
        self._purpose.setObjectName("muted")
        self._to_footage = self._workspace_button(FOOTAGE, "camera")
        self._to_investigate = self._workspace_button(INVESTIGATE, "search")
        gap = QWidget(bar)
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for part in (self._title, self._purpose, gap, self._to_footage, self._to_investigate):
            bar.addWidget(part)
        self.addToolBar(bar)
        return bar

    def _workspace_button(self, words: str, icon: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("workspace")
        button.setText(f" {words}")
        button.setIcon(theme.icon(icon))
        button.setCheckable(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.clicked.connect(lambda: self.go(words))
        return button

    def _verbs(self) -> list[Verb]:
        def player(verb: str, *words: object) -> partial[object]:
            return partial(lambda: getattr(self.player, verb)(*words))

        def inquiry(verb: str) -> partial[object]:
            return partial(lambda: self.workspace and getattr(self.workspace.investigation, verb)())

        return [
            Verb("&Case", "New case …", "Ctrl+N", self.ask_new_case, ""),
            Verb("&Case", "Open case …", "Ctrl+O", self.browse_case, ""),
            Verb("&Case", "Networks …", "", self.ask_networks),
            Verb("&Case", "Close case", "Ctrl+W", self.close_case),
            Verb("&Case", "Quit", "Ctrl+Q", self.close, ""),
            Verb("&Footage", "Add files …", "Ctrl+Shift+A", self.add_files),
            Verb("&Footage", "Add folder …", "Ctrl+Shift+O", self.add_folder),
            Verb("&Footage", "Start", "Ctrl+Return", self.start),
            Verb("&Play", "Play or pause", "Space", player("toggle_play"), "tiles"),
            Verb("&Play", "Backwards, faster", "J", player("faster", -1), "tiles"),
            Verb("&Play", "Pause", "K", player("pause"), "tiles"),
            Verb("&Play", "Forwards, faster", "L", player("faster", 1), "tiles"),
            Verb("&Play", "Previous picture", ",", player("step", -1), "tiles"),
            Verb("&Play", "Next picture", ".", player("step", 1), "tiles"),
            Verb("&Play", "Back 10 s", "Ctrl+Left", player("skip", -10), "tiles"),
            Verb("&Play", "Ahead 10 s", "Ctrl+Right", player("skip", 10), "tiles"),
            Verb("&Play", "One camera alone, or all", "F", player("toggle_solo"), "tiles"),
            Verb("&Play", "Boxes", "B", player("toggle_boxes"), "tiles"),
            *(Verb("&Play", f"Camera {n} alone", str(n), player("solo_place", n), "tiles") for n in range(1, 5)),
            Verb("&Play", "All cameras", "0", player("solo_place", 0), "tiles"),
            Verb("&Search", "Next person", "]", player("select_next", 1), "tiles"),
            Verb("&Search", "Previous person", "[", player("select_next", -1), "tiles"),
            Verb("&Search", "Search the selected person", "Return | Enter", player("ask"), "tiles"),
            Verb("&Search", "Search by a picture …", "Ctrl+P", self.browse_picture, "tiles"),
            Verb("&Search", "Search by the copied picture", "Ctrl+V", self.paste_picture, "tiles"),
            Verb("&Search", "Clear the selection", "Esc", player("select", -1), "tiles"),
            Verb("&Decide", "Same person", "Y", partial(self.decide, "same"), "tiles"),
            Verb("&Decide", "Different person", "N", partial(self.decide, "different"), "tiles"),
            Verb("&Decide", "Unsure", "U", partial(self.decide, "unsure"), "tiles"),
            Verb("&Decide", "Refine the ranking", "R", inquiry("refine"), "tiles"),
            Verb("&Decide", "Undo", "Ctrl+Z", inquiry("undo")),
            Verb("&Decide", "Redo", "Ctrl+Shift+Z", inquiry("redo")),
            Verb("&View", FOOTAGE, "Ctrl+1", partial(self.go, FOOTAGE)),
            Verb("&View", INVESTIGATE, "Ctrl+2", partial(self.go, INVESTIGATE)),
            Verb("&View", "Dark or light", "", self.toggle_theme, ""),
            Verb("&Help", "Keys", "F1 | ?", self.show_keys, ""),
        ]
