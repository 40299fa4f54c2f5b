"""What every paper asks of its features, against the sum written out: which feature, which head, which weight."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from reid_engine.models.base import VideoReidModel
from reid_engine.models.configurations import CONFIGURATIONS
from reid_engine.models.gltr import GltrFeatures
from reid_engine.models.grl import GrlFeatures
from reid_engine.models.rgsat import RgsatFeatures
from reid_engine.models.stmp import StmpFeatures
from reid_engine.models.tclnet import TclFeatures
from tests.reid_engine.models.toys import shaken
from trainer.recipes import METHODS, Labels, Recipe, find_recipe
from trainer.recipes.base import classifier

PIDS = torch.tensor([0, 0, 1, 1, 2, 2, 0, 0])  # rows 2 i and 2 i + 1 are a pair; two pairs are of one person
LABELS = Labels(PIDS, torch.arange(8))
WIDTH = 256  # of the compact trunk


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def built(name: str, **changes: Any) -> tuple[Recipe, VideoReidModel, Any]:
    """A recipe, its model, and its objective with nothing at its start value, in eval."""
    recipe = find_recipe(name, {"backbone": "compact", "input_size": "64x32", "clip_length": "2", **changes})
    model = recipe.build()
    stage = recipe.method.stages(recipe.settings)[0]
    return recipe, model, shaken(recipe.method.objective(model, 3, stage), size=0.1).eval()


def crossed(logits: Tensor, labels: Tensor) -> float:
    """The mean of -log p of the right identity, row after row."""
    rows = zip(logits.tolist(), labels.tolist(), strict=True)
    return sum(math.log(sum(map(math.exp, row))) - row[label] for row, label in rows) / len(labels)


def linear(layer: nn.Linear, rows: Tensor) -> Tensor:
    return rows @ layer.weight.T + layer.bias


def normed(norm: nn.Module, rows: Tensor) -> Tensor:
    return (rows - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias


def triplet(rows: Tensor, *, margin: float | None, cosine: bool = False) -> float:
    """Farthest of one's own, nearest of the others, anchor after anchor."""
    unit = rows / rows.norm(dim=1, keepdim=True)
    terms = []
    for a in range(len(rows)):
        apart = [float(-(unit[a] @ one)) if cosine else math.dist(rows[a], rows[b]) for b, one in enumerate(unit)]
        own = [d for d, pid in zip(apart, PIDS, strict=True) if pid == PIDS[a]]
        gap = max(own) - min(d for d, pid in zip(apart, PIDS, strict=True) if pid != PIDS[a])
        terms.append(math.log1p(math.exp(gap)) if margin is None else max(0.0, margin + gap))
    return sum(terms) / len(terms)


def values(objective: Any, features: Any) -> dict[str, float]:
    with torch.no_grad():
        return {name: float(term) for name, term in objective(features, LABELS).items()}


def near(expected: dict[str, float]) -> Any:
    return pytest.approx(expected, rel=2e-4)


def grl_features() -> GrlFeatures:
    frames, pooled, video = draw(8, 2, WIDTH), draw(8, WIDTH, seed=1), draw(8, WIDTH, seed=2)
    return GrlFeatures(normalize(frames, dim=2), normalize(pooled), normalize(video), None)


@pytest.mark.parametrize("variant", ["paper", "released"])
def test_grl_eq11_to_eq14_tables_of_frames_and_of_videos_and_twenty_times_all_pairs(variant: str) -> None:
    _, _, objective = built("grl", variant=variant)
    found, head = grl_features(), objective.pair_head
    assert found.frames is not None
    assert found.pooled is not None
    assert found.video is not None
    tables = [normalize(draw(3, WIDTH, seed=seed)) for seed in (5, 6)]
    objective.frame_oim.table.copy_(tables[0])
    objective.video_oim.table.copy_(tables[1])
    pairs = []
    for p in range(4):
        for g in range(4):
            probe, other = 2 * p, 2 * g + 1
            logits = linear(head.linear, normed(head.bn, (found.pooled[probe] - found.pooled[other]) ** 2)[None])
            pairs.append(crossed(logits, (PIDS[probe] == PIDS[other])[None].long()))
    expected = {
        "frame": crossed(30 * found.frames.flatten(0, 1) @ tables[0].T, PIDS.repeat_interleave(2)),
        "video": crossed(30 * found.video @ tables[1].T, PIDS),
        "verification": 20 * sum(pairs) / 16,
    }
    if variant == "released":
        expected["pooled"] = crossed(30 * found.pooled @ tables[0].T, PIDS)
        expected["triplet"] = triplet(found.pooled, margin=None)
    assert values(objective, found) == near(expected)


