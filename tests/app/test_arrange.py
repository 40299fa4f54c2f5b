"""Order, sections and the line of a ranking."""

from __future__ import annotations

from app.arrange import FACES, LINE, MANY_WEAK, Label, Sort, Wish, arranged
from reid_engine.people import Group
from reid_engine.types import BandName, CameraId, Match, Seen, TrackletId, Verdict

LABELS = {CameraId(1): Label("Gate", "A", 0, "UTC"), CameraId(2): Label("Yard", "B", 1, "UTC")}
HOUR = 3_600_000_000
DAY_US = 1_793_664_000_000_000  # 2026-11-03 in UTC


def match(rank: int, band: BandName | None, *, camera: int = 1, at_us: int = 0, flags: tuple[str, ...] = ()) -> Match:
    at_us += DAY_US
    return Match(TrackletId(rank), CameraId(camera), at_us, at_us, rank, 0.1, band, flags)


def titles(
    matches: list[Match], wish: Wish, verdicts: dict[TrackletId, Verdict] | None = None
) -> list[tuple[str, int]]:
    found = arranged(matches, {}, LABELS, wish)
    return [(section.title, section.count) for section in found.sections]


def test_bands_come_strongest_first_with_decided_ones_apart_and_the_line_before_the_weak() -> None:
    matches = [match(1, "possible"), match(2, "strong"), match(3, "none"), match(4, "weak"), match(5, "strong")]
    found = arranged(matches, {TrackletId(3): "same", TrackletId(5): "different"}, LABELS)
    assert [section.title for section in found.sections] == ["Confirmed", "Strong", "Possible", "Weak", "Rejected"]
    assert [section.line for section in found.sections] == ["", "", "", LINE, ""]
    assert [m.rank for m in found.matches] == [3, 2, 1, 4, 5]
    assert found.place == {3: 0, 2: 1, 1: 2, 4: 3, 5: 4}


def test_many_weak_ones_are_folded_away_beside_stronger_ones_until_they_are_asked_for() -> None:
    weak = [match(n, "weak") for n in range(2, MANY_WEAK + 3)]
    folded = arranged([match(1, "strong"), *weak], {}, LABELS)
    assert [(s.count, s.hidden) for s in folded.sections] == [(1, 0), (0, len(weak))]
    opened = arranged([match(1, "strong"), *weak], {}, LABELS, Wish(opened=frozenset({"weak"})))
    assert [(s.count, s.hidden) for s in opened.sections] == [(1, 0), (len(weak), 0)]
    alone = arranged(weak, {}, LABELS)
    assert [(s.count, s.hidden) for s in alone.sections] == [(len(weak), 0)]


def test_groups_by_camera_and_by_hour() -> None:
    matches = [match(1, "weak", camera=2, at_us=HOUR), match(2, "strong", at_us=3), match(3, "strong", camera=2)]
    assert titles(matches, Wish(group="camera")) == [("A   Gate", 1), ("B   Yard", 2)]
    assert titles(matches, Wish(group="hour")) == [("2026-11-03  00 h", 2), ("2026-11-03  01 h", 1)]
    assert titles(matches, Wish(group="none")) == [("", 3)]


def test_hours_follow_the_sort() -> None:
    matches = [match(1, None, at_us=0), match(2, None, at_us=HOUR), match(3, None, at_us=HOUR + 1)]
    found = arranged(matches, {}, LABELS, Wish("latest", "hour"))
    assert [m.rank for m in found.matches] == [3, 2, 1]
    assert [section.count for section in found.sections] == [2, 1]


def test_sorts_by_time_either_way() -> None:
    matches = [match(1, None, at_us=5), match(2, None, at_us=1), match(3, None, at_us=9)]
    earliest = arranged(matches, {}, LABELS, Wish("earliest", "none"))
    assert [m.rank for m in earliest.matches] == [2, 1, 3]
    assert [m.rank for m in arranged(matches, {}, LABELS, Wish("latest", "none")).matches] == [3, 1, 2]


def test_doubtful_ones_are_left_out_only_when_that_is_wished() -> None:
    matches = [match(1, None, flags=("travel-time",)), match(2, None, flags=("confirmed",))]
    assert titles(matches, Wish(group="none")) == [("", 2)]
    assert titles(matches, Wish(group="none", plausible=True)) == [("", 1)]


def test_everybody_is_shown_by_time_or_by_how_long_they_were_in_view() -> None:
    seen = [Seen(TrackletId(n), CameraId(1), begin, end) for n, begin, end in ((1, 0, 5), (2, 3, 20), (3, 9, 10))]

    def order(sort: Sort) -> list[int]:
        return [int(one.tracklet) for one in arranged(seen, {}, {}, Wish(sort, "none")).matches]

    assert order("earliest") == [1, 2, 3]
    assert order("latest") == [3, 2, 1]
    assert order("longest") == [2, 1, 3]
    assert arranged(seen, {}, {}, Wish("earliest", "none", plausible=True)).matches == seen


def test_likely_people_come_one_after_the_other_and_whoever_is_like_nobody_last() -> None:
    seen = [Seen(TrackletId(n), CameraId(1 + n % 2), n, n + 1) for n in range(1, 6)]
    both, cameras = TrackletId(5), (CameraId(1), CameraId(2))
    people = [
        Group((TrackletId(2), both), both, cameras, 2, 6, decided=False),
        Group((TrackletId(1), TrackletId(3)), TrackletId(3), (CameraId(2),), 1, 4, decided=True),
        Group((TrackletId(4),), TrackletId(4), (CameraId(1),), 4, 5, decided=False),
    ]
    shown = arranged(seen, {}, LABELS, Wish("latest", "person"), people)
    assert [int(one.tracklet) for one in shown.matches] == [5, 2, 3, 1, 4]
    assert [(part.title, part.count) for part in shown.sections] == [
        ("May be one person   A B", 2), ("Confirmed as one person   B", 2), ("Put together with nobody", 1),
    ]  # fmt: skip


def test_of_a_likely_person_the_first_few_cards_are_shown_until_that_one_is_unfolded() -> None:
    many = FACES + 3
    seen = [Seen(TrackletId(n), CameraId(1), n, n + 1) for n in range(1, 2 * many + 1)]
    numbers = [one.tracklet for one in seen]
    people = [
        Group(tuple(part), part[0], (CameraId(1),), 0, 9, decided=False) for part in (numbers[:many], numbers[many:])
    ]
    shown = arranged(seen, {}, LABELS, Wish("earliest", "person"), people)
    assert [(part.count, part.hidden) for part in shown.sections] == [(FACES, 3), (FACES, 3)]
    assert [one.tracklet for one in shown.matches] == numbers[:FACES] + numbers[many : many + FACES]
    opened = Wish("earliest", "person", frozenset({shown.sections[1].key}))
    again = arranged(seen, {}, LABELS, opened, people)
    assert [(part.count, part.hidden) for part in again.sections] == [(FACES, 3), (many, 0)]
