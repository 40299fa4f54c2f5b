"""GLTR's parts and network against loops written from the paper."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from reid_engine.errors import UsageError
from reid_engine.models import build_model
from reid_engine.models.backbones import build_backbone
from reid_engine.models.gltr import (
    GLTR,
    DilatedTemporalPyramid,
    TemporalPyramid,
    TemporalSelfAttention,
    undilated_branch,
)
from reid_engine.pixels import Preparation
from tests.reid_engine.models.toys import SIZE, clips, giga_macs, settled, shaken, toy_trunk

D = 6


def frames(batch: int = 2, length: int = 7, width: int = D, seed: int = 0) -> Tensor:
    return torch.randn(batch, length, width, generator=torch.Generator().manual_seed(seed))


def convolved(weight: Tensor, sequence: Tensor, t: int, gap: int) -> Tensor:
    """Eq. 5 at frame t: the frames around it, ``gap`` apart, zeros outside. weight (out, in, w), sequence (T, d)."""
    half = weight.shape[2] // 2
    total = torch.zeros(weight.shape[0])
    for i in range(weight.shape[2]):
        at = t + gap * (i - half)
        if 0 <= at < len(sequence):
            total += weight[:, :, i] @ sequence[at]
    return total


@pytest.mark.parametrize(("dilations", "keep_input"), [((1, 2, 4), False), ((1, 2, 3), True), ((1,), False)])
def test_eq5_eq6_branches_of_growing_dilation_stand_side_by_side(dilations, keep_input):
    pyramid = shaken(DilatedTemporalPyramid(D, dilations, keep_input=keep_input))
    f = frames()
    got = pyramid(f)
    assert got.shape == (2, 7, pyramid.out_width) == (2, 7, D * (len(dilations) + keep_input))
    for b in range(2):
        for t in range(7):
            outputs = [f[b, t]] if keep_input else []
            outputs += [convolved(br.weight, f[b], t, gap) for br, gap in zip(pyramid.branches, dilations, strict=True)]
            assert torch.allclose(got[b, t], torch.cat(outputs), atol=1e-5)


@pytest.mark.parametrize("reach", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("kind", ["conv", "pool"])
def test_fig6_undilated_branches_see_the_same_span_as_the_dilated_one(kind, reach):
    length = 41
    branch = shaken(undilated_branch(kind, 2, reach))
    impulse = torch.zeros(1, 2, length)
    impulse[0, :, 20] = 1
    seen = branch(impulse)[0].abs().sum(0).nonzero().flatten()
    assert (int(seen[0]), int(seen[-1])) == (20 - reach, 20 + reach)
    assert branch(impulse).shape == impulse.shape


def test_fig6_one_branch_is_the_same_in_all_three_pyramids():
    f = frames()
    pyramids = (
        DilatedTemporalPyramid(D, (1,)),
        TemporalPyramid(D, [undilated_branch("conv", D, 1)]),
        TemporalPyramid(D, [undilated_branch("pool", D, 1)]),
    )
    outputs = [shaken(pyramid)(f) for pyramid in pyramids]
    assert torch.allclose(outputs[0], outputs[1])
    assert torch.allclose(outputs[0], outputs[2])


@pytest.mark.parametrize("mask", ["softmax", "raw"])
@pytest.mark.parametrize("released", [False, True])
def test_eq7_every_frame_takes_from_all_frames_by_the_mask(mask, released):
    tsa = shaken(TemporalSelfAttention(D, rectified=not released, output_norm=released, mask=mask)).eval()
    f = frames()
    query, key = (layer(f.transpose(1, 2)).transpose(1, 2) for layer in (tsa.query, tsa.key))
    value = torch.stack([f @ row for row in tsa.value.weight[:, :, 0]], 2) + tsa.value.bias
    got, drawn = tsa(f), tsa.relate(f, f)
    for b in range(2):
        for t in range(7):
            products = torch.stack([query[b, t] @ key[b, s] for s in range(7)])
            row = products.exp() / products.exp().sum() if mask == "softmax" else products
            taken = sum(row[s] * value[b, s] for s in range(7))
            expected = tsa.output(taken[None, :, None])[0, :, 0] + f[b, t]
            assert torch.allclose(drawn[b, t], row, atol=1e-5)
            assert torch.allclose(got[b, t], expected, atol=1e-4)


def test_eq7_queries_and_keys_pass_bn_and_relu_in_the_text_only():
    f = frames().transpose(1, 2)
    text = shaken(TemporalSelfAttention(D)).eval()
    norm = text.query[1]
    plain = torch.einsum("oi,bit->bot", text.query[0].weight[:, :, 0], f)
    scale = (norm.weight / (norm.running_var + norm.eps).sqrt())[:, None]
    expected = ((plain - norm.running_mean[:, None]) * scale + norm.bias[:, None]).clamp(min=0)
    assert torch.allclose(text.query(f), expected, atol=1e-5)
    code = shaken(TemporalSelfAttention(D, rectified=False, output_norm=True)).eval()
    straight = torch.einsum("oi,bit->bot", code.key.weight[:, :, 0], f) + code.key.bias[:, None]
    assert torch.allclose(code.key(f), straight, atol=1e-5)


@pytest.mark.parametrize("released", [False, True])
def test_eq7_attention_starts_as_the_identity(released):
    tsa = TemporalSelfAttention(D, rectified=not released, output_norm=released)
    f = frames()
    assert torch.equal(tsa(f), f)


@pytest.mark.parametrize("length", [1, 2, 5, 40])
def test_attention_in_blocks_of_frames_equals_one_pass(length):
    tsa = shaken(TemporalSelfAttention(D)).eval()
    f = frames(1, length)
    blocks = [tsa.complete(block, f) for block in f.split(3, 1)]
    assert torch.allclose(torch.cat(blocks, 1), tsa(f), atol=1e-5)


def test_an_unknown_mask_is_refused():
    with pytest.raises(UsageError, match="'sigmoid' is unknown; choose softmax or raw"):
        TemporalSelfAttention(D, mask="sigmoid")


def test_published_sizes_of_dtp_and_tsa():
    with torch.device("meta"):
        dtp = DilatedTemporalPyramid(128, (1, 2, 3), keep_input=True)
        released = TemporalSelfAttention(512, rectified=False, output_norm=True)
        paper = TemporalSelfAttention(384)
    millions = [sum(p.numel() for p in part.parameters()) / 1e6 for part in (dtp, released, paper)]
    assert millions == pytest.approx([0.147, 0.527, 0.295], abs=1e-3)


def small(variant: str = "paper", **options: Any) -> GLTR:
    torch.manual_seed(3)
    chosen = replace(GLTR.VARIANTS[variant], backbone="toy", input_size=SIZE, **options)
    return settled(GLTR(toy_trunk(), chosen), clips(seed=9))


ROWS = {
    "baseline": ({"pyramid": "none", "attention": False}, 128),
    "dtp": ({"attention": False}, 384),
    "tsa": ({"pyramid": "none"}, 128),
    "full": ({}, 384),
    "conv_N2": ({"pyramid": "conv", "reach": (1, 2), "attention": False}, 256),
    "pool_N5": ({"pyramid": "pool", "reach": (1, 2, 4, 8, 16), "attention": False}, 640),
    "raw": ({"mask": "raw"}, 384),
}


@pytest.mark.parametrize("row", ROWS)
def test_tables_2_and_3_and_fig_6_every_row_embeds_clips_and_whole_tracklets(row):
    options, width = ROWS[row]
    network = small(**options)
    frames = clips(1, 6)
    assert network.spec.embedding_dim == width
    assert torch.allclose(network.embed_tracklet(frames[0]), network.embed(frames)[0], atol=1e-5)


def test_the_released_variant_keeps_the_frame_features_and_dilates_by_1_2_3():
    network = small("released")
    assert network.spec.embedding_dim == 512
    assert [branch.dilation for branch in network.dtp.branches] == [(1,), (2,), (3,)]
    assert network.dtp.keep_input


def test_section_4_2_pixels_may_be_bgr_less_their_mean():
    pixels = torch.randint(0, 256, (2, 5, *SIZE, 3), dtype=torch.uint8)  # BGR, as they are decoded
    printed, usual = small(pixels="bgr_mean"), small()
    printed.load_state_dict(usual.state_dict())
    fed = Preparation.of(printed.spec).normalised(pixels)
    expected = pixels.float() - torch.tensor([104.007, 116.669, 122.679])
    assert torch.allclose(fed.flip(2), expected.movedim(-1, 2), atol=1e-3)
    assert torch.equal(printed(fed).frames, usual(fed.flip(2)).frames)  # B first
    assert usual.spec.mean == (0.485, 0.456, 0.406)
    with pytest.raises(UsageError, match="pixels 'bgr' are unknown; choose imagenet or bgr_mean"):
        small(pixels="bgr")


def test_table3_inception_is_the_one_that_the_paper_cites_without_its_side_branch():
    with torch.device("meta"):
        network = build_model("gltr/inception_full")
    assert network.trunk.name == "inception_v3"
    assert network.trunk.auxiliary is None
    assert network.spec.mean == network.spec.std == (0.5, 0.5, 0.5)


def test_eq4_the_feature_of_a_tracklet_is_the_mean_over_its_frames():
    network = small()
    batch = clips(2, 5)
    got = network(batch)
    pooled = network.trunk(batch.flatten(0, 1)).mean((2, 3)).view(2, 5, -1)
    assert torch.allclose(got.frames, network.feature(pooled), atol=1e-5)
    enhanced = network.tsa(network.dtp(got.frames))
    assert torch.allclose(got.clip, sum(enhanced[:, t] for t in range(5)) / 5, atol=1e-4)


@pytest.mark.parametrize("mask", ["softmax", "raw"])
def test_a_long_tracklet_is_one_pass_though_the_mask_is_computed_in_rows(mask, monkeypatch):
    network = small(mask=mask)
    frames = clips(1, 23)
    monkeypatch.setattr("reid_engine.models.gltr.QUERIES_AT_ONCE", 4)
    assert torch.allclose(network.embed_tracklet(frames[0]), network.embed(frames)[0], atol=1e-5)


def test_explain_shows_the_mask_and_eq8s_weight_of_every_frame():
    network = small()
    batch = clips(2, 5)
    shown = network.explain(batch)
    assert shown["mask"].shape == (2, 5, 5)
    for t in range(5):
        assert torch.allclose(shown["weights"][:, t], sum(shown["mask"][:, s, t] for s in range(5)), atol=1e-5)
    assert set(small(attention=False).explain(batch)) == {"carried"}


def test_explain_shows_what_every_place_brings_to_the_feature_of_its_frame():
    network = small()
    batch = clips(2, 5)
    shown = network.explain(batch)["carried"]
    maps = network.trunk(batch[1])[3]
    feature = network(batch).frames[1, 3]
    for i in range(maps.shape[1]):
        for j in range(maps.shape[2]):
            share = network.feature(maps[:, i, j]) @ feature / feature.square().sum() / maps[0].numel()
            assert torch.allclose(shown[1, 3, i, j], share, atol=1e-5)
    assert torch.allclose(shown.sum((2, 3)), torch.ones(2, 5), atol=1e-4)


def test_an_unknown_pyramid_is_refused():
    with pytest.raises(UsageError, match="'wide' is unknown; choose dilated, conv, pool or none"):
        small(pyramid="wide")


def test_published_sizes_and_multiply_adds_of_the_released_network():
    with torch.device("meta"):
        network = GLTR(build_backbone("resnet50"), GLTR.VARIANTS["released"]).eval()
        clip = torch.empty(1, 16, 3, 256, 128)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(24.445, abs=1e-3)
    assert giga_macs(network, clip) == pytest.approx(64.87, abs=1e-2)


def test_fig6_the_pooling_branch_averages_its_neighbours_then_looks_at_three():
    branch = shaken(undilated_branch("pool", 2, 2))
    f = frames(1, 9, 2)[0]
    padded = torch.cat([torch.zeros(1, 2), f, torch.zeros(1, 2)])
    means = torch.stack([padded[t : t + 3].sum(0) / 3 for t in range(9)])  # zeros outside count
    for t in range(9):
        assert torch.allclose(branch(f.T[None])[0, :, t], convolved(branch[1].weight, means, t, 1), atol=1e-5)
