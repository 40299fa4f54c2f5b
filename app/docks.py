"""The parts round the middle of the window: who is looked for, the matches, the journey, the jobs."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from app import theme
from app.words import tr

if TYPE_CHECKING:
    from app.case_view import CaseView

SUBJECT_WIDTH = 204
MATCHES_WIDTH = 584  # four cards beside one another, where the pictures keep enough room
PICTURES_WIDTH = 660  # they do not grow with the text
JOURNEY_SHARE = 0.3  # of the window at most
JOURNEY_HEIGHT = 252  # four lanes, and the line below them
JOURNEY_ROOM = 800  # a window less high has no room for it below pictures that show anything
CORNERS = MappingProxyType({  # the sides go down to the bottom
    Qt.Corner.BottomLeftCorner: Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.Corner.BottomRightCorner: Qt.DockWidgetArea.RightDockWidgetArea,
})  # fmt: skip


class Docks(QObject):
    """The docks of one open case."""

    def __init__(self, view: CaseView, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._sized = False
        self._asked = False  # somebody wants the journey, however little room there is
        for corner, side in CORNERS.items():
            window.setCorner(corner, side)
        area = Qt.DockWidgetArea
        self._subject = self._dock("subject", tr("Looking for"), view.subject, area.LeftDockWidgetArea)
        self._matches = self._dock("matches", tr("Matches"), view.matches, area.RightDockWidgetArea)
        self._journey = self._dock("journey", tr("Journey"), view.journey.pane, area.BottomDockWidgetArea)
        self._progress = view.jobs
        self.jobs = self._dock("jobs", tr("Jobs"), view.jobs, area.BottomDockWidgetArea)
        self._progress.laid_out.connect(self._fit_jobs)
        self.jobs.visibilityChanged.connect(self._fit_jobs)

    def show_for(self, *, watching: bool, journey: bool) -> None:
        """What belongs to Investigate, or to Footage."""
        self._subject.setVisible(watching)
        self._matches.setVisible(watching)
        roomy = self._asked or self._window.height() >= theme.px(JOURNEY_ROOM)
        self._journey.setVisible(watching and journey and roomy)
        self._progress.brief(watching and self._window.height() < theme.px(JOURNEY_ROOM))
        if watching and not self._sized:
            self._sized = True
            QTimer.singleShot(0, self, self._size)  # docks that are hidden do not take a size

    def toggle_journey(self) -> bool:
        """Show or hide the journey; True when it is shown now."""
        self._asked = not self._journey.isVisible()
        self._journey.setVisible(self._asked)
        return self._asked

    def discard(self) -> None:
        """The case is left."""
        for dock in (self._subject, self._matches, self._journey, self.jobs):
            dock.hide()
            dock.deleteLater()
        self.deleteLater()

    def _size(self) -> None:
        sides = [self._subject, self._matches]
        subject, most = theme.px(SUBJECT_WIDTH), theme.px(MATCHES_WIDTH)
        left = self._window.width() - subject - PICTURES_WIDTH
        widths = [subject, max(min(most, left), self._matches.minimumSizeHint().width())]
        self._window.resizeDocks(sides, widths, Qt.Orientation.Horizontal)
        tall = min(theme.px(JOURNEY_HEIGHT), round(self._window.height() * JOURNEY_SHARE))
        self._window.resizeDocks([self._journey], [tall], Qt.Orientation.Vertical)

    def _fit_jobs(self) -> None:
        """Jobs alone take the height they need, not what the journey had: the rest is the pictures'."""
        QTimer.singleShot(0, self, self._lower_jobs)

    def _lower_jobs(self) -> None:
        if self.jobs.isVisible() and not self._journey.isVisible():
            self._window.resizeDocks([self.jobs], [self.jobs.sizeHint().height()], Qt.Orientation.Vertical)

    def _dock(self, name: str, title: str, content: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(name)
        dock.setWidget(content)
        features = QDockWidget.DockWidgetFeature
        dock.setFeatures(features.DockWidgetMovable | features.DockWidgetFloatable)
        self._window.addDockWidget(area, dock)
        dock.hide()
        return dock
