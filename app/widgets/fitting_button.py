"""A button that gives up its key, then its icon, then its words where there is no room, and pushes nobody away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

KEY_GAP = "   "
DRAWN = "drawn"


class FittingButton(QPushButton):
    """Its name for a screen reader and its tool tip stay whole.

    row: which buttons of the same parent give up the same; alone where it has no name
    """

    def __init__(self, icon: QIcon, words: str, key: str, parent: QWidget | None = None, *, row: str = "") -> None:
        super().__init__(parent)
        whole = f"{words}{KEY_GAP}{key}" if key else words
        self.setProperty(
            DRAWN, icon
        )  # Qt keeps it: an icon that Python holds may outlive its engine when both are collected
        self._forms = ((True, whole), (True, words), (False, words), (True, key))
        self._widths: tuple[int, ...] = ()
        self.row = row
        self.setAccessibleName(words)
        self.setToolTip(whole)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._measure()

    def sizeHint(self) -> QSize:
        return QSize(self._widths[0], super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self._widths), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._choose()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._measure()
            self.updateGeometry()

    def _measure(self) -> None:
        """How wide each form is in the style and the font that now hold."""
        widths = []
        for form in range(len(self._forms)):
            self.take(form)
            widths.append(super().sizeHint().width())
        self._widths = tuple(widths)
        self._choose()

    def _choose(self) -> None:
        """All that are to look alike give up as much as the one that has the least room."""
        above, alike = self.parentWidget(), [self]
        if self.row and above is not None:
            alike = [button for button in above.findChildren(FittingButton) if button.row == self.row]
        form = max(button.fitting() for button in alike)
        for button in alike:
            button.take(form)

    def fitting(self) -> int:
        """The number of the first form for which there is room; of the last where there is for none."""
        fitting = [form for form, width in enumerate(self._widths) if width <= self.width()]
        return fitting[0] if fitting else len(self._forms) - 1

    def take(self, form: int) -> None:
        """Show this form."""
        drawn, words = self._forms[form]
        self.setIcon(self.property(DRAWN) if drawn else QIcon())
        self.setText(words)
