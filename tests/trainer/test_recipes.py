"""Every number of the papers' training sections, in the order of the sections; and what may be said about a run."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch

from reid_engine.errors import UsageError
from reid_engine.models import MODELS, model_options
from reid_engine.models.configurations import ALIASES, CONFIGURATIONS
from trainer.distributed import World
from trainer.machine import Machine, split_machine
from trainer.recipes import METHODS, Labels, Recipe, find_recipe, recipe_names
from trainer.recipes.base import Settings
from trainer.recipes.gltr import GltrObjective
from trainer.recipes.grl import GrlObjective
from trainer.recipes.limits import refuse_unfit
from trainer.recipes.stmp import StmpObjective
from trainer.recipes.tclnet import TclObjective
from trainer.step import Step

HERE = World(0, 1, torch.device("cpu"))
TINY = {"backbone": "compact", "input_size": "64x32"}


def holds(settings: Settings, **expected: Any) -> None:
    assert {key: getattr(settings, key) for key in expected} == expected


def terms_of(recipe: Recipe, stage: int = 0) -> set[str]:
    """The names of the loss terms that a recipe's objective gives for four clips of two people."""
    settings = recipe.method.stages(recipe.settings)[stage]
    model = recipe.build()
    objective = recipe.method.objective(model, 2, settings)
    length = 1 if settings.single_frames else model.spec.clip_length
    with torch.no_grad():
        features = model(torch.randn(4, length, 3, *model.spec.input_size))
        return set(objective(features, Labels(torch.tensor([0, 0, 1, 1]), torch.arange(4))))


# GRL, section 4.1 and eq. 11-14 -------------------------------------------------------------------------------------


def test_grl_s_paper_settings() -> None:
    paper = find_recipe("grl").settings
    holds(paper, sampler="pairs", batch=16, clip="restricted")  # 4.1: 16 sequences, RRS
    holds(paper, optimizer="sgd", lr=1e-3, momentum=0.9, nesterov=True, weight_decay=5e-4)  # 4.1
    holds(paper, epochs=50, decay_at=(15, 30, 45), gamma=0.1, schedule="steps")  # 4.1: x 0.1 every 15 of 50 epochs
    holds(paper, flip=0.5, crop=True, erase=0.5)  # 4.1: random crop, flip, random erasing
    holds(paper, erase_area=(0.02, 0.2), erase_aspect=(0.3, 3.33), erase_fill="colour")  # code: 2-20 %, one RGB colour
    holds(paper, terms=("frame", "video", "verification"), verification_weight=20.0)  # eq. 14; code's weights
    holds(paper, oim_scale=30.0, oim_momentum=0.5, head_lr=1.0)  # eq. 12-13; code's scale and momentum
    holds(paper, evaluate_every=5, evaluate_late=(30, 3))  # code: every 5 epochs, every 3 after 30
    assert find_recipe("grl").build(backbone="compact").spec.clip_length == 8  # 4.1: T = 8


def test_grl_s_released_settings() -> None:
    released = find_recipe("grl", {"variant": "released"}).settings
    holds(released, epochs=60, crop=False, head_lr=2.0, oim_order="released")
    holds(released, terms=("frame", "video", "verification", "pooled", "triplet"))


def test_grl_s_released_objective_shares_one_table_between_frames_and_pooled_and_doubles_the_heads_rate() -> None:
    recipe = find_recipe("grl", {"variant": "released", **TINY})
    model = recipe.build()
    objective = recipe.method.objective(model, 3, recipe.settings)
    assert isinstance(objective, GrlObjective)
    assert {name for name, _ in objective.named_buffers() if "table" in name} == {"frame_oim.table", "video_oim.table"}
    slow, fast = recipe.method.groups(model, objective, recipe.settings)
    assert (slow["lr"], fast["lr"]) == (1e-3, 2e-3)
    assert len(slow["params"]) == sum(1 for part in (model.trunk, model.gce) for _ in part.parameters())


# STMP, section "Implementation Details" and eq. 7-10 ------------------------------------------------------------------


def test_stmp_s_paper_settings() -> None:
    paper = find_recipe("stmp").settings
    holds(
        paper, sampler="cameras", identities=10, per_identity=2, clip="adjacent", min_frames=8
    )  # N = 10, K = 2, T = 8
    holds(paper, optimizer="sgd", lr=0.01, trunk_lr=0.001, momentum=0.9, nesterov=True, weight_decay=5e-4)
    holds(paper, epochs=900, decay_at=(), flip=0.0, crop=False, erase=0.0)  # no augmentation, constant lr
    holds(paper, terms=("identity", "auxiliary", "video", "parts"), margin=0.4, leak=0.0)  # eq. 7, ReLU
    assert find_recipe("stmp", {"variant": "released"}).settings.leak == 0.1  # type: ignore[attr-defined]


