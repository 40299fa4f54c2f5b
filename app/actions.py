"""The table of actions: every verb of the window once, with its keys; menus, palette and key sheet follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from app.keys import BETWEEN, remember
from app.words import tr


@dataclass(frozen=True, slots=True)
class Verb:
    """One action. ``menu`` is where it stands; ``needs`` is "" (always), "case" or "tiles"."""

    menu: str
    words: str
    keys: str
    act: Callable[[], object]
    needs: str = "case"

    @property
    def plain(self) -> str:
        """What it does, in the language of the window, without dots."""
        return tr(self.words).rstrip(" …")


@dataclass(frozen=True, slots=True)
class Binding:
    """A verb as the key sheet and the palette show it. ``name`` is what its keys are kept under."""

    name: str
    words: str
    menu: str
    keys: str
    default: str


class Actions:
    """The verbs as Qt actions of a window; ``bound`` are keys that a person chose, by the verb's name."""

    def __init__(self, window: QMainWindow, verbs: Sequence[Verb], bound: Mapping[str, str] | None = None) -> None:
        self._verbs = {verb.words: verb for verb in verbs}
        self._actions: dict[str, QAction] = {}
        self._bound: dict[str, str] = {}
        menus: dict[str, QMenu] = {}
        for verb in verbs:
            action = QAction(tr(verb.words), window)
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            action.triggered.connect(lambda _=False, act=verb.act: act())
            if verb.menu not in menus:
                menus[verb.menu] = window.menuBar().addMenu(tr(verb.menu))
            menus[verb.menu].addAction(action)
            self._actions[verb.words] = action
        self.bind(bound or {})

    def bind(self, keys: Mapping[str, str]) -> None:
        """Use these keys where they are given, and the verb's own elsewhere."""
        self._bound = {name: key for name, key in keys.items() if name in self._verbs}
        for name, action in self._actions.items():
            action.setShortcuts([QKeySequence(key) for key in self._keys(name).split(BETWEEN) if key])
        remember({name: self._keys(name) for name in self._verbs})

    def enable(self, *, case: bool, tiles: bool) -> None:
        """Make available what makes sense now; plain letters stay free for typing where there are no tiles."""
        allowed = {"": True, "case": case, "tiles": case and tiles}
        for name, verb in self._verbs.items():
            self._actions[name].setEnabled(allowed[verb.needs])

    def __getitem__(self, words: str) -> QAction:
        return self._actions[words]

    def bindings(self) -> list[Binding]:
        """All verbs as they are bound now, in the order of the menus."""
        return [
            Binding(name, verb.plain, tr(verb.menu).replace("&", ""), self._keys(name), verb.keys)
            for name, verb in self._verbs.items()
        ]

    def _keys(self, name: str) -> str:
        return self._bound.get(name, self._verbs[name].keys)
