"""What a child process of the window gets, as Qt takes it; light, because the first paint waits for whoever uses it."""

from __future__ import annotations

from PySide6.QtCore import QProcessEnvironment

from reid_engine.process import child_environment


def environment() -> QProcessEnvironment:
    """See ``child_environment``."""
    found = QProcessEnvironment()
    for name, value in child_environment().items():
        found.insert(name, value)
    return found
