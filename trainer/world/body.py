"""A person and a pose become a body: parts to trace, the frames of their cloth, what they are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.world import cloth
from trainer.world.figure import Figure
from trainer.world.gait import stance
from trainer.world.geometry import Floats, facing
from trainer.world.heads import dress_head
from trainer.world.outfit import dress
from trainer.world.people import Person


@dataclass(frozen=True, slots=True)
class Body:
    """A posed person in the world.

    rows: (N, fields.COLUMNS) parts, sorted by group; frames: (N, FRAME), one a part, for its cloth
    materials: (M, cloth.COLUMNS); origin: (3,) metres; rows and frames are metres from the origin; seed: of cloth noise
    """

    rows: NDArray[np.float32]
    frames: NDArray[np.float32]
    materials: NDArray[np.float32]
    origin: Floats
    seed: int


def posed(
    person: Person,
    position: tuple[float, float],
    heading_rad: float,
    action: str = "walk",
    phase: float = 0.0,
    speed_mps: float = 1.3,
) -> Body:
    """The body of ``person`` at ``position`` (x, y) metres on the ground, walking towards ``heading_rad``."""
    pose = stance(person, action, phase, speed_mps)
    built = Figure(person, pose)
    dress_head(built)
    dress(built)
    order = np.argsort([row[18] for row in built.rows], kind="stable")
    turn = facing(heading_rad)
    rows, frames = np.stack(built.rows)[order], np.stack(built.frames)[order]
    for block, columns in ((rows, (0, 3, 11, 20)), (frames, (0, 3, 6, 9))):
        for at in columns:
            block[:, at : at + 3] = block[:, at : at + 3] @ turn.T.astype(np.float32)
    origin = np.array([position[0], position[1], 0.0])
    return Body(rows, frames, cloth.materials(person), origin, person.seed)
