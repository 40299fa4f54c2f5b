"""Parameters and multiply-adds as published, measured over shapes."""

from __future__ import annotations

import pytest
import torch

from reid_engine.errors import UsageError
from reid_engine.models import build_model
from reid_engine.models.complexity import Complexity, measure

pytestmark = pytest.mark.usefixtures("quick_shapes")


def weigh(name: str, variant: str = "paper", part: str | None = None) -> Complexity:
    with torch.device("meta"):
        return measure(build_model(name, variant), part)  # type: ignore[arg-type]


# name, variant, part, million parameters, thousand million multiply-adds (None: papers disagree or print none)
PUBLISHED = [
    ("tcl/base", "paper", None, 23.508, 16.2131),
    ("tcl/tse_wo_seo", "paper", None, 27.971, 16.2131),
    ("tcl/tse", "paper", None, 30.068, 16.2131 + 0.0050),
    ("tcl/tse", "released", None, 31.119, 16.2131 + 0.0092),
    ("tcl/tse_N3", "paper", None, 34.530, None),
    ("tcl/tse_N4", "paper", None, 38.993, None),
    ("tcl/tsb", "paper", None, 23.509, 16.2131 + 0.0084),
    ("tcl/tsb", "released", None, 23.772, 16.2131 + 0.0094),
    ("tcl/full", "paper", None, 30.069, 16.2131 + 0.0134),
    ("tcl/full", "released", None, 31.383, 16.2131 + 0.0186),
    ("tcl/stage1", "paper", None, 30.068, 16.2131 + 0.0218),
    ("tcl/stage3", "paper", None, 30.070, 16.2131 + 0.0092),
    ("tcl/stage23", "paper", None, 30.071, 16.2131 + 0.0176),
    ("tcl/stage1", "released", None, 31.186, 16.2131 + 0.0262),
    ("tcl/stage3", "released", None, 32.171, 16.2131 + 0.0175),
    ("tcl/stage23", "released", None, 32.435, 16.2131 + 0.0270),
    ("grl", "released", "trunk", 51.592, 57.94),
    ("grl", "released", "backbone", 23.508, 32.43),
    ("grl", "released", "gce", 5.511, 3.49),
    ("grl", "released", "trl", 22.565, 22.02),
    ("stmp", "released", "rru", 1.590, 0.541),
    ("stmp", "released", "rru+stim", 3.885, 1.716),
    ("stmp", "released", "trunk", 21.786, 8 * 5.711),
    ("rgsat/full", "paper", None, 34.659, None),
    ("rgsat/r16_128", "paper", "rgsa", 8.920, None),
    ("rgsat/r16_256", "paper", "rgtr", 4.855, None),
    ("gltr", "released", None, 24.445, 64.87),
    ("gltr", "released", "dtp", 0.147, None),
    ("gltr", "released", "tsa", 0.527, None),
    ("gltr", "paper", "tsa", 0.295, None),
]


@pytest.mark.parametrize(("name", "variant", "part", "million", "giga"), PUBLISHED)
def test_sizes_are_the_published_ones(name, variant, part, million, giga):
    counted = weigh(name, variant, part)
    assert counted.params / 1e6 == pytest.approx(million, abs=0.001)
    if giga is not None:
        assert counted.macs / 1e9 == pytest.approx(giga, abs=0.0002 if name.startswith("tcl") else 0.0015 * giga)


def test_tclnets_tables_are_multiply_adds_and_normalised_outputs():
    base = weigh("tcl/base")
    assert (base.macs + base.bn_outputs) / 1e9 == pytest.approx(16.246, abs=0.0005)
    inflated = weigh("tcl/base_3d")
    assert (inflated.macs + inflated.bn_outputs) / 1e9 == pytest.approx(22.756, abs=0.0005)
    assert weigh("tcl/base_nl").params / 1e6 == pytest.approx(25.6, abs=0.05)


def test_parts_add_up_and_heads_are_left_out():
    assert weigh("grl", "released") == weigh("grl", "released", "trunk+pooling")
    with torch.device("meta"):
        model = build_model("tclnet", "released")
    held = sum(p.numel() for p in model.parameters())
    assert held - measure(model).params == 2 * 2 * 2048  # the necks


def test_the_clip_is_the_models_own():
    assert weigh("tcl/tse_N3").clip == (1, 6, 3, 256, 128)


def test_measuring_leaves_the_model_in_its_mode():
    with torch.device("meta"):
        model = build_model("tcl/base")
    measure(model.train())
    assert model.training


def test_unknown_parts_are_refused_with_what_there_is():
    with pytest.raises(UsageError, match="grl has no part 'rru'; its parts are trunk, backbone, gce"):
        weigh("grl", "paper", "trunk+rru")
