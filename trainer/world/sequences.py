"""Re-identification sequences: the same people before several cameras, cropped as a detector would crop them.

    ROOT/{train,query,gallery}/<pid>/<camera>/<tracklet>/<frame>.jpg

People of train never appear in query or gallery. Everything about a tracklet comes from the seed and its own numbers,
so the files do not depend on how many processes make them, and a folder that is there already is left as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import InputError, UsageError
from trainer.world import preview
from trainer.world.filming import Rig, filmed, rig
from trainer.world.parallel import mapped, pool
from trainer.world.people import Person, lookalike, person
from trainer.world.progress import Progress

PARTS = ("train", "query", "gallery")
SIZES = {"256x128": (256, 128), "128x64": (128, 64)}
JPEG_QUALITY = 94
RECORD = "world.json"
HALF_FLOAT_TOP = 6e4  # the sky is farther than half floats reach


@dataclass(frozen=True, slots=True)
class Spec:
    """What to make.

    people, cameras: how many; seed: of everything; tracklets: a person and camera; frames: a tracklet
    size: (height, width) of a crop in pixels; lookalikes: share of people who wear somebody else's outfit
    seen_by: how many cameras see each person, at most ``cameras``
    """

    people: int
    cameras: int
    seed: int
    tracklets: int = 1
    frames: int = 8
    size: tuple[int, int] = (256, 128)
    lookalikes: float = 0.2
    seen_by: int = 4

    def __post_init__(self) -> None:
        wrong = [
            f"{name} is {value}, expected at least 1"
            for name in ("people", "cameras", "tracklets", "frames", "seen_by")
            if (value := getattr(self, name)) < 1
        ]
        if not 0 <= self.lookalikes <= 1:
            wrong.append(f"lookalikes is {self.lookalikes}, expected a share from 0 to 1")
        if self.seed < 0:
            wrong.append(f"seed is {self.seed}, expected 0 or more")
        if min(self.size) < 16:
            wrong.append(f"size is {self.size}, expected at least 16 pixels a side")
        if wrong:
            raise UsageError("; ".join(wrong))


@dataclass(frozen=True, slots=True)
class Tracklet:
    """One pass of a person before a camera.

    frames: (T, H, W, 3) BGR uint8; visible: (T,) share of the person that nothing hides
    """

    identity: int
    camera: int
    number: int
    frames: NDArray[np.uint8]
    visible: NDArray[np.float32]


def somebody(spec: Spec, identity: int) -> Person:
    """Who an identity is; a share of them are look-alikes of the identity before."""
    rng = np.random.default_rng([spec.seed, identity, 21])
    before = np.random.default_rng([spec.seed, identity - 1, 21]).random() if identity else 0.0
    copies = identity > 0 and rng.random() < spec.lookalikes and not before < spec.lookalikes
    if copies:
        return lookalike(person(_seed_of(spec, identity - 1)), identity)
    return person(_seed_of(spec, identity))


def _seed_of(spec: Spec, identity: int) -> int:
    return int(np.random.default_rng([spec.seed, identity, 20]).integers(1, 2**31))


def cameras_of(spec: Spec, identity: int) -> list[int]:
    """The cameras that see an identity, in order."""
    rng = np.random.default_rng([spec.seed, identity, 24])
    count = min(spec.seen_by, spec.cameras)
    return sorted(int(c) for c in rng.choice(spec.cameras, count, replace=False))


def rendered(spec: Spec, identity: int, rigs: Sequence[Rig]) -> Iterator[Tracklet]:
    """Every tracklet of one identity, camera by camera, from ``rigs`` (one a camera); nothing touches the disk."""
    who = somebody(spec, identity)
    for camera in cameras_of(spec, identity):
        for number in range(spec.tracklets):
            yield film(spec, who, rigs[camera], (identity, camera, number))


def film(spec: Spec, who: Person, before: Rig, numbers: tuple[int, int, int]) -> Tracklet:
    """One tracklet; ``numbers`` are identity, camera and tracklet, and with the spec's seed they decide everything."""
    rng = np.random.default_rng([spec.seed, *numbers, 25])
    return Tracklet(*numbers, *filmed(who, before, spec.frames, spec.size, rng))


