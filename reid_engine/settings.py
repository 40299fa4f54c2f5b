"""What a person may set, typed, with units and limits; kept as a sparse TOML file of the differences only."""

from __future__ import annotations

import hashlib
import os
import tomllib
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reid_engine.errors import SettingsError

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(gt=0.0)]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DetectionSettings(_Group):
    """Which boxes count as people.

    Scores down to ``score`` are kept because the tracker's second round uses weak boxes.
    """

    score: Share = 0.1
    overlap: Share = 0.6  # IoU above which the weaker of two boxes goes
    image_size: Annotated[int, Field(ge=32, le=4096)] = 640  # longer side of the network's picture, pixels


class TrackingSettings(_Group):
    """ByteTrack (Zhang et al., ECCV 2022). Two scores are higher than in ultralytics' bytetrack.yaml (both 0.25).

    They keep false boxes out at the cost of a few people who are small or far away; lower both where those matter.
    ``tests/measure/mot.py`` shows what that does to a sequence with truth.
    """

    high_score: Share = 0.3  # first association
    low_score: Share = 0.1  # second association
    new_score: Share = 0.4  # a new track starts
    match_cost: Share = 0.8  # 1 - IoU x score, first association
    lost_s: Seconds = 1.2  # a track waits this long for its person (30 frames at 25 a second)


class TrackletSettings(_Group):
    """When a track becomes a tracklet, and what is kept of its pixels."""

    gap_s: Seconds = 1.5  # unseen for longer: the tracklet ends, a new one begins
    length_s: Seconds = 60.0  # no tracklet is longer; a person standing still gives several
    jump: Annotated[float, Field(gt=0)] = 1.5  # centre moved by more box heights between two frames: split
    merged: Share = 0.5  # IoU with another person from which the two may be taken for one another
    merged_boxes: Annotated[int, Field(ge=1)] = 3  # after so many such boxes in a row both split when they part
    least_boxes: Annotated[int, Field(ge=1)] = 3  # fewer analysed frames are noise
    least_s: Annotated[float, Field(ge=0.0)] = 0.3  # shorter ones are noise, or shards of somebody behind an obstacle
    poor: Share = 0.15  # where the best crop is worse than this, it takes three times as long to be believed
    least_height_px: Annotated[int, Field(ge=1)] = 24
    best_crops: Annotated[int, Field(ge=1, le=64)] = 8
    runs: Annotated[int, Field(ge=0, le=16)] = 3
    run_length: Annotated[int, Field(ge=1, le=64)] = 16
    crop_height_px: Annotated[int, Field(ge=32)] = 256  # taller crops are shrunk to this


class SearchSettings(_Group):
    """How a ranking is made."""

    limit: Annotated[int, Field(ge=1)] = 50
    rerank_top: Annotated[int, Field(ge=2)] = 200
    # k-reciprocal re-ranking (Zhong et al., CVPR 2017, section 4.1)
    neighbours: Annotated[int, Field(ge=1)] = 20  # k1
    expansion: Annotated[int, Field(ge=1)] = 6  # k2
    original_share: Share = 0.3  # lambda


class Settings(_Group):
    """Everything a person may set."""

    detection: DetectionSettings = DetectionSettings()
    tracking: TrackingSettings = TrackingSettings()
    tracklets: TrackletSettings = TrackletSettings()
    search: SearchSettings = SearchSettings()
    name_patterns: tuple[str, ...] = ()  # a site's own recorder file names, as regular expressions with named groups


def config_folder() -> Path:
    """Where the settings file lies; ``REAPPEAR_CONFIG`` overrides it."""
    given = os.environ.get("REAPPEAR_CONFIG")
    return Path(given) if given else platformdirs.user_config_path("reappear")


def cache_folder() -> Path:
    """Where exported networks lie (may be deleted at any time); ``REAPPEAR_CACHE`` overrides it."""
    given = os.environ.get("REAPPEAR_CACHE")
    return Path(given) if given else platformdirs.user_cache_path("reappear")


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings file, or the defaults where there is none.

    Raises SettingsError, naming the file, the key and what is wrong with it.
    """
    path = config_folder() / "settings.toml" if path is None else path
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path}: {key}: {first['msg']}") from error


def fingerprint(*parts: BaseModel | str | float | None) -> str:
    """SHA-256 over settings that decide what an analysis finds: equal means the same boxes come out."""
    digest = hashlib.sha256()
    for part in parts:
        text = part.model_dump_json() if isinstance(part, BaseModel) else repr(part)
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()
