"""A whole investigation in the real window: from an empty screen to a journey, in a few seconds."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.application import Application
from app.networks import Networks
from app.settings import WindowState
from reid_engine.case import Case
from reid_engine.store import TrackletFilter
from reid_engine.types import TrackletId
from tests.support import world
from tests.support.networks import stripe_embedder
from tests.support.window_walk import DECISIONS, Scene, dialogs, walk
from tests.walks.conftest import WAIT_MS, Open

WRONG = "cam3"

pytestmark = [pytest.mark.walk, pytest.mark.window]


def test_an_investigation_from_an_empty_screen_to_a_journey(
    tmp_path: Path, application: Application, open_window: Open, qtbot: QtBot
) -> None:
    (tmp_path / "export").mkdir()
    for path in world.recordings(world.EXPORT):
        world.cut(path, tmp_path / "export" / path.name, seconds=4.0)
    knows = world.write_script(tmp_path, of=world.EXPORT)
    WindowState(application.state).networks = Networks(knows, stripe_embedder(tmp_path))
    window = open_window(None)
    wait = partial(qtbot.waitUntil, timeout=WAIT_MS)
    steps = list(walk(window, Scene(tmp_path / "export", wrong=WRONG), tmp_path, wait))
    assert (steps[0], steps[-1]) == ("01-welcome", "20-everybody")
    assert "keys" in list(dialogs(window, wait))
    window.close()
    with Case.open(tmp_path / "2026-014 Station theft", read_only=True) as case:
        clocks = {camera.name: camera.clock.offset_us for camera in case.store.cameras()}
        assert clocks == {"cam1": 0, "cam2": 0, WRONG: 37_000_000, "cam4": 0}
        first = {tracklet.start_us // 1_000_000 for tracklet in case.store.tracklets(everybody(case))}
        assert max(first) - min(first) < 4  # with 37 s of difference they would be far apart
        assert [decision.verdict for decision in case.store.decisions()].count("same") >= 1
        kinds = [event.kind for event in case.store.events()]
        assert kinds.count("decide") == DECISIONS
        assert kinds.count("search") == 2
        assert "view" in kinds
        assert kinds[-2:] == ["everybody", "likely people"]
        assert case.store.broken_record() is None


def everybody(case: Case) -> list[TrackletId]:
    return [TrackletId(number) for number in case.store.find(TrackletFilter()).tolist()]
