"""A skeleton and how it moves: walking whose feet do not slide, standing, turning, carrying.

Joints are metres in the body's own frame: x right, y forward, z up, the origin on the ground below the pelvis. A
phase counts strides (two steps); a walker advances ``stride_m`` a stride, so the foot on the ground stays where it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trainer.world.geometry import Floats
from trainer.world.people import Person

ACTIONS = ("walk", "stand", "turn", "carry")
LEG = 0.488  # hip to ankle, of the height
ANKLE = 0.042  # ankle to sole
STANCE = 0.62  # share of a stride that a foot is on the ground
SIDES = (("l", -1.0), ("r", 1.0))


@dataclass(frozen=True, slots=True)
class Stance:
    """A pose: joint name to (3,) metres; yaws against the heading, rad; whether the hands hold a parcel."""

    joints: dict[str, Floats]
    pelvis_yaw_rad: float
    chest_yaw_rad: float
    head_yaw_rad: float
    carries: bool = False


def stride_m(person: Person, speed_mps: float) -> float:
    """Metres a stride: longer legs and faster walks make longer strides (about 1.4 m at 1.4 m/s and 1.75 m)."""
    return float(person.height_m * 0.71 * max(speed_mps / 1.4, 0.05) ** 0.5)


def stance(person: Person, action: str, phase: float, speed_mps: float = 1.3) -> Stance:
    """The pose at a phase of a stride; raises ValueError for an action that is not in ACTIONS."""
    if action not in ACTIONS:
        raise ValueError(f"unknown action {action!r}; expected one of {', '.join(ACTIONS)}")
    moving = action in ("walk", "carry") and speed_mps > 0.05
    stepping = moving or action == "turn"
    stride = stride_m(person, speed_mps) if moving else 0.0
    angle = 2 * math.pi * phase
    yaw = 0.16 * math.sin(angle) * stepping * min(stride, 1.4) / 1.4
    feet = {side: _foot(person, sign, phase + (0.0 if sign > 0 else 0.5), (stride, stepping)) for side, sign in SIDES}
    sway = 0.018 * math.sin(angle) if stepping else 0.02 * math.sin(0.8 * phase + person.seed % 7)
    joints = {"pelvis": np.array([sway, 0.0, _hip_height(person, stride, phase) + 0.004 * person.height_m])}
    _spine(joints, person, -yaw if stepping else 0.0)
    for side, sign in SIDES:
        _leg(joints, person, (side, sign), (yaw if moving else 0.0), feet[side])
        _arm(
            joints, person, (side, sign), angle + (math.pi if sign > 0 else 0.0), (action, min(stride / 1.4, 1.3), -yaw)
        )
    look = 0.12 * math.sin(0.61 * phase + person.seed % 11) + 0.25 * math.sin(0.23 * phase + person.seed % 5)
    return Stance(joints, yaw, -yaw, look, action == "carry")


def _spine(joints: dict[str, Floats], person: Person, yaw: float) -> None:
    height, lean = person.height_m, person.habit.lean_rad
    up = np.array([-0.35 * joints["pelvis"][0], math.sin(lean), math.cos(lean)])
    ahead = np.array([0.0, 1.0, 0.0])
    joints["waist"] = joints["pelvis"] + up * 0.085 * height
    joints["chest"] = joints["pelvis"] + up * 0.225 * height
    joints["neck"] = joints["pelvis"] + up * 0.302 * height - ahead * 0.004 * height
    joints["head"] = joints["neck"] + up * 0.06 * height + ahead * 0.014 * height
    joints["crown"] = joints["head"] + np.array([0, 0.002, 0.092]) * height
    half = (0.105 - 0.014 * person.figure) * height * (0.8 + 0.2 * person.build)
    for side, sign in SIDES:
        across = np.array([math.cos(yaw), math.sin(yaw), 0.0]) * sign * half
        joints[f"shoulder {side}"] = joints["neck"] - up * 0.052 * height + across


def _hip_height(person: Person, stride: float, phase: float) -> float:
    """Hips ride over the standing foot on a leg that is nearly straight, and are lowest when both feet stand."""
    highest = LEG * 0.985 * person.height_m
    aside = max(person.habit.width_m / 2 - 0.05, 0.0) * 1.25
    heights = []
    for at in (phase % 1.0, (phase + 0.5) % 1.0):
        if at < STANCE:
            forward, _, pitch = foot_path(at, stride)
            ankle, _, _ = _sole(person, forward, 0.0, pitch)
            heights.append(ankle[1] + math.sqrt(max(highest**2 - ankle[0] ** 2 - aside**2, 0.3 * highest**2)))
    return min(heights) - 0.006 * person.height_m * (2 - person.habit.bounce) * bool(stride)


def _sole(person: Person, forward: float, lift: float, pitch: float) -> tuple[tuple[float, float], float, float]:
    """The ankle (forward, up) of a foot that turns on its ball when the toes point down, on its heel when up."""
    height = person.height_m
    pivot = (0.11 if pitch < 0 else -0.03) * height
    along, above = (math.cos(pitch), math.sin(pitch)), (-math.sin(pitch), math.cos(pitch))
    ankle = (
        forward + pivot - along[0] * pivot + above[0] * ANKLE * height,
        lift - along[1] * pivot + above[1] * ANKLE * height,
    )
    return ankle, along[0], along[1]


def _foot(person: Person, sign: float, phase: float, step: tuple[float, bool]) -> tuple[Floats, Floats, Floats]:
    """Ankle (3,), the direction of the sole and the one above it, at a phase of this foot's own stride."""
    stride, stepping = step
    forward, lift, pitch = foot_path(phase % 1.0, stride) if stepping else (0.0, 0.0, 0.0)
    (ahead, up), flat, steep = _sole(person, forward, lift, pitch)
    aside = sign * max(person.habit.width_m / 2, 0.04) * (1.0 if stride else 1.25)
    out = sign * max(person.habit.toes_rad, -0.05)
    along = np.array([math.sin(out) * flat, math.cos(out) * flat, steep])
    return np.array([aside, ahead, up]), along, np.array([0.0, -steep, flat])


