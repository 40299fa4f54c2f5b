"""Settings: sparse, typed, and refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from reid_engine.errors import SettingsError
from reid_engine.settings import DetectionSettings, Settings, fingerprint, load_settings


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.toml") == Settings()


def test_only_the_differences_are_written(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('name_patterns = ["cam(?P<camera>\\\\d)"]\n[detection]\nscore = 0.3\n')
    settings = load_settings(path)
    assert settings.detection.score == 0.3
    assert settings.detection.overlap == DetectionSettings().overlap


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[detection]\nscore = 3", "detection.score"),
        ("[detektion]\nscore = 0.3", "detektion"),
        ("[detection]\nimage_size = 'big'", "detection.image_size"),
        ("[detection", "is not TOML"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=said):
        load_settings(path)


def test_the_fingerprint_changes_with_every_part() -> None:
    base = fingerprint("weights", DetectionSettings(), 5.0)
    assert fingerprint("weights", DetectionSettings(), 5.0) == base
    assert fingerprint("weights", DetectionSettings(score=0.2), 5.0) != base
    assert fingerprint("other", DetectionSettings(), 5.0) != base
    assert fingerprint("weights", DetectionSettings(), None) != base
