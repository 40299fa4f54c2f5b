"""The protocol auditor: what a data set's own metadata says about its rules, and what breaking them would gain.

The highest figures ever printed on MARS come from a loop that keeps one camera a frame in a list that it reads by
tracklet, so that a person's other tracklets of the same camera count as found. Such a gain is a property of the labels
alone: it can be shown with made-up vectors, and a claim can be checked against the distances it was made from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reid_engine.ranking import (
    JUNK,
    AveragePrecisionRule,
    Distances,
    Labels,
    cosine_distance,
    mean_scores,
    score_queries,
    unit_length,
)
from reid_engine.types import Vectors
from trainer.datasets import DataSet, Tracklet, Trial

NO_CAMERA = -1
PROVEN_ON = 256  # queries whose rankings are turned upside down to prove the rules
WIDTH = 64  # of made-up vectors
NOISE = 0.85  # a tracklet's own share of them, beside a person's 1
CAMERA = 0.45  # the share of a person's look in one camera
AGREES = 5e-4  # between a claimed figure and one that explains it
FAULTS = {
    "no camera filter": "a person's other tracklets of the query's own camera count as found",
    "cameras per frame": "one camera a frame is listed, but the list is read by tracklet",
    "distractors left out": "people whom no query looks for are taken out of the gallery",
}


class Check(NamedTuple):
    """One rule, whether it holds, and what was found, as a sentence."""

    rule: str
    holds: bool
    said: str


class Gain(NamedTuple):
    """Figures of one ranking under the true rules, and what a fault makes of them."""

    fault: str
    mean_ap: float
    rank1: float


@dataclass(frozen=True)
class Columns:
    """A trial's labels."""

    query_ids: Labels
    gallery_ids: Labels
    query_cameras: Labels
    gallery_cameras: Labels

    @classmethod
    def of(cls, trial: Trial) -> Columns:
        """As the data set has them."""
        columns = ([[t.pid, t.camid] for t in tracklets] for tracklets in (trial.query, trial.gallery))
        query, gallery = (np.array(rows, np.int64).reshape(-1, 2) for rows in columns)
        return cls(query[:, 0], gallery[:, 0], query[:, 1], gallery[:, 1])

    def figures(self, found: Distances, rule: AveragePrecisionRule = "mean") -> tuple[float, float]:
        """Mean AP and rank-1."""
        scores = mean_scores(score_queries(found, **vars(self), rule=rule))
        return scores.mean_ap, float(scores.cmc[0])

    def same_camera(self) -> NDArray[np.int64]:
        """(Q,) gallery tracklets of the query's person in its camera."""
        kept = Counter(zip(self.gallery_ids.tolist(), self.gallery_cameras.tolist(), strict=True))
        pairs = zip(self.query_ids.tolist(), self.query_cameras.tolist(), strict=True)
        return np.array([kept[pair] for pair in pairs], np.int64)

    def right(self) -> NDArray[np.int64]:
        """(Q,) gallery tracklets that are right answers."""
        kept = Counter(self.gallery_ids.tolist())
        return np.array([kept[pid] for pid in self.query_ids.tolist()], np.int64) - self.same_camera()


def audit(dataset: DataSet) -> list[Check]:
    """Every rule of every trial. A rule that does not hold makes figures wrong, or not comparable."""
    checks = [Check("read", True, note) for note in dataset.notes]
    for number, trial in enumerate(dataset.trials, start=1):
        which = f"trial {number}: " if len(dataset.trials) > 1 else ""
        train = dataset.train if trial.train is None else trial.train
        checks += [Check(rule, holds, which + said) for rule, holds, said in _of_trial(train, trial)]
    if not dataset.trials:
        checks.append(Check("queries", False, "there is nothing to be tested on: no query, no gallery"))
    return checks


def _of_trial(train: Sequence[Tracklet], trial: Trial) -> Iterator[Check]:
    columns = Columns.of(trial)
    yield _strangers(train, trial)
    yield _listed_once(train, trial)
    yield _queries(trial, columns)
    yield _labels(trial, columns)
    yield from _proofs(columns)


def _strangers(train: Sequence[Tracklet], trial: Trial) -> Check:
    learned = {tracklet.pid for tracklet in train if tracklet.pid > 0}
    both = sorted(learned & {tracklet.pid for tracklet in trial.query})
    said = f"{len(both)} of the people looked for are also learned, {both[0]} first" if both else "nobody is in both"
    return Check("learned and tested people are apart", not both, said)


