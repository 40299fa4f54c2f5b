"""What people wear: garments and their colours, drawn as streets show them rather than evenly.

Colours are sRGB in [0, 1]. Shares were set by looking at street crops: mostly black, navy, grey, white, denim and
beige above and below, with a saturated top now and then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RGB = tuple[float, float, float]

# name: (share on tops, share on bottoms, share on shoes and bags, red, green, blue)
CLOTH: dict[str, tuple[float, float, float, int, int, int]] = {
    "black": (17, 26, 34, 24, 24, 27),
    "charcoal": (7, 9, 8, 56, 57, 61),
    "grey": (9, 6, 7, 118, 120, 124),
    "light grey": (6, 3, 4, 180, 182, 184),
    "white": (15, 4, 10, 228, 228, 224),
    "cream": (4, 3, 2, 222, 210, 186),
    "beige": (4, 9, 4, 184, 164, 134),
    "brown": (3, 3, 8, 96, 70, 52),
    "navy": (9, 9, 5, 30, 38, 66),
    "denim": (3, 8, 1, 62, 78, 108),
    "pale denim": (2, 4, 1, 126, 142, 166),
    "blue": (5, 1.2, 2.5, 44, 86, 160),
    "sky": (4, 0.6, 1, 140, 178, 212),
    "teal": (1.5, 0.4, 0.5, 34, 110, 112),
    "olive": (2.5, 3.5, 1.5, 86, 88, 58),
    "green": (2, 0.4, 0.8, 44, 112, 66),
    "yellow": (2, 0.3, 0.6, 222, 186, 58),
    "orange": (1.5, 0.2, 0.8, 214, 112, 46),
    "red": (4.5, 1, 2.5, 176, 38, 44),
    "burgundy": (2.5, 1, 1, 98, 30, 44),
    "pink": (3, 0.8, 1.2, 214, 150, 166),
    "magenta": (1, 0.2, 0.6, 178, 54, 112),
    "purple": (2.2, 0.3, 0.4, 96, 62, 124),
    "lilac": (1.2, 0.2, 0.2, 176, 160, 200),
}
HAIR: tuple[tuple[float, int, int, int], ...] = (
    (46, 28, 24, 23),
    (24, 58, 42, 32),
    (10, 96, 70, 46),
    (8, 168, 134, 88),
    (4, 120, 60, 36),
    (5, 140, 138, 136),
)
SKIN: tuple[tuple[float, int, int, int], ...] = (
    (22, 222, 190, 170),
    (30, 210, 172, 148),
    (20, 192, 152, 124),
    (12, 162, 122, 96),
    (9, 120, 86, 66),
    (7, 82, 60, 48),
)
PATTERNS = ("plain", "stripes", "uprights", "checks", "gradient", "blocks", "dots", "print", "logo", "blotches")
TOP_PATTERNS = (0.50, 0.10, 0.02, 0.07, 0.02, 0.06, 0.03, 0.07, 0.10, 0.03)
SKIRT_PATTERNS = (0.56, 0.05, 0.03, 0.10, 0.02, 0.02, 0.10, 0.0, 0.0, 0.12)


@dataclass(frozen=True, slots=True)
class Garment:
    """One piece of clothing.

    kind: what it is, from the tuples of ``people.py``; colours: the main and the second one; pattern: of PATTERNS;
    scale: metres a repeat; length: of sleeve, leg or hem, 0 none to 1 full; loose: metres of air around the body
    """

    kind: str
    colours: tuple[RGB, RGB]
    pattern: str = "plain"
    scale: float = 0.06
    length: float = 1.0
    loose: float = 0.012


def colour(rng: np.random.Generator, place: int) -> RGB:
    """A cloth colour for a top (``place`` 0), a bottom (1) or shoes and bags (2), with a dye's variation."""
    rows = list(CLOTH.values())
    shares = np.array([row[place] for row in rows])
    row = rows[int(rng.choice(len(rows), p=shares / shares.sum()))]
    return varied(rng, (row[3], row[4], row[5]), 0.10)


def of_table(rng: np.random.Generator, table: tuple[tuple[float, int, int, int], ...]) -> RGB:
    """A colour from shares and 8-bit sRGB values, with a little variation."""
    shares = np.array([row[0] for row in table])
    row = table[int(rng.choice(len(table), p=shares / shares.sum()))]
    return varied(rng, row[1:], 0.06)


def varied(rng: np.random.Generator, value: tuple[int, int, int], spread: float) -> RGB:
    """8-bit sRGB to [0, 1], lighter or darker and a little off its hue."""
    base = np.array(value) / 255.0
    scaled = base * np.exp(rng.normal(0, spread)) + rng.normal(0, spread * 0.14, 3)
    red, green, blue = np.clip(scaled, 0.02, 0.97)
    return float(red), float(green), float(blue)


def second_colour(rng: np.random.Generator, first: RGB) -> RGB:
    """A colour that shows on the first: often white or black, else any that is far enough from it."""
    for _ in range(8):
        plain: RGB = (0.92, 0.92, 0.9) if rng.random() < 0.6 else (0.09, 0.09, 0.1)
        other = plain if rng.random() < 0.5 else colour(rng, 0)
        if np.abs(np.subtract(first, other)).sum() > 0.5:
            return other
    return (0.92, 0.92, 0.9) if sum(first) < 1.5 else (0.1, 0.1, 0.1)
