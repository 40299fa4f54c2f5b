"""One of every dialog and of every Qt model that the window has, for audits that must not miss any."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QSettings, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialog

import app
import resources
from app.actions import Binding
from app.arrange import Label
from app.dialogs.compare import CompareDialog, Side
from app.dialogs.describe import DescribeDialog
from app.dialogs.device import DeviceDialog
from app.dialogs.erase import EraseDialog
from app.dialogs.evidence import EvidenceDialog, EvidenceDoneDialog
from app.dialogs.help import HelpDialog
from app.dialogs.keys import KeysDialog
from app.dialogs.links import LinksDialog
from app.dialogs.moment import MomentDialog
from app.dialogs.networks import NetworksDialog
from app.dialogs.new_case import NewCaseDialog
from app.dialogs.note import NoteDialog
from app.dialogs.palette import PaletteDialog
from app.dialogs.record import RecordDialog
from app.dialogs.settings import SettingsDialog
from app.dialogs.training import TrainingDialog
from app.dialogs.trouble import TroubleDialog
from app.dialogs.whom import WhomDialog
from app.dialogs.why import Ground, Grounds, WhyDialog
from app.erasures import Offer
from app.item_models.commands import Command, CommandsModel
from app.item_models.keys import KeysModel
from app.item_models.links import LinksModel
from app.item_models.matches import MatchesModel
from app.item_models.queue import QueueModel, QueueRow
from app.item_models.record import RecordModel
from app.item_models.recordings import RecordingRow, RecordingsModel
from app.networks import Networks, offers
from app.panes.training import TrainingPane
from app.settings import WindowState
from app.training import RECIPES
from app.widgets.sighting_list import Offered
from reid_engine.audit import Event
from reid_engine.errors import CaseDamaged
from reid_engine.journey import Link
from reid_engine.retention import ErasurePlan
from reid_engine.settings import Settings
from reid_engine.store import CameraPair, EraseScope, Erasure, KnownModel
from reid_engine.types import CameraId, Match, ModelId, SourceId, TrackletId, as_boxes

C = TypeVar("C")
LABELS = {CameraId(n): Label(name, name[0], n, "UTC") for n, name in enumerate(("Gate", "Hall", "Yard"), start=1)}
COMMANDS = [Command("Undo", "Decide", "Ctrl+Z", lambda: None), Command("Open case", "Case", "Ctrl+O", lambda: None)]
BINDINGS = (Binding("Undo", "Undo", "Decide", "Ctrl+Z", "Ctrl+Z"), Binding("Open", "Open", "Case", "", "Ctrl+O"))


def classes(kind: type[C]) -> set[type[C]]:
    """Every class of the window's own that is a ``kind``."""
    for found in pkgutil.walk_packages(app.__path__, "app."):
        if found.name != "app.__main__":
            importlib.import_module(found.name)
    known: set[type[C]] = set()
    todo = [kind]
    while todo:
        todo += (more := todo.pop().__subclasses__())
        known |= {one for one in more if one.__module__.startswith("app.")}
    return known


def picture() -> QImage:
    """A grey person."""
    made = QImage(40, 80, QImage.Format.Format_RGB888)
    made.fill(Qt.GlobalColor.gray)
    return made


def matches() -> MatchesModel:
    """Five cards."""
    model = MatchesModel()
    model.label(LABELS)
    model.show([Match(TrackletId(n), CameraId(1), n, n + 1, n, n / 10, "strong") for n in range(1, 6)], {})
    return model


def recordings() -> RecordingsModel:
    """One of each state."""
    model = RecordingsModel()
    states = ("ready", "no time", "done", "unreadable")
    model.show([RecordingRow(Path(f"/x/{n}.mp4"), "video", "Gate", state=s) for n, s in enumerate(states)])  # type: ignore[arg-type]
    return model


def links() -> LinksModel:
    """Three pairs."""
    model = LinksModel()
    model.show([Link(CameraPair(CameraId(1), CameraId(2), "apart", 5_000_000))], LABELS)
    return model


def record() -> RecordModel:
    """Two events, and no more to come."""
    model = RecordModel("UTC", {1: "Gate"})
    model.fetchMore(QModelIndex())
    model.supply([Event(n, n, "meyer", "view", {"tracklet": n, "purpose": "p"}, "ab") for n in (2, 1)])
    return model


