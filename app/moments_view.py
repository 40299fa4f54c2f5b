"""Where to go in time: to a moment that somebody types, to who comes into view next, and past where nobody is."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app import local_time
from app.dialogs.moment import MomentDialog
from app.panes.player import PlayerPane
from app.words import tr
from app.workspace import Workspace
from reid_engine.store import Store
from reid_engine.types import CameraId, Seen

LEAD_US = 1_000_000  # somebody who comes into view is seen coming
WORTH_US = 3_000_000  # less than this is played


@dataclass(frozen=True, slots=True)
class Emptiness:
    """Whether nobody is in view at a moment, and until when that stays so (corrected UTC); None: for good."""

    empty: bool
    until_us: int | None


def emptiness(store: Store, cameras: list[CameraId], time_us: int) -> Emptiness:
    """Of some cameras together."""
    until_us = store.in_view_until(cameras, time_us)
    if until_us is not None:
        return Emptiness(empty=False, until_us=until_us)
    coming = store.appearance(cameras, time_us)
    return Emptiness(empty=True, until_us=None if coming is None else coming.start_us)


class MomentsView(QObject):
    """said: a sentence for the status bar. skipping: playing leaves out where no shown camera has anybody in view."""

    said = Signal(str)

    def __init__(self, work: Workspace, player: PlayerPane, window: QWidget) -> None:
        super().__init__(window)
        self.work = work
        self._player = player
        self._window = window
        self.skipping = False
        self._asked = False
        self._known = (0, 0)  # between these moments nothing has to be asked
        player.moved.connect(self._on_moved)

    def ask(self) -> None:
        """Go to a moment that is typed."""
        cameras = self._cameras()
        if not cameras:
            return
        player = self._player
        player.pause()
        dialog = MomentDialog(player.clock.now_us(), self.work.footage.zone(cameras[0]), self._window)
        dialog.accepted.connect(lambda: self._go(dialog.time_us))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def next_appearance(self, *, before: bool = False) -> None:
        """Go to where somebody comes into view of a shown camera next, or came last, and select who it is."""
        cameras, now_us = self._cameras(), self._player.clock.now_us()
        self._player.pause()

        def go(found: Seen | None) -> None:
            first_us, last_us = self._player.limits
            # what is of unknown time has a line of its own
            if found is None or not first_us <= found.start_us <= last_us:
                nobody = tr("Before this nobody comes into view."), tr("After this nobody comes into view.")
                self.said.emit(nobody[0 if before else 1])
                return
            self._go(found.start_us)
            self._player.select(int(found.tracklet))
            label = self.work.label(found.camera)
            when, name = local_time.seen(found.start_us, label.clock, local_time.clock_time), label.name
            words = tr("Track {track} comes into view: {camera}, {when}.")
            self.said.emit(words.format(track=found.tracklet, camera=name, when=when))

        store = self.work.desk.case.store
        self.work.reading.run(lambda: store.appearance(cameras, now_us, before=before), go, key="appearance")

    def toggle_skipping(self) -> None:
        """Leave out where nobody is, or play all again."""
        self.skipping = not self.skipping
        self._known = (0, 0)
        on, off = tr("Playing leaves out where nobody is in view."), tr("Everything is played.")
        self.said.emit(on if self.skipping else off)

    def _go(self, time_us: int) -> None:
        """To a moment, and the keys with it: Space and Enter are about what is shown now."""
        self._player.seek(time_us)
        self._player.setFocus()

    def _cameras(self) -> list[CameraId]:
        return [camera for camera, tile in self._player.tiles.items() if not tile.isHidden()]

    def _on_moved(self, now_us: int) -> None:
        clock = self._player.clock
        running = clock.playing and clock.rate > 0 and not self._player.playing_spans
        if not self.skipping or not running or self._asked or self._known[0] <= now_us <= self._known[1]:
            return
        self._asked = True
        cameras, store = self._cameras(), self.work.desk.case.store

        def go(found: Emptiness) -> None:
            self._asked = False
            self._pass(found, now_us)

        def failed(error: Exception) -> None:
            self._asked = self.skipping = False
            self.work.failed.emit(error)

        self.work.reading.run(lambda: emptiness(store, cameras, now_us), go, failed=failed)

    def _pass(self, found: Emptiness, asked_us: int) -> None:
        clock = self._player.clock
        if not self.skipping or not clock.playing or clock.rate < 0:
            return
        last_us = self._player.limits[1]
        if not found.empty or found.until_us is None or found.until_us > last_us:  # at the end what is left is played
            self._known = (asked_us, last_us if found.until_us is None else found.until_us)
            return
        to_us = found.until_us - LEAD_US
        self._known = (asked_us, found.until_us)
        if to_us - clock.now_us() > WORTH_US:
            self._player.seek(to_us)
