from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.jobs import Job
from app.panes.progress import ProgressPane


class Ended:
    """A process that is no more."""

    alive = False
    problem = ""


def test_a_long_notice_leaves_the_buttons_in_the_window(tmp_path: Path, qtbot: QtBot) -> None:
    pane = ProgressPane()
    qtbot.addWidget(pane)
    job = Job(tmp_path, "ingest-1", Ended())
    job.detach()
    pane.add(job)
    job.moved.emit([{"event": "notice", "message": "a long sentence about weights " * 40}])
    assert pane.minimumSizeHint().width() < 900
    assert [button.text() for button in pane.findChildren(QPushButton)] == ["Pause", "Cancel"]
