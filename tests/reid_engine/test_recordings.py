"""What was dropped becomes sources; names and dates become a start."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_engine.errors import JobCancelled, SettingsError, SourceError, UsageError
from reid_engine.jobs import JobControl
from reid_engine.recordings import (
    Recording,
    StartTime,
    content_sha256,
    decide_start,
    expand,
    natural_key,
    parse_time,
    start_from_name,
)


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def utc(text: str) -> int:
    return parse_time(text)


# what was dropped -----------------------------------------------------------------------------------------------------


def test_a_file_stays_a_file_whatever_it_is_called(tmp_path: Path) -> None:
    file = touch(tmp_path / "export(3).dat")
    assert expand([file]) == [Recording(file, "video")]


def test_a_folder_gives_its_videos_however_deep_in_natural_order(tmp_path: Path) -> None:
    for name in ["cam10.mp4", "cam9.MP4", "deep/er/a.mkv", "notes.txt", ".hidden.mp4", "deep/.trash/b.mp4"]:
        touch(tmp_path / name)
    found = expand([tmp_path])
    assert found == [Recording(tmp_path / name, "video") for name in ["cam9.MP4", "cam10.mp4", "deep/er/a.mkv"]]


def test_a_folder_with_pictures_is_one_recording(tmp_path: Path) -> None:
    for name in ["1.jpg", "2.PNG", "gate/1.jpg", "gate/clip.avi"]:
        touch(tmp_path / name)
    assert expand([tmp_path]) == [
        Recording(tmp_path, "folder"),
        Recording(tmp_path / "gate", "folder"),
        Recording(tmp_path / "gate/clip.avi", "video"),
    ]


def test_what_is_dropped_twice_comes_once(tmp_path: Path) -> None:
    file = touch(tmp_path / "a.mp4")
    assert expand([file, tmp_path, tmp_path / ".." / tmp_path.name / "a.mp4"]) == [Recording(file, "video")]


def test_a_link_to_the_folder_above_is_not_followed(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp4")
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    assert len(expand([tmp_path])) == 1


def test_nothing_there_and_nothing_in_it_are_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone.mp4: there is no such file or folder"):
        expand([tmp_path / "gone.mp4"])
    with pytest.raises(SourceError, match="holds neither videos nor pictures"):
        expand([tmp_path])


def test_a_folder_and_a_file_without_permission_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = touch(tmp_path / "in" / "a.mp4")

    def denied(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(SourceError, match=r"a.mp4 cannot be read: Permission denied; check the permissions"):
        expand([file])
    monkeypatch.setattr(os, "listdir", denied)
    with pytest.raises(SourceError, match="in cannot be read: Permission denied"):
        expand([file.parent])
    monkeypatch.setattr(Path, "stat", denied)
    with pytest.raises(SourceError, match="cannot be read: Permission denied"):
        expand([file])


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), max_size=8))
def test_natural_order_is_an_order(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(backwards, key=natural_key) == sorted(names, key=natural_key)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_in_names_count_as_numbers(one: int, other: int) -> None:
    assert (natural_key(f"f{one}.png") < natural_key(f"f{other}.png")) == (one < other)


# content --------------------------------------------------------------------------------------------------------------


def test_the_hash_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    seen: list[tuple[int, int]] = []
    found = content_sha256(touch(tmp_path / "a", content), JobControl(), lambda done, total: seen.append((done, total)))
    assert found == hashlib.sha256(content).hexdigest()
    assert seen[-1] == (3_000_000, 3_000_000)
    assert len(seen) == 3


def test_the_hash_of_a_folder_hangs_on_names_contents_and_nothing_else(tmp_path: Path) -> None:
    def of(**pictures: bytes) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, content in pictures.items():
            touch(folder / f"{name}.jpg", content)
        touch(folder / "thumbs.db", os.urandom(9))
        return content_sha256(folder, JobControl())

    whole = of(a1=b"one", a2=b"two", a10=b"ten")
    assert whole == of(a10=b"ten", a2=b"two", a1=b"one")
    others = [of(a1=b"one", a2=b"two"), of(a1=b"onet", a2=b"wo", a10=b"ten"), of(b1=b"one", a2=b"two", a10=b"ten")]
    assert len({whole, *others}) == 4


def test_hashing_can_be_stopped_and_says_what_it_cannot_read(tmp_path: Path) -> None:
    control = JobControl()
    control.cancel()
    with pytest.raises(JobCancelled):
        content_sha256(touch(tmp_path / "a"), control)
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        content_sha256(tmp_path / "gone", JobControl())


# names ----------------------------------------------------------------------------------------------------------------

NOON = "2026-11-03T14:02:11+00:00"


@pytest.mark.parametrize(
    ("name", "start", "camera"),
    [
        ("NVR_ch1_main_20261103140211_20261103150211.dav", NOON, "NVR_ch1"),
        ("ch02_20261103140211.mp4", NOON, "ch02"),
        ("192.168.1.64_01_20261103140211123.mp4", "2026-11-03T14:02:11.123+00:00", "192.168.1.64_01"),
        ("Front-1-20261103140211-20261103150211.mp4", NOON, "Front-1"),
        ("RecM01_DST20261103_140211_150211_0_1234.mp4", NOON, "RecM01"),
        (
            "Front Door 11-3-2026, 14.02.11 GMT+1 - 11-3-2026, 15.02.11 GMT+1.mp4",
            "2026-11-03T14:02:11+01:00",
            "Front Door",
        ),
        ("G3 Flex 11-3-2026, 14.02.11 UTC.mp4", NOON, "G3 Flex"),
        ("20261103_140211_9E1B_ACCC8E012345.mkv", NOON, ""),
        ("Camera 1 2026-11-03 14.02.11.avi", NOON, "Camera 1"),
        ("Hall_2026-11-03_14h02min11s.g64x", NOON, "Hall"),
        ("gate_20261103_140211.mp4", NOON, "gate"),
        ("2026-11-03_14-02-11.mkv", NOON, ""),
        ("VID_20261103_140211.mp4", NOON, ""),
        ("yard_2026-11-03T14-02-11Z.ts", NOON, "yard"),
        ("yard 2026-11-03T140211-0130.ts", "2026-11-03T14:02:11-01:30", "yard"),
        ("2026-11-03T14:02:11.250+05:30.mp4", "2026-11-03T14:02:11.250+05:30", ""),
        ("cam7_1793714531.mp4", "2026-11-03T14:02:11+00:00", "cam7"),
        ("cam7_1793714531250.mp4", "2026-11-03T14:02:11.250+00:00", "cam7"),
        ("x_20240229_235959.mp4", "2024-02-29T23:59:59+00:00", "x"),
    ],
)
def test_names_of_common_recorders_give_start_and_camera(name: str, start: str, camera: str) -> None:
    assert start_from_name(name) == StartTime(utc(start), "file name", camera=camera)


@pytest.mark.parametrize(
    "name",
    [
        "campus4-c0.mp4",
        "",
        "x_20261303_140211.mp4",  # month 13
        "x_20250229_000000.mp4",  # no leap year
        "x_20261103_246060.mp4",
        "PETS09-S2L1_480x360.avi",
        "serial 120261103140211999999999.mp4",
        "phone 4917612345678.mp4",
        "20261103.mp4",
    ],
)
def test_what_is_no_date_is_no_start(name: str) -> None:
    assert start_from_name(name) is None


def test_times_are_in_the_cameras_zone_unless_the_name_says_otherwise() -> None:
    assert start_from_name("a_20260703_140211.mp4", zone="Europe/Berlin") == StartTime(
        utc("2026-07-03T14:02:11+02:00"), "file name", camera="a"
    )
    for name in ["a 2026-07-03T14-02-11Z.mp4", "PXL_20260703_140211000.mp4", "a 7-3-2026, 14.02.11 UTC.mp4"]:
        found = start_from_name(name, zone="Europe/Berlin")
        assert found is not None
        assert found.start_us == utc("2026-07-03T14:02:11Z")


def test_the_hour_that_happens_twice_is_the_first_and_said() -> None:
    found = start_from_name("gate_20261025_023000.mp4", zone="Europe/Berlin")
    assert found is not None
    assert found.start_us == utc("2026-10-25T02:30:00+02:00")
    assert found.note == (
        "2026-10-25 02:30:00 in Europe/Berlin happened twice, the clocks went back; the first is taken, "
        "the second is 1:00:00 later"
    )


def test_the_hour_that_never_happens_is_read_as_the_next_and_said() -> None:
    found = start_from_name("gate_20270328_023000.mp4", zone="Europe/Berlin")
    assert found is not None
    assert found.start_us == utc("2027-03-28T03:30:00+02:00")
    assert found.note == (
        "2027-03-28 02:30:00 in Europe/Berlin never happened, the clocks went forward; it is read as 03:30:00"
    )


@pytest.mark.parametrize("second", ["20261025_015959", "20261025_030000", "20270328_015959", "20270328_030000"])
def test_the_seconds_beside_a_change_of_clocks_are_plain(second: str) -> None:
    found = start_from_name(f"gate_{second}.mp4", zone="Europe/Berlin")
    assert found is not None
    assert found.note == ""


def test_a_sites_own_pattern_comes_first() -> None:
    pattern = r"(?P<camera>[A-Z]+)--(?P<day>\d\d)(?P<month>\d\d)(?P<year>\d\d) (?P<hour>\d\d)u(?P<minute>\d\d)"
    found = start_from_name("KASSE--031126 14u02 20200101_000000.mp4", [pattern])
    assert found == StartTime(utc("2026-11-03T14:02:00Z"), "file name", camera="KASSE")
    assert start_from_name("clip@1793714531", [r"clip@(?P<epoch>\d+)$"]) == StartTime(utc(NOON), "file name")
    assert start_from_name("gate_20261103_140211.mp4", [pattern]) == start_from_name("gate_20261103_140211.mp4")


@pytest.mark.parametrize(
    ("pattern", "wrong"), [("(", "no regular expression"), (r"(?P<year>\d+)", "lacks named groups")]
)
def test_a_pattern_that_cannot_work_is_refused(pattern: str, wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong):
        start_from_name("a.mp4", [pattern])


def test_a_zone_that_does_not_exist_is_refused() -> None:
    for zone in ["Europe/Atlantis", "", "../etc/passwd"]:
        with pytest.raises(SettingsError, match="is no time zone"):
            start_from_name("a.mp4", zone=zone)


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2098, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    st.sampled_from(["%Y%m%d%H%M%S", "%Y%m%d_%H%M%S", "%Y-%m-%d_%H-%M-%S", "%Y.%m.%d %H.%M.%S", "%Y-%m-%dT%H:%M:%SZ"]),
    st.sampled_from(["cam", "Halle 3", "ch07", "Tür-2"]),
)
def test_every_moment_in_every_form_is_found(moment: datetime, form: str, camera: str) -> None:
    found = start_from_name(f"{camera}_{moment.strftime(form)}.mp4")
    assert found == StartTime(utc(moment.isoformat() + "Z"), "file name", camera=camera)


@given(st.text())
def test_no_name_breaks_it(name: str) -> None:
    found = start_from_name(name, zone="Europe/Berlin")
    assert found is None or found.start_us < utc("2100-01-02T00:00:00Z")


# which start counts ---------------------------------------------------------------------------------------------------


def test_by_hand_beats_the_name_which_beats_the_container() -> None:
    name = StartTime(2_000_000, "file name", "a note", "gate")
    dated = utc("2020-01-01T00:00:00Z")
    assert decide_start(1, name, dated) == StartTime(1, "by hand", camera="gate")
    assert decide_start(None, name, dated) == name
    container = decide_start(None, None, dated)
    assert (container.start_us, container.origin) == (dated, "container")
    assert "some recorders write the end" in container.note


@pytest.mark.parametrize("container", [None, 0, utc("1904-01-01T00:00:00Z"), utc("1970-01-02T00:00:00Z")])
def test_without_any_start_it_is_unknown_and_said_without_a_year_that_means_nothing(container: int | None) -> None:
    start = decide_start(None, None, container)
    assert (start.start_us, start.origin) == (0, "unknown")
    assert "times are how far into it" in start.note
    assert "1970" not in start.note


def test_a_time_needs_its_offset() -> None:
    assert parse_time("2026-11-03T14:02:11+01:00") == parse_time(" 2026-11-03T13:02:11Z ")
    assert parse_time("1970-01-01T00:00:00.000001Z") == 1
    assert parse_time("1969-12-31T23:59:59.999999Z") == -1
    with pytest.raises(UsageError, match="does not say its offset from UTC"):
        parse_time("2026-11-03T14:02:11")
    with pytest.raises(UsageError, match="'yesterday' is no time: write it like"):
        parse_time("yesterday")


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_times_are_exact_to_the_microsecond(moment: datetime, minutes: int) -> None:
    sign = "-" if minutes < 0 else "+"
    offset = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=parse_time(moment.isoformat() + offset))
    assert expected.replace(tzinfo=None) == moment - timedelta(minutes=minutes)


def test_a_pipe_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        expand([pipe])
    (found,) = expand([tmp_path])  # a folder's other recordings are read all the same
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        content_sha256(found.path, JobControl())
