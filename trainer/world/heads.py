"""Heads, hair and hats as parts."""

from __future__ import annotations

import numpy as np

from trainer.world.figure import GROUP_HAIR, GROUP_HAT, GROUP_SKIN, HAIR, HAT, HEAD, SKIN, Figure, frame_of


def dress_head(built: Figure) -> None:
    """Skull, nose and neck, then hair and hat."""
    _head(built)
    _hair(built)
    _hat(built)


def _head(built: Figure) -> None:
    unit, yaw = built.unit, built.pose.head_yaw_rad
    base, crown = built["head"], built["crown"]
    frame = frame_of(base, np.array([0.0, -0.04, 1.0]), yaw)
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


def _hair(built: Figure) -> None:
    style, unit = built.person.hairstyle, built.unit
    if style == "bald" or built.person.hat.kind in ("hood", "scarf"):
        return
    frame = frame_of(built["head"], np.array([0.0, -0.04, 1.0]), built.pose.head_yaw_rad)
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


def _hat(built: Figure) -> None:
    kind, unit = built.person.hat.kind, built.unit
    if kind == "none":
        return
    frame = frame_of(built["head"], np.array([0.0, -0.04, 1.0]), built.pose.head_yaw_rad)
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
