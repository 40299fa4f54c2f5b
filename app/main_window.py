"""The window: cases, docks, the two workspaces. What is inside a case is ``case_view``; the actions are ``verbs``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QFileDialog, QLabel, QMainWindow, QToolBar

from app import theme
from app.actions import Actions
from app.background import Lane
from app.dialogs.new_case import NewCaseDialog
from app.docks import Docks
from app.hints import next_step
from app.panes.welcome import WelcomePane
from app.program_view import ProgramView, demo_footage, recent_commands
from app.rescue_view import show_trouble
from app.settings import WindowState
from app.stall import StallMeter
from app.verbs import CLOSE_CASE, FOOTAGE, INVESTIGATE, NEW_CASE, OPEN_CASE, verbs
from app.widgets.case_bar import CaseBar
from app.widgets.hint_bar import HintBar
from app.widgets.pages import Pages
from app.words import tr

if TYPE_CHECKING:  # what a case needs is loaded by ``warm`` or with the first case: the first paint does without
    from app.case_view import CaseView
    from app.place import Place
    from reid_engine.case import Case
    from reid_engine.settings import Settings

STATUS_MS = 15_000
WARM_MS = 30  # the window is painted by then


class MainWindow(QMainWindow):
    """One window on one case, or on none. ``case_opened`` when a case is on the desk."""

    case_opened = Signal()

    def __init__(self, command: Sequence[str], state: WindowState, settings: Settings | None) -> None:
        super().__init__()
        self._command, self._state = tuple(command), state
        self.view: CaseView | None = None
        self._docks: Docks | None = None
        self.stalls = StallMeter(self)
        self._lane = Lane(1, self)
        self._lane.trouble.connect(self.trouble)
        self._warming = QTimer(self)
        self._warming.setSingleShot(True)
        self._warming.timeout.connect(lambda: self._lane.run(_engine, lambda _: None))
        self._pages = Pages(self)
        self.setCentralWidget(self._pages)
        self.welcome = self._make_welcome()
        self.program = ProgramView(command, state, settings, self._lane, self)
        self.program.failed.connect(self.trouble)
        self.program.said.connect(self._say)
        self.program.changed_looks.connect(self._again)
        self._actions = Actions(self, verbs(self), state.keys())
        self._bar = self._make_bar()
        self._hints = self._make_hints()
        self._counted = QLabel(self)
        self._counted.setObjectName("muted")
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addPermanentWidget(self._counted)
        self.setMinimumSize(960, 620)
        self.resize(1440, 900)
        self.restoreGeometry(state.geometry("window"))
        self._leave()

    def warm_soon(self) -> None:
        """Load what a case needs while nobody waits for it, once the window is painted."""
        self._warming.start(WARM_MS)

    # cases ------------------------------------------------------------------------------------------------------------

    def ask_new_case(self) -> None:
        """Ask for name and purpose, then make and open a case."""
        dialog = NewCaseDialog(self._state.home, parent=self)
        dialog.accepted.connect(lambda: self.new_case(dialog.folder, dialog.purpose))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def new_case(self, folder: Path, purpose: str) -> None:
        """Make a case and open it."""
        if not self._may_leave(lambda: self.new_case(folder, purpose)):
            return
        self._state.home = folder.parent
        self._lane.run(lambda: _engine().create(folder, purpose), self._enter)

    def open_demo(self) -> None:
        """A case of its own with the footage that came with the program, ready to start."""
        footage, folder = demo_footage(), self._state.home / tr("Demonstration")
        if footage is None:
            return
        if folder.exists():
            self.open_case(folder)
            return
        self.case_opened.connect(lambda: self._drop_once(footage), Qt.ConnectionType.SingleShotConnection)
        self.new_case(folder, tr("To try the program on its own made-up footage"))

    def _drop_once(self, footage: Path) -> None:
        if self.view is not None:
            self.view.work.intake.drop([footage])

    def browse_case(self) -> None:
        """Ask for a case folder."""
        found = QFileDialog.getExistingDirectory(self, tr("Open a case"), str(self._state.home))
        if found:
            self.open_case(Path(found))

    def open_case(self, folder: Path) -> None:
        """Open a case that exists; opening may migrate and check it, so it happens off this thread."""
        again = self.view is not None and self.view.work.desk.folder == folder
        if not again and not self._may_leave(lambda: self.open_case(folder)):
            return
        self._say(tr("Opening {name} …").format(name=folder.name))
        self._lane.run(lambda: _engine().open(folder), self._enter)

    def search_when_ready(self, tracklet: int) -> None:
        """Where else is the person of this track of the open case? Asked as soon as its footage is known."""
        if (view := self.view) is not None:
            once = Qt.ConnectionType.SingleShotConnection
            view.work.footage_changed.connect(lambda: view.inquiry.search(tracklet), once)

    def close_case(self) -> None:
        """Back to the welcome page."""
        if self._may_leave(self.close_case):
            self._leave()

    def _may_leave(self, leave: Callable[[], object]) -> bool:
        """False, and a question is asked, where the case would lose decisions; ``leave``: what somebody wants to do."""
        view = self.view
        waiting = 0 if view is None else view.work.investigation.waiting
        if view is not None and waiting:
            view.inquiry.ask_to_forget(leave)
        return not waiting

    def _enter(self, case: Case) -> None:
        from app.case_view import CaseView
        from app.workspace import Workspace

        place = self._place_in(case.folder)
        self._leave()
        work = Workspace(case, self._command, self._state, self.program.settings, self)
        view = self.view = CaseView(work, self)
        self.program.serve(view)
        self._pages.addWidget(view.footage)
        self._pages.addWidget(view.player)
        docks = self._docks = Docks(view, self)
        view.said.connect(self._say)
        view.failed.connect(self.trouble)
        view.investigating.connect(lambda: self.go(INVESTIGATE))
        view.working.connect(docks.jobs.setVisible)
        view.counted.connect(self._on_counted)
        view.moved.connect(self._hint)
        view.erasing.erased.connect(self._erased)
        purpose = work.desk.purpose()
        self._state.opened(case.folder, purpose)
        self._bar.show_case(case.folder.name, purpose)
        self.setWindowTitle(tr("{name} – Reappear").format(name=case.folder.name))
        self._say(work.desk.opening_words())
        self._bar.offer_watching(False)
        self.go(FOOTAGE)
        if place is not None:
            view.return_to(place)
        work.begin()
        self.case_opened.emit()

    def _place_in(self, folder: Path) -> Place | None:
        """Where one is in the open case, if it is this one and is only laid out anew."""
        view = self.view
        same = view is not None and view.work.desk.folder == folder
        return view.place(watching=self._bar.watching) if view is not None and same else None

    def _leave(self) -> None:
        view, self.view = self.view, None
        if view is not None:
            view.close()
            for part in (view.player, view.footage):
                part.hide()
                part.deleteLater()
            if self._docks is not None:
                self._docks.discard()
            view.work.deleteLater()
            view.deleteLater()
        self._docks = None
        self.setWindowTitle(tr("Reappear"))
        self._counted.setText("")
        self.welcome.show_recent(self._state.recent())
        self._pages.setCurrentWidget(self.welcome)
        self._bar.hide()
        self._hints.hide()
        self._actions.enable(case=False, tiles=False)

    # the frame --------------------------------------------------------------------------------------------------------

    def go(self, place: str) -> None:
        """Change to Footage or Investigate."""
        view = self.view
        if view is None or self._docks is None or (place == INVESTIGATE and not view.player.tiles):
            return
        watching, before = place == INVESTIGATE, self._pages.currentWidget()
        self._pages.setCurrentWidget(view.player if watching else view.footage)
        self._docks.show_for(watching=watching, journey=self._state.journey)
        self._bar.show_place(watching=watching)
        self._bar.show()
        if watching and before is not view.player:  # where one is there already the keys stay where they are
            view.player.setFocus()
            view.work.warm_soon()
        elif not watching:
            view.player.pause()
        self._actions.enable(case=True, tiles=watching)
        self._hint()

    def toggle_journey(self) -> None:
        """Show or hide the lanes of the journey under the pictures."""
        if self._docks is not None:
            self._state.journey = self._docks.toggle_journey()

    def trouble(self, error: Exception) -> None:
        """Show one error, without blocking."""
        self.statusBar().clearMessage()
        show_trouble(error, self, self._command, self.open_case)

    def toggle_theme(self) -> None:
        """Dark, if it is light; light, if it is dark."""
        self._state.theme = "dark" if theme.current() is theme.LIGHT else "light"
        self.program.dress()

    def show_keys(self) -> None:
        """The sheet of keys, where they can be changed."""
        self.program.show_keys(self._actions)

    def show_palette(self) -> None:
        """Everything that can be done now."""
        self.program.palette(self._actions, recent_commands(self._state, self.open_case))

    def show_help(self) -> None:
        """Help for the place one is at."""
        watching, here = self._bar.watching, self.focusWidget()
        place = "investigate" if watching else "footage"
        if watching and here is not None and self.view is not None and self.view.journey.pane.isAncestorOf(here):
            place = "journey"
        self.program.show_help("start" if self.view is None else place, self.view)

    def show_record(self) -> None:
        """What was done in this case."""
        if self.view is not None:
            self.program.show_record(self.view.work.desk, self.view.work.reading)

    def _again(self) -> None:
        """Lay the open case out once more, in the new size or with the new keys."""
        if self.view is not None:
            self.open_case(self.view.work.desk.folder)

    def _erased(self, words: str) -> None:
        """Nothing that shows the open case may keep what was erased: it is laid out anew."""
        words += "" if self.view is None else self.view.inquiry.forget()
        self.case_opened.connect(lambda: self._say(words), Qt.ConnectionType.SingleShotConnection)
        self._again()

    def _hint(self) -> None:
        view = self.view
        words = next_step(view.progress(watching=self._bar.watching)) if view is not None else ""
        if view is not None and not words:
            self._state.hints = False
        self._hints.tell(words if self._state.hints else "")

    def closeEvent(self, event: QCloseEvent) -> None:
        if not (self.program.may_close() and self._may_leave(self.close)):
            event.ignore()
            return
        self._state.keep_geometry("window", self.saveGeometry())
        self._warming.stop()
        self._leave()
        self.program.close()
        self._lane.close()
        self.stalls.stop()
        event.accept()

    def _say(self, words: str) -> None:
        self.statusBar().showMessage(words, STATUS_MS)

    def _on_counted(self, words: str) -> None:
        view = self.view
        self._bar.offer_watching(view is not None and bool(view.player.tiles))
        self._counted.setText(tr("{words}   ·   no network connection  ").format(words=words))

    def _make_welcome(self) -> WelcomePane:
        welcome = WelcomePane(self)
        welcome.new.connect(self.ask_new_case)
        welcome.browse.connect(self.browse_case)
        welcome.opened.connect(self.open_case)
        welcome.demo.connect(self.open_demo)
        welcome.offer_demo(demo_footage() is not None)
        self._pages.addWidget(welcome)
        return welcome

    def _make_bar(self) -> CaseBar:
        bar = CaseBar(self._state.recent, [self._actions[words] for words in (NEW_CASE, OPEN_CASE, CLOSE_CASE)], self)
        bar.opened.connect(self.open_case)
        bar.going.connect(lambda watching: self.go(INVESTIGATE if watching else FOOTAGE))
        self.addToolBar(bar)
        return bar

    def _make_hints(self) -> HintBar:
        bar = HintBar(self)
        bar.dismissed.connect(lambda: setattr(self._state, "hints", False))
        holder = QToolBar(tr("Next step"), self)
        holder.setMovable(False)
        holder.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        holder.setObjectName("hints")
        holder.addWidget(bar)
        self.addToolBarBreak()
        self.addToolBar(holder)
        bar.shown.connect(holder.setVisible)
        return bar


def _engine() -> type[Case]:
    """The case, and with it everything that shows one."""
    import app.case_view  # noqa: F401
    from reid_engine.case import Case

    return Case
