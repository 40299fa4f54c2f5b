"""Keys as they are bound now, for every label and sentence that names one: people may have bound others."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QKeySequence

BETWEEN = " | "  # two keys for one verb
SEARCH = "Search the selected person"


def remember(keys: Mapping[str, str]) -> None:
    """The keys of all verbs, by the verb's words in the table."""
    program = QCoreApplication.instance()
    assert program is not None
    program.setProperty("keys", dict(keys))


def key(verb: str) -> str:
    """What a person presses for a verb, as keyboards have it; empty where it has no key, or there is no window.

    Of two keys the last is named: of Return and Enter it is what most keyboards say.
    """
    program = QCoreApplication.instance()
    bound = (program.property("keys") or {}) if program is not None else {}
    last = str(bound.get(verb, "")).split(BETWEEN)[-1]
    return QKeySequence(last).toString(QKeySequence.SequenceFormat.NativeText)


def named(words: str, verb: str) -> str:
    """``words`` with the verb's key in brackets, where it has one."""
    pressed = key(verb)
    return f"{words} ({pressed})" if pressed else words
