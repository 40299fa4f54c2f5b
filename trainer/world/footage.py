"""Recordings of a site: one H.264 MP4 a camera, named as recorders do, with truth.csv and plan.json beside them.

Pictures are made in as many processes as wanted; every picture has its own random stream, so the files are the same
bytes whatever their number.
"""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.world.cameras import burn_clock
from trainer.world.composite import Seen, Stage, compose, stage
from trainer.world.mp4 import Mp4
from trainer.world.parallel import mapped, pool
from trainer.world.places import Backdrop
from trainer.world.progress import Progress
from trainer.world.scene import Site, Tracks, Wanted, cast, site, walk

Bgr = NDArray[np.uint8]
BLOCK = 8  # pictures that one task makes
STREAM = 13
TRUTH_COLUMNS = ("camera", "frame", "person", "x1", "y1", "x2", "y2", "visible")


@dataclass(frozen=True, slots=True)
class Order:
    """What to record. start: true time of the first picture; bitrate: bits a second, or None for even quality."""

    wanted: Wanted
    people: int
    seconds: float
    seed: int
    fps: int = 25
    bitrate: int | None = None
    lookalikes: int = 0
    start: datetime = datetime(2026, 11, 3, 14, 2, 11, tzinfo=UTC)

    @property
    def frames(self) -> int:
        """Pictures of each recording."""
        return round(self.seconds * self.fps)


def record(order: Order, out: Path, *, workers: int | None = None, progress: Progress | None = None) -> None:
    """Write the recordings, ``truth.csv`` and ``plan.json`` into the folder ``out``."""
    where = site(order.seed, order.wanted)
    said = progress or Progress("footage", len(where.cameras) * (order.frames + BLOCK))
    with ExitStack() as stack:
        stages = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="world-")))
        executor = stack.enter_context(pool(workers or os.cpu_count() or 1))
        for _ in mapped(executor, _save_stage, [(order, k, stages) for k in range(len(where.cameras))]):
            said.step(BLOCK)
        sheet = csv.writer(stack.enter_context((out / "truth.csv").open("w", newline="", encoding="utf-8")))
        sheet.writerow(TRUTH_COLUMNS)
        for k in range(len(where.cameras)):
            _record_camera(order, where, k, (out, stages), executor, sheet.writerow, said)
    (out / "plan.json").write_text(json.dumps(plan(order, where), indent=1) + "\n", encoding="utf-8")
    said.done()


def _record_camera(
    order: Order,
    where: Site,
    k: int,
    folders: tuple[Path, Path],
    executor: Executor | None,
    write_row: Callable[[Iterable[Any]], Any],
    said: Progress,
) -> None:
    out, stages = folders
    camera = where.cameras[k]
    blocks = [(order, k, stages, first) for first in range(0, order.frames, BLOCK)]
    with Mp4(out / file_name(order, where, k), camera.size, order.fps, order.bitrate) as film:
        frame = 0
        for made in mapped(executor, _pictures, blocks):
            for image, seen in made:
                film.write(image)
                for person, one in seen:
                    write_row((camera.name, frame, person, *(f"{v:.1f}" for v in one.box), f"{one.visible:.3f}"))
                frame += 1
                said.step()


def file_name(order: Order, where: Site, k: int) -> str:
    """As a recorder names it: the camera and the start by the camera's own clock."""
    shown = where.cameras[k].shown(order.start)
    return f"{where.cameras[k].name}_{shown:%Y%m%d_%H%M%S}.mp4"


