"""Who is meant by a picture that somebody brings."""

from __future__ import annotations

import numpy as np
import pytest

from reid_engine.errors import ProbeError, UsageError
from reid_engine.photo import Photo, look
from reid_engine.picture import part
from reid_engine.types import BgrImage, Detections, as_boxes
from tests.support.footage import Walk, draw, wall
from tests.support.scripted import ScriptedDetector

IMAGE: BgrImage = np.arange(40 * 60 * 3, dtype=np.uint8).reshape(40, 60, 3)


class Scored(ScriptedDetector):
    """Two boxes, the right one first and surer."""

    def detect(self, images: object, parts: object = None) -> list[Detections]:
        return [Detections(as_boxes([(30, 5, 50, 35), (5, 5, 15, 35)]), np.array([0.9, 0.3], np.float32))]


def test_people_are_counted_from_the_left_and_weak_boxes_are_nobody() -> None:
    image = wall(200, 160, 1)
    for left in (140.0, 50.0):
        draw(image, Walk(0, 0, 1, left, left, feet=140.0), 0.0)
    found = look(image, ScriptedDetector(), 0.4)
    assert len(found.people) == 2
    assert found.people[0, 0] < found.people[1, 0]
    assert found.listed().startswith("1 at 34,")
    assert look(IMAGE, Scored(), 0.4).people.tolist() == [[30, 5, 50, 35]]
    assert look(IMAGE, Scored(), 0.2).people[:, 0].tolist() == [5, 30]


def test_whoever_is_meant_has_a_box_and_who_is_not_plain_must_be_said() -> None:
    two = Photo(IMAGE, as_boxes([(5, 5, 15, 35), (30, 5, 50, 35)]))
    with pytest.raises(UsageError, match=r"2 people .*1 at 5,5 \(10x30\), 2 at 30,5 \(20x30\); choose one, or 0"):
        two.person(None)
    with pytest.raises(UsageError, match="person 3 is not in this picture: 1 at 5,5"):
        two.person(3)
    assert two.person(2) == [30, 5, 50, 35]
    assert two.person(0) is None
    one = Photo(IMAGE, as_boxes([(5, 5, 15, 35)]))
    assert one.person(None) == [5, 5, 15, 35]
    nobody = Photo(IMAGE, as_boxes([]))
    assert nobody.person(None) is None
    with pytest.raises(UsageError, match="nobody was found in it; 0 is all of it"):
        nobody.person(1)


def test_a_picture_that_is_cut_to_one_person_is_that_person_whoever_else_looks_in() -> None:
    tall = IMAGE.transpose(1, 0, 2)  # 60 high, 40 wide
    portrait = Photo(tall, as_boxes([(0, 2, 6, 20), (2, 1, 38, 59)]))
    assert portrait.portrait
    assert portrait.person(None) is None
    assert not Photo(tall, as_boxes([(2, 1, 20, 40)])).portrait, "a small figure in a tall picture is to be cut out"
    assert not Photo(IMAGE, as_boxes([(0, 0, 60, 40)])).portrait, "nobody is wider than tall"


@pytest.mark.parametrize("box", [(-9, -9, 4, 40), (50, 0, 90, 40), (0, 0, 60, 5), (70, 0, 90, 40)])
def test_a_part_is_cut_at_the_edges_and_too_little_of_it_is_an_error(box: tuple[float, ...]) -> None:
    left, right = max(0, box[0]), min(60, box[2])
    if right - left >= 8 and box[3] - box[1] >= 8:
        assert np.array_equal(part(IMAGE, box), IMAGE[:40, int(left) : int(right)])
    else:
        with pytest.raises(ProbeError, match="at least 8 pixels"):
            part(IMAGE, box)
