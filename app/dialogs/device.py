"""What hardware is used, and why."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.widgets.dressed import paragraph
from app.words import tr


class DeviceDialog(QDialog):
    """Opens at once and fills when the machine has been looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Device"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(theme.px(620))
        heading = QLabel(tr("What this program runs on"), self)
        heading.setObjectName("title")
        self.words = paragraph(tr("Looking at this machine …"), "muted", self)
        self._lines: list[tuple[str, str]] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(theme.px(24))
        self._grid.setVerticalSpacing(theme.px(8))
        self._grid.setColumnStretch(1, 1)
        copy = QPushButton(tr("Copy report"), self)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.report()))
        close = QPushButton(tr("Close"), self)
        close.setDefault(True)
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(copy)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.px(24), theme.px(20), theme.px(24), theme.px(16))
        layout.setSpacing(theme.px(14))
        layout.addWidget(heading)
        layout.addWidget(self.words)
        layout.addLayout(self._grid)
        layout.addLayout(foot)

    def show_lines(self, lines: Sequence[tuple[str, str]], pace: float | None) -> None:
        """What was found; ``pace`` is how fast an analysis ran here, if one has."""
        measured = tr("{pace}× real time, in the last analysis").format(pace=f"{pace:.1f}") if pace else ""
        self._lines = [*lines, (tr("Measured speed"), measured or tr("not measured yet: no analysis has run here"))]
        self.words.setText(tr("A fallback is never silent: the reason stands below."))
        for row, (what, how) in enumerate(self._lines):
            name = QLabel(what, self)
            name.setObjectName("muted")
            value = QLabel(how, self)
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, row, 1)

    def show_problem(self, words: str) -> None:
        """The machine could not be looked at."""
        self.words.setText(words)

    def report(self) -> str:
        """The lines, for the makers."""
        return "\n".join(f"{what}: {how}" for what, how in self._lines)
