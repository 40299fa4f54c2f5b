"""A person's sightings handed on: the package proves itself, shows what was recorded, and nobody else if so wished.

The figures are drawn: people are the only colours before a grey wall, so whoever can be seen shows as colour.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from app.cli import main
from app.evidence import EvidenceWords
from reid_engine import verifier
from reid_engine.case import Case
from reid_engine.evidence import EvidenceOptions
from reid_engine.evidence.sightings import pieces_of
from reid_engine.store import EraseScope
from reid_engine.types import TrackletId
from reid_engine.whereabouts import boxes_at
from tests.support.command import Weights
from tests.support.footage import Walk, record
from tests.support.handed_on import EAST, FILES, GREY, PURPOSE, SIZE, SPAN, WEST, WHY, Call, exported, manifest
from tests.support.program import program

pytestmark = pytest.mark.walk


@pytest.fixture(scope="module")
def others(case: Path) -> Path:
    """What nothing but a reason was said about: nobody else is shown."""
    return exported(case, case.parent / "others")


@pytest.fixture(scope="module")
def surroundings(case: Path) -> Path:
    return exported(case, case.parent / "surroundings", "--redact", "surroundings")


def frames(path: Path) -> list[tuple[int, np.ndarray]]:
    """(microseconds, BGR) of every picture."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [
            (round(frame.pts * stream.time_base * 1_000_000), frame.to_ndarray(format="bgr24"))
            for frame in container.decode(stream)
        ]


@cache
def decoded(path: Path) -> dict[int, np.ndarray]:
    """Microseconds after the first picture -> BGR."""
    return dict(frames(path))


def recorded(case: Path, told: dict[str, Any]) -> dict[int, np.ndarray]:
    """The recording of a sighting."""
    return decoded(case.parent / ("east.mp4" if told["camera"] == EAST else "west.mp4"))


def test_a_package_is_whole_and_its_number_is_on_the_record_of_the_case(case: Path, whole: Path, call: Call) -> None:
    said = call("verify", whole)
    assert said.status == 0
    own = hashlib.sha256((whole / "manifest.json").read_bytes()).hexdigest()
    assert own in said.out
    assert "WHOLE" in said.out
    assert call("verify", whole, own.upper()).status == 0
    with Case.open(case, read_only=True) as opened:
        events = [event for event in opened.store.events() if event.kind == "evidence exported"]
        assert opened.store.broken_record() is None
    body = next(event.body for event in events if event.body["folder"] == str(whole))
    assert body["manifest_sha256"] == own
    assert (body["tracklets"], body["reason"], body["recipient"]) == ([1, 7], "asked by <i>court</i>", "Meyer & Sons")
    assert own in call("record", case).out


def test_whoever_walks_by_in_a_package_is_told_of_it_when_he_is_erased(case: Path, whole: Path, others: Path) -> None:
    """Beside the person there are others in the clips; those that are covered there cannot be seen."""
    with Case.open(case, read_only=True) as opened:
        packages = [event.body for event in opened.store.events() if event.kind == "evidence exported"]
        (beside,) = (body["others"] for body in packages if body["folder"] == str(whole))
        assert beside
        assert not set(beside) & {1, 7}
        for number, files in ((beside[0], {str(whole)}), (1, {str(whole), str(others)})):
            shown = opened.erasure(EraseScope(tracklets=(TrackletId(number),))).exports
            assert {str(whole), str(others)} & set(shown) == files


