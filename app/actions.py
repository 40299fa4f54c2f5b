"""The table of actions: every verb of the window once, with its keys; menus, tool tips and the sheet of keys follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu


@dataclass(frozen=True, slots=True)
class Verb:
    """One action. ``menu`` is where it stands; ``needs`` is "" (always), "case" or "tiles"."""

    menu: str
    words: str
    keys: str
    act: Callable[[], object]
    needs: str = "case"


class Actions:
    """The verbs as Qt actions of a window."""

    def __init__(self, window: QMainWindow, verbs: Sequence[Verb]) -> None:
        self._verbs = tuple(verbs)
        self._actions: dict[str, QAction] = {}
        menus: dict[str, QMenu] = {}
        for verb in verbs:
            action = QAction(verb.words, window)
            action.setShortcuts([QKeySequence(key) for key in verb.keys.split(" | ") if key])
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            action.triggered.connect(lambda _=False, act=verb.act: act())
            if verb.menu not in menus:
                menus[verb.menu] = window.menuBar().addMenu(verb.menu)
            menus[verb.menu].addAction(action)
            self._actions[verb.words] = action

    def enable(self, *, case: bool, tiles: bool) -> None:
        """Make available what makes sense now; plain letters stay free for typing where there are no tiles."""
        allowed = {"": True, "case": case, "tiles": case and tiles}
        for verb in self._verbs:
            self._actions[verb.words].setEnabled(allowed[verb.needs])

    def __getitem__(self, words: str) -> QAction:
        return self._actions[words]

    def sheet(self) -> list[tuple[str, str]]:
        """Keys and words, for people."""
        return [(verb.keys.replace(" | ", "  or  "), verb.words.rstrip(" …")) for verb in self._verbs if verb.keys]
