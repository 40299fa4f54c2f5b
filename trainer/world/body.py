"""From a person and a pose to a body: parts to trace, the frames their cloth is measured in, and what they are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainer.world import cloth
from trainer.world.fields import part
from trainer.world.gait import SIDES, Stance, stance
from trainer.world.geometry import Floats, facing
from trainer.world.people import Person

FRAME = 12  # columns of a frame: origin, right, ahead, up
SKIN, HEAD, HAIR, TOP, SLEEVE, BOTTOM, SHOE, BAG, HAT, STRAP = range(10)
GROUP_SKIN, GROUP_BOTTOM, GROUP_TOP, GROUP_SHOE, GROUP_HAIR, GROUP_BAG, GROUP_HAT = range(7)


@dataclass(frozen=True, slots=True)
class Body:
    """A posed person in the world.

    rows: (N, COLUMNS) parts, sorted by group; frames: (N, FRAME), one a part, for its cloth; materials: (M, cloth.COLUMNS);
    origin: (3,) metres; rows and frames are metres from the origin; seed: of cloth noise
    """

    rows: NDArray[np.float32]
    frames: NDArray[np.float32]
    materials: NDArray[np.float32]
    origin: Floats
    seed: int

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Two corners (3,) in the world of a block that holds the body."""
        ends = np.concatenate([self.rows[:, 0:3], self.rows[:, 0:3] + self.rows[:, 3:6] * self.rows[:, 6:7]])
        wide = np.concatenate([self.rows[:, 7], self.rows[:, 10]])[:, None]
        return (ends - wide).min(axis=0) + self.origin, (ends + wide).max(axis=0) + self.origin


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
    built = _Built(person, pose)
    for dress in (_head, _hair, _hat, _torso, _arms, _legs, _feet, _bag):
        dress(built)
    order = np.argsort([row[18] for row in built.rows], kind="stable")
    turn = facing(heading_rad)
    rows, frames = np.stack(built.rows)[order], np.stack(built.frames)[order]
    for block, columns in ((rows, (0, 3, 11, 20)), (frames, (0, 3, 6, 9))):
        for at in columns:
            block[:, at : at + 3] = block[:, at : at + 3] @ turn.T.astype(np.float32)
    origin = np.array([position[0], position[1], 0.0])
    return Body(rows, frames, cloth.materials(person), origin, person.seed)


@dataclass
class _Built:
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
        return self.unit**0.5 * self.person.build

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


def _frame(origin: Floats, up: Floats, yaw: float) -> NDArray[np.float32]:
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


def _head(built: _Built) -> None:
    unit, yaw = built.unit, built.pose.head_yaw_rad
    base, crown = built["head"], built["crown"]
    frame = _frame(base, np.array([0.0, -0.04, 1.0]), yaw)
    ahead = frame[6:9]
    built.add(
        base + np.array([0, 0, 0.012]) * unit + ahead * 0.022 * unit,
        crown - np.array([0, 0, 0.042]) * unit - ahead * 0.006 * unit,
        (0.054 * unit, 0.079 * unit),
        (GROUP_SKIN, HEAD),
        frame,
        blend=0.02,
    )
    built.add(
        base + np.array([0, 0, 0.085]) * unit + ahead * 0.09 * unit,
        base + np.array([0, 0, 0.06]) * unit + ahead * 0.098 * unit,
        (0.008, 0.014),
        (GROUP_SKIN, HEAD),
        frame,
        blend=0.025,
    )
    thick = (0.058 - 0.012 * built.person.figure) * unit * built.person.build**0.5
    built.add(
        built["neck"] - np.array([0, 0, 0.03]),
        base + np.array([0, 0, 0.03]),
        (thick * 1.15, thick),
        (GROUP_SKIN, SKIN),
        frame,
    )


