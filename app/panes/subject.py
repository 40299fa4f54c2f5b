"""Who is looked for: the probe's crop, and what was confirmed and rejected so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.dropped import picture_in
from app.keys import SEARCH, key
from app.widgets.chips import FlowLayout
from app.words import Later, tr
from reid_engine.journey import Known
from reid_engine.types import TrackletId, Verdict

EXAMPLE = Later("Examples")
COUNTER = Later("Not this person")
HEADINGS: dict[Verdict, str] = {"same": Later("Confirmed"), "different": Later("Rejected"),
                               "unsure": Later("Unsure")}  # fmt: skip
ELSEWHERE = Later("Confirmed in other searches")
TALLEST = 320  # pixels of the probe's picture; large text needs the room
THUMB = QSize(44, 76)
THUMB_ROOM = QSize(54, 86)  # three beside one another in the narrowest pane
NAMED_WIDTH = 64  # of a known person's picture with a name or a number below
STRIP = QSize(40, 72)
KNOWN = Later("People of this case")
NOBODY = Later("Nobody yet.\nClick a person,\nor drop a picture here.")
SELECTED = Later("{name} is selected.\n{key} searches the\nother cameras.")


class SubjectPane(QWidget):
    """``wanted`` asks for a crop, ``supply`` answers; ``chosen``: go to its moment; ``pictured``: a dropped file;
    ``better``: go to the better moment that was offered; ``dropped``: an example is none any more; ``known``: go on
    with somebody who is known."""

    wanted = Signal(int)
    chosen = Signal(int)
    pictured = Signal(Path)
    better = Signal()
    dropped = Signal(int)
    known = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(theme.px(150))
        self.setAcceptDrops(True)
        self._probe: int | None = None
        self._anchor: int | None = None  # the track that stands for the person of a picture
        self._pictures: dict[int, QPixmap] = {}
        self._thumbs: dict[int, list[QToolButton]] = {}  # somebody who was rejected here may be known as another
        self._crop = QLabel(tr(NOBODY), self)
        self._crop.setObjectName("muted")
        self._crop.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._crop.setWordWrap(True)
        self._crop.setFixedHeight(min(theme.px(230), TALLEST))
        self._name = QLabel(self)
        self._name.setObjectName("muted")
        self._name.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._name.setWordWrap(True)
        self._wide = self._warning()
        self._whose = QLabel(self)  # the pictures below are of whoever is selected, who may be a match
        self._whose.setWordWrap(True)
        self._whose.hide()
        self._strip = QHBoxLayout()
        self._strip.setSpacing(4)
        self._doubt = self._warning()
        self._better = QPushButton(tr("Better moment"), self)  # no wider than the narrowest pane
        self._better.clicked.connect(self.better)
        self._better.hide()
        self._examples: dict[str, list[int]] = {}
        self._verdicts: Mapping[TrackletId, Verdict] = {}
        self._people: Sequence[tuple[Known, str]] = ()
        self._lists = QVBoxLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(self._crop)
        layout.addWidget(self._name)
        layout.addWidget(self._wide)
        layout.addWidget(self._whose)
        layout.addLayout(self._strip)
        layout.addWidget(self._doubt)
        layout.addWidget(self._better)
        layout.addWidget(self._scroll(), 1)

    def _scroll(self) -> QScrollArea:
        inner = QWidget(self)
        inner.setObjectName("panel")
        inner.setLayout(self._lists)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        return scroll

    def _warning(self) -> QLabel:
        label = QLabel(self)
        label.setObjectName("warning")
        label.setWordWrap(True)
        label.hide()
        return label

    def show_probe(self, tracklet: TrackletId) -> None:
        """Look for this tracklet."""
        self._wide.hide()
        self._probe, self._anchor = int(tracklet), None
        self._list()
        self._name.setText(tr("track {tracklet}").format(tracklet=tracklet))
        self._want(self._probe)

    def show_nobody(self) -> None:
        """Nobody is looked for."""
        self._wide.hide()
        self._probe = self._anchor = None
        self._list()
        self._crop.setPixmap(QPixmap())
        self._crop.setText(tr(NOBODY))
        self._name.clear()

    def show_picture(self, name: str) -> None:
        """Look for somebody in a picture of this name."""
        self._probe = None
        self._list()
        self.show_cut(QImage())
        self._crop.setText(name)
        self.name_picture(name, None)

    def show_cut(self, picture: QImage, doubt: str = "") -> None:
        """The picture that is looked for, and why it may rank badly; one that is empty only has a name."""
        if not picture.isNull():
            self._crop.setPixmap(self._fitted(QPixmap.fromImage(picture)))
        else:
            self._crop.setPixmap(QPixmap())
        self._wide.setText(doubt)
        self._wide.setVisible(bool(doubt))

    def name_picture(self, name: str, anchor: int | None) -> None:
        """What the picture is called, and which track stands for its person."""
        if anchor != self._anchor:
            self._anchor = anchor
            self._list()
        words = (
            tr("{words}: not a track of this case")
            if anchor is None
            else tr("{words}: track {track} stands for the person")
        )
        self._name.setText(words.format(words=name, track=anchor))

    def show_portrait(self, name: str, pictures: Sequence[QImage], doubt: str, *, better: str = "") -> None:
        """Crops of the track that is selected now (none: nobody is), why it may rank badly, where it is seen better."""
        empty(self._strip)
        self._whose.setText(tr("Selected: {name}").format(name=name))
        self._whose.setVisible(bool(pictures))
        if self._probe is None and self._crop.pixmap().isNull() and not self._name.text():
            self._crop.setText(tr(SELECTED).format(key=key(SEARCH), name=name.capitalize()) if pictures else tr(NOBODY))
        for picture in pictures:
            label = QLabel(self)
            label.setToolTip(name)
            smooth = Qt.TransformationMode.SmoothTransformation
            scaled = picture.scaled(STRIP, Qt.AspectRatioMode.KeepAspectRatio, smooth)
            label.setPixmap(QPixmap.fromImage(scaled))
            self._strip.addWidget(label)
        self._strip.addStretch(1)
        self._doubt.setText("\n".join(words for words in (better, doubt) if words))
        self._doubt.setVisible(bool(doubt or better))
        self._better.setVisible(bool(better))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if picture_in(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = picture_in(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.pictured.emit(path)

    def show_verdicts(self, verdicts: Mapping[TrackletId, Verdict]) -> None:
        """What was decided about this probe."""
        if verdicts != self._verdicts:
            self._verdicts = dict(verdicts)
            self._list()

    def show_examples(self, examples: Sequence[int], others: Sequence[int]) -> None:
        """Further tracklets that the search starts from, and those that it goes away from."""
        wanted: dict[str, list[int]] = {EXAMPLE: list(examples), COUNTER: list(others)}
        if wanted != self._examples:
            self._examples = wanted
            self._list()

    def show_known(self, people: Sequence[tuple[Known, str]]) -> None:
        """Everybody of whom sightings are confirmed, each with a line about where and when."""
        if people != self._people:
            self._people = people
            self._list()

    def _list(self) -> None:
        verdicts = self._verdicts
        empty(self._lists)
        self._thumbs.clear()
        for heading, numbers in self._examples.items():
            if numbers:
                self._lists.addWidget(self._group(f"{tr(heading)} {len(numbers)}", numbers, act=self.dropped))
        for verdict, heading in HEADINGS.items():
            members = [int(number) for number, said in verdicts.items() if said == verdict]
            if members:
                self._lists.addWidget(self._group(f"{tr(heading)} {len(members)}", members))
            if verdict == "same" and (further := self._further()):
                self._lists.addWidget(self._group(f"{tr(ELSEWHERE)} {len(further)}", further))
        others = [one for one in self._people if self._looked_for.isdisjoint(map(int, one[0].members))]
        if others:
            self._lists.addWidget(self._known_group(others))
        self._lists.addStretch(1)

    @property
    def _looked_for(self) -> set[int]:
        return {number for number in (self._probe, self._anchor) if number is not None}

    def _further(self) -> list[int]:
        """Who else is the person by decisions of other searches: a journey counts them, too."""
        mine = [one for one, _ in self._people if not self._looked_for.isdisjoint(map(int, one.members))]
        here = {int(number) for number, said in self._verdicts.items() if said == "same"} | self._looked_for
        return sorted({int(number) for one in mine for number in one.members} - here)

    def supply(self, tracklet: int, picture: QImage) -> None:
        """A crop has come. Of those that are no longer shown none is kept."""
        shown = {self._probe, *self._thumbs}
        self._pictures = {number: kept for number, kept in self._pictures.items() if number in shown}
        self._pictures[tracklet] = QPixmap.fromImage(picture)
        self._place(tracklet)

    def _group(self, heading: str, members: list[int], act: SignalInstance | None = None) -> QWidget:
        group = QWidget(self)
        column, thumbs = QVBoxLayout(group), FlowLayout(spacing=4)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(4)
        title = QLabel(heading, group)
        title.setWordWrap(True)
        column.addWidget(title)
        column.addLayout(thumbs)
        for number in members:
            thumb = QToolButton(group)
            thumb.setIconSize(THUMB)
            thumb.setFixedSize(THUMB_ROOM)
            words = tr("Show track {number}") if act is None else tr("Track {number}: click to leave it out")
            thumb.setToolTip(words.format(number=number))
            thumb.setAccessibleName(tr("track {number}").format(number=number))
            thumb.clicked.connect(lambda _=False, which=number: (act or self.chosen).emit(which))
            self._thumbs.setdefault(number, []).append(thumb)
            thumbs.addWidget(thumb)
            self._want(number)
        return group

    def _known_group(self, people: Sequence[tuple[Known, str]]) -> QWidget:
        group = self._group(f"{tr(KNOWN)} {len(people)}", [int(one.start) for one, _ in people], act=self.known)
        for one, words in people:
            button = self._thumbs[int(one.start)][-1]
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            width = theme.px(NAMED_WIDTH)  # unlike a picture, a name grows with the text
            button.setFixedSize(width, THUMB_ROOM.height() + button.fontMetrics().height())
            called = one.name or tr("no. {track}").format(track=one.start)
            short = button.fontMetrics().elidedText(called, Qt.TextElideMode.ElideRight, width - theme.px(10))
            button.setText(short.replace("&", "&&"))
            button.setToolTip("\n".join((called, words, tr("Click: look for this person again"))))
            button.setAccessibleName(f"{called}, {words}")
        return group

    def _want(self, tracklet: int) -> None:
        if tracklet in self._pictures:
            self._place(tracklet)
        else:
            self.wanted.emit(tracklet)

    def _fitted(self, picture: QPixmap) -> QPixmap:
        smooth = Qt.TransformationMode.SmoothTransformation
        room = (theme.px(160), self._crop.height() - 2)
        return picture.scaled(*room, Qt.AspectRatioMode.KeepAspectRatio, smooth)

    def _place(self, tracklet: int) -> None:
        picture = self._pictures[tracklet]
        if tracklet == self._probe:
            self._crop.setPixmap(self._fitted(picture))
        for thumb in self._thumbs.get(tracklet, ()):
            thumb.setIcon(QIcon(picture))


def empty(layout: QLayout) -> None:
    """Take everything out of a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
