"""``reappear search``, ``probe``, ``why``: where else somebody is."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.table import Table

from app.commands.arguments import Cameras, CaseFolder, FromTime, Lower, MovedWeights, Quality, ToTime, Upper
from app.commands.everybody import passing
from app.commands.photo import Photos, part_of
from app.commands.program import Program, Sentences, say, tell, telling
from app.console import show_table
from app.local_time import date_and_time, precise_time, seen
from reid_engine.case import Case
from reid_engine.errors import NetworkFileError, ReappearError, UsageError
from reid_engine.jobs import JobControl
from reid_engine.probe import DrawnBox, cut
from reid_engine.recordings import parse_time
from reid_engine.search import SearchRequest, SearchResult
from reid_engine.store import Camera
from reid_engine.types import BgrImage, CameraId, ModelId, TrackletId, Vectors

if TYPE_CHECKING:  # it loads a runtime, which only a picture as probe needs
    from reid_engine.embedding import Embedder
    from reid_engine.why import Why

MORE = 10  # times as many are proposed where a list was cut


def register(line: typer.Typer) -> None:
    """Add the verbs of this family."""
    line.command()(search)
    line.command()(probe)
    line.command()(why)


def search(
    context: typer.Context,
    case: CaseFolder,
    tracklet: Annotated[int | None, typer.Option(metavar="ID", help="Start from a tracklet.")] = None,
    at: Annotated[
        tuple[str, str, float, float] | None, typer.Option(metavar="CAMERA TIME X Y", help="Start from a click.")
    ] = None,
    image: Annotated[Path | None, typer.Option(metavar="FILE", help="Start from a picture of the person.")] = None,
    person: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Which of several in --image, from the left; 0: all of it.")
    ] = None,
    camera: Cameras = None,
    from_time: FromTime = None,
    to_time: ToTime = None,
    same: Annotated[list[int] | None, typer.Option(metavar="ID", help="Decided: the same person.")] = None,
    different: Annotated[list[int] | None, typer.Option(metavar="ID", help="Decided: somebody else.")] = None,
    same_camera: Annotated[bool, typer.Option("--same-camera", help="The probe's own camera too.")] = False,
    no_rerank: Annotated[bool, typer.Option("--no-rerank", help="By distance alone.")] = False,
    upper: Upper = None,
    lower: Lower = None,
    quality: Quality = 0.0,
    limit: Annotated[int | None, typer.Option(min=1, help="How many matches.")] = None,
    sheet: Annotated[Path | None, typer.Option(metavar="PNG", help="Write a contact sheet.")] = None,
    embedder: Annotated[Path | None, typer.Option(metavar="W", help="For --image, where it was moved.")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Where else is this person? Ranked matches from the other cameras."""
    if sum(given is not None for given in (tracklet, at, image)) != 1:
        raise UsageError("say whom to look for: exactly one of --tracklet ID, --at CAMERA TIME X Y, --image FILE")
    if person is not None and image is None:
        raise UsageError("--person N is about a picture: name it with --image FILE")
    both = set(same or ()) & set(different or ())
    if both:
        raise UsageError(f"tracklet {min(both)} is said to be the same person and a different one; choose one of them")
    program: Program = context.obj
    settings = program.settings().search
    control = JobControl(Sentences())
    with telling(Case.open(case)) as opened:
        where = passing(opened, camera, (from_time, to_time), (upper, lower), quality)
        model = opened.model()
        start, picture = first_probe(program, opened, model, tracklet, at, (image, person), embedder)
        request = SearchRequest(
            probe=start,
            model=model,
            picture=picture,
            where=where,
            same=_ids(same),
            different=_ids(different),
            same_camera=same_camera,
            rerank=not no_rerank,
            limit=settings.limit if limit is None else limit,
        )
        result = opened.search(request, settings=settings, control=control)
        for note in result.notes:
            tell(note)
        if result.cut:
            tell(f"the {len(result.matches)} nearest are listed: --limit {MORE * len(result.matches)} lists more")
        if result.own:
            tell(f"{result.own} strong in the person's own camera, which is left out: --same-camera shows them")
        if opened.store.read_only:
            tell(f"{case} cannot be written: this search is not on its record")
        if sheet is not None:
            opened.contact_sheet(request, result, sheet, when=date_and_time)
        names = {known.id: known for known in opened.store.cameras()}
        if as_json:
            say({"matches": matches_json(result, names)})
        else:
            show(result, names)


