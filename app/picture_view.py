"""Whoever is searched for by a picture: a file, the clipboard, or a box that was drawn. No rules of the domain.

Of a picture of several people it is asked who is meant; ``app/dialogs/whom.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from PySide6.QtCore import QBuffer, QObject, QRectF, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from app.desk import Query
from app.dialogs.whom import Box, WhomDialog
from app.dropped import FILTER, picture_in
from app.images import to_qimage
from app.jobs import Embedded
from app.panes.player import PlayerPane
from app.panes.subject import SubjectPane
from app.place import Pictured
from app.words import Later, tr
from app.workspace import Workspace
from reid_engine.errors import UsageError
from reid_engine.photo import WIDEST
from reid_engine.picture import read_picture
from reid_engine.types import CameraId, as_boxes

NO_PERSON = Later(
    "Nobody was found in this picture, and all of it is searched as if it were one person: crop it to the person, or "
    "draw a box round them in a recording."
)
NOT_CHOSEN = Later("Nobody in {name} was chosen.")


@dataclass(frozen=True, slots=True)
class _Photo:
    """A picture file that is looked at. copied: it lies in our memory for this alone, and goes when that is done"""

    path: Path
    name: str
    copied: BinaryIO | None = None

    def forget(self) -> None:
        if self.copied is not None:
            self.copied.close()


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
        self._photo: _Photo | None = None  # that is looked at
        player.boxed.connect(self.search_box)
        subject.pictured.connect(self.search)
        work.investigation.changed.connect(lambda _: self._name())
        work.investigation.answered.connect(lambda _: self._name())

    def search_box(self, camera: int, time_us: int, xyxy: Box) -> None:
        """Search for whoever is in a drawn box."""
        known = self.work.footage.camera(CameraId(camera))
        if known is not None:
            question = {"camera": known.name, "time_us": time_us, "xyxy": [float(value) for value in xyxy]}
            shown = self._player.tiles[CameraId(camera)].cut(xyxy) or QImage()
            self.begun.emit()
            self._ask(question, tr("a box in {camera}").format(camera=known.name), shown, "", self.failed.emit)

    def search(self, path: Path) -> None:
        """Search for the person in a picture file."""
        self._look(_Photo(path, path.name))

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
        self._look(_in_memory(picture, tr("a copied picture")))

    def _look(self, photo: _Photo) -> None:
        """Who is in the picture? The one that was brought last is searched, others are forgotten."""
        self.begun.emit()
        self._photo = photo
        question = {"people": str(photo.path)}
        self.work.probe().request(question, lambda answer: self._read(photo, answer), lambda e: self._give_up(photo, e))

    def _read(self, photo: _Photo, answer: dict[str, Any]) -> None:
        self.work.looking.run(
            lambda: to_qimage(read_picture(photo.path)),
            lambda picture: self._choose(photo, picture, answer),
            failed=lambda error: self._give_up(photo, error),
        )

    def _choose(self, photo: _Photo, picture: QImage, answer: dict[str, Any]) -> None:
        """Whom to search for, where that is not plain."""
        if photo is not self._photo:
            photo.forget()
            return
        people = as_boxes(answer["people"])
        if answer["portrait"] or not len(people):
            wide = picture.width() > WIDEST * picture.height()
            doubt = answer["problem"] or (tr(NO_PERSON) if wide and not len(people) else "")
            self._begin(photo, picture, None, doubt)
            return
        dialog = WhomDialog(photo.name, picture, people, self._window)
        dialog.accepted.connect(lambda: self._begin(photo, picture, dialog.box))
        dialog.rejected.connect(lambda: self._give_up(photo, UsageError(tr(NOT_CHOSEN).format(name=photo.name))))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _begin(self, photo: _Photo, picture: QImage, box: Box | None, doubt: str = "") -> None:
        question: dict[str, object] = {"image": str(photo.path)}
        if box is not None:
            question["xyxy"] = box
            picture = picture.copy(QRectF(box[0], box[1], box[2] - box[0], box[3] - box[1]).toRect())
        self._ask(question, photo.name, picture, doubt, lambda error: self._give_up(photo, error), photo.forget)

    def _give_up(self, photo: _Photo, error: Exception) -> None:
        photo.forget()
        if photo is self._photo:
            self.failed.emit(error)

    def _ask(
        self,
        question: dict[str, object],
        words: str,
        shown: QImage,
        doubt: str,
        failed: Callable[[Exception], None],
        over: Callable[[], None] = lambda: None,
    ) -> None:
        """Search by the vector of these pixels, and show them."""

        def done(found: Embedded) -> None:
            over()
            filters = replace(self._filters(), model=found.model, picture=found.picture)
            self.work.investigation.search_vector(found.vector, filters)
            self.show(Pictured(words, shown, self.last.number - 1, doubt))

        self.work.probe().ask(question, done, failed)

    def stand(self, there: Pictured) -> None:
        """The one that another view showed; where it is not searched for any more only its number counts on."""
        self.last = there
        if self.searched:
            self.show(there)

    def show(self, pictured: Pictured) -> None:
        """This is the picture that is searched for."""
        self.last = pictured
        self._subject.show_picture(pictured.name)
        self._subject.show_cut(pictured.picture, pictured.doubt)
        self._name()

    def _name(self) -> None:
        if self.searched:
            self._subject.name_picture(self.last.name, self.work.investigation.probe)

    @property
    def searched(self) -> bool:
        """Whether a picture is searched for, and not a track."""
        query = self.work.investigation.query
        return query is not None and query.vector is not None


def _in_memory(picture: QImage, name: str) -> _Photo:
    """A picture as a file that only processes of this user can open, and that ends with ours, however that ends."""
    encoded = QBuffer()
    encoded.open(QBuffer.OpenModeFlag.WriteOnly)
    picture.save(encoded, "PNG")  # type: ignore[call-overload]  # bytes, as declared, are refused
    handle = os.memfd_create("reappear-copied")
    file = os.fdopen(handle, "w+b", buffering=0)
    file.write(encoded.data().data())
    return _Photo(Path(f"/proc/{os.getpid()}/fd/{handle}"), name, file)
