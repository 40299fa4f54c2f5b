"""Boxes for the pictures: fetched off the window's thread in windows of time, a little ahead of what is shown."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from app.background import Lane
from reid_engine.types import CameraId, Tracklet
from reid_engine.whereabouts import Shown, boxes_at

WINDOW_US = 20_000_000
KEPT_WINDOWS = 64
SHOWN_WINDOWS = 18  # of nine tiles, with what comes next


class Fetch(Protocol):
    """Where boxes come from; called on a lane."""

    def __call__(self, camera: CameraId, from_us: int, to_us: int, /) -> Sequence[Tracklet]:
        """Whoever was before the camera between two moments (corrected UTC)."""
        ...


class BoxCache(QObject):
    """Who is where in each camera, as far as it has been fetched. ``arrived`` when more is known."""

    arrived = Signal()

    def __init__(self, lane: Lane, fetch: Fetch, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = lane
        self._fetch = fetch
        self._windows: OrderedDict[tuple[CameraId, int], Sequence[Tracklet] | None] = OrderedDict()
        self._edition = 0
        self._known = 0  # counts what has changed
        self._last: dict[CameraId, tuple[int, int, Shown]] = {}

    def at(self, camera: CameraId, time_us: int) -> Shown:
        """Everybody in the picture of this moment; nobody while the window is being fetched.

        The same moment asked for again, as every tick does, costs next to nothing.
        """
        moment, known, shown = self._last.get(camera, (-1, -1, None))
        if shown is None or (moment, known) != (time_us, self._known):
            shown = self._found(camera, time_us)
            self._last[camera] = time_us, self._known, shown
        return shown

    def _found(self, camera: CameraId, time_us: int) -> Shown:
        number = time_us // WINDOW_US
        tracklets = self._window(camera, number)
        self._window(camera, number + 1)
        return boxes_at(tracklets, time_us) if tracklets else Shown.nobody()

    def forget(self) -> None:
        """The case has changed: fetch again what is shown next."""
        self._edition += 1
        self._known += 1
        self._windows.clear()

    def renew(self) -> None:
        """More is known, as while an analysis runs: fetch again what was shown last, and show the old until it has
        come."""
        windows = list(self._windows)
        for key in windows[:-SHOWN_WINDOWS]:
            del self._windows[key]
        for key in windows[-SHOWN_WINDOWS:]:
            self._ask(key)

    def _window(self, camera: CameraId, number: int) -> Sequence[Tracklet] | None:
        key = camera, number
        if key in self._windows:
            self._windows.move_to_end(key)
            return self._windows[key]
        self._windows[key] = None
        while len(self._windows) > KEPT_WINDOWS:
            self._windows.popitem(last=False)
        self._ask(key)
        return None

    def _ask(self, key: tuple[CameraId, int]) -> None:
        camera, number = key
        edition, start = self._edition, number * WINDOW_US
        self._lane.run(
            lambda: self._fetch(camera, start, start + WINDOW_US),
            lambda found: self._keep(key, edition, found),
            failed=lambda error: self._lane.trouble.emit(error),
        )

    def _keep(self, key: tuple[CameraId, int], edition: int, found: Sequence[Tracklet]) -> None:
        if edition == self._edition:
            self._windows[key] = found
            self._known += 1
            self.arrived.emit()
