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
STANCE = 0.62  # share of a stride that a foot is on the ground
JOINTS = (
    "pelvis", "waist", "chest", "neck", "head", "crown",
    "shoulder l", "elbow l", "wrist l", "hand l", "hip l", "knee l", "ankle l", "toe l", "heel l",
    "shoulder r", "elbow r", "wrist r", "hand r", "hip r", "knee r", "ankle r", "toe r", "heel r",
)  # fmt: skip
SIDES = (("l", -1.0), ("r", 1.0))


@dataclass(frozen=True, slots=True)
class Stance:
    """A pose: joint name to (3,) metres, and the yaw of pelvis, chest and head against the heading, rad."""

    joints: dict[str, Floats]
    pelvis_yaw_rad: float
    chest_yaw_rad: float
    head_yaw_rad: float


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
    height, habit = person.height_m, person.habit
    yaw = 0.16 * math.sin(angle) * stepping * min(stride, 1.4) / 1.4
    drop = 0.017 * stride**2 * 1.75 / height + 0.018 * habit.bounce**0.5 * math.cos(2 * angle) * moving
    sway = 0.018 * math.sin(angle) if stepping else 0.02 * math.sin(0.8 * phase + person.seed % 7)
    pelvis = np.array([sway, 0.0, 0.525 * height - drop - 0.004 * height])
    joints = {"pelvis": pelvis}
    _spine(joints, person, -yaw if stepping else 0.0)
    for side, sign in SIDES:
        _leg(
            joints, person, (side, sign), phase + (0.0 if sign > 0 else 0.5), (stride, yaw if moving else 0.0, stepping)
        )
        _arm(
            joints, person, (side, sign), angle + (math.pi if sign > 0 else 0.0), (action, min(stride / 1.4, 1.3), -yaw)
        )
    look = 0.12 * math.sin(0.61 * phase + person.seed % 11) + 0.25 * math.sin(0.23 * phase + person.seed % 5)
    return Stance(joints, yaw, -yaw, look)


def _spine(joints: dict[str, Floats], person: Person, yaw: float) -> None:
    height, lean = person.height_m, person.habit.lean_rad
    up = np.array([-0.35 * joints["pelvis"][0], math.sin(lean), math.cos(lean)])
    ahead = np.array([0.0, 1.0, 0.0])
    joints["waist"] = joints["pelvis"] + up * 0.085 * height
    joints["chest"] = joints["pelvis"] + up * 0.225 * height
    joints["neck"] = joints["pelvis"] + up * 0.302 * height - ahead * 0.004 * height
    joints["head"] = joints["neck"] + up * 0.06 * height + ahead * 0.014 * height
    joints["crown"] = joints["head"] + np.array([0, 0.002, 0.092]) * height
    half = (0.099 - 0.014 * person.figure) * height * (0.8 + 0.2 * person.build)
    for side, sign in SIDES:
        across = np.array([math.cos(yaw), math.sin(yaw), 0.0]) * sign * half
        joints[f"shoulder {side}"] = joints["neck"] - up * 0.034 * height + across


def _leg(
    joints: dict[str, Floats], person: Person, side: tuple[str, float], phase: float, step: tuple[float, float, bool]
) -> None:
    """The foot follows the ground for STANCE of a stride and swings through for the rest; the knee follows."""
    (name, sign), (stride, yaw, stepping), height = side, step, person.height_m
    forward, lift, pitch = foot_path(phase % 1.0, stride, stepping)
    half = 0.05 * height * (0.9 + 0.14 * person.figure)
    joints[f"hip {name}"] = joints["pelvis"] + np.array([math.cos(yaw), math.sin(yaw), 0.0]) * sign * half
    aside = sign * max(person.habit.width_m / 2, 0.04) * (1.0 if stride else 1.25)
    out = sign * max(person.habit.toes_rad, -0.05)
    ahead = np.array([math.sin(out) * math.cos(pitch), math.cos(out) * math.cos(pitch), math.sin(pitch)])
    above = np.array([0.0, -math.sin(pitch), math.cos(pitch)])
    ball = np.array([aside, forward, lift])  # the ball of the foot, or the heel, keeps to the ground
    pivot = 0.11 if pitch < 0 else -0.03
    ankle = ball + (ahead * (0.0 - pivot) + above * 0.042) * height + np.array([0.0, pivot * height, 0.0])
    hip = joints[f"hip {name}"]
    thigh, shin = 0.246 * height, 0.242 * height
    joints[f"knee {name}"], joints[f"ankle {name}"] = _bend(
        hip, ankle, (thigh, shin), np.array([0.08 * sign, 1.0, 0.1])
    )
    foot = joints[f"ankle {name}"] - above * 0.042 * height
    joints[f"toe {name}"] = foot + ahead * 0.112 * height
    joints[f"heel {name}"] = foot - ahead * 0.028 * height


def foot_path(phase: float, stride: float, stepping: bool = True) -> tuple[float, float, float]:
    """Forward and upward metres of a foot against the body, and its pitch (toes up is positive), at a phase in [0, 1)."""
    if not stepping:
        return 0.0, 0.0, 0.0
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
        return 0.05, 1.5, 0.12, 0.1
    if action in ("stand", "turn"):
        kind = (person.seed * 7 + (0 if right else 3)) % 5
        return (
            (0.02, 0.12, 0.1, 0.0),
            (0.2, 1.9, 0.12, 0.35),
            (-0.15, 0.55, 0.22, 0.1),
            (0.0, 0.25, 0.12, 0.0),
            (0.3, 1.5, 0.15, 0.6),
        )[kind]
    if (person.seed + (0 if right else 2)) % 9 == 0:
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
