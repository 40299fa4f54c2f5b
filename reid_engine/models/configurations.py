"""Every row of the papers' tables, as options of its model.

Rows that differ in their training only (losses, augmentation, data) have no options here; their recipes differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MODEL_OF_PREFIX: Mapping[str, str] = {
    "grl": "grl",
    "stmp": "stmp",
    "rgsat": "rgsat",
    "gltr": "gltr",
    "tcl": "tclnet",
}

_GCE: Mapping[str, Any] = {"reciprocal": False, "compared": ("frames", "video")}  # no term of theirs trains the pool
GRL: Mapping[str, Mapping[str, Any]] = {
    "grl/baseline": {"disentangle": False, "reciprocal": False},
    "grl/gce_low": {**_GCE, "streams": "low"},
    "grl/gce_high": {**_GCE, "streams": "high"},
    "grl/gce_both": _GCE,
    "grl/trl_low": {"compared": ("video",)},
    "grl/trl_high": {"compared": ("pooled",)},
    "grl/full": {},
    "grl/no_memory": {"memory": False},
    "grl/no_enhance": {"enhance": False},
    "grl/T4": {"clip_length": 4},
    "grl/T6": {"clip_length": 6},
    "grl/T8": {"clip_length": 8},
    "grl/T10": {"clip_length": 10},
    "grl/forward": {"directions": "forward"},
    "grl/backward": {"directions": "backward"},
    "grl/loss_v": {},
    "grl/loss_f": {},
}

_PLAIN: Mapping[str, Any] = {"recurrent": False, "pooling": "average"}
_RRU: Mapping[str, Any] = {"pooling": "average"}
STMP: Mapping[str, Mapping[str, Any]] = {
    "stmp/base": _PLAIN,
    "stmp/base_lv": _PLAIN,
    "stmp/lstm_lv": {"recurrent": False, "pooling": "lstm"},
    "stmp/stim_lv": {"recurrent": False},
    "stmp/rru_s_lv": {**_RRU, "gate": "spatial"},
    "stmp/rru_c_lv": {**_RRU, "gate": "channel"},
    "stmp/rru_ad_lv": {**_RRU, "gate_input": "appearance"},
    "stmp/rru_od_lv": {**_RRU, "gate_input": "raw"},
    "stmp/rru_lv": _RRU,
    "stmp/rru_lstm_lv": {"pooling": "lstm"},
    "stmp/rru_stim_lv": {},
    "stmp/full": {},
}

_POOLED: Mapping[str, Any] = {"attention": False, "refinement": False}
RGSAT: Mapping[str, Mapping[str, Any]] = {
    "rgsat/base_ce": _POOLED,
    "rgsat/base_total": _POOLED,
    "rgsat/rgsa": {"refinement": False},
    "rgsat/rgtr": {"attention": False},
    "rgsat/both_ce": {},
    "rgsat/both_ip": {"relation": "inner"},
    "rgsat/full": {},
    "rgsat/r16_128": {"r1": 16, "r2": 128},
    "rgsat/r16_256": {"r1": 16, "r2": 256},
    "rgsat/r32_128": {"r1": 32, "r2": 128},
    "rgsat/r32_256": {"r1": 32, "r2": 256},
    "rgsat/T2": {"clip_length": 2},
    "rgsat/T4": {"clip_length": 4},
    "rgsat/T6": {"clip_length": 6},
    "rgsat/T8": {"clip_length": 8},
}

_FRAMES: Mapping[str, Any] = {"pyramid": "none", "attention": False, "keep_input": False}
GLTR: Mapping[str, Mapping[str, Any]] = {
    "gltr/baseline": _FRAMES,
    "gltr/dtp": {"attention": False},
    "gltr/tsa": {"pyramid": "none", "keep_input": False},
    "gltr/full": {},
    "gltr/full_rerank": {},
    "gltr/alexnet_baseline": {**_FRAMES, "backbone": "alexnet"},
    "gltr/alexnet_full": {"backbone": "alexnet"},
    "gltr/inception_baseline": {**_FRAMES, "backbone": "inception_v3"},  # the paper cites Szegedy et al. 2016
    "gltr/inception_full": {"backbone": "inception_v3"},
    "gltr/resnet50_baseline": _FRAMES,
    "gltr/resnet50_full": {},
    **{  # figure 6: branch n reaches 2^(n-1) frames to either side
        f"gltr/branches_{name}_N{count}": {
            "pyramid": pyramid,
            "reach": (1, 2, 4, 8, 16)[:count],
            "attention": False,
        }
        for name, pyramid in (("dtp", "dilated"), ("conv", "conv"), ("pool", "pool"))
        for count in (1, 2, 3, 4, 5)
    },
}

_ONE: Mapping[str, Any] = {"learners": 1, "erasing": False}  # a plain last stage
_BASE: Mapping[str, Any] = {**_ONE, "boosts": ()}
_TSE: Mapping[str, Any] = {"boosts": ()}
TCL: Mapping[str, Mapping[str, Any]] = {
    "tcl/base": _BASE,
    "tcl/tse_wo_seo": {"erasing": False, "boosts": ()},
    "tcl/tse": _TSE,
    "tcl/tsb": _ONE,
    "tcl/full": {},
    "tcl/full_tri": {},
    "tcl/stage1": {"boosts": (1,)},
    "tcl/stage3": {"boosts": (3,)},
    "tcl/stage23": {"boosts": (2, 3)},
    "tcl/tse_N3": {**_TSE, "learners": 3, "clip_length": 6},
    "tcl/tse_N4": {**_TSE, "learners": 4},
    "tcl/tse_h2": {**_TSE, "block_height": 2},
    "tcl/h4": {**_TSE, "block_height": 4},
    "tcl/h5": {**_TSE, "block_height": 5},
    "tcl/base_dropblock": {**_BASE, "rival": "dropblock"},
    "tcl/base_re": _BASE,
    "tcl/tse_re": _TSE,
    "tcl/base_3d": {**_BASE, "rival": "3d"},
    "tcl/base_nl": {**_BASE, "rival": "nonlocal"},
    "tcl/tse_nl": {**_TSE, "rival": "nonlocal"},
    "tcl/market_base": {**_BASE, "clip_length": 1},  # single pictures
    "tcl/market_tse": {**_TSE, "clip_length": 2},  # one picture, repeated for each learner
}

CONFIGURATIONS: Mapping[str, Mapping[str, Any]] = {**GRL, **STMP, **RGSAT, **GLTR, **TCL}

# other names of the same rows: the papers' tables meet in their defaults
ALIASES: Mapping[str, str] = {
    "tcl/N1": "tcl/base",
    "tcl/N2": "tcl/tse",
    "tcl/h3": "tcl/tse",
    "tcl/stage2": "tcl/full",
    "tcl/tse_N1": "tcl/base",
    "tcl/tse_N2": "tcl/tse",
    "tcl/tse_h3": "tcl/tse",
    "tcl/tse_h4": "tcl/h4",
    "tcl/tse_h5": "tcl/h5",
    "tcl/h2": "tcl/tse_h2",
}
