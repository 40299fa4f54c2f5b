"""From a model and a data set to figures, beside slow twins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reid_engine.models import build_model
from reid_engine.models.base import ModelOptions, ModelSpec, VideoReidModel
from reid_engine.pixels import Preparation
from reid_engine.ranking import cosine_distance, k_reciprocal_rerank, score_ranking, unit_length
from reid_engine.types import Vectors
from tests.trainer import trees
from trainer import evaluation
from trainer.datasets import DISTRACTOR, JUNK, DataSet, Tracklet, Trial
from trainer.evaluation import comparison_of, embed, evaluate, rank, rule_of


class Means(VideoReidModel):
    """The mean colours of the quarters of every picture, the clips' means averaged: enough to tell shades apart."""

    VARIANTS: ClassVar = {"paper": ModelOptions()}

    def __init__(self, test_clips: Any = "consecutive", name: str = "tclnet") -> None:
        spec = ModelSpec(
            name, "", "paper", "none", 4, (16, 8), 12, test_clips, "euclidean", mean=(0.0,) * 3, std=(1.0,) * 3
        )
        super().__init__(spec, ModelOptions())
        self.scale = nn.Parameter(torch.ones(()))
        self.largest = 0

    def forward(self, clips: Tensor) -> Tensor:
        self.largest = max(self.largest, len(clips))
        return nn.functional.adaptive_avg_pool2d(clips.flatten(0, 1), 2).unflatten(0, clips.shape[:2]).flatten(2)

    def frame_features(self, frames: Tensor) -> Tensor:
        return self(frames[:, None])[:, 0]

    def gather(self, features: Tensor) -> Tensor:
        return features.mean(1)

    def clip_features(self, clips: Tensor) -> Tensor:
        return self(clips).mean(1) * self.scale

    def finish(self, features: Tensor) -> Tensor:
        return features - 0.01

    def explain(self, clips: Tensor) -> dict[str, Tensor]:
        return {}


def people(count: int, cameras: int = 2, frames: int = 5) -> tuple[Tracklet, ...]:
    return tuple(
        trees.in_memory(pid, camid, frames + pid % 3) for pid in range(1, count + 1) for camid in range(cameras)
    )


@pytest.mark.parametrize("test_clips", ["consecutive", "overlapping", "whole"])
def test_tracklets_that_pass_together_get_the_vectors_of_the_paper_s_protocol(test_clips: str) -> None:
    some = [trees.in_memory(pid, 1, frames) for pid, frames in enumerate((1, 3, 4, 9, 30, 2), start=1)]
    model = Means(test_clips)
    prepared = [torch.from_numpy(Preparation.of(model.spec).clip(np.asarray(t.frames))) for t in some]
    slow = np.stack([model.embed_tracklet(frames).numpy() for frames in prepared])
    np.testing.assert_allclose(embed(model, some, threads=2), slow, atol=1e-5)
    assert embed(model, [], threads=1).shape == (0, 12)


@pytest.mark.parametrize("test_clips", ["consecutive", "whole"])
def test_figure_4_of_gltr_only_the_first_frames_of_a_tracklet_may_be_asked_for(test_clips: str) -> None:
    some = [trees.in_memory(pid, 1, frames) for pid, frames in enumerate((1, 5, 9, 30), start=1)]
    short = [replace(one, frames=one.frames[:6]) for one in some]
    model = Means(test_clips)
    np.testing.assert_array_equal(embed(model, some, threads=2, frames=6), embed(model, short, threads=2))
    assert not np.allclose(embed(model, some[2:], frames=6), embed(model, some[2:]))
    everyone = tuple(some)
    data = DataSet("folder", (), (Trial(everyone, everyone),))
    assert evaluate(model, data, frames=1, lists=1).trials[0].nearest.shape == (4, 1)


def test_running_out_of_memory_halves_the_clips_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [trees.in_memory(pid, 1, 40) for pid in range(1, 4)]
    expected = embed(Means(), some)

    class Small(Means):
        def clip_features(self, clips: Tensor) -> Tensor:
            if len(clips) > 3:
                raise torch.OutOfMemoryError("full")
            return super().clip_features(clips)

    said: list[str] = []

    class Ear:
        def event(self, kind: str, **fields: Any) -> None:
            said.extend([fields["message"]] if kind == "notice" else [])

    np.testing.assert_allclose(embed(Small(), some, control=evaluation.JobControl(Ear())), expected, atol=1e-6)
    assert "memory" in said[0]


