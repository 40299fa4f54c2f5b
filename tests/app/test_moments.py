"""Going to a typed moment, to who comes into view next, and past where nobody is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from app import local_time
from app.dialogs.moment import MomentDialog
from app.main_window import MainWindow
from app.moments_view import LEAD_US, Emptiness, emptiness
from reid_engine.store import Store
from reid_engine.types import Seen, TrackletId
from tests.app.conftest import WAIT_MS, view_of
from tests.app.test_inquiry import searched
from tests.support.cases import SECOND, Gallery, gallery

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Gallery]:
    made = gallery(tmp_path)
    yield made
    made.store.close()


def test_who_comes_next_or_came_last_is_of_the_cameras_asked_for(people: Gallery) -> None:
    store, a, b = people.store, people.camera("a"), people.camera("b")
    first, other, last = people.put("a", 1, at_s=10), people.put("b", 2, at_s=20), people.put("a", 3, at_s=30)
    found = store.appearance([a, b], 10 * SECOND)
    assert found is not None
    assert (found.tracklet, found.camera, found.start_us) == (other, b, 20 * SECOND)
    after = store.appearance([a], 10 * SECOND)
    before = store.appearance([a], 30 * SECOND, before=True)
    assert after is not None
    assert before is not None
    assert (after.tracklet, before.tracklet) == (last, first)
    assert store.appearance([a, b], 30 * SECOND) is None
    assert store.appearance([a], 10 * SECOND, before=True) is None


def test_nobody_is_in_view_until_somebody_comes_and_somebody_until_the_last_has_left(people: Gallery) -> None:
    a, b = people.camera("a"), people.camera("b")
    people.put("a", 1, at_s=10)
    people.put("b", 2, at_s=10.1)
    left_us = round(10.26 * SECOND)
    assert emptiness(people.store, [a, b], 0) == Emptiness(empty=True, until_us=10 * SECOND)
    assert emptiness(people.store, [a, b], round(10.12 * SECOND)) == Emptiness(empty=False, until_us=left_us)
    assert emptiness(people.store, [a], left_us) == Emptiness(empty=True, until_us=None)


@pytest.mark.window
def test_shift_and_an_arrow_goes_to_who_comes_into_view_and_selects_who_it_is(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    cameras = [camera.id for camera in view.work.footage.cameras]
    store, player = view.work.desk.case.store, view.player
    player.seek(player.clock.now_us() - 3600 * SECOND)
    player.seek(player.clock.now_us() + SECOND // 10)
    for before, pressed in ((False, Qt.Key.Key_Right), (False, Qt.Key.Key_Right), (True, Qt.Key.Key_Left)):
        expected = store.appearance(cameras, player.clock.now_us(), before=before)
        with qtbot.waitSignal(view.moments.said, timeout=WAIT_MS) as said:
            qtbot.keyClick(player, pressed, SHIFT)
        if expected is None:
            assert "nobody comes into view" in said.args[0]
        else:
            assert (player.clock.now_us(), player.selection) == (expected.start_us, expected.tracklet)
            assert said.args[0].startswith(f"Track {expected.tracklet} comes into view: ")
    player.seek(player.clock.now_us() + 3600 * SECOND)
    with qtbot.waitSignal(view.moments.said, timeout=WAIT_MS) as said:
        qtbot.keyClick(player, Qt.Key.Key_Right, SHIFT)
    assert said.args == ["After this nobody comes into view."]


@pytest.mark.window
def test_a_typed_moment_is_gone_to_and_what_is_no_time_is_said(
    window: MainWindow, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    view = view_of(window)
    begin_us = view.player.clock.now_us()
    qtbot.keyClick(view.player, Qt.Key.Key_G)
    (dialog,) = dialogs
    assert isinstance(dialog, MomentDialog)
    dialog.field.setText("soon")
    dialog.accept()
    assert dialog.result() != QDialog.DialogCode.Accepted
    assert "is no time" in dialog._problem.text()
    zone = view.work.footage.zone(view.work.footage.cameras[0].id)
    dialog.field.setText(local_time.clock_time(begin_us + 2 * SECOND, zone))
    dialog.accept()
    assert abs(view.player.clock.now_us() - begin_us - 2 * SECOND) <= SECOND


@pytest.mark.window
def test_playing_leaves_out_where_nobody_is_when_it_is_asked_to(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = view_of(window)
    player, begin_us = view.player, view.player.clock.now_us()
    coming_us = player.limits[1]
    assert coming_us - begin_us > 4 * SECOND
    monkeypatch.setattr("app.moments_view.emptiness", _empty_until(coming_us))
    with qtbot.waitSignal(view.moments.said, timeout=WAIT_MS) as said:
        qtbot.keyClick(player, Qt.Key.Key_Space, SHIFT)
    assert "leaves out" in said.args[0]
    sought: list[int] = []
    player.moved.connect(lambda now: sought.append(now))
    qtbot.keyClick(player, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(sought) and sought[-1] >= coming_us - LEAD_US, timeout=WAIT_MS)
    player.pause()
    steps = [later - sooner for sooner, later in pairwise(sought)]
    assert max(steps) > 3 * SECOND, "the time between was passed in one step"
    with qtbot.waitSignal(view.moments.said, timeout=WAIT_MS) as said:
        qtbot.keyClick(player, Qt.Key.Key_Space, SHIFT)
    assert said.args == ["Everything is played."]


def _empty_until(coming_us: int) -> object:
    def found(store: Store, cameras: list[object], time_us: int) -> Emptiness:
        return Emptiness(empty=time_us < coming_us, until_us=coming_us if time_us < coming_us else None)

    return found


@pytest.mark.window
def test_after_a_way_in_time_the_keys_are_about_what_is_shown_there(window: MainWindow, qtbot: QtBot) -> None:
    view = view_of(window)
    searched(window, qtbot)
    view.matches.cards.setFocus()
    begin_us = view.player.clock.now_us()
    view.player.seek(begin_us - SECOND)
    with qtbot.waitSignal(view.moments.said, timeout=WAIT_MS):
        view.moments.next_appearance()
    if view.player.selection is not None:
        assert view.player.hasFocus()
    view.matches.cards.setFocus()
    line = view.player._foot.line
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=line.rect().center())
    assert view.player.hasFocus()
    moment_us = view.player.clock.now_us()
    qtbot.keyClick(view.player, Qt.Key.Key_Space)
    assert view.player.clock.playing
    assert not view.player.playing_spans
    view.player.pause()
    assert view.player.clock.now_us() >= moment_us


@pytest.mark.window
def test_nobody_of_another_line_of_time_comes_next_or_came_last(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = view_of(window)
    first_us, last_us = view.player.limits
    store, camera = view.work.desk.case.store, view.work.footage.cameras[0].id
    elsewhere = Seen(TrackletId(1), camera, 75 * SECOND, 80 * SECOND)
    monkeypatch.setattr(type(store), "appearance", lambda *_, **__: elsewhere)
    now_us = view.player.clock.now_us()
    assert not first_us <= elsewhere.start_us <= last_us
    with qtbot.waitSignal(view.moments.said, timeout=WAIT_MS) as said:
        qtbot.keyClick(view.player, Qt.Key.Key_Left, SHIFT)
    assert said.args == ["Before this nobody comes into view."]
    assert view.player.clock.now_us() == now_us
