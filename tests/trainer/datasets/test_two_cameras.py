"""iLIDS-VID and PRID-2011: which half is the test, who qualifies, how frames are sorted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reid_engine.errors import InputError
from tests.trainer import trees
from trainer.datasets import open_dataset

PEOPLE = [1, 2, 4, 319]


@pytest.fixture
def ilids(tmp_path: Path) -> Path:
    trees.splits_matrix(tmp_path, "train_test_splits_ilidsvid.mat", [[4, 2, 1, 3], [1, 2, 3, 4]])
    return trees.ilids(tmp_path, PEOPLE)


def people(tracklets: object) -> list[str]:
    return [t.name.rpartition("/")[2] for t in tracklets]  # type: ignore[attr-defined]


def test_the_first_half_of_a_split_is_the_test_and_numbers_count_sorted_people(ilids: Path) -> None:
    data = open_dataset("ilids_vid", ilids)
    first = data.trials[0]
    assert people(first.query) == people(first.gallery) == ["person319", "person002"]
    assert sorted(set(people(first.train))) == ["person001", "person004"]
    assert {t.camid for t in first.query} == {1}
    assert {t.camid for t in first.gallery} == {2}
    assert data.train == first.train
    assert len(data.train) == 4


def test_frames_are_in_the_order_of_their_five_digits(ilids: Path) -> None:
    frames = [str(frame)[-9:-4] for frame in open_dataset("ilids_vid", ilids).trials[0].query[0].frames]
    assert frames == ["00102", "00103", "00104"]


def test_one_split_can_be_chosen_and_all_of_them_are_said(ilids: Path) -> None:
    second = open_dataset("ilids_vid", ilids, split="2")
    assert len(second.trials) == 1
    assert people(second.trials[0].query) == ["person001", "person002"]
    assert "from scratch" in open_dataset("ilids_vid", ilids).notes[-1]
    with pytest.raises(InputError, match="splits 1 to 2, got 3"):
        open_dataset("ilids_vid", ilids, split=3)


def test_splits_json_is_taken_where_it_lies(ilids: Path) -> None:
    rows = [{"train": ["person001", "person002"], "test": ["person004", "person319"]}]
    (ilids / "splits.json").write_text(json.dumps(rows))
    assert people(open_dataset("ilids_vid", ilids).trials[0].query) == ["person004", "person319"]
    (ilids / "splits.json").write_text(json.dumps([{"train": ["person777"], "test": []}]))
    with pytest.raises(InputError, match="person777"):
        open_dataset("ilids_vid", ilids)


def test_a_person_in_one_camera_only_is_named(ilids: Path) -> None:
    gone = ilids / "i-LIDS-VID" / "sequences" / "cam2" / "person004"
    for file in gone.iterdir():
        file.unlink()
    gone.rmdir()
    with pytest.raises(InputError, match="person004 is seen by one camera only"):
        open_dataset("ilids_vid", ilids)


def test_a_split_of_other_people_is_refused(ilids: Path) -> None:
    trees.splits_matrix(ilids, "train_test_splits_ilidsvid.mat", [[1, 2, 3, 4, 5, 6]])
    with pytest.raises(InputError, match="splits 6 people, numbers 1 to 6, but 4 are here"):
        open_dataset("ilids_vid", ilids)


LENGTHS = {
    1: (27, 30),
    2: (27, 27),
    3: (40, 26),
    4: (28, 27),
    5: (22, 21),
    6: (27, 28),
    7: (27, 0),
    8: (21, 21),
    9: (20, 30),
    201: (30, 30),
}


@pytest.fixture
def prid(tmp_path: Path) -> Path:
    return trees.prid(tmp_path, LENGTHS)


def test_27_frames_in_both_cameras_qualify_and_numbers_above_200_are_other_people(prid: Path) -> None:
    trees.splits_matrix(prid, "train_test_splits_prid.mat", [[4, 1, 2, 3]])
    data = open_dataset("prid2011", prid)
    assert people(data.trials[0].query) == ["person_0006", "person_0001"]
    assert sorted({t.pid for t in data.train}) == [2, 4]
    assert {t.camid for t in data.trials[0].gallery} == {2}
    assert "4 of 178" in data.notes[0]


def test_21_frames_are_an_option_whose_splits_the_seed_decides(prid: Path) -> None:
    found = [open_dataset("prid2011", prid, min_frames="21", seed=seed) for seed in (0, 0, 1)]
    everyone = {t.pid for t in (*found[0].train, *found[0].trials[0].query)}
    assert everyone == {1, 2, 3, 4, 5, 6, 8}
    assert [len(data.trials) for data in found] == [10, 10, 10]
    assert len(found[0].trials[0].query) == 3, "91 of 183: the smaller half is the test"
    queries = [[people(trial.query) for trial in data.trials] for data in found]
    assert queries[0] == queries[1] != queries[2]
    assert "drawn by seed 0" in " ".join(found[0].notes)


def test_a_json_of_names_is_taken_and_may_not_name_those_who_do_not_qualify(prid: Path) -> None:
    rows = [{"train": ["person_0001"], "test": ["person_0002", "person_0006"]}]
    (prid / "splits_prid2011.json").write_text(json.dumps(rows))
    assert people(open_dataset("prid2011", prid).trials[0].query) == ["person_0002", "person_0006"]
    rows[0]["train"].append("person_0003")
    (prid / "splits_prid2011.json").write_text(json.dumps(rows))
    with pytest.raises(InputError, match="do not qualify, person_0003 first"):
        open_dataset("prid2011", prid)


def test_a_split_may_not_have_somebody_on_both_sides(prid: Path) -> None:
    (prid / "splits_prid2011.json").write_text(json.dumps([{"train": ["person_0001"], "test": ["person_0001"]}]))
    with pytest.raises(InputError, match="person_0001 among both"):
        open_dataset("prid2011", prid)


def test_nobody_who_qualifies_is_a_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1 people with 27 frames in both cameras"):
        open_dataset("prid2011", trees.prid(tmp_path, {1: (27, 27), 2: (3, 3)}))
