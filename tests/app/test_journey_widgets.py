"""Grid, chips, lanes, floor plan and links: each alone, without a case."""

from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QAbstractItemView
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.arrange import Label, Section, Wish, arranged
from app.item_models.links import LEARNED, LEAST, MOST, RELATION, LinksModel
from app.item_models.matches import MatchesModel
from app.widgets.card_grid import CardGrid, heading_words
from app.widgets.chips import Chip
from app.widgets.floor_plan import FloorPlanView, link_words
from app.widgets.lanes import JourneyLanes, Lane
from app.widgets.match_card import MatchCardDelegate
from app.widgets.seek_bar import Coverage, SeekBar
from reid_engine.clock import CameraClock
from reid_engine.journey import Conflict, Gap, Journey, Link, Sighting
from reid_engine.store import CameraPair, Note
from reid_engine.topology import Travel
from reid_engine.types import BandName, CameraId, Match, TrackletId

SECOND = 1_000_000
GATE, YARD, HALL = CameraId(1), CameraId(2), CameraId(3)
LABELS = {GATE: Label("Gate", "A", 0, "UTC"), YARD: Label("Yard", "B", 1, "UTC"), HALL: Label("Hall", "C", 2, "UTC")}

pytestmark = pytest.mark.window


def ranking(strong: int, weak: int) -> list[Match]:
    bands: list[BandName] = ["strong"] * strong + ["weak"] * weak
    return [Match(TrackletId(n), GATE, n, n, n, 0.1, band) for n, band in enumerate(bands, start=1)]


@pytest.fixture
def grid(qtbot: QtBot) -> CardGrid:
    model = MatchesModel()
    model.label(LABELS)
    shown = CardGrid(model)
    shown.setItemDelegate(MatchCardDelegate(shown))
    model.setParent(shown)
    qtbot.addWidget(shown)
    shown.resize(560, 640)
    shown.show()
    model.arrange(arranged(ranking(7, 40), {}, LABELS, Wish(opened=frozenset({"weak"}))), {})
    return shown


def test_cards_lie_in_rows_under_their_headings_and_are_found_where_they_are_drawn(grid: CardGrid) -> None:
    model = grid.model()
    for row in (0, 3, 4, 6, 7, 20, 46):
        grid.scrollTo(model.index(row, 0))
        place = grid.visualRect(model.index(row, 0))
        assert grid.viewport().rect().intersects(place)
        assert grid.indexAt(place.center()).row() == row
    grid.scrollTo(model.index(0, 0))
    assert grid.visualRect(model.index(4, 0)).left() == grid.visualRect(model.index(0, 0)).left()
    heading = grid.heading_at(QPoint(5, 5))
    assert heading is not None
    assert heading.title == "Strong"
    assert not grid.indexAt(QPoint(5, 5)).isValid()


def test_the_cursor_walks_across_sections_and_stops_at_the_ends(grid: CardGrid, qtbot: QtBot) -> None:
    def at() -> int:
        return grid.currentIndex().row()

    grid.setCurrentIndex(grid.model().index(1, 0))
    for key, row in (
        (Qt.Key.Key_Down, 5), (Qt.Key.Key_Down, 8), (Qt.Key.Key_Down, 12), (Qt.Key.Key_Up, 8), (Qt.Key.Key_Up, 5),
        (Qt.Key.Key_Right, 6), (Qt.Key.Key_Right, 7), (Qt.Key.Key_Left, 6), (Qt.Key.Key_End, 46), (Qt.Key.Key_Down, 46),
        (Qt.Key.Key_Home, 0), (Qt.Key.Key_Left, 0), (Qt.Key.Key_Up, 0),
    ):  # fmt: skip
        qtbot.keyClick(grid, key)
        assert at() == row, key


def test_a_click_chooses_a_card_and_a_folded_heading_unfolds(grid: CardGrid, qtbot: QtBot) -> None:
    model = grid.model()
    assert isinstance(model, MatchesModel)
    with qtbot.waitSignal(grid.asked) as asked:
        place = grid.visualRect(model.index(2, 0)).center()
        qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert asked.args is not None
    assert asked.args[0].row() == 2
    model.arrange(arranged(ranking(2, 90), {}, LABELS), {})
    assert model.rowCount() == 2
    below = grid.visualRect(model.index(0, 0)).bottom() + 40
    with qtbot.waitSignal(grid.unfolded) as unfolded:
        qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(30, below))
    assert unfolded.args == ["weak"]


