from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.item_models.matches import CARD_ROLE, CameraLabel, Card, MatchesModel
from app.item_models.recordings import CAMERA, START, ZONE, RecordingRow, RecordingsModel
from reid_engine.types import CameraId, Match, TrackletId


def match(rank: int, band: str | None = "strong") -> Match:
    return Match(TrackletId(100 + rank), CameraId(1), rank * 1_000_000, rank * 1_000_000, rank, 0.1 * rank, band)  # type: ignore[arg-type]


@pytest.fixture
def matches(qtbot: QtBot) -> MatchesModel:
    model = MatchesModel()
    model.label({CameraId(1): CameraLabel("Gate", "A", 0, "UTC")})
    return model


def test_matches_are_a_correct_qt_model(matches: MatchesModel, qtmodeltester: ModelTester) -> None:
    matches.show([match(rank) for rank in range(1, 6)], {})
    qtmodeltester.check(matches)


def test_only_cards_that_are_looked_at_ask_for_their_crop(matches: MatchesModel, qtbot: QtBot) -> None:
    asked: list[int] = []
    matches.wanted.connect(asked.append)
    matches.show([match(rank) for rank in range(1, 100_001)], {})
    matches.data(matches.index(41_999), CARD_ROLE)
    matches.data(matches.index(41_999), CARD_ROLE)
    assert asked == [42_100]


def test_a_crop_that_has_come_is_on_its_card(matches: MatchesModel, qtbot: QtBot) -> None:
    matches.show([match(1)], {})
    picture = QImage(40, 80, QImage.Format.Format_RGB888)
    picture.fill(Qt.GlobalColor.red)
    with qtbot.waitSignal(matches.dataChanged):
        matches.supply(TrackletId(101), picture)
    card = matches.data(matches.index(0), CARD_ROLE)
    assert isinstance(card, Card)
    assert card.picture is not None
    assert card.camera.name == "Gate"


def test_cards_speak_in_words_and_never_in_percent(matches: MatchesModel) -> None:
    matches.show([match(1), match(2, None)], {TrackletId(101): "same"})
    words = [matches.data(matches.index(row)) for row in range(2)]
    assert words == ["1. Gate, strong, decided: same", "2. Gate, not calibrated"]
    tip = matches.data(matches.index(0), Qt.ItemDataRole.ToolTipRole)
    assert "At most 1 % of strangers" in tip


def test_the_next_undecided_card_is_found_around_the_end(matches: MatchesModel) -> None:
    matches.show([match(rank) for rank in range(1, 5)], {TrackletId(103): "same", TrackletId(104): "different"})
    assert matches.next_undecided(1) == 0
    matches.decide({TrackletId(100 + rank): "unsure" for rank in range(1, 5)})
    assert matches.next_undecided(0) is None


def recording(name: str, **fields: object) -> RecordingRow:
    return RecordingRow(Path(f"/x/{name}.mp4"), "video", name, **{"state": "ready", **fields})  # type: ignore[arg-type]


@pytest.fixture
def recordings(qtbot: QtBot) -> RecordingsModel:
    model = RecordingsModel()
    model.show([recording("gate"), recording("hall", state="no time"), recording("yard", state="done", in_case=True)])
    return model


def test_recordings_are_a_correct_qt_model(recordings: RecordingsModel, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(recordings)


def test_a_typed_start_time_makes_a_row_ready(recordings: RecordingsModel) -> None:
    assert recordings.setData(recordings.index(1, START), "2026-11-03 14:02:11")
    row = recordings.row(1)
    assert row is not None
    assert (row.start_us, row.origin, row.state) == (1_793_714_531_000_000, "by hand", "ready")


@pytest.mark.parametrize(("column", "text"), [(START, "teatime"), (CAMERA, ""), (CAMERA, "a\nb"), (CAMERA, "a=b")])
def test_what_cannot_be_meant_is_refused_with_a_sentence(
    recordings: RecordingsModel, qtbot: QtBot, column: int, text: str
) -> None:
    before = recordings.rows()
    with qtbot.waitSignal(recordings.refused):
        assert not recordings.setData(recordings.index(0, column), text)
    assert recordings.rows() == before


def test_what_is_in_the_case_is_not_edited_and_not_taken_out(recordings: RecordingsModel) -> None:
    assert not recordings.flags(recordings.index(2, ZONE)) & Qt.ItemFlag.ItemIsEditable
    told: list[object] = []
    recordings.restarted.connect(lambda path, start_us: told.append((path.stem, start_us)))
    before = recordings.row(2)
    assert recordings.setData(recordings.index(2, START), "2026-11-03 14:02:11")
    assert told == [("yard", 1_793_714_531_000_000)]
    assert recordings.row(2) == before, "the case says when it is so"
    recordings.take_out([0, 1, 2])
    assert [row.camera for row in recordings.rows()] == ["yard"]
