"""What the bench says and how it reads memory; nothing is timed here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bench.figures import Target, alternate, median, rate_after, table, torch_target
from tests.bench.memory import family, family_mib, parents, pss_kib

ROLLUP = "5581 - 7ffd [rollup]\nRss:    9000 kB\nPss:    2048 kB\nPss_Dirty:    77 kB\nSwapPss:   1 kB\n"


def process(proc: Path, number: int, parent: int, rollup: str | None, name: str = "python") -> None:
    folder = proc / str(number)
    folder.mkdir(parents=True)
    (folder / "stat").write_text(f"{number} ({name}) S {parent} 1 1 0")
    if rollup is not None:
        (folder / "smaps_rollup").write_text(rollup)


@pytest.mark.parametrize(("value", "met"), [(0.84, False), (0.85, True), (1.2, True)])
def test_a_target_is_met_from_its_bound_on(value: float, met: bool) -> None:
    target = Target("of the limit", value, 0.85)
    assert target.met is met
    assert ("NOT MET" in target.line()) is not met
    assert f"{value:.2f}" in target.line()
    assert "at least 0.85" in target.line()


def test_a_target_may_be_a_ceiling() -> None:
    assert Target("MiB", 1536, 1536, "MiB", at_most=True).met
    above = Target("MiB", 1537, 1536, "MiB", at_most=True)
    assert not above.met
    assert "at most 1536 MiB: NOT MET" in above.line()


def test_more_is_asked_where_the_processor_has_bf16() -> None:
    assert (torch_target(True), torch_target(False)) == (2.5, 1.5)


def test_runs_come_in_turn_and_every_second_round_backwards() -> None:
    assert list(alternate({"a": lambda: 1, "b": lambda: 2}, 3)) == [
        ("a", 1), ("b", 2), ("b", 2), ("a", 1), ("a", 1), ("b", 2),
    ]  # fmt: skip


def test_a_median_of_nothing_is_refused() -> None:
    assert median([3.0, 1.0, 2.0]) == 2.0
    with pytest.raises(ValueError, match="nothing"):
        median([])


def test_the_rate_counts_from_the_first_progress_with_pictures() -> None:
    lines: list[tuple[float, dict[str, Any]]] = [
        (1.0, {"event": "progress", "stage": "hash", "done": 5}),
        (2.0, {"event": "progress", "stage": "analyse", "frames": 0}),
        (3.0, {"event": "progress", "stage": "analyse", "frames": 20}),
        (4.0, {"event": "progress", "stage": "analyse", "frames": 90}),
        (7.0, {"event": "result", "files": [{"frames_analysed": 60}, {"frames_analysed": 40}]}),
    ]
    assert rate_after(lines) == 20.0
    with pytest.raises(ValueError, match="too short"):
        rate_after([lines[0], lines[-1]])


def test_a_table_keeps_its_columns_under_one_another() -> None:
    drawn = table(("", "a second"), [("ours", "100.0"), ("the limit", "9.5")]).splitlines()
    assert len({len(line) for line in drawn}) == 1
    assert drawn[1].startswith("  ours ")
    assert drawn[2].endswith("9.5")


def test_the_proportional_size_is_read_and_no_other() -> None:
    assert pss_kib(ROLLUP) == 2048
    assert pss_kib("") == 0


def test_memory_is_that_of_a_process_and_all_who_descend_from_it(tmp_path: Path) -> None:
    process(tmp_path, 10, 1, ROLLUP)
    process(tmp_path, 11, 10, ROLLUP, name="odd ) name (")
    process(tmp_path, 12, 11, ROLLUP)
    process(tmp_path, 13, 10, None)  # it ended while we looked
    process(tmp_path, 20, 1, ROLLUP)
    (tmp_path / "meminfo").write_text("no process")
    assert sorted(family(10, parents(tmp_path))) == [10, 11, 12, 13]
    assert family_mib(10, tmp_path) == 6.0
