"""How well a model ranks: every paper's test protocol, CMC and mAP, streamed so that no matrix has to fit in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reid_engine.clips import cut_clips
from reid_engine.jobs import JobControl
from reid_engine.models.base import VideoReidModel
from reid_engine.models.grl import GrlOptions
from reid_engine.pixels import Preparation
from reid_engine.ranking import (
    JUNK,
    AveragePrecisionRule,
    Distances,
    QueryScores,
    distances,
    mean_scores,
    rerank_blocks,
    score_queries,
)
from reid_engine.types import DistanceName, Vectors
from trainer.datasets import DataSet, Tracklet, Trial
from trainer.pictures import Damage, Places, frames_of

Comparison: TypeAlias = DistanceName | Literal["inner"]

RANKS = (1, 5, 10, 20)
BLOCK_BYTES = 2**27  # of distances at a time
TRAPEZOID = {"stmp": ("mars",), "gltr": ("mars", "duke_video")}  # papers that count AP under the curve, and where
READ_AHEAD = 4  # tracklets that are decoded while others are embedded
FRAMES_AT_ONCE = {"cuda": 2048, "cpu": 64}  # of 256 x 128 pixels, that pass a model together
PREPARED_AT_ONCE = 256  # frames of a tracklet; one of DukeMTMC-VideoReID has 9,324, whose floats no small card holds


@dataclass(frozen=True)
class TrialScores:
    """One trial, query by query.

    precision, first: see ``QueryScores``; nearest: (Q, K) places in the gallery, nearest first, what is left out of a
    query's gallery left out; distance: (Q, K) of those. -1 and inf fill short lists
    """

    trial: Trial
    precision: NDArray[np.float64]
    first: NDArray[np.int64]
    nearest: NDArray[np.int64]
    distance: Distances


@dataclass(frozen=True)
class Evaluation:
    """Means over trials.

    cmc: (50,) from rank 1 on; queries, gallery: of the first trial, only queries with a right answer; left_out: others
    """

    mean_ap: float
    cmc: NDArray[np.float64]
    queries: int
    gallery: int
    left_out: int
    rule: AveragePrecisionRule
    trials: tuple[TrialScores, ...]

    def figures(self) -> dict[str, float]:
        """{"mAP", "rank1", "rank5", "rank10", "rank20", "queries", "gallery"}; shares in [0, 1]."""
        ranks = {f"rank{rank}": float(self.cmc[rank - 1]) for rank in RANKS}
        return {"mAP": self.mean_ap, **ranks, "queries": self.queries, "gallery": self.gallery}


def rule_of(model: str, dataset: DataSet) -> AveragePrecisionRule:
    """How the paper of ``model`` counted average precision on this data set."""
    return "trapezoid" if dataset.name in TRAPEZOID.get(model, ()) else dataset.rule


def comparison_of(model: VideoReidModel) -> Comparison:
    """How two vectors are compared: as the model says; by inner products where GRL's are not brought to one length."""
    options = model.options
    return "inner" if isinstance(options, GrlOptions) and not options.unit else model.spec.distance


def evaluate(
    model: VideoReidModel,
    dataset: DataSet,
    *,
    rerank: bool = False,
    rule: AveragePrecisionRule | None = None,
    control: JobControl | None = None,
    threads: int | None = None,
    lists: int = 0,
    frames: int = 0,
) -> Evaluation:
    """Embed all tracklets of the trials and rank them. ``lists``: also keep so many answers of every query.

    frames: only so many of a tracklet, from its first on, as in GLTR's figure 4 (d); 0: all of them, as the papers test

    The model is used on the device that it is on, and left in eval mode. Damaged pictures are said as a notice.
    """
    control = control or JobControl()
    everyone = list({id(t): t for trial in dataset.trials for t in (*trial.query, *trial.gallery)}.values())
    vectors = embed(model, everyone, control=control, threads=threads, frames=frames)
    place = {id(tracklet): at for at, tracklet in enumerate(everyone)}

    def of(tracklets: Sequence[Tracklet]) -> Vectors:
        return vectors[[place[id(tracklet)] for tracklet in tracklets]]

    rule = rule or rule_of(model.spec.name, dataset)
    ranked = tuple(
        rank(trial, of(trial.query), of(trial.gallery), comparison_of(model), rule=rule, rerank=rerank, lists=lists)
        for trial in dataset.trials
    )
    return summed(ranked, rule)


