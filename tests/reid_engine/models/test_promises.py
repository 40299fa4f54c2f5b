"""What every model promises, whatever its paper: run over all five on a toy trunk."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reid_engine.errors import ShapeError
from reid_engine.models.backbones import build_backbone
from reid_engine.models.base import FRAMES_AT_ONCE, ModelOptions, VideoReidModel
from reid_engine.models.gltr import GLTR
from reid_engine.models.grl import GRL
from reid_engine.models.rgsat import RGSAT
from reid_engine.models.stmp import STMP
from reid_engine.models.tclnet import TCLNet
from tests.reid_engine.models.toys import SIZE, clips, settled, toy_trunk

KINDS: dict[str, tuple[type[VideoReidModel], str]] = {
    "stmp": (STMP, "paper"),
    "stmp-released": (STMP, "released"),
    "rgsat": (RGSAT, "paper"),
    "gltr": (GLTR, "paper"),
    "gltr-released": (GLTR, "released"),
    "grl": (GRL, "paper"),
    "grl-released": (GRL, "released"),
    "tclnet": (TCLNet, "paper"),
    "tclnet-released": (TCLNet, "released"),
}
BY_CLIPS = ("grl", "tclnet")  # these cut a tracklet into clips that do not overlap
every_model = pytest.mark.parametrize("kind", KINDS)
every_paper = pytest.mark.parametrize("kind", [kind for kind in KINDS if "-" not in kind])  # costly: one of each model


def options_of(kind: str, **chosen: Any) -> ModelOptions:
    model, variant = KINDS[kind]
    return replace(model.VARIANTS[variant], **chosen)


def small(kind: str) -> VideoReidModel:
    """A network for small pictures, as after training; in eval, and the test's own."""
    return deepcopy(_drawn(kind))


@cache
def _drawn(kind: str) -> VideoReidModel:
    return drawn(kind)


def drawn(kind: str) -> VideoReidModel:
    """The same from a fixed seed, each time anew."""
    torch.manual_seed(3)
    sizes: dict[str, Any] = {"stmp": {"width": 16}, "rgsat": {"r1": 4, "r2": 16}}.get(kind.split("-")[0], {})
    network = KINDS[kind][0](toy_trunk(), options_of(kind, backbone="toy", input_size=SIZE, **sizes))
    return settled(network, clips(4, network.spec.clip_length, seed=9))


def length_of(kind: str) -> float:
    """TCLNet's two halves have unit length each."""
    return 2**0.5 if kind.startswith("tclnet") else 1.0


def graph_length(kind: str) -> int:
    """Recurrences unroll into a graph: frames enough to recur and no more, where the model lets one choose."""
    return {"rgsat": 8, "grl": 2}.get(kind, 4)


def first_layer(network: VideoReidModel) -> nn.Module:
    return next(module for module in network.modules() if isinstance(module, nn.Conv2d))


def tensors(features: Any) -> dict[str, Tensor]:
    return features._asdict()


@every_model
def test_embedding_has_the_promised_width_and_length(kind):
    network = small(kind)
    vectors = network.embed(clips())
    assert vectors.shape == (3, network.spec.embedding_dim)
    if kind != "grl-released":  # compared by inner products, as published
        assert torch.allclose(vectors.norm(dim=1), torch.full((3,), length_of(kind)), atol=1e-5)


@every_model
def test_features_are_of_one_type_in_training_and_in_eval(kind):
    network = small(kind)
    in_eval = network(clips())
    in_training = network.train()(clips())
    assert type(in_eval) is type(in_training)
    assert {k: v.shape for k, v in tensors(in_eval).items()} == {k: v.shape for k, v in tensors(in_training).items()}


@every_model
def test_clips_of_a_batch_do_not_see_one_another_in_eval(kind):
    network = small(kind)
    together = network(clips())
    alone = [network(clip[None]) for clip in clips()]
    for name, feature in tensors(together).items():
        assert torch.allclose(feature, torch.cat([tensors(one)[name] for one in alone]), atol=1e-4), name


@every_model
def test_the_order_of_frames_reaches_the_embedding(kind):
    network = small(kind)
    assert not torch.allclose(network.embed(clips()), network.embed(clips().flip(1)), atol=1e-4)


@every_model
def test_gradient_reaches_every_parameter(kind):
    network = small(kind).train()
    features = tensors(network(clips()))
    weights = [torch.randn(feature.shape, generator=torch.Generator().manual_seed(1)) for feature in features.values()]
    sum((feature * w).sum() for feature, w in zip(features.values(), weights, strict=True)).backward()
    still = [name for name, p in network.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)]
    assert still == []


@every_model
def test_the_same_seed_gives_the_same_network_and_the_same_bits(kind):
    assert torch.equal(drawn(kind).embed(clips()), drawn(kind).embed(clips()))