def test_stmp_s_trunk_learns_ten_times_slower_and_the_new_auxiliary_classifier_fast() -> None:
    recipe = find_recipe("stmp")
    with torch.device("meta"):
        model = recipe.build()
        objective = recipe.method.objective(model, 3, recipe.settings)
    assert isinstance(objective, StmpObjective)
    slow, fast = recipe.method.groups(model, objective, recipe.settings)
    assert (slow["lr"], fast["lr"]) == (0.001, 0.01)
    ids = {id(p) for p in slow["params"]}
    assert ids == {id(p) for p in model.trunk.parameters()}
    assert objective.auxiliary is not None
    assert objective.auxiliary.in_features == 768
    assert not ids & {id(p) for p in fast["params"]}
    assert len(slow["params"]) + len(fast["params"]) == sum(1 for m in (model, objective) for _ in m.parameters())


# RGSAT, section 4.2 and eq. 11-15 -------------------------------------------------------------------------------------


def test_rgsat_s_paper_settings() -> None:
    paper = find_recipe("rgsat").settings
    holds(paper, sampler="identities", identities=18, per_identity=4, batch=72, clip="scattered")  # P = 18, K = 4
    holds(paper, optimizer="adam", lr=3e-4, weight_decay=5e-4)
    holds(paper, epochs=375, decay_at=(125, 250), gamma=0.1)  # 3e-5 after 125, 3e-6 after 250
    holds(paper, flip=0.5, erase=0.5, erase_area=(0.02, 0.4), erase_aspect=(0.3, 3.33), erase_fill="mean")
    holds(paper, triplet=True, frame_ce_on="frames", pos_include_self=False)


# GLTR, section 4.2 ----------------------------------------------------------------------------------------------------


def test_gltr_s_two_stages_as_the_paper_prints_them() -> None:
    recipe = find_recipe("gltr")
    frames, clips = recipe.method.stages(recipe.settings)
    holds(frames, single_frames=True, batch=128, lr=0.01, decay_at=(10,), gamma=0.1, epochs=20)
    holds(clips, single_frames=False, batch=10, lr=0.01, decay_at=(120,), gamma=0.1, epochs=400)
    for one in (frames, clips):
        holds(one, sampler="shuffle", clip="adjacent_but_last", optimizer="sgd", momentum=0.9, weight_decay=5e-4)
        holds(one, nesterov=False, flip=0.0, crop=False, erase=0.0)
    assert recipe.build(backbone="compact").spec.clip_length == 16


def test_gltr_s_code_has_one_stage() -> None:
    recipe = find_recipe("gltr", {"variant": "released"})
    (only,) = recipe.method.stages(recipe.settings)
    holds(only, epochs=501, decay_at=(120, 240, 360, 480), batch=10, lr=0.01)


def test_gltr_s_first_stage_trains_the_frame_network_only_and_the_second_everything_unless_frozen() -> None:
    recipe = find_recipe("gltr", TINY)
    model = recipe.build()
    frames, clips = recipe.method.stages(recipe.settings)
    first, second = (recipe.method.objective(model, 3, one) for one in (frames, clips))
    assert isinstance(first, GltrObjective)
    own = {id(p) for part in (model.trunk, model.feature, first) for p in part.parameters()}
    assert {id(p) for group in recipe.method.groups(model, first, frames) for p in group["params"]} == own
    both = {id(p) for part in (model, second) for p in part.parameters()}
    assert {id(p) for group in recipe.method.groups(model, second, clips) for p in group["params"]} == both
    frozen = find_recipe("gltr", {**TINY, "freeze_cnn": "true"}).settings
    left = {id(p) for group in recipe.method.groups(model, second, frozen) for p in group["params"]}
    assert left == both - {id(p) for part in (model.trunk, model.feature) for p in part.parameters()}
    begun, later = recipe.method.stages(frozen)
    assert (set(begun.still), set(later.still)) == ({"dtp", "tsa"}, {"trunk", "feature"})  # statistics rest too
    assert clips.still == ()


# TCLNet, section 4.1 --------------------------------------------------------------------------------------------------


def test_tclnet_s_paper_settings() -> None:
    paper = find_recipe("tclnet").settings
    holds(paper, sampler="tracklets", identities=8, per_identity=4, batch=32, clip="strided")  # 4 frames, stride 8
    holds(paper, optimizer="adam", lr=3e-4, weight_decay=5e-4)
    holds(paper, epochs=150, decay_at=(40, 80, 120), gamma=0.1, flip=0.5, crop=False, erase=0.0)
    holds(paper, triplet=False, margin=0.4, evaluate_every=10, duke_pieces=32)
    holds(find_recipe("tcl/full_tri").settings, triplet=True)  # table 5, "TCLNet-tri"
    holds(find_recipe("tclnet", {"variant": "released"}).settings, triplet=True)  # train.py always uses both


