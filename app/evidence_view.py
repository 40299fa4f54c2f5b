"""What is handed on from the window: the evidence of a journey, as a job, and stills of the picture that is shown."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app import local_time
from app.dialogs.evidence import EvidenceDialog, EvidenceDoneDialog, EvidenceWish
from app.images import decode_jpeg
from app.inquiry_view import InquiryView
from app.journey_view import JourneyView
from app.journeys import seconds
from app.widgets.sighting_list import Offered
from app.words import shortened, tr
from app.workspace import Workspace
from reid_engine.journey import Sighting
from reid_engine.types import CameraId, TrackletId


class EvidenceView(QObject):
    """said: a sentence for the status bar; failed: an error."""

    said = Signal(str)
    failed = Signal(Exception)

    def __init__(self, work: Workspace, inquiry: InquiryView, journey: JourneyView, window: QWidget) -> None:
        super().__init__(window)
        self.work = work
        self._inquiry = inquiry
        self._journey = journey
        self._window = window
        journey.pane.evidence.connect(self.ask)
        work.exported.connect(self._show_done)

    def ask(self) -> None:
        """Ask what of the journey is to be handed on."""
        found = self._journey.trace.journey
        if found is None or not found.confirmed:
            self.said.emit(tr("There is no journey yet: confirm sightings first."))
            return
        start = int(found.start)
        name = f"evidence-{start}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        offered = [self._offered(one) for one in found.confirmed]
        dialog = EvidenceDialog(offered, self.work.desk.folder / "exports" / name, self._window)
        dialog.accepted.connect(lambda: self.start(start, dialog.wish))
        dialog.finished.connect(lambda _: self.work.reading.forget("sightings"))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        desk, numbers = self.work.desk, [one.tracklet for one in offered]

        def pictures() -> dict[TrackletId, QImage]:
            return {number: decode_jpeg(jpeg) for number, jpeg in desk.crops(numbers).items()}

        self.work.reading.run(pictures, dialog.sightings.supply, key="sightings")

    def _offered(self, seen: Sighting) -> Offered:
        """Camera, time, length, track."""
        label = self.work.label(seen.camera)
        words = tr("{camera}, {when}, {length}, track {number}").format(
            camera=label.name,
            when=local_time.seen(seen.start_us, label.clock),
            length=seconds(seen.end_us - seen.start_us),
            number=seen.tracklet,
        )
        return Offered(seen.tracklet, words, self.work.matches.handed_on(seen.tracklet) is not None)

    def start(self, tracklet: int, wish: EvidenceWish) -> None:
        """Export, as a job that outlives the window."""
        self.work.jobs.start("evidence", [str(tracklet), str(wish.out.absolute()), *wish.words])
        self.said.emit(tr("The evidence is made as a job; nothing is left of it when it is cancelled."))

    def _show_done(self, told: dict[str, Any]) -> None:
        dialog = EvidenceDoneDialog(Path(told["folder"]), str(told["manifest_sha256"]), self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        self.said.emit(tr("Evidence is ready: {folder}").format(folder=shortened(Path(told["folder"]))))

    # stills -----------------------------------------------------------------------------------------------------------

    def save_still(self) -> None:
        """Save what the tile in focus shows, whole and unmarked."""
        player = self._inquiry.player
        player.pause()
        places = [player.focus, *player.tiles]
        shown = [player.tiles[place] for place in places if place in player.tiles]
        tile = next((one for one in shown if one.showing.image is not None), None)
        if tile is None:
            self.said.emit(tr("No camera shows a picture at this moment."))
            return
        desk, path = self.work.desk, self._still_path(tile.camera, tile.name, tile.showing.time_us)
        name, time_us = tile.name, tile.showing.time_us
        words = tr("Still saved: {path}").format(path=shortened(path))
        self.work.looking.run(
            lambda: desk.save_still(name, time_us, path), lambda _: self.said.emit(words), failed=self.failed.emit
        )

    def _still_path(self, camera: CameraId, name: str, time_us: int) -> Path:
        """``CASE/exports/case, camera, time.png``, with a number where there is one already."""
        folder, zone = self.work.desk.folder, self.work.footage.zone(camera)
        moment = local_time.local(time_us, zone)
        stem = f"{folder.name} {name} {moment:%Y-%m-%d %H-%M-%S}.{moment.microsecond // 1000:03d} {moment:%Z}"
        stem = re.sub(r"[\\/:*?\"<>|\x00-\x1f]+", "-", stem).strip(" .")[:120]
        path, number = folder / "exports" / f"{stem}.png", 1
        while path.exists():
            number += 1
            path = path.with_name(f"{stem} ({number}).png")
        return path
