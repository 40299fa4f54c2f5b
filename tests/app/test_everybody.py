"""Nobody to click yet: everybody as cards, by camera, time and clothes, and from there to a search."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.case_view import CaseView
from app.desk import Query
from app.item_models.matches import CARD_ROLE
from app.main_window import MainWindow
from app.networks import Networks
from reid_engine.colours import COLOURS
from reid_engine.store import TrackletFilter
from reid_engine.store.schema import tracklet_colour
from reid_engine.types import Match, TrackletId
from tests.app.conftest import WAIT_MS, view_of

pytestmark = pytest.mark.window


@pytest.fixture
def view(window: MainWindow, qtbot: QtBot) -> CaseView:
    """The window with everybody listed by the key."""
    view = view_of(window)
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.player, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: view.work.matches.rowCount() > 0, timeout=WAIT_MS)
    return view


def shown(view: CaseView) -> list[int]:
    """The numbers of the tracks on the cards, in their order."""
    cards = [view.work.matches.match_of(row) for row in range(view.work.matches.rowCount())]
    return [int(card.tracklet) for card in cards if card is not None]


def fold(view: CaseView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Likely people, of whom one card each is shown, and somebody who has two."""
    monkeypatch.setattr("app.arrange.FACES", 1)
    one, other = (TrackletId(number) for number in shown(view)[:2])
    view.work.desk.decide(one, other, "same")
    view.matches.row.parts.choose("person")
    qtbot.waitUntil(lambda: any(part.hidden for part in view.work.matches.sections), timeout=WAIT_MS)


def click(view: CaseView, row: int, qtbot: QtBot) -> None:
    cards = view.matches.cards
    index = view.work.matches.index(row)
    cards.scrollTo(index)
    qtbot.mouseClick(cards.viewport(), Qt.MouseButton.LeftButton, pos=cards.visualRect(index).center())


def test_everybody_is_listed_earliest_first_with_nothing_that_only_a_ranking_has(view: CaseView) -> None:
    store = view.work.desk.case.store
    whole = store.tracklets([TrackletId(number) for number in store.find(TrackletFilter()).tolist()])
    assert shown(view) == [int(one.id) for one in sorted(whole, key=lambda one: (one.start_us, one.id))]
    first = view.work.matches.index(0)
    assert not isinstance(first.data(CARD_ROLE).match, Match)
    assert f"track {shown(view)[0]}" in first.data(Qt.ItemDataRole.AccessibleTextRole)
    assert "distance" not in first.data(Qt.ItemDataRole.ToolTipRole)
    assert view.work.investigation.probe is None
    assert not any(button.isVisible() for button in view.matches._buttons if "Same" in button.text())


def test_it_is_on_the_record_with_what_was_asked_for(view: CaseView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.matches.row.top.choose("pink")
    last = view.work.desk.events(None, 1)[0]
    assert (last.kind, last.body["upper"], last.body["listed"]) == ("everybody", ["pink"], len(shown(view)))


def test_a_click_shows_the_moment_and_a_second_one_searches(view: CaseView, qtbot: QtBot) -> None:
    number = shown(view)[1]
    click(view, 1, qtbot)
    qtbot.waitUntil(lambda: view.player.selection == number, timeout=WAIT_MS)
    assert view.work.investigation.probe is None
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        click(view, 1, qtbot)
    assert view.work.investigation.probe == number


def test_enter_searches_for_whoever_is_under_the_cursor(view: CaseView, qtbot: QtBot) -> None:
    view.matches.cards.setFocus()
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_Right)
    number = shown(view)[1]
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.matches.cards, Qt.Key.Key_Return)
    assert view.work.investigation.probe == number