def films(spec: Spec, identities: Iterable[int], *, workers: int = 0, say: bool = True) -> Iterator[Tracklet]:
    """Every tracklet of the identities, in order, made by ``workers`` processes (0: one a processor), not on disk.

    Frames are (T, H, W, 3) BGR uint8. The empty views are made first, then kept in a temporary folder that the
    processes share; it is gone when the iterator ends.
    """
    with _studio(spec, workers, say) as (studio, executor, ahead):
        wanted = list(identities)
        progress = Progress("sequences", len(wanted))
        for tracklets in mapped(executor, _all_of, [(studio, identity) for identity in wanted], ahead):
            yield from tracklets
            if say:
                progress.step()


def write(root: Path, spec: Spec, parts: Sequence[str] = PARTS, *, workers: int = 0, say: bool = True) -> int:
    """Write the folder layout under ``root``; tracklets that are there stay. Returns how many tracklets it holds.

    Raises UsageError for parts that do not go together, InputError for a folder made with another spec.
    """
    given = [part for part in PARTS if part in parts]
    if not given or set(parts) - set(PARTS):
        raise UsageError(f"parts are {', '.join(parts) or 'none'}; expected some of {', '.join(PARTS)}")
    if ("query" in given) != ("gallery" in given):
        raise UsageError("query and gallery belong together: ask for both or for train alone")
    if "query" in given and min(spec.seen_by, spec.cameras) * spec.tracklets < 2:
        raise UsageError("a query needs a gallery: at least two tracklets a person, of cameras or of --tracklets")
    _recorded(root, spec, given)
    total = 0
    with _studio(spec, workers, say) as (studio, executor, ahead):
        progress = Progress("sequences", spec.people)
        jobs = [(studio, root, identity, tuple(given)) for identity in range(spec.people)]
        for count in mapped(executor, _write_one, jobs, ahead):
            total += count
            if say:
                progress.step()
        if say:
            progress.done()
    return total


def part_of(spec: Spec, parts: Sequence[str], numbers: tuple[int, int, int]) -> str:
    """Where a tracklet (identity, camera, number) goes: the first half of the people to train if others are wanted too.

    Of the rest, the first tracklet before each camera is a query where a person has several a camera; else the one
    before a camera of their own choosing.
    """
    identity, camera, number = numbers
    if "query" not in parts:
        return "train"
    if "train" in parts and identity < (spec.people + 1) // 2:
        return "train"
    if spec.tracklets > 1:
        return "query" if number == 0 else "gallery"
    cameras = cameras_of(spec, identity)
    return "query" if camera == cameras[_seed_of(spec, identity) % len(cameras)] else "gallery"


def _recorded(root: Path, spec: Spec, parts: Sequence[str]) -> None:
    """Write down what the folder holds, or make sure that it holds just that."""
    known = {"kind": "sequences", "spec": json.loads(json.dumps(asdict(spec))), "parts": list(parts)}
    path = root / RECORD
    if path.exists():
        try:
            before = json.loads(path.read_text("utf-8"))
            was, now = ({**one["spec"], "parts": one["parts"]} for one in (before, known))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} does not say how its folder was made; name another folder") from error
        if differ := [name for name in sorted({*was, *now}) if was.get(name) != now.get(name)]:
            words = [", ".join(f"{name} {_words(one.get(name))}" for name in differ) for one in (was, now)]
            raise InputError(f"{root} was made with {words[0]}, not with {words[1]}; name another folder")
    elif root.exists() and any(root.iterdir()):
        raise InputError(f"{root} is not empty and holds no {RECORD}; name a new folder")
    root.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known) + "\n", "utf-8")


def _words(value: object) -> str:
    """A number of a spec, its size or its parts."""
    if not isinstance(value, list):
        return str(value)
    return " and ".join(value) if all(isinstance(one, str) for one in value) else "x".join(map(str, value))


@dataclass(frozen=True, slots=True)
class _Studio:
    """What a process needs to film: the spec, the rigs without their pictures, and the folder that holds those."""

    spec: Spec
    bare: tuple[Rig, ...]
    folder: Path

    def rigs(self) -> list[Rig]:
        """Rigs whose pictures are read from the folder as they are needed."""
        pictures = _opened(self.folder, len(self.bare))
        return [
            replace(one, backdrop=(picture[..., :3], picture[..., 3:6], picture[..., 6]))
            for one, picture in zip(self.bare, pictures, strict=True)
        ]


@lru_cache(maxsize=1)
def _opened(folder: Path, count: int) -> tuple[NDArray[np.float16], ...]:
    return tuple(np.load(folder / f"{number}.npy", mmap_mode="r") for number in range(count))


