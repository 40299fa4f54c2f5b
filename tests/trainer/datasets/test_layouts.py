"""The plain folder, DukeMTMC-VideoReID, LS-VID and Market-1501, and the door to all of them."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from reid_engine.errors import InputError, UsageError
from tests.trainer import trees
from trainer.datasets import DISTRACTOR, JUNK, dataset_names, labels_of, open_dataset
from trainer.protocol import audit
from trainer.world import sequences


def test_every_tracklet_of_a_folder_is_a_query_against_all(tmp_path: Path) -> None:
    data = open_dataset("folder", trees.folder(tmp_path, ["0003", "0010"]))
    trial = data.trials[0]
    assert trial.query == trial.gallery == data.train
    assert [(t.pid, t.camid, t.name) for t in trial.query] == [
        (3, 1, "0003/c1/t1"), (3, 2, "0003/c2/t1"), (10, 1, "0010/c1/t1"), (10, 2, "0010/c2/t1"),
    ]  # fmt: skip
    assert "what is learned is what is tested" in data.notes[0]


def test_train_query_and_gallery_share_their_numbers(tmp_path: Path) -> None:
    trees.folder(tmp_path / "train", ["anna"], ["yard"])
    trees.folder(tmp_path / "query", ["bert"], ["door"])
    trees.folder(tmp_path / "gallery", ["bert", "carl"], ["yard"])
    data = open_dataset("folder", tmp_path)
    trial = data.trials[0]
    assert [(t.pid, t.camid) for t in (*data.train, *trial.query, *trial.gallery)] == [(1, 2), (2, 1), (2, 2), (3, 2)]


def test_somebody_called_0_is_a_person_as_every_other(tmp_path: Path) -> None:
    """A folder has no distractors: the auditor would call 0 a mistaken query, and overlook that 0 is also learned."""
    trees.folder(tmp_path / "train", ["0000", "0001"])
    for part in ("query", "gallery"):
        trees.folder(tmp_path / part, ["0000", "0007", "-1"])
    data = open_dataset("folder", tmp_path)
    assert {t.pid for t in data.train} == {1, 2}
    assert {t.pid for t in data.trials[0].query} == {1, 8, JUNK}
    checks = {check.rule: check for check in audit(data)}
    assert checks["learned and tested people are apart"].said.startswith("1 of the people looked for are also learned")


def test_a_folder_may_only_be_learned_from(tmp_path: Path) -> None:
    trees.folder(tmp_path / "train", ["1", "2"])
    assert open_dataset("folder", tmp_path).trials == ()


def test_held_out_people_are_not_learned(tmp_path: Path) -> None:
    trees.folder(tmp_path, [str(n) for n in range(10)])
    data = open_dataset("folder", tmp_path, held_out="0.3")
    tested = {t.pid for t in data.trials[0].query}
    assert len(tested) == 3
    assert not tested & {t.pid for t in data.train}
    with pytest.raises(InputError, match="leaves nobody"):
        open_dataset("folder", tmp_path, held_out=1.0)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ([], "there is no folder"),
        (["query/1/a/t"], "query, but query and gallery belong together"),
        (["1/a/t"], "1/a/t holds no picture"),
        (["1/a"], "holds no tracklet"),
        (["1/a/t", "01/a/t"], "are the same number"),
    ],
)
def test_a_folder_of_another_kind_is_a_clear_sentence(tmp_path: Path, made: list[str], sentence: str) -> None:
    for name in made:
        (tmp_path / "root" / name).mkdir(parents=True)
    with pytest.raises(InputError, match=sentence):
        open_dataset("folder", tmp_path / "root")


@pytest.fixture
def duke(tmp_path: Path) -> Path:
    trees.duke(tmp_path, "train", 1, 1, 6, [2, 3, 10, 7])
    trees.duke(tmp_path, "query", 2, 5, 1, [1])
    for person, tracklet, camera in ((2, 5, 1), (2, 6, 3), (7000, 1, 2)):
        trees.duke(tmp_path, "gallery", person, tracklet, camera, [1, 2])
    return tmp_path


def test_duke_is_sorted_by_its_frame_numbers_which_may_skip(duke: Path) -> None:
    data = open_dataset("duke_video", duke)
    assert [str(frame)[-16:-11] for frame in data.train[0].frames] == ["F0002", "F0003", "F0007", "F0010"]
    assert (data.train[0].pid, data.train[0].camid) == (1, 6)
    assert [(t.pid, t.camid) for t in data.trials[0].gallery] == [(2, 1), (2, 3), (7000, 2)]
    assert "withdrawn" in data.notes[0]


def test_the_old_names_of_duke_are_read_too(duke: Path) -> None:
    folder = duke / "train" / "0001" / "0002"
    trees.write(folder / "0001C6F0099X30823.jpg")
    trees.write(folder / "0001C6F0012D30100.jpg")
    found = open_dataset("duke_video", duke).train[1]
    assert (found.pid, found.camid) == (1, 6)
    assert [Path(str(f)).name for f in found.frames] == ["0001C6F0012D30100.jpg", "0001C6F0099X30823.jpg"]


def test_duke_can_be_cut_into_pieces_of_which_the_last_keeps_the_rest(duke: Path) -> None:
    trees.duke(duke, "train", 1, 1, 6, range(1, 8))
    cut = open_dataset("duke_video", duke, pieces="3").train
    shortest = [len(piece) for piece in cut]
    assert shortest == [3, 5], "8 frames: 2, 3, 10, 7 and 1 to 7"


def test_a_duke_tracklet_of_two_cameras_is_refused(duke: Path) -> None:
    trees.duke(duke, "query", 2, 5, 4, [9])
    with pytest.raises(InputError, match=r"mixes cameras \[1, 4\]"):
        open_dataset("duke_video", duke)


@pytest.fixture
def ls_vid(tmp_path: Path) -> Path:
    trees.ls_vid(tmp_path, "train", [("0005/0005_1", 5, 3, 2), ("0005/0005_10", 5, 15, 3)])
    trees.ls_vid(tmp_path, "test", [("0001/0001_1", 1, 2, 2), ("0001/0001_2", 1, 4, 1), ("0009/0009_1", 9, 2, 2)])
    (tmp_path / "test").mkdir()
    np.save(tmp_path / "test" / "query.npy", np.array([[1, 3]]))
    return tmp_path


def test_a_prefix_of_ls_vid_does_not_take_its_longer_neighbours(ls_vid: Path) -> None:
    data = open_dataset("ls_vid", ls_vid)
    assert [(t.pid, t.camid, len(t)) for t in data.train] == [(5, 3, 2), (5, 15, 3)]


def test_the_queries_of_ls_vid_count_from_one_and_its_gallery_is_all(ls_vid: Path) -> None:
    trial = open_dataset("ls_vid", ls_vid).trials[0]
    assert [t.pid for t in trial.query] == [1, 9]
    assert len(trial.gallery) == 3
    assert trial.query[1] is trial.gallery[2]


def test_another_number_of_tracklets_than_ls_vid_has_is_said(ls_vid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "not the official LS-VID: (2, 3, 2) of (2831, 11333, 3504) (train, test, queries)"
    assert told in open_dataset("ls_vid", ls_vid).notes
    monkeypatch.setattr("trainer.datasets.ls_vid.OFFICIAL", (2, 3, 2))
    assert not any("official" in note for note in open_dataset("ls_vid", ls_vid).notes)


def test_queries_of_ls_vid_may_lie_in_info(ls_vid: Path) -> None:
    (ls_vid / "info").mkdir()
    (ls_vid / "test" / "query.npy").rename(ls_vid / "info" / "query.npy")
    assert len(open_dataset("ls_vid", ls_vid).trials[0].query) == 2


def test_lists_and_queries_of_ls_vid_may_both_lie_in_info(ls_vid: Path) -> None:
    plain = open_dataset("ls_vid", ls_vid)
    (ls_vid / "info" / "data").mkdir(parents=True)
    (ls_vid / "list_sequence").rename(ls_vid / "info" / "list_sequence")
    (ls_vid / "test" / "query.npy").unlink()
    trees.matlab_7_3(ls_vid / "info" / "data" / "info_test.mat", query=np.array([[1.0], [3.0]]))
    data = open_dataset("ls_vid", ls_vid)
    assert [t.name for t in data.train] == [t.name for t in plain.train]
    assert [[t.name for t in side] for side in (data.trials[0].query, data.trials[0].gallery)] == [
        [t.name for t in side] for side in (plain.trials[0].query, plain.trials[0].gallery)
    ]


def test_the_queries_of_ls_vid_s_validation_may_lie_beside_those_of_its_test(ls_vid: Path) -> None:
    trees.ls_vid(ls_vid, "val", [("0020/0020_1", 20, 1, 1), ("0020/0020_2", 20, 2, 1)])
    (ls_vid / "test" / "data").mkdir()
    trees.matlab_7_3(ls_vid / "test" / "data" / "info_val.mat", query=np.array([[2.0]]))
    (trial,) = open_dataset("ls_vid", ls_vid, part="val").trials
    assert [t.name for t in trial.query] == ["tracklet_val/0020/0020_2"]


def test_ls_vid_without_lists_is_refused(ls_vid: Path) -> None:
    (ls_vid / "list_sequence" / "list_seq_train.txt").unlink()
    with pytest.raises(InputError, match=r"list_sequence/list_seq_train.txt is missing"):
        open_dataset("ls_vid", ls_vid)
    shutil.rmtree(ls_vid / "list_sequence")
    with pytest.raises(InputError, match="has no folder list_sequence"):
        open_dataset("ls_vid", ls_vid)


def test_the_queries_of_ls_vid_are_read_from_a_matlab_7_3_file(ls_vid: Path) -> None:
    (ls_vid / "test" / "query.npy").unlink()
    (ls_vid / "test" / "data").mkdir()
    trees.matlab_7_3(ls_vid / "test" / "data" / "info_test.mat", query=np.array([[1.0], [3.0]]))
    assert [t.pid for t in open_dataset("ls_vid", ls_vid).trials[0].query] == [1, 9]


@pytest.mark.parametrize(("rows", "sentence"), [([0, 1], "name rows 0 to 1 of 3"), ([4], "name rows 4 to 4 of 3")])
def test_queries_outside_the_list_are_refused(ls_vid: Path, rows: list[int], sentence: str) -> None:
    np.save(ls_vid / "test" / "query.npy", np.array(rows))
    with pytest.raises(InputError, match=sentence):
        open_dataset("ls_vid", ls_vid)


def test_a_tracklet_of_ls_vid_without_pictures_is_named(ls_vid: Path) -> None:
    shutil.rmtree(ls_vid / "tracklet_test" / "0009")
    with pytest.raises(InputError, match=r"no picture begins with .*0009_1"):
        open_dataset("ls_vid", ls_vid)


@pytest.fixture
def market(tmp_path: Path) -> Path:
    for part, names in {
        "bounding_box_train": ["0002_c1s1_000451_03.jpg", "0007_c2s1_000001_01.jpg"],
        "query": ["0001_c1s1_001051_00.jpg"],
        "bounding_box_test": ["-1_c1s1_000401_03.jpg", "0000_c1s1_000151_01.jpg", "0001_c2s1_000301_00.jpg"],
    }.items():
        for name in names:
            trees.write(tmp_path / part / name)
    (tmp_path / "bounding_box_test" / "Thumbs.db").write_bytes(b"")
    return tmp_path


def test_market_drops_junk_and_keeps_distractors(market: Path) -> None:
    data = open_dataset("market1501", market)
    assert [(t.pid, t.camid, len(t)) for t in data.train] == [(2, 1, 1), (7, 2, 1)]
    assert [t.pid for t in data.trials[0].gallery] == [DISTRACTOR, 1]


def test_market_refuses_junk_among_the_queries(market: Path) -> None:
    trees.write(market / "query" / "-1_c1s1_001051_00.jpg")
    with pytest.raises(InputError, match="junk or a distractor"):
        open_dataset("market1501", market)


def test_labels_do_not_depend_on_the_order_of_tracklets() -> None:
    some = [trees.in_memory(pid, 1) for pid in (9, 3, 9, 700)]
    assert labels_of(some).tolist() == [1, 0, 1, 2]
    assert labels_of(some[::-1]).tolist() == [2, 1, 0, 1]


@pytest.mark.parametrize("name", [name for name in dataset_names() if name != "world"])
def test_every_missing_set_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(Exception, match=r"there is no (folder|case)"):
        open_dataset(name, tmp_path / "nowhere")


def test_wrong_names_and_options_say_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no data set 'mras'; there are .*mars"):
        open_dataset("mras", tmp_path)
    with pytest.raises(UsageError, match="prid2011 has no option 'min_frame'; its options are min_frames, split, seed"):
        open_dataset("prid2011", tmp_path, min_frame=3)
    with pytest.raises(UsageError, match="seed is at least 0, got '-1'"):
        open_dataset("prid2011", tmp_path, seed="-1")
    with pytest.raises(UsageError, match="min_frames is a number, got 'many'"):
        open_dataset("prid2011", tmp_path, min_frames="many")


def test_a_world_of_other_numbers_is_refused_in_words(tmp_path: Path) -> None:
    parts = ["train", "query", "gallery"]
    made = {"kind": "sequences", "spec": asdict(sequences.Spec(4, 6, 5)), "parts": parts}
    (tmp_path / "world.json").write_text(json.dumps(made))
    with pytest.raises(InputError) as refused:
        open_dataset("world", tmp_path, people="2", seed="5", size="128x64")
    assert str(refused.value) == (
        f"{tmp_path} was made with people 4, size 256x128, not with people 2, size 128x64; "
        "name another folder, or read it as it is with people=0"
    )
    (tmp_path / "world.json").write_text("[")
    with pytest.raises(InputError, match="does not say how its folder was made"):
        open_dataset("world", tmp_path)


def test_a_world_is_made_where_it_is_not_there_and_read_as_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[sequences.Spec] = []

    def write(root: Path, spec: sequences.Spec) -> None:
        asked.append(spec)
        for part, people in (("train", ["00000"]), ("query", ["00001"]), ("gallery", ["00001"])):
            trees.folder(root / part, people, ["c00", "c01"])

    monkeypatch.setattr(sequences, "write", write)
    data = open_dataset("world", tmp_path, people="2", cameras="2", size="128x64", seed=5)
    assert asked == [sequences.Spec(2, 2, 5, size=(128, 64))]
    assert (data.name, data.identities, len(data.trials[0].query)) == ("world", 1, 2)
    assert len(open_dataset("world", tmp_path, people=0).train) == 2
    assert len(asked) == 1
    with pytest.raises(UsageError, match="size is 256x128 or 128x64, got big"):
        open_dataset("world", tmp_path, size="big")