def test_the_manifest_says_where_everything_comes_from(case: Path, whole: Path) -> None:
    told = manifest(whole)
    with Case.open(case, read_only=True) as opened:
        assert told["case"]["uuid"] == opened.store.info().uuid
        assert {r["sha256"] for r in told["recordings"]} == {s.content_sha256 for s in opened.store.sources()}
        assert {n["sha256"] for n in told["networks"]} == {n.sha256 for n in opened.store.networks()}
    assert (told["case"]["purpose"], told["redaction"], told["skipped"]) == (PURPOSE, "none", [])
    assert all(set(r["damage"].values()) == {0} and r["same_now"] for r in told["recordings"])
    first, again = told["sightings"]
    assert first["clock"]["offset_us"] == 37_000_000
    assert first["clip"]["first_utc_us"] == first["clip"]["first_us"] + 1_793_710_800_000_000 - 37_000_000
    assert again["band"]["band"] == "strong"
    assert [said["verdict"] for said in again["decided"]] == ["same"]
    for sighting in (first, again):
        clip = sighting["clip"]
        assert clip["picture_numbers"] == [round(clip[end] / 100_000) for end in ("first_us", "last_us")]
        assert clip["first_us"] <= sighting["asked"]["first_us"] < clip["first_us"] + 100_000
    names = {file["path"] for file in told["files"]}
    assert names.issuperset(FILES)
    assert all(re.fullmatch(r"[A-Za-z0-9./-]+", name) for name in names)
    assert (whole / "verify.py").read_bytes() == Path(verifier.__file__).read_bytes()


