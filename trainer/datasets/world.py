"""People who were never born: sequences of the generated world, made where they are not there yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reid_engine.errors import InputError, UsageError
from trainer.datasets import folder
from trainer.datasets.records import DataSet


def read(
    root: Path,
    *,
    people: int = 100,
    cameras: int = 6,
    seed: int = 0,
    tracklets: int = 1,
    frames: int = 8,
    size: str = "256x128",
) -> DataSet:
    """The world of these numbers in ``root``: made there, or what is missing of it; the first half is to be learned.

    A root that holds a world is read as it is when ``people`` is 0. Raises InputError for a root of another world.
    """
    from trainer.world.sequences import RECORD, SIZES, Spec, write  # compiles its renderer

    if size not in SIZES:
        raise UsageError(f"size is {' or '.join(SIZES)}, got {size}")
    if people:
        try:
            write(root, Spec(people, cameras, seed, tracklets=tracklets, frames=frames, size=SIZES[size]))
        except InputError as error:
            if not (root / RECORD).exists():
                raise
            raise InputError(f"{error}, or read it as it is with people=0") from None
    found = folder.read(root)
    return replace(
        found, name="world", notes=(*found.notes, "nobody here was ever born: figures are of a generated world")
    )
