"""Every verb of the window in one table: where it stands in the menus, its keys, what it does, when it makes sense."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from app.actions import Verb
from app.case_view import CaseView

if TYPE_CHECKING:
    from app.main_window import MainWindow

FOOTAGE = "Footage"
INVESTIGATE = "Investigate"


class OfCase(Protocol):
    """Binds what is done to a case to whichever case is open when it is done."""

    def __call__(self, act: Callable[[CaseView], object], /) -> Callable[[], object]:
        """Nothing happens without a case."""
        ...


def verbs(window: MainWindow) -> list[Verb]:
    """The table."""

    def of_case(act: Callable[[CaseView], object]) -> Callable[[], object]:
        return lambda: act(window.view) if window.view is not None else None

    return [*_case(window, of_case), *_play(of_case), *_search(of_case), *_decide(of_case),
            *_journey(window, of_case), *_view(window)]  # fmt: skip


def _case(window: MainWindow, of_case: OfCase) -> list[Verb]:
    return [
        Verb("&Case", "New case …", "Ctrl+N", window.ask_new_case, ""),
        Verb("&Case", "Open case …", "Ctrl+O", window.browse_case, ""),
        Verb("&Case", "Networks …", "", of_case(lambda view: view.ask_networks())),
        Verb("&Case", "Close case", "Ctrl+W", window.close_case),
        Verb("&Case", "Quit", "Ctrl+Q", window.close, ""),
        Verb("&Footage", "Add files …", "Ctrl+Shift+A", of_case(lambda view: view.add_files())),
        Verb("&Footage", "Add folder …", "Ctrl+Shift+O", of_case(lambda view: view.add_folder())),
        Verb("&Footage", "Start", "Ctrl+Return", of_case(lambda view: view.start())),
    ]


def _play(of_case: OfCase) -> list[Verb]:
    menu = "&Play"
    return [
        Verb(menu, "Play or pause", "Space", of_case(lambda view: view.inquiry.play()), "tiles"),
        Verb(menu, "Backwards, faster", "J", of_case(lambda view: view.player.faster(-1)), "tiles"),
        Verb(menu, "Pause", "K", of_case(lambda view: view.player.pause()), "tiles"),
        Verb(menu, "Forwards, faster", "L", of_case(lambda view: view.player.faster(1)), "tiles"),
        Verb(menu, "Previous picture", ",", of_case(lambda view: view.player.step(-1)), "tiles"),
        Verb(menu, "Next picture", ".", of_case(lambda view: view.player.step(1)), "tiles"),
        Verb(menu, "Back 10 s", "Ctrl+Left", of_case(lambda view: view.player.skip(-10)), "tiles"),
        Verb(menu, "Ahead 10 s", "Ctrl+Right", of_case(lambda view: view.player.skip(10)), "tiles"),
        Verb(menu, "One, four or nine cameras", "T", of_case(lambda view: view.player.next_layout()), "tiles"),
        Verb(menu, "Nearer", "Ctrl+= | Ctrl++", of_case(lambda view: view.player.zoom(1.25)), "tiles"),
        Verb(menu, "Farther", "Ctrl+-", of_case(lambda view: view.player.zoom(0.8)), "tiles"),
        Verb(menu, "One camera alone, or all", "F", of_case(lambda view: view.player.toggle_solo()), "tiles"),
        *(
            Verb(menu, f"Camera {n} alone", str(n), of_case(lambda view, n=n: view.player.solo_place(n)), "tiles")  # type: ignore[misc]
            for n in range(1, 10)
        ),
        Verb(menu, "All cameras", "0", of_case(lambda view: view.player.solo_place(0)), "tiles"),
        Verb(menu, "Boxes", "B", of_case(lambda view: view.player.toggle_boxes()), "tiles"),
    ]


def _search(of_case: OfCase) -> list[Verb]:
    menu = "&Search"
    return [
        Verb(menu, "Next person", "]", of_case(lambda view: view.player.select_next(1)), "tiles"),
        Verb(menu, "Previous person", "[", of_case(lambda view: view.player.select_next(-1)), "tiles"),
        Verb(menu, "Search the selected person", "Return | Enter", of_case(lambda view: view.player.ask()), "tiles"),
        Verb(menu, "Search by a picture …", "Ctrl+P", of_case(lambda view: view.inquiry.browse_picture()), "tiles"),
        Verb(menu, "Search the copied picture", "Ctrl+V", of_case(lambda view: view.inquiry.paste_picture()), "tiles"),
        Verb(menu, "Split the selected track here", "Shift+S", of_case(lambda view: view.inquiry.split()), "tiles"),
        Verb(menu, "Merge the last two selected", "Shift+M", of_case(lambda view: view.inquiry.merge()), "tiles"),
        Verb(menu, "Better moment of the track", "Shift+B", of_case(lambda view: view.inquiry.show_better()), "tiles"),
        Verb(menu, "Clear the selection", "Esc", of_case(lambda view: view.player.select(-1)), "tiles"),
    ]


def _decide(of_case: OfCase) -> list[Verb]:
    menu = "&Decide"
    return [
        Verb(menu, "Same person", "Y", of_case(lambda view: view.inquiry.decide("same")), "tiles"),
        Verb(menu, "Different person", "N", of_case(lambda view: view.inquiry.decide("different")), "tiles"),
        Verb(menu, "Unsure", "U", of_case(lambda view: view.inquiry.decide("unsure")), "tiles"),
        Verb(menu, "Refine the ranking", "R", of_case(lambda view: view.work.investigation.refine()), "tiles"),
        Verb(menu, "Compare side by side", "C", of_case(lambda view: view.inquiry.compare()), "tiles"),
        Verb(menu, "Why this match", "W", of_case(lambda view: view.inquiry.why()), "tiles"),
        Verb(menu, "Undo", "Ctrl+Z", of_case(lambda view: view.inquiry.undo())),
        Verb(menu, "Redo", "Ctrl+Shift+Z", of_case(lambda view: view.inquiry.redo())),
    ]


def _journey(window: MainWindow, of_case: OfCase) -> list[Verb]:
    menu = "&Journey"
    return [
        Verb(menu, "Show or hide the journey", "Ctrl+3", window.toggle_journey, "tiles"),
        Verb(menu, "Play the journey", "Shift+P", of_case(lambda view: view.journey.play()), "tiles"),
        Verb(menu, "Note about this moment …", "M", of_case(lambda view: view.journey.ask_note()), "tiles"),
        Verb(menu, "Links between cameras …", "", of_case(lambda view: view.journey.ask_links()), "tiles"),
        Verb(menu, "Floor plan …", "", of_case(lambda view: view.journey.ask_picture()), "tiles"),
        Verb(menu, "Export the journey …", "Ctrl+E", of_case(lambda view: view.journey.ask_export()), "tiles"),
    ]


def _view(window: MainWindow) -> list[Verb]:
    return [
        Verb("&View", FOOTAGE, "Ctrl+1", partial(window.go, FOOTAGE)),
        Verb("&View", INVESTIGATE, "Ctrl+2", partial(window.go, INVESTIGATE)),
        Verb("&View", "Dark or light", "", window.toggle_theme, ""),
        Verb("&Help", "Keys", "F1 | ?", window.show_keys, ""),
    ]
