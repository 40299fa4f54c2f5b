"""``reappear demo`` without a screen: questions, answers with the truth beside them, a picture of the window."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from reid_engine.case import Case
from tests.support import world
from tests.support.command import Weights, reappear
from tests.support.networks import stripe_embedder

pytestmark = pytest.mark.walk


def test_the_demo_answers_beside_the_truth_and_keeps_a_picture_of_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for screen in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(screen, raising=False)
    case = tmp_path / "demo.case"
    networks = Weights(world.write_script(tmp_path), stripe_embedder(tmp_path)).options()
    networks = [word for word in networks if word != "--json"]
    said = reappear("demo", "--footage", world.FOLDER, "--case", case, *networks)
    assert said.status == 0, said.err
    assert said.out.count("really person") == 3
    assert "truth" in said.out
    assert "same" in said.out
    assert len(list((case / "exports").glob("who is tracklet *.png"))) == 3
    assert f"likely people in {tracklets_of(case)} tracklets; " in said.out
    assert cv2.imread(str(case / "exports" / "who is here.png")) is not None
    picture = cv2.imread(str(case / "exports" / "window.png"))
    assert picture is not None
    assert picture.shape[0] >= 600
    assert picture.std() > 10


def tracklets_of(case: Path) -> int:
    with Case.open(case, read_only=True) as opened:
        return opened.store.count_tracklets()