def _leg(
    joints: dict[str, Floats], person: Person, side: tuple[str, float], yaw: float, foot: tuple[Floats, Floats, Floats]
) -> None:
    """Hip, knee, ankle, toe and heel: the foot is where the ground has it, and the knee follows."""
    (name, sign), height = side, person.height_m
    ankle, along, above = foot
    half = 0.045 * height * (0.92 + 0.14 * person.figure)
    joints[f"hip {name}"] = joints["pelvis"] + np.array([math.cos(yaw), math.sin(yaw), -0.08]) * (
        sign * half,
        sign * half,
        half,
    )
    hip = joints[f"hip {name}"]
    bones = (0.246 * height, (LEG - 0.246) * height)
    joints[f"knee {name}"], joints[f"ankle {name}"] = _bend(hip, ankle, bones, np.array([0.08 * sign, 1.0, 0.1]))
    sole = joints[f"ankle {name}"] - above * ANKLE * height
    joints[f"toe {name}"] = sole + along * 0.112 * height
    joints[f"heel {name}"] = sole - along * 0.028 * height


def foot_path(phase: float, stride: float) -> tuple[float, float, float]:
    """Forward and upward metres of a foot against the body, and its pitch (toes up positive), at a phase in [0, 1)."""
    reach = STANCE * stride
    if phase < STANCE:
        share = phase / STANCE
        heel, toe = max(0.0, 1 - share / 0.18), max(0.0, (share - 0.62) / 0.38)
        return reach * (0.4 - share), 0.0, (0.3 * heel - 0.75 * toe**1.5) * min(stride, 1.0)
    share = (phase - STANCE) / (1 - STANCE)
    eased = share - math.sin(2 * math.pi * share) / (2 * math.pi)
    lift = (0.06 if stride else 0.03) * math.sin(math.pi * share)
    pitch = -0.75 * (1 - share) ** 1.5 + 0.3 * share**2
    return reach * (eased - 0.6), lift, pitch * min(stride, 1.0)


