"""A recording's pictures beside the table, to read the burnt-in clock by, and the camera's clock that follows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app import local_time, theme
from app.item_models.recordings import ORIGINS, RecordingRow
from app.words import tr

WIDTH = 372
STEP_US = 1_000_000
END_US = 200_000  # before the end there is a picture for sure
TENTH_US = 100_000  # a step of the slider
UNTOLD_US = 600_000_000  # how far the slider goes, to begin with, where nobody knows the length
TALLEST = 420
LOWEST = 150


class PictureLabel(QLabel):
    """A picture that keeps its shape at any width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = QPixmap()
        self.setObjectName("video")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setMinimumSize(theme.px(240), theme.px(LOWEST))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_picture(self, picture: QImage | None, reason: str = "") -> None:
        """A picture, or why there is none."""
        self._picture = QPixmap() if picture is None else QPixmap.fromImage(picture)
        self.setText(reason)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        if not self._picture.isNull():
            shape = self._picture.height() / self._picture.width()
            self.setFixedHeight(min(theme.px(TALLEST), max(theme.px(LOWEST), round(self.width() * shape))))
            smooth = Qt.TransformationMode.SmoothTransformation
            self.setPixmap(self._picture.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio, smooth))


class ClockPanel(QFrame):
    """Shows one row.

    looked:    (file, offset in microseconds) asks for a picture
    read:      (file, offset, clock shown, true time) as they were typed
    forgotten: the camera whose clock is right after all
    """

    looked = Signal(Path, object)
    read = Signal(Path, object, str, str)
    forgotten = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFixedWidth(theme.px(WIDTH))
        self._row: RecordingRow | None = None
        self._at_us = self._good_us = 0
        self._miss_us: int | None = None
        self._name = _label(self, "heading")
        self._picture = PictureLabel(self)
        self._facts = _label(self, "")
        self._remark = _label(self, "warning")
        self._clock = _label(self, "muted")
        self._refusal = _label(self, "danger")
        self._refusal.hide()
        self.shown, self.true = QLineEdit(self), QLineEdit(self)
        self.use = QPushButton(tr("Use this reading"), self)
        self.forget = QPushButton(tr("The clock is right"), self)
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._place = _label(self, "muted")
        self._lay_out()
        self._slider.valueChanged.connect(lambda tenths: self._look(tenths * TENTH_US))
        self.use.clicked.connect(self._use)
        self.forget.clicked.connect(lambda: self.forgotten.emit(self._row.camera) if self._row else None)
        for field in (self.shown, self.true):
            field.returnPressed.connect(self._use)
            field.textChanged.connect(self._check)

    def show_row(self, row: RecordingRow | None, readings: Sequence[str] = ()) -> None:
        """Show a row of the table; ``readings`` were taken of its camera's clock, in words."""
        before, self._row = self._row, row
        self.setVisible(row is not None)
        if row is None:
            return
        if before is None or before.path != row.path:
            self._picture.show_picture(None, tr("reading the first picture …"))
            self._good_us, self._miss_us = 0, None
            self._set_end(_end_of(row), at_us=0)
            self.true.clear()
            self._look(0)
        elif _end_of(before) != _end_of(row):
            self._set_end(_end_of(row), at_us=self._at_us)
            self._say_place()
        if before is not None and (before.start_us != row.start_us or before.camera != row.camera):
            self._propose()
        self._describe(row, readings)

    @property
    def has_picture(self) -> bool:
        """True when the picture that was asked for is shown."""
        return not self._picture.pixmap().isNull()

    def refuse(self, words: str) -> None:
        """Say below the fields why a reading cannot be used, until one of them is changed."""
        self._refusal.setText(words)
        self._refusal.show()

    def show_picture(self, path: Path, offset_us: int, picture: QImage | None, reason: str = "") -> None:
        """A picture that was asked for has come, or the reason why there is none."""
        if self._row is not None and path == self._row.path and offset_us == self._at_us:
            self._picture.show_picture(picture, reason)
            if not self._row.duration_us:
                self._feel_for_the_end(found=picture is not None)

    def _feel_for_the_end(self, *, found: bool) -> None:
        """Nobody knows how long it is: the slider ends where pictures end, once somebody has been there."""
        if found:
            self._good_us = max(self._good_us, self._at_us)
            if self._miss_us is None and self._at_us >= self._slider.maximum() * TENTH_US:
                self._set_end(2 * self._at_us, at_us=self._at_us)
        elif self._at_us > 0:
            self._miss_us = self._at_us
            near = self._miss_us - self._good_us <= STEP_US
            self._set_end(self._good_us if near else self._miss_us, at_us=self._at_us)
            self._slider.setValue((self._good_us if near else (self._good_us + self._miss_us) // 2) // TENTH_US)

    def _set_end(self, end_us: int, *, at_us: int) -> None:
        self._slider.blockSignals(True)
        self._slider.setRange(0, max(0, end_us) // TENTH_US)
        self._slider.setValue(at_us // TENTH_US)
        self._slider.blockSignals(False)
        if self._slider.value() * TENTH_US < at_us // TENTH_US * TENTH_US:  # it was further than there are pictures
            self._look(self._slider.value() * TENTH_US)

    def _look(self, offset_us: int) -> None:
        self._at_us = offset_us
        if self._row is not None:
            self._say_place()
            self._propose()
            self.looked.emit(self._row.path, offset_us)

    def _say_place(self) -> None:
        length = local_time.length(self._row.duration_us or None) if self._row is not None else ""
        self._place.setText(tr("{at} of {length}").format(at=local_time.length(self._at_us), length=length))

    def _propose(self) -> None:
        """What the burnt-in clock should show by the file's own time."""
        if self._row is None or self._row.start_us is None:
            self.shown.clear()
        else:
            moment = local_time.local(self._row.start_us + self._at_us, self._row.zone)
            self.shown.setText(f"{moment:%Y-%m-%d %H:%M:%S}")
        self._check()

    def _describe(self, row: RecordingRow, readings: Sequence[str]) -> None:
        self._name.setText(row.path.name)
        self._name.setToolTip(str(row.path))
        start = tr("not known") if row.start_us is None else local_time.precise_time(row.start_us, row.zone)
        origin = f" ({tr(ORIGINS[row.origin])})" if row.origin in ORIGINS and row.start_us is not None else ""
        lines = [tr("Starts  {time}{origin}").format(time=start, origin=origin)]
        lines.append(tr("Camera  {camera}, zone {zone}").format(camera=row.camera, zone=row.zone))
        if row.writer:
            lines.append(tr("Kind of file name  {writer}").format(writer=row.writer))
        self._facts.setText("\n".join(lines))
        self._remark.setText(row.remark)
        self._remark.setVisible(bool(row.remark))
        self._clock.setText(" ".join([clock_words(row), *readings]))
        self.forget.setEnabled(bool(row.clock.offset_us or row.clock.drift_ppm))

    def _check(self) -> None:
        ready = bool(self.shown.text().strip() and self.true.text().strip())
        self.use.setEnabled(self._row is not None and ready)
        self._refusal.hide()

    def _use(self) -> None:
        if self._row is not None and self.use.isEnabled():
            self.read.emit(self._row.path, self._at_us, self.shown.text(), self.true.text())

    def _lay_out(self) -> None:
        self._picture.setAccessibleName(tr("Picture of the recording"))
        self._slider.setAccessibleName(tr("Place in the recording"))
        self._slider.setTracking(False)
        self._slider.setPageStep(100)
        self._slider.setSingleStep(10)
        self.shown.setAccessibleName(tr("Clock shown"))
        self.true.setAccessibleName(tr("True time"))
        self.shown.setPlaceholderText("2026-11-03 14:02:48")
        self.true.setPlaceholderText("14:02:11")
        heading = _label(self, "heading")
        heading.setText(tr("The camera's clock"))
        hint = _label(self, "muted")
        hint.setText(tr("Read the clock burnt into the picture, and say what the true time was then. A second reading "
                        "later in the recording gives the drift."))  # fmt: skip
        form = QFormLayout()
        form.setSpacing(theme.px(8))
        form.addRow(tr("Clock &shown"), self.shown)
        form.addRow(tr("&True time"), self.true)
        place = QHBoxLayout()
        place.addWidget(self._slider, 1)
        place.addWidget(self._place)
        buttons = QHBoxLayout()
        buttons.addWidget(self.use)
        buttons.addWidget(self.forget)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.px(16)] * 4)
        layout.setSpacing(theme.px(8))
        for part in (self._name, self._picture):
            layout.addWidget(part)
        layout.addLayout(place)
        for part in (self._facts, self._remark):
            layout.addWidget(part)
        layout.addSpacing(theme.px(10))
        layout.addWidget(heading)
        layout.addWidget(hint)
        layout.addLayout(form)
        layout.addLayout(buttons)
        layout.addWidget(self._refusal)
        layout.addWidget(self._clock)
        layout.addStretch(1)


def _end_of(row: RecordingRow) -> int:
    """How far the slider goes, in microseconds; a row that is still being read goes nowhere."""
    if not row.duration_us:
        return 0 if row.state in ("reading", "unreadable", "missing") else UNTOLD_US
    return row.duration_us - END_US


def clock_words(row: RecordingRow) -> str:
    """What is known of the clock of the row's camera, as a sentence."""
    clock = row.clock
    if not clock.offset_us and not clock.drift_ppm:
        return tr("The clock of {camera} counts as right.").format(camera=row.camera)
    off = local_time.ahead(abs(clock.offset_us)).lstrip("+")
    words = (
        tr("The clock of {camera} is {off} ahead")
        if clock.offset_us >= 0
        else tr("The clock of {camera} is {off} behind")
    )
    said = words.format(camera=row.camera, off=off)
    if clock.drift_ppm:
        said += tr(" and gains {drift} s a day").format(drift=f"{clock.drift_ppm * 0.0864:+.2g}")
    if clock.uncertainty_us:
        said += tr(", give or take {doubt} s").format(doubt=f"{clock.uncertainty_us / 1e6:g}")
    return said + tr("; all its times are corrected.")


def _label(parent: QWidget, name: str) -> QLabel:
    label = QLabel(parent)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
