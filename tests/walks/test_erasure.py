"""By the command line: plan, erase, check, ingest again, hold, retention."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import main
from reid_engine.case import Case
from reid_engine.store import EraseScope
from tests.support.footage import two_cameras
from tests.support.networks import stripe_embedder
from tests.support.program import program
from tests.support.scripted import write_script

pytestmark = pytest.mark.walk


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder, and the words of its ingest."""
    folder = tmp_path_factory.mktemp("world")
    files = [str(path) for path in two_cameras(folder, seconds=4.0)]
    detector, embedder = write_script(folder), stripe_embedder(folder)
    words = [*files, "--detector", str(detector), "--embedder", str(embedder), "--start", "2026-11-03T14:02:11Z"]
    return folder, words


def test_an_erasure_from_the_plan_to_the_refusal(
    world: tuple[Path, list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    folder, words = world
    case = str(folder / "case")

    def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        status = main(arguments, program=program())
        return status, *capfd.readouterr()

    assert call("ingest", case, *words)[0] == 0
    with Case.open(Path(case)) as opened:
        everybody = [int(t) for t in opened.erasure(EraseScope(before_us=1 << 60)).rows.tracklets]
        picture = opened.store.best_crops(opened.store.present([everybody[0]]))[everybody[0]]  # type: ignore[list-item, index]
        first = Path(opened.store.sources()[0].path).name
    assert any(picture in path.read_bytes() for path in Path(case).rglob("*") if path.is_file())

    status, plan, said = call("erase", case, "--tracklet", str(everybody[0]))
    assert (status, "Goes for good: 1 track" in plan, "only a plan" in said) == (0, True, True)
    assert json.loads(call("erase", case, "--tracklet", str(everybody[0]), "--json")[1])["tracklets"] == everybody[:1]
    assert call("erase", case, "--tracklet", str(everybody[0]), "--yes")[0] == 2, "a reason is needed"
    assert call("hold", case, "court order", "--tracklet", str(everybody[0]))[0] == 0
    assert call("erase", case, "--tracklet", str(everybody[0]), "--yes", "--reason", "asked")[0] == 3
    number = call("hold", case)[1].split()[0]
    assert call("hold", case, "ended", "--lift", number)[0] == 0
    status, _, said = call("erase", case, "--tracklet", str(everybody[0]), "--yes", "--reason", "asked")
    assert (status, "erased for good" in said) == (0, True)
    assert not any(picture in path.read_bytes() for path in Path(case).rglob("*") if path.is_file())
    assert (call("check", case)[0], call("record", case)[0]) == (0, 0)

    status, _, said = call("ingest", case, *words)
    assert (status, said.count("already ingested")) == (0, 2), "what was erased does not come back by itself"
    status, _, said = call("ingest", case, *words, "--fps", "10", "--replace")
    assert (status, said.count("add --again")) == (3, 1), "the other recording is analysed again"

    assert call("erase", case, "--recording", first, "--yes", "--reason", "asked")[0] == 0
    status, _, said = call("ingest", case, *words, "--fps", "10")
    assert (status, "was erased on" in said) == (3, True)
    elsewhere = ["--camera", f"other={words[0]}", *words[2:]]
    assert call("ingest", case, *elsewhere)[0] == 3, "under another camera's name neither"
    assert call("check", case)[0] == 0
    status, _, said = call("ingest", case, *words, "--fps", "10", "--again")
    assert (status, "though it was erased" in said) == (0, True), said
    with Case.open(Path(case)) as opened:
        again = [int(t) for t in opened.erasure(EraseScope(before_us=1 << 60)).rows.tracklets]
        assert min(again) > max(everybody), "numbers are not given twice"
    assert call("check", case)[0] == 0

    assert call("retention", case, "--until", "2026-11-04T00:00:00Z")[0] == 0
    assert "which is over" in call("cases", str(folder))[1]
    due = json.loads(call("retention", case, "--json")[1])
    assert due["due"] == len(again)
    offered = call("retention", case)[1].split("--before ")[1].split()[0]
    assert f"({', '.join(map(str, again))})" in call("erase", case, "--before", offered)[1]
    assert json.loads(call("retention", case, "--days", "36500", "--json")[1])["due"] == 0
