"""Every verb of the window in one table: where it stands in the menus, its keys, what it does, when it makes sense."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from app.actions import Verb
from app.words import Later

if TYPE_CHECKING:
    from app.case_view import CaseView
    from app.main_window import MainWindow

NEW_CASE = Later("New case …")
OPEN_CASE = Later("Open case …")
CLOSE_CASE = Later("Close case")
FOOTAGE = Later("Footage")
INVESTIGATE = Later("Investigate")
ALONE = (
    Later("Camera 1 alone"), Later("Camera 2 alone"), Later("Camera 3 alone"), Later("Camera 4 alone"),
    Later("Camera 5 alone"), Later("Camera 6 alone"), Later("Camera 7 alone"), Later("Camera 8 alone"),
    Later("Camera 9 alone"),
)  # fmt: skip


class OfCase(Protocol):
    """Binds what is done to a case to whichever case is open when it is done."""

    def __call__(self, act: Callable[[CaseView], object], /) -> Callable[[], object]:
        """Nothing happens without a case."""
        ...


def verbs(window: MainWindow) -> list[Verb]:
    """The table."""

    def of_case(act: Callable[[CaseView], object]) -> Callable[[], object]:
        return lambda: act(window.view) if window.view is not None else None

    return [*_case(window, of_case), *_play(of_case), *_search(of_case), *_search_more(of_case),
            *_tracks(of_case), *_decide(of_case), *_journey(window, of_case), *_view(window)]  # fmt: skip


def _case(window: MainWindow, of_case: OfCase) -> list[Verb]:
    return [
        Verb(Later("&Case"), NEW_CASE, "Ctrl+N", window.ask_new_case, ""),
        Verb(Later("&Case"), OPEN_CASE, "Ctrl+O", window.browse_case, ""),
        Verb(Later("&Case"), Later("Networks …"), "", of_case(lambda view: view.ask_networks())),
        Verb(Later("&Case"), Later("Describe everybody again …"), "", of_case(lambda view: view.ask_describe())),
        Verb(Later("&Case"), Later("Erase …"), "", of_case(lambda view: view.erasing.ask(view.player.selection))),
        Verb(Later("&Case"), CLOSE_CASE, "Ctrl+W", window.close_case),
        Verb(Later("&Case"), Later("Quit"), "Ctrl+Q", window.close, ""),
        Verb(Later("&Footage"), Later("Add files …"), "Ctrl+Shift+A", of_case(lambda view: view.add_files())),
        Verb(Later("&Footage"), Later("Add folder …"), "Ctrl+Shift+O", of_case(lambda view: view.add_folder())),
        Verb(Later("&Footage"), Later("Rename the camera …"), "", partial(_rename, window)),
        Verb(Later("&Footage"), Later("Start"), "Ctrl+Return", of_case(lambda view: view.start())),
    ]


def _play(of_case: OfCase) -> list[Verb]:
    menu = Later("&Play")
    return [
        Verb(menu, Later("Play or pause"), "Space", of_case(lambda view: view.inquiry.play()), "tiles"),
        Verb(menu, Later("Backwards, faster"), "J", of_case(lambda view: view.player.faster(-1)), "tiles"),
        Verb(menu, Later("Pause"), "K", of_case(lambda view: view.player.pause()), "tiles"),
        Verb(menu, Later("Forwards, faster"), "L", of_case(lambda view: view.player.faster(1)), "tiles"),
        Verb(menu, Later("Previous picture"), ",", of_case(lambda view: view.player.step(-1)), "tiles"),
        Verb(menu, Later("Next picture"), ".", of_case(lambda view: view.player.step(1)), "tiles"),
        Verb(menu, Later("Back 10 s"), "Ctrl+Left", of_case(lambda view: view.player.skip(-10)), "tiles"),
        Verb(menu, Later("Ahead 10 s"), "Ctrl+Right", of_case(lambda view: view.player.skip(10)), "tiles"),
        Verb(menu, Later("Go to a moment …"), "G", of_case(lambda view: view.moments.ask()), "tiles"),
        Verb(
            menu, Later("Next appearance"), "Shift+Right", of_case(lambda view: view.moments.next_appearance()), "tiles"
        ),
        Verb(
            menu,
            Later("Previous appearance"),
            "Shift+Left",
            of_case(lambda view: view.moments.next_appearance(before=True)),
            "tiles",
        ),
        Verb(
            menu,
            Later("Leave out where nobody is"),
            "Shift+Space",
            of_case(lambda view: view.moments.toggle_skipping()),
            "tiles",
        ),
        Verb(menu, Later("One, four or nine cameras"), "T", of_case(lambda view: view.player.next_layout()), "tiles"),
        Verb(menu, Later("Nearer"), "Ctrl+= | Ctrl++", of_case(lambda view: view.player.zoom(1.25)), "tiles"),
        Verb(menu, Later("Farther"), "Ctrl+-", of_case(lambda view: view.player.zoom(0.8)), "tiles"),
        Verb(menu, Later("One camera alone, or all"), "F", of_case(lambda view: view.player.toggle_solo()), "tiles"),
        *(
            Verb(menu, words, str(n), of_case(lambda view, n=n: view.player.solo_place(n)), "tiles")  # type: ignore[misc]
            for n, words in enumerate(ALONE, start=1)
        ),
        Verb(menu, Later("All cameras"), "0", of_case(lambda view: view.player.solo_place(0)), "tiles"),
        Verb(menu, Later("Save a still"), "S", of_case(lambda view: view.evidence.save_still()), "tiles"),
        Verb(menu, Later("Lighter pictures"), "X", of_case(lambda view: view.lighten()), "tiles"),
        Verb(menu, Later("Boxes"), "B", of_case(lambda view: view.player.toggle_boxes()), "tiles"),
    ]


def _search(of_case: OfCase) -> list[Verb]:
    menu = Later("&Search")
    return [
        Verb(menu, Later("Everybody"), "A", of_case(lambda view: view.inquiry.everybody()), "tiles"),
        Verb(menu, Later("Next person"), "]", of_case(lambda view: view.inquiry.next_person(1)), "tiles"),
        Verb(menu, Later("Previous person"), "[", of_case(lambda view: view.inquiry.next_person(-1)), "tiles"),
        Verb(
            menu,
            Later("Search the selected person"),
            "Return | Enter",
            of_case(lambda view: view.inquiry.ask()),
            "tiles",
        ),
        Verb(
            menu,
            Later("Also an example of the person"),
            "Shift+Return",
            of_case(lambda view: view.inquiry.add_selected(somebody_else=False)),
            "tiles",
        ),
        Verb(
            menu,
            Later("An example of somebody else"),
            "Alt+Return",
            of_case(lambda view: view.inquiry.add_selected(somebody_else=True)),
            "tiles",
        ),
    ]


def _search_more(of_case: OfCase) -> list[Verb]:
    menu = Later("&Search")
    return [
        Verb(
            menu,
            Later("Search again"),
            "F5",
            of_case(lambda view: view.inquiry.again()),
            "tiles",
        ),
        Verb(
            menu,
            Later("Between pictures and cards"),
            "F6",
            of_case(lambda view: view.inquiry.change_sides()),
            "tiles",
        ),
        Verb(
            menu,
            Later("Search by a picture …"),
            "Ctrl+P",
            of_case(lambda view: view.inquiry.pictures.browse()),
            "tiles",
        ),
        Verb(
            menu,
            Later("Search the copied picture"),
            "Ctrl+V",
            of_case(lambda view: view.inquiry.pictures.paste()),
            "tiles",
        ),
    ]


def _tracks(of_case: OfCase) -> list[Verb]:
    menu = Later("&Search")
    return [
        Verb(
            menu, Later("Split the selected track here"), "Shift+S", of_case(lambda view: view.inquiry.split()), "tiles"
        ),
        Verb(
            menu, Later("Merge the last two selected"), "Shift+M", of_case(lambda view: view.inquiry.merge()), "tiles"
        ),
        Verb(
            menu,
            Later("Better moment of the track"),
            "Shift+B",
            of_case(lambda view: view.inquiry.show_better()),
            "tiles",
        ),
        Verb(menu, Later("Clear the selection"), "Esc", of_case(lambda view: view.player.select(-1)), "tiles"),
    ]


def _decide(of_case: OfCase) -> list[Verb]:
    menu = Later("&Decide")
    return [
        Verb(menu, Later("Same person"), "Y", of_case(lambda view: view.inquiry.decide("same")), "tiles"),
        Verb(menu, Later("Different person"), "N", of_case(lambda view: view.inquiry.decide("different")), "tiles"),
        Verb(menu, Later("Unsure"), "U", of_case(lambda view: view.inquiry.decide("unsure")), "tiles"),
        Verb(menu, Later("Refine the ranking"), "R", of_case(lambda view: view.work.investigation.refine()), "tiles"),
        Verb(menu, Later("Compare side by side"), "C", of_case(lambda view: view.inquiry.compare()), "tiles"),
        Verb(menu, Later("Why this match"), "W", of_case(lambda view: view.inquiry.why()), "tiles"),
        Verb(menu, Later("Undo"), "Ctrl+Z", of_case(lambda view: view.inquiry.undo())),
        Verb(menu, Later("Redo"), "Ctrl+Shift+Z", of_case(lambda view: view.inquiry.redo())),
    ]


def _journey(window: MainWindow, of_case: OfCase) -> list[Verb]:
    menu = Later("&Journey")
    return [
        Verb(menu, Later("Show or hide the journey"), "Ctrl+3", window.toggle_journey, "tiles"),
        Verb(menu, Later("Play the journey"), "Shift+P", of_case(lambda view: view.journey.play()), "tiles"),
        Verb(menu, Later("Note about this moment …"), "M", of_case(lambda view: view.journey.ask_note()), "tiles"),
        Verb(menu, Later("Links between cameras …"), "", of_case(lambda view: view.journey.ask_links()), "tiles"),
        Verb(menu, Later("Floor plan …"), "", of_case(lambda view: view.journey.ask_picture()), "tiles"),
        Verb(menu, Later("Evidence …"), "E", of_case(lambda view: view.evidence.ask()), "tiles"),
        Verb(menu, Later("Export the journey …"), "Ctrl+E", of_case(lambda view: view.journey.ask_export()), "tiles"),
    ]


def _view(window: MainWindow) -> list[Verb]:
    return [
        Verb("&View", FOOTAGE, "Ctrl+1", partial(window.go, FOOTAGE)),
        Verb("&View", INVESTIGATE, "Ctrl+2", partial(window.go, INVESTIGATE)),
        Verb(Later("&View"), Later("Command palette …"), "Ctrl+K", window.show_palette, ""),
        Verb(Later("&View"), Later("Dark or light"), "Ctrl+Shift+L", window.toggle_theme, ""),
        Verb(Later("&View"), Later("Larger text"), "Ctrl+Alt+=", lambda: window.program.scale(1), ""),
        Verb(Later("&View"), Later("Smaller text"), "Ctrl+Alt+-", lambda: window.program.scale(-1), ""),
        Verb(Later("&View"), Later("The record …"), "Ctrl+R", window.show_record),
        Verb(Later("&View"), Later("Device …"), "", window.program.show_device, ""),
        Verb(Later("&View"), Later("Settings …"), "Ctrl+,", window.program.show_settings, ""),
        Verb(Later("&Trainer"), Later("Train a model …"), "Ctrl+T", partial(_train, window), ""),
        Verb(Later("&Help"), Later("Help"), "F1", window.show_help, ""),
        Verb(Later("&Help"), Later("Keys"), "?", window.show_keys, ""),
    ]


def _rename(window: MainWindow) -> None:
    """In the table, where its recordings are."""
    window.go(FOOTAGE)
    if window.view is not None:
        window.view.rename_camera()


def _train(window: MainWindow) -> None:
    """On the people of the open case, where there is one."""
    window.program.train(None if window.view is None else window.view.work.desk.folder)
