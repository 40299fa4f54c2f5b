"""``reappear demo``: the main job from start to end on a folder of recordings, on a screen or without one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import resources
from app.commands.analyse import ingest
from app.commands.investigate import show
from app.commands.program import Program, tell, telling
from app.local_time import date_and_time
from reid_engine.case import Case
from reid_engine.process import forbid_network
from reid_engine.recordings.groups import proposed_camera
from reid_engine.recordings.start import start_from_name
from reid_engine.search import SearchRequest
from reid_engine.truth import Truth
from reid_engine.types import TrackletId

PROBES = 3
MATCHES = 5
LEAST_BOXES = 10
DEMO_FPS = 8.0
LONGEST_S = 60.0  # for the picture of the window


def register(line: typer.Typer) -> None:
    """Add the verb."""
    line.command()(demo)


def demo(
    context: typer.Context,
    footage: Annotated[str, typer.Option(metavar="FOLDER", help="Recordings; else the bundled ones.")] = "",
    detector: Annotated[str, typer.Option(metavar="W", help="YOLO weights; else the bundled ones.")] = "",
    embedder: Annotated[str, typer.Option(metavar="W", help="A re-ID network; else the bundled one.")] = "",
    case: Annotated[Path, typer.Option(metavar="CASE", help="Where the case is made.")] = Path("demo.case"),
) -> int:
    """Ingest recordings, ask for three people, write contact sheets; then open the window where there is a screen.

    Nothing here needs a network: connections of this process and its children are refused (see ``forbid_network``).
    """
    forbid_network()
    recordings = Path(footage) if footage else resources.path("demo")
    networks = [Path(one) if one else None for one in (detector, embedder)]
    purpose = "the demo: people who do not exist" if not footage else ""
    status = ingest(
        context, case, [recordings] if footage else [], camera=[] if footage else bundled_cameras(recordings),
        detector=networks[0], embedder=networks[1], fps=None if footage else DEMO_FPS, purpose=purpose,
    )  # fmt: skip
    if status not in (0, 3):
        return status
    truth = Truth.beside(recordings)
    with telling(Case.open(case)) as opened:
        asked = clearest(opened)
        for probe in asked:
            ask(opened, probe, truth)
        who_is_here(opened, truth)
    program: Program = context.obj
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        from app.gui import run

        return run(case, program.command)
    picture = case / "exports" / "window.png"
    if asked:
        drawn = photograph(program, case, asked[0], picture)
        sys.stdout.write(f"picture of the window: {picture if drawn else 'it could not be drawn here'}\n")
    tell(f"no screen here, so the window stays closed; with one:  reappear gui {case}")
    return status


def bundled_cameras(folder: Path) -> list[str]:
    """NAME=FILE of every recording that comes along, the camera as the file's name says."""
    files = sorted(folder.glob("*.mp4"))
    return [f"{proposed_camera(file, start_from_name(file.name))}={file}" for file in files]


def clearest(case: Case) -> list[TrackletId]:
    """The tracklets whose people are seen best, from different cameras where there are several."""
    ids = [TrackletId(number) for number in case.store.find().tolist()]
    known = [tracklet for tracklet in case.store.tracklets(ids) if len(tracklet.xyxy) >= LEAST_BOXES]
    best = sorted(known, key=lambda tracklet: -tracklet.quality)
    seen: dict[int, int] = {}
    turns = []
    for tracklet in best:
        turns.append((seen.get(tracklet.camera, 0), tracklet.id))
        seen[tracklet.camera] = seen.get(tracklet.camera, 0) + 1
    return [number for _, number in sorted(turns, key=lambda turn: turn[0])[:PROBES]]


def photograph(program: Program, case: Path, probe: TrackletId, picture: Path) -> bool:
    """The window with the answer for ``probe``, drawn by another process without a screen; whether it worked."""
    words = [*program.command, "gui", str(case), "--ask", str(probe), "--picture", str(picture)]
    without_screen = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    try:
        subprocess.run(words, env=without_screen, capture_output=True, timeout=LONGEST_S, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return False
    return picture.is_file()


def ask(case: Case, probe: TrackletId, truth: Truth | None = None) -> None:
    """Where else is this person? Printed, the truth beside it, and as a contact sheet in the case's exports."""
    cameras = {camera.id: camera for camera in case.store.cameras()}
    (tracklet,) = case.store.tracklets([probe])
    camera = cameras[tracklet.camera]
    when = date_and_time(tracklet.start_us, camera.clock.zone)
    person = truth.person(case.store, tracklet) if truth else None
    really = f", really person {person}" if person is not None else ""
    sys.stdout.write(f"\nWhere else was tracklet {probe} ({camera.name}, {when}{really})?\n")
    request = SearchRequest(probe=probe, model=case.model(), limit=MATCHES)
    result = case.search(request)
    show(result, cameras, judged(case, truth, person, [match.tracklet for match in result.matches]))
    sheet = case.folder / "exports" / f"who is tracklet {probe}.png"
    case.contact_sheet(request, result, sheet, when=date_and_time)
    sys.stdout.write(f"contact sheet: {sheet}\n")


def who_is_here(case: Case, truth: Truth | None = None) -> None:
    """Everybody put together into likely people: how many, and their faces as a sheet in the case's exports."""
    if not case.store.models():
        return  # nobody was seen
    found = case.likely_people()
    seen = [number for group in found.groups for number in group.tracklets]
    really = set() if truth is None else {truth.person(case.store, one) for one in case.store.tracklets(seen)} - {None}
    known = f"; {len(really)} by the truth" if really else ""
    sys.stdout.write(f"\nWho is here? {len(found.groups)} likely people in {len(seen)} tracklets{known}\n")
    sheet = case.folder / "exports" / "who is here.png"
    case.people_sheet(found, sheet, when=date_and_time)
    sys.stdout.write(f"their faces: {sheet}\n")


def judged(
    case: Case, truth: Truth | None, person: int | None, matches: Sequence[TrackletId]
) -> dict[TrackletId, str] | None:
    """What the truth says of every match; None where there is no truth."""
    if truth is None:
        return None
    found = {}
    for tracklet in case.store.tracklets(list(matches)):
        seen = truth.person(case.store, tracklet)
        same = seen is not None and seen == person
        found[tracklet.id] = "same" if same else "nobody sure" if seen is None else f"person {seen}"
    return found
