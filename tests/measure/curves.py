"""How rank-1 on generated people depends on what hides them, on light, on pixels and on the size of the gallery.

    python -m tests.measure.curves --generated FOLDER --filmed FOLDER [--real-data FOLDER] [--embedder NAME|FILE ...]

--generated: the frozen test set, query and gallery of ``trainer world sequences`` by FROZEN_TEST of
             trainer/weights/plan.py
--filmed:    what ``python -m tests.measure.conditions`` writes

Crowd: probes of 100 people filmed by day, by the share of the person that nothing hides (other people and things), each
against all other tracklets. Light: the same passes by day and at dusk. Pixels: the frozen set's probes shrunk to a
height (their true one was 44 to 430), galleries as they are. Gallery: further strangers in the frozen set's scenes;
exact up to those that were filmed, beyond by tests/measure/persistence.py, and marked so. Intervals as in
tests/measure/reid.py.
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from reid_engine.ranking import QueryScores, cosine_distance, score_queries
from reid_engine.types import Vectors
from tests.measure.conditions import visible
from tests.measure.describers import PUBLIC, STRIPES, Describer, add_arguments, load, vectors
from tests.measure.intervals import Estimate, estimates, over_people
from tests.measure.persistence import Tail, drawn
from tests.measure.sets import LabelledSet, ranked, read_folder, read_generated

SEEN = (0.0, 0.7, 0.85, 0.95, 1.01)  # edges of the shares of a person that are seen
HEIGHTS = (128, 64, 48, 32, 24)
GALLERIES = (1000, 10_000, 30_000, 100_000)  # tracklets in all, beside the set's own and all that were filmed
Row = dict[str, Estimate]


def crowd(by: Describer, day: LabelledSet, seen: Any, cache: Path) -> Row:
    """Rank-1 by how much of the probe is seen."""
    each, people = ranked(vectors(by, day, cache), day)
    row = {}
    for low, high in itertools.pairwise(SEEN):
        here = (seen >= low) & (seen < high)
        scores = QueryScores(each.precision[here], each.first[here])
        row[f"{100 * low:.0f} to {min(100 * high, 100):.0f} % ({here.sum()})"] = estimates(scores, people[here])[0]
    return row


def light(by: Describer, day: LabelledSet, dusk: LabelledSet, cache: Path) -> Row:
    """Rank-1 of probes and galleries by day and at dusk."""
    found = {"day": (vectors(by, day, cache), day), "dusk": (vectors(by, dusk, cache), dusk)}
    return {
        f"{probe} in {gallery}": _rank1(*found[probe], *found[gallery])
        for probe, gallery in (("day", "day"), ("dusk", "dusk"), ("dusk", "day"))
    }


def _rank1(queries: Vectors, asked: LabelledSet, gallery: Vectors, held: LabelledSet) -> Estimate:
    each = score_queries(
        cosine_distance(queries, gallery),
        query_ids=asked.person,
        gallery_ids=held.person,
        query_cameras=asked.camera,
        gallery_cameras=held.camera,
    )
    return estimates(each, asked.person)[0]


def pixels(by: Describer, frozen: LabelledSet, cache: Path) -> Row:
    """Rank-1 of shrunken probes."""
    ((query, gallery),) = frozen.blocks
    probes, held = part(frozen, query), part(frozen, gallery)
    whole = vectors(by, frozen, cache)
    row = {"as filmed": _rank1(whole[query], probes, whole[gallery], held)}
    for height in HEIGHTS:
        small = replace(probes, pictures=[[shrunk(data, height) for data in one] for one in probes.pictures])
        row[f"{height} px"] = _rank1(vectors(by, small, cache), probes, whole[gallery], held)
    return row


def part(of: LabelledSet, rows: Any) -> LabelledSet:
    """Some of its tracklets."""
    return LabelledSet(of.name, [of.pictures[row] for row in rows], of.person[rows], of.camera[rows], ())


def shrunk(data: bytes, height: int) -> bytes:
    """The picture at this height and half as wide, without compression."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    _, found = cv2.imencode(".png", cv2.resize(image, (height // 2, height), interpolation=cv2.INTER_AREA))
    return bytes(found.tobytes())


def gallery_size(by: Describer, frozen: LabelledSet, strangers: LabelledSet, cache: Path) -> tuple[Row, dict[str, Any]]:
    """Rank-1 beside more and more strangers; what was fitted, and how well it foretells what was measured."""
    found = vectors(by, frozen, cache)
    ((query, gallery),) = frozen.blocks
    each, people = ranked(found, frozen)
    right = cosine_distance(found[query], found[gallery]).astype(np.float64)
    same = frozen.person[query][:, None] == frozen.person[gallery][None]
    nearest = np.where(same, right, np.inf).min(axis=1)
    first = (each.first == 0).astype(np.float64)
    far = cosine_distance(found[query], vectors(by, strangers, cache)).astype(np.float64)
    tail, row = Tail.of(far), {}
    own, filmed = len(gallery), far.shape[1]
    for total in sorted({own, own + filmed, *(size for size in GALLERIES if size > own)}):
        number = total - own
        measured = number <= filmed
        kept = drawn(far, nearest, number) if measured else tail.alone(far, nearest, number)
        row[f"{total:,}" if measured else f"{total:,} (modelled)"] = over_people(first * kept, people)
    return row, {"shape": tail.shape, **_foretold(far, nearest, first)}


def _foretold(far: Any, nearest: Any, first: Any) -> dict[str, float]:
    """A third of the strangers fitted, and rank-1 beside all of them: foretold and true."""
    some = far[:, ::3]
    number = far.shape[1]
    return {
        "strangers": number,
        "foretold from a third": float((first * Tail.of(some).alone(some, nearest, number)).mean()),
        "true": float((first * drawn(far, nearest, number)).mean()),
    }


def markdown(title: str, rows: dict[str, Row]) -> str:
    """A row a model."""
    heads = list(next(iter(rows.values())))
    lines = [f"| {title} | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(cell.said() for cell in row.values()) + " |" for name, row in rows.items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generated", type=Path, required=True)
    parser.add_argument("--filmed", type=Path, required=True)
    add_arguments(parser)
    given = parser.parse_args()
    osnet = [str(given.real_data / PUBLIC["OSNet x0.25 (MSMT17)"])] if given.real_data else []
    frozen = read_generated(given.generated)
    day, dusk = (read_folder(given.filmed / name) for name in ("day", "dusk"))
    strangers = read_folder(given.filmed / "strangers", 2)
    for labelled in (frozen, day, dusk, strangers):
        print(labelled.said(), flush=True)
    tables: dict[str, dict[str, Row]] = {"seen": {}, "light": {}, "height": {}, "gallery": {}}
    fits = {}
    for named in given.embedder or ["reappear", *osnet, STRIPES]:
        by = load(named, given.threads)
        tables["seen"][by.name] = crowd(by, day, visible(given.filmed / "day"), given.cache)
        tables["light"][by.name] = light(by, day, dusk, given.cache)
        tables["height"][by.name] = pixels(by, frozen, given.cache)
        tables["gallery"][by.name], fits[by.name] = gallery_size(by, frozen, strangers, given.cache)
        print(f"{by.name}: {fits[by.name]}", flush=True)
    print("\n\n".join(markdown(title, rows) for title, rows in tables.items()))
    if given.json:
        plain = {t: {n: {k: e.numbers() for k, e in r.items()} for n, r in rows.items()} for t, rows in tables.items()}
        given.json.write_text(json.dumps({"tables": plain, "fits": fits}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
