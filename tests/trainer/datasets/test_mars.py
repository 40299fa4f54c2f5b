"""MARS: every trap of its lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from reid_engine.errors import InputError
from tests.trainer import trees
from trainer.datasets import open_dataset

TRAIN: list[trees.Row] = [("0007", 1, 1, 2), ("0007", 2, 2, 3), ("0003", 6, 1, 1)]
TEST: list[trees.Row] = [
    ("00-1", 1, 1, 2),
    ("0000", 3, 1, 2),
    ("0002", 1, 1, 2),
    ("0002", 1, 2, 1),
    ("0002", 5, 3, 2),
    ("0004", 2, 1, 3),
    ("0004", 3, 2, 2),
]
QUERIES = [3, 7]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return trees.mars(tmp_path, TRAIN, TEST, QUERIES)


def test_lists_count_lines_from_one_and_include_the_last(root: Path) -> None:
    data = open_dataset("mars", root)
    assert [(t.pid, t.camid, len(t), t.name) for t in data.train] == [
        (7, 1, 2, "0007C1T0001"),
        (7, 2, 3, "0007C2T0002"),
        (3, 6, 1, "0003C6T0001"),
    ]
    assert [Path(str(f)).name for f in data.train[1].frames] == [f"0007C2T0002F00{n}.jpg" for n in (1, 2, 3)]
    assert all(Path(str(f)).is_file() for t in data.train for f in t.frames)


def test_the_gallery_is_all_but_junk_and_the_queries_are_part_of_it(root: Path) -> None:
    trial = open_dataset("mars", root).trials[0]
    assert [t.name for t in trial.query] == ["0002C1T0001", "0004C3T0002"]
    assert [t.name for t in trial.gallery] == [
        "0000C3T0001", "0002C1T0002", "0002C5T0003", "0004C2T0001", "0002C1T0001", "0004C3T0002",
    ]  # fmt: skip
    assert trial.gallery[0].pid == 0
    assert trial.query[0] is trial.gallery[4]


def test_a_query_number_of_zero_does_not_wrap_around(root: Path) -> None:
    savemat(root / "info" / "query_IDX.mat", {"query_IDX": np.array([[0, 1]], np.uint16)})
    with pytest.raises(InputError, match="query_IDX"):
        open_dataset("mars", root)


def test_doubled_folders_are_the_same_set(tmp_path: Path, root: Path) -> None:
    for part in ("bbox_train", "bbox_test"):
        (root / part).rename(root / "moved")
        (root / part).mkdir()
        (root / "moved").rename(root / part / part)
    data = open_dataset("mars", root)
    assert len(data.train) == 3
    assert "bbox_test/bbox_test" in str(data.trials[0].query[0].frames[0])


def test_without_its_lists_the_set_is_read_from_names_and_that_is_said(tmp_path: Path) -> None:
    data = open_dataset("mars", trees.mars(tmp_path, TRAIN, TEST, QUERIES, info=False))
    assert [(t.pid, t.camid, len(t)) for t in data.train] == [(3, 6, 1), (7, 1, 2), (7, 2, 3)]
    trial = data.trials[0]
    assert [t.name for t in trial.query] == ["0002C1T0001", "0002C5T0003", "0004C2T0001", "0004C3T0002"]
    assert {t.pid for t in trial.gallery} == {0, 2, 4}
    assert "no info folder" in data.notes[0]


def test_a_set_that_is_not_the_official_one_is_said(root: Path) -> None:
    assert "(3, 7, 2) of (8298, 12180, 1980)" in open_dataset("mars", root).notes[0]


def test_a_half_unpacked_set_names_what_is_missing(root: Path) -> None:
    (root / "bbox_test" / "0004" / "0004C2T0001F002.jpg").unlink()
    with pytest.raises(InputError, match=r"1 of the 14 pictures .* are missing, 0004/0004C2T0001F002.jpg first"):
        open_dataset("mars", root)


def test_lists_of_another_release_are_refused(root: Path) -> None:
    names = (root / "info" / "train_name.txt").read_text().split()
    (root / "info" / "train_name.txt").write_text("\n".join([*names[1:], names[0]]))
    with pytest.raises(InputError, match="another release"):
        open_dataset("mars", root)


def test_a_list_that_is_too_short_is_refused(root: Path) -> None:
    (root / "info" / "test_name.txt").write_text("0002C1T0001F001.jpg\n")
    with pytest.raises(InputError, match="has 1 lines, but a tracklet ends at line 14"):
        open_dataset("mars", root)


@pytest.mark.parametrize("missing", ["tracks_train_info.mat", "query_IDX.mat", "train_name.txt"])
def test_a_missing_list_is_named(root: Path, missing: str) -> None:
    (root / "info" / missing).unlink()
    with pytest.raises(InputError, match=missing):
        open_dataset("mars", root)
