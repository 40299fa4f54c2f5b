"""The footage of a case: drop files, check camera and time beside the first picture, start."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeySequence, QPixmap, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import local_time, theme
from app.item_models.recordings import CAMERA, FILE, LENGTH, ORIGIN, REMARK, SIZE, START, STATE, RecordingsModel

WIDTHS = {STATE: 86, FILE: 190, CAMERA: 112, START: 184, ORIGIN: 84, LENGTH: 66, SIZE: 72}


class PictureLabel(QLabel):
    """A picture that keeps its shape at any width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = QPixmap()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setMinimumSize(240, 180)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setStyleSheet(f"background: {theme.current().video}; color: #8a94a3;")

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
            self.setFixedHeight(min(420, max(120, round(self.width() * shape))))
            smooth = Qt.TransformationMode.SmoothTransformation
            self.setPixmap(self._picture.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio, smooth))


class FootagePane(QWidget):
    """The table and its inspector. ``first_picture`` asks for the picture of a file."""

    dropped = Signal(list)
    add_files = Signal()
    add_folder = Signal()
    start = Signal()
    networks = Signal()
    first_picture = Signal(Path)

    def __init__(self, model: RecordingsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._model = model
        self._shown: Path | None = None
        self._ready = False
        self._networks = QLabel(self)
        self.table = self._make_table()
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty_page())
        self._stack.addWidget(self.table)
        main = QVBoxLayout()
        main.setContentsMargins(16, 12, 16, 12)
        main.setSpacing(10)
        main.addLayout(self._head())
        main.addWidget(self._stack, 1)
        main.addLayout(self._foot())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(main, 1)
        self._inspector = self._make_inspector()
        layout.addWidget(self._inspector)
        for signal in (model.modelReset, model.rowsInserted, model.rowsRemoved, model.dataChanged):
            signal.connect(self._refresh)
        self._refresh()

    def show_networks(self, detector: str, embedder: str, problem: str) -> None:
        """Which weights will be used, or what is missing."""
        self._networks.setText(problem or f"Detector: {detector}     Re-identification: {embedder}")
        self._networks.setObjectName("warning" if problem else "muted")
        self._networks.style().polish(self._networks)
        self._ready = not problem
        self._refresh()

    def show_picture(self, path: Path, picture: QImage | None, reason: str = "") -> None:
        """The first picture of a file has come, or the reason why there is none."""
        if path == self._shown:
            self._picture.show_picture(picture, reason)

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

    def _on_current(self, current: QModelIndex) -> None:
        row = self._model.row(current.row())
        self._inspector.setVisible(row is not None)
        if row is None or row.path == self._shown:
            return
        self._shown = row.path
        self._name.setText(row.path.name)
        self._picture.show_picture(None, "reading the first picture …")
        self.first_picture.emit(row.path)
        self._describe()

    def _describe(self) -> None:
        place = self._model.place(self._shown) if self._shown is not None else None
        row = self._model.row(place) if place is not None else None
        if row is None:
            return
        start = "not known" if row.start_us is None else local_time.precise_time(row.start_us, row.zone)
        origin = f" ({row.origin})" if row.origin else ""
        lines = [f"<b>Starts</b>  {start}{origin}", f"<b>Camera</b>  {row.camera}"]
        lines += [f"<b>Zone</b>  {row.zone}"]
        if row.remark:
            lines.append(f"<span style='color:{theme.current().warning}'>{row.remark}</span>")
        self._facts.setText("<br>".join(lines))

    def _refresh(self) -> None:
        rows = self._model.rows()
        self._stack.setCurrentIndex(1 if rows else 0)
        waiting = [row for row in rows if row.startable]
        attention = sum(row.state in ("no time", "unreadable", "failed") for row in rows)
        length = local_time.length(sum(row.duration_us or 0 for row in rows))
        need = f"   ·   {attention} need attention" if attention else ""
        self._sum.setText(f"{len(rows)} recordings   ·   {length}{need}" if rows else "")
        self.start_button.setEnabled(bool(waiting) and self._ready and not any(row.state == "reading" for row in rows))
        self.start_button.setText(f"Start {len(waiting)}" if waiting else "Start")
        if rows and not self.table.currentIndex().isValid():
            self.table.setCurrentIndex(self._model.index(0, 0))
        self._inspector.setVisible(bool(rows))
        self._describe()

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        table.setModel(self._model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(32)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setStretchLastSection(True)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in WIDTHS.items():
            table.setColumnWidth(column, width)
        table.setColumnWidth(REMARK, 100)
        table.setAccessibleName("Recordings")
        table.selectionModel().currentRowChanged.connect(lambda current, _: self._on_current(current))
        delete = QShortcut(QKeySequence.StandardKey.Delete, table, context=Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(lambda: self._model.take_out(self.chosen_rows()))
        return table

    def _empty_page(self) -> QWidget:
        page = QFrame(self)
        page.setStyleSheet(f"QFrame {{ border: 2px dashed {theme.current().line}; border-radius: 10px; }}")
        words = QLabel("Drop recordings or a recorder's export folder here.", page)
        words.setObjectName("heading")
        hint = QLabel("Nothing is copied, changed or sent anywhere. Nothing runs until you press Start.", page)
        hint.setObjectName("muted")
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        for label in (words, hint):
            label.setStyleSheet("border: 0;")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        layout.addStretch(1)
        return page

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        files = QPushButton(theme.icon("add"), "Add files …", self)
        files.clicked.connect(self.add_files)
        folder = QPushButton(theme.icon("folder"), "Add folder …", self)
        folder.clicked.connect(self.add_folder)
        self._sum = QLabel(self)
        self._sum.setObjectName("muted")
        row.addWidget(files)
        row.addWidget(folder)
        row.addSpacing(12)
        row.addWidget(self._sum, 1)
        return row

    def _foot(self) -> QHBoxLayout:
        self._networks.setObjectName("muted")
        choose = QPushButton(theme.icon("network"), "Networks …", self)
        choose.clicked.connect(self.networks)
        self.start_button = QPushButton("Start", self)
        self.start_button.setObjectName("primary")
        self.start_button.setMinimumWidth(120)
        self.start_button.clicked.connect(self.start)
        row = QHBoxLayout()
        row.addWidget(choose)
        row.addSpacing(8)
        row.addWidget(self._networks, 1)
        row.addWidget(self.start_button)
        return row

    def _make_inspector(self) -> QFrame:
        frame = QFrame(self)
        frame.setObjectName("panel")
        frame.setFixedWidth(340)
        heading = QLabel("First picture", frame)
        heading.setObjectName("heading")
        self._name = QLabel(frame)
        self._name.setObjectName("muted")
        self._name.setWordWrap(True)
        self._picture = PictureLabel(frame)
        self._facts = QLabel(frame)
        self._facts.setWordWrap(True)
        self._facts.setTextFormat(Qt.TextFormat.RichText)
        hint = QLabel(
            "Compare the clock burnt into the picture with the start time, and correct the time if needed.", frame
        )
        hint.setObjectName("muted")
        hint.setWordWrap(True)
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(14, 14, 14, 14)
        layout.setSpacing(8)
        for part in (heading, self._name, self._picture, self._facts, hint):
            layout.addWidget(part)
        layout.addStretch(1)
        frame.hide()
        return frame