@pytest.mark.parametrize("kind", ["stmp", "gltr", "gltr-released"])
@pytest.mark.parametrize("length", [1, 2, 5])
def test_clips_may_have_any_number_of_frames(kind, length):
    network = small(kind)
    vectors = network.embed(clips(2, length))
    assert vectors.shape == (2, network.spec.embedding_dim)
    assert bool(vectors.isfinite().all())


@every_model
def test_a_tracklet_is_embedded_alike_however_it_is_cut_for_memory(kind, monkeypatch):
    network = small(kind)
    frames = clips(1, 21)[0]
    whole = network.embed_tracklet(frames)
    bound = f"{type(network).__module__}.FRAMES_AT_ONCE"
    for pieces in (1, 2, 5):
        monkeypatch.setattr("reid_engine.models.base.CLIPS_AT_ONCE" if kind.startswith(BY_CLIPS) else bound, pieces)
        assert torch.allclose(network.embed_tracklet(frames), whole, atol=1e-5)


def embedded_in_pieces(kind: str, length: int) -> None:
    network = small(kind).requires_grad_(False)
    seen: list[int] = []
    first_layer(network).register_forward_pre_hook(lambda _, arguments: seen.append(len(arguments[0])))
    frames = clips(1, min(length, 30))[0].repeat(30, 1, 1, 1)[:length]
    vector = network.embed_tracklet(frames)
    assert vector.shape == (network.spec.embedding_dim,)
    assert bool(vector.isfinite().all())
    assert max(seen) <= FRAMES_AT_ONCE
    clip = network.spec.clip_length
    assert sum(seen) == (-(-length // clip) * clip if kind.startswith(BY_CLIPS) else length)


@every_model
def test_short_tracklets_become_a_vector_in_one_piece(kind):
    for length in (1, 2, 7):
        embedded_in_pieces(kind, length)


@every_paper
def test_a_tracklet_of_900_frames_passes_the_trunk_in_bounded_pieces(kind):
    embedded_in_pieces(kind, 900)


@every_model
def test_what_is_no_tracklet_is_refused(kind):
    network = small(kind)
    for wrong in (torch.zeros(0, 3, *SIZE), torch.zeros(3, *SIZE)):
        with pytest.raises(ShapeError, match="a tracklet is"):
            network.embed_tracklet(wrong)


@every_model
def test_bf16_and_channels_last_agree_with_fp32(kind):
    network = small(kind).requires_grad_(False)
    batch = clips(40 if kind.startswith(BY_CLIPS) else 10)  # a share of clips needs clips
    plain = network.embed(batch)
    network.to(memory_format=torch.channels_last)
    assert torch.allclose(network.embed(batch), plain, atol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = network.embed(batch)
    assert rounded.dtype == torch.float32
    cosines = torch.cosine_similarity(rounded, plain)
    if kind.startswith(("stmp", "rgsat", "gltr")):
        assert float(cosines.min()) >= 0.999
    assert float((cosines >= 0.999).float().mean()) >= 0.9
    if not kind.startswith("tclnet"):  # where rounding moves the erased block, another vector is right
        assert float(cosines.min()) >= 0.99


@every_model
def test_bf16_training_gives_finite_gradients(kind):
    network = small(kind).train()
    with torch.autocast("cpu", torch.bfloat16):
        features = tensors(network(clips()))
        loss = torch.stack([feature.float().square().mean() for feature in features.values()]).sum()
    loss.backward()
    assert all(bool(p.grad.isfinite().all()) for p in network.parameters())


@every_paper
def test_compiled_network_agrees(kind):
    network = small(kind)
    compiled = torch.compile(network.embed, backend="aot_eager")
    batch = clips(3, graph_length(kind))
    with torch.no_grad():
        assert torch.allclose(compiled(batch), network.embed(batch), atol=1e-5)


@every_paper
def test_a_network_exports_in_one_graph_for_any_number_of_clips(kind):
    network = small(kind)

    class Embed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, batch: Tensor) -> Tensor:
            return self.network.embed(batch)

    shapes = ({0: torch.export.Dim("clips", min=1, max=64)},)
    few, more = clips(2, graph_length(kind)), clips(5, graph_length(kind))
    program = torch.export.export(Embed().eval(), (few,), dynamic_shapes=shapes)
    assert torch.allclose(program.module()(more), network.embed(more), atol=1e-5)


@every_model
def test_compact_models_stay_under_1_8_million_parameters_at_full_size(kind):
    model, _ = KINDS[kind]
    brought = model.ON_BACKBONE.get("compact", {})
    with torch.device("meta"):
        network = model(build_backbone("compact"), options_of(kind, **{"backbone": "compact", **brought}))
    assert network.spec.input_size == (256, 128)
    assert sum(p.numel() for p in network.parameters()) <= 1_800_000