def test_a_tracklet_that_passes_whole_is_made_ready_by_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """GLTR meets one of 9,324 frames on DukeMTMC-VideoReID; its vector is the same."""
    some = [trees.in_memory(pid, 1, frames) for pid, frames in enumerate((1, 4, 9, 30), start=1)]
    expected, sizes, plain = embed(Means("whole"), some), [], Preparation.normalised

    def counted(self: Preparation, images: Tensor) -> Any:
        sizes.append(len(images))
        return plain(self, images)

    monkeypatch.setattr(Preparation, "normalised", counted)
    monkeypatch.setattr(evaluation, "PREPARED_AT_ONCE", 4)
    np.testing.assert_array_equal(embed(Means("whole"), some), expected)
    assert sizes == [1, 4, 4, 4, 1, *[4] * 7, 2]


def test_memory_is_bounded_however_long_a_tracklet_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "FRAMES_AT_ONCE", {"cpu": 1, "cuda": 1})
    model = Means()
    embed(model, [trees.in_memory(1, 1, 1000)])
    assert model.largest == 64, "as many frames as fit beside one of 256 x 128 pixels"


def test_figures_are_those_of_the_whole_matrix() -> None:
    everyone = people(6)
    data = DataSet("folder", (), (Trial(everyone, everyone),))
    found = evaluate(Means(), data, lists=3).figures()
    assert list(found) == ["mAP", "rank1", "rank5", "rank10", "rank20", "queries", "gallery"]
    assert (found["queries"], found["gallery"]) == (12, 12)
    assert found["mAP"] == found["rank1"] == 1.0, "different shades are easily told apart"


def trial(seed: int = 0, queries: int = 30, gallery: int = 80) -> tuple[Trial, Vectors, Vectors]:
    rng = np.random.default_rng(seed)

    def made(count: int, lowest: int) -> tuple[Tracklet, ...]:
        return tuple(
            trees.in_memory(int(pid), int(camid), 1)
            for pid, camid in zip(rng.integers(lowest, 9, count), rng.integers(3, size=count), strict=True)
        )

    one = Trial(made(queries, 1), made(gallery, -1))
    return one, *(rng.normal(size=(count, 16)).astype(np.float32) for count in (queries, gallery))


def labels(tracklets: tuple[Tracklet, ...]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([t.pid for t in tracklets]), np.array([t.camid for t in tracklets])


@pytest.mark.parametrize("rule", ["mean", "trapezoid"])
def test_blocks_of_queries_give_what_the_whole_matrix_gives(monkeypatch: pytest.MonkeyPatch, rule: Any) -> None:
    one, query, gallery = trial()
    monkeypatch.setattr(evaluation, "BLOCK_BYTES", 4 * len(gallery) * 7)
    found = evaluation.summed([rank(one, query, gallery, rule=rule)], rule)
    (query_ids, query_cameras), (gallery_ids, gallery_cameras) = labels(one.query), labels(one.gallery)
    whole = score_ranking(
        cosine_distance(query, gallery),
        query_ids=query_ids,
        gallery_ids=gallery_ids,
        query_cameras=query_cameras,
        gallery_cameras=gallery_cameras,
        rule=rule,
    )
    assert found.mean_ap == pytest.approx(whole.mean_ap, abs=1e-12)
    np.testing.assert_allclose(found.cmc, whole.cmc)
    assert (found.queries, found.left_out) == (whole.queries, whole.left_out)
    assert found.gallery == int((gallery_ids != JUNK).sum())


def test_lists_hold_the_nearest_without_what_is_left_out() -> None:
    one, query, gallery = trial(1)
    found = rank(one, query, gallery, lists=5)
    distance = cosine_distance(query, gallery)
    for q, tracklet in enumerate(one.query):
        order = [
            g
            for g in np.argsort(distance[q], kind="stable").tolist()
            if one.gallery[g].pid != JUNK
            and (one.gallery[g].pid, one.gallery[g].camid) != (tracklet.pid, tracklet.camid)
        ]
        assert found.nearest[q].tolist() == order[:5]
        np.testing.assert_allclose(found.distance[q], distance[q, order[:5]], atol=1e-6)
        if found.first[q] >= 0:
            assert one.gallery[order[found.first[q]]].pid == tracklet.pid


def test_a_short_gallery_fills_its_lists_with_nobody() -> None:
    few = (trees.in_memory(1, 1), trees.in_memory(2, 2))
    found = rank(Trial(few, few), np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), lists=4)
    assert found.nearest.tolist() == [[1, -1, -1, -1], [0, -1, -1, -1]]


