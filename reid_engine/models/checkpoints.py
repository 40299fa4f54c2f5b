"""The names that the authors' published checkpoints use, and ours for the same tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from torch import Tensor

Renames: TypeAlias = tuple[tuple[str, str], ...]  # pattern at the beginning of their name, what stands there in ours

GRL: Renames = (
    (r"backbone\.base\.0\.", r"trunk.stem.conv1."),
    (r"backbone\.base\.1\.", r"trunk.stem.bn1."),
    (r"backbone\.base\.4\.", r"trunk.stages.0."),
    (r"backbone\.base\.5\.", r"trunk.stages.1."),
    (r"backbone\.base\.6\.", r"trunk.stages.2."),
    (r"backbone\.base\.7\.", r"trunk.stages.3."),
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
)

TCLNET: Renames = (
    (r"(conv1|bn1)\.", r"path.stem.\1."),
    (r"layer2\.4\.W\.0\.", r"path.boost2.conv."),  # TSB stands behind the fourth block of the second stage
    (r"layer2\.4\.W\.1\.", r"path.boost2.bn."),
    (r"layer([123])\.", r"path.stage\1."),
    (r"TSE_Module\.layer4\.", r"erasing.shared."),
    (r"TSE_Module\.branch\.", r"erasing.learners."),
    (r"TSE_Module\.(conv_reduce|conv_erase)\.", r"erasing.erasing.\1."),
    (r"bn\.(\d)\.", r"necks.\1."),
)

STMP: Renames = (
    (r"feature\.feature\.(Conv2d_[12])", r"trunk.stem.\1"),
    (r"feature\.feature\.(Conv2d_[34])", r"trunk.stages.0.\1"),
    (r"feature\.feature\.(Mixed_5)", r"trunk.stages.1.\1"),
    (r"feature\.feature\.(Mixed_6)", r"trunk.stages.2.\1"),
    (r"feature\.feature\.(Mixed_7)", r"trunk.stages.3.\1"),
    (r"feature\.feature\.AuxLogits\.(conv[01])\.", r"trunk.auxiliary.\1."),
    (r"fuse_net\.reduce_dim_z\.conv\.", r"rru.gate.transition.0."),
    (r"fuse_net\.reduce_dim_z\.bn\.", r"rru.gate.transition.1."),
    (r"fuse_net\.s_atten_z\.", r"rru.gate.spatial."),
    (r"fuse_net\.c_atten_z\.1\.", r"rru.gate.channel."),
    (r"fuse_net\.t_info\.([01])\.", r"pooling.reduce.\1."),
    (r"fuse_net\.t_info\.3\.", r"pooling.integrate.0."),
    (r"fuse_net\.t_info\.4\.", r"pooling.integrate.1."),
)

GLTR: Renames = (
    (r"(conv1|bn1)\.", r"trunk.stem.\1."),
    (r"layer1\.", r"trunk.stages.0."),
    (r"layer2\.", r"trunk.stages.1."),
    (r"layer3\.", r"trunk.stages.2."),
    (r"layer4\.", r"trunk.stages.3."),
    (r"feat\.", r"feature."),
    (r"feat1\.", r"dtp.branches.0."),
    (r"feat2\.", r"dtp.branches.1."),
    (r"feat3\.", r"dtp.branches.2."),
    (r"Nonlocal_block0\.theta\.", r"tsa.query."),
    (r"Nonlocal_block0\.phi\.", r"tsa.key."),
    (r"Nonlocal_block0\.g\.", r"tsa.value."),
    (r"Nonlocal_block0\.W\.", r"tsa.output."),
)

KEYS: Mapping[str, Renames] = {"grl": GRL, "stmp": STMP, "gltr": GLTR, "tclnet": TCLNET}


def translate(key: str, renames: Renames) -> str | None:
    """Our name for theirs, or None where no rule knows it. ``module.`` is what parallel training leaves in front."""
    key = key.removeprefix("module.")
    for pattern, replacement in renames:
        ours, changed = re.subn("^" + pattern, replacement, key)
        if changed:
            return ours
    return None


def fit_tensor(tensor: Tensor, own: Tensor) -> Tensor | None:
    """The same numbers in our shape: pointwise kernels as matrices, time folded into channels.

    GLTR's kernels over (time, feature) of one channel, (out, 1, T, d), become ours over time, (out, d, T). All others
    keep the order of their numbers. None where the outputs or the count of numbers differ.
    """
    if tensor.shape[:1] != own.shape[:1] or tensor.numel() != own.numel():
        return None
    if tensor.ndim == 4 and own.ndim == 3 and tensor.shape[1] == 1:
        tensor = tensor[:, 0].transpose(1, 2)
        return tensor if tensor.shape == own.shape else None
    return tensor.reshape(own.shape)
