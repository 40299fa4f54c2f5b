"""How every published part is laid out and what it begins with, number by number: widths, biases, first weights.

The loops beside the equations follow the layers that are there; these tests say which layers have to be there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reid_engine.models import MODELS, build_model, model_options
from reid_engine.models.gltr import GltrOptions, TemporalPyramid, TemporalSelfAttention, undilated_branch
from reid_engine.models.grl import (
    AttentivePooling,
    EnhancementMemoryUnit,
    GlobalGuidedCorrelationEstimation,
    PairHead,
    TemporalReciprocalLearning,
)
from reid_engine.models.propagation import DropBlock, NonLocal
from reid_engine.models.rgsat import RelationModule
from reid_engine.models.stmp import STMP, IdentityClassifier, RefiningRecurrentUnit, SpatialTemporalIntegration
from reid_engine.models.tclnet import SaliencyErasing, SlidingBlock, TclOptions, TemporalSaliencyBoosting
from tests.reid_engine.models.toys import SIZE, toy_trunk

C = 64  # the papers' 2048, divided by 32


def layers(module: nn.Module) -> list[str]:
    """Every layer in its order: "conv 64>32 3x3 bias", "linear 64>32", "bn 32", "relu"."""
    told = []
    for layer in module.modules():
        bias = " bias" if getattr(layer, "bias", None) is not None else ""
        match layer:
            case nn.Linear():
                told.append(f"linear {layer.in_features}>{layer.out_features}{bias}")
            case nn.Conv1d() | nn.Conv2d() | nn.Conv3d():
                sides = "x".join(map(str, layer.kernel_size))
                told.append(f"conv {layer.in_channels}>{layer.out_channels} {sides}{bias}")
            case nn.BatchNorm1d() | nn.BatchNorm2d() | nn.BatchNorm3d():
                told.append(f"bn {layer.num_features} {layer.eps:.0e}")
            case nn.LeakyReLU():
                told.append(f"relu {layer.negative_slope}")
            case nn.Dropout():
                told.append(f"dropout {layer.p}")
            case nn.ReLU() | nn.Sigmoid():
                told.append(type(layer).__name__.lower())
    return told


BN = {width: f"bn {width} 1e-05" for width in (1, 2, 8, 16, 32, 64, 256, 512)}
LAYERS: dict[str, tuple[Any, list[str]]] = {
    "GRL eq. 2: 2 C to C / 2 to 1": (
        lambda: GlobalGuidedCorrelationEstimation(C),
        ["linear 64>64 bias", "conv 128>32 1x1", BN[32], "relu", "conv 32>1 1x1", BN[1]],
    ),
    "GRL eq. 2 as released: three convolutions, no ReLU behind the first": (
        lambda: GlobalGuidedCorrelationEstimation(C, correlation="three_convs"),
        [
            *("linear 64>32 bias", BN[32], "relu", "conv 96>32 1x1", BN[32]),
            *("conv 32>8 1x1", BN[8], "relu", "conv 8>1 1x1", BN[1]),
        ],
    ),
    "GRL eq. 5-8: f1 and f2 with bias, W_c by sixteen without, ResNet's block": (
        lambda: EnhancementMemoryUnit(C),
        [
            *("conv 64>64 1x1 bias", "relu", "conv 64>64 1x1 bias", "relu"),
            *("linear 64>4", "relu", "linear 4>64", "sigmoid"),
            *("conv 64>16 1x1", BN[16], "conv 16>16 3x3", BN[16], "conv 16>64 1x1", BN[64]),
        ],
    ),
    "GRL eq. 9-10: W_h and W_l with bias": (
        lambda: TemporalReciprocalLearning(C, enhance=True),
        2 * layers(EnhancementMemoryUnit(C)) + 2 * ["linear 128>64 bias"],
    ),
    "GRL's pool": (lambda: AttentivePooling(C, 16), 2 * ["linear 64>16 bias", BN[16]]),
    "GRL's pair head": (lambda: PairHead(C), [BN[64], "linear 64>2 bias"]),
    "STMP's gate: 256, eps of Inception, 128": (
        lambda: RefiningRecurrentUnit(C, (8, 8)),
        ["conv 128>256 1x1", "bn 256 1e-03", "relu", "linear 64>128", "relu", "linear 128>64", "linear 256>64"],
    ),
    "STIM: 1x1x1, then 3x3x3 as 3x3 of three frames": (
        lambda: SpatialTemporalIntegration(C),
        ["conv 64>256 1x1", BN[256], "relu", "conv 768>256 3x3", BN[256], "relu"],
    ),
    "STMP's classifier": (
        lambda: IdentityClassifier(256, 9, leak=0.1),
        ["linear 256>512 bias", BN[512], "relu 0.1", "dropout 0.5", "linear 512>9 bias"],
    ),
    "RGSAT's relation module": (
        lambda: RelationModule(C, 4, 32),
        ["conv 64>16 1x1", BN[16], "relu", "conv 64>16 1x1", BN[16], "relu", "conv 16>2 1x1", BN[2]],
    ),
    "GLTR's TSA: W without bias": (
        lambda: TemporalSelfAttention(C),
        [*2 * ["conv 64>32 1", BN[32], "relu"], "conv 64>32 1 bias", "conv 32>64 1"],
    ),
    "GLTR's TSA as released": (
        lambda: TemporalSelfAttention(C, rectified=False, output_norm=True),
        [*3 * ["conv 64>32 1 bias"], "conv 32>64 1 bias", BN[64]],
    ),
    "GLTR's figure 6": (lambda: undilated_branch("pool", 8, 4), ["conv 8>8 3"]),
    "TCLNet's TSB": (lambda: TemporalSaliencyBoosting(C), [BN[64]]),
    "TCLNet's TSB as released": (lambda: TemporalSaliencyBoosting(C, conv=True), ["conv 64>64 1x1 bias", BN[64]]),
    "TCLNet's SEO as released": (
        lambda: SaliencyErasing(32, C, SlidingBlock(), conv=True),
        ["conv 64>32 1x1", "conv 32>32 1x1 bias", BN[32]],
    ),
    "TCLNet's rival NL: half the width, no BN": (lambda: NonLocal(C), [*3 * ["linear 64>32"], "linear 32>64"]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_part_has_these_layers_and_no_others(name):
    make, expected = LAYERS[name]
    assert layers(make()) == expected


def spread(weight: Tensor) -> float:
    return float(weight.detach().std())


def test_grl_s_pool_begins_kaiming_uniform_by_what_goes_out_and_its_pair_head_near_nothing():
    pool, head = AttentivePooling(256, 16), PairHead(2048)
    for linear in (pool.query[0], pool.key[0]):
        bound = (6 / 16) ** 0.5
        assert 0.95 * bound < float(linear.weight.detach().abs().max()) <= bound
        assert not linear.bias.any()
    assert spread(head.linear.weight) == pytest.approx(0.001, rel=0.1)
    assert not head.linear.bias.any()


def test_stmp_s_classifier_begins_as_published():
    head = IdentityClassifier(256, 40)
    assert spread(head.embed.weight) == pytest.approx((2 / 512) ** 0.5, rel=0.05)  # fan out
    assert spread(head.norm.weight) == pytest.approx(0.02, rel=0.2)
    assert float(head.norm.weight.detach().mean()) == pytest.approx(1.0, abs=0.01)
    assert spread(head.classify.weight) == pytest.approx(0.001, rel=0.1)
    assert not any(layer.bias.any() for layer in (head.embed, head.norm, head.classify))


def test_gltr_begins_as_published():
    torch.manual_seed(0)
    model = build_model("gltr", backbone="compact")
    assert spread(model.feature.weight) == pytest.approx((2 / 128) ** 0.5, rel=0.05)  # fan out
    assert not model.feature.bias.any()
    branches = [*model.dtp.branches, *TemporalPyramid(128, [undilated_branch("conv", 128, 2)]).branches]
    assert [spread(branch.weight) for branch in branches] == pytest.approx([0.001] * 4, rel=0.05)
    released = TemporalSelfAttention(64, rectified=False, output_norm=True)
    assert not any(start.any() for start in released.output[1].parameters())
    assert released.output[0].weight.any()
    assert not TemporalSelfAttention(64).output[0].weight.any()  # W itself


def test_tclnet_begins_as_published():
    """By (2 / what goes out) ** 0.5; whatever is added begins closed, necks begin near one."""
    erasing, boosting = (
        SaliencyErasing(256, 512, SlidingBlock(), conv=True),
        TemporalSaliencyBoosting(256, conv=True),
    )
    for conv in (erasing.conv_reduce, erasing.conv_erase[0], boosting.conv):
        assert spread(conv.weight) == pytest.approx((2 / 256) ** 0.5, rel=0.05)
    for norm in (erasing.conv_erase[1], boosting.bn):
        assert not any(start.any() for start in (norm.weight, norm.bias))
    necks = build_model("tclnet", "released", "compact").necks
    assert [spread(neck.weight) for neck in necks] == pytest.approx([0.02, 0.02], rel=0.25)
    assert [float(neck.weight.detach().mean()) for neck in necks] == pytest.approx([1.0, 1.0], abs=0.01)
    maps = torch.randn(2, 3, 8, 4, 2)
    assert torch.equal(NonLocal(8)(maps), maps)


def test_options_that_the_papers_print_are_the_defaults():
    options = TclOptions()
    assert (options.learners, options.boosts, options.temperature, options.pool) == (2, (2,), 5.0, "avg")
    assert (options.block_height, options.block_width, options.block_strides) == (3, None, (1, 1))
    assert TemporalSaliencyBoosting(8).temperature == 5.0
    block = DropBlock()
    assert (block.block, block.rate) == ((3, 8), 0.1)
    gltr = GltrOptions()
    assert (gltr.feature_width, gltr.reach, gltr.clip_length, gltr.mask) == (128, (1, 2, 4), 16, "softmax")


def test_released_models_take_the_code_where_it_differs_from_the_text():
    """Every option of the tables "paper vs code", both ways."""
    expected: dict[str, dict[str, tuple[Any, Any]]] = {
        "grl": {
            "correlation": ("two_convs", "three_convs"),
            "memory_kernel": (3, 1),
            "fusion": ("fc", "sum"),
            "compared": (("pooled", "video"), ("video", "pooled", "frames")),
            "unit": (True, False),
        },
        "stmp": {"appearance": ("current-minus-memory", "memory-minus-current")},
        "gltr": {
            "backbone": ("resnet50_standard", "resnet50"),
            "reach": ((1, 2, 4), (1, 2, 3)),
            "keep_input": (False, True),
            "rectified": (True, False),
            "output_norm": (False, True),
        },
        "tclnet": {
            "block_placement": ("inside", "centred"),
            "gate": ("erased", "kept"),
            "scaled_correlation": (False, True),
            "erase_conv": (False, True),
            "boost_conv": (False, True),
            "pooled_keys": (False, True),
            "pool": ("avg", "max"),
            "necks": (False, True),
        },
    }
    for name, differences in expected.items():
        paper, released = (model_options(name, variant)[1] for variant in ("paper", "released"))
        found = {key: (value, getattr(released, key)) for key, value in vars_of(paper).items()}
        assert {key: pair for key, pair in found.items() if pair[0] != pair[1] and key != "variant"} == differences


def vars_of(options: Any) -> dict[str, Any]:
    return {key: getattr(options, key) for key in options.__dataclass_fields__}


def test_tclnet_s_options_reach_its_parts():
    """One of each, unlike the defaults."""
    chosen: dict[str, Any] = {
        "temperature": 3.0,
        "boost_conv": True,
        "pooled_keys": True,
        "gate": "kept",
        "scaled_correlation": True,
        "block_height": 2,
        "block_width": 4,
        "block_strides": (2, 3),
        "block_placement": "inside",
    }
    model = build_model("tclnet", "paper", "compact", **chosen)
    boost, erasing = model.path["boost2"], model.erasing.erasing
    assert (boost.temperature, boost.pooled_keys, boost.conv is not None) == (3.0, True, True)
    assert erasing.block == SlidingBlock(2, 4, (2, 3), "inside")
    assert (erasing.gate, erasing.scale) == ("kept", 192**-0.5)


def test_stmp_s_options_reach_its_parts():
    def built(name: str, variant: Any = "paper") -> Any:
        return STMP(toy_trunk(), replace(model_options(name, variant)[1], input_size=SIZE))

    assert built("stmp").rru.appearance == "current-minus-memory"
    assert built("stmp", "released").rru.appearance == "memory-minus-current"
    inputs = {name: built(f"stmp/{name}").rru.gate_input for name in ("rru_ad_lv", "rru_od_lv", "rru_lv")}
    assert inputs == {"rru_ad_lv": "appearance", "rru_od_lv": "raw", "rru_lv": "differences"}
    gates = {name: built(f"stmp/{name}").rru.gate for name in ("rru_s_lv", "rru_c_lv", "rru_lv")}
    branches = {name: (gate.spatial is not None, gate.channel is not None) for name, gate in gates.items()}
    assert branches == {"rru_s_lv": (True, False), "rru_c_lv": (False, True), "rru_lv": (True, True)}


def test_gltr_s_and_grl_s_options_reach_their_parts():
    tsa = build_model("gltr", "released", "compact", mask="raw").tsa
    assert (tsa.mask, layers(tsa)) == ("raw", layers(TemporalSelfAttention(512, rectified=False, output_norm=True)))
    trl = build_model("grl", "released", "compact").trl
    assert (trl.W_h, trl.W_l) == (None, None)
    kernels = [unit.memory.conv2.kernel_size for unit in trl.units.values()]
    assert kernels == [(1, 1), (1, 1)]
    rgsat = build_model("rgsat", backbone="compact", input_size=(64, 32), clip_length=3, r1=4, r2=32)
    assert [part.relation.width for part in (rgsat.rgsa, rgsat.rgtr)] == [8, 8]
    assert [part.relation.compress.in_channels for part in (rgsat.rgsa, rgsat.rgtr)] == [64, 64]


SHEETS = {  # clip, picture, filter, protocol, distance
    "grl": (8, (256, 128), "bilinear", "consecutive", "cosine"),
    "stmp": (8, (299, 299), "bicubic", "whole", "cosine"),
    "rgsat": (8, (256, 128), "bilinear", "overlapping", "cosine"),
    "gltr": (16, (256, 128), "bilinear", "whole", "euclidean"),
    "tclnet": (4, (256, 128), "bicubic", "consecutive", "cosine"),
}


@pytest.mark.parametrize("name", SHEETS)
def test_data_sheets_are_the_papers(name):
    spec = MODELS[name](toy_trunk(), model_options(name)[1]).spec
    assert (spec.clip_length, spec.input_size, spec.resize, spec.test_clips, spec.distance) == SHEETS[name]
