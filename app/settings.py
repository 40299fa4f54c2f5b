"""What the window remembers: recent cases, the chosen networks, the theme, its own geometry."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, QTimeZone

from app.networks import Networks

MOST_RECENT = 8


class WindowState:
    """Typed access to Qt's settings file."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def recent(self) -> list[tuple[Path, str]]:
        """Cases opened last, newest first, with their purposes."""
        paths, purposes = self._words("recent/paths"), self._words("recent/purposes")
        return [(Path(path), purpose) for path, purpose in zip(paths, purposes, strict=False)]

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
    def light(self) -> bool:
        """True for the light theme."""
        return str(self._settings.value("theme", "dark")) == "light"

    @light.setter
    def light(self, wanted: bool) -> None:
        self._settings.setValue("theme", "light" if wanted else "dark")

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
    def zone(self) -> str:
        """The zone of cameras that are new: this computer's."""
        return str(self._settings.value("zone", "")) or bytes(QTimeZone.systemTimeZoneId().data()).decode() or "UTC"

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