def _listed_once(train: Sequence[Tracklet], trial: Trial) -> Check:
    shared = {id(tracklet) for tracklet in trial.query}
    rest = [tracklet.name for tracklet in trial.gallery if id(tracklet) not in shared]
    twice = [name for name, times in Counter([*rest, *(t.name for t in train)]).items() if times > 1]
    inside = len(trial.gallery) - len(rest)
    said = f"{twice[0]} and {len(twice) - 1} others are listed twice" if twice else "every tracklet once"
    return Check("no tracklet twice", not twice, f"{said}; {inside} queries are part of the gallery")


def _queries(trial: Trial, columns: Columns) -> Check:
    right, home = columns.right(), columns.same_camera()
    without = [tracklet.name for tracklet, number in zip(trial.query, right, strict=True) if number == 0]
    said = (
        f"{len(right) - len(without)} of {len(right)} queries count"
        + (f"; {len(without)} have no right answer in another camera, {without[0]} first" if without else "")
        + f"; {int((home > 0).sum())} have {home.sum() / max(len(home), 1):.2f} tracklets a query of their own camera"
    )
    return Check("every query has a right answer", len(right) > 0 and not without, said)


def _labels(trial: Trial, columns: Columns) -> Check:
    looked_for = np.isin(columns.gallery_ids, columns.query_ids)
    junk = columns.gallery_ids == JUNK
    strangers = int((~looked_for & ~junk).sum())
    bad = [tracklet.name for tracklet in trial.query if tracklet.pid <= 0]
    said = f"{len(junk)} in the gallery: {int(junk.sum())} junk (left out), {strangers} distractors (count as wrong)"
    if bad:
        said += f"; {bad[0]} is junk or a distractor, yet a query"
    return Check("junk and distractors", not bad, said)


def _proofs(columns: Columns) -> Iterator[Check]:
    """Move what must not count to the front and to the back of every ranking: the scores may not change."""
    some = np.linspace(0, len(columns.query_ids) - 1, min(len(columns.query_ids), PROVEN_ON)).astype(np.int64)
    if not len(some):
        return
    few = Columns(columns.query_ids[some], columns.gallery_ids, columns.query_cameras[some], columns.gallery_cameras)
    found = np.random.default_rng(0).random((len(some), len(few.gallery_ids))).astype(np.float32) + 1
    mine = few.gallery_ids == few.query_ids[:, None]
    home = mine & (few.gallery_cameras == few.query_cameras[:, None])
    junk = np.broadcast_to(few.gallery_ids == JUNK, home.shape)
    for rule, moved in (("the camera filter", home), ("the junk rule", junk)):
        front, back = (few.figures(np.where(moved, np.float32(at), found)) for at in (0, 9))
        said = f"{int(moved.sum())} entries moved from last to first place change mAP by {abs(front[0] - back[0]):.1e}"
        yield Check(rule, front == back, said)
    strangers = ~np.isin(few.gallery_ids, columns.query_ids) & (few.gallery_ids != JUNK)
    front, back = (few.figures(np.where(strangers, np.float32(at), found)) for at in (0, 9))
    said = f"{int(strangers.sum())} moved from last to first place change mAP from {back[0]:.4f} to {front[0]:.4f}"
    yield Check("the distractor rule", not strangers.any() or front[0] < back[0], said)


# gains ---------------------------------------------------------------------------------------------------------------


def made_up(trial: Trial, *, noise: float = NOISE, camera: float = CAMERA, seed: int = 0) -> tuple[Vectors, Vectors]:
    """Unit vectors (Q, D), (G, D): a person's own direction, and the camera's; distractors and junk go alone.

    A tracklet that is query and gallery in one has one vector.
    """
    everyone = list({id(t): t for t in (*trial.query, *trial.gallery)}.values())
    rng = np.random.default_rng(seed)
    people = {pid: rng.normal(size=WIDTH) for pid in sorted({t.pid for t in everyone})}
    seen = {key: rng.normal(size=WIDTH) for key in sorted({(t.pid, t.camid) for t in everyone})}
    centre = np.array([people[t.pid] if t.pid > 0 else rng.normal(size=WIDTH) for t in everyone])
    views = np.array([seen[t.pid, t.camid] for t in everyone])
    drawn = unit_length((centre + camera * views + noise * rng.normal(size=views.shape)).astype(np.float32))
    place = {id(tracklet): at for at, tracklet in enumerate(everyone)}
    query, gallery = ([place[id(t)] for t in tracklets] for tracklets in (trial.query, trial.gallery))
    return drawn[query], drawn[gallery]


