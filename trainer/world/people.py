"""A person is a seed: build, skin, hair, clothes, bags and way of walking; a look-alike differs in one detail."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trainer.world.wardrobe import (
    HAIR,
    PATTERNS,
    RGB,
    SKIN,
    SKIRT_PATTERNS,
    TOP_PATTERNS,
    Garment,
    colour,
    of_table,
    second_colour,
)

HAIRSTYLES = ("bald", "cropped", "short", "full", "bob", "long", "tail", "bun", "curls")
HAIR_OF_MEN = (0.06, 0.32, 0.42, 0.13, 0.01, 0.03, 0.01, 0.0, 0.02)
HAIR_OF_WOMEN = (0.0, 0.02, 0.06, 0.06, 0.20, 0.33, 0.22, 0.07, 0.04)
HATS = ("none", "cap", "beanie", "brimmed", "hood", "scarf")
BAGS = ("none", "rucksack", "crossbody", "shoulder", "handbag", "shopping")
DETAILS = ("shoes", "bottom", "bag", "hat", "hair", "print", "sleeves", "top")
WHITE: RGB = (0.9, 0.9, 0.88)


@dataclass(frozen=True, slots=True)
class Habit:
    """A way of walking: swing of the arms (1 usual), lean forward, metres between the feet, toes outward, bounce."""

    swing: float
    lean_rad: float
    width_m: float
    toes_rad: float
    bounce: float


@dataclass(frozen=True, slots=True)
class Person:
    """Everything that stays the same about somebody, whoever films them and whenever.

    build: girth factor, 1 usual; figure: 0 a straight silhouette to 1 a curved one; jacket: worn open over the top or
    None; detail: what a look-alike has different from the person it was made from, "" for an original
    """

    seed: int
    height_m: float
    build: float
    figure: float
    skin: RGB
    hairstyle: str
    hair: RGB
    hat: Garment
    beard: float
    glasses: bool
    top: Garment
    jacket: Garment | None
    bottom: Garment
    shoes: Garment
    bag: Garment
    habit: Habit
    detail: str = ""


def person(seed: int) -> Person:
    """Somebody drawn at random; the same seed is the same person."""
    rng = np.random.default_rng([seed, 1])
    woman = rng.random() < 0.47
    figure = float(np.clip(rng.normal(0.8 if woman else 0.12, 0.15), 0, 1))
    warm = rng.random() < 0.55  # how warm the day is decides sleeves, shorts and coats
    jacket = _jacket(rng) if rng.random() < (0.10 if warm else 0.55) else None
    hairstyle = str(rng.choice(HAIRSTYLES, p=HAIR_OF_WOMEN if woman else HAIR_OF_MEN))
    return Person(
        seed=seed,
        height_m=float(np.clip(rng.normal(1.645 if woman else 1.765, 0.07), 1.48, 1.98)),
        build=float(np.clip(rng.lognormal(0.0, 0.12), 0.8, 1.42)),
        figure=figure,
        skin=of_table(rng, SKIN),
        hairstyle=hairstyle,
        hair=of_table(rng, HAIR),
        hat=_hat(rng, warm),
        beard=float(rng.random() < 0.25) * float(not woman) * float(rng.uniform(0.3, 1)),
        glasses=bool(rng.random() < 0.2),
        top=_top(rng, warm, woman),
        jacket=jacket,
        bottom=_bottom(rng, warm, woman),
        shoes=_shoes(rng, warm),
        bag=_bag(rng, woman),
        habit=_habit(rng, woman),
    )


def lookalike(of: Person, seed: int) -> Person:
    """Another person in the same outfit and of the same build with one detail different, named in ``detail``."""
    rng = np.random.default_rng([of.seed, seed, 2])
    for detail in rng.permutation(DETAILS):
        other = replace(_changed(of, str(detail), rng), seed=of.seed, detail=str(detail))
        if replace(other, detail=of.detail) != of:
            return other
    return replace(
        of, shoes=replace(of.shoes, colours=(second_colour(rng, of.shoes.colours[0]), WHITE)), detail="shoes"
    )


def _changed(of: Person, detail: str, rng: np.random.Generator) -> Person:
    woman = of.figure > 0.5
    if detail == "shoes":
        return replace(of, shoes=_other_colour(of.shoes, rng, 2))
    if detail == "bottom":
        return replace(of, bottom=_other_colour(of.bottom, rng, 1))
    if detail == "top":
        return replace(of, top=_other_colour(of.top, rng, 0))
    if detail == "bag":
        kinds = [kind for kind in BAGS if kind != of.bag.kind]
        return replace(of, bag=replace(of.bag, kind=str(rng.choice(kinds))))
    if detail == "hat":
        kinds = [kind for kind in HATS[:4] if kind != of.hat.kind]
        return replace(of, hat=replace(of.hat, kind=str(rng.choice(kinds))))
    if detail == "hair":
        styles = HAIRSTYLES[4:8] if woman else HAIRSTYLES[:4]
        return replace(of, hairstyle=str(rng.choice([style for style in styles if style != of.hairstyle])))
    if detail == "print":
        pattern = "plain" if of.top.pattern != "plain" else str(rng.choice(["stripes", "checks", "print", "logo"]))
        return replace(of, top=replace(of.top, pattern=pattern))
    length = 1.0 if of.top.length < 0.6 else 0.35
    return replace(of, top=replace(of.top, length=length))


def _other_colour(garment: Garment, rng: np.random.Generator, place: int) -> Garment:
    for _ in range(20):
        other = colour(rng, place)
        if np.abs(np.subtract(other, garment.colours[0])).sum() > 0.45:
            break
    return replace(garment, colours=(other, garment.colours[1]))


def _top(rng: np.random.Generator, warm: bool, woman: bool) -> Garment:
    kinds = ("tee", "shirt", "polo", "sweater", "hoodie", "vest")
    shares = (0.5, 0.16, 0.16, 0.06, 0.05, 0.07) if warm else (0.18, 0.16, 0.05, 0.33, 0.26, 0.02)
    kind = str(rng.choice(kinds, p=shares))
    first = colour(rng, 0)
    short = {"tee": 0.93, "polo": 0.95, "shirt": 0.5 if warm else 0.1}.get(kind, 0.0)
    length = float(rng.uniform(0.28, 0.5)) if rng.random() < short else 1.0
    return Garment(
        kind=kind,
        colours=(first, second_colour(rng, first)),
        pattern=str(rng.choice(PATTERNS, p=TOP_PATTERNS)),
        scale=float(rng.choice([0.03, 0.05, 0.07, 0.11, 0.16])) * float(rng.uniform(0.85, 1.15)),
        length=0.06 if kind == "vest" else length,
        loose=float(rng.uniform(0.004, 0.016 if woman else 0.026)) + 0.01 * (kind in ("sweater", "hoodie")),
    )


def _jacket(rng: np.random.Generator) -> Garment:
    first = colour(rng, 0 if rng.random() < 0.5 else 1)
    kind = str(rng.choice(["open", "closed", "coat", "puffer"], p=[0.35, 0.3, 0.2, 0.15]))
    pattern = "plain" if rng.random() < 0.9 else "blocks"
    return Garment(kind, (first, second_colour(rng, first)), pattern, 0.1, 1.0, float(rng.uniform(0.010, 0.024)))


def _bottom(rng: np.random.Generator, warm: bool, woman: bool) -> Garment:
    kinds = ("trousers", "jeans", "shorts", "skirt", "dress", "leggings")
    if woman:
        shares = (0.30, 0.19, 0.17, 0.14, 0.14, 0.06) if warm else (0.38, 0.27, 0.01, 0.09, 0.07, 0.18)
    else:
        shares = (0.43, 0.23, 0.34, 0.0, 0.0, 0.0) if warm else (0.66, 0.31, 0.03, 0.0, 0.0, 0.0)
    kind = str(rng.choice(kinds, p=shares))
    first = colour(rng, 0 if kind in ("dress", "skirt") else 1)
    if kind == "jeans":
        first = _denim(rng)
    pattern = str(rng.choice(PATTERNS, p=SKIRT_PATTERNS)) if kind in ("dress", "skirt") else "plain"
    if kind == "trousers" and rng.random() < 0.06:
        pattern = "piping"
    length = {"shorts": rng.uniform(0.3, 0.62), "skirt": rng.uniform(0.25, 0.9), "dress": rng.uniform(0.3, 0.85)}
    loose = {"leggings": 0.002, "jeans": rng.uniform(0.004, 0.014), "shorts": rng.uniform(0.012, 0.03)}
    return Garment(
        kind=kind,
        colours=(first, second_colour(rng, first)),
        pattern=pattern,
        scale=float(rng.uniform(0.04, 0.14)),
        length=float(length.get(kind, 0.9 if rng.random() < 0.12 else 1.0)),
        loose=float(loose.get(kind, rng.uniform(0.006, 0.022))),
    )


def _denim(rng: np.random.Generator) -> RGB:
    pale = float(rng.beta(1.4, 2.2))
    red, green, blue = np.array([0.13, 0.16, 0.24]) * (1 - pale) + np.array([0.52, 0.6, 0.7]) * pale
    return float(red), float(green), float(blue)


def _shoes(rng: np.random.Generator, warm: bool) -> Garment:
    kind = str(
        rng.choice(
            ["trainers", "shoes", "boots", "sandals"], p=[0.6, 0.2, 0.05, 0.15] if warm else [0.5, 0.25, 0.25, 0]
        )
    )
    return Garment(kind, (colour(rng, 2), WHITE if rng.random() < 0.6 else (0.12, 0.12, 0.12)))


def _hat(rng: np.random.Generator, warm: bool) -> Garment:
    shares = (0.84, 0.09, 0.0, 0.04, 0.0, 0.03) if warm else (0.75, 0.06, 0.10, 0.01, 0.04, 0.04)
    first = colour(rng, 2)
    return Garment(str(rng.choice(HATS, p=shares)), (first, second_colour(rng, first)))


def _bag(rng: np.random.Generator, woman: bool) -> Garment:
    shares = (0.42, 0.20, 0.09, 0.13, 0.09, 0.07) if woman else (0.55, 0.25, 0.08, 0.03, 0.02, 0.07)
    kind = str(rng.choice(BAGS, p=shares))
    first = WHITE if kind == "shopping" and rng.random() < 0.4 else colour(rng, 2)
    return Garment(kind, (first, second_colour(rng, first)), scale=float(rng.uniform(0.8, 1.2)))


def _habit(rng: np.random.Generator, woman: bool) -> Habit:
    return Habit(
        swing=float(rng.uniform(0.5, 1.3)),
        lean_rad=float(rng.normal(0.04, 0.04)),
        width_m=float(rng.uniform(0.09, 0.14) if woman else rng.uniform(0.11, 0.2)),
        toes_rad=float(rng.normal(0.16, 0.09)),
        bounce=float(rng.uniform(0.7, 1.3)),
    )
