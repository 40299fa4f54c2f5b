"""Settings: sparse, typed, and refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from reid_engine.errors import SettingsError
from reid_engine.settings import (
    DetectionSettings,
    Settings,
    each_setting,
    fingerprint,
    load_settings,
    save_settings,
    with_setting,
)


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


def test_every_setting_is_explained_in_a_sentence_and_its_default_is_allowed() -> None:
    for known in each_setting(Settings()):
        assert known.words.endswith("."), known.key
        assert known.value == known.default
        assert with_setting(Settings(), known.key, known.default) == Settings()


def test_limits_come_from_the_definitions() -> None:
    limits = {known.key: (known.least, known.most) for known in each_setting(Settings())}
    assert limits["detection.score"] == (0.0, 1.0)
    assert limits["detection.image_size"] == (32, 4096)
    assert limits["tracking.lost_s"] == (0.0, None)


@pytest.mark.parametrize(
    ("key", "value"), [("detection.score", "3"), ("search.limit", "0"), ("tracking.lost_s", "long"), ("score", "1")]
)
def test_a_value_that_cannot_be_is_refused_by_its_key(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=key):
        with_setting(Settings(), key, value)


def test_what_is_saved_is_sparse_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.toml"
    settings = with_setting(Settings(), "detection.score", "0.25")
    settings = with_setting(settings, "name_patterns", [r'cam(?P<camera>\d+) "é"'])
    settings = with_setting(settings, "search.limit", "9")
    save_settings(settings, path)
    assert load_settings(path) == settings
    assert len(path.read_text("utf-8").splitlines()) == 7
    save_settings(Settings(), path)
    assert path.read_text("utf-8").strip() == ""


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        save_settings(Settings(), tmp_path / "file" / "settings.toml")
