"""Cameras of the generated world: where one hangs, and what its sensor and its recorder make of the light.

The response follows the order of a real camera: lens (vignetting, softness), sensor (exposure, shot and read noise),
white balance, tone curve, saturation, sharpening, chroma subsampling, compression. Pictures come in as linear RGB
radiance and leave as the files' BGR bytes. Everything is drawn from numpy generators: a seed gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.world.compiled import compiled
from trainer.world.geometry import View, looking

Rgb = NDArray[np.float32]
Bgr = NDArray[np.uint8]

MIDDLE_GREY = 0.2  # linear value that auto-exposure aims the picture's logarithmic mean at
BRIGHT = 0.8  # and what its bright tenth may not pass
DARKEST = 0.05  # of the full range: what the darkest hundredth of a real camera's pixels do not pass
BRIGHTEST = 0.92  # and what the brightest hundredth passes
LEAST_SPREAD = 0.5  # of the coded range that is spread over all levels: twice as much contrast and no more
TONE_STEPS = 4096
TONE_TOP = 4.0  # exposed values above are white whatever the curve
LUMA = np.array((0.2126, 0.7152, 0.0722), np.float32)


@dataclass(frozen=True, slots=True)
class Response:
    """What a camera makes of linear light.

    exposure:   factor from radiance to sensor values, 1.0 is about where highlights begin to clip
    white:      gains of R, G, B left over by its white balance
    gamma:      exponent of the tone curve (2.2 usual); contrast: strength of the S-curve over it, 0 none
    black:      how far blacks are lifted, of 1; saturation: 1 true, 0 grey
    stretch:    how far the recorder spreads what the picture holds over all levels, of 1
    levels:     the coded values, of 1, that leave as black and as white; set by ``metered``
    vignette:   loss of light in the corners, of 1
    blur_px:    sigma of the lens; detail: pixels that are really resolved per pixel of the stream, at most 1
    sharpen:    strength of the halo that the recorder adds round edges
    shot, read: noise in exposed units: variance is shot * value + read ** 2
    jpeg:       quality of the recorder's first compression, 1 to 100; 0 for none
    shutter_s:  how long a picture collects light (motion blur)
    drift:      amplitude of the auto-exposure's wandering, in stops
    """

    exposure: float = 1.0
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 2.2
    contrast: float = 0.3
    black: float = 0.02
    saturation: float = 1.0
    stretch: float = 0.0
    levels: tuple[float, float] = (0.0, 1.0)
    vignette: float = 0.15
    blur_px: float = 0.5
    detail: float = 1.0
    sharpen: float = 0.4
    shot: float = 0.0006
    read: float = 0.004
    jpeg: int = 80
    shutter_s: float = 0.01
    drift: float = 0.05

    def observe(
        self,
        rgb: Rgb,
        rng: np.random.Generator,
        *,
        corner: tuple[float, float] = (0.0, 0.0),
        whole: tuple[int, int] | None = None,
        gain: float = 1.0,
    ) -> Bgr:
        """The stream's (H, W, 3) BGR bytes of linear (H, W, 3) RGB.

        A crop says with ``corner`` (x, y) and ``whole`` (w, h) where it lies in the camera's picture; ``gain`` is what
        auto-exposure adds at this moment.
        """
        values = self._through_lens(rgb, corner, whole or (rgb.shape[1], rgb.shape[0]), gain)
        picture = self._sharpened(self._resampled(self._sensed(values, rng)))
        return compressed(picture, self.jpeg)

    def _through_lens(self, rgb: Rgb, corner: tuple[float, float], whole: tuple[int, int], gain: float) -> Rgb:
        height, width, _ = rgb.shape
        x = (corner[0] + np.arange(width, dtype=np.float32) + 0.5) / whole[0] - 0.5
        y = (corner[1] + np.arange(height, dtype=np.float32) + 0.5) / whole[1] - 0.5
        shade = 1 - self.vignette * 2 * (x[None, :] ** 2 + y[:, None] ** 2)
        scale = np.asarray(self.white, np.float32) * np.float32(self.exposure * gain)
        values = (rgb * shade[:, :, None] * scale).astype(np.float32)
        return _blurred(values, self.blur_px)

    def _sensed(self, values: Rgb, rng: np.random.Generator) -> Rgb:
        """With noise and through the tone curve, to BGR of 0 to 255."""
        height, width, _ = values.shape
        light = rng.standard_normal((height, width), np.float32)
        colour = rng.standard_normal(((height + 1) // 2, (width + 1) // 2, 3), np.float32)
        smooth = cv2.resize(colour, (width, height), interpolation=cv2.INTER_LINEAR)
        coded = np.empty_like(values)
        made = (self.shot, self.read**2, self.saturation)
        _code(values, light, np.asarray(smooth, np.float32), self.tone_curve(), made, coded)
        return coded

    def tone_curve(self) -> NDArray[np.float32]:
        """(TONE_STEPS,) exposed value of 0 to TONE_TOP to 0..255: shoulder, gamma, S-curve, levels, lifted black."""
        value = np.linspace(0, TONE_TOP, TONE_STEPS)
        shouldered = np.where(value < 0.6, value, 0.6 + 0.4 * (1 - np.exp(-(value - 0.6) / 0.4)))
        coded = shouldered ** (1 / self.gamma)
        bent = coded * coded * (3 - 2 * coded)
        coded = (1 - self.contrast) * coded + self.contrast * bent
        low, high = self.levels
        coded = np.clip((coded - low) / (high - low), 0, 1)
        return (255 * (self.black + (1 - self.black) * coded)).astype(np.float32)

    def _resampled(self, picture: Rgb) -> Rgb:
        if self.detail >= 1:
            return picture
        height, width, _ = picture.shape
        small = (max(round(width * self.detail), 1), max(round(height * self.detail), 1))
        fewer = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(fewer, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)

    def _sharpened(self, picture: Rgb) -> Rgb:
        if self.sharpen <= 0:
            return picture
        radius = max(self.blur_px, 0.6 / min(self.detail, 1.0), 0.6)
        return picture + np.float32(self.sharpen) * (picture - _blurred(picture, 1.5 * radius))

    def wandering(self, time_s: float, phase: float) -> float:
        """The gain that auto-exposure has drifted to at this moment; ``phase`` in radians is the camera's own."""
        swing = 0.7 * math.sin(time_s * 2 * math.pi / 37 + phase) + 0.3 * math.sin(
            time_s * 2 * math.pi / 11 + 2 * phase
        )
        return float(2 ** (self.drift * swing))