def test_the_report_needs_nothing_else_and_takes_no_name_for_a_tag(whole: Path) -> None:
    page = (whole / "report.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 4
    page = re.sub(r'src="data:[^"]+"', "", page)
    assert not re.search(r"<script|<b>hall|<i>court|https?:|//[a-z]|url\(", page)
    assert "a &lt;script&gt;theft&lt;/script&gt;" in page
    assert "West &lt;b&gt;hall&lt;/b&gt;" in page
    for words in ("Meyer &amp; Sons", "+37 s", "± 1 s", "CET", "UTC", "At most 1 % of strangers", "no signature"):
        assert words in page


def test_rendered_pictures_are_those_of_the_recording_at_their_times(case: Path, whole: Path) -> None:
    for told in manifest(whole)["sightings"]:
        source, clip = recorded(case, told), told["clip"]
        shown = frames(whole / clip["path"])
        assert len(shown) == clip["pictures"]
        assert [at_us + clip["first_us"] for at_us, _ in shown] == [
            at_us for at_us in source if clip["first_us"] <= at_us <= clip["last_us"]
        ]
        for at_us, image in shown:
            away = np.abs(image[: SIZE[1], : SIZE[0]].astype(int) - source[at_us + clip["first_us"]])
            assert np.percentile(away, 90) <= 6, "all but the lines round the person are as recorded"
            assert away.mean() < 4


def test_the_copy_of_the_packets_is_bit_by_bit_what_was_recorded(case: Path, whole: Path) -> None:
    def packets(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(video=0) if packet.size]

    for told in manifest(whole)["sightings"]:
        native = told["native"]
        source = packets(case.parent / ("east.mp4" if told["camera"] == EAST else "west.mp4"))
        kept = packets(whole / native["path"])
        first = source.index(kept[0])
        assert source[first : first + len(kept)] == kept
        assert native["first_us"] <= told["asked"]["first_us"]
        assert native["picture_numbers"] == [first, first + len(kept) - 1]
        assert len(frames(whole / native["path"])) == native["pictures"] == len(kept)


def colour(image: np.ndarray) -> np.ndarray:
    """(H, W) how far each pixel is from grey: people are, the wall and a cover are not."""
    return np.asarray(image.max(axis=2).astype(int) - image.min(axis=2))


def box_of(case: Path, told: dict[str, Any]) -> Callable[[int], np.ndarray | None]:
    """Where the person is at a moment of the recording, by the case."""
    with Case.open(case, read_only=True) as opened:
        kept = opened.store.closed_tracklet(TrackletId(told["tracklet"]))
    known = dict(zip(kept.offset_us.tolist(), kept.xyxy, strict=True))
    return known.get


@pytest.mark.parametrize("mode", ["others", "surroundings"])
def test_of_everybody_else_nothing_is_left_and_the_person_is_whole(
    case: Path, mode: str, request: pytest.FixtureRequest
) -> None:
    package: Path = request.getfixturevalue(mode)
    seen = 0
    for told in manifest(package)["sightings"]:
        assert "native" not in told
        clip, source, box_at = told["clip"], recorded(case, told), box_of(case, told)
        covers = {int(line.split()[0]): line.split()[1:] for line in clip["covered"]}
        for at_us, image in frames(package / clip["path"])[::2]:
            offset_us = at_us + clip["first_us"]
            picture, box = image[: SIZE[1], : SIZE[0]], box_at(offset_us)
            for part in covers.get(offset_us, []):
                left, top, right, bottom = map(int, part.split(","))
                inside = picture[top + 6 : bottom - 6, left + 6 : right - 6]  # away from lines and codec's ringing
                assert inside.size == 0 or np.abs(inside.astype(int) - GREY).max() <= 16
            away = colour(picture)
            if box is not None:
                x1, y1, x2, y2 = (round(float(side)) for side in box)
                if x1 > 4 and x2 < SIZE[0] - 4:
                    before = source[offset_us][y1 + 4 : y2 - 4, x1 + 4 : x2 - 4].astype(int)
                    assert np.abs(picture[y1 + 4 : y2 - 4, x1 + 4 : x2 - 4] - before).mean() < 6
                    seen += 1
                away[max(0, y1 - 6) : y2 + 6, max(0, x1 - 6) : x2 + 6] = 0
                assert away.max() < 40, "a colour outside the person's box is somebody else"
        assert (clip["covered_whole"] > 0) == (mode == "surroundings"), "before the first and after the last box"
    assert seen > 10


def test_before_and_after_a_sighting_others_are_covered_and_the_rest_is_seen(case: Path, others: Path) -> None:
    checked = 0
    for told in manifest(others)["sightings"]:
        clip, source = told["clip"], recorded(case, told)
        with Case.open(case, read_only=True) as opened:
            (piece,) = (
                one
                for one in pieces_of(opened, opened.journey(TrackletId(1)), EvidenceOptions(0.5, 0.5))
                if one.tracklet.id == told["tracklet"]
            )
        ends_us = piece.boxes.offset_us[0], piece.boxes.offset_us[-1]
        for at_us, image in frames(others / clip["path"]):
            offset_us, picture = at_us + clip["first_us"], image[: SIZE[1], : SIZE[0]].astype(int)
            if ends_us[0] <= offset_us <= ends_us[1]:
                continue
            assert (np.abs(picture - source[offset_us]).max(axis=2) <= 8).mean() > 0.5, "not grey alone"
            for box in boxes_at(piece.others, piece.time_us(offset_us)).xyxy:
                x1, y1, x2, y2 = (round(float(side)) for side in box.clip(0))
                inside = picture[y1 + 6 : y2 - 6, x1 + 6 : x2 - 6]
                assert inside.size == 0 or np.abs(inside - GREY).max() <= 16
                checked += inside.size > 0
    assert checked > 3


@pytest.mark.parametrize("mode", ["others", "surroundings"])
def test_a_still_keeps_the_person_and_one_grey(case: Path, mode: str, request: pytest.FixtureRequest) -> None:
    package: Path = request.getfixturevalue(mode)
    for told in manifest(package)["sightings"]:
        still = cv2.imread(str(package / told["still"]["path"]))
        lines = {int(line.split()[0]): line.split()[1:] for line in told["clip"]["covered"]}
        x1, y1, x2, y2 = (round(side) for side in told["still"]["box"])
        for part in lines.get(told["still"]["at_us"], []):
            left, top, right, bottom = map(int, part.split(","))
            area = np.ones(SIZE[::-1], bool)
            area[max(0, y1 - 4) : y2 + 4, max(0, x1 - 4) : x2 + 4] = False  # the lines round the person
            assert (still[top:bottom, left:right][area[top:bottom, left:right]] == GREY).all()
        before = recorded(case, told)[told["still"]["at_us"]][y1 + 1 : y2 - 1, x1 + 1 : x2 - 1].astype(int)
        assert np.abs(still[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1] - before).max() <= 4


def test_what_somebody_drew_is_covered_and_no_copy_of_that_camera_is_given(
    case: Path, whole: Path, tmp_path: Path, call: Call
) -> None:
    """Whoever was not detected; the person of track 7 too where it lies over them. The other camera stays as it was."""
    before = next(told for told in manifest(whole)["sightings"] if told["camera"] == WEST)
    first_us, last_us = before["clip"]["first_utc_us"], before["clip"]["last_utc_us"]
    box, until_us, out = "20 10 90.5 200", (first_us + last_us) // 2, tmp_path / "out"
    drawn = f"{WEST} {first_us} {until_us} {box}"
    assert call("evidence", case, 1, out, *SPAN, *WHY, "--redact", "none", "--cover", drawn).status == 0
    east, west = sorted(manifest(out)["sightings"], key=lambda told: told["camera"] == WEST)
    assert "native" in east
    assert "native" not in west
    source, covers = recorded(case, west), {int(line.split()[0]): line for line in west["clip"]["covered"]}
    for at_us, image in frames(out / west["clip"]["path"]):
        offset_us = at_us + west["clip"]["first_us"]
        laid = offset_us + before["clip"]["first_utc_us"] - before["clip"]["first_us"] <= until_us
        inside = image[16:194, 26:84].astype(int)
        assert (np.abs(inside - GREY).max() <= 16) == laid
        assert covers.get(offset_us, "") == (f"{offset_us} 20,10,91,200" if laid else "")
        away = np.abs(inside - source[offset_us][16:194, 26:84])
        assert laid or np.median(away) <= 6, "all but the lines round the person are as recorded"
    told = {"camera": WEST, "from_us": first_us, "to_us": until_us, "box": [20, 10, 90.5, 200]}
    assert manifest(out)["covers"] == west["clip"]["by_hand"] == [told]
    assert east["clip"]["by_hand"] == []
    with Case.open(case, read_only=True) as opened:
        assert opened.store.events()[-1].body["covers"] == [told]
    page = words_of((out / "report.html").read_text("utf-8"))
    assert "left 20, top 10, right 90.5, bottom 200 pixels" in page
    assert "Nothing is covered" not in page
    assert verifier.verify(str(out))[0] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{WEST} 10 20 1 1 9 9", "no clip shows"),
        ("North {from} {to} 1 1 9 9", "no clip shows North"),
        (f"{WEST} {{from}} {{to}} 900 1 990 9", "lies on no picture"),
        (f"{WEST} {{from}} {{to}} 9 1 1 9", "left, top, right, bottom"),
        (f"{WEST} {{to}} {{from}} 1 1 9 9", "ends before it begins"),
        (f"{WEST} {{from}} {{to}} 1 1 9 nan", "left, top, right, bottom"),
        (f"{WEST} {{from}} {{to}} 1 1 9", "is no time"),
        ("{from} {to} 1 1 9 9", "expected"),
        ("", "expected"),
    ],
)
def test_a_cover_that_would_lie_on_nothing_is_refused(
    case: Path, whole: Path, tmp_path: Path, call: Call, words: str, said: str
) -> None:
    clip = next(told["clip"] for told in manifest(whole)["sightings"] if told["camera"] == WEST)
    drawn = words.format(**{"from": clip["first_utc_us"], "to": clip["last_utc_us"]})
    found = call("evidence", case, 1, tmp_path / "out", *SPAN, *WHY, "--only", 7, "--cover", drawn)
    assert (found.status, (tmp_path / "out").exists()) == (2, False)
    assert said in found.err


