"""The parts round the middle of the window: who is looked for, the matches, the journey, the jobs."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from app import theme
from app.words import tr

if TYPE_CHECKING:
    from app.case_view import CaseView

SUBJECT_WIDTH = 204
MATCHES_WIDTH = 584  # four cards beside one another, where the pictures keep enough room
MATCHES_LEAST = 290  # two cards, also before there are any
PICTURES_WIDTH = 660  # they do not grow with the text
JOURNEY_SHARE = 0.3  # of the window at most
JOURNEY_HEIGHT = 252  # four lanes, and the line below them
JOURNEY_ROOM = 800  # a window less high has no room for it below pictures that show anything
CORNERS = MappingProxyType({  # the sides go down to the bottom
    Qt.Corner.BottomLeftCorner: Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.Corner.BottomRightCorner: Qt.DockWidgetArea.RightDockWidgetArea,
})  # fmt: skip


class Docks(QObject):
    """The docks of one open case.

    Whenever one comes or goes, or the window changes its size, all are given theirs again: what somebody has dragged
    as far as there is room, else what suits it.
    """

    def __init__(self, view: CaseView, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._watching = False
        self._asked = False  # somebody wants the journey, however little room there is
        self._dragged: dict[QDockWidget, int] = {}  # pixels that somebody has chosen
        self._pressed: dict[QDockWidget, int] = {}  # sizes when the mouse went down between docks
        for corner, side in CORNERS.items():
            window.setCorner(corner, side)
        area = Qt.DockWidgetArea
        self._subject = self._dock("subject", tr("Looking for"), view.subject, area.LeftDockWidgetArea)
        self._matches = self._dock("matches", tr("Matches"), view.matches, area.RightDockWidgetArea)
        self._journey = self._dock("journey", tr("Journey"), view.journey.pane, area.BottomDockWidgetArea)
        self._progress = view.jobs
        self.jobs = self._dock("jobs", tr("Jobs"), view.jobs, area.BottomDockWidgetArea)
        self.jobs.setTitleBarWidget(QWidget(self.jobs))  # each job says what it is; the line is the pictures'
        window.splitDockWidget(self._journey, self.jobs, Qt.Orientation.Vertical)  # beside it, it would squeeze others
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)  # docks that are hidden do not take a size
        self._later.timeout.connect(self._size)
        self._progress.laid_out.connect(self._later.start)
        for dock in (self._journey, self.jobs):
            dock.visibilityChanged.connect(self._later.start)
        window.installEventFilter(self)

    def show_for(self, *, watching: bool, journey: bool) -> None:
        """What belongs to Investigate, or to Footage."""
        self._watching = watching
        self._subject.setVisible(watching)
        self._matches.setVisible(watching)
        self._journey.setVisible(watching and journey and (self._asked or not self._low))
        self._progress.brief(watching, low=self._low)
        self._later.start()

    def toggle_journey(self) -> bool:
        """Show or hide the journey; True when it is shown now."""
        self._asked = not self._journey.isVisible()
        self._journey.setVisible(self._asked)
        return self._asked

    def discard(self) -> None:
        """The case is left."""
        self._window.removeEventFilter(self)
        self._later.stop()
        for dock in (self._subject, self._matches, self._journey, self.jobs):
            dock.hide()
            dock.deleteLater()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Resize:
            self._progress.brief(self._watching, low=self._low)
            self._later.start()
        elif kind == QEvent.Type.MouseButtonPress:  # the window itself has the mouse only between docks
            self._pressed = self._sizes()
        elif kind == QEvent.Type.MouseButtonRelease:
            QTimer.singleShot(0, self, self._keep_dragged)  # what was dragged is laid out by then
        return super().eventFilter(watched, event)

    def _keep_dragged(self) -> None:
        now = self._sizes()
        self._dragged |= {dock: now[dock] for dock, size in self._pressed.items() if now.get(dock, size) != size}
        self._pressed = {}

    @property
    def _low(self) -> bool:
        """True where the window has no room for much below the pictures or the table."""
        return self._window.height() < theme.px(JOURNEY_ROOM)

    def _sizes(self) -> dict[QDockWidget, int]:
        """Widths at the sides, the height below, of those that are shown."""
        sizes = {dock: dock.width() for dock in (self._subject, self._matches) if dock.isVisible()}
        return {**sizes, self._journey: self._journey.height()} if self._journey.isVisible() else sizes

    def _size(self) -> None:
        if self._pressed:  # somebody drags right now
            return
        if self._watching:
            subject = self._dragged.get(self._subject, theme.px(SUBJECT_WIDTH))
            left = self._window.width() - subject - PICTURES_WIDTH
            least = max(self._matches.minimumSizeHint().width(), theme.px(MATCHES_LEAST))
            matches = self._dragged.get(self._matches, max(min(theme.px(MATCHES_WIDTH), left), least))
            sides = [self._subject, self._matches]
            self._window.resizeDocks(sides, [subject, matches], Qt.Orientation.Horizontal)
        tall = min(theme.px(JOURNEY_HEIGHT), round(self._window.height() * JOURNEY_SHARE))
        wanted = {self._journey: self._dragged.get(self._journey, tall), self.jobs: self.jobs.sizeHint().height()}
        shown = {dock: size for dock, size in wanted.items() if dock.isVisible()}
        if shown:
            self._window.resizeDocks(list(shown), list(shown.values()), Qt.Orientation.Vertical)

    def _dock(self, name: str, title: str, content: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(name)
        dock.setWidget(content)
        features = QDockWidget.DockWidgetFeature
        dock.setFeatures(features.DockWidgetMovable | features.DockWidgetFloatable)
        self._window.addDockWidget(area, dock)
        dock.hide()
        return dock
