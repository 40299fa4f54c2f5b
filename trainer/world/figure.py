"""A pose being dressed: parts as they are added, and the frames that their cloth is measured in."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainer.world.fields import part
from trainer.world.gait import Stance
from trainer.world.geometry import Floats
from trainer.world.people import Person

FRAME = 12  # columns of a frame: origin, right, ahead, up
# rows of cloth.materials
SKIN = 0
HEAD = 1
HAIR = 2
TOP = 3
SLEEVE = 4
BOTTOM = 5
SHOE = 6
BAG = 7
HAT = 8
STRAP = 9
# parts of a group melt into one another
GROUP_SKIN = 0
GROUP_BOTTOM = 1
GROUP_TOP = 2
GROUP_SHOE = 3
GROUP_HAIR = 4
GROUP_BAG = 5
GROUP_HAT = 6


@dataclass
class Figure:
    """Parts as they are added, in the body's own frame."""

    person: Person
    pose: Stance
    rows: list[NDArray[np.float32]] = field(default_factory=list)
    frames: list[NDArray[np.float32]] = field(default_factory=list)

    def __getitem__(self, joint: str) -> Floats:
        return self.pose.joints[joint]

    @property
    def unit(self) -> float:
        """Metres that a metre of somebody 1.75 m tall is here."""
        return self.person.height_m / 1.75

    @property
    def girth(self) -> float:
        """The same across: taller people are not as much wider."""
        return float(self.unit**0.5 * self.person.build)

    def add(
        self,
        a: Floats,
        b: Floats,
        radii: tuple[float, float],
        made: tuple[int, int],
        frame: NDArray[np.float32],
        **shape: object,
    ) -> None:
        """One part; ``made`` is (group, material)."""
        self.rows.append(part(a, b, radii, group=made[0], material=made[1], **shape))  # type: ignore[arg-type]
        self.frames.append(frame)


def frame_of(origin: Floats, up: Floats, yaw: float) -> NDArray[np.float32]:
    """Axes for cloth: ``up`` along the limb, ahead as near to ``yaw`` as that allows."""
    ux, uy, uz = map(float, up)
    size = max(math.sqrt(ux * ux + uy * uy + uz * uz), 1e-9)
    ux, uy, uz = ux / size, uy / size, uz / size
    ax, ay, az = -math.sin(yaw), math.cos(yaw), 0.0
    if abs(ax * ux + ay * uy) > 0.9:
        ax, ay, az = 0.0, 0.3, 1.0
    lean = ax * ux + ay * uy + az * uz
    ax, ay, az = ax - lean * ux, ay - lean * uy, az - lean * uz
    size = math.sqrt(ax * ax + ay * ay + az * az)
    ax, ay, az = ax / size, ay / size, az / size
    right = (ay * uz - az * uy, az * ux - ax * uz, ax * uy - ay * ux)
    return np.array([*map(float, origin), *right, ax, ay, az, ux, uy, uz], np.float32)
