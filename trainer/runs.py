"""The folder of a run: what was asked for, what was measured on the way, and what came out.

RUN/config.json     recipe, settings and what of them is not the paper's, seed, data, hashes of code and data
RUN/metrics.jsonl   a line a step, an epoch, an evaluation
RUN/checkpoint.pt   the state to go on from
RUN/model.safetensors, model.json   the model of the last epoch, and its card
RUN/best.safetensors, best.json     of the evaluation with the best rank-1, where there were several
RUN/ranked.npz      the ranked lists of the last evaluation
RUN/result.json     written last: figures, time, memory
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from reid_engine.errors import DiskFull, InputError, UsageError
from trainer.datasets import Tracklet
from trainer.recipes import Recipe

LEARNED = ("checkpoint.pt", "metrics.jsonl", "model.safetensors", "result.json")  # what is not written over
CONFIG = ("recipe", "model", "variant", "verdict", "changed", "settings", "options", "seed", "dataset", "root", "data")
NO_FIGURES = frozenset({"event", "step", "epoch", "final", "seconds"})  # of the line of a test
FREE_TO_CHANGE = frozenset({"max_minutes", "evaluate_every", "evaluate_late"})  # of a run that goes on


@dataclass(frozen=True)
class Run:
    """A run's folder."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        """The state to go on from."""
        return self.folder / "checkpoint.pt"

    @property
    def model(self) -> Path:
        """The last epoch's model."""
        return self.folder / "model.safetensors"

    @property
    def best(self) -> Path:
        """The best evaluation's model."""
        return self.folder / "best.safetensors"

    def measure(self, kind: str, **numbers: Any) -> dict[str, Any]:
        """Add a line to ``metrics.jsonl``."""
        line = {"event": kind, **numbers}
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return line

    def measured(self) -> Iterator[dict[str, Any]]:
        """The lines of ``metrics.jsonl``; an unfinished last one is left out."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def before(self) -> dict[str, float] | None:
        """The figures of a test before the first step: of the model that a run goes on from."""
        for line in self.measured():
            if line["event"] == "evaluation" and not line["step"]:
                return {name: number for name, number in line.items() if name not in NO_FIGURES}
        return None

    def forget_after(self, steps: int) -> None:
        """Drop what was measured after the checkpoint; those steps are made again."""
        kept = [line for line in self.measured() if line["step"] <= steps]
        _write(self.folder / "metrics.jsonl", "".join(json.dumps(line) + "\n" for line in kept))

    def finish(self, result: Mapping[str, Any]) -> None:
        """Write ``result.json``."""
        _write(self.folder / "result.json", json.dumps(result, indent=1) + "\n")

    def config(self) -> dict[str, Any]:
        """What was asked for. Raises InputError where the folder holds no run."""
        try:
            found = json.loads((self.folder / "config.json").read_text("utf-8"))
        except FileNotFoundError:
            raise InputError(f"{self.folder} holds no run to go on with; leave --resume out to start one") from None
        except (OSError, ValueError) as error:
            raise InputError(f"{self.folder / 'config.json'} cannot be read: {error}") from error
        if not isinstance(found, dict) or (missing := [key for key in (*CONFIG, "code", "torch") if key not in found]):
            lacking = missing[0] if isinstance(found, dict) else "everything"
            raise InputError(f"{self.folder / 'config.json'} is of no run of this version: it lacks {lacking}")
        return found


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Only one training at a time works in a folder, made where it is missing; the lock goes when its process does.

    Raises UsageError where another one does, InputError for what can be no folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a")
    except OSError as error:
        raise InputError(f"{folder} cannot hold a run: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"another training works in {folder}; stop it, or choose another folder") from error
        yield


@contextmanager
def with_room(folder: Path) -> Iterator[None]:
    """Raises DiskFull, saying what to do, where a full disk ends the work in ``folder``."""
    try:
        yield
    except Exception as error:
        found: BaseException | None = error  # torch's writer raises what the disk said as the cause of its own
        while found is not None and not _is_full(found):
            found = found.__cause__ or found.__context__
        if found is None:
            raise
        raise DiskFull(
            f"no space is left where {folder} lies. The last checkpoint is kept: "
            "free some space and go on with --resume"
        ) from error


def _is_full(error: BaseException) -> bool:
    number = error.errno if isinstance(error, OSError) else None
    return number in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in str(error)


def start_run(folder: Path, config: Mapping[str, Any]) -> Run:
    """A new folder, or one whose run ended before it learned anything. Raises UsageError where one has."""
    if (folder / "config.json").exists() and any((folder / name).exists() for name in LEARNED):
        raise UsageError(f"{folder} holds a run already; go on with it by --resume, or choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "config.json", json.dumps(config, indent=1) + "\n")
    return Run(folder)


def resume_run(folder: Path, config: Mapping[str, Any]) -> tuple[Run, list[str]]:
    """A folder to go on with, and sentences about what is new since it was started.

    Raises InputError, naming the difference, where other settings or other data would make it another run.
    """
    run = Run(folder)
    before = run.config()
    for key in ("recipe", "variant", "seed", "dataset"):
        if before[key] != config[key]:
            raise InputError(f"{folder} was started with {key} {before[key]!r}, not {config[key]!r}; start a new run")
    for part in ("settings", "options"):
        was, now = before[part], json.loads(json.dumps(config[part]))
        differ = [key for key in sorted({*was, *now} - FREE_TO_CHANGE) if was.get(key) != now.get(key)]
        if differ:
            key = differ[0]
            raise InputError(
                f"{folder} was started with {key} {was.get(key)!r}, not {now.get(key)!r}; "
                "go on with the same settings, or start a new run"
            )
    if before["data"] != config["data"]:
        raise InputError(
            f"the data of {folder} has changed since the run was started ({_counted(before['data'])} then, "
            f"{_counted(config['data'])} now); bring the old data back, or start a new run"
        )
    notices = []
    if before["code"] != config["code"]:
        notices.append(
            f"the trainer's code has changed since the run was started ({before['code'][:12]} then, "
            f"{config['code'][:12]} now): the result is of no single version"
        )
    if before["torch"] != config["torch"]:
        notices.append(f"torch was {before['torch']} when the run was started and is {config['torch']} now")
    return run, notices


def describe(
    recipe: Recipe,
    *,
    seed: int,
    dataset: str,
    root: Path,
    data: Mapping[str, Any],
    reader: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """The content of ``config.json``; data: from ``fingerprint``; reader: options of the data set's reader."""
    return {
        "format": 1,
        "recipe": recipe.name,
        "model": recipe.model,
        "variant": recipe.variant,
        "verdict": recipe.verdict(),
        "changed": {key: list(pair) for key, pair in recipe.changed.items()},
        "settings": asdict(recipe.settings),
        "options": dict(recipe.options),
        "seed": seed,
        "dataset": dataset,
        "root": str(root),
        "reader": dict(reader),
        "data": dict(data),
        "code": code_hash(),
        "torch": torch.__version__,
    }


def fingerprint(tracklets: Iterable[Tracklet]) -> dict[str, Any]:
    """What training data is: how many tracklets, identities and frames, and the hash of what they are called."""
    digest, pids, count, frames = hashlib.sha256(), set(), 0, 0
    for tracklet in tracklets:
        digest.update(f"{tracklet.pid} {tracklet.camid} {tracklet.name} {len(tracklet)}\n".encode())
        for frame in tracklet.frames:
            digest.update(Path(frame).name.encode() if isinstance(frame, str) else bytes(frame))
        pids.add(tracklet.pid)
        count, frames = count + 1, frames + len(tracklet.frames)
    return {"tracklets": count, "identities": len(pids), "frames": frames, "sha256": digest.hexdigest()}


def code_hash() -> str:
    """SHA-256 of the sources that decide what is learned."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for folder in (here, here.parent / "reid_engine" / "models"):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _counted(data: Mapping[str, Any]) -> str:
    return f"{data['tracklets']} tracklets, {data['frames']} frames, {str(data['sha256'])[:8]}"


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, "utf-8")
    os.replace(part, path)
