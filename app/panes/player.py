"""The synchronised player: tiles on one master clock, transport, time line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app import theme
from app.footage import Footage
from app.hits import columns
from app.overlays import BoxCache
from app.place import Standing
from app.player import CameraFeed, Decoders, MasterClock, Reel, Span
from app.timeline import TimeLine
from app.widgets.tile import Tile
from app.widgets.transport import Transport
from reid_engine.clock import CameraClock
from reid_engine.types import CameraId

TICK_MS = 15
LAYOUTS = (1, 4, 9)
STEP_US = 40_000


class PlayerPane(QWidget):
    """Plays one, four or nine cameras at one instant.

    selected: a tracklet (-1: none); asked: search for it; boxed: camera, time, xyxy of a drawn box; moved: the clock;
    added: a tracklet as an example, or as somebody else
    """

    selected = Signal(int)
    asked = Signal(int)
    boxed = Signal(int, object, tuple)
    added = Signal(int, bool)
    moved = Signal(object)

    def __init__(self, boxes: BoxCache, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.clock = MasterClock()
        self.tiles: dict[CameraId, Tile] = {}
        self.selection: int | None = None
        self._boxes = boxes
        self._footage = Footage()
        self._line = TimeLine(self.clock)
        self._shown: list[CameraId] = []
        self._solo: CameraId | None = None
        self._laid_out = 1
        self._most = 4
        self._spans: list[Span] = []
        self._focus: CameraId | None = None
        self._feeds: dict[CameraId, CameraFeed] = {}
        self._decoders = Decoders(self)
        self._tick = QTimer(self)
        self._tick.setTimerType(Qt.TimerType.PreciseTimer)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self.refresh)
        boxes.arrived.connect(self.refresh)
        self._grid = QGridLayout()
        self._grid.setSpacing(2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._grid, 1)
        self._foot = self._transport()
        self._foot.line.sought.connect(self.seek)
        self._foot.line.sought.connect(lambda _: self.setFocus())  # Space then plays from there, not a card
        layout.addWidget(self._foot)

    # what is played ---------------------------------------------------------------------------------------------------

    def show_footage(self, footage: Footage) -> None:
        """Play the recordings of this case; tiles of cameras that are still there stay as they are."""
        if footage == self._footage:
            return
        before, reels = list(self._shown), self._reels()
        self._footage = footage
        known = [camera.id for camera in footage.cameras if footage.stretches(camera)]
        self._shown = [camera for camera in self._shown if camera in known]
        self._shown += [camera for camera in known if camera not in self._shown][: self._most - len(self._shown)]
        self._refeed()
        self._line.show(footage, reels, self._reels())
        if self._shown != before:
            self._lay_out()
        self._cover()
        self.refresh(exact=not before)  # a recording that was missing may lie elsewhere now

    def lay_out(self, most: int) -> None:
        """One, four or nine tiles; the camera in focus stays, others come and go in the case's order."""
        self._most = most
        first = [self._focus] if self._focus in self._shown else self._shown[:1]
        known = [camera.id for camera in self._footage.cameras if self._footage.stretches(camera)]
        rest = [*self._shown, *known]
        order = {camera: place for place, camera in enumerate(known)}
        wanted = [camera for camera in dict.fromkeys((*first, *rest)) if camera is not None][:most]
        self._shown = sorted(wanted, key=lambda camera: order.get(camera, 0))
        self._solo = None
        self._refeed()
        self._lay_out()

    def next_layout(self) -> None:
        """The next of one, four and nine tiles."""
        self.lay_out(LAYOUTS[(LAYOUTS.index(self._most) + 1) % len(LAYOUTS)])

    def reveal(self, camera: CameraId) -> None:
        """Make sure that this camera has a tile."""
        if self._solo is not None and self._solo != camera:
            self._solo = camera
        if camera not in self._shown:
            self._shown = [*self._shown[: self._most - 1], camera]
            self._refeed()
        self._focus = camera
        self._lay_out()

    def close_feeds(self) -> None:
        """End all decoders."""
        self._tick.stop()
        for feed in self._feeds.values():
            feed.close()
            feed.deleteLater()
        self._feeds.clear()
        self._decoders.close()

    def _refeed(self) -> None:
        for camera in [camera for camera in self._feeds if camera not in self._shown]:
            self._drop(camera)
        for camera in self._shown:
            known = self._footage.camera(camera)
            if known is None:
                continue
            stretches, feed = self._footage.stretches(known), self._feeds.get(camera)
            if feed is not None:
                feed.reel = Reel(stretches)
                self.tiles[camera].clock, self.tiles[camera].name = known.clock, known.name
                continue
            feed = CameraFeed(stretches, self._decoders, self)
            feed.arrived.connect(self._on_picture)
            self._feeds[camera] = feed
            self.tiles[camera] = self._tile(camera, known.name, known.clock)

    def _drop(self, camera: CameraId) -> None:
        feed, tile = self._feeds.pop(camera), self.tiles.pop(camera)
        feed.close()
        feed.deleteLater()
        self._grid.removeWidget(tile)
        tile.deleteLater()

    def _tile(self, camera: CameraId, name: str, clock: CameraClock) -> Tile:
        tile = Tile(camera, name, self._footage.position(camera), clock, self)
        tile.clicked.connect(self.select)
        tile.asked.connect(self.asked)
        tile.added.connect(self.added)
        tile.missed.connect(lambda: self._missed(camera))
        tile.boxed.connect(self._on_box)
        tile.solo.connect(lambda _: self.toggle_solo(camera))
        tile.resized.connect(self._on_resized)
        return tile

    def _lay_out(self) -> None:
        seen = self._seen()
        for camera, tile in self.tiles.items():
            self._grid.removeWidget(tile)
            tile.setVisible(camera in seen)
            tile.focused = camera == self._focus and len(seen) > 1
            tile.update()
        across = self._laid_out = columns(len(seen), self.tiles_room())
        for place, camera in enumerate(seen):
            self._grid.addWidget(self.tiles[camera], *divmod(place, across))
        self._keep_line(lambda: self._line.settle(self._reels()))
        self.refresh(exact=True)

    def _keep_line(self, act: Callable[[], None]) -> None:
        """Do what may lead to another time line, and show that."""
        before = self._line.limits
        act()
        if self._line.limits != before:
            self._cover()

    def tiles_room(self) -> tuple[int, int]:
        """Width and height there are for pictures."""
        return self.width(), max(1, self.height() - self._foot.height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right are seconds here; elsewhere they move the cursor, so that they are no keys of the window."""
        steps = {Qt.Key.Key_Left: -1.0, Qt.Key.Key_Right: 1.0}
        if event.key() in steps and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.skip(steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self.tiles and columns(len(self._seen()), self.tiles_room()) != self._laid_out:
            self._lay_out()

    def _seen(self) -> list[CameraId]:
        return [self._solo] if self._solo is not None and self._solo in self.tiles else self._shown

    def _reels(self) -> list[Reel]:
        return [self._feeds[camera].reel for camera in self._seen()]

    def _cover(self) -> None:
        lanes, self._foot.clock = self._line.coverage(self._footage)
        self._foot.line.cover(lanes, self._line.limits, self._foot.clock)
        self._fill_cameras_menu()

    # what a person does -----------------------------------------------------------------------------------------------

    def select(self, tracklet: int) -> None:
        """Choose a track; -1 chooses none."""
        self.selection = None if tracklet < 0 else tracklet
        for tile in self.tiles.values():
            tile.selected = self.selection
            tile.update()
        self._focus_on_selection()
        self.selected.emit(tracklet)

    def _focus_on_selection(self) -> None:
        holding = [camera for camera, tile in self.tiles.items() if self.selection in tile.people.tracklet]
        if self.selection is not None and holding:
            self._focus_tile(holding[0])

    def _missed(self, camera: CameraId) -> None:
        self._focus_tile(camera)
        self.select(-1)

    def _focus_tile(self, camera: CameraId) -> None:
        self._focus = camera
        for other, tile in self.tiles.items():
            tile.focused = other == camera and self._solo is None and len(self._shown) > 1
            tile.update()

    def select_next(self, step: int) -> None:
        """Walk through the people of all visible tiles, left to right, by keyboard."""
        seen = [(tile.people.xyxy[row][0], camera, int(number))
                for camera, tile in self.tiles.items() if tile.isVisible()
                for row, number in enumerate(tile.people.tracklet)]  # fmt: skip
        order = {camera: place for place, camera in enumerate(self._shown)}
        numbers = [number for _, _, number in sorted(seen, key=lambda one: (order[one[1]], one[0]))]
        if numbers:
            here = numbers.index(self.selection) if self.selection in numbers else -1 if step > 0 else 0
            self.select(numbers[(here + step) % len(numbers)])

    def ask(self) -> None:
        """Search for the selected track."""
        if self.selection is not None:
            self.asked.emit(self.selection)

    def seek(self, time_us: int) -> None:
        """Show this moment in all tiles."""
        self._keep_line(lambda: self._line.reach(time_us))
        self.refresh(exact=True)

    def show_moment(self, camera: CameraId, time_us: int, marked: int) -> None:
        """Stand at a moment, with this camera in view and this tracklet marked."""
        self._tick.stop()
        self.clock.pause()
        self._keep_line(lambda: self._line.reach(time_us))
        for tile in self.tiles.values():
            tile.marked = marked
        self.reveal(camera)
        self._say_rate()

    def skip(self, seconds: float) -> None:
        """Jump by seconds, either way."""
        self.seek(self.clock.within(self.clock.now_us() + round(seconds * 1e6)))

    def play_spans(self, spans: Sequence[Span]) -> None:
        """Play these stretches one after the other, each in its camera, the others at the same instant."""
        self._spans = list(spans)
        self._next_span()

    def _next_span(self) -> None:
        span = self._spans[0]
        self.show_moment(span.camera, span.from_us, span.tracklet)
        self._run(1.0)

    def _watch_span(self, now_us: int) -> None:
        if self._spans and now_us >= self._spans[0].to_us:
            self._spans.pop(0)
            if self._spans:
                self._next_span()
            else:
                self.pause()

    def standing(self) -> Standing:
        """Where it stands, for another player of the same footage."""
        now_us, shown = self.clock.now_us(), tuple(self._shown)
        marked = next((tile.marked for tile in self.tiles.values()), None)
        return Standing(now_us, self._most, shown, self._solo, self._focus, marked, self.selection)

    def stand(self, there: Standing) -> None:
        """Stand where another one stood."""
        self._most, self._focus, self._solo = there.most, there.focus, there.alone
        self._shown = [camera for camera in there.shown if self._footage.camera(camera) is not None]
        self._refeed()
        for tile in self.tiles.values():
            tile.marked = there.marked
        self._lay_out()
        self.seek(there.time_us)
        if there.selected is not None:
            self.select(there.selected)

    @property
    def limits(self) -> tuple[int, int]:
        """From when to when the time line goes that one is on; corrected microseconds UTC."""
        return self._line.limits

    @property
    def focus(self) -> CameraId | None:
        """The camera that keys act on."""
        return self._focus

    @property
    def playing_spans(self) -> bool:
        """True while stretches are played one after the other."""
        return bool(self._spans)

    def zoom(self, factor: float) -> None:
        """Nearer or farther in the tile in focus."""
        tile = self.tiles.get(self._focus) if self._focus is not None else None
        tile = next(iter(self.tiles.values()), None) if tile is None else tile
        if tile is not None:
            tile.zoom_by(factor)

    def toggle_play(self) -> None:
        """Play or pause; playing always begins forwards at real time."""
        if self.clock.playing:
            self.pause()
        else:
            self._run(1.0)

    def faster(self, direction: int) -> None:
        """L and J: faster in this direction, or slower in the other."""
        self._run(self.clock.next_rate(direction))

    def pause(self) -> None:
        """Stand still, on an exact picture."""
        self._spans = []
        self.clock.pause()
        self._tick.stop()
        self.refresh(exact=True)
        self._say_rate()

    def step(self, direction: int) -> None:
        """The next or the previous picture of the camera in focus."""
        self.clock.pause()
        self._tick.stop()
        self._say_rate()
        tile = self.tiles.get(self._focus) if self._focus is not None else None
        if tile is None or tile.showing.image is None:
            tile = next((one for one in self.tiles.values() if one.showing.image is not None), None)
        if tile is None:
            self.seek(self.clock.within(self.clock.now_us() + direction * STEP_US))
            return
        ahead = max(tile.showing.duration_us, 1000)
        self.seek(self.clock.within(tile.showing.time_us + (ahead if direction > 0 else -1)))

    def toggle_solo(self, camera: CameraId | None = None) -> None:
        """One camera over the whole place, or back to all."""
        wanted = camera if camera is not None else self._focus or (self._shown[0] if self._shown else None)
        self._solo = None if self._solo == wanted else wanted
        if self._solo is None:
            self._keep_line(self._line.come_back)
        self._lay_out()

    def solo_place(self, place: int) -> None:
        """Keys 1 to 9: the camera at this place alone; 0: all."""
        if place == 0:
            self._solo = None
            self._keep_line(self._line.come_back)
            self._lay_out()
        elif place <= len(self._footage.cameras):
            camera = self._footage.cameras[place - 1].id
            self.reveal(camera)
            self._solo = camera
            self._lay_out()

    def toggle_boxes(self) -> None:
        """Show or hide the boxes."""
        for tile in self.tiles.values():
            tile.boxes_visible = not tile.boxes_visible
            tile.update()

    def mark(self, marks: Sequence[tuple[CameraId, int]]) -> None:
        """Where on the time line the matches are."""
        self._foot.line.mark([(self._footage.position(camera), moment) for camera, moment in marks])

    def _run(self, rate: float) -> None:
        self.clock.play(rate)
        self._tick.start()
        self._say_rate()

    # what is shown ----------------------------------------------------------------------------------------------------

    def refresh(self, *, exact: bool = False) -> None:
        """Give every visible tile the picture and the people of this moment."""
        now = self.clock.now_us()
        for camera, tile in self.tiles.items():
            if not tile.isHidden():
                showing = self._feeds[camera].at(now, exact=exact)
                moment = showing.time_us if showing.image is not None else now
                tile.show_moment(showing, self._boxes.at(camera, moment))
        self._foot.line.move(now)
        self._foot.show_time(now if self._shown else None)
        if self.clock.playing and self.clock.at_limit:
            self.clock.pause()
            self._tick.stop()
            self._say_rate()
        self.moved.emit(now)
        if self.clock.playing:
            self._watch_span(now)

    def _on_picture(self) -> None:
        if not self.clock.playing:
            self.refresh()

    def _on_resized(self, camera: int, width: int, height: int) -> None:
        feed = self._feeds.get(CameraId(camera))
        if feed is not None:
            feed.resize(width, height)

    def _on_box(self, camera: int, time_us: int, xyxy: tuple[float, ...]) -> None:
        self.select(-1)
        self.boxed.emit(camera, time_us, xyxy)

    def _say_rate(self) -> None:
        self._foot.show_rate(self.clock.rate if self.clock.playing else None)

    def _transport(self) -> Transport:
        acts: dict[str, Callable[[], object]] = {
            "reverse": lambda: self.faster(-1),
            "step-back": lambda: self.step(-1),
            "play": self.toggle_play,
            "step-forward": lambda: self.step(1),
            "faster": lambda: self.faster(1),
            "boxes": self.toggle_boxes,
            "tiles": self.next_layout,
            "solo": self.toggle_solo,
        }
        return Transport(acts, self)

    def _fill_cameras_menu(self) -> None:
        letters = [theme.camera_letter(self._footage.position(camera.id)) for camera in self._footage.cameras]
        named = zip(letters, self._footage.cameras, strict=True)
        self._foot.offer_cameras([(f"{letter}   {one.name}", partial(self.reveal, one.id)) for letter, one in named])
