"""Pixels and batches: decoded once or every time, by few threads or many, from the start or the middle: the same."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from reid_engine.errors import InputError
from reid_engine.pixels import Preparation
from tests.trainer import trees
from trainer.data import RunData
from trainer.datasets import DataSet, Tracklet, open_dataset
from trainer.loading import Batch, Units
from trainer.pictures import Damage, Decoded, frames_of, stored

SIZE = (32, 16)
SPEC = SimpleNamespace(
    input_size=SIZE, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), resize="bilinear", clip_length=4
)
MODEL = SimpleNamespace(spec=SPEC)
PREPARATION = Preparation.of(SPEC)  # type: ignore[arg-type]
ALONE = SimpleNamespace(rank=0, size=1, device=torch.device("cpu"))


def settings(**changes: object) -> SimpleNamespace:
    usual = {
        "sampler": "identities", "identities": 3, "per_identity": 2, "single_frames": False, "min_frames": 1,
        "clip": "scattered", "flip": 0.5, "crop": True, "erase": 0.5, "erase_area": (0.02, 0.3),
        "erase_aspect": (0.3, 3.3), "erase_fill": "colour", "relight": 0.0,
    }  # fmt: skip
    return SimpleNamespace(**usual | changes)


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return open_dataset("folder", trees.folder(tmp_path, [str(n) for n in range(1, 8)], frames=6))


def batches(
    run: RunData, first: int = 0, epoch: int = 0, world: SimpleNamespace = ALONE, **changes: object
) -> list[Batch]:
    return list(run.batches(settings(**changes), MODEL, world).epoch(epoch, first))  # type: ignore[arg-type]


def same(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        torch.equal(a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True)
    )


def test_a_batch_has_clips_classes_cameras_and_places(data: DataSet) -> None:
    batch = batches(RunData(data))[0]
    assert batch.clips.shape == (6, 4, 3, *SIZE)
    assert batch.clips.dtype == torch.float32
    for pid, camid, index in zip(batch.pids, batch.camids, batch.indices, strict=True):
        tracklet = data.train[index]
        assert (int(pid) + 1, int(camid)) == (tracklet.pid, tracklet.camid)


def test_clips_do_not_depend_on_threads_or_on_where_the_pixels_are_kept(data: DataSet, tmp_path: Path) -> None:
    one = batches(RunData(data, threads=1, frames="none"))
    assert len(one) == 2
    assert same(one, batches(RunData(data, threads=4, frames="none")))
    assert same(one, batches(RunData(data, threads=3, frames="memory")))
    assert same(one, batches(RunData(data, threads=2, frames="file", folder=tmp_path)))


def test_an_epoch_may_begin_at_any_batch(data: DataSet) -> None:
    run = RunData(data)
    everything = batches(run, sampler="cameras", identities=2)
    assert len(everything) == 3
    for first in range(4):
        assert same(everything[first:], batches(run, first, sampler="cameras", identities=2))
    assert not same(everything, batches(run, epoch=1, sampler="cameras", identities=2))


def test_processes_make_the_clips_that_one_would(data: DataSet) -> None:
    alone = batches(RunData(data, seed=3), identities=4)
    parts = [
        batches(RunData(data, seed=3), identities=4, world=SimpleNamespace(rank=r, size=2, device=torch.device("cpu")))
        for r in (0, 1)
    ]
    both = [Batch(*(torch.cat(pair) for pair in zip(*two, strict=True))) for two in zip(*parts, strict=True)]
    assert same(alone, both)


def test_seeds_differ(data: DataSet) -> None:
    assert not same(batches(RunData(data)), batches(RunData(data, seed=1)))


def test_single_frames_are_tracklets_of_their_own(data: DataSet) -> None:
    found = batches(RunData(data), single_frames=True, sampler="shuffle", identities=7, per_identity=4)
    assert [batch.clips.shape[:2] for batch in found] == [(28, 1)] * 3
    assert sorted(torch.cat([batch.indices for batch in found]).tolist()) == sorted(list(range(14)) * 6)


def test_tracklets_that_are_too_short_are_left_out() -> None:
    some = [trees.in_memory(1, 1, 9), trees.in_memory(1, 2, 3), trees.in_memory(2, 1, 8)]
    assert Units.of(some, min_frames=8).tracklet.tolist() == [0, 2]
    with pytest.raises(InputError, match="no training tracklet of at least 20 frames"):
        batches(RunData(DataSet("x", tuple(some), ())), min_frames=20)


def test_in_memory_and_encoded_pictures_serve_as_well_as_files(tmp_path: Path) -> None:
    file = trees.write(tmp_path / "a.png", 50)
    pixels = trees.picture(50)
    for frames in ([str(file)], [file.read_bytes()], pixels[None]):
        tracklet = Tracklet(1, 1, frames, "t")
        found = frames_of(tracklet, PREPARATION, Damage())
        assert np.array_equal(found[0], PREPARATION.resized(pixels))


def test_a_tracklet_of_one_frame_fills_its_clip() -> None:
    data = DataSet("x", tuple(trees.in_memory(pid, 1, 1) for pid in (1, 2, 3)), ())
    batch = batches(RunData(data), flip=0.0, crop=False, erase=0.0)[0]
    assert torch.equal(batch.clips[:, :1].expand(-1, 4, -1, -1, -1), batch.clips)


def test_a_broken_picture_is_named_counted_and_replaced_by_its_neighbour(tmp_path: Path) -> None:
    files = [str(trees.write(tmp_path / f"{n}.jpg", 30 * n)) for n in range(30)]
    whole = Path(files[3]).read_bytes()
    Path(files[3]).write_bytes(b"no picture")
    Path(files[4]).write_bytes(b"")
    Path(files[29]).unlink()
    damage = Damage(most=0.2)
    found = frames_of(Tracklet(1, 1, files, "t"), PREPARATION, damage)
    assert np.array_equal(found[3], found[2])
    assert np.array_equal(found[4], found[5])
    assert np.array_equal(found[29], found[28])
    assert list(damage.names) == [files[3], files[4], files[29]]
    assert damage.sentence().startswith(f"3 of 30 pictures cannot be decoded, {files[3]} first")
    Path(files[3]).write_bytes(whole)
    assert not np.array_equal(frames_of(Tracklet(1, 1, files, "t"), PREPARATION, damage)[3], found[2])


@pytest.mark.parametrize("frames", ["none", "memory"])
def test_above_a_share_of_broken_pictures_the_work_stops(tmp_path: Path, data: DataSet, frames: str) -> None:
    for file in sorted(tmp_path.rglob("00[01].jpg")):
        file.write_bytes(b"broken")
    run = RunData(data, frames=frames)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"pictures cannot be decoded, .*jpg first: more than 1.0%"):
        [batches(run, epoch=epoch) for epoch in range(5)]


def test_a_tracklet_without_a_whole_picture_is_named(tmp_path: Path) -> None:
    files = [str(tmp_path / "gone.jpg")]
    with pytest.raises(InputError, match=r"no picture of t can be decoded, .*gone.jpg first"):
        Decoded([Tracklet(1, 1, files, "t")], PREPARATION, 1).clips([(0, np.array([0, 0]))])


def test_decoding_once_says_how_far_it_is() -> None:
    heard: list[dict[str, object]] = []

    class Ear:
        def event(self, kind: str, **fields: object) -> None:
            heard.append(fields)

    from reid_engine.jobs import JobControl

    kept = stored([trees.in_memory(1, 1), trees.in_memory(2, 1, 6)], PREPARATION, threads=2, control=JobControl(Ear()))
    assert kept.pixels.shape == (10, *SIZE, 3)
    assert kept.starts.tolist() == [0, 4, 10]
    assert heard[-1] == {"stage": "decode", "done": 10, "total": 10}
