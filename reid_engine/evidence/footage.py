"""The pictures of one sighting in a package: packets as they were recorded, a rendered clip, and stills."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reid_engine.captions import framed, png
from reid_engine.crops import pixels_of
from reid_engine.decoder import Shot, stretch
from reid_engine.errors import SourceError
from reid_engine.evidence.sightings import Piece
from reid_engine.jobs import JobControl
from reid_engine.process import ask_child
from reid_engine.recordings import pictures_in
from reid_engine.redaction import Cover, Redaction, cover, covered
from reid_engine.types import BgrImage, Crop, Part
from reid_engine.whereabouts import boxes_at

REPAIRED = "the times in the recording jump or were damaged, so a part of it cannot be copied by them"
SUFFIX = {"mp4": ".mp4", "matroska": ".mkv", "avi": ".avi"}


class Caption(Protocol):
    """What is written below a picture."""

    def __call__(self, piece: Piece, time_us: int, /) -> Sequence[str]:
        """At most 4 lines, of this moment (corrected UTC)."""
        ...


def native(piece: Piece, folder: Path, first_number: int | None, control: JobControl) -> dict[str, Any]:
    """Copy the stretch as it was recorded; what the manifest says of it, and why not where it cannot be copied.

    first_number: of the first picture of the rendered clip

    Raises OSError, ChildDied, JobCancelled.
    """
    place = folder / "native"
    place.mkdir(exist_ok=True)
    if piece.source.kind == "folder":
        return _copied_pictures(piece, place / piece.stem, control)
    if piece.request.repaired:
        return _not_copied(piece, REPAIRED, control)
    out = place / piece.stem
    span = str(piece.from_us), str(piece.to_us)
    told = ask_child("reid_engine.video.clip", [str(out), *span, str(piece.request.path)], control.check)
    if "errno" in told:
        raise OSError(told["errno"], told["error"])
    if "error" in told:
        out.unlink(missing_ok=True)
        return _not_copied(piece, told["error"], control)
    named = out.with_suffix(SUFFIX[told["container"]])
    out.rename(named)
    first_us, last_us = told["first_us"], told["last_us"]
    first = None if first_number is None else first_number - told["before"]
    return {
        "path": f"native/{named.name}",
        "pictures": told["pictures"],
        **_span(piece, first_us, last_us),
        "picture_numbers": None if first is None else [first, first + told["pictures"] - 1],
        "sound": False,
    }


def _not_copied(piece: Piece, why: str, control: JobControl) -> dict[str, Any]:
    control.notice(f"{piece.stem}: no copy of what was recorded, {why}")
    return {"path": None, "why": why}


def _copied_pictures(piece: Piece, place: Path, control: JobControl) -> dict[str, Any]:
    """Files of a folder under their numbers; how they were called is told."""
    place.mkdir()
    fps, files = piece.request.folder_fps, pictures_in(piece.request.path)
    first, last = int(piece.from_us * fps / 1e6), min(int(piece.to_us * fps / 1e6), len(files) - 1)
    for number in range(first, last + 1):
        control.check()
        shutil.copyfile(files[number], place / f"{number:06d}{files[number].suffix.lower()}")
    return {
        "path": f"native/{place.name}",
        "pictures": last + 1 - first,
        **_span(piece, round(first * 1e6 / fps), round(last * 1e6 / fps)),
        "picture_numbers": [first, last],
        "names": [file.name for file in files[first : last + 1]],
    }


def _span(piece: Piece, first_us: int, last_us: int) -> dict[str, Any]:
    """First and last presentation time: after the recording's first picture, and corrected UTC."""
    times = {"first_utc_us": piece.time_us(first_us), "last_utc_us": piece.time_us(last_us)}
    return {"first_us": first_us, "last_us": last_us, **times}


def _numbers(piece: Piece, offsets_us: Sequence[int]) -> list[int] | None:
    """First and last number of consecutive pictures in their recording, where an analysed one among them tells it."""
    known = dict(zip(piece.boxes.offset_us.tolist(), piece.boxes.frame_index.tolist(), strict=True))
    for place, offset_us in enumerate(offsets_us):
        if offset_us in known:
            return [known[offset_us] - place, known[offset_us] - place + len(offsets_us) - 1]
    return None


@dataclass
class Rendered:
    """What was rendered of a sighting so far.

    size: (width, height) of the recording; covers: of each picture that was covered, its time and the parts as
    ``x1,y1,x2,y2``; whole: how many were covered whole; laid: covers drawn by hand that lay on one; still: the best
    moment, with what was covered in it
    """

    size: tuple[int, int] = (0, 0)
    offsets_us: list[int] = field(default_factory=list)
    covers: list[str] = field(default_factory=list)
    whole: int = 0
    laid: set[Cover] = field(default_factory=set)
    still: BgrImage | None = None
    still_us: int = 0
    still_parts: list[Part] = field(default_factory=list)


def best_crop(piece: Piece) -> Crop:
    """The person's best moment in this sighting. Raises SourceError where no picture was kept."""
    kept = [*piece.boxes.crops.best, *(crop for run in piece.boxes.crops.runs for crop in run)]
    if not kept:
        raise SourceError(f"track {piece.tracklet.id}: the case keeps no picture of it")
    return kept[0]


