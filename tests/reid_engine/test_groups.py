"""An export as cameras: names, coverage against a slow count of seconds, and equal contents."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_engine.recordings import coverage, proposed_camera, same_content, start_from_name


@pytest.mark.parametrize(
    ("path", "camera"),
    [
        ("export/ch01_20261103_140211.mp4", "ch01"),
        ("export/Gate/20261103_140211.mp4", "Gate"),
        ("export/Hall/0007.mp4", "Hall"),
        ("export/entrance.mp4", "entrance"),
        ("20261103_140211.mp4", "20261103_140211"),
    ],
)
def test_a_file_is_called_after_its_name_or_its_folder(path: str, camera: str) -> None:
    assert proposed_camera(Path(path), start_from_name(Path(path).name)) == camera


def test_the_writer_of_a_name_is_told() -> None:
    found = start_from_name("PXL_20261103_140211123.mp4")
    assert found is not None
    assert found.writer.startswith("Pixel")


spans = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=8
)


@given(spans)
def test_coverage_is_what_counting_every_unit_says(spans: list[tuple[int, int]]) -> None:
    found = coverage(spans, least_gap_us=1)
    times_seen = [sum(first <= unit < last for first, last in spans) for unit in range(60)]

    def units(parts: tuple[tuple[int, int], ...]) -> set[int]:
        return {unit for first, last in parts for unit in range(first, last)}

    assert units(found.spans) == {unit for unit in range(60) if times_seen[unit] >= 1}
    assert units(found.overlaps) == {unit for unit in range(60) if times_seen[unit] >= 2}
    first, last = min((s[0] for s in spans), default=0), max((s[1] for s in spans), default=0)
    assert units(found.gaps) == {unit for unit in range(first, last) if times_seen[unit] == 0}


def test_a_hole_shorter_than_two_seconds_is_how_recorders_change_files() -> None:
    assert coverage([(0, 60_000_000), (61_900_000, 120_000_000)]).gaps == ()
    assert coverage([(0, 60_000_000), (63_000_000, 120_000_000)]).gaps == ((60_000_000, 63_000_000),)


def test_equal_contents_are_found_and_files_of_other_sizes_are_not_read(tmp_path: Path) -> None:
    for name, content in {"a": b"first", "b": b"other", "c": b"first", "d": b"a third one", "e": b"known!"}.items():
        (tmp_path / name).write_bytes(content)
    read: list[str] = []

    def digest(path: Path) -> str:
        read.append(path.name)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    sizes = {path: path.stat().st_size for path in sorted(tmp_path.iterdir())}
    known = {(6, hashlib.sha256(b"known!").hexdigest()): "recording 3"}
    found = same_content(sizes, known, digest)
    assert {path.name: of for path, of in found.items()} == {"c": "a", "e": "recording 3"}
    assert read == ["a", "b", "c", "e"]
