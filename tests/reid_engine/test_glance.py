"""Pictures that show nothing new are not detected again, and nothing that was found gets lost by that."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from reid_engine.analysis import Checkpoint
from reid_engine.boxes import Letterbox
from reid_engine.case import Case
from reid_engine.embedding import load_embedder
from reid_engine.glance import MARGIN, TRUSTED_US, Glance, Look, News
from reid_engine.ingest import Ingest, IngestOptions, Wanted
from reid_engine.jobs import JobControl
from reid_engine.settings import DetectionSettings, Settings
from reid_engine.types import BgrImage, Detections, Frame, Part
from tests.support.command import contents
from tests.support.footage import Walk, record, wall
from tests.support.networks import stripe_embedder
from tests.support.scripted import ScriptedDetector

CHANGE = DetectionSettings().change
SIZE = (960, 540)
EMPTY = wall(*SIZE, seed=1)


def look(image: BgrImage, at_us: int = 0) -> Look:
    return Look.at(Frame(1, 0, at_us, image))


def news(seen: Look, later: Look, change: float = CHANGE, *, parts: bool = True) -> News | None:
    return seen.news(later, change, parts=parts)


def some(news: News | None) -> tuple[News, Part]:
    """News of a part only."""
    assert news is not None
    assert news.part is not None
    return news, news.part


def with_somebody(left: int, colour: tuple[int, int, int], *, tall: int = 48, top: int = 300) -> BgrImage:
    image = EMPTY.copy()
    image[top : top + tall, left : left + tall // 3] = colour
    return image


def test_the_noise_of_a_sensor_is_nothing_new() -> None:
    rng = np.random.default_rng(0)
    noisy = [np.clip(EMPTY + rng.normal(0, 6, EMPTY.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    assert news(look(noisy[0]), look(noisy[1])) is None


@pytest.mark.parametrize("colour", [(0, 0, 0), (90, 90, 90), (150, 150, 150), (60, 120, 190)])
@pytest.mark.parametrize("left", [0, 311, 944])
def test_a_small_person_anywhere_is_looked_at_with_room_around(colour: tuple[int, int, int], left: int) -> None:
    """As tall as 32 pixels where the detector sees 640 across: no smaller ones are found."""
    _, part = some(news(look(EMPTY), look(with_somebody(left, colour))))
    room = MARGIN * 10  # pixels of a cell; cells at the person's edge may hardly change
    assert part.left <= max(left + 10 - room, 0)
    assert part.top <= 310 - room
    assert part.right >= min(left + 6 + room, 960)
    assert part.bottom >= 338 + room


def test_clothes_as_bright_as_what_is_behind_are_seen_by_their_colour() -> None:
    grey, green = EMPTY.copy(), EMPTY.copy()
    grey[:], green[:] = 128, 128
    green[300:348, 400:416] = (100, 145, 110)  # the same brightness
    assert news(look(grey), look(green)) is not None


def test_whoever_creeps_is_seen_once_it_adds_up() -> None:
    """Each picture is compared with what was last looked at, not with the one before."""
    places = [with_somebody(400 + step, (90, 90, 90)) for step in range(12)]
    assert news(look(places[0]), look(places[1]), 20.0) is None
    assert news(look(places[0]), look(places[-1]), 20.0) is not None


def test_whoever_creeps_elsewhere_adds_up_while_something_else_is_looked_at() -> None:
    """What lies outside a part was not looked at, and stays what the next picture is compared with."""
    seen = look(with_somebody(100, (90, 90, 90)))
    for step in range(12):
        image = with_somebody(100 + step, (90, 90, 90))
        image[300:400, 800 + 4 * step : 840 + 4 * step] = (0, 0, 200)
        something = news(seen, look(image), 20.0)
        assert something is not None
        if something.changed[:, :30].any():
            break
        assert some(something)[1].left > 130
        seen = something.seen
    else:
        pytest.fail("the one who creeps was never seen")
    assert step > 1


def test_after_a_while_the_detector_looks_at_the_whole_picture_whatever_there_is() -> None:
    assert news(look(EMPTY), look(EMPTY, TRUSTED_US - 1)) is None
    late = news(look(EMPTY), look(EMPTY, TRUSTED_US))
    assert late is not None
    assert late.part is None
    assert late.seen.offset_us == TRUSTED_US


def test_looking_at_parts_does_not_put_off_the_look_at_the_whole() -> None:
    something, _ = some(news(look(EMPTY), look(with_somebody(400, (0, 0, 0)), TRUSTED_US - 1)))
    whole = news(something.seen, look(with_somebody(400, (0, 0, 0)), TRUSTED_US))
    assert whole is not None
    assert whole.part is None


def test_without_a_least_change_every_picture_is_looked_at_whole() -> None:
    whole = news(look(EMPTY), look(EMPTY, 1), 0.0)
    assert whole is not None
    assert whole.part is None


def test_where_much_is_new_or_a_detector_sees_no_parts_the_whole_is_looked_at() -> None:
    wide = EMPTY.copy()
    wide[100:400, 40:920] = 0
    for whole in (news(look(EMPTY), look(wide)), news(look(EMPTY), look(with_somebody(9, (0, 0, 0))), parts=False)):
        assert whole is not None
        assert whole.part is None
        assert whole.changed.all()


@pytest.mark.parametrize(
    "size", [(540, 960), (1080, 1920), (720, 1280), (480, 640), (288, 360), (960, 540), (353, 287)]
)
def test_parts_of_every_camera_become_inputs_of_few_shapes(size: tuple[int, int]) -> None:
    """A network is compiled for each shape, so there must not be many."""
    rng = np.random.default_rng(3)
    empty = np.full((*size, 3), 128, np.uint8)
    whole = Letterbox.fit(size, (640, 640), 32)
    shapes = set()
    for _ in range(200):
        image = empty.copy()
        y, x = int(rng.integers(size[0])), int(rng.integers(size[1]))
        high, wide = (int(rng.uniform(0.02, 0.5) * max(size)) for _ in range(2))
        image[y : y + high, x : x + wide] = 0
        something = news(look(empty), look(image))
        if something is None or something.part is None:
            continue
        part = something.part
        assert 0 <= part.left < part.right <= size[1]
        assert 0 <= part.top < part.bottom <= size[0]
        shapes.add(whole.of_part(part, 32).outer)
        assert (part.bottom - part.top) * (part.right - part.left) < 0.85 * size[0] * size[1]
    assert shapes
    assert shapes <= {
        (rows, columns)
        for rows in (192, 256, 384, -(-whole.inner[0] // 32) * 32)
        for columns in (192, 256, 384, 512, -(-whole.inner[1] // 32) * 32)
    }


STANDING = (100.0, 300.0, 140.0, 420.0)
BEFORE, NOW = (480.0, 300.0, 520.0, 420.0), (500.0, 300.0, 540.0, 420.0)


def people(*boxes: tuple[float, ...], score: float = 0.9) -> Detections:
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), score, np.float32))


@pytest.fixture(scope="module")
def step() -> tuple[Look, News]:
    """Somebody makes a step to the right; what was seen, and what is new."""
    seen = look(with_somebody(480, (0, 0, 0), tall=120))
    something, part = some(news(seen, look(with_somebody(500, (0, 0, 0), tall=120))))
    assert STANDING[2] < part.left < BEFORE[0] - MARGIN * 10 + 20
    return seen, something


def test_whoever_moved_is_where_the_part_shows_them_and_others_stay(step: tuple[Look, News]) -> None:
    after = Glance(step[0], people(STANDING, BEFORE)).after(step[1], people(NOW, score=0.95))
    assert after is not None
    assert after.people.xyxy.tolist() == [list(NOW), list(STANDING)]
    assert after.people.score.tolist() == pytest.approx([0.95, 0.9])
    assert after.look is step[1].seen


def test_whoever_left_is_gone(step: tuple[Look, News]) -> None:
    after = Glance(step[0], people(STANDING, BEFORE)).after(step[1], Detections.none())
    assert after is not None
    assert after.people.xyxy.tolist() == [list(STANDING)]


def test_a_thing_that_looks_like_somebody_in_a_part_alone_is_left_out(step: tuple[Look, News]) -> None:
    """Nothing changed there, and the whole picture showed nobody."""
    thing = (440.0, 360.0, 460.0, 420.0)
    after = Glance(step[0], people(BEFORE)).after(step[1], people(NOW, thing))
    assert after is not None
    assert after.people.xyxy.tolist() == [list(NOW)]


def test_whoever_stands_in_the_part_but_not_in_what_changed_stays_as_they_were(step: tuple[Look, News]) -> None:
    still = (432.0, 310.0, 468.0, 420.0)
    after = Glance(step[0], people(BEFORE, still)).after(step[1], people(NOW))
    assert after is not None
    assert sorted(after.people.xyxy.tolist()) == sorted([list(NOW), list(still)])


@pytest.mark.parametrize("reach", [(480.0, 0.0, 520.0, 420.0), (480.0, 300.0, 900.0, 420.0)])
def test_somebody_moved_who_reaches_out_of_the_part_so_the_whole_is_looked_at(
    step: tuple[Look, News], reach: tuple[float, ...]
) -> None:
    assert Glance(step[0], people(reach)).after(step[1], people(NOW)) is None


def test_somebody_new_whom_the_part_cuts_calls_for_the_whole_unless_hardly_there(step: tuple[Look, News]) -> None:
    part = step[1].part
    assert part is not None
    cut = (500.0, float(part.top), 540.0, 420.0)
    before = Glance(step[0], people(STANDING))
    assert before.after(step[1], people(cut)) is None
    after = before.after(step[1], people(cut, score=0.2))
    assert after is not None
    assert after.people.xyxy.tolist() == [list(STANDING)]


def test_where_the_picture_ends_nobody_is_cut_by_the_part() -> None:
    seen = look(EMPTY)
    something, part = some(news(seen, look(with_somebody(0, (0, 0, 0), tall=120, top=420))))
    assert (part.left, part.bottom) == (0, 540)
    after = Glance(seen, Detections.none()).after(something, people((0.0, 420.0, 40.0, 540.0)))
    assert after is not None
    assert len(after.people) == 1


def test_a_checkpoint_keeps_what_the_next_picture_is_compared_with() -> None:
    glance = Glance(look(EMPTY, 7), people((1.0, 2.0, 3.0, 4.0), score=0.5))
    block = Checkpoint(1, 1, 0, 7, {}, {}, glance.state()).to_bytes()
    kept = Glance.restored(Checkpoint.from_bytes(block).glance)
    assert (kept.look.offset_us, kept.look.size) == (7, (540, 960))
    assert np.array_equal(kept.look.cells, glance.look.cells)
    assert np.array_equal(kept.people.xyxy, glance.people.xyxy)
    assert np.array_equal(kept.people.score, glance.people.score)


class Counting(ScriptedDetector):
    """Counts the pixels that it is shown."""

    def __init__(self, *, sees_parts: bool = True) -> None:
        super().__init__()
        self.sees_parts = sees_parts
        self.shown = 0

    def detect(self, images: Sequence[BgrImage], parts: Sequence[Part | None] | None = None) -> list[Detections]:
        for image, part in zip(images, parts or [None] * len(images), strict=True):
            self.shown += image[..., 0].size if part is None else part.of(image)[..., 0].size
        return super().detect(images, parts)


def ingested(case: Path, clips: Sequence[Path], change: float, *, batch: int = 4, sees_parts: bool = True) -> float:
    """How many pictures' worth of pixels the detector was shown."""
    detector = Counting(sees_parts=sees_parts)
    detector.wanted_batch = batch
    settings = Settings(detection=DetectionSettings(change=change))
    embedder = load_embedder(stripe_embedder(case.parent, case.name), None, threads=1, control=JobControl())
    with Case.create(case, "a test") as made:
        run = Ingest(made, detector, embedder, settings, IngestOptions(), JobControl())
        reports = run.run([Wanted(clip, clip.stem, 10_000_000) for clip in clips])
    assert {report.state for report in reports} == {"done"}
    return detector.shown / (320 * 240)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """An empty place through which somebody walks, one where somebody comes and then stands, one of two people."""
    folder = tmp_path_factory.mktemp("clips")
    passing = [Walk(0, 3.0, 5.0, -20, 340, 200)]
    staying = [Walk(1, 0.0, 1.5, -20, 150, 200), Walk(1, 1.5, 6.0, 150, 150, 200)]
    beside = [
        Walk(2, 0.0, 8.0, 60, 60, 180),
        Walk(3, 1.0, 4.0, 340, 130, 190, 60),
        Walk(3, 4.0, 7.0, 130, 340, 190, 60),
    ]
    return [
        record(folder / f"{name}.mp4", walks, seconds=8.0)
        for name, walks in {"gate": passing, "hall": staying, "yard": beside}.items()
    ]


@pytest.fixture(scope="module")
def by_four(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The case as it is made by default, and how many pictures' worth of pixels the detector was shown."""
    case = tmp_path_factory.mktemp("by four") / "case"
    return case, ingested(case, clips, CHANGE)


def test_what_is_found_is_the_same_with_a_fraction_of_the_work(
    clips: list[Path], by_four: tuple[Path, float], tmp_path: Path
) -> None:
    every = ingested(tmp_path / "every", clips, 0.0)
    whole = ingested(tmp_path / "whole", clips, CHANGE, sees_parts=False)
    case, parts = by_four
    assert every == 240
    assert whole < 0.6 * every
    assert parts < 0.6 * whole
    found = contents(tmp_path / "every")
    assert contents(tmp_path / "whole") == found
    assert contents(case) == found


@pytest.mark.parametrize("batch", [1, 7])
def test_how_pictures_are_batched_decides_nothing(
    batch: int, clips: list[Path], by_four: tuple[Path, float], tmp_path: Path
) -> None:
    case, shown = by_four
    assert ingested(tmp_path / "case", clips, CHANGE, batch=batch) == shown
    assert contents(tmp_path / "case") == contents(case)