def _arm(
    joints: dict[str, Floats], person: Person, side: tuple[str, float], angle: float, act: tuple[str, float, float]
) -> None:
    (name, sign), (action, pace, yaw), height = side, act, person.height_m
    swing = 0.42 * person.habit.swing * pace * math.sin(angle + 0.35)
    elbow = 0.18 + 0.22 * pace + 0.2 * max(swing, 0.0)
    splay = 0.09 + 0.06 * (person.build - 1) + 0.02 * person.habit.swing
    swing, elbow, splay, inward = _held(person, action, sign, (swing, elbow, splay))
    turn = np.array([[math.cos(yaw), -math.sin(yaw), 0], [math.sin(yaw), math.cos(yaw), 0], [0, 0, 1]])
    upper = turn @ np.array([sign * math.sin(splay), math.sin(swing), -math.cos(swing) * math.cos(splay)])
    bent = swing + elbow
    lower = turn @ np.array([sign * (0.5 * math.sin(splay) - inward), math.sin(bent), -math.cos(bent)])
    upper, lower = upper / np.linalg.norm(upper), lower / np.linalg.norm(lower)
    joints[f"elbow {name}"] = joints[f"shoulder {name}"] + upper * 0.172 * height
    joints[f"wrist {name}"] = joints[f"elbow {name}"] + lower * 0.148 * height
    joints[f"hand {name}"] = joints[f"wrist {name}"] + lower * 0.062 * height


def _held(
    person: Person, action: str, sign: float, free: tuple[float, float, float]
) -> tuple[float, float, float, float]:
    """Swing, elbow, splay and how far the forearm turns inward, where something is held or a habit rules."""
    swing, elbow, splay = free
    right = sign > 0
    if action == "carry":
        return 0.25, 1.35, 0.16, 0.35
    if person.bag.kind in ("handbag", "shopping") and right:
        return swing * 0.3, 0.15, splay + 0.05, 0.0
    if person.bag.kind == "shoulder" and right:
        return (-0.05, 2.25, 0.2, 0.3) if person.seed % 3 == 0 else (0.4 * swing, 0.3, 0.14, 0.0)
    if action in ("stand", "turn"):
        kind = (0, 0, 2, 0, 3, 1, 3, 0, 4)[(person.seed * 7 + (0 if right else 4)) % 9]
        return (
            (0.02, 0.12, 0.1, 0.0),
            (0.2, 1.9, 0.12, 0.35),
            (-0.15, 0.55, 0.22, 0.1),
            (0.0, 0.25, 0.12, 0.0),
            (0.3, 1.5, 0.15, 0.6),
        )[kind]
    if (person.seed + (0 if right else 2)) % 17 == 0:
        return swing * 0.25 + 0.2, 1.9, 0.1, 0.3  # a telephone in the hand
    return swing, elbow, splay, 0.05


def _bend(hip: Floats, ankle: Floats, bones: tuple[float, float], towards: Floats) -> tuple[Floats, Floats]:
    """The knee between hip and ankle on the side of ``towards``, and the ankle, drawn in if it is out of reach."""
    upper, lower = bones
    span = ankle - hip
    length = float(np.linalg.norm(span))
    reach = min(length, 0.999 * (upper + lower))
    along = span / length
    axis = (upper**2 - lower**2 + reach**2) / (2 * reach)
    aside = towards - along * (towards @ along)
    knee: Floats = hip + along * axis + aside / np.linalg.norm(aside) * math.sqrt(max(upper**2 - axis**2, 0.0))
    return knee, hip + along * reach
