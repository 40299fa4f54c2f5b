"""``python -m trainer.weights``: the steps by which the bundled weights are made, one verb each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from reid_engine.errors import ReappearError

Steps: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step; returns the exit status of errors.py."""
    given = _parser().parse_args(arguments)
    try:
        given.run(given)
    except ReappearError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m trainer.weights", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="STEP")
    for add in (_add_trunk, _add_targets, _add_box, _add_detector, _add_mean):
        add(steps)
    return parser


def _add_trunk(steps: Steps) -> None:
    trunk = steps.add_parser("trunk", help="distil a published network into a trunk, on pictures without labels")
    trunk.add_argument("teacher", type=Path, help="the published network's OpenVINO .xml")
    trunk.add_argument("out", type=Path, help="the trunk's .safetensors")
    trunk.add_argument(
        "pictures", nargs="+", help="FOLDER or FOLDER=SHARE of the drawn pictures (else by their number)"
    )
    trunk.add_argument("--trunk", default="compact")
    trunk.add_argument("--minutes", type=float, default=4.0)
    trunk.add_argument("--batch", type=int, default=512)
    trunk.add_argument("--seed", type=int, default=1)
    trunk.add_argument("--workers", type=int, default=2)
    trunk.add_argument("--device", default=None)
    trunk.set_defaults(run=_trunk)


def _add_targets(steps: Steps) -> None:
    targets = steps.add_parser("targets", help="a teacher's vectors of a data set's training tracklets")
    targets.add_argument("teacher", type=Path)
    targets.add_argument("dataset")
    targets.add_argument("root", type=Path)
    targets.add_argument("out", type=Path, help="the .npz for --set targets=..")
    targets.add_argument("--workers", type=int, default=2)
    targets.add_argument("--device", default=None)
    targets.set_defaults(run=_targets)


def _add_box(steps: Steps) -> None:
    box = steps.add_parser(
        "bundle", help="a model or a detector for the box: 16-bit floats and a card that tells its story"
    )
    box.add_argument("model", type=Path)
    box.add_argument("out", type=Path)
    box.add_argument("--title", required=True)
    box.add_argument("--about", required=True, help="one line on what it is good at")
    box.add_argument("--data", nargs="+", required=True, help="what it learned from")
    box.add_argument("--note", nargs="*", default=[], metavar="KEY=TEXT", help="more provenance")
    box.add_argument("--sure", type=float, default=0.25, help="a detector's score that is to read 0.25 from now on")
    box.set_defaults(run=_bundle)


def _add_detector(steps: Steps) -> None:
    detector = steps.add_parser("detector", help="train the person detector")
    detector.add_argument("out", type=Path, help="the run's folder")
    detector.add_argument(
        "sets", nargs="+", type=Path, help="folders in YOLO layout; the first one's val part is tested"
    )
    detector.add_argument("--start", type=Path, help="weights to begin with; without it random ones")
    detector.add_argument("--lr", type=float, help="AdamW's, from the first step on; without it ultralytics chooses")
    detector.add_argument(
        "--zoom", type=float, default=0.5, help="pictures are shown from 1 - ZOOM to 1 + ZOOM times as large"
    )
    detector.add_argument("--hours", type=float, default=0.12)
    detector.add_argument("--batch", type=int, default=64)
    detector.add_argument("--size", type=int, default=640)
    detector.add_argument("--workers", type=int, default=4)
    detector.add_argument("--seed", type=int, default=1)
    detector.add_argument("--device", default="cpu")
    detector.set_defaults(run=_detector)


def _add_mean(steps: Steps) -> None:
    mean = steps.add_parser("mean", help="a detector halfway between two: before and after a run that went on")
    mean.add_argument("one", type=Path)
    mean.add_argument("other", type=Path)
    mean.add_argument("out", type=Path, help="the .pt to write")
    mean.set_defaults(run=_mean)


def _trunk(given: argparse.Namespace) -> None:
    import torch

    from trainer.weights.distil import Pictures, Plan, distil, save_trunk
    from trainer.weights.teacher import OpenVinoGraph

    device = torch.device(given.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    plan = Plan(trunk=given.trunk, minutes=given.minutes, batch=given.batch, seed=given.seed)
    pictures = Pictures.read(given.pictures, plan.height, plan.width, given.workers)
    sys.stderr.write(f"{pictures}\n")
    student, curve = distil(
        OpenVinoGraph(given.teacher),
        pictures.to(device),
        plan,
        device,
        lambda line: sys.stderr.write(f"{line}\n"),
    )
    story = {"teacher": given.teacher.stem, "pictures": pictures.counts, "curve": curve, "device": str(device)}
    save_trunk(student, given.out, plan, story)


def _targets(given: argparse.Namespace) -> None:
    import torch

    from trainer.datasets import open_dataset
    from trainer.weights.targets import taught, write
    from trainer.weights.teacher import OpenVinoGraph

    device = torch.device(given.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    tracklets = open_dataset(given.dataset, given.root).train
    write(given.out, taught(OpenVinoGraph(given.teacher), tracklets, device, workers=given.workers))


def _bundle(given: argparse.Namespace) -> None:
    from trainer.weights.bundle import Label, bundle, bundle_detector

    label = Label(given.title, given.about, tuple(given.data), dict(note.split("=", 1) for note in given.note))
    if given.model.suffix == ".pt":
        bundle_detector(given.model, given.out, label, sure=given.sure)
    else:
        bundle(given.model, given.out, label)


def _detector(given: argparse.Namespace) -> None:
    from trainer.weights.detector import train

    options = {"time": given.hours, "epochs": 1000, "batch": given.batch, "imgsz": given.size, "device": given.device}
    options |= {"workers": given.workers, "val": False, "close_mosaic": 3, "cos_lr": True, "verbose": False}
    options |= {"scale": given.zoom}
    if given.lr:
        options |= {"optimizer": "AdamW", "lr0": given.lr, "warmup_epochs": 0}
    sys.stdout.write(f"{train(given.out, given.sets, seed=given.seed, options=options, start=given.start)}\n")


def _mean(given: argparse.Namespace) -> None:
    from reid_engine._ultralytics import mean_of

    mean_of(given.one, given.other, given.out)


if __name__ == "__main__":
    sys.exit(main())
