"""The bar at the top of an open case: which case it is, what it is for, and its two workspaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from app import theme
from app.words import tr


class CaseBar(QToolBar):
    """opened: a recent case was chosen; going: to the workspace that watches, or to the other.

    recent: folders of cases and their purposes, newest first; more: what else its menu offers
    """

    opened = Signal(Path)
    going = Signal(bool)

    def __init__(
        self, recent: Callable[[], Sequence[tuple[Path, str]]], more: Sequence[QAction], parent: QWidget
    ) -> None:
        super().__init__(tr("Case"), parent)
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._recent, self._more = recent, tuple(more)
        self._switcher, self._purpose = self._make_switcher(), QLabel(self)
        self._purpose.setObjectName("muted")
        self._purpose.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._purpose.setMinimumWidth(60)
        self._purpose.setContentsMargins(theme.px(8), 0, theme.px(8), 0)
        self._places = {False: self._place(tr("Footage"), "camera"), True: self._place(tr("Investigate"), "search")}
        for watches, button in self._places.items():
            button.clicked.connect(lambda _=False, watches=watches: self.going.emit(watches))
        for part in (self._switcher, self._purpose, *self._places.values()):
            self.addWidget(part)

    def show_case(self, name: str, purpose: str) -> None:
        """This case is open."""
        self._switcher.setText(name)
        self._purpose.setText(purpose)
        self._purpose.setToolTip(purpose)

    def show_place(self, *, watching: bool) -> None:
        """One is there."""
        for watches, button in self._places.items():
            button.setChecked(watches == watching)

    @property
    def watching(self) -> bool:
        """Whether one is where recordings are watched."""
        return self._places[True].isChecked()

    def offer_watching(self, offered: bool) -> None:
        """Whether there is anything to watch."""
        self._places[True].setEnabled(offered)

    def _make_switcher(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("switcher")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(tr("Case"))
        button.setToolTip(tr("Change to another case"))
        menu = QMenu(button)
        menu.aboutToShow.connect(lambda: self._fill(menu))
        button.setMenu(menu)
        return button

    def _fill(self, menu: QMenu) -> None:
        menu.clear()
        for path, purpose in self._recent():
            there = path.is_dir()
            action = menu.addAction(f"{path.name}    {purpose if there else tr('is a drive missing?')}")
            action.setEnabled(there)
            action.triggered.connect(lambda _=False, path=path: self.opened.emit(path))
        menu.addSeparator()
        menu.addActions(self._more)

    def _place(self, words: str, icon: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("workspace")
        button.setText(f" {words}")
        button.setIcon(theme.icon(icon))
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return button
