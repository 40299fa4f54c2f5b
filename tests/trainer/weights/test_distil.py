"""A student comes nearer to its teacher; pictures are drawn in the shares that were asked for."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from reid_engine.errors import InputError
from reid_engine.models.backbones import build_backbone
from trainer.weights.augment import as_seen_elsewhere
from trainer.weights.distil import Pictures, Plan, Student, distil, follow, save_trunk


class Colours(nn.Module):
    """A teacher that tells pictures apart by the colours of their halves (BGR in [0, 255])."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        upper, lower = x.chunk(2, 2)
        return torch.cat([upper.mean((2, 3)), lower.mean((2, 3))], 1) - 110


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    colours = torch.randint(0, 256, (24, 3, 2, 1), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    return Pictures((colours.repeat_interleave(16, 2).expand(-1, -1, -1, 16).contiguous(),), (1.0,), {"drawn": 24})


def test_a_student_comes_nearer_to_its_teacher(pictures: Pictures) -> None:
    plan = Plan(steps=30, batch=24, height=32, width=16, average=0.9)
    said: list[str] = []
    student, curve = distil(Colours(), pictures, plan, torch.device("cpu"), said.append)
    assert curve[0]["step"] == 0
    assert len(said) == len(curve)
    assert curve[0]["cosine"] < 0.3
    student.eval()
    seen = pictures.parts[0].float()
    with torch.no_grad():
        _, projected = student(_normalised(seen))
    cosine = torch.cosine_similarity(projected, Colours()(seen.flip(1)))
    assert cosine.mean() > 0.2


def _normalised(seen: torch.Tensor) -> torch.Tensor:
    mean, std = (torch.tensor(n)[:, None, None] for n in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return (seen / 255 - mean) / std


def test_a_trunk_is_written_so_that_a_model_can_stand_on_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    student = Student(build_backbone("compact"), 6)
    save_trunk(student, tmp_path / "trunk.safetensors", Plan(), {"teacher": "colours"})
    again = build_backbone("compact", weights=tmp_path / "trunk.safetensors")
    x = torch.rand(1, 3, 64, 32)
    assert torch.equal(student.trunk.eval()(x), again.eval()(x))
    assert '"teacher": "colours"' in (tmp_path / "trunk.json").read_text()


def test_pictures_are_drawn_in_their_shares(tmp_path: Path) -> None:
    for name, value, count in (("dark", 10, 3), ("bright", 240, 5)):
        (tmp_path / name / "deep").mkdir(parents=True)
        for number in range(count):
            cv2.imwrite(str(tmp_path / name / "deep" / f"{number}.png"), np.full((40, 20, 3), value, np.uint8))
    pictures = Pictures.read([f"{tmp_path}/dark=0.75", f"{tmp_path}/bright=0.25"], 32, 16, 1)
    assert pictures.counts == {"dark": 3, "bright": 5}
    drawn = pictures.draw(40, torch.Generator().manual_seed(0))
    assert drawn.shape == (40, 3, 32, 16)
    assert (drawn.float().mean((1, 2, 3)) < 100).sum() == 30


def test_a_folder_without_pictures_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures"):
        Pictures.read([str(tmp_path)], 32, 16, 1)


def test_changed_pictures_stay_pictures_and_follow_their_seed(pictures: Pictures) -> None:
    first, again = (as_seen_elsewhere(pictures.parts[0], torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, again)
    assert 0 <= first.min() <= first.max() <= 255
    assert (first - pictures.parts[0]).abs().mean() > 10


def test_the_running_average_moves_by_its_inertia() -> None:
    mean, now = nn.Linear(1, 1), nn.Linear(1, 1)
    nn.init.zeros_(mean.weight)
    nn.init.ones_(now.weight)
    follow(mean, now, 0.75)
    assert mean.weight.item() == pytest.approx(0.25)
