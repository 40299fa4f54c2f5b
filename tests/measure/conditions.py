"""Generated people filmed on purpose: the same passes by day and at dusk, and strangers for large galleries.

    python -m tests.measure.conditions FOLDER [--people 100] [--strangers 3000]

writes FOLDER/{day,dusk}/<person>/<camera>/t00/<frame>.jpg, FOLDER/strangers/.. in the same layout, and
FOLDER/visible.json with the share of the person that nothing hides, a tracklet. What is there stays, so an interrupted
run goes on. About 60 ms of one core a crop.

Day and dusk are the same people on the same ways before the same four cameras outdoors: only the light differs, and
what the camera makes of it. The strangers are further people of the frozen test set's seed, each seen once by one of
its six cameras: nobody in that set, but in its very scenes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.weights.plan import FROZEN_TEST
from trainer.world.cameras import draw_response, metered
from trainer.world.filming import CAMERAS_A_PLACE, Rig, rig
from trainer.world.places import Place, backdrop, place
from trainer.world.sequences import JPEG_QUALITY, Spec, Tracklet, cameras_of, film, somebody

LIGHT = Spec(people=100, cameras=4, seed=20261140, frames=4, seen_by=4)
STRANGERS = replace(FROZEN_TEST, frames=2, seen_by=1)
FIRST_STRANGER = 10_000  # identities of the frozen set's seed from here on are in no set
MOST_CAMERAS = 40  # tried for outdoor ones
DUSK_STOPS = -0.2  # what the cameras' exposure is off on average, as in filming.rig


def outdoor_rigs(spec: Spec) -> Iterator[tuple[int, Rig]]:
    """Numbers and rigs of the seed's first ``spec.cameras`` cameras under the sky."""
    found = 0
    for number in range(0, MOST_CAMERAS, CAMERAS_A_PLACE):
        if rig(spec.seed, number).place.ceiling is not None:
            continue
        for camera in (number, number + 1):
            yield camera, rig(spec.seed, camera)
            found += 1
        if found >= spec.cameras:
            return
    raise RuntimeError(f"fewer than {spec.cameras} of {MOST_CAMERAS} cameras of seed {spec.seed} are outdoors")


def at_dusk(spec: Spec, number: int, day: Rig) -> Rig:
    """The same camera over the same place after sunset, exposed for it."""
    here = _evening(spec, number, day.place)
    empty = backdrop(here, day.camera.view(), samples=1, rays=4)
    rng = np.random.default_rng([spec.seed, number, 1])
    response = metered(draw_response(rng, dusk=True), empty.rgb, DUSK_STOPS)
    return Rig(replace(day.camera, response=response, dusk=True), here, (empty.rgb, empty.sun, empty.depth), day.ground)


def _evening(spec: Spec, number: int, day: Place) -> Place:
    """The place again with dusk; filming.rig may have gone on to the next seeds for a free view."""
    first = int(np.random.default_rng([spec.seed, number // CAMERAS_A_PLACE, 22]).integers(2**31))
    for seed in range(first, first + 4):
        if np.array_equal(place(seed, day.kind).things, day.things):
            return place(seed, day.kind, dusk=True)
    raise RuntimeError(f"the place of camera {number} was not found again")


def write_light(root: Path, spec: Spec) -> None:
    """Everybody before every camera, by day and at dusk."""
    for position, (number, day) in enumerate(outdoor_rigs(spec)):
        for light, filmed_by in (("day", day), ("dusk", at_dusk(spec, number, day))):
            print(f"{light}, camera {number}: {day.place.kind}", flush=True)
            for identity in range(spec.people):
                _kept(root / light, filmed_by, spec, (identity, position, 0))


def write_strangers(root: Path, spec: Spec, count: int) -> None:
    """``count`` people of the frozen set's seed, one tracklet each."""
    rigs = [rig(spec.seed, number) for number in range(spec.cameras)]
    for identity in range(FIRST_STRANGER, FIRST_STRANGER + count):
        (camera,) = cameras_of(spec, identity)
        _kept(root / "strangers", rigs[camera], spec, (identity, camera, 0))


def _kept(part: Path, before: Rig, spec: Spec, numbers: tuple[int, int, int]) -> None:
    """Film and write one tracklet unless it is there."""
    identity, camera, number = numbers
    folder = part / f"{identity:05}" / f"c{camera:02}" / f"t{number:02}"
    if (folder / "visible.json").is_file():
        return
    tracklet: Tracklet = film(spec, somebody(spec, identity), before, numbers)
    folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(tracklet.frames):
        cv2.imwrite(str(folder / f"{index:03}.jpg"), frame, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    (folder / "visible.json").write_text(json.dumps([round(float(share), 4) for share in tracklet.visible]))


def visible(part: Path) -> NDArray[np.float64]:
    """(N,) the mean share of the person that is seen, in the order of sets.read_folder."""
    folders = sorted(part.glob("*/*/*"))
    return np.array([np.mean(json.loads((folder / "visible.json").read_text())) for folder in folders])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=LIGHT.people)
    parser.add_argument("--strangers", type=int, default=3000)
    given = parser.parse_args()
    write_light(given.folder, replace(LIGHT, people=given.people))
    write_strangers(given.folder, STRANGERS, given.strangers)


if __name__ == "__main__":
    main()
