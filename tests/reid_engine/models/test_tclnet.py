"""TCLNet's parts and network against loops written from the paper."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reid_engine.errors import UsageError
from reid_engine.models import build_model
from reid_engine.models.propagation import DropBlock, NonLocal, TemporalConv
from reid_engine.models.tclnet import (
    SaliencyErasing,
    SlidingBlock,
    TCLNet,
    TemporalSaliencyBoosting,
    TemporalSaliencyErasing,
    ordered_learners,
)
from tests.reid_engine.models.toys import shaken

C, H, W = 6, 5, 3


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def bn_row(bn: nn.Module, row: Tensor) -> Tensor:
    """BN of one row in eval, from its definition."""
    return (row - bn.running_mean) / (bn.running_var + bn.eps).sqrt() * bn.weight + bn.bias


def unit(vector: Tensor) -> Tensor:
    return vector / vector.norm()


def pooled_keys(maps: Tensor) -> Tensor:
    """Mean of 2x2 positions up and left of each, zeros outside counted: (C, h, w)."""
    padded = torch.zeros(maps.shape[0], maps.shape[1] + 1, maps.shape[2] + 1)
    padded[:, 1:, 1:] = maps
    keys = torch.empty_like(maps)
    for i in range(maps.shape[1]):
        for j in range(maps.shape[2]):
            keys[:, i, j] = padded[:, i : i + 2, j : j + 2].sum((1, 2)) / 4
    return keys


def gathered(clip: Tensor, t: int, tau: float, *, pooled: bool) -> Tensor:
    """Eq. 6 and o = M^T A for frame t of (T, C, h, w), one position after another."""
    query = unit(clip[t].mean((1, 2)))
    scores, values = [], []
    for s in range(len(clip)):
        if s == t:
            continue
        keys = pooled_keys(clip[s]) if pooled else clip[s]
        for i in range(H):
            for j in range(W):
                scores.append(torch.exp(tau * query @ unit(keys[:, i, j])))
                values.append(clip[s][:, i, j])
    total = torch.stack(scores).sum()
    return sum((score / total * value for score, value in zip(scores, values, strict=True)), torch.zeros(C))


@pytest.mark.parametrize("released", [False, True])
def test_eq6_each_frame_gathers_from_the_others_by_cosine(released):
    block = shaken(TemporalSaliencyBoosting(C, conv=released, pooled_keys=released)).eval()
    maps = draw(2, 3, C, H, W)
    got = block(maps)
    for b in range(2):
        for t in range(3):
            o = gathered(maps[b], t, 5.0, pooled=released)
            if block.conv is not None:
                o = block.conv.weight[:, :, 0, 0] @ o + block.conv.bias
            expected = maps[b, t] + bn_row(block.bn, o)[:, None, None]
            assert torch.allclose(got[b, t], expected, atol=1e-5)


def test_eq6_probabilities_sum_to_one_and_leave_the_own_frame_out():
    weights = TemporalSaliencyBoosting(C).probabilities(draw(1, 3, C, H, W)).reshape(3, 3, H * W)
    assert torch.allclose(weights.sum((1, 2)), torch.ones(3))
    assert torch.equal(weights.diagonal().sum(0), torch.zeros(3))


def test_boosting_begins_as_the_identity_and_passes_single_frames_through():
    maps = draw(2, 3, C, H, W)
    assert torch.equal(TemporalSaliencyBoosting(C, conv=True)(maps), maps)
    assert torch.equal(shaken(TemporalSaliencyBoosting(C))(maps[:, :1]), maps[:, :1])


def best_block(correlation: Tensor, height: int, width: int, strides: tuple[int, int]) -> Tensor:
    """The paper's sliding block: every position inside the map, the first largest sum is erased."""
    best, mask = -torch.inf, None
    for top in range(0, correlation.shape[0] - height + 1, strides[0]):
        for left in range(0, correlation.shape[1] - width + 1, strides[1]):
            value = float(correlation[top : top + height, left : left + width].sum())
            if value > best + 1e-6:
                best, mask = value, torch.ones_like(correlation)
                mask[top : top + height, left : left + width] = 0
    assert mask is not None
    return mask


