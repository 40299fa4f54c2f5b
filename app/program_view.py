"""What belongs to the program and to no case: palette, keys, settings, device, help, training, the record of a case."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMainWindow, QPushButton

import resources
from app import theme
from app.actions import Actions
from app.background import Lane
from app.bands import in_this_case
from app.dialogs.device import DeviceDialog
from app.dialogs.help import HelpDialog
from app.dialogs.keys import KeysDialog
from app.dialogs.palette import PaletteDialog
from app.dialogs.training import TrainingDialog, ask_to_stop
from app.explain import sentence
from app.item_models.commands import Command
from app.networks import bundled, offers
from app.settings import WindowState
from app.training import COMMAND, RECIPES, Order, TrainingRun, told_recipes
from app.words import tr
from reid_engine.errors import SettingsError
from reid_engine.process import child_environment

if TYPE_CHECKING:  # loaded when they are needed: they bring pyqtgraph, the engine and pydantic
    from app.case_view import CaseView
    from app.desk import Desk
    from app.panes.training import TrainingPane
    from reid_engine.settings import Settings

LONGEST_LOOK_S = 60


class ProgramView(QObject):
    """Opens the dialogs of the program.

    said: a sentence for the status bar
    settings_changed: somebody changed them
    changed_looks: the size of the text or a key was changed, so what shows them must be laid out again
    model_taken:   the file of a trained model, and the folder of the case that it is to be used in
    """

    said = Signal(str)
    settings_changed = Signal(object)
    changed_looks = Signal()
    failed = Signal(Exception)
    model_taken = Signal(object, object)

    def __init__(
        self, command: Sequence[str], state: WindowState, settings: Settings | None, lane: Lane, window: QMainWindow
    ) -> None:
        super().__init__(window)
        self._command, self._state, self._lane, self._window = tuple(command), state, lane, window
        self._settings = settings
        self.trainer: tuple[str, ...] = COMMAND
        self.run: TrainingRun | None = None
        self._training: TrainingDialog | None = None
        self.trace = QPushButton(window)  # a run is seen wherever one is, and one press away
        self.trace.setObjectName("trace")
        self.trace.setToolTip(tr("Show the training"))
        self.trace.clicked.connect(lambda: self.train())
        self.trace.hide()
        window.statusBar().addPermanentWidget(self.trace)
        self._scale = state.scale
        theme.application().styleHints().colorSchemeChanged.connect(self._on_system)

    @property
    def settings(self) -> Settings:
        """As they are now; the defaults, said aloud, where the person's file cannot be read."""
        if self._settings is None:
            from reid_engine.settings import Settings, load_settings

            try:
                self._settings = load_settings()
            except SettingsError as error:
                self._settings = Settings()
                self.failed.emit(error)
        return self._settings

    def serve(self, view: CaseView) -> None:
        """An open case hears what is set and what was trained."""
        self.settings_changed.connect(view.work.use)
        self.model_taken.connect(view.take)

    def close(self) -> None:
        """End what belongs to the window; a training run ends with it."""
        theme.application().styleHints().colorSchemeChanged.disconnect(self._on_system)
        self._end_run()

    def palette(self, actions: Actions, others: Sequence[Command]) -> None:
        """Everything that can be done now."""
        commands = [
            Command(row.words, row.menu, row.keys, actions[row.name].trigger)
            for row in actions.bindings()
            if actions[row.name].isEnabled()
        ]
        PaletteDialog([*commands, *others], self._window).open()

    def show_keys(self, actions: Actions) -> None:
        """The sheet of keys."""
        dialog = KeysDialog(actions.bindings(), self._window)

        def bound(keys: Mapping[str, str]) -> None:
            self._state.bind(keys)
            actions.bind(keys)

        before = self._state.keys()
        dialog.bound.connect(bound)
        dialog.finished.connect(lambda _: self.changed_looks.emit() if self._state.keys() != before else None)
        dialog.open()

    def show_help(self, page: str, view: CaseView | None = None) -> None:
        """Help beside the window; what the bands of the open case rest on is in it."""
        dialog = HelpDialog(page, self._window)
        dialog.show()
        if view is not None:
            desk, reading = view.work.desk, view.work.reading
            dialog.finished.connect(lambda _: reading.forget("bands"))
            reading.run(desk.basis, lambda found: dialog.add("bands", in_this_case(found)), key="bands")

    def show_settings(self) -> None:
        """What may be set."""
        from app.dialogs.settings import SettingsDialog

        dialog = SettingsDialog(self.settings, self._state, self._window)
        dialog.changed.connect(self._keep)
        dialog.dressed.connect(self.dress)
        dialog.finished.connect(lambda _: self._rescale())
        dialog.open()

    def dress(self) -> None:
        """Show theme and text size as they are chosen now."""
        theme.apply(theme.application(), self._state.theme, self._state.scale)

    def scale(self, step: int) -> None:
        """A size of text larger or smaller."""
        place = theme.SCALES.index(self._state.scale) + step
        self._state.scale = theme.SCALES[min(max(place, 0), len(theme.SCALES) - 1)]
        self.dress()
        self._rescale()

    def show_device(self) -> None:
        """What hardware is used, and why."""
        dialog = DeviceDialog(self._window)
        dialog.finished.connect(lambda _: self._lane.forget("device"))
        dialog.open()
        command = [*self._command, "device", "--json"]

        def looked(text: str) -> None:
            dialog.show_lines([(str(what), str(how)) for what, how in json.loads(text)["lines"]], self._state.pace)

        def failed(error: Exception) -> None:
            words = tr("This machine could not be looked at: {reason}")
            dialog.show_problem(words.format(reason=sentence(error)))

        self._lane.run(lambda: _said(command), looked, key="device", failed=failed)

    def show_record(self, desk: Desk, reading: Lane) -> None:
        """The record of the open case."""
        from app.dialogs.record import RecordDialog
        from app.item_models.record import PAGE, RecordModel

        cameras = {int(camera.id): camera.name for camera in desk.case.store.cameras()}
        model = RecordModel(self._state.zone, cameras)
        dialog = RecordDialog(model, self._window)
        model.wanted.connect(lambda before: reading.run(lambda: desk.events(before, PAGE), model.supply, key="record"))
        dialog.verify.connect(lambda: reading.run(desk.verify, dialog.show_verdict, key="verify"))
        for key in ("record", "verify"):
            dialog.finished.connect(lambda _, key=key: reading.forget(key))
        dialog.open()

    @property
    def training(self) -> bool:
        """True while a model is trained."""
        return self.run is not None and self.run.running

    def train(self, case: Path | None = None) -> None:
        """A run of the trainer, for the open case where there is one; the one that goes on, where one does."""
        if self._training is not None:
            self._training.show_again()
            return
        from app.panes.training import TrainingPane  # loads pyqtgraph

        models = [offer for offer in offers(bundled()) if not offer.finds_people]
        pane = TrainingPane(RECIPES, self._state.home, case=case, models=models)
        pane.taken.connect(lambda model: self._take(model, case))
        dialog = self._training = TrainingDialog(pane, lambda: self.training, self._window)
        pane.started.connect(lambda order: self._start(order, pane))
        dialog.closing.connect(self._leave_training)
        dialog.hidden.connect(lambda: self.said.emit(tr("The training goes on; Trainer > Train a model shows it.")))
        dialog.show()
        command = [*self.trainer, "recipes", "--json"]
        self._lane.run(
            lambda: _said(command), lambda text: pane.offer(told_recipes(text)), key="recipes", failed=lambda _: None
        )

    def _take(self, model: Path, case: Path | None) -> None:
        self.said.emit(tr("Case > Describe everybody again … takes {path}.").format(path=model))
        self.model_taken.emit(model, case)

    def may_close(self) -> bool:
        """False, and a question is asked, while a model is trained: that ends with the window."""
        if self.training:
            ask_to_stop(self._window, self._stop_and_close)
        return not self.training

    def _stop_and_close(self) -> None:
        self._end_run()
        self._window.close()

    def _start(self, order: Order, pane: TrainingPane) -> None:
        self._end_run()
        run = self.run = TrainingRun(self.trainer, order, self, gently=self.settings.work.gently)
        run.ended.connect(lambda words: self.said.emit(tr("Training has ended. {why}").format(why=words).strip()))
        pane.follow(run)
        for moved in (run.moved, run.told):
            moved.connect(lambda: self.trace.setText(tr("Training: {words}").format(words=pane.words)))
        run.ended.connect(lambda _: self.trace.hide())
        self.trace.setText(tr("Training: {words}").format(words=pane.words))
        self.trace.show()

    def _leave_training(self) -> None:
        self._training = None
        self._end_run()
        self._lane.forget("recipes")

    def _end_run(self) -> None:
        run, self.run = self.run, None
        self.trace.hide()
        if run is not None:
            run.close()
            run.deleteLater()

    def _keep(self, settings: Settings) -> None:
        from reid_engine.settings import save_settings

        self._settings = settings
        self._lane.run(lambda: save_settings(settings), lambda _: None, failed=self.failed.emit)
        self.settings_changed.emit(settings)

    def _rescale(self) -> None:
        if self._scale != self._state.scale:
            self._scale = self._state.scale
            self.changed_looks.emit()

    def _on_system(self) -> None:
        if self._state.theme == "system":
            self.dress()


def demo_footage() -> Path | None:
    """The footage of the demo, or None where none came with the program."""
    try:
        return resources.path("demo")
    except FileNotFoundError:
        return None


def recent_commands(state: WindowState, go: Callable[[Path], object]) -> list[Command]:
    """Cases for the palette."""
    return [
        Command(tr("Open {name}").format(name=path.name), tr("recent case"), "", lambda path=path: go(path))  # type: ignore[misc]
        for path, _ in state.recent()
        if path.is_dir()
    ]


def _said(command: Sequence[str]) -> str:
    run = subprocess.run(
        command, capture_output=True, text=True, env=child_environment(), timeout=LONGEST_LOOK_S, check=True
    )
    return run.stdout
