"""Two tracks looked at closely: side by side, and what the network saw in both. No rules of the domain are in here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app import local_time
from app.desk import Query
from app.dialogs.compare import CompareDialog, Side
from app.dialogs.why import Ground, Grounds, WhyDialog
from app.explain import sentence
from app.images import decode_jpeg
from app.place import Pictured
from app.words import tr
from app.workspace import Workspace
from reid_engine.clock import CameraClock
from reid_engine.types import Match, TrackletId


class CloseView(QObject):
    """said: a sentence for the status bar; decided: of the two that are side by side, the verdict about the other."""

    said = Signal(str)
    decided = Signal(int, int, str)

    def __init__(self, work: Workspace, window: QWidget) -> None:
        super().__init__(window)
        self.work = work
        self._window = window

    def show_beside(self, one: TrackletId, other: TrackletId, *, decide: bool, title: str = "") -> None:
        """Two tracks side by side."""
        self.work.look_at(one, other)
        self._beside(lambda: (self._side(one), self._side(other)), (one, other), decide=decide, title=title)

    def show_picture_beside(self, sought: Pictured, other: TrackletId) -> None:
        """The picture that is searched for and a track side by side. Its number stands for it in ``decided``."""
        pictures = [] if sought.picture.isNull() else [sought.picture]
        self.work.look_at(other)
        mine = Side(sought.name, tr("no track of this case"), pictures)
        self._beside(lambda: (mine, self._side(other)), (sought.number, other), decide=True)

    def _beside(
        self, sides: Callable[[], tuple[Side, Side]], both: tuple[int, int], *, decide: bool, title: str = ""
    ) -> None:
        def opened(found: tuple[Side, Side]) -> None:
            dialog = CompareDialog(title or tr("Compare"), found, decide=decide, parent=self._window)
            dialog.decided.connect(lambda verdict: self.decided.emit(*map(int, both), verdict))
            dialog.finished.connect(dialog.deleteLater)
            dialog.open()

        self.work.reading.run(sides, opened, key="compare")

    def _side(self, number: TrackletId) -> Side:
        found = self.work.desk.tracklet(number)
        label = self.work.label(found.camera)
        begin, end = (
            local_time.seen(found.start_us, label.clock),
            local_time.seen(found.end_us, label.clock, local_time.clock_time),
        )
        pictures = [decode_jpeg(jpeg) for jpeg in self.work.desk.strip(number)]
        heading = tr("{letter}   {camera}   track {number}").format(
            letter=label.letter, camera=label.name, number=number
        )
        return Side(heading, tr("{begin} to {end}").format(begin=begin, end=end), pictures)

    def why(self, match: Match, query: Query) -> None:
        """Ask the network what it saw in both tracks, and show it."""
        probe: object = query.tracklet
        if query.tracklet is None:
            assert query.vector is not None
            probe = b64encode(np.asarray(query.vector, "<f4").tobytes()).decode()
        self.said.emit(tr("Asking the network what it saw …"))
        question = {"why": int(match.tracklet), "probe": probe}
        self.work.probe().request(
            question, lambda answer: self._explain(match, query, answer["why"]), self._not_explained
        )

    def _not_explained(self, error: Exception) -> None:
        self.said.emit(sentence(error))

    def _explain(self, match: Match, query: Query, answer: dict[str, Any]) -> None:
        wanted = [("searched", tr("Searched for"), query.tracklet), ("found", tr("Found"), match.tracklet)]

        def read() -> list[Grounds]:
            return [self._grounds(words, number, answer[side]) for side, words, number in wanted
                    if side in answer and number is not None]  # fmt: skip

        def opened(sides: list[Grounds]) -> None:
            self.work.look_at(*(number for _, _, number in wanted if number is not None))
            self.said.emit("")
            title = tr("Why track {track} is rank {rank}").format(track=match.tracklet, rank=match.rank)
            dialog = WhyDialog(title, sides, self._window)
            dialog.finished.connect(dialog.deleteLater)
            dialog.open()

        self.work.reading.run(read, opened, key="why")

    def _grounds(self, words: str, number: TrackletId, told: dict[str, Any]) -> Grounds:
        label, kept = self.work.label(self.work.desk.tracklet(number).camera), self.work.desk.case.crops(number)
        jpegs = {crop.frame_index: crop.jpeg for crop in (*kept.best, *(crop for run in kept.runs for crop in run))}
        pictures = [_ground(reason, jpegs[reason["frame"]], label.clock) for reason in told["pictures"]]
        title = tr("{words}: track {number}, {camera}").format(words=words, number=number, camera=label.name)
        return Grounds(title, told["method"], pictures)


def _ground(reason: dict[str, Any], jpeg: bytes, clock: CameraClock) -> Ground:
    heat = None if reason["heat"] is None else np.array(reason["heat"], np.float32)
    when = local_time.seen(reason["time_us"], clock, local_time.precise_time)
    when = when.partition("  ")[2] or when
    return Ground(decode_jpeg(jpeg), when, reason["distance"], reason["quality"], reason["share"], heat)
