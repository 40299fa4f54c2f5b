"""Every loss against its sum written out, one anchor and one pair at a time, and its gradient against differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from trainer import losses
from trainer.losses import Metric, OnlineInstanceMatching

LABELS = torch.tensor([0, 0, 1, 1, 1, 2, 2, 3])


def features(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def apart(a: Tensor, b: Tensor, metric: Metric) -> float:
    if metric == "cosine":
        return -float((a @ b) / (a.norm() * b.norm()))
    return math.sqrt(sum(float(x - y) ** 2 for x, y in zip(a, b, strict=True)))


def hard_triplet_by_hand(x: Tensor, labels: Tensor, margin: float | None, metric: Metric) -> float:
    terms = []
    for a in range(len(x)):
        positives = [apart(x[a], x[i], metric) for i in range(len(x)) if labels[i] == labels[a] and i != a]
        negatives = [apart(x[a], x[i], metric) for i in range(len(x)) if labels[i] != labels[a]]
        own = -1.0 if metric == "cosine" else 0.0  # an anchor alone is its own positive
        gap = max([*positives, own]) - min(negatives)
        terms.append(math.log1p(math.exp(gap)) if margin is None else max(0.0, margin + gap))
    return sum(terms) / len(terms)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_its_double_loop(smoothing: float) -> None:
    logits = features(8, 5)
    total = 0.0
    for row, label in zip(logits.tolist(), LABELS.tolist(), strict=True):
        normaliser = math.log(sum(math.exp(one) for one in row))
        for identity, logit in enumerate(row):
            wanted = smoothing / 5 + (1 - smoothing) * (identity == label)
            total -= wanted * (logit - normaliser)
    assert float(losses.cross_entropy(logits, LABELS, smoothing)) == pytest.approx(total / 8, abs=1e-12)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("margin", [None, 0.4])
def test_batch_hard_triplet_is_its_double_loop(metric: Metric, margin: float | None) -> None:
    x = features(8, 6)
    expected = hard_triplet_by_hand(x, LABELS, margin, metric)
    found = losses.batch_hard_triplet(x, LABELS, margin=margin, metric=metric)
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_the_part_triplet_is_the_mean_over_strips() -> None:
    strips = features(8, 6, 3)
    expected = sum(hard_triplet_by_hand(strips[:, :, r], LABELS, 0.4, "euclidean") for r in range(3)) / 3
    assert float(losses.part_triplet(strips, LABELS, margin=0.4)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("include_self", [False, True])
def test_the_adaptive_weighted_triplet_is_its_double_loop(include_self: bool) -> None:
    x, terms = features(8, 6), []
    for a in range(8):
        members = [i for i in range(8) if LABELS[i] == LABELS[a] and (include_self or i != a)]
        if not members:
            continue
        positives = [apart(x[a], x[i], "euclidean") for i in members]
        negatives = [apart(x[a], x[j], "euclidean") for j in range(8) if LABELS[j] != LABELS[a]]
        far, near = sum(math.exp(d) for d in positives), sum(math.exp(-d) for d in negatives)
        pull = sum(math.exp(d) / far * d for d in positives)
        push = sum(math.exp(-d) / near * d for d in negatives)
        terms.append(math.log1p(math.exp(pull - push)))
    found = losses.adaptive_weighted_triplet(x, LABELS, include_self=include_self)
    assert float(found) == pytest.approx(sum(terms) / len(terms), abs=1e-6)


def test_pair_verification_is_the_binary_cross_entropy_of_every_pair() -> None:
    logits, probes, galleries = features(3, 4, 2), torch.tensor([0, 1, 2]), torch.tensor([0, 0, 2, 1])
    total = 0.0
    for p in range(3):
        for g in range(4):
            other, same = (math.exp(float(one)) for one in logits[p, g])
            chance = same / (same + other)
            total -= math.log(chance if probes[p] == galleries[g] else 1 - chance)
    assert float(losses.pair_verification(logits, probes, galleries)) == pytest.approx(total / 12, abs=1e-12)


def test_distillation_compares_with_the_teacher_sample_by_sample_or_pair_by_pair() -> None:
    own, taught = features(5, 4), features(5, 4, seed=1)
    single = [1 + apart(a, b, "cosine") for a, b in zip(own, taught, strict=True)]
    assert float(losses.toward(own, taught)) == pytest.approx(sum(single) / 5, abs=1e-12)
    pairs = [
        (apart(own[i], own[j], "cosine") - apart(taught[i], taught[j], "cosine")) ** 2
        for i in range(5)
        for j in range(5)
        if i != j
    ]
    assert float(losses.relational(own, taught)) == pytest.approx(sum(pairs) / 20, abs=1e-12)
    assert float(losses.relational(own, torch.cat([own, own], 1))) == pytest.approx(0, abs=1e-12)


LOSSES: dict[str, tuple[tuple[int, ...], Callable[[Tensor], Tensor]]] = {
    "cross entropy": ((8, 5), lambda x: losses.cross_entropy(x, LABELS, 0.1)),
    "hinge triplet": ((8, 6), lambda x: losses.batch_hard_triplet(x, LABELS, margin=0.4)),
    "soft triplet": ((8, 6), lambda x: losses.batch_hard_triplet(x, LABELS)),
    "cosine triplet": ((8, 6), lambda x: losses.batch_hard_triplet(x, LABELS, margin=0.4, metric="cosine")),
    "part triplet": ((8, 6, 3), lambda x: losses.part_triplet(x, LABELS, margin=0.4)),
    "adaptive triplet": ((8, 6), lambda x: losses.adaptive_weighted_triplet(x, LABELS)),
    "verification": ((4, 4, 2), lambda x: losses.pair_verification(x, LABELS[::2], LABELS[1::2])),
    "toward": ((8, 6), lambda x: losses.toward(x, features(8, 6, seed=1))),
    "relational": ((8, 6), lambda x: losses.relational(x, features(8, 6, seed=1))),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_agree_with_differences(name: str) -> None:
    shape, loss = LOSSES[name]
    assert torch.autograd.gradcheck(loss, (features(*shape).requires_grad_(),))


@pytest.mark.parametrize("loss", [losses.batch_hard_triplet, losses.adaptive_weighted_triplet])
def test_a_batch_of_one_identity_costs_nothing_and_has_finite_gradients(loss: Callable[..., Tensor]) -> None:
    x = features(4, 6).requires_grad_()
    found = loss(x, torch.zeros(4, dtype=torch.int64))
    found.backward()  # type: ignore[no-untyped-call]
    assert found.item() == 0
    assert x.grad is not None
    assert not x.grad.any()


def test_equal_clips_of_one_identity_have_finite_gradients() -> None:
    x = features(4, 6)[[0, 0, 1, 2]].requires_grad_()
    losses.batch_hard_triplet(x, torch.tensor([0, 0, 1, 1])).backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def oim(table: Tensor, **options: object) -> OnlineInstanceMatching:
    module = OnlineInstanceMatching(*table.shape, **options).double()  # type: ignore[arg-type]
    module.table.copy_(table)
    return module


def followed(table: Tensor, x: Tensor, labels: Tensor, momentum: float = 0.5) -> Tensor:
    table = table.clone()
    for one, label in zip(x, labels, strict=True):
        moved = momentum * table[label] + (1 - momentum) * one
        table[label] = moved / moved.norm()
    return table


def test_oim_is_the_softmax_over_the_table_and_the_table_follows_sample_by_sample() -> None:
    table, x = normalize(features(4, 6, seed=2)), normalize(features(8, 6))
    module = oim(table)
    logits = [[30 * float(one @ row) for row in table] for one in x]
    expected = sum(
        math.log(sum(math.exp(logit) for logit in row)) - row[label] for row, label in zip(logits, LABELS, strict=True)
    )
    assert float(module(x, LABELS)) == pytest.approx(expected / 8, abs=1e-9)
    assert torch.equal(module.table, table), "nothing moves before the step"
    module.update()
    assert torch.allclose(module.table, followed(table, x, LABELS), atol=1e-12)


def test_oim_of_frames_is_oim_of_every_frame_with_its_clip_s_label() -> None:
    table, x = normalize(features(4, 6, seed=2)), normalize(features(8, 3, 6), dim=2)
    clips, frames = oim(table), oim(table)
    many = LABELS.repeat_interleave(3)
    assert float(clips(x, LABELS)) == float(frames(x.flatten(0, 1), many))
    clips.update()
    assert torch.allclose(clips.table, followed(table, x.flatten(0, 1), many), atol=1e-12)


def test_oim_starts_at_zero_where_every_identity_is_as_likely() -> None:
    module = OnlineInstanceMatching(4, 6)
    assert float(module(normalize(features(8, 6)).float(), LABELS)) == pytest.approx(math.log(4), abs=1e-6)


@pytest.mark.parametrize("order", ["snapshot", "released"])
def test_oim_s_gradient_agrees_with_differences(order: str) -> None:
    module = oim(normalize(features(4, 6, seed=2)), order=order).eval()  # eval: a table that stands still
    assert torch.autograd.gradcheck(lambda x: module(x, LABELS), (features(8, 6).requires_grad_(),))


def gradient_by_hand(x: Tensor, seen: Tensor, used: Tensor) -> Tensor:
    """d loss / d x where the logits came from the table ``seen`` and the gradient goes through the table ``used``."""
    chance = (30 * x @ seen.T).softmax(1)
    chance[torch.arange(len(x)), LABELS] -= 1
    return 30 * chance / len(x) @ used


def test_released_oim_moves_a_shared_table_between_the_gradients_of_two_calls() -> None:
    table = normalize(features(4, 6, seed=2))
    x, later = (normalize(features(8, 6, seed=seed)).requires_grad_() for seed in (0, 1))
    for order in ("snapshot", "released"):
        module = oim(table, order=order)
        first, second = torch.autograd.grad(module(x, LABELS) + module(later, LABELS), (x, later))
        module.update()
        moved = followed(table, later.detach(), LABELS)
        used = moved if order == "released" else table
        assert torch.allclose(second, gradient_by_hand(later.detach(), table, table), atol=1e-12)
        assert torch.allclose(first, gradient_by_hand(x.detach(), table, used), atol=1e-12)
        assert torch.allclose(module.table, followed(moved, x.detach(), LABELS), atol=1e-12)


def test_the_table_is_part_of_the_state() -> None:
    head = nn.ModuleDict({"oim": OnlineInstanceMatching(4, 6)})
    assert list(head.state_dict()) == ["oim.table"]


def test_a_step_that_was_not_made_leaves_the_table_alone() -> None:
    table = normalize(features(4, 6, seed=2))
    module = oim(table)
    module(normalize(features(8, 6)), LABELS)
    module.forget()
    module.update()
    assert torch.equal(module.table, table)


def test_momentum_is_what_a_table_keeps() -> None:
    table, x = normalize(features(4, 6, seed=2)), normalize(features(8, 6))
    module = oim(table, momentum=0.9)
    module(x, LABELS)
    module.update()
    assert torch.allclose(module.table, followed(table, x, LABELS, 0.9), atol=1e-12)
