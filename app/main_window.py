"""The window: cases, docks, the two workspaces. What is inside a case is ``case_view``; the actions are ``verbs``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
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
from app.actions import Actions
from app.background import Lane
from app.case_view import CaseView
from app.dialogs.keys import KeysDialog
from app.dialogs.new_case import NewCaseDialog
from app.dialogs.trouble import TroubleDialog
from app.panes.welcome import WelcomePane
from app.settings import WindowState
from app.stall import StallMeter
from app.verbs import FOOTAGE, INVESTIGATE, verbs
from app.workspace import Workspace
from reid_engine.case import Case
from reid_engine.settings import Settings

STATUS_MS = 15_000
SUBJECT_WIDTH = 200
MATCHES_WIDTH = 584  # four cards beside one another


class MainWindow(QMainWindow):
    """One window on one case, or on none. ``case_opened`` when a case is on the desk."""

    case_opened = Signal()

    def __init__(self, command: Sequence[str], state: WindowState, settings: Settings) -> None:
        super().__init__()
        self._command, self._state, self._settings = tuple(command), state, settings
        self.view: CaseView | None = None
        self._docks: dict[str, QDockWidget] = {}
        self.stalls = StallMeter(self)
        self._lane = Lane(1, self)
        self._lane.trouble.connect(self.trouble)
        self._pages = QStackedWidget(self)
        self.setCentralWidget(self._pages)
        self.welcome = self._make_welcome()
        self._actions = Actions(self, verbs(self))
        self._bar = self._make_bar()
        self._counted = QLabel(self)
        self._counted.setObjectName("muted")
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addPermanentWidget(self._counted)
        self.setMinimumSize(960, 620)
        self.resize(1440, 900)
        self.restoreGeometry(state.geometry("window"))
        self._leave()

    # cases ------------------------------------------------------------------------------------------------------------

    def ask_new_case(self) -> None:
        """Ask for name and purpose, then make and open a case."""
        dialog = NewCaseDialog(self._state.home, self)
        dialog.accepted.connect(lambda: self.new_case(dialog.folder, dialog.purpose))
        dialog.finished.connect(dialog.deleteLater)
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
        self._say(f"Opening {folder.name} …")
        self._lane.run(lambda: Case.open(folder), self._enter)

    def close_case(self) -> None:
        """Back to the welcome page."""
        self._leave()

    def _enter(self, case: Case) -> None:
        self._leave()
        work = Workspace(case, self._command, self._state, self._settings, self)
        view = self.view = CaseView(work, self)
        self._lay_out(view)
        view.said.connect(self._say)
        view.failed.connect(self.trouble)
        view.investigating.connect(lambda: self.go(INVESTIGATE))
        view.working.connect(self._docks["Jobs"].setVisible)
        view.counted.connect(self._on_counted)
        purpose = work.desk.purpose()
        self._state.opened(case.folder, purpose)
        self._title.setText(case.folder.name)
        self._purpose.setText(purpose)
        self.setWindowTitle(f"{case.folder.name} – Reappear")
        self.statusBar().clearMessage()
        self._to_investigate.setEnabled(False)
        self.go(FOOTAGE)
        work.begin()
        self.case_opened.emit()

    def _leave(self) -> None:
        view, self.view = self.view, None
        if view is not None:
            view.close()
            for part in (view.player, view.footage, *self._docks.values()):
                part.hide()
                part.deleteLater()
            view.work.deleteLater()
            view.deleteLater()
        self._docks = {}
        self.setWindowTitle("Reappear")
        self._counted.setText("")
        self.welcome.show_recent(self._state.recent())
        self._pages.setCurrentWidget(self.welcome)
        self._bar.hide()
        self._actions.enable(case=False, tiles=False)

    # the frame --------------------------------------------------------------------------------------------------------

    def go(self, place: str) -> None:
        """Change to Footage or Investigate."""
        view = self.view
        if view is None or (place == INVESTIGATE and not view.player.tiles):
            return
        watching = place == INVESTIGATE
        self._pages.setCurrentWidget(view.player if watching else view.footage)
        self._docks["Matches"].setVisible(watching)
        self._docks["Looking for"].setVisible(watching)
        self._to_footage.setChecked(not watching)
        self._to_investigate.setChecked(watching)
        self._bar.show()
        if watching:
            view.player.setFocus()
            view.work.warm_soon()
        else:
            view.player.pause()
        self._actions.enable(case=True, tiles=watching)

    def trouble(self, error: Exception) -> None:
        """Show one error, without blocking."""
        self.statusBar().clearMessage()
        TroubleDialog(error, self).open()

    def toggle_theme(self) -> None:
        """Dark, if it is light; light, if it is dark."""
        self._state.theme = "dark" if theme.current() is theme.LIGHT else "light"
        theme.apply(theme.application(), self._state.theme, self._state.scale)

    def show_keys(self) -> None:
        """The sheet of keys."""
        KeysDialog(self._actions.sheet(), self).open()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._state.keep_geometry("window", self.saveGeometry())
        self._leave()
        self._lane.close()
        self.stalls.stop()
        event.accept()

    def _say(self, words: str) -> None:
        self.statusBar().showMessage(words, STATUS_MS)

    def _on_counted(self, words: str) -> None:
        view = self.view
        self._to_investigate.setEnabled(view is not None and bool(view.player.tiles))
        self._counted.setText(f"{words}   ·   no network connection  ")

    def _lay_out(self, view: CaseView) -> None:
        self._pages.addWidget(view.footage)
        self._pages.addWidget(view.player)
        self._dock("Looking for", view.subject, Qt.DockWidgetArea.LeftDockWidgetArea)
        self._dock("Matches", view.matches, Qt.DockWidgetArea.RightDockWidgetArea)
        self._dock("Jobs", view.jobs, Qt.DockWidgetArea.BottomDockWidgetArea)
        sides = [self._docks["Looking for"], self._docks["Matches"]]
        self.resizeDocks(sides, [SUBJECT_WIDTH, MATCHES_WIDTH], Qt.Orientation.Horizontal)

    def _dock(self, title: str, content: QWidget, area: Qt.DockWidgetArea) -> None:
        dock = QDockWidget(title, self)
        dock.setObjectName(title)
        dock.setWidget(content)
        features = QDockWidget.DockWidgetFeature
        dock.setFeatures(features.DockWidgetMovable | features.DockWidgetFloatable)
        self.addDockWidget(area, dock)
        dock.hide()
        self._docks[title] = dock

    def _make_welcome(self) -> WelcomePane:
        welcome = WelcomePane(self)
        welcome.new.connect(self.ask_new_case)
        welcome.browse.connect(self.browse_case)
        welcome.opened.connect(self.open_case)
        self._pages.addWidget(welcome)
        return welcome

    def _make_bar(self) -> QToolBar:
        bar = QToolBar("Case", self)
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._title, self._purpose = QLabel(bar), QLabel(bar)
        self._title.setObjectName("heading")
        self._title.setContentsMargins(10, 0, 14, 0)
        self._purpose.setObjectName("muted")
        self._purpose.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._purpose.setMinimumWidth(60)
        self._to_footage = self._workspace_button(FOOTAGE, "camera")
        self._to_investigate = self._workspace_button(INVESTIGATE, "search")
        for part in (self._title, self._purpose, self._to_footage, self._to_investigate):
            bar.addWidget(part)
        self.addToolBar(bar)
        return bar

    def _workspace_button(self, words: str, icon: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("workspace")
        button.setText(f" {words}")
        button.setIcon(theme.icon(icon))
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.clicked.connect(lambda: self.go(words))
        return button
