"""A site of several places with cameras and walking times between them, and the people who walk through it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from trainer.world.cameras import Camera
from trainer.world.composite import Actor
from trainer.world.gait import stride_m
from trainer.world.people import Person, lookalike, person
from trainer.world.places import Place, hang, place
from trainer.world.walking import NEVER, Ways, pushed_apart

STEP_S = 0.1
WARM_UP_S = 20.0  # people have been walking for so long when the recordings begin
SLOWEST_MPS = 0.95
FASTEST_MPS = 1.7
PAUSE_SHARE = 0.6
STOPS = (0.55, 0.35, 0.1)  # how likely somebody stops nowhere, once, twice on the way through a place
CROSSING = 0.6  # people leave by a door at least so far away, of the farthest
COMING_IN = 0.15  # the last come in when so much of the recording is over
NEW_PLACE = 6.0  # how much likelier a place that somebody has not been to is their next
PAIR_SHARE = 0.25
STREAM = 12
AWAY = -1
Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Site:
    """Places, where they lie, and the cameras in them.

    seeds: of the places; offsets: (x, y) of every place's corner on the site's plan, metres; gaps_m: metres of way
    between the doors of two places that nobody films; cameras know their place by its number (``Camera.area``)
    """

    seeds: tuple[int, ...]
    places: tuple[Place, ...]
    offsets: tuple[tuple[float, float], ...]
    gaps_m: tuple[tuple[float, ...], ...]
    cameras: tuple[Camera, ...]

    def walking_s(self, first: int, second: int) -> tuple[float, float]:
        """Shortest and longest seconds that people are out of sight between two places."""
        gap = self.gaps_m[first][second]
        return gap / FASTEST_MPS, gap / SLOWEST_MPS


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a site shall have.

    overlapping: how many cameras share the first place (the others have a place each); dusk: names of cameras whose
    place is seen at dusk; kinds: kinds of places in turn, else drawn; clock_error_s: pairs of
    a camera's name and the seconds that its clock is ahead
    """

    cameras: int
    size: tuple[int, int] = (960, 540)
    overlapping: int = 2
    dusk: frozenset[str] = frozenset()
    kinds: tuple[str, ...] = ()
    clock_error_s: tuple[tuple[str, float], ...] = ()


def names(count: int) -> list[str]:
    """What the cameras of a site are called."""
    return [f"cam{number}" for number in range(1, count + 1)]


def site(seed: int, wanted: Wanted) -> Site:
    """The site of a seed."""
    rng = np.random.default_rng([seed, STREAM])
    together = max(1, min(wanted.overlapping, wanted.cameras))
    areas = [0] * together + list(range(1, wanted.cameras - together + 1))
    called, errors = names(wanted.cameras), dict(wanted.clock_error_s)
    dark = {area for area, name in zip(areas, called, strict=True) if name in wanted.dusk}
    seeds = tuple(int(s) for s in rng.integers(1, 2**31, areas[-1] + 1))
    kinds = [wanted.kinds[k % len(wanted.kinds)] if wanted.kinds else None for k in range(len(seeds))]
    places = tuple(place(s, kinds[k], dusk=k in dark) for k, s in enumerate(seeds))
    offsets, gaps = _laid_out(rng, places)
    cameras: list[Camera] = []
    corner = 0
    for area, name in zip(areas, called, strict=True):
        corner = corner + 3 if cameras and cameras[-1].area == area else int(rng.integers(8))
        hung = hang(places[area], int(rng.integers(2**31)), name, wanted.size, corner=corner)
        cameras.append(replace(hung, area=area, clock_error_s=float(errors.get(name, 0.0))))
    return Site(seeds, places, offsets, gaps, tuple(cameras))


def _laid_out(
    rng: np.random.Generator, places: Sequence[Place]
) -> tuple[tuple[tuple[float, float], ...], tuple[tuple[float, ...], ...]]:
    """Places in a row from west to east with stretches between them."""
    east, offsets, edges = 0.0, [], []
    for here in places:
        offsets.append((east, 0.0))
        edges.append((east, east + here.size[0]))
        east += here.size[0] + float(rng.uniform(9, 22))
    gaps = tuple(
        tuple(0.0 if i == j else max(b[0] - a[1], a[0] - b[1]) for j, b in enumerate(edges))
        for i, a in enumerate(edges)
    )
    return tuple(offsets), gaps


