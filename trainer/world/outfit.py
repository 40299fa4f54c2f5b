"""Clothes, limbs, shoes and bags as parts: cloth is a body a little larger, with hems where it ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.world.figure import (
    BAG,
    BOTTOM,
    GROUP_BAG,
    GROUP_BOTTOM,
    GROUP_SHOE,
    GROUP_SKIN,
    GROUP_TOP,
    SHOE,
    SKIN,
    SLEEVE,
    STRAP,
    TOP,
    Figure,
    frame_of,
)
from trainer.world.gait import SIDES
from trainer.world.geometry import Floats

UP = np.array((0.0, 0.0, 1.0))


def dress(built: Figure) -> None:
    """Everything below the neck, and what is carried."""
    for add in (_torso, _arms, _legs, _feet, _bag):
        add(built)


def _torso(built: Figure) -> None:
    """Two columns from the shoulders to the waist, a hem that hangs from them, and yokes to the shoulders."""
    who, unit, girth = built.person, built.unit, built.girth
    cover = who.jacket if who.jacket is not None else who.top
    air = cover.loose + (0.016 if who.jacket is not None and who.jacket.kind == "puffer" else 0.0)
    yaw = built.pose.chest_yaw_rad
    up = built["neck"] - built["pelvis"]
    up = up / np.linalg.norm(up)
    frame = frame_of(built["neck"], up, yaw)
    right, ahead = frame[3:6].astype(np.float64), frame[6:9].astype(np.float64)
    curve, belly = who.figure, max(who.build - 1.05, 0.0)
    made = (GROUP_TOP, TOP)
    chest, waist = built["chest"] + up * 0.026 * unit, built["waist"]
    for side in (-1.0, 1.0):
        top = chest + right * side * (0.083 - 0.014 * curve) * girth + ahead * 0.022 * curve * unit
        low = waist + right * side * (0.062 - 0.012 * curve) * girth + ahead * (0.3 * belly + 0.004)
        radii = ((0.089 + 0.004 * curve) * girth + air, (0.088 - 0.012 * curve) * girth + 0.4 * belly * 0.1 + air)
        built.add(top, low, radii, made, frame, blend=0.05)
    for name, side in SIDES:
        end = built[f"shoulder {name}"] + up * 0.002
        built.add(
            built["neck"] - up * 0.014 + right * side * 0.034,
            end,
            (0.046 * girth, 0.046 * girth + air * 0.6),
            made,
            frame,
            blend=0.06,
        )
    _hem(built, frame, air)


def _hem(built: Figure, frame: NDArray[np.float32], air: float) -> None:
    who, girth, unit = built.person, built.girth, built.unit
    up, ahead = frame[9:12].astype(np.float64), frame[6:9].astype(np.float64)
    waist, made = built["waist"], (GROUP_TOP, TOP)
    long = who.jacket is not None and who.jacket.kind == "coat"
    below = 0.52 * unit if long else (0.175 + 0.06 * ((who.seed % 5) / 5)) * unit
    hips = (0.164 + 0.016 * who.figure) * girth + air + 0.006
    tucked = who.jacket is None and (who.bottom.kind == "dress" or (who.top.kind == "shirt" and who.seed % 3 == 0))
    if tucked:
        below, hips = 0.13 * unit, 0.158 * girth
    wide = hips + (0.05 if long else 0.0)
    lean, deep = _draped(built, max(below - 0.149 * unit, 0.03), 0.081 * girth + air + 0.012)
    built.add(
        waist - up * 0.02, waist - up * below + ahead * lean, ((0.158 - 0.012 * who.figure) * girth + air, wide),
        made, frame, blend=0.07, flat=(ahead, min(max(deep / wide, 0.78), 1.0)), cut=(False, True),
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


def _draped(built: Figure, drop: float, thick: float) -> tuple[float, float]:
    """How far ahead of the pelvis the middle of both thighs is ``drop`` metres below it, and half their depth there."""
    ahead = []
    for name, _ in SIDES:
        thigh = built[f"knee {name}"] - built[f"hip {name}"]
        ahead.append(thigh[1] * min(drop / max(-float(thigh[2]), 0.1), 1.0))
    return float(sum(ahead)) / 2, abs(float(ahead[0] - ahead[1])) / 2 + thick


def _arms(built: Figure) -> None:
    who, girth, unit = built.person, built.girth, built.unit
    outer = who.jacket if who.jacket is not None else who.top
    air = outer.loose * 0.8 + (0.014 if outer.kind == "puffer" else 0.0)
    slim = 0.9 * girth * (1 - 0.12 * who.figure)
    for name, _ in SIDES:
        shoulder, elbow, wrist, hand = (built[f"{joint} {name}"] for joint in ("shoulder", "elbow", "wrist", "hand"))
        upper = frame_of(shoulder, shoulder - elbow, built.pose.chest_yaw_rad)
        lower = frame_of(elbow, elbow - wrist, built.pose.chest_yaw_rad)
        full, covered = outer.length > 0.6, min(outer.length / 0.55, 1.0)
        end = shoulder + (elbow - shoulder) * covered
        radii = (0.053 * slim + air * 0.7, (0.053 - 0.01 * covered) * slim + air * (1.0 if full else 1.25))
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


def _legs(built: Figure) -> None:
    who, girth = built.person, built.girth
    kind, air, curve = who.bottom.kind, who.bottom.loose, who.figure
    yaw = built.pose.pelvis_yaw_rad
    frame = frame_of(built["pelvis"], np.array([0.0, 0.0, 1.0]), yaw)
    right, made = frame[3:6].astype(np.float64), (GROUP_BOTTOM, BOTTOM)
    pelvis = built["pelvis"]
    seat = (0.091 + 0.012 * curve) * girth + air * 0.2
    half = right * (0.055 + 0.008 * curve) * girth
    built.add(pelvis - half, pelvis + half, (seat, seat), made, frame, blend=0.05)
    if who.jacket is None and (who.bottom.kind == "dress" or who.top.kind == "shirt"):
        built.add(pelvis, built["waist"], (seat * 1.25, seat * 1.1), made, frame, blend=0.1, flat=(frame[6:9], 0.72))
    if kind in ("skirt", "dress"):
        _skirt(built, frame)
    for name, _ in SIDES:
        _leg(built, name)


def _leg(built: Figure, name: str) -> None:
    """Thigh, shin and calf, bare or covered, with the hem that the garment has."""
    who, girth, yaw = built.person, built.girth, built.pose.pelvis_yaw_rad
    kind, air, length = who.bottom.kind, who.bottom.loose, who.bottom.length
    hip, knee, ankle = (built[f"{joint} {name}"] for joint in ("hip", "knee", "ankle"))
    upper, lower = frame_of(hip, hip - knee, yaw), frame_of(knee, knee - ankle, yaw)
    thick = (0.081 + 0.008 * who.figure) * girth
    bare = kind in ("shorts", "skirt", "dress")
    skin, cover = (GROUP_SKIN, SKIN), (GROUP_BOTTOM, BOTTOM)
    if kind == "shorts":
        hem = hip + (knee - hip) * min(length * 1.5, 0.98)
        radii = (thick + air, (0.068 + 0.012 * (1 - length)) * girth + air * 1.5)
        built.add(hip, hem, radii, cover, upper, blend=0.04, cut=(False, True))
    shown, extra = (skin, 0.0) if bare else (cover, air)
    radii = (thick * (0.92 if bare else 1.0) + extra * 0.7, 0.055 * girth + extra)
    built.add(hip, knee, radii, shown, upper, blend=0.04)
    end = ankle if bare else ankle + (knee - ankle) * (1.4 * (1 - length) + 0.01)
    wide = 0.036 * girth if bare else 0.04 * girth + (air * 1.5 if kind != "leggings" else 0.0)
    built.add(knee, end, (0.053 * girth + extra, wide), shown, lower, blend=0.03, cut=(False, not bare))
    middle = knee + (ankle - knee) * 0.3 - lower[6:9] * 0.012
    built.add(knee, middle, (0.05 * girth + extra * 0.8, 0.056 * girth + extra * 0.8), shown, lower, blend=0.03)
    if not bare and length < 0.95:
        built.add(knee, ankle, (0.05 * girth, 0.036 * girth), skin, lower)


def _skirt(built: Figure, frame: NDArray[np.float32]) -> None:
    """A cone from the waist that hangs over both knees as far as its length, wider the longer the step."""
    who, girth = built.person, built.girth
    pelvis, waist = built["pelvis"], built["waist"]
    knees = 0.5 * (built["knee l"] + built["knee r"])
    apart = float(np.linalg.norm(built["knee l"] - built["knee r"]))
    drop = (0.2 + 0.55 * who.bottom.length) * built.unit
    middle = pelvis + (knees - pelvis) * min(drop / 0.45, 1.2) * 0.6
    end = np.array([middle[0], middle[1], pelvis[2] - drop])
    wide = (0.165 + 0.02 * who.figure) * girth + who.bottom.loose * 3 + 0.05 * who.bottom.length
    deep = max(0.7, min((0.5 * apart * min(drop / 0.45, 1.0) + 0.115 * girth) / wide, 1.3))
    made = (GROUP_BOTTOM, BOTTOM)
    built.add(waist, end, (0.15 * girth, wide), made, frame, blend=0.06, flat=(frame[6:9], deep), cut=(False, True))


def _feet(built: Figure) -> None:
    kind, unit = built.person.shoes.kind, built.unit
    for name, _ in SIDES:
        ankle, toe, heel = (built[f"{joint} {name}"] for joint in ("ankle", "toe", "heel"))
        along = toe - heel
        frame = frame_of(heel, ankle - 0.6 * heel - 0.4 * toe + np.array([0, 0, 0.02]), 0.0)
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


def _bag(built: Figure) -> None:
    kind, yaw = built.person.bag.kind, built.pose.chest_yaw_rad
    chest = frame_of(built["neck"], built["neck"] - built["pelvis"], yaw)
    axes = chest[3:6].astype(np.float64), chest[6:9].astype(np.float64)
    if kind == "rucksack":
        _rucksack(built, *axes)
    if kind in ("crossbody", "shoulder"):
        _at_the_hip(built, *axes)
    if kind in ("handbag", "shopping"):
        _in_the_hand(built, *axes)
    if built.pose.carries:
        middle = (built["hand l"] + built["hand r"]) / 2 + axes[1] * 0.05
        frame, half = frame_of(middle, UP, yaw), axes[0] * 0.13
        ends = (middle - half, middle + half)
        built.add(*ends, (0.13, 0.13), (GROUP_BAG, BAG), frame, flat=(UP, 0.8), cut=(True, True), blend=0.02)


def _rucksack(built: Figure, right: Floats, ahead: Floats) -> None:
    """Two columns on the back with a pocket behind them; its straps are painted on the chest."""
    size, made = built.person.bag.scale, (GROUP_BAG, BAG)
    back = built["chest"] - ahead * (0.16 * built.girth + 0.03) + UP * 0.02
    frame = frame_of(back, UP, built.pose.chest_yaw_rad)
    for side in (-1.0, 1.0):
        top, low = (back + right * side * 0.062 * size + UP * high * size for high in (0.12, -0.16))
        built.add(top, low, (0.085 * size, 0.098 * size), made, frame, blend=0.04, flat=(ahead, 0.9))
    top = back - ahead * 0.08 * size - UP * 0.06
    low = back - ahead * 0.085 * size - UP * 0.14 * size
    built.add(top, low, (0.06, 0.065), made, frame, blend=0.02)


def _at_the_hip(built: Figure, right: Floats, ahead: Floats) -> None:
    who, size = built.person, built.person.bag.scale
    side = 1.0 if who.bag.kind == "shoulder" or who.seed % 2 else -1.0
    hip = built["waist"] + right * side * (0.2 * built.girth) - UP * 0.06 * built.unit - ahead * 0.02
    frame, half = frame_of(hip, UP, built.pose.chest_yaw_rad), ahead * 0.09 * size
    radii = (0.085 * size, 0.085 * size)
    built.add(hip - half, hip + half, radii, (GROUP_BAG, BAG), frame, flat=(right, 0.55), blend=0.02)
    if who.bag.kind == "shoulder":
        shoulder = built["shoulder r"] + UP * 0.05
        built.add(shoulder, hip, (0.012, 0.012), (GROUP_BAG, STRAP), frame, blend=0.005)


def _in_the_hand(built: Figure, right: Floats, ahead: Floats) -> None:
    size, hand = built.person.bag.scale, built["hand r"]
    tall = (0.2 if built.person.bag.kind == "handbag" else 0.3) * size
    frame, wide = frame_of(hand, UP, built.pose.chest_yaw_rad), 0.12 * size
    ends, radii = (hand - UP * 0.14, hand - UP * (tall + 0.1)), (wide, wide * 1.05)
    built.add(*ends, radii, (GROUP_BAG, BAG), frame, flat=(right, 0.5), cut=(True, True), blend=0.02)
    for side in (-1.0, 1.0):
        end = hand - UP * 0.15 + ahead * 0.06 * side
        built.add(hand, end, (0.008, 0.008), (GROUP_BAG, STRAP), frame, blend=0.005)