def rendered(
    piece: Piece, folder: Path, mode: Redaction, caption: Caption, control: JobControl, tell: Callable[[int], None]
) -> dict[str, Any]:
    """Render the stretch with the person's box and a caption, and two stills; what the manifest says of them.

    tell: gets the microseconds that are done. Raises SourceError, OSError, ChildDied, JobCancelled.
    """
    from reid_engine.video.clip import ClipWriter, encoder  # loads PyAV, here alone

    done, best = Rendered(), best_crop(piece)
    writer: ClipWriter | None = None
    path = folder / "video" / f"{piece.stem}.mp4"
    path.parent.mkdir(exist_ok=True)
    with ExitStack() as stack:
        for shot in stack.enter_context(closing(stretch(piece.request, piece.from_us, piece.to_us, control.check))):
            canvas = _canvas(piece, mode, caption, shot, best, done)
            if writer is None:
                writer = stack.enter_context(ClipWriter(path, (canvas.shape[1], canvas.shape[0])))
            writer.write(canvas, shot.offset_us - done.offsets_us[0], shot.duration_us)
            tell(shot.offset_us - piece.from_us)
    if done.still is None:
        raise SourceError(f"{piece.request.path}: no picture could be read where track {piece.tracklet.id} was seen")
    return {
        "clip": {
            "path": f"video/{path.name}",
            "pictures": len(done.offsets_us),
            **_span(piece, done.offsets_us[0], done.offsets_us[-1]),
            "picture_numbers": _numbers(piece, done.offsets_us),
            "recording_at": [0, 0, *done.size],
            "encoder": encoder(),
            "sound": False,
            "covered_whole": done.whole,
            "covered": done.covers,
            "by_hand": [one.as_json() for one in piece.covers if one in done.laid],
        },
        **_stills(piece, folder, mode, best, done),
    }


def _canvas(piece: Piece, mode: Redaction, caption: Caption, shot: Shot, best: Crop, done: Rendered) -> BgrImage:
    """A picture as it is handed on; what was covered is noted, and the best moment kept."""
    time_us = piece.time_us(shot.offset_us)
    done.size = shot.image.shape[1], shot.image.shape[0]
    done.offsets_us.append(shot.offset_us)
    parts = covered(mode, done.size, time_us, piece.subject, piece.others)
    by_hand = {one: part for one in piece.covers if (part := one.part(time_us, done.size)) is not None}
    parts += by_hand.values()
    done.laid.update(by_hand)
    cover(shot.image, parts)
    if parts:
        done.covers.append(" ".join([str(shot.offset_us), *(",".join(map(str, part)) for part in parts)]))
        done.whole += Part(0, 0, *done.size) in parts
    words = caption(piece, time_us)
    if shot.offset_us <= best.offset_us < shot.offset_us + shot.duration_us:
        done.still = framed(shot.image, np.asarray(best.xyxy, np.float32), words)
        done.still_us, done.still_parts = shot.offset_us, parts
    own = boxes_at([piece.tracklet], time_us).xyxy
    return framed(shot.image, own[0] if len(own) else None, words)


def _stills(piece: Piece, folder: Path, mode: Redaction, best: Crop, done: Rendered) -> dict[str, Any]:
    place = folder / "stills"
    place.mkdir(exist_ok=True)
    still = place / f"{piece.stem}.png"
    assert done.still is not None
    still.write_bytes(png(done.still))
    box = np.asarray(best.xyxy, np.float32)
    pixels = _covered_crop(best, box, done.still_parts)
    crop = place / f"{piece.stem}-crop{'.jpg' if pixels is None else '.png'}"
    crop.write_bytes(best.jpeg if pixels is None else png(pixels))
    return {
        "still": {
            "path": f"stills/{still.name}",
            "at_us": done.still_us,
            "utc_us": piece.time_us(done.still_us),
            "picture_number": best.frame_index,
            "box": [round(side, 2) for side in best.xyxy],
        },
        "crop": {"path": f"stills/{crop.name}", "as_stored": pixels is None},
    }


def _covered_crop(best: Crop, box: NDArray[np.float32], parts: Sequence[Part]) -> BgrImage | None:
    """The stored crop with what is covered in its picture covered too; None where nothing of it is."""
    left, top = int(np.floor(box[0])), int(np.floor(box[1]))
    wide, high = int(np.ceil(box[2])) - left, int(np.ceil(box[3])) - top
    inside = [
        part for part in parts
        if part.left < left + wide and part.right > left and part.top < top + high and part.bottom > top
    ]  # fmt: skip
    if not inside:
        return None
    pixels = pixels_of(best)
    across, down = pixels.shape[1] / wide, pixels.shape[0] / high
    for part in inside:
        x1, x2 = (part.left - left) * across, (part.right - left) * across
        y1, y2 = (part.top - top) * down, (part.bottom - top) * down
        x1, y1 = max(0, int(np.floor(x1)) - 1), max(0, int(np.floor(y1)) - 1)
        cover(pixels, [Part(x1, y1, max(0, int(np.ceil(x2)) + 1), max(0, int(np.ceil(y2)) + 1))])
    return pixels