@pytest.mark.parametrize("variant", ["paper", "released"])
@pytest.mark.parametrize("name", [name for name in CONFIGURATIONS if name.startswith("grl/") and "/T" not in name])
def test_grl_s_rows_compare_only_what_their_loss_has_trained(name: str, variant: str) -> None:
    _, model, objective = built(name, variant=variant, input_size="32x16")
    objective.frame_oim.table.copy_(normalize(draw(3, WIDTH, seed=5)))
    objective.video_oim.table.copy_(normalize(draw(3, WIDTH, seed=6)))
    model.train()
    with torch.no_grad():
        shapes = model(draw(2, 2, 3, 32, 16))
    leaves = GrlFeatures(
        *(
            None if here is None else one.requires_grad_()
            for one, here in zip(grl_features()[:3], shapes, strict=False)
        ),
        None,
    )
    sum(objective(leaves, LABELS).values()).backward()
    trained = {key for key, one in leaves._asdict().items() if one is not None and one.grad is not None}
    trained |= {"frames"} if "pooled" in trained else set()  # of which it is made
    built_here = {key for key, one in leaves._asdict().items() if one is not None}
    untrained = (set(model.options.compared) & built_here) - trained
    assert untrained == ({"video"} if name == "grl/loss_f" else set())  # table 6 leaves L_v out, and compares F^l


def followed(samples: list[tuple[Tensor, int]]) -> Tensor:
    """A table of zeros after these samples in turn."""
    table = torch.zeros(3, WIDTH)
    for one, pid in samples:
        moved = 0.5 * table[pid] + 0.5 * one.detach()
        table[pid] = moved / moved.norm()
    return table


@pytest.mark.parametrize(("variant", "order"), [("paper", "snapshot"), ("released", "released")])
def test_grl_s_tables_follow_their_own_features_by_halves(variant: str, order: str) -> None:
    _, _, objective = built("grl", variant=variant)
    objective.train()
    found = GrlFeatures(*(None if one is None else one.requires_grad_() for one in grl_features()))
    sum(objective(found, LABELS).values()).backward()
    for table in (objective.frame_oim, objective.video_oim):
        table.update()
        assert table.order == order
    assert found.frames is not None
    assert found.pooled is not None
    assert found.video is not None
    apart = [0, 2, 4, 6, 1, 3, 5, 7]  # as the code's pair model puts them out: probes, then galleries
    turns = [(row, int(PIDS[row])) for row in (apart if variant == "released" else range(8))]
    pooled = [(found.pooled[row], pid) for row, pid in turns if variant == "released"]
    frames = [(frame, int(pid)) for clip, pid in zip(found.frames, PIDS, strict=True) for frame in clip]
    expected = {
        objective.video_oim: followed([(found.video[row], pid) for row, pid in turns]),
        objective.frame_oim: followed([*pooled, *frames]),  # the later call's samples first
    }
    for table, rows in expected.items():
        assert torch.allclose(table.table, rows, atol=1e-5)


@pytest.mark.parametrize(("variant", "leak"), [("paper", 0.0), ("released", 0.1)])
def test_stmp_eq7_to_eq10_identity_auxiliary_videos_and_strips_all_at_weight_one(variant: str, leak: float) -> None:
    recipe, model, _ = built("stmp", variant=variant)
    model.trunk.auxiliary = nn.Identity()  # as if on Inception
    objective: Any = shaken(recipe.method.objective(model, 3, recipe.settings), size=0.1).eval()
    found = StmpFeatures(draw(8, model.spec.embedding_dim), 0.2 * draw(8, WIDTH, 4, seed=1), draw(8, 768, seed=2))
    head = objective.identity
    hidden = normed(head.norm, linear(head.embed, found.clip))
    hidden = torch.where(hidden > 0, hidden, leak * hidden)
    assert values(objective, found) == near(
        {
            "identity": crossed(linear(head.classify, hidden), PIDS),
            "auxiliary": crossed(linear(objective.auxiliary, found.auxiliary), PIDS),
            "video": triplet(found.clip, margin=0.4),
            "parts": sum(triplet(found.strips[:, :, r], margin=0.4) for r in range(4)) / 4,
        }
    )