def test_a_still_is_the_picture_of_its_moment_and_on_the_record(case: Path, tmp_path: Path, call: Call) -> None:
    out = tmp_path / "still.png"
    (told,) = call("still", case, WEST, "2026-11-03T14:00:03.15+01:00", out, "--json").objects
    assert told["time_us"] == 1_793_710_803_100_000
    assert told["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    picture = decoded(case.parent / "west.mp4")[3_100_000]
    assert np.abs(cv2.imread(str(out)).astype(int) - picture).max() <= 4
    assert told["sha256"] in call("record", case).out
    with Case.open(case, read_only=True) as opened:
        seen = opened.store.tracklets_between(opened.store.camera(WEST).id, told["time_us"], told["time_us"])
        assert seen
        assert all(str(out) in opened.erasure(EraseScope(tracklets=(one.id,))).exports for one in seen)
    again = call("still", case, WEST, "2026-11-03T14:00:03+01:00", out)
    assert (again.status, "exists already" in again.err) == (2, True)
    late = call("still", case, WEST, "2026-11-03T15:00:03+01:00", tmp_path / "late.png")
    assert (late.status, (tmp_path / "late.png").exists()) == (3, False)


def words_of(page: str) -> str:
    """The report as it is read: without pictures and tags."""
    return re.sub(r"<[^>]+>", " ", re.sub(r'src="data:[^"]+"', "", page))


def test_a_report_says_where_every_time_comes_from(whole: Path) -> None:
    page = words_of((whole / "report.html").read_text("utf-8"))
    assert "start set by an operator; camera clock +37 s, corrected, ± 1 s" in page
    assert "set by an operator: typed, or read off the clock in the picture; by " in page
    assert "the recording's own" in page.replace("&#x27;", "'")
    assert "Packets" not in page
    recordings = manifest(whole)["recordings"]
    assert {(r["start_origin"], r["start_set"]["operator"]) for r in recordings} == {
        ("by hand", manifest(whole)["operator"])
    }


def test_a_report_says_what_its_bands_rest_on_and_why_and_for_whom_it_was_made(whole: Path, others: Path) -> None:
    page = words_of((others / "report.html").read_text("utf-8"))
    for words in (
        "What the bands rest on", "its card does not say on whom and when they were measured",
        "tracks in the case 2 are this person", "0 were decided to be somebody else",
        "this is the sighting that the journey begins with",
        "compared with the sighting that the journey begins with", "2026-014", "not said",
    ):  # fmt: skip
        assert words in page
    assert "searched for" not in page
    told = manifest(whole)
    assert (told["bands"]["calibrated"], told["bands"]["model"]) == (True, told["sightings"][1]["band"]["model"])
    assert told["decided"]["same"] == 2
    assert told["decided"]["undecided"] == told["decided"]["tracks"] - 2


@pytest.fixture(scope="module")
def undated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case of a recording that has neither a date nor times of its own."""
    home = tmp_path_factory.mktemp("undated")
    raw = home / "hall.264"
    two = record(home / "hall.mp4", [Walk(0, 0.2, 3.0, -20, 340, 110)], seconds=4.0, fps=25)
    with av.open(str(two)) as source, av.open(str(raw), "w", "h264") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    weights = Weights.write(home).options()[:-1]
    assert main(list(map(str, ["ingest", home / "case", raw, *weights])), program()) == 0
    return home / "case"


def test_of_a_recording_of_unknown_time_no_date_is_invented(undated: Path, tmp_path: Path, call: Call) -> None:
    with Case.open(undated, read_only=True) as opened:
        (number,) = opened.store.present([TrackletId(1)])
    out = tmp_path / "out"
    assert call("evidence", undated, number, out, *SPAN, *WHY).status == 0
    page = words_of((out / "report.html").read_text("utf-8"))
    assert "1970" not in page.replace(manifest(out)["record"]["last_sha256"], "")
    assert "time unknown, 0." in page
    assert "start unknown; 25 pictures a second are assumed" in page
    assert "unknown: nobody has set it" in page
    assert "1970" not in (out / "journey.csv").read_text("utf-8")
    with Case.open(undated, read_only=True) as opened:
        (piece,) = pieces_of(opened, opened.journey(number), EvidenceOptions())
        lines = EvidenceWords(opened).caption(piece, piece.time_us(480_000))
    assert lines[1:3] == ("time unknown, 0.480 s into the recording", "start unknown; 25 pictures a second are assumed")