def _ids(numbers: Sequence[int] | None) -> tuple[TrackletId, ...]:
    return tuple(TrackletId(number) for number in numbers or ())


def first_probe(
    program: Program,
    case: Case,
    model: ModelId,
    tracklet: int | None,
    at: tuple[str, str, float, float] | None,
    photo: tuple[Path | None, int | None],
    weights: Path | None,
) -> tuple[TrackletId | Vectors, dict[str, Any] | None]:
    """Whom to look for: a tracklet, or the vector of a person in a picture and which picture that is."""
    if tracklet is not None:
        return TrackletId(tracklet), None
    if at is not None:
        name, time, x, y = at
        return case.probe_at(case.store.camera(name).id, parse_time(time), x, y), None
    image, person = photo
    assert image is not None
    pixels, picture = Photos(program, case).person(image, person)
    return embedder_of(program, case, model, weights).embed_image(pixels), picture


def embedder_of(program: Program, case: Case, model: ModelId, weights: Path | None = None) -> Embedder:
    """The network that made the case's vectors, from where it was then or from ``weights``; told by its content."""
    recorded = next(network for network in case.store.networks() if network.model == model)
    path = Path(recorded.path) if weights is None else weights
    if not path.exists():
        raise NetworkFileError(
            f"{path}, which made the vectors of this case, is gone; name where it is: --embedder FILE"
        )
    found = program.load_embedder(path, recorded.card, threads=None, control=JobControl())
    if found.model != model:
        raise NetworkFileError(f"{path} is {found.model}, but the vectors of this case are from {model}")
    return found


def matches_json(result: SearchResult, cameras: dict[CameraId, Camera]) -> list[dict[str, Any]]:
    """As the machine interface has it."""
    return [
        {
            "rank": match.rank,
            "tracklet": match.tracklet,
            "camera": cameras[match.camera].name,
            "start_us": match.start_us,
            "end_us": match.end_us,
            "distance": match.distance,
            "band": match.band,
            "flags": list(match.flags),
        }
        for match in result.matches
    ]


def show(result: SearchResult, cameras: dict[CameraId, Camera], beside: Mapping[TrackletId, str] | None = None) -> None:
    """A table for people; ``beside``: what else is known of a match, in a last column."""
    table = Table("rank", "tracklet", "camera", "when", "band", "flags", *(["truth"] if beside else []), box=None)
    for match in result.matches:
        camera = cameras[match.camera]
        when = seen(match.start_us, camera.clock)
        known = [beside.get(match.tracklet, "?")] if beside else []
        table.add_row(
            str(match.rank), str(match.tracklet), camera.name, when, match.band or "-", ", ".join(match.flags), *known
        )
    show_table(table)


