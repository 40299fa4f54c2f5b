"""What the window remembers: recent cases, the chosen networks, the theme, its own geometry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from PySide6.QtCore import QByteArray, QSettings, QTimeZone

from app.networks import Networks
from app.theme import SCALES, Choice
from app.words import tr

MOST_RECENT = 8
UTC_NAMES = frozenset({"Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"})


class WindowState:
    """Typed access to Qt's settings file."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def recent(self) -> list[tuple[Path, str]]:
        """Cases opened last, newest first, with their purposes."""
        paths, purposes = self._words("recent/paths"), self._words("recent/purposes")
        return [(Path(path), purpose) for path, purpose in zip(paths, purposes, strict=False)]

    def forget(self, case: Path) -> None:
        """Leave a case out of the recent ones; the case itself is not touched."""
        kept = [(path, words) for path, words in self.recent() if path != case]
        self._settings.setValue("recent/paths", [str(path) for path, _ in kept])
        self._settings.setValue("recent/purposes", [words for _, words in kept])

    def opened(self, case: Path, purpose: str) -> None:
        """Remember that a case was opened."""
        kept = [(path, words) for path, words in self.recent() if path != case][: MOST_RECENT - 1]
        every = [(case, purpose), *kept]
        self._settings.setValue("recent/paths", [str(path) for path, _ in every])
        self._settings.setValue("recent/purposes", [words for _, words in every])

    @property
    def networks(self) -> Networks:
        """The weights chosen last."""
        paths = [str(self._settings.value(f"networks/{role}", "")) for role in ("detector", "embedder")]
        return Networks(*(Path(path) if path else None for path in paths))

    @networks.setter
    def networks(self, chosen: Networks) -> None:
        self._settings.setValue("networks/detector", str(chosen.detector or ""))
        self._settings.setValue("networks/embedder", str(chosen.embedder or ""))

    @property
    def theme(self) -> Choice:
        """Dark, light, or as the system is."""
        kept = str(self._settings.value("theme", "system"))
        return "dark" if kept == "dark" else "light" if kept == "light" else "system"

    @theme.setter
    def theme(self, wanted: Choice) -> None:
        self._settings.setValue("theme", wanted)

    @property
    def scale(self) -> int:
        """Size of the text in per cent, one of ``theme.SCALES``."""
        kept = self._settings.value("scale", 100)
        return next((scale for scale in SCALES if str(scale) == str(kept)), 100)

    @scale.setter
    def scale(self, wanted: int) -> None:
        self._settings.setValue("scale", wanted)

    @property
    def pace(self) -> float | None:
        """Seconds of footage this machine analyses in a second; None before it was measured."""
        try:
            return float(str(self._settings.value("pace", ""))) or None
        except ValueError:
            return None

    @pace.setter
    def pace(self, measured: float) -> None:
        self._settings.setValue("pace", measured)

    def keys(self) -> dict[str, str]:
        """Keys that a person has bound anew, by the name of the verb."""
        self._settings.beginGroup("keys")
        found = {name: str(self._settings.value(name)) for name in self._settings.childKeys()}
        self._settings.endGroup()
        return found

    def bind(self, keys: Mapping[str, str]) -> None:
        """Remember these keys, and no others."""
        self._settings.remove("keys")
        for name, key in keys.items():
            self._settings.setValue(f"keys/{name}", key)

    @property
    def journey(self) -> bool:
        """True while the journey's lanes are shown."""
        return str(self._settings.value("journey", "shown")) == "shown"

    @journey.setter
    def journey(self, wanted: bool) -> None:
        self._settings.setValue("journey", "shown" if wanted else "hidden")

    @property
    def home(self) -> Path:
        """Where new cases lie."""
        return Path(str(self._settings.value("home", str(Path.home() / "Cases"))))

    @home.setter
    def home(self, folder: Path) -> None:
        self._settings.setValue("home", str(folder))

    @property
    def footage(self) -> Path:
        """Where recordings were last added from."""
        return Path(str(self._settings.value("footage", str(Path.home()))))

    @footage.setter
    def footage(self, folder: Path) -> None:
        self._settings.setValue("footage", str(folder))

    @property
    def zone(self) -> str:
        """The zone of cameras that are new: this computer's."""
        found = str(self._settings.value("zone", "")) or bytes(QTimeZone.systemTimeZoneId().data()).decode() or "UTC"
        return "UTC" if found in UTC_NAMES else found

    @zone.setter
    def zone(self, name: str) -> None:
        """Raises ValueError with a sentence when it is no zone."""
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError(tr("“{zone}” is no time zone: write one like Europe/Berlin.").format(zone=name)) from error
        self._settings.setValue("zone", name)

    @property
    def hints(self) -> bool:
        """True until somebody has found a match, or does not want to be told."""
        return str(self._settings.value("hints", "true")) != "false"

    @hints.setter
    def hints(self, wanted: bool) -> None:
        self._settings.setValue("hints", "true" if wanted else "false")

    def geometry(self, name: str) -> QByteArray:
        """A kept geometry or layout; empty before the first."""
        found = self._settings.value(f"geometry/{name}")
        return found if isinstance(found, QByteArray) else QByteArray()

    def keep_geometry(self, name: str, data: QByteArray) -> None:
        """Keep it."""
        self._settings.setValue(f"geometry/{name}", data)

    def _words(self, key: str) -> list[str]:
        found = self._settings.value(key, [])
        return [str(word) for word in found] if isinstance(found, list) else [str(found)]
