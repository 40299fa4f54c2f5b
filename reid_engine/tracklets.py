"""Hop 5 of the frame walk: tracked boxes to closed tracklets, with the few crops that every model can be fed again.

A tracklet ends when its person is unseen for too long, jumps, parts from somebody who hid him or her, or has been there
long enough; one whose clothes change for good is cut in two when it ends. Purity comes before length, because a
tracklet that holds two people spoils every search that meets it. Pixels are copied out of the picture while it is there
and encoded only at the end. A checkpoint holds no pixels: it names the pictures to be given again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reid_engine.clock import SECOND_US
from reid_engine.clothing import change
from reid_engine.colours import clothes
from reid_engine.crops import Choice, Cut, Spread, cut_out, greatest_overlap, rate_views
from reid_engine.errors import ShapeError
from reid_engine.settings import TrackletSettings
from reid_engine.types import ClosedTracklet, Crop, Detections, Frame, State, TrackletCrops

BEST_SPARE = 2  # stretches kept for every single crop that is kept at the end
BEST_STRETCH_US = SECOND_US // 8
LOOKS = 4  # how often at most a stretch is searched for a better single crop
RUN_STRETCH_US = SECOND_US // 2
FAIR = 0.4  # a single crop is kept from this share of the best one's quality: better fewer than somebody else's clothes
PARTED = 0.7  # of the overlap from which two people count as merged: less, and they are two again
UNSEEN_US = SECOND_US // 4  # after this long it may be somebody else who is found again
NEAR = 0.05  # from this doubt the track may have changed hands
POOR_TIMES = 3  # as long must a tracklet last to be believed, when nobody can be seen well in it
BETTER = 1.1  # a run starts only where its first view is this much better than the run that is there

BOX = {"frame_index": "i8", "offset_us": "i8", "xyxy": "4f4", "score": "f4", "doubt": "f4"}
OPEN = {"track_id": "i8", "boxes": "i8", "picture": "i8", "merged": "i8", "best_us": "i8", "run_us": "i8"}
CHOICE = {"track": "i8", "kind": "i8", "stretch": "i8", "worth": "f8", "cuts": "i8"}
CUT = {"frame_index": "i8", "offset_us": "i8", "xyxy": "4f4", "view": "f8"}
STATE = {"pictures": {}, "boxes": BOX, "open": OPEN, "choices": CHOICE, "cuts": CUT}
BEST = 0  # kinds of choices
RUN = 1
GROWING = 2

Table = NDArray[np.void]


class TrackletBuilder:
    """Collects the tracks of one source whose pictures are ``frame_size`` (width, height)."""

    def __init__(self, settings: TrackletSettings, frame_size: tuple[int, int]) -> None:
        self._settings = settings
        self._size = frame_size
        self._picture = 0
        self._open: dict[int, _Open] = {}  # by track id, oldest first

    def push(self, frame: Frame, tracked: Detections) -> list[ClosedTracklet]:
        """Take the next analysed picture; copies what it wants to keep of ``frame.image``.

        tracked: needs ``track_id``. Returns the tracklets that ended with this picture, oldest first.
        """
        self._picture += 1
        closed = self._close_unseen(frame.offset_us)
        views = rate_views(tracked.xyxy, tracked.score, self._size, self._settings.crop_height_px)
        ids = np.empty(0, np.int64) if tracked.track_id is None else tracked.track_id
        if len(ids) != len(tracked):
            raise ShapeError(f"{len(tracked)} boxes came without track_id: track them first")
        overlaps = greatest_overlap(tracked.xyxy).tolist()
        for row, (track_id, score, overlap) in enumerate(
            zip(ids.tolist(), tracked.score.tolist(), overlaps, strict=True)
        ):
            cut = Cut(frame.index, frame.offset_us, tracked.xyxy[row].copy(), float(views[row]), None)
            track = self._open.get(track_id)
            if track is not None and not track.continues_with(cut, overlap):
                closed += self._close(track)
                track = None
            if track is None:
                track = self._open[track_id] = _Open(track_id, self._settings)
            track.take(cut, score, overlap, self._picture, frame)
        return closed

    def finish(self) -> list[ClosedTracklet]:
        """The source ends: the tracklets that were still open, oldest first."""
        return [tracklet for track in list(self._open.values()) for tracklet in self._close(track)]

    def state(self) -> State:
        """Everything but pixels, as tables: kilobytes."""
        tracks = list(self._open.values())
        choices = [(row, *choice) for row, track in enumerate(tracks) for choice in track.choices()]
        cuts = [cut for *_, kept in choices for cut in kept]
        return {
            "pictures": np.array(self._picture, np.int64),
            "boxes": np.concatenate([_table(BOX, []), *(track.boxes() for track in tracks)]),
            "open": _table(OPEN, [track.summary() for track in tracks]),
            "choices": _table(CHOICE, [(*choice, len(kept)) for *choice, kept in choices]),
            "cuts": _table(CUT, [(c.frame_index, c.offset_us, c.xyxy, c.view) for c in cuts]),
        }

    def restore(self, state: State) -> None:
        """Go on as the builder whose state this is, once every picture in ``wanted`` was supplied.

        Raises ShapeError for another kind of state.
        """
        for name, columns in STATE.items():
            if name not in state or (columns and state[name].dtype != _table(columns, []).dtype):
                raise ShapeError(f"this is no state of a tracklet builder: its table of {name} is missing or different")
        self._picture = int(state["pictures"])
        self._open = {}
        boxes, cuts = state["boxes"], _cuts(state["cuts"])
        for row, line in enumerate(state["open"]):
            mine, boxes = boxes[: line["boxes"]], boxes[line["boxes"] :]
            track = _Open(int(line["track_id"]), self._settings)
            track.resume(line, mine)
            for choice in state["choices"][state["choices"]["track"] == row]:
                track.put_back(choice, [next(cuts) for _ in range(choice["cuts"])])
            self._open[track.track_id] = track

    def wanted(self) -> list[int]:
        """Numbers of the pictures whose pixels are missing after ``restore``, rising."""
        return sorted({cut.frame_index for cut in self._cuts() if cut.pixels is None})

    def supply(self, frame: Frame) -> None:
        """Cut a wanted picture's crops again; any other picture is ignored."""
        for cut in self._cuts():
            if cut.pixels is None and cut.frame_index == frame.index:
                cut.pixels = cut_out(frame.image, cut.xyxy, self._settings.crop_height_px)

    def _cuts(self) -> Iterator[Cut]:
        return (cut for track in self._open.values() for *_, kept in track.choices() for cut in kept)

    def _close_unseen(self, now_us: int) -> list[ClosedTracklet]:
        limit_us = now_us - round(self._settings.gap_s * SECOND_US)
        unseen = [track for track in self._open.values() if track.last_us < limit_us]
        return [tracklet for track in unseen for tracklet in self._close(track)]

    def _close(self, track: _Open) -> list[ClosedTracklet]:
        del self._open[track.track_id]
        return track.close()