def queue() -> QueueModel:
    """Two recordings."""
    model = QueueModel()
    model.show([QueueRow(1, "Gate", "a.mp4", "analysing", 5, 10), QueueRow(2, "Hall", "b.mp4")])
    return model


MODELS: dict[type[QAbstractItemModel], Callable[[], QAbstractItemModel]] = {
    MatchesModel: matches, RecordingsModel: recordings, LinksModel: links, RecordModel: record, QueueModel: queue,
    CommandsModel: lambda: CommandsModel(COMMANDS), KeysModel: lambda: KeysModel(BINDINGS),
}  # fmt: skip


def compare(_: Path) -> QDialog:
    """Both sides, with decisions."""
    sides = [Side(f"{name}   track 3", "14:02:11 to 14:02:20", [picture()]) for name in ("Gate", "Hall")]
    return CompareDialog("Compare", (sides[0], sides[1]), decide=True)


def why(_: Path) -> QDialog:
    """Two sides of two pictures."""
    grounds = [Ground(picture(), "14:02:11.500 CET", 0.2, 0.5, 0.6), Ground(picture(), "14:02:12", 0.3, 0.4, 0.4)]
    return WhyDialog("Why", [Grounds("Searched for", "carried", grounds), Grounds("Found", "carried", grounds)])


def device(_: Path) -> QDialog:
    """With what was found."""
    made = DeviceDialog()
    made.show_lines([("Networks run on", "the processor"), ("Because", "CUDA has no driver here")], 3.17)
    return made


def describe(folder: Path) -> QDialog:
    """The model in force, one that is half done, and one whose file is gone."""
    half = folder / "half.onnx"
    half.write_bytes(b"")
    models = [("reappear", "/gone/reappear.onnx", 9, True), ("half", str(half), 4, False), ("old", "", 9, False)]
    known = [KnownModel(ModelId(f"{n}@4f1c09ab"), n, path, done, 9, now) for n, path, done, now in models]
    return DescribeDialog(known, offers(resources.path("weights")))


def erase(folder: Path) -> QDialog:
    """Two tracks, with all that a plan can say."""
    numbers = TrackletId(1), TrackletId(4)
    rows = Erasure(numbers, 1, 8, 2, 1, 1, 1, 2, 1, (SourceId(1),), 1_200_000)
    plan = ErasurePlan(rows, (folder / "case.db.before-0003",), ("/evidence/way.csv",), (folder / "letter.odt",))
    return EraseDialog([Offer("The whole person of track 1", EraseScope(tracklets=numbers), plan)])


def offered(count: int) -> list[Offered]:
    """Sightings to hand on; the first was handed on before."""
    return [Offered(TrackletId(n), f"Gate, 14:02:1{n}, 9.0 s, track {n}", n == 1) for n in range(1, count + 1)]


def settings(folder: Path) -> QDialog:
    """Of a new user."""
    return SettingsDialog(Settings(), WindowState(QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)))


DIALOGS: dict[type[QDialog], Callable[[Path], QDialog]] = {
    NewCaseDialog: NewCaseDialog,
    EvidenceDialog: lambda folder: EvidenceDialog(offered(3), folder / "new"),
    EvidenceDoneDialog: lambda folder: EvidenceDoneDialog(folder, "0" * 64),
    DescribeDialog: describe,
    NetworksDialog: lambda _: NetworksDialog(Networks(), offers(resources.path("weights"))),
    KeysDialog: lambda _: KeysDialog(BINDINGS),
    PaletteDialog: lambda _: PaletteDialog(COMMANDS),
    RecordDialog: lambda _: RecordDialog(record()),
    SettingsDialog: settings,
    DeviceDialog: device,
    HelpDialog: lambda _: HelpDialog("start"),
    TroubleDialog: lambda _: TroubleDialog(CaseDamaged("case.db holds a damaged page (page 17 of 4211)")),
    LinksDialog: lambda _: LinksDialog(links()),
    EraseDialog: erase,
    MomentDialog: lambda _: MomentDialog(1_793_710_800_000_000, "Europe/Berlin"),
    NoteDialog: lambda _: NoteDialog("Gate, 14:02:11", "a red bag"),
    CompareDialog: compare,
    WhyDialog: why,
    WhomDialog: lambda _: WhomDialog("photo.jpg", picture(), as_boxes([(2, 2, 12, 30), (20, 2, 30, 30)])),
    TrainingDialog: lambda folder: TrainingDialog(TrainingPane(RECIPES, folder), lambda: False),
}
