"""The footage of a case: drop files, check camera, time and clock beside a picture, see what is covered, start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import local_time, theme
from app.coverage import lanes
from app.item_models.recordings import (
    CAMERA,
    CLOCK,
    FILE,
    LENGTH,
    ORIGIN,
    REMARK,
    SIZE,
    START,
    STATE,
    ZONE,
    RecordingRow,
    RecordingsModel,
)
from app.widgets.clock_panel import ClockPanel
from app.widgets.coverage_strip import CoverageStrip
from app.widgets.zone_delegate import ZoneDelegate
from app.words import counted, tr

FILE_WIDTH = 144  # at least; as wide as the longest name where there is room
WIDTHS = {STATE: 92, FILE: FILE_WIDTH, CAMERA: 74, START: 174, ORIGIN: 88, CLOCK: 58, ZONE: 100, LENGTH: 66, SIZE: 62}
REMARK_WIDTH = 90
LANES_SEEN = 5.2


class BeginningDelegate(QStyledItemDelegate):
    """A sentence that is too long keeps its beginning; its end is in the tool tip."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight


class FootagePane(QWidget):
    """The table, the clock panel beside it, the coverage below.

    looked: (file, offset) asks for a picture; read, forgotten: what was read off a clock; see ClockPanel
    """

    dropped = Signal(list)
    add_files = Signal()
    add_folder = Signal()
    start = Signal()
    networks = Signal()
    demo = Signal()
    looked = Signal(Path, object)
    read = Signal(Path, object, str, str)
    forgotten = Signal(str)

    def __init__(
        self,
        model: RecordingsModel,
        readings: Callable[[str], Sequence[str]] = lambda camera: (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._model = model
        self._readings = readings
        self._shown: Path | None = None
        self._ready = False
        self._pace: float | None = None
        self.table = self._make_table()
        self.strip = CoverageStrip(self)
        self.clock = ClockPanel(self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty_page())
        self._stack.addWidget(self._full_page())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        main = QVBoxLayout()
        main.setContentsMargins(*[theme.px(16), theme.px(12)] * 2)
        main.setSpacing(theme.px(10))
        main.addLayout(self._head())
        main.addWidget(self._stack, 1)
        main.addLayout(self._foot())
        layout.addLayout(main, 1)
        self._side = self._scrolled(self.clock)
        layout.addWidget(self._side)
        self._connect()
        self._refresh()

    def show_networks(self, detector: str, embedder: str, problem: str) -> None:
        """Which weights will be used, or what is missing."""
        words = tr("Detector {detector}   ·   Model {model}").format(detector=detector, model=embedder)
        self._networks.setText(problem or words)
        self._networks.setObjectName("warning" if problem else "muted")
        self._networks.style().polish(self._networks)
        self._ready = not problem
        self._refresh()

    def show_pace(self, pace: float | None) -> None:
        """How fast this machine analyses, in seconds of footage a second; None before it was measured."""
        self._pace = pace
        self._refresh()

    def show_picture(self, path: Path, offset_us: int, picture: QImage | None, reason: str = "") -> None:
        """A picture that was asked for has come, or the reason why there is none."""
        self.clock.show_picture(path, offset_us, picture, reason)

    def chosen_rows(self) -> list[int]:
        """The selected rows, top to bottom."""
        return sorted({index.row() for index in self.table.selectionModel().selectedRows()})

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def _connect(self) -> None:
        for signal in (
            self._model.modelReset,
            self._model.rowsInserted,
            self._model.rowsRemoved,
            self._model.rowsMoved,
            self._model.dataChanged,
        ):
            signal.connect(self._refresh)
        self.clock.looked.connect(self.looked)
        self.clock.read.connect(self.read)
        self.clock.forgotten.connect(self.forgotten)
        self.strip.chosen.connect(self._go_to_camera)
        for keys, act in {
            QKeySequence(QKeySequence.StandardKey.Delete): lambda: self._model.take_out(self.chosen_rows()),
            QKeySequence("Alt+Up"): lambda: self._shift(-1),
            QKeySequence("Alt+Down"): lambda: self._shift(1),
        }.items():
            shortcut = QShortcut(keys, self.table, context=Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(act)

    def _shift(self, step: int) -> None:
        place = self._model.shift(self.table.currentIndex().row(), step)
        self.table.setCurrentIndex(self._model.index(place, FILE))

    def _go_to_camera(self, camera: str) -> None:
        for place, row in enumerate(self._model.rows()):
            if row.camera == camera:
                self.table.setCurrentIndex(self._model.index(place, FILE))
                return

    def _on_current(self, current: QModelIndex) -> None:
        row = self._model.row(current.row())
        self._shown = row.path if row is not None else None
        self._describe()

    def _describe(self) -> None:
        row = self._model.of(self._shown)
        self._side.setVisible(row is not None)
        self.clock.show_row(row, self._readings(row.camera) if row is not None else ())
        if row is not None:
            self.strip.choose(row.camera)

    def _refresh(self) -> None:
        rows = self._model.rows()
        self._stack.setCurrentIndex(1 if rows else 0)
        waiting = [row for row in rows if row.startable]
        self._sum.setText(summary(rows))
        self._searchable.setText(searchable(rows))
        self._estimate.setText(estimate(waiting, self._pace))
        self.start_button.setEnabled(bool(waiting) and self._ready and not any(row.state == "reading" for row in rows))
        self.start_button.setText(start_words(waiting))
        self.strip.show_lanes(lanes(rows))
        self._lanes.setFixedHeight(min(self.strip.sizeHint().height(), theme.px(round(24 + 30 * LANES_SEEN))))
        if rows and not self.table.currentIndex().isValid():
            again = self._model.place(self._shown) if self._shown is not None else None
            self.table.setCurrentIndex(self._model.index(again or 0, FILE))
        self._fit_names()
        self._describe()

    def _fit_names(self) -> None:
        """Show file names whole while the table has room to spare."""
        others = sum(theme.px(width) for column, width in WIDTHS.items() if column != FILE) + theme.px(REMARK_WIDTH)
        spare = self.table.viewport().width() - others
        wanted = self.table.sizeHintForColumn(FILE) if self._stack.currentIndex() else 0
        self.table.setColumnWidth(FILE, max(theme.px(FILE_WIDTH), min(wanted, spare)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_names()

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        table.setModel(self._model)
        table.setItemDelegateForColumn(ZONE, ZoneDelegate(table))
        table.setItemDelegateForColumn(REMARK, BeginningDelegate(table))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(theme.px(32))
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setStretchLastSection(True)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in WIDTHS.items():
            table.setColumnWidth(column, theme.px(width))
        table.setColumnWidth(REMARK, theme.px(REMARK_WIDTH))
        table.setAccessibleName(tr("Recordings"))
        table.selectionModel().currentRowChanged.connect(lambda current, _: self._on_current(current))
        return table

    def _full_page(self) -> QWidget:
        page = QWidget(self)
        self._lanes = QScrollArea(page)
        self._lanes.setFrameShape(QFrame.Shape.NoFrame)
        self._lanes.setWidgetResizable(True)
        self._lanes.setWidget(self.strip)
        heading = QLabel(tr("Coverage"), page)
        heading.setObjectName("heading")
        self._searchable = QLabel(page)
        self._searchable.setObjectName("muted")
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addSpacing(theme.px(14))
        head.addWidget(self._searchable, 1)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(8))
        layout.addWidget(self.table, 1)
        layout.addLayout(head)
        layout.addWidget(self._lanes)
        return page

    def _scrolled(self, panel: QWidget) -> QScrollArea:
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidgetResizable(True)
        area.setWidget(panel)
        area.setFixedWidth(panel.width() + theme.px(12))
        return area

    def _empty_page(self) -> QWidget:
        page = QFrame(self)
        page.setObjectName("dropping")
        words = QLabel(tr("Drop recordings or a recorder's export folder here."), page)
        words.setObjectName("title")
        hint = QLabel(tr("Nothing is copied, changed or sent anywhere. Nothing runs until you press Start."), page)
        hint.setObjectName("muted")
        for label in (words, hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
        folder = QPushButton(theme.icon("folder", "on_accent"), tr("Add folder …"), page)
        theme.primary(folder)
        folder.clicked.connect(self.add_folder)
        layout = QVBoxLayout(page)
        layout.setSpacing(theme.px(12))
        layout.addStretch(1)
        layout.addWidget(words)
        layout.addWidget(hint)
        layout.addWidget(folder, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(1)
        return page

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        files = QPushButton(theme.icon("add"), tr("Add files …"), self)
        files.clicked.connect(self.add_files)
        folder = QPushButton(theme.icon("folder"), tr("Add folder …"), self)
        folder.clicked.connect(self.add_folder)
        self._sum = QLabel(self)
        self._sum.setObjectName("muted")
        row.addWidget(files)
        row.addWidget(folder)
        row.addSpacing(theme.px(12))
        row.addWidget(self._sum, 1)
        return row

    def _foot(self) -> QHBoxLayout:
        self._networks = QLabel(self)
        self._networks.setObjectName("muted")
        self._networks.setWordWrap(True)
        choose = QPushButton(theme.icon("network"), tr("Networks …"), self)
        choose.clicked.connect(self.networks)
        self._estimate = QLabel(self)
        self._estimate.setObjectName("muted")
        self._estimate.setWordWrap(True)
        self._estimate.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.start_button = QPushButton(tr("Start"), self)
        self.start_button.setObjectName("primary")
        self.start_button.setMinimumWidth(theme.px(120))
        self.start_button.clicked.connect(self.start)
        row = QHBoxLayout()
        row.addWidget(choose)
        row.addSpacing(theme.px(8))
        row.addWidget(self._networks, 1)
        row.addWidget(self._estimate, 1)
        row.addSpacing(theme.px(8))
        row.addWidget(self.start_button)
        return row


def summary(rows: Sequence[RecordingRow]) -> str:
    """How many recordings of how many cameras, how long in all, how many need a person."""
    if not rows:
        return ""
    usable = [row for row in rows if row.state not in ("duplicate", "unreadable")]
    attention = sum(row.state in ("no time", "unreadable", "failed", "duplicate") for row in rows)
    length = local_time.length(sum(row.duration_us or 0 for row in usable))
    recordings = counted(len(rows), tr("1 recording"), tr("{count} recordings"))
    cameras = counted(len({row.camera for row in usable}), tr("1 camera"), tr("{count} cameras"))
    said = tr("{recordings} of {cameras}   ·   {length}").format(recordings=recordings, cameras=cameras, length=length)
    return said + (tr("   ·   {count} with a problem").format(count=attention) if attention else "")


def start_words(waiting: Sequence[RecordingRow]) -> str:
    """What the button would start; recordings whose time nobody knows are named, so that nobody takes them unawares."""
    timeless = sum(row.state == "no time" for row in waiting)
    if not waiting:
        return tr("Start")
    if not timeless:
        return tr("Start {count}").format(count=len(waiting))
    return tr("Start {count}, {timeless} of unknown time").format(count=len(waiting), timeless=timeless)


def searchable(rows: Sequence[RecordingRow]) -> str:
    """How much of the footage a search covers."""
    kept = [row for row in rows if row.in_case or row.state in ("ready", "no time", "running")]
    done = [row for row in kept if row.state == "done"]
    if not done and any(row.state in ("running", "queued", "paused") for row in kept):
        return tr("Searching covers the recordings as far as they are analysed.")
    if not done:
        return tr("Searching starts as soon as the first recordings are analysed.")
    if len(done) == len(kept):
        return tr("All of it can be searched.")
    lengths = [local_time.length(sum(row.duration_us or 0 for row in part)) for part in (done, kept)]
    return tr("Searching covers {done} of {count} recordings ({length} of {whole}), and the others as far as they are "
              "analysed.").format(done=len(done), count=len(kept), length=lengths[0], whole=lengths[1])  # fmt: skip


def estimate(waiting: Sequence[RecordingRow], pace: float | None) -> str:
    """How long the analysis will take on this machine, if anybody can know."""
    length_us = sum(row.duration_us or 0 for row in waiting)
    if not waiting or not length_us:
        return ""
    if pace is None or pace <= 0:
        return tr("How long this takes here is known once a first analysis has run.")
    takes = local_time.about(round(length_us / pace))
    return tr("{takes} on this machine, at {pace}× real time as measured here").format(takes=takes, pace=f"{pace:.1f}")
