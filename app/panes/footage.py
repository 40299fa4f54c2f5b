"""The footage of a case: drop files, check camera, time and clock beside a picture, see what is covered, start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.coverage import lanes
from app.footage_words import estimate, searchable, start_words, summary
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
    RecordingsModel,
)
from app.widgets.clock_panel import ClockPanel
from app.widgets.coverage_strip import CoverageStrip
from app.widgets.dressed import paragraph, scrolled, table
from app.widgets.one_line import OneLine
from app.widgets.typed_delegate import TypedDelegate, ZoneDelegate
from app.words import Later, tr

WIDTHS = {STATE: 92, FILE: 110, CAMERA: 86, START: 174, ORIGIN: 92, CLOCK: 58, ZONE: 56, LENGTH: 66, SIZE: 68,
          REMARK: 110}  # at least  # fmt: skip
WHOLE = frozenset({START, ZONE, CAMERA, FILE, REMARK})  # these get what room is left, the first two before the others
FIRST = (START, ZONE)
CHANGES = {
    CAMERA: Later("Change the camera …"), START: Later("Change the start …"), CLOCK: Later("Change the clock …"),
    ZONE: Later("Change the zone …"),
}  # fmt: skip
LANES_SEEN = 5.2
ROW = 32
ROWS_SEEN = 3  # at least: where there is no room for them and the coverage, both are scrolled


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
        self._fitting = False
        self._by_hand: set[int] = set()  # columns that somebody made as wide as they are
        self.table = self._make_table()
        self.strip = CoverageStrip(self)
        self.clock = ClockPanel(self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty_page())
        full = self._scrolled(self._full_page())
        full.setObjectName("ground")
        self._stack.addWidget(full)
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
        self._side.setFixedWidth(self.clock.width() + theme.px(12))
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

    @property
    def current(self) -> Path | None:
        """The recording that is shown beside the table."""
        return self._shown

    def go_to(self, path: Path | None) -> None:
        """Show this recording, if it is there."""
        row = None if path is None else self._model.place(path)
        if row is not None:
            self.table.setCurrentIndex(self._model.index(row, FILE))

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
        self._model.refused.connect(self._refuse)
        self.table.customContextMenuRequested.connect(lambda at: self.menu().popup(self.table.mapToGlobal(at)))
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._remove.setEnabled(self._removable()))
        self.table.horizontalHeader().sectionResized.connect(self._on_resized)
        for keys, act in {
            QKeySequence(QKeySequence.StandardKey.Delete): self.remove,
            QKeySequence("Alt+Up"): lambda: self._shift(-1),
            QKeySequence("Alt+Down"): lambda: self._shift(1),
        }.items():
            shortcut = QShortcut(keys, self.table, context=Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(act)

    def remove(self) -> None:
        """Take the chosen rows out that are not in the case; the files stay where they are."""
        self._model.take_out(self.chosen_rows())

    def change(self, column: int) -> None:
        """Type into a cell of the current row; what is typed counts for all chosen rows."""
        index = self._model.index(self.table.currentIndex().row(), column)
        if index.isValid() and self._model.flags(index) & Qt.ItemFlag.ItemIsEditable:
            self.table.setFocus()
            self.table.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.table.edit(index)

    def menu(self) -> QMenu:
        """What can be done with the chosen rows."""
        menu, row = QMenu(self), self.table.currentIndex().row()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for column, words in CHANGES.items():
            action = menu.addAction(tr(words), partial(self.change, column))
            editable = self._model.flags(self._model.index(row, column)) & Qt.ItemFlag.ItemIsEditable
            action.setEnabled(bool(editable))
        menu.addSeparator()
        menu.addAction(tr("Remove from the list"), self.remove).setEnabled(self._removable())
        return menu

    def _removable(self) -> bool:
        rows = [self._model.row(place) for place in self.chosen_rows()]
        return any(row is not None and not row.in_case for row in rows)

    def _refuse(self, words: str) -> None:
        self._refusal.setText(words)
        self._refusal.setVisible(bool(words))

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
        self._estimate.setVisible(bool(self._estimate.text()))
        self.start_button.setEnabled(bool(waiting) and self._ready and not any(row.state == "reading" for row in rows))
        self.start_button.setText(start_words(waiting))
        self.start_button.setMinimumWidth(max(theme.px(120), self.start_button.sizeHint().width()))
        self.strip.show_lanes(lanes(rows))
        self._lanes.setFixedHeight(min(self.strip.sizeHint().height(), theme.px(round(24 + 30 * LANES_SEEN))))
        if rows and not self.table.currentIndex().isValid():
            again = self._model.place(self._shown) if self._shown is not None else None
            self.table.setCurrentIndex(self._model.index(again or 0, FILE))
        self._remove.setEnabled(self._removable())
        self._fit_columns()
        self._describe()

    def _fit_columns(self) -> None:
        """Show whole what there is room for; what is left over is the remark's."""
        table, widths = self.table, {column: theme.px(width) for column, width in WIDTHS.items()}
        widths |= {column: table.columnWidth(column) for column in self._by_hand}
        spare = table.viewport().width() - sum(widths.values())
        lacks = {column: max(0, table.sizeHintForColumn(column) + theme.px(8) - widths[column]) for column in WHOLE}
        wanting = sorted(WHOLE.difference(self._by_hand), key=lambda column: (column not in FIRST, lacks[column]))
        for place, column in enumerate(wanting):
            more = max(0, min(lacks[column], spare if column in FIRST else spare // (len(wanting) - place)))
            widths[column] += more
            spare -= more
        self._fitting = True
        for column, width in widths.items():
            table.setColumnWidth(column, width)
        self._fitting = False

    def _on_resized(self, column: int) -> None:
        if not self._fitting and column != REMARK:
            self._by_hand.add(column)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _make_table(self) -> QTableView:
        made = table(self._model, tr("Recordings"), ROW, self)
        made.setMinimumHeight(theme.px(ROW * (1 + ROWS_SEEN)) + made.horizontalScrollBar().sizeHint().height())
        made.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        made.setItemDelegate(TypedDelegate(self._model, made))
        made.setItemDelegateForColumn(ZONE, ZoneDelegate(self._model, made))
        made.setItemDelegateForColumn(REMARK, BeginningDelegate(made))
        made.setAlternatingRowColors(True)
        made.setWordWrap(False)
        made.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        made.horizontalHeader().setHighlightSections(False)
        made.horizontalHeader().setStretchLastSection(True)
        made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in WIDTHS.items():
            made.setColumnWidth(column, theme.px(width))
        made.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        made.selectionModel().currentRowChanged.connect(lambda current, _: self._on_current(current))
        return made

    def _full_page(self) -> QWidget:
        page = QWidget(self)
        self._lanes = scrolled(self.strip, page)
        heading = QLabel(tr("Coverage"), page)
        heading.setObjectName("heading")
        self._searchable = QLabel(page)
        self._searchable.setObjectName("muted")
        self._searchable.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addSpacing(theme.px(14))
        head.addWidget(self._searchable, 1)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(8))
        self._refusal = paragraph("", "danger", page)
        self._refusal.hide()
        layout.addWidget(self.table, 1)
        layout.addWidget(self._refusal)
        layout.addLayout(head)
        layout.addWidget(self._lanes)
        return page

    def _scrolled(self, panel: QWidget) -> QScrollArea:
        area = scrolled(panel, self)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
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
        self._remove = QPushButton(tr("Remove"), self)
        self._remove.setToolTip(tr("Take the chosen recordings out of the list, if they are not in the case (Del)"))
        self._remove.clicked.connect(self.remove)
        self._sum = OneLine(parent=self)
        self._sum.setObjectName("muted")
        row.addWidget(files)
        row.addWidget(folder)
        row.addWidget(self._remove)
        row.addSpacing(theme.px(12))
        row.addWidget(self._sum, 1)
        return row

    def _foot(self) -> QGridLayout:
        self._networks = paragraph("", "muted", self)
        choose = QPushButton(theme.icon("network"), tr("Networks …"), self)
        choose.clicked.connect(self.networks)
        self._estimate = paragraph("", "muted", self)
        self._estimate.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.start_button = QPushButton(tr("Start"), self)
        self.start_button.setObjectName("primary")
        self.start_button.clicked.connect(self.start)
        words, foot = QHBoxLayout(), QGridLayout()
        words.addWidget(self._networks, 1)
        words.addWidget(self._estimate, 1)
        foot.setHorizontalSpacing(theme.px(14))
        foot.setColumnStretch(1, 1)
        foot.addWidget(choose, 1, 0)
        foot.addLayout(words, *((0, 0, 1, 3) if theme.large() else (1, 1, 1, 1)))  # between them, a word a line
        foot.addWidget(self.start_button, 1, 2)
        return foot
