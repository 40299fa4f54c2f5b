"""For every test."""

from __future__ import annotations

import pytest

LONG = ("walks", "test_learning", "test_full_size", "test_loop")  # folders and files that take a minute and more


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first: where several processes share the tests by files, none is left alone with one at the end."""
    items.sort(key=lambda item: not any(part.removesuffix(".py") in LONG for part in item.path.parts))
