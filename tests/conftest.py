"""For every test: how several processes share the suite (``make test``), a file of tests in one of them."""

from __future__ import annotations

import pytest

LONG = ("walks", "test_learning.py", "test_full_size.py", "test_loop.py")  # folders and files of a minute and more


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: not any(part in LONG for part in item.path.parts))
