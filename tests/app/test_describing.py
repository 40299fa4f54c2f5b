"""Everybody described again from the window: the dialog, the job, and what is shown of the new model afterwards."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from app import theme
from app.dialogs.describe import DescribeDialog
from app.job_words import in_words
from app.main_window import MainWindow
from app.networks import Networks, Offer
from reid_engine.case import Case
from reid_engine.store import KnownModel
from reid_engine.types import ModelId
from tests.app.conftest import WAIT_MS, Open, view_of
from tests.support.networks import another_embedder

pytestmark = pytest.mark.window


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return another_embedder(tmp_path_factory.mktemp("other"))


def searched(window: MainWindow, qtbot: QtBot) -> int:
    """Search for the first person in the picture, by keyboard; the number of the probe."""
    view = view_of(window)
    qtbot.keyClick(view.player, Qt.Key.Key_BracketRight)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.player, Qt.Key.Key_Return)
    assert view.work.investigation.probe is not None
    return view.work.investigation.probe


def models_of_searches(case: Case) -> list[str]:
    return [event.body["model"] for event in case.store.events() if event.kind == "search"]


def test_another_model_is_chosen_runs_as_a_job_and_the_open_search_is_asked_again(
    window: MainWindow, networks: Networks, other: Path, dialogs: list[QDialog], qtbot: QtBot
) -> None:
    view = view_of(window)
    case, before = view.work.desk.case, view.work.desk.case.model()
    probe = searched(window, qtbot)
    view.ask_describe()
    qtbot.waitUntil(lambda: bool(dialogs), timeout=WAIT_MS)
    dialog = dialogs.pop()
    assert isinstance(dialog, DescribeDialog)
    assert not dialog.use.isEnabled(), "nothing is chosen yet"
    qtbot.keyClicks(dialog.file, str(other))
    assert dialog.use.isEnabled()
    said: list[str] = []
    view.said.connect(said.append)
    with qtbot.waitSignals([view.work.described, view.work.investigation.answered], timeout=WAIT_MS):
        dialog.accept()
        (job,) = view.work.jobs.running()
        assert view.jobs.card(job.name).cancel.isEnabled()
    assert case.model() != before
    assert view.work.investigation.probe == probe
    assert models_of_searches(case) == [before, case.model()]
    assert view.work.matches.rowCount() > 0
    assert any(case.model() in words and "searches go by" in words for words in said)
    qtbot.waitUntil(lambda: view.work.networks.embedder == other, timeout=WAIT_MS)
    assert view.work.networks.detector == networks.detector
    qtbot.waitUntil(lambda: not view.work.jobs.running(), timeout=WAIT_MS)
    assert case.check() == []


def test_a_picture_is_looked_at_by_the_model_in_force_and_one_of_the_model_before_is_refused(
    window: MainWindow, networks: Networks, other: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    view = view_of(window)
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.full((100, 40, 3), 90, np.uint8))
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.pictures.search(photo)
    with qtbot.waitSignal(view.work.investigation.failed, timeout=WAIT_MS) as told:
        view.describe(other)
    assert view.work.matches.rowCount() == 0, "vectors of two models are never compared"
    assert "search for it again" in str(told.args[0])
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.pictures.search(photo)
    assert models_of_searches(view.work.desk.case)[-1] == view.work.desk.case.model()
    qtbot.waitUntil(lambda: not view.work.jobs.running(), timeout=WAIT_MS)


def test_a_file_that_is_no_network_is_said_and_the_model_stays(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = view_of(window)
    before = view.work.desk.case.model()
    (tmp_path / "text.onnx").write_text("no network")
    said: list[str] = []
    view.said.connect(said.append)
    view.describe(tmp_path / "text.onnx")
    (job,) = view.work.jobs.running()
    qtbot.waitSignal(job.ended, timeout=WAIT_MS).wait()
    assert any("text.onnx" in words for words in said)
    assert view.work.desk.case.model() == before


def test_a_case_without_anybody_says_what_to_do_first(open_window: Open, qtbot: QtBot, tmp_path: Path) -> None:
    Case.create(tmp_path / "empty").close()
    view = view_of(open_window(tmp_path / "empty"))
    with qtbot.waitSignal(view.said, check_params_cb=lambda words: "Nobody is in this case" in words, timeout=WAIT_MS):
        view.ask_describe()


def known(name: str, path: Path, described: int, *, in_force: bool = False) -> KnownModel:
    return KnownModel(ModelId(f"{name}@4f1c09ab"), name, str(path), described, 1204, in_force)


def test_the_dialog_says_what_is_in_force_how_many_there_are_and_how_far_others_have_come(
    tmp_path: Path, qtbot: QtBot
) -> None:
    files = {name: tmp_path / f"{name}.safetensors" for name in ("ours", "older", "half", "tclnet")}
    for name, path in files.items():
        if name != "older":
            path.write_bytes(b"")
    offers = [
        Offer(tmp_path / "yolo.pt", "YOLO", "people", True),
        Offer(files["ours"], "Ours", "a good start", False, True),
        Offer(files["tclnet"], "TCLNet", "many clips", False),
    ]
    models = [known("ours", files["ours"], 1204, in_force=True), known("half", files["half"], 600),
              known("older", files["older"], 1204)]  # fmt: skip
    dialog = DescribeDialog(models, offers)
    qtbot.addWidget(dialog)
    words = " ".join(label.text() for label in dialog.findChildren(QLabel))
    for part in ("all 1204 tracks", "Searches go by Ours until", "600 of 1204", "is not at", "many clips"):
        assert part in words
    choices = {str(path): button for path, button in dialog.choices.items()}
    assert set(choices) == {"ours@4f1c09ab", "half@4f1c09ab", "older@4f1c09ab", str(files["tclnet"])}
    assert not choices["ours@4f1c09ab"].isEnabled()
    assert not choices["older@4f1c09ab"].isEnabled()
    choices["half@4f1c09ab"].setChecked(True)
    assert (dialog.chosen, dialog.use.isEnabled()) == (Path("half@4f1c09ab"), True)
    choices[str(files["tclnet"])].setChecked(True)
    assert dialog.chosen == files["tclnet"]
    qtbot.keyClicks(dialog.file, str(tmp_path / "none.onnx"))
    assert not dialog.use.isEnabled(), "there is no such file"
    dialog.file.setText(str(files["half"]))
    assert (dialog.chosen, dialog.use.isEnabled()) == (files["half"], True)
    assert theme.px(640) <= dialog.minimumWidth()


def test_the_jobs_line_counts_tracks() -> None:
    assert in_words({"stage": "embed", "done": 64, "total": 1204}) == ["Describing people", "64 of 1204 tracks"]
