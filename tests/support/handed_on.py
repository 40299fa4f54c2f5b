"""A case of two drawn cameras, and what is handed on of it as evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.cli import main
from reid_engine.case import Case
from reid_engine.types import TrackletId
from tests.support.command import Said, Weights
from tests.support.footage import two_cameras
from tests.support.program import program

EAST, WEST = "East «gate»", "West <b>hall</b>"
START = "2026-11-03T14:00:00+01:00"
SIZE = (320, 240)
PURPOSE = "a <script>theft</script>"
GREY = 128
SPAN = ["--before", "0.5", "--after", "0.5"]
WHY = ["--reason", "2026-014"]
FILES = ("journey.csv", "journey.json", "report.html", "record.jsonl", "VERIFY.txt", "verify.py")
Call = Callable[..., Said]


def case_in(home: Path) -> Path:
    """Two cameras; the person of track 1 was found again as the one of the same colours in the other camera."""
    east, west = two_cameras(home, seconds=6.0)
    weights = Weights.write(home).options()[:-1]
    for name, path in ((EAST, east), (WEST, west)):  # one after the other, so that tracks have the same numbers always
        words = ["--camera", f"{name}={path}", "--start", START, "--zone", "Europe/Berlin", "--purpose", PURPOSE]
        assert main(list(map(str, ["ingest", home / "case", *words, *weights])), program()) == 0
    with Case.open(home / "case") as opened:
        opened.decide(TrackletId(1), TrackletId(7), "same")
    assert main(["clock", str(home / "case"), EAST, "--offset-s", "37", "--uncertainty-s", "1"], program()) == 0
    return home / "case"


def exported(case: Path, out: Path, *words: str) -> Path:
    assert main(["evidence", str(case), "1", str(out), *SPAN, *WHY, *words], program()) == 0
    return out


def manifest(package: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((package / "manifest.json").read_text())
    return found
