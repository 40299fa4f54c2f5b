"""What a person may set, typed, with units and limits; kept as a sparse TOML file of the differences only."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.fields import FieldInfo

from reid_engine.errors import SettingsError
from reid_engine.folders import config_folder

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(gt=0.0)]


class _Group(BaseModel):
    """Typed settings; the sentence under each is what people read beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DetectionSettings(_Group):
    """Which boxes count as people."""

    score: Share = 0.1
    """How sure the detector must be; weak boxes are kept because the tracker's second round uses them."""
    overlap: Share = 0.6
    """Of two boxes that share more than this (IoU), the weaker goes."""
    image_size: Annotated[int, Field(ge=32, le=4096)] = 640
    """Longer side of the picture that the detector sees, in pixels: larger finds smaller people, and takes longer."""
    change: Annotated[float, Field(ge=0.0, le=255.0)] = 8.0
    """Levels of 255 by which some part of a picture must differ, in any colour, before the detector looks at that part
    again; elsewhere what it found before still holds. 0 has it look at every picture, whole."""


class TrackingSettings(_Group):
    """How boxes become tracks: ByteTrack (Zhang et al., ECCV 2022).

    Two scores are higher than in ultralytics' bytetrack.yaml (both 0.25). They keep false boxes out at the cost of a
    few people who are small or far away; lower both where those matter. ``tests/measure/mot.py`` shows what that does
    to a sequence with truth.
    """

    high_score: Share = 0.3
    """Boxes at least this sure are joined to tracks first."""
    low_score: Share = 0.1
    """Boxes at least this sure may continue a track in the second round."""
    new_score: Share = 0.4
    """A box must be this sure to begin a track."""
    match_cost: Share = 0.8
    """In the first round a box joins a track when 1 - IoU x score is below this."""
    lost_s: Seconds = 1.2
    """A track waits this many seconds for a person who is not seen (30 pictures at 25 a second)."""


class TrackletSettings(_Group):
    """When a track becomes a tracklet, and what is kept of its pixels."""

    gap_s: Seconds = 1.5
    """Unseen for longer than this many seconds: the tracklet ends and a new one begins."""
    length_s: Seconds = 60.0
    """No tracklet is longer than this many seconds; a person who stands still gives several."""
    jump: Annotated[float, Field(gt=0)] = 1.5
    """A centre that moves by more box heights than this between two pictures splits the track."""
    merged: Share = 0.5
    """From this overlap (IoU) on, two people may be taken for one another."""
    merged_boxes: Annotated[int, Field(ge=1)] = 3
    """After so many such boxes in a row both tracks are split when they part."""
    least_boxes: Annotated[int, Field(ge=1)] = 3
    """Fewer analysed pictures are noise."""
    least_s: Annotated[float, Field(ge=0.0)] = 0.3
    """Shorter ones, in seconds, are noise, or shards of somebody behind an obstacle."""
    poor: Share = 0.15
    """Where the best picture is worse than this, it takes three times as long to be believed."""
    least_height_px: Annotated[int, Field(ge=1)] = 24
    """People lower than this many pixels are left out."""
    best_crops: Annotated[int, Field(ge=1, le=64)] = 8
    """How many of the best single pictures are kept."""
    runs: Annotated[int, Field(ge=0, le=16)] = 3
    """How many runs of consecutive pictures are kept, for models that look at movement."""
    run_length: Annotated[int, Field(ge=1, le=64)] = 16
    """Pictures in a run."""
    crop_height_px: Annotated[int, Field(ge=32)] = 256
    """Taller pictures of people are shrunk to this many pixels."""


class SearchSettings(_Group):
    """How a ranking is made; re-ranking is k-reciprocal (Zhong et al., CVPR 2017, section 4.1).

    The paper's k1 = 20, k2 = 6 and lambda = 0.3 are for galleries with many pictures of everybody. In a case a person
    has a few tracks, and with these strangers became each other's witnesses: see docs/accuracy.md.
    """

    limit: Annotated[int, Field(ge=1)] = 50
    """How many matches the command line gives."""
    rerank_top: Annotated[int, Field(ge=2)] = 200
    """How many of the nearest are ranked again by their neighbours."""
    neighbours: Annotated[int, Field(ge=1)] = 5
    """How many neighbours a track has there (k1)."""
    expansion: Annotated[int, Field(ge=1)] = 2
    """Over how many neighbours these are averaged (k2)."""
    original_share: Share = 0.6
    """What the plain distance still counts (lambda)."""