def test_tclnet_s_classifiers_stand_behind_a_bn_of_their_own_or_of_the_released_model() -> None:
    for variant, necks in (("paper", 2), ("released", 0)):
        recipe = find_recipe("tclnet", {"variant": variant, **TINY})
        model = recipe.build()
        objective = recipe.method.objective(model, 3, recipe.settings)
        assert isinstance(objective, TclObjective)
        assert (len(objective.necks), len(objective.classifiers)) == (necks, 2)


# all of them ----------------------------------------------------------------------------------------------------------

TERMS = {
    "grl/baseline": {"video"},
    "grl/gce_low": {"video"},
    "grl/gce_high": {"frame"},
    "grl/gce_both": {"frame", "video"},
    "grl/no_memory": {"frame", "verification"},
    "grl/loss_v": {"video", "pooled", "verification"},
    "grl/loss_f": {"frame", "verification"},
    "grl/full": {"frame", "video", "verification"},
    "stmp/base": {"identity"},
    "stmp/rru_stim_lv": {"identity", "video"},
    "stmp/full": {"identity", "video", "parts"},  # the auxiliary term is Inception's
    "rgsat/base_ce": {"clip", "frame"},
    "rgsat/both_ce": {"clip", "frame"},
    "rgsat/base_total": {"clip", "frame", "triplet"},
    "rgsat/full": {"clip", "frame", "triplet"},
    "gltr/full": {"identity"},
    "tcl/base": {"identity 1"},
    "tcl/full": {"identity 1", "identity 2"},
    "tcl/full_tri": {"identity 1", "identity 2", "triplet 1", "triplet 2"},
    "ours": {"identity 1", "triplet 1"},
}


@pytest.mark.parametrize("name", TERMS)
def test_ablations_of_the_loss_have_their_terms(name: str) -> None:
    assert terms_of(find_recipe(name, {**TINY, "clip_length": "2"})) == TERMS[name]


@pytest.mark.parametrize("wanted", ["identity", "video", "parts", "video,parts"])
def test_stmp_s_loss_has_the_terms_that_are_asked_for_and_no_other(wanted: str) -> None:
    assert terms_of(find_recipe("stmp", {**TINY, "clip_length": "2", "terms": wanted})) == set(wanted.split(","))


def test_figures_are_re_ranked_in_the_row_that_says_so() -> None:
    assert {name for name in CONFIGURATIONS if find_recipe(name).settings.rerank} == {"gltr/full_rerank"}


def test_only_tclnet_cuts_dukemtmc_s_tracklets() -> None:
    assert {name for name in METHODS if find_recipe(name).settings.duke_pieces} == {"tclnet"}


def test_images_are_erased_in_the_rows_that_say_so() -> None:
    erasing = {name for name in CONFIGURATIONS if name.startswith("tcl/") and find_recipe(name).settings.erase}
    assert erasing == {"tcl/base_re", "tcl/tse_re"}


def test_every_row_of_every_table_has_its_recipe() -> None:
    assert set(recipe_names()) == {*CONFIGURATIONS, *ALIASES, *MODELS, "ours", "ours/adapt"}
    for name in set(recipe_names()) - {"ours/adapt"}:  # which begins with a model
        recipe = find_recipe(name, {"weights": "resnet50-19c8e357.pth"})
        assert not recipe.changed, name


@pytest.mark.parametrize("name", [name for name in CONFIGURATIONS if not name.startswith(("gltr/al", "gltr/in"))])
def test_every_row_trains_with_gradients_everywhere(name: str) -> None:
    """What DDP needs too: no parameter without a gradient."""
    small = {} if name.startswith("tcl") else {"input_size": "32x16"}
    short = {} if "/T" in name or name.startswith("tcl") else {"clip_length": "2"}
    recipe = find_recipe(name, {**TINY, **small, **short})
    model = recipe.build()
    settings = recipe.method.stages(recipe.settings)[-1]
    objective = recipe.method.objective(model, 2, settings)
    clips = torch.randn(4, model.spec.clip_length, 3, *model.spec.input_size)
    Step(model, model, objective, HERE, 4).backward(clips, Labels(torch.tensor([0, 0, 1, 1]), torch.arange(4)), 1)
    for parameter in model.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


def test_a_run_with_other_settings_is_never_the_reproduction() -> None:
    same = find_recipe("tclnet", {"weights": "imagenet.pth"})
    assert same.verdict() == "the settings of tcl/full, paper variant, unchanged"
    other = find_recipe("tclnet", {"backbone": "compact", "epochs": "3", "input_size": "128x64"})
    assert other.verdict() == (
        "not the paper's settings: backbone=compact (recipe: resnet50), input_size=(128, 64) (recipe: (256, 128)), "
        "epochs=3 (recipe: 150), weights=none (recipe: ImageNet)"
    )
    assert find_recipe("grl", {"memory_kernel": "1", "weights": "w"}).changed == {"memory_kernel": (3, 1)}
    assert not find_recipe("grl", {"evaluate_every": "1", "weights": "w"}).changed, "looking changes nothing"


