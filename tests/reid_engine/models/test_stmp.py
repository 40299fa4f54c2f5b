"""STMP's parts and network against loops written from the paper."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reid_engine.errors import ShapeError, UsageError
from reid_engine.models.backbones import build_backbone
from reid_engine.models.stmp import (
    STMP,
    HorizontalStrips,
    IdentityClassifier,
    LstmPooling,
    RefiningRecurrentUnit,
    SpatialTemporalIntegration,
    UpdateGate,
)
from tests.reid_engine.models.toys import CHANNELS, MAPS, SIZE, clips, giga_macs, settled, shaken, toy_trunk

C, H, W = 6, 3, 2


def maps(batch: int = 2, frames: int = 4, seed: int = 0) -> Tensor:
    return torch.randn(batch, frames, C, H, W, generator=torch.Generator().manual_seed(seed))


def test_eq2_the_spatial_map_is_two_layers_on_the_mean_over_channels():
    gate = shaken(UpdateGate(2 * C, C, (H, W), width=5, hidden=4, branches="spatial")).eval()
    inputs = torch.randn(1, 2 * C, H, W)
    z = gate.transition(inputs)[0]
    mean = [float(sum(z[c, y, x] for c in range(5)) / 5) for y in range(H) for x in range(W)]
    first, second = gate.spatial[0].weight, gate.spatial[2].weight
    hidden = [max(0.0, sum(float(first[k, p]) * mean[p] for p in range(H * W))) for k in range(4)]
    got = gate(inputs)
    for place in range(H * W):
        logit = sum(float(second[place, k]) * hidden[k] for k in range(4))
        assert float(got[0, 0, place // W, place % W]) == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-5)


def test_eq3_the_channel_map_is_one_layer_on_the_mean_over_places():
    gate = shaken(UpdateGate(2 * C, C, (H, W), width=5, branches="channel")).eval()
    inputs = torch.randn(1, 2 * C, H, W)
    z = gate.transition(inputs)[0]
    mean = [float(sum(z[k, y, x] for y in range(H) for x in range(W)) / (H * W)) for k in range(5)]
    got = gate(inputs)
    assert got.shape == (1, C, 1, 1)
    for c in range(C):
        logit = sum(float(gate.channel.weight[c, k]) * mean[k] for k in range(5))
        assert float(got[0, c, 0, 0]) == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-5)


def test_eq4_the_gate_is_the_sigmoid_of_the_product_of_both_maps():
    gate = shaken(UpdateGate(2 * C, C, (H, W), width=5, hidden=4)).eval()
    inputs = torch.randn(2, 2 * C, H, W)
    z = gate.transition(inputs)
    spatial = gate.spatial(z.mean(1).flatten(1))
    channel = gate.channel(z.mean((2, 3)))
    got = gate(inputs)
    for b, c, y, x in torch.cartesian_prod(*map(torch.arange, (2, C, H, W))).tolist():
        logit = float(spatial[b, y * W + x] * channel[b, c])
        assert float(got[b, c, y, x]) == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-5)


@pytest.mark.parametrize(("appearance", "sign"), [("current-minus-memory", 1.0), ("memory-minus-current", -1.0)])
def test_eq1_the_gate_looks_at_appearance_and_motion_differences(appearance, sign):
    unit = shaken(RefiningRecurrentUnit(C, (H, W), width=5, appearance=appearance)).eval()
    current, previous, memory = maps(1, 3)[0][:, None]
    expected = unit.gate(torch.cat((sign * (current - memory), current - previous), 1))
    assert torch.allclose(unit.step(current, previous, memory)[1], expected)


def test_eq5_every_frame_is_mixed_with_the_refined_frame_before_it():
    unit = shaken(RefiningRecurrentUnit(C, (H, W), width=5)).eval()
    x = maps()
    got = unit(x)
    before_x, before_s = x[:, 0], x[:, 0]
    for t in range(x.shape[1]):
        z = unit.gate(torch.cat((x[:, t] - before_s, x[:, t] - before_x), 1))
        before_x, before_s = x[:, t], (1 - z) * before_s + z * x[:, t]
        assert torch.allclose(got[:, t], before_s, atol=1e-6)


def test_eq5_the_first_refined_frame_is_the_first_frame():
    unit = shaken(RefiningRecurrentUnit(C, (H, W), width=5)).eval()
    x = maps(frames=1)
    assert torch.allclose(unit(x), x, atol=1e-6)


def test_table1_gate_inputs_are_appearance_alone_or_the_maps_themselves():
    current, previous, memory = maps(1, 3)[0][:, None]
    alone = shaken(RefiningRecurrentUnit(C, (H, W), width=5, gate_input="appearance")).eval()
    assert torch.allclose(alone.step(current, previous, memory)[1], alone.gate(current - memory))
    raw = shaken(RefiningRecurrentUnit(C, (H, W), width=5, gate_input="raw")).eval()
    assert torch.allclose(raw.step(current, previous, memory)[1], raw.gate(torch.cat((current, memory), 1)))


def test_rru_in_training_takes_batch_statistics_step_by_step():
    unit = RefiningRecurrentUnit(C, (H, W), width=5).train()
    unit(maps(frames=5))
    assert int(unit.gate.transition[1].num_batches_tracked) == 5


def test_rru_goes_on_where_an_earlier_piece_ended():
    unit = shaken(RefiningRecurrentUnit(C, (H, W), width=5)).eval()
    x = maps(frames=7)
    first, _ = unit.scan(x[:, :3], x[:, 0], x[:, 0])
    rest, _ = unit.scan(x[:, 3:], x[:, 2], first[-1])
    assert torch.allclose(torch.stack(first + rest, 1), unit(x), atol=1e-6)


def test_rru_refuses_maps_of_another_size():
    with pytest.raises(ShapeError, match=r"built for maps of \(6, 3, 2\), got \(6, 3, 3\)"):
        RefiningRecurrentUnit(C, (H, W))(torch.zeros(1, 2, C, H, W + 1))


@pytest.mark.parametrize("option", [{"gate": "no"}, {"gate_input": "no"}, {"appearance": "no"}])
def test_rru_refuses_an_unknown_option(option):
    with pytest.raises(UsageError, match="'no' is unknown; choose"):
        RefiningRecurrentUnit(C, (H, W), **option)


def test_eq6_stim_is_two_3d_convolutions_and_a_mean():
    stim = shaken(SpatialTemporalIntegration(C, 3)).eval()
    s = maps(2, 4, seed=4)
    first = nn.Sequential(nn.Conv3d(C, 3, 1, bias=False), nn.BatchNorm3d(3), nn.ReLU())
    second = nn.Sequential(nn.Conv3d(3, 3, 3, padding=1, bias=False), nn.BatchNorm3d(3), nn.ReLU())
    for ours, plain in ((stim.reduce, first), (stim.integrate, second)):
        plain[0].weight.data.copy_(ours[0].weight.view_as(plain[0].weight))
        plain[1].load_state_dict(ours[1].state_dict())
    o = second.eval()(first.eval()(s.transpose(1, 2)))
    assert torch.allclose(stim(s), o.mean((2, 3, 4)), atol=1e-5)


def test_eq6_the_second_convolution_sees_27_neighbours_in_space_and_time():
    width = 3
    stim = shaken(SpatialTemporalIntegration(C, width)).eval()
    s = maps(1, 3, seed=4)
    reduced = stim.reduce(s[0])  # (T, width, h, w)
    kernel, norm = stim.integrate[0].weight.view(width, width, 3, 3, 3), stim.integrate[1]
    total = torch.zeros(width)
    for t, y, x in torch.cartesian_prod(*map(torch.arange, (3, H, W))).tolist():
        value = torch.zeros(width)
        for dt, dy, dx in torch.cartesian_prod(*[torch.arange(3)] * 3).tolist():
            at = (t + dt - 1, y + dy - 1, x + dx - 1)
            if 0 <= at[0] < 3 and 0 <= at[1] < H and 0 <= at[2] < W:
                value += kernel[:, :, dt, dy, dx] @ reduced[at[0], :, at[1], at[2]]
        normed = (value - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
        total += normed.clamp(min=0)
    assert torch.allclose(stim(s)[0], total / (3 * H * W), atol=1e-4)


def test_eq6_the_first_convolution_sees_one_place_of_one_frame():
    stim = shaken(SpatialTemporalIntegration(C, 3)).eval()
    s = maps(1, 2)
    norm = stim.reduce[1]
    column = stim.reduce[0].weight[:, :, 0, 0] @ s[0, 1, :, 2, 1]
    normed = (column - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
    assert torch.allclose(stim.reduce(s[0])[1, :, 2, 1], normed.clamp(min=0), atol=1e-5)


def test_eq9_strips_are_row_means_over_time_and_width():
    s = maps(2, 3)
    got = HorizontalStrips()(s)
    for b, c, r in torch.cartesian_prod(*map(torch.arange, (2, C, H))).tolist():
        mean = sum(float(s[b, t, c, r, w]) for t in range(3) for w in range(W)) / (3 * W)
        assert float(got[b, c, r]) == pytest.approx(mean, abs=1e-5)


def test_published_sizes_of_rru_and_stim():
    with torch.device("meta"):
        rru, stim = RefiningRecurrentUnit(), SpatialTemporalIntegration()
    counts = [sum(p.numel() for p in part.parameters()) for part in (rru, stim)]
    assert counts == [1_589_760, 2_294_784]


def small(**options: Any) -> STMP:
    torch.manual_seed(3)
    chosen = replace(STMP.VARIANTS["paper"], backbone="toy", input_size=SIZE, width=16, **options)
    return settled(STMP(toy_trunk(), chosen), clips(seed=9))


def maps_of(network: STMP, batch: Tensor) -> Tensor:
    return network.trunk(batch.flatten(0, 1)).view(*batch.shape[:2], CHANNELS, *MAPS)


TABLE_1 = {
    "base": {"recurrent": False, "pooling": "average"},
    "lstm": {"recurrent": False, "pooling": "lstm"},
    "stim": {"recurrent": False},
    "rru_s": {"gate": "spatial", "pooling": "average"},
    "rru_c": {"gate": "channel", "pooling": "average"},
    "rru_ad": {"gate_input": "appearance", "pooling": "average"},
    "rru_od": {"gate_input": "raw", "pooling": "average"},
    "rru": {"pooling": "average"},
    "rru_lstm": {"pooling": "lstm"},
    "rru_stim": {},
}


@pytest.mark.parametrize("row", TABLE_1)
def test_table1_every_row_embeds_clips_and_whole_tracklets(row, monkeypatch):
    network = small(**TABLE_1[row])
    frames = clips(1, 7)
    monkeypatch.setattr("reid_engine.models.stmp.FRAMES_AT_ONCE", 3)
    width = CHANNELS if TABLE_1[row].get("pooling") == "average" else 16
    assert network.embed_tracklet(frames[0]).shape == (network.spec.embedding_dim,) == (width,)
    assert torch.allclose(network.embed_tracklet(frames[0]), network.embed(frames)[0], atol=1e-5)


def test_table1_baseline_is_the_mean_over_time_and_places():
    network = small(**TABLE_1["base"])
    batch = clips(2, 4)
    assert torch.allclose(network(batch).clip, maps_of(network, batch).mean((1, 3, 4)), atol=1e-5)


def test_table1_lstm_averages_its_outputs_over_pooled_frames():
    pooling = LstmPooling(C, 4)
    s = maps()
    assert torch.allclose(pooling(s), pooling.lstm(s.mean((3, 4)))[0].mean(1))


def test_an_unknown_pooling_is_refused():
    with pytest.raises(UsageError, match="'max' is unknown; choose stim, average or lstm"):
        small(pooling="max")


def test_the_network_refines_then_integrates():
    network = small()
    batch = clips(2, 4)
    s = network.rru(maps_of(network, batch))
    got = network(batch)
    assert torch.allclose(got.clip, network.pooling(s), atol=1e-5)
    assert torch.allclose(got.strips, s.mean((1, 4)), atol=1e-5)


def test_the_auxiliary_feature_is_of_middle_maps_averaged_over_time():
    network = small()
    network.trunk.auxiliary = nn.Sequential(nn.ReLU(), nn.Conv2d(16, 5, 1), nn.ReLU(), nn.Flatten())
    batch = clips(2, 4)
    middle = network.trunk.with_middle(batch.flatten(0, 1))[1].view(2, 4, 16, *MAPS)
    mean = sum(middle[:, t] for t in range(4)) / 4
    assert torch.allclose(network(batch).auxiliary, network.trunk.auxiliary(mean), atol=1e-5)
    network.trunk.auxiliary = None
    assert network(batch).auxiliary.shape == (2, 0)


def test_released_differs_from_paper_in_the_sign_of_the_appearance_only():
    paper, released = STMP.VARIANTS["paper"], STMP.VARIANTS["released"]
    assert replace(released, variant="paper", appearance="current-minus-memory") == paper


def test_explain_shows_the_gate_of_every_place():
    network = small()
    batch = clips(2, 3)
    shown = network.explain(batch)["update_gate"]
    x = maps_of(network, batch)
    _, gates = network.rru.scan(x, x[:, 0], x[:, 0])
    assert shown.shape == (2, 3, *MAPS)
    assert torch.allclose(shown[:, 2], gates[2].mean(1), atol=1e-5)
    assert small(gate="channel").explain(batch)["update_gate"].shape == shown.shape


@pytest.mark.parametrize("pooling", ["stim", "average", "lstm"])
def test_explain_shows_what_places_and_frames_bring_to_the_vector(pooling):
    network = small(pooling=pooling, recurrent=pooling != "average")
    batch = clips(2, 3)
    shown = network.explain(batch)
    stack, vector = network.pooling.stack(network._refine(maps_of(network, batch))), network(batch).clip
    count = stack[0].numel() / stack.shape[2]
    for t in range(3):
        share = stack[1, t, :, 0, 0] @ vector[1] / vector[1].square().sum() / count
        assert torch.allclose(shown["carried"][1, t, 0, 0], share, atol=1e-5)
    assert torch.allclose(shown["weights"].sum(1), torch.ones(2), atol=1e-4)
    assert ("update_gate" in shown) == (pooling != "average")


def test_published_sizes_of_the_whole_network():
    with torch.device("meta"):
        network = STMP(build_backbone("inception_v3"), STMP.VARIANTS["paper"])
        sizes = {name: sum(p.numel() for p in part.parameters()) / 1e6 for name, part in network.named_children()}
        side = sum(p.numel() for p in network.trunk.auxiliary.parameters()) / 1e6
        assert network.eval()(torch.empty(2, 1, 3, 299, 299)).auxiliary.shape == (2, 768)
    assert network.spec.input_size == (299, 299)
    assert sizes["trunk"] - side == pytest.approx(21.786, abs=1e-3)
    assert side + 0.481 == pytest.approx(3.038, abs=1e-3)  # the 625-way classifier is the objective's
    assert sizes["rru"] + sizes["pooling"] == pytest.approx(3.885, abs=1e-3)


def test_published_multiply_adds_of_rru_and_stim():
    with torch.device("meta"):
        rru, stim, s = RefiningRecurrentUnit(), SpatialTemporalIntegration(), torch.empty(1, 8, 2048, 8, 8)
    assert giga_macs(rru, s) == pytest.approx(0.541, abs=1e-3)
    assert giga_macs(stim, s) == pytest.approx(1.174, abs=1e-3)


@pytest.mark.parametrize("leak", [0.0, 0.1])
def test_identity_classifier_is_two_layers_with_a_norm_between(leak):
    head = shaken(IdentityClassifier(C, 4, hidden=5, leak=leak)).eval()
    features = torch.randn(3, C, generator=torch.Generator().manual_seed(0))
    got = head(features)
    for b in range(3):
        hidden = head.embed.weight @ features[b] + head.embed.bias
        hidden = (hidden - head.norm.running_mean) / (head.norm.running_var + 1e-5).sqrt()
        hidden = hidden * head.norm.weight + head.norm.bias
        hidden = torch.where(hidden > 0, hidden, leak * hidden)
        assert torch.allclose(got[b], head.classify.weight @ hidden + head.classify.bias, atol=1e-5)


def test_identity_classifier_has_the_published_size():
    parameters = sum(p.numel() for p in IdentityClassifier(256, 625).parameters())
    assert parameters == 256 * 512 + 512 + 2 * 512 + 512 * 625 + 625
