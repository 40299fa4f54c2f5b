"""The window of the Trainer menu: a run beside the case, in a child process of its own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from app import theme
from app.question import Question, ask
from app.words import tr


class TrainingDialog(QDialog):
    """Holds the training pane. ``closing`` before it goes; while something ``runs`` it is only ``hidden``."""

    closing = Signal()
    hidden = Signal()

    def __init__(self, content: QWidget, runs: Callable[[], bool], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs = runs
        self.setWindowTitle(tr("Train a model"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.setModal(False)
        self.resize(theme.room(self, 1180, 720))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(content)

    def show_again(self) -> None:
        """Bring it to the front."""
        self.show()
        self.raise_()
        self.activateWindow()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._runs():
            event.ignore()
            self.reject()
        else:
            super().closeEvent(event)

    def reject(self) -> None:
        """By Escape, and by the frame."""
        if self._runs():
            self.hide()
            self.hidden.emit()
        else:
            self.closing.emit()
            super().reject()


def ask_to_stop(window: QWidget, stop: Callable[[], object]) -> None:
    """A training ends with the window, so nobody closes it unasked."""
    question = Question(
        tr("A model is being trained"),
        tr("Closing the window stops the training."),
        tr("Its last checkpoint is kept: with the same data and folder it goes on from there."),
        tr("Stop it and close"),
        tr("Go on training"),
    )
    ask(window, question, stop)