def test_the_list_and_the_ranking_keep_filters_of_their_own(view: CaseView, qtbot: QtBot) -> None:
    """Whoever was found by clothes and time is searched for at all times, whatever they wear there."""
    answered = view.work.investigation.answered
    everybody = shown(view)
    camera = view.work.footage.cameras[0].id
    with qtbot.waitSignal(answered, timeout=WAIT_MS):
        view.matches.row.cameras.choose(int(camera))
    qtbot.waitUntil(lambda: 0 < len(shown(view)) < len(everybody), timeout=WAIT_MS)
    some = shown(view)
    click(view, 0, qtbot)
    qtbot.waitUntil(lambda: view.subject._strip.count() > 1, timeout=WAIT_MS)
    with qtbot.waitSignal(answered, timeout=WAIT_MS):
        view.matches._search.click()
    query = view.work.investigation.query
    assert query is not None
    assert (query.tracklet, query.where.cameras) == (some[0], None)
    with qtbot.waitSignal(answered, timeout=WAIT_MS):
        view.matches._back.click()
    qtbot.waitUntil(lambda: shown(view) == some, timeout=WAIT_MS)
    assert view.player.selection is None  # nobody is looked for any more, nor selected
    assert view.subject._strip.count() == 1  # what holds the pictures left
    assert "Nobody yet" in view.subject._crop.text()


def test_nothing_can_be_decided_refined_or_explained_about_a_mere_list(view: CaseView, window: MainWindow) -> None:
    view.inquiry.decide("same")
    view.work.investigation.decide(TrackletId(shown(view)[0]), "same")
    assert "Search for somebody first" in window.statusBar().currentMessage()
    view.inquiry.why()
    assert "Search for a track" in window.statusBar().currentMessage()
    view.inquiry.compare()
    view.work.investigation.refine()
    assert not view.work.desk.case.store.decisions(TrackletId(shown(view)[0]))
    assert view.work.investigation.verdicts == {}


def test_ctrl_click_in_a_mere_list_begins_a_search(view: CaseView, qtbot: QtBot) -> None:
    number = shown(view)[0]
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.add(number, somebody_else=False)
    assert view.work.investigation.probe == number


def test_whom_nobody_passes_the_list_says_so_and_lets_everybody_back(view: CaseView, qtbot: QtBot) -> None:
    everybody = shown(view)
    pane = view.matches
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        pane.row.since.setText("2030-01-01 9:00")
        pane.row.since.editingFinished.emit()
    qtbot.waitUntil(lambda: shown(view) == [], timeout=WAIT_MS)
    assert "Nobody passes" in pane._empty.text()
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        pane.unfilter.click()
    qtbot.waitUntil(lambda: shown(view) == everybody, timeout=WAIT_MS)


def test_likely_people_stand_together_and_that_is_on_the_record(view: CaseView, qtbot: QtBot) -> None:
    everybody = shown(view)
    one, other = (TrackletId(number) for number in everybody[:2])
    view.work.desk.decide(one, other, "same")
    view.matches.row.parts.choose("person")
    qtbot.waitUntil(lambda: any("one person" in part.title for part in view.work.matches.sections), timeout=WAIT_MS)
    parts = {part.title.split("   ")[0]: part for part in view.work.matches.sections}
    sure = parts["Confirmed as one person"]
    assert set(shown(view)[sure.first : sure.first + sure.count]) == {one, other}
    assert sorted(shown(view)) == sorted(everybody)
    assert "a hint, no decision" in view.matches._line.text()
    spoken = view.work.matches.index(sure.first).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.endswith(sure.title)
    last = view.work.desk.events(None, 1)[0]
    alone = parts["Put together with nobody"].count if "Put together with nobody" in parts else 0
    several = sum("one person" in part.title for part in view.work.matches.sections)
    assert (last.kind, last.body["groups"]) == ("likely people", several + alone)
    view.matches.row.parts.choose("none")
    assert shown(view) == everybody


