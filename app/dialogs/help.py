"""Help: a page a place, from the program's own files."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QTextBrowser, QVBoxLayout, QWidget

import resources
from app import theme
from app.words import Later, tr

PAGES = {
    "start": Later("First steps"), "footage": Later("Footage"), "investigate": Later("Investigate"),
    "journey": Later("Journey"), "record": Later("The record"), "training": Later("Training"),
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
        self.pages.currentRowChanged.connect(lambda row: self.text.setMarkdown(page(list(PAGES)[row])))
        self.pages.setCurrentRow(list(PAGES).index(name) if name in PAGES else 0)
        row = QHBoxLayout()
        row.setSpacing(theme.px(12))
        row.addWidget(self.pages)
        row.addWidget(self.text, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.px(14)] * 4)
        layout.addLayout(row)