def summed(trials: Sequence[TrialScores], rule: AveragePrecisionRule) -> Evaluation:
    """The means over trials."""
    each = [mean_scores(QueryScores(trial.precision, trial.first)) for trial in trials]
    if not each:
        return Evaluation(0.0, np.zeros(50), 0, 0, 0, rule, ())
    return Evaluation(
        float(np.mean([one.mean_ap for one in each])),
        np.mean([one.cmc for one in each], axis=0),
        each[0].queries,
        sum(tracklet.pid != JUNK for tracklet in trials[0].trial.gallery),
        each[0].left_out,
        rule,
        tuple(trials),
    )


# ranking -------------------------------------------------------------------------------------------------------------


def rank(
    trial: Trial,
    query: Vectors,
    gallery: Vectors,
    distance: Comparison = "cosine",
    *,
    rule: AveragePrecisionRule = "mean",
    rerank: bool = False,
    lists: int = 0,
) -> TrialScores:
    """Scores of (Q, D) and (G, D) vectors, a block of queries at a time; re-ranking has no inner products: cosines."""
    query_ids, query_cameras = _columns(trial.query)
    gallery_ids, gallery_cameras = _columns(trial.gallery)
    parts: list[QueryScores] = []
    nearest = np.full((len(query), lists), -1, np.int64)
    far = np.full((len(query), lists), np.inf, np.float32)
    for rows, found in _blocks(query, gallery, distance, rerank):
        who, where = query_ids[rows], query_cameras[rows]
        parts.append(
            score_queries(
                found,
                query_ids=who,
                gallery_ids=gallery_ids,
                query_cameras=where,
                gallery_cameras=gallery_cameras,
                rule=rule,
            )
        )
        if lists:
            left_out = (gallery_ids == JUNK) | ((gallery_ids == who[:, None]) & (gallery_cameras == where[:, None]))
            places, values = _lists(np.where(left_out, np.float32(np.inf), found), lists)
            nearest[rows, : places.shape[1]], far[rows, : places.shape[1]] = places, values
    precision = np.concatenate([part.precision for part in parts]) if parts else np.empty(0)
    first = np.concatenate([part.first for part in parts]) if parts else np.empty(0, np.int64)
    return TrialScores(trial, precision, first, nearest, far)


