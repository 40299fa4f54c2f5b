from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl

from app.desk import Desk, Query
from app.dropped import picture_in
from app.networks import Networks
from app.portrait import Portrait
from reid_engine.case import Case
from reid_engine.errors import JobCancelled
from reid_engine.store import Network
from reid_engine.types import TrackletId
from tests.support.cases import MODEL, Gallery


@pytest.mark.parametrize(("height_px", "doubtful"), [(200, False), (64, False), (38, True)])
def test_small_crops_are_called_doubtful(height_px: int, doubtful: bool) -> None:
    doubt = Portrait(TrackletId(1), (), height_px).doubt
    assert (f"{height_px} pixels" in doubt) is doubtful


def test_a_portrait_holds_the_best_crops_and_their_height(tmp_path: Path) -> None:
    with Case.create(tmp_path / "case", "a test") as case:
        number = Gallery(case.store).put("east", 1, box=(10, 20, 40, 110))
        found = Desk(case).portrait(number)
        assert found.jpegs == tuple(crop.jpeg for crop in case.crops(number).best)
        assert found.height_px == 90


def test_networks_of_the_case_are_proposed_as_far_as_they_exist(tmp_path: Path) -> None:
    old, new, gone = tmp_path / "old.pt", tmp_path / "new.pt", tmp_path / "gone.onnx"
    old.touch()
    new.touch()
    with Case.create(tmp_path / "case", "a test") as case:
        case.store.add_network(Network("detector", "1", "old", str(old)))
        case.store.add_network(Network("detector", "2", "new", str(new)))
        case.store.add_network(Network("embedder", "3", "gone", str(gone)))
        assert Desk(case).networks() == Networks(new, None)
    assert Networks(new, None).or_else(Networks(old, old)) == Networks(new, old)


def test_only_a_single_picture_file_is_taken_as_a_picture() -> None:
    def dropped(*paths: str) -> QMimeData:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(path) for path in paths])
        return data

    assert picture_in(dropped("/x/a.JPG")) == Path("/x/a.JPG")
    assert picture_in(dropped("/x/a.mp4")) is None
    assert picture_in(dropped("/x/a.jpg", "/x/b.jpg")) is None
    assert picture_in(dropped()) is None


def test_a_case_is_made_ready_for_the_first_search_and_an_empty_one_is_left_alone(tmp_path: Path) -> None:
    with Case.create(tmp_path / "case", "a test") as case:
        desk = Desk(case)
        desk.warm()
        assert not list(case.index_folder.iterdir())
        Gallery(case.store).put("east", 1)
        desk.warm()
        assert list(case.index_folder.glob("*.faiss"))


def test_making_ready_ends_when_the_case_is_closed(tmp_path: Path) -> None:
    with Case.create(tmp_path / "case", "a test") as case:
        Gallery(case.store).put("east", 1)
        desk = Desk(case)
        desk.give_up()
        desk.warm()
        assert not list(case.index_folder.iterdir())


def test_verify_names_what_is_not_as_the_record_says(tmp_path: Path) -> None:
    with Case.create(tmp_path / "case", "a test") as case:
        made, desk = Gallery(case.store), Desk(case)
        case.decide(made.put("east", 1), made.put("west", 1), "different")
        count, digest, wrong = desk.verify()
        assert (count, len(digest), wrong) == (6, 64, None)
        with case.store.database.writing() as connection:
            connection.exec_driver_sql("UPDATE decision SET verdict = 'same'")
        assert desk.verify()[2] == "event 6 (decide): by the record its verdict is 'different', by the tables 'same'"


def test_putting_people_together_ends_when_the_case_is_closed(tmp_path: Path) -> None:
    with Case.create(tmp_path / "case", "a test") as case:
        made = Gallery(case.store)
        bands = {"calibration": {"strong": 0.3, "possible": 0.5, "weak": 0.7}}
        case.store.add_network(Network("embedder", "e" * 64, "n", "n", bands, MODEL))
        for person in (1, 1, 2):
            made.put("east", person)
        desk = Desk(case)
        listed = desk.everybody(Query())
        assert desk.put_together(listed).people
        desk.give_up()
        with pytest.raises(JobCancelled):
            desk.put_together(listed)
        assert [event.kind for event in case.store.events()].count("likely people") == 1
