"""``reappear ingest``: recordings into a case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.arguments import DetectorFile, EmbedderCard, EmbedderFile, JsonLines, LongControl, Threads
from app.commands.program import Program, failure_told, job, load_networks, tell, telling
from app.networks import bundled, standard
from reid_engine.case import Case
from reid_engine.errors import UsageError
from reid_engine.ingest import FileReport, Ingest, IngestOptions, Wanted
from reid_engine.recordings import parse_time
from reid_engine.store import checked_name


def register(line: typer.Typer) -> None:
    """Add the verbs of this family."""
    for verb in (ingest, prepare):
        line.command()(verb)


def ingest(
    context: typer.Context,
    case: Annotated[Path, typer.Argument(metavar="CASE", help="The case folder; made where there is none.")],
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...", help="Videos, folders.")] = None,
    detector: DetectorFile = None,
    embedder: EmbedderFile = None,
    embedder_card: EmbedderCard = None,
    fps: Annotated[float | None, typer.Option(help="Pictures analysed per second; else as in the settings.")] = None,
    folder_fps: Annotated[float, typer.Option(help="Pictures per second of a folder of pictures.")] = 25.0,
    camera: Annotated[list[str] | None, typer.Option(metavar="NAME=FILE", help="A file and its camera.")] = None,
    start: Annotated[list[str] | None, typer.Option(metavar="[FILE=]TIME", help="ISO 8601 with offset.")] = None,
    zone: Annotated[str, typer.Option(help="IANA zone of cameras new to the case.")] = "UTC",
    purpose: Annotated[str, typer.Option(help="What the case is for, when it is made.")] = "",
    replace: Annotated[bool, typer.Option(help="Analyse again what was analysed with other settings.")] = False,
    again: Annotated[bool, typer.Option(help="Analyse again what was erased.")] = False,
    threads: Threads = None,
    control: LongControl = None,
    as_json: JsonLines = False,
) -> int:
    """Analyse recordings into a case. Run it again after any interruption: it goes on where it stopped."""
    program: Program = context.obj
    wanted = wanted_recordings(files or [], camera or [], start or [])
    if not wanted:
        raise UsageError("no recordings: name files or folders, or give --camera NAME=FILE")
    detector, embedder = chosen(detector, embedder)
    if not 0 < folder_fps <= 1000 or (fps is not None and not 0 < fps <= 1000):
        raise UsageError("--fps and --folder-fps are pictures a second, above 0 and at most 1000")
    settings = program.settings()
    options = IngestOptions(fps or settings.work.rate or None, folder_fps, zone, replace, again)
    with job(as_json=as_json, control_file=control) as controls:
        finder, model = load_networks(
            program, detector, embedder, embedder_card, settings=settings, threads=threads, control=controls
        )
        with telling(Case.open_or_create(case, purpose=purpose)) as opened, failure_told(controls):
            reports = Ingest(opened, finder, model, settings, options, controls).run(wanted)
        controls.reporter.event(
            "result", ok=all(r.error is None for r in reports), files=[r.as_json() for r in reports]
        )
    for report in reports:
        tell(report.message)
    return status(reports)


def prepare(
    context: typer.Context,
    detector: DetectorFile = None,
    embedder: EmbedderFile = None,
    embedder_card: EmbedderCard = None,
) -> None:
    """Export both networks for this machine now, so that the first ingest begins at once."""
    program: Program = context.obj
    detector, embedder = chosen(detector, embedder)
    with job(as_json=False) as controls:
        load_networks(
            program, detector, embedder, embedder_card, settings=program.settings(), threads=None, control=controls
        )


def status(reports: list[FileReport]) -> int:
    """4 when something could not finish, 3 when a recording could not be used, else 0."""
    return max((report.error.exit_status for report in reports if report.error is not None), default=0)


def wanted_recordings(files: list[Path], cameras: list[str], starts: list[str]) -> list[Wanted]:
    """Files, ``NAME=FILE`` and ``[FILE=]TIME`` to recordings. Raises UsageError."""
    named = [_camera(text) for text in cameras]
    listed = [Wanted(path, name) for name, path in named]
    taken = {path for _, path in named}
    listed += [Wanted(path) for path in files if path not in taken]
    for text in starts:
        listed = _with_start(listed, text)
    return listed


def _camera(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not equals or not name or not file:
        raise UsageError(f"--camera {text!r}: write it as NAME=FILE")
    return checked_name(name), Path(file)


def _with_start(listed: list[Wanted], text: str) -> list[Wanted]:
    file, equals, time = text.rpartition("=")
    start_us = parse_time(time)
    if not equals:
        return [
            Wanted(item.path, item.camera, item.start_us if item.start_us is not None else start_us) for item in listed
        ]
    if Path(file) not in {item.path for item in listed}:
        raise UsageError(f"--start {text!r}: {file} is not among the recordings of this call")
    return [Wanted(i.path, i.camera, start_us if i.path == Path(file) else i.start_us) for i in listed]


def chosen(detector: Path | None, embedder: Path | None) -> tuple[Path, Path]:
    """The networks that were named, and the bundled ones in place of those that were not."""
    ours = standard(bundled())
    detector, embedder = detector or ours.detector, embedder or ours.embedder
    if detector is None or embedder is None:
        raise UsageError("--detector and --embedder are needed: no weights came with this installation")
    return detector, embedder