def _hair(built: _Built) -> None:
    style, unit = built.person.hairstyle, built.unit
    if style == "bald" or built.person.hat.kind in ("hood", "scarf"):
        return
    frame = _frame(built["head"], np.array([0.0, -0.04, 1.0]), built.pose.head_yaw_rad)
    ahead, up = frame[6:9].astype(np.float64), np.array([0.0, 0.0, 1.0])
    top = built["crown"] - up * 0.034 * unit
    thick = {"cropped": 0.08, "short": 0.085, "full": 0.091, "curls": 0.112}.get(style, 0.087) * unit
    made = (GROUP_HAIR, HAIR)
    back = 0.022 + (0.004 if style != "cropped" else 0.0)
    built.add(top - ahead * 0.012 * unit, top - (ahead * back + up * 0.03) * unit, (thick, thick * 0.96), made, frame)
    nape = built["head"] - ahead * 0.045 * unit
    if style in ("full", "bob", "long", "tail", "bun", "short"):
        built.add(top - ahead * 0.04 * unit, nape + up * 0.045 * unit, (0.06 * unit, 0.05 * unit), made, frame)
    if style == "bob":
        for side in (-1.0, 1.0):
            out = (frame[3:6] * side * 0.052 - frame[6:9] * 0.02) * unit
            built.add(top - up * 0.05 * unit + out, nape + out + ahead * 0.02, (0.045 * unit, 0.04 * unit), made, frame)
    if style == "long":
        end = built["neck"] - (ahead * 0.085 + up * 0.16) * unit * built.girth**0.5
        built.add(nape + up * 0.03, end, (0.075 * unit, 0.06 * unit), made, frame, flat=(ahead, 0.55))
        built.add(top - (up * 0.05 + ahead * 0.03) * unit, nape - up * 0.09, (0.08 * unit, 0.066 * unit), made, frame)
    if style == "tail":
        knot = top - (ahead * 0.105 + up * 0.045) * unit
        built.add(knot, knot - (ahead * 0.035 + up * 0.2) * unit, (0.034, 0.02), made, frame)
    if style == "bun":
        knot = top - (ahead * 0.09 - up * 0.02) * unit
        built.add(knot, knot + up * 0.01, (0.042, 0.042), made, frame)


def _hat(built: _Built) -> None:
    kind, unit = built.person.hat.kind, built.unit
    if kind == "none":
        return
    frame = _frame(built["head"], np.array([0.0, -0.04, 1.0]), built.pose.head_yaw_rad)
    ahead, up = frame[6:9].astype(np.float64), np.array([0.0, 0.0, 1.0])
    top, made = built["crown"] - up * 0.036 * unit, (GROUP_HAT, HAT)
    if kind in ("cap", "beanie", "brimmed"):
        lift = 0.012 if kind != "beanie" else 0.02
        built.add(
            top - ahead * 0.008 + up * lift, top - ahead * 0.02 - up * 0.01, (0.092 * unit, 0.094 * unit), made, frame
        )
    if kind == "cap":
        rim = top - up * 0.008 * unit
        built.add(
            rim + ahead * 0.06 * unit,
            rim + ahead * 0.125 * unit - up * 0.015,
            (0.065, 0.055),
            made,
            frame,
            flat=(up, 0.14),
            blend=0.01,
        )
    if kind == "brimmed":
        rim = top - up * 0.02 * unit
        built.add(rim - ahead * 0.03, rim + ahead * 0.03, (0.135, 0.135), made, frame, flat=(up, 0.13), blend=0.01)
    if kind in ("hood", "scarf"):
        built.add(
            top - ahead * 0.03, built["head"] - ahead * 0.035, (0.105 * unit, 0.1 * unit), made, frame, blend=0.04
        )
        built.add(
            built["head"] - ahead * 0.03,
            built["neck"] - ahead * 0.01,
            (0.09 * unit, 0.1 * unit),
            made,
            frame,
            blend=0.05,
        )


