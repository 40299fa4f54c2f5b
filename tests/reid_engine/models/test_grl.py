"""GRL's parts and network against loops written from the paper."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reid_engine.errors import UsageError
from reid_engine.models import build_model
from reid_engine.models.grl import (
    GRL,
    AttentivePooling,
    EnhancementMemoryUnit,
    GlobalGuidedCorrelationEstimation,
    MemoryBlock,
    PairHead,
    TemporalReciprocalLearning,
)
from tests.reid_engine.models.toys import shaken

C, H, W = 16, 3, 2
SIZE = (64, 32)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def bn_row(bn: nn.Module, row: Tensor) -> Tensor:
    """BN of one row in eval, from its definition."""
    return (row - bn.running_mean) / (bn.running_var + bn.eps).sqrt() * bn.weight + bn.bias


def pointwise(conv: nn.Conv2d, row: Tensor) -> Tensor:
    out = conv.weight[:, :, 0, 0] @ row
    return out if conv.bias is None else out + conv.bias


def unit(vector: Tensor) -> Tensor:
    return vector / vector.norm()


def related(gce: GlobalGuidedCorrelationEstimation, row: Tensor) -> Tensor:
    """W_r of one row, layer after layer."""
    for layer in gce.relate:
        if isinstance(layer, nn.Conv2d):
            row = pointwise(layer, row)
        elif isinstance(layer, nn.BatchNorm2d):
            row = bn_row(layer, row)
        else:
            row = row.clamp(min=0)
    return row.sigmoid()


@pytest.mark.parametrize("correlation", ["two_convs", "three_convs"])
def test_eq1_eq2_every_position_is_related_to_the_mean_of_the_video(correlation):
    gce = shaken(GlobalGuidedCorrelationEstimation(C, correlation=correlation)).eval()
    maps = draw(2, 3, C, H, W)
    got = gce(maps)
    assert got.shape == (2, 3, 1, H, W)
    for b in range(2):
        total = sum((maps[b, t, :, i, j] for t in range(3) for i in range(H) for j in range(W)), torch.zeros(C))
        guide = gce.project[0].weight @ (total / (3 * H * W)) + gce.project[0].bias
        if correlation == "three_convs":
            guide = bn_row(gce.project[1], guide).clamp(min=0)
        for t in range(3):
            for i in range(H):
                for j in range(W):
                    expected = related(gce, torch.cat([maps[b, t, :, i, j], guide]))
                    assert torch.allclose(got[b, t, :, i, j], expected, atol=1e-5)


def residual(block: MemoryBlock, maps: Tensor) -> Tensor:
    """The block in eval from its layers (C, h, w); a 3x3 middle is summed tap by tap."""
    first = torch.stack([bn_row(block.bn1, pointwise(block.conv1, row)).clamp(min=0) for row in maps.flatten(1).T], 1)
    first = first.reshape(-1, *maps.shape[1:])
    kernel, reach = block.conv2.weight, block.conv2.kernel_size[0] // 2
    out = torch.empty_like(maps)
    for i in range(maps.shape[1]):
        for j in range(maps.shape[2]):
            mixed = torch.zeros(len(first))
            for di in range(-reach, reach + 1):
                for dj in range(-reach, reach + 1):
                    if 0 <= i + di < maps.shape[1] and 0 <= j + dj < maps.shape[2]:
                        mixed = mixed + kernel[:, :, di + reach, dj + reach] @ first[:, i + di, j + dj]
            mixed = bn_row(block.bn2, mixed).clamp(min=0)
            out[:, i, j] = (bn_row(block.bn3, pointwise(block.conv3, mixed)) + maps[:, i, j]).clamp(min=0)
    return out


@pytest.mark.parametrize("kernel", [1, 3])
def test_eq8_memory_is_a_residual_block_of_what_is_added(kernel):
    block = shaken(MemoryBlock(C, kernel=kernel)).eval()
    memory, low = draw(2, C, H, W), draw(2, C, H, W, seed=1)
    got = block(memory, low)
    for b in range(2):
        assert torch.allclose(got[b], residual(block, memory[b] + low[b]), atol=1e-4)


def enhanced(unit_: EnhancementMemoryUnit, high: Tensor, memory: Tensor) -> Tensor:
    """Eq. 5-7 and the spatial mean for one frame (C, h, w), position after position."""
    difference = torch.zeros(C)
    for i in range(H):
        for j in range(W):
            f1 = pointwise(unit_.f1[0], memory[:, i, j]).clamp(min=0)
            f2 = pointwise(unit_.f2[0], high[:, i, j]).clamp(min=0)
            difference = difference + (f1 - f2) ** 2 / (H * W)
    a = (unit_.attention[2].weight @ (unit_.attention[0].weight @ difference).clamp(min=0)).sigmoid()
    return ((1 + a)[:, None, None] * high).mean((1, 2))


def test_eq5_eq6_eq7_frames_are_enhanced_where_the_memory_differs():
    unit_ = shaken(EnhancementMemoryUnit(C)).eval()
    high, low, memory = (draw(2, C, H, W, seed=s) for s in range(3))
    frames, remembered = unit_(high, low, memory)
    for b in range(2):
        assert torch.allclose(frames[b], enhanced(unit_, high[b], memory[b]), atol=1e-4)
    assert torch.equal(remembered, unit_.memory(memory, low))


@pytest.mark.parametrize("fusion", ["fc", "sum"])
def test_eq9_eq10_both_directions_are_walked_and_integrated_in_time_order(fusion):
    trl = shaken(TemporalReciprocalLearning(C, fusion=fusion)).eval()
    high, low = draw(1, 4, C, H, W), draw(1, 4, C, H, W, seed=1)
    frames: dict[str, dict[int, Tensor]] = {"forward_unit": {}, "backward_unit": {}}
    memories = {}
    for name, order in (("forward_unit", range(4)), ("backward_unit", range(3, -1, -1))):
        memory = low[0].mean(0)
        for t in order:
            frames[name][t] = enhanced(trl.units[name], high[0, t], memory)
            memory = residual(trl.units[name].memory, memory + low[0, t])
        memories[name] = memory.mean((1, 2))
    got_frames, got_video = trl(high, low)
    for t in range(4):
        pair = [frames["forward_unit"][t], frames["backward_unit"][t]]
        expected = trl.W_h(torch.cat(pair)) if fusion == "fc" else pair[0] + pair[1]
        assert torch.allclose(got_frames[0, t], expected, atol=1e-3)
    pair = [memories["forward_unit"], memories["backward_unit"]]
    expected = trl.W_l(torch.cat(pair)) if fusion == "fc" else pair[0] + pair[1]
    assert torch.allclose(got_video[0], expected, atol=1e-3)


def test_table5_backward_is_forward_on_the_reversed_video():
    forward = shaken(TemporalReciprocalLearning(C, directions="forward")).eval()
    backward = TemporalReciprocalLearning(C, directions="backward").eval()
    backward.units["backward_unit"].load_state_dict(forward.units["forward_unit"].state_dict())
    high, low = draw(2, 4, C, H, W), draw(2, 4, C, H, W, seed=1)
    frames, video = forward(high, low)
    reversed_frames, reversed_video = backward(high.flip(1), low.flip(1))
    assert torch.allclose(reversed_frames.flip(1), frames, atol=1e-5)
    assert torch.allclose(reversed_video, video, atol=1e-5)


def test_sec33_batch_statistics_of_the_memory_move_once_a_step():
    trl = TemporalReciprocalLearning(C).train()
    trl(draw(2, 5, C, H, W), draw(2, 5, C, H, W, seed=1))
    assert int(trl.units["forward_unit"].memory.bn1.num_batches_tracked) == 5


def test_without_enhancement_and_without_memory_the_parts_are_not_there():
    high, low = draw(2, 3, C, H, W), draw(2, 3, C, H, W, seed=1)
    plain = TemporalReciprocalLearning(C, enhance=False, fusion="sum", directions="forward")
    assert plain.units["forward_unit"].f1 is None
    assert torch.allclose(plain(high, low)[0], high.mean((3, 4)))
    for fusion in ("fc", "sum"):  # table 3: the frames are the means of X^h, whichever way they are walked
        both = TemporalReciprocalLearning(C, enhance=False, fusion=fusion)
        assert both.W_h is None
        assert torch.allclose(both(high, low)[0], high.mean((3, 4)))
    forgetful = TemporalReciprocalLearning(C, memory=False)
    assert forgetful.W_l is None
    frames, video = forgetful(high, low)
    assert video is None
    unit_ = forgetful.units["forward_unit"]
    first = low.mean(1)
    expected = [unit_.enhance(high[:, t], unit_.see(high[:, t]), first) for t in range(3)]
    backward = forgetful.units["backward_unit"]
    back = [backward.enhance(high[:, t], backward.see(high[:, t]), first) for t in range(3)]
    joined = forgetful.W_h(torch.cat([torch.stack(expected, 1), torch.stack(back, 1)], 2))
    assert torch.allclose(frames, joined, atol=1e-5)


def test_frames_are_pooled_by_the_summed_softmax_of_cosines():
    pooling = shaken(AttentivePooling(C, 4)).eval()
    frames = draw(2, 3, C)
    got = pooling(frames)
    for b in range(2):
        query = [unit(bn_row(pooling.query[1], pooling.query[0](frame))) for frame in frames[b]]
        key = [unit(bn_row(pooling.key[1], pooling.key[0](frame))) for frame in frames[b]]
        total = torch.zeros(C)
        for q in query:
            weights = torch.stack([q @ k for k in key]).softmax(0)
            total = total + sum(w * frame for w, frame in zip(weights, frames[b], strict=True))
        assert torch.allclose(got[b], unit(total), atol=1e-5)


def test_eq11_every_probe_is_compared_with_every_gallery():
    head = shaken(PairHead(C)).eval()
    probes, galleries = draw(2, C), draw(3, C, seed=1)
    got = head(probes, galleries)
    assert got.shape == (2, 3, 2)
    for p in range(2):
        for g in range(3):
            difference = (probes[p] - galleries[g]) ** 2
            assert torch.allclose(got[p, g], head.linear(bn_row(head.bn, difference)), atol=1e-4)


def small(name: str = "grl", variant: Any = "paper", **options: Any) -> GRL:
    torch.manual_seed(3)
    model = build_model(name, variant, "compact", input_size=SIZE, **options)
    assert isinstance(model, GRL)
    return model.eval()


def clips(batch: int = 2, length: int = 8, seed: int = 0) -> Tensor:
    return draw(batch, length, 3, *SIZE, seed=seed)


def test_eq3_eq4_maps_split_into_two_parts_that_add_up():
    network = small()
    maps = draw(2, 3, 256, 4, 2)
    seen: list[Tensor] = []
    network.trl.register_forward_pre_hook(lambda _module, streams: seen.extend(streams))
    network._streams(maps)
    high, low = seen
    assert torch.allclose(high + low, maps, atol=1e-5)
    assert torch.allclose(high, network.gce(maps) * maps)


@pytest.mark.parametrize("name", ["grl/full", "grl/gce_both", "grl/baseline"])
def test_frames_and_video_pass_a_bn_of_their_own_and_have_unit_length(name):
    network = small(name)
    for norm in (network.bn_high, network.bn_low):
        if norm is not None:
            shaken(norm)
    maps = draw(2, 3, 256, 4, 2)
    high, low, _ = network._streams(maps)
    found = network._features(maps)
    for b in range(2):
        assert torch.allclose(found.video[b], unit(bn_row(network.bn_low, low[b])), atol=1e-5)
    if name == "grl/baseline":
        assert torch.allclose(low, sum(maps[:, t].mean((2, 3)) for t in range(3)) / 3, atol=1e-6)
        return
    for b in range(2):
        for t in range(3):
            assert torch.allclose(found.frames[b, t], unit(bn_row(network.bn_high, high[b, t])), atol=1e-5)
    assert torch.allclose(found.pooled, network.pooling(found.frames), atol=1e-6)
    if name == "grl/gce_both":  # no TRL: the means of the two streams
        correlation = network.gce(maps)
        assert torch.allclose(high, (correlation * maps).mean((3, 4)), atol=1e-5)
        assert torch.allclose(low, ((1 - correlation) * maps).mean((1, 3, 4)), atol=1e-5)


def test_vector_of_the_paper_holds_pool_and_video_at_unit_length():
    network = small()
    features = network(clips())
    vector = network.embed(clips())
    expected = torch.cat([features.pooled, features.video], 1) / 2**0.5
    assert torch.allclose(vector, expected, atol=1e-5)


def test_released_vector_is_the_mean_of_clips_not_normalised_again():
    network = small(variant="released")
    frames = clips(1, 12)[0]
    parts = []
    for clip in (frames[:8], frames[[8, 9, 10, 11, 8, 9, 10, 11]]):  # the last clip repeats its own frames
        features = network(clip[None])
        parts.append(torch.cat([features.video, features.pooled, features.frames.mean(1)], 1)[0])
    assert network.spec.embedding_dim == 3 * 256
    assert torch.allclose(network.embed_tracklet(frames), (parts[0] + parts[1]) / 2, atol=1e-5)


def test_probes_and_galleries_are_pooled_apart_in_training():
    network = small().train()
    frames = draw(6, 8, 256)
    network.pooling.query[1].momentum = network.pooling.key[1].momentum = 0.0
    pooled = network._pool(frames)
    assert torch.allclose(pooled[0::2], network.pooling(frames[0::2]), atol=1e-6)
    assert torch.allclose(pooled[1::2], network.pooling(frames[1::2]), atol=1e-6)
    assert not torch.allclose(pooled, network.pooling(frames), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "width", "absent"),
    [
        ("grl/baseline", 256, {"frames", "pooled", "correlation"}),
        ("grl/gce_low", 256, {"frames", "pooled"}),
        ("grl/gce_high", 256, {"video"}),
        ("grl/gce_both", 512, set()),
        ("grl/trl_low", 256, set()),
        ("grl/trl_high", 256, set()),
        ("grl/no_memory", 256, {"video"}),
        ("grl/no_enhance", 512, set()),
        ("grl/forward", 512, set()),
        ("grl/backward", 512, set()),
    ],
)
def test_rows_of_the_tables_build_only_what_they_use(name, width, absent):
    network = small(name, clip_length=3)
    features = network(clips(2, 3))
    assert {key for key, value in features._asdict().items() if value is None} == absent
    assert network.embed(clips(2, 3)).shape == (2, width) == (2, network.spec.embedding_dim)


def test_explain_shows_correlation_and_how_frames_were_weighed():
    shown = small().explain(clips())
    assert shown["correlation"].shape == (2, 8, 4, 2)
    assert bool(((shown["correlation"] >= 0) & (shown["correlation"] <= 1)).all())
    assert torch.allclose(shown["weights"].sum(1), torch.ones(2), atol=1e-5)
    assert torch.allclose(small("grl/baseline").explain(clips())["weights"].sum(1), torch.ones(2), atol=1e-4)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"disentangle": False}, "needs the two streams"),
        ({"streams": "low"}, "builds both streams"),
        ({"memory": False, "compared": ("video",)}, "none of the compared features"),
    ],
)
def test_options_that_cannot_be_are_refused(options, sentence):
    with pytest.raises(UsageError, match=sentence):
        small(**options)