def test_going_on_from_the_last_card_unfolds_what_is_folded_away_whole(grid: CardGrid, qtbot: QtBot) -> None:
    model = grid.model()
    assert isinstance(model, MatchesModel)
    model.arrange(arranged(ranking(7, 90), {}, LABELS), {})
    asked: list[str] = []
    grid.unfolded.connect(asked.append)
    grid.setCurrentIndex(model.index(5, 0))
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Home, Qt.Key.Key_End):
        qtbot.keyClick(grid, key)
        assert asked == []
    qtbot.keyClick(grid, Qt.Key.Key_Down)
    assert asked == ["weak"]
    model.arrange(arranged(ranking(7, 90), {}, LABELS, Wish(opened=frozenset({"weak"}))), {})
    qtbot.keyClick(grid, Qt.Key.Key_End)
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    assert asked == ["weak"], "there is nothing more"


def test_a_heading_gives_way_to_what_unfolds_it_and_a_card_knows_its_part(grid: CardGrid) -> None:
    model, metrics = grid.model(), grid.fontMetrics()
    part = Section("person 1", "May be one person   A B C D", 0, 4, hidden=8)
    assert heading_words(part, metrics, 2000) == "May be one person   A B C D   12"
    for room in (150, 120, 90):
        words = heading_words(part, metrics, room)
        assert words.endswith("…   12")
        assert metrics.horizontalAdvance(words) <= room
    titles = [grid.section_of(model.index(row, 0)) for row in (0, 6, 7)]
    assert [section and section.title for section in titles] == ["Strong", "Strong", "Weak"]
    assert grid.section_of(model.index(-1, 0)) is None


def test_only_cards_in_view_ask_for_their_crop(grid: CardGrid, qtbot: QtBot) -> None:
    model = grid.model()
    assert isinstance(model, MatchesModel)
    wanted: list[int] = []
    model.wanted.connect(wanted.append)
    model.arrange(arranged(ranking(100_000, 0), {}, LABELS, Wish(group="none")), {})
    grid.grab()
    assert 0 < len(wanted) <= 20
    grid.scrollTo(model.index(70_000, 0), QAbstractItemView.ScrollHint.PositionAtCenter)
    before = len(wanted)
    grid.grab()
    assert before < len(wanted) <= before + 20
    assert all(number > 69_000 for number in wanted[before:])


def test_a_chip_says_what_it_filters_and_is_lit_while_it_does(qtbot: QtBot) -> None:
    chip = Chip("Top", several=True)
    qtbot.addWidget(chip)
    chip.offer([("red", "red", "#f00"), ("blue", "blue", "#00f")])
    assert (chip.text(), chip.values, chip.property("on")) == ("Top ▾", (), False)
    with qtbot.waitSignal(chip.changed):
        chip.choose("blue", "red")
    assert (chip.text(), chip.values, chip.property("on")) == ("Top: red, blue ▾", ("red", "blue"), True)
    chip.offer([("blue", "blue"), ("green", "green")])
    assert chip.values == ("blue",)
    chip.clear()
    assert chip.values == ()


def test_a_chip_of_one_choice_stands_on_its_first(qtbot: QtBot) -> None:
    chip = Chip("Sort", several=False)
    qtbot.addWidget(chip)
    chip.offer([("likeness", "rank"), ("earliest first", "earliest")])
    assert (chip.values, chip.property("on")) == (("rank",), False)
    chip.choose("earliest")
    assert (chip.text(), chip.property("on")) == ("Sort: earliest first ▾", True)
    chip.clear()
    assert chip.values == ("rank",)


def way() -> Journey:
    seen = (
        Sighting(TrackletId(1), GATE, 0, 10 * SECOND, "probe", 0.5),
        Sighting(TrackletId(2), YARD, 60 * SECOND, 70 * SECOND, "confirmed", 0.5),
        Sighting(TrackletId(3), HALL, 65 * SECOND, 80 * SECOND, "confirmed", 0.5),
        Sighting(TrackletId(4), GATE, 100 * SECOND, 104 * SECOND, "unsure", 0.5),
    )
    gaps = (Gap(TrackletId(1), TrackletId(2), 10 * SECOND, 60 * SECOND, 0, 0, ()),)
    return Journey(TrackletId(1), seen, gaps, (Conflict("two-places", TrackletId(2), TrackletId(3), -5 * SECOND, 0),))


