"""Everything that belongs to one open case and to no widget: its lanes, jobs, boxes and line of inquiry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from app.background import Lane
from app.desk import Desk
from app.explain import sentence
from app.footage import Footage
from app.images import decode_jpeg
from app.intake import Intake
from app.investigation import Investigation
from app.item_models.links import LinksModel
from app.item_models.matches import CameraLabel, MatchesModel, fitted
from app.item_models.recordings import RecordingsModel, RowState
from app.job_words import cancelled
from app.jobs import LENGTHY, Job, Jobs, WarmProbe, running_jobs
from app.networks import Networks, bundled, standard
from app.overlays import BoxCache
from app.settings import WindowState
from app.theme import camera_letter
from app.waiting import Waiting
from app.words import counted, shortened, tr
from reid_engine import errors
from reid_engine.audit import operator_words
from reid_engine.case import Case
from reid_engine.clock import CameraClock
from reid_engine.settings import Settings
from reid_engine.types import CameraId, SourceId, TrackletId

RELOAD_MS = 1500
WARM_MS = 4000
KEEP_MS = 200
BACKUP_MS = 1_800_000
EDITS = ("split", "merge")
TURNS: Mapping[str, RowState] = MappingProxyType({
    "waiting": "queued", "analysing": "running", "dropped": "dropped",
})  # fmt: skip
TRUSTED_S = 10  # seconds of footage after which a rate says something about the machine
MOST_WANTED = 120


class Workspace(QObject):
    """One case at work. ``footage``: what the case holds now; ``said``: a sentence; ``failed``: an error;
    ``edited``, ``exported``: a split or a merge, or an evidence package, was done, as its job told it;
    ``described``: searches go by a model by which everybody was described; ``counted``: how many tracks there are, told
    while an analysis adds some and at its end; ``retimed``: a start or a clock was corrected, so that times moved."""

    footage_changed = Signal(object)
    networks_changed = Signal()
    edited = Signal(object)
    exported = Signal(object)
    described = Signal()
    counted = Signal(int)
    retimed = Signal()
    said = Signal(str)
    failed = Signal(Exception)

    def __init__(
        self, case: Case, command: Sequence[str], state: WindowState, settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._state = state
        self._command = tuple(command)
        self.desk = Desk(case)
        self.footage = Footage()
        self._remembered = Networks()
        self._pace: float | None = None
        self._loading = self._starting = False
        self.reading = Lane(2, self)
        self.looking = Lane(2, self)
        self.writing = Lane(1, self, keeps=True)
        self.recordings = RecordingsModel(self)
        self.matches = MatchesModel(self)
        self.links = LinksModel(self)
        self.boxes = BoxCache(self.reading, self.desk.tracklets_between, self)
        self.intake = Intake(self.recordings, self.looking, state.zone, settings.name_patterns, self)
        self.investigation = Investigation(self.desk, self.reading, self.writing, self)
        self.jobs = Jobs(case.folder, command, self, gently=settings.work.gently)
        self._warm: WarmProbe | None = None
        self._warming = self._later(WARM_MS, self.probe)
        self._reload = self._later(RELOAD_MS, self.reload)
        self._taken_back = False
        self._keeping = self._later(KEEP_MS, self._keep_waiting)
        for lane in (self.reading, self.looking, self.writing):
            lane.trouble.connect(self.failed)
        self._backing_up = self._later(BACKUP_MS, self.back_up)
        self._backing_up.setSingleShot(False)
        self.matches.wanted.connect(self._want_crop)
        self.matches.scrubbing.connect(self._fetch_strip)
        self._turns: dict[SourceId, RowState] = {}  # what the running analysis says of its recordings
        self._tracks = 0  # that the running analysis has told of
        self._wanted: list[TrackletId] = []
        self._fetching = self._later(0, self._fetch_crops)
        self.jobs.started.connect(self._follow)
        self.intake.corrected.connect(self._correct)
        self.intake.found_again.connect(self._move)
        self.recordings.restarted.connect(self._restart)
        self.recordings.renamed.connect(self._rename)

    def _later(self, interval_ms: int, act: Callable[[], object]) -> QTimer:
        """A timer that does something once, so long after its last start."""
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(act)
        return timer

    def use(self, settings: Settings) -> None:
        """Somebody changed the settings: what is started from now on goes by these."""
        self.jobs.gently = settings.work.gently
        self.desk.case.store.operator = operator_words(settings.record.operator)

    def begin(self) -> None:
        """Read what is there, find jobs that still run, and make ready for the first search."""
        self.looking.run(self.desk.warm, lambda _: None)
        self.looking.run(self.desk.waiting, self._take_back)
        self.looking.run(self.desk.networks, self._remember)
        self._read_handed_on()
        self.looking.run(lambda: running_jobs(self.desk.folder), self.jobs.follow)
        self._backing_up.start()

    def back_up(self) -> None:
        """Half an hour has passed: copy what changed since the last time, beside everything else."""
        self.looking.run(
            self.desk.back_up, lambda _: None, key="backup",
            failed=lambda error: self.failed.emit(error) if isinstance(error, errors.CaseDamaged)
            else self.said.emit(sentence(error)),
        )  # fmt: skip

    def _take_back(self, waiting: Waiting) -> None:
        """What waited is shown before the case: what of it is there by now is taken out again."""
        self.intake.take_back(waiting)
        self._taken_back = True
        rows = self.recordings
        for signal in (rows.modelReset, rows.rowsInserted, rows.rowsRemoved, rows.rowsMoved, rows.dataChanged):
            signal.connect(self._keeping.start)
        self.reload()

    def _keep_waiting(self) -> None:
        waiting = self.intake.waiting()
        self.writing.run(
            lambda: self.desk.keep_waiting(waiting), lambda _: None, key="waiting",
            failed=lambda error: self.said.emit(_not_kept(error)),
        )  # fmt: skip

    def _read_handed_on(self) -> None:
        self.reading.run(self.desk.handed_on, self.matches.hand_on, key="evidence")

    @property
    def added_from(self) -> Path:
        """Where recordings were last added from."""
        return self._state.footage

    def add(self, paths: Sequence[Path]) -> None:
        """Take recordings and folders of them."""
        if paths:
            self._state.footage = paths[0].parent
        self.intake.drop(paths)

    def reload(self) -> None:
        """Read cameras and recordings again."""
        if self._loading:
            self._reload.start()
            return
        self._loading = True
        self.looking.run(self.desk.footage, self._loaded, failed=self._not_loaded)

    @property
    def networks(self) -> Networks:
        """The weights for the next analysis: those of this case where it has some, else those chosen last."""
        return self._remembered.or_else(self._state.networks).or_else(standard(bundled()))

    def choose(self, networks: Networks) -> None:
        """Use these from now on, here and as a first proposal for new cases."""
        self._state.networks = networks
        self.forget_probe()
        self._remember(networks)

    def _remember(self, networks: Networks) -> None:
        self._remembered = networks
        self.networks_changed.emit()

    def start(self) -> None:
        """Write the cameras' clocks down, then analyse everything that waits, as a job that outlives the window."""
        words, clocks = self.intake.arguments(self.networks), self.intake.clocks()
        self._starting = True
        self.intake.mark_started()
        self.writing.run(lambda: self.desk.set_clocks(clocks), lambda _: self._started(words), failed=self._not_started)

    def _started(self, words: list[str]) -> None:
        self._starting = False
        self.jobs.start("ingest", words)

    def _not_started(self, error: Exception) -> None:
        self._starting = False
        self.failed.emit(error)
        self.reload()

    def describe(self, embedder: Path) -> None:
        """Describe everybody in the case by this model, as a job that outlives the window."""
        self.jobs.start("describe", ["--embedder", str(embedder)])

    def _on_described(self, told: dict[str, Any]) -> None:
        """Searches go by another model from now on; the warm child, if one runs, follows the case by itself."""
        done = counted(told["described"], tr("1 track was described"), tr("{count} tracks were described"))
        tracks = done if told["described"] else tr("Everybody was described before")
        self.said.emit(tr("{tracks}; searches go by {model} now.").format(tracks=tracks, model=told["model"]))
        self.looking.run(self.desk.warm, lambda _: None)
        self.looking.run(
            self.desk.networks,
            lambda used: self._remember(Networks(None, used.embedder).or_else(self._remembered)),
        )
        self.described.emit()

    def _restart(self, path: Path, start_us: int) -> None:
        self.writing.run(lambda: self.desk.set_start(path, start_us), lambda _: self._on_retimed())

    def _on_retimed(self) -> None:
        self.reload()
        self.retimed.emit()

    def _rename(self, before: str, name: str) -> None:
        def renamed(_: None) -> None:
            self.intake.rename(before, name)
            self.said.emit(tr("{before} is called {name} now.").format(before=before, name=name))
            self.reload()

        self.writing.run(
            lambda: self.desk.rename_camera(before, name), renamed,
            failed=lambda error: self.recordings.refused.emit(sentence(error)),
        )  # fmt: skip

    def _move(self, path: Path, to: Path) -> None:
        self.said.emit(tr("{name} was found again in {folder}.").format(name=path.name, folder=shortened(to.parent)))
        self.writing.run(lambda: self.desk.move(path, to), lambda _: self.reload())

    def _correct(self, camera: str, clock: CameraClock) -> None:
        self.writing.run(lambda: self.desk.set_clocks({camera: clock}), lambda _: self._on_retimed())

    @property
    def pace(self) -> float | None:
        """Seconds of footage this machine analyses in a second, as it was measured last; None before."""
        return self._state.pace

    def look_at(self, *tracklets: TrackletId) -> None:
        """Put on the record that somebody looks at these people."""
        desk = self.desk

        def write() -> None:
            for tracklet in tracklets:
                desk.view(tracklet)

        self.writing.run(write, lambda _: None)

    def probe(self) -> WarmProbe:
        """The child that embeds pictures, started when it is first needed."""
        if self._warm is None:
            embedder = self.networks.embedder
            words = [] if embedder is None else ["--embedder", str(embedder)]
            self._warm = WarmProbe(self._command, ["probe", str(self.desk.folder), *words, "--json"], self)
        self._warm.warm()
        return self._warm

    def warm_soon(self) -> None:
        """Somebody has begun to look at pictures: have the child ready for the first box that is drawn."""
        if self._warm is None and not self._warming.isActive():
            self._warming.start()

    def forget_probe(self) -> None:
        """Other networks were chosen."""
        if self._warm is not None:
            self._warm.close()
            self._warm = None

    def close(self) -> None:
        """End what belongs to the window; jobs go on."""
        self._reload.stop()
        self._backing_up.stop()
        self._warming.stop()
        self.intake.close()
        self._fetching.stop()
        self.forget_probe()
        self.jobs.close()
        self.desk.give_up()
        for lane in (self.reading, self.looking, self.writing):
            lane.close()
        self._keeping.stop()
        if self._taken_back:
            with suppress(OSError):  # it was said when the rows changed
                self.desk.keep_waiting(self.intake.waiting())
        self.desk.close()

    def label(self, camera: CameraId) -> CameraLabel:
        """How a camera is named on cards."""
        position = self.footage.position(camera)
        known = self.footage.camera(camera)
        name = known.name if known is not None else "?"
        clock = CameraClock() if known is None else known.clock
        return CameraLabel(name, camera_letter(position), position, clock.zone, clock)

    def _not_loaded(self, error: Exception) -> None:
        self._loading = False
        self.failed.emit(error)

    def _loaded(self, footage: Footage) -> None:
        self._loading = False
        self.footage = footage
        self._show_case()
        self.matches.label({camera.id: self.label(camera.id) for camera in footage.cameras})
        self.footage_changed.emit(footage)

    def _show_case(self) -> None:
        running = self._starting or bool(self.jobs.running())
        self.intake.show_case(self.footage, running=running, turns=self._turns)

    def _show_states(self, job: Job, cameras: Sequence[Mapping[str, Any]]) -> None:
        """What a job says of its recordings, in the table of all."""
        states = {**TURNS, "analysing": "paused"} if job.paused else TURNS
        told = {SourceId(one["source"]): states[one["state"]] for one in cameras if one.get("state") in states}
        if {**self._turns, **told} != self._turns:
            self._turns |= told
            self._show_case()

    def _follow(self, job: Job) -> None:
        job.moved.connect(lambda events: self._moved(job, events))
        job.told.connect(lambda: self._on_told(job))
        job.ended.connect(lambda words: self._ended(job, words))

    def _moved(self, job: Job, events: list[dict[str, Any]]) -> None:
        if not self._reload.isActive():
            self._reload.start()
        for event in events:
            if event.get("event") == "progress":
                self._on_progress(job, event)
            elif event.get("event") == "result" and "error" in event:
                self._on_failed(job.verb, event)
            elif event.get("event") == "result":
                self._on_done(job.verb, event)

    def _on_progress(self, job: Job, told: dict[str, Any]) -> None:
        if told.get("cameras"):
            self._show_states(job, told["cameras"])
        if told.get("tracklets", self._tracks) != self._tracks:
            self._tracks = told["tracklets"]
            self.boxes.renew()
            self._count()
        if told.get("stage") == "analyse" and told.get("rate") and (told.get("done") or 0) >= TRUSTED_S:
            self._pace = float(told["rate"])

    def _on_done(self, verb: str, result: dict[str, Any]) -> None:
        """A job has come to its end; what its result holds goes by its verb."""
        if verb in EDITS:
            self.edited.emit(result)
        elif verb == "evidence":
            self._read_handed_on()
            self.exported.emit(result["evidence"])
        elif verb == "describe":
            self._on_described(result["described"])
        elif verb == "ingest":
            self._tell_analysed(result["files"])

    def _on_told(self, job: Job) -> None:
        """It was paused or goes on; so do those that it analyses."""
        if job.verb == "ingest":
            before: RowState = "running" if job.paused else "paused"
            now: RowState = "paused" if job.paused else "running"
            self._turns = {source: now if turn == before else turn for source, turn in self._turns.items()}
            self._show_case()

    def _on_failed(self, verb: str, result: dict[str, Any]) -> None:
        """A job was ended by an error, which it is here too where somebody waits for it; not when they cancelled it."""
        kind, words = getattr(errors, str(result["error"]), errors.ReappearError), str(result.get("message"))
        if kind is errors.JobCancelled:
            self.said.emit(cancelled(verb))
        elif verb in LENGTHY:
            self.said.emit(words)
        else:
            self.failed.emit(kind(words))

    def _tell_analysed(self, files: Sequence[Mapping[str, Any]]) -> None:
        bad = [str(file["message"]) for file in files if file["state"] not in ("done", "skipped")]
        good = len(files) - len(bad)
        done = counted(good, tr("Done: 1 recording analysed."), tr("Done: {count} recordings analysed."))
        self.said.emit("   ".join(bad) or done)

    def _ended(self, job: Job, words: str) -> None:
        if words and job.verb in LENGTHY:
            self.said.emit(words)
        elif words:
            self.failed.emit(errors.UnfinishedError(words))
        if self._pace is not None and not job.been_starved:  # what others left over is no pace of this machine
            self._state.pace = self._pace
        self._pace = None
        if job.verb == "ingest":
            self._turns = {}
        self.boxes.forget()
        self.reload()
        self._count()

    def _count(self) -> None:
        self.looking.run(self.desk.count, self.counted.emit, key="count")

    def fetch_picture(self, tracklet: TrackletId, then: Callable[[QImage], None]) -> None:
        """Read the best crop of a tracklet."""
        self.reading.run(lambda: decode_jpeg(self.desk.crop(tracklet)), then)

    def _want_crop(self, tracklet: int) -> None:
        """Asked for while painting: gathered, because one read of many crops costs as much as one of few."""
        self._wanted.append(TrackletId(tracklet))
        for passed in self._wanted[:-MOST_WANTED]:  # scrolled past: asked for again when it is seen again
            self.matches.give_up(passed)
        self._wanted = self._wanted[-MOST_WANTED:]
        self._fetching.start()

    def _fetch_crops(self) -> None:
        wanted, self._wanted = self._wanted, []

        def pictures() -> dict[TrackletId, QImage]:
            return {number: fitted(decode_jpeg(jpeg)) for number, jpeg in self.desk.crops(wanted).items()}

        self.reading.run(pictures, self._supply)

    def _supply(self, pictures: dict[TrackletId, QImage]) -> None:
        for number, picture in pictures.items():
            self.matches.supply(number, picture)

    def _fetch_strip(self, tracklet: int) -> None:
        number = TrackletId(tracklet)
        self.reading.run(
            lambda: [fitted(decode_jpeg(jpeg)) for jpeg in self.desk.strip(number)],
            lambda pictures: self.matches.supply_strip(number, pictures),
            key="strip",
        )


def _not_kept(error: Exception) -> str:
    return tr("The recordings that wait here could not be kept for the next time: {why}").format(why=sentence(error))
