"""``python -m trainer world WHAT ...``: the generated world on the command line.

``python -m trainer.world`` is the same for machines that have only torch, numpy, numba and OpenCV.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from reid_engine.errors import UsageError
from trainer.world import sequences

LARGEST_PX = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the world makes, each a word of its own, and a word for its first use."""
    made = parser.add_subparsers(required=True, metavar="WHAT")
    purposes: tuple[
        tuple[str, str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], str]], ...
    ] = (
        ("footage", "MP4 recordings of several cameras with truth.csv and plan.json", _footage_words, _footage),
        ("sequences", "re-ID folders of crops", sequences.add_arguments, sequences.run),
        ("detections", "pictures with boxes in YOLO's layout", _detection_words, _detections),
        ("prepare", "compile the renderer for this processor now (a minute)", lambda _: None, _prepare),
    )
    for word, purpose, words, run_it in purposes:
        command = made.add_parser(word, help=purpose, description=purpose)
        words(command)
        command.set_defaults(make=run_it)


def run(given: argparse.Namespace) -> str:
    """Make what was asked for; returns a sentence about it. Raises UsageError for words that make no sense."""
    text: str = given.make(given)
    return text


def _shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, help="folder to write, new or empty")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="the same seed makes the same files")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one a core)")
    parser.add_argument("--preview", action="store_true", help="also write preview.jpg, a sheet of what was made")


def _footage_words(parser: argparse.ArgumentParser) -> None:
    _shared(parser)
    parser.add_argument("--cameras", type=int, default=4, metavar="N")
    parser.add_argument("--people", type=int, default=20, metavar="N", help="identities; more make a denser crowd")
    parser.add_argument(
        "--lookalikes", type=int, default=0, metavar="N", help="of the people, how many resemble another"
    )
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S")
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--size", default="960x540", metavar="WxH")
    parser.add_argument(
        "--bitrate", metavar="RATE", help="as recorders are set to, like 800k or 2M; default even quality"
    )
    parser.add_argument("--overlapping", type=int, default=2, metavar="N", help="cameras that share the first place")
    parser.add_argument(
        "--place", action="append", default=[], metavar="KIND", help="kinds of places in turn: street, hall ..."
    )
    parser.add_argument("--dusk", action="append", default=[], metavar="CAM", help="a camera whose place lies in dusk")
    parser.add_argument(
        "--clock-error", action="append", default=[], metavar="CAM=S", help="seconds that its clock is ahead"
    )


def _detection_words(parser: argparse.ArgumentParser) -> None:
    _shared(parser)
    parser.add_argument("--images", type=int, default=1000, metavar="N")
    parser.add_argument("--size", nargs="+", default=["640x384"], metavar="WxH", help="one or more, in turn by place")


def _footage(given: argparse.Namespace) -> str:
    from trainer.world import footage  # PyAV, which the other words do without
    from trainer.world.layouts import KINDS
    from trainer.world.scene import Wanted, names

    _at_least(given, cameras=1, people=1, fps=1, overlapping=1, workers=1, lookalikes=0)
    called = names(given.cameras)
    errors = tuple(_clock_error(text, called) for text in given.clock_error)
    _known("--dusk", given.dusk, called)
    _known("--place", given.place, list(KINDS))
    if not 0.2 <= given.seconds <= 86_400:
        raise UsageError(f"--seconds is {given.seconds:g}; it must lie between 0.2 and 86400")
    if given.lookalikes >= given.people:
        raise UsageError(
            f"--lookalikes is {given.lookalikes}; at least one of the {given.people} people must be an original"
        )
    wanted = Wanted(
        given.cameras, parsed_size(given.size), given.overlapping, frozenset(given.dusk), tuple(given.place), errors
    )
    order = footage.Order(
        wanted, given.people, given.seconds, given.seed, given.fps, parsed_bitrate(given.bitrate), given.lookalikes
    )
    out = fresh(given.out)
    footage.record(order, out, workers=given.workers)
    if given.preview:
        footage.preview(order, out)
    return f"{given.cameras} recordings of {given.seconds:g} s with {given.people} people in {out}"


def _detections(given: argparse.Namespace) -> str:
    from trainer.world import detections

    _at_least(given, images=1, workers=1)
    wanted = detections.Set(given.images, given.seed, tuple(parsed_size(text) for text in given.size))
    out = fresh(given.out)
    detections.write_set(wanted, out, workers=given.workers)
    if given.preview:
        detections.preview(wanted, out)
    return f"{given.images} pictures from {wanted.places} places in {out}"


def _prepare(_: argparse.Namespace) -> str:
    """One picture, one walk: every function that is compiled is then on disk, for all processes to come."""
    from trainer.world.scene import Wanted, cast, site, walk

    with tempfile.TemporaryDirectory() as folder:
        one = sequences.Spec(people=1, cameras=1, seed=0, frames=1, size=(64, 32), seen_by=1)
        sequences.write(Path(folder), one, ("train",), workers=1, say=False)
    walk(site(0, Wanted(1, (64, 48))), cast(0, 2), 0.2, 0)
    return "the renderer is compiled for this processor"


def fresh(out: Path) -> Path:
    """The folder, made if missing; raises UsageError when something is in it already."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; give a folder to write into")
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty; give a new folder")
    out.mkdir(parents=True, exist_ok=True)
    return out


def parsed_size(text: str) -> tuple[int, int]:
    """``960x540`` as (width, height); raises UsageError for anything a recorder would not take."""
    found = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text)
    if found is None:
        raise UsageError(f"{text!r} is no size: write it like 960x540")
    width, height = int(found[1]), int(found[2])
    if width % 2 or height % 2 or not (64 <= width <= LARGEST_PX and 64 <= height <= LARGEST_PX):
        raise UsageError(f"{text} cannot be recorded: both sides must be even and between 64 and {LARGEST_PX}")
    return width, height


def parsed_bitrate(text: str | None) -> int | None:
    """``800k`` or ``2M`` as bits a second."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kM]?)", text)
    if found is None or float(found[1]) <= 0:
        raise UsageError(f"{text!r} is no bitrate: write it like 800k or 2M")
    return round(float(found[1]) * {"": 1, "k": 1_000, "M": 1_000_000}[found[2]])


def _clock_error(text: str, called: Sequence[str]) -> tuple[str, float]:
    name, _, seconds = text.partition("=")
    _known("--clock-error", [name], called)
    try:
        return name, float(seconds)
    except ValueError:
        raise UsageError(f"--clock-error {text!r} is not understood: write it like {called[0]}=37") from None


def _known(option: str, given: Sequence[str], allowed: Sequence[str]) -> None:
    for word in given:
        if word not in allowed:
            raise UsageError(f"{option} {word!r} is unknown; there are {', '.join(allowed)}")


def _at_least(given: argparse.Namespace, **least: int) -> None:
    for name, low in least.items():
        value = getattr(given, name)
        if value is not None and value < low:
            raise UsageError(f"--{name} is {value}; it must be at least {low}")
