"""Batches and clips, as the papers' code draws them; everything from its seed and its place."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_engine.errors import InputError, UsageError
from trainer.sampling import (
    CLIPS,
    SAMPLERS,
    BatchSampler,
    Crowd,
    adjacent,
    adjacent_but_last,
    restricted,
    scattered,
    strided,
)


def many(draw: Any, frames: int, length: int, times: int = 400) -> NDArray[np.int64]:
    """(times, length) clips."""
    return np.array([draw(frames, length, np.random.default_rng(seed)) for seed in range(times)])


def test_restricted_draws_from_chunks_and_repeats_the_last_frame_at_the_end() -> None:
    found = many(restricted, 17, 8)
    chunks = [{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {9, 10, 11}, {12, 13, 14}, {15, 16}, {16}, {16}]
    assert [set(column.tolist()) for column in found.T] == chunks
    share = (found[:, 5] == 15).mean()
    assert 0.25 < share < 0.42, "its chunk is 15, 16, 16"


def test_restricted_extends_a_short_tracklet_by_its_last_frame() -> None:
    assert restricted(3, 5, np.random.default_rng(0)).tolist() == [0, 1, 2, 2, 2]


def test_strided_takes_every_eighth_frame_from_any_start() -> None:
    found = many(strided, 40, 4, 2000)
    assert (np.diff(found) == 8).all()
    assert set(found[:, 0].tolist()) == set(range(16)), "0 to n - 25"
    assert set(many(strided, 32, 4, 300)[:, 0].tolist()) == set(range(8))


@pytest.mark.parametrize("frames", [4, 31])
def test_strided_draws_different_frames_in_order_where_strides_do_not_fit(frames: int) -> None:
    found = many(strided, frames, 4)
    assert (np.diff(found) > 0).all()
    assert set(found.ravel().tolist()) == set(range(frames))


def test_strided_repeats_frames_of_a_very_short_tracklet_in_order() -> None:
    found = many(strided, 3, 4)
    assert (np.diff(found) >= 0).all()
    assert set(found.ravel().tolist()) == {0, 1, 2}


def test_adjacent_frames_begin_anywhere() -> None:
    found = many(adjacent, 11, 8)
    assert (np.diff(found) == 1).all()
    assert set(found[:, 0].tolist()) == {0, 1, 2, 3}
    assert adjacent(8, 8, np.random.default_rng(0)).tolist() == list(range(8))


def test_the_published_gltr_never_begins_at_the_last_place_and_cycles_short_tracklets() -> None:
    assert set(many(adjacent_but_last, 19, 16)[:, 0].tolist()) == {0, 1, 2}
    assert adjacent_but_last(3, 7, np.random.default_rng(0)).tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_scattered_frames_differ_where_there_are_enough() -> None:
    found = many(scattered, 9, 8)
    assert (np.diff(found) > 0).all()
    short = many(scattered, 3, 8)
    assert (np.diff(short) >= 0).all()
    assert set(short.ravel().tolist()) == {0, 1, 2}


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("frames", [1, 2, 8, 100])
def test_every_clip_is_of_the_tracklet_and_follows_from_its_generator(name: str, frames: int) -> None:
    one, again = (CLIPS[name](frames, 8, np.random.default_rng(3)) for _ in range(2))
    assert one.shape == (8,)
    assert one.min() >= 0
    assert one.max() < frames
    assert (one == again).all()


# batches -------------------------------------------------------------------------------------------------------------


def crowd(*tracklets: tuple[int, int], rejected: Any = ()) -> Crowd:
    columns = np.array(tracklets, np.int64)
    return Crowd(columns[:, 0], columns[:, 1], rejected)


def people(count: int, tracklets: int, cameras: int) -> Crowd:
    return crowd(*((pid, number % cameras) for pid in range(count) for number in range(tracklets)))


def drawn(name: str, who: Crowd, p: int, k: int, seed: int = 0) -> NDArray[np.int64]:
    return SAMPLERS[name](who, p, k, np.random.default_rng(seed))


def test_tracklets_are_grouped_by_identity_and_a_rest_waits() -> None:
    who = crowd(*[(0, 0)] * 9, *[(1, 0)] * 4, *[(2, 0)] * 2)
    found = drawn("tracklets", who, 1, 4)
    assert len(found) == 4, "two groups of nine, one of four, two tracklets drawn four times"
    assert all(len(set(who.pids[batch])) == 1 for batch in found)
    of_nine = np.concatenate([batch for batch in found if who.pids[batch[0]] == 0])
    assert len(set(of_nine.tolist())) == 8, "no tracklet twice while there are enough"
    assert {tuple(np.unique(who.pids[batch])) for batch in drawn("tracklets", who, 2, 4)} <= {
        (0,), (0, 1), (0, 2), (1, 2),
    }  # fmt: skip


def test_pairs_are_of_two_cameras_where_there_are_two() -> None:
    who = crowd((0, 0), (0, 1), (0, 1), (1, 5), (1, 5), (2, 0))
    pairs = drawn("pairs", who, 1, 2)
    assert sorted(pairs[:, 0].tolist()) == list(range(6)), "every tracklet once an anchor"
    for anchor, partner in pairs.tolist():
        assert who.pids[anchor] == who.pids[partner]
        if who.pids[anchor] == 0:
            assert who.camids[anchor] != who.camids[partner]
        if who.pids[anchor] == 1:
            assert anchor != partner, "another tracklet of the only camera"
        if who.pids[anchor] == 2:
            assert anchor == partner, "himself, if he has but one"


def test_cameras_uses_every_tracklet_once_until_too_few_people_are_left() -> None:
    who = people(150, 2, 2)
    found = drawn("cameras", who, 10, 2)
    assert found.shape == (15, 20), "iLIDS-VID: 15 batches an epoch"
    assert Counter(found.ravel().tolist()) == Counter(range(300))
    for batch in found:
        assert (who.pids[batch].reshape(10, 2) == who.pids[batch][::2, None]).all()
        assert len(set(who.pids[batch])) == 10
        assert (who.camids[batch][::2] != who.camids[batch][1::2]).all()


def test_cameras_repeats_a_tracklet_only_where_fewer_than_k_are_left() -> None:
    who = crowd((0, 0), (0, 0), (0, 1), (1, 0))
    first = drawn("cameras", who, 2, 2)[0]
    of = {pid: [t for t in first.tolist() if who.pids[t] == pid] for pid in (0, 1)}
    assert of[1] == [3, 3]
    assert len({who.camids[t] for t in of[0]}) == 2
    assert len(drawn("cameras", who, 2, 2)) == 1


def test_identities_are_each_visited_once() -> None:
    who = people(7, 5, 2)
    found = drawn("identities", who, 3, 4)
    assert found.shape == (2, 12)
    visited = who.pids[found].reshape(-1, 4)
    assert (visited == visited[:, :1]).all()
    assert len(set(visited[:, 0].tolist())) == 6
    assert all(len(set(group.tolist())) == 4 for group in found.reshape(-1, 4))


def test_a_shuffle_has_every_tracklet_and_keeps_the_last_short_batch() -> None:
    sampler = BatchSampler("shuffle", people(7, 3, 2), 5, 2)
    batches = sampler.epoch(0)
    assert [len(batch) for batch in batches] == [10, 10]
    assert len({place for batch in batches for place in batch.tolist()}) == 20, "one clip alone has no batch statistics"
    assert [len(batch) for batch in BatchSampler("shuffle", people(9, 3, 2), 5, 2).epoch(0)] == [10, 10, 7]
    two = [BatchSampler("shuffle", people(9, 3, 2), 5, 2, rank=rank, world_size=2).epoch(0) for rank in (0, 1)]
    assert [len(batch) for batch in two[0] + two[1]] == [5] * 4, "processes get as many clips as each other"


@pytest.mark.parametrize("name", ["cameras", "identities"])
def test_people_who_were_told_apart_meet_in_a_batch(name: str) -> None:
    who = people(20, 2, 2)
    told = [(0, 38), (10, 12)]  # tracklets of people 0 and 19, 5 and 6
    plain = sum(_together(drawn(name, who, 2, 2, seed), who, told) for seed in range(20))
    aware = sum(_together(drawn(name, replace(who, rejected=told), 2, 2, seed), who, told) for seed in range(20))
    assert plain < 10
    assert aware >= 18


def _together(batches: NDArray[np.int64], who: Crowd, told: list[tuple[int, int]]) -> int:
    pairs = [{int(who.pids[a]), int(who.pids[b])} for a, b in told]
    return sum(any(pair <= set(who.pids[batch].tolist()) for batch in batches) for pair in pairs)


@pytest.mark.parametrize("name", SAMPLERS)
def test_processes_share_out_what_one_would_take(name: Any) -> None:
    who = people(12, 4, 2)
    alone = BatchSampler(name, who, 4, 2, seed=5)
    shares = [BatchSampler(name, who, 4, 2, seed=5, rank=rank, world_size=2).epoch(3) for rank in (0, 1)]
    whole = [np.concatenate(parts) for parts in zip(*shares, strict=True)]
    assert len(whole) == len(alone.epoch(3)) > 1
    assert all((a == b).all() for a, b in zip(whole, alone.epoch(3), strict=True))


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_goes_on_exactly_where_it_stopped(name: Any) -> None:
    who = people(12, 4, 2)
    through = BatchSampler(name, who, 4, 2, seed=1)
    expected = [batch.tolist() for _ in range(3) for batch in through]
    stopped = BatchSampler(name, who, 4, 2, seed=1)
    begun = [batch.tolist() for batch in islice(stopped, 2)]
    resumed = BatchSampler(name, who, 4, 2, seed=1)
    resumed.load_state_dict(json.loads(json.dumps(stopped.state_dict())))
    assert begun + [batch.tolist() for _ in range(3) for batch in resumed] == expected


@pytest.mark.parametrize("name", SAMPLERS)
def test_epochs_and_seeds_differ(name: Any) -> None:
    who = people(12, 4, 2)
    epochs = [BatchSampler(name, who, 4, 2, seed=seed).epoch(number) for seed, number in ((0, 0), (0, 1), (1, 0))]
    text = [str([batch.tolist() for batch in epoch]) for epoch in epochs]
    assert len(set(text)) == 3


def test_too_few_people_for_a_batch_say_so() -> None:
    with pytest.raises(InputError, match="4 tracklets of 2 people do not fill one batch of 8 x 4"):
        BatchSampler("cameras", people(2, 2, 2), 8, 4)


def test_pairs_are_not_torn_between_processes() -> None:
    with pytest.raises(UsageError, match="cannot be shared out in pairs among 2"):
        BatchSampler("pairs", people(12, 4, 2), 3, 2, world_size=2)
    with pytest.raises(UsageError, match="no sampler 'random'"):
        BatchSampler("random", people(12, 4, 2), 3, 2)  # type: ignore[arg-type]


def test_cameras_of_a_person_differ_whatever_is_drawn() -> None:
    who = crowd((0, 0), (0, 0), (0, 0), (0, 1), (1, 0), (1, 2), (1, 2), (1, 2))
    for seed in range(30):
        first = drawn("cameras", who, 2, 2, seed)[0].reshape(2, 2)
        assert all(who.camids[a] != who.camids[b] for a, b in first)


def test_partners_are_drawn_from_all_and_groups_in_any_order() -> None:
    who = crowd((0, 0), (0, 1), (0, 1), (0, 1))
    partners = {int(b) for seed in range(30) for a, b in drawn("pairs", who, 1, 2, seed) if a == 0}
    assert partners == {1, 2, 3}
    firsts = {int(drawn("tracklets", people(6, 4, 2), 1, 4, seed)[0, 0]) // 4 for seed in range(40)}
    assert len(firsts) > 3