@pytest.fixture
def lanes(qtbot: QtBot) -> JourneyLanes:
    shown = JourneyLanes()
    qtbot.addWidget(shown)
    note = Note(7, "red bag", 30 * SECOND, None, None, "ann", 0)
    shown.show_journey(way(), [Lane(camera, label, ((0, 200 * SECOND),)) for camera, label in LABELS.items()], [note])
    shown.resize(900, 150)
    shown.show()
    return shown


def test_sightings_lie_in_their_cameras_lane_in_time(lanes: JourneyLanes) -> None:
    places = [lanes.block(seen) for seen in way().sightings]
    assert places[0].center().y() < places[1].center().y() < places[2].center().y()
    assert places[0].right() < places[1].left() < places[2].left() < places[1].right() < places[3].left()
    assert [lanes.sighting_at(place.center()) for place in places] == list(way().sightings)
    assert lanes.sighting_at(QPointF(400, 8)) is None


def test_a_click_chooses_a_sighting_a_moment_or_a_note(lanes: JourneyLanes, qtbot: QtBot) -> None:
    with qtbot.waitSignal(lanes.chosen) as chosen:
        place = lanes.block(way().sightings[1]).center().toPoint()
        qtbot.mouseClick(lanes, Qt.MouseButton.LeftButton, pos=place)
    assert chosen.args == [2]
    between = lanes.block(way().sightings[0]).right() + 30
    with qtbot.waitSignal(lanes.sought) as sought:
        qtbot.mouseClick(lanes, Qt.MouseButton.LeftButton, pos=QPoint(round(between), 130))
    assert sought.args is not None
    assert 10 * SECOND < sought.args[0] < 60 * SECOND
    with qtbot.waitSignal(lanes.noted) as noted:
        x = next(x for x in range(140, 900) if lanes.time_at(x) >= 30 * SECOND)
        qtbot.mouseClick(lanes, Qt.MouseButton.LeftButton, pos=QPoint(x, 10))
    assert noted.args == [7]