@dataclass(frozen=True, slots=True)
class Tracks:
    """Where everybody is, every STEP_S from time 0: arrays (T, N); area is AWAY between places."""

    people: tuple[Person, ...]
    area: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    heading: NDArray[np.float64]
    phase: NDArray[np.float64]
    speed: NDArray[np.float64]

    def actors(self, area: int, time_s: float) -> list[tuple[int, Actor]]:
        """(number, actor) of everybody in a place at a moment."""
        last = len(self.area) - 1
        early = min(int(time_s / STEP_S), last)
        late, share = min(early + 1, last), time_s / STEP_S - early
        found = []
        for k in np.flatnonzero(self.area[early] == area):
            other = late if self.area[late, k] == area else early
            x, y, phase, speed = (
                (1 - share) * float(v[early, k]) + share * float(v[other, k])
                for v in (self.x, self.y, self.phase, self.speed)
            )
            turn = _turn(float(self.heading[early, k]), float(self.heading[other, k]))
            heading = float(self.heading[early, k]) + share * turn
            action = "walk" if speed > 0.15 else ("turn" if abs(turn) > 0.06 else "stand")
            found.append((int(k), Actor(self.people[k], x, y, heading, action, phase, speed)))
        return found


def cast(seed: int, count: int, lookalikes: int = 0) -> tuple[Person, ...]:
    """``count`` people of whom the last ``lookalikes`` each resemble one of the first."""
    rng = np.random.default_rng([seed, STREAM, 1])
    first = [person(int(s)) for s in rng.integers(1, 2**31, count - lookalikes)]
    twins = [lookalike(first[k % len(first)], int(rng.integers(1, 2**31))) for k in range(lookalikes)]
    return (*first, *twins)


@dataclass
class _Walker:
    """Somebody on their way: what is left to do."""

    rng: np.random.Generator
    speed: float
    area: int = AWAY
    arrives_s: float = 0.0
    next_area: int = 0
    goals: list[Spot] | None = None
    pause_until_s: float = -math.inf
    look: float = 0.0
    shift: float = 0.0
    visited: set[int] = field(default_factory=set)


def walk(where: Site, people: Sequence[Person], seconds: float, seed: int) -> Tracks:
    """Everybody's way through the site; people who leave a place reach another one after the walking time, or come
    back. The same seed gives the same ways.
    """
    ways = [Ways(here) for here in where.places]
    spots = [
        _spots(here, way, np.random.default_rng([seed, STREAM, 2, k]))
        for k, (here, way) in enumerate(zip(where.places, ways, strict=True))
    ]
    walkers = _started(where, len(people), seed, seconds)
    count, steps = len(people), round((seconds + WARM_UP_S) / STEP_S) + 2
    at, velocity, heading = np.zeros((count, 2)), np.zeros((count, 2)), np.zeros(count)
    phase = np.array([w.rng.uniform(0, 1) for w in walkers])
    frames: list[tuple[NDArray[np.float64], ...]] = []
    for step in range(steps):
        now = step * STEP_S - WARM_UP_S
        for k, walker in enumerate(walkers):
            if walker.area == AWAY and now >= walker.arrives_s:
                at[k] = np.array(_enter(walker, spots[walker.next_area])) + 0.35 * walker.shift
                velocity[k] = 0
        before = np.array([w.area for w in walkers])
        for area, way in enumerate(ways):
            members = np.flatnonzero(before == area)
            if len(members):
                _advance(where, way, [walkers[k] for k in members], (at, velocity, heading, members), now)
        speed = np.hypot(velocity[:, 0], velocity[:, 1])
        phase += [
            s * STEP_S / stride_m(p, max(float(s), 0.3)) if s > 0.15 else 0.05
            for s, p in zip(speed, people, strict=True)
        ]
        if now >= -1e-9:
            frames.append(
                (
                    np.array([w.area for w in walkers], np.float64),
                    at[:, 0].copy(),
                    at[:, 1].copy(),
                    heading.copy(),
                    phase.copy(),
                    speed,
                )
            )
    areas, x, y, turned, phases, speeds = (np.stack(column) for column in zip(*frames, strict=True))
    return Tracks(tuple(people), areas.astype(np.int64), x, y, turned, phases, speeds)


def _started(where: Site, count: int, seed: int, seconds: float) -> list[_Walker]:
    """Everybody outside, with the moment they come in; some in pairs that go together."""
    rng = np.random.default_rng([seed, STREAM, 3])
    walkers: list[_Walker] = []
    while len(walkers) < count:
        route = int(rng.integers(2**31))
        speed, begin = (
            float(rng.uniform(SLOWEST_MPS, FASTEST_MPS)),
            float(rng.uniform(-WARM_UP_S, max(COMING_IN * seconds, 2))),
        )
        area = where.cameras[int(rng.integers(len(where.cameras)))].area  # as many before every camera
        pair = 2 if rng.random() < PAIR_SHARE and len(walkers) + 2 <= count else 1
        for k in range(pair):
            own = _Walker(np.random.default_rng([route, STREAM]), speed, AWAY, begin, area)
            own.shift = float(k) if pair == 2 else 0.0
            walkers.append(own)
    return walkers


