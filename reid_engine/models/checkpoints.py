"""The names that the authors' published checkpoints use, and ours for the same tensors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from torch import Tensor

Rename: TypeAlias = tuple[re.Pattern[str], str]


def _renames(rules: Iterable[tuple[str, str]]) -> tuple[Rename, ...]:
    return tuple((re.compile("^" + theirs), ours) for theirs, ours in rules)


GRL = _renames(
    [
        (r"backbone\.base\.0\.", r"trunk.stem.conv1."),
        (r"backbone\.base\.1\.", r"trunk.stem.bn1."),
        *((rf"backbone\.base\.{4 + stage}\.", rf"trunk.stages.{stage}.") for stage in range(4)),
        (r"backbone\.glo_fc\.", r"gce.project."),
        (r"backbone\.corr_atte\.", r"gce.relate."),
        (r"temporal_learning_block\.(forward|backward)_(f[12])\.", r"trl.units.\1_unit.\2."),
        (r"temporal_learning_block\.channel_atte_foreward_corr\.", r"trl.units.forward_unit.attention."),
        (r"temporal_learning_block\.channel_atte_backward_corr\.", r"trl.units.backward_unit.attention."),
        (r"temporal_learning_block\.uncorr_memo_(forward|backward)\.", r"trl.units.\1_unit.memory."),
        (r"corr_bn\.", r"bn_high."),
        (r"uncorr_bn\.", r"bn_low."),
        (r"featQ\.", r"pooling.query.0."),
        (r"featQ_bn\.", r"pooling.query.1."),
        (r"featK\.", r"pooling.key.0."),
        (r"featK_bn\.", r"pooling.key.1."),
    ]
)

TCLNET = _renames(
    [
        (r"(conv1|bn1)\.", r"path.stem.\1."),
        (r"layer2\.4\.W\.0\.", r"path.boost2.conv."),  # TSB stands behind the fourth block of the second stage
        (r"layer2\.4\.W\.1\.", r"path.boost2.bn."),
        (r"layer([123])\.", r"path.stage\1."),
        (r"TSE_Module\.layer4\.", r"erasing.shared."),
        (r"TSE_Module\.branch\.", r"erasing.learners."),
        (r"TSE_Module\.(conv_reduce|conv_erase)\.", r"erasing.erasing.\1."),
        (r"bn\.(\d)\.", r"necks.\1."),
    ]
)

KEYS: Mapping[str, tuple[Rename, ...]] = {"grl": GRL, "tclnet": TCLNET}


def fit_tensor(tensor: Tensor, own: Tensor) -> Tensor | None:
    """The tensor in our shape where only sides of length one differ (inflated or pointwise kernels), else None."""
    if [side for side in tensor.shape if side != 1] != [side for side in own.shape if side != 1]:
        return None
    return tensor.reshape(own.shape)
