"""One investigation in the real window, step by step, for the suite (offscreen) and for pictures (on a screen).

Every step ends with a ``yield`` of its name; whoever walks looks at the window then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import shiboken6
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.dialogs.compare import CompareDialog
from app.dialogs.device import DeviceDialog
from app.dialogs.evidence import EvidenceDialog
from app.dialogs.new_case import NewCaseDialog
from app.dialogs.why import WhyDialog
from app.item_models.recordings import FILE
from app.verbs import INVESTIGATE
from app.widgets.tile import Tile
from app.words import shortened
from reid_engine.errors import CaseDamaged
from reid_engine.types import TrackletId
from tests.support.export import WRONG, WRONG_BY_S

if TYPE_CHECKING:
    from app.case_view import CaseView
    from app.main_window import MainWindow

Wait = Callable[[Callable[[], bool]], None]
D = TypeVar("D", bound=QDialog)

DECISIONS = 6
SHOWN_SHARE = 0.4  # of the analysis, for its picture
KEYS = (Qt.Key.Key_Y, Qt.Key.Key_N, Qt.Key.Key_Y, Qt.Key.Key_N, Qt.Key.Key_U, Qt.Key.Key_N)


class Start(NamedTuple):
    """Whom to click, and the moment at which to do it."""

    tracklet: TrackletId
    time_us: int


@dataclass(frozen=True)
class Scene:
    """What is investigated.

    wrong, ahead_s: the camera whose clock is that far ahead; true_time: what is typed beside its first picture
    whom:           who is clicked, and when; else the first person that is seen
    verdict:        the key for a candidate; else one after the other of ``KEYS``
    """

    footage: Path
    wrong: str = WRONG
    ahead_s: int = WRONG_BY_S
    true_time: str = "14:02:11"
    whom: Callable[[CaseView], Start] | None = None
    verdict: Callable[[CaseView, TrackletId, TrackletId], Qt.Key] | None = None


def walk(window: MainWindow, scene: Scene, home: Path, wait: Wait) -> Iterator[str]:
    """New case, four recordings dropped, a clock corrected, analysed, a person clicked, six decisions, the journey."""
    yield "01-welcome"
    yield from new_case(window, home, wait)
    yield from drop_and_correct(window, scene, wait)
    yield from analyse(window, wait)
    yield from click_somebody(window, scene, wait)
    yield from decide(window, scene, wait)
    yield from look_closer(window, wait)
    yield from follow(window, wait)
    yield from look_round(window, wait)


def new_case(window: MainWindow, home: Path, wait: Wait) -> Iterator[str]:
    """Asked for by key; the dialog wants a name and a purpose."""
    window.ask_new_case()
    dialog = opened(NewCaseDialog, wait)
    dialog.home.setText(shortened(home))
    dialog.name.setFocus()
    QTest.keyClicks(dialog.name, "2026-014 Station theft")
    dialog.set_purpose("Find the person seen at the till; order 2026-014 of the district court")
    yield "02-new-case"
    dialog.accept()
    wait(lambda: window.view is not None)
    yield "03-empty-case"


def drop_and_correct(window: MainWindow, scene: Scene, wait: Wait) -> Iterator[str]:
    """The export folder is dropped; the clock of one camera is read off its picture."""
    view = the_view(window)
    rows = view.work.recordings.rows
    drop(view.footage, [scene.footage])
    wait(lambda: len(rows()) == 4 and all(row.state == "ready" for row in rows()))
    yield "04-dropped"
    place = next(place for place, row in enumerate(rows()) if row.camera == scene.wrong)
    table, panel = view.footage.table, view.footage.clock
    table.setCurrentIndex(table.model().index(place, FILE))
    panel.true.setFocus()
    QTest.keyClicks(panel.true, scene.true_time)
    wait(lambda: panel.has_picture)
    yield "05-clock-read"
    QTest.keyClick(panel.true, Qt.Key.Key_Return)
    wait(lambda: rows()[place].clock.offset_us == scene.ahead_s * 1_000_000)
    yield "06-clock-corrected"


def analyse(window: MainWindow, wait: Wait) -> Iterator[str]:
    """Start; search works when it is done."""
    view = the_view(window)
    rows, jobs = view.work.recordings.rows, view.work.jobs
    QTest.mouseClick(view.footage.start_button, Qt.MouseButton.LeftButton)
    wait(lambda: bool(jobs.jobs))
    wait(lambda: not jobs.running() or far(view) >= SHOWN_SHARE)
    yield "07-analysing"
    wait(lambda: not jobs.running() and all(row.state == "done" for row in rows()))
    yield "08-analysed"


def far(view: CaseView) -> float:
    """How far the running analysis is, in [0, 1]."""
    queue = view.jobs.card(view.work.jobs.jobs[0].name).queue
    rows = [queue.row(place) for place in range(queue.rowCount())]
    return sum(max(0.0, row.share) for row in rows if row is not None) / len(rows) if rows else 0.0


def click_somebody(window: MainWindow, scene: Scene, wait: Wait) -> Iterator[str]:
    """Click a person, and again to search."""
    view = the_view(window)
    wait(lambda: len(view.player.tiles) == 4)
    window.go(INVESTIGATE)
    start = None if scene.whom is None else scene.whom(view)
    if start is None:
        view.player.skip(1.5)
    else:
        view.player.seek(start.time_us)
    tiles = list(view.player.tiles.values())
    wait(lambda: all(tile.showing.image is not None for tile in tiles) and somebody(tiles, start) is not None)
    yield "09-investigate"
    found = somebody(tiles, start)
    assert found is not None
    tile, number, middle = found
    QTest.mouseClick(tile, Qt.MouseButton.LeftButton, pos=middle)
    wait(lambda: view.player.selection == number)
    yield "10-selected"
    QTest.mouseClick(tile, Qt.MouseButton.LeftButton, pos=middle)
    wait(lambda: view.work.matches.rowCount() >= DECISIONS)
    yield "11-matches"


def decide(window: MainWindow, scene: Scene, wait: Wait) -> Iterator[str]:
    """Six decisions by keyboard, then R."""
    view = the_view(window)
    inquiry, cards, turns = view.work.investigation, view.matches.cards, cycle(KEYS)
    window.activateWindow()  # a closed dialog leaves no window active where no window manager hands it on
    wait(window.isActiveWindow)
    cards.setFocus()
    for count in range(1, DECISIONS + 1):
        match = view.matches.current()
        assert match is not None
        assert inquiry.probe is not None
        key = next(turns) if scene.verdict is None else scene.verdict(view, inquiry.probe, match.tracklet)
        QTest.keyClick(cards, key)
        wait(lambda count=count: len(inquiry.verdicts) == count and view.work.writing.idle)  # type: ignore[misc]
    yield "12-decided"
    answers: list[object] = []
    inquiry.answered.connect(answers.append)
    QTest.keyClick(cards, Qt.Key.Key_R)
    wait(lambda: bool(answers) and view.work.matches.rowCount() > 0)
    yield "13-refined"


def look_closer(window: MainWindow, wait: Wait) -> Iterator[str]:
    """C: probe and candidate side by side; W: what the network saw in a match."""
    view = the_view(window)
    QTest.keyClick(view.matches.cards, Qt.Key.Key_C)
    beside = opened(CompareDialog, wait)
    yield "14-compared"
    beside.reject()
    window.activateWindow()
    wait(window.isActiveWindow)
    QTest.keyClick(view.matches.cards, Qt.Key.Key_W)
    why = opened(WhyDialog, wait)
    yield "15-why"
    why.reject()


def follow(window: MainWindow, wait: Wait) -> Iterator[str]:
    """The confirmed sightings have lined up; the journey is played, and somebody wants to hand it on."""
    view = the_view(window)
    same = [verdict for verdict in view.work.investigation.verdicts.values() if verdict == "same"]
    wait(lambda: len(confirmed(view)) == 1 + len(same))  # the probe itself is one
    yield "16-journey"
    QTest.mouseClick(view.journey.pane.play_button, Qt.MouseButton.LeftButton)
    wait(lambda: view.player.clock.playing)
    view.player.pause()
    yield "17-played"
    view.evidence.ask()
    dialog = opened(EvidenceDialog, wait)
    dialog.reason.setText("2026-014: asked for by the prosecutor")
    dialog.choices["others"].setChecked(True)
    yield "18-evidence"
    dialog.close()
    wait(lambda: not _shown(dialog))


def look_round(window: MainWindow, wait: Wait) -> Iterator[str]:
    """A: everybody who was seen, put together into likely people."""
    view = the_view(window)
    window.activateWindow()
    wait(window.isActiveWindow)
    QTest.keyClick(view.player, Qt.Key.Key_A)
    everybody = view.work.desk.case.store.count_tracklets()
    wait(lambda: view.work.matches.rowCount() == everybody)
    view.matches.row.parts.choose("person")
    wait(lambda: any("one person" in part.title for part in view.work.matches.sections))
    yield "20-everybody"


def dialogs(window: MainWindow, wait: Wait) -> Iterator[str]:
    """Everything that the walk does not come by."""
    view = the_view(window)
    acts: dict[str, Callable[[], object]] = {
        "keys": window.show_keys, "palette": window.show_palette, "record": window.show_record,
        "settings": window.program.show_settings, "device": window.program.show_device, "help": window.show_help,
        "networks": view.ask_networks, "links": view.journey.ask_links,
        "trouble": lambda: window.trouble(CaseDamaged("case.db holds a damaged page (page 17 of 4211)")),
    }  # fmt: skip
    for name, act in acts.items():
        act()
        dialog = opened(QDialog, wait)
        if isinstance(dialog, DeviceDialog):
            wait(lambda dialog=dialog: bool(dialog.report()))  # type: ignore[misc]
        yield name
        dialog.close()
        wait(lambda dialog=dialog: not _shown(dialog))  # type: ignore[misc]


def confirmed(view: CaseView) -> Sequence[object]:
    """The confirmed sightings that are shown."""
    journey = view.journey.trace.journey
    return () if journey is None else journey.confirmed


def the_view(window: MainWindow) -> CaseView:
    """The open case."""
    assert window.view is not None
    return window.view


def somebody(tiles: Sequence[Tile], start: Start | None) -> tuple[Tile, int, QPoint] | None:
    """The tile, the track and the place of whom to click; None while nobody is seen."""
    for tile in tiles:
        for number in map(int, tile.people.tracklet):
            place = inside(tile, number) if start is None or start.tracklet == number else None
            if place is not None:
                return tile, number, place
    return None


def inside(tile: Tile, number: int) -> QPoint | None:
    """A point of a person's box, near its middle, that belongs to no smaller box; None where there is none."""
    box = tile.box_of(number)
    for down in (0.5, 0.3, 0.7, 0.1, 0.9) if box is not None else ():
        point = QPoint(round((box[0] + box[2]) / 2), round(box[1] + down * (box[3] - box[1])))
        if tile.tracklet_at(point.x(), point.y()) == number:
            return point
    return None


def opened(kind: type[D], wait: Wait) -> D:
    """The dialog of this kind that is open, once it is."""
    found: list[D] = []

    def there() -> bool:
        found[:] = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, kind) and _shown(widget)]
        return bool(found)

    wait(there)
    return found[-1]


def _shown(dialog: QDialog) -> bool:
    return shiboken6.isValid(dialog) and dialog.isVisible()


def drop(target: QWidget, paths: Sequence[Path]) -> None:
    """Let go of files above a widget."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, nothing = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    target.dropEvent(QDropEvent(QPointF(9, 9), copy, data, left, nothing))
