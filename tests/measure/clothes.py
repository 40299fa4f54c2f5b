"""Are clothes called by the colours they have? Names of the program beside what an eye says, or what was generated.

    python -m tests.measure.clothes --real-data FOLDER --generated FOLDER [FOLDER ...]

Of real people an eye said, before it saw what the program says, what a witness might call top and legs: one name or
several that would do. Of generated people it is the cloth that they were dressed in, both cloths where there is a
pattern or an open jacket. For each set: of how many tracklets a filter for such a colour lets the person through, how
many names a part gets, and which share of them would do.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from reid_engine.colours import clothes
from reid_engine.types import BgrImage
from tests.measure.sets import MARS_NAME, Pictures, read_campus, read_market, spread
from trainer.world.sequences import Spec, somebody
from trainer.world.wardrobe import CLOTH, RGB, Garment

CROPS = 8  # of a tracklet, as in a case
SHADE = 0.25  # in log: how much lighter or darker than its table a cloth may have come out
Said = tuple[str, str]  # top and legs, names with spaces between

BY_EYE: dict[str, dict[int, Said]] = {
    "mini_mars/bbox_train": {
        3: ("black", "green brown grey"), 5: ("black", "blue"), 7: ("grey brown beige", "black"), 9: ("white", "black"),
        13: ("purple white black", "black"), 15: ("purple", "grey black"), 19: ("red", "black"),
        21: ("black", "black grey"), 23: ("pink red white", "white"), 25: ("purple", "blue"), 27: ("purple", "black"),
        33: ("red", "black"), 35: ("white", "black"), 37: ("black", "black"), 41: ("blue white", "blue black grey"),
        43: ("black", "black"),
    },
    "mini_mars/bbox_test": {
        4: ("red", "black"), 16: ("white", "black"), 22: ("white", "black blue"), 26: ("purple", "black"),
        32: ("white", "black grey"), 36: ("white grey", "black"), 46: ("pink red white", "black"),
        50: ("black", "blue"),
    },
    "mini_market1501": {
        4: ("red", "black"), 5: ("black grey", "blue"), 6: ("white", "grey"), 8: ("white", "green"),
        9: ("white", "blue"), 13: ("purple white black", "black grey"), 14: ("black", "black"),
        15: ("purple", "grey black"),
        16: ("white", "black"), 17: ("white", "green"), 18: ("purple", "blue black"), 19: ("red", "black"),
        21: ("black blue", "black grey"), 24: ("purple", "blue"), 25: ("purple", "blue"), 26: ("purple", "black"),
    },
    "EPFL campus": {
        0: ("black", "beige"), 1: ("beige", "black grey"), 2: ("beige", "blue black"),
        3: ("pink white grey", "blue grey"), 4: ("brown black grey", "black"),
    },
}  # fmt: skip
BY_CLOTH = {
    "black": "black", "charcoal": "black grey", "grey": "grey", "light grey": "grey white", "white": "white",
    "cream": "white beige", "beige": "beige", "brown": "brown", "navy": "blue black", "denim": "blue",
    "pale denim": "blue grey", "blue": "blue", "sky": "blue", "teal": "green blue", "olive": "green brown",
    "green": "green", "yellow": "yellow", "orange": "orange", "red": "red", "burgundy": "red purple brown",
    "pink": "pink", "magenta": "pink purple", "purple": "purple", "lilac": "purple pink",
}  # fmt: skip


def cloth(rgb: RGB) -> str:
    """The cloth of the wardrobe's table that this colour, which varies, came from."""

    def off(name: str) -> float:
        base = np.array(CLOTH[name][3:], np.float64)
        lighter = np.clip(np.log((np.mean(rgb) * 255 + 1) / (base.mean() + 1)), -SHADE, SHADE)
        return float(np.abs(np.array(rgb) * 255 - base * np.exp(lighter)).sum() + 30 * abs(lighter))

    return min(CLOTH, key=off)


def would_do(garment: Garment) -> str:
    """The names that would do for a garment."""
    seen = garment.colours[:1] if garment.pattern in ("plain", "logo") else garment.colours
    return " ".join(BY_CLOTH[cloth(colour)] for colour in seen)


def dressed(spec: Spec, identity: int) -> Said:
    """What a generated person wears."""
    person = somebody(spec, identity)
    top = would_do(person.top) + (f" {would_do(person.jacket)}" if person.jacket is not None else "")
    return top, would_do(person.bottom)


def real(folder: Path) -> Iterator[tuple[str, list[Pictures], list[Said]]]:
    """The sets of which an eye has spoken."""
    mars = folder / "sequences" / "mini_mars"
    for part in ("bbox_train", "bbox_test"):
        groups: dict[tuple[int, ...], list[Path]] = defaultdict(list)
        for path in sorted((mars / part).rglob("*.jpg")):
            found = MARS_NAME.match(path.name)
            if found:
                groups[tuple(map(int, found.groups()[:3]))].append(path)
        name = f"mini_mars/{part}"
        pictures = [[path.read_bytes() for path in spread(paths, CROPS)] for paths in groups.values()]
        yield name, pictures, [BY_EYE[name][person] for person, *_ in groups]
    campus = read_campus(folder / "videos" / "epfl_campus4", CROPS)
    for labelled in (read_market(folder / "sequences" / "mini_market1501"), campus):
        said = [BY_EYE[labelled.name][person] for person in labelled.person.tolist()]
        yield labelled.name, labelled.pictures, said


def generated(root: Path) -> tuple[str, list[Pictures], list[Said]]:
    """A folder of ``trainer.world sequences``."""
    told = json.loads((root / "world.json").read_text("utf-8"))["spec"]
    spec = Spec(**{**told, "size": tuple(told["size"])})
    pictures, said = [], []
    for part in ("query", "gallery"):
        for person in sorted((root / part).iterdir()):
            for camera in sorted(person.iterdir()):
                pictures.append([path.read_bytes() for path in spread(sorted(camera.rglob("*.jpg")), CROPS)])
                said.append(dressed(spec, int(person.name)))
    return f"generated, {root.name}", pictures, said


def decoded(pictures: Pictures) -> list[BgrImage]:
    """As pixels."""
    return [np.asarray(cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR), np.uint8) for one in pictures]


def told(name: str, pictures: Sequence[Pictures], said: Sequence[Said]) -> str:
    """One line of the table."""
    named = [clothes(decoded(tracklet)) for tracklet in pictures]
    cells = []
    for part in (0, 1):
        pairs = [({*got[part].split()}, {*want[part].split()}) for got, want in zip(named, said, strict=True)]
        right, names = sum(len(got & want) for got, want in pairs), sum(len(got) for got, _ in pairs)
        through = sum(bool(got & want) for got, want in pairs)
        cells.append(
            f"{100 * through / len(pairs):.0f} % | {names / len(pairs):.2f} | {100 * right / max(names, 1):.0f} %"
        )
    return f"| {name}, {len(pictures)} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real-data", type=Path)
    parser.add_argument("--generated", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    print("| set, tracklets | tops let through | names | that would do | legs let through | names | that would do |")
    print("|---|---|---|---|---|---|---|")
    sets = [*(real(given.real_data) if given.real_data else ()), *map(generated, given.generated)]
    for name, pictures, said in sets:
        print(told(name, pictures, said))


if __name__ == "__main__":
    main()
