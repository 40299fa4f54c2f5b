"""Whoever is searched for by a picture: a file, the clipboard, or a box that was drawn. No rules of the domain."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from app.desk import Query
from app.dropped import FILTER, picture_in
from app.images import to_qimage
from app.panes.player import PlayerPane
from app.panes.subject import SubjectPane
from app.words import Later, tr
from app.workspace import Workspace
from reid_engine.errors import ReappearError
from reid_engine.picture import read_picture
from reid_engine.types import CameraId, Vectors

WIDEST = 0.8  # times its height; a person who stands is at most half as wide as tall
NO_PERSON = Later(
    "This picture has not the shape of one person, and all of it is searched as if it were one: crop it to the person, "
    "or draw a box round them in a recording."
)


class PictureView(QObject):
    """begun: the network looks at a picture; said: a sentence for the status bar; failed: an error"""

    begun = Signal()
    said = Signal(str)
    failed = Signal(Exception)

    def __init__(
        self, work: Workspace, player: PlayerPane, subject: SubjectPane, filters: Callable[[], Query], window: QWidget
    ) -> None:
        super().__init__(window)
        self.work = work
        self._player, self._subject, self._filters, self._window = player, subject, filters, window
        self.name, self.picture = "", QImage()  # of the search by a picture that was begun last,
        self.number = 0  # each has one of its own, below zero, which no track has
        player.boxed.connect(self.search_box)
        subject.pictured.connect(self.search)
        work.investigation.changed.connect(lambda _: self._name())
        work.investigation.answered.connect(lambda _: self._name())

    def search_box(self, camera: int, time_us: int, xyxy: tuple[float, ...]) -> None:
        """Search for whoever is in a drawn box."""
        known = self.work.footage.camera(CameraId(camera))
        if known is not None:
            question = {"camera": known.name, "time_us": time_us, "xyxy": [float(value) for value in xyxy]}
            shown = self._player.tiles[CameraId(camera)].cut(xyxy)
            self._ask(question, tr("a box in {camera}").format(camera=known.name), shown)

    def search(self, path: Path) -> None:
        """Search for the person in a picture file."""
        self._ask({"image": str(path)}, path.name)

    def browse(self) -> None:
        """Ask for a picture of a person."""
        found, _ = QFileDialog.getOpenFileName(self._window, tr("Search for the person in a picture"), "", tr(FILTER))
        if found:
            self.search(Path(found))

    def paste(self) -> None:
        """Search for the person in the picture on the clipboard."""
        copied = picture_in(QGuiApplication.clipboard().mimeData())
        if copied is not None:
            self.search(copied)
            return
        picture: QImage = QGuiApplication.clipboard().image()
        if picture.isNull():
            self.said.emit(tr("There is no picture on the clipboard: copy one first."))
            return
        with tempfile.NamedTemporaryFile(prefix="reappear-", suffix=".png", delete=False) as file:
            path = Path(file.name)
        picture.save(str(path))
        self._ask({"image": str(path)}, tr("a copied picture"), picture, forget=path)

    def _ask(
        self, question: dict[str, object], words: str, shown: QImage | None = None, forget: Path | None = None
    ) -> None:
        self.begun.emit()

        def done(vector: Vectors, model: str) -> None:
            _forget(forget)
            self.name, self.number = words, self.number - 1
            self._subject.show_picture(words)
            if shown is not None:
                self._show(shown, judge="image" in question)
            else:
                self.picture = QImage()
                self._read(Path(str(question["image"])), self.number)
            self.work.investigation.search_vector(vector, replace(self._filters(), model=model))

        def failed(error: Exception) -> None:
            _forget(forget)
            self.failed.emit(error)

        self.work.probe().ask(question, done, failed)

    def _read(self, path: Path, number: int) -> None:
        """Show the file's picture; one that was there for the network and is not for us is only named."""

        def read() -> QImage:
            try:
                return to_qimage(read_picture(path))
            except ReappearError:
                return QImage()

        self.work.looking.run(
            read, lambda picture: self._show(picture, judge=True) if number == self.number else None, key="picture"
        )

    def _show(self, picture: QImage, *, judge: bool) -> None:
        self.picture = picture
        wide = judge and picture.width() > WIDEST * picture.height()
        self._subject.show_cut(picture, tr(NO_PERSON) if wide else "")

    def _name(self) -> None:
        if self.searched:
            self._subject.name_picture(self.name, self.work.investigation.probe)

    @property
    def searched(self) -> bool:
        """Whether a picture is searched for, and not a track."""
        query = self.work.investigation.query
        return query is not None and query.vector is not None


def _forget(path: Path | None) -> None:
    if path is not None:
        path.unlink(missing_ok=True)