@pytest.mark.parametrize("include_self", [False, True])
@pytest.mark.parametrize("on", ["frames", "refined"])
def test_rgsat_eq11_to_eq15_clips_frames_and_the_weighted_triplet(on: str, include_self: bool) -> None:
    _, _, objective = built("rgsat", frame_ce_on=on, pos_include_self=str(include_self).lower())
    found = RgsatFeatures(draw(8, 2, WIDTH), draw(8, 2, WIDTH, seed=1), 0.1 * draw(8, WIDTH, seed=2))
    terms = []
    for a in range(8):
        apart = [math.dist(found.clip[a], one) for one in found.clip]
        own = [apart[i] for i in range(8) if PIDS[i] == PIDS[a] and (include_self or i != a)]
        others = [apart[i] for i in range(8) if PIDS[i] != PIDS[a]]
        pull = sum(math.exp(d) * d for d in own) / sum(map(math.exp, own))
        push = sum(math.exp(-d) * d for d in others) / sum(math.exp(-d) for d in others)
        terms.append(math.log1p(math.exp(pull - push)))
    frames = (found.frames if on == "frames" else found.refined).flatten(0, 1)
    assert objective.of_clips.weight is not objective.of_frames.weight
    assert values(objective, found) == near(
        {
            "clip": crossed(linear(objective.of_clips, found.clip), PIDS),
            "frame": crossed(linear(objective.of_frames, frames), PIDS.repeat_interleave(2)),
            "triplet": sum(terms) / 8,
        }
    )


@pytest.mark.parametrize("variant", ["paper", "released"])
def test_gltr_classifies_frames_first_and_sequences_then_behind_bn_relu_and_dropout(variant: str) -> None:
    recipe, model, _ = built("gltr", variant=variant)
    found = GltrFeatures(draw(8, 2, 128), draw(8, model.spec.embedding_dim, seed=1))
    for stage in recipe.method.stages(recipe.settings):
        objective: Any = shaken(recipe.method.objective(model, 3, stage), size=0.1).eval()
        norm, _, dropout, last = objective.classify
        rows, labels = found.clip, PIDS
        if stage.single_frames:
            rows, labels = found.frames.flatten(0, 1), PIDS.repeat_interleave(2)
        assert values(objective, found) == near({"identity": crossed(linear(last, normed(norm, rows).relu()), labels)})
        assert dropout.p == 0.5


@pytest.mark.parametrize("variant", ["paper", "released"])
def test_tclnet_s_identity_and_triplet_stand_behind_the_bn_of_every_learner(variant: str) -> None:
    _, model, objective = built("tcl/full_tri", variant=variant)
    videos, own = draw(8, 2, WIDTH), draw(8, 2, WIDTH, seed=1)
    found = TclFeatures(videos, own, torch.ones(8, 2, 4, 2))
    expected = {}
    for n, last in enumerate(objective.classifiers):
        rows = own[:, n] if variant == "released" else normed(objective.necks[n], videos[:, n])
        expected[f"identity {n + 1}"] = crossed(linear(last, rows), PIDS)
        expected[f"triplet {n + 1}"] = triplet(rows, margin=0.4, cosine=True)
    assert model.options.necks == (variant == "released")
    assert values(objective, found) == near(expected)


@pytest.mark.parametrize(("name", "variant"), [(name, v) for name in METHODS for v in METHODS[name].variants])
def test_every_parameter_learns_at_one_rate(name: str, variant: str) -> None:
    recipe, model, _ = built(name, variant=variant, input_size="32x16" if name in ("grl", "rgsat") else "64x32")
    settings = recipe.method.stages(recipe.settings)[-1]
    objective = recipe.method.objective(model, 3, settings)
    taught = [id(p) for group in recipe.method.groups(model, objective, settings) for p in group["params"]]
    wanted = [id(p) for part in (model, objective) for p in part.parameters() if p.requires_grad]
    assert sorted(taught) == sorted(wanted)


def test_classifiers_begin_near_everybody_is_as_likely_and_tclnet_s_necks_near_one() -> None:
    layer = classifier(256, 40)
    assert float(layer.weight.detach().std()) == pytest.approx(0.001, rel=0.1)
    assert not layer.bias.any()
    recipe = find_recipe("tclnet", {"backbone": "compact", "input_size": "64x32"})
    objective: Any = recipe.method.objective(recipe.build(), 3, recipe.settings)
    for neck in objective.necks:
        assert float(neck.weight.detach().mean()) == pytest.approx(1.0, abs=0.01)
        assert float(neck.weight.detach().std()) == pytest.approx(0.02, rel=0.3)
        assert not neck.bias.any()