def _torso(built: _Built) -> None:
    """Two columns from the shoulders to the waist, a hem that hangs from them, and yokes to the shoulders."""
    who, unit, girth = built.person, built.unit, built.girth
    cover = who.jacket if who.jacket is not None else who.top
    air = cover.loose + (0.016 if who.jacket is not None and who.jacket.kind == "puffer" else 0.0)
    yaw = built.pose.chest_yaw_rad
    up = built["neck"] - built["pelvis"]
    up = up / np.linalg.norm(up)
    frame = _frame(built["neck"], up, yaw)
    right, ahead = frame[3:6].astype(np.float64), frame[6:9].astype(np.float64)
    curve, belly = who.figure, max(who.build - 1.05, 0.0)
    made = (GROUP_TOP, TOP)
    chest, waist = built["chest"] + up * 0.045 * unit, built["waist"]
    for side in (-1.0, 1.0):
        top = chest + right * side * (0.083 - 0.014 * curve) * girth + ahead * 0.022 * curve * unit
        low = waist + right * side * (0.062 - 0.012 * curve) * girth + ahead * (0.3 * belly + 0.004)
        radii = ((0.089 + 0.004 * curve) * girth + air, (0.088 - 0.012 * curve) * girth + 0.4 * belly * 0.1 + air)
        built.add(top, low, radii, made, frame, blend=0.05)
    for name, side in SIDES:
        end = built[f"shoulder {name}"] - up * 0.01
        built.add(
            built["neck"] - up * 0.03 + right * side * 0.03,
            end,
            (0.048 * girth, 0.052 * girth + air * 0.6),
            made,
            frame,
            blend=0.06,
        )
    _hem(built, frame, air)


def _hem(built: _Built, frame: NDArray[np.float32], air: float) -> None:
    who, girth, unit = built.person, built.girth, built.unit
    up, ahead = frame[9:12].astype(np.float64), frame[6:9].astype(np.float64)
    waist, made = built["waist"], (GROUP_TOP, TOP)
    long = who.jacket is not None and who.jacket.kind == "coat"
    below = 0.52 * unit if long else (0.2 + 0.06 * ((who.seed % 5) / 5)) * unit
    hips = (0.164 + 0.016 * who.figure) * girth + air + 0.006
    tucked = who.jacket is None and (who.bottom.kind == "dress" or (who.top.kind == "shirt" and who.seed % 3 == 0))
    if tucked:
        below, hips = 0.13 * unit, 0.158 * girth
    wide = hips + (0.05 if long else 0.0)
    built.add(
        waist - up * 0.02, waist - up * below, ((0.158 - 0.012 * who.figure) * girth + air, wide), made, frame,
        blend=0.07, flat=(ahead, 0.78), cut=(False, True),
    )  # fmt: skip
    if who.top.kind in ("shirt", "polo", "sweater", "hoodie") or who.jacket is not None:
        neck = built["neck"]
        high = 0.03 if who.jacket is None else 0.05
        built.add(
            neck - up * 0.03,
            neck + up * high * unit,
            (0.085 * girth, 0.066 * girth),
            made,
            frame,
            blend=0.02,
            cut=(False, True),
        )
    hooded = who.top.kind == "hoodie" and who.hat.kind != "hood"
    if hooded:
        nape = built["neck"] - ahead * 0.07 * unit
        built.add(nape + up * 0.02, nape - up * 0.06, (0.06, 0.075), made, frame, flat=(ahead, 0.7), blend=0.03)


def _arms(built: _Built) -> None:
    who, girth, unit = built.person, built.girth, built.unit
    outer = who.jacket if who.jacket is not None else who.top
    air = outer.loose * 0.8 + (0.014 if outer.kind == "puffer" else 0.0)
    slim = 0.9 * girth * (1 - 0.12 * who.figure)
    for name, _ in SIDES:
        shoulder, elbow, wrist, hand = (built[f"{joint} {name}"] for joint in ("shoulder", "elbow", "wrist", "hand"))
        upper = _frame(shoulder, shoulder - elbow, built.pose.chest_yaw_rad)
        lower = _frame(elbow, elbow - wrist, built.pose.chest_yaw_rad)
        full, covered = outer.length > 0.6, min(outer.length / 0.55, 1.0)
        end = shoulder + (elbow - shoulder) * covered
        radii = (0.056 * slim + air * 0.7, (0.056 - 0.013 * covered) * slim + air * (1.0 if full else 1.25))
        built.add(shoulder, end, radii, (GROUP_TOP, SLEEVE), upper, blend=0.045, cut=(False, not full))
        if full:
            cuff = wrist + (elbow - wrist) * (0.02 if who.seed % 4 else 0.35)
            built.add(
                elbow,
                cuff,
                (0.043 * slim + air, 0.031 * slim + air),
                (GROUP_TOP, SLEEVE),
                lower,
                blend=0.02,
                cut=(False, True),
            )
        else:
            built.add(shoulder, elbow, (0.05 * slim, 0.041 * slim), (GROUP_SKIN, SKIN), upper, blend=0.02)
        built.add(elbow, wrist, (0.041 * slim, 0.027 * slim), (GROUP_SKIN, SKIN), lower, blend=0.02)
        built.add(
            wrist + (hand - wrist) * 0.35,
            hand + (hand - wrist) * 0.25,
            (0.036 * unit, 0.026 * unit),
            (GROUP_SKIN, SKIN),
            lower,
            blend=0.02,
            flat=(lower[3:6], 0.6),
        )