def test_too_many_to_put_together_are_listed_all_the_same_and_it_is_said(
    view: CaseView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reid_engine.people.MOST", 2)
    everybody = shown(view)
    view.matches.row.parts.choose("person")
    qtbot.waitUntil(lambda: "choose a time" in view.matches._line.text(), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: shown(view) == everybody, timeout=WAIT_MS)


def test_a_person_of_many_tracks_is_unfolded_where_they_stand(
    view: CaseView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold(view, qtbot, monkeypatch)
    before = view.work.matches.rowCount()
    view.matches.go_to(before - 1)
    last = view.matches.current()
    place = view.matches.cards.verticalScrollBar().value()
    key = next(part.key for part in view.work.matches.sections if part.hidden)
    view.matches.cards.unfolded.emit(key)
    qtbot.waitUntil(lambda: view.work.matches.rowCount() == before + 1, timeout=WAIT_MS)
    assert view.matches.current() == last
    assert view.matches.cards.verticalScrollBar().value() == place
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.everybody()  # asked anew, what folds is folded again
    qtbot.waitUntil(lambda: view.work.matches.rowCount() == before, timeout=WAIT_MS)
    assert view.matches.cards.currentIndex().row() == 0


def test_a_leads_the_keys_to_the_list_and_enter_searches_for_whom_they_stand_on(view: CaseView, qtbot: QtBot) -> None:
    assert view.matches.cards.hasFocus()
    number = shown(view)[0]
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        qtbot.keyClick(view.matches.cards, Qt.Key.Key_Return)
    assert view.work.investigation.probe == number


def test_keys_of_a_ranking_say_in_a_mere_list_why_they_do_nothing(view: CaseView, window: MainWindow) -> None:
    for key in (Qt.Key.Key_Y, Qt.Key.Key_N, Qt.Key.Key_U, Qt.Key.Key_R):
        window.statusBar().clearMessage()
        QTest.keyClick(view.matches.cards, key)
        assert "Search for somebody first" in window.statusBar().currentMessage()


def test_nobody_is_decided_of_cards_that_were_there_before_the_search(
    view: CaseView, window: MainWindow, qtbot: QtBot
) -> None:
    probe = TrackletId(shown(view)[1])
    view.matches.go_to(2)
    assert view.matches.current() is not None
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.search(int(probe))
        view.matches.row.order.choose("latest")  # nor are they put into the ranking's bands
        qtbot.keyClick(view.matches.cards, Qt.Key.Key_Y)
        assert "of the search before" in window.statusBar().currentMessage()
    assert view.work.investigation.verdicts == {}
    qtbot.waitUntil(lambda: view.work.writing.idle, timeout=WAIT_MS)
    assert view.work.desk.verdicts(probe) == {}


def test_what_is_taken_back_is_taken_out_of_the_likely_people_that_are_shown(view: CaseView, qtbot: QtBot) -> None:
    def confirmed() -> list[str]:
        return [part.title for part in view.work.matches.sections if "Confirmed" in part.title]

    one, other = (TrackletId(number) for number in shown(view)[:2])
    view.work.desk.decide(one, other, "same")
    view.matches.row.parts.choose("person")
    qtbot.waitUntil(lambda: len(confirmed()) == 1, timeout=WAIT_MS)
    view.matches.go_to(2)
    here = view.matches.current()
    qtbot.keyClick(view.matches.cards, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not confirmed(), timeout=WAIT_MS)
    assert view.matches.current() == here


def test_likely_people_are_looked_for_once_and_told_of_only_where_they_are_shown(view: CaseView, qtbot: QtBot) -> None:
    parts, order = view.matches.row.parts, view.matches.row.order
    for sort in ("latest", "longest", "earliest"):
        parts.choose("person")
        order.choose(sort)
        parts.choose("camera")
        assert "Everybody" in view.matches._line.text()
    parts.choose("person")
    qtbot.waitUntil(lambda: "a hint, no decision" in view.matches._line.text(), timeout=WAIT_MS)
    kinds = [event.kind for event in view.work.desk.events(None, 100)]
    assert kinds.count("likely people") == 1
    parts.choose("none")
    assert "a hint" not in view.matches._line.text()


def test_a_list_that_comes_late_does_not_come_over_a_shorter_one(
    view: CaseView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More cards than ``AT_ONCE`` are put in order on a lane."""
    everybody = shown(view)
    monkeypatch.setattr("app.answer_view.AT_ONCE", len(everybody) - 1)
    view.matches.row.order.choose("latest")
    answer = view.inquiry.answers._answer
    assert answer is not None
    view.inquiry.answers.show(replace(answer, matches=answer.matches[:1]))
    qtbot.waitUntil(lambda: view.work.reading.idle, timeout=WAIT_MS)
    QTest.qWait(0)
    assert shown(view) == everybody[:1]


def test_the_hint_knows_a_mere_list_from_a_ranking_for_a_picture(view: CaseView, qtbot: QtBot) -> None:
    at = view.progress(watching=True)
    assert (at.listed, at.matches) == (True, 0)
    store, case = view.work.desk.case.store, view.work.desk.case
    vector = store.vectors(case.model(), [TrackletId(shown(view)[0])])[0]
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.work.investigation.search_vector(vector, Query())
    at = view.progress(watching=True)
    assert not at.listed
    assert at.matches > 0


def test_the_menu_of_a_card_unfolds_its_part(view: CaseView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """By keyboard too, where a heading cannot be clicked."""
    fold(view, qtbot, monkeypatch)
    before = view.work.matches.rowCount()
    row = next(part.first for part in view.work.matches.sections if part.hidden)
    view.matches.cards.menu_wanted.emit(view.work.matches.index(row), QPoint())
    menu = view.matches.findChildren(QMenu)[-1]
    next(action for action in menu.actions() if "Show 1 more" in action.text()).trigger()
    menu.close()
    qtbot.waitUntil(lambda: view.work.matches.rowCount() == before + 1, timeout=WAIT_MS)


def test_the_name_of_a_camera_is_no_markup(view: CaseView) -> None:
    model = view.work.matches
    camera = model.labels[next(iter(model.labels))]
    model.label(dict.fromkeys(model.labels, replace(camera, name="<img src=x>")))
    assert "&lt;img" in model.index(0).data(Qt.ItemDataRole.ToolTipRole)


def test_clothes_of_an_older_case_are_named_before_its_first_filter_lists_anybody(
    window: MainWindow, qtbot: QtBot
) -> None:
    view = view_of(window)
    store = view.work.desk.case.store
    with store.database.writing() as connection:
        connection.execute(sa.delete(tracklet_colour))
    assert store.without_colour()
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.matches.row.top.choose(*COLOURS)
    qtbot.waitUntil(lambda: bool(shown(view)), timeout=20_000)
    assert not store.without_colour()


def test_what_was_taken_back_is_still_said_after_the_list_is_shown_anew_and_the_cursor_stays_at_the_piece(
    view: CaseView, window: MainWindow, networks: Networks, qtbot: QtBot
) -> None:
    click(view, 2, qtbot)
    assert view.player.selection == shown(view)[2]
    assert not any(tile.marked == shown(view)[2] for tile in view.player.tiles.values()), "nobody is searched for"
    with qtbot.waitSignal(view.work.edited, timeout=WAIT_MS) as told:
        qtbot.keyClick(view.player, Qt.Key.Key_S, Qt.KeyboardModifier.ShiftModifier)
    assert "takes it back" in window.statusBar().currentMessage()
    made = set(told.args[0]["made"])
    qtbot.waitUntil(lambda: made <= set(shown(view)), timeout=WAIT_MS)
    here = view.matches.current()
    assert here is not None
    assert here.tracklet in made
    with qtbot.waitSignal(view.work.investigation.answered, timeout=WAIT_MS):
        view.inquiry.undo()
    assert "Taken back" in window.statusBar().currentMessage()
    qtbot.waitUntil(lambda: not view.work.jobs.running(), timeout=WAIT_MS)