@pytest.mark.parametrize(
    ("height", "width", "strides"), [(3, None, (1, 1)), (2, 2, (1, 1)), (3, 2, (2, 1)), (4, 3, (1, 1))]
)
def test_sec31_the_block_with_the_largest_sum_is_erased(height, width, strides):
    correlations = draw(20, 7, 4)
    masks = SlidingBlock(height, width, strides).mask(correlations)
    for correlation, mask in zip(correlations, masks, strict=True):
        assert torch.equal(mask, best_block(correlation, height, width or 4, strides))


def test_sec31_the_first_of_equal_blocks_is_erased():
    mask = SlidingBlock(3).mask(torch.zeros(1, 6, 2))[0]
    assert mask[:, 0].tolist() == [0, 0, 0, 1, 1, 1]


def centred_block(correlation: Tensor, height: int) -> Tensor:
    """The published rule: rows around each row, zeros outside the map, cut at its edges."""
    rows, h = correlation.mean(1), len(correlation)
    reach = range(-(height // 2), height - height // 2)
    sums = [sum(float(rows[c + d]) for d in reach if 0 <= c + d < h) for c in range(h)]
    centre = max(range(h), key=lambda c: (round(sums[c], 5), -c))
    mask = torch.ones_like(correlation)
    for d in reach:
        if 0 <= centre + d < h:
            mask[centre + d] = 0
    return mask


@pytest.mark.parametrize("height", [2, 3, 4, 5])
def test_released_blocks_are_centred_on_a_row_and_cut_at_the_edges(height):
    correlations = draw(40, 7, 4)
    masks = SlidingBlock(height, placement="centred").mask(correlations)
    for correlation, mask in zip(correlations, masks, strict=True):
        assert torch.equal(mask, centred_block(correlation, height))


def test_released_blocks_favour_an_edge_when_everything_is_negative():
    correlation = -torch.ones(1, 6, 2)
    mask = SlidingBlock(3, placement="centred").mask(correlation)[0]
    assert mask[:, 0].tolist() == [0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("scaled", [False, True])
def test_eq3_correlation_is_the_product_of_each_position_with_the_projected_feature(scaled):
    erasing = shaken(SaliencyErasing(C, 8, SlidingBlock(), scaled=scaled))
    frame, found = draw(2, C, H, W), draw(2, 8, seed=1)
    got = erasing.correlate(frame, erasing.project(found)[:, None])
    for b in range(2):
        projected = erasing.conv_reduce.weight[:, :, 0, 0] @ found[b]
        for i in range(H):
            for j in range(W):
                expected = frame[b, :, i, j] @ projected / (C**0.5 if scaled else 1)
                assert torch.allclose(got[b, 0, i, j], expected, atol=1e-5)


def test_eq4_the_fused_mask_erases_what_any_mask_erases():
    erasing = SaliencyErasing(C, 8, SlidingBlock(2))
    correlations = draw(4, 3, H, W)
    fused = erasing.masks(correlations)
    single = torch.stack([erasing.block.mask(correlations[:, k]) for k in range(3)], 1)
    assert torch.equal(fused, single.amin(1))


def test_eq5_gate_is_the_softmax_of_the_product_with_the_block_taken_out():
    erasing = SaliencyErasing(C, 8, SlidingBlock())
    fused, mask = draw(2, H, W), torch.ones(2, H, W)
    mask[:, 1:3] = 0
    gates = erasing.gates(fused, mask).reshape(2, H, W)
    for b in range(2):
        assert torch.allclose(gates[b], fused[b].exp() / fused[b].exp().sum() * mask[b], atol=1e-6)


def test_released_gate_shares_one_among_the_kept_positions():
    erasing = SaliencyErasing(C, 8, SlidingBlock(), gate="kept")
    fused, mask = draw(2, H, W), torch.ones(2, H, W)
    mask[:, 1:3] = 0
    gates = erasing.gates(fused, mask).reshape(2, H, W)
    assert torch.allclose(gates.sum((1, 2)), torch.ones(2))
    assert float(gates[:, 1:3].abs().sum()) == 0
    assert torch.allclose(gates[0], fused[0].exp() * mask[0] / (fused[0].exp() * mask[0]).sum(), atol=1e-6)


class Pointwise(nn.Module):
    """A learner simple enough for a loop."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, maps: Tensor) -> Tensor:
        return self.conv(maps).relu()


def erased_by_hand(erasing: SaliencyErasing, frame: Tensor, projected: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Eq. 3-5 and the erasing for one frame (C, h, w)."""
    fused = mask = torch.ones(H, W)
    for p in projected:
        correlation = torch.einsum("chw,c->hw", frame, p) * erasing.scale
        fused, mask = fused * correlation, mask * erasing.block.mask(correlation[None])[0]
    logits = fused.masked_fill(mask == 0, -torch.inf) if erasing.gate == "kept" else fused
    gate = logits.flatten().softmax(0).reshape(H, W)
    gate = gate * mask
    average = (frame * gate).sum((1, 2))
    if erasing.conv_erase is not None:
        conv, bn = erasing.conv_erase
        average = bn_row(bn, conv.weight[:, :, 0, 0] @ average + conv.bias)
    return frame * mask + average[:, None, None], mask


@pytest.mark.parametrize("released", [False, True])
def test_eq1_eq2_learners_see_frames_without_what_earlier_ones_found(released):
    gate, placement = ("kept", "centred") if released else ("erased", "inside")
    block = SlidingBlock(2, placement=placement)
    erasing = SaliencyErasing(C, 8, block, gate=gate, scaled=released, conv=released)
    network = TemporalSaliencyErasing(Pointwise(C, 7), [Pointwise(7, 8) for _ in range(3)], erasing)
    network = shaken(network).eval()
    segments = draw(2, 3, C, H, W)
    got = network(segments)
    for b in range(2):
        projected: list[Tensor] = []
        for n, learner in enumerate(network.learners):
            erased, mask = erased_by_hand(erasing, segments[b, n], projected)
            maps = learner(network.shared(erased[None]))[0]
            assert torch.equal(got.masks[b, n], mask)
            assert torch.allclose(got.maps[b, n], maps, atol=1e-4)
            projected.append(erasing.conv_reduce.weight[:, :, 0, 0] @ maps.mean((1, 2)))


def test_sec31_gradient_reaches_the_projection_through_the_gate_but_not_earlier_learners():
    erasing = SaliencyErasing(C, 8, SlidingBlock(2))
    network = TemporalSaliencyErasing(Pointwise(C, 7), [Pointwise(7, 8) for _ in range(2)], erasing)
    network(draw(2, 2, C, H, W)).maps[:, 1].square().sum().backward()
    assert float(erasing.conv_reduce.weight.grad.abs().sum()) > 0
    assert float(network.learners[0].conv.weight.grad.abs().sum()) == 0  # f_1 is detached


def test_learners_share_all_blocks_but_the_last_and_forget_its_statistics():
    stage = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
    stage[1].running_mean.fill_(3.0)
    stage[1].weight.data.fill_(2.0)
    shared, learners = ordered_learners(stage, 2)
    assert list(shared) == [stage[0]]
    assert [float(learner.running_mean[0]) for learner in learners] == [0.0, 0.0]
    assert [learner.weight[0].item() for learner in learners] == [2.0, 2.0]
    assert learners[0].weight is not learners[1].weight


SIZE = (64, 32)


def small(name: str = "tclnet", variant: Any = "paper", **options: Any) -> TCLNet:
    torch.manual_seed(3)
    model = build_model(name, variant, "compact", input_size=SIZE, **options)
    assert isinstance(model, TCLNet)
    return model.eval()


def clips(batch: int = 2, length: int = 4, seed: int = 0) -> Tensor:
    return draw(batch, length, 3, *SIZE, seed=seed)


@pytest.mark.parametrize("pool", ["avg", "max"])
def test_eq7_videos_are_means_over_segments_of_what_each_learner_found(pool):
    network = small(pool=pool, erase_conv=True)
    batch = clips()
    maps = network._maps(batch, network.path)
    for n in range(2):
        expected = []
        for segment in (maps[:, :2], maps[:, 2:]):
            found = network.erasing(segment).maps[:, n].flatten(2)
            expected.append(found.mean(2) if pool == "avg" else found.amax(2))
        assert torch.allclose(network(batch).videos[:, n], (expected[0] + expected[1]) / 2, atol=1e-5)


def test_segments_give_the_same_one_by_one_and_at_once():
    network = small()
    maps = network._maps(clips(), network.path)
    at_once = network._segments(maps)
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    for one, other in zip(network._segments(maps), at_once, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_vector_is_every_learners_mean_at_unit_length():
    network = small()
    videos = network(clips()).videos
    vector = network.embed(clips())
    expected = torch.cat([videos[:, n] / videos[:, n].norm(dim=1, keepdim=True) for n in range(2)], 1)
    assert torch.allclose(vector, expected, atol=1e-6)


def test_released_vector_passes_the_necks_after_the_mean_over_clips(monkeypatch):
    network = small(variant="released")
    assert network.necks is not None
    shaken(network.necks)
    videos = torch.tensor([[1.0], [5.0]]) * draw(2, 512)  # two clips of unlike length
    monkeypatch.setattr(network, "clip_features", lambda batch: videos[: len(batch)])
    mean = videos.mean(0).reshape(2, 256)
    expected = torch.cat([unit(bn_row(network.necks[n], mean[n])) for n in range(2)])
    tracklet = network.embed_tracklet(clips(1, 8)[0])
    assert torch.allclose(tracklet, expected, atol=1e-5)
    assert not torch.allclose(tracklet, network.finish(videos).mean(0), atol=1e-3)


@pytest.mark.parametrize("name", ["tcl/tse_N3", "tcl/tse_N4", "tcl/tsb", "tcl/stage23", "tcl/tse_wo_seo", "tcl/tse_h2"])
def test_rows_of_the_tables_embed(name):
    network = small(name)
    vectors = network.embed(clips(2, network.spec.clip_length))
    assert vectors.shape == (2, network.spec.embedding_dim)
    assert bool(vectors.isfinite().all())


def test_more_frames_than_one_clip_of_the_paper_are_more_segments():
    network = small(clip_length=8)
    assert network(clips(2, 8)).masks.shape == (2, 8, 4, 2)


def test_explain_shows_what_was_erased_and_where_boosting_looked():
    network = small("tcl/stage23")
    shown = network.explain(clips())
    assert set(shown) == {"boost2", "boost3", "masks", "correlations", "carried", "weights"}
    assert shown["masks"].shape == (2, 4, 4, 2)
    assert shown["boost2"].shape == (2, 4, 8, 4)
    assert torch.allclose(shown["boost2"].sum((1, 2, 3)), torch.ones(2), atol=1e-5)
    assert torch.equal(shown["masks"][:, 0], torch.ones(2, 4, 2))  # the first frame of a segment is whole
    assert bool((shown["masks"][:, 1] == 0).any())
    assert "masks" not in small("tcl/tsb").explain(clips())  # nothing is erased


@pytest.mark.parametrize("pool", ["avg", "max"])
def test_explain_shows_what_places_and_frames_bring_to_every_learners_vector(pool):
    network = small("tclnet", pool=pool)
    batch = clips()
    shown = network.explain(batch)
    videos, maps = network(batch).videos, network._segments(network._maps(batch, network.path)).maps
    for b in range(len(batch)):
        for t in range(4):
            n, frame = t % 2, maps[b, t // 2, t % 2]  # two segments of two frames, a learner each
            for i in range(frame.shape[1]):
                for j in range(frame.shape[2]):
                    brought = frame[:, i, j] / frame[0].numel()
                    if pool == "max":
                        brought = frame[:, i, j] * (frame[:, i, j] == frame.amax((1, 2)))
                    share = brought / 2 @ videos[b, n] / videos[b, n].square().sum() / 2
                    assert torch.allclose(shown["carried"][b, t, i, j], share, atol=1e-5)
    assert torch.allclose(shown["weights"], shown["carried"].sum((2, 3)), atol=1e-6)
    assert torch.allclose(shown["weights"].sum(1), torch.ones(len(batch)), atol=1e-4)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"learners": 3}, "4 frames does not divide into segments of 3"),
        ({"learners": 1}, "at least two learners"),
        ({"boosts": (4,)}, "stages 1 to 3"),
        ({"block_placement": "centred", "block_width": 4}, "as wide as the map"),
        ({"variant": "released", "block_strides": (2, 1)}, "moves row by row"),
    ],
)
def test_options_that_cannot_be_are_refused(options, sentence):
    with pytest.raises(UsageError, match=sentence):
        small(**options)


def test_table4_dropblock_erases_blocks_in_training_only():
    torch.manual_seed(0)
    block, maps = DropBlock((3, 8), 0.5), torch.ones(64, 2, 16, 8)
    assert torch.equal(block.eval()(maps), maps)
    dropped = block.train()(maps)
    share = float((dropped == 0).float().mean())
    assert 0.2 < share < 0.6
    assert torch.equal(dropped[:, 0] == 0, dropped[:, 1] == 0)
    assert float(dropped.mean()) == pytest.approx(1.0, abs=1e-4)


def test_table4_nonlocal_gathers_from_every_position_of_the_clip():
    block = shaken(NonLocal(C))
    maps = draw(1, 2, C, 2, 2)
    rows = maps[0].permute(0, 2, 3, 1).reshape(8, C)
    expected = torch.empty(8, C)
    for i in range(8):
        weights = torch.stack([block.theta(rows[i]) @ block.phi(rows[j]) for j in range(8)]).softmax(0)
        value = sum(weights[j] * block.g(rows[j]) for j in range(8))
        expected[i] = rows[i] + block.out(value)
    assert torch.allclose(block(maps)[0].permute(0, 2, 3, 1).reshape(8, C), expected, atol=1e-5)


def test_table4_temporal_convolution_begins_as_the_single_frame_one():
    conv = nn.Conv2d(C, 4, 1, bias=False)
    inflated = TemporalConv(conv, frames=3)
    maps = draw(6, C, H, W)
    assert torch.allclose(inflated(maps), conv(maps), atol=1e-6)
    nn.init.normal_(inflated.conv.weight)
    kernel = inflated.conv.weight[:, :, :, 0, 0]
    expected = sum(
        torch.einsum("oc,chw->ohw", kernel[:, :, k], maps[1 + k - 1]) for k in range(3)
    )  # the middle frame of the first clip
    assert torch.allclose(inflated(maps)[1], expected, atol=1e-5)


@pytest.mark.parametrize("name", ["tcl/base_3d", "tcl/base_nl", "tcl/base_dropblock", "tcl/market_base"])
def test_table4_rivals_and_single_pictures_embed_tracklets_of_one_frame(name):
    assert small(name).embed_tracklet(clips(1, 1)[0]).shape == (256,)


def test_table4_rivals_stand_where_the_guide_says():
    dropped, nonlocal_ = small("tcl/base_dropblock").path, small("tcl/tse_nl").path
    assert (list(dropped)[-1], dropped["dropblock"].block, dropped["dropblock"].rate) == ("dropblock", (3, 8), 0.1)
    assert list(nonlocal_)[-1] == "nonlocal"
    assert nonlocal_["nonlocal"].theta.weight.shape == (96, 192)  # half of what stage 3 gives
    with torch.device("meta"):
        inflated = build_model("tcl/base_3d")
    kernels = [module.conv.kernel_size for module in inflated.modules() if isinstance(module, TemporalConv)]
    assert kernels == [(3, 1, 1)] * 16  # every bottleneck of ResNet-50
