"""Names to models: variants, configurations, options."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch

from reid_engine.errors import UsageError
from reid_engine.models import MODELS, build_model, model_names, model_options
from reid_engine.models.configurations import ALIASES, CONFIGURATIONS

pytestmark = pytest.mark.usefixtures("quick_shapes")


def test_the_five_models_have_their_papers_names():
    assert model_names() == ["grl", "stmp", "rgsat", "gltr", "tclnet"]


@pytest.mark.parametrize("name", sorted(CONFIGURATIONS))
def test_every_row_of_the_tables_builds_in_every_variant_and_embeds_one_clip(name):
    model, _ = model_options(name)
    own_trunk = "backbone" in CONFIGURATIONS[name]
    for variant in MODELS[model].VARIANTS:
        with torch.device("meta"):
            network = build_model(name, variant, **({} if own_trunk else {"backbone": "compact"})).eval()
            clip = torch.empty(1, network.spec.clip_length, 3, *network.spec.input_size)
        with torch.no_grad():
            assert network.embed(clip).shape == (1, network.spec.embedding_dim)
        assert (network.spec.variant, network.spec.name) == (variant, model)


def test_other_names_of_a_row_mean_the_same_row():
    for alias, name in ALIASES.items():
        assert model_options(alias) == model_options(name)
        assert alias not in CONFIGURATIONS


def test_the_caller_wins_over_the_configuration_and_it_over_the_variant():
    assert model_options("tcl/tse_N3")[1].learners == 3
    assert model_options("tcl/tse_N3", learners=2, pool="max")[1].learners == 2
    assert model_options("tcl/tse_N3", "released")[1].pool == "max"
    assert model_options("tcl/tse_N3", "released", pool="avg")[1].pool == "avg"


def test_both_variants_of_a_model_know_the_same_options():
    for model in MODELS.values():
        assert {type(options) for options in model.VARIANTS.values()} == {type(model.VARIANTS["paper"])}
        for variant, options in model.VARIANTS.items():
            assert options.variant == variant
            assert {"backbone", "clip_length", "input_size"} <= {field.name for field in fields(options)}


@pytest.mark.parametrize(
    ("name", "variant", "options", "sentence"),
    [
        ("resnet", "paper", {}, "no model 'resnet'; there are grl, stmp, rgsat, gltr, tclnet"),
        ("tcl/tse_N9", "paper", {}, "no model 'tcl/tse_N9'"),
        ("rgsat", "released", {}, "rgsat has no variant 'released'; it has paper"),
        ("tclnet", "printed", {}, "tclnet has no variant 'printed'; it has paper, released"),
        ("tclnet", "paper", {"learnerz": 2}, "tclnet has no option 'learnerz'; its options are .*learners"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_there_is(name, variant, options, sentence):
    with pytest.raises(UsageError, match=sentence):
        build_model(name, variant, **options)
