"""An empty gallery; and networks that take seconds to make, made once a session: everything that needs torch happens in
two children."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reid_engine import export_cache
from reid_engine.detection import YoloDetector, load_detector
from reid_engine.jobs import JobControl
from reid_engine.process import ask_child, child_environment
from reid_engine.settings import DetectionSettings
from tests.support import untrained
from tests.support.cases import Gallery, gallery

COUNTING = Path(untrained.__file__).parent / "counting"
SETTINGS = DetectionSettings(score=untrained.SCORE, overlap=untrained.OVERLAP, image_size=untrained.SIDE)


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Gallery]:
    """An empty one for each test."""
    made = gallery(tmp_path)
    yield made
    made.store.close()


class Heard:
    """A reporter that remembers the notices."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def event(self, kind: str, **fields: Any) -> None:
        if kind == "notice":
            self.notices.append(fields["message"])


@dataclass(frozen=True)
class Untrained:
    """What the session's children made.

    folder: see ``tests.support.untrained``; child: what the export child wrote; log: every attempt to connect
    """

    folder: Path
    child: Path
    cache: Path
    log: Path
    heard: Heard

    @property
    def weights(self) -> Path:
        return self.folder / "yolo11n.pt"

    def export_again(self, _module: str, arguments: list[str], _check: Callable[[], None]) -> dict[str, Any]:
        """In the place of the export child: the same files without the seconds."""
        left_out = shutil.ignore_patterns("" if "--torch" in arguments else "*.torchscript")
        shutil.copytree(self.child, arguments[1], dirs_exist_ok=True, ignore=left_out)
        return {"ok": True}


@pytest.fixture(scope="session")
def untrained_yolo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Untrained:
    """A seeded YOLO11n, exported through the real child with its connections counted; all processes share one."""
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "untrained"
    root.mkdir(exist_ok=True)
    made = Untrained(root / "weights", root / "child", root / "cache", root / "connections", Heard())
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        heard = root / "heard.json"
        if not heard.exists():
            _make(made)
            heard.write_text(json.dumps(made.heard.notices), "utf-8")
        made.heard.notices[:] = json.loads(heard.read_text("utf-8"))
    return made


def _make(made: Untrained) -> None:
    made.folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REAPPEAR_CACHE", str(made.cache))
        patch.setenv("CONNECTION_LOG", str(made.log))
        patch.setenv("OMP_NUM_THREADS", "1")  # threads that wait for one another spin, and these networks are small
        patch.syspath_prepend(str(COUNTING))
        command = [sys.executable, "-m", "tests.support.untrained", str(made.folder)]
        subprocess.run(command, check=True, env=child_environment(), capture_output=True)

        def keep(module: str, arguments: list[str], check: Callable[[], None]) -> dict[str, Any]:
            answer = ask_child(module, arguments, check)
            shutil.copytree(arguments[1], made.child)
            return answer

        patch.setattr(export_cache, "ask_child", keep)
        load_detector(made.weights, SETTINGS, device="torch-cpu", control=JobControl(made.heard))
        patch.setattr(export_cache, "ask_child", made.export_again)
        load_detector(made.weights, SETTINGS, control=JobControl(made.heard))


@pytest.fixture(scope="session")
def refusals(untrained_yolo: Untrained) -> dict[str, str | None]:
    """What loading each file that is no detector said."""
    found: dict[str, str | None] = json.loads((untrained_yolo.folder / "refusals.json").read_text())
    return found


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("REAPPEAR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def full_cache(untrained_yolo: Untrained, cache: Path) -> Path:
    """A cache of this test's own that holds the session's exports."""
    shutil.copytree(untrained_yolo.cache, cache)
    return cache


@pytest.fixture
def yolo(untrained_yolo: Untrained, full_cache: Path) -> YoloDetector:
    """The untrained YOLO11n, as it runs by default."""
    return load_detector(untrained_yolo.weights, SETTINGS, threads=2, device="cpu")