@compiled
def _code(values: Rgb, light: Rgb, colour: Rgb, curve: Rgb, made: tuple[float, float, float], coded: Rgb) -> None:
    """Noise, tone curve and saturation in one pass; RGB values in, BGR coded out."""
    shot, floor, saturation = made
    steps, level = len(curve), np.zeros(3, np.float32)
    scale = (steps - 1) / TONE_TOP
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            for c in range(3):
                value = values[i, j, c]
                sigma = math.sqrt(max(value, 0.0) * shot + floor)
                value += sigma * (0.8 * light[i, j] + 0.6 * colour[i, j, c])
                level[c] = curve[min(max(int(value * scale), 0), steps - 1)]
            grey = 0.2126 * level[0] + 0.7152 * level[1] + 0.0722 * level[2]
            for c in range(3):
                coded[i, j, 2 - c] = grey + saturation * (level[c] - grey)


def _blurred(picture: Rgb, sigma: float) -> Rgb:
    if sigma < 0.2:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)


def compressed(picture: Rgb, quality: int) -> Bgr:
    """Through JPEG with halved chroma, as a recorder does; BGR of 0 to 255 in, bytes out. Quality 0 leaves it alone."""
    sharp = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    if quality <= 0:
        return sharp
    flags = [
        cv2.IMWRITE_JPEG_QUALITY,
        int(quality),
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    _, data = cv2.imencode(".jpg", sharp, flags)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def draw_response(rng: np.random.Generator, *, dusk: bool = False) -> Response:
    """A camera of some age, make and setting; at dusk noisier, slower and paler."""
    warmth, tint = rng.normal(0, 0.07), rng.normal(0, 0.025)
    old = rng.random() ** 2  # most are good, some are not
    dark = 1.0 if dusk else 0.0
    calm = float(rng.uniform(0.1, 0.8))  # what is left of the sensor's noise when the recorder has smoothed it
    return Response(
        white=(float(np.exp(warmth)), float(np.exp(tint)), float(np.exp(-warmth))),
        gamma=float(rng.uniform(1.9, 2.4)),
        contrast=float(rng.uniform(0.2, 0.9)),
        black=float(rng.uniform(0.0, 0.05)),
        saturation=float(rng.uniform(0.65, 1.25) * (1 - 0.35 * dark)),
        vignette=float(rng.uniform(0.0, 0.35)),
        blur_px=float(rng.uniform(0.35, 0.6 + 0.7 * old)),
        detail=float(1 - 0.5 * old * rng.random()),
        sharpen=float(rng.uniform(0.0, 0.9)),
        shot=calm * float(rng.uniform(0.0003, 0.0012 + 0.0012 * dark)),
        read=calm * float(rng.uniform(0.001, 0.005 + 0.006 * dark)),
        jpeg=int(rng.integers(round(55 - 15 * old), 93)),
        shutter_s=float(rng.uniform(0.004, 0.014 + 0.02 * dark)),
        drift=float(rng.uniform(0.0, 0.12)),
        stretch=float(rng.spawn(1)[0].uniform(0.3, 1.0)),  # a stream of its own: what is drawn after it stays
    )


def metered(response: Response, rgb: Rgb, compensation: float = 0.0) -> Response:
    """The same camera exposed for this linear picture, its levels spread; ``compensation`` in stops is on top."""
    light = np.maximum(rgb[::4, ::4] @ LUMA, 1e-4)
    middle, bright = float(np.exp(np.mean(np.log(light)))), float(np.quantile(light, 0.9))
    exposed = replace(
        response, exposure=min(MIDDLE_GREY / middle, BRIGHT / bright) * 2**compensation, levels=(0.0, 1.0)
    )
    values = np.quantile(light, (0.01, 0.99)) * exposed.exposure
    at = np.minimum(values / TONE_TOP * (TONE_STEPS - 1), TONE_STEPS - 1).astype(int)
    darkest, brightest = replace(exposed, black=0.0).tone_curve()[at] / 255
    low = response.stretch * max(float(darkest) - DARKEST, 0.0)
    high = 1 - response.stretch * max(BRIGHTEST - float(brightest), 0.0)
    return replace(exposed, levels=(low, max(high, low + LEAST_SPREAD)))


@dataclass(frozen=True, slots=True)
class Camera:
    """Where a camera hangs and what it makes of light.

    name:        as a recorder writes it into file names
    position:    metres; heading: radians from east towards north; tilt: radians below the horizon; roll: radians
    focal_px:    focal length in pixels of ``size`` (w, h)
    clock_error_s: seconds that its clock is ahead of true time
    area:        the part of the site whose coordinates these are
    """

    name: str
    position: tuple[float, float, float]
    heading: float
    tilt: float
    focal_px: float
    size: tuple[int, int]
    response: Response = Response()
    roll: float = 0.0
    clock_error_s: float = 0.0
    dusk: bool = False
    area: int = 0

    def view(self) -> View:
        """The projection: world to pixels."""
        return looking(
            self.position, self.heading, self.tilt, focal_px=self.focal_px, size=self.size, roll_rad=self.roll
        )

    def shown(self, true: datetime) -> datetime:
        """What its clock says at a true moment."""
        return true + timedelta(seconds=self.clock_error_s)


def aimed(position: Sequence[float], target: Sequence[float]) -> tuple[float, float]:
    """Heading and tilt in radians that bring ``target`` into the middle of the picture."""
    east, north, up = (t - p for t, p in zip(target, position, strict=True))
    return math.atan2(north, east), math.atan2(-up, math.hypot(east, north))


def burn_clock(picture: Bgr, shown: datetime, name: str) -> None:
    """Write date, time and camera into the picture's upper corners, in place, white with a dark shadow."""
    height, width, _ = picture.shape
    scale = max(height / 800, 0.3)
    base = round(34 * scale) + 4
    _write(picture, f"{shown:%Y-%m-%d %H:%M:%S}", (round(12 * scale), base), scale)
    (wide, _), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    _write(picture, name, (width - wide - round(14 * scale), base), scale)


def _write(picture: Bgr, text: str, place: tuple[int, int], scale: float) -> None:
    thick = max(round(1.6 * scale), 1)
    for shift, colour in ((thick, (20, 20, 20)), (0, (245, 245, 245))):
        spot = (place[0] + shift, place[1] + shift)
        cv2.putText(picture, text, spot, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thick, cv2.LINE_AA)