def _spots(here: Place, way: Ways, rng: np.random.Generator) -> tuple[list[Spot], list[Spot]]:
    """Doors and points of interest of a place that can be walked to from one another."""
    doors = [(float(x), float(y)) for x, y in here.doors if way.free(np.array([x, y]))]
    best = max(doors, key=lambda d: sum(way.left(d, np.array(e)) < NEVER for e in doors)) if doors else (1.0, 1.0)
    doors = [d for d in doors if way.left(best, np.array(d)) < NEVER]
    inside: list[Spot] = []
    for _ in range(200):
        point = rng.uniform([0.5, 0.5], np.array(here.size) - 0.5)
        if len(inside) < 8 and way.left(best, point) < NEVER:
            inside.append((float(point[0]), float(point[1])))
    return doors or inside[:2], inside


def _enter(walker: _Walker, spots: tuple[list[Spot], list[Spot]]) -> Spot:
    """Where somebody comes in; sets what they do there: at most two stops, then out by a door on another side."""
    doors, inside = spots
    first = doors[int(walker.rng.integers(len(doors)))]
    far = [math.dist(first, door) for door in doors]
    across = [door for door, way in zip(doors, far, strict=True) if way >= CROSSING * max(far)]
    last = across[int(walker.rng.integers(len(across)))]
    count = int(walker.rng.choice(len(STOPS), p=STOPS))
    stops = [inside[int(k)] for k in walker.rng.integers(0, len(inside), count)] if inside else []
    walker.area, walker.goals = walker.next_area, [*stops, last]
    walker.visited.add(walker.area)
    return first


def _advance(
    where: Site,
    way: Ways,
    members: list[_Walker],
    state: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]],
    now: float,
) -> None:
    """One step of everybody in a place."""
    at, velocity, heading, who = state
    ahead = np.zeros((len(members), 2))
    for row, (walker, k) in enumerate(zip(members, who, strict=True)):
        goals = walker.goals or []
        if now < walker.pause_until_s or not goals:
            continue
        ahead[row] = way.towards(goals[0], at[k : k + 1])[0]
    speeds = np.array([w.speed for w in members])[:, None]
    moving = np.hypot(ahead[:, 0], ahead[:, 1])[:, None] > 0
    wish = ahead * speeds + pushed_apart(at[who], ahead) * np.where(moving, 1.0, 0.25)
    length = np.maximum(np.hypot(wish[:, 0], wish[:, 1]), 1e-9)[:, None]
    wish *= np.minimum(1, 1.15 * speeds / length)
    velocity[who] += (wish - velocity[who]) * min(STEP_S / 0.35, 1)
    for row, (walker, k) in enumerate(zip(members, who, strict=True)):
        _step(way, walker, (at, velocity, heading), int(k), bool(moving[row, 0]))
        _arrived(where, walker, at[k], now)


def _step(way: Ways, walker: _Walker, state: tuple[NDArray[np.float64], ...], k: int, moving: bool) -> None:
    at, velocity, heading = state
    for keep in ((1, 1), (1, 0), (0, 1)):
        there = at[k] + velocity[k] * STEP_S * np.array(keep)
        if way.free(there) or not way.free(at[k]):
            velocity[k] = (there - at[k]) / STEP_S
            at[k] = there
            break
    else:
        velocity[k] = 0
    speed = float(np.hypot(*velocity[k]))
    if not moving and speed < 0.25:
        velocity[k] *= 0.5
    target = math.atan2(velocity[k, 1], velocity[k, 0]) if speed > 0.25 else walker.look
    turn = _turn(float(heading[k]), target) if speed > 0.25 or not moving else 0.0
    heading[k] += max(-0.3, min(0.3, 0.6 * turn))


def _arrived(where: Site, walker: _Walker, point: NDArray[np.float64], now: float) -> None:
    """Take the next goal, pause there, or leave for another place."""
    goals = walker.goals or []
    if not goals or now < walker.pause_until_s or math.hypot(*(point - np.array(goals[0]))) > 0.6:
        return
    goals.pop(0)
    if goals:
        if walker.rng.random() < PAUSE_SHARE:
            walker.pause_until_s = now + float(walker.rng.uniform(1.5, 6))
            walker.look = float(walker.rng.uniform(-math.pi, math.pi))
        return
    walker.next_area = _onwards(where, walker)
    gap = where.gaps_m[walker.area][walker.next_area] or float(walker.rng.uniform(4, 12))
    walker.arrives_s = now + gap / walker.speed
    walker.area = AWAY


def _onwards(where: Site, walker: _Walker) -> int:
    """The place that somebody goes on to: rather a near one than a far one, and rather a new one than back."""
    others = [k for k in range(len(where.places)) if k != walker.area]
    if not others:
        return walker.area
    weight = np.array(
        [(NEW_PLACE if k not in walker.visited else 1.0) / (5 + where.gaps_m[walker.area][k]) ** 2 for k in others]
    )
    return int(walker.rng.choice(others, p=weight / weight.sum()))


def _turn(start: float, end: float) -> float:
    """Radians from one heading to another the short way round."""
    return (end - start + math.pi) % (2 * math.pi) - math.pi
