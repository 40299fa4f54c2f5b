"""The picture of the place may be a stranger's: a child opens it, and what it cannot open is said."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app import journey_view
from app.main_window import MainWindow
from reid_engine.picture import picture_of
from reid_engine.store.plan import SIGNATURES
from reid_engine.types import BgrImage
from tests.app.conftest import WAIT_MS, view_of


def test_a_floor_plan_is_opened_by_a_child_once_and_one_that_is_broken_is_said(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def counted(data: bytes, name: str) -> BgrImage:
        opened.append(name)
        return picture_of(data, name)

    monkeypatch.setattr(journey_view, "picture_of", counted)
    journey, said = view_of(window).journey, []
    journey.said.connect(said.append)
    plan = journey.pane.plan
    cv2.imwrite(str(tmp_path / "ground.png"), np.full((60, 90, 3), 200, np.uint8))
    journey.set_plan(tmp_path / "ground.png")
    qtbot.waitUntil(lambda: plan._picture.width() == 90, timeout=WAIT_MS)
    camera = next(iter(plan._labels))
    journey._place(camera, 0.25, 0.75)
    qtbot.waitUntil(lambda: plan._places[camera] == (0.25, 0.75), timeout=WAIT_MS)
    assert opened == ["ground.png"]
    (tmp_path / "broken.png").write_bytes(SIGNATURES[0] + b"nothing")
    journey.set_plan(tmp_path / "broken.png")
    qtbot.waitUntil(lambda: plan._picture.isNull(), timeout=WAIT_MS)
    assert [words for words in said if words.startswith("The floor plan cannot be shown: broken.png is no picture")]
    assert opened == ["ground.png", "broken.png"]