def test_arrow_keys_walk_through_the_sightings(lanes: JourneyLanes, qtbot: QtBot) -> None:
    chosen: list[int] = []
    lanes.chosen.connect(chosen.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        qtbot.keyClick(lanes, key)
    assert chosen == [1, 2, 3, 2]


def test_what_lies_under_the_pointer_is_said_with_what_does_not_fit(lanes: JourneyLanes) -> None:
    words = lanes.words_at(lanes.block(way().sightings[2]).center())
    assert "track 3" in words
    assert "two-places" in words
    gap = QRect(lanes.block(way().sightings[0]).toRect()).right() + 60
    assert lanes.words_at(QPointF(gap, lanes.block(way().sightings[0]).center().y())) == "not seen for 50 s"


def test_a_camera_is_dragged_on_the_plan_and_a_link_is_clicked(qtbot: QtBot) -> None:
    plan = FloorPlanView()
    qtbot.addWidget(plan)
    plan.resize(400, 240)
    plan.show()
    plan.show_plan(QPixmap(), {GATE: (0.1, 0.5), YARD: (0.9, 0.5)}, {GATE: LABELS[GATE], YARD: LABELS[YARD]})
    plan.show_links([Link(CameraPair(GATE, YARD, "apart", 40 * SECOND, 90 * SECOND))])
    plan.show_journey(way())
    with qtbot.waitSignal(plan.linked) as linked:
        qtbot.mouseClick(plan, Qt.MouseButton.LeftButton, pos=QPoint(200, 121))
    assert linked.args == [1, 2]
    with qtbot.waitSignal(plan.placed) as placed:
        qtbot.mousePress(plan, Qt.MouseButton.LeftButton, pos=QPoint(40, 120))
        qtbot.mouseMove(plan, QPoint(100, 60))
        qtbot.mouseMove(plan, QPoint(200, 60))
        qtbot.mouseRelease(plan, Qt.MouseButton.LeftButton, pos=QPoint(200, 60))
    assert placed.args == [1, pytest.approx(0.5), pytest.approx(0.25)]
    plan.grab()


def test_words_on_the_plan_cover_no_camera_and_no_other_words_and_lengths_are_those_of_the_way(qtbot: QtBot) -> None:
    plan = FloorPlanView()
    qtbot.addWidget(plan)
    plan.resize(280, 170)
    labels = {CameraId(n): Label(f"Camera no. {n}", "ABCDEFG"[n - 1], n - 1, "UTC") for n in range(1, 8)}
    plan.show_plan(QPixmap(), {}, labels)
    pairs = [(one, other) for one in labels for other in labels if one < other]
    plan.show_links([Link(CameraPair(one, other, "apart", 40 * SECOND, 90 * SECOND)) for one, other in pairs])
    shown = plan.labels()
    assert {label.words for label in shown} >= {"Camera no. 1", "40 s – 1 m 30 s"}
    assert len(shown) >= 7
    dots = [QRectF(at.x() - 13, at.y() - 13, 26, 26) for at in map(plan.point, labels)]
    rooms = [label.room for label in shown]
    assert not any(one.intersects(other) for one, other in combinations([*rooms, *dots], 2))
    plan.show_journey(way())
    lengths = [label for label in plan.labels() if label.words == "40 s – 1 m 30 s"]
    assert len(lengths) == 2, "only of the pairs that the journey went between"
    plan.grab()


def test_a_camera_is_placed_on_the_plan_with_keys(qtbot: QtBot) -> None:
    plan = FloorPlanView()
    qtbot.addWidget(plan)
    plan.show_plan(QPixmap(), {GATE: (0.1, 0.5), YARD: (0.99, 0.5)}, {GATE: LABELS[GATE], YARD: LABELS[YARD]})
    qtbot.keyClick(plan, Qt.Key.Key_PageDown)
    qtbot.keyClick(plan, Qt.Key.Key_PageDown)
    with qtbot.waitSignal(plan.placed) as placed:
        qtbot.keyClick(plan, Qt.Key.Key_Right)
    assert placed.args == [int(YARD), 1.0, 0.5]
    qtbot.keyClick(plan, Qt.Key.Key_PageUp)
    with qtbot.waitSignal(plan.placed) as placed:
        qtbot.keyClick(plan, Qt.Key.Key_Up)
    assert placed.args == [int(GATE), pytest.approx(0.1), pytest.approx(0.48)]


def test_a_links_line_says_how_long_a_walk_takes() -> None:
    assert link_words(Link(CameraPair(GATE, YARD, "apart", 40 * SECOND, 90 * SECOND))) == "40 s – 1 m 30 s"
    assert link_words(Link(CameraPair(GATE, YARD, "overlapping"))) == "same place"
    assert link_words(Link(CameraPair(GATE, YARD), Travel(1, 50 * SECOND, 50 * SECOND, 50 * SECOND))) == "50 s"
    assert link_words(Link(CameraPair(GATE, YARD))) == ""


@pytest.fixture
def links(qtbot: QtBot) -> LinksModel:
    model = LinksModel()
    model.show([Link(CameraPair(GATE, HALL, "apart", 5 * SECOND), Travel(2, SECOND, SECOND, 3 * SECOND))], LABELS)
    return model


def test_links_are_a_correct_qt_model_of_every_pair(links: LinksModel, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(links)
    assert links.rowCount() == 3
    assert links.row_of(3, 1) == 1
    assert links.data(links.index(1, LEARNED)) == "1.0 s to 3.0 s, mostly 1.0 s; 2 walks"
    assert [links.data(links.index(1, column)) for column in (RELATION, LEAST, MOST)] == ["apart", "5", ""]


def test_edited_links_are_told_and_nonsense_is_refused_in_words(links: LinksModel, qtbot: QtBot) -> None:
    told: list[CameraPair] = []
    refused: list[str] = []
    links.changed.connect(told.append)
    links.refused.connect(refused.append)
    assert links.setData(links.index(0, RELATION), "overlapping")
    assert links.setData(links.index(1, MOST), "7.5")
    assert told == [CameraPair(GATE, YARD, "overlapping"), CameraPair(GATE, HALL, "apart", 5 * SECOND, 7_500_000)]
    for column, text in ((LEAST, "soon"), (MOST, "1"), (RELATION, "near"), (LEAST, "-3"), (LEAST, "nan")):
        assert not links.setData(links.index(1, column), text)
    assert len(refused) == 5
    assert len(told) == 2


def test_the_mark_of_the_time_line_comes_from_far_away(qtbot: QtBot) -> None:
    bar, begin = SeekBar(), 1_793_714_531_000_000
    qtbot.addWidget(bar)
    bar.resize(900, 60)
    bar.cover([Coverage(0, ((begin, begin + 10_000_000),))], (begin, begin + 10_000_000), CameraClock())
    bar.move(begin + 5_000_000)
    bar.grab()
    assert abs(bar.time_at(bar._x(begin + 5_000_000)) - begin - 5_000_000) < 20_000
