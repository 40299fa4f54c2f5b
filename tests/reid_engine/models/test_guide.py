"""docs/models.md names what the code has."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from reid_engine.models import MODELS, gltr, grl, propagation, rgsat, stmp, tclnet
from reid_engine.models.backbones import BACKBONES

GUIDE = (Path(__file__).parents[3] / "docs" / "models.md").read_text("utf-8")
MODULES = (gltr, grl, propagation, rgsat, stmp, tclnet)


def owner(name: str) -> ModuleType | None:
    return next((module for module in MODULES if hasattr(module, name)), None)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([A-Z]\w+)\(", GUIDE))))
def test_every_constructor_of_the_guide_exists_and_takes_what_it_says(name):
    module = owner(name)
    assert module is not None, f"{name} is nowhere"
    taken = set(inspect.signature(getattr(module, name)).parameters)
    for arguments in re.findall(rf"`{name}\(([^`]*)\)`", GUIDE):
        assert set(re.findall(r"(\w+)=(?!=)", re.sub(r"\w+\([^()]*\)", "", arguments))) <= taken


def test_every_trunk_and_every_model_has_its_row():
    for name in BACKBONES:
        assert f"| `{name}`" in GUIDE
    for model in MODELS.values():
        assert f"## {model.__name__} (`reid_engine/models/" in GUIDE


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_part_that_can_be_weighed_is_listed(name):
    section = next(part for part in GUIDE.split("\n## ") if part.startswith(f"{MODELS[name].__name__} ("))
    listed = set(re.findall(r"`(\w+)`", section.split("Parts for `--part`:")[1].split("\n\n")[0]))
    assert set(MODELS[name].PARTS) <= listed
