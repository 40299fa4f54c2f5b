"""``reappear demo``: the main job from start to end on a folder of recordings, on a screen or without one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import resources
from app.commands.analyse import ingest
from app.commands.investigate import show
from app.commands.program import Program, tell
from app.local_time import date_and_time
from reid_engine.case import Case
from reid_engine.search import SearchRequest
from reid_engine.store import TrackletFilter
from reid_engine.types import TrackletId

PROBES = 3
MATCHES = 5
LEAST_BOXES = 10
DEMO_FPS = 8.0


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
    """Ingest recordings, ask for three people, write contact sheets; then open the window where there is a screen."""
    recordings = Path(footage) if footage else resources.path("demo")
    networks = [Path(one) if one else None for one in (detector, embedder)]
    purpose = "the demo: people who do not exist" if not footage else ""
    status = ingest(
        context, case, [recordings], detector=networks[0], embedder=networks[1], fps=None if footage else DEMO_FPS,
        purpose=purpose,
    )  # fmt: skip
    if status not in (0, 3):
        return status
    with Case.open(case) as opened:
        for probe in clearest(opened):
            ask(opened, probe)
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        tell(f"no screen here, so the window stays closed; with one:  reappear gui {case}")
        return status
    from app.gui import run

    program: Program = context.obj
    return run(case, program.command)


def clearest(case: Case) -> list[TrackletId]:
    """The tracklets whose people are seen best, from different cameras where there are several."""
    ids = [TrackletId(number) for number in case.store.find(TrackletFilter()).tolist()]
    known = [tracklet for tracklet in case.store.tracklets(ids) if len(tracklet.xyxy) >= LEAST_BOXES]
    best = sorted(known, key=lambda tracklet: -tracklet.quality)
    seen: dict[int, int] = {}
    turns = []
    for tracklet in best:
        turns.append((seen.get(tracklet.camera, 0), tracklet.id))
        seen[tracklet.camera] = seen.get(tracklet.camera, 0) + 1
    return [number for _, number in sorted(turns, key=lambda turn: turn[0])[:PROBES]]


def ask(case: Case, probe: TrackletId) -> None:
    """Where else is this person? Printed, and as a contact sheet in the case's exports."""
    cameras = {camera.id: camera for camera in case.store.cameras()}
    (tracklet,) = case.store.tracklets([probe])
    camera = cameras[tracklet.camera]
    when = date_and_time(tracklet.start_us, camera.clock.zone)
    sys.stdout.write(f"\nWhere else was tracklet {probe} ({camera.name}, {when})?\n")
    request = SearchRequest(probe=probe, model=case.model(), limit=MATCHES)
    result = case.search(request)
    show(result, cameras)
    sheet = case.folder / "exports" / f"who is tracklet {probe}.png"
    case.contact_sheet(request, result, sheet, when=date_and_time)
    sys.stdout.write(f"contact sheet: {sheet}\n")
