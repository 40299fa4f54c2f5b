"""The losses of the five papers and of our own recipe: functions of features and labels, means over anchors or rows.

Features are (B, D) unless said otherwise and labels (B,) int64. Under several processes they are those of all
processes, gathered before they come here, so that a batch is mined, and a table updated, as one process would.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Metric: TypeAlias = Literal["euclidean", "cosine"]
UpdateOrder: TypeAlias = Literal["snapshot", "released"]

SMALLEST_SQUARE = 1e-12  # under the root of the Euclidean distance, whose slope is infinite at 0


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """(N, ids) against (N,): the mean of -log p, ``smoothing`` of it spread evenly over all identities."""
    return F.cross_entropy(logits, labels, label_smoothing=smoothing)


def distances(features: Tensor, metric: Metric = "euclidean") -> Tensor:
    """(..., B, D) -> (..., B, B): Euclidean, or the negated cosine, which ranks as the cosine distance does."""
    if metric == "cosine":
        unit = F.normalize(features, dim=-1)
        return -(unit @ unit.mT)
    squares = features.square().sum(-1)
    apart = squares[..., :, None] + squares[..., None, :] - 2 * features @ features.mT
    return apart.clamp(min=SMALLEST_SQUARE).sqrt()


def batch_hard_triplet(
    features: Tensor, labels: Tensor, *, margin: float | None = None, metric: Metric = "euclidean"
) -> Tensor:
    """Hermans et al. 2017: every anchor with its farthest positive and its nearest negative; (..., B, D) -> (...).

    margin: of the hinge max(0, margin + d_pos - d_neg); None: the soft margin ln(1 + exp(d_pos - d_neg)).
    The anchor is among its positives, which changes nothing. Anchors without a negative are left out.
    """
    apart = distances(features, metric)
    same = labels[:, None] == labels[None]
    farthest = apart.masked_fill(~same, -torch.inf).amax(-1)
    nearest = apart.masked_fill(same, torch.inf).amin(-1)
    anchors = (~same).any(1)
    if not bool(anchors.any()):
        return features.sum((-2, -1)) * 0
    gap = (farthest - nearest)[..., anchors]
    return (F.softplus(gap) if margin is None else F.relu(gap + margin)).mean(-1)


def part_triplet(
    strips: Tensor, labels: Tensor, *, margin: float | None = None, metric: Metric = "euclidean"
) -> Tensor:
    """STMP eq. 10: strips (B, C, R), the batch-hard loss of every strip, and their mean."""
    return batch_hard_triplet(strips.permute(2, 0, 1), labels, margin=margin, metric=metric).mean()


def adaptive_weighted_triplet(features: Tensor, labels: Tensor, *, include_self: bool = False) -> Tensor:
    """RGSAT section 3.5: softplus(sum_i w_i D_i - sum_j w_j D_j) with softmax weights of +D over positives, -D over
    negatives, D Euclidean; gradients run through the weights.

    include_self: the anchor counts among its positives, as printed; anchors without positive or negative are left out.
    """
    apart = distances(features)
    same = labels[:, None] == labels[None]
    positive = same if include_self else same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    anchors = positive.any(1) & (~same).any(1)
    if not bool(anchors.any()):
        return features.sum() * 0
    apart, positive, negative = apart[anchors], positive[anchors], ~same[anchors]
    far = apart.masked_fill(~positive, -torch.inf).softmax(1)
    near = (-apart).masked_fill(~negative, -torch.inf).softmax(1)
    return F.softplus((far * apart).sum(1) - (near * apart).sum(1)).mean()


def pair_verification(logits: Tensor, probe_labels: Tensor, gallery_labels: Tensor) -> Tensor:
    """GRL eq. 11: logits (P, G, 2) of every pair, entry 1 "the same person"; binary cross entropy, mean over pairs."""
    same = (probe_labels[:, None] == gallery_labels[None]).long()
    return F.cross_entropy(logits.flatten(0, 1), same.flatten())


def toward(embeddings: Tensor, targets: Tensor) -> Tensor:
    """Distillation: 1 - cosine of every embedding (B, D) and its teacher's (B, D), mean."""
    return (1 - F.cosine_similarity(embeddings, targets, dim=1)).mean()


def relational(embeddings: Tensor, targets: Tensor) -> Tensor:
    """Distillation: the cosines of all pairs (B, B) as the teacher sees them, mean square; widths may differ."""
    own, taught = (F.normalize(one, dim=1) for one in (embeddings, targets))
    apart = own @ own.T - taught @ taught.T
    others = ~torch.eye(len(apart), dtype=torch.bool, device=apart.device)
    return apart[others].square().mean()


class OnlineInstanceMatching(nn.Module):
    """OIM (Xiao et al., CVPR 2017) with a row for every identity and no queue: cosines to a table that follows them.

    forward: (B, D), or (B, T, D) of frames, unit length, and (B,) labels -> the mean of -log softmax(scale x V^T).
    The table begins at zero. Every sample in turn makes V_y <- momentum V_y + (1 - momentum) x, then unit length.

    order: when the table moves. "snapshot": after the step, by ``update``; every gradient sees the table the loss saw.
           "released": during backward, as in GRL's code, so that where two calls of a step share the table, the
           gradient of the earlier call sees what the later one wrote.
    """

    table: Tensor

    def __init__(
        self,
        identities: int,
        width: int,
        *,
        scale: float = 30.0,
        momentum: float = 0.5,
        order: UpdateOrder = "snapshot",
    ) -> None:
        super().__init__()
        self.scale = scale
        self.momentum = momentum
        self.order = order
        self.register_buffer("table", torch.zeros(identities, width))
        self._waiting: list[tuple[Tensor, Tensor]] = []

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """See the class."""
        if features.ndim == 3:
            labels = labels.repeat_interleave(features.shape[1])
            features = features.flatten(0, 1)
        if self.order == "released":
            cosines: Tensor = _ReleasedLookup.apply(features, labels, self)
        else:
            cosines = features @ self.table.T
            if self.training:
                self._waiting.append((features.detach(), labels))
        return F.cross_entropy(self.scale * cosines, labels)

    @torch.no_grad()
    def update(self) -> None:
        """Let the table follow what the losses since the last update saw; the last call's samples first."""
        while self._waiting:
            self.follow(*self._waiting.pop())

    def forget(self) -> None:
        """Drop what waits: the step was not made."""
        self._waiting.clear()

    @torch.no_grad()
    def follow(self, features: Tensor, labels: Tensor) -> None:
        """Every sample in batch order. Identities do not touch one another, so the k-th samples of all go together."""
        order = (labels[:, None] == labels[None]).tril(-1).sum(1)
        for turn in range(int(order.max()) + 1):
            now = order == turn
            rows = labels[now]
            moved = self.momentum * self.table[rows] + (1 - self.momentum) * features[now].to(self.table.dtype)
            self.table[rows] = F.normalize(moved, dim=1)


class _ReleasedLookup(torch.autograd.Function):
    """x V^T whose backward uses the table as it is by then, and moves it."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, labels: Tensor, oim: OnlineInstanceMatching) -> Tensor:
        ctx.save_for_backward(features, labels)
        ctx.oim = oim
        return features @ oim.table.T

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        features, labels = ctx.saved_tensors
        into = grads[0] @ ctx.oim.table
        if ctx.oim.training:
            ctx.oim.follow(features, labels)
        return into, None, None
