"""Which recordings an ingest takes: the same content twice, one that has moved, a start that is given later."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import pytest

from reid_engine.case import Case
from reid_engine.embedding import Embedder, load_embedder
from reid_engine.errors import InputError
from reid_engine.ingest import FileReport, Ingest, IngestOptions, Wanted
from reid_engine.jobs import JobControl
from reid_engine.probe import picture_at
from reid_engine.search import SearchRequest
from reid_engine.settings import Settings
from reid_engine.types import BgrImage, Detections, Part
from tests.support.footage import Walk, record
from tests.support.networks import stripe_embedder
from tests.support.recorded import draw, number_in, write_clip
from tests.support.scripted import ScriptedDetector


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("clip") / "gate.mp4", [Walk(0, 0.0, 3.0, 40, 280, 130)], seconds=3.0)


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return load_embedder(stripe_embedder(tmp_path_factory.mktemp("net")), None, threads=1, control=JobControl())


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with Case.create(tmp_path / "case", "a test") as made:
        yield made


def ingest(case: Case, embedder: Embedder, *wanted: Wanted) -> list[FileReport]:
    return Ingest(case, ScriptedDetector(), embedder, Settings(), IngestOptions(), JobControl()).run(wanted)


def test_the_same_content_named_twice_in_one_call_is_analysed_once(
    clip: Path, case: Case, embedder: Embedder, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(clip, tmp_path / "copy.mp4"))
    reports = ingest(case, embedder, Wanted(clip, "Gate"), Wanted(copy, "Gate"), Wanted(clip, "Gate"))
    assert sorted(report.state for report in reports) == ["done", "skipped", "skipped"]
    assert all(str(clip) in report.message for report in reports if report.state == "skipped")
    assert case.store.count_tracklets() == 1
    assert case.check() == []


def test_a_recording_that_no_camera_can_be_called_after_is_named_and_taken_under_another_name(
    clip: Path, case: Case, embedder: Embedder, tmp_path: Path
) -> None:
    odd = Path(shutil.copy(clip, tmp_path / "two\nlines.mp4"))
    refused, taken = (ingest(case, embedder, Wanted(odd, name))[0] for name in (None, "Gate"))
    assert refused.message.startswith("no camera can be called after 'two\\nlines.mp4'")
    assert taken.state == "done"


def test_a_moment_shows_the_picture_that_was_analysed_then(tmp_path: Path, case: Case, embedder: Embedder) -> None:
    """Also where the same stamps come twice, and in a folder of pictures at a rate of its own."""
    parts = [write_clip(tmp_path / f"{first}.ts", first=first) for first in (0, 60)]
    joined, folder = tmp_path / "joined.ts", tmp_path / "folder"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    folder.mkdir()
    for number in range(20):
        cv2.imwrite(str(folder / f"{number}.png"), draw(number))
    options = IngestOptions(folder_fps=5)
    wanted = [Wanted(joined, "Gate"), Wanted(folder, "Hall")]
    run = Ingest(case, ScriptedDetector(), embedder, Settings(), options, JobControl())
    assert [report.state for report in run.run(wanted)] == ["done", "done"]
    gate, hall = case.store.sources()
    assert [number_in(picture_at(gate, number * 40_000)) for number in (7, 100)] == [7, 100]
    assert [number_in(picture_at(hall, number * 200_000)) for number in (3, 19)] == [3, 19]


def test_the_same_content_under_two_cameras_is_two_recordings(clip: Path, case: Case, embedder: Embedder) -> None:
    ingest(case, embedder, Wanted(clip, "Gate"), Wanted(clip, "Hall"))
    assert [source.state for source in case.store.sources()] == ["done", "done"]


def test_a_recording_that_moved_is_read_from_where_it_is_named_again(
    clip: Path, case: Case, embedder: Embedder, tmp_path: Path
) -> None:
    before, after = Path(shutil.copy(clip, tmp_path / "before.mp4")), tmp_path / "after.mp4"
    ingest(case, embedder, Wanted(before, "Gate"))
    copy = Path(shutil.copy(clip, tmp_path / "copy.mp4"))
    ingest(case, embedder, Wanted(copy, "Gate"))
    assert case.store.sources()[0].path == str(before), "it is still there, so a copy changes nothing"
    before.rename(after)
    (report,) = ingest(case, embedder, Wanted(after, "Gate"))
    assert report.state == "skipped"
    assert [source.path for source in case.store.sources()] == [str(after)]
    assert "source moved" in [event.kind for event in case.store.events()]


def test_a_start_given_for_a_recording_that_was_begun_counts(clip: Path, case: Case, embedder: Embedder) -> None:
    ingest(case, embedder, Wanted(clip, "Gate"))
    source = case.store.sources()[0]
    case.store.reset_source(source.id)
    assert case.store.source(source.id).state == "pending"
    (report,) = ingest(case, embedder, Wanted(clip, "Gate", 7_000_000))
    assert (report.start_us, report.start_origin) == (7_000_000, "by hand")
    assert case.store.spans(case.store.present([2])).start_us.tolist()[0] >= 7_000_000
    (report,) = ingest(case, embedder, Wanted(clip, "Gate", 9_000_000))
    assert (report.state, report.start_us) == ("skipped", 9_000_000), "the report says what holds now"


def test_a_name_that_is_no_text_is_refused_and_the_others_are_ingested(
    clip: Path, case: Case, embedder: Embedder, tmp_path: Path
) -> None:
    odd = tmp_path / os.fsdecode(b"odd\xff.mp4")
    shutil.copy(clip, odd)
    reports = {report.state: report for report in ingest(case, embedder, Wanted(odd, "Gate"), Wanted(clip, "Gate"))}
    assert set(reports) == {"failed", "done"}
    assert isinstance(reports["failed"].error, InputError)
    assert r"odd\xff.mp4 holds bytes" in reports["failed"].message


def test_a_case_of_two_models_is_searched_by_the_one_used_last_and_is_sound(
    clip: Path, case: Case, embedder: Embedder, tmp_path: Path
) -> None:
    card = Path(embedder.path).with_suffix(".json").read_text().replace("0.45, 0.45", "0.4, 0.4")
    (tmp_path / "other.json").write_text(card)
    other = load_embedder(embedder.path, tmp_path / "other.json", threads=1, control=JobControl())
    assert other.model != embedder.model
    for network, camera in ((embedder, "Gate"), (other, "Hall"), (embedder, "Yard")):
        ingest(case, network, Wanted(clip, camera))
        assert case.model() == network.model
        assert case.check() == []
    found = case.search(SearchRequest(probe=case.store.present([1])[0], model=case.model()))
    assert [match.tracklet for match in found.matches] == [2, 3]
    found = case.search(SearchRequest(probe=case.store.present([1])[0], model=other.model))
    assert [match.tracklet for match in found.matches] == [2]
    assert any(note.startswith("1 tracklets have no vector") for note in found.notes)


def test_an_ingest_by_another_model_describes_everybody_before_its_first_picture(
    clip: Path, case: Case, embedder: Embedder, tmp_path: Path
) -> None:
    ingest(case, embedder, Wanted(clip, "Gate"))
    card = Path(embedder.path).with_suffix(".json").read_text().replace("0.45, 0.45", "0.4, 0.4")
    (tmp_path / "other.json").write_text(card)
    other = load_embedder(embedder.path, tmp_path / "other.json", threads=1, control=JobControl())
    seen = set()

    class Watching(ScriptedDetector):
        def detect(self, images: Sequence[BgrImage], parts: Sequence[Part | None] | None = None) -> list[Detections]:
            seen.add((case.model(), len(case.store.without_vector(other.model))))
            return super().detect(images, parts)

    Ingest(case, Watching(), other, Settings(), IngestOptions(), JobControl()).run([Wanted(clip, "Hall")])
    assert seen == {(other.model, 0)}
    assert [known.described for known in case.store.known_models()] == [2, 1]


def test_a_recording_that_is_still_written_leaves_nothing_that_would_come_twice(
    clip: Path, case: Case, embedder: Embedder, tmp_path: Path
) -> None:
    growing = Path(shutil.copy(clip, tmp_path / "growing.mp4"))

    class Recorder(ScriptedDetector):
        def detect(self, images: Sequence[BgrImage], parts: Sequence[Part | None] | None = None) -> list[Detections]:
            with growing.open("ab") as file:
                file.write(b"more")
            return super().detect(images, parts)

    run = Ingest(case, Recorder(), embedder, Settings(), IngestOptions(), JobControl())
    (report,) = run.run([Wanted(growing, "Gate")])
    assert (report.state, report.tracklets) == ("failed", 0)
    assert "still being written" in report.message
    assert case.store.sources()[0].state == "failed"
    (report,) = ingest(case, embedder, Wanted(growing, "Gate"))
    assert (report.state, case.store.count_tracklets()) == ("done", 1)
    assert case.check() == []
