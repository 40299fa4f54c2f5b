"""Sets of labelled tracklets to rank: MARS, Market-1501, the campus walk, and folders of generated people.

Pictures are kept as the files' bytes; nothing is changed on the way to a network but what the network's own preparation
does.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_engine.crops import cut_out
from reid_engine.ranking import QueryScores, cosine_distance, score_queries
from reid_engine.types import Vectors
from tests.measure.mot import frames
from tests.measure.two_views import read_labels

Pictures = list[bytes]  # of one tracklet, encoded, in the order of time
Labels = NDArray[np.int64]
Rows = NDArray[np.intp]
MARS_NAME = re.compile(r"(\d{4})C(\d)T(\d{4})F(\d{3})")
MARKET_NAME = re.compile(r"(\d{4})_c(\d)s\d_")
FULL_HEIGHT = 256  # of a kept crop, as in an ingest


@dataclass(frozen=True)
class LabelledSet:
    """Tracklets with who and where.

    person, camera: (N,); blocks: pairs of rows, queries and the gallery that they are ranked in
    """

    name: str
    pictures: list[Pictures]
    person: Labels
    camera: Labels
    blocks: tuple[tuple[Rows, Rows], ...]

    def digest(self) -> str:
        """SHA-256 of every picture in order: vectors of it may be kept under this name."""
        found = hashlib.sha256()
        for tracklet in self.pictures:
            found.update(f"{len(tracklet)} pictures".encode())
            for picture in tracklet:
                found.update(hashlib.sha256(picture).digest())
        return found.hexdigest()

    def said(self) -> str:
        """One line for people."""
        queries = sum(len(block[0]) for block in self.blocks)
        gallery = " / ".join(str(len(block[1])) for block in self.blocks)
        crops = sum(len(tracklet) for tracklet in self.pictures)
        return f"{self.name}: {len(np.unique(self.person))} people, {queries} queries in {gallery}, {crops} crops"


def spread(found: Sequence[Path], count: int) -> list[Path]:
    """``count`` of the files, evenly over all; all of them where there are fewer."""
    if len(found) <= count:
        return list(found)
    return [found[round(k)] for k in np.linspace(0, len(found) - 1, count)]


def everything(count: int) -> tuple[tuple[Rows, Rows], ...]:
    """Every tracklet asked of all others; itself is left out as the same person before the same camera."""
    return ((np.arange(count), np.arange(count)),)


def read_mars(root: Path, count: int = 12) -> LabelledSet:
    """bbox_test: every tracklet against all others, ``count`` frames of each."""
    groups: dict[tuple[int, int, int], list[Path]] = defaultdict(list)
    for path in sorted(root.rglob("*.jpg")):
        named = MARS_NAME.match(path.name)
        if named:
            person, camera, number, _ = map(int, named.groups())
            groups[person, camera, number].append(path)
    return _of_files("mini_mars/bbox_test", groups, count, everything(len(groups)))


def read_market(root: Path) -> LabelledSet:
    """query against bounding_box_test, single pictures."""
    groups: dict[tuple[int, int, int], list[Path]] = {}
    asked = []
    for part in ("query", "bounding_box_test"):
        for path in sorted((root / part).glob("*.jpg")):
            named = MARKET_NAME.match(path.name)
            if named:
                person, camera = map(int, named.groups())
                groups[person, camera, len(groups)] = [path]
                asked.append(part == "query")
    query = np.array(asked)
    return _of_files("mini_market1501", groups, 1, ((np.flatnonzero(query), np.flatnonzero(~query)),))


def read_generated(root: Path, count: int = 4) -> LabelledSet:
    """query against gallery of ``trainer world sequences``, ``count`` frames of each tracklet."""
    query, gallery = (_folder(root / part) for part in ("query", "gallery"))
    groups = {**{(*key, 0): value for key, value in query.items()}, **{(*key, 1): v for key, v in gallery.items()}}
    blocks = ((np.arange(len(query)), np.arange(len(query), len(groups))),)
    return _of_files("generated", groups, count, blocks)


def read_folder(root: Path, count: int = 4) -> LabelledSet:
    """One part: every tracklet against all others."""
    groups = _folder(root)
    return _of_files(root.name, groups, count, everything(len(groups)))


def read_campus(videos: Path, count: int = 12) -> LabelledSet:
    """The hand-labelled tracklets of the campus walk, each asked of the other view; crops without compression."""
    views = ("campus4-c0", "campus4-c1")
    hand = videos / "hand_labels"
    labels = read_labels(hand / "tracklet_identity.csv", {view: hand / f"boxes_{view}.csv" for view in views})
    names = sorted(set(labels.people.values()))
    pictures, person, camera = [], [], []
    for number, view in enumerate(views):
        for track, found in sorted(_cut(videos / f"{view}.mp4", labels.boxes[view], count).items()):
            if (view, track) in labels.people:
                pictures.append(found)
                person.append(names.index(labels.people[view, track]))
                camera.append(number)
    views_of = np.array(camera)
    first, second = np.flatnonzero(views_of == 0), np.flatnonzero(views_of == 1)
    return LabelledSet("EPFL campus", pictures, np.array(person), views_of, ((first, second), (second, first)))


def _cut(video: Path, boxes: dict[int, list[tuple[int, tuple[float, float, float, float]]]], count: int):  # type: ignore[no-untyped-def]
    """{track: crops} of ``count`` frames spread over each track's."""
    of_track: dict[int, list[int]] = defaultdict(list)
    for frame, rows in sorted(boxes.items()):
        for track, _ in rows:
            of_track[track].append(frame)
    wanted = {
        (track, seen[round(k)])
        for track, seen in of_track.items()
        for k in np.linspace(0, len(seen) - 1, min(count, len(seen)))
    }
    found: dict[int, Pictures] = defaultdict(list)
    for frame in frames(video):
        for track, box in boxes.get(frame.index, ()):
            if (track, frame.index) in wanted:
                _, data = cv2.imencode(".png", cut_out(frame.image, np.array(box, np.float32), FULL_HEIGHT))
                found[track].append(data.tobytes())
    return found


def _folder(root: Path) -> dict[tuple[int, int, int], list[Path]]:
    """PERSON/cCAMERA/tNUMBER folders of pictures."""
    return {
        (int(folder.parent.parent.name), int(folder.parent.name[1:]), int(folder.name[1:])): sorted(
            folder.glob("*.jpg")
        )
        for folder in sorted(root.glob("*/*/*"))
    }


def _of_files(name: str, groups, count: int, blocks: tuple[tuple[Rows, Rows], ...]) -> LabelledSet:  # type: ignore[no-untyped-def]
    pictures = [[path.read_bytes() for path in spread(paths, count)] for paths in groups.values()]
    person, camera = (np.array([key[place] for key in groups], np.int64) for place in (0, 1))
    return LabelledSet(name, pictures, person, camera, blocks)


def ranked(found: Vectors, labelled: LabelledSet) -> tuple[QueryScores, Labels]:
    """Scores of every query of every block, and whose query each is."""
    pieces, people = [], []
    for query, gallery in labelled.blocks:
        pieces.append(
            score_queries(
                cosine_distance(found[query], found[gallery]),
                query_ids=labelled.person[query],
                gallery_ids=labelled.person[gallery],
                query_cameras=labelled.camera[query],
                gallery_cameras=labelled.camera[gallery],
            )
        )
        people.append(labelled.person[query])
    precision = np.concatenate([piece.precision for piece in pieces])
    first = np.concatenate([piece.first for piece in pieces])
    return QueryScores(precision, first), np.concatenate(people)
