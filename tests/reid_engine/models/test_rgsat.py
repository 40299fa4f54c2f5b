"""RGSAT's parts and network against loops written from the paper."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reid_engine.errors import ShapeError, UsageError
from reid_engine.models.backbones import build_backbone
from reid_engine.models.base import VideoReidModel
from reid_engine.models.rgsat import (
    RGSAT,
    RelationGuidedSpatialAttention,
    RelationGuidedTemporalRefinement,
    RelationModule,
)
from tests.reid_engine.models.toys import CHANNELS, MAPS, SIZE, clips, giga_macs, settled, shaken, toy_trunk

C, N = 16, 6


def features(batch: int = 2, count: int = N, seed: int = 0) -> Tensor:
    return torch.randn(batch, C, count, generator=torch.Generator().manual_seed(seed))


def as_maps(features: Tensor) -> Tensor:
    """(B, C, N) as maps of three rows and two columns."""
    return features.unflatten(2, (3, 2))


def normed(norm: nn.BatchNorm2d, row: Tensor) -> Tensor:
    """BN of one row in eval, from its definition."""
    return (row - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias


def relation_of(module: RelationModule, first: Tensor, second: Tensor) -> Tensor:
    """Eq. 1 and 2 for one pair, as printed: embed both, subtract, then compress."""
    theta = normed(module.theta[1], module.theta[0].weight[:, :, 0, 0] @ first).clamp(min=0)
    phi = normed(module.phi[1], module.phi[0].weight[:, :, 0, 0] @ second).clamp(min=0)
    return normed(module.norm, module.compress.weight[:, :, 0, 0] @ (theta - phi)).clamp(min=0)


def test_eq1_eq2_every_pair_is_embedded_subtracted_and_compressed():
    module = shaken(RelationModule(C, r1=2, r2=4)).eval()
    x = features()
    got = module(as_maps(x))
    assert got.shape == (2, 4, N, N)
    for b, i, j in torch.cartesian_prod(*map(torch.arange, (2, N, N))).tolist():
        assert torch.allclose(got[b, :, i, j], relation_of(module, x[b, :, i], x[b, :, j]), atol=1e-4)


def test_eq2_batch_statistics_run_over_all_pairs():
    module = shaken(RelationModule(C, r1=2, r2=4)).train()
    x = features()
    theta, phi = module.theta(as_maps(x)).flatten(2), module.phi(as_maps(x)).flatten(2)
    pairs = [theta[b, :, i] - phi[b, :, j] for b in range(2) for i in range(N) for j in range(N)]
    compressed = torch.stack([module.compress.weight[:, :, 0, 0] @ pair for pair in pairs])  # (2 N N, C / r2)
    expected = (compressed - compressed.mean(0)) / (compressed.var(0, unbiased=False) + 1e-5).sqrt()
    expected = (expected * module.norm.weight + module.norm.bias).clamp(min=0)
    assert torch.allclose(module(as_maps(x)).permute(0, 2, 3, 1).flatten(0, 2), expected, atol=1e-4)


@pytest.mark.parametrize("relation", ["difference", "inner"])
def test_eq3_eq4_eq5_attention_reads_the_place_and_its_relations_to_all_places_in_order(relation):
    module = shaken(RelationGuidedSpatialAttention(C, N, r1=2, r2=4, relation=relation)).eval()
    x = features()
    got = module.weigh(as_maps(x)).flatten(2)
    for b in range(2):
        for i in range(N):
            if relation == "inner":
                related = torch.stack([x[b, :, i] @ x[b, :, j] / C for j in range(N)])
            else:
                related = torch.cat([relation_of(module.relation, x[b, :, i], x[b, :, j]) for j in range(N)])
            joined = torch.cat((x[b, :, i], related))
            weight = normed(module.norm, module.attention.weight[:, :, 0, 0] @ joined).sigmoid()
            assert torch.allclose(got[b, :, i], weight, atol=1e-4)


def test_eq6_the_frame_feature_is_the_attended_mean_of_every_channel():
    module = shaken(RelationGuidedSpatialAttention(C, N, r1=2, r2=4)).eval()
    maps = torch.randn(2, C, 3, 2)
    x = torch.stack([maps[:, :, y, z] for y in range(3) for z in range(2)], 2)  # row by row
    a = module.weigh(maps).flatten(2)
    got = module(maps)
    for b in range(2):
        for c in range(C):
            above = sum(float(a[b, c, i] * x[b, c, i]) for i in range(N))
            assert float(got[b, c]) == pytest.approx(above / sum(float(a[b, c, i]) for i in range(N)), abs=1e-4)


@pytest.mark.parametrize("length", [2, 4, 6, 8])
@pytest.mark.parametrize("relation", ["difference", "inner"])
def test_eq7_eq8_eq9_frames_are_refined_by_their_relations_to_all_frames(length, relation):
    module = shaken(RelationGuidedTemporalRefinement(C, length, r1=2, r2=4, relation=relation)).eval()
    f = features(2, length).transpose(1, 2)
    got = module(f)
    for b in range(2):
        for t in range(length):
            if relation == "inner":
                related = torch.stack([f[b, t] @ f[b, s] / C for s in range(length)])
            else:
                related = torch.cat([relation_of(module.relation, f[b, t], f[b, s]) for s in range(length)])
            joined = torch.cat((f[b, t], related))
            refined = normed(module.norm, module.refine.weight[:, :, 0, 0] @ joined)
            assert torch.allclose(got[b, t], refined, atol=1e-4)


def test_another_number_of_places_or_frames_is_refused():
    with pytest.raises(ShapeError, match="built for 6 positions, got 8"):
        RelationGuidedSpatialAttention(C, N)(torch.zeros(2, C, 4, 2))
    with pytest.raises(ShapeError, match="built for 8 frames, got 5"):
        RelationGuidedTemporalRefinement(C, 8)(torch.zeros(2, 5, C))


def test_an_unknown_relation_is_refused():
    with pytest.raises(UsageError, match="'cosine' is unknown; choose difference or inner"):
        RelationGuidedSpatialAttention(C, N, relation="cosine")


@pytest.mark.parametrize(
    ("r1", "r2", "rgsa", "rgtr"),
    [(32, 256, 6.558, 4.592), (16, 128, 8.920, 4.987), (16, 256, 6.821, 4.855), (32, 128, 8.656, 4.724)],
)
def test_published_sizes_of_rgsa_and_rgtr(r1, r2, rgsa, rgtr):
    with torch.device("meta"):
        parts = RelationGuidedSpatialAttention(r1=r1, r2=r2), RelationGuidedTemporalRefinement(r1=r1, r2=r2)
    millions = [sum(p.numel() for p in part.parameters()) / 1e6 for part in parts]
    assert millions == pytest.approx([rgsa, rgtr], abs=1e-3)


def small(**options: Any) -> RGSAT:
    torch.manual_seed(3)
    chosen = replace(RGSAT.VARIANTS["paper"], **{"backbone": "toy", "input_size": SIZE, "r1": 4, "r2": 16, **options})
    return settled(RGSAT(toy_trunk(), chosen), clips(3, chosen.clip_length, seed=9))


TABLE_1 = {
    "base": {"attention": False, "refinement": False},
    "rgsa": {"refinement": False},
    "rgtr": {"attention": False},
    "ip": {"relation": "inner"},
    "r2_8": {"r1": 2, "r2": 8},
    "T2": {"clip_length": 2},
    "full": {},
}


@pytest.mark.parametrize("row", TABLE_1)
def test_tables_1_to_3_every_row_embeds_clips_and_whole_tracklets(row):
    network = small(**TABLE_1[row])
    length = network.spec.clip_length
    frames = clips(1, length + 3)
    assert network.embed(frames[:, :length]).shape == (1, CHANNELS)
    assert network.embed_tracklet(frames[0]).shape == (CHANNELS,)


def test_eq10_the_clip_feature_is_the_mean_of_the_refined_frames():
    network = small()
    batch = clips(2)
    got = network(batch)
    frames = network.rgsa(network.trunk(batch.flatten(0, 1))).view(2, 8, CHANNELS)
    assert torch.allclose(got.frames, frames, atol=1e-5)
    assert torch.allclose(got.refined, network.rgtr(frames), atol=1e-5)
    assert torch.allclose(got.clip, sum(got.refined[:, t] for t in range(8)) / 8, atol=1e-5)


def test_table1_baseline_is_the_mean_over_places_then_frames():
    network = small(**TABLE_1["base"])
    batch = clips(2)
    got = network(batch)
    frames = network.trunk(batch.flatten(0, 1)).mean((2, 3)).view(2, 8, CHANNELS)
    assert torch.allclose(got.frames, frames, atol=1e-5)
    assert torch.equal(got.refined, got.frames)
    assert torch.allclose(got.clip, frames.mean(1), atol=1e-5)


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (1, [[0] * 8]),
        (7, [[0, 1, 2, 3, 4, 5, 6, 0]]),
        (8, [list(range(8))]),
        (14, [list(range(8)), list(range(4, 12)), list(range(6, 14))]),
        (16, [list(range(8)), list(range(4, 12)), list(range(8, 16))]),
    ],
)
def test_section_4_2_a_tracklet_is_the_mean_of_unit_features_of_clips_half_a_clip_apart(length, expected):
    network = small()
    frames = clips(1, length)[0]
    unit = [nn.functional.normalize(network(frames[clip][None]).clip[0], dim=0) for clip in expected]
    mean = sum(unit) / len(unit)
    assert torch.allclose(network.embed_tracklet(frames), mean / mean.norm(), atol=1e-5)


def test_section_4_2_every_frame_passes_the_trunk_once_with_the_same_result_as_clip_by_clip():
    network = small()
    frames = clips(1, 21)[0]
    assert torch.allclose(network.embed_tracklet(frames), VideoReidModel.embed_tracklet(network, frames), atol=1e-5)


def test_explain_shows_the_attention_of_every_place():
    network = small()
    batch = clips(2)
    shown = network.explain(batch)["attention"]
    weights = network.rgsa.weigh(network.trunk(batch[1]))
    assert shown.shape == (2, 8, *MAPS)
    assert torch.allclose(shown[1, 3, 2, 1], weights[3, :, 2, 1].mean(), atol=1e-5)
    assert "attention" not in small(attention=False).explain(batch)


def test_explain_shows_how_frames_relate_and_what_each_brings_to_the_clip():
    network = small()
    batch = clips(2)
    shown, features = network.explain(batch), network(batch)
    frames = features.frames[1]
    related = network.rgtr.relation(frames.T[None, :, :, None])[0]
    for t in range(8):
        share = features.refined[1, t] @ features.clip[1] / features.clip[1].square().sum() / 8
        assert torch.allclose(shown["weights"][1, t], share, atol=1e-5)
        assert torch.allclose(shown["relations"][1, t, 2], related[:, t, 2].mean(), atol=1e-5)
    assert "relations" not in small(refinement=False).explain(batch)


def test_published_sizes_and_multiply_adds_of_the_whole_network():
    with torch.device("meta"):
        network = RGSAT(build_backbone("resnet50"), RGSAT.VARIANTS["paper"]).eval()
        clip = torch.empty(1, 8, 3, 256, 128)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(34.659, abs=1e-3)
    assert giga_macs(network, clip) / 8 == pytest.approx(4.89, abs=1e-2)