def test_a_trunk_of_another_training_is_not_taken_for_imagenet_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have seen the very people that are tested on."""
    trunk = tmp_path / "resnet50-0676ba61.pth"
    trunk.write_bytes(b"numbers")
    learned = find_recipe("tclnet", {"weights": str(trunk)})
    assert learned.changed == {"weights": ("ImageNet", "resnet50-0676ba61.pth")}
    assert learned.verdict() == "not the paper's settings: weights=resnet50-0676ba61.pth (recipe: ImageNet)"
    monkeypatch.setattr("trainer.recipes.IMAGENET", (hashlib.sha256(b"numbers").hexdigest()[:8],))
    assert not find_recipe("tclnet", {"weights": str(trunk)}).changed


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("tclnet2", {}, "there is no recipe 'tclnet2'"),
        ("tclnet", {"learnig_rate": "1"}, "there is no setting 'learnig_rate'"),
        ("rgsat", {"variant": "released"}, "rgsat/full has no variant 'released'; it has paper"),
        ("tclnet", {"lr": "fast"}, "lr is a number such as 0.0003, got 'fast'"),
        ("tclnet", {"triplet": "perhaps"}, "triplet is true or false, got 'perhaps'"),
        ("tclnet", {"epochs": "1.5"}, "epochs is a whole number such as 150, got '1.5'"),
        ("tclnet", {"optimizer": "rmsprop"}, "optimizer is sgd, adam or adamw, got 'rmsprop'"),
        ("ours", {"schedule": "linear"}, "schedule is steps or cosine, got 'linear'"),
        ("stmp", {"clip": "some"}, "clip is restricted, strided, adjacent, adjacent_but_last or scattered"),
        ("tclnet", {"lr": "nan"}, "lr is at least 0, got nan"),
        ("tclnet", {"lr": "-1"}, r"lr is at least 0, got -1\.0"),
        ("tclnet", {"flip": "2"}, r"flip is from 0 to 1, got 2\.0"),
        ("tclnet", {"identities": "0"}, "identities is at least 1, got 0"),
        ("tclnet", {"decay_at": "late"}, r"decay_at is a list, a whole number each, got \('late',\)"),
        ("tclnet", {"input_size": "128"}, r"input_size is 2 values, a whole number each, got \(128,\)"),
        ("tclnet", {"clip_length": "0"}, "clip_length is at least 1, got 0"),
        ("tclnet", {"block_width": "wide"}, "block_width is a whole number or None, got 'wide'"),
        ("grl", {"terms": "frames"}, "terms is a list, frame, video,"),
    ],
)
def test_what_cannot_be_understood_is_said(name: str, changes: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        find_recipe(name, changes)


@pytest.mark.parametrize("name", [*METHODS, *CONFIGURATIONS])
def test_every_recipe_s_own_settings_are_within_the_limits(name: str) -> None:
    recipe = find_recipe(name)
    _, options = model_options(recipe.model, recipe.variant, **recipe.options)
    for one in (recipe.settings, options):
        refuse_unfit(one, [field.name for field in fields(one)])


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("half", "maybe", "half is auto, on or off, got 'maybe'"),
        ("frames", "all", "frames is auto, memory, file, device or none, got 'all'"),
        ("keep", "memory", "where decoded frames stay is called frames now: write frames=memory"),
        ("keep_gib", "4", "where decoded frames stay is called frames_gib now: write frames_gib=4"),
        ("threads", "-1", "threads is at least 0, got -1"),
        ("micro_batch", "3", "micro_batch is 0 .all clips. or even, so that pairs stay together, got 3"),
    ],
)
def test_a_machine_s_setting_that_cannot_be_is_said(key: str, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        split_machine({key: value})


def test_text_becomes_what_a_setting_usually_is() -> None:
    recipe = find_recipe(
        "grl", {"terms": "frame,video", "decay_at": "3,6", "lr": "1e-2", "crop": "no", "input_size": "64x32"}
    )
    holds(recipe.settings, terms=("frame", "video"), decay_at=(3, 6), lr=0.01, crop=False)
    assert recipe.options["input_size"] == (64, 32)


def test_no_setting_of_a_recipe_has_the_name_of_an_option_of_its_model_or_of_the_machine() -> None:
    machine = {one.name for one in fields(Machine)}
    for name, method in METHODS.items():
        own = {one.name for one in fields(method.variants["paper"])}
        assert not own & machine
        for model in MODELS.values() if name == "ours" else [MODELS[method.model]]:
            assert not (own | machine) & {one.name for one in fields(model.VARIANTS["paper"])}
