"""Space, views and light: the vocabulary that people, places and cameras share.

World space is metres: x east, y north, z up, the ground at z = 0. Camera space is x right, y down, z forward. Colours
are linear RGB floats until a camera's response makes them BGR bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class View:
    """A pinhole camera at a place.

    position: (3,) metres; rotation: (3, 3) world to camera; focal_px: pixels; centre_px: (cx, cy); size: (w, h) pixels
    """

    position: Floats
    rotation: Floats
    focal_px: float
    centre_px: tuple[float, float]
    size: tuple[int, int]

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Pixels (N, 2) and depths (N,) of world points (N, 3); a point behind the camera has a depth below zero."""
        local = (np.asarray(points, np.float64).reshape(-1, 3) - self.position) @ self.rotation.T
        depth = local[:, 2]
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        return local[:, :2] / safe[:, None] * self.focal_px + np.asarray(self.centre_px), depth

    def ray(self, pixel: tuple[float, float]) -> Floats:
        """Unit direction (3,) in the world of the ray through a pixel."""
        x, y = (np.asarray(pixel, np.float64) - self.centre_px) / self.focal_px
        direction: Floats = self.rotation.T @ np.array([x, y, 1.0])
        return direction / np.linalg.norm(direction)

    def ground(self, pixel: tuple[float, float]) -> Floats | None:
        """The ground point (2,) seen at a pixel; None at or above the horizon."""
        direction = self.ray(pixel)
        if direction[2] > -1e-9:
            return None
        hit: Floats = self.position - direction * (self.position[2] / direction[2])
        return hit[:2]

    def window(self, x0: float, y0: float, size: tuple[int, int], scale: float = 1.0) -> View:
        """The part of the picture that starts at (x0, y0), ``size`` pixels large after scaling by ``scale``."""
        centre = ((self.centre_px[0] - x0) * scale, (self.centre_px[1] - y0) * scale)
        return View(self.position, self.rotation, self.focal_px * scale, centre, size)


def looking(
    position: tuple[float, float, float],
    heading_rad: float,
    tilt_rad: float,
    *,
    focal_px: float,
    size: tuple[int, int],
    roll_rad: float = 0.0,
) -> View:
    """A view from ``position`` towards ``heading_rad`` (0 = east, pi/2 = north), ``tilt_rad`` below the horizon."""
    cos_h, sin_h, cos_t, sin_t = np.cos(heading_rad), np.sin(heading_rad), np.cos(tilt_rad), np.sin(tilt_rad)
    forward = np.array([cos_h * cos_t, sin_h * cos_t, -sin_t])
    right = np.array([sin_h, -cos_h, 0.0])
    down = np.cross(forward, right)
    cos_r, sin_r = np.cos(roll_rad), np.sin(roll_rad)
    rotation = np.stack([cos_r * right + sin_r * down, cos_r * down - sin_r * right, forward])
    return View(np.asarray(position, np.float64), rotation, focal_px, (size[0] / 2, size[1] / 2), size)


@dataclass(frozen=True, slots=True)
class Light:
    """What lights a scene.

    sun_direction: (3,) unit, towards the sun; sun_rgb, sky_rgb, ground_rgb: (3,) linear, what a white surface facing
    the sun, the zenith and the ground would send back; lamps: pairs of position (3,) metres and rgb (3,) at one metre
    """

    sun_direction: Floats
    sun_rgb: Floats
    sky_rgb: Floats
    ground_rgb: Floats
    lamps: tuple[tuple[Floats, Floats], ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """A person as one camera sees them, to be laid over what stands behind.

    x0, y0: where the arrays start in the picture, pixels; rgb: (h, w, 3) float32 linear, not premultiplied;
    alpha: (h, w) float32, the covered share of each pixel; depth: (h, w) float32 metres along the optical axis, inf
    where empty; box: xyxy pixels of the whole body, whatever hides it, may leave the picture
    """

    x0: int
    y0: int
    rgb: NDArray[np.float32]
    alpha: NDArray[np.float32]
    depth: NDArray[np.float32]
    box: tuple[float, float, float, float]


def facing(yaw_rad: float) -> Floats:
    """Rotation (3, 3) of a body whose own axes are x right, y forward, z up, and that looks towards ``yaw_rad``."""
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    return np.array([[sin, cos, 0.0], [-cos, sin, 0.0], [0.0, 0.0, 1.0]])
