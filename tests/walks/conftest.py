"""Walks through the window use the fixtures of the window's own tests."""

from __future__ import annotations

from tests.app.conftest import Open, application, nothing_left, open_window

__all__ = ("WAIT_MS", "Open", "application", "nothing_left", "open_window")

WAIT_MS = 150_000