class WorkSettings(_Group):
    """How this computer is shared between what a person does and what is analysed."""

    gently: bool = True
    """Work in the background gently: analysing takes only what playing, searching and other programs leave over."""
    rate: Annotated[float, Field(ge=0.0, le=1000.0)] = 0.0
    """Pictures of a second that are analysed, of each camera; 0 for every one. Fewer are quicker, and break
    the track of somebody who runs, or passes close by, more often in two."""


class RecordSettings(_Group):
    """Who is at work here."""

    operator: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
        ),
    ] = ""
    """Your name, as the record and evidence give it, with this computer's login behind it; empty: the login."""


class Settings(_Group):
    """Everything a person may set."""

    detection: DetectionSettings = DetectionSettings()
    """Which boxes count as people. Counts for recordings that are analysed from now on."""
    tracking: TrackingSettings = TrackingSettings()
    """How boxes become tracks. Counts for recordings that are analysed from now on."""
    tracklets: TrackletSettings = TrackletSettings()
    """When a track is believed, and what is kept of it. Counts for recordings that are analysed from now on."""
    search: SearchSettings = SearchSettings()
    """How matches are ranked. Counts from the next search on."""
    work: WorkSettings = WorkSettings()
    """How this computer is shared. Counts for what is started from now on."""
    record: RecordSettings = RecordSettings()
    """Who the record says did it. Counts from the next thing done."""
    name_patterns: tuple[str, ...] = ()
    """A site's own recorder file names, as regular expressions with named groups."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that may be set. ``key`` as in the file, ``detection.score``; least and most are its limits."""

    key: str
    value: Any
    default: Any
    words: str
    least: float | None = None
    most: float | None = None

    @property
    def group(self) -> str:
        """The part before the dot, or nothing."""
        return self.key.rpartition(".")[0]


def each_setting(settings: Settings) -> list[Setting]:
    """All of them in the order of their definitions."""
    found: list[Setting] = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, _Group):
            found += [
                _setting(f"{name}.{key}", getattr(value, key), of) for key, of in type(value).model_fields.items()
            ]
        else:
            found.append(_setting(name, value, field))
    return found


def _setting(key: str, value: Any, field: FieldInfo) -> Setting:
    limits = {type(limit).__name__: limit for limit in field.metadata}
    least = next((float(getattr(limits[kind], kind.lower())) for kind in ("Ge", "Gt") if kind in limits), None)
    most = next((float(getattr(limits[kind], kind.lower())) for kind in ("Le", "Lt") if kind in limits), None)
    return Setting(key, value, field.default, field.description or "", least, most)


def with_setting(settings: Settings, key: str, value: Any) -> Settings:
    """``settings`` with one of them changed; ``value`` may be a text. Raises SettingsError, naming the key."""
    if key not in {known.key for known in each_setting(settings)}:
        raise SettingsError(f"there is no setting {key!r}; reappear settings lists all of them")
    tree = settings.model_dump()
    group, _, name = key.rpartition(".")
    (tree[group] if group else tree)[name] = value
    return _validated(tree, key)


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Write what differs from the defaults, and nothing else; the old file stays until the new one is whole."""
    path = config_folder() / "settings.toml" if path is None else path
    changed = [known for known in each_setting(settings) if known.value != known.default]
    lines = [_line(known) for known in changed if not known.group]
    for group in dict.fromkeys(known.group for known in changed if known.group):
        lines += ["", f"[{group}]", *(_line(known) for known in changed if known.group == group)]
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text("\n".join(lines).strip() + "\n", "utf-8")
        part.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error


def _line(known: Setting) -> str:
    value = list(known.value) if isinstance(known.value, tuple) else known.value
    return f"{known.key.rpartition('.')[2]} = {json.dumps(value, ensure_ascii=False)}"


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
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    return _validated(tree, str(path))


def _validated(tree: dict[str, Any], where: str) -> Settings:
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        named = where if key == where else f"{where}: {key}"
        raise SettingsError(f"{named}: {first['msg']}") from error


def fingerprint(*parts: BaseModel | str | float | None) -> str:
    """SHA-256 over settings that decide what an analysis finds: equal means the same boxes come out."""
    digest = hashlib.sha256()
    for part in parts:
        text = part.model_dump_json() if isinstance(part, BaseModel) else repr(part)
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()