def _legs(built: _Built) -> None:
    who, girth = built.person, built.girth
    kind, air, length = who.bottom.kind, who.bottom.loose, who.bottom.length
    yaw, curve = built.pose.pelvis_yaw_rad, who.figure
    frame = _frame(built["pelvis"], np.array([0.0, 0.0, 1.0]), yaw)
    right, made = frame[3:6].astype(np.float64), (GROUP_BOTTOM, BOTTOM)
    pelvis = built["pelvis"]
    seat = (0.096 + 0.012 * curve) * girth + air * 0.3
    half = right * (0.058 + 0.008 * curve) * girth
    built.add(pelvis - half, pelvis + half, (seat, seat), made, frame, blend=0.05)
    if who.jacket is None and (who.bottom.kind == "dress" or who.top.kind == "shirt"):
        built.add(pelvis, built["waist"], (seat * 1.25, seat * 1.1), made, frame, blend=0.1, flat=(frame[6:9], 0.72))
    if kind in ("skirt", "dress"):
        _skirt(built, frame)
    for name, _ in SIDES:
        hip, knee, ankle = (built[f"{joint} {name}"] for joint in ("hip", "knee", "ankle"))
        upper, lower = _frame(hip, hip - knee, yaw), _frame(knee, knee - ankle, yaw)
        thick = (0.081 + 0.008 * curve) * girth
        calf = 0.054 * girth
        bare = kind in ("shorts", "skirt", "dress")
        skin, cover = (GROUP_SKIN, SKIN), made
        if kind == "shorts":
            end = hip + (knee - hip) * min(length * 1.5, 0.98)
            built.add(
                hip,
                end,
                (thick + air, (0.068 + 0.012 * (1 - length)) * girth + air * 1.5),
                cover,
                upper,
                blend=0.04,
                cut=(False, True),
            )
        shown, extra = (skin, 0.0) if bare else (cover, air)
        built.add(
            hip, knee, (thick * (0.92 if bare else 1.0) + extra * 0.7, 0.055 * girth + extra), shown, upper, blend=0.04
        )
        end = ankle if bare else ankle + (knee - ankle) * (0.35 * (1 - length) * 4 + 0.01)
        hem = 0.036 * girth if bare else 0.04 * girth + (air * 1.5 if kind != "leggings" else 0.0)
        middle = knee + (ankle - knee) * 0.3 - lower[6:9] * 0.012
        built.add(knee, end, (calf * 0.98 + extra, hem), shown, lower, blend=0.03, cut=(False, not bare))
        built.add(knee, middle, (0.05 * girth + extra * 0.8, 0.056 * girth + extra * 0.8), shown, lower, blend=0.03)
        if not bare and length < 0.95:
            built.add(knee, ankle, (0.05 * girth, 0.036 * girth), skin, lower)


def _skirt(built: _Built, frame: NDArray[np.float32]) -> None:
    """A cone from the waist that hangs over both knees as far as its length, wider the longer the step."""
    who, girth = built.person, built.girth
    pelvis, waist = built["pelvis"], built["waist"]
    knees = 0.5 * (built["knee l"] + built["knee r"])
    apart = float(np.linalg.norm(built["knee l"] - built["knee r"]))
    drop = (0.2 + 0.55 * who.bottom.length) * built.unit
    middle = pelvis + (knees - pelvis) * min(drop / 0.45, 1.2) * 0.6
    end = np.array([middle[0], middle[1], pelvis[2] - drop])
    wide = (0.165 + 0.02 * who.figure) * girth + who.bottom.loose * 3 + 0.05 * who.bottom.length
    deep = max(0.6, min((0.5 * apart * min(drop / 0.45, 1.0) + 0.08) / wide, 1.25))
    made = (GROUP_BOTTOM, BOTTOM)
    built.add(waist, end, (0.135 * girth, wide), made, frame, blend=0.06, flat=(frame[6:9], deep), cut=(False, True))
    if who.bottom.kind == "dress" and who.jacket is None:
        return