def faulty(trial: Trial, fault: str) -> Columns:
    """The labels as a loop with one of FAULTS sees them."""
    true = Columns.of(trial)
    if fault == "no camera filter":
        return Columns(
            true.query_ids, true.gallery_ids, np.full_like(true.query_cameras, NO_CAMERA), true.gallery_cameras
        )
    if fault == "cameras per frame":
        query, gallery = (
            np.repeat(cameras, [len(tracklet) for tracklet in tracklets])[: len(tracklets)]
            for cameras, tracklets in ((true.query_cameras, trial.query), (true.gallery_cameras, trial.gallery))
        )
        return Columns(true.query_ids, true.gallery_ids, query, gallery)
    looked_for = np.isin(true.gallery_ids, true.query_ids)
    return Columns(
        true.query_ids, np.where(looked_for, true.gallery_ids, JUNK), true.query_cameras, true.gallery_cameras
    )


def gains(trial: Trial, found: Distances | None = None) -> list[Gain]:
    """The true figures of a ranking, first, and what each fault would print; of made-up vectors where none is given."""
    if found is None:
        found = cosine_distance(*made_up(trial))
    true = Gain("none", *Columns.of(trial).figures(found))
    return [true, *(Gain(fault, *faulty(trial, fault).figures(found)) for fault in FAULTS)]


def check_claim(trial: Trial, found: Distances, mean_ap: float, rank1: float) -> Check:
    """Whether (Q, G) distances give the figures that were claimed of them; if not, which fault does."""
    true, *others = gains(trial, found)
    honest = abs(true.mean_ap - mean_ap) < AGREES and abs(true.rank1 - rank1) < AGREES
    said = f"claimed mAP {mean_ap:.4f}, rank-1 {rank1:.4f}; these distances give {true.mean_ap:.4f}, {true.rank1:.4f}"
    if honest:
        return Check("the claim", True, said)
    explained = [g for g in others if abs(g.mean_ap - mean_ap) < AGREES and abs(g.rank1 - rank1) < AGREES]
    why = f": {explained[0].fault} ({FAULTS[explained[0].fault]})" if explained else ", for a reason unknown here"
    return Check("the claim", False, f"{said}{why}. Such a gain is impossible")


def check_lists(trial: Trial, query_cameras: Sequence[int], gallery_cameras: Sequence[int]) -> Check:
    """Whether the camera lists that a loop compares are one camera a tracklet, in order."""
    true = Columns.of(trial)
    for what, given, meant in (
        ("query", query_cameras, true.query_cameras),
        ("gallery", gallery_cameras, true.gallery_cameras),
    ):
        frames = sum(map(len, trial.query if what == "query" else trial.gallery))
        if len(given) != len(meant):
            per = "one a frame" if len(given) == frames else "neither one a tracklet nor one a frame"
            return Check("camera lists", False, f"{len(given)} cameras for {len(meant)} {what} tracklets: {per}")
        if wrong := int((np.asarray(given) != meant).sum()):
            return Check("camera lists", False, f"{wrong} of {len(meant)} {what} tracklets have another camera")
    return Check("camera lists", True, "one camera a tracklet, as the data set says")


def as_json(dataset: DataSet, checks: Sequence[Check], found: Sequence[Gain]) -> dict[str, Any]:
    """What the command prints."""
    first = dataset.trials[0] if dataset.trials else None
    return {
        "dataset": dataset.name,
        "train": {"tracklets": len(dataset.train), "identities": dataset.identities},
        "trials": len(dataset.trials),
        "queries": len(first.query) if first else 0,
        "counted": int((Columns.of(first).right() > 0).sum()) if first else 0,
        "gallery": len(first.gallery) if first else 0,
        "sound": all(check.holds for check in checks),
        "checks": [check._asdict() for check in checks],
        "gains": [gain._asdict() for gain in found],
    }
