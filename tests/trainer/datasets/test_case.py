"""A case's decisions as a data set."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_engine.case import Case
from reid_engine.errors import InputError
from tests.support.cases import gallery
from trainer.datasets import DataSet, open_dataset
from trainer.datasets.case import identities


def decided(folder: Path, people: int, *, more: list[tuple[int, int, str]] | None = None) -> DataSet:
    """Tracklets 2n and 2n + 1 are confirmed to be person n; ``more``: (tracklet, tracklet, verdict) by place."""
    made = gallery(folder)
    ids = [made.put(camera, person) for person in range(people + 2) for camera in ("yard", "door")]
    made.store.close()
    with Case.open(folder) as case:
        for person in range(people):
            case.decide(ids[2 * person], ids[2 * person + 1], "same")
        for one, other, verdict in more or []:
            case.decide(ids[one], ids[other], verdict)  # type: ignore[arg-type]
    return open_dataset("case", folder)


def test_confirmed_chains_are_identities() -> None:
    same, different = [(4, 5), (1, 2), (2, 5), (8, 9)], [(5, 8), (3, 9)]
    assert identities(same, different) == {1: 1, 2: 1, 4: 1, 5: 1, 8: 8, 9: 8, 3: 3}


def test_people_are_split_and_nobody_is_on_both_sides(tmp_path: Path) -> None:
    data = decided(tmp_path, 10)
    learned, tested = {t.pid for t in data.train}, {t.pid for t in data.trials[0].query}
    assert (len(learned), len(tested)) == (7, 3)
    assert not learned & tested
    assert data.identities == 7
    assert {t.camid for t in data.train} == {1, 2}
    assert data.trials[0].query == data.trials[0].gallery
    assert decided_again(tmp_path) == [t.name for t in data.train]


def decided_again(folder: Path) -> list[str]:
    return [t.name for t in open_dataset("case", folder).train]


def test_frames_are_the_kept_crops_in_time_each_once(tmp_path: Path) -> None:
    frames = decided(tmp_path, 4).train[0].frames
    assert len(frames) == 2
    assert cv2.imdecode(np.frombuffer(frames[0], np.uint8), cv2.IMREAD_COLOR).shape == (32, 16, 3)


def test_rejected_pairs_are_hard_negatives_and_strangers_join_those_they_were_taken_for(tmp_path: Path) -> None:
    told = [(2 * person, 2 * person + 3, "different") for person in range(9)] + [(0, 20, "different")]
    data = decided(tmp_path, 10, more=told)
    assert data.rejected
    for a, b in data.rejected:
        assert data.train[a].pid != data.train[b].pid
    everyone = {t.name: t.pid for t in (*data.train, *data.trials[0].query)}
    assert len(everyone) == 21, "the stranger is an identity of one tracklet"
    learned = {t.pid for t in data.train}
    assert (everyone["tracklet 21"] in learned) == (everyone["tracklet 1"] in learned)


def test_the_last_word_of_a_pair_counts_in_whichever_order_it_was_asked(tmp_path: Path) -> None:
    data = decided(tmp_path, 5, more=[(1, 0, "different"), (2, 4, "unsure")])
    pids = {t.name: t.pid for t in (*data.train, *data.trials[0].query)}
    assert pids["tracklet 1"] != pids["tracklet 2"]
    assert pids["tracklet 3"] == pids["tracklet 4"] != pids["tracklet 5"]


def test_a_rejection_that_a_chain_contradicts_is_left_out_and_said(tmp_path: Path) -> None:
    data = decided(tmp_path, 5, more=[(1, 2, "same"), (0, 3, "different")])
    assert data.rejected == ()
    assert "1 pairs were rejected, but confirmed by a chain" in data.notes[-1]


def test_too_few_confirmed_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the case has 1 people whom somebody confirmed"):
        decided(tmp_path, 1)