def plan(order: Order, where: Site) -> dict[str, Any]:
    """The site and everything that made it, for ``plan.json``; metres, seconds, radians."""
    pairs = [
        {
            "cameras": [a.name, b.name],
            "kind": "overlapping" if a.area == b.area else "apart",
            "gap_m": round(where.gaps_m[a.area][b.area], 2),
            "walking_s": [round(v, 2) for v in where.walking_s(a.area, b.area)],
        }
        for i, a in enumerate(where.cameras)
        for b in where.cameras[i + 1 :]
    ]
    cameras = []
    for k, camera in enumerate(where.cameras):
        x, y = where.offsets[camera.area]
        cameras.append(
            {
                **asdict(camera),
                "file": file_name(order, where, k),
                "start_true": order.start.isoformat(),
                "start_shown": camera.shown(order.start).isoformat(),
                "site_position": [camera.position[0] + x, camera.position[1] + y, camera.position[2]],
            }
        )
    areas = [
        {"kind": here.kind, "seed": seed, "offset": offset, "size": here.size, "dusk": here.dusk}
        for here, seed, offset in zip(where.places, where.seeds, where.offsets, strict=True)
    ]
    wanted = {**asdict(order.wanted), "dusk": sorted(order.wanted.dusk)}
    given: dict[str, Any] = {"seed": order.seed, "people": order.people, "seconds": order.seconds, "fps": order.fps}
    given |= {"bitrate": order.bitrate, "lookalikes": order.lookalikes, "wanted": wanted}
    return {"parameters": given, "areas": areas, "cameras": cameras, "pairs": pairs}


@lru_cache(maxsize=2)
def _scene(order: Order) -> tuple[Site, Tracks]:
    where = site(order.seed, order.wanted)
    people = cast(order.seed, order.people, order.lookalikes)
    return where, walk(where, people, order.seconds, order.seed)


def _save_stage(task: tuple[Order, int, Path]) -> None:
    order, k, folder = task
    where = site(order.seed, order.wanted)
    made = stage(where.places[where.cameras[k].area], where.cameras[k])
    save_stage(folder / f"{k}.npz", made)


def save_stage(path: Path, made: Stage) -> None:
    """Keep what was rendered of a stage."""
    empty = made.backdrop
    response = made.camera.response
    set_to = np.array([response.exposure, *response.levels])
    np.savez(path, rgb=empty.rgb, sun=empty.sun, depth=empty.depth, floor=made.floor, metered=set_to)


@lru_cache(maxsize=8)
def _stage(order: Order, k: int, folder: Path) -> Stage:
    where, _ = _scene(order)
    camera = where.cameras[k]
    with np.load(folder / f"{k}.npz") as kept:
        empty = Backdrop(kept["rgb"], kept["sun"], kept["depth"])
        exposure, low, high = kept["metered"].tolist()
        response = replace(camera.response, exposure=exposure, levels=(low, high), jpeg=0)
        return Stage(where.places[camera.area], replace(camera, response=response), camera.view(), empty, kept["floor"])


def _pictures(task: tuple[Order, int, Path, int]) -> list[tuple[Bgr, list[tuple[int, Seen]]]]:
    order, k, folder, first = task
    return [picture(order, k, folder, frame) for frame in range(first, min(first + BLOCK, order.frames))]


def picture(order: Order, k: int, folder: Path, frame: int) -> tuple[Bgr, list[tuple[int, Seen]]]:
    """One finished picture of camera k and (person, how they are seen) of everybody in it."""
    _, tracks = _scene(order)
    here = _stage(order, k, folder)
    time_s = frame / order.fps
    there = tracks.actors(here.camera.area, time_s)
    linear, seen = compose(here, [actor for _, actor in there])
    rng = np.random.default_rng([order.seed, STREAM, k, frame])
    image = here.camera.response.observe(linear, rng, gain=here.camera.response.wandering(time_s, 1.7 * k))
    burn_clock(image, here.camera.shown(order.start + timedelta(seconds=time_s)), here.camera.name.upper())
    return image, sorted(((there[one.actor][0], one) for one in seen), key=lambda pair: pair[0])


def preview(order: Order, out: Path, moments: int = 3) -> None:
    """Write ``preview.jpg`` into ``out``: some moments of every recording, a row a camera."""
    where, _ = _scene(order)
    with tempfile.TemporaryDirectory(prefix="world-") as folder:
        rows = []
        for k in range(len(where.cameras)):
            _save_stage((order, k, Path(folder)))
            frames = np.linspace(0, order.frames - 1, moments).astype(int)
            rows.append(np.hstack([picture(order, k, Path(folder), int(frame))[0] for frame in frames]))
    sheet = np.vstack(rows)
    scale = min(1.0, 1920 / sheet.shape[1])
    small = cv2.resize(sheet, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (out / "preview.jpg").write_bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