@contextmanager
def _studio(spec: Spec, workers: int, say: bool) -> Iterator[tuple[_Studio, Executor | None, int]]:
    """The studio of a spec, processes for it, and how many jobs to keep waiting for them."""
    count = workers or len(os.sched_getaffinity(0))
    folder = Path(tempfile.mkdtemp(prefix="world-"))
    try:
        with pool(count) as executor:
            progress = Progress("cameras", spec.cameras)
            bare = []
            jobs = [(spec.seed, number, folder) for number in range(spec.cameras)]
            for made in mapped(executor, _make_rig, jobs, 2 * count):
                bare.append(made)
                if say:
                    progress.step()
            if say:
                progress.done()
            yield _Studio(spec, tuple(bare), folder), executor, 4 * count
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_rig(job: tuple[int, int, Path]) -> Rig:
    """The rig without its pictures, which go to the folder as half floats: rgb, sun, depth."""
    seed, number, folder = job
    made = rig(seed, number)
    rgb, sun, depth = made.backdrop
    whole = np.minimum(np.concatenate([rgb, sun, depth[..., None]], axis=2), HALF_FLOAT_TOP)
    np.save(folder / f"{number}.npy", whole.astype(np.float16))
    nothing = np.zeros((0, 0, 3), np.float32)
    return replace(made, backdrop=(nothing, nothing, nothing[..., 0]))


def _all_of(job: tuple[_Studio, int]) -> list[Tracklet]:
    studio, identity = job
    return list(rendered(studio.spec, identity, studio.rigs()))


def _write_one(job: tuple[_Studio, Path, int, tuple[str, ...]]) -> int:
    """Write what is missing of one identity; a tracklet's folder appears whole or not at all."""
    studio, root, identity, parts = job
    spec, rigs, count = studio.spec, studio.rigs(), 0
    who = somebody(spec, identity)
    for camera in cameras_of(spec, identity):
        for number in range(spec.tracklets):
            part = part_of(spec, parts, (identity, camera, number))
            folder = root / part / f"{identity:05}" / f"c{camera:02}" / f"t{number:02}"
            count += 1
            if folder.exists():
                continue
            _save(folder, film(spec, who, rigs[camera], (identity, camera, number)).frames)
    return count


def _save(folder: Path, frames: NDArray[np.uint8]) -> None:
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for number, frame in enumerate(frames):
        _, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        (unfinished / f"{number:03}.jpg").write_bytes(data.tobytes())  # imwrite is silent about a full disk
    unfinished.rename(folder)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of ``python -m trainer world sequences``."""
    parser.add_argument(
        "out", type=Path, help="folder to write: OUT/{train,query,gallery}/<person>/<camera>/<tracklet>"
    )
    parser.add_argument("--people", type=int, required=True, metavar="N")
    parser.add_argument("--cameras", type=int, required=True, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="the same seed makes the same files")
    parser.add_argument("--tracklets", type=int, default=1, metavar="N", help="a person and camera (default 1)")
    parser.add_argument("--frames", type=int, default=8, metavar="N", help="a tracklet (default 8)")
    parser.add_argument("--seen-by", type=int, default=4, metavar="N", help="cameras that see a person (default 4)")
    parser.add_argument("--size", choices=tuple(SIZES), default="256x128", help="pixels of a crop, height x width")
    parser.add_argument(
        "--lookalikes", type=float, default=0.2, metavar="SHARE", help="of people, 0 to 1 (default 0.2)"
    )
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS), help="default all three")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes (default one a processor)")
    parser.add_argument("--preview", action="store_true", help="also write preview.jpg, a sheet of 64 crops")


def run(given: argparse.Namespace) -> str:
    """Make what the words ask for; returns a line that says what was made."""
    spec = Spec(
        people=given.people,
        cameras=given.cameras,
        seed=given.seed,
        tracklets=given.tracklets,
        frames=given.frames,
        size=SIZES[given.size],
        lookalikes=given.lookalikes,
        seen_by=given.seen_by,
    )
    if given.workers < 0:
        raise UsageError(f"workers is {given.workers}, expected 0 or more")
    count = write(given.out, spec, given.part, workers=given.workers)
    if given.preview:
        preview.write(given.out)
    return f"{count} tracklets of {spec.people} people before {spec.cameras} cameras in {given.out}"
