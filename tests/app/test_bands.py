"""What the bands rest on is said from the model's card, which may be anybody's file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

import resources
from app.bands import bands, figures
from app.dialogs.help import PAGES, HelpDialog
from app.main_window import MainWindow
from reid_engine.case import Case
from reid_engine.evidence.basis import basis_from, basis_of, decided_about
from reid_engine.types import TrackletId
from tests.app.conftest import WAIT_MS

DECIDED = {"same": 2, "different": 1, "unsure": 0, "undecided": 9, "tracks": 12, "searches": 3}


def words(basis: Mapping[str, Any] | None, decided: Mapping[str, int] | None = None) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", bands(basis, decided)).split())


def test_a_bundled_card_says_on_whom_the_bands_were_measured_and_what_came_out() -> None:
    card = json.loads(resources.path("weights/reappear.json").read_text("utf-8"))
    said = words(basis_from("reappear@1", card, "reappear.safetensors"), DECIDED)
    for found in (
        "60 generated people of seed 20261102",
        card["provenance"]["calibration"],
        "2,220 of seed 20261101",
        "8 people of MARS, 32 tracklets",
        "rank1 0.7812 (0.6562 to 0.9062)",
        "1 were decided to be somebody else and 0 left unsure; about 9 nobody decided anything",
        "no likelihood that a sighting of this case is the person",
    ):
        assert found in said
    assert "95 % from" not in said


def test_the_ends_of_an_interval_stand_behind_their_figure_and_alone_where_there_is_none() -> None:
    told = {"a: rank1": 0.5, "a: rank1, 95 % from": 0.4, "a: rank1, 95 % to": 0.6, "b: mAP, 95 % to": 1, "odd": 3}
    assert figures(told) == [("a", "rank1 0.5 (0.4 to 0.6)"), ("b", "mAP, 95 % to 1"), ("–", "odd 3")]


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ({}, "no calibration, so it gives no bands"),
        ({"calibration": {"strong": 1}}, "does not say on whom and when they were measured"),
        ({"results": {"x": float("nan"), "y": True, "z": "1"}}, "holds no results"),
        ({"results": [1], "training_data": 3, "provenance": "me"}, "does not say what it learned from"),
        ({"training_data": ["<script>x</script>"]}, "learned from: &lt;script&gt;x&lt;/script&gt;."),
    ],
)
def test_a_card_of_anybody_is_read_without_trust(card: dict[str, Any], found: str) -> None:
    assert found in words(basis_from("m", card))


def test_who_was_turned_down_or_left_open_is_counted(case: Path) -> None:
    with Case.open(case) as opened:
        first, second, third, *others = opened.store.present(map(TrackletId, range(1, 20)))
        opened.decide(first, second, "same")
        opened.decide(second, third, "different")
        opened.decide(first, others[0], "unsure")
        found = decided_about(opened, first)
        assert basis_of(opened)
    rest = len(others) - 1
    assert found == {
        "same": 2, "different": 1, "unsure": 1, "undecided": rest, "tracks": rest + 4, "searches": 0,
    }  # fmt: skip


@pytest.mark.window
def test_help_says_what_the_bands_of_the_open_case_rest_on(window: MainWindow, qtbot: QtBot) -> None:
    window.show_help()
    (page,) = [dialog for dialog in window.findChildren(HelpDialog) if dialog.isVisible()]
    page.pages.setCurrentRow(list(PAGES).index("bands"))
    qtbot.waitUntil(lambda: "In this case" in page.text.toPlainText(), timeout=WAIT_MS)
    assert "Model: stripes@" in page.text.toPlainText()
    page.close()


def test_before_anybody_was_described_there_are_no_bands() -> None:
    assert "so there are no bands" in words(None)