def probe(
    context: typer.Context,
    case: CaseFolder,
    embedder: MovedWeights = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Stay warm and embed pictures of people who are no tracklet yet: one JSON request a line, one answer a line."""
    if not as_json:
        raise UsageError("probe speaks JSON lines only; add --json")
    program: Program = context.obj
    with Case.open(case, read_only=True) as opened:
        warm, photos = embedder_of(program, opened, opened.model(), embedder), Photos(program, opened)
        say({"event": "ready", "model": warm.model, "dim": warm.dim})
        for line in sys.stdin:
            try:
                if opened.model() != warm.model:  # somebody has described everybody by another one
                    warm = embedder_of(program, opened, opened.model())
            except ReappearError as error:
                say({"id": _number(line), "error": str(error)})
                continue
            say(answer(opened, warm, photos, line))


def why(
    context: typer.Context,
    case: CaseFolder,
    tracklet: Annotated[int, typer.Argument(metavar="FOUND")],
    searched: Annotated[int, typer.Argument(metavar="SEARCHED")],
    embedder: MovedWeights = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Why was this tracklet found? The pictures of both tracks that carried the match, by the network's own account."""
    program: Program = context.obj
    with Case.open(case) as opened:
        asked = embedder_of(program, opened, opened.model(), embedder)
        sides = _why(opened, asked, {"why": tracklet, "probe": searched})
        clocks = {camera.id: camera.clock for camera in opened.store.cameras()}
        numbers = {"found": TrackletId(tracklet), "searched": TrackletId(searched)}
        homes = {side: opened.store.tracklets([number])[0].camera for side, number in numbers.items()}
        for number in numbers.values():
            opened.view(number)
    if as_json:
        say(sides)
        return
    table = Table("side", "track", "when", "weight", "distance", "quality", box=None)
    for side, told in sides.items():
        for picture in told["pictures"]:
            weight = "-" if picture["share"] is None else f"{picture['share']:.2f}"
            when = seen(picture["time_us"], clocks[homes[side]], precise_time)
            figures = (f"{picture['distance']:.3f}", f"{picture['quality']:.2f}")
            table.add_row(side, str(numbers[side]), when, weight, *figures)
    show_table(table)
    tell(f"asked by: {sides['found']['method'] or 'the model, which keeps no map of places'}")


def answer(case: Case, embedder: Embedder, photos: Photos, line: str) -> dict[str, Any]:
    """One request to one answer; what is wrong with a request is its answer."""
    number: object = None
    try:
        request = json.loads(line)
        number = request["id"]
        if "why" in request:
            return {"id": number, "why": _why(case, embedder, request)}
        if "people" in request:
            return {"id": number, **_people(photos, Path(request["people"]))}
        pixels, picture = _pixels(case, request)
        vector = embedder.embed_image(pixels)
    except ReappearError as error:
        return {"id": number, "error": str(error)}
    except (ValueError, KeyError, TypeError) as error:
        return {
            "id": number,
            "error": f"a request is one JSON object with id and people, image, why, or camera, time_us, xyxy: {error}",
        }
    encoded = base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")
    return {"id": number, "vector": encoded, "dim": len(vector), "model": embedder.model, "picture": picture}


def _number(line: str) -> object:
    """By which the one who asked knows the answer; None for what is no request."""
    try:
        return json.loads(line)["id"]
    except (ValueError, KeyError, TypeError):
        return None


def _why(case: Case, embedder: Embedder, request: dict[str, Any]) -> dict[str, Any]:
    """What carried the match of the tracklet ``why`` and the ``probe``, a tracklet or a picture's vector."""
    from reid_engine.why import why as carried_by

    candidate, probe = TrackletId(int(request["why"])), request["probe"]
    if isinstance(probe, str):
        whose = {"found": (candidate, np.frombuffer(base64.b64decode(probe), "<f4").astype(np.float32))}
    else:
        mine = TrackletId(int(probe))
        theirs, own = case.store.vectors(embedder.model, [candidate, mine])
        whose = {"found": (candidate, own), "searched": (mine, theirs)}
    answers = carried_by(embedder, [(case.store.crops(number), other) for number, other in whose.values()])
    return {
        side: _grounds(case, number, found) for (side, (number, _)), found in zip(whose.items(), answers, strict=True)
    }


def _grounds(case: Case, tracklet: TrackletId, found: Why) -> dict[str, Any]:
    """One side of an answer: how the network was asked, and its pictures, the strongest first."""
    whole = case.store.tracklets([tracklet])[0]
    source = next(source for source in case.store.sources() if source.id == whole.source)
    clock = next(camera.clock for camera in case.store.cameras() if camera.id == whole.camera)
    pictures = [
        {
            "frame": reason.frame_index,
            "time_us": clock.correct(source.start_us + reason.offset_us),
            "quality": reason.quality,
            "distance": reason.distance,
            "share": reason.share,
            "heat": None if reason.heat is None else reason.heat.tolist(),
        }
        for reason in found.pictures
    ]
    return {"method": found.method, "pictures": pictures}


def _people(photos: Photos, file: Path) -> dict[str, Any]:
    """Who is in a picture file, and whether there is anybody to choose."""
    photo, problem = photos.look(file)
    return {"people": photo.people.tolist(), "portrait": photo.portrait, "problem": problem}


def _pixels(case: Case, request: dict[str, Any]) -> tuple[BgrImage, dict[str, Any]]:
    """The pixels of whom a request is about, and which picture that is, for the record."""
    if "image" in request:
        box = [float(side) for side in request["xyxy"]] if "xyxy" in request else None
        return part_of(Path(request["image"]), box)
    left, top, right, bottom = (float(side) for side in request["xyxy"])
    drawn = DrawnBox(str(request["camera"]), int(request["time_us"]), (left, top, right, bottom))
    camera = int(case.store.camera(drawn.camera).id)
    return cut(case.store, drawn), {"camera": camera, "time_us": drawn.time_us, "xyxy": list(drawn.xyxy)}