def test_re_ranked_figures_are_those_of_the_re_ranked_matrix() -> None:
    one, query, gallery = trial(2)
    query, gallery = unit_length(query), unit_length(gallery)
    found = rank(one, query, gallery, rerank=True)
    blocks = (cosine_distance(query, query), cosine_distance(query, gallery), cosine_distance(gallery, gallery))
    (query_ids, query_cameras), (gallery_ids, gallery_cameras) = labels(one.query), labels(one.gallery)
    whole = score_ranking(
        k_reciprocal_rerank(*blocks),
        query_ids=query_ids,
        gallery_ids=gallery_ids,
        query_cameras=query_cameras,
        gallery_cameras=gallery_cameras,
    )
    assert evaluation.summed([found], "mean").mean_ap == pytest.approx(whole.mean_ap, abs=1e-9)


def test_grl_as_released_is_compared_by_inner_products_and_re_ranked_by_cosines() -> None:
    def built(variant: Any) -> Any:
        with torch.device("meta"):
            return comparison_of(build_model("grl", variant, "compact"))

    assert (built("paper"), built("released")) == ("cosine", "inner")
    one, query, gallery = trial(3)
    gallery *= np.linspace(0.2, 3, len(gallery), dtype=np.float32)[:, None]
    found = rank(one, query, gallery, "inner", lists=5)
    (query_ids, query_cameras), (gallery_ids, gallery_cameras) = labels(one.query), labels(one.gallery)
    for q in range(len(query)):
        left = (gallery_ids != JUNK) & ~((gallery_ids == query_ids[q]) & (gallery_cameras == query_cameras[q]))
        products = sorted((float(query[q] @ gallery[g]) for g in np.flatnonzero(left)), reverse=True)
        np.testing.assert_allclose(-found.distance[q], products[:5], rtol=1e-4)
    again, cosine = (rank(one, query, gallery, name, rerank=True) for name in ("inner", "cosine"))
    np.testing.assert_array_equal(again.precision, cosine.precision)


def test_results_are_means_over_trials() -> None:
    parts = [rank(*trial(seed)) for seed in range(3)]
    whole = evaluation.summed(parts, "mean")
    assert whole.mean_ap == pytest.approx(np.mean([evaluation.summed([part], "mean").mean_ap for part in parts]))
    assert evaluation.summed([], "mean").figures()["queries"] == 0


def test_an_identity_in_one_camera_does_not_count_and_distractors_do() -> None:
    query = (trees.in_memory(1, 0, 2), trees.in_memory(5, 0, 2))
    gallery = (trees.in_memory(DISTRACTOR, 1, 2), trees.in_memory(1, 1, 2), *query)
    found = evaluate(Means(), DataSet("folder", (), (Trial(query, gallery),)))
    assert (found.queries, found.left_out, found.gallery) == (1, 1, 4)


@pytest.mark.parametrize(
    ("model", "dataset", "rule"),
    [
        ("grl", "mars", "mean"), ("tclnet", "mars", "mean"), ("rgsat", "mars", "mean"),
        ("stmp", "mars", "trapezoid"), ("gltr", "mars", "trapezoid"), ("gltr", "duke_video", "trapezoid"),
        ("stmp", "duke_video", "mean"), ("gltr", "ls_vid", "mean"),
    ],
)  # fmt: skip
def test_every_paper_counts_precision_by_its_own_rule(model: str, dataset: str, rule: str) -> None:
    assert rule_of(model, replace(DataSet("", (), ()), name=dataset)) == rule
