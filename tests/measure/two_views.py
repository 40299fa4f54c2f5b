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
import json
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

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


def reappear(*arguments: str) -> str:
    run = subprocess.run([sys.executable, "-m", "app", *arguments], capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"reappear {' '.join(arguments)}\n{run.stderr}")
    return run.stdout


def read_tracklets(case: Path, fps: float) -> dict[int, Sighting]:
    rows = [json.loads(line) for line in reappear("tracklets", str(case), "--json").splitlines()]
    found = {}
    for row in rows:
        boxes = [(round(b[0] * fps / 1e6), (b[1], b[2], b[3], b[4])) for b in row["boxes"]]
        found[row["tracklet"]] = Sighting(row["camera"], row["start_us"], boxes)
    return found


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
    tracklets = read_tracklets(asked.case, asked.fps)
    people = {number: who(sighting, labels) for number, sighting in tracklets.items()}
    by_tracklet(asked.case, tracklets, people)
    by_click(asked.case, labels, people, asked.fps, asked.sheets)


def by_tracklet(case: Path, tracklets: dict[int, Sighting], people: dict[int, tuple[str | None, float]]) -> None:
    """Every stored tracklet of a labelled person who is in the other view too."""
    seen: dict[str, set[str]] = defaultdict(set)
    for number, (person, _) in people.items():
        if person is not None:
            seen[person].add(tracklets[number].camera)
    right = total = 0
    for number, (person, purity) in sorted(people.items()):
        if person is None or len(seen[person]) < 2:
            continue
        matches = json.loads(reappear("search", str(case), "--tracklet", str(number), "--json"))["matches"]
        found = people[matches[0]["tracklet"]][0] if matches else None
        total += 1
        right += found == person
        if found != person:
            print(f"  tracklet {number} ({person}, purity {purity:.2f}): first match is {found}")
    mean = sum(p for person, p in people.values() if person) / max(1, sum(1 for person, _ in people.values() if person))
    print(f"stored tracklets: {len(tracklets)}, of labelled people {sum(1 for p, _ in people.values() if p)}")
    print(f"mean purity of labelled tracklets: {mean:.3f}")
    print(f"first match right, by tracklet: {right} of {total} = {right / max(1, total):.3f}")


def by_click(
    case: Path, labels: Labels, people: dict[int, tuple[str | None, float]], fps: float, sheets: Path | None
) -> None:
    """Every labelled track, clicked at several moments."""
    cameras = {camera for camera, _ in labels.people}
    hits: dict[float, list[bool]] = {share: [] for share in CLICKS}
    for (camera, track), person in sorted(labels.people.items()):
        if not any(labels.people.get(key) == person for key in labels.people if key[0] in cameras - {camera}):
            continue
        for share in CLICKS:
            frame, x, y = click(labels, camera, track, share)
            time = _stamp(frame / fps)
            more = ["--sheet", str(sheets / f"{camera}-{track}.png")] if sheets and share == 0.5 else []
            at = ["--at", camera, time, str(x), str(y)]
            command = [sys.executable, "-m", "app", "search", str(case), *at, "--json", *more]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            matches = json.loads(run.stdout)["matches"] if run.returncode == 0 else []
            found = people[matches[0]["tracklet"]][0] if matches else None
            hits[share].append(found == person)
            if found != person:
                print(f"  click {camera} track {track} at {share} ({person}): {found} {run.stderr.strip()[-150:]}")
    for share, right in hits.items():
        print(f"first match right, clicked at {share:.2f} of the track: {sum(right)} of {len(right)}"
              f" = {sum(right) / max(1, len(right)):.3f}")  # fmt: skip


def _stamp(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"1970-01-01T00:{int(minutes):02d}:{rest:09.6f}Z"


if __name__ == "__main__":
    main()
