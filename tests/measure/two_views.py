"""Click-to-match accuracy on two views of the same people with hand labels.

    python -m tests.measure.two_views CASE --labels identities.csv --boxes CAMERA=boxes.csv ... [--sheets FOLDER]

The case holds the two recordings under the cameras' names, with no start time (time begins in 1970). Labels:
``identities.csv`` with the columns video, track, person (video is the camera's name) and a box file per camera with
frame (from 1), track, x1, y1, x2, y2. A probe is a labelled track whose person is labelled in the other view too; it is
clicked in the middle of its box at a quarter, half and three quarters of its time, and the first match from the other
view is right when most of its boxes lie on that person's labelled boxes.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.local_time import date_and_time
from reid_engine.case import Case
from reid_engine.errors import ProbeError
from reid_engine.search import SearchRequest
from reid_engine.store import TrackletFilter
from reid_engine.types import TrackletId

Box = tuple[float, float, float, float]
CLICKS = (0.25, 0.5, 0.75)
LEAST_OVERLAP = 0.4


@dataclass(frozen=True)
class Labels:
    """people[(camera, track)]; boxes[camera][frame] = [(track, box)], frames from 0."""

    people: dict[tuple[str, int], str]
    boxes: dict[str, dict[int, list[tuple[int, Box]]]]


@dataclass(frozen=True)
class Sighting:
    """A stored tracklet: its camera and its boxes with the frame they are in."""

    camera: str
    start_us: int
    boxes: list[tuple[int, Box]]


def read_labels(identities: Path, boxes: dict[str, Path]) -> Labels:
    with identities.open() as stream:
        people = {(row["video"], int(row["track"])): row["person"] for row in csv.DictReader(stream)}
    found: dict[str, dict[int, list[tuple[int, Box]]]] = {}
    for camera, path in boxes.items():
        frames: dict[int, list[tuple[int, Box]]] = defaultdict(list)
        with path.open() as stream:
            for row in csv.DictReader(stream):
                box = (float(row["x1"]), float(row["y1"]), float(row["x2"]), float(row["y2"]))
                frames[int(row["frame"]) - 1].append((int(row["track"]), box))
        found[camera] = frames
    return Labels(people, found)


def read_tracklets(case: Case, fps: float) -> dict[int, Sighting]:
    names = {camera.id: camera.name for camera in case.store.cameras()}
    found = {}
    for tracklet in case.store.tracklets([TrackletId(n) for n in case.store.find(TrackletFilter()).tolist()]):
        frames = np.round(tracklet.time_us * fps / 1e6).astype(int).tolist()
        boxes = [(frame, tuple(box)) for frame, box in zip(frames, tracklet.xyxy.tolist(), strict=True)]
        found[int(tracklet.id)] = Sighting(names[tracklet.camera], tracklet.start_us, boxes)
    return found


def ask(case: Case, probe: TrackletId, *, rerank: bool, sheet: Path | None = None) -> list[int]:
    """The ranked tracklets from the other cameras."""
    request = SearchRequest(probe=probe, model=case.model(), rerank=rerank)
    result = case.search(request)
    if sheet is not None:
        case.contact_sheet(request, result, sheet, when=date_and_time)
    return [int(match.tracklet) for match in result.matches]


def overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def who(sighting: Sighting, labels: Labels) -> tuple[str | None, float]:
    """The labelled person whom most of the tracklet's labelled boxes lie on, and which share of them does."""
    votes: Counter[str] = Counter()
    for frame, box in sighting.boxes:
        near = [(overlap(box, other), track) for track, other in labels.boxes[sighting.camera].get(frame, [])]
        best = max(near, default=(0.0, -1))
        person = labels.people.get((sighting.camera, best[1]))
        if best[0] >= LEAST_OVERLAP and person is not None:
            votes[person] += 1
    if not votes:
        return None, 0.0
    person, count = votes.most_common(1)[0]
    return person, count / votes.total()


def click(labels: Labels, camera: str, track: int, share: float) -> tuple[int, float, float]:
    """Frame, x and y of the middle of the track's box at this share of its time."""
    rows = sorted((f, box) for f, found in labels.boxes[camera].items() for t, box in found if t == track)
    frame, box = rows[min(len(rows) - 1, int(share * len(rows)))]
    return frame, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("case", type=Path)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--boxes", action="append", required=True, metavar="CAMERA=CSV")
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--sheets", type=Path)
    asked = parser.parse_args()
    boxes = {text.partition("=")[0]: Path(text.partition("=")[2]) for text in asked.boxes}
    labels = read_labels(asked.labels, boxes)
    with Case.open(asked.case) as case:
        tracklets = read_tracklets(case, asked.fps)
        people = {number: who(sighting, labels) for number, sighting in tracklets.items()}
        known = [purity for person, purity in people.values() if person is not None]
        print(f"stored tracklets: {len(tracklets)}, of labelled people {len(known)}")
        print(f"mean purity of labelled tracklets: {sum(known) / max(1, len(known)):.3f}")
        for rerank in (True, False):
            print("with re-ranking" if rerank else "by distance alone")
            by_tracklet(case, tracklets, people, rerank=rerank)
            by_click(case, labels, people, asked.fps, rerank=rerank, sheets=asked.sheets)


def by_tracklet(
    case: Case, tracklets: dict[int, Sighting], people: dict[int, tuple[str | None, float]], *, rerank: bool
) -> None:
    """Every stored tracklet of a labelled person who is in the other view too."""
    seen: dict[str, set[str]] = defaultdict(set)
    for number, (person, _) in people.items():
        if person is not None:
            seen[person].add(tracklets[number].camera)
    right = []
    for number, (person, purity) in sorted(people.items()):
        if person is None or len(seen[person]) < 2:
            continue
        first = ask(case, TrackletId(number), rerank=rerank)[:1]
        found = people[first[0]][0] if first else None
        right.append(found == person)
        if found != person:
            boxes = len(tracklets[number].boxes)
            print(f"  tracklet {number} ({person}, {boxes} boxes, purity {purity:.2f}): {first} is {found}")
    print(f"  first match right, by stored tracklet: {share(right)}")


def by_click(
    case: Case,
    labels: Labels,
    people: dict[int, tuple[str | None, float]],
    fps: float,
    *,
    rerank: bool,
    sheets: Path | None,
) -> None:
    """Every labelled track whose person is labelled in the other view, clicked at several moments."""
    names = {camera.name: camera.id for camera in case.store.cameras()}
    for moment in CLICKS:
        right = []
        for (camera, track), person in sorted(labels.people.items()):
            if all(key[0] == camera for key, other in labels.people.items() if other == person):
                continue
            frame, x, y = click(labels, camera, track, moment)
            sheet = sheets / f"{camera}-{track}.png" if sheets and rerank and moment == 0.5 else None
            try:
                probe = case.probe_at(names[camera], round(frame / fps * 1e6), x, y)
                first = ask(case, probe, rerank=rerank, sheet=sheet)[:1]
                found = people[first[0]][0] if first else None
                seen = f"clicked {probe} ({people[probe][0]}), first {first}"
            except ProbeError as error:
                found, seen = None, str(error)
            right.append(found == person)
            if found != person:
                print(f"  {camera} track {track} at {moment} ({person}): {found}; {seen}")
        print(f"  first match right, clicked at {moment:.2f} of the track: {share(right)}")


def share(right: list[bool]) -> str:
    return f"{sum(right)} of {len(right)} = {sum(right) / max(1, len(right)):.3f}"


if __name__ == "__main__":
    main()
