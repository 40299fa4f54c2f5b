"""One investigation in the real window, step by step, for the suite (offscreen) and for pictures (on a screen).

Every step ends with a ``yield`` of its name; whoever walks looks at the window then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.dialogs.new_case import NewCaseDialog
from app.item_models.recordings import FILE
from app.verbs import INVESTIGATE
from tests.support.export import WRONG, WRONG_BY_S

if TYPE_CHECKING:
    from app.main_window import MainWindow

Wait = Callable[[Callable[[], bool]], None]
D = TypeVar("D", bound=QDialog)

TRUE_TIME = "14:02:11"
DECISIONS = (Qt.Key.Key_Y, Qt.Key.Key_N, Qt.Key.Key_Y, Qt.Key.Key_N, Qt.Key.Key_U, Qt.Key.Key_N)


def walk(window: MainWindow, footage: Path, home: Path, wait: Wait) -> Iterator[str]:
    """New case, four recordings dropped, a clock corrected, analysed, a person clicked, six decisions, the journey."""
    yield "1-welcome"
    yield from new_case(window, home, wait)
    yield from drop_and_correct(window, footage, wait)
    yield from analyse(window, wait)
    yield from click_somebody(window, wait)
    yield from decide(window, wait)
    yield from follow(window, wait)


def new_case(window: MainWindow, home: Path, wait: Wait) -> Iterator[str]:
    """Asked for by key; the dialog wants a name and a purpose."""
    window.ask_new_case()
    dialog = opened(NewCaseDialog, wait)
    dialog.home.setText(str(home))
    dialog.name.setFocus()
    QTest.keyClicks(dialog.name, "2026-014 Station theft")
    dialog.set_purpose("Find the person in the red top; order 2026-014 of the district court")
    yield "2-new-case"
    dialog.accept()
    wait(lambda: window.view is not None)
    yield "3-empty-case"


def drop_and_correct(window: MainWindow, footage: Path, wait: Wait) -> Iterator[str]:
    """The export folder is dropped; the clock of one camera is read off its picture."""
    view = window.view
    assert view is not None
    rows = view.work.recordings.rows
    drop(view.footage, [footage])
    wait(lambda: len(rows()) == 4 and all(row.state == "ready" for row in rows()))
    yield "4-dropped"
    place = next(place for place, row in enumerate(rows()) if row.camera == WRONG)
    table, panel = view.footage.table, view.footage.clock
    table.setCurrentIndex(table.model().index(place, FILE))
    panel.true.setFocus()
    QTest.keyClicks(panel.true, TRUE_TIME)
    wait(lambda: panel.has_picture)
    yield "5-clock-read"
    QTest.keyClick(panel.true, Qt.Key.Key_Return)
    wait(lambda: rows()[place].clock.offset_us == WRONG_BY_S * 1_000_000)
    yield "6-clock-corrected"


def analyse(window: MainWindow, wait: Wait) -> Iterator[str]:
    """Start; search works when it is done."""
    view = window.view
    assert view is not None
    rows, jobs = view.work.recordings.rows, view.work.jobs
    QTest.mouseClick(view.footage.start_button, Qt.MouseButton.LeftButton)
    wait(lambda: bool(jobs.jobs))
    wait(lambda: not jobs.running() or view.jobs.card(jobs.jobs[0].name).begun)
    yield "7-analysing"
    wait(lambda: not jobs.running() and all(row.state == "done" for row in rows()))
    yield "8-analysed"


def click_somebody(window: MainWindow, wait: Wait) -> Iterator[str]:
    """Click a person in the first camera, and again to search."""
    view = window.view
    assert view is not None
    wait(lambda: len(view.player.tiles) == 4)
    window.go(INVESTIGATE)
    view.player.skip(1.5)
    tile = next(iter(view.player.tiles.values()))
    wait(lambda: len(tile.people.tracklet) > 0 and tile.showing.image is not None)
    yield "9-investigate"
    box = tile.box_of(int(tile.people.tracklet[0]))
    assert box is not None
    middle = QPoint(round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2))
    QTest.mouseClick(tile, Qt.MouseButton.LeftButton, pos=middle)
    wait(lambda: view.player.selection is not None)
    yield "10-selected"
    QTest.mouseClick(tile, Qt.MouseButton.LeftButton, pos=middle)
    wait(lambda: view.work.matches.rowCount() >= len(DECISIONS))
    yield "11-matches"


def decide(window: MainWindow, wait: Wait) -> Iterator[str]:
    """Six decisions by keyboard, then R."""
    view = window.view
    assert view is not None
    inquiry = view.work.investigation
    window.activateWindow()  # a closed dialog leaves no window active where no window manager hands it on
    wait(window.isActiveWindow)
    view.matches.cards.setFocus()
    for key in DECISIONS:
        QTest.keyClick(view.matches.cards, key)
        wait(lambda: view.work.writing.idle)
    wait(lambda: len(inquiry.verdicts) == len(DECISIONS))
    yield "12-decided"
    answers: list[object] = []
    inquiry.answered.connect(answers.append)
    QTest.keyClick(view.matches.cards, Qt.Key.Key_R)
    wait(lambda: bool(answers) and view.work.matches.rowCount() > 0)
    yield "13-refined"


def follow(window: MainWindow, wait: Wait) -> Iterator[str]:
    """The confirmed sightings have lined up; the journey is played."""
    view = window.view
    assert view is not None
    play = view.journey.pane._play
    confirmed = 1 + DECISIONS.count(Qt.Key.Key_Y)  # the probe itself is one; alone it can be played too
    wait(lambda: view.journey.trace.journey is not None and len(view.journey.trace.journey.confirmed) == confirmed)
    yield "14-journey"
    QTest.mouseClick(play, Qt.MouseButton.LeftButton)
    wait(lambda: view.player.clock.playing)
    view.player.pause()
    yield "15-played"


def opened(kind: type[D], wait: Wait) -> D:
    """The dialog of this kind that is open, once it is."""
    found: list[D] = []

    def there() -> bool:
        found[:] = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, kind)]
        return bool(found)

    wait(there)
    return found[-1]


def drop(target: QWidget, paths: Sequence[Path]) -> None:
    """Let go of files above a widget."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, nothing = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    target.dropEvent(QDropEvent(QPointF(9, 9), copy, data, left, nothing))
