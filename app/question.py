"""A question before something is lost: one button does it all the same; the other, and Escape, leave things alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


@dataclass(frozen=True, slots=True)
class Question:
    """title, text, more: what would be lost, and what not; yes, no: the words of the buttons"""

    title: str
    text: str
    more: str
    yes: str
    no: str


def ask(window: QWidget, question: Question, act: Callable[[], object]) -> None:
    """``act`` only where somebody says yes. Nothing waits for the answer."""
    box = QMessageBox(window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(question.title)
    box.setText(question.text)
    box.setInformativeText(question.more)
    box.addButton(question.yes, QMessageBox.ButtonRole.DestructiveRole).clicked.connect(act)
    stay = box.addButton(question.no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    box.open()
