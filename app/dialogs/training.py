"""The window of the Trainer menu: a run beside the case, in a child process of its own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QMessageBox, QVBoxLayout, QWidget

from app import theme
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
    box = QMessageBox(window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(tr("A model is being trained"))
    box.setText(tr("Closing the window stops the training."))
    box.setInformativeText(tr("Its last checkpoint is kept: with the same data and folder it goes on from there."))
    box.addButton(tr("Stop it and close"), QMessageBox.ButtonRole.DestructiveRole).clicked.connect(stop)
    stay = box.addButton(tr("Go on training"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    box.open()
