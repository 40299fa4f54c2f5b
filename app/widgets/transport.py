"""Under the pictures: the time line, the time, the buttons that play, and which cameras have a tile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from app import local_time, theme
from app.keys import named
from app.widgets.seek_bar import SeekBar
from app.words import tr
from reid_engine.clock import CameraClock

TIME_SIZE = (270, 24)


class Transport(QFrame):
    """Shows where the master clock is and how it runs. ``line``: the time line."""

    def __init__(self, acts: dict[str, Callable[[], object]], parent: QWidget | None = None) -> None:
        """``acts``: what each button does, by its icon's name."""
        super().__init__(parent)
        self.setObjectName("foot")
        self._acts = acts
        self.clock = CameraClock()
        self.line = SeekBar(self)
        self._time = QLabel(self)
        self._time.setObjectName("heading")
        # a label of free size lays the whole window out again with every text
        self._time.setFixedSize(*(theme.px(side) for side in TIME_SIZE))
        self._rate = QLabel(tr("paused"), self)
        self._rate.setObjectName("pill")
        self._cameras = self._tool("camera", tr("Which cameras have a tile"))
        self._cameras.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._cameras.setMenu(QMenu(self._cameras))
        self._buttons = self._row()
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(12, 6, 8, 6)
        self._lines.setSpacing(4)
        self._lines.addWidget(self.line)
        self._lines.addWidget(self._time)
        self._lines.addLayout(self._buttons)
        self._beside = self._buttons.sizeHint().width() + self._time.width() + theme.px(24)  # margins, and a gap

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The time stands beside the buttons where there is room, else above them."""
        super().resizeEvent(event)
        self._rate.setVisible(self.width() >= self.minimumSizeHint().width() + self._rate.sizeHint().width())
        # text that large beside the buttons would push the matches out of the window
        beside = self.width() >= self._beside and not theme.large()
        if beside != (self._buttons.indexOf(self._time) >= 0):
            (self._lines if beside else self._buttons).removeWidget(self._time)
            if beside:
                self._buttons.insertWidget(0, self._time)
            else:
                self._lines.insertWidget(1, self._time)

    def minimumSizeHint(self) -> QSize:
        """How fast it runs is told where there is room for it."""
        hint = super().minimumSizeHint()
        told = self._rate.sizeHint().width() if self._rate.isVisibleTo(self) else 0
        return QSize(max(self.line.minimumSizeHint().width(), hint.width() - told), hint.height())

    def show_time(self, now_us: int | None) -> None:
        """Where the clock is; None where nothing is played."""
        self._time.setText("" if now_us is None else local_time.seen(now_us, self.clock, local_time.precise_time))

    def show_rate(self, rate: float | None) -> None:
        """How fast it runs; None while it stands."""
        self._play.setIcon(theme.icon("play" if rate is None else "pause"))
        self._rate.setText(tr("paused") if rate is None else f"{rate:g}×")

    def offer_cameras(self, cameras: Sequence[tuple[str, Callable[[], object]]]) -> None:
        """The cameras that can have a tile, and what brings each."""
        menu = self._cameras.menu()
        menu.clear()
        for words, act in cameras:
            menu.addAction(words, act)

    def _row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addStretch(1)
        row.addWidget(self._tool("reverse", named(tr("Backwards, faster with each press"), "Backwards, faster")))
        row.addWidget(self._tool("step-back", named(tr("Previous picture"), "Previous picture")))
        self._play = self._tool("play", named(tr("Play or pause"), "Play or pause"))
        row.addWidget(self._play)
        row.addWidget(self._tool("step-forward", named(tr("Next picture"), "Next picture")))
        row.addWidget(self._tool("faster", named(tr("Forwards, faster with each press"), "Forwards, faster")))
        row.addSpacing(8)
        row.addWidget(self._rate)
        row.addStretch(1)
        row.addWidget(self._tool("boxes", named(tr("Show or hide the boxes"), "Boxes")))
        row.addWidget(self._tool("tiles", named(tr("One, four or nine cameras"), "One, four or nine cameras")))
        row.addWidget(self._tool("solo", named(tr("One camera alone, or all"), "One camera alone, or all")))
        row.addWidget(self._cameras)
        return row

    def _tool(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(theme.icon(icon))
        button.setToolTip(tip)
        button.setAccessibleName(tip.partition(" (")[0])
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self._acts.get(icon, lambda: None)())
        return button