def _columns(tracklets: Sequence[Tracklet]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Identities and cameras."""
    pids = np.array([tracklet.pid for tracklet in tracklets], np.int64)
    return pids, np.array([tracklet.camid for tracklet in tracklets], np.int64)


def _blocks(query: Vectors, gallery: Vectors, distance: Comparison, rerank: bool) -> Iterator[tuple[slice, Distances]]:
    """Distances of some queries to the whole gallery at a time."""
    if rerank:
        yield from rerank_blocks("cosine" if distance == "inner" else distance, query, gallery)
        return
    rows = max(1, BLOCK_BYTES // (4 * max(len(gallery), 1)))
    for first in range(0, len(query), rows):
        block = slice(first, min(first + rows, len(query)))
        yield block, -query[block] @ gallery.T if distance == "inner" else distances(distance, query[block], gallery)


def _lists(found: Distances, length: int) -> tuple[NDArray[np.int64], Distances]:
    """The nearest ``length`` of every row, nearest first."""
    length = min(length, found.shape[1])
    some = np.argpartition(found, length - 1, axis=1)[:, :length] if length < found.shape[1] else None
    places = np.tile(np.arange(found.shape[1]), (len(found), 1)) if some is None else np.sort(some, axis=1)
    values = np.take_along_axis(found, places, 1)
    order = np.argsort(values, axis=1, kind="stable")
    places, values = np.take_along_axis(places, order, 1), np.take_along_axis(values, order, 1)
    return np.where(np.isinf(values), -1, places), values


# embedding -----------------------------------------------------------------------------------------------------------


@torch.no_grad()
def embed(
    model: VideoReidModel,
    tracklets: Sequence[Tracklet],
    *,
    control: JobControl | None = None,
    threads: int | None = None,
    frames: int = 0,
) -> Vectors:
    """(N, D) float32 vectors by the paper's test protocol, over all frames of every tracklet, or its first ``frames``.

    Clips of different tracklets pass the model together, half as many after it ran out of memory. Models that take a
    whole tracklet in one pass are given one at a time.
    """
    control, damage = control or JobControl(), Damage()
    model.eval()
    preparation = Preparation.of(model.spec)
    places = [np.arange(min(len(one), frames or len(one))) for one in tracklets]
    read = _read_ahead(tracklets, places, preparation, damage, threads or os.cpu_count() or 1)
    if model.spec.test_clips == "whole":
        vectors = _one_by_one(model, read, preparation, len(tracklets), control)
    else:
        vectors = _together(model, read, preparation, len(tracklets), control)
    if damage.names:
        control.notice(damage.sentence())
    return vectors


def _read_ahead(
    tracklets: Sequence[Tracklet], places: Sequence[Places], preparation: Preparation, damage: Damage, threads: int
) -> Iterator[NDArray[np.uint8]]:
    """The frames of every tracklet in turn, a few tracklets ahead; a few only, since some are long."""
    waiting: deque[Future[NDArray[np.uint8]]] = deque()
    with ThreadPoolExecutor(threads, "decode") as pool:
        try:
            for at in range(len(tracklets) + READ_AHEAD + threads):
                if at < len(tracklets):
                    waiting.append(pool.submit(frames_of, tracklets[at], preparation, damage, places[at]))
                if at >= READ_AHEAD + threads and waiting:
                    yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _one_by_one(
    model: VideoReidModel, read: Iterator[NDArray[np.uint8]], preparation: Preparation, total: int, control: JobControl
) -> Vectors:
    device = next(model.parameters()).device
    vectors = np.empty((total, model.spec.embedding_dim), np.float32)
    for at, frames in enumerate(read):
        vectors[at] = model.embed_tracklet(_prepared(frames, preparation, device)).float().cpu().numpy()
        control.report(stage="embed", done=at + 1, total=total)
    return vectors


def _prepared(frames: NDArray[np.uint8], preparation: Preparation, device: torch.device) -> Tensor:
    """(L, H, W, 3) uint8 BGR -> (L, 3, H, W) float32. Long ones wait in main memory: models take them by pieces."""
    pieces = torch.split(torch.from_numpy(frames), PREPARED_AT_ONCE)
    if len(pieces) == 1:
        return torch.as_tensor(preparation.normalised(pieces[0].to(device)))
    found = torch.empty((len(frames), 3, *preparation.size))
    for at, piece in enumerate(pieces):
        start = at * PREPARED_AT_ONCE
        found[start : start + len(piece)] = preparation.normalised(piece.to(device))
    return found


def _together(
    model: VideoReidModel, read: Iterator[NDArray[np.uint8]], preparation: Preparation, total: int, control: JobControl
) -> Vectors:
    """Tracklets in groups of enough clips; a tracklet's features are averaged, then finished."""
    passing = _Passing(model, preparation, control)
    overlapping = model.spec.test_clips == "overlapping"
    vectors, group, waiting = [], [], 0
    for at, frames in enumerate(read, start=1):
        clips = frames[cut_clips(len(frames), model.spec.clip_length, overlapping=overlapping)]
        group.append(clips)
        waiting += len(clips)
        if waiting >= passing.at_once or at == total:
            vectors.append(_finished(model, passing(np.concatenate(group)), [len(one) for one in group]))
            group, waiting = [], 0
            control.report(stage="embed", done=at, total=total)
    return np.concatenate(vectors) if vectors else np.empty((0, model.spec.embedding_dim), np.float32)


def _finished(model: VideoReidModel, features: Tensor, counts: Sequence[int]) -> Vectors:
    """(clips, F) of several tracklets, so many of each -> (tracklets, D)."""
    owner = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts)).to(features.device)
    sums = features.new_zeros(len(counts), features.shape[1]).index_add_(0, owner, features)
    vectors = model.finish(sums / torch.tensor(counts, device=features.device)[:, None])
    return np.asarray(vectors.float().cpu().numpy(), np.float32)


class _Passing:
    """Passes clips through a model, as many at once as memory holds."""

    def __init__(self, model: VideoReidModel, preparation: Preparation, control: JobControl) -> None:
        self.model, self.preparation, self.control = model, preparation, control
        self.device = next(model.parameters()).device
        pixels = model.spec.input_size[0] * model.spec.input_size[1] * model.spec.clip_length
        frames = FRAMES_AT_ONCE["cuda" if self.device.type == "cuda" else "cpu"]
        self.at_once = max(1, frames * 256 * 128 // pixels)

    def __call__(self, clips: NDArray[np.uint8]) -> Tensor:
        """(clips, T, H, W, 3) uint8 BGR -> (clips, F)."""
        found: list[Tensor] = []
        done = 0
        while done < len(clips):
            try:
                found.append(self._features(clips[done : done + self.at_once]))
            except torch.OutOfMemoryError:
                if self.at_once == 1:
                    raise
                self.at_once //= 2
                torch.cuda.empty_cache()
                self.control.notice(f"memory does not hold so many clips; now {self.at_once} at a time")
            else:
                done += self.at_once
        return torch.cat(found)

    def _features(self, clips: NDArray[np.uint8]) -> Tensor:
        prepared = self.preparation.normalised(torch.from_numpy(clips).to(self.device))
        return self.model.clip_features(prepared).float()