def _feet(built: _Built) -> None:
    kind, unit = built.person.shoes.kind, built.unit
    for name, _ in SIDES:
        ankle, toe, heel = (built[f"{joint} {name}"] for joint in ("ankle", "toe", "heel"))
        along = toe - heel
        frame = _frame(heel, ankle - 0.6 * heel - 0.4 * toe + np.array([0, 0, 0.02]), 0.0)
        lift = np.array([0.0, 0.0, 0.034 * unit])
        thin = kind in ("shoes", "sandals")
        radii = (0.036 * unit, 0.036 * unit) if thin else (0.039 * unit, 0.042 * unit)
        made = (GROUP_SHOE, SHOE)
        built.add(
            heel + along * 0.1 + lift,
            toe - along * 0.12 + lift * 0.9,
            radii,
            made,
            frame,
            flat=(frame[9:12], 0.8),
            blend=0.02,
        )
        upper = (GROUP_SKIN, SKIN) if kind == "sandals" else made
        built.add(
            heel + along * 0.16 + lift,
            ankle + np.array([0, 0, 0.02]),
            (0.042 * unit, 0.038 * unit),
            upper,
            frame,
            blend=0.03,
        )
        if kind == "boots":
            knee = built[f"knee {name}"]
            built.add(ankle, ankle + (knee - ankle) * 0.35, (0.045 * unit, 0.055 * unit), made, frame, blend=0.03)


def _bag(built: _Built) -> None:
    who, unit = built.person, built.unit
    kind, size = who.bag.kind, who.bag.scale
    up = np.array([0.0, 0.0, 1.0])
    chest = _frame(built["neck"], built["neck"] - built["pelvis"], built.pose.chest_yaw_rad)
    right, ahead = chest[3:6].astype(np.float64), chest[6:9].astype(np.float64)
    made = (GROUP_BAG, BAG)
    if kind == "rucksack":
        back = built["chest"] - ahead * (0.16 * built.girth + 0.03) + up * 0.02
        frame = _frame(back, up, built.pose.chest_yaw_rad)
        for side in (-1.0, 1.0):
            out = right * side * 0.062 * size
            built.add(
                back + out + up * 0.12 * size,
                back + out - up * 0.16 * size,
                (0.085 * size, 0.098 * size),
                made,
                frame,
                blend=0.04,
                flat=(ahead, 0.9),
            )
        built.add(
            back - ahead * 0.08 * size - up * 0.06,
            back - ahead * 0.085 * size - up * 0.14 * size,
            (0.06, 0.065),
            made,
            frame,
            blend=0.02,
        )
    if kind in ("crossbody", "shoulder"):
        side = 1.0 if kind == "shoulder" or who.seed % 2 else -1.0
        hip = built["waist"] + right * side * (0.2 * built.girth) - up * 0.06 * unit + (ahead * -0.02)
        frame = _frame(hip, up, built.pose.chest_yaw_rad)
        built.add(
            hip - ahead * 0.09 * size,
            hip + ahead * 0.09 * size,
            (0.085 * size, 0.085 * size),
            made,
            frame,
            flat=(right, 0.55),
            blend=0.02,
        )
        if kind == "shoulder":
            shoulder = built["shoulder r"] + up * 0.05
            built.add(shoulder, hip, (0.012, 0.012), (GROUP_BAG, STRAP), frame, blend=0.005)
    if kind in ("handbag", "shopping"):
        hand = built["hand r"]
        tall = (0.2 if kind == "handbag" else 0.3) * size
        frame = _frame(hand, up, built.pose.chest_yaw_rad)
        low = hand - up * (tall + 0.1)
        flat, wide = (right, 0.5), 0.12 * size
        built.add(hand - up * 0.14, low, (wide, wide * 1.05), made, frame, flat=flat, cut=(True, True), blend=0.02)
        built.add(hand, hand - up * 0.15 + ahead * 0.06, (0.008, 0.008), (GROUP_BAG, STRAP), frame, blend=0.005)
        built.add(hand, hand - up * 0.15 - ahead * 0.06, (0.008, 0.008), (GROUP_BAG, STRAP), frame, blend=0.005)
