"""Help: a page a place, from the program's own files."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QTextBrowser, QVBoxLayout, QWidget

import resources
from app import theme
from app.words import Later, tr

PAGES = {
    "start": Later("First steps"), "footage": Later("Footage"), "investigate": Later("Investigate"),
    "journey": Later("Journey"), "bands": Later("What the bands rest on"), "record": Later("The record"),
    "training": Later("Training"),
}  # fmt: skip


def page(name: str) -> str:
    """A page as Markdown."""
    return resources.path(f"help/{name}.md").read_text("utf-8")


class HelpDialog(QDialog):
    """Stays open beside the window; opens at the page of the place one comes from."""

    def __init__(self, name: str = "start", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Help"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.resize(theme.room(self, 860, 640))
        self.pages = QListWidget(self)
        self.pages.setAccessibleName(tr("Pages"))
        self.pages.addItems([tr(title) for title in PAGES.values()])
        self.pages.setFixedWidth(theme.px(180))
        self.text = QTextBrowser(self)
        self.text.setAccessibleName(tr("Page"))
        self.text.document().setDocumentMargin(theme.px(18))
        self._more: dict[str, str] = {}
        self.pages.currentRowChanged.connect(self._show)
        self.pages.setCurrentRow(list(PAGES).index(name) if name in PAGES else 0)
        row = QHBoxLayout()
        row.setSpacing(theme.px(12))
        row.addWidget(self.pages)
        row.addWidget(self.text, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.px(14)] * 4)
        layout.addLayout(row)

    def add(self, name: str, html: str) -> None:
        """Say more on a page: what is so in the open case."""
        self._more[name] = html
        self._show(self.pages.currentRow())

    def _show(self, row: int) -> None:
        name = list(PAGES)[row]
        self.text.setMarkdown(page(name))
        if name in self._more:
            self.text.append(self._more[name])
            self.text.moveCursor(QTextCursor.MoveOperation.Start)
