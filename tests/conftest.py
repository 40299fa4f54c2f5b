"""For every test: how several processes share the suite (``make test``), a file of tests in one of them."""

from __future__ import annotations

import fcntl
import gc
import json
import os

import pytest

from tests.support.exported import Exported, export_small

# folders and files of half a minute and more
LONG = (
    "walks",
    "test_learning.py",
    "test_full_size.py",
    "test_loop.py",
    "test_train_command.py",
    "test_detection.py",
    "test_promises.py",
    "test_window.py",
    "test_inquiry.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: not any(part in LONG for part in item.path.parts))


def pytest_collection_finish() -> None:
    """Libraries and tests are no garbage: Python need not look through them again and again, a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a user saw last of cases is kept with the tests, also by their children."""
    os.environ["REAPPEAR_STATE"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Exported:
    """A small untrained model, exported by ``reappear prepare`` once for all processes; nobody writes there."""
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "exported"
    root.mkdir(exist_ok=True)
    said = root / "said.json"
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            said.write_text(json.dumps(export_small(root)), "utf-8")
    return Exported(root, *json.loads(said.read_text("utf-8")))
