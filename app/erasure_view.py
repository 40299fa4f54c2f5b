"""Erasing from the window: what is offered, the dialog, the deed on a lane. No rules of the domain."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.dialogs.erase import EraseDialog, Request
from app.erasures import Offer, done_words
from app.words import tr
from app.workspace import Workspace
from reid_engine.store import Erasure
from reid_engine.types import TrackletId


class ErasureView(QObject):
    """said: a sentence for the status bar; failed: an error; erased: the case is to be shown anew, and why."""

    said = Signal(str)
    failed = Signal(Exception)
    erased = Signal(str)

    def __init__(self, work: Workspace, window: QWidget) -> None:
        super().__init__(window)
        self.work = work
        self._window = window
        self.dialog: EraseDialog | None = None
        self._refused: Request | None = None  # nobody writes it twice

    def ask(self, tracklet: int | None) -> None:
        """Show what would go with a track, with what is due, a recording or a camera; nothing goes unagreed."""
        number = None if tracklet is None else TrackletId(tracklet)
        desk = self.work.desk
        self.work.reading.run(lambda: desk.erasures(number), self._offer, key="erase", failed=self.failed.emit)

    def _offer(self, found: tuple[list[Offer], list[str]]) -> None:
        offers, refused = found
        if not offers:
            nothing = tr("There is nothing in this case that could be erased.")
            self.said.emit("  ".join(refused) or nothing)
            return
        if refused:
            self.said.emit("  ".join(refused))
        dialog = self.dialog = EraseDialog(offers, self._window, before=self._refused)
        self._refused = None
        dialog.accepted.connect(lambda: self.erase(dialog.request))
        dialog.finished.connect(self._closed)
        dialog.open()

    def _closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
        self.dialog = None

    def erase(self, request: Request) -> None:
        """Do it, on the lane where things are written; the window stays alive meanwhile."""
        self.said.emit(tr("Erasing; the case's file is written anew …"))
        self.work.forget_probe()
        desk = self.work.desk
        self.work.writing.run(
            lambda: desk.erase(request.offer, request.reason, request.asked_by), self._done,
            failed=lambda error: self._not_done(request, error),
        )  # fmt: skip

    def _done(self, found: Erasure) -> None:
        self.erased.emit(done_words(found))

    def _not_done(self, request: Request, error: Exception) -> None:
        self._refused = request
        self.failed.emit(error)
