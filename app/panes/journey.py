"""The journey of one person: lanes, the floor plan, what does not fit, notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.arrange import Label
from app.journeys import conflict_words, summary
from app.keys import key, named
from app.widgets.chips import FlowLayout
from app.widgets.dressed import scrolled
from app.widgets.floor_plan import FloorPlanView
from app.widgets.lanes import JourneyLanes, Lane
from app.widgets.one_line import OneLine
from app.words import Later, tr
from reid_engine.journey import Conflict, Journey, Link
from reid_engine.store import Note
from reid_engine.types import CameraId

EMPTY = Later("Confirm sightings ({key}) and they line up here.")
NO_TOPOLOGY = Later("Without walking times impossible matches cannot be flagged: mark pairs of cameras under Links.")


class JourneyPane(QWidget):
    """chosen: a sighting; sought: a moment; conflict: show both; play, note, export, evidence, links, plan: buttons;
    placed, linked: on the floor plan; noted: a note was clicked."""

    chosen = Signal(int)
    sought = Signal(object)
    conflict = Signal(object)
    noted = Signal(int)
    placed = Signal(int, float, float)
    linked = Signal(int, int)
    play = Signal()
    note = Signal()
    export = Signal()
    evidence = Signal()
    links = Signal()
    picture = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.lanes = JourneyLanes(self)
        self.lanes.chosen.connect(self.chosen)
        self.lanes.sought.connect(self.sought)
        self.lanes.noted.connect(self.noted)
        self.plan = FloorPlanView(self)
        self.plan.placed.connect(self.placed)
        self.plan.linked.connect(self.linked)
        self._alone, self._flags = True, False
        self._summary = OneLine(_nobody(), self)
        self._summary.setObjectName("muted")
        self._flagless = self._times_button()
        self._conflicts = FlowLayout()
        left, right = QWidget(self), QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 8, 0)
        column.addLayout(self._head())
        column.addLayout(self._conflicts)
        column.addWidget(scrolled(self.lanes, self), 1)
        foot = QHBoxLayout()
        foot.addWidget(self._summary, 1)
        foot.addWidget(self._flagless)
        column.addLayout(foot)
        beside = QVBoxLayout(right)
        beside.setContentsMargins(8, 0, 0, 0)
        beside.addLayout(self._plan_head())
        beside.addWidget(self.plan, 1)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 6)
        layout.addWidget(split)

    def show_journey(self, found: Journey | None, lanes: Sequence[Lane], notes: Sequence[Note]) -> None:
        """This person's way, or that there is none yet."""
        alone = found is None or len(found.sightings) < 2
        self._alone = alone
        self._offer_times()
        self._summary.setText(_nobody() if alone or found is None else summary(found))
        for button in (self.play_button, self._evidence, self._export):
            button.setEnabled(found is not None and len(found.confirmed) > 0)
        self.lanes.show_journey(found, lanes, notes)
        self.plan.show_journey(found)
        while (item := self._conflicts.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for conflict in () if found is None else found.conflicts:
            self._conflicts.addWidget(self._chip(conflict))
        self._conflicts.invalidate()

    def show_plan(
        self, picture: QPixmap, places: Mapping[CameraId, tuple[float, float]], labels: Mapping[CameraId, Label]
    ) -> None:
        """The floor plan and its cameras."""
        self.plan.show_plan(picture, places, labels)

    def show_links(self, links: Sequence[Link]) -> None:
        """What is known of pairs of cameras."""
        self.plan.show_links(links)
        self._flags = any(link.pair.relation == "apart" for link in links)
        self._offer_times()

    def _offer_times(self) -> None:
        """Without pairs that are apart nothing can be flagged: said as soon as there is something to flag."""
        self._flagless.setVisible(not self._flags and not self._alone)

    def _times_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("conflict")
        button.setText(tr("Set walking times …"))
        button.setToolTip(tr(NO_TOPOLOGY))
        button.clicked.connect(self.links)
        button.hide()
        return button

    def _chip(self, conflict: Conflict) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("conflict")
        button.setText(f"!  {conflict_words(conflict)}")
        either = named(
            tr("Two people, or one of the tracks holds two and wants a split"),
            "Split the selected track here",
        )
        asides = [either] if conflict.kind == "same-camera-overlap" else []
        button.setToolTip("\n".join([tr("Show both pictures side by side"), *asides]))
        button.clicked.connect(lambda: self.conflict.emit(conflict))
        return button

    def _head(self) -> FlowLayout:
        row = FlowLayout()
        self.play_button = self._button(
            "play",
            tr("Play"),
            self.play,
            named(tr("The journey: all sightings one after the other"), "Play the journey"),
        )
        self._evidence = self._button(
            "export",
            tr("Evidence …"),
            self.evidence,
            named(tr("Clips, stills and a report that prove themselves"), "Evidence …"),
        )
        self._export = self._button(
            "export", tr("List …"), self.export, named(tr("The list as CSV or JSON"), "Export the journey …")
        )
        for button in (
            self.play_button,
            self._button("note", tr("Note"), self.note, named(tr("About this moment"), "Note about this moment …")),
            self._evidence,
            self._export,
        ):
            row.addWidget(button)
        self.play_button.setEnabled(False)
        self._evidence.setEnabled(False)
        self._export.setEnabled(False)
        return row

    def _plan_head(self) -> FlowLayout:
        row = FlowLayout()
        row.addWidget(self._button("link", tr("Links …"), self.links, tr("Which cameras are apart, and how far")))
        row.addWidget(self._button("plan", tr("Picture …"), self.picture, tr("A picture of the place, as floor plan")))
        return row

    def _button(self, icon: str, words: str, signal: SignalInstance, tip: str) -> QPushButton:
        button = QPushButton(theme.icon(icon), "" if theme.large() else words, self)
        button.setAccessibleName(words.rstrip(" …"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(tip)
        button.clicked.connect(signal)
        return button


def _nobody() -> str:
    return tr(EMPTY).format(key=key("Same person"))
