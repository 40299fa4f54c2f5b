"""RGSAT's parts and network against loops written from the paper."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from reid_engine.errors import ShapeError, UsageError
from reid_engine.models.rgsat import (
    RelationGuidedSpatialAttention,
    RelationGuidedTemporalRefinement,
    RelationModule,
)
from tests.reid_engine.models.shaking import shaken

C, N = 16, 6


def features(batch: int = 2, count: int = N, seed: int = 0) -> Tensor:
    return torch.randn(batch, C, count, generator=torch.Generator().manual_seed(seed))


def normed(norm: nn.BatchNorm1d | nn.BatchNorm2d, row: Tensor) -> Tensor:
    """BN of one row in eval, from its definition."""
    return (row - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias


def relation_of(module: RelationModule, first: Tensor, second: Tensor) -> Tensor:
    """Eq. 1 and 2 for one pair, as printed: embed both, subtract, then compress."""
    theta = normed(module.theta[1], module.theta[0].weight[:, :, 0] @ first).clamp(min=0)
    phi = normed(module.phi[1], module.phi[0].weight[:, :, 0] @ second).clamp(min=0)
    return normed(module.norm, module.compress.weight[:, :, 0] @ (theta - phi)).clamp(min=0)


def test_eq1_eq2_every_pair_is_embedded_subtracted_and_compressed():
    module = shaken(RelationModule(C, r1=2, r2=4)).eval()
    x = features()
    got = module(x)
    assert got.shape == (2, 4, N, N)
    for b, i, j in torch.cartesian_prod(*map(torch.arange, (2, N, N))).tolist():
        assert torch.allclose(got[b, :, i, j], relation_of(module, x[b, :, i], x[b, :, j]), atol=1e-4)


def test_eq2_batch_statistics_run_over_all_pairs():
    module = shaken(RelationModule(C, r1=2, r2=4)).train()
    x = features()
    theta, phi = module.theta(x), module.phi(x)
    pairs = [theta[b, :, i] - phi[b, :, j] for b in range(2) for i in range(N) for j in range(N)]
    compressed = torch.stack([module.compress.weight[:, :, 0] @ pair for pair in pairs])  # (2 N N, C / r2)
    expected = (compressed - compressed.mean(0)) / (compressed.var(0, unbiased=False) + 1e-5).sqrt()
    expected = (expected * module.norm.weight + module.norm.bias).clamp(min=0)
    assert torch.allclose(module(x).permute(0, 2, 3, 1).flatten(0, 2), expected, atol=1e-4)


@pytest.mark.parametrize("relation", ["difference", "inner"])
def test_eq3_eq4_eq5_attention_reads_the_place_and_its_relations_to_all_places_in_order(relation):
    module = shaken(RelationGuidedSpatialAttention(C, N, r1=2, r2=4, relation=relation)).eval()
    x = features()
    got = module.weigh(x)
    for b in range(2):
        for i in range(N):
            if relation == "inner":
                related = torch.stack([x[b, :, i] @ x[b, :, j] / C for j in range(N)])
            else:
                related = torch.cat([relation_of(module.relation, x[b, :, i], x[b, :, j]) for j in range(N)])
            joined = torch.cat((x[b, :, i], related))
            weight = normed(module.norm, module.attention.weight[:, :, 0] @ joined).sigmoid()
            assert torch.allclose(got[b, :, i], weight, atol=1e-4)


def test_eq6_the_frame_feature_is_the_attended_mean_of_every_channel():
    module = shaken(RelationGuidedSpatialAttention(C, N, r1=2, r2=4)).eval()
    maps = torch.randn(2, C, 3, 2)
    x = torch.stack([maps[:, :, y, z] for y in range(3) for z in range(2)], 2)  # row by row
    a = module.weigh(x)
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
            refined = normed(module.norm, module.refine.weight[:, :, 0] @ joined)
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
