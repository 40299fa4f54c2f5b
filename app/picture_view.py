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
from app.place import Pictured
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
        self.last = Pictured()  # the search by a picture that was begun last
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
            self.work.investigation.search_vector(vector, replace(self._filters(), model=model))
            self.show(Pictured(words, shown or QImage(), self.last.number - 1, judge="image" in question))
            if shown is None:
                self._read(Path(str(question["image"])), self.last)

        def failed(error: Exception) -> None:
            _forget(forget)
            self.failed.emit(error)

        self.work.probe().ask(question, done, failed)

    def _read(self, path: Path, asked: Pictured) -> None:
        """Show the file's picture; one that was there for the network and is not for us is only named."""

        def read() -> QImage:
            try:
                return to_qimage(read_picture(path))
            except ReappearError:
                return QImage()

        self.work.looking.run(
            read,
            lambda picture: self.show(replace(asked, picture=picture)) if asked is self.last else None,
            key="picture",
        )

    def stand(self, there: Pictured) -> None:
        """The one that another view showed; where it is not searched for any more only its number counts on."""
        self.last = there
        if self.searched:
            self.show(there)

    def show(self, pictured: Pictured) -> None:
        """This is the picture that is searched for."""
        self.last = pictured
        wide = pictured.judge and pictured.picture.width() > WIDEST * pictured.picture.height()
        self._subject.show_picture(pictured.name)
        self._subject.show_cut(pictured.picture, tr(NO_PERSON) if wide else "")
        self._name()

    def _name(self) -> None:
        if self.searched:
            self._subject.name_picture(self.last.name, self.work.investigation.probe)

    @property
    def searched(self) -> bool:
        """Whether a picture is searched for, and not a track."""
        query = self.work.investigation.query
        return query is not None and query.vector is not None


def _forget(path: Path | None) -> None:
    if path is not None:
        path.unlink(missing_ok=True)