class _Open:
    """A tracklet that may still grow."""

    def __init__(self, track_id: int, settings: TrackletSettings) -> None:
        self.track_id = track_id
        self._settings = settings
        self._rows = np.zeros(16, list(BOX.items()))
        self._count = 0
        self._picture = 0  # number of the last picture that fed it
        self._merged = 0  # boxes in a row that lay on somebody else's
        self._best = Spread(BEST_SPARE * settings.best_crops, BEST_STRETCH_US)
        self._runs = Spread(settings.runs, RUN_STRETCH_US)
        self._growing: list[Cut] = []

    @property
    def last_us(self) -> int:
        return int(self._rows["offset_us"][self._count - 1])

    def boxes(self) -> Table:
        """All boxes so far, one a row."""
        return self._rows[: self._count]

    def continues_with(self, cut: Cut, overlap: float) -> bool:
        """False where the next box belongs to a new tracklet: too late, too far, or perhaps somebody else.

        Two people who stood one behind the other may have swapped tracks: both begin anew when they part.
        """
        if self._merged >= self._settings.merged_boxes and overlap < PARTED * self._settings.merged:
            return False
        first, last = self._rows[0], self._rows[self._count - 1]
        if cut.offset_us - int(first["offset_us"]) >= self._settings.length_s * SECOND_US:
            return False
        left, top, right, bottom = (cut.xyxy - last["xyxy"]).tolist()
        moved = math.hypot(left + right, top + bottom) / 2
        # the taller of the two: somebody who enters is a pair of feet in one picture and a person in the next
        tall = max(float(box[3] - box[1]) for box in (last["xyxy"], cut.xyxy))
        return moved <= self._settings.jump * tall

    def take(self, cut: Cut, score: float, overlap: float, picture: int, frame: Frame) -> None:
        """Add a box, and its pixels where they may be worth keeping. ``picture`` counts the analysed ones."""
        looks = self._looks_at(cut)
        if self._count == len(self._rows):
            self._rows = np.concatenate((self._rows, np.zeros_like(self._rows)))
        unseen = picture != self._picture + 1 and self._count > 0 and cut.offset_us - self.last_us >= UNSEEN_US
        self._rows[self._count] = (cut.frame_index, cut.offset_us, cut.xyxy, score, 1.0 if unseen else overlap)
        self._count += 1
        if overlap >= self._settings.merged:
            self._merged += 1
        elif overlap < PARTED * self._settings.merged:
            self._merged = 0
        if picture != self._picture + 1:
            self._end_run()
        self._picture = picture
        grows = self._grows_by(cut)
        if looks or grows:
            cut.pixels = cut_out(frame.image, cut.xyxy, self._settings.crop_height_px)
        if looks:
            self._best.offer(self._age(cut), Choice(cut.quality(), [cut]))
        if grows:
            self._growing.append(cut)
            if len(self._growing) == self._settings.run_length:
                self._end_run()

    def close(self) -> list[ClosedTracklet]:
        """The finished tracklet: none when it is too short, too small or too bad to be one, several when it holds
        several people."""
        self._end_run()
        kept = [choice for _, choice in sorted(self._best.choices.items())]
        starts = self._changes([choice.cuts[0] for choice in _fair(kept)])
        pieces = [self._piece(*ends) for ends in pairwise((0, *starts, self._count))]
        return [piece for piece in pieces if piece is not None]

    def _changes(self, cuts: Sequence[Cut]) -> list[int]:
        """Rows with which somebody else begins, by the clothes in ``cuts``, which are in the order of their times."""
        rows = self.boxes()
        after = (np.searchsorted(rows["frame_index"], [cut.frame_index for cut in cuts]) + 1).tolist()
        doubts = [rows["doubt"][first:end] for first, end in pairwise(after)]
        place = change([cut.kept() for cut in cuts], [float(doubt.max()) >= NEAR for doubt in doubts])
        if place is None:
            return []
        doubt, first = doubts[place - 1], after[place - 1]
        start = first + (int(doubt.argmax()) if doubt.max() >= NEAR else len(doubt) // 2)
        return [*self._changes(cuts[:place]), start, *self._changes(cuts[place:])]

    def _piece(self, start: int, end: int) -> ClosedTracklet | None:
        """The boxes from one row up to another, unless they are too few, too short, too small or too bad."""
        least, rows = self._settings, self._rows[start:end]
        tallest = float((rows["xyxy"][:, 3] - rows["xyxy"][:, 1]).max())
        if len(rows) < least.least_boxes or tallest < least.least_height_px:
            return None
        first, last = rows["frame_index"][[0, -1]].tolist()
        best = [c for c in self._best.choices.values() if first <= c.cuts[0].frame_index <= last]
        best = _fair(sorted(best, key=lambda choice: -choice.worth)[: self._settings.best_crops])
        lasts_us = int(rows["offset_us"][-1] - rows["offset_us"][0])
        if lasts_us < least.least_s * SECOND_US * (POOR_TIMES if best[0].worth < least.poor else 1):
            return None
        crops = self._encode(best, range(first, last + 1))
        index, offset_us, xyxy, score, _ = (np.ascontiguousarray(rows[name]) for name in BOX)
        worn = clothes([choice.cuts[0].kept() for choice in best])
        return ClosedTracklet(self.track_id, index, offset_us, xyxy, score, crops.best[0].quality, crops, *worn)

    def summary(self) -> tuple[int, ...]:
        """A row of OPEN."""
        return self.track_id, self._count, self._picture, self._merged, self._best.length_us, self._runs.length_us

    def choices(self) -> Iterator[tuple[int, int, float, list[Cut]]]:
        """Kind, number of the stretch, worth and cuts of everything whose pixels are kept."""
        for kind, spread in ((BEST, self._best), (RUN, self._runs)):
            for stretch, choice in spread.choices.items():
                yield kind, stretch, choice.worth, choice.cuts
        yield GROWING, 0, 0.0, self._growing

    def resume(self, line: np.void, boxes: Table) -> None:
        """Take back a row of OPEN and its boxes."""
        self._rows, self._count, self._picture = boxes.copy(), len(boxes), int(line["picture"])
        self._merged = int(line["merged"])
        self._best.length_us, self._runs.length_us = int(line["best_us"]), int(line["run_us"])

    def put_back(self, line: np.void, cuts: list[Cut]) -> None:
        """Take back a row of CHOICE."""
        if line["kind"] == GROWING:
            self._growing = cuts
        else:
            spread = self._best if line["kind"] == BEST else self._runs
            spread.choices[int(line["stretch"])] = Choice(float(line["worth"]), cuts)

    def _age(self, cut: Cut) -> int:
        return cut.offset_us - int(self._rows["offset_us"][0])

    def _looks_at(self, cut: Cut) -> bool:
        """Whether this may become a single crop: seldom asked, and never of a view that cannot win."""
        if self._count == 0:
            return True
        step_us = self._best.length_us // LOOKS
        due = self._age(cut) // step_us != (self.last_us - int(self._rows["offset_us"][0])) // step_us
        return due and cut.view > self._best.worth(self._age(cut))

    def _grows_by(self, cut: Cut) -> bool:
        """Whether this box starts or continues a run. A run is worth its length, then its worst view."""
        if not self._settings.runs:
            return False
        if not self._growing:
            return self._run_worth(self._settings.run_length, cut.view / BETTER) > self._runs.worth(self._age(cut))
        worst = min(cut.view, *(other.view for other in self._growing))
        hopeless = self._run_worth(self._settings.run_length, worst) <= self._runs.worth(self._age(self._growing[0]))
        if hopeless:
            self._growing = []
        return not hopeless

    @staticmethod
    def _run_worth(length: int, view: float) -> float:
        return 2.0 * length + view

    def _end_run(self) -> None:
        if self._growing:
            worth = self._run_worth(len(self._growing), min(cut.view for cut in self._growing))
            self._runs.offer(self._age(self._growing[0]), Choice(worth, self._growing))
            self._growing = []

    def _encode(self, best: Sequence[Choice], pictures: range) -> TrackletCrops:
        """The single crops and what lies of the runs in these pictures."""
        runs = [choice.cuts for _, choice in sorted(self._runs.choices.items())]
        runs = [[cut for cut in cuts if cut.frame_index in pictures] for cuts in runs]
        whole = [cuts for cuts in runs if len(cuts) == self._settings.run_length]
        runs = whole or [cuts for cuts in sorted(runs, key=len)[-1:] if cuts]
        cuts = {cut.frame_index: cut for kept in (*(choice.cuts for choice in best), *runs) for cut in kept}
        crops: dict[int, Crop] = {index: cut.encode() for index, cut in cuts.items()}
        return TrackletCrops(
            tuple(crops[choice.cuts[0].frame_index] for choice in best),
            tuple(tuple(crops[cut.frame_index] for cut in kept) for kept in runs),
        )


def _fair(choices: list[Choice]) -> list[Choice]:
    """Those that are not much worse than the best."""
    limit = FAIR * max(choice.worth for choice in choices)
    return [choice for choice in choices if choice.worth >= limit]


def _table(columns: dict[str, str], rows: list[tuple[object, ...]]) -> Table:
    return np.array(rows, list(columns.items()))


def _cuts(lines: Table) -> Iterator[Cut]:
    for line in lines:
        yield Cut(int(line["frame_index"]), int(line["offset_us"]), line["xyxy"].copy(), float(line["view"]), None)
