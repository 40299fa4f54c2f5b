"""STMP's parts and network against loops written from the paper."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from reid_engine.errors import ShapeError, UsageError
from reid_engine.models.stmp import (
    HorizontalStrips,
    RefiningRecurrentUnit,
    SpatialTemporalIntegration,
    UpdateGate,
)
from tests.reid_engine.models.shaking import shaken

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
    width = 3
    stim = shaken(SpatialTemporalIntegration(C, width)).eval()
    s = maps(1, 3, seed=4)
    reduced = stim.reduce(s.transpose(1, 2))[0]
    kernel, norm = stim.integrate[0].weight, stim.integrate[1]
    total = torch.zeros(width)
    for t, y, x in torch.cartesian_prod(*map(torch.arange, (3, H, W))).tolist():
        value = torch.zeros(width)
        for dt, dy, dx in torch.cartesian_prod(*[torch.arange(3)] * 3).tolist():
            at = (t + dt - 1, y + dy - 1, x + dx - 1)
            if 0 <= at[0] < 3 and 0 <= at[1] < H and 0 <= at[2] < W:
                value += kernel[:, :, dt, dy, dx] @ reduced[:, at[0], at[1], at[2]]
        normed = (value - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
        total += normed.clamp(min=0)
    assert torch.allclose(stim(s)[0], total / (3 * H * W), atol=1e-4)


def test_eq6_the_first_convolution_sees_one_place_of_one_frame():
    stim = shaken(SpatialTemporalIntegration(C, 3)).eval()
    s = maps(1, 2)
    norm = stim.reduce[1]
    column = stim.reduce[0].weight[:, :, 0, 0, 0] @ s[0, 1, :, 2, 1]
    normed = (column - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
    assert torch.allclose(stim.reduce(s.transpose(1, 2))[0, :, 1, 2, 1], normed.clamp(min=0), atol=1e-5)


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
